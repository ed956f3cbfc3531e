//! What is there twice counts once: everything comes out as if the copies had never been there.

use crate::harness::{Place, gzip, line};
use crate::logs::{encode, everything, file_name};
use flowbook::codec::{Codec, Decoder};
use flowbook::ingest::{Ingested, Rejects};
use flowbook::output::Output;
use flowbook::report::Duplicate;
use flowbook::source::discover;
use proptest::prelude::*;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const CODECS: [Codec; 3] = [Codec::Plain, Codec::Gzip, Codec::Zstd];

/// A log and its copies: another compression each, if it is one, else the same bytes.
#[derive(Clone, Debug)]
struct Case {
    lines: usize,
    codec: Codec,
    domain: Option<&'static str>,
    is_damaged: bool,
    copies: Vec<Option<Codec>>,
}

fn case() -> impl Strategy<Value = Case> {
    let codec = || prop::sample::select(&CODECS[..]);
    let lines = prop_oneof![3 => 1..40usize, 1 => 100..400usize];
    let copies = prop::collection::vec(prop::option::of(codec()), 0..4);
    (lines, codec(), prop::option::of(Just("www.a.com")), prop::bool::weighted(0.1), copies).prop_map(
        |(lines, codec, domain, is_damaged, copies)| Case { lines, codec, domain, is_damaged, copies },
    )
}

