//! Results on standard output: where they cannot be written, that is an error; a reader that goes away is none.
#![cfg(unix)]

use super::harness::{Place, line};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

const RANGE: [&str; 4] = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

/// A store with a task and a tick, the log that it was made from, and its configuration.
fn place() -> Place {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:10:00:00 +0000", "a.com", 5));
    place.write("flowbook.toml", "[store]\npath = \"s.db\"\n[[source]]\npaths = \"a.log\"\n");
    place.run(&["run", "flowbook.toml"], 0);
    place.export(&["--store", "s.db"], 0);
    place
}

/// Every way to print a result.
fn printing() -> Vec<Vec<&'static str>> {
    let mut all: Vec<Vec<&str>> = vec![
        vec!["export", "a.log", "--type", "flow", "-o", "-"],
        vec!["export", "--store", "s.db", "--type", "flow", "-o", "-"],
        vec!["export", "a.log", "--type", "flow", "-o", "b.xlsx", "--force"],
        vec!["export", "a.log", "--type", "flow", "-o", "b.xlsx", "--force", "--json"],
    ];
    for arguments in &mut all {
        arguments.extend(RANGE);
    }
    for words in [
        "ingest a.log --store s.db",
        "ingest a.log --store s.db --json",
        "store info --store s.db",
        "store info --store s.db --json",
        "store check --store s.db",
        "store sources --store s.db",
        "store sources --store s.db --json",
        "store coverage --store s.db",
        "store coverage --store s.db --json",
        "task list --store s.db",
        "task show 1 --store s.db --json",
        "run flowbook.toml",
        "run flowbook.toml --json",
        "history --store s.db",
        "history --store s.db --json",
        "completions bash",
        "--version",
        "--help",
    ] {
        all.push(words.split(' ').collect());
    }
    all
}

/// Runs a command with its standard output redirected by a shell.
fn redirected(place: &Place, arguments: &[&str], to: &str) -> Output {
    let flowbook = place.command();
    let mut shell = Command::new("sh");
    shell.current_dir(flowbook.get_current_dir().unwrap());
    shell.envs(flowbook.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.args([OsStr::new("-c"), OsStr::new(&format!("exec \"$0\" \"$@\" {to}"))]);
    shell.arg(flowbook.get_program()).args(arguments).output().unwrap()
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let place = place();
    let has_full = File::open("/dev/full").is_ok();
    // Closed, only to be read from, and a device without room.
    for to in ["1>&-", "1</dev/null", "1>/dev/full"] {
        if to.ends_with("full") && !has_full {
            continue;
        }
        for arguments in printing() {
            let output = redirected(&place, &arguments, to);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{arguments:?} {to}: {told}");
            assert!(told.contains("standard output"), "{arguments:?} {to}: {told}");
        }
    }
}

#[test]
fn what_is_asked_to_go_nowhere_goes_there() {
    let place = place();
    for arguments in printing() {
        for to in ["1>/dev/null", "1<>/dev/null"] {
            let output = redirected(&place, &arguments, to);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{arguments:?} {to}: {told}");
        }
    }
    // A quiet command has nothing to write.
    let quiet = redirected(&place, &["ingest", "a.log", "--store", "s.db", "--quiet"], "1>&-");
    assert_eq!(quiet.status.code(), Some(0));
}

#[test]
fn a_wrong_request_stays_one_where_nothing_can_be_written() {
    let place = place();
    let output = redirected(&place, &["task", "show", "99", "--store", "s.db", "--json"], "1>&-");
    let told = String::from_utf8_lossy(&output.stderr);
    let shown = place.run(&["task", "show", "99", "--store", "s.db"], output.status.code().unwrap());
    assert_eq!(told, shown.stderr);
}

#[test]
fn a_reader_that_goes_away_has_what_it_wanted() {
    let place = place();
    for arguments in printing() {
        let mut child =
            place.command().args(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{arguments:?}");
        assert!(first.ends_with('\n'), "{arguments:?}: {first}");
    }
}
