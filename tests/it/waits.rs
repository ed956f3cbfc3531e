//! `require_complete`: no workbook with an hour missing, and none that is replaced by one that has less.

use super::book::Book;
use super::harness::{Done, Place, gzip, line, repository};
use serde_json::Value;
use std::fs;

/// The log of an hour of 1 March 2026, UTC, of a domain: ten lines of 1000 bytes each.
fn log(domain: &str, hour: u32) -> String {
    let (day, local) = local(hour);
    (0..10).map(|n| line(&format!("{day}/Mar/2026:{local:02}:{n:02}:00 +0800"), domain, 1000)).collect()
}

/// Day and hour in the zone of the files.
fn local(hour: u32) -> (u32, u32) {
    (1 + (hour + 8) / 24, (hour + 8) % 24)
}

fn name(domain: &str, hour: u32) -> String {
    let (day, from) = local(hour);
    format!("logs/{domain}_2026_03_{day:02}_{from:02}0000_{:02}0000.gz", (from + 1) % 24)
}

fn deliver(place: &Place, domain: &str, hours: std::ops::Range<u32>) {
    for hour in hours {
        place.write(&name(domain, hour), gzip(log(domain, hour).as_bytes()));
    }
}

fn configure(place: &Place, task: &str, more: &str) {
    let text = format!(
        "[store]\npath = \"usage.db\"\nlock_timeout = \"1s\"\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n{more}\n\
         [[task]]\nname = \"day\"\ntype = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-03-02T00:00:00Z\"\n\
         output = \"{{name}}.xlsx\"\n{task}\n"
    );
    place.write("flowbook.toml", text);
}

fn tick(place: &Place, code: i32) -> (Value, Done) {
    let done = place.run(&["run", "flowbook.toml", "--json"], code);
    assert_eq!(done.stdout.lines().count(), 1, "one line");
    (done.json(), done)
}

fn state(json: &Value) -> &str {
    json["tasks"][0]["state"].as_str().unwrap()
}

fn reason(json: &Value) -> &str {
    json["tasks"][0]["reason"].as_str().unwrap_or_default()
}

fn traffic(place: &Place) -> u64 {
    Book::open(&place.path("out/day.xlsx")).detail().iter().map(|row| row[3].parse::<u64>().unwrap()).sum()
}

/// What may become of a file on its way: nothing arrives, or something that is not the log.
fn wrong_deliveries() -> Vec<(&'static str, Option<Vec<u8>>)> {
    let good = log("a.com", 7);
    let whole = gzip(good.as_bytes());
    let trouble = |folder: &str, hour: &str| {
        let name = format!("data/troubles/{folder}/www.example.com_2026_03_01_{hour}.gz");
        fs::read(repository().join(name)).unwrap()
    };
    let foreign = "10.0.0.1 [01/Mar/2026:15:00:00 +0800] \"GET / HTTP/1.1\" 200 5\n".repeat(10);
    vec![
        ("absent", None),
        ("0 bytes", Some(Vec::new())),
        ("gzip of nothing", Some(gzip(b""))),
        ("an XML error page", Some(trouble("03b-hour-10-is-an-xml-error-page", "100000_110000"))),
        ("gzip of gzip", Some(gzip(&whole))),
        ("xz", Some(trouble("03c-hour-10-is-xz", "100000_110000"))),
        ("truncated", Some(whole[..whole.len() - 9].to_vec())),
        ("lines of another format", Some(gzip(foreign.as_bytes()))),
    ]
}

