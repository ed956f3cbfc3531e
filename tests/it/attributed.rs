//! Whose the lines of a text are, where it has several names or begins with other texts: the same in a direct export and
//! in a store, in whatever order logs come.

use super::harness::{gzip, line};
use super::kept::{Kept, number};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

const HOUR: &str = "2026_03_01_120000_130000";

/// Lines with only a path.
fn paths(lines: RangeInclusive<u64>) -> String {
    lines.map(|n| at(n, "")).collect()
}

/// A line of so many bytes; with only a path where there is no host.
fn at(n: u64, host: &str) -> String {
    let text = line(&format!("1/Mar/2026:12:{:02}:00 +0800", n % 60), host, n);
    if host.is_empty() { text.replace("http:///", "/") } else { text }
}

fn named(domain: &str) -> String {
    format!("logs/{domain}_{HOUR}.log")
}

/// Requests by domain, in a store.
fn stored(kept: &Kept) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    kept.usage().into_iter().for_each(|row| *found.entry(row.0).or_default() += row.3[1]);
    found
}

/// Requests by domain, in an export out of logs.
fn direct(kept: &Kept, more: &[&str]) -> BTreeMap<String, i64> {
    let arguments = [&["logs", "--rows", "sparse", "--output", "out.csv", "--force", "--type", "vas"], more];
    let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
    kept.0.run(&[&["export", "--max-rejects", "100%"][..], &range, &arguments.concat()].concat(), 0);
    let mut found = BTreeMap::new();
    for row in csv::Reader::from_path(kept.0.path("out.csv")).unwrap().records().map(Result::unwrap) {
        *found.entry(row[1].to_owned()).or_default() += row[3].parse::<i64>().unwrap();
    }
    found
}

