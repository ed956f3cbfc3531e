//! Small inputs that log tools get wrong: every file and folder of `data/troubles` gives its true value or a named
//! fault, in a direct run and through a store.

use super::book::Book;
use super::harness::{Done, Place, encode, gzip, line, repository};
use flowbook::codec::Codec;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What an input comes to.
#[derive(Clone, Copy)]
enum Want {
    /// Requests and bytes that count.
    Counts(u64, u64),
    /// A fault that says each of these texts; requests and bytes that count where the run goes on.
    Fault(&'static [&'static str], u64, u64),
    /// Requests and bytes that count, and one line that is rejected for this reason.
    Rejects(u64, u64, &'static str),
}
use Want::{Counts, Fault, Rejects};

/// Inputs by name, over the hours of 1 March 2026, UTC.
const ROWS: [(&str, Want); 20] = [
    ("10a-same-log-crlf-and-lf", Counts(40, 40_780)),
    ("10c-older-copy-of-a-log-that-grew", Counts(20, 60_090)),
    // The day begins with the first hour, whose text counts once; the second hour counts twice, and that is said.
    ("10d-hours-and-the-day-merged-from-them", Counts(600, 5_259_700)),
    ("01-lone-cr-line-ends.log", Counts(10, 10_045)),
    ("02a-two-entries-on-one-line.log", Counts(20, 60_090)),
    ("05-wildcard-domain-log-begins-with-a-dot", Counts(30, 20_235)),
    ("08a-userinfo-in-url.log", Counts(41, 41_557)),
    ("08b-quote-and-space-in-url.log", Counts(41, 41_668)),
    ("08d-host-in-utf8.log", Counts(41, 41_335)),
    ("09-referer-that-holds-a-request.log", Rejects(40, 40_780, "ambiguous")),
    ("11-idn-file-name-and-path-only-lines", Counts(20, 10_190)),
    ("03a-hour-10-is-gzip-of-gzip", Counts(800, 7_679_600)),
    ("03b-hour-10-is-an-xml-error-page", Fault(&["100000_110000.gz: is an XML page"], 600, 5_659_700)),
    ("03c-hour-10-is-xz", Fault(&["100000_110000.gz: is an xz file: unpack it first"], 600, 5_659_700)),
    ("03e-hour-10-has-zero-bytes", Counts(600, 5_659_700)),
    (
        "04a-two-logs-in-a-tar.tar.gz",
        Fault(&["04a-two-logs-in-a-tar.tar.gz: is a tar archive inside gzip"], 0, 0),
    ),
    ("06a-utf8-bom.log", Counts(40, 40_780)),
    ("06b-nul-run-before-first-line.log", Counts(40, 40_780)),
    ("07a-gz-padded-with-zeros.log.gz", Counts(10, 10_045)),
    ("07c-gz-with-a-newline-behind.log.gz", Counts(10, 10_045)),
];

#[test]
fn every_trouble_gives_its_true_value_or_a_named_fault() {
    for (name, want) in ROWS {
        let place = with_trouble(name);
        match want {
            Counts(requests, bytes) => {
                check(&place.export(&["logs", "--json"], 0), name, requests, bytes);
                check(&through_store(&place, &[], 0), name, requests, bytes);
            }
            Rejects(requests, bytes, reason) => {
                let direct = place.export(&["logs", "--json"], 0);
                check(&direct, name, requests, bytes);
                assert_eq!(direct.json()["counts"]["rejected_by_reason"][reason], 1, "{name}");
                check(&through_store(&place, &[], 0), name, requests, bytes);
            }
            Fault(says, requests, bytes) => {
                place.export(&["logs"], 1).says(says);
                let going_on = ["logs", "--keep-going", "--json"];
                check(place.export(&going_on, 3).says(says), name, requests, bytes);
                place.run(&["ingest", "logs", "--store", "s.db"], 1).says(says);
                check(&through_store(&place, &["--keep-going"], 3), name, requests, bytes);
            }
        }
    }
}