#[test]
fn a_day_waits_for_a_file_that_did_not_come_right_and_is_made_when_it_does() {
    let file = name("a.com", 7);
    let short = file.rsplit('/').next().unwrap();
    for (what, content) in wrong_deliveries() {
        let place = Place::new();
        deliver(&place, "a.com", 0..7);
        deliver(&place, "a.com", 8..24);
        configure(&place, "require_complete = true", "");
        let is_faulty = content.as_ref().is_some_and(|bytes| !bytes.is_empty() && *bytes != gzip(b""));
        let is_absent = content.is_none();
        if let Some(content) = content {
            place.write(&file, content);
        }
        // What is read through both layers is the log itself.
        if what == "gzip of gzip" {
            assert_eq!((state(&tick(&place, 0).0), traffic(&place)), ("made", 240_000));
            continue;
        }
        for _ in 0..2 {
            let (json, done) = tick(&place, if is_faulty { 3 } else { 0 });
            assert_eq!(state(&json), "waits", "{what}: {json}");
            assert!(!place.exists("out/day.xlsx"), "{what}");
            let named = if is_absent { "a.com has no log from 2026-03-01T07:00:00Z" } else { short };
            assert!(reason(&json).contains(named), "{what}: {json}");
            if is_faulty {
                done.says(&[short]);
            }
        }
        deliver(&place, "a.com", 7..8);
        let (json, _) = tick(&place, 0);
        assert_eq!((state(&json), traffic(&place)), ("made", 240_000), "{what}: {json}");
        // It was never made before, so that it is not made again.
        assert_eq!(reason(&json), "new", "{what}: {json}");
        assert_eq!(json["tasks"][0]["completeness"]["domain_hours_with_log"], 24, "{what}: {json}");
    }
}

/// Takes a day in, makes its workbook, and gives its bytes.
fn made(task: &str) -> (Place, Vec<u8>) {
    let place = Place::new();
    deliver(&place, "a.com", 0..24);
    deliver(&place, "b.com", 0..24);
    configure(&place, task, "");
    assert_eq!(state(&tick(&place, 0).0), "made");
    let bytes = fs::read(place.path("out/day.xlsx")).unwrap();
    (place, bytes)
}

#[test]
fn a_workbook_is_not_replaced_by_one_that_has_less() {
    let whole = "require_complete = true\nwait_at_most = \"72h\"";
    for (lost, says) in [
        ("logs/a.com_2026_03_01_0[89]0000*", "a.com has 22 hours with a log, 24 when the workbook was made"),
        ("logs/b.com*", "b.com has 0 hours with a log, 24 when the workbook was made"),
        ("*", "a.com has 0 hours with a log"),
    ] {
        let (place, before) = made(whole);
        let files = fs::read_dir(place.path("logs")).unwrap().map(|e| e.unwrap().path());
        let files: Vec<_> = files.map(|path| (fs::read(&path).unwrap(), path)).collect();
        fs::remove_dir_all(place.path("logs")).unwrap();
        fs::create_dir(place.path("logs")).unwrap();
        place.run(&["store", "forget", lost, "--store", "usage.db"], 0);
        let (json, done) = tick(&place, 0);
        assert_eq!(state(&json), "waits", "{lost}: {json}");
        done.says(&["task day: waits", says, "is kept"]);
        // No other command does it, either.
        let export = ["export", "--refresh", "--store", "usage.db"];
        for command in [
            &export[..],
            &["task", "run", "--refresh", "--store", "usage.db"],
            &["task", "run", "1", "--store", "usage.db"],
        ] {
            place.run(command, 3).says(&["task 1 waits", says]);
        }
        // What is asked for by other words is the same workbook.
        let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
        place.write("flowbook.toml", text.clone() + "traffic_factor = \"1.5\"\n");
        let (json, _) = tick(&place, 0);
        assert_eq!(state(&json), "waits", "{lost}: {json}");
        place.write("flowbook.toml", text);
        assert!(fs::read(place.path("out/day.xlsx")).unwrap() == before, "{lost}");
        // It comes back: the workbook is as it was.
        for (content, path) in files {
            fs::write(path, content).unwrap();
        }
        tick(&place, 0);
        assert_eq!(traffic(&place), 480_000, "{lost}");
        assert_eq!(state(&tick(&place, 0).0), "up_to_date", "{lost}");
    }
}

