//! The native format: offline logs of Alibaba Cloud CDN, tuned by hand.
//!
//! `[9/Jun/2015:01:58:09 +0800] IP PROXY MS "REFERER" "METHOD URL" STATUS REQUEST-SIZE RESPONSE-SIZE HIT|MISS
//! "USER-AGENT" "CONTENT-TYPE" TRAILING...`
//!
//! Referer, URL and user agent hold any bytes, quotes among them, and nothing escapes these. The request is
//! therefore found by its shape: a `" "` that is followed by a method, a URL up to a `" `, and three digits. Nearly
//! every line has as many quotes as it needs and no more, so that there is one such place. Of others it is found out
//! whether they can be read in one way only. Knows nothing of files, ranges and scopes.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

mod unusual;
mod usual;
#[cfg(test)]
mod tests;

use super::delimiters::{BATCH, Delimiters};
use super::interface::{Likeness, LineParser, LogFormat, without_return};
use super::simd::prefetch;
use crate::names::Rule;
use crate::record::{CacheResult, Fields, MAX_BYTES, Parsed, Protocol, Reason, Record};
use crate::region::Region;
use crate::time;
use memchr::{memchr, memrchr};
use unusual::may_begin_entry;
use usual::Places;

/// A line as it should be.
pub const SAMPLE: &str = r#"[9/Jun/2015:01:58:09 +0800] 188.165.15.75 - 1542 "-" "GET http://www.example.com/index.html" 200 191 2830 MISS "Mozilla/5.0 (compatible; AhrefsBot/5.0)" "text/html""#;

/// The parser of lines, with the time stamp of the line before.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    minute: MinuteCache,
    delimiters: Delimiters,
}

impl LogFormat for Parser {
    const NAME: &'static str = "alibaba";
    const TITLE: &'static str = "Alibaba Cloud CDN offline log";
    const SAMPLE: &'static str = SAMPLE;
    const NAMES: Option<Rule> = Some(Rule::Alibaba);

    fn likeness(head: &[u8]) -> Likeness {
        // Of a hundred thousand logs each is asked for: the line is not read, which would cost more than reading on does.
        if unusual::begins_as_entry(head) {
            Likeness::Likely
        } else if may_begin_entry(head) {
            Likeness::Possible
        } else {
            Likeness::None
        }
    }

    fn may_begin_entry(text: &[u8]) -> bool {
        may_begin_entry(text)
    }
}

impl LineParser for Parser {
    fn prepare(&mut self, _head: &[u8]) {
        self.minute.begin();
    }

    fn fields(&self) -> Fields {
        Fields { host: true, protocol: true, status: true, cache: true }
    }

    #[inline]
    fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a> {
        read_entry(line, &mut self.minute).map(Some)
    }

    /// As of any format; and a line that holds several entries for certain is given entry by entry.
    #[inline(always)]
    fn lines<E>(
        &mut self,
        mut block: &[u8],
        mut each: impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Self { minute, delimiters } = self;
        while !block.is_empty() {
            delimiters.find(block);
            let mut ahead = delimiters.positions();
            let mut start = 0;
            while let Some((newline, places)) = Places::next(block, start, &mut ahead) {
                // While this line is read, what takes its place in the next batch comes from memory.
                prefetch(block, start + BATCH);
                let line = without_return(&block[start..newline]);
                // No closure: it would not be inlined into what is compiled for newer processors.
                if let Some(places) = places
                    && let Some(record) = usual::read(block, &places, minute)
                {
                    each(line, Ok(Some(record)))?;
                } else {
                    each_entry(&block[start..newline], minute, &mut each)?;
                }
                start = newline + 1;
            }
            if start == 0 {
                // A line without newline, or of more text than is searched at a time.
                let newline = memchr(b'\n', block);
                let line = &block[..newline.unwrap_or(block.len())];
                each_entry(line, minute, &mut each)?;
                start = newline.map_or(block.len(), |newline| newline + 1);
            }
            block = &block[start..];
        }
        Ok(())
    }
}

