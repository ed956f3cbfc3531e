//! Several processes at one store: writers take turns, readers see one moment.

use super::harness::line;
use super::kept::{Kept, once, text};
use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// An ingest of standard input, which holds the store until that ends.
fn holder(kept: &Kept) -> Child {
    let mut command = kept.0.command();
    command.args(["ingest", "-", "--store", "usage.db", "--quiet"]).stdin(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while fs::read_to_string(kept.0.path("usage.db.lock")).unwrap_or_default().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the store is never held");
        thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_second_writer_is_told_who_holds_the_store() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.expect(&["a.log"], "1 added", &[1..=5]);
    kept.write("b.log", text(6..=9));
    let mut first = holder(&kept);
    let begun = Instant::now();
    let done = kept.try_ingest(&["b.log", "--lock-timeout", "200ms"], 1);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let who = format!("process {}, flowbook ingest, since 20", first.id());
    done.says(&["usage.db: the store is held by", &who, "gave up after 0.2 s", "--lock-timeout"]);
    // An export waits for nobody, and a trial changes nothing but waits, too.
    assert!(kept.workbook() == kept.direct(&["a.log"]));
    first.stdin.take().unwrap().write_all(text(10..=12).as_bytes()).unwrap();
    assert!(first.wait().unwrap().success());
    kept.expect(&["."], "1 added, 1 known", &[1..=12]);
}

#[test]
fn a_killed_writer_holds_nothing() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    let mut first = holder(&kept);
    first.kill().unwrap();
    first.wait().unwrap();
    kept.expect(&["a.log", "--lock-timeout", "0s"], "1 added", &[1..=5]);
}

#[test]
fn two_deliveries_and_exports_at_once() {
    let kept = Kept::new();
    let pack =
        |from: u64| (from..from + 40).map(|n| line("1/Mar/2026:12:00:00 +0800", &format!("l{n}.com"), n));
    for number in 0..20 {
        kept.write(&format!("logs/x{number:02}.log"), pack(1 + number * 40).collect::<String>());
    }
    kept.write("first.log", text(2000..=2009));
    kept.ingest(&["first.log"]);
    let start = |logs: &[&str]| {
        let mut command = kept.0.command();
        command.args(["ingest", "--store", "usage.db", "--quiet"]).args(logs);
        command.spawn().unwrap()
    };
    let mut writers = [start(&["logs"]), start(&["logs", "first.log"])];
    let mut seen = Vec::new();
    for _ in 0..6 {
        let json = kept.0.export(&["--store", "usage.db", "--force", "--json"], 0).json();
        seen.push(json["counts"]["accepted"].as_u64().unwrap());
    }
    for writer in &mut writers {
        assert!(writer.wait().unwrap().success());
    }
    assert!(seen.iter().all(|lines| [10, 810].contains(lines)) && seen.is_sorted(), "{seen:?}");
    assert_eq!(kept.counted(), once(&[1..=800, 2000..=2009]));
    assert!(kept.workbook() == kept.direct(&["logs", "first.log"]));
}

#[test]
fn a_vacuum_waits_for_no_reader() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=50));
    kept.ingest(&["a.log"]);
    let reader = rusqlite::Connection::open(kept.0.path("usage.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM source").unwrap();
    kept.write("b.log", text(51..=90));
    kept.ingest(&["b.log"]);
    let begun = Instant::now();
    // A reader may be about to write: then each would wait for the other until the end.
    kept.0.run(&["store", "vacuum", "--store", "usage.db", "--lock-timeout", "60s"], 0);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(kept.counted(), once(&[1..=90]));
    drop(reader);
    kept.0.run(&["store", "check", "--store", "usage.db"], 0);
}
