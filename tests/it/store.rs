//! Stores: a workbook from one is that of a direct run; what it holds, whether it is sound and complete, and its
//! care.

use super::book::Book;
use super::harness::{Place, line};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;

const STORE: [&str; 2] = ["--store", "s.db"];

fn ingest(place: &Place, logs: &str) {
    place.run(&["ingest", logs, "--store", "s.db", "--quiet", "--max-rejects", "50%"], 0);
}

/// Runs `flowbook store` on the store, for JSON.
fn store(place: &Place, what: &str, more: &[&str], code: i32) -> Value {
    let mut arguments = vec!["store", what, "--json"];
    arguments.extend(STORE);
    arguments.extend(more);
    place.run(&arguments, code).json()
}

/// Changes a store behind flowbook's back.
fn meddle(place: &Place, sql: &str) {
    let db = Connection::open(place.path("s.db")).unwrap();
    db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
}

/// The name of a file of the hours `from` to `from + 1` o'clock UTC on 1 March 2026.
fn name(domain: &str, from: u32) -> String {
    format!("logs/{domain}_2026_03_01_{:02}0000_{:02}0000.log", from + 8, from + 9)
}

/// Lines of `domain` at times of that day, UTC, of 100 bytes each.
fn lines(domain: &str, times: &[&str]) -> String {
    let one = |time: &&str| line(&format!("1/Mar/2026:{time} +0000"), domain, 100);
    times.iter().map(one).collect()
}

/// Three files: a.com has the hours 0 and 2, b.com has the hour 0.
fn three() -> Place {
    let place = Place::new();
    let a = lines("a.com", &["00:01:00", "00:02:00", "00:59:00"]);
    place.write(&name("a.com", 0), format!("{a}\nnonsense\n"));
    place.write(&name("a.com", 2), lines("a.com", &["01:41:00", "01:59:00", "02:30:00"]));
    place.write(&name("b.com", 0), lines("b.com", &["00:30:00"]));
    ingest(&place, "logs");
    place
}

/// The rows of a section of Data Quality.
fn section(place: &Place, head: &str) -> Vec<Vec<String>> {
    let rows = Book::open(&place.path("out.xlsx")).rows("Data Quality");
    let section = rows.into_iter().skip_while(|row| row[0] != head).skip(1);
    section.take_while(|row| !row[0].is_empty()).collect()
}

/// Exports from logs and from the store, and expects the same bytes.
#[track_caller]
fn same(place: &Place, logs: &str, times: [&str; 2], more: &[&str]) {
    let [start, end] = times.map(|time| format!("2026-03-01T{time}:00Z"));
    let mut files = Vec::new();
    for from in [&[logs][..], &STORE] {
        let mut arguments = vec!["export", "--type", "flow", "--force", "--output", "out.xlsx", "--quiet"];
        arguments.extend(["--start-time", &start, "--end-time", &end, "--max-rejects", "50%"]);
        arguments.extend(from);
        arguments.extend(more);
        place.run(&arguments, 0);
        files.push(fs::read(place.path("out.xlsx")).unwrap());
    }
    assert!(files[0] == files[1], "{times:?} {more:?}");
}

#[test]
fn a_workbook_from_a_store_is_that_of_a_direct_run() {
    let place = Place::new();
    let options = ["--domains", "3", "--hours", "6", "--lines-per-file", "300", "--dirty", "0.03"];
    let mut arguments = vec!["generate", "g", "--quiet"];
    arguments.extend(options);
    place.run(&arguments, 0);
    ingest(&place, "g");
    let domain =
        place.run(&["store", "coverage", "--json", "--store", "s.db"], 0).json()["domains"][1]["domain"]
            .as_str()
            .unwrap()
            .to_owned();
    same(&place, "g", ["00:00", "06:00"], &[]);
    assert!(section(&place, "Late Lines by Source").len() > 3);
    same(&place, "g", ["00:25", "03:55"], &[]);
    same(&place, "g", ["00:25", "03:55"], &["--domain-names", &domain]);
    same(&place, "g", ["02:55", "03:00"], &["--domain-names", &domain, "--language", "zh-cn"]);
}

