//! What `-v` tells: phases and, where a command names every log, logs; nothing without it, and of an export no more than
//! its other messages.

use super::harness::{Place, line};

fn place() -> Place {
    let place = Place::new();
    for (domain, hour) in [("a.com", 0), ("a.com", 1), ("b.com", 0)] {
        let name = format!("logs/{domain}_2026_03_01_0{hour}0000_0{}0000.log", hour + 1);
        // The names tell hours of UTC+8.
        place.write(&name, line(&format!("28/Feb/2026:1{}:02:03 +0000", 6 + hour), domain, 5));
    }
    place.write("logs/earlier.xlsx", "");
    place.write(
        "flowbook.toml",
        "[store]\npath = \"run.db\"\n[[source]]\npaths = \"logs/*.log\"\n[[task]]\nname = \"day\"\ntype = \"flow\"\nrange = \
         \"2026-02-28\"\noutput = \"{name}.xlsx\"\n",
    );
    place
}

const DAY: [&str; 5] = ["--type", "flow", "--range", "2026-02-28", "--force"];

#[test]
fn ingest_tells_phases_and_logs() {
    let place = place();
    place.write("logs/old/c.log", "no log\n");
    let ingest = ["ingest", "logs", "--exclude", "old", "--store", "usage.db"];
    let quiet = place.run(&[&ingest[..], &["--dry-run"]].concat(), 0);
    assert_eq!(quiet.stderr, "");
    let phases = place.run(&[&ingest[..], &["-v", "--dry-run"]].concat(), 0);
    phases.says(&[
        " s: found 3 logs; --include and --exclude left out 1 files and folders",
        "store locked for writing",
        " s: reading logs into the store: ",
        " s: logs by result: 3 added",
    ]);
    assert!(!phases.stderr.contains("a.com_2026"), "{}", phases.stderr);
    // What the table tells is the same.
    assert_eq!(phases.stdout, quiet.stdout);
    let logs = place.run(&[&ingest[..], &["-vv"]].concat(), 0);
    logs.says(&[
        "logs/old: left out: an --exclude matches it",
        "logs/earlier.xlsx: left out: it is a result of flowbook",
        "logs/a.com_2026_03_01_000000_010000.log: opened; compression plain, format alibaba",
        "logs/a.com_2026_03_01_000000_010000.log: was read; lines 1, rejected 0",
        "logs/b.com_2026_03_01_000000_010000.log: added",
        " s: writing the store: ",
    ]);
    assert!(logs.stderr.lines().all(|line| line.starts_with("flowbook: ")), "{}", logs.stderr);
    place.run(&[&ingest[..], &["-v"]].concat(), 0).says(&["logs by result: 3 known"]);
}

#[test]
fn an_export_tells_phases_and_names_no_log() {
    let place = place();
    let of_a = ["--domain-names", "a.com", "-vv"];
    let direct = place.run(&[&["export", "logs", "-o", "a.xlsx"], &of_a[..], &DAY].concat(), 0);
    direct.says(&[
        " s: found 3 logs",
        " s: 2 logs to read; not opened by their names: 0 of other hours, 1 of other domains",
        " s: reading logs: ",
        " s: making the file: ",
        "a.xlsx: 288 rows of Detail on 1 sheets",
    ]);
    let stored = ["export", "logs", "--store", "usage.db", "-o", "b.xlsx"];
    let stored = place.run(&[&stored[..], &of_a, &DAY].concat(), 0);
    stored.says(&["usage.db: store locked for writing", "usage.db: store opened to read, generation 1"]);
    for done in [direct, stored] {
        assert!(!done.stderr.contains("b.com"), "{}", done.stderr);
        assert!(!done.stderr.contains("_2026_03_01_"), "{}", done.stderr);
    }
}

#[test]
fn a_tick_and_its_tasks_tell_phases() {
    let place = place();
    let tick = place.run(&["run", "flowbook.toml", "-v"], 0);
    tick.says(&[
        " s: finding logs: ",
        " s: 3 logs to look at, 0 too young",
        " s: making workbooks: ",
        "day.xlsx: ",
    ]);
    let create = ["task", "create", "--store", "run.db", "-o", "t.xlsx"];
    place.run(&[&create[..], &DAY[..4]].concat(), 0);
    place
        .run(&["task", "run", "--store", "run.db", "-v"], 0)
        .says(&["store opened to read", "making the file: "]);
}

#[cfg(unix)]
#[test]
fn nothing_of_an_event_acts_on_a_terminal() {
    let place = place();
    place.write("logs/x\u{1b}[31m\n.log", "no log\n");
    let done =
        place.run(&["ingest", "logs", "--store", "u.db", "-vv", "--keep-going", "--max-rejects", "100%"], 0);
    assert!(
        !done.stderr.contains('\u{1b}') && done.stderr.contains("x\\u{1b}[31m\\n.log"),
        "{}",
        done.stderr
    );
    assert!(
        done.stderr.lines().all(|line| line.starts_with("flowbook: ") || line.starts_with("  ")),
        "{}",
        done.stderr
    );
}
