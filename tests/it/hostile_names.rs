//! Names and values that would act on a terminal, through every subcommand: none of them does.
#![cfg(unix)]

use super::harness::{Place, gzip, line};
use flowbook::visible::acts;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::process::Output;

/// Clears the screen, sets its title, turns the direction of text, begins lines of its own, and is not seen.
const EVIL: &str = "x\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\u{2066}\u{200f}\u{2028}y\r\nFORGED\n  FORGED\u{7f}\u{feff}\
     \u{61c}\u{200b}\u{2060}\u{e0041}\u{ad}\u{34f}\u{115f}\u{3164}\u{fe0f}";

/// The same in a text of TOML.
fn in_toml() -> String {
    let escapes: Vec<String> = EVIL.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
    escapes.concat()
}

const RANGE: [&str; 6] = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow"];

/// Fails when anything in the text acts, or begins a line that is none of flowbook's.
fn assert_visible(text: &str, what: &str) {
    let found = text.chars().find(|c| acts(*c) && *c != '\n');
    assert_eq!(found, None, "{what} printed what acts:\n{}", text.escape_debug());
    let forged = text.lines().find(|line| line.trim_start().starts_with("FORGED"));
    assert_eq!(forged, None, "{what} let a name begin a line:\n{text}");
}

fn assert_output(output: &Output, what: &str) {
    for bytes in [&output.stdout, &output.stderr] {
        assert_visible(&String::from_utf8_lossy(bytes), what);
    }
}

/// Runs flowbook, however it ends.
fn try_out(place: &Place, arguments: &[&str]) -> Output {
    let output = place.command().args(arguments).env("RUST_BACKTRACE", "0").output().unwrap();
    assert_output(&output, &format!("{arguments:?}"));
    output
}

/// Logs, a configuration, and a store with all that names may stand in.
fn place() -> Place {
    let place = Place::new();
    let good = line("1/Mar/2026:10:00:00 +0000", "a.com", 5);
    let log = |name: &str, text: &[u8]| drop(place.write(&format!("logs{EVIL}/{name}"), text));
    log(
        &format!("{EVIL}.log"),
        (good.clone() + &format!("bad {}\n", EVIL.replace(['\r', '\n'], ""))).as_bytes(),
    );
    log(&format!("cut{EVIL}.gz"), &gzip(good.repeat(99).as_bytes())[..60]);
    log(&format!("empty{EVIL}.log"), b"");
    log(&format!("same{EVIL}.log"), (good.clone() + "bad\n").as_bytes());
    log(&format!("copy{EVIL}.log"), (good + "bad\n").as_bytes());
    log(&format!("no{EVIL}.xml"), b"<?xml version=\"1.0\"?><a/>");
    let evil = in_toml();
    place.write(
        "flowbook.toml",
        format!(
            "[store]\npath = \"s.db\"\n[ingest]\nmax_rejects = \"99%\"\n[[source]]\npaths = [\"logs{evil}\", \"none{evil}/*.log\"]\nexclude = \"{evil}\"\n\
             [output]\nfolder = \"out{evil}\"\nmetrics = \"m{evil}.prom\"\n[groups]\n\"{evil}\" = [\"b.com\"]\n\
             \"1{evil}\" = [\"a.com\"]\n\"2{evil}\" = [\"a.com\"]\n[[task]]\nname = \"{evil}\"\ntype = \"flow\"\n\
             range = \"2026-03-01/2026-03-01\"\n[[task]]\nname = \"waits{evil}\"\ntype = \"vas\"\ngroup = \"{evil}\"\n\
             range = \"2026-03-01/2026-03-01\"\nrequire_complete = true\n"
        ),
    );
    place
}

/// Arguments with which a subcommand does what it is for, and options may be put behind.
fn usual(command: &str) -> Vec<String> {
    let logs = format!("logs{EVIL}");
    let words: Vec<&str> = match command {
        "export" => [&["export", &logs, "-o", "o.xlsx", "--force", "--keep-going"], &RANGE[..]].concat(),
        "ingest" => vec!["ingest", &logs, "--store", "s.db", "--keep-going"],
        "store forget" => vec!["store", "forget", "nothing", "--store", "s.db", "--dry-run"],
        "task create" => [&["task", "create", "--store", "s.db"], &RANGE[..]].concat(),
        "task show" | "task delete" => {
            [&command.split(' ').collect::<Vec<_>>()[..], &["99", "--store", "s.db"]].concat()
        }
        "run" => vec!["run", "flowbook.toml"],
        "history" => vec!["history", "--store", "s.db"],
        "generate" => vec!["generate", "made"],
        "completions" => vec!["completions", "bash"],
        other => [&other.split(' ').collect::<Vec<_>>()[..], &["--store", "s.db"]].concat(),
    };
    words.into_iter().map(String::from).collect()
}