#[test]
fn how_late_late_lines_are() {
    let place = three();
    let late = name("a.com", 2);
    for (start, lines, first, by) in [("00:00", "2", "01:40", "0:20"), ("01:50", "1", "01:55", "0:05")] {
        same(&place, "logs", [start, "04:00"], &[]);
        let first = format!("2026-03-01 {first}:00");
        assert_eq!(section(&place, "Late Lines by Source")[0][..4], [&late, lines, &first, by]);
    }
    for (start, domain) in [("02:00", "a.com"), ("00:00", "b.com")] {
        same(&place, "logs", [start, "04:00"], &["--domain-names", domain]);
        assert_eq!(section(&place, "Late Lines by Source")[0][0], "None");
    }
}

#[test]
fn a_store_tells_what_it_holds() {
    let place = three();
    let info = store(&place, "info", &[], 0);
    let numbers = [
        ("version", 2),
        ("generation", 1),
        ("places", 3),
        ("lines", 9),
        ("accepted", 7),
        ("unplaced", 0),
        ("rejected", 1),
        ("blank", 1),
        ("domains", 2),
        ("series", 2),
        ("cells", 6),
    ];
    for (key, number) in numbers {
        assert_eq!(info[key], json!(number), "{key}");
    }
    assert_eq!(info["sources"], json!({"complete": 3, "faulty": 0, "without_place": 0}));
    assert_eq!(info["first_window"], "2026-03-01T00:00:00Z");
    assert_eq!(info["last_window"], "2026-03-01T02:30:00Z");
    assert_eq!(info["tasks"], json!({}));
    assert_eq!(info["file_bytes"].as_u64(), Some(fs::metadata(place.path("s.db")).unwrap().len()));
    meddle(&place, "UPDATE source SET fault = 'x' WHERE id = 1; DELETE FROM place WHERE source = 3");
    let info = store(&place, "info", &[], 0);
    assert_eq!(info["sources"], json!({"complete": 1, "faulty": 1, "without_place": 1}));
    let text = place.run(&["store", "info", "--store", "s.db"], 0).stdout;
    assert!(text.contains("\n  without place         1\n"), "{text}");
    place.run(&["store", "info", "--store", "none.db"], 2).says(&["none.db: there is no store here"]);
}

#[test]
fn a_store_lists_its_sources() {
    let place = three();
    meddle(&place, "UPDATE source SET arrived = 1772326800; UPDATE source SET fault = 'torn' WHERE id = 3");
    let text = place.run(&["store", "sources", "--store", "s.db"], 0).stdout;
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["name", "state", "size", "lines", "accepted", "rejected", "arrived", "fault"]);
    let size = fs::metadata(place.path(&name("a.com", 0))).unwrap().len().to_string();
    let arrived = "2026-03-01T01:00:00Z";
    assert_eq!(rows[1], [&name("a.com", 0), "complete", &size, "5", "3", "1", arrived]);
    assert_eq!(rows[3][1], "faulty");
    assert_eq!(rows[3].last(), Some(&"torn"));
    let sources = &store(&place, "sources", &[], 0)["sources"];
    assert_eq!(sources.as_array().map(Vec::len), Some(3));
    assert_eq!(sources[1]["name"], json!(name("a.com", 2)));
    assert_eq!(sources[2]["fault"], "torn");
}

