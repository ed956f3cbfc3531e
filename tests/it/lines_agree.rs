//! The fast parser and the oracle read the same from every line.

use crate::harness::repository;
use crate::hostile;
use crate::oracle::{self, Rec};
use flowbook::domain::Domain;
use flowbook::log::{Format, Parser};
use flowbook::record::{CacheResult, Parsed, Protocol, Reason};
use flowbook::region::Region;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

const FILE_DOMAIN: &str = "file.example.com";

/// A parser, and the domain that stands in where a line holds no host.
struct Reading<'a> {
    parser: Parser,
    file_domain: Option<&'a str>,
}

fn parser(file_domain: Option<&str>) -> Reading<'_> {
    Reading { parser: Format::Alibaba.parser(), file_domain }
}

/// What the library makes of a line: a parser gives the host as written, whoever counts judges it.
fn fast(reading: &mut Reading<'_>, line: &[u8]) -> Result<Rec, Reason> {
    judged(reading.parser.parse(line), reading.file_domain)
}

fn judged(parsed: Parsed<'_>, file_domain: Option<&str>) -> Result<Rec, Reason> {
    let record = parsed?.expect("no line is skipped");
    assert_eq!(record.region, Region::Unspecified);
    let host = record.host.or(file_domain.map(str::as_bytes)).ok_or(Reason::NoDomain)?;
    let domain = Domain::new(host).ok_or(Reason::BadDomain)?.to_string();
    let (time, bytes, protocol) = (record.time, record.bytes, record.protocol);
    assert_ne!(record.cache, CacheResult::Unknown);
    let (status, hit) = (record.status.expect("every line has one"), record.cache == CacheResult::Hit);
    Ok(Rec { time, domain, bytes, protocol, status, hit })
}

/// What the library makes of a whole block: the lines as it cut them, and what they say.
fn block(reading: &mut Reading<'_>, block: &[u8]) -> Vec<(Vec<u8>, Result<Rec, Reason>)> {
    let mut found = Vec::new();
    let told = reading.parser.lines(block, |line, record| {
        found.push((line.to_vec(), judged(record, reading.file_domain)));
        Ok::<(), ()>(())
    });
    assert_eq!(told, Ok(()));
    found
}