/// Every subcommand that does something, as help lists them.
fn commands(place: &Place, above: &[&str], found: &mut BTreeSet<String>) {
    let help = place.run(&[above, &["--help"]].concat(), 0).stdout;
    let listed = help.split("\nCommands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let Some(listed) = listed else {
        found.insert(above.join(" "));
        return;
    };
    let names = listed.lines().filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
        name.split(' ').next()
    });
    for name in names.filter(|name| *name != "help") {
        commands(place, &[above, &[name]].concat(), found);
    }
}

/// The long options of a subcommand that take a value, or not, as help lists them.
fn options(place: &Place, command: &str) -> Vec<String> {
    let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
    let help = place.run(&words, 0).stdout;
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let option = |line: &str| {
        let (_, rest) = line
            .trim_start()
            .strip_prefix('-')?
            .split_once("--")
            .or(line.trim_start().strip_prefix("--").map(|rest| ("", rest)))?;
        let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
        (line.starts_with("  ") && !name.is_empty()).then_some(name)
    };
    help.lines().filter_map(option).collect()
}

#[test]
fn no_argument_acts_whatever_its_subcommand() {
    let place = place();
    place.run_any(&["ingest", &format!("logs{EVIL}"), "--store", "s.db", "--keep-going"]);
    let mut all = BTreeSet::new();
    commands(&place, &[], &mut all);
    assert!(all.len() >= 16, "{all:?}");
    try_out(&place, &[EVIL]);
    for command in &all {
        let usual = usual(command);
        let usual: Vec<&str> = usual.iter().map(String::as_str).collect();
        let words: Vec<&str> = command.split(' ').collect();
        try_out(&place, &[&words[..], &[EVIL]].concat());
        try_out(&place, &[&usual[..], &[EVIL]].concat());
        try_out(&place, &[&words[..], &[&format!("--{EVIL}")]].concat());
        let options = options(&place, command);
        assert!(!options.is_empty(), "{command}");
        for option in options.iter().filter(|option| !matches!(option.as_str(), "json" | "help")) {
            // A value in the place of the usual one stands before it, so that it is there twice at worst.
            let given = format!("--{option}={EVIL}");
            let kept: Vec<&str> = without(&usual, option);
            try_out(&place, &[&kept[..], &[&given]].concat());
            if options.iter().any(|option| option == "json") {
                try_out(&place, &[&kept[..], &[&given, "--json"]].concat());
            }
        }
    }
}

/// The arguments without an option and its value.
fn without<'a>(arguments: &[&'a str], option: &str) -> Vec<&'a str> {
    let short = if option == "output" { "-o" } else { "" };
    let at = arguments.iter().position(|word| word.strip_prefix("--") == Some(option) || *word == short);
    let skipped =
        at.map_or(0..0, |at| at..at + if option == "force" || option == "keep-going" { 1 } else { 2 });
    arguments.iter().enumerate().filter(|(n, _)| !skipped.contains(n)).map(|(_, word)| *word).collect()
}

/// Every command that reads what a store holds, as a table and for scripts.
fn look(place: &Place) {
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01"];
    let more: [&[&str]; 11] = [
        &["store", "info"],
        &["store", "check"],
        &["store", "sources"],
        &["store", "coverage"],
        &["store", "coverage", "--config", "flowbook.toml"],
        &["task", "list"],
        &["task", "show", "1"],
        &["task", "show", "2"],
        &["history"],
        &["store", "forget", "*", "--dry-run"],
        &["store", "vacuum"],
    ];
    for words in more {
        let words = [words, &["--store", "s.db"]].concat();
        try_out(place, &words);
        try_out(place, &[&words[..], &["--json"]].concat());
    }
    for more in [&["-o", "e.xlsx"][..], &["-o", "e.xlsx", "--json"]] {
        let words = [&["export", "--store", "s.db", "--type", "flow", "--force"], &range[..], more].concat();
        try_out(place, &words);
    }
    for words in ["run flowbook.toml", "run flowbook.toml --json", "run flowbook.toml --dry-run"] {
        try_out(place, &words.split(' ').collect::<Vec<_>>());
    }
    for words in
        ["task run --store s.db --refresh", "export --store s.db --refresh", "task delete 1 2 3 --store s.db"]
    {
        try_out(place, &words.split(' ').collect::<Vec<_>>());
        try_out(place, &words.split(' ').chain(["--json"]).collect::<Vec<_>>());
    }
}

