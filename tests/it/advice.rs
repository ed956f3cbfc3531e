//! What is said of mistakes, end to end: what was meant, what to write, and nothing that is refused afterwards.

use super::harness::{Place, gzip, line};
use serde_json::Value;
use std::fs;
use std::process::Output;

const NOON: &str = "1/Mar/2026:12:00:00 +0800";

fn place() -> Place {
    let place = Place::new();
    place.write("logs/a.log", line(NOON, "www.example.com", 1));
    place
}

fn run_with(place: &Place, variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        place.command().envs(variables.iter().copied()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

const CONFIG: &str = "[store]\npath = \"var/u.db\"\n[[source]]\npaths = \"logs\"\n";

#[test]
fn keep_going_is_suggested_only_where_a_part_of_a_log_can_be_read() {
    let good = line(NOON, "www.example.com", 1);
    let packed = gzip(good.repeat(99).as_bytes());
    let cases: [(&[u8], bool); 6] = [
        (&packed[..packed.len() - 9], true),
        (b"a\nb\nc\n", true),
        (b"PK\x03\x04 and more", false),
        (&gzip(b"PK\x03\x04 and more"), false),
        (b"<html><body>No such key</body></html>", false),
        (b"", false),
    ];
    for (content, is_suggested) in cases {
        let place = Place::new();
        place.write("logs/a.log", good.repeat(9));
        place.write("logs/b.log", content);
        if content.is_empty() {
            fs::remove_file(place.path("logs/b.log")).unwrap();
        }
        // A log that is named is also said not to be there.
        let ingest = ["ingest", "logs/a.log", "logs/b.log", "--store", "u.db", "--max-rejects", "50%"];
        let done = place.run(&ingest, 1);
        assert_eq!(done.stderr.contains("give --keep-going"), is_suggested, "{}", done.stderr);
        let done = place.export(&["logs/a.log", "logs/b.log", "--max-rejects", "50%"], 1);
        assert_eq!(done.stderr.contains("give --keep-going"), is_suggested, "{}", done.stderr);
    }
}

/// To look for what was meant costs most where nothing was.
#[test]
fn of_very_many_domains_that_no_log_names_few_are_compared_with_all() {
    let place = place();
    let names: Vec<String> = (10..60).map(|n| format!("\"www{n}.example.com\"")).collect();
    place.write("flowbook.toml", format!("{CONFIG}[groups]\nshop = [{}]\n", names.join(", ")));
    let (code, out, err) = run_with(&place, &[], &["run", "flowbook.toml", "--json"]);
    assert_eq!(code, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    let unknown = json["unknown_domains"].as_array().unwrap_or_else(|| panic!("{out}"));
    let with_advice = unknown.iter().filter(|one| one["did_you_mean"] == "www.example.com").count();
    assert_eq!((unknown.len(), with_advice), (50, 20), "{out}");
}

#[test]
fn history_looks_where_the_environment_says() {
    let place = place();
    place.write("flowbook.toml", CONFIG);
    place.run(&["history"], 2).says(&["FLOWBOOK_CONFIG", "FLOWBOOK_STORE", "--store"]);
    place.run(&["run", "flowbook.toml"], 0);
    for variables in [
        &[("FLOWBOOK_CONFIG", "flowbook.toml")][..],
        &[("FLOWBOOK_STORE", "var/u.db"), ("FLOWBOOK_CONFIG", "")],
        &[("FLOWBOOK_STORE", "var/u.db"), ("FLOWBOOK_CONFIG", "none.toml")],
    ] {
        let (code, out, err) = run_with(&place, variables, &["history"]);
        assert!(code == 0 && out.contains("exit code 0"), "{variables:?}: {out}{err}");
    }
    let both = [("FLOWBOOK_STORE", "none.db"), ("FLOWBOOK_CONFIG", "none.toml")];
    assert_eq!(run_with(&place, &both, &["history", "flowbook.toml"]).0, 0, "what is named comes first");
    assert_eq!(place.run(&["history", "flowbook.toml", "-n", "0"], 0).stdout, "");
    place.run(&["run", "flowbook.toml"], 0);
    let busy = place.run(&["history", "flowbook.toml", "--busy", "-n", "1"], 0).stdout;
    assert!(busy.contains("1 added"), "{busy}");
    // What is empty is not set.
    let (code, _, err) = run_with(&place, &[("FLOWBOOK_STORE", "")], &["store", "info"]);
    assert!(code == 2 && err.contains("--store"), "{err}");
    let export = ["export", "logs", "--type", "flow", "--month", "2026-03", "--output", "m.xlsx"];
    assert_eq!(run_with(&place, &[("FLOWBOOK_CONFIG", "")], &export).0, 0);
    let (code, _, err) = run_with(&place, &[("FLOWBOOK_CONFIG", "none.toml")], &export);
    assert!(code == 2 && err.contains("there is no such file") && !err.contains("os error"), "{err}");
}

#[test]
fn every_line_of_run_has_the_same_keys() {
    let place = place();
    let keys = |json: &Value| {
        for key in ["time", "duration_ms", "version", "exit_code", "RequestId"] {
            assert!(!json[key].is_null(), "{key} in {json}");
        }
    };
    place.write("flowbook.toml", CONFIG);
    keys(&place.run(&["run", "flowbook.toml", "--json"], 0).json());
    place.write("flowbook.toml", format!("{CONFIG}[output]\nmetrics = \"logs/a.log/x.prom\"\n"));
    let json = place.run(&["run", "flowbook.toml", "--json"], 1).json();
    keys(&json);
    assert_eq!(json["exit_code"], 1);
    assert!(json["error"].as_str().unwrap().contains("the figures for Prometheus"), "{json}");
    let history = place.run(&["history", "flowbook.toml", "-n", "1"], 0).stdout;
    assert!(history.contains("failed     the figures for Prometheus could not be written"), "{history}");
    place.write("flowbook.toml", "[stroe]");
    let json = place.run(&["run", "flowbook.toml", "--json"], 2).json();
    keys(&json);
    assert_eq!((&json["exit_code"], &json["Code"]), (&2.into(), &"InvalidParameter".into()));
    // Folders of what a run writes are made.
    place.write("flowbook.toml", format!("{CONFIG}[output]\nmetrics = \"new/folder/x.prom\"\n"));
    place.run(&["run", "flowbook.toml"], 0);
    assert!(place.exists("new/folder/x.prom"));
    place.write("logs/bad.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]);
    place.write("flowbook.toml", format!("{CONFIG}[ingest]\nkeep_going = false\n"));
    let done = place.run(&["run", "flowbook.toml"], 1);
    done.says(&["keep_going = true"]);
    assert!(!done.stderr.contains("--keep-going"), "{}", done.stderr);
}

#[test]
fn a_trial_says_that_a_run_would_be_refused() {
    let place = place();
    place.write("logs/b.log", format!("{}{}", line(NOON, "b.com", 1).repeat(9), "nonsense\n".repeat(2)));
    place.write("flowbook.toml", CONFIG);
    let done = place.run(&["run", "flowbook.toml", "--dry-run"], 3);
    done.says(&["the run would be refused: 2 of 12 lines were rejected"]);
    assert!(
        !done.stderr.contains("the store was not changed") && !done.stdout.contains("added"),
        "{}",
        done.stdout
    );
    assert!(!place.exists("var"));
    let done = place.run(&["run", "flowbook.toml"], 3);
    done.says(&["the store was not changed"]);
    assert!(!done.stdout.contains("added"), "{}", done.stdout);
    place.run(&["store", "info", "--store", "."], 2).says(&["is a folder"]);
    place.run(&["ingest", "logs/a.log", "--store", "logs"], 2).says(&["is a folder"]);
    assert!(!place.exists("logs.lock"));
}

#[test]
fn domains_of_a_configuration_that_no_log_names_are_said() {
    let place = place();
    let config = format!(
        "{CONFIG}[groups]\nshop = [\"ww.example.com\", \"*.exmaple.com\", \"www.example.com\"]\n[[task]]\n\
         name = \"day\"\ntype = \"flow\"\nrange = \"2026-03-01/2026-03-01\"\nrequire_complete = true\n\
         rows = \"sparse\"\nquiet = \"quite.another.org\"\n"
    );
    place.write("flowbook.toml", config);
    let done = place.run(&["run", "flowbook.toml", "--json"], 0);
    done.says(&[
        "no log names these domains of the configuration: ww.example.com ([groups] shop; did you mean www.example.com?)",
        "*.exmaple.com ([groups] shop; did you mean *.example.com?)",
        "quite.another.org ([[task]] \"day\": quiet)",
    ]);
    assert!(!done.stderr.contains(" www.example.com ("), "{}", done.stderr);
    assert_eq!(done.json()["unknown_domains"][1]["did_you_mean"], "*.example.com");
}

#[test]
fn misspelt_values_say_what_was_meant() {
    let place = place();
    place.write("flowbook.toml", "[groups]\nshop = [\"www.example.com\"]\n");
    for (more, expected) in [
        (&["--language", "zh_CN"][..], "did you mean \"zh-cn\"?"),
        (&["--bill-type", "month_95th"], "did you mean \"month_95\"?"),
        (&["--rows", "spares"], "did you mean \"sparse\"?"),
        (&["--samples", "fulls"], "did you mean \"full\"?"),
        (&["--time-zone", "Asia/Shanghia"], "did you mean \"Asia/Shanghai\"?"),
        (&["--time-zone", "Shanghai"], "did you mean \"Asia/Shanghai\"?"),
        (&["--time-zone", "CST"], "\"CST\"; abbreviations are ambiguous; give an offset like +08:00"),
        (&["--group", "shpo", "--config", "flowbook.toml"], "did you mean \"shop\"? groups: shop."),
    ] {
        place.export(&[&["logs"], more].concat(), 2).says(&[expected]);
    }
    let with = |more: &[&str]| place.run(&[&["export", "logs", "--type", "flow"], more].concat(), 2);
    with(&["--range", "lastmonth"]).says(&["did you mean \"last-month\"?"]);
    with(&["--month", "2026-13"]).says(&["--month is \"2026-13\"; give a month like 2026-03"]);
    let done = place.run(&["export", "logs", "--type", "flwo", "--month", "2026-03"], 2);
    done.says(&["Type is \"flwo\"; did you mean \"flow\"? give flow"]);
    with(&["--start-time", "2026-03-01", "--end-time", "2026-04-30"]).says(&["31 days", "--months"]);
    place.run(&["export", "--type", "flow", "--month", "2026-03"], 2).says(&["LOGS", "--store"]);
    for (heading, meant) in [("typ", "type"), ("month", "range")] {
        place.write("tasks.csv", format!("type,{heading}\nflow,2026-03\n"));
        let done = place.run(&["export", "logs", "--tasks", "tasks.csv"], 2);
        done.says(&[&format!("the heading {heading:?} is unknown; did you mean {meant:?}?")]);
    }
    let done = place.run(&["export", "logs", "--tasks", "tasks.csv", "--language", "zh-cn"], 2);
    done.says(&["--tasks", "--language"]);
    assert!(!done.stderr.contains("--operator"), "{}", done.stderr);
    let done = place.run(&["export", "logs", "--tasks", "nope.csv"], 2);
    done.says(&["nope.csv: cannot read the list of tasks: there is no such file"]);
    assert!(!done.stderr.contains("os error"), "{}", done.stderr);
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    place.run(&["store", "forget", "--store", "s.db"], 2).says(&["--before"]);
    place.run(&["store", "forget", "www01*", "--store", "s.db"], 2).says(&["flowbook store sources"]);
    let done = place.run(&["store", "forget", "a.log*", "--store", "s.db"], 2);
    done.says(&["must match a whole name, as it is stored; similar names:\n  logs/a.log"]);
    let done = place.run(&["ingest", "logs", "--store", "nodir/new.db"], 1);
    done.says(&["nodir/new.db: create its folder first"]);
    let tasks = "task_name,type,range\nnoon,flow,2026-03-01\nnight,flwo,2026-03-01\n";
    place.write("tasks.csv", tasks);
    let list = ["export", "logs", "--tasks", "tasks.csv", "-o", "out"];
    place.run(&list, 2).says(&["line 3", "Task \"night\": Type is \"flwo\""]);
    place.write("tasks.csv", tasks.replace("flwo", "vas"));
    place.run(&list, 0).says(&["task \"noon\" (line 2): the logs do not cover"]);
    place.write("tasks.csv", "task_name,type,range\nnoon,flow,tomorow\n");
    place.run(&list, 2).says(&["task \"noon\": range is \"tomorow\""]);
    place.run(&["store", "forget", "--before", "2026-02-01T00:00+08:00", "--store", "s.db"], 0);
}

#[test]
fn times_are_taken_as_people_write_them_or_it_is_said_why_not() {
    let place = place();
    let with = |more: &[&str], code| {
        place.run(&[&["export", "logs", "--type", "flow", "--force", "-o", "o.xlsx"], more].concat(), code)
    };
    with(&["--start-time", "2026-02-28T16:00:00.000Z", "--end-time", "2026-03-01T16:00:00.000Z"], 0);
    with(&["--range", "2026-03-01"], 0);
    let zone = "America/New_York";
    let gap = with(&["--time-zone", zone, "--start-time", "2026-03-08T02:30", "--end-time", "2026-03-09"], 2);
    gap.says(&[
        "StartTime is \"2026-03-08T02:30\"",
        "does not exist in America/New_York",
        "2026-03-08 02:00 to 2026-03-08 03:00",
    ]);
    let range = "2026-03-07/2026-03-08 02:30";
    with(&["--time-zone", zone, "--range", range], 2).says(&["does not exist in America/New_York"]);
    let hint = "An end that is a date is the last day of the range";
    with(&["--start-time", "2026-03-01", "--end-time", "2026-04-01"], 2).says(&["31 days", hint]);
    let long = with(&["--start-time", "2026-03-01", "--end-time", "2026-04-01T01:00"], 2);
    assert!(!long.stderr.contains(hint), "{}", long.stderr);
    for (range, expected) in [(range, "does not exist in America/New_York"), ("2026-03-01/2026-04-01", hint)]
    {
        let task =
            format!("[[task]]\nname = \"d\"\ntype = \"flow\"\nrange = {range:?}\ntime_zone = {zone:?}\n");
        place.write("flowbook.toml", format!("{CONFIG}{task}"));
        place.run(&["run", "flowbook.toml"], 2).says(&[expected]);
    }
    place.write("tasks.csv", "type,range\nflow,2026-03-01\n");
    place.run(&["export", "logs", "--tasks", "tasks.csv", "-o", "out"], 0);
}

#[test]
fn messages_show_no_address() {
    let place = place();
    place.write("logs/b.log", "[bad] 203.0.113.9 \"Chrome/120.0.0.0\" 1.0\n");
    let shown = "[bad] x.x.x.x \"Chrome/120.0.0.0\" 1.0";
    place.export(&["logs"], 3).says(&[shown]);
    place.run(&["ingest", "logs", "--store", "s.db"], 3).says(&[shown]);
    place.export(&["logs", "--samples", "full"], 3).says(&["203.0.113.9"]);
}

#[test]
fn outputs_may_be_patterns_and_folders_that_are_not_there() {
    let place = place();
    let with = |more: &[&str], code| place.run(&[&["export", "logs", "--type", "flow"], more].concat(), code);
    with(&["--month", "2026-03", "-o", "p-{start:%Y-%m}.xlsx"], 0);
    with(&["--month", "2026-03", "-o", "new/{type}/{start:%Y}.xlsx"], 0);
    with(&["--months", "2026-03", "-o", "months/"], 0);
    with(&["--month", "2026-03", "-o", "one/"], 0);
    place.write("tasks.csv", "type,range,output\nflow,2026-03,a.xlsx\n");
    place.run(&["export", "logs", "--tasks", "tasks.csv", "-o", "out"], 0);
    for file in ["p-2026-03.xlsx", "new/flow/2026.xlsx", "out/a.xlsx"] {
        assert!(place.exists(file), "{file}: {:?}", place.names());
    }
    for folder in ["months", "one"] {
        assert_eq!(std::fs::read_dir(place.path(folder)).unwrap().count(), 1, "{folder}");
    }
    with(&["--month", "2026-03", "-o", "none/a.xlsx"], 1).says(&["none/a.xlsx: create its folder first"]);
    with(&["--month", "2026-03", "-o", ".csv"], 2).says(&["is only an ending"]);
    with(&["--month", "2026-03", "-o", "{strat}.xlsx"], 2).says(&["{strat}; known are"]);
    place.run(&["export", "logs", "--tasks", "tasks.csv", "-o", "new.xlsx"], 2).says(&["is not a folder"]);
}

#[test]
fn the_zone_of_the_environment_holds_for_runs() {
    let place = place();
    let task = "[[task]]\nname = \"day\"\ntype = \"flow\"\nrange = \"2026-03-01/2026-03-01\"\n";
    place.write("flowbook.toml", format!("{CONFIG}{task}"));
    let zone = [("FLOWBOOK_TIME_ZONE", "+08:00")];
    let (code, out, err) = run_with(&place, &zone, &["run", "flowbook.toml", "--json"]);
    assert_eq!(code, 0, "{err}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["tasks"][0]["StartTime"], "2026-02-28T16:00:00Z");
}

#[test]
fn help_says_what_beginners_ask() {
    let place = place();
    let help = |arguments: &[&str]| place.run(arguments, 0).stdout;
    for command in ["export", "ingest"] {
        assert!(help(&[command, "--help"]).contains("UTC+8"), "{command}");
    }
    let completions = help(&["completions", "--help"]);
    for shell in ["bash:", "zsh:", "fish:", "elvish:", "PowerShell:"] {
        let lines = completions.lines().filter(|line| line.trim_start().starts_with(shell)).count();
        assert_eq!(lines, 1, "{shell} in {completions}");
    }
}

/// The command that is named works whatever the file is called.
#[test]
fn a_file_in_another_packing_is_unpacked_by_the_command_that_is_named() {
    let place = place();
    let name = "logs/www.example.com_2026_03_01_120000_130000.gz";
    let xz =
        include_bytes!("../../data/troubles/03c-hour-10-is-xz/www.example.com_2026_03_01_100000_110000.gz");
    place.write(name, xz);
    let done = place.run(&["ingest", "logs", "--store", "u.db", "--keep-going"], 3);
    done.says(&["xz -dc < FILE > NAME.log", "then remove FILE"]);
    // Once it is gone, the store is told so by the command that is named.
    std::fs::remove_file(place.path(name)).unwrap();
    let done = place.export(&["--store", "u.db"], 3);
    let at = done.stderr.find("store forget ").unwrap();
    let words: Vec<&str> = done.stderr[at..].lines().next().unwrap().split(' ').collect();
    place.run(&words, 0);
    place.export(&["--store", "u.db", "--force"], 0);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let place = place();
    place.write("notes.txt", "milk\n");
    place.write("flowbook.toml", "[store]\npath = \"notes.txt\"\n[[source]]\npaths = [\"logs\"]\n");
    let before = place.names();
    for arguments in [
        &["ingest", "logs", "--store", "notes.txt"][..],
        &["run", "flowbook.toml"],
        &[
            "export",
            "logs",
            "--store",
            "notes.txt",
            "--type",
            "flow",
            "--range",
            "2026-03-01",
            "-o",
            "x.xlsx",
        ],
        &[
            "task",
            "create",
            "--store",
            "notes.txt",
            "--type",
            "flow",
            "--start-time",
            "2026-03-01T00:00:00Z",
            "--end-time",
            "2026-03-02T00:00:00Z",
            "-o",
            "x.xlsx",
        ],
        &["store", "vacuum", "--store", "notes.txt"],
    ] {
        place.run(arguments, 2).says(&["is not a flowbook store"]);
        assert_eq!(place.names(), before, "{arguments:?}");
    }
    place.run(&["ingest", "logs", "--store", "new.db", "--dry-run"], 0);
    assert_eq!(place.names(), before);
}

#[test]
fn what_a_task_cannot_write_is_said_in_words_that_it_takes() {
    let place = place();
    place.run(&["ingest", "logs", "--store", "u.db"], 0);
    place.write("there.xlsx", "");
    for (output, says, not) in [
        ("there.xlsx", "exists already", "--force"),
        ("x.txt", "no known ending", "- writes"),
        ("-", "needs a file", "- "),
    ] {
        let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
        let create = ["task", "create", "--store", "u.db", "--type", "flow", "-o", output];
        let done = place.run(&[&create[..], &range].concat(), 2);
        done.says(&[says]);
        assert!(!done.stderr.contains(not), "{}", done.stderr);
    }
}

#[test]
fn one_end_of_the_hours_to_look_at_is_enough() {
    let place = place();
    place.write("logs/b.log", line("1/Mar/2026:15:00:00 +0800", "www.example.com", 1));
    place.run(&["ingest", "logs", "--store", "u.db"], 0);
    let domain = |more: &[&str], code| {
        let all = [&["store", "coverage", "--store", "u.db", "--json"], more].concat();
        let json = place.run(&all, code).json();
        (
            json["from"].as_str().unwrap_or_default().to_owned(),
            json["until"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let (first, last) = ("2026-03-01T04:00:00Z".to_owned(), "2026-03-01T08:00:00Z".to_owned());
    assert_eq!(domain(&[], 3), (first.clone(), last.clone()));
    assert_eq!(domain(&["--end-time", "2026-03-01T05:00:00Z"], 0), (first, "2026-03-01T05:00:00Z".into()));
    assert_eq!(domain(&["--start-time", "2026-03-01T07:00:00Z"], 0), ("2026-03-01T07:00:00Z".into(), last));
    place
        .run(&["store", "coverage", "--store", "u.db", "--start-time", "2027-01-01"], 2)
        .says(&["--start-time is after"]);
}

#[test]
fn what_was_meant_is_said_in_the_words_of_who_wrote_it() {
    let place = place();
    let mistakes = [
        (format!("{CONFIG}[output]\nfolder = \"out/{{year}}\"\n"), "output of [[task]]"),
        (format!("{CONFIG}[task]\nname = \"a\"\n[task]\nname = \"b\"\n"), "write [[task]]"),
    ];
    for (text, says) in mistakes {
        place.write("flowbook.toml", text);
        place.run(&["run", "flowbook.toml"], 2).says(&[says]);
    }
    place.write("tasks.csv", "type,range\nflow,2026-03-01\n");
    let list = ["export", "logs", "--tasks", "tasks.csv", "-o", "out/{year}"];
    place.run(&list, 2).says(&["out/{year}: is not a folder"]);
    let number = place.export(&["logs", "--max-rows", "-1"], 2);
    number.says(&["MaxRows is \"-1\""]);
    let time = place.run(&["store", "info", "--store", "u.db", "--lock-timeout", "-1s"], 2);
    time.says(&["give a time like"]);
    for done in [number, time] {
        assert!(!done.stderr.contains("-- -"), "{}", done.stderr);
    }
    let months =
        ["export", "logs", "--type", "flow", "--months", "2026-03..2026-04", "-o", "m-{start:%Y-%m}.csv"];
    // Of April there is no log.
    place.run(&months, 3).says(&["2026-04: every figure is zero"]);
    assert!(place.exists("m-2026-03.csv") && place.exists("m-2026-04.csv"), "{:?}", place.names());
}
