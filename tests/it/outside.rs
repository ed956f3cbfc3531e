//! Lines that hold only a path: their domain comes from the name of their file, or from `--domain`, and is part of what
//! they are.

use super::harness::{gzip, line};
use super::kept::Kept;
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::RangeInclusive;
use std::process::Stdio;

const HOUR: &str = "2026_03_01_120000_130000";

fn lines(lines: RangeInclusive<u64>) -> String {
    let path_only = |n: u64| {
        line(&format!("1/Mar/2026:12:{:02}:{:02} +0800", n / 60 % 60, n % 60), "", 7).replace("http:///", "/")
    };
    lines.map(path_only).collect()
}

/// The name of a log of one domain, in a folder of its own.
fn name(folder: &str, domain: &str) -> String {
    format!("logs/{folder}/{domain}_{HOUR}.log")
}

/// Requests by domain.
fn requests(kept: &Kept) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    kept.usage().into_iter().for_each(|row| *found.entry(row.0).or_default() += row.3[1]);
    found
}

fn expected(domains: &[(&str, i64)]) -> BTreeMap<String, i64> {
    domains.iter().map(|(domain, requests)| ((*domain).to_owned(), *requests)).collect()
}

/// Delivers files one by one in this order, then all of them twice; and all of them to a store of their own. Each time, and in
/// a direct export, these domains have so many requests.
#[track_caller]
fn expect(files: &[(String, Vec<u8>)], order: &[usize], domains: &[(&str, i64)]) {
    let (kept, at_once) = (Kept::new(), Kept::new());
    for at in order {
        let (name, bytes) = &files[*at];
        kept.write(name, bytes);
        at_once.write(name, bytes);
        kept.ingest(&[name, "--max-rejects", "100%"]);
    }
    for kept in [&kept, &kept, &at_once] {
        kept.ingest(&["logs", "--max-rejects", "100%"]);
        assert_eq!(requests(kept), expected(domains), "{order:?}");
    }
    let json = kept.0.export(&["logs", "--json", "--force"], 0).json();
    let all: i64 = domains.iter().map(|(_, requests)| requests).sum();
    assert_eq!(
        (&json["counts"]["accepted"], &json["counts"]["rejected"]),
        (&all.into(), &0.into()),
        "{order:?}"
    );
    assert_eq!(json["key_figures"]["domains"], domains.len(), "{order:?}");
}

/// Some orders of so many files: from each on, forwards and backwards.
fn orders(files: usize) -> impl Iterator<Item = Vec<usize>> {
    let from = move |first: usize| (0..files).map(|at| (first + at) % files).collect::<Vec<_>>();
    (0..files).flat_map(move |first| [from(first), from(first).into_iter().rev().collect()])
}

#[test]
fn the_same_lines_of_two_domains_are_two_texts() {
    // Of files of either size, which are compared before and after they are read.
    for count in [1, 300] {
        let text = lines(1..=count);
        let files = [
            (name("a", "www.a.com"), text.clone().into_bytes()),
            (name("b", "www.b.com"), text.clone().into_bytes()),
            (name("b-gz", "www.b.com").replace(".log", ".gz"), gzip(text.as_bytes())),
            // The same lines with other line ends, without a name, by a word, and with something put before the name.
            (name("a-crlf", "www.a.com"), text.replace('\n', "\r\n").into_bytes()),
            ("logs/copy.log".into(), text.clone().into_bytes()),
            (name("word", "access"), text.clone().into_bytes()),
            (name("a-old", "backup_www.a.com"), text.clone().into_bytes()),
            (name("a-older", "older-www.a.com"), text.into_bytes()),
        ];
        let count = count.cast_signed();
        for order in orders(files.len()).step_by(3) {
            expect(&files, &order, &[("www.a.com", count), ("www.b.com", count)]);
        }
        for order in orders(2) {
            expect(&files[..2], &order, &[("www.a.com", count), ("www.b.com", count)]);
        }
    }
}

#[test]
fn a_log_takes_nothing_from_another_domain_when_it_grows() {
    for count in [2, 300] {
        let (short, long) = (lines(1..=count), lines(1..=count + 5));
        let (of_short, of_long) = (count.cast_signed(), count.cast_signed() + 5);
        for grown in ["www.a.com", "www.b.com"] {
            let kept = Kept::new();
            let names = ["www.a.com", "www.b.com"].map(|domain| name(domain, domain));
            for name in &names {
                kept.write(name, &short);
            }
            kept.ingest(&["logs"]);
            kept.append(&name(grown, grown), lines(count + 1..=count + 5));
            for _ in 0..2 {
                kept.ingest(&["logs"]);
                let of = |domain| if domain == grown { of_long } else { of_short };
                let domains = ["www.a.com", "www.b.com"].map(|domain| (domain, of(domain)));
                assert_eq!(requests(&kept), expected(&domains), "{grown}");
            }
            // An older copy is one of its own domain alone.
            kept.write(&format!("logs/old/{grown}_{HOUR}.log"), &short);
            assert_eq!(kept.ingest(&["logs"]), "2 known, 1 duplicate");
            kept.0.run(&["store", "check", "--store", "usage.db"], 0);
        }
        let files = [
            (name("b-long", "www.b.com"), long.into_bytes()),
            (name("a", "www.a.com"), short.clone().into_bytes()),
            (name("b", "www.b.com"), short.into_bytes()),
        ];
        for order in orders(files.len()) {
            expect(&files, &order, &[("www.a.com", of_short), ("www.b.com", of_long)]);
        }
    }
}

#[test]
fn a_domain_that_is_given_is_part_of_what_is_read() {
    let kept = Kept::new();
    for (path, domain) in [("one.log", "a.com"), ("two.log", "b.com")] {
        kept.write(path, lines(1..=3));
        assert_eq!(kept.ingest(&[path, "--domain", domain]), "1 added");
    }
    assert_eq!(requests(&kept), expected(&[("a.com", 3), ("b.com", 3)]));
    assert_eq!(kept.ingest(&["one.log", "two.log"]), "2 known");
    // What is given for a place anew is read anew, and the other one stays.
    assert_eq!(kept.ingest(&["one.log", "--domain", "c.com"]), "1 replaced");
    assert_eq!(requests(&kept), expected(&[("b.com", 3), ("c.com", 3)]));
    for domain in ["d.com", "e.com", "d.com"] {
        let mut command = kept.0.command();
        command.args(["ingest", "-", "--store", "usage.db", "--domain", domain]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines(1..=3).as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(requests(&kept), expected(&[("b.com", 3), ("c.com", 3), ("d.com", 3), ("e.com", 3)]));
}

/// Lines that tell their domain are the same whatever the name of their file tells.
#[test]
fn lines_with_a_host_count_once_whatever_their_names_tell() {
    let text = line("1/Mar/2026:12:00:00 +0800", "www.c.com", 9).repeat(3);
    let files = ["www.a.com", "www.b.com"].map(|domain| (name(domain, domain), text.clone().into_bytes()));
    for order in orders(2) {
        expect(&files, &order, &[("www.c.com", 3)]);
    }
}
