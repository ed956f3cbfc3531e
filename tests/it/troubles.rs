//! Small inputs that log tools get wrong: every file and folder of `data/troubles` gives its true value or a named
//! fault, in a direct run and through a store.

use super::harness::{Done, Place, repository};
use std::fs;
use std::path::Path;

/// What an input comes to.
#[derive(Clone, Copy)]
enum Want {
    /// Requests and bytes that count.
    Counts(u64, u64),
    /// A fault that says each of these texts; requests and bytes that count where the run goes on.
    #[expect(dead_code, reason = "no row says so yet")]
    Fault(&'static [&'static str], u64, u64),
    /// Requests and bytes that count, and one line that is rejected for this reason.
    Rejects(u64, u64, &'static str),
}
use Want::{Counts, Rejects};

/// Inputs by name, over the hours of 1 March 2026, UTC.
const ROWS: [(&str, Want); 12] = [
    ("10a-same-log-crlf-and-lf", Counts(40, 40_780)),
    ("10c-older-copy-of-a-log-that-grew", Counts(20, 60_090)),
    // The day begins with the first hour, whose text counts once; the second hour counts twice, and that is said.
    ("10d-hours-and-the-day-merged-from-them", Counts(600, 5_259_700)),
    ("01-lone-cr-line-ends.log", Counts(10, 10_045)),
    ("02a-two-entries-on-one-line.log", Counts(20, 60_090)),
    ("03e-hour-10-has-zero-bytes", Counts(600, 5_659_700)),
    ("05-wildcard-domain-log-begins-with-a-dot", Counts(30, 20_235)),
    ("08a-userinfo-in-url.log", Counts(41, 41_557)),
    ("08b-quote-and-space-in-url.log", Counts(41, 41_668)),
    ("08d-host-in-utf8.log", Counts(41, 41_335)),
    ("09-referer-that-holds-a-request.log", Rejects(40, 40_780, "ambiguous")),
    ("11-idn-file-name-and-path-only-lines", Counts(20, 10_190)),
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
            Want::Fault(says, requests, bytes) => {
                place.export(&["logs"], 1).says(says);
                let going_on = ["logs", "--keep-going", "--json"];
                check(place.export(&going_on, 3).says(says), name, requests, bytes);
                place.run(&["ingest", "logs", "--store", "s.db"], 1).says(says);
                check(&through_store(&place, &["--keep-going"], 3), name, requests, bytes);
            }
        }
    }
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
