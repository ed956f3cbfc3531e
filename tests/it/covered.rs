//! Which hours have a log: told by the names of files, and by lines only where names tell nothing; the same directly and
//! through a store.

use super::harness::{Done, Place, gzip, line};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The domains of all lines.
const DOMAINS: [&str; 3] = ["a.com", "b.com", "c.com"];
/// What names begin with; the last two are of no domain for certain: of any, and of those below a domain.
const NAMES: [&str; 5] = ["a.com", "b.com", "c.com", "all", ".com"];
/// Hours of names, of 1 March 2026, UTC: the first one and the last two lie on other days, the last one so far from this
/// day that its file is not opened.
const NAMED: [i64; 7] = [-2, 0, 1, 2, 3, 26, 60];
const FAR: i64 = 60;
/// Midnight of that day, unix seconds.
const MIDNIGHT: i64 = 1_772_323_200;

/// A file: the domain and hour that its name tells, if any, and those of its lines.
#[derive(Clone, Debug)]
struct Log {
    named: Option<(&'static str, i64)>,
    lines: Vec<(&'static str, i64)>,
}

fn log() -> impl Strategy<Value = Log> {
    let domain = || select(&DOMAINS[..]);
    let named = prop::option::weighted(0.7, (select(&NAMES[..]), select(&NAMED[..])));
    let lines = prop::collection::vec((domain(), 0..5_i64), 0..4);
    (named, lines).prop_map(|(named, mut lines)| {
        if let Some((_, hour @ FAR)) = named {
            for line in &mut lines {
                line.1 = hour;
            }
        }
        Log { named, lines }
    })
}

/// A time in the zone of files.
fn local(hour: i64, format: &str) -> String {
    let time = chrono::DateTime::from_timestamp(MIDNIGHT + (hour + 8) * 3600, 0).unwrap();
    time.format(format).to_string()
}

/// Writes the files; no two lines are the same, so that no text is another's.
fn written(logs: &[Log]) -> Place {
    let place = Place::new();
    let mut bytes = 0;
    for (number, log) in logs.iter().enumerate() {
        let name = match log.named {
            Some((domain, hour)) => {
                let (from, to) = (local(hour, "%Y_%m_%d_%H%M%S"), local(hour + 1, "%H%M%S"));
                format!("logs/{domain}_{from}_{to}_{number}.log")
            }
            None => format!("logs/x{number}.log"),
        };
        // One without a line that means anything delivers nothing.
        let mut text = if log.lines.is_empty() { "\n".repeat(number + 1) } else { String::new() };
        for (domain, hour) in &log.lines {
            bytes += 1;
            text += &line(&local(*hour, "%d/%b/%Y:%H:05:00 +0800"), domain, bytes);
        }
        place.write(&name, text);
    }
    place
}

/// The hours of the day with a log of each domain that has a line in it.
fn expected(logs: &[Log]) -> BTreeMap<&'static str, BTreeSet<i64>> {
    let of_day = |hour: &i64| (0..24).contains(hour);
    let lines = |log: &Log| -> Vec<_> {
        log.lines.iter().copied().filter(|(_, hour)| (0..24).contains(hour)).collect()
    };
    let mut found = BTreeMap::new();
    for (domain, _) in logs.iter().flat_map(lines) {
        let is_own = |log: &&Log| log.named.is_some_and(|(named, _)| named == domain);
        let own = logs.iter().filter(|log| is_own(log) && !log.lines.is_empty());
        let mut hours: BTreeSet<i64> =
            own.filter_map(|log| log.named).map(|(_, hour)| hour).filter(of_day).collect();
        let is_named = logs.iter().any(|log| is_own(&log));
        let in_shared = shared(logs).flat_map(|log| lines(log).into_iter().map(move |line| (log, line)));
        let in_shared: Vec<_> = in_shared.filter(|(_, line)| line.0 == domain).collect();
        let is_evidence = |log: &Log, hour: i64| log.named.is_none_or(|(_, named)| named == hour);
        hours.extend(in_shared.iter().filter(|(log, line)| is_evidence(log, line.1)).map(|(_, line)| line.1));
        if is_named || !in_shared.is_empty() {
            found.insert(domain, hours);
        }
    }
    found
}

/// The logs that are not certain to be of one domain.
fn shared(logs: &[Log]) -> impl Iterator<Item = &Log> {
    logs.iter().filter(|log| log.named.is_none_or(|(named, _)| !DOMAINS.contains(&named)))
}

/// The domains that a store knows.
fn known(logs: &[Log]) -> BTreeSet<&'static str> {
    let named = logs.iter().filter_map(|log| log.named).map(|(named, _)| named);
    let in_shared = shared(logs).flat_map(|log| &log.lines).map(|line| line.0);
    // A word is what a log of many domains is called by.
    named.filter(|named| named.contains('.') && !named.starts_with('.')).chain(in_shared).collect()
}