/// Gives each entry of a line of any shape with what it says.
#[inline(never)]
fn each_entry<E>(
    line: &[u8],
    minute: &mut MinuteCache,
    each: &mut impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let bare = without_return(line);
    // There may be millions of blank lines: they are not looked into for entries, unless a return may make several of one.
    if bare.trim_ascii().is_empty() && !bare.contains(&b'\r') {
        return each(bare, Err(Reason::BadTime));
    }
    if unusual::is_plain(bare) {
        return each(bare, read_by(bare, find_request, minute).map(Some));
    }
    unusual::entries(line).try_for_each(|entry| each(entry, read_entry(entry, minute).map(Some)))
}

/// Reads an entry of any shape.
fn read_entry<'a>(entry: &'a [u8], minute: &mut MinuteCache) -> Result<Record<'a>, Reason> {
    let is_plain = unusual::is_plain(entry);
    read_by(entry, if is_plain { find_request } else { unusual::request }, minute)
}

/// Reads an entry whose request `find` finds behind the time stamp.
fn read_by<'a>(
    line: &'a [u8],
    find: fn(&'a [u8]) -> Result<FoundRequest<'a>, Reason>,
    minute: &mut MinuteCache,
) -> Result<Record<'a>, Reason> {
    let (time, stamp) = minute.time(line).ok_or(Reason::BadTime)?;
    let request = find(&line[stamp..])?;
    let (_, rest) = split_space(request.rest);
    let (size, rest) = split_space(rest);
    let bytes = response_size(size)?;
    let (cache, rest) = split_space(rest);
    let cache = cache_result(cache).ok_or(Reason::BadCache)?;
    let (scheme, host) = target(request.method, request.url);
    let protocol = trailing_protocol(rest).unwrap_or(scheme);
    let status = Some(request.status);
    Ok(Record { time, host, bytes, protocol, status, cache, region: Region::Unspecified })
}

/// Bytes that hold any time stamp.
const STAMP: usize = 32;

/// The last minute seen: lines of one minute differ in two digits of the time stamp only, those of one hour in two
/// more. Of a log of a few lines nearly each one is of another minute.
#[derive(Clone, Debug, Default)]
struct MinuteCache {
    /// A time stamp of the minute, `[9/Jun/2015:01:58:09 +0800]`, and what must be as in there: all of it but
    /// the seconds.
    stamp: [u64; 4],
    mask: [u64; 4],
    /// The same for its hour: all of it but minutes and seconds.
    hour_mask: [u64; 4],
    /// Length of the stamp in bytes; 0 where none was read yet.
    len: usize,
    /// Unix seconds at the start of the hour, and of the minute.
    hour: i64,
    start: i64,
}

impl MinuteCache {
    /// Forgets the source before: what is found in one must not depend on others.
    fn begin(&mut self) {
        self.len = 0;
    }

    /// The time of a line in unix seconds, and the length of the time stamp.
    #[inline(always)]
    fn time(&mut self, line: &[u8]) -> Option<(i64, usize)> {
        if !self.has_stamp_of(line, &self.mask) {
            self.read_minute(line)?;
        }
        let second = two_digits(*line.get(self.len - 9..)?.first_chunk()?)?;
        // Second 60 is a leap second and counts in its minute.
        (second <= 60).then(|| (self.start + i64::from(second.min(59)), self.len))
    }

    /// Whether a line has the time stamp that is known, as far as `mask` goes.
    #[inline(always)]
    fn has_stamp_of(&self, line: &[u8], mask: &[u64; 4]) -> bool {
        line.first_chunk().is_some_and(|head| {
            let known = self.stamp.iter().zip(mask);
            let other = words(head)
                .iter()
                .zip(known)
                .fold(0, |all, (word, (stamp, mask))| all | (word ^ stamp) & mask);
            other == 0 && self.len != 0
        })
    }

