//! Killed at any moment, with a store: nothing is counted twice, nothing is lost, no file is there in part.
//!
//! A few rounds in `cargo test`; `tests/break.sh` sets the number of rounds and files, and prints what happened.

use super::harness::{Place, gzip, line};
use super::kept::{UsageRow, number, usage_of};
use std::fs;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

/// Moments spread evenly, but in no order: the same in every run.
fn moment(whole: Duration, round: u32, rounds: u32) -> Duration {
    whole * (round * 7919 % rounds) / rounds
}

const INGEST: [&str; 5] = ["ingest", "logs", "--store", "usage.db", "--quiet"];
const EXPORT: [&str; 11] = [
    "export",
    "--store",
    "usage.db",
    "--type",
    "vas",
    "--start-time",
    "2026-03-01T00:00:00Z",
    "--end-time",
    "2026-04-01T00:00:00Z",
    "--output",
    "out.xlsx",
];

/// Logs of some hours, some of them plain, a few domains each.
fn corpus() -> Place {
    let place = Place::new();
    for file in 0..number("BREAK_FILES", 12) {
        let time = |n: u32| format!("{:02}/Mar/2026:{:02}:{:02}:00 +0800", 1 + file % 28, n % 24, n % 60);
        let text: String = (0..120)
            .map(|n| line(&time(n), &format!("d{}.com", (file + n) % 40), u64::from(file * 1000 + n)))
            .collect();
        let name = format!("logs/x{file:03}");
        if file % 4 == 0 {
            place.write(&format!("{name}.log"), text);
        } else {
            place.write(&format!("{name}.gz"), gzip(text.as_bytes()));
        }
    }
    place
}

/// What a store holds, apart from when it came to it; a text that is there twice would show.
fn content(place: &Place) -> (Vec<UsageRow>, Vec<(String, i64)>) {
    let db = rusqlite::Connection::open(place.path("usage.db")).unwrap();
    let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let mut sources = db.prepare("SELECT name, lines FROM source ORDER BY sort, id").unwrap();
    let sources = sources.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    (usage_of(&place.path("usage.db")), sources.map(Result::unwrap).collect())
}

/// Kills a run after a while; whether it was killed before its end.
fn killed(mut child: Child, after: Duration) -> bool {
    thread::sleep(after);
    let _ = child.kill();
    !child.wait().unwrap().success()
}

fn requests(rows: &[UsageRow]) -> i64 {
    rows.iter().map(|row| row.3[1]).sum()
}

fn remove_store(place: &Place) {
    for end in ["", "-wal", "-shm", ".lock"] {
        let _ = fs::remove_file(place.path(&format!("usage.db{end}")));
    }
}

/// The time that a run takes, its result removed.
fn undisturbed(place: &Place, arguments: &[&str]) -> Duration {
    let begun = Instant::now();
    place.run(arguments, 0);
    begun.elapsed()
}

#[test]
fn an_ingest_killed_at_any_moment_counts_each_line_once() {
    let place = corpus();
    let whole = undisturbed(&place, &INGEST);
    let expected = content(&place);
    remove_store(&place);
    let rounds = number("BREAK_INGEST_KILLS", 10);
    let (mut kills, mut finished, mut equal, mut twice, mut in_part) = (0, 0, 0, 0, 0);
    for round in 0..rounds {
        let child = place.command().args(INGEST).spawn().unwrap();
        let is_killed = killed(child, moment(whole, round, rounds));
        kills += u32::from(is_killed);
        finished += u32::from(!is_killed);
        // What is there is nothing, or everything: a reader sees no half of a delivery.
        if round % 3 == 1 && place.run_any(&EXPORT) {
            in_part += u32::from(
                ![0, requests(&expected.0)].contains(&requests(&usage_of(&place.path("usage.db")))),
            );
            let _ = fs::remove_file(place.path("out.xlsx"));
        }
        // The same delivery again, now and then killed once more.
        if round % 2 == 1 {
            killed(place.command().args(INGEST).spawn().unwrap(), moment(whole, round + 3, rounds));
        }
        place.run(&INGEST, 0);
        let found = content(&place);
        equal += u32::from(found == expected);
        twice += u32::from(requests(&found.0) > requests(&expected.0));
        remove_store(&place);
    }
    println!(
        "ingest: killed before the end {kills}, finished {finished}, totals equal {equal} of {rounds}, \
         counted twice {twice}, deliveries seen in part {in_part}"
    );
    assert_eq!((equal, twice, in_part), (rounds, 0, 0));
    assert!(kills > 0, "no run was killed before its end");
}

#[test]
fn a_grown_delivery_killed_at_any_moment_counts_each_line_once() {
    let place = corpus();
    place.run(&INGEST, 0);
    for (number, entry) in fs::read_dir(place.path("logs")).unwrap().enumerate() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "log") {
            let more = line("9/Mar/2026:12:00:00 +0800", "more.com", number as u64);
            fs::write(&path, fs::read_to_string(&path).unwrap() + &more).unwrap();
        }
    }
    for end in ["", "-wal", "-shm"] {
        let _ = fs::copy(place.path(&format!("usage.db{end}")), place.path(&format!("before{end}")));
    }
    let whole = undisturbed(&place, &INGEST);
    let expected = content(&place);
    let rounds = number("BREAK_INGEST_KILLS", 12).div_ceil(4);
    let mut equal = 0;
    for round in 0..rounds {
        remove_store(&place);
        fs::copy(place.path("before"), place.path("usage.db")).unwrap();
        killed(place.command().args(INGEST).spawn().unwrap(), moment(whole, round, rounds));
        place.run(&INGEST, 0);
        equal += u32::from(content(&place) == expected);
    }
    println!("ingest of logs that grew: totals equal {equal} of {rounds}");
    assert_eq!(equal, rounds);
}

#[test]
fn an_export_killed_at_any_moment_leaves_no_partial_workbook() {
    let place = corpus();
    place.run(&INGEST, 0);
    let whole = undisturbed(&place, &EXPORT);
    let complete = fs::read(place.path("out.xlsx")).unwrap();
    let before = content(&place);
    let rounds = number("BREAK_EXPORT_KILLS", 6);
    let (mut kills, mut finished, mut partial, mut equal) = (0, 0, 0, 0);
    for round in 0..rounds {
        let _ = fs::remove_file(place.path("out.xlsx"));
        let child = place.command().args(EXPORT).arg("--quiet").spawn().unwrap();
        let is_killed = killed(child, moment(whole, round, rounds));
        kills += u32::from(is_killed);
        finished += u32::from(!is_killed);
        partial += u32::from(fs::read(place.path("out.xlsx")).is_ok_and(|found| found != complete));
        let mut again = EXPORT.to_vec();
        again.extend(["--force", "--quiet"]);
        place.run(&again, 0);
        equal += u32::from(fs::read(place.path("out.xlsx")).unwrap() == complete);
    }
    println!(
        "export: killed before the end {kills}, finished {finished}, workbooks equal {equal} of {rounds}, \
         partial files {partial}"
    );
    assert_eq!((equal, partial), (rounds, 0));
    assert!(content(&place) == before);
}
