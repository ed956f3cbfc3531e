//! Very many logs that begin alike: a text still counts once.

use super::harness::{Done, Place, line};
use std::fs;

/// More than are looked at one by one.
const LOGS: usize = 140;

/// Lines that many logs begin with.
fn common(lines: usize) -> String {
    line("1/Mar/2026:10:00:00 +0000", "www.example.com", 100).repeat(lines)
}

/// What only one log has behind them.
fn own(n: usize, lines: usize) -> String {
    // All are of one length, so that it tells none of them from another.
    let bytes = |at| 100_000 + 100 * n as u64 + at as u64;
    (0..lines).map(|at| line("1/Mar/2026:11:00:00 +0000", "www.example.com", bytes(at))).collect()
}

fn ingest(place: &Place) -> Done {
    place.run(&["ingest", "logs", "--store", "s.db", "--json"], 0)
}

fn requests(place: &Place) -> u64 {
    let done = place.export(&["--store", "s.db", "--json", "--force"], 0).json();
    done["key_figures"]["requests"].as_u64().unwrap()
}

/// Logs of so many common lines and two of their own. The last one grows, and a copy of what it was before comes: all of
/// it, and without its last line end.
fn the_last_one_grows(lines: usize) {
    let place = Place::new();
    let text = |n: usize| common(lines) + &own(n, 2);
    for n in 0..LOGS {
        place.write(&format!("logs/{n:03}.log"), text(n));
    }
    ingest(&place);
    let all = ((lines + 2) * LOGS) as u64;
    assert_eq!(requests(&place), all);
    let last = LOGS - 1;
    place.write(&format!("logs/{last:03}.log"), text(last) + &own(last, 9));
    ingest(&place);
    let before = text(last);
    for (name, copy) in [("whole", &before[..]), ("open", before.trim_end()), ("less", &common(lines)[..])] {
        place.write(&format!("logs/copy-{name}.log"), copy);
        let done = ingest(&place).json();
        assert_eq!(done["sources"]["duplicate"], 1, "{lines} {name}: {done}");
        assert_eq!(requests(&place), all + 9, "{lines} {name}");
    }
    // What is longer than any takes the place of one only.
    place.write("logs/longer.log", text(last) + &own(last, 9) + &own(last, 3));
    assert_eq!(ingest(&place).json()["sources"]["grown"], 1);
    assert_eq!(requests(&place), all + 12, "{lines}");
    // One that is like many of them, but begins none, counts.
    place.write("logs/other.log", common(lines) + &own(LOGS, 1));
    assert_eq!(ingest(&place).json()["sources"]["added"], 1);
    assert_eq!(requests(&place), all + 12 + lines as u64 + 1, "{lines}");
}

#[test]
fn of_many_logs_with_one_first_line_one_grows() {
    the_last_one_grows(1);
}

#[test]
fn of_many_logs_with_the_same_first_lines_one_grows() {
    the_last_one_grows(40);
}

#[test]
fn of_many_logs_that_hardly_differ_one_grows() {
    the_last_one_grows(400);
}

/// Logs come and are moved while others are compared with them, all in one run.
#[test]
fn what_came_in_the_same_run_is_known() {
    let place = Place::new();
    for n in 0..LOGS {
        place.write(&format!("logs/{n:03}.log"), common(40) + &own(n, 4));
    }
    ingest(&place);
    fs::rename(place.path("logs/003.log"), place.path("logs/moved.log")).unwrap();
    place.write("logs/new-a.log", common(40) + &own(900, 4));
    // In the order of names, these come behind those that they are the beginnings of, and before one of them.
    place.write("logs/z-moved.log", common(40) + &own(3, 2));
    place.write("logs/z-new.log", common(40) + &own(900, 2));
    place.write("logs/a-new.log", common(40) + &own(900, 3));
    let done = ingest(&place).json();
    assert_eq!(requests(&place), 44 * (LOGS as u64 + 1), "{done}");
}
