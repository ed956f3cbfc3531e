//! What stands in the place of a store, of its locks or of its settings and is not what it should be.

use super::kept::{Kept, once, text};
use rusqlite::Connection;
use std::fs;
use std::path::Path;
#[cfg(unix)]
use std::process::Command;

/// A configuration of one task over a store of this name, and more of its settings.
fn settings(store: &str, more: &str) -> String {
    format!(
        "[store]\npath = \"{store}\"\n{more}\n[[source]]\npaths = [\"*.log\"]\n[[task]]\nname = \"day\"\n\
         type = \"flow\"\nrange = \"2026-03-01/2026-03-01\"\noutput = \"day.xlsx\"\n"
    )
}

fn kept() -> Kept {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.ingest(&["a.log"]);
    kept
}

fn mode(store: &Path) -> String {
    let db = Connection::open(store).unwrap();
    db.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_copy_in_another_journal_mode_is_put_right() {
    let kept = kept();
    let copy = kept.0.path("copy.db");
    let store = Connection::open(kept.0.path("usage.db")).unwrap();
    store.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    assert_eq!(mode(&copy), "delete");
    kept.write("flowbook.toml", settings("copy.db", "lock_timeout = \"1s\""));
    kept.0.run(&["run", "flowbook.toml"], 0);
    assert_eq!(mode(&copy), "wal");
    // An export over a copy registers its task there, beside its own readers.
    let other = kept.0.path("other.db");
    store.execute("VACUUM INTO ?", [other.to_str().unwrap()]).unwrap();
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    kept.0.run(&[&["export", "--store", "other.db", "--lock-timeout", "1s"], &range[..]].concat(), 0);
    assert_eq!(mode(&other), "wal");
    // Who reads keeps nobody from writing.
    let reader = Connection::open(&copy).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM source").unwrap();
    kept.write("b.log", text(6..=9));
    kept.0.run(&["ingest", "b.log", "--store", "copy.db", "--lock-timeout", "1s"], 0);
}

#[cfg(unix)]
#[test]
fn a_lock_is_a_file_of_its_own() {
    let kept = kept();
    kept.write("flowbook.toml", settings("usage.db", ""));
    kept.write("victim", "what must stay");
    let commands: [(&str, &[&str]); 3] = [
        ("usage.db.lock", &["ingest", "a.log", "--store", "usage.db"]),
        ("usage.db.tasks.lock", &["run", "flowbook.toml"]),
        ("usage.db.run.lock", &["run", "flowbook.toml"]),
    ];
    for (lock, command) in commands {
        let place = kept.0.path(lock);
        for target in ["victim", "new"] {
            let _ = fs::remove_file(&place);
            std::os::unix::fs::symlink(target, &place).unwrap();
            kept.0.run(command, 2).says(&[lock, "is a link or not a regular file; remove it"]);
            assert_eq!(fs::read_to_string(kept.0.path("victim")).unwrap(), "what must stay", "{lock}");
            assert!(!kept.0.exists("new"), "{lock}");
        }
        fs::remove_file(&place).unwrap();
        fs::hard_link(kept.0.path("victim"), &place).unwrap();
        kept.0.run(command, 2).says(&[lock, "is a link"]);
        assert_eq!(fs::read_to_string(kept.0.path("victim")).unwrap(), "what must stay", "{lock}");
        fs::remove_file(&place).unwrap();
        let made = Command::new("mkfifo").arg(&place).status().unwrap();
        assert!(made.success());
        kept.0.run(command, 2).says(&[lock, "is a link or not a regular file; remove it"]);
        fs::remove_file(&place).unwrap();
    }
    kept.0.run(commands[1].1, 0);
}

#[cfg(unix)]
#[test]
fn a_file_of_the_database_is_a_file_of_its_own() {
    let kept = kept();
    kept.write("b.log", text(6..=9));
    kept.write("flowbook.toml", settings("usage.db", ""));
    kept.write("victim", "what must stay");
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    let commands: [&[&str]; 8] = [
        &["ingest", "b.log", "--store", "usage.db"],
        &["run", "flowbook.toml"],
        &["run", "flowbook.toml", "--dry-run"],
        &["store", "info", "--store", "usage.db"],
        &["store", "check", "--store", "usage.db"],
        &["store", "vacuum", "--store", "usage.db"],
        &["task", "list", "--store", "usage.db"],
        &[&["export", "--store", "usage.db", "--force"], &range[..]].concat(),
    ];
    let link = |place: &Path| std::os::unix::fs::symlink("victim", place).unwrap();
    let second = |place: &Path| fs::hard_link(place.with_file_name("victim"), place).unwrap();
    let pipe = |place: &Path| assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
    let folder = |place: &Path| fs::create_dir(place).unwrap();
    let makes: [&dyn Fn(&Path); 4] = [&second, &link, &pipe, &folder];
    for name in ["usage.db-wal", "usage.db-shm", "usage.db-journal"] {
        let place = kept.0.path(name);
        for (at, make) in makes.into_iter().enumerate() {
            make(&place);
            let told = if at == 0 {
                "has another name (a hard link)"
            } else {
                "is a link or not a regular file; remove it"
            };
            for command in commands {
                kept.0.run(command, 2).says(&[name, "SQLite keeps beside the store", told]);
            }
            assert_eq!(fs::read_to_string(kept.0.path("victim")).unwrap(), "what must stay", "{name}");
            fs::remove_file(&place).or_else(|_| fs::remove_dir(&place)).unwrap();
        }
        // Also beside a store that is yet to be made.
        let other = name.replace("usage", "new");
        second(&kept.0.path(&other));
        kept.0.run(&["ingest", "b.log", "--store", "new.db"], 2).says(&[&other, "a hard link"]);
        assert!(!kept.0.exists("new.db"));
        fs::remove_file(kept.0.path(&other)).unwrap();
    }
    kept.0.run(commands[0], 0);
    assert_eq!(kept.counted(), once(&[1..=9]));
}

#[cfg(unix)]
#[test]
fn a_device_is_no_store_and_nothing_is_left_beside_it() {
    let kept = kept();
    kept.write("flowbook.toml", settings("/dev/null", ""));
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    let commands: [&[&str]; 6] = [
        &["ingest", "a.log", "--store", "/dev/null"],
        &[&["export", "--store", "/dev/null"], &range[..]].concat(),
        &[&["export", "a.log", "--store", "/dev/null"], &range[..]].concat(),
        &["run", "flowbook.toml"],
        &["store", "check", "--store", "/dev/null"],
        &["store", "vacuum", "--store", "/dev/null"],
    ];
    for command in commands {
        kept.0.run(command, 2).says(&["/dev/null: is not a regular file"]);
    }
    for ending in [".lock", ".tasks.lock", ".run.lock", "-wal", "-shm"] {
        assert!(!Path::new("/dev").join(format!("null{ending}")).exists(), "{ending}");
    }
}

#[test]
fn no_lock_is_left_of_a_store_that_is_none() {
    let kept = kept();
    kept.write("bad.toml", settings("none.db", "").replace("*.log", "none/*.log"));
    for command in [
        &["task", "run", "--store", "none.db"][..],
        &["task", "delete", "1", "--store", "none.db"],
        &["store", "vacuum", "--store", "none.db"],
        &["store", "forget", "a.log", "--store", "none.db"],
        &["ingest", "none.log", "--store", "none.db"],
        &["ingest", "a.log", "--store", "none.db", "--dry-run"],
        &["run", "bad.toml", "--dry-run"],
        &["export", "none.log", "--store", "none.db", "-o", "x.xlsx", "--month", "2026-03", "--type", "flow"],
    ] {
        let output = kept.0.command().args(command).output().unwrap();
        let names: Vec<String> = kept.0.names().into_iter().filter(|name| name.starts_with("none")).collect();
        let is_made = names.contains(&"none.db".to_owned());
        assert!(
            is_made || names.is_empty(),
            "{command:?}: {names:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        for name in names {
            fs::remove_file(kept.0.path(&name)).unwrap();
        }
    }
}

#[test]
fn any_lock_timeout_may_be_given() {
    let kept = kept();
    kept.write("b.log", text(6..=9));
    kept.write("flowbook.toml", settings("usage.db", "lock_timeout = \"30d\""));
    kept.0.run(&["ingest", "b.log", "--store", "usage.db", "--lock-timeout", "25d"], 0);
    kept.0.run(&["run", "flowbook.toml"], 0);
    kept.0.run(&["store", "check", "--store", "usage.db", "--lock-timeout", "99999d"], 0);
    assert_eq!(kept.counted(), once(&[1..=9]));
}

#[test]
fn who_only_reads_leaves_nothing_beside_a_store() {
    let kept = kept();
    kept.write("flowbook.toml", settings("usage.db", ""));
    kept.0.run(&["run", "flowbook.toml"], 0);
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    let commands: [&[&str]; 8] = [
        &[&["export", "--store", "usage.db", "--force"], &range[..]].concat(),
        &["store", "info", "--store", "usage.db"],
        &["store", "check", "--store", "usage.db"],
        &["store", "sources", "--store", "usage.db"],
        &[
            "store",
            "coverage",
            "--store",
            "usage.db",
            "--start-time",
            "2026-03-01T04:00:00Z",
            "--end-time",
            "2026-03-01T05:00:00Z",
        ],
        &["task", "list", "--store", "usage.db"],
        &["history", "--store", "usage.db"],
        &["run", "flowbook.toml", "--dry-run"],
    ];
    for command in commands {
        kept.0.run(command, 0);
        let names = kept.0.names();
        assert!(
            !names.iter().any(|name| name.ends_with("-wal") || name.ends_with("-shm")),
            "{command:?}: {names:?}"
        );
    }
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    let kept = Kept::new();
    let path = kept.0.path("other.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)").unwrap();
    // As after a crash: what was written waits beside the file.
    for ending in ["", "-wal"] {
        let copy = format!("copy.db{ending}");
        fs::copy(kept.0.path(&format!("other.db{ending}")), kept.0.path(&copy)).unwrap();
    }
    let bytes = || ["copy.db", "copy.db-wal"].map(|name| fs::read(kept.0.path(name)).unwrap());
    let before = bytes();
    for command in [&["store", "info"], &["store", "check"], &["task", "list"]] {
        kept.0
            .run(&[&command[..], &["--store", "copy.db"]].concat(), 2)
            .says(&["copy.db: is a database, but not a flowbook store"]);
        assert!(bytes() == before, "{command:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_lock_is_named_after_the_store_alone() {
    let kept = kept();
    kept.write("flowbook.toml", settings("usage.db", ""));
    kept.write("v.lock", "what must stay");
    // Of these names, none is a store's.
    for name in ["usage.db.tasks", "usage.db.run"] {
        std::os::unix::fs::symlink("v", kept.0.path(name)).unwrap();
    }
    kept.0.run(&["task", "run", "--store", "usage.db"], 0);
    kept.0.run(&["run", "flowbook.toml"], 0);
    assert_eq!(fs::read_to_string(kept.0.path("v.lock")).unwrap(), "what must stay");
    for name in ["usage.db.tasks.lock", "usage.db.run.lock"] {
        assert!(kept.0.exists(name), "{name}");
    }
    // The store itself has one lock by whatever link it is named, also before it is there.
    for (link, to) in [("one.db", "two.db"), ("two.db", "there.db")] {
        std::os::unix::fs::symlink(to, kept.0.path(link)).unwrap();
    }
    kept.0.run(&["ingest", "a.log", "--store", "one.db"], 0);
    kept.0.run(&["task", "run", "--store", "one.db"], 0);
    let mut names = kept.0.names();
    names.retain(|name| name.contains(".lock") && !name.starts_with("usage"));
    assert_eq!(names, ["there.db.lock", "there.db.tasks.lock", "v.lock"]);
}

#[test]
fn workbooks_are_not_made_without_their_lock() {
    let kept = kept();
    // Its own files have room for their names, the lock of tasks has none.
    let store = format!("{}.db", "s".repeat(243));
    kept.0.run(&["ingest", "a.log", "--store", &store], 0);
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    kept.0.run(&[&["task", "create", "--store", &store], &range[..]].concat(), 0);
    for command in [&["task", "run", "--store", &store][..], &["task", "delete", "1", "--store", &store]] {
        kept.0.run(command, 1).says(&["cannot create the store's lock file"]);
    }
    assert!(!kept.0.exists("x.xlsx"));
}

#[cfg(unix)]
#[test]
fn a_link_to_the_store_among_the_logs_is_not_opened() {
    let kept = kept();
    fs::create_dir(kept.0.path("logs")).unwrap();
    kept.write("logs/b.log", text(6..=9));
    for (at, file) in ["usage.db", "usage.db-shm"].into_iter().enumerate() {
        // What the database keeps beside the store is there as long as anybody reads.
        let db = Connection::open(kept.0.path("usage.db")).unwrap();
        let _: i64 = db.query_row("SELECT count(*) FROM source", [], |row| row.get(0)).unwrap();
        let link = kept.0.path(&format!("logs/link{at}.log"));
        std::os::unix::fs::symlink(kept.0.path(file), &link).unwrap();
        for more in [&[][..], &["--verify"]] {
            let words = [&["ingest", "logs", "--store", "usage.db"][..], more].concat();
            kept.0.run(&words, 1).says(&[&format!("link{at}.log"), "leads to the store"]);
        }
        kept.try_ingest(&["logs", "--keep-going"], 3);
        assert_eq!(kept.counted(), once(&[1..=9]));
        fs::remove_file(link).unwrap();
    }
}

#[test]
fn a_file_that_is_named_like_a_lock_is_left_as_it_is() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.write("bad.gz", &super::harness::gzip(text(1..=5).as_bytes())[..40]);
    for (name, content) in [("Cargo.lock", "# made by another program\n"), ("Cargo.lock", "process")] {
        kept.write(name, content);
        let code = if content.starts_with('#') { 2 } else { 0 };
        for log in ["bad.gz", "a.log"] {
            let code = if code == 0 && log == "bad.gz" { 1 } else { code };
            let done = kept.0.run(&["ingest", log, "--store", "Cargo"], code);
            if code == 2 {
                done.says(&["Cargo.lock", "holds something else"]);
                assert_eq!(fs::read_to_string(kept.0.path(name)).unwrap(), content);
            }
        }
    }
    assert_eq!(fs::metadata(kept.0.path("Cargo.lock")).unwrap().len(), 0);
    // A store in the place of another one's lock is none, either.
    kept.0.run(&["ingest", "a.log", "--store", "usage.db.lock"], 0);
    kept.0
        .run(&["ingest", "a.log", "--store", "usage.db"], 2)
        .says(&["usage.db.lock", "holds something else"]);
    kept.0.run(&["store", "check", "--store", "usage.db.lock"], 0);
}

#[test]
fn a_file_that_is_named_like_one_of_the_database_is_left_as_it_is() {
    let kept = kept();
    kept.write("b.log", text(6..=9));
    kept.write("bad.gz", &super::harness::gzip(text(1..=5).as_bytes())[..40]);
    // Text, and another store.
    let store = fs::read(kept.0.path("usage.db")).unwrap();
    for name in
        ["usage.db-wal", "usage.db-shm", "usage.db-journal", "new.db-wal", "new.db-shm", "new.db-journal"]
    {
        let stem = name.split('-').next().unwrap();
        // And a film, which begins with zeros, and the first byte of a log.
        for content in [b"my notes\n", &store[..], b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", b"7"] {
            kept.write(name, content);
            for words in [&["ingest", "b.log"][..], &["ingest", "bad.gz"], &["store", "info"]] {
                if stem == "new.db" && words[0] == "store" {
                    continue;
                }
                let words = [words, &["--store", stem]].concat();
                kept.0.run(&words, 2).says(&[
                    name,
                    "holds something else",
                    "move it, or name the store otherwise",
                ]);
                assert!(fs::read(kept.0.path(name)).unwrap() == content, "{name}");
            }
            fs::remove_file(kept.0.path(name)).unwrap();
        }
        // As one that was just made, or is crossed out.
        kept.write(name, [0; 600]);
        kept.0.run(&["ingest", "b.log", "--store", stem], 0);
        let _ = fs::remove_file(kept.0.path(name));
    }
    assert_eq!(kept.counted(), once(&[1..=9]));
}

#[test]
fn a_store_is_not_made_in_the_place_of_a_file_of_another_one() {
    let kept = kept();
    kept.write("b.log", text(6..=9));
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    for ending in ["-wal", "-shm", "-journal", ".lock", ".run.lock", ".tasks.lock"] {
        let name = format!("usage.db{ending}");
        // Nothing is there, or a file for it.
        for is_there in [false, true] {
            let _ = fs::remove_file(kept.0.path(&name));
            if is_there {
                kept.write(&name, "");
            }
            let before = kept.0.names();
            for words in [&["ingest", "b.log"][..], &[&["task", "create"], &range[..]].concat()] {
                let words = [words, &["--store", &name]].concat();
                kept.0.run(&words, 2).says(&[&name, "belongs to the database beside it"]);
                assert_eq!(kept.0.names(), before, "{words:?}");
            }
        }
        fs::remove_file(kept.0.path(&name)).unwrap();
    }
    kept.ingest(&["b.log"]);
    assert_eq!(kept.counted(), once(&[1..=9]));
}

#[test]
fn a_file_that_a_full_disk_left_is_made_a_store() {
    let kept = Kept::new();
    let range = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow", "-o", "x.xlsx"];
    kept.write("usage.db", "");
    kept.0.run(&[&["task", "create", "--store", "usage.db"], &range[..]].concat(), 0);
    kept.0.run(&["store", "check", "--store", "usage.db"], 0);
}