#[test]
fn what_may_count_twice_is_said() {
    let place = with_trouble("10d-hours-and-the-day-merged-from-them");
    let (day, hour) = ("logs/day.log.gz", "logs/www.example.com_2026_03_01_090000_100000.gz");
    let expected = serde_json::json!([{"kind": "same_lines", "file": day, "others": [hour]}]);
    let says = [&format!("{day} and {hour} have mostly the same lines: all of them count")[..]];
    let direct = place.export(&["logs", "--json"], 0);
    assert_eq!(direct.says(&says).json()["counts"]["overlaps"], expected);
    let stored = through_store(&place, &[], 0);
    assert_eq!(stored.says(&says).json()["counts"]["overlaps"], expected);
    let covered = place.run(&["store", "coverage", "--store", "s.db", "--json"], 0).json();
    assert_eq!(covered["overlaps"], expected);
}

/// Two files of an hour of which one holds most of the other: one statement, and the one that says more.
#[test]
fn two_files_are_told_once_as_what_may_count_twice() {
    let place = Place::new();
    let (short, long) = (
        "logs/a/www.example.com_2026_03_01_100000_110000.gz",
        "logs/b/www.example.com_2026_03_01_100000_110000.gz",
    );
    place.write(short, gzip(hour(10).as_bytes()));
    place.write(
        long,
        gzip((line("1/Mar/2026:10:59:00 +0800", "www.example.com", 100) + &hour(10)).as_bytes()),
    );
    let expected = json!([{"kind": "same_lines", "file": long, "others": [short]}]);
    assert_eq!(place.export(&["logs", "--json"], 0).json()["counts"]["overlaps"], expected);
    let quality = Book::open(&place.path("out.xlsx")).rows("Data Quality");
    let named = |row: &&Vec<String>| row[0] == long && row[1] == short || row[0] == short && row[1] == long;
    assert_eq!(quality.iter().filter(named).count(), 1, "{quality:?}");
    assert_eq!(through_store(&place, &[], 0).json()["counts"]["overlaps"], expected);
    let covered = place.run(&["store", "coverage", "--store", "s.db", "--json"], 0).json();
    assert_eq!(covered["overlaps"], expected);
}

#[test]
fn blanks_behind_compressed_data_count_nothing_and_are_said() {
    let place = with_trouble("07c-gz-with-a-newline-behind.log.gz");
    let name = "logs/07c-gz-with-a-newline-behind.log.gz";
    says_padding(&place, &[(name, 1)]);

    // Small and large, of both codecs, between streams and behind them, packed twice; NULs are as usual as can be.
    let place = Place::new();
    let text =
        |n: usize| line("1/Mar/2026:08:00:00 +0800", &format!("{n}.example.com"), 7).repeat(n).into_bytes();
    for (at, (codec, n)) in [(Codec::Gzip, 3), (Codec::Gzip, 9_000), (Codec::Zstd, 5), (Codec::Zstd, 7_000)]
        .into_iter()
        .enumerate()
    {
        let stream = encode(codec, &text(n));
        place.write(
            &format!("logs/{at}.log"),
            [&stream[..], b"\r\n", &encode(codec, b""), b" \0\n\0"].concat(),
        );
    }
    place.write("logs/4.log", gzip(&[&gzip(&text(2))[..], b"\n"].concat()));
    place.write("logs/5.log", [&gzip(&text(1))[..], &[0; 700]].concat());
    let named: [&str; 5] = ["logs/0.log", "logs/1.log", "logs/2.log", "logs/3.log", "logs/4.log"];
    let bytes = [4, 4, 4, 4, 1];
    let done = says_padding(&place, &named.into_iter().zip(bytes).collect::<Vec<_>>());
    assert_eq!(done.json()["counts"]["accepted"], 3 + 9_000 + 5 + 7_000 + 2 + 1);
}

