//! What somebody runs into who uses flowbook for the first time: each message says what is wrong and what to do.

use super::book::Book;
use super::harness::{Place, gzip, line};
use serde_json::json;

/// Logs of the first three hours of 1 March 2026, UTC, of a domain.
fn hours(place: &Place, domain: &str) {
    for hour in 8..11 {
        let name = format!("logs/{domain}_2026_03_01_{hour:02}0000_{:02}0000.gz", hour + 1);
        let lines: String =
            (0..9).map(|n| line(&format!("1/Mar/2026:{hour:02}:{n:02}:00 +0800"), domain, 1000)).collect();
        place.write(&name, gzip(lines.as_bytes()));
    }
}

fn place() -> Place {
    let place = Place::new();
    hours(&place, "www.example.com");
    place
}

#[test]
fn a_workbook_of_nothing_is_no_success() {
    let place = place();
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    for from in [&["logs"][..], &["--store", "s.db"]] {
        // A misspelt name.
        let done = place.export(&[from, &["--domain-names", "ww.exmaple.com", "--force"]].concat(), 3);
        done.says(&["every figure is zero: no line is in this export", "requested: ww.exmaple.com"]);
        // A range without any log.
        let times = ["--range", "2026-05-01", "--type", "flow", "-o", "out.xlsx", "--force"];
        let done = place.run(&[&["export"], from, &times[..]].concat(), 3);
        done.says(&["every figure is zero: no line is in this export"]);
        // Where no domain is known, all hours lack a log.
        let quality = Book::open(&place.path("out.xlsx")).rows("Data Quality");
        let at = quality.iter().position(|row| row[0].starts_with("Hours Without a Log")).unwrap();
        assert_eq!(
            (quality[at + 1][0].as_str(), quality[at + 1][3].as_str()),
            ("All domains of the account", "24")
        );
    }
    // A folder that is not there.
    let done = place.export(&["nowhere", "--keep-going", "--force"], 3);
    done.says(&["nowhere: ", "every figure is zero: nothing was read"]);
    place.run(
        &["task", "create", "--store", "s.db", "--type", "flow", "--range", "2026-05-01", "-o", "t.xlsx"],
        0,
    );
    let done = place.run(&["task", "run", "--store", "s.db"], 3);
    done.says(&["task 3: every figure is zero: the store has no line for its domains and range"]);
    place.write("list.csv", "type,range,output\nflow,2026-05-01,l.xlsx\n");
    place
        .run(&["export", "--tasks", "list.csv", "--store", "s.db"], 3)
        .says(&["line 2: every figure is zero"]);
    // That nobody asked for anything is known where there is a log.
    place.write("logs/idle.com_2026_03_01_080000_090000", "x\n".repeat(3));
    place.export(&["logs", "--domain-names", "idle.com", "--max-rejects", "100%", "--force"], 0);
}

#[test]
fn nobody_is_told_to_keep_going_without_a_readable_part() {
    let place = place();
    for logs in [&["nowhere"][..], &["logs", "nowhere/*.gz"]] {
        let done = place.export(logs, 1);
        assert!(!done.stderr.contains("--keep-going"), "{}", done.stderr);
    }
    place.write("logs/cut.gz", &gzip(b"x".repeat(99).as_slice())[..20]);
    place.export(&["logs"], 1).says(&["--keep-going"]);
}

#[test]
fn missing_hours_are_named_with_the_zone() {
    let place = place();
    place.export(&["logs"], 0).says(&[
        "the logs do not cover the range (its time zone is UTC+00:00): hours with a log: 3 of 24",
        "www.example.com has 3 of 24, none from 2026-03-01T03:00:00Z to 2026-03-02T00:00:00Z",
    ]);
}

