//! A store in a folder of several users: who may only read it leaves nothing that keeps its owner out, and reads it while the
//! owner writes.
#![cfg(target_os = "linux")]

use super::harness::{Place, line};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const OWNER: u32 = 54_320;
const READER: u32 = 54_321;
const EXPORT: [&str; 9] =
    ["export", "--store", "s.db", "--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow"];

/// A folder that all may write, with a store of its owner; none where this system lets us be nobody else.
fn shared(mode: u32) -> Option<Place> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("skipped: this system lets us be nobody else");
        return None;
    }
    let place = Place::new();
    place.write("logs/a.log", line("1/Mar/2026:10:00:00 +0000", "a.com", 5));
    place.write(
        "run.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"t\"\ntype = \"flow\"\n\
         range = \"2026-03-01\"\n",
    );
    place.copy_program(&place.path("flowbook"));
    fs::set_permissions(place.path(""), Permissions::from_mode(mode)).unwrap();
    good(&by(&place, OWNER, &["ingest", "logs", "--store", "s.db", "--quiet"]));
    Some(place)
}

fn command(place: &Place, user: u32) -> Command {
    let mut command = Command::new(place.path("flowbook"));
    command.current_dir(place.path("")).env("LC_ALL", "C").env_remove("RUST_BACKTRACE");
    command.uid(user).gid(user);
    command
}