/// Expects what is said of blanks between and behind the streams of some sources, wherever they are read.
#[track_caller]
fn says_padding(place: &Place, sources: &[(&str, u64)]) -> Done {
    let expected: Value = sources.iter().map(|(name, bytes)| json!({"file": name, "bytes": bytes})).collect();
    let note = |(name, bytes): &(&str, u64)| {
        let s = if *bytes == 1 { " was" } else { "s were" };
        format!("{name}: {bytes} blank byte{s} skipped between or behind its compressed streams")
    };
    let notes: Vec<String> = sources.iter().map(note).collect();
    let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
    let taken = place.run(&["ingest", "logs", "--store", "s.db", "--json"], 0);
    assert_eq!(taken.says(&notes).json()["padding"], expected);
    for more in [&["logs", "--json"][..], &["--store", "s.db", "--force", "--json"]] {
        let done = place.export(more, 0);
        assert_eq!(done.says(&notes).json()["counts"]["padding"], expected);
        let quality = Book::open(&place.path("out.xlsx")).rows("Data Quality");
        let at = quality.iter().position(|row| row[0].starts_with("Blanks Behind Compressed Data")).unwrap();
        let rows: Vec<(&str, u64)> = quality[at + 1..][..sources.len()]
            .iter()
            .map(|row| (&*row[0], row[1].parse().unwrap()))
            .collect();
        assert_eq!(rows, sources);
    }
    place.export(&["logs", "--force", "--json"], 0)
}

/// A place with a file or folder of `data/troubles` in its folder `logs`.
fn with_trouble(name: &str) -> Place {
    let (place, from) = (Place::new(), repository().join("data/troubles").join(name));
    fs::create_dir(place.path("logs")).unwrap();
    if from.is_dir() {
        for file in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
            copy(&file, &place);
        }
    } else {
        copy(&from, &place);
    }
    place
}

fn copy(file: &Path, place: &Place) {
    fs::write(place.path("logs").join(file.file_name().unwrap()), fs::read(file).unwrap()).unwrap();
}

/// Takes the logs into a store, and exports from there.
fn through_store(place: &Place, more: &[&str], code: i32) -> Done {
    place.run(&[&["ingest", "logs", "--store", "s.db"], more].concat(), code);
    place.export(&[&["--store", "s.db", "--force", "--json"], more].concat(), code)
}

#[track_caller]
fn check(done: &Done, name: &str, requests: u64, bytes: u64) {
    let figures = &done.json()["key_figures"];
    let found = ["requests", "logged_traffic_bytes"].map(|key| figures[key].as_u64().unwrap());
    assert_eq!(found, [requests, bytes], "{name}");
}

/// A good line of the hour from 10 to 11 o'clock, UTC+8, in the files of an hour each.
fn hour(n: u64) -> String {
    (0..20)
        .map(|minute| line(&format!("1/Mar/2026:{n:02}:{minute:02}:00 +0800"), "www.example.com", 100))
        .collect()
}

/// A file that is none: what its fault says, or nothing where it is one that holds no line.
fn no_deliveries() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let log = hour(10);
    let gz = gzip(log.as_bytes());
    let utf_16: Vec<u8> = log.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sample = |name: &str| fs::read(repository().join("data/troubles").join(name)).unwrap();
    let named = "www.example.com_2026_03_01_100000_110000.gz";
    let half_good = log.split_inclusive('\n').take(9).collect::<String>() + &"nonsense\n".repeat(10);
    vec![
        (Vec::new(), None),
        (gzip(b""), None),
        (encode(Codec::Zstd, b"\n \n\r\n"), None),
        (vec![0; 2 << 20], None),
        (gzip(&vec![0; 700]), None),
        (b"\n\n".to_vec(), None),
        (sample(&format!("03b-hour-10-is-an-xml-error-page/{named}")), Some("is an XML page")),
        (b"<!DOCTYPE html>\n<html>\n<p>Forbidden\n".to_vec(), Some("is an HTML page")),
        (gzip(b"{\"Code\": \"NoSuchKey\"}"), Some("is JSON text")),
        (
            gzip(b"{\"host\": \"a.com\"}\n{\"host\": \"b.com\"}\n"),
            Some("is JSON lines: no format that flowbook knows"),
        ),
        (
            gzip(b"<134>Mar  1 12:00:00 web nginx: GET\n"),
            Some("is syslog messages: no format that flowbook knows"),
        ),
        (sample(&format!("03c-hour-10-is-xz/{named}")), Some("is an xz file")),
        (gzip(&sample(&format!("03c-hour-10-is-xz/{named}"))), Some("is an xz file inside gzip")),
        (encode(Codec::Zstd, &utf_16), Some("is UTF-16 text inside zstd")),
        (gzip(&gzip(&gz)), Some("is compressed three times")),
        (gz[..gz.len() - 20].to_vec(), Some("the gzip stream ends early")),
        (gzip(&gz[..gz.len() - 20]), Some("ends early")),
        ([&gz[..], b"and 18 other bytes"].concat(), Some("the gzip data is whole; 18 other bytes follow")),
        (log.replace("HIT", "hit").into_bytes(), Some("none of its 20 lines is of the format alibaba")),
        (b"2026-03-01 02:00:00 1.2.3.4 GET /\n".repeat(20), Some("none of its 20 lines")),
        (
            half_good.into_bytes(),
            Some(
                "10 of its 19 lines are not of the format alibaba (Alibaba Cloud CDN offline log), more than 50%",
            ),
        ),
    ]
}

