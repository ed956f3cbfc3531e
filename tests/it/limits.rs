//! Where the system gives few threads, or threads little stack.
#![cfg(target_os = "linux")]

use super::harness::{Place, encode, line};
use flowbook::codec::Codec;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

const RANGE: [&str; 6] = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow"];

/// A user that runs nothing else. Limits do not hold for the system's own user.
const NOBODY: u32 = 54_321;

/// Logs of several kinds, a configuration and a store.
fn place() -> Place {
    let place = Place::new();
    let good = line("1/Mar/2026:10:00:00 +0000", "a.com", 5);
    place.write("logs/a.log", good.repeat(20_000));
    place.write("logs/b.log.gz", encode(Codec::Gzip, (good.clone() + "b\n").as_bytes()));
    place.write("logs/c.log.zst", encode(Codec::Zstd, (good + "c\n").repeat(9).as_bytes()));
    place.write(
        "run.toml",
        "[store]\npath = \"s.db\"\n[ingest]\nmax_rejects = \"99%\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"t\"\n\
         type = \"vas\"\nrange = \"2026-03-01\"\n",
    );
    place.run(&["run", "run.toml"], 0);
    place
}

/// Runs flowbook under limits that a shell sets, as a user for whom they hold.
fn limited(place: &Place, limits: &str, arguments: &[&str]) -> Output {
    let program = place.path("flowbook");
    if !program.exists() {
        place.copy_program(&program);
        give_away(place);
    }
    let mut shell = Command::new("sh");
    shell.current_dir(place.path("")).args(["-c", &format!("{limits}; exec \"$@\""), "sh"]);
    shell.args([program.to_str().unwrap()]).args(arguments).env("LC_ALL", "C").env_remove("RUST_BACKTRACE");
    as_nobody(&mut shell).output().unwrap()
}

