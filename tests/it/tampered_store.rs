//! Stores that somebody changed, or made: what stands in them is not carried out, and no file is touched that a task did not
//! make.

use super::harness::{Place, line};
use super::kept::{Kept, text};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

const DAY: [&str; 6] =
    ["--type", "flow", "--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

fn kept() -> Kept {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.ingest(&["a.log"]);
    kept.write("b.log", text(6..=9));
    kept.write(
        "flowbook.toml",
        "[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"*.log\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\n\
         range = \"2026-03-01/2026-03-01\"\noutput = \"day.xlsx\"\n",
    );
    kept
}

fn change(store: &Path, sql: &str) {
    let db = Connection::open(store).unwrap();
    db.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// Changes what stands in the list of objects, as no program does that means well.
fn rewrite(store: &Path, sql: &str) {
    let db = Connection::open(store).unwrap();
    db.execute_batch(&format!("PRAGMA writable_schema = ON; {sql}; PRAGMA writable_schema = RESET")).unwrap();
}

const COMMANDS: [&[&str]; 9] = [
    &["ingest", "b.log", "--store", "usage.db"],
    &["run", "flowbook.toml"],
    &["run", "flowbook.toml", "--dry-run"],
    &["store", "info", "--store", "usage.db"],
    &["store", "check", "--store", "usage.db"],
    &["store", "vacuum", "--store", "usage.db"],
    &["store", "sources", "--store", "usage.db"],
    &["task", "list", "--store", "usage.db"],
    &["task", "run", "--store", "usage.db"],
];

#[test]
fn what_flowbook_did_not_make_is_named_and_not_carried_out() {
    let cases = [
        (
            "CREATE TRIGGER twice AFTER INSERT ON cell BEGIN UPDATE cell SET bytes = bytes * 2; END",
            "trigger \"twice\"",
            "DROP TRIGGER twice",
        ),
        ("CREATE VIEW mine AS SELECT * FROM cell", "view \"mine\"", "DROP VIEW mine"),
        ("CREATE UNIQUE INDEX one ON source (format)", "index \"one\"", "DROP INDEX one"),
        ("CREATE TABLE notes (text TEXT)", "table \"notes\"", "DROP TABLE notes"),
    ];
    for (sql, named, back) in cases {
        let kept = kept();
        let store = kept.0.path("usage.db");
        // Further than an index lets it.
        change(&store, sql);
        for command in COMMANDS {
            kept.0.run(command, 1).says(&["usage.db: ", "an object that flowbook did not make", named]);
        }
        assert!(!kept.0.exists("day.xlsx"));
        change(&store, back);
        kept.0.run(&["store", "check", "--store", "usage.db"], 0);
        kept.0.run(COMMANDS[1], 0);
    }
}

#[test]
fn what_somebody_altered_is_named_and_not_carried_out() {
    let endless = "CREATE VIEW usage AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM n";
    let cases = [
        ("ALTER TABLE cell ADD COLUMN more INTEGER".to_owned(), "table \"cell\" of the store is not as"),
        ("DROP INDEX source_head".to_owned(), "index \"source_head\" of the store is missing"),
        (format!("DROP VIEW usage; {endless}"), "view \"usage\" of the store is not as"),
        ("ALTER TABLE part RENAME TO parts".to_owned(), "table \"parts\""),
    ];
    for (sql, named) in cases {
        let kept = kept();
        change(&kept.0.path("usage.db"), &sql);
        let begun = Instant::now();
        for command in COMMANDS {
            kept.0.run(command, 1).says(&["usage.db: ", named]);
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{sql}");
    }
    // A table that another statement is said to have made.
    let kept = kept();
    let sql = "UPDATE sqlite_schema SET sql = replace(sql, 'bytes INTEGER NOT NULL', 'bytes INTEGER NOT NULL DEFAULT 7') WHERE name = 'cell'";
    rewrite(&kept.0.path("usage.db"), sql);
    kept.0.run(COMMANDS[0], 1).says(&["table \"cell\""]);
}

#[test]
fn tools_of_the_database_may_be_used() {
    let kept = kept();
    let store = kept.0.path("usage.db");
    change(&store, "ANALYZE; VACUUM; REINDEX; PRAGMA optimize");
    let copy = kept.0.path("copy.db");
    Connection::open(&store).unwrap().execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    for store in ["usage.db", "copy.db"] {
        kept.0.run(&["store", "check", "--store", store], 0);
        kept.0.run(&["ingest", "b.log", "--store", store], 0);
    }
}

#[test]
fn a_store_of_an_older_version_is_looked_at_before_it_is_changed() {
    let place = Place::new();
    let old = super::harness::repository().join("data/stores/version1.db");
    let copy = || fs::copy(&old, place.path("old.db")).unwrap();
    copy();
    place.run(&["store", "check", "--store", "old.db"], 0);
    copy();
    change(
        &place.path("old.db"),
        "CREATE TRIGGER more AFTER UPDATE ON place BEGIN DELETE FROM source; END; PRAGMA user_version = 1",
    );
    let before = fs::read(place.path("old.db")).unwrap();
    place.run(&["store", "check", "--store", "old.db"], 1).says(&["trigger \"more\""]);
    assert!(fs::read(place.path("old.db")).unwrap() == before);
}

#[test]
fn every_value_is_held_to_its_range() {
    let cases = [
        ("UPDATE source SET lines = -5, accepted = -5", "source.lines"),
        ("UPDATE source SET skipped = -1", "source.skipped: expected 0 to 72057594037927936, found -1"),
        ("UPDATE source SET skipped = 1", "lines, as accepted + unplaced + blank + skipped + rejected"),
        ("UPDATE total SET skipped = 1", "skipped of all sources together: expected 0, found 1"),
        ("UPDATE source SET account_id = 2", "rows of source whose account is missing"),
        ("UPDATE task SET account_id = 2", "rows of task whose account is missing"),
        (
            "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'task'",
            "the last number given to a task: expected 0 to",
        ),
        (
            "INSERT INTO sqlite_sequence VALUES ('tick', 9223372036854775807)",
            "the last number given to a tick",
        ),
        ("INSERT INTO sqlite_sequence VALUES ('task', 1)", "sqlite_sequence.name"),
        ("INSERT INTO sqlite_sequence VALUES ('source', 1)", "sqlite_sequence.name"),
        ("UPDATE sqlite_sequence SET seq = 'many'", "the last number given to a task"),
        ("PRAGMA foreign_keys = OFF; UPDATE task SET id = 9223372036854775807", "task.id"),
        (
            "PRAGMA foreign_keys = OFF; INSERT INTO parameter VALUES (99, 'x', 'y')",
            "rows of parameter whose task is missing",
        ),
        (
            "PRAGMA foreign_keys = OFF; INSERT INTO task_hours VALUES (99, 'b.com', 5)",
            "rows of task_hours whose task is missing",
        ),
        ("UPDATE part SET bytes = -1", "part.bytes"),
        ("UPDATE part SET last_window = 4294967295", "part.last_window"),
        ("UPDATE part SET first_window = -1", "part.first_window"),
        (
            "UPDATE source SET named_domain = 'a.com', named_start = 0, named_end = 9000000000000",
            "source.named_end",
        ),
        ("UPDATE source SET named_domain = 'a.com', named_end = 0", "source.named_end"),
        ("UPDATE source SET named_domain = 'a.com', named_start = 0", "source.named_end"),
        ("UPDATE source SET chain = x'00'", "source.chain"),
        ("UPDATE source SET region = 'MARS'", "source.region"),
        ("UPDATE source SET name = CAST(zeroblob(100000) AS TEXT)", "source.name"),
        ("UPDATE source SET arrived = -9223372036854775808", "source.arrived"),
        ("UPDATE place SET is_named = 255", "place.is_named"),
        ("UPDATE series SET domain = 'no domain' WHERE id = 1", "series.domain"),
        ("UPDATE slice SET unix_time = unix_time + 1", "slice.unix_time"),
        ("UPDATE slice SET time = '2026'", "slice.time"),
        ("UPDATE total SET lines = -1", "total.lines"),
        ("UPDATE state SET kept_from = -1", "state.kept_from"),
        ("INSERT INTO state (generation) VALUES (1)", "rows of state"),
        ("INSERT INTO reject VALUES (1, 'no reason', 1)", "reject.reason"),
        ("UPDATE task SET end_window = first_window + 1000000", "task.end_window"),
        ("UPDATE task SET generation = 1000", "task.generation"),
        ("UPDATE task SET digest = x'00'", "task.digest"),
        ("UPDATE task SET wanted = 'a.com no/domain'", "task.wanted"),
        ("UPDATE task SET account = char(0)", "task.account"),
        ("UPDATE task SET quiet = '*.'", "task.quiet"),
        ("UPDATE source SET name = CAST(x'ff41' AS TEXT)", "source.name"),
        ("UPDATE place SET name = CAST(x'ff41' AS TEXT)", "place.name"),
        ("UPDATE task SET name = CAST(x'ff41' AS TEXT)", "task.name"),
        ("UPDATE cell SET bytes = -bytes", "a cell of l1.com"),
        ("UPDATE cell SET hits = -1", "a cell of l1.com"),
        ("UPDATE cell SET hits = http + https + quic + other + 1", "a cell of l1.com"),
        ("UPDATE cell SET http = 9223372036854775807, https = 9223372036854775807", "a cell of l1.com"),
        ("UPDATE cell SET window = -window", "a cell of l1.com"),
        ("UPDATE cell SET window = window + 4000000000", "a cell of l1.com"),
    ];
    for (sql, named) in cases {
        let kept = kept();
        kept.0.run(&[&["task", "create", "--store", "usage.db", "-o", "x.xlsx"], &DAY[..]].concat(), 0);
        change(&kept.0.path("usage.db"), sql);
        let done = kept.0.run(&["store", "check", "--store", "usage.db"], 1);
        assert!(done.stdout.contains(named), "{sql}: {}", done.stdout);
        assert!(done.stdout.len() < 50_000, "{sql}");
        // No other command takes it for what it is not, nor falls over it.
        for command in COMMANDS.into_iter().chain([&["task", "show", "1", "--store", "usage.db"][..]]) {
            let output = kept.0.command().args(command).output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.code().is_some_and(|code| code < 4) && !text.contains("panicked"),
                "{sql}: {text}"
            );
        }
    }
}

#[test]
fn a_store_without_a_number_for_a_new_row_is_no_full_disk() {
    let kept = kept();
    let create = [&["task", "create", "--store", "usage.db", "-o", "x.xlsx"], &DAY[..]].concat();
    kept.0.run(&create, 0);
    change(
        &kept.0.path("usage.db"),
        "UPDATE sqlite_sequence SET seq = 9223372036854775807 WHERE name = 'task'",
    );
    let another: Vec<&str> =
        create.into_iter().map(|word| if word == "x.xlsx" { "y.xlsx" } else { word }).collect();
    kept.0.run(&another, 1).says(&["the store has no number left for a new row", "store check names"]);
}

#[test]
fn a_tampered_value_is_named_with_its_table_and_column() {
    let export = ["export", "--store", "usage.db", "-o", "x.xlsx", "--max-rejects", "1"];
    let export = [&export, &DAY[..]].concat();
    let list = ["task", "list", "--store", "usage.db"];
    let ingest = ["ingest", "l.log", "--store", "usage.db"];
    let (export, list, ingest) = (&export[..], &list[..], &ingest[..]);
    let cases = [
        (
            "UPDATE series SET region = 'MARS'",
            "series.region: expected a word that flowbook knows, found MARS",
            "series.region is \"MARS\"",
            export,
        ),
        (
            "UPDATE source SET region = 'MARS'",
            "source.region: expected a word that flowbook knows, found MARS",
            "source.region is \"MARS\"",
            ingest,
        ),
        (
            "UPDATE task SET region = 'eu '",
            "task.region: expected a word that flowbook knows, found eu ",
            "task.region is \"eu \"",
            list,
        ),
        (
            "UPDATE task SET language = 'fr'",
            "task.language: expected en-us or zh-cn, found fr",
            "task.language is \"fr\"",
            list,
        ),
        (
            "UPDATE cell SET hits = -1",
            "counters that requests can have, within the calendar, found cell.hits = -1",
            "cell.hits is -1",
            export,
        ),
        (
            "UPDATE cell SET https = 9223372036854775807",
            "within the calendar, found cell.https = 9223372036854775807, cell.requests = 9.22",
            "cell.https is 9223372036854775807",
            export,
        ),
        (
            "UPDATE source SET blank = -2",
            "source.blank: expected 0 to 72057594037927936, found -2",
            "source.blank is -2",
            export,
        ),
        (
            "UPDATE reject SET reason = 'it rained'",
            "reject.reason: expected a word that flowbook knows, found it rained",
            "reject.reason is \"it rained\"",
            export,
        ),
        (
            "UPDATE sample SET reason = 'it rained'",
            "sample.reason: expected a word that flowbook knows, found it rained",
            "sample.reason is \"it rained\"",
            export,
        ),
        (
            "UPDATE total_reject SET reason = 'it rained'",
            "total_reject.reason: expected a word that flowbook knows, found it rained",
            "total_reject.reason is \"it rained\"",
            export,
        ),
        (
            "UPDATE task SET wanted = 'a.com no/domain'",
            "task.wanted: expected domains and wildcards, found a.com no/domain",
            "task.wanted is \"a.com no/domain\"",
            list,
        ),
    ];
    are_named(&cases);
}

#[test]
fn a_number_that_nobody_reaches_is_named() {
    let more = ["ingest", "b.log", "--store", "usage.db"];
    let coverage = ["store", "coverage", "--store", "usage.db"];
    let export =
        [&["export", "--store", "usage.db", "-o", "x.xlsx", "--max-rejects", "1"], &DAY[..]].concat();
    let (more, coverage, export) = (&more[..], &coverage[..], &export[..]);
    are_named(&[
        (
            "UPDATE state SET generation = 9223372036854775807",
            "state.generation: expected 0 to 4611686018427387903, found 9223372036854775807",
            "state.generation is 9223372036854775807",
            more,
        ),
        // As many hours as somebody likes would be counted one by one.
        (
            "UPDATE source SET named_domain = 'l1.com', named_start = 0, named_end = 253402300000",
            "source.named_end: expected an end within a day of its start, found 253402300000",
            "source.named_end is 253402300000",
            export,
        ),
        (
            "UPDATE source SET named_domain = 'l1.com', named_start = 0, named_end = 253402300000",
            "source.named_end",
            "source.named_end is 253402300000",
            coverage,
        ),
    ]);
}

/// A statement that tampers with a store, what the check says of it, what a command says, and the command.
type Case<'a> = (&'a str, &'a str, &'a str, &'a [&'a str]);

