//! Logs that change while they are read: what is counted is what was there when they were looked at, or nothing of it.

use super::harness::{Done, Place, encode, gzip, line};
use super::kept::usage_of;
use flowbook::codec::Codec;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

const NOON: &str = "1/Mar/2026:12:00:00 +0800";

fn lines(domain: &str, count: u64) -> String {
    (1..=count).map(|n| line(NOON, domain, n)).collect()
}

/// Bytes of a file that is read by several threads, stretch by stretch, for so long that it can be stopped meanwhile.
#[cfg(target_os = "linux")]
const LARGE: usize = 160 << 20;

/// Lines of such a file, and how many they are.
#[cfg(target_os = "linux")]
fn large(domain: &str) -> (Vec<u8>, i64) {
    let text = lines(domain, 1000);
    let times = LARGE / text.len() + 1;
    (text.repeat(times).into_bytes(), 1000 * i64::try_from(times).unwrap())
}

/// Ways to change a log.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Replace,
    Move,
    Edit,
    EditWithItsTime,
    Cut,
    Refill,
    Append,
}

/// All but refilling, after which a log that is opened is one that grew.
const CHANGES: [Change; 6] =
    [Change::Replace, Change::Move, Change::Edit, Change::EditWithItsTime, Change::Cut, Change::Append];

impl Change {
    /// What it makes of a log that holds lines of `a.com`.
    fn happen(self, path: &Path) {
        let old = fs::read(path).unwrap();
        let open = || fs::OpenOptions::new().write(true).open(path).unwrap();
        match self {
            Self::Replace => {
                let other = path.with_extension("new");
                fs::write(&other, "x".repeat(old.len())).unwrap();
                fs::rename(&other, path).unwrap();
            }
            Self::Move => fs::rename(path, path.with_extension("moved")).unwrap(),
            Self::Edit => open().write_all(&other(&old)).unwrap(),
            Self::EditWithItsTime => {
                let file = open();
                let time = file.metadata().unwrap().modified().unwrap();
                (&file).write_all(&other(&old)).unwrap();
                file.set_modified(time).unwrap();
            }
            Self::Cut => open().set_len(old.len() as u64 / 2).unwrap(),
            Self::Refill => fs::write(path, [&b"#########\n"[..], &old].concat()).unwrap(),
            Self::Append => {
                let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
                file.write_all(&packed(path, &lines("b.com", 7))).unwrap();
            }
        }
    }
}

/// As many other bytes.
fn other(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if *byte == b'a' { b'c' } else { *byte }).rev().collect()
}

/// A text as the name of its file says.
fn packed(path: &Path, text: &str) -> Vec<u8> {
    match path.extension().unwrap().to_str() {
        Some("gz") => gzip(text.as_bytes()),
        Some("zst") => encode(Codec::Zstd, text.as_bytes()),
        _ => text.into(),
    }
}

/// A pipe that is waited for when a log was looked at, and before that is read.
const PIPE: &str = "0-pipe";
/// A pipe that is waited for when the log was read.
const LATE: &str = "z-pipe";

/// A log, and a pipe.
fn place(name: &str, pipe: &str) -> Place {
    let place = Place::new();
    let path = place.path(name);
    place.write(name, packed(&path, &lines("a.com", 20)));
    assert!(Command::new("mkfifo").arg(place.path(pipe)).status().unwrap().success());
    place
}

/// Runs a command to its end, and lets something happen while it waits for a pipe.
fn while_read(place: &Place, pipe: &str, mut command: Command, happen: impl FnOnce()) -> (Option<i32>, Done) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // This is opened when the other end is.
    let mut pipe = fs::OpenOptions::new().write(true).open(place.path(pipe)).unwrap();
    happen();
    pipe.write_all(lines("p.com", 3).as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), Done::of(&output))
}

fn requests(place: &Place, domain: &str) -> i64 {
    let rows = usage_of(&place.path("s.db"));
    rows.iter().filter(|row| row.0 == domain).map(|row| row.3[1]).sum()
}

const INGEST: [&str; 6] = ["ingest", "--store", "s.db", "--json", "--threads", "1"];