    /// Reads a time stamp of another minute, and keeps it.
    #[cold]
    fn read_minute(&mut self, line: &[u8]) -> Option<()> {
        if self.has_stamp_of(line, &self.hour_mask) {
            let minute =
                two_digits(*line.get(self.len - 12..)?.first_chunk()?).filter(|minute| *minute < 60)?;
            self.stamp = words(line.first_chunk()?);
            self.start = self.hour + i64::from(minute * 60);
        } else {
            self.read_stamp(line)?;
        }
        Some(())
    }

    /// Reads a whole time stamp, `[d/Mon/yyyy:HH:MM:SS +-hhmm]`.
    fn read_stamp(&mut self, line: &[u8]) -> Option<()> {
        self.len = 0;
        let day_len = 1 + usize::from(line.get(2).is_some_and(u8::is_ascii_digit));
        let len = day_len + 26;
        let stamp = line.get(..len)?;
        let day = digits(&stamp[1..=day_len])?;
        let at = &stamp[day_len + 1..];
        let separators = stamp[0] == b'[' && at[0] == b'/' && at[4] == b'/';
        let colons = [at[9], at[12], at[15]] == *b":::" && at[18] == b' ' && at[24] == b']';
        if !(separators && colons) {
            return None;
        }
        let (year, hour, minute) = (digits(&at[5..9])?, digits(&at[10..12])?, digits(&at[13..15])?);
        let offset = offset_seconds(&at[19..24])?;
        let local = time::civil(year.try_into().ok()?, month(&at[1..4])?, day, hour, minute, 0)?;
        let (mut text, mut mask) = ([0; STAMP], [0; STAMP]);
        text[..len].copy_from_slice(stamp);
        mask[..len].fill(u8::MAX);
        mask[len - 9..len - 7].fill(0);
        (self.stamp, self.mask) = (words(&text), words(&mask));
        mask[len - 12..len - 10].fill(0);
        self.hour_mask = words(&mask);
        self.start = local - offset;
        self.hour = self.start - i64::from(minute * 60);
        self.len = len;
        Some(())
    }
}

#[inline(always)]
fn words(text: &[u8; STAMP]) -> [u64; 4] {
    let (words, _) = text.as_chunks();
    let mut all = [0; 4];
    for (out, word) in all.iter_mut().zip(words) {
        *out = u64::from_ne_bytes(*word);
    }
    all
}

fn month(name: &[u8]) -> Option<u32> {
    const NAMES: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let index = NAMES.chunks_exact(3).position(|n| n == name)?;
    u32::try_from(index + 1).ok()
}

/// `+0800` in seconds.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (hours, minutes) = (digits(&text[1..3])?, digits(&text[3..5])?);
    let seconds = i64::from(hours * 3600 + minutes * 60);
    match text[0] {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// A few digits as a number.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

#[inline]
fn two_digits(text: [u8; 2]) -> Option<u32> {
    let (tens, ones) = (text[0].wrapping_sub(b'0'), text[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// A request that was found in a line.
struct FoundRequest<'a> {
    method: &'a [u8],
    url: &'a [u8],
    status: u16,
    /// What follows the status and its space.
    rest: &'a [u8],
}

/// Looks for the request by its shape. Of several failures the one that came furthest is told.
#[inline]
fn find_request(rest: &[u8]) -> Result<FoundRequest<'_>, Reason> {
    let mut failure = Reason::BadRequest;
    let mut from = 0;
    while let Some(quote) = memchr(b'"', &rest[from..]) {
        from += quote + 1;
        if let Some(after) = rest[from..].strip_prefix(b" \"") {
            match request_at(after) {
                Err(Reason::BadRequest) => {}
                Err(reason) => failure = reason,
                found => return found,
            }
        }
    }
    Err(failure)
}

/// Reads `METHOD URL" STATUS ` at the start of `text`.
#[inline]
fn request_at(text: &[u8]) -> Result<FoundRequest<'_>, Reason> {
    let method = text.iter().position(|b| !is_method_byte(*b)).unwrap_or(text.len());
    if method == 0 || text.get(method) != Some(&b' ') {
        return Err(Reason::BadRequest);
    }
    let (method, url) = (&text[..method], &text[method + 1..]);
    let end = closing_quote(url).ok_or(Reason::BadRequest)?;
    let (url, rest) = (&url[..end], &url[end + 2..]);
    let (status, rest) = split_space(rest);
    match *status {
        [a, b, c] if status.iter().all(u8::is_ascii_digit) => {
            let digit = |b: u8| u16::from(b - b'0');
            Ok(FoundRequest { method, url, status: digit(a) * 100 + digit(b) * 10 + digit(c), rest })
        }
        _ => Err(Reason::BadStatus),
    }
}

/// Methods are words like `GET`, `VERSION-CONTROL` or `M-SEARCH`.
const fn is_method_byte(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_'
}

/// Where a quote followed by a space stands.
#[inline]
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = from + memchr(b'"', &text[from..])?;
        if text.get(quote + 1) == Some(&b' ') {
            return Some(quote);
        }
        from = quote + 1;
    }
}