#[test]
fn no_name_acts_wherever_it_is_shown() {
    let place = place();
    let logs = format!("logs{EVIL}");
    for words in ["run flowbook.toml", "run flowbook.toml --json", "run flowbook.toml"] {
        let output = try_out(&place, &words.split(' ').collect::<Vec<_>>());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let named = format!("{EVIL}.xlsx");
    for more in [
        &["--keep-going", "--max-rejects", "99%"][..],
        &["--keep-going", "--max-rejects", "99%", "--json"],
        &["--keep-going"],
        &[],
        &["--keep-going", "--max-rejects", "99%", "--store", "s.db"],
        &["--keep-going", "--max-rejects", "99%", "--rejects", EVIL],
        &["--task-name", EVIL, "--max-rejects", "99%", "--keep-going"],
        &["--config", "flowbook.toml", "--group", EVIL, "--max-rejects", "99%", "--keep-going"],
        &["--config", EVIL],
        &["--include", EVIL],
    ] {
        try_out(&place, &[&["export", &logs, "-o", &named, "--force"], &RANGE[..], more].concat());
    }
    let output =
        try_out(&place, &[&["export", &logs, "-o", &named, "--force", "--keep-going"], &RANGE[..]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("\\u{1b}[2J"), "what is there is told");
    place.write(
        "tasks.csv",
        format!("task_name,type,range,output\n\"{EVIL}\",flow,2026-03-01,\"{EVIL}.xlsx\"\n"),
    );
    for more in [&["--quiet"][..], &["--json"], &[], &["--store", "s.db"]] {
        let words =
            ["export", &logs, "--tasks", "tasks.csv", "--force", "--keep-going", "--max-rejects", "99%"];
        try_out(&place, &[&words[..], more].concat());
    }
    for text in [
        "\"{}\",flow,never,",
        "\"{}\",\"{}\",2026-03-01,",
        "a,flow,2026-03-01,\"{}\"\nb,flow,2026-03-01,\"{}\"",
    ] {
        place.write("wrong.csv", format!("task_name,type,range,output\n{}\n", text.replace("{}", EVIL)));
        try_out(&place, &["export", &logs, "--tasks", "wrong.csv"]);
    }
    place.write("heads.csv", format!("task_name,type,\"{EVIL}\"\n"));
    try_out(&place, &["export", &logs, "--tasks", "heads.csv"]);
    look(&place);
}

#[test]
fn no_configuration_acts() {
    let place = place();
    let evil = in_toml();
    let store = "[store]\npath = \"s.db\"\n";
    let task = "[[task]]\nname = \"a\"\ntype = \"flow\"\nrange = \"yesterday\"\n";
    for text in [
        "[store]\npath = \"E\"\nlock_timeout = \"E\"\n",
        "[store]\npath = \"$E\"\n",
        "[account]\nid = \"E\"\n",
        "[account]\ndomains = [\"E\"]\n",
        "[account]\nstatus = \"E\"\n",
        "[groups]\n\"E\" = [\"E\"]\n",
        "[groups]\n\"E\" = 5\n",
        "[\"E\"]\n",
        "\"E\" = 1\n",
        "[ingest]\nmax_rejects = \"E\"\n",
        "[output]\nmetrics = \"E\"\n",
        "[[source]]\npaths = \"a\"\nregion = \"E\"\n",
        "[[source]]\npaths = \"a\"\nformat = \"E\"\n",
        "[[source]]\npaths = \"a\"\ndomain = \"E\"\n",
        "[[source]]\npaths = \"a\"\ninclude = \"[E\"\n",
        "TASKtime_zone = \"E\"\n",
        "TASKgroup = \"E\"\n",
        "TASKlanguage = \"E\"\n",
        "TASKoutput = \"E\"\n",
        "TASKoutput = \"{E}.xlsx\"\n",
        "TASKsettle = \"E\"\n",
        "TASKquiet = \"E\"\nrequire_complete = true\n",
        "TASKdomain_names = \"E\"\n",
        "TASK\"E\" = 1\n",
        "TASK[[task]]\nname = \"E\"\ntype = \"E\"\n",
        "TASK[[task]]\nname = \"E\"\ntype = \"flow\"\nrange = \"E\"\n",
    ] {
        let text = text.replace("TASK", task).replace('E', &evil);
        let has_store = text.contains("[store]");
        place.write("wrong.toml", if has_store { text } else { format!("{store}{text}") });
        for more in [&[][..], &["--json"]] {
            let output = try_out(&place, &[&["run", "wrong.toml"], more].concat());
            assert_ne!(output.status.code(), Some(101), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    // What is wrong may stand there as it is.
    for raw in ["\u{202e}", "\u{9b}31m", "\u{1b}[2J", "\r", "\u{feff}"] {
        place.write("wrong.toml", format!("{store}x{raw} = \"{raw}\n"));
        try_out(&place, &["run", "wrong.toml"]);
        place.write("wrong.toml", format!("{store}[[task]]\nname = \"a{raw}b\"\ntype = 5\n"));
        try_out(&place, &["run", "wrong.toml"]);
    }
    for name in ["FLOWBOOK_TIME_ZONE", "FLOWBOOK_STORE", "FLOWBOOK_CONFIG", "SOURCE_DATE_EPOCH", "LC_ALL"] {
        for words in [&["store", "info"][..], &["history"], &["run"], &["run", "flowbook.toml"]] {
            let output = place.command().args(words).env(name, EVIL).output().unwrap();
            assert_output(&output, &format!("{name} {words:?}"));
        }
        let words = [&["export", "none", "-o", "x.xlsx"], &RANGE[..]].concat();
        assert_output(&place.command().args(words).env(name, EVIL).output().unwrap(), name);
    }
}

#[test]
fn no_store_acts() {
    let place = place();
    for _ in 0..2 {
        try_out(&place, &["run", "flowbook.toml"]);
    }
    let db = Connection::open(place.path("s.db")).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    let (mut changed_columns, mut shown) = (0, 0);
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'") {
        for column in names(&format!("SELECT name FROM pragma_table_info('{table}') WHERE type = 'TEXT'")) {
            // What must stay as it is for anything to be shown: one column at a time.
            db.execute_batch("SAVEPOINT one").unwrap();
            let changed = db.execute(&format!("UPDATE {table} SET {column} = {column} || ?"), [EVIL]);
            let is_changed = matches!(changed, Ok(1..));
            db.execute_batch(if is_changed { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" })
                .unwrap();
            if is_changed {
                changed_columns += 1;
                for words in
                    ["store check", "store sources", "store coverage", "task list", "task show 1", "history"]
                {
                    let words: Vec<&str> = words.split(' ').chain(["--store", "s.db"]).collect();
                    let output = try_out(&place, &words);
                    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
                    shown += usize::from(told.contains("\\u{1b}[2J"));
                    try_out(&place, &[&words[..], &["--json"]].concat());
                }
            }
        }
    }
    assert!(changed_columns > 9 && shown > 9, "{changed_columns} columns, shown {shown} times");
    drop(db);
    look(&place);
}

#[test]
fn no_argument_acts_among_colours() {
    let place = Place::new();
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let evil = "x\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\nFORGED";
    for words in [
        &[evil][..],
        &["store", evil],
        &["store", "info", &format!("--{evil}")],
        &["export", "--lateness", evil],
    ] {
        let output = place.command().args(words).env("CLICOLOR_FORCE", "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(colours.is_match(&text), "{text}");
        assert_visible(&colours.replace_all(&text, ""), &format!("{words:?}"));
    }
}

#[test]
fn help_calls_the_program_by_its_name() {
    let place = Place::new();
    let link = place.path(EVIL);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_flowbook"), &link).unwrap();
    for words in [&["--help"][..], &["--version"], &["export", "--help"], &["nothing"], &["task"]] {
        assert_output(
            &std::process::Command::new(&link).args(words).output().unwrap(),
            &format!("{words:?}"),
        );
    }
}