#[test]
fn a_domain_that_cannot_choose_is_refused() {
    let place = place();
    hours(&place, "other.com");
    place.write("list.csv", "type,range\nflow,2026-03-01\n");
    let list = ["export", "logs", "--tasks", "list.csv", "--output", "out/", "--domain", "www.example.com"];
    place.run(&list, 2).says(&["to choose domains give --domain-names"]);
    for from in [&["logs"][..], &["logs", "--store", "s.db"]] {
        let done = place.export(&[from, &["--domain", "www.example.com"]].concat(), 2);
        done.says(&["--domain has no effect", "to choose domains give --domain-names"]);
    }
    assert!(!place.exists("out.xlsx"));
    // Whose name names none may need it.
    place.write("logs/access.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 1).replace("http://a.com", ""));
    place.export(&["logs", "--domain", "a.com"], 0);
}

#[test]
fn coverage_says_at_its_end_whether_anything_is_missing() {
    let place = place();
    hours(&place, "b.com");
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    let coverage =
        |more: &[&str], code| place.run(&[&["store", "coverage", "--store", "s.db"], more].concat(), code);
    let whole = coverage(&[], 0);
    assert!(
        whole.stdout.ends_with("\nnothing is missing: every domain (2) has a log in every hour\n"),
        "{}",
        whole.stdout
    );
    // All came late, which is how it is with the first ingest of old logs.
    assert_eq!(whole.stdout.matches("_2026_03_01_").count(), 5, "{}", whole.stdout);
    assert!(whole.stdout.contains("... and 1 more; --json lists all"), "{}", whole.stdout);
    assert_eq!(coverage(&["--json"], 0).json()["late_arrivals"].as_array().unwrap().len(), 6);
    // The ranges of an export.
    let span = |more: &[&str]| {
        let json = coverage(&[more, &["--json"]].concat(), 3).json();
        format!("{} {}", json["from"].as_str().unwrap(), json["until"].as_str().unwrap())
    };
    let march = "2026-02-28T16:00:00Z 2026-03-31T16:00:00Z";
    assert_eq!(span(&["--month", "2026-03", "--time-zone", "+08:00"]), march);
    assert_eq!(span(&["--range", "2026-03-01/2026-03-31", "--time-zone", "Asia/Shanghai"]), march);
    let mut command = place.command();
    command.env("FLOWBOOK_TIME_ZONE", "+08:00");
    let output = command.args(["store", "coverage", "--store", "s.db", "--json"]);
    let output = output.args(["--start-time", "2026-03-01", "--end-time", "2026-03-31"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["from"], &json["until"]),
        (&json!("2026-02-28T16:00:00Z"), &json!("2026-03-31T16:00:00Z"))
    );
    coverage(&["--month", "2026-13"], 2).says(&["--month is \"2026-13\""]);
    coverage(&["--range", "yesterdy"], 2).says(&["did you mean \"yesterday\"?"]);
    coverage(&["--time-zone", "China", "--month", "2026-03"], 2).says(&["did you mean \"Asia/Shanghai\"?"]);
    // Its domains.
    coverage(&["--domain-names", "ww.example.com"], 3).says(&[
        "no log of ww.example.com is known; did you mean www.example.com?",
        "incomplete: ww.example.com has no log",
    ]);
    place.write("account.toml", "[groups]\nshop = [\"b.com\"]\n");
    let shop = coverage(&["--config", "account.toml", "--group", "shop", "--json"], 0).json();
    assert_eq!(shop["domains"].as_array().unwrap().len(), 1);
    coverage(&["--config", "account.toml", "--group", "shp"], 2).says(&["did you mean \"shop\"?"]);
}

#[test]
fn a_tick_with_a_fault_has_something_to_do() {
    let place = place();
    let text = "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n";
    place.write("flowbook.toml", text);
    place.run(&["run", "flowbook.toml"], 0);
    place.write("logs/bad.gz", &gzip(b"x".repeat(99).as_slice())[..20]);
    place.run(&["run", "flowbook.toml"], 3);
    let done = place.run(&["run", "flowbook.toml"], 3);
    assert!(!done.stdout.contains("nothing to do"), "{}", done.stdout);
    assert_eq!(place.run(&["run", "flowbook.toml", "--json"], 3).json()["nothing_to_do"], false);
}

#[test]
fn what_is_refused_for_its_rejected_lines_has_the_keys_of_a_failure() {
    let place = place();
    place.write("logs/odd.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 1).repeat(3) + &"x\n".repeat(2));
    let range = ["--range", "2026-03-01", "--type", "flow", "-o", "out.xlsx", "--max-rejects", "0", "--json"];
    place.write(
        "flowbook.toml",
        "[store]\npath = \"r.db\"\n[ingest]\nmax_rejects = 0\n[[source]]\npaths = [\"logs\"]\n",
    );
    for arguments in [
        &[&["export", "logs"][..], &range].concat()[..],
        &[&["export", "logs", "--store", "s.db"][..], &range].concat(),
        &["ingest", "logs", "--store", "s.db", "--max-rejects", "0", "--json"],
        &["run", "flowbook.toml", "--json"],
    ] {
        let json = place.run(arguments, 3).json();
        assert_eq!(
            (&json["Code"], &json["Message"]),
            (&json!("InternalError"), &json!("The job failed.")),
            "{json}"
        );
        assert!(json["RequestId"].is_string() && json["Recommend"] == json["error"], "{json}");
    }
}

#[test]
fn stale_tasks_are_named_where_none_is_run() {
    let place = place();
    place.run(
        &["export", "--store", "s.db", "logs", "--type", "flow", "--range", "2026-03-01", "-o", "d.xlsx"],
        0,
    );
    let run = |code| place.run(&["task", "run", "--store", "s.db"], code);
    assert_eq!(run(0).stderr, "");
    hours(&place, "new.com");
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    run(0).says(&["1 task is stale; --refresh makes workbooks"]);
    // The start stands before the end.
    let shown = place.run(&["task", "show", "1", "--store", "s.db"], 0).stdout;
    assert!(shown.find("StartTime").unwrap() < shown.find("EndTime").unwrap(), "{shown}");
    assert!(shown.contains(" slices, ") && !shown.contains("window"), "{shown}");
}

/// What `task run` makes is what `export` makes, so that it says the same of it.
#[test]
fn a_task_says_what_its_workbook_lacks_each_time_it_is_run() {
    let place = place();
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    let create = |more: &[&str]| {
        let task = ["task", "create", "--store", "s.db", "--type", "flow", "--range", "2026-03-01"];
        place.run(&[&task, more].concat(), 0)
    };
    assert_eq!(create(&["-o", "day.xlsx"]).stderr, "");
    assert_eq!(create(&["-o", "www.xlsx", "--domain-names", "*.example.com,www.example.com"]).stderr, "");
    create(&["-o", "typo.xlsx", "--domain-names", "ww.exmaple.com,quite.another.net"])
        .says(&["task 3: no log of ww.exmaple.com is known; did you mean www.example.com?"]);
    for ids in [&[][..], &["1", "2", "3"], &["3", "2", "1"]] {
        let done = place.run(&[&["task", "run", "--store", "s.db", "-q"], ids].concat(), 3);
        done.says(&[
            "task 1: the logs do not cover the range (its time zone is UTC+00:00): hours with a log: 3 of 24",
            "task 2: the logs do not cover the range",
            "www.example.com has 3 of 24, none from 2026-03-01T03:00:00Z to 2026-03-02T00:00:00Z",
            "task 3: every figure is zero: the store has no line for its domains and range",
            "ww.exmaple.com (did you mean www.example.com?)",
        ]);
        assert!(!done.stderr.contains("waits"), "{}", done.stderr);
    }
    place.run(&["task", "run", "--store", "s.db", "-q", "1"], 0);
    // What has lines is not made again without one for the domains of another task.
    std::fs::remove_file(place.path("day.xlsx")).unwrap();
    create(&["-o", "day.xlsx", "--domain-names", "quite.another.net"]);
    place.run(&["task", "run", "--store", "s.db"], 3).says(&["task 4 waits: the store has no line"]);
    assert!(!place.exists("day.xlsx"));
}

#[test]
fn who_names_a_parent_domain_is_told_of_its_wildcard() {
    let place = place();
    place
        .export(&["logs", "--domain-names", "example.com", "--force"], 3)
        .says(&["requested: example.com (did you mean *.example.com?)"]);
    for names in ["www.example.com;a.com", "www.example.com a.com"] {
        let done = place.export(&["logs", "--domain-names", names, "--force"], 2);
        done.says(&["separate domains with commas"]);
    }
}

#[test]
fn of_an_archive_there_is_no_readable_part() {
    let place = place();
    let mut tar = vec![0; 1024];
    tar[..5].copy_from_slice(b"a.log");
    tar[257..262].copy_from_slice(b"ustar");
    for content in [tar.clone(), gzip(&tar)] {
        place.write("logs/all.tar", content);
        let done = place.export(&["logs"], 1);
        done.says(&["is a tar archive", "unpack it first"]);
        assert!(!done.stderr.contains("--keep-going"), "{}", done.stderr);
    }
}

#[test]
fn a_history_shows_the_lines_of_a_message_as_lines() {
    let place = place();
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    place.write("logs/odd.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 1).repeat(3) + &"x\n".repeat(2));
    place.write(
        "flowbook.toml",
        "[store]\npath = \"s.db\"\n[ingest]\nmax_rejects = 0\n[[source]]\npaths = [\"logs\"]\n",
    );
    place.run(&["run", "flowbook.toml"], 3);
    let history = place.run(&["history", "flowbook.toml"], 0).stdout;
    assert!(!history.contains("\\n") && history.contains("\n               "), "{history}");
}

/// Where waiting has ended and nothing came, Data Quality lists the whole range.
#[test]
fn a_workbook_without_a_domain_lists_all_hours() {
    let place = place();
    place.write(
        "flowbook.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\n\
         range = \"2026-03-05/2026-03-05\"\noutput = \"day.xlsx\"\nrequire_complete = true\nwait_at_most = \"1s\"\n",
    );
    hours(&place, "b.com");
    let done = place.run(&["run", "flowbook.toml", "-q"], 3);
    done.says(&["made incomplete", "www.example.com has no log from", "b.com has no log from"]);
    let quality = Book::open(&place.path("day.xlsx")).rows("Data Quality");
    let at = quality.iter().position(|row| row[0].starts_with("Hours Without a Log")).unwrap();
    assert_eq!(
        (quality[at + 1][0].as_str(), quality[at + 1][3].as_str()),
        ("All domains of the account", "24")
    );
}