#[test]
fn without_a_line_nothing_is_made_and_nothing_replaced() {
    let place = Place::new();
    fs::create_dir(place.path("logs")).unwrap();
    configure(&place, "", "");
    let (json, done) = tick(&place, 0);
    assert_eq!((state(&json), place.exists("out/day.xlsx")), ("waits", false));
    assert!(reason(&json).contains("no line"), "{json}");
    assert_eq!(json["unmatched_paths"].as_array().unwrap().len(), 1, "{json}");
    done.says(&["logs: no file was found"]);
    deliver(&place, "a.com", 0..24);
    assert_eq!(state(&tick(&place, 0).0), "made");
    let before = fs::read(place.path("out/day.xlsx")).unwrap();
    fs::remove_dir_all(place.path("logs")).unwrap();
    fs::create_dir(place.path("logs")).unwrap();
    place.run(&["store", "forget", "*", "--store", "usage.db"], 0);
    assert_eq!(state(&tick(&place, 0).0), "waits");
    place
        .run(&["task", "run", "--refresh", "--store", "usage.db"], 3)
        .says(&["a.com has 0 hours", "is kept"]);
    assert!(fs::read(place.path("out/day.xlsx")).unwrap() == before);
    // Who names the task and forces it has looked.
    place.run(&["task", "run", "1", "--force", "--store", "usage.db"], 3);
    assert_eq!(traffic(&place), 0);
}

#[test]
fn waiting_ends_after_so_long() {
    let place = Place::new();
    deliver(&place, "a.com", 0..20);
    // The day is long over.
    configure(&place, "require_complete = true\nwait_at_most = \"72h\"", "");
    let (json, done) = tick(&place, 3);
    assert_eq!((state(&json), traffic(&place)), ("made", 200_000));
    assert!(json["tasks"][0]["missing"].as_str().unwrap().contains("2026-03-01T20:00:00Z"), "{json}");
    done.says(&[
        "task day: made incomplete, as wait_at_most has passed: a.com has no log from 2026-03-01T20:00:00Z",
    ]);
    assert_eq!(state(&tick(&place, 0).0), "up_to_date");
    // What comes later makes it again, still incomplete, then whole.
    deliver(&place, "a.com", 20..22);
    assert_eq!((state(&tick(&place, 3).0), traffic(&place)), ("made", 220_000));
    deliver(&place, "a.com", 22..24);
    assert_eq!((state(&tick(&place, 0).0), traffic(&place)), ("made", 240_000));
    // In the history, all of that stands.
    let ticks = place.run(&["history", "flowbook.toml", "--json"], 0).json();
    let codes: Vec<u64> =
        ticks["ticks"].as_array().unwrap().iter().map(|tick| tick["exit_code"].as_u64().unwrap()).collect();
    assert_eq!(codes, [0, 3, 0, 3]);
}

#[test]
fn an_hour_without_a_request_may_be_quiet() {
    let place = Place::new();
    deliver(&place, "a.com", 0..23);
    deliver(&place, "b.com", 5..9);
    configure(&place, "require_complete = true\nquiet = [\"b.com\"]", "");
    let (json, _) = tick(&place, 0);
    // The last hour did not come at all: not from any domain.
    assert_eq!(state(&json), "waits");
    assert!(reason(&json).contains("b.com has no log from 2026-03-01T23:00:00Z"), "{json}");
    assert!(!reason(&json).contains("2026-03-01T09:00:00Z"), "{json}");
    deliver(&place, "a.com", 23..24);
    assert_eq!((state(&tick(&place, 0).0), traffic(&place)), ("made", 280_000));
    assert_eq!(state(&tick(&place, 0).0), "up_to_date");
}