/// Whatever stands in the place of one of many hourly files, its hour is not there, and all the others are; once it is
/// mended under the same name, it is.
#[test]
fn an_hour_is_there_once_its_log_is() {
    let name = |n: u64| format!("logs/www.example.com_2026_03_01_{n:02}0000_{:02}0000.gz", n + 1);
    let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T05:00:00Z"];
    let coverage = [&["store", "coverage", "--store", "s.db", "--json"][..], &range].concat();
    for (bytes, fault) in no_deliveries() {
        let place = Place::new();
        for n in 8..13 {
            place.write(&name(n), gzip(hour(n).as_bytes()));
        }
        place.write(&name(10), &bytes);
        let file = name(10);
        let ingest = ["ingest", "logs", "--store", "s.db", "--max-rejects", "20%"];
        let export = ["logs", "--max-rejects", "20%"];
        if let Some(fault) = fault {
            let going_on = ["--keep-going"];
            place.run(&ingest, 1).says(&[&file, fault]);
            place.export(&export, 1).says(&[&file, fault]);
            place.run(&[&ingest[..], &going_on].concat(), 3).says(&[&file, fault]);
            place.export(&[&export[..], &going_on].concat(), 3).says(&[&file, fault]);
        } else {
            place.run(&ingest, 0).says(&["no line in", &file]);
            place.export(&export, 0).says(&["no line in", &file]);
        }
        let found = place.run(&coverage, 3).json();
        let gaps = &found["domains"][0]["gaps"];
        assert_eq!(
            gaps,
            &json!([{"from": "2026-03-01T02:00:00Z", "until": "2026-03-01T03:00:00Z", "hours": 1}]),
            "{fault:?}"
        );
        assert_eq!(found["empty"].as_array().unwrap().len(), usize::from(fault.is_none()));
        assert_eq!(found["faults"].as_array().unwrap().len(), usize::from(fault.is_some()));
        place.write(&name(10), gzip(hour(10).as_bytes()));
        place.run(&["ingest", "logs", "--store", "s.db"], 0);
        let complete = place.run(&coverage, 0).json();
        assert_eq!(complete["complete"], json!(true));
        check(&place.export(&["--store", "s.db", "--json", "--force"], 0), "mended", 100, 10_000);
    }
}

#[test]
fn the_share_of_rejected_lines_is_that_of_a_log_as_a_whole() {
    let place = Place::new();
    let good = hour(10);
    let bad = "nonsense\n".repeat(15);
    let ingest = ["ingest", "logs", "--store", "s.db", "--max-rejects", "1000"];
    place.write("logs/a.log", &good);
    place.run(&ingest, 0);
    // 15 of 35 lines.
    place.write("logs/a.log", format!("{good}{bad}"));
    place.run(&ingest, 0);
    // 30 of 50.
    place.write("logs/a.log", format!("{good}{bad}{bad}"));
    place.run(&ingest, 1).says(&["logs/a.log", "30 of its 50 lines"]);
    place.run(&["ingest", "logs", "--store", "s.db", "--max-rejects", "60%"], 0);
    // 30 of 70.
    place.write("logs/a.log", format!("{good}{bad}{bad}{good}"));
    place.run(&ingest, 0);
    check(&place.export(&["--store", "s.db", "--json", "--max-rejects", "50%"], 0), "grown", 40, 4_000);
}