#[test]
fn a_check_names_every_violation() {
    let a = name("a.com", 0);
    let laws = "lines, as accepted + unplaced + blank + skipped + rejected";
    let part = "the part of a.com, as the sum of its cells";
    let cells = "300 bytes of 3 requests from 2026-03-01T00:00:00Z to 2026-03-01T00:55:00Z";
    for (sql, expected) in [
        ("", vec![]),
        (
            "UPDATE source SET lines = 9 WHERE id = 1",
            vec![json!({"source": a, "what": laws, "expected": "5", "found": "9"})],
        ),
        (
            "UPDATE source SET accepted = 4, lines = 6 WHERE id = 1",
            vec![
                json!({"source": a, "what": "accepted lines, as requests of its parts", "expected": "3", "found": "4"}),
            ],
        ),
        (
            "UPDATE part SET bytes = 299 WHERE source = 1",
            vec![json!({"source": a, "what": part, "expected": cells, "found": cells.replace("300", "299")})],
        ),
        (
            "UPDATE part SET last_window = last_window + 1 WHERE source = 1",
            vec![
                json!({"source": a, "what": part, "expected": cells, "found": cells.replace("00:55", "01:00")}),
            ],
        ),
        (
            "DELETE FROM cell WHERE source = 1",
            vec![json!({"source": a, "what": part, "expected": "none", "found": cells})],
        ),
        (
            "DELETE FROM part WHERE source = 1; UPDATE source SET accepted = 0, lines = 2 WHERE id = 1",
            vec![json!({"source": a, "what": part, "expected": cells, "found": "none"})],
        ),
        (
            "INSERT INTO place VALUES (x'2f78', 77, 'x', x'78', 1, 1, 0, 0)",
            vec![
                json!({"source": "x", "what": "the source of this place", "expected": "source 77", "found": "not there"}),
            ],
        ),
        (
            "DELETE FROM reject WHERE source = 1; UPDATE source SET lines = 4 WHERE id = 1;
             INSERT INTO reject VALUES (78, 'bad_time', 1)",
            vec![
                json!({"source": null, "what": "rows of reject whose source is missing", "expected": "0", "found": "1"}),
            ],
        ),
        (
            "UPDATE total SET blank = 8; UPDATE slice SET requests = 7 WHERE time = '2026-03-01T00:00:00Z'",
            vec![
                json!({"source": null, "what": "blank of all sources together", "expected": "1", "found": "8"}),
                json!({"source": null, "what": "requests of all domains at 2026-03-01T00:00:00Z", "expected": "2", "found": "7"}),
            ],
        ),
    ] {
        let place = three();
        meddle(&place, sql);
        let found = store(&place, "check", &[], i32::from(!expected.is_empty()));
        assert_eq!(found["violations"], json!(expected), "{sql}");
        assert_eq!(found["sound"], json!(expected.is_empty()));
    }
    let place = three();
    meddle(&place, "DELETE FROM cell WHERE source = 3; UPDATE source SET blank = 7 WHERE id = 2");
    let done = place.run(&["store", "check", "--store", "s.db"], 1);
    let expected = format!("{}: {laws}: expected 10, found 3\n", name("a.com", 2));
    assert!(done.stdout.starts_with(&expected), "{}", done.stdout);
    done.says(&["the store is not sound: 2 violations"]);
}