/// The same by the oracle.
fn slow_block(block: &[u8], file_domain: Option<&str>) -> Vec<(Vec<u8>, Result<Rec, Reason>)> {
    let lines = oracle::lines(block).into_iter();
    lines
        .map(|line| {
            let read = oracle::parse(&line, file_domain);
            (line, read)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whole blocks, whose lines of the common shape go another way than single lines.
    #[test]
    fn any_blocks(lines in prop::collection::vec(hostile::line(), 1..6), named in any::<bool>(), open in any::<bool>()) {
        let file_domain = named.then_some(FILE_DOMAIN);
        let mut text = lines.join(&b'\n');
        text.extend_from_slice(if open { b"" } else { b"\n" });
        prop_assert_eq!(block(&mut parser(file_domain), &text), slow_block(&text, file_domain));
    }

    /// Several lines by one parser, because it may remember the line before.
    #[test]
    fn any_lines(lines in prop::collection::vec(hostile::line(), 1..5), named in any::<bool>()) {
        let file_domain = named.then_some(FILE_DOMAIN);
        let mut parser = parser(file_domain);
        for line in &lines {
            let (found, expected) = (fast(&mut parser, line), oracle::parse(line, file_domain));
            prop_assert_eq!(found, expected, "{}", line.escape_ascii());
        }
    }
}

const GOOD: [&[u8]; 3] = [
    br#"[9/Jun/2015:01:58:09 +0800] 10.0.0.1 - 15 "-" "GET http://www.a.com/i" 200 191 2830 MISS "M" "t" quic"#,
    br#"[29/Feb/2016:23:59:60 -0330] :: - 0 "" "x_Y HTTPS://[::1]:80?" 499 - - HIT "" " " http"#,
    br#"[01/Jan/1970:00:00:00 +0000] - - 0 "a" "GET /" 500 0 1125899906842624 HIT"#,
];

/// Every byte in every place, put in its place or put before, and every byte left out; with the good
/// line before and after, because the parser may remember it.
#[test]
fn every_line_with_one_byte_wrong() {
    for good in GOOD {
        for file_domain in [None, Some(FILE_DOMAIN)] {
            let mut parser = parser(file_domain);
            let plain = oracle::parse(good, file_domain);
            let check = |line: &[u8]| {
                assert_eq!(fast(&mut parser, good), plain);
                let expected = oracle::parse(line, file_domain);
                assert_eq!(fast(&mut parser, line), expected, "{}", line.escape_ascii());
            };
            every_mistake(good, check);
        }
    }
}

/// Hands over a line with each byte cut off, left out, added, or made another.
fn every_mistake(good: &[u8], mut check: impl FnMut(&[u8])) {
    for at in 0..=good.len() {
        let (head, tail) = good.split_at(at);
        check(head);
        check(&[head, tail.get(1..).unwrap_or_default()].concat());
        for byte in (0..=u8::MAX).filter(|b| *b != b'\n') {
            check(&[head, &[byte], tail].concat());
            check(&[head, &[byte], tail.get(1..).unwrap_or_default()].concat());
        }
    }
}

/// The same mistakes in a block, between two good lines.
#[test]
fn every_block_with_one_byte_wrong() {
    for good in GOOD {
        for file_domain in [None, Some(FILE_DOMAIN)] {
            let mut parser = parser(file_domain);
            let plain = oracle::parse(good, file_domain);
            let check = |line: &[u8]| {
                let text = [good, b"\n", line, b"\n", good, b"\n"].concat();
                let found = block(&mut parser, &text);
                assert_eq!(found, slow_block(&text, file_domain), "{}", line.escape_ascii());
                let ends = (found.first().map(|found| &found.1), found.last().map(|found| &found.1));
                assert_eq!(ends, (Some(&plain), Some(&plain)));
            };
            every_mistake(good, check);
        }
    }
}

/// Real lines with every byte left out, doubled, or made one that means something: read in blocks as they are
/// read one by one.
#[test]
fn real_lines_with_one_byte_wrong() {
    const BYTES: &[u8] = b"\" /?#:-09hqHQ\t\r\n\0\xff";
    for name in ["real_and_documented", "dirty_sizes", "malformed_and_other"] {
        let path = repository().join(format!("data/samples/alibaba/{name}.log"));
        let text = std::fs::read(path).unwrap();
        let (mut whole, mut single) = (parser(Some(FILE_DOMAIN)), parser(Some(FILE_DOMAIN)));
        for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let mut wrong = Vec::new();
            for at in 0..line.len() {
                let (head, tail) = line.split_at(at);
                wrong.extend([head, b"\n", head, &tail[1..], b"\n"].concat());
                for byte in BYTES {
                    wrong.extend([head, &[*byte], tail, b"\n", head, &[*byte], &tail[1..], b"\n"].concat());
                }
            }
            for (line, found) in block(&mut whole, &wrong) {
                assert_eq!(found, fast(&mut single, &line), "{}", line.escape_ascii());
            }
        }
    }
}

/// Every date and every time of day in the reach of two digits, in both spellings of the day.
#[test]
fn every_date_and_time() {
    let mut parser = parser(None);
    let mut check = |stamp: &str| {
        let line = format!("{stamp} - - 0 \"-\" \"GET http://a.com/\" 200 1 2 HIT");
        assert_eq!(fast(&mut parser, line.as_bytes()), oracle::parse(line.as_bytes(), None), "{line}");
    };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    for year in ["0000", "0004", "1600", "1900", "1969", "1970", "2000", "2015", "2016", "2100", "9999"] {
        for month in months {
            for day in 0..=32 {
                check(&format!("[{day}/{month}/{year}:00:00:00 +0000]"));
                check(&format!("[{day:02}/{month}/{year}:23:59:59 -2359]"));
            }
        }
    }
    for (hour, minute) in (0..=25).flat_map(|h| (0..=61).map(move |m| (h, m))) {
        for second in [0, 59, 60, 61] {
            check(&format!("[1/Jan/2016:{hour:02}:{minute:02}:{second:02} +0800]"));
        }
        check(&format!("[1/Jan/2016:00:00:00 +{hour:02}{minute:02}]"));
        check(&format!("[1/Jan/2016:00:00:00 -{hour:02}{minute:02}]"));
    }
}

/// Guards the generator: lines of every outcome come out of it, many of them good.
#[test]
fn the_generator_reaches_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let (mut good, mut bad) = (BTreeMap::<Protocol, u32>::new(), BTreeMap::<Reason, u32>::new());
    for _ in 0..4000 {
        let line = hostile::line().new_tree(&mut runner).unwrap().current();
        match oracle::parse(&line, None) {
            Ok(rec) => *good.entry(rec.protocol).or_default() += 1,
            Err(reason) => *bad.entry(reason).or_default() += 1,
        }
    }
    assert!(Protocol::ALL.iter().all(|p| good.get(p).is_some_and(|n| *n >= 40)), "{good:?} {bad:?}");
    // No line of this format is of another shape: it is told by its parts.
    let reasons = Reason::ALL.iter().filter(|r| !matches!(r, Reason::TooLong | Reason::BadShape));
    assert!(reasons.clone().all(|r| bad.get(r).is_some_and(|n| *n >= 10)), "{good:?} {bad:?}");
}