#[test]
fn of_a_log_that_changes_nothing_is_kept_and_the_next_run_reads_it() {
    for (name, change) in
        ["a.log", "a.gz", "a.zst"].iter().flat_map(|name| CHANGES.map(|change| (name, change)))
    {
        let place = place(name, PIPE);
        let mut command = place.command();
        command.args(INGEST).args(["--keep-going", name, PIPE]);
        let (code, done) = while_read(&place, PIPE, command, || change.happen(&place.path(name)));
        let is_grown = change == Change::Append;
        let expected = if is_grown { (Some(0), 20, 3) } else { (Some(3), 0, 3) };
        let found = (code, requests(&place, "a.com"), requests(&place, "p.com"));
        assert_eq!(found, expected, "{name} {change:?}: {}", done.stderr);
        if !is_grown {
            done.says(&[name, "while it was read"]);
        }
        if is_grown && *name == "a.log" {
            place.run(&[&INGEST[..], &[name, "--max-rejects", "100%"]].concat(), 0);
            assert_eq!(requests(&place, "a.com"), 20, "{change:?}");
            assert_eq!(requests(&place, "b.com"), 7, "{change:?}");
        }
    }
}

#[test]
fn a_job_fails_when_a_log_changes_and_makes_no_workbook() {
    for (name, change) in ["a.log", "a.gz"].iter().flat_map(|name| CHANGES.map(|change| (name, change))) {
        let place = place(name, PIPE);
        let command = place.export_command(&[name, PIPE, "--threads", "1", "--json"]);
        let (code, done) = while_read(&place, PIPE, command, || change.happen(&place.path(name)));
        if change == Change::Append {
            assert_eq!(code, Some(0), "{}", done.stderr);
            assert_eq!(done.json()["counts"]["accepted"], 30, "{name}");
            continue;
        }
        assert_eq!((code, place.exists("out.xlsx")), (Some(1), false), "{name} {change:?}: {}", done.stderr);
        done.says(&[name, "while it was read"]);
    }
}

/// Logs are rotated, packed and removed whenever that is due, however long an export takes.
#[test]
fn what_happens_to_a_log_that_was_read_is_no_matter() {
    for (name, change) in ["a.log", "a.gz", "a.zst"]
        .iter()
        .flat_map(|name| CHANGES.iter().chain(&[Change::Refill]).map(move |change| (name, change)))
    {
        let place = place(name, LATE);
        let command = place.export_command(&[name, LATE, "--threads", "1", "--json"]);
        let (code, done) = while_read(&place, LATE, command, || change.happen(&place.path(name)));
        assert_eq!(code, Some(0), "{name} {change:?}: {}", done.stderr);
        assert_eq!(done.json()["counts"]["accepted"], 23, "{name} {change:?}");
    }
}

/// What is compared once everything was read is compared as it was read.
#[test]
fn copies_are_found_among_what_was_read() {
    for keep_going in [false, true] {
        let place = place("a.gz", LATE);
        place.write("b.log", lines("a.com", 20));
        let mut command = place.export_command(&["a.gz", "b.log", LATE, "--threads", "1", "--json"]);
        command.args(keep_going.then_some("--keep-going"));
        let (code, done) = while_read(&place, LATE, command, || Change::Replace.happen(&place.path("a.gz")));
        // What a pipe gave is gone: it cannot be counted anew without the log.
        done.says(&["a.gz changed meanwhile"]);
        assert_eq!(code, Some(1), "{}", done.stderr);
    }
}

/// Runs a command to its end, and lets something happen in the middle of its reading.
#[cfg(target_os = "linux")]
fn in_the_middle(mut command: Command, happen: impl FnOnce()) -> (Option<i32>, Done) {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let of_process =
        |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap_or_default();
    let read = || {
        let io = of_process("io");
        io.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok()).unwrap_or(u64::MAX)
    };
    // A shell that waits already stops it sooner than one that is started for it.
    let mut stop = Command::new("sh");
    stop.args(["-c", &format!("read line; kill -STOP {}", child.id())]).stdin(Stdio::piped());
    let mut stop = stop.spawn().unwrap();
    while read() < 1 << 20 {
        std::thread::yield_now();
    }
    drop(stop.stdin.take());
    assert!(stop.wait().unwrap().success());
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    };
    while !of_process("stat").contains(") T ") {
        assert!(!of_process("stat").contains(") Z "), "the end of the reading was not waited for");
        std::thread::yield_now();
    }
    assert!(read() < LARGE as u64 - (4 << 20), "nearly everything was read");
    happen();
    signal("-CONT");
    let output = child.wait_with_output().unwrap();
    (output.status.code(), Done::of(&output))
}

