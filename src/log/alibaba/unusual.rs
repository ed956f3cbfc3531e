//! Lines that are not of the usual shape: whether they can be read in one way only, and where several entries
//! stand on one line.
//!
//! Referer, URL and user agent are written as clients sent them, quotes included. What a client could have written is
//! never taken for an entry: where a line can be read in two ways that differ, it says nothing. Knows nothing of
//! time stamps but their shape, and nothing of what fields mean.

use super::{
    FoundRequest, cache_result, closing_quote, find_request, is_method_byte, response_size, split_space,
    target,
};
use crate::record::{Reason, ends_entry};
use memchr::{memchr, memchr_iter, memchr2, memrchr};

/// No two time stamps stand before a quote that is so near to the start of its line.
pub(super) const HEAD: usize = 60;

/// Lines of at least so many bytes are looked at closely, whatever their shape: reading as usual ends before.
const LONGEST_PLAIN: usize = crate::log::delimiters::BATCH;

/// Whether a line has its quotes where an entry has them and nowhere else, and brackets around its time stamp
/// alone, and does not end before its end: then it can hold neither another request nor another entry.
pub(super) fn is_plain(line: &[u8]) -> bool {
    let is_one = |tail: &[u8]| memchr2(b'[', b'\r', tail).is_none();
    plain_tail(line).is_some_and(is_one) && line.len() < LONGEST_PLAIN
}

/// What stands behind the last quote of a line of the usual shape.
fn plain_tail(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_prefix(b"[")?;
    let (head, rest) = at_quote(text)?;
    let (_, rest) = at_quote(rest)?;
    let (_, rest) = at_quote(rest.strip_prefix(b" \"")?)?;
    let (answer, rest) = at_quote(rest)?;
    let (_, rest) = at_quote(rest)?;
    let rest = match rest.strip_prefix(b" \"") {
        Some(rest) => at_quote(rest)?.1,
        None => rest,
    };
    let is_one = (head.len() < HEAD || !head.contains(&b'[')) && !head.contains(&b'\r');
    let is_plain = is_one && is_answer(answer) && !rest.contains(&b'"');
    is_plain.then_some(rest)
}

/// ` STATUS REQUEST-SIZE RESPONSE-SIZE HIT|MISS `.
fn is_answer(text: &[u8]) -> bool {
    let mut fields = text.split(|b| *b == b' ');
    let fields = std::array::from_fn::<_, 7, _>(|_| fields.next());
    matches!(fields, [Some(b""), Some(status), Some(_), Some(_), Some(cache), Some(b""), None]
        if is_status(status) && cache_result(cache).is_some())
}

/// The text before the first quote, and behind it.
fn at_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let quote = memchr(b'"', text)?;
    Some((&text[..quote], &text[quote + 1..]))
}

/// The entries of a line that carriage returns may end, too, each run of them once: before the newline, before an
/// entry, where the line begins, and behind the last quote of an entry. Other ones are what a client sent.
///
/// The digest of a text must make a newline of the same ones.
pub(super) fn entries(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut pieces, mut from, mut quotes, mut next) = (Vec::new(), 0, 0, 0);
    while let Some(at) = memchr2(b'"', b'\r', &line[next..]).map(|at| next + at) {
        if line[at] == b'"' {
            (next, quotes) = (at + 1, quotes + 1);
            continue;
        }
        let returns = line[at..].iter().position(|b| *b != b'\r');
        next = returns.map_or(line.len(), |returns| at + returns);
        let is_end = match line.get(next) {
            None => true,
            Some(behind) => at == from || ends_entry(quotes, *behind) || may_begin_entry(&line[next..]),
        };
        if is_end {
            pieces.push(&line[from..at]);
            (from, quotes) = (next, 0);
        }
    }
    if from < line.len() || pieces.is_empty() {
        pieces.push(&line[from..]);
    }
    pieces.into_iter().flat_map(split_entries)
}

/// Whether an entry may begin with this text.
pub(super) fn may_begin_entry(text: &[u8]) -> bool {
    matches!(text, [b'[', digit, ..] if digit.is_ascii_digit())
}

/// The entries of what should be one: several of the usual shape for one host, or one and what begins behind its last
/// quote.
fn split_entries(entry: &[u8]) -> Vec<&[u8]> {
    welded(entry).unwrap_or_else(|| {
        let last = if entry.starts_with(b"[") { memrchr(b'"', entry) } else { None };
        let behind = last.map_or(entry.len(), |quote| quote + 1);
        let starts = memchr_iter(b'[', &entry[behind..]).map(|at| behind + at);
        cut(entry, starts.filter(|at| after_day(&entry[*at..]).is_some()))
    })
}

/// Entries that stand one behind the other. A client could write such a line, but for its own host only: what tells
/// several hosts is left as it is.
fn welded(line: &[u8]) -> Option<Vec<&[u8]>> {
    let starts = memchr_iter(b'[', line).filter(|at| *at > 0 && begins_as_entry(&line[*at..]));
    let entries = cut(line, starts);
    let host = |entry: &&[u8]| {
        let request = find_request(entry).ok().filter(|_| is_plain(entry))?;
        Some(target(request.method, request.url).1.map(<[u8]>::to_ascii_lowercase))
    };
    let first = host(entries.first()?)?;
    (entries.len() > 1 && entries.iter().all(|entry| host(entry).as_ref() == Some(&first))).then_some(entries)
}