/// A workbook that an export over the store made is judged as one that a task of the configuration made.
#[test]
fn what_an_export_made_is_known_with_its_hours() {
    let place = Place::new();
    deliver(&place, "a.com", 0..20);
    let export = ["export", "logs", "--store", "usage.db", "--type", "flow", "--output", "out/day.xlsx"];
    let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
    fs::create_dir(place.path("out")).unwrap();
    place.run(&[&export[..], &range].concat(), 0);
    configure(&place, "require_complete = true\nwait_at_most = \"72h\"", "");
    let tick = |code| place.run(&["run", "flowbook.toml", "--json", "--force"], code).json();
    // Fewer hours than it has take its place never, more do as long was waited for all.
    place.run(&["store", "forget", "logs/a.com_2026_03_01_080000*", "--store", "usage.db"], 0);
    fs::remove_file(place.path(&name("a.com", 0))).unwrap();
    let json = tick(0);
    assert_eq!(state(&json), "waits", "{json}");
    assert!(reason(&json).contains("a.com has 19 hours with a log, 20 when the workbook was made"), "{json}");
    deliver(&place, "a.com", 0..1);
    deliver(&place, "a.com", 20..22);
    assert_eq!((state(&tick(3)), traffic(&place)), ("made", 220_000));
}

const RANGE: [&str; 4] = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

/// A domain of which a day has nothing, but which is known, is missed by whoever asks for every hour of the day later,
/// whoever made the workbook first.
#[test]
fn a_domain_without_a_line_is_missed_whatever_made_the_first_workbook() {
    let whole = "require_complete = true\nwait_at_most = \"72h\"";
    for made_by in ["export", "task"] {
        let place = Place::new();
        deliver(&place, "a.com", 0..24);
        deliver(&place, "d.com", 30..31);
        fs::create_dir(place.path("out")).unwrap();
        if made_by == "export" {
            let export =
                ["export", "logs", "--store", "usage.db", "--type", "flow", "--output", "out/day.xlsx"];
            place.run(&[&export[..], &RANGE].concat(), 0);
            configure(&place, whole, "");
        } else {
            configure(&place, "", "");
            assert_eq!(state(&tick(&place, 0).0), "made");
            configure(&place, whole, "");
            // Its own workbook is made anew for a line more.
            place.write("logs/late.log", line("1/Mar/2026:11:00:00 +0800", "a.com", 1));
        }
        let json = place.run(&["run", "flowbook.toml", "--json", "--force"], 3).json();
        assert_eq!(state(&json), "made", "{made_by}: {json}");
        let missing = json["tasks"][0]["missing"].as_str().unwrap_or_default();
        assert!(missing.contains("d.com has no log from 2026-03-01T00:00:00Z"), "{made_by}: {json}");
    }
}

/// Of a workbook that was made of a day without any domain it is known that it has none.
#[test]
fn an_empty_workbook_is_replaced_when_it_was_waited_for_long_enough() {
    let place = Place::new();
    place.write("logs/none.log", "");
    fs::create_dir(place.path("out")).unwrap();
    let export = ["export", "logs", "--store", "usage.db", "--type", "flow", "--output", "out/day.xlsx"];
    place.run(&[&export[..], &RANGE].concat(), 3);
    deliver(&place, "a.com", 0..20);
    configure(&place, "require_complete = true\nwait_at_most = \"72h\"", "");
    let json = place.run(&["run", "flowbook.toml", "--json", "--force"], 3).json();
    assert_eq!((state(&json), traffic(&place)), ("made", 200_000), "{json}");
}

/// Hours that a quiet domain needs no log of are none that it has: without `quiet`, nothing has become less.
#[test]
fn hours_of_a_quiet_domain_are_not_lost_when_it_is_quiet_no_longer() {
    let place = Place::new();
    deliver(&place, "a.com", 0..24);
    deliver(&place, "b.com", 5..9);
    let whole = "require_complete = true\nwait_at_most = \"72h\"";
    configure(&place, &format!("{whole}\nquiet = [\"b.com\"]"), "");
    assert_eq!((state(&tick(&place, 0).0), traffic(&place)), ("made", 280_000));
    configure(&place, whole, "");
    deliver(&place, "b.com", 9..10);
    let (json, _) = tick(&place, 3);
    assert_eq!((state(&json), traffic(&place)), ("made", 290_000), "{json}");
}