/// A log that several threads read stretch by stretch.
#[cfg(target_os = "linux")]
#[test]
fn a_large_log_that_is_replaced_or_edited_is_no_mixture_of_both() {
    let ((old, _), (new, lines)) = (large("a.com"), large("b.com"));
    for (change, is_stored) in [Change::Replace, Change::Edit, Change::Refill]
        .iter()
        .flat_map(|change| [(change, false), (change, true)])
    {
        let place = Place::new();
        let path = place.write("a.log", &old);
        place.write("b.log", &new);
        let happen = || {
            let open = || fs::OpenOptions::new().write(true).open(&path).unwrap();
            match change {
                Change::Replace => fs::rename(place.path("b.log"), &path).unwrap(),
                Change::Edit => open().write_all(&new).unwrap(),
                _ => open().write_all(&[&b"#########\n"[..], &new].concat()).unwrap(),
            }
        };
        let mut command = place.export_command(&["a.log", "--threads", "2"]);
        if is_stored {
            command = place.command();
            command.args(["ingest", "--store", "s.db", "--threads", "2", "--keep-going", "a.log"]);
        }
        let (code, done) = in_the_middle(command, happen);
        done.says(&["a.log", "while it was read"]);
        assert_eq!((code, place.exists("out.xlsx")), (Some(if is_stored { 3 } else { 1 }), false));
        place.run(&["ingest", "--store", "s.db", "a.log"], 0);
        let found = ["a.com", "b.com"].map(|domain| requests(&place, domain));
        assert_eq!(found, [0, lines], "{change:?}");
    }
}

/// What was counted of it is not known apart from the rest: everything else is read once more.
#[cfg(target_os = "linux")]
#[test]
fn a_job_that_keeps_going_counts_all_but_the_log_that_changed() {
    let place = Place::new();
    place.write("a.log", large("a.com").0);
    place.write("new.log", lines("b.com", 9));
    for name in ["c.log", "d.log"] {
        place.write(name, lines("c.com", 20));
    }
    let command =
        place.export_command(&["a.log", "c.log", "d.log", "--threads", "2", "--keep-going", "--json"]);
    let happen = || fs::rename(place.path("new.log"), place.path("a.log")).unwrap();
    let (code, done) = in_the_middle(command, happen);
    done.says(&["a.log: was replaced by another file while it was read"]);
    let counts = &done.json()["counts"];
    let found = (code, counts["accepted"].as_u64(), counts["duplicates_skipped"].as_u64());
    assert_eq!(found, (Some(3), Some(20), Some(1)), "{counts}");
    assert_eq!(counts["faults"].as_array().unwrap().len(), 1);
}

/// A log that grows while it is read is read as it was, and what came meanwhile with the next run.
#[cfg(target_os = "linux")]
#[test]
fn a_large_log_that_grows_loses_nothing() {
    let place = Place::new();
    let (text, count) = large("a.com");
    let path = place.write("a.log", &text[..text.len() - 9]);
    let happen = || {
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&text[text.len() - 9..]).unwrap();
        file.write_all(lines("b.com", 7).as_bytes()).unwrap();
    };
    let mut command = place.command();
    command.args(["ingest", "--store", "s.db", "--threads", "2", "a.log"]);
    let (code, done) = in_the_middle(command, happen);
    assert_eq!(code, Some(0), "{}", done.stderr);
    place.run(&["ingest", "--store", "s.db", "a.log"], 0);
    assert_eq!(["a.com", "b.com"].map(|domain| requests(&place, domain)), [count, 7]);
}
