//! What a file keeps that is replaced, what mode a new one has, and what is left of runs that were killed.
#![cfg(unix)]

use super::harness::{Place, line};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

const RANGE: [&str; 6] = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow"];

fn place() -> Place {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:10:00:00 +0000", "a.com", 5));
    place
}

/// Runs flowbook with another mask of modes.
fn masked(place: &Place, mask: &str, arguments: &[&str]) {
    let mut shell = Command::new("sh");
    shell.current_dir(place.path("")).args(["-c", &format!("umask {mask}; exec \"$0\" \"$@\"")]);
    let output = shell.arg(env!("CARGO_BIN_EXE_flowbook")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a workbook, Detail rows, rejected lines, figures of a run.
fn make_all(place: &Place, mask: &str) {
    place.write(
        "run.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"a.log\"]\n[output]\nmetrics = \"m.prom\"\n",
    );
    let with =
        |more: &[&'static str]| [&["export", "a.log", "--force", "--quiet"], &RANGE[..], more].concat();
    masked(place, mask, &with(&["-o", "a.xlsx", "--rejects", "r.csv"]));
    masked(place, mask, &with(&["-o", "a.csv.gz"]));
    masked(place, mask, &["run", "run.toml", "--quiet"]);
}

const RESULTS: [&str; 4] = ["a.xlsx", "r.csv", "a.csv.gz", "m.prom"];

fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.path(name)).unwrap().mode() & 0o7777
}

#[test]
fn modes_are_kept_and_new_files_have_those_of_the_mask() {
    let place = place();
    make_all(&place, "027");
    for name in RESULTS {
        assert_eq!(mode(&place, name), 0o640, "{name}");
    }
    for kept in [0o600, 0o444, 0o664, 0o777] {
        for name in RESULTS {
            fs::set_permissions(place.path(name), Permissions::from_mode(kept)).unwrap();
        }
        make_all(&place, "022");
        for name in RESULTS {
            assert_eq!(mode(&place, name), kept, "{name}");
        }
    }
    // What marks programs is not for a workbook.
    fs::set_permissions(place.path("a.xlsx"), Permissions::from_mode(0o4755)).unwrap();
    make_all(&place, "022");
    assert_eq!(mode(&place, "a.xlsx"), 0o755);
}

#[test]
fn owners_are_kept_where_that_is_allowed_and_links_stay() {
    let place = place();
    make_all(&place, "022");
    let own = fs::metadata(place.path("a.xlsx")).unwrap();
    let other = if own.uid() == 0 { (1234, 4321) } else { (own.uid(), own.gid()) };
    fs::create_dir(place.path("there")).unwrap();
    for name in RESULTS {
        let real = place.path(&format!("there/{name}"));
        fs::rename(place.path(name), &real).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        chown(&real, Some(other.0), Some(other.1)).unwrap();
        symlink(format!("there/{name}"), place.path(name)).unwrap();
    }
    let before: Vec<u64> = RESULTS.map(|name| fs::metadata(place.path(name)).unwrap().ino()).to_vec();
    make_all(&place, "022");
    for (name, before) in RESULTS.into_iter().zip(before) {
        assert!(place.path(name).is_symlink(), "{name}");
        let meta = fs::metadata(place.path(name)).unwrap();
        assert_eq!((meta.uid(), meta.gid(), meta.mode() & 0o777), (other.0, other.1, 0o640), "{name}");
        assert_ne!(meta.ino(), before, "{name} was made");
    }
}

#[test]
fn what_comes_to_stand_there_meanwhile_is_kept() {
    let place = place();
    place.run(&["ingest", "a.log", "--store", "s.db"], 0);
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    // The output is begun before a log is opened: whoever writes to the pipe waits for that.
    let meanwhile = |force: &[&str], change: &dyn Fn()| {
        let mut command = place.command();
        command.args(["export", "pipe", "-o", "z.xlsx", "--quiet"]).args(RANGE).args(force);
        let child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut pipe = File::options().write(true).open(place.path("pipe")).unwrap();
        change();
        std::io::Write::write_all(&mut pipe, line("1/Mar/2026:10:00:00 +0000", "a.com", 5).as_bytes())
            .unwrap();
        drop(pipe);
        let done = child.wait_with_output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let store = fs::read(place.path("s.db")).unwrap();
    let copy = |name: &str| assert!(fs::copy(place.path("s.db"), place.path(name)).is_ok());
    let copied = || copy("z.xlsx");
    let moved = || {
        copy("copy");
        fs::rename(place.path("copy"), place.path("z.xlsx")).unwrap();
    };
    for (before, force, change, says) in [
        (None, &[][..], &copied as &dyn Fn(), "was created while"),
        (None, &["--force"], &copied, "was created while"),
        (Some("old"), &["--force"], &copied, "was changed"),
        (Some("old"), &["--force"], &moved, "was changed"),
    ] {
        let _ = fs::remove_file(place.path("z.xlsx"));
        if let Some(text) = before {
            place.write("z.xlsx", text);
        }
        let (code, told) = meanwhile(force, change);
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("z.xlsx") && told.contains(says) && told.contains("is kept"), "{told}");
        assert!(fs::read(place.path("z.xlsx")).unwrap() == store, "{told}");
    }
    assert_eq!(pending(&place), Vec::<String>::new());
}

/// Names of files in the making.
fn pending(place: &Place) -> Vec<String> {
    place.names().into_iter().filter(|name| name.starts_with(".flowbook-")).collect()
}

#[test]
fn what_killed_runs_left_is_removed_by_the_next_one() {
    let place = place();
    // Waits for lines that do not come, its output begun.
    let begin = |output: &str| {
        let mut command = place.command();
        command.args(["export", "-", "-o", output, "--quiet"]).args(RANGE);
        let known = pending(&place);
        let child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        for _ in 0..600 {
            if pending(&place).len() > known.len() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let new = pending(&place).into_iter().find(|name| !known.contains(name));
        (child, new.expect("a file in the making"))
    };
    let age = |name: &str| {
        let file = File::options().write(true).open(place.path(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(86_500)).unwrap();
    };
    let (mut killed, left) = begin("killed.xlsx");
    let (mut alive, held) = begin("alive.xlsx");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let export = ["export", "a.log", "-o", "out.xlsx", "--force", "--quiet"];
    let export = [&export[..], &RANGE].concat();
    place.run(&export, 0);
    assert!(place.exists(&left) && place.exists(&held), "what is young may be another machine's");
    for name in [&left, &held] {
        age(name);
    }
    for other in [".flowbook-folder", ".flowbook-abcdef.tmp~", "flowbook-abcdef.tmp", ".flowbook-ab.def.tmp"]
    {
        place.write(other, "");
        age(other);
    }
    // A command that makes nothing removes nothing.
    place.run(&["generate", "made", "--domains", "1", "--hours", "1", "--quiet"], 0);
    assert!(place.exists(&left));
    place.run(&export, 0);
    assert!(!place.exists(&left), "nobody makes it any more");
    assert!(place.exists(&held), "somebody makes it");
    drop(alive.stdin.take());
    assert!(alive.wait().unwrap().code().is_some());
    assert_eq!(pending(&place), [".flowbook-ab.def.tmp", ".flowbook-abcdef.tmp~", ".flowbook-folder"]);
}