/// A text cut at these places.
fn cut(text: &[u8], places: impl Iterator<Item = usize>) -> Vec<&[u8]> {
    let mut from = 0;
    places.chain([text.len()]).map(|end| &text[std::mem::replace(&mut from, end)..end]).collect()
}

/// What follows a text that looks like a time stamp, `[9/Jun/2015:...]`.
fn stamp(text: &[u8]) -> Option<&[u8]> {
    let (month, rest) = after_day(text)?.split_at_checked(4)?;
    let (year, rest) = rest.split_at_checked(5)?;
    let is_month = month[..3].iter().all(u8::is_ascii_alphabetic) && month[3] == b'/';
    let is_year = year[..4].iter().all(u8::is_ascii_digit) && year[4] == b':';
    let end = rest.iter().position(|b| b"\"[]".contains(b)).filter(|end| rest[*end] == b']')?;
    (is_month && is_year).then(|| &rest[end + 1..])
}

/// What follows `[9/` or `[19/`.
fn after_day(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"[")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if matches!(digits, 1 | 2) { rest[digits..].strip_prefix(b"/") } else { None }
}

/// Whether another entry begins behind the time stamp of a line, however little of it is there.
fn is_welded(rest: &[u8]) -> bool {
    memchr_iter(b'[', rest).any(|at| begins_as_entry(&rest[at..]))
}

/// Whether a text begins with `[TIME STAMP] CLIENT PROXY MS "`. Looks no further than to the next bracket, so that all
/// of them together are looked at once.
pub(super) fn begins_as_entry(text: &[u8]) -> bool {
    let field = |text: &'_ [u8]| text.iter().position(|b| b"\" [".contains(b)).filter(|len| *len > 0);
    let mut rest = stamp(text);
    for _ in 0..3 {
        rest = rest.and_then(|rest| rest.strip_prefix(b" "));
        rest = rest.and_then(|rest| Some(&rest[field(rest)?..]));
    }
    rest.is_some_and(|rest| rest.starts_with(b" \""))
}

/// Finds the request of a line that is not of the usual shape, in what follows its time stamp. The URL may hold quotes
/// and spaces.
pub(super) fn request(rest: &[u8]) -> Result<FoundRequest<'_>, Reason> {
    if is_welded(rest) {
        return Err(Reason::Welded);
    }
    let Some(first) = starts(rest).next() else { return Err(Reason::BadRequest) };
    let mut ends = ends(rest, first.url);
    let Some(end) = ends.next() else { return find_request(rest) };
    let others = ends.filter(|other| other.is_whole).count();
    match (end.is_whole, others) {
        (false, 0) => find_request(rest),
        (true, 0) => Ok(FoundRequest::between(rest, start_before(rest, end.at)?, &end)),
        _ => Err(Reason::Ambiguous),
    }
}

impl<'a> FoundRequest<'a> {
    fn between(rest: &'a [u8], start: Start, end: &End) -> Self {
        let (status, after) = split_space(&rest[end.at + 2..]);
        let status = status.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0'));
        Self {
            method: &rest[start.method..start.url - 1],
            url: &rest[start.url..end.at],
            status,
            rest: after,
        }
    }
}

/// Where a request may begin.
#[derive(Clone, Copy)]
struct Start {
    method: usize,
    url: usize,
}

/// The places of `" "METHOD `.
fn starts(text: &[u8]) -> impl Iterator<Item = Start> {
    memchr_iter(b'"', text).filter_map(|quote| {
        let after = text[quote + 1..].strip_prefix(b" \"")?;
        let len =
            after.iter().position(|b| !is_method_byte(*b)).filter(|len| *len > 0 && after[*len] == b' ')?;
        Some(Start { method: quote + 3, url: quote + 3 + len + 1 })
    })
}

/// Where a request may end.
struct End {
    /// Its closing quote.
    at: usize,
    /// Whether sizes and cache result follow, as they should.
    is_whole: bool,
}

/// The places of `" STATUS`, from `from` on.
fn ends(text: &[u8], from: usize) -> impl Iterator<Item = End> {
    let mut next = from;
    std::iter::from_fn(move || {
        let at = next + closing_quote(&text[next..])?;
        next = at + 1;
        Some(at)
    })
    .filter_map(|at| {
        let (status, rest) = split_space(&text[at + 2..]);
        let (_, rest) = split_space(rest);
        let (size, rest) = split_space(rest);
        let is_whole = response_size(size).is_ok() && cache_result(split_space(rest).0).is_some();
        is_status(status).then_some(End { at, is_whole })
    })
}

fn is_status(text: &[u8]) -> bool {
    text.len() == 3 && text.iter().all(u8::is_ascii_digit)
}

/// Where the request begins that ends at `end`: of several places the one whose URL is one. Several such URLs must
/// tell the same host and protocol.
fn start_before(rest: &[u8], end: usize) -> Result<Start, Reason> {
    let possible = || starts(rest).take_while(|start| start.url <= end);
    let told = |start: &Start| target(&rest[start.method..start.url - 1], &rest[start.url..end]);
    let mut urls =
        possible().filter(|start| rest[start.url..end].starts_with(b"/") || told(start).1.is_some());
    let Some(first) = urls.next() else { return possible().last().ok_or(Reason::BadRequest) };
    if urls.all(|other| told(&other) == told(&first)) { Ok(first) } else { Err(Reason::Ambiguous) }
}
