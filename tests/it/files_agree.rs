//! The library and the oracle count the same in whole files, however these are encoded, cut, named, ordered
//! and read.

use crate::hostile;
use crate::logs::{Logs, encode, file_name};
use flowbook::codec::Codec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const CODECS: [Codec; 3] = [Codec::Plain, Codec::Gzip, Codec::Zstd];
const DOMAINS: [Option<&str>; 3] = [None, Some("file.example.com"), Some("my_site.com")];

/// How a stretch of text becomes a file: codec, domain in the name, places where pieces end.
type Shape = (Codec, Option<&'static str>, Vec<Index>);

fn shape() -> impl Strategy<Value = Shape> {
    (select(&CODECS[..]), select(&DOMAINS[..]), prop::collection::vec(any::<Index>(), 0..5))
}

/// Cuts at any byte, also twice at the same one.
fn cut<'a>(text: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|at| at.index(text.len() + 1)).collect();
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// Writes the text into as many files as there are shapes.
fn written(text: &[u8], files: &[(Index, Shape)]) -> Logs {
    let mut logs = Logs::new();
    let places: Vec<Index> = files.iter().skip(1).map(|(at, _)| *at).collect();
    for (number, (part, (_, (codec, domain, pieces)))) in
        cut(text, &places).into_iter().zip(files).enumerate()
    {
        // A line of its own in each file: two with the same bytes would count once.
        let text = [format!("file {number}\n").as_bytes(), part].concat();
        let bytes = encode(*codec, cut(&text, pieces));
        logs.add(file_name(*domain, number, *codec), *domain, &text, &bytes);
    }
    logs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_files(
        text in hostile::text(40),
        files in prop::collection::vec((any::<Index>(), shape()), 1..5),
        threads in 1..=8_usize,
        order in any::<prop::sample::Selector>(),
    ) {
        let logs = written(&text, &files);
        let mut left = logs.sources();
        logs.check(left.clone(), 1);
        let mut sources = Vec::new();
        while !left.is_empty() {
            sources.push(left.swap_remove(order.select(0..left.len())));
        }
        logs.check(sources, threads);
    }
}

#[test]
fn files_with_nothing_in_them() {
    let mut logs = Logs::new();
    for (at, codec) in CODECS.into_iter().enumerate() {
        for (nth, text) in ["", "\n", "\r\n", " ", "\r", "\n\n", "\t\n \x0c\r\n\n"].into_iter().enumerate() {
            // The same text in two compressions would count once, also with other line ends; of one without a byte there is
            // nothing to count.
            let blanks = "\t".repeat(nth * at) + &" ".repeat(50 * at);
            let text = if text.is_empty() { String::new() } else { text.to_owned() + &blanks };
            let named = file_name(None, text.len(), codec);
            let name = format!("{}-{named}", text.escape_default());
            let bytes = encode(codec, [text.as_bytes()]);
            logs.add(name.replace('\\', "_"), None, text.as_bytes(), &bytes);
        }
    }
    logs.check(logs.sources(), 3);
}

const LIMIT: usize = 1 << 20;

/// A good line of exactly `len` bytes; what it is filled with stands in its user agent.
fn line(second: usize, len: usize) -> Vec<u8> {
    let minute = second / 60 % 60;
    let mut line = format!(
        "[1/Mar/2016:08:{minute:02}:{:02} +0800] 10.0.0.1 - 1 \"-\" \"GET https://www.a.com/{second}\" 200 1 {len} HIT \"",
        second % 60
    )
    .into_bytes();
    assert!(line.len() < len);
    line.resize(len - 1, b'm');
    line.push(b'"');
    line
}

/// Lines around the limit between short ones, with every line end; the last one also without.
fn long_lines() -> Vec<Vec<u8>> {
    let mut text = Vec::new();
    for (number, len) in
        [LIMIT - 2, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, 3 * LIMIT].into_iter().enumerate()
    {
        for end in ["\n", "\r\n", "\r\r\n"] {
            text.extend(line(number, len));
            text.extend(end.bytes());
            text.extend(line(600 + number, 200));
            text.extend(end.bytes());
        }
    }
    // Hostile ones: all blank, all quotes, a host without end, no time.
    let url = line(0, 200).split(|b| *b == b'w').next().unwrap().to_vec();
    for (head, fill) in [(&b""[..], b' '), (b"", b'"'), (&url, b'a'), (b"[", b'0')] {
        for len in [LIMIT, LIMIT + 1] {
            text.extend(head);
            text.extend(vec![fill; len - head.len()]);
            text.push(b'\n');
        }
    }
    let lasts = [LIMIT - 1, LIMIT, LIMIT + 1].map(|len| [&text[..], &line(1, len)].concat());
    lasts.into_iter().chain([LIMIT - 1, LIMIT].map(|len| [&line(2, len)[..], b"\r"].concat())).collect()
}

#[test]
fn lines_around_the_limit() {
    let mut logs = Logs::new();
    let texts = long_lines();
    for (number, text) in texts.iter().enumerate() {
        logs.add_whole(None, if number % 2 == 0 { Codec::Plain } else { Codec::Zstd }, text);
    }
    let places: Vec<&[u8]> = texts[0].chunks(LIMIT - 77).collect();
    let name = file_name(None, 100, Codec::Gzip);
    // Another text than the plain one, and not begun by it: else it would count once.
    let more = line(0, 300);
    let pieces = [&more[..], b"\n"].into_iter().chain(places);
    let text = [&more[..], b"\n", &texts[0]].concat();
    logs.add(name, None, &text, &encode(Codec::Gzip, pieces));
    logs.check(logs.sources(), 1);
    logs.check(logs.sources(), 4);
}

/// Stretches into which the library cuts large plain files.
const STRETCH: usize = 16 << 20;

/// Lines of varied length up to the place `end`, some of them blank or rejected: `odd` once in a while.
fn fill(text: &mut Vec<u8>, end: usize, odd: &[u8]) {
    let mut number = text.len() as u64;
    while text.len() + 5000 < end {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = usize::try_from(number >> 40).unwrap();
        match random % 64 {
            0 => text.extend_from_slice(odd),
            1 => text.push(b'\r'),
            2 => {}
            _ => text.extend(line(random % 3600, 160 + random % 41 * (random % 97))),
        }
        text.push(b'\n');
    }
    text.extend(line(0, end - text.len() - 1));
    text.push(b'\n');
}

/// 40 MiB whose second stretch lies in one line.
#[test]
fn a_line_longer_than_a_stretch() {
    let mut text = Vec::new();
    fill(&mut text, STRETCH - LIMIT, b"no time");
    let giant = line(7, 20 << 20);
    text.extend(giant);
    text.push(b'\n');
    let after = text.len() + LIMIT;
    fill(&mut text, after, b"[9/Jun/2015:01:58:09 +0800] no request");
    fill(&mut text, 40 << 20, b"[9/Jun/2015:01:58:09 +0800] \" \"GET http://a.com/\" 200 1 many HIT");
    text.extend(line(9, 3000));
    let mut logs = Logs::new();
    logs.add_whole(None, Codec::Plain, &text);
    for threads in [1, 2, 3, 8] {
        logs.check(logs.sources(), threads);
    }
}

/// Two lines, the second of which ends (but for its line end) at `place`; longer ones before them if need be.
fn fill_to(text: &mut Vec<u8>, place: usize) {
    while text.len() + 3 * LIMIT / 2 < place {
        text.extend(line(1, LIMIT - 1));
        text.push(b'\n');
    }
    text.extend(line(2, (place - text.len()) / 2));
    text.push(b'\n');
    text.extend(line(3, place - text.len()));
}

/// Line ends at, before and after the places where a large file is cut, and a line there that looks like gzip.
#[test]
fn line_ends_where_stretches_meet() {
    let mut logs = Logs::new();
    for (first, second, end) in [(-1, 0, "\n"), (-2, -1, "\r\n"), (1, -2, "\n\n\n")] {
        let mut text = Vec::new();
        for (stretch, shift) in [(1, first), (2, second)] {
            fill_to(&mut text, (stretch * STRETCH).checked_add_signed(shift).unwrap());
            text.extend(end.bytes());
            text.extend(b"\x1f\x8b\x08 rejected\n");
        }
        text.extend(line(4, 400));
        logs.add_whole(None, Codec::Plain, &text);
    }
    // No line begins in the last stretch, which is one byte long; or in any but the last.
    let mut text = Vec::new();
    fill_to(&mut text, 2 * STRETCH + 1);
    logs.add_whole(None, Codec::Plain, &text);
    let text = [&line(5, 2 * STRETCH + LIMIT)[..], b"\r\n", &line(6, 400)].concat();
    logs.add_whole(None, Codec::Plain, &text);
    logs.check(logs.sources(), 1);
    logs.check(logs.sources(), 4);
}

#[test]
fn returns_among_bytes_that_mean_nothing() {
    let entry =
        "[9/Jun/2015:01:58:09 +0800] 1.2.3.4 - 5 \"-\" \"GET http://a.com/x\" 200 300 400 HIT \"M\" \"t\"";
    let mut logs = Logs::new();
    for (nth, (before, behind)) in [
        ("\0\r", ""),
        ("\0\0\r\rx", "\0\r\u{feff}"),
        ("\u{feff}\r", "\0\r\r"),
        ("x\0\r\u{feff}", "\0\r\0"),
        ("\r\0\r\u{feff}\r", "\r\0x"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("file {nth}\n{before}{entry}{behind}\n{before}y{behind}\n");
        logs.add_whole(None, CODECS[nth % 3], text.as_bytes());
    }
    logs.check(logs.sources(), 2);
}