/// The hours that a domain lacks, as `store coverage` tells them.
fn missing(coverage: &Value, domain: &str) -> BTreeSet<i64> {
    let domains = coverage["domains"].as_array().unwrap();
    let own =
        domains.iter().find(|one| one["domain"] == domain).unwrap_or_else(|| panic!("{domain}: {coverage}"));
    let hour = |time: &Value| {
        let time = chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
        (time.timestamp() - MIDNIGHT) / 3600
    };
    own["gaps"].as_array().unwrap().iter().flat_map(|gap| hour(&gap["from"])..hour(&gap["until"])).collect()
}

/// An export, which is none of success where no hour has a log and no line counts.
fn exported(place: &Place, arguments: &[&str]) -> Done {
    let output = place.export_command(arguments).output().unwrap();
    let done = Done::of(&output);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", done.stderr);
    let is_of_nothing = output.status.code() == Some(3);
    assert!(!is_of_nothing || done.stderr.contains("every figure is zero"), "{}", done.stderr);
    done
}

/// Holds what is told of some files, directly and through a store, against what is expected.
fn check(logs: &[Log]) {
    let (place, expected) = (written(logs), expected(logs));
    let any: BTreeSet<i64> = expected.values().flatten().copied().collect();
    let lacking =
        expected.iter().map(|(domain, hours)| json!({"domain": domain, "hours_with_log": hours.len()}));
    let direct = exported(&place, &["logs", "--json"]).json()["completeness"].clone();
    assert_eq!(direct["lacking"], lacking.collect::<Value>(), "{logs:?}");
    assert_eq!(direct["hours_with_log"], any.len(), "{logs:?}");
    // Where no log is left unopened, all else is the same, too.
    exported(&place, &["logs", "--read-all", "--force"]);
    let workbook = fs::read(place.path("out.xlsx")).unwrap();
    place.run(&["ingest", "logs", "--store", "s.db", "--quiet"], 0);
    let stored = exported(&place, &["--store", "s.db", "--force", "--json"]).json()["completeness"].clone();
    assert_eq!(stored, direct, "{logs:?}");
    assert!(fs::read(place.path("out.xlsx")).unwrap() == workbook, "{logs:?}");
    let day = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
    let coverage = [&["store", "coverage", "--store", "s.db", "--json"][..], &day].concat();
    let coverage = place.run(&coverage, 3).json();
    let domains = coverage["domains"].as_array().unwrap().iter().map(|one| one["domain"].as_str().unwrap());
    assert!(domains.eq(known(logs)), "{logs:?}: {coverage}");
    for (domain, hours) in expected {
        let lacks: BTreeSet<i64> = (0..24).filter(|hour| !hours.contains(hour)).collect();
        assert_eq!(missing(&coverage, domain), lacks, "{domain} in {logs:?}");
    }
}