fn is_system() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Lets another user work in a folder.
fn give_away(place: &Place) {
    if is_system() {
        fs::set_permissions(place.path(""), Permissions::from_mode(0o777)).unwrap();
        for entry in walkdir::WalkDir::new(place.path("")).into_iter().map(Result::unwrap) {
            chown(entry.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
}

fn as_nobody(command: &mut Command) -> &mut Command {
    if is_system() { command.uid(NOBODY).gid(NOBODY) } else { command }
}

/// Everything that flowbook does.
fn all() -> Vec<Vec<&'static str>> {
    let export = |more: &[&'static str]| {
        [&["export"], &RANGE[..], more, &["--force", "--max-rejects", "99%"]].concat()
    };
    let mut all = vec![
        export(&["logs", "-o", "o.xlsx"]),
        export(&["logs", "-o", "o.csv.gz", "--rejects", "r.csv"]),
        export(&["logs", "--store", "n.db", "-o", "o.xlsx"]),
        export(&["--store", "s.db", "-o", "o.xlsx"]),
        vec![
            "export",
            "logs",
            "--type",
            "flow",
            "--months",
            "2026-02..2026-03",
            "-o",
            "m/",
            "--force",
            "--max-rejects",
            "99%",
        ],
    ];
    for words in [
        "ingest logs --store i.db --max-rejects 99%",
        "run run.toml",
        "store check --store s.db",
        "store coverage --store s.db",
        "generate made --domains 2 --hours 2",
    ] {
        all.push(words.split(' ').collect());
    }
    all
}

/// What needs no thread.
const SMALL: [&str; 8] = [
    "--help",
    "--version",
    "export --help",
    "completions bash",
    "history --store s.db",
    "task list --store s.db",
    "store info --store s.db",
    "store sources --store s.db",
];

#[test]
fn without_threads_there_is_one_clear_error() {
    let place = place();
    // By either of the letters that shells have for it.
    let limits = "ulimit -u 1 2>/dev/null || ulimit -p 1";
    for arguments in all() {
        // A check looks at indexes on another thread, and generate at all.
        let output = limited(&place, limits, &arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 1, "{arguments:?}: {told}");
        assert!(lines[0].starts_with("flowbook: cannot start a thread: the system allows no more"), "{told}");
        let kept: Vec<_> = place.names().into_iter().filter(|name| name.starts_with(".flowbook-")).collect();
        assert!(kept.is_empty(), "{arguments:?}: {kept:?}");
    }
    let output =
        limited(&place, limits, &[&["export", "logs", "-o", "x.xlsx", "--json"], &RANGE[..]].concat());
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(object["Recommend"].as_str().unwrap().contains("cannot start a thread"), "{object}");
    for words in SMALL {
        let output = limited(&place, limits, &words.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_terminal_changes_nothing_of_that() {
    let place = place();
    let Ok(true) = Command::new("script").arg("--version").output().map(|output| output.status.success())
    else {
        return;
    };
    // What script itself needs is started before the limit is set.
    let command =
        [&["exec ./flowbook export logs -o t.xlsx --max-rejects 99%"], &RANGE[..]].concat().join(" ");
    let inner = format!(
        "(ulimit -u 1 2>/dev/null || ulimit -p 1) && ulimit -u 1 2>/dev/null || ulimit -p 1; {command}"
    );
    // Makes the program, and the place that user's own.
    drop(limited(&place, "true", &["--version"]));
    let mut script = Command::new("script");
    script.current_dir(place.path("")).args(["-qec", &inner, "/dev/null"]).env("SHELL", "/bin/sh");
    let output = as_nobody(&mut script).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.trim().lines().count(), 1, "{told}");
    assert!(told.contains("flowbook: cannot start a thread: the system allows no more"), "{told}");
}

/// The database would keep files beside the store that only their owner may write, and nobody else removes.
#[test]
fn another_user_who_reads_keeps_no_writer_out() {
    let place = place();
    let read = ["store", "check", "--store", "s.db"];
    assert!(limited(&place, "true", &read).status.success());
    fs::set_permissions(place.path("s.db"), Permissions::from_mode(if is_system() { 0o644 } else { 0o444 }))
        .unwrap();
    if is_system() {
        chown(place.path("s.db"), Some(0), Some(0)).unwrap();
    }
    for command in [
        &read[..],
        &[
            "export", "--store", "s.db", RANGE[0], RANGE[1], RANGE[2], RANGE[3], "--type", "vas", "-o",
            "o.xlsx",
        ],
    ] {
        let output = limited(&place, "true", command);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let names = place.names();
        assert!(!names.iter().any(|name| name.ends_with("-wal") || name.ends_with("-shm")), "{names:?}");
    }
}

#[test]
fn another_user_reads_a_store_of_any_name() {
    let place = place();
    let name = ":memory:";
    fs::copy(place.path("s.db"), place.path(name)).unwrap();
    assert!(limited(&place, "true", &["--version"]).status.success());
    let mode = Permissions::from_mode(if is_system() { 0o644 } else { 0o444 });
    for store in [name, "s.db"].map(|store| place.path(store)) {
        fs::set_permissions(&store, mode.clone()).unwrap();
        if is_system() {
            chown(&store, Some(0), Some(0)).unwrap();
        }
    }
    // What begins with two slashes, or looks like an address, is a path all the same.
    let two = format!("/{}", place.path("s.db").to_str().unwrap());
    for store in [name, &two] {
        let output = limited(&place, "true", &["store", "info", "--store", store]);
        assert!(output.status.success(), "{store}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn little_stack_is_enough() {
    let place = place();
    for limits in ["ulimit -s 64", "export RUST_MIN_STACK=65536", "ulimit -s 64; export RUST_MIN_STACK=16384"]
    {
        for arguments in all().into_iter().chain(SMALL.map(|words| words.split(' ').collect())) {
            let output = limited(&place, limits, &arguments);
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0 | 3)),
                "{limits} {arguments:?}: {:?} {told}",
                output.status
            );
        }
        fs::remove_dir_all(place.path("made")).unwrap();
        fs::remove_file(place.path("n.db")).unwrap();
        fs::remove_file(place.path("i.db")).unwrap();
    }
}

#[test]
fn stacks_that_the_system_refuses_are_told() {
    let place = place();
    let words = [&["export", "logs", "-o", "stack.xlsx", "--quiet"], &RANGE[..]].concat();
    let output = limited(&place, "export RUST_MIN_STACK=99999999999999", &words);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot start a thread") && told.contains("unset RUST_MIN_STACK"), "{told}");
    assert!(!place.exists("stack.xlsx"));
}

#[test]
fn what_is_nested_deeply_is_read_or_refused() {
    let place = Place::new();
    // As deep as paths may be.
    let mut folder = place.path("deep");
    while folder.as_os_str().len() < 3900 {
        folder.push("d");
    }
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.log"), line("1/Mar/2026:10:00:00 +0000", "a.com", 5)).unwrap();
    let words = |more: &[&'static str]| [more, &["-o", "x.xlsx", "--force", "--quiet"], &RANGE[..]].concat();
    for logs in ["deep", "deep/**/*.log"] {
        let output = limited(&place, "ulimit -s 64", &words(&["export", logs]));
        assert_eq!(output.status.code(), Some(0), "{logs}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for nested in [
        "x = ".to_owned() + &"[".repeat(99_999),
        "x = ".to_owned() + &"{a=".repeat(99_999),
        "a.".repeat(99_999),
    ] {
        place.write("nested.toml", nested);
        let output = limited(&place, "true", &["run", "nested.toml"]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // What the store says of a tick, likewise.
    place.write("run.toml", "[store]\npath = \"s.db\"\n");
    place.run(&["run", "run.toml"], 0);
    let db = rusqlite::Connection::open(place.path("s.db")).unwrap();
    let deep = "[".repeat(99_999) + &"]".repeat(99_999);
    assert!(db.execute("UPDATE tick SET line = ?", [deep]).unwrap() > 0);
    drop(db);
    for more in [&["history", "--store", "s.db"][..], &["history", "--store", "s.db", "--json"]] {
        assert_eq!(limited(&place, "ulimit -s 64", more).status.code(), Some(0));
    }
}