/// Whatever is put down of a new workbook is put down at once: where a part of it cannot be, the task is as it was.
#[test]
fn a_task_is_never_told_half() {
    let place = Place::new();
    deliver(&place, "a.com", 0..20);
    configure(&place, "require_complete = true\nwait_at_most = \"72h\"", "");
    assert_eq!(state(&tick(&place, 3).0), "made");
    let before = told(&place);
    deliver(&place, "a.com", 20..22);
    for event in [
        "UPDATE OF status ON task WHEN new.status = 'success'",
        "INSERT ON task_hours",
        "UPDATE OF hours ON task",
    ] {
        sql(&place, &format!("CREATE TRIGGER stop BEFORE {event} BEGIN SELECT raise(ABORT, 'stopped'); END"));
        assert!(!place.run_any(&["run", "flowbook.toml"]), "{event}");
        assert_eq!(told(&place), before, "{event}");
        sql(&place, "DROP TRIGGER stop");
    }
    assert_eq!((state(&tick(&place, 3).0), traffic(&place)), ("made", 220_000));
    assert!(told(&place) != before);
}

fn sql(place: &Place, text: &str) {
    rusqlite::Connection::open(place.path("usage.db")).unwrap().execute_batch(text).unwrap();
}

/// What the store tells of the only task that has a workbook: its status, its hours and those of its domain.
fn told(place: &Place) -> (String, i64, i64) {
    let db = rusqlite::Connection::open(place.path("usage.db")).unwrap();
    let sql = "SELECT status, hours_with_log, task_hours.hours FROM task JOIN task_hours ON task = id";
    db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap()
}

/// The log of another domain tells an hour of a quiet one only where it is a delivery itself.
#[test]
fn an_hour_may_be_quiet_only_beside_one_that_was_delivered() {
    let task = "require_complete = true\nquiet = [\"a.com\"]\ndomain_names = [\"a.com\"]";
    let empty = "[ingest]\nempty_is_delivered = true";
    for (other, more, expected) in
        [("\n \n", "", "waits"), ("", "", "waits"), ("", empty, "made"), ("\n \n", empty, "made")]
    {
        let place = Place::new();
        deliver(&place, "a.com", 0..23);
        place.write(&name("other.com", 23), gzip(other.as_bytes()));
        configure(&place, task, more);
        let (json, _) = tick(&place, 0);
        assert_eq!(state(&json), expected, "{other:?} {more}: {json}");
    }
}

#[test]
fn a_range_that_is_not_covered_is_said() {
    let place = Place::new();
    deliver(&place, "a.com", 0..5);
    configure(&place, "", "");
    let (json, done) = tick(&place, 0);
    assert_eq!(state(&json), "made");
    done.says(&["is not covered", "hours with a log 5 of 24"]);
    let found = &json["tasks"][0]["completeness"];
    assert_eq!((&found["hours_with_log"], &found["hours"]), (&5.into(), &24.into()));
    assert_eq!(found["lacking"][0]["domain"], "a.com");
    let shown = place.run(&["task", "show", "1", "--store", "usage.db"], 0).stdout;
    assert!(shown.contains("5 of 24 (domain x hour: 5 of 24)"), "{shown}");
    let shown = place.run(&["task", "show", "1", "--store", "usage.db", "--json"], 0).json();
    assert_eq!(shown["Logged"]["HoursWithLog"], 5);
}

#[test]
fn a_faulty_file_that_is_gone_keeps_nothing_back_once_its_hour_is_there() {
    let place = Place::new();
    deliver(&place, "a.com", 0..24);
    let (good, bad) = (name("a.com", 7), name("a.com", 7).replace(".gz", ".part.gz"));
    fs::remove_file(place.path(&good)).unwrap();
    place.write(&bad, "<html>503</html>");
    configure(&place, "require_complete = true", "");
    assert_eq!(state(&tick(&place, 3).0), "waits");
    // As long as it stands, nobody knows what it should have been.
    place.write(&good, gzip(log("a.com", 7).as_bytes()));
    assert_eq!(state(&tick(&place, 3).0), "waits");
    fs::remove_file(place.path(&bad)).unwrap();
    assert_eq!(state(&tick(&place, 0).0), "made");
    assert_eq!(traffic(&place), 240_000);
}