/// A log of many domains is called by a word.
#[test]
fn a_word_that_a_log_is_called_by_lacks_no_hour() {
    let place = Place::new();
    let all = [line("1/Mar/2026:08:00:00 +0800", "a.com", 1), line("1/Mar/2026:09:00:00 +0800", "a.com", 1)]
        .concat();
    place.write("logs/all_2026_03_01_080000_090000.log", all.clone());
    place.write("logs/a.com_2026_03_01_080000_090000.log", all);
    place.write("logs/a.com_2026_03_01_090000_100000.log", line("1/Mar/2026:09:30:00 +0800", "a.com", 1));
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    let range =
        ["--store", "s.db", "--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T02:00:00Z"];
    place.run(&[&["export", "--type", "flow", "-o", "x.xlsx", "--require-complete"], &range[..]].concat(), 0);
    let coverage = place.run(&[&["store", "coverage", "--json"], &range[..]].concat(), 0).json();
    let domains: Vec<_> = coverage["domains"].as_array().unwrap().iter().map(|one| &one["domain"]).collect();
    assert_eq!(domains, ["a.com"]);
}

#[test]
fn a_late_line_is_no_log_of_its_hour_whatever_else_is_read() {
    let own = Log { named: Some(("a.com", 1)), lines: vec![("a.com", 1), ("a.com", 0)] };
    let other = Log { named: None, lines: vec![("b.com", 3)] };
    check(&[own.clone(), other]);
    // A line of its own in a log whose name tells nothing is evidence of that hour, and of no other.
    check(&[own, Log { named: None, lines: vec![("a.com", 2)] }]);
    // A line in the log of another domain is no evidence of its own domain, whether a name tells that or not.
    let merged = Log { named: Some(("a.com", 1)), lines: vec![("a.com", 1), ("b.com", 1)] };
    check(std::slice::from_ref(&merged));
    check(&[merged, Log { named: Some(("b.com", FAR)), lines: vec![("b.com", FAR)] }]);
    // The log of several domains is evidence of the hours that its name tells, not of those of late lines.
    for name in ["all", ".com"] {
        check(&[Log { named: Some((name, 4)), lines: vec![("a.com", 3), ("b.com", 4), ("b.com", 3)] }]);
    }
}

/// A copy counts for nothing, its want of a name included: in another packing it is found only when it was read.
#[test]
fn a_copy_whose_name_tells_nothing_is_no_evidence() {
    let place = written(&[Log { named: Some(("a.com", 1)), lines: vec![("a.com", 1), ("a.com", 0)] }]);
    let file = fs::read_dir(place.path("logs")).unwrap().next().unwrap().unwrap().path();
    place.write("logs/a.gz", gzip(&fs::read(file).unwrap()));
    let lacking = json!([{"domain": "a.com", "hours_with_log": 1}]);
    assert_eq!(place.export(&["logs", "--json"], 0).json()["completeness"]["lacking"], lacking);
    place.run(&["ingest", "logs", "--store", "s.db", "--quiet"], 0);
    let stored = place.export(&["--store", "s.db", "--force", "--json"], 0).json();
    assert_eq!(stored["completeness"]["lacking"], lacking);
}

/// What was forgotten is known no longer: it lacks nothing.
#[test]
fn a_domain_that_was_forgotten_lacks_nothing() {
    let place = written(&[
        Log { named: None, lines: vec![("a.com", 1)] },
        Log { named: None, lines: vec![("b.com", 1)] },
    ]);
    place.run(&["ingest", "logs", "--store", "s.db", "--quiet"], 0);
    place.run(&["store", "forget", "logs/x1*", "--store", "s.db"], 0);
    let coverage = place.run(&["store", "coverage", "--store", "s.db", "--json"], 0).json();
    let domains = coverage["domains"].as_array().unwrap();
    assert!(domains.len() == 1 && domains[0]["domain"] == "a.com", "{coverage}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_same_logs_have_the_same_hours(logs in prop::collection::vec(log(), 1..6)) {
        check(&logs);
    }
}
