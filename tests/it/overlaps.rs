//! What may count twice is said by whatever takes it in or makes a workbook of it, and can be refused.

use super::harness::{Done, Place, gzip, line};
use serde_json::{Value, json};

const DAY: &str = "logs/merged.log";

/// The name of the log of an hour of 1 March 2026 by the clock of names.
fn name(hour: u32) -> String {
    format!("logs/a.com_2026_03_01_{hour:02}0000_{:02}0000.gz", hour + 1)
}

fn hour(hour: u32) -> String {
    (0..12)
        .map(|n| line(&format!("1/Mar/2026:{hour:02}:{:02}:00 +0800", 5 * n), "a.com", 1000 + n))
        .collect::<String>()
}

/// Four hourly logs, from 0 to 4 o'clock UTC.
fn hours() -> Place {
    let place = Place::new();
    (8..12).for_each(|at| drop(place.write(&name(at), gzip(hour(at).as_bytes()))));
    place
}

/// And the same lines as one file, of which the first hour is the beginning.
fn merge(place: &Place) {
    place.write(DAY, (8..12).map(hour).collect::<String>());
}

fn overlaps_from(first: u32) -> Value {
    json!([{"kind": "same_lines", "file": DAY, "others": (first..12).map(name).collect::<Vec<_>>()}])
}

fn overlaps() -> Value {
    overlaps_from(9)
}

fn says() -> String {
    let hours = (9..12).map(name).collect::<Vec<_>>().join(", ");
    format!("{DAY} and {hours} have mostly the same lines: all of them count")
}

fn configure(place: &Place, more: &str) {
    place.write(
        "flowbook.toml",
        format!(
            "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n[[task]]\n\
             name = \"hours\"\ntype = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-03-01T04:00:00Z\"\n\
             output = \"{{name}}.xlsx\"\nrequire_complete = true\n{more}"
        ),
    );
}

fn run(place: &Place, more: &[&str], code: i32) -> Done {
    place.run(&[&["run", "flowbook.toml"], more].concat(), code)
}

#[test]
fn an_ingest_says_it_of_what_is_new() {
    let place = hours();
    let ingest = |more: &[&str]| place.run(&[&["ingest", "logs", "--store", "s.db"], more].concat(), 0);
    assert_eq!(ingest(&["--json"]).json()["overlaps"], json!([]));
    merge(&place);
    for more in [&["--dry-run", "--json"][..], &["--json"]] {
        let done = ingest(more);
        assert_eq!(done.says(&[&says()]).json()["overlaps"], overlaps(), "{more:?}");
    }
    // It was said.
    let again = ingest(&[]);
    assert_eq!(again.stderr, "");
    // A second log of an hour is held against the first one, and nothing else is said again.
    place.write("logs/b/a.com_2026_03_01_090000_100000", hour(9).replace("/x\"", "/y\""));
    let second = ingest(&["--json"]);
    let both =
        json!([{"kind": "same_hours", "file": name(9), "others": ["logs/b/a.com_2026_03_01_090000_100000"]}]);
    assert_eq!(second.json()["overlaps"], both, "{}", second.stderr);
    second.says(&["are named for the same hours, but differ: all of them count"]);
}

#[test]
fn an_ingest_into_a_new_store_and_a_grown_log_say_it() {
    let place = hours();
    merge(&place);
    let done = place.run(&["ingest", "logs", "--store", "s.db", "--quiet"], 0);
    done.says(&[&says()]);
    assert_eq!(done.stdout, "");
    let place = hours();
    place.write(DAY, line("1/Mar/2026:08:00:30 +0800", "a.com", 5));
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    place.write(DAY, line("1/Mar/2026:08:00:30 +0800", "a.com", 5) + &(8..12).map(hour).collect::<String>());
    let grown = place.run(&["ingest", "logs", "--store", "s.db", "--json"], 0);
    assert_eq!(grown.says(&["have mostly the same lines"]).json()["overlaps"], overlaps_from(8));
    assert_eq!(grown.json()["sources"]["grown"], 1);
}

#[test]
fn a_run_and_its_history_say_it() {
    let place = hours();
    configure(&place, "");
    assert_eq!(run(&place, &["--json"], 0).json()["overlaps"], json!([]));
    merge(&place);
    let trial = run(&place, &["--json", "--dry-run"], 0);
    assert_eq!(trial.says(&[&says()]).json()["overlaps"], overlaps());
    let done = run(&place, &["--json"], 0);
    done.says(&[&format!("flowbook: {}", says()), &format!("flowbook: task hours: {}", says())]);
    let json = done.json();
    assert_eq!((&json["overlaps"], &json["tasks"][0]["overlaps"]), (&overlaps(), &overlaps()));
    let history = place.run(&["history", "flowbook.toml", "-n", "1"], 0).stdout;
    assert!(history.contains(&format!("overlap    {DAY} and {}", name(9))), "{history}");
    assert!(history.contains(&format!("overlap    hours: {DAY} and {}", name(9))), "{history}");
    assert!(history.contains(" have mostly the same lines\n"), "{history}");
    let history = place.run(&["history", "flowbook.toml", "-n", "1", "--json"], 0).json();
    assert_eq!(history["ticks"][0]["overlaps"], overlaps());
}