#[test]
fn a_damaged_file_is_found() {
    let place = three();
    let mut bytes = fs::read(place.path("s.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(place.path("s.db"), bytes).unwrap();
    place.run(&["store", "check", "--store", "s.db"], 1);
}

#[test]
fn an_index_of_something_else_is_found() {
    for (index, columns) in [("source_head", "(head, text_bytes, fault)"), ("place_source", "(source)")] {
        let place = three();
        meddle(
            &place,
            &format!(
                "PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = replace(sql, '{columns}', '(size)') WHERE name = '{index}';
                 PRAGMA writable_schema = RESET; REINDEX {index}; PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET sql = replace(sql, '(size)', '{columns}') WHERE name = '{index}'"
            ),
        );
        let found = store(&place, "check", &[], 1);
        assert!(found["violations"][0]["found"].as_str().unwrap().contains(index), "{found}");
        assert_eq!(found["violations"][0]["what"], json!("the file"));
    }
}

#[test]
fn what_is_forgotten_is_as_if_it_never_was() {
    let place = three();
    let late = name("a.com", 2);
    let plan = store(&place, "forget", &["--dry-run", &late], 0);
    let gone = json!([{
        "name": late, "places": [fs::canonicalize(place.path(&late)).unwrap()], "lines": 3, "accepted": 3, "bytes": 300,
        "first_window": "2026-03-01T01:40:00Z", "last_window": "2026-03-01T02:30:00Z",
    }]);
    assert_eq!(plan["forgotten"], gone);
    assert_eq!(store(&place, "info", &[], 0)["lines"], 9);
    assert_eq!(store(&place, "forget", &[&late], 0)["forgotten"], gone);
    store(&place, "check", &[], 0);
    assert_eq!(store(&place, "info", &[], 0)["lines"], 6);
    let text = fs::read(place.path(&late)).unwrap();
    fs::remove_file(place.path(&late)).unwrap();
    same(&place, "logs", ["00:00", "04:00"], &[]);
    // Its file is there again, and so is its usage.
    place.write(&late, text);
    ingest(&place, "logs");
    same(&place, "logs", ["00:00", "04:00"], &[]);
}

#[test]
fn sources_are_forgotten_by_name_path_and_glob() {
    let place = three();
    let names = |found: &Value| {
        let all = found["forgotten"].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let dry = |called: &[&str]| {
        let arguments = [&["--dry-run"], called].concat();
        names(&store(&place, "forget", &arguments, 0))
    };
    let (a, b) = (name("a.com", 0), name("b.com", 0));
    let path = fs::canonicalize(place.path(&a)).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(dry(&[path.to_str().unwrap()]), [&*a]);
    assert_eq!(dry(&[&format!("./{a}")]), [&*a]);
    assert_eq!(dry(&[&b, &b, &a]), [&*b, &a]);
    assert_eq!(dry(&["*a.com*"]), [&*a, &name("a.com", 2)]);
    assert_eq!(dry(&["logs/?.com_2026_03_01_08*"]), [&*a, &b]);
    // All or nothing, and near names for what is not there.
    let wrong = a.replace(".log", ".gz");
    place
        .run(&["store", "forget", &b, &wrong, "--store", "s.db"], 2)
        .says(&[&format!("{wrong}: no source has this name; similar names:\n  {a}")]);
    place.run(&["store", "forget", "c*", "--store", "s.db"], 2).says(&["c*: this glob matches no source"]);
    place.run(&["store", "forget", "x", "--store", "none.db"], 2).says(&["there is no store here"]);
    assert!(!place.exists("none.db") && !place.exists("none.db.lock"));
    assert_eq!(store(&place, "info", &[], 0)["lines"], 9);
    let text = place.run(&["store", "forget", "*", "--store", "s.db"], 0).stdout;
    assert_eq!(text.lines().count(), 4, "{text}");
    let info = store(&place, "info", &[], 0);
    assert_eq!([&info["lines"], &info["cells"], &info["places"]], [0, 0, 0].map(|n| json!(n)).each_ref());
    store(&place, "check", &[], 0);
}

#[test]
fn a_name_of_several_sources_is_asked_about() {
    let place = Place::new();
    for (folder, minute) in [("x", "00:01:00"), ("y", "00:02:00")] {
        place.write(&format!("{folder}/a.log"), lines("a.com", &[minute]));
        let mut command = place.command();
        command.args(["ingest", "a.log", "--store", "../s.db", "--quiet"]).current_dir(place.path(folder));
        assert!(command.status().unwrap().success());
    }
    let path = fs::canonicalize(place.path("y/a.log")).unwrap();
    let path = path.to_str().unwrap();
    let done = place.run(&["store", "forget", "a.log", "--store", "s.db"], 2);
    done.says(&["a.log: 2 sources have this name; name one by its path", path]);
    place.run(&["store", "forget", path, "--store", "s.db", "--dry-run"], 0).says(&[path, "is still there"]);
    fs::remove_file(path).unwrap();
    let gone = place.run(&["store", "forget", path, "--store", "s.db", "--dry-run"], 0);
    assert_eq!(gone.stderr, "");
    assert_eq!(store(&place, "forget", &[path], 0)["forgotten"][0]["first_window"], "2026-03-01T00:00:00Z");
    assert_eq!(store(&place, "info", &[], 0)["lines"], 1);
    place.run(&["store", "forget", path, "--store", "s.db"], 2);
}

#[test]
fn a_vacuum_takes_out_what_nobody_needs() {
    let place = three();
    // Of the changes, a task of generation 4 has to hear of the last one only.
    meddle(
        &place,
        "INSERT INTO task (status, start_time, end_time, first_window, end_window, account, wanted, language, region,
                           output, created, updated, generation)
         VALUES ('success', 3000, 6000, 10, 20, '*', '*', 'en-us', '', x'2f78', 0, 0, 4);
         UPDATE state SET generation = 5;
         INSERT INTO change VALUES (15, 1, 4, 1, 1, 0, 0, 0, 0, 0, 0, 0), (20, 1, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0),
                                   (9, 1, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0), (19, 1, 5, 1, 1, 0, 0, 0, 0, 0, 0, 0)",
    );
    store(&place, "forget", &[&name("b.com", 0)], 0);
    let done = store(&place, "vacuum", &[], 0);
    assert_eq!([&done["series_removed"], &done["changes_removed"]], [1, 3].map(|n| json!(n)).each_ref());
    assert!(done["bytes_after"].as_u64() <= done["bytes_before"].as_u64(), "{done}");
    let info = store(&place, "info", &[], 0);
    assert_eq!(info["tasks"], json!({"success": 1}));
    assert_eq!(
        [&info["domains"], &info["cells"], &info["wal_bytes"]],
        [1, 5, 0].map(|n| json!(n)).each_ref()
    );
    store(&place, "check", &[], 0);
    same(&place, "logs/a*", ["00:00", "04:00"], &[]);
    ingest(&place, "logs");
    same(&place, "logs", ["00:00", "04:00"], &[]);
    place.run(&["store", "vacuum", "--store", "none.db"], 2);
}

#[test]
fn coverage_tells_what_is_missing() {
    let place = three();
    let domains = |found: &Value| {
        let all = found["domains"].as_array().unwrap().iter();
        all.map(|d| json!([d["domain"], d["complete_hours"], d["missing_hours"]])).collect::<Vec<_>>()
    };
    let hour = |hour: u32| format!("2026-03-01T{hour:02}:00:00Z");
    let gap =
        |from: u32, until: u32| json!({"from": hour(from), "until": hour(until), "hours": until - from});
    let found = store(&place, "coverage", &[], 3);
    assert_eq!(domains(&found), [json!(["a.com", 2, 1]), json!(["b.com", 1, 2])]);
    assert_eq!(found["domains"][0]["gaps"], json!([gap(1, 2)]));
    assert_eq!(found["domains"][1]["gaps"], json!([gap(1, 3)]));
    let range = |from, until| [hour(from), hour(until)];
    let look = |[from, until]: [String; 2], domain: &str, code: i32| {
        let times = ["--start-time", &from, "--end-time", &until];
        let domain = ["--domain", domain];
        store(
            &place,
            "coverage",
            &[&times[..], &domain[if domain[1].is_empty() { 2 } else { 0 }..]].concat(),
            code,
        )
    };
    assert_eq!(look(range(0, 1), "", 0)["complete"], json!(true));
    assert_eq!(look(range(2, 4), "a.com", 3)["domains"][0]["gaps"], json!([gap(3, 4)]));
    let found = look(range(2, 3), "A.com, c.com", 3);
    assert_eq!(domains(&found), [json!(["a.com", 1, 0]), json!(["c.com", 0, 1])]);
    assert_eq!(found["domains"][1]["has_source"], json!(false));
    assert_eq!(look(range(2, 3), "*.com", 3)["domains"][1]["gaps"], json!([gap(2, 3)]));
    // Half an hour is looked at as a whole one.
    assert_eq!(look([hour(0), "2026-03-01T00:30:00Z".into()], "b.com", 0)["complete"], json!(true));
    // A source whose name tells nothing stands for the hours of its lines.
    place.write("logs/plain.log", lines("b.com", &["01:59:59", "02:00:00"]));
    ingest(&place, "logs");
    let found = store(&place, "coverage", &["--domain", "b.com"], 0);
    assert_eq!(domains(&found), [json!(["b.com", 3, 0])]);
    assert_eq!(domains(&look(range(0, 4), "b.com", 3)), [json!(["b.com", 3, 1])]);
    // What was not read to its end is not complete.
    meddle(&place, "UPDATE source SET fault = 'torn' WHERE name LIKE '%plain%'");
    let found = store(&place, "coverage", &["--domain", "b.com"], 3);
    assert_eq!(found["faults"], json!([{"name": "logs/plain.log", "fault": "torn"}]));
    assert_eq!(look(range(0, 1), "b.com", 0)["faults"], json!([]));
    place
        .run(&["store", "coverage", "--store", "s.db", "--domain", "a b"], 2)
        .says(&["is not a domain name"]);
}

#[test]
fn coverage_tells_what_came_late() {
    let place = three();
    let (a, b) = (name("a.com", 0), name("b.com", 0));
    // Two days after midnight; the hours of the other sources ended a day and less before they came.
    meddle(
        &place,
        "UPDATE source SET arrived = 1772496000 WHERE id = 1; UPDATE source SET arrived = 1772413200 WHERE id > 1",
    );
    let found = store(&place, "coverage", &[], 3);
    assert_eq!(
        found["late_arrivals"],
        json!([{"name": a, "end_of_hours": "2026-03-01T01:00:00Z", "arrived": "2026-03-03T00:00:00Z",
            "late_seconds": 47 * 3600}])
    );
    let late = json!({"name": name("a.com", 2), "lines": 2, "first_window": "2026-03-01T01:40:00Z", "late_seconds": 1200});
    assert_eq!(found["late_lines"], json!([late]));
    let found = store(&place, "coverage", &["--domain", "b.com", "--late-after", "23h"], 3);
    assert_eq!(found["late_arrivals"][0]["name"], json!(b));
    assert_eq!(found["late_lines"], json!([]));
    let times = ["--start-time", "2026-03-01T01:55:00Z", "--end-time", "2026-03-01T03:00:00Z"];
    let found = store(&place, "coverage", &times, 3);
    assert_eq!(found["late_arrivals"], json!([]));
    assert_eq!(
        [&found["late_lines"][0]["lines"], &found["late_lines"][0]["late_seconds"]],
        [&json!(1), &json!(300)]
    );
    let done = place.run(&["store", "coverage", "--store", "s.db"], 3);
    done.says(&[
        "incomplete: a.com has no log from 2026-03-01T01:00:00Z to 2026-03-01T02:00:00Z; ",
        "; b.com has no log from 2026-03-01T01:00:00Z to 2026-03-01T03:00:00Z\n",
    ]);
    let text = done.stdout;
    assert!(text.contains("47:00\n") && text.contains("0:20\n"), "{text}");
}

#[test]
fn an_empty_store_is_sound_and_not_complete() {
    let place = Place::new();
    place.write("empty.log", "");
    ingest(&place, "empty.log");
    store(&place, "check", &[], 0);
    place.run(&["store", "coverage", "--store", "s.db"], 3).says(&["incomplete: no domain has a log"]);
    let found = store(&place, "coverage", &[], 3);
    assert_eq!([&found["from"], &found["domains"]], [&Value::Null, &json!([])]);
    assert_eq!(store(&place, "info", &[], 0)["first_window"], Value::Null);
}

#[test]
fn what_is_forgotten_is_shown_with_paths_of_files_only() {
    let place = Place::new();
    let log: String = (1..=6).map(|n| line(&format!("1/Mar/2026:12:00:0{n} +0800"), "a.com", n)).collect();
    let beginning = &log[..log.len() / 2];
    place.write("short.log", &beginning[..=beginning.rfind('\n').unwrap()]);
    place.write("long.log", &log);
    place.run(&["ingest", "short.log", "long.log", "--store", "u.db"], 0);
    let done = place.run(&["store", "forget", "long.log", "--store", "u.db", "--json"], 0).json();
    let places: Vec<&str> = done["forgotten"][0]["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|path| path.as_str().unwrap())
        .collect();
    // What is noted of a beginning has no file.
    assert!(places.len() == 2 && places.iter().all(|path| path.starts_with('/')), "{places:?}");
}
