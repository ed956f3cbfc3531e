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
            (name("a-older", "older_www.a.com"), text.into_bytes()),
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
/// The name of a beginning is preferred only where it tells the same domain.
#[test]
fn a_log_named_for_another_domain_takes_nothing_though_it_begins_a_log() {
    let (header, host) = (
        "#Fields: time client - duration referer request\n",
        line("1/Mar/2026:12:00:00 +0800", "cdn.a.com", 7),
    );
    let later = |folder: &str, domain: &str| name(folder, domain).replace("_120000_130000", "_130000_140000");
    let shop = |text: String| {
        let named = [(name("a", "shop.example.com"), text.clone()), (later("b", "shop.example.com"), text)];
        named.map(|(name, text)| (name, text.into_bytes()))
    };
    // What begins it holds no line, or one with a host.
    for (begins, domain) in [(header.to_owned(), "a.io"), (host, "example.com")] {
        let [first, copy] = shop(begins.clone() + &lines(1..=9));
        let files = [(name("c", domain), begins.clone().into_bytes()), first, copy];
        let mut domains = vec![("shop.example.com", 9)];
        if begins.contains("cdn") {
            domains.insert(0, ("cdn.a.com", 1));
        }
        for order in orders(3) {
            let (kept, direct) = (Kept::new(), Kept::new());
            for at in &order {
                let (name, bytes) = &files[*at];
                kept.write(name, bytes);
                direct.write(name, bytes);
                kept.ingest(&[name, "--max-rejects", "100%"]);
            }
            kept.ingest(&["logs", "--max-rejects", "100%"]);
            assert_eq!(requests(&kept), expected(&domains), "{order:?}");
            let rows = direct
                .0
                .export_to(&["logs", "-o", "-", "--rows", "sparse", "--max-rejects", "100%"], 0)
                .stdout;
            let found: Vec<&str> = rows.lines().skip(1).filter_map(|row| row.split(',').nth(1)).collect();
            assert_eq!(found, domains.iter().map(|(domain, _)| *domain).collect::<Vec<_>>(), "{order:?}");
        }
    }
}

/// Of three spellings of one domain, the plain one comes last.
#[test]
fn logs_with_something_put_before_their_names_are_of_one_domain_in_any_order() {
    let files = [("backup_www.a.com", 1), ("old_www.a.com", 9), ("www.a.com", 1)]
        .map(|(domain, count)| (name(domain, domain), lines(1..=count).into_bytes()));
    for order in orders(3) {
        expect(&files, &order, &[("www.a.com", 9)]);
    }
}

/// A log of which only a part of the first line was written when it was copied.
#[test]
fn what_ends_within_the_first_line_is_the_beginning_of_a_log() {
    let text = line("1/Mar/2026:12:00:00 +0800", "a.com", 7);
    let files = [
        (name("a", "a.com"), text.clone().into_bytes()),
        ("logs/copy.log".into(), text[..text.len() - 4].into()),
        ("logs/packed.gz".into(), gzip(&text.as_bytes()[..text.len() - 9])),
    ];
    for order in orders(3) {
        let kept = Kept::new();
        for at in &order {
            let (name, bytes) = &files[*at];
            kept.write(name, bytes);
            kept.ingest(&[name, "--max-rejects", "100%", "--keep-going"]);
        }
        assert_eq!(requests(&kept), expected(&[("a.com", 1)]), "{order:?}");
        let json = kept.0.export(&["logs", "--json", "--force"], 0).json();
        assert_eq!(json["counts"]["accepted"], 1, "{order:?}");
    }
}

#[test]
fn lines_with_a_host_count_once_whatever_their_names_tell() {
    let text = line("1/Mar/2026:12:00:00 +0800", "www.c.com", 9).repeat(3);
    let files = ["www.a.com", "www.b.com"].map(|domain| (name(domain, domain), text.clone().into_bytes()));
    for order in orders(2) {
        expect(&files, &order, &[("www.c.com", 3)]);
    }
}