/// The text up to the first space, and what follows that space.
#[inline]
fn split_space(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|b| *b == b' ') {
        Some(space) => (&text[..space], &text[space + 1..]),
        None => (text, &[]),
    }
}

/// `-` is nothing sent; blanks and words are dirty data.
#[inline]
fn response_size(text: &[u8]) -> Result<u64, Reason> {
    if text == b"-" {
        return Ok(0);
    }
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Reason::BadSize);
    }
    let bytes = text.iter().fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
    if bytes > MAX_BYTES { Err(Reason::HugeSize) } else { Ok(bytes) }
}

fn cache_result(text: &[u8]) -> Option<CacheResult> {
    match text {
        b"HIT" => Some(CacheResult::Hit),
        b"MISS" => Some(CacheResult::Miss),
        _ => None,
    }
}

/// Longer ones are no host and port.
const LONGEST_AUTHORITY: usize = 300;

/// The protocol that a request tells, and the host, where it names one. That of a tunnel is all of its URL, with the port.
fn target<'a>(method: &[u8], url: &'a [u8]) -> (Protocol, Option<&'a [u8]>) {
    let (protocol, host) = split_url(url);
    let is_tunnel = host.is_none() && method.eq_ignore_ascii_case(b"CONNECT");
    let is_short = url.len() <= LONGEST_AUTHORITY;
    let authority =
        Some(url).filter(|url| is_tunnel && is_short && url.contains(&b':') && !url.contains(&b'/'));
    (protocol, host.or(authority))
}

/// The protocol that the scheme tells, and the host, where the URL has one.
#[inline]
fn split_url(url: &[u8]) -> (Protocol, Option<&[u8]>) {
    let scheme = url.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b))).unwrap_or(0);
    let Some(rest) = url[scheme..].strip_prefix(b"://").filter(|_| scheme > 0) else {
        return (Protocol::Other, None);
    };
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let host = Some(&rest[..end]).filter(|host| !host.is_empty() && host[0] != b':');
    (scheme_protocol(&url[..scheme]), host)
}

fn scheme_protocol(scheme: &[u8]) -> Protocol {
    if scheme.eq_ignore_ascii_case(b"http") {
        Protocol::Http
    } else if scheme.eq_ignore_ascii_case(b"https") {
        Protocol::Https
    } else {
        Protocol::Other
    }
}

/// The strongest protocol word behind the last quote: `quic`, then `https`, then `http`.
#[inline]
fn trailing_protocol(rest: &[u8]) -> Option<Protocol> {
    let tail = &rest[memrchr(b'"', rest).map_or(0, |quote| quote + 1)..];
    if tail.is_empty() { None } else { protocol_word(tail) }
}

fn protocol_word(tail: &[u8]) -> Option<Protocol> {
    let word = |word: &[u8]| match word.len() {
        4 if word.eq_ignore_ascii_case(b"quic") => Some(Protocol::Quic),
        5 if word.eq_ignore_ascii_case(b"https") => Some(Protocol::Https),
        4 if word.eq_ignore_ascii_case(b"http") => Some(Protocol::Http),
        _ => None,
    };
    // The order of `Protocol` is the order of strength here.
    tail.split(|b| matches!(b, b' ' | b'\t')).filter_map(word).max()
}