#[test]
fn an_empty_file_delivers_where_the_configuration_says_so() {
    let place = Place::new();
    place.write("logs/www.example.com_2026_03_01_080000_090000.gz", gzip(hour(8).as_bytes()));
    place.write("logs/www.example.com_2026_03_01_090000_100000.gz", "");
    let config = "[store]\npath = \"s.db\"\n[[source]]\npaths = \"logs\"\n[ingest]\nempty_is_delivered = ";
    for (is_delivered, code) in [("false", 3), ("true", 0), ("false", 3)] {
        place.write("flowbook.toml", format!("{config}{is_delivered}\n"));
        place.run(&["run", "flowbook.toml"], 0);
        place.run(&["store", "coverage", "--store", "s.db"], code);
    }
}

#[test]
fn a_domain_of_which_every_line_is_rejected_is_named() {
    let place = Place::new();
    place.write("logs/www.example.com_2026_03_01_100000_110000.log", hour(10).repeat(20));
    place.write("logs/b.example.com_2026_03_01_100000_110000.log", "nonsense\n");
    place.export(&["logs"], 1).says(&["b.example.com_2026", "none of its 1 lines"]);
    let done = place.export(&["logs", "--keep-going", "--json"], 3);
    done.says(&["all lines in the files of b.example.com were rejected (1); see the reasons"]);
    assert_eq!(
        done.json()["counts"]["domains_only_rejected"],
        json!([{"domain": "b.example.com", "rejected": 1}])
    );
}

/// Bytes that mean nothing cost no line, wherever they stand and however the log is packed.
#[test]
fn marks_and_nuls_cost_no_line() {
    let (log, nuls, hole) = (hour(10), "\0".repeat(3000), "\0".repeat(3 << 20));
    let lines: Vec<&str> = log.lines().collect();
    let (half, rest) = log.split_at(log.len() / 2);
    assert!(half.ends_with('\n'));
    for (text, requests) in [
        (format!("\u{feff}{log}"), 20),
        (format!("{log}\u{feff}{log}"), 40),
        (format!("{nuls}{log}"), 20),
        (format!("{log}{nuls}"), 20),
        (format!("{log}{nuls}\n"), 20),
        (format!("\0\u{feff}{log}\0"), 20),
        (lines.join(&format!("\n{nuls}")), 20),
        (lines.join(&format!("{nuls}\n")), 20),
        (format!("{hole}{log}"), 20),
        (format!("{half}{hole}{rest}"), 20),
        (format!("{}{hole}\n{rest}", half.trim_end()), 20),
        (format!("{}{hole}{rest}", half.trim_end()), 20),
        (format!("{log}{hole}"), 20),
        (format!("\r\n\0\n\r\u{feff}{log}"), 20),
        (log.replace('\n', "\r\r\n"), 20),
    ] {
        let place = Place::new();
        let name = |ending: &str| format!("logs/www.example.com_2026_03_01_100000_110000.{ending}");
        for (ending, bytes) in [
            ("log", text.clone().into_bytes()),
            ("gz", gzip(text.as_bytes())),
            ("zst", encode(Codec::Zstd, text.as_bytes())),
            ("gz", gzip(&gzip(text.as_bytes()))),
        ] {
            place.write(&name(ending), bytes);
            let done = place.export(&["logs", "--json", "--force", "--max-rejects", "50%"], 0);
            let shown: String = text.chars().take(3000).collect();
            check(&done, &shown, requests, requests * 100);
            assert_eq!(done.json()["counts"]["rejected"].as_u64(), Some(0));
            fs::remove_file(place.path(&name(ending))).unwrap();
        }
    }
}
