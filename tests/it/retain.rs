//! Old usage let go: the file shrinks, workbooks and tasks stay as they are, and nothing comes back in.

use super::clocks::{log_time, now};
use super::harness::{Place, line};
use super::kept::usage_of;
use std::fs;

/// Two days of a domain, an hour a file, and a log whose name tells nothing that holds lines of both.
fn store() -> Place {
    let place = Place::new();
    for (day, hour) in [(1, 10), (1, 11), (2, 10), (2, 11)] {
        let text = line(&format!("{day}/Mar/2026:{hour}:10:00 +0000"), "a.com", 1000).repeat(9);
        let bad = text.lines().next().unwrap().replace('[', "{");
        let name = format!("logs/a.com_2026_03_0{day}_{hour}0000_{}0000.log", hour + 1);
        place.write(&name, format!("{text}{bad}\n"));
    }
    let both = line("1/Mar/2026:10:20:00 +0000", "b.com", 7) + &line("2/Mar/2026:10:20:00 +0000", "b.com", 8);
    place.write("logs/both.log", both);
    place.run(&["ingest", "logs", "--store", "usage.db", "--max-rejects", "20%"], 0);
    place
}

fn export(place: &Place, day: u32, output: &str, code: i32) -> super::harness::Done {
    let start = format!("2026-03-0{day}T00:00:00Z");
    let end = format!("2026-03-0{}T00:00:00Z", day + 1);
    let range =
        ["export", "--start-time", &start, "--end-time", &end, "--type", "flow", "--domain-names", "a.com"];
    place.run(
        &[&range[..], &["--store", "usage.db", "-o", output, "--max-rejects", "20%", "--force"]].concat(),
        code,
    )
}

fn tasks(place: &Place) -> String {
    place.run(&["task", "list", "--store", "usage.db"], 0).stdout
}

#[test]
fn usage_is_let_go_and_nothing_wakes_up() {
    let place = store();
    export(&place, 1, "first.xlsx", 0);
    export(&place, 2, "second.xlsx", 0);
    let (before, books) = (usage_of(&place.path("usage.db")), ["first.xlsx", "second.xlsx"]);
    let bytes = books.map(|name| fs::read(place.path(name)).unwrap());
    let known = tasks(&place);
    let forget = ["store", "forget", "--before", "2026-03-02", "--store", "usage.db"];
    let dry = place.run(&[&forget[..], &["--dry-run", "--json"]].concat(), 0).json();
    assert_eq!(
        (dry["cells"].as_u64(), dry["requests"].as_u64(), dry["samples"].as_u64()),
        (Some(3), Some(19), Some(2))
    );
    assert_eq!(usage_of(&place.path("usage.db")), before);
    let done = place.run(&[&forget[..], &["--json"]].concat(), 0).json();
    assert_eq!(
        (&done["cells"], &done["requests"], &done["kept_from"]),
        (&dry["cells"], &dry["requests"], &dry["kept_from"])
    );
    let kept: Vec<_> = before.iter().filter(|row| row.2 >= 1_772_409_600).cloned().collect();
    assert_eq!((usage_of(&place.path("usage.db")), kept.len()), (kept, 3));
    place.run(&["store", "check", "--store", "usage.db"], 0);
    // Neither workbooks nor tasks are touched, and what is left gives the same workbook but for sources elsewhere.
    assert_eq!(books.map(|name| fs::read(place.path(name)).unwrap()), bytes);
    assert_eq!(tasks(&place), known);
    export(&place, 2, "second.xlsx", 0);
    assert!(fs::read(place.path("second.xlsx")).unwrap() == bytes[1]);
    // A bill of zeros does not go out.
    export(&place, 1, "first.xlsx", 2).says(&["was removed", "2026-03-02T00:00:00Z"]);
    assert!(fs::read(place.path("first.xlsx")).unwrap() == bytes[0]);
    // Nor by --force, which is not advised, then.
    let forced = place.run(&["task", "run", "1", "--force", "--store", "usage.db"], 3);
    forced.says(&["task 1 waits: ", "was removed", "the present workbook is kept"]);
    assert!(!forced.stderr.contains("makes it anyway"), "{}", forced.stderr);
    assert!(fs::read(place.path("first.xlsx")).unwrap() == bytes[0]);
}