fn expected(domains: &[(&str, i64)]) -> BTreeMap<String, i64> {
    domains.iter().map(|(domain, requests)| ((*domain).to_owned(), *requests)).collect()
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// Delivers three logs in every order, and all at once: each time, and in a direct export, these domains have so many
/// requests.
#[track_caller]
fn expect(logs: &[(String, String); 3], domains: &[(&str, i64)]) {
    let once = Kept::new();
    for (name, text) in logs {
        once.write(name, text);
    }
    once.ingest(&["logs", "--max-rejects", "100%"]);
    assert_eq!(stored(&once), expected(domains), "at once");
    assert_eq!(direct(&once, &[]), expected(domains), "direct");
    for order in ORDERS {
        let kept = Kept::new();
        for at in order {
            kept.write(&logs[at].0, &logs[at].1);
            kept.ingest(&[&logs[at].0, "--max-rejects", "100%"]);
        }
        for _ in 0..2 {
            kept.ingest(&["logs", "--max-rejects", "100%"]);
            assert_eq!(stored(&kept), expected(domains), "{order:?}");
        }
        assert!(kept.0.run(&["store", "check", "--store", "usage.db"], 0).stdout.contains("sound"));
    }
}

#[test]
fn a_copy_without_a_name_is_of_the_domain_of_the_log_that_it_is() {
    let (short, long) = (paths(1..=1), paths(1..=2));
    let logs = [(named("c.com"), short), (named("a.com"), long.clone()), ("logs/u.log".into(), long)];
    expect(&logs, &[("a.com", 2), ("c.com", 1)]);
    // Of such a copy all lines are rejected, which is more than may be.
    let kept = Kept::new();
    for (name, text) in &logs {
        kept.write(name, text);
    }
    for _ in 0..2 {
        kept.ingest(&["logs"]);
        assert_eq!(stored(&kept), expected(&[("a.com", 2), ("c.com", 1)]));
    }
    let more = [logs[0].clone(), logs[1].clone(), (format!("logs/access_{HOUR}.log"), paths(1..=2))];
    expect(&more, &[("a.com", 2), ("c.com", 1)]);
}

#[test]
fn a_log_without_a_name_is_of_the_domain_of_the_log_that_it_begins() {
    let logs =
        [(named("b.com"), paths(1..=2)), ("logs/u.log".into(), paths(1..=4)), (named("a.com"), paths(1..=5))];
    expect(&logs, &[("a.com", 5), ("b.com", 2)]);
}

#[test]
fn copies_of_a_shorter_log_by_names_with_something_before_count_once() {
    for [own, backup, old] in [[3, 4, 4], [2, 3, 4], [3, 4, 1], [4, 3, 3], [1, 2, 3], [2, 4, 3]] {
        let logs = [
            (named("b.com"), paths(1..=own)),
            (named("backup_b.com"), paths(1..=backup)),
            (named("old_b.com"), paths(1..=old)),
        ];
        expect(&logs, &[("b.com", own.max(backup).max(old).cast_signed())]);
    }
}

/// What happens to a folder.
type Change<'a> = &'a dyn Fn(&Kept);

#[test]
fn what_was_counted_for_a_domain_stays_there_when_only_copies_are_left() {
    let (log, more) = (paths(1..=3), paths(4..=4));
    for copy in [named("backup_a.com"), named("x_old_a.com"), format!("logs/access_{HOUR}.log")] {
        let changes: [(&str, i64, Change<'_>); 4] = [
            ("touched", 3, &|kept| kept.set_time(&copy, 1_700_000_000)),
            ("compressed", 3, &|kept| kept.write(&copy.replace(".log", ".gz"), gzip(log.as_bytes()))),
            ("copied", 3, &|kept| kept.copy(&copy, &copy.replace(".log", "_2.log"))),
            ("grown", 4, &|kept| kept.append(&copy, &more)),
        ];
        for (what, requests, change) in changes {
            for is_renamed in [false, true] {
                let kept = Kept::new();
                kept.write(&named("a.com"), &log);
                kept.ingest(&["logs"]);
                if is_renamed {
                    kept.rename(&named("a.com"), &copy);
                } else {
                    kept.copy(&named("a.com"), &copy);
                    kept.ingest(&["logs"]);
                    kept.remove(&named("a.com"));
                }
                kept.ingest(&["logs"]);
                assert_eq!(stored(&kept), expected(&[("a.com", 3)]), "{copy} {is_renamed}");
                change(&kept);
                for _ in 0..2 {
                    kept.ingest(&["logs"]);
                    assert_eq!(stored(&kept), expected(&[("a.com", requests)]), "{copy} {what}");
                }
            }
        }
    }
}

#[test]
fn a_given_domain_is_that_of_a_log_without_a_name() {
    for (beginning, of) in [(at(1, "u.com"), "a.com"), (at(1, "u.com"), "old-z.com")] {
        let kept = Kept::new();
        kept.write(&named(of), &beginning);
        kept.write("logs/u.log", beginning + &paths(2..=2));
        let domains = expected(&[("u.com", 1), ("z.com", 1)]);
        assert_eq!(direct(&kept, &["--domain", "z.com"]), domains);
        kept.ingest(&["logs", "--domain", "z.com"]);
        assert_eq!(stored(&kept), domains);
    }
}

#[test]
fn of_names_that_tell_as_much_a_log_goes_by_its_own() {
    let kept = Kept::new();
    kept.write("logs/b.com_2026_03_01_080000_090000.log", at(30, ""));
    let later = "logs/b.com_2026_03_01_120000_130000.log";
    kept.write(later, paths(30..=31));
    let missing = |kept: &Kept| {
        kept.ingest(&["logs"]);
        let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T08:00:00Z"];
        let words = [&["store", "coverage", "--store", "usage.db", "--json"][..], &range].concat();
        kept.0.run(&words, 3).json()["domains"].clone()
    };
    let before = missing(&kept);
    kept.copy(later, "logs/copy.log");
    assert_eq!(missing(&kept), before);
}

#[test]
fn a_log_of_a_domain_that_ends_alike_is_not_opened() {
    let kept = Kept::new();
    kept.write(&named("example.com"), paths(1..=1));
    let damaged = &gzip(paths(1..=9).as_bytes())[..40];
    for (other, code) in [("other.com", 0), ("notexample.com", 0), ("not-example.com", 1)] {
        let name = named(other).replace(".log", ".gz");
        kept.write(&name, damaged);
        kept.0.export(&["logs", "--domain-names", "example.com", "--force"], code);
        kept.remove(&name);
    }
}

/// Numbers by chance, the same ones each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        let at = self.below(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}

/// Names of two domains, each of which tells one.
const NAMED: [&str; 4] = ["a.com", "b.com", "backup_a.com", "old-b.com"];
/// Names of one domain, words, and none: of which of two domains such a log is, that begins with logs of both, nothing tells.
const OF_ONE: [&str; 4] = ["a.com", "backup_a.com", "access", ""];

/// Logs that begin alike, by names of all kinds: a store that takes them in at once has what an export counts.
/// `BREAK_FOLDERS` sets how many folders there are.
#[test]
fn a_store_has_what_an_export_counts() {
    for seed in 0..u64::from(number("BREAK_FOLDERS", 40)) {
        let (mut chance, kept) = (Chance(seed), Kept::new());
        let mut shown = Vec::new();
        let hosts = ["", "", "a.com", "b.com"];
        let stream: Vec<String> =
            (1..=2 + chance.below(5)).map(|n| at(n + 10 * (seed % 4), chance.of(&hosts))).collect();
        for n in 0..2 + chance.below(5) {
            let mut text = stream[..usize::try_from(1 + chance.below(stream.len() as u64)).unwrap()].concat();
            if chance.below(6) == 0 {
                text += &at(40 + chance.below(9), chance.of(&hosts));
            }
            let domain = chance.of(if seed % 2 == 0 { &NAMED } else { &OF_ONE });
            let folder = chance.of(&["", "s/", "zz/"]);
            let name = if domain.is_empty() { format!("u{n}.log") } else { format!("{domain}_{HOUR}.log") };
            shown.push((
                format!("{folder}{name}"),
                text.lines().map(|line| line[55..80].to_owned()).collect::<Vec<_>>(),
            ));
            kept.write(&format!("logs/{folder}{name}"), text);
        }
        kept.ingest(&["logs", "--max-rejects", "100%"]);
        assert_eq!(stored(&kept), direct(&kept, &[]), "folder {seed}: {shown:?}");
        kept.ingest(&["logs", "--max-rejects", "100%", "--verify"]);
        assert_eq!(stored(&kept), direct(&kept, &[]), "folder {seed}, read once more");
    }
}
