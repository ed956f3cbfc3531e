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
}
use Want::Counts;

/// Inputs by name, over the hours of 1 March 2026, UTC.
const ROWS: [(&str, Want); 1] = [("03e-hour-10-has-zero-bytes", Counts(600, 5_659_700))];

#[test]
fn every_trouble_gives_its_true_value_or_a_named_fault() {
    for (name, want) in ROWS {
        let place = with_trouble(name);
        match want {
            Counts(requests, bytes) => {
                check(&place.export(&["logs", "--json"], 0), name, requests, bytes);
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