/// Lines with and without a host, and rejected ones. Texts of other numbers differ, also when they have few lines.
fn text(number: usize, lines: usize) -> Vec<u8> {
    let line = |at: usize| {
        let url = ["http://www.b.com/x", "/only/a/path", "https://www.c.com/"][(number + at) % 3];
        let cache = if at % 7 == 5 { "NEITHER" } else { "HIT" };
        let (minute, second, size) = (at % 60, number % 60, 1000 * number + at);
        format!(
            "[1/Mar/2016:08:{minute:02}:{second:02} +0800] 1.2.3.4 - 12 \"-\" \"GET {url}\" 200 10 {size} {cache} \"a\" \"b\"\n"
        )
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

/// Table and report, and the rejected lines as a file.
fn run(folder: &Path, threads: usize) -> (Ingested, String) {
    let scratch = TempDir::new().unwrap();
    let sources = discover(&[folder.to_owned()]).unwrap();
    let mut ingested = everything(sources, threads, Some(scratch.path()));
    let place = scratch.path().join("rejects.csv");
    let mut out = Output::create(&place, false).unwrap();
    Rejects::write_csv(ingested.rejects.take().into_iter().collect(), &mut out, &place, None).unwrap();
    out.commit().unwrap();
    // Names tell where the folder is.
    let base = format!("{}/", folder.display());
    ingested.report.sources.iter_mut().for_each(|source| source.name = source.name.replace(&base, ""));
    for Duplicate { name, same_as } in &mut ingested.report.duplicates {
        (*name, *same_as) = (name.replace(&base, ""), same_as.replace(&base, ""));
    }
    (ingested, fs::read_to_string(place).unwrap().replace(&base, ""))
}

fn lines(count: u64) -> String {
    (1..=count).map(|n| line("1/Mar/2026:12:00:00 +0800", "a.com", n)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn copies_change_nothing(cases in prop::collection::vec(case(), 1..8), threads in 1..4usize) {
        let (once, all) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let mut expected = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            let name = file_name(case.domain, number, case.codec);
            let text = text(number, case.lines);
            let mut bytes = encode(case.codec, [&text[..]]);
            if case.is_damaged {
                bytes.truncate(bytes.len() - bytes.len() / 3);
            }
            fs::write(once.path().join(&name), &bytes).unwrap();
            fs::write(all.path().join(&name), &bytes).unwrap();
            let mut readable = Vec::new();
            let _ = Decoder::new(&bytes[..]).and_then(|mut text| text.read_to_end(&mut readable));
            // Of a file without any text no other is a copy.
            for (at, other) in case.copies.iter().enumerate().filter(|_| !readable.is_empty()) {
                // A damaged file has no text to compare: of it only the bytes tell.
                let copy =
                    other.filter(|_| !case.is_damaged).map_or(bytes.clone(), |codec| encode(codec, [&text[..]]));
                // The name that tells the domain stays, else the first one.
                let first = if case.domain.is_some() { "aa" } else { "zz" };
                let copied = format!("{first}-{number}-{at}");
                fs::write(all.path().join(&copied), copy).unwrap();
                expected.push((copied, name.clone()));
            }
        }
        let (apart, apart_rejects) = run(once.path(), threads);
        let (mut together, rejects) = run(all.path(), threads);
        prop_assert_eq!(&apart.report.duplicates, &[]);
        let found = std::mem::take(&mut together.report.duplicates);
        let found: Vec<_> = found.into_iter().map(|found| (found.name, found.same_as)).collect();
        expected.sort();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(together.report, apart.report);
        prop_assert_eq!(rejects, apart_rejects);
        prop_assert!(together.table == apart.table && together.table.keys().eq(apart.table.keys()));
    }
}

#[test]
fn files_without_a_line_are_no_copies() {
    let folder = TempDir::new().unwrap();
    for (at, codec) in CODECS.into_iter().cycle().take(6).enumerate() {
        fs::write(folder.path().join(format!("{at}")), encode(codec, [&b""[..]])).unwrap();
        let large = gzip(b"").repeat(1000);
        fs::write(folder.path().join(format!("large{at}")), large).unwrap();
    }
    let (ingested, _) = run(folder.path(), 2);
    assert_eq!((ingested.report.sources.len(), ingested.report.duplicates), (12, Vec::new()));
}

/// The lines of a text that stands there twice are taken away again; nothing else is read twice.
#[test]
fn standard_input_is_read_once_beside_copies() {
    let place = Place::new();
    place.write("a.log", lines(3));
    place.write("a.gz", gzip(lines(3).as_bytes()));
    place.write("b.gz", gzip(lines(3).as_bytes()));
    let arguments = ["-", "a.log", "a.gz", "b.gz", "--json"];
    let mut child =
        place.export_command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(lines(4).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["counts"]["accepted"], &json["counts"]["duplicates_skipped"]), (&7.into(), &2.into()));
}

/// What was counted of a copy is not known any more when it changed: that is no figure for a bill.
#[cfg(unix)]
#[test]
fn copies_that_change_beside_a_pipe_fail_the_job() {
    let place = Place::new();
    for name in ["a.log", "b.log"] {
        place.write(name, lines(3));
    }
    assert!(Command::new("mkfifo").arg(place.path("pipe")).status().unwrap().success());
    let arguments = ["a.log", "b.log", "pipe", "--threads", "1"];
    let child = place.export_command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    // It is opened behind the logs: they were read.
    let mut pipe = fs::OpenOptions::new().write(true).open(place.path("pipe")).unwrap();
    for name in ["a.log", "b.log"] {
        place.write(name, lines(3).replace("300 1 HIT", "300 9 HIT"));
    }
    pipe.write_all(lines(1).as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("pipe: cannot be read again: a.log changed meanwhile"), "{message}");
    assert!(!message.contains("--keep-going"), "{message}");
    assert!(!place.exists("out.xlsx"));
}

/// A store and a direct run agree on what is a copy, and of what.
#[test]
fn a_store_and_a_direct_run_keep_the_same_names() {
    let place = Place::new();
    let named = "www.example.com_2026_03_01_200000_210000.gz";
    let bare = line("1/Mar/2026:20:00:00 +0800", "x.com", 30).replace("http://x.com", "");
    let text = line("1/Mar/2026:20:00:00 +0800", "www.example.com", 1000) + &bare;
    place.write(&format!("logs/{named}"), gzip(text.as_bytes()));
    place.write("logs/aaa.log", &text);
    place.write("logs/zzz.zst", encode(Codec::Zstd, [text.as_bytes()]));
    let done = place.export(&["logs", "--json"], 0).json();
    let counts = &done["counts"];
    assert_eq!((&counts["accepted"], &counts["rejected"]), (&2.into(), &0.into()), "{counts}");
    assert_eq!(counts["duplicates_skipped"], 2);
    let direct = fs::read(place.path("out.xlsx")).unwrap();
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    place.export(&["--store", "s.db", "--force"], 0);
    assert!(direct == fs::read(place.path("out.xlsx")).unwrap());
}

/// Names that are shown alike are two names all the same.
#[cfg(unix)]
#[test]
fn every_copy_is_taken_out_whatever_its_name() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let names: [&[u8]; 5] = [b"0.log", b"a\nb.log", b"a\\nb.log", b"\xff.log", b"\\xff.log"];
    fs::create_dir(place.path("logs")).unwrap();
    for name in names {
        fs::write(place.path("logs").join(std::ffi::OsStr::from_bytes(name)), lines(2)).unwrap();
    }
    let counts = &place.export(&["logs", "--json"], 0).json()["counts"];
    assert_eq!((&counts["accepted"], &counts["duplicates_skipped"]), (&2.into(), &4.into()));
}