fn are_named(cases: &[Case<'_>]) {
    let check = ["store", "check", "--store", "usage.db"];
    for (sql, checked, told, command) in cases.iter().copied() {
        let kept = kept();
        kept.0.write("l.log", format!("{}rubbish\n", line("1/Mar/2026:08:00:00 +0800", "l1.com", 300)));
        kept.0.run(&["ingest", "l.log", "--store", "usage.db", "--max-rejects", "1"], 0);
        kept.0.run(&[&["task", "create", "--store", "usage.db", "-o", "t.xlsx"], &DAY[..]].concat(), 0);
        change(&kept.0.path("usage.db"), sql);
        kept.0.write("l.log", "another\n");
        let found = kept.0.run(&check, 1).stdout;
        assert!(found.contains(checked), "{sql}: {found}");
        kept.0.run(command, 1).says(&[
            "usage.db: the store holds a value that flowbook does not write: ",
            told,
            "; flowbook store check names all of them",
        ]);
        assert!(!kept.0.exists("x.xlsx"), "{sql}");
    }
}

#[test]
fn a_list_as_json_is_whole_or_an_error() {
    let kept = kept();
    kept.ingest(&["b.log"]);
    let list = ["store", "sources", "--store", "usage.db", "--json"];
    assert_eq!(kept.0.run(&list, 0).json()["sources"].as_array().unwrap().len(), 2);
    change(&kept.0.path("usage.db"), "UPDATE source SET lines = -1 WHERE name = 'b.log'");
    let error = kept.0.run(&list, 1).json();
    assert_eq!(error["Code"], "InternalError");
    assert!(error["Recommend"].as_str().unwrap().contains("source.lines is -1"), "{error}");
}

#[test]
fn more_lines_than_numbers_tell_are_damage() {
    let kept = kept();
    change(
        &kept.0.path("usage.db"),
        "WITH RECURSIVE n(x) AS (SELECT 100 UNION ALL SELECT x + 1 FROM n WHERE x < 400)
         INSERT INTO source (id, name, sort, chain, text_bytes, format, region, lines, accepted, unplaced, blank, arrived,
             changed)
         SELECT x, 'many' || x, CAST('many' || x AS BLOB), zeroblob(32), 0, 'alibaba', '', 1 << 56, 0, 0, 1 << 56, 0, 0
         FROM n",
    );
    let export = [&["export", "--store", "usage.db", "-o", "x.xlsx"], &DAY[..]].concat();
    kept.0.run(&export, 1).says(&[
        "source.lines is 72057594037927936 of many",
        ", too many together with those of other sources",
    ]);
    change(&kept.0.path("usage.db"), "UPDATE source SET lines = 1 << 57, blank = 1 << 57 WHERE id >= 100");
    kept.0.run(&export, 1).says(&["source.lines is 144115188075855872;"]);
    assert!(!kept.0.exists("x.xlsx"));
}

#[test]
fn what_is_below_zero_is_not_exported() {
    for sql in ["UPDATE cell SET bytes = -bytes", "UPDATE cell SET http = -1"] {
        let kept = kept();
        change(&kept.0.path("usage.db"), sql);
        kept.0
            .run(&[&["export", "--store", "usage.db", "-o", "x.xlsx"], &DAY[..]].concat(), 1)
            .says(&["usage.db: ", "a value that flowbook does not write"]);
        assert!(!kept.0.exists("x.xlsx"));
    }
}

#[test]
fn a_store_that_lacks_a_row_or_is_of_no_known_format_is_called_damaged() {
    // Where the number of the file's format stands; no program writes another one than 1 to 4.
    const FORMAT: usize = 47;
    let damaged = ["usage.db: the store is damaged; restore a copy"];
    let kept = kept();
    let store = kept.0.path("usage.db");
    change(&store, "PRAGMA journal_mode = DELETE");
    let mut bytes = fs::read(&store).unwrap();
    change(&store, "DELETE FROM state");
    for command in [COMMANDS[3], COMMANDS[4], COMMANDS[0]] {
        kept.0.run(command, 1).says(&damaged);
    }
    bytes[FORMAT] = 9;
    for name in ["usage.db-wal", "usage.db-shm"] {
        let _ = fs::remove_file(kept.0.path(name));
    }
    fs::write(&store, &bytes).unwrap();
    for command in COMMANDS {
        kept.0.run(command, 1).says(&damaged);
    }

    // A row that no table of an older version may have; the version is raised before anything is read.
    let place = Place::new();
    let old = super::harness::repository().join("data/stores/version1.db");
    fs::copy(old, place.path("usage.db")).unwrap();
    let store = place.path("usage.db");
    let (strict, lax) = ("name TEXT NOT NULL, ", "name TEXT,          ");
    rewrite(
        &store,
        &format!("UPDATE sqlite_schema SET sql = replace(sql, '{strict}', '{lax}') WHERE name = 'source'"),
    );
    change(&store, "UPDATE source SET name = NULL WHERE id = 1");
    rewrite(
        &store,
        &format!("UPDATE sqlite_schema SET sql = replace(sql, '{lax}', '{strict}') WHERE name = 'source'"),
    );
    place
        .run(COMMANDS[3], 1)
        .says(&["flowbook: usage.db: is a store of version 1", "upgrade a copy of it: the store is damaged"]);
}

#[test]
fn a_value_of_a_hundred_megabytes_is_refused() {
    let kept = kept();
    change(&kept.0.path("usage.db"), "UPDATE source SET name = CAST(zeroblob(100000000) AS TEXT)");
    let begun = Instant::now();
    for command in [COMMANDS[3], COMMANDS[6], COMMANDS[4]] {
        let output = kept.0.command().args(command).output().unwrap();
        assert!(output.stdout.len() + output.stderr.len() < 10_000, "{command:?}");
    }
    kept.0.run(COMMANDS[6], 1).says(&["a value that flowbook does not write"]);
    assert!(
        kept.0
            .run(COMMANDS[4], 1)
            .stdout
            .contains("source.name: expected 0 to 65536 bytes, found 100000000 bytes")
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_long_name_is_cut_in_tables() {
    let kept = kept();
    kept.0.run(&[&["task", "create", "--store", "usage.db", "-o", "x.xlsx"], &DAY[..]].concat(), 0);
    kept.ingest(&["b.log"]);
    let long = "replace(hex(zeroblob(1000000)), '0', 'x')";
    change(
        &kept.0.path("usage.db"),
        &format!(
            "UPDATE source SET name = {long} WHERE id = 1; UPDATE task SET name = {long}; INSERT OR REPLACE INTO parameter VALUES (1, 'TaskName', {long})"
        ),
    );
    for command in [COMMANDS[6], COMMANDS[7], &["task", "show", "1", "--store", "usage.db"]] {
        let done = kept.0.run(command, 0);
        assert!(done.stdout.len() < 600_000, "{command:?}: {}", done.stdout.len());
        assert!(done.stdout.contains("xxx... (2000000 bytes)"), "{command:?}");
    }
    let done = kept.0.run(&["store", "check", "--store", "usage.db"], 1);
    assert!(done.stdout.len() < 2000 && done.stdout.contains("found 2000000 bytes"), "{}", done.stdout);
}

/// A store whose task 1 claims that a file is its workbook.
fn claiming(place: &Place, victim: &str, sql: &str) {
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "a.log", "--store", "u.db", "--quiet"], 0);
    place.run(&[&["task", "create", "--store", "u.db", "-o", "own.xlsx"], &DAY[..]].concat(), 0);
    let path = place.path(victim);
    let meta = fs::metadata(&path).unwrap();
    let modified = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
    let path = path.canonicalize().unwrap();
    let db = Connection::open(place.path("u.db")).unwrap();
    db.execute("UPDATE task SET output = ?", [path.as_os_str().as_encoded_bytes()]).unwrap();
    db.execute_batch(
        &sql.replace("SIZE", &meta.len().to_string()).replace("MODIFIED", &modified.to_string()),
    )
    .unwrap();
}

#[test]
fn a_task_touches_no_file_that_it_did_not_make() {
    let foreign = Place::new();
    foreign.write("a.log", line("1/Mar/2026:08:00:00 +0800", "b.com", 7));
    foreign.run(&[&["export", "a.log", "-o", "theirs.xlsx"], &DAY[..]].concat(), 0);
    foreign.run(&[&["export", "a.log", "-o", "theirs.csv"], &DAY[..]].concat(), 0);
    let read = |name: &str| fs::read(foreign.path(name)).unwrap();
    let victims = [
        ("thesis.xlsx", b"PK\x03\x04 no workbook of flowbook".to_vec()),
        ("notes.csv", b"a,b\n1,2\n".to_vec()),
        ("diary.txt", b"dear diary".to_vec()),
        ("theirs.xlsx", read("theirs.xlsx")),
        ("theirs.csv", read("theirs.csv")),
    ];
    let seen = "size = SIZE, modified = MODIFIED, generation = 1";
    let claims = [
        "UPDATE task SET claimed = 1".to_owned(),
        format!("UPDATE task SET {seen}, status = 'success', claimed = 1"),
        format!("UPDATE task SET {seen}, status = 'success', digest = zeroblob(32), sealed = zeroblob(32)"),
    ];
    for (victim, content) in victims {
        for claim in &claims {
            // Of a workbook of flowbook, size and time prove whose it is, where an older version put down no more.
            if victim == "theirs.xlsx" && claim.contains("SIZE") && !claim.contains("digest") {
                continue;
            }
            let place = Place::new();
            let path = place.write(victim, &content);
            claiming(&place, victim, claim);
            let mut command = place.command();
            command.args(["task", "run", "1", "--store", "u.db"]);
            assert!(!command.output().unwrap().status.success(), "{victim}, {claim}");
            assert!(fs::read(&path).unwrap() == content, "{victim}, {claim}: run");
            claiming_again(&place, claim, &path);
            place.run(&["task", "delete", "1", "--store", "u.db"], 0);
            assert!(fs::read(&path).unwrap() == content, "{victim}, {claim}: delete");
        }
    }
}

/// Sets what a run has changed back.
fn claiming_again(place: &Place, claim: &str, victim: &Path) {
    let meta = fs::metadata(victim).unwrap();
    let modified = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
    let sql = claim.replace("SIZE", &meta.len().to_string()).replace("MODIFIED", &modified.to_string());
    change(&place.path("u.db"), &sql);
}

#[test]
fn a_tick_removes_no_file_that_its_task_did_not_make() {
    let kept = kept();
    kept.0.run(&["run", "flowbook.toml"], 0);
    let victim = kept.0.write("thesis.xlsx", "of somebody").canonicalize().unwrap();
    let meta = fs::metadata(&victim).unwrap();
    let modified = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
    let db = Connection::open(kept.0.path("usage.db")).unwrap();
    let sql =
        "UPDATE task SET output = ?, size = ?, modified = ?, start_time = start_time - 86400, updated = 0";
    db.execute(
        sql,
        rusqlite::params![victim.as_os_str().as_encoded_bytes(), meta.len().cast_signed(), modified],
    )
    .unwrap();
    let config = fs::read_to_string(kept.0.path("flowbook.toml")).unwrap();
    kept.write(
        "flowbook.toml",
        config.replace("[[task]]", "[output]\nkeep_last = 1\nkeep_days = 1\n[[task]]"),
    );
    fs::remove_file(kept.0.path("day.xlsx")).unwrap();
    kept.0.run(&["run", "flowbook.toml"], 0);
    kept.0.run(&["run", "flowbook.toml"], 0);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "of somebody");
}