#[test]
fn what_was_let_go_does_not_come_back() {
    let place = store();
    place.run(&["store", "forget", "--before", "2026-03-02T00:00:00Z", "--store", "usage.db"], 0);
    let kept = usage_of(&place.path("usage.db"));
    for more in [&[][..], &["--verify"]] {
        let done =
            place.run(&[&["ingest", "logs", "--store", "usage.db", "--json"], more].concat(), 0).json();
        assert_eq!(done["sources"]["known"], 5, "{more:?}");
        assert_eq!(usage_of(&place.path("usage.db")), kept);
    }
    // Nor does an old log that comes now, or one that is read anew.
    place.write("logs/old.log", line("1/Mar/2026:10:30:00 +0000", "c.com", 5));
    let hour = "logs/a.com_2026_03_01_100000_110000.log";
    place.write(hour, line("1/Mar/2026:10:20:00 +0000", "a.com", 9));
    let done = place.run(&["ingest", "logs", "--store", "usage.db", "--json"], 0).json();
    assert_eq!((&done["sources"]["added"], &done["sources"]["replaced"]), (&1.into(), &1.into()), "{done}");
    assert_eq!(done["not_kept"], serde_json::json!({"lines": 2, "before": "2026-03-02T00:00:00Z"}));
    let info = place.run(&["store", "info", "--store", "usage.db", "--json"], 0).json();
    assert_eq!(info["kept_from"], "2026-03-02T00:00:00Z");
    let refused = place.run(&["store", "forget", "--before", "2999-01-01", "--store", "usage.db"], 2);
    assert!(refused.stderr.contains("is in the future"), "{}", refused.stderr);
    assert_eq!(usage_of(&place.path("usage.db")), kept);
    place.run(&["store", "check", "--store", "usage.db"], 0);
}

#[test]
fn ticks_let_go_once_a_day_and_the_file_shrinks() {
    let place = store();
    let mut many = String::new();
    for minute in 0..60 {
        (0..300).for_each(|n| {
            many += &line(&format!("1/Mar/2026:12:{minute:02}:00 +0000"), &format!("m{n}.com"), n);
        });
    }
    place.write("logs/many.log", many);
    // Days count back from the newest usage.
    place.write("logs/new.log", line(&log_time(now() - 3600), "new.com", 1));
    place.write("flowbook.toml", "[store]\npath = \"usage.db\"\nkeep_days = 1\n[[source]]\npaths = \"logs\"\n[ingest]\nmax_rejects = \"20%\"\n");
    // Without tasks, all that a tick does is to take in and to let go: 1 March 2026 lies behind.
    let first = place.run(&["run", "flowbook.toml", "--json"], 0).json();
    assert!(first["let_go"]["cells"].as_u64() > Some(3600), "{first}");
    assert!(first["let_go"]["bytes_after"].as_u64() < first["let_go"]["bytes_before"].as_u64(), "{first}");
    assert_eq!(usage_of(&place.path("usage.db")).len(), 1);
    let second = place.run(&["run", "flowbook.toml", "--json"], 0).json();
    assert!(second.get("let_go").is_none(), "{second}");
}

#[test]
fn usage_that_a_task_still_has_to_export_is_not_let_go() {
    let place = Place::new();
    let config = |days: u32, task: &str| {
        let store = format!("[store]\npath = \"usage.db\"\nkeep_days = {days}\n");
        place.write("flowbook.toml", format!("{store}[[task]]\nname = \"bill\"\ntype = \"flow\"\n{task}\n"));
    };
    let zone = "time_zone = \"Asia/Shanghai\"\n";
    for (task, needed) in [
        ("range = \"last-month\"", 31),
        (&format!("range = \"last-month\"\n{zone}"), 31),
        ("range = \"last-month\"\nsettle = \"48h\"", 33),
        ("range = \"last-7-days\"\nwait_at_most = \"3d\"", 10),
        ("range = \"this-month\"", 30),
        ("range = \"2026-02-01/2026-02-20\"", 20),
        ("range = \"yesterday\"\nsettle = \"36h\"", 2),
    ] {
        config(needed - 1, task);
        let (days, enough) =
            (format!("keep_days is {}", needed - 1), format!("give keep_days = {needed} or more"));
        place.run(&["run", "flowbook.toml"], 2).says(&[&days, "[[task]] \"bill\"", "range = ", &enough]);
        assert!(!place.exists("usage.db"));
        config(needed, task);
        place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    }
}
