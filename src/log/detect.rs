//! Which format a text is of, by its first lines.

use super::interface::without_return;
use super::{Format, HEAD, Parser};
use crate::record::{CacheResult, Parsed, Protocol, Reason, Record};

/// Lines at the beginning of a text that its format is told by.
const JUDGED: usize = 8;

/// How well a format reads the first lines of a text: the greater the better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    /// Lines that are requests.
    requests: usize,
    /// What is known of them besides time and bytes.
    figures: usize,
    /// How far lines are as the format says behind what is needed.
    whole: usize,
    /// Lines that are none by the rules of the format, such as headers.
    skipped: usize,
}

/// The format that reads the first lines of a text best: the most of them, then with the most figures, then from beginning to
/// end, then the first one. None if no line can be read.
pub(super) fn best(head: &[u8], formats: impl IntoIterator<Item = Format>) -> Option<Format> {
    let mut best = (Fit::default(), None);
    for format in formats {
        let found = fit(format, head);
        if found > best.0 {
            best = (found, Some(format));
        }
    }
    best.1
}

/// The formats that read any of the first lines of a text, the best first.
pub(super) fn ranked(head: &[u8], formats: impl Iterator<Item = Format>) -> Vec<Format> {
    let mut fits: Vec<(Fit, Format)> = formats.map(|format| (fit(format, head), format)).collect();
    fits.retain(|(fit, _)| *fit > Fit::default());
    // Stable: of those that fit as well, the first one stays the first.
    fits.sort_by_key(|(fit, _)| std::cmp::Reverse(*fit));
    fits.into_iter().map(|(_, format)| format).collect()
}

fn fit(format: Format, head: &[u8]) -> Fit {
    let mut parser = format.parser();
    parser.prepare(head);
    let mut fit = Fit::default();
    for line in whole_lines(head).take(JUDGED) {
        let (parsed, whole) = judge(&mut parser, line);
        match parsed {
            Ok(Some(record)) => {
                fit.requests += 1;
                fit.figures += figures(&record);
                fit.whole += whole;
            }
            Ok(None) => fit.skipped += 1,
            Err(_) => {}
        }
    }
    fit
}

/// What a line says, and how far it is as the format says: at most 2.
fn judge<'a>(parser: &'a mut Parser, line: &'a [u8]) -> (Parsed<'a>, usize) {
    if let Parser::Described(parser) = parser {
        return parser.judge(line);
    }
    // A line that is none, such as a comment, may be one of any.
    (parser.parse(line).and_then(|record| record.ok_or(Reason::BadShape)).map(Some), 2)
}

/// The lines of the beginning of a text, without the last one if it may go on, unless it is the only one.
fn whole_lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memrchr(b'\n', head).filter(|_| head.len() >= HEAD);
    head[..end.unwrap_or(head.len())]
        .split(|byte| *byte == b'\n')
        .map(without_return)
        .filter(|line| !line.trim_ascii().is_empty())
}

fn figures(record: &Record<'_>) -> usize {
    let figures = [
        record.host.is_some(),
        record.protocol != Protocol::Other,
        record.status.is_some(),
        record.cache != CacheResult::Unknown,
    ];
    figures.into_iter().filter(|is_there| *is_there).count()
}