#[test]
fn what_a_task_made_is_its_own_and_nothing_else() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "a.log", "--store", "u.db", "--quiet"], 0);
    for output in ["a.xlsx", "a.csv", "a.csv.gz"] {
        place.run(&[&["task", "create", "--store", "u.db", "-o", output], &DAY[..]].concat(), 0);
    }
    place.run(&["task", "run", "--store", "u.db"], 0);
    // Each replaces its own.
    place.run(&["task", "run", "1", "2", "3", "--store", "u.db"], 0);
    // Other bytes of the same size and time are not what it made.
    let path = place.path("a.csv");
    let (mut bytes, time) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    bytes[0] ^= 1;
    fs::write(&path, &bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    place.run(&["task", "run", "2", "--store", "u.db"], 1).says(&["a.csv: exists already"]);
    place
        .run(&["task", "delete", "1", "2", "3", "--store", "u.db"], 0)
        .says(&["a.csv: the file was left alone"]);
    assert!(!place.exists("a.xlsx") && place.exists("a.csv") && !place.exists("a.csv.gz"));
}

#[test]
fn what_a_task_made_is_its_own_whenever_it_was_changed() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "a.log", "--store", "u.db", "--quiet"], 0);
    for output in ["a.xlsx", "a.csv"] {
        place.run(&[&["task", "create", "--store", "u.db", "-o", output], &DAY[..]].concat(), 0);
    }
    place.run(&["task", "run", "--store", "u.db"], 0);
    let put_back = || {
        for name in ["a.xlsx", "a.csv"] {
            let bytes = fs::read(place.path(name)).unwrap();
            fs::remove_file(place.path(name)).unwrap();
            let path = place.write(name, bytes);
            fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
    };
    put_back();
    place.run(&["task", "run", "1", "2", "--store", "u.db"], 0);
    put_back();
    place.run(&["task", "delete", "1", "2", "--store", "u.db"], 0);
    assert!(!place.exists("a.xlsx") && !place.exists("a.csv"));
}

#[test]
fn a_workbook_of_an_older_version_is_still_its_own() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "a.log", "--store", "u.db", "--quiet"], 0);
    place.run(&[&["task", "create", "--store", "u.db", "-o", "a.xlsx"], &DAY[..]].concat(), 0);
    place.run(&["task", "run", "--store", "u.db"], 0);
    change(&place.path("u.db"), "UPDATE task SET digest = NULL, sealed = NULL");
    place.run(&["task", "run", "1", "--store", "u.db"], 0);
    change(&place.path("u.db"), "UPDATE task SET digest = NULL, sealed = NULL");
    place.run(&["task", "delete", "1", "--store", "u.db"], 0);
    assert!(!place.exists("a.xlsx"));
}
