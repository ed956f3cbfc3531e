//! The error that came first is the one that is said, and nothing is left, or lost, where its consequences are dealt with.

use super::harness::{Place, line};
use flowbook::store::Lock;
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

const DAY: [&str; 6] =
    ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z", "--type", "flow"];

/// Lines of many series, so that a store of them is large.
fn many_lines() -> String {
    (0..3000).map(|n| line("1/Mar/2026:12:00:00 +0800", &format!("domain-{n}.example.com"), n)).collect()
}

#[cfg(unix)]
#[test]
fn no_store_is_left_of_a_first_ingest_that_failed() {
    let place = Place::new();
    place.write("a.log", many_lines());
    let mut codes = Vec::new();
    for kib in [0, 16, 64, 150, 200, 250, 300, 400, 600, 20_000] {
        let script =
            format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" ingest a.log --store new.db --quiet");
        let mut command = Command::new("bash");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_flowbook")]).current_dir(place.path(""));
        let code = command.stderr(Stdio::null()).status().unwrap().code();
        codes.push(code);
        if code != Some(0) {
            let names = place.names();
            assert!(
                !names.iter().any(|name| name.starts_with("new.db") && !name.ends_with("lock")),
                "{kib}: {names:?}"
            );
        }
    }
    assert!(codes.len() > 3 && codes.last() == Some(&Some(0)), "{codes:?}");
}

#[cfg(unix)]
#[test]
fn no_store_is_left_where_rejected_lines_cannot_be_written() {
    let place = Place::new();
    // The text of a rejected line grows when it is made harmless and quoted.
    let rejected = format!("={}\n", "\"".repeat(500_000));
    place.write("a.log", line("1/Mar/2026:12:00:00 +0800", "a.com", 1).repeat(40) + &rejected);
    let script =
        "trap '' XFSZ; ulimit -f 700; exec \"$0\" ingest a.log --store new.db --rejects r.csv --quiet";
    let mut command = Command::new("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_flowbook")]).current_dir(place.path(""));
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && message.contains("r.csv: cannot write rejected lines"),
        "{message}"
    );
    let names = place.names();
    assert!(!names.iter().any(|name| name == "new.db" || name == "r.csv"), "{names:?}");
}

/// Whether there is a store is asked when nobody else can make one any more.
#[test]
fn a_store_that_came_while_it_was_waited_for_is_not_removed() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:12:00:00 +0800", "a.com", 1));
    place.write("cut.gz", [0x1f, 0x8b, 8, 0]);
    place.run(&["ingest", "a.log", "--store", "made.db"], 0);
    let lock = Lock::take(&place.path("new.db"), Duration::ZERO, "a test").unwrap();
    let mut command = place.command();
    command.args(["ingest", "cut.gz", "--store", "new.db", "--lock-timeout", "20s"]);
    let waiting = command.stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(2));
    fs::copy(place.path("made.db"), place.path("new.db")).unwrap();
    drop(lock);
    let output = waiting.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let sources = place.run(&["store", "sources", "--store", "new.db"], 0);
    assert!(sources.stdout.contains("a.log"), "{}", sources.stdout);
}

/// A store that fails says nothing of the usage that it has.
#[test]
fn a_damaged_store_is_an_error_and_no_reason_to_wait() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:12:00:00 +0800", "a.com", 1));
    place.run(&["ingest", "a.log", "--store", "u.db"], 0);
    place.run(&[&["task", "create", "--store", "u.db", "-o", "x.xlsx"], &DAY[..]].concat(), 0);
    place.run(&["task", "run", "--store", "u.db"], 0);
    rusqlite::Connection::open(place.path("u.db"))
        .unwrap()
        .execute("UPDATE state SET kept_from = -1", [])
        .unwrap();
    let done = place.run(&["task", "run", "1", "--store", "u.db"], 1);
    done.says(&["state.kept_from is -1"]);
    assert!(!done.stderr.contains("waits") && !done.stderr.contains("is kept"), "{}", done.stderr);
}
