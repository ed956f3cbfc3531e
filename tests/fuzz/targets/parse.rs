//! The lines of a text, and what they say: the parser and the slow oracle agree, and so do all ways to cut the text.
#![no_main]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../it/oracle.rs"]
mod oracle;
mod pieces;

use flowbook::domain::Domain;
use flowbook::ingest::{Chunk, Lines, Text};
use flowbook::log::{Format, Parser};
use flowbook::record::{CacheResult, Parsed, Reason};
use libfuzzer_sys::fuzz_target;
use oracle::Rec;
use pieces::{Pieces, how};

const FILE_DOMAIN: &str = "file.example.com";
/// The oracle takes its time.
const SHORT: usize = 1024;
/// Longer than a line may be.
const LONG: usize = 3 << 19;

type Told = Vec<(Vec<u8>, Result<Rec, Reason>)>;

/// A text of which a byte 1 and a number repeat what stands before, up to lengths that no input reaches itself.
fn grown(input: &[u8]) -> Vec<u8> {
    let mut text: Vec<u8> = Vec::new();
    let mut bytes = input.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            1 => {
                let (len, times) = (text.len().min(400), usize::from(*bytes.next().unwrap_or(&0)));
                let before = text[text.len() - len..].repeat(times * times / 4);
                text.extend(&before[..before.len().min(LONG - text.len().min(LONG))]);
            }
            byte => text.push(*byte),
        }
    }
    text
}

/// What counts of a line; `file_domain` stands in where it holds no host.
fn judged(parsed: Parsed<'_>, file_domain: Option<&str>) -> Result<Rec, Reason> {
    let record = parsed?.expect("no line is skipped");
    let host = record.host.or(file_domain.map(str::as_bytes)).ok_or(Reason::NoDomain)?;
    let domain = Domain::new(host).ok_or(Reason::BadDomain)?.to_string();
    let (time, bytes, protocol) = (record.time, record.bytes, record.protocol);
    let (status, hit) = (record.status.expect("every line has one"), record.cache == CacheResult::Hit);
    Ok(Rec { time, domain, bytes, protocol, status, hit })
}

fn read(parser: &mut Parser, file_domain: Option<&str>, chunk: &Chunk<'_>, told: &mut Told) {
    match chunk {
        Chunk::Lines(block) => parser
            .lines(block, |line, record| {
                told.push((line.to_vec(), judged(record, file_domain)));
                Ok::<(), ()>(())
            })
            .unwrap(),
        Chunk::TooLong(line) => told.push((line.to_vec(), Err(Reason::TooLong))),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((how, input)) = how(input) else { return };
    let file_domain = (how & 1 == 1).then_some(FILE_DOMAIN);
    let text = if how & 14 == 2 { grown(input) } else { input.to_vec() };
    let parser = || Format::Alibaba.parser();

    let (mut at_once, mut whole) = (parser(), Told::new());
    Text::new(&text).for_each(|chunk| read(&mut at_once, file_domain, &chunk, &mut whole));

    let pieces = Pieces(&text, if text.len() > SHORT { 1 << (10 + how / 16) } else { 1 + how / 4 });
    let (mut lines, mut by_pieces, mut streamed) = (Lines::new(pieces), parser(), Told::new());
    while let Some(chunk) = lines.next_chunk().unwrap() {
        read(&mut by_pieces, file_domain, &chunk, &mut streamed);
    }
    assert!(streamed == whole, "{streamed:?}\n{whole:?}");

    // A line alone says what it says among others.
    let mut single = parser();
    for (line, told) in whole.iter().filter(|(_, told)| *told != Err(Reason::TooLong)) {
        assert_eq!(&judged(single.parse(line), file_domain), told, "{}", line.escape_ascii());
    }
    if text.len() <= SHORT {
        let slow = oracle::lines(&text).into_iter().map(|line| (oracle::parse(&line, file_domain), line));
        let slow: Told = slow.map(|(told, line)| (line, told)).collect();
        assert_eq!(whole, slow, "{}", text.escape_ascii());
    }
});
