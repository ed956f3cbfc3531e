//! What a task is judged by is what `flowbook store coverage` shows, though only the sources of its domains and hours are
//! looked at.

use super::harness::{Place, gzip, line};
use flowbook::domain::{DomainSet, Selection};
use flowbook::store::Reader;
use flowbook::task::coverage::{coverage, survey};
use flowbook::time::TimeRange;
use std::fs;
use std::time::Duration;

/// Unix seconds of 1 March 2026, UTC.
const MARCH: i64 = 1_772_323_200;

/// Whole, empty, damaged and missing hours, logs of several hours, and such whose names tell nothing.
fn store() -> Place {
    let place = Place::new();
    let text =
        |hour: i64, domain: &str| line(&format!("1/Mar/2026:{hour:02}:10:00 +0000"), domain, 5).repeat(3);
    // Hours in names are those of UTC+8.
    let name = |domain: &str, hour: i64, end: i64| {
        format!("logs/{domain}_2026_03_01_{:02}0000_{:02}0000.log", hour + 8, end + 8)
    };
    for hour in [0, 1, 2, 3, 5, 6, 9] {
        place.write(&name("a.com", hour, hour + 1), text(hour, "a.com"));
    }
    for hour in [1, 4, 5] {
        place.write(
            &name("b.com", hour, hour + 1),
            if hour == 4 { String::new() } else { text(hour, "b.com") },
        );
    }
    // Of several hours: without a line, and not whole, whose other hours others deliver, or do not.
    place.write(&name("a.com", 2, 6), "");
    place.write(&name("a.com", 0, 3), &gzip(text(1, "a.com").repeat(200).as_bytes())[..60]);
    place.write(&name("b.com", 1, 6), &gzip(text(1, "b.com").repeat(200).as_bytes())[..60]);
    place.write(&name("c.com", 14, 15), text(14, "c.com"));
    place.write("logs/d.log", text(3, "d.com") + &text(7, "d.com"));
    place.write("logs/e.gz", &gzip(text(5, "a.com").repeat(200).as_bytes())[..50]);
    place.run(&["ingest", "logs", "--store", "s.db", "--keep-going"], 3);
    place
}

fn selection(wanted: &[&str]) -> Selection {
    let wanted = if wanted.is_empty() {
        DomainSet::all()
    } else {
        DomainSet::from_texts(wanted.iter().copied()).unwrap()
    };
    Selection { account: DomainSet::all(), wanted }
}

fn compare(place: &Place) {
    let reader = Reader::open(&place.path("s.db"), Duration::ZERO).unwrap();
    for wanted in [&[][..], &["a.com"], &["b.com", "none.com"], &["*.com"], &["*.org", "d.com"]] {
        let selection = selection(wanted);
        for (start, end) in (0..16).flat_map(|start| (start + 1..17).map(move |end| (start, end))) {
            // Ranges may begin and end within an hour.
            let range = TimeRange::covering(MARCH + start * 3600 + 1200, MARCH + end * 3600 + 600).unwrap();
            let judged = coverage(&reader, &selection, Some(range)).unwrap();
            let shown = survey(&reader, &selection, Some(range), Duration::ZERO).unwrap().coverage;
            assert_eq!(judged, shown, "{wanted:?} from {start} to {end}");
        }
    }
}

#[test]
fn a_task_is_judged_by_what_coverage_shows() {
    let place = store();
    compare(&place);
    // What is gone is wanting only as long as nothing else delivers its hours.
    for file in fs::read_dir(place.path("logs")).unwrap().map(|entry| entry.unwrap().path()) {
        fs::remove_file(file).unwrap();
    }
    compare(&place);
}