#[test]
fn the_run_of_a_task_says_it() {
    let place = hours();
    merge(&place);
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    let create =
        ["task", "create", "--store", "s.db", "--type", "flow", "--range", "2026-03-01", "-o", "t.xlsx"];
    place.run(&create, 0);
    let done = place.run(&["task", "run", "--store", "s.db", "--json"], 0);
    done.says(&[&format!("flowbook: task 1: {}", says())]);
    assert_eq!(done.json()["Tasks"][0]["overlaps"], overlaps());
    // As an export from a list does.
    place.write("list.csv", "type,range,output\nflow,2026-03-01,l.xlsx\n");
    let list = place.run(&["export", "--tasks", "list.csv", "logs", "--json"], 0);
    assert_eq!(list.says(&[&says()]).json()["tasks"][0]["counts"]["overlaps"], overlaps());
}

/// Whoever refuses it is not told that all count, nor which they are in two ways.
fn is_told_once(done: &Done) {
    assert!(!done.stderr.contains("all of them count"), "{}", done.stderr);
    assert_eq!(done.stderr.matches("mostly the same lines").count(), 1, "{}", done.stderr);
}

#[test]
fn an_export_can_refuse_it() {
    let place = hours();
    let range = ["--range", "2026-03-01T00:00:00Z/2026-03-01T04:00:00Z", "--type", "flow", "-o", "out.xlsx"];
    let export = |more: &[&str], code| place.run(&[&["export"], &range[..], more].concat(), code);
    let refuse = ["logs", "--overlaps", "refuse", "--require-complete"];
    export(&[&refuse[..], &["--force"]].concat(), 0);
    merge(&place);
    let before = std::fs::read(place.path("out.xlsx")).unwrap();
    let done = export(&[&refuse[..], &["--force", "--json"]].concat(), 3);
    done.says(&["requests may count twice: logs/merged.log and ", "no workbook was written", "--exclude"]);
    is_told_once(&done);
    assert_eq!(done.json()["counts"]["overlaps"], overlaps());
    assert!(done.json()["error"].as_str().unwrap().starts_with("requests may count twice: "));
    assert_eq!(std::fs::read(place.path("out.xlsx")).unwrap(), before);
    export(&[&refuse[..], &["--force", "--exclude", "merged.log"]].concat(), 0);
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    is_told_once(
        export(&["--store", "s.db", "--overlaps", "refuse", "--force"], 3)
            .says(&["requests may count twice"]),
    );
    is_told_once(&export(&["logs", "--store", "s.db", "--overlaps", "refuse", "--force"], 3));
    place.write("list.csv", "type,range,output,overlaps\nflow,2026-03-01,l.xlsx,refuse\n");
    is_told_once(&place.run(&["export", "--tasks", "list.csv", "logs"], 3));
    is_told_once(&place.run(&["export", "--tasks", "list.csv", "--store", "s.db"], 3));
    export(&["--store", "s.db", "--overlaps", "report", "--force"], 0);
    export(&["--store", "s.db", "--overlaps", "refuce"], 2)
        .says(&["Overlaps is \"refuce\"; did you mean \"refuse\"?"]);
    // What is not of the range does not matter.
    place.write(
        "logs/m/b.com_2026_03_02_090000_100000",
        hour(9).replace("a.com", "b.com").replace("1/Mar", "2/Mar"),
    );
    place.write(
        "logs/n/b.com_2026_03_02_090000_100000",
        hour(9).replace("a.com/x", "b.com/y").replace("1/Mar", "2/Mar"),
    );
    export(&[&refuse[..], &["--force", "--exclude", "merged.log"]].concat(), 0);
}

#[test]
fn a_run_waits_until_a_copy_is_gone() {
    let place = hours();
    merge(&place);
    // Nor does it count when it was waited for long enough.
    configure(&place, "overlaps = \"refuse\"\nwait_at_most = \"1s\"\n");
    for dry_run in [&["--dry-run", "--json"][..], &["--json"], &["--json"]] {
        let done = run(&place, dry_run, 3);
        let json = done.json();
        assert_eq!(json["tasks"][0]["state"], "waits");
        let why = json["tasks"][0]["reason"].as_str().unwrap();
        assert!(why.starts_with("logs/merged.log and ") && why.ends_with("; overlaps are refused"), "{why}");
        done.says(&["task hours: waits: logs/merged.log and "]);
        assert!(!place.exists("out/hours.xlsx"));
    }
    let id = run(&place, &["--json"], 3);
    id.says(&["flowbook task run 1 --store "]);
    place
        .run(&["task", "run", "1", "--store", "s.db"], 3)
        .says(&["overlaps are refused", "--force makes it anyway"]);
    std::fs::remove_file(place.path(DAY)).unwrap();
    place.run(&["store", "forget", DAY, "--store", "s.db"], 0);
    // The first hour was a beginning of what is gone: it stands where it stood.
    let made = run(&place, &["--json"], 0);
    assert_eq!(made.json()["tasks"][0]["state"], "made", "{}", made.stderr);
    // A workbook that is there stays, and whoever has looked at it can have another one.
    merge(&place);
    run(&place, &["--json"], 3)
        .says(&["overlaps are refused; the present workbook is kept; flowbook task run"]);
    place.run(&["task", "run", "1", "--store", "s.db", "--force"], 0).says(&[&says()]);
}

