//! Several processes that make workbooks from one store at once: each workbook is made once.

use super::harness::{Done, Place, line};
use flowbook::store::Lock;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(30);
const DAY: [&str; 6] =
    ["--type", "flow", "--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

fn place(tasks: usize) -> Place {
    let place = Place::new();
    place.write("logs/a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "logs", "--store", "u.db", "--quiet"], 0);
    for number in 1..=tasks {
        let output = format!("{number}.xlsx");
        place.run(&[&["task", "create", "--store", "u.db", "--output", &output], &DAY[..]].concat(), 0);
    }
    place
}

fn start(place: &Place, arguments: &[&str]) -> Child {
    place.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a child has a file open; a child that ends before that has failed.
fn wait_for(child: &mut Child, path: &Path) {
    let files = format!("/proc/{}/fd", child.id());
    let is_open = || {
        let links = fs::read_dir(&files).into_iter().flatten().flatten();
        links.filter_map(|link| fs::read_link(link.path()).ok()).any(|file| file == path)
    };
    while !is_open() {
        assert!(child.try_wait().unwrap().is_none(), "it has ended and never met the others");
        thread::yield_now();
    }
}

/// Starts commands while a lock is held that each of them wants, lets it go when all of them wait for it, and gives their
/// exit codes and what they say.
fn at_once(place: &Place, (lock, name): (Lock, &str), commands: &[&[&str]]) -> Vec<(Option<i32>, Done)> {
    let mut children: Vec<Child> = commands.iter().map(|command| start(place, command)).collect();
    for child in &mut children {
        wait_for(child, &real(place, name));
    }
    drop(lock);
    let outputs = children.into_iter().map(|child| child.wait_with_output().unwrap());
    outputs.map(|output| (output.status.code(), Done::of(&output))).collect()
}

/// Tasks of `task run --json` that it made itself.
fn made(done: &Done) -> usize {
    let is_made = |task: &&Value| task["Status"] == "success" && task["Reason"].is_null();
    done.json()["Tasks"].as_array().unwrap().iter().filter(is_made).count()
}

/// The path of a file behind all links.
fn real(place: &Place, name: &str) -> PathBuf {
    fs::canonicalize(place.path(name)).unwrap()
}

fn tasks_lock(place: &Place) -> (Lock, &'static str) {
    (Lock::of_tasks(&place.path("u.db"), WAIT, "a test").unwrap(), "u.db.tasks.lock")
}

#[test]
fn tasks_that_wait_are_made_once() {
    let place = place(6);
    let run: &[&str] = &["task", "run", "--store", "u.db", "--json"];
    let done = at_once(&place, tasks_lock(&place), &[run, run, run]);
    assert!(done.iter().all(|(code, _)| *code == Some(0)));
    let mut each: Vec<usize> = done.iter().map(|(_, done)| made(done)).collect();
    each.sort_unstable();
    assert_eq!(each, [0, 0, 6]);
    // The others find nothing to do.
    assert_eq!(done.iter().filter(|(_, done)| done.json()["Tasks"] == serde_json::json!([])).count(), 2);
}

#[test]
fn stale_tasks_are_made_once() {
    let place = place(2);
    place.run(&["task", "run", "--store", "u.db"], 0);
    place.write("late.log", line("1/Mar/2026:09:00:00 +0800", "a.com", 5));
    place.run(&["ingest", "late.log", "--store", "u.db", "--quiet"], 0);
    let run: &[&str] = &["task", "run", "--refresh", "--store", "u.db", "--json"];
    let export: &[&str] = &["export", "--refresh", "--store", "u.db", "--json"];
    let done = at_once(&place, tasks_lock(&place), &[run, export, run]);
    assert!(done.iter().all(|(code, _)| *code == Some(0)));
    assert_eq!(done.iter().map(|(_, done)| made(done)).sum::<usize>(), 2);
}

#[test]
fn a_task_that_is_named_is_made_once() {
    let place = place(2);
    let run: &[&str] = &["task", "run", "2", "--store", "u.db", "--json"];
    let done = at_once(&place, tasks_lock(&place), &[run, run, run]);
    assert_eq!(done.iter().map(|(_, done)| made(done)).sum::<usize>(), 1);
    let waited = |(code, done): &(Option<i32>, Done)| {
        *code == Some(0) && done.stderr.contains("task 2: another process made its workbook")
    };
    assert_eq!(done.iter().filter(|one| waited(one)).count(), 2);
    // Who asks later has it made anew.
    assert_eq!(made(&place.run(run, 0)), 1);
}

#[test]
fn ticks_make_each_workbook_once() {
    let place = place(0);
    let task = |name: &str| {
        format!(
            "[[task]]\nname = \"{name}\"\ntype = \"flow\"\nrange = \"2026-03-01/2026-03-01\"\noutput = \"{name}.xlsx\"\n"
        )
    };
    let head = "[store]\npath = \"u.db\"\n[[source]]\npaths = [\"logs\"]\n";
    place.write("flowbook.toml", format!("{head}{}{}{}", task("one"), task("two"), task("three")));
    let run: &[&str] = &["run", "flowbook.toml", "--json"];
    let lock = Lock::of_ticks(&place.path("u.db"), WAIT, "a test").unwrap();
    let done = at_once(&place, (lock, "u.db.run.lock"), &[run, run, run]);
    let is_made = |task: &&Value| task["state"] == "made";
    let made = |done: &Done| done.json()["tasks"].as_array().unwrap().iter().filter(is_made).count();
    let mut each: Vec<usize> = done.iter().map(|(_, done)| made(done)).collect();
    each.sort_unstable();
    assert_eq!(each, [0, 0, 3]);
}

#[test]
fn a_task_that_is_deleted_while_it_is_made_leaves_nothing() {
    let place = place(1);
    let commands: [&[&str]; 2] =
        [&["task", "run", "--store", "u.db", "--json"], &["task", "delete", "1", "--store", "u.db"]];
    let done = at_once(&place, tasks_lock(&place), &commands);
    assert!(
        done.iter().all(|(code, _)| *code == Some(0)),
        "{:?}",
        done.iter().map(|d| &d.1.stderr).collect::<Vec<_>>()
    );
    assert!(!place.exists("1.xlsx"));
    place.run(&["task", "delete", "1", "--store", "u.db"], 2).says(&["there is no such task"]);
}

#[test]
fn who_is_killed_holds_nobody_up() {
    let place = place(2);
    let (lock, name) = tasks_lock(&place);
    let mut waits = start(&place, &["task", "run", "--store", "u.db", "--json"]);
    wait_for(&mut waits, &real(&place, name));
    waits.kill().unwrap();
    waits.wait().unwrap();
    drop(lock);
    assert_eq!(made(&place.run(&["task", "run", "--store", "u.db", "--json", "--lock-timeout", "0s"], 0)), 2);
}

#[test]
fn two_tasks_never_wait_for_one_file() {
    let place = place(0);
    // While nothing can be put down, all of them look whether another task waits.
    let db = rusqlite::Connection::open(place.path("u.db")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let create = [&["task", "create", "--store", "u.db", "--output", "x.xlsx"], &DAY[..]].concat();
    let mut children: Vec<Child> = (0..3).map(|_| start(&place, &create)).collect();
    for child in &mut children {
        wait_for(child, &real(&place, "u.db-wal"));
    }
    db.execute_batch("COMMIT").unwrap();
    let mut codes: Vec<_> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2), Some(2)]);
}