fn by(place: &Place, user: u32, arguments: &[&str]) -> Output {
    command(place, user).args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn good(output: &Output) {
    assert!(output.status.success(), "{}", told(output));
}

/// What lies beside the store that is not its owner's.
fn of_others(place: &Place) -> Vec<String> {
    let mut names = place.names();
    names.retain(|name| {
        name.starts_with("s.db") && place.path(name).symlink_metadata().is_ok_and(|meta| meta.uid() != OWNER)
    });
    names
}

#[test]
fn who_cannot_write_a_store_makes_no_lock_beside_it() {
    for mode in [0o777, 0o1777] {
        let Some(place) = shared(mode) else { return };
        good(&by(&place, READER, &[&EXPORT[..], &["-o", "r.csv"]].concat()));
        for refused in [
            &["ingest", "logs", "--store", "s.db"][..],
            &["store", "vacuum", "--store", "s.db"],
            &["run", "run.toml"],
        ] {
            let output = by(&place, READER, refused);
            assert_eq!(output.status.code(), Some(1), "{refused:?}: {}", told(&output));
            assert!(
                told(&output).contains("s.db: cannot write the store: permission denied"),
                "{}",
                told(&output)
            );
        }
        by(&place, READER, &["task", "run", "--store", "s.db"]);
        assert_eq!(of_others(&place), [""; 0]);
        good(&by(&place, OWNER, &["task", "run", "--store", "s.db"]));
        good(&by(&place, OWNER, &[&EXPORT[..], &["-o", "o.csv"]].concat()));
        good(&by(&place, OWNER, &["run", "run.toml"]));
    }
}

#[test]
fn a_lock_of_another_user_locks_all_the_same() {
    let Some(place) = shared(0o1777) else { return };
    let locks = ["s.db.lock", "s.db.tasks.lock", "s.db.run.lock"].map(|name| place.path(name));
    let make = |path: &Path, mode| {
        let _ = fs::remove_file(path);
        fs::write(path, "").unwrap();
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        chown(path, Some(READER), Some(READER)).unwrap();
    };
    for lock in &locks {
        make(lock, 0o644);
    }
    good(&by(&place, OWNER, &["run", "run.toml"]));
    good(&by(&place, OWNER, &["task", "run", "--store", "s.db"]));
    let held = fs::File::open(&locks[1]).unwrap();
    held.lock().unwrap();
    let output = by(&place, OWNER, &["task", "run", "--store", "s.db", "--lock-timeout", "0s"]);
    assert!(told(&output).contains("the store is held by"), "{}", told(&output));
    drop(held);
    // One that cannot be opened at all is named, with what to do.
    for lock in &locks {
        make(lock, 0o600);
    }
    let output = by(&place, OWNER, &["ingest", "logs", "--store", "s.db"]);
    assert!(
        told(&output)
            .contains("s.db.lock: cannot open the store's lock file, which another user created; remove it"),
        "{}",
        told(&output)
    );
}

#[test]
fn who_ingests_once_into_a_store_of_another_keeps_nobody_out() {
    let Some(place) = shared(0o777) else { return };
    let system = |arguments: &str| {
        let run = format!("umask 077; exec ./flowbook {arguments}");
        Command::new("sh").current_dir(place.path("")).args(["-c", &run]).output().unwrap()
    };
    for mode in [0o644, 0o664] {
        for name in ["s.db.lock", "s.db.tasks.lock", "s.db.run.lock"] {
            let _ = fs::remove_file(place.path(name));
        }
        fs::set_permissions(place.path("s.db"), Permissions::from_mode(mode)).unwrap();
        place.write("logs/b.log", line("1/Mar/2026:10:00:00 +0000", "b.com", mode.into()));
        good(&system("ingest logs --store s.db --quiet"));
        good(&system("run run.toml"));
        // Its owner may not read it, and so cannot tell that it is a task's.
        place
            .names()
            .iter()
            .filter(|name| name.contains(".xlsx"))
            .for_each(|name| fs::remove_file(place.path(name)).unwrap());
        assert_eq!(of_others(&place), [""; 0]);
        for name in ["s.db.lock", "s.db.tasks.lock", "s.db.run.lock"] {
            assert_eq!(place.path(name).metadata().unwrap().mode() & 0o777, mode, "{name}");
        }
        place.write("logs/c.log", line("1/Mar/2026:10:00:00 +0000", "c.com", mode.into()));
        good(&by(&place, OWNER, &["ingest", "logs", "--store", "s.db"]));
        good(&by(&place, OWNER, &["run", "run.toml"]));
    }
    // A lock that was there before is nobody's to give away: it may be anything.
    fs::remove_file(place.path("s.db.lock")).unwrap();
    place.write("s.db.lock", "");
    fs::set_permissions(place.path("s.db.lock"), Permissions::from_mode(0o600)).unwrap();
    good(&system("store vacuum --store s.db"));
    assert_eq!(of_others(&place), ["s.db.lock"]);
}

#[test]
fn who_may_only_read_tries_changes_out_on_a_copy() {
    let Some(place) = shared(0o777) else { return };
    place.write("logs/b.log", line("1/Mar/2026:11:00:00 +0000", "b.com", 7));
    for words in [
        &["ingest", "logs", "--store", "s.db", "--dry-run"][..],
        &["store", "forget", "logs/a.log", "--store", "s.db", "--dry-run"],
        &["store", "forget", "--before", "2026-03-02", "--store", "s.db", "--dry-run"],
        &["run", "run.toml", "--dry-run"],
    ] {
        let before = fs::read(place.path("s.db")).unwrap();
        let [own, other] = [OWNER, READER].map(|user| by(&place, user, words));
        good(&own);
        good(&other);
        let said = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(said(&own), said(&other));
        assert!(!said(&own).is_empty() && fs::read(place.path("s.db")).unwrap() == before, "{words:?}");
        assert_eq!(of_others(&place), [""; 0]);
    }
}

#[test]
fn a_change_that_was_not_finished_is_not_shown() {
    let Some(place) = shared(0o777) else { return };
    fs::create_dir(place.path("fixed")).unwrap();
    let export = |user: u32, folder: &str| {
        let mut command = command(&place, user);
        command.args(["export", "--store", &format!("{folder}/s.db"), "-o", "-"]).args(&EXPORT[3..]);
        command
    };
    fs::copy(place.path("s.db"), place.path("fixed/s.db")).unwrap();
    let before = export(READER, "fixed").output().unwrap();
    good(&before);
    // As after a crash of who wrote it in another journal mode: what was there before the change waits in the journal.
    let db = rusqlite::Connection::open(place.path("s.db")).unwrap();
    let sql = "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; UPDATE cell SET bytes = bytes + 1;
               UPDATE part SET bytes = bytes + 1; UPDATE source SET lines = lines";
    db.execute_batch(sql).unwrap();
    let read = "SELECT * FROM sqlite_schema, place, slice, series, sample, task";
    db.prepare(read).unwrap().query([]).unwrap().next().unwrap();
    for name in ["s.db", "s.db-journal"] {
        fs::copy(place.path(name), place.path(&format!("fixed/{name}"))).unwrap();
    }
    assert!(fs::metadata(place.path("fixed/s.db-journal")).unwrap().len() > 512);
    drop(db);
    let after = export(READER, "fixed").output().unwrap();
    good(&after);
    assert_eq!(String::from_utf8_lossy(&after.stdout), String::from_utf8_lossy(&before.stdout));
    assert_eq!(fs::read_dir(place.path("fixed")).unwrap().count(), 2);
    // Where there is no room for a copy, it is an error that says what to do.
    let output = export(READER, "fixed").env("TMPDIR", "/nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    for words in ["s.db-journal shows that a change was not finished", "Copy s.db and s.db-journal"] {
        assert!(told(&output).contains(words), "{}", told(&output));
    }
    // Who may write takes the change back.
    let owned = command(&place, 0).args(["store", "info", "--store", "fixed/s.db"]).output().unwrap();
    good(&owned);
    assert!(!place.exists("fixed/s.db-journal"));
    assert_eq!(export(READER, "fixed").output().unwrap().stdout, before.stdout);
    // A journal that was crossed out says nothing.
    place.write("fixed/s.db-journal", [0; 1000]);
    let output = export(READER, "fixed").env("TMPDIR", "/nowhere").output().unwrap();
    good(&output);
    assert_eq!(output.stdout, before.stdout);
}

#[test]
fn a_store_is_read_by_others_while_its_owner_writes() {
    let Some(place) = shared(0o777) else { return };
    let is_done = AtomicBool::new(false);
    let reads = |user: u32, what: &str| {
        let (mut read, mut failed) = (0, Vec::new());
        while !is_done.load(Ordering::Relaxed) {
            let output = by(&place, user, &["store", what, "--store", "s.db"]);
            read += 1;
            failed.extend((!output.status.success()).then(|| told(&output)));
        }
        (read, failed)
    };
    let mut written = Vec::new();
    thread::scope(|scope| {
        let readers = [(READER, "info"), (READER, "info"), (READER, "sources"), (OWNER, "check")]
            .map(|(user, what)| scope.spawn(move || reads(user, what)));
        for n in 0..60 {
            place.write("logs/new.log", line("1/Mar/2026:10:00:00 +0000", &format!("n{n}.com"), n));
            written.push(by(&place, OWNER, &["ingest", "logs/new.log", "--store", "s.db", "--quiet"]));
        }
        is_done.store(true, Ordering::Relaxed);
        for reader in readers {
            let (read, failed) = reader.join().unwrap();
            assert!(read > 10 && failed.is_empty(), "{} of {read}: {failed:#?}", failed.len());
        }
    });
    written.iter().for_each(good);
    assert_eq!(of_others(&place), [""; 0]);
    // What was told to be stored is there.
    let info = by(&place, OWNER, &["store", "info", "--store", "s.db"]);
    let info = String::from_utf8_lossy(&info.stdout).into_owned();
    let sources = info.lines().find_map(|line| line.strip_prefix("sources")).map(str::trim);
    assert_eq!(sources, Some("61"), "{info}");
}

#[test]
fn nothing_is_made_beside_a_database_that_is_no_store() {
    let Some(place) = shared(0o777) else { return };
    // Also if all that it holds waits in its log.
    for (name, is_carried_over) in [("main.db", true), ("log.db", false)] {
        let db = rusqlite::Connection::open(place.path("other.db")).unwrap();
        let sql = "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a)";
        db.execute_batch(sql).unwrap();
        if is_carried_over {
            db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        }
        fs::copy(place.path("other.db"), place.path(name)).unwrap();
        fs::copy(place.path("other.db-wal"), place.path(&format!("{name}-wal"))).unwrap();
        drop(db);
        fs::remove_file(place.path("other.db")).unwrap();
        let content = || ["", "-wal"].map(|ending| fs::read(place.path(&format!("{name}{ending}"))).ok());
        if is_carried_over {
            fs::remove_file(place.path(&format!("{name}-wal"))).unwrap();
        }
        let (before, names) = (content(), place.names());
        for user in [READER, OWNER, 0] {
            let output = by(&place, user, &["store", "info", "--store", name]);
            assert!(told(&output).contains("is a database, but not a flowbook store"), "{}", told(&output));
            assert_eq!(place.names(), names, "{user}");
            assert!(content() == before, "{user}");
        }
    }
}

#[test]
fn what_waits_in_the_log_of_a_store_is_read_where_nothing_can_be_made() {
    let Some(place) = shared(0o777) else { return };
    fs::create_dir(place.path("fixed")).unwrap();
    let db = rusqlite::Connection::open(place.path("s.db")).unwrap();
    db.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE source SET lines = -1").unwrap();
    for name in ["s.db", "s.db-wal"] {
        fs::copy(place.path(name), place.path(&format!("fixed/{name}"))).unwrap();
    }
    let output = by(&place, READER, &["store", "check", "--store", "fixed/s.db"]);
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(found.contains("source.lines"), "{found}{}", told(&output));
    assert_eq!(fs::read_dir(place.path("fixed")).unwrap().count(), 2);
    // Where there is no room for a copy, either, it is said what to do.
    let output = command(&place, READER)
        .args(["store", "check", "--store", "fixed/s.db"])
        .env("TMPDIR", "/nowhere")
        .output()
        .unwrap();
    assert!(
        told(&output).contains("changes are in s.db-wal") && told(&output).contains("Copy s.db and s.db-wal")
    );
    // A store in whose log nothing waits is read where it stands.
    fs::remove_file(place.path("fixed/s.db-wal")).unwrap();
    let output = command(&place, READER)
        .args(["store", "info", "--store", "fixed/s.db"])
        .env("TMPDIR", "/nowhere")
        .output()
        .unwrap();
    good(&output);
}