/// A line, and then those of two hours: what a copy looks like that begins with no other log.
fn copy() -> String {
    line("1/Mar/2026:10:00:30 +0800", "a.com", 5) + &hour(10) + &hour(11)
}

#[test]
fn what_a_workbook_lacks_is_told_also_while_a_copy_is_refused() {
    let place = hours();
    std::fs::remove_file(place.path(&name(8))).unwrap();
    configure(&place, "overlaps = \"refuse\"\nwait_at_most = \"1s\"\nrefresh = false\n");
    let made = run(&place, &["--json"], 3).json();
    assert_eq!(made["tasks"][0]["state"], "made");
    let missing = &made["tasks"][0]["missing"];
    assert!(missing.as_str().unwrap().starts_with("a.com has no log from "), "{missing}");
    for _ in 0..2 {
        let stands = run(&place, &["--json"], 0).json();
        assert_eq!(stands["tasks"][0]["state"], "up_to_date");
        assert_eq!(&stands["tasks"][0]["missing"], missing);
        place.write("logs/copy.log", copy());
    }
}

#[test]
fn copies_are_found_whatever_region_was_given() {
    let place = hours();
    place.write("copy.log", copy());
    let ingest = |log: &str, region: &str| {
        place.run(&["ingest", log, "--store", "s.db", "--region", region, "--json"], 0)
    };
    assert_eq!(ingest("logs", "CN").json()["overlaps"], json!([]));
    let copied = ingest("copy.log", "NA");
    let expected = json!([{"kind": "same_lines", "file": "copy.log", "others": [name(10), name(11)]}]);
    assert_eq!(copied.says(&["have mostly the same lines"]).json()["overlaps"], expected);
}

#[test]
fn a_damaged_neighbour_keeps_no_log_out() {
    let place = hours();
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    let db = rusqlite::Connection::open(place.path("s.db")).unwrap();
    db.execute("UPDATE source SET named_end = named_end + 1000000 WHERE name = ?", [name(10)]).unwrap();
    drop(db);
    place.write("copy.log", copy());
    let done = place.run(&["ingest", "copy.log", "--store", "s.db", "--json"], 0);
    // What cannot be compared is left out, and is named by those who look for it.
    let expected = json!([{"kind": "same_lines", "file": "copy.log", "others": [name(11)]}]);
    assert_eq!((&done.json()["overlaps"], &done.json()["sources"]["added"]), (&expected, &json!(1)));
    let check = place.run(&["store", "check", "--store", "s.db"], 1);
    assert!(format!("{}{}", check.stdout, check.stderr).contains("named_end"), "{}", check.stdout);
}

#[test]
fn a_history_tells_how_many_more_there_are() {
    let place = hours();
    for n in 0..103 {
        let at = format!("d{n:03}.com_2026_03_01_080000_090000");
        let log = |bytes| line("1/Mar/2026:08:30:00 +0800", &format!("d{n:03}.com"), bytes);
        place.write(&format!("logs/{at}"), log(1));
        place.write(&format!("logs/again/{at}"), log(2));
    }
    configure(&place, "");
    let waits = run(&place, &["--json"], 0).json();
    assert_eq!(
        (&waits["tasks"][0]["state"], waits["overlaps"].as_array().unwrap().len()),
        (&json!("waits"), 103)
    );
    let history = |more: &[&str]| place.run(&[&["history", "flowbook.toml", "-n", "1"], more].concat(), 0);
    let told = history(&[]).stdout;
    assert!(told.contains("  overlap    3 more\n") && !told.contains(" and  "), "{told}");
    let kept = history(&["--json"]).json();
    assert_eq!(kept["ticks"][0]["overlaps"][100], "3 more");
    // What was not told of the task was not made up.
    assert_eq!(kept["ticks"][0]["tasks"][0].get("overlaps"), None);
}

#[test]
#[cfg(unix)]
fn a_command_to_be_pasted_names_the_store_as_a_shell_reads_it() {
    let place = hours();
    merge(&place);
    configure(&place, "overlaps = \"refuse\"\n");
    let text = std::fs::read_to_string(place.path("flowbook.toml")).unwrap();
    place.write("flowbook.toml", text.replace("s.db", "it's mine.db"));
    let done = run(&place, &[], 3);
    done.says(&["flowbook task run 1 --store 'it'\\''s mine.db' --force makes it anyway"]);
    place
        .run(&["task", "run", "1", "--store", "it's mine.db"], 3)
        .says(&["flowbook task run 1 --store 'it'\\''s mine.db' --force makes it anyway"]);
}
