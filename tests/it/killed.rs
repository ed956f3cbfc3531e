//! Killed processes and full disks: nothing but a complete file ever stands under the output's name.

use super::book::Book;
use super::harness::{Place, gzip, line};
use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Enough to write for some time: many domains over a month.
fn place() -> Place {
    let place = Place::new();
    let text: String = (0..60).map(|n| line("1/Mar/2026:08:00:00 +0800", &format!("d{n}.com"), n)).collect();
    place.write("a.gz", gzip(text.as_bytes()));
    place
}

const MONTH: [&str; 11] = [
    "export",
    "a.gz",
    "--type",
    "vas",
    "--start-time",
    "2026-03-01T00:00:00Z",
    "--end-time",
    "2026-04-01T00:00:00Z",
    "--output",
    "out.xlsx",
    "--quiet",
];

#[cfg(unix)]
#[test]
fn a_kill_at_any_moment_leaves_no_partial_file() {
    let place = place();
    let begun = Instant::now();
    place.run(&MONTH, 0);
    let whole = begun.elapsed();
    let complete = fs::read(place.path("out.xlsx")).unwrap();
    fs::remove_file(place.path("out.xlsx")).unwrap();
    let (mut killed, rounds) = (0, 12);
    for round in 0..rounds {
        let mut child = place.command().args(MONTH).spawn().unwrap();
        thread::sleep(whole * round / rounds);
        let _ = child.kill();
        killed += u32::from(!child.wait().unwrap().success());
        if place.exists("out.xlsx") {
            assert!(fs::read(place.path("out.xlsx")).unwrap() == complete, "round {round}");
            fs::remove_file(place.path("out.xlsx")).unwrap();
        }
    }
    assert!(killed > 0, "no round was killed before its end");
    place.run(&MONTH, 0);
    assert!(fs::read(place.path("out.xlsx")).unwrap() == complete);
    assert_eq!(Book::open(&place.path("out.xlsx")).sheets().len(), 7);
}

#[cfg(unix)]
#[test]
fn a_process_told_to_end_leaves_nothing() {
    let place = place();
    let begun = Instant::now();
    place.run(&MONTH, 0);
    let whole = begun.elapsed();
    let complete = fs::read(place.path("out.xlsx")).unwrap();
    fs::remove_file(place.path("out.xlsx")).unwrap();
    let mut ended = 0;
    let signals = [("-INT", 130), ("-TERM", 143), ("-HUP", 129), ("-TERM", 143)];
    for (round, (signal, code)) in (1..).zip(signals) {
        let mut child = place.command().args(MONTH).args(["--rejects", "r.csv"]).spawn().unwrap();
        thread::sleep(whole * round / 6);
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let status = child.wait().unwrap();
        assert!([Some(0), Some(code)].contains(&status.code()), "{signal}: {status}");
        ended += u32::from(status.code() == Some(code));
        let left: Vec<String> = place.names().into_iter().filter(|name| name.starts_with('.')).collect();
        // A signal that comes too late finds the job done.
        let done = fs::read(place.path("out.xlsx")).ok();
        assert!(left.is_empty() && (done.is_some() || !status.success()), "{signal}: {left:?} {status}");
        assert!(done.is_none_or(|done| done == complete), "{signal}: {status}");
        for name in ["r.csv", "out.xlsx"] {
            let _ = fs::remove_file(place.path(name));
        }
    }
    assert!(ended > 0, "no signal came in time");
}

/// The moment in which a file in the making has just been made, and its long folder is looked through.
#[cfg(target_os = "linux")]
#[test]
fn a_process_told_to_end_as_it_begins_a_file_leaves_nothing() {
    let place = place();
    for n in 0..9000 {
        place.write(&format!("out/{n}.csv"), "");
    }
    let arguments: Vec<&str> =
        MONTH.into_iter().map(|word| if word == "out.xlsx" { "out/out.xlsx" } else { word }).collect();
    let is_begun = |id: u32| {
        let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        files
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|file| file.to_string_lossy().contains(".flowbook-"))
    };
    let mut ended = 0;
    for _ in 0..8 {
        let mut child = place.command().args(&arguments).spawn().unwrap();
        while !is_begun(child.id()) && child.try_wait().unwrap().is_none() {}
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        ended += u32::from(child.wait().unwrap().code() == Some(143));
        let _ = fs::remove_file(place.path("out/out.xlsx"));
        let names = fs::read_dir(place.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = names.filter(|name| name.as_encoded_bytes().starts_with(b".flowbook-")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    assert!(ended > 0, "no signal came in time");
}

#[cfg(unix)]
#[test]
fn ignored_signals_stay_ignored() {
    for (name, signal) in [("HUP", "-HUP"), ("INT", "-INT"), ("TERM", "-TERM")] {
        let place = Place::new();
        let script = format!("trap '' {name}; exec \"$0\" \"$@\"");
        let mut command = Command::new("bash");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_flowbook"), "ingest", "-", "--store", "usage.db"]);
        let mut child = command.current_dir(place.path("")).stdin(Stdio::piped()).spawn().unwrap();
        while fs::read_to_string(place.path("usage.db.lock")).unwrap_or_default().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        thread::sleep(Duration::from_millis(100));
        let text = super::kept::text(1..=3);
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{name}");
        assert_eq!(super::kept::usage_of(&place.path("usage.db")).len(), 3, "{name}");
    }
}

/// Runs flowbook where no file may grow beyond so many KiB.
#[cfg(unix)]
fn limited(place: &Place, kib: u32) -> std::process::Output {
    let script = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_flowbook")]).args(MONTH);
    command.current_dir(place.path("")).stdin(Stdio::null()).output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_full_disk_fails_the_job_cleanly() {
    for kib in [0, 16, 600, 3000] {
        let place = place();
        let output = limited(&place, kib);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{kib} KiB: {message}");
        assert!(message.contains("out.xlsx: cannot write"), "{kib} KiB: {message}");
        assert!(!message.contains("panicked"), "{kib} KiB: {message}");
        assert_eq!(place.names(), ["a.gz"], "{kib} KiB");
    }
}

#[test]
fn standard_output_may_be_closed() {
    let place = place();
    let mut command = place.command();
    let arguments: Vec<&str> = MONTH.into_iter().filter(|a| *a != "--quiet").collect();
    let mut child = command.args(arguments).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let status = child.wait().unwrap();
    assert!(status.success() && place.exists("out.xlsx"));
}