#[test]
fn a_stray_file_is_named_and_keeps_no_day_from_being_made() {
    let place = Place::new();
    configure(&place, "require_complete = true", "");
    deliver(&place, "a.com", 0..23);
    place.write("logs/README.txt", "what stands in this folder\n");
    let (json, _) = tick(&place, 3);
    assert_eq!(state(&json), "waits");
    assert!(reason(&json).contains("README.txt"), "{json}");
    deliver(&place, "a.com", 23..24);
    let (json, done) = tick(&place, 3);
    assert_eq!(state(&json), "made", "{json}");
    done.says(&["README.txt: none of its 1 lines"]);
    let found = place.run(&["store", "coverage", "--store", "usage.db", "--json"], 0).json();
    assert_eq!(
        (&found["faults"], &found["strays"][0]["name"]),
        (&serde_json::json!([]), &"logs/README.txt".into())
    );
    // A log of any domain that tells its own hours is no stray: its lines are missing.
    place.write("logs/b.log", gzip(log("b.com", 3).as_bytes()));
    place.run(&["ingest", "logs", "--store", "usage.db", "--keep-going", "--quiet"], 3);
    let found = place.run(&["store", "coverage", "--store", "usage.db", "--json"], 3).json();
    assert_eq!((&found["strays"], found["faults"].as_array().unwrap().len()), (&serde_json::json!([]), 1));
}

#[test]
fn an_empty_file_of_a_quiet_domain_says_no_less_than_none() {
    let place = Place::new();
    configure(&place, "require_complete = true\nquiet = [\"b.com\"]", "");
    deliver(&place, "a.com", 0..24);
    deliver(&place, "b.com", 0..23);
    place.write(&name("b.com", 23), "");
    assert_eq!(state(&tick(&place, 0).0), "made");
    // Of a domain that is not quiet it is a missing hour.
    configure(&place, "require_complete = true\nquiet = [\"c.com\"]\nlanguage = \"zh-cn\"", "");
    let (json, _) = tick(&place, 0);
    assert_eq!(state(&json), "waits");
    assert!(reason(&json).contains("b.com_2026_03_02_070000_080000.gz has no line"), "{json}");
}

#[test]
fn only_domains_that_are_asked_for_are_held_against_what_was_there() {
    for whole in ["", "require_complete = true\n"] {
        let (place, before) = made(whole);
        configure(&place, &format!("{whole}domain_names = [\"a.com\"]"), "");
        assert_eq!(state(&tick(&place, 0).0), "made", "{whole}");
        assert!(fs::read(place.path("out/day.xlsx")).unwrap() != before, "{whole}");
        // Of the domain that is asked for, nothing may be lost; the command that makes it all the same is named.
        place.run(&["store", "forget", "logs/a.com_2026_03_01_090000*", "--store", "usage.db"], 0);
        fs::remove_dir_all(place.path("logs")).unwrap();
        fs::create_dir(place.path("logs")).unwrap();
        configure(&place, &format!("{whole}domain_names = [\"a.com\"]\ntraffic_factor = \"2\""), "");
        let (json, done) = tick(&place, 0);
        assert_eq!(state(&json), "waits", "{json}");
        done.says(&["a.com has 23 hours with a log, 24 when", "is kept; flowbook task run "]);
        fs::remove_file(place.path("out/day.xlsx")).unwrap();
        let (json, done) = tick(&place, 0);
        assert_eq!(state(&json), "waits", "{json}");
        assert!(!done.stderr.contains("is kept"), "{}", done.stderr);
        let at = done.stderr.find("task run ").unwrap();
        let words: Vec<&str> = done.stderr[at..].lines().next().unwrap().split(' ').collect();
        let end = words.iter().position(|word| *word == "--force").unwrap();
        place.run(&words[..=end], 0);
        assert!(place.exists("out/day.xlsx"), "{whole}");
    }
}
