//! Native lines of the common shape, read with few branches: each place is computed from masks and words, not
//! searched byte by byte.
//!
//! What is read here is what the general parser reads, and whatever has another shape is left to that one: an
//! unusual method, a quote or bracket where none is needed, a blank field, a line at the very end of the text.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

use super::unusual::HEAD;
use super::{MinuteCache, response_size, split_url, trailing_protocol};
use crate::log::interface::without_return;
use crate::log::simd::{Vector, WIDTH, word};
use crate::record::{CacheResult, Protocol, Record};
use crate::region::Region;

/// The places in a line of the usual shape that it is read by.
pub(super) struct Places {
    /// First byte of the line.
    start: usize,
    /// The quotes around the referer.
    referer: usize,
    referer_end: usize,
    /// The quote behind the URL, if the referer holds none.
    url_end: usize,
    /// The quote before the user agent.
    agent: usize,
    /// The last quote: behind the content type, or behind the user agent where that is the last field.
    last: usize,
    newline: usize,
}

impl Places {
    /// The next newline, and the places in front of it where there are enough quotes.
    #[inline(always)]
    pub(super) fn next(block: &[u8], start: usize, delimiters: &mut &[u16]) -> Option<(usize, Option<Self>)> {
        let byte = |at: &u16| block[usize::from(*at)];
        // Nearly every line has eight quotes. A newline among them would clear a bit that quotes have.
        if let Some([quotes @ .., newline]) = delimiters.first_chunk::<9>()
            && byte(newline) == b'\n'
            && quotes.iter().fold(b'"', |all, at| all & byte(at)) == b'"'
        {
            let [referer, referer_end, _, url_end, agent, agent_end, content, last] = quotes.map(usize::from);
            let newline = usize::from(*newline);
            *delimiters = &delimiters[9..];
            let places = Self { start, referer, referer_end, url_end, agent, last, newline };
            // The content type follows the user agent behind a space.
            let is_behind = content == agent_end + 2 && block[agent_end + 1] == b' ';
            return Some((newline, is_behind.then_some(places)));
        }
        let count = delimiters.iter().position(|at| byte(at) == b'\n')?;
        let newline = usize::from(delimiters[count]);
        let quotes = delimiters[..count].first_chunk().filter(|_| count == 6);
        let places = quotes.map(|quotes: &[u16; 6]| {
            let [referer, referer_end, _, url_end, agent, last] = quotes.map(usize::from);
            Self { start, referer, referer_end, url_end, agent, last, newline }
        });
        *delimiters = &delimiters[count + 1..];
        Some((newline, places))
    }
}

/// Reads the line at these places of `block`, if it has the common shape.
#[inline(always)]
pub(super) fn read<'a>(block: &'a [u8], places: &Places, minute: &mut MinuteCache) -> Option<Record<'a>> {
    let (time, stamp) = minute.time(&block[places.start..places.newline])?;
    if places.referer - places.start > HEAD && block[places.start + stamp..places.referer].contains(&b'[') {
        return None;
    }
    let url_start = url_start(block, places)?;
    let Answer { status, bytes, cache, end } = answer(block, places.url_end)?;
    if places.agent != end {
        return None;
    }
    let (scheme, host) = url(block, url_start, places.url_end)?;
    let protocol = protocol(block, places, scheme)?;
    let status = Some(status);
    Some(Record { time, host, bytes, protocol, status, cache, region: Region::Unspecified })
}

/// Where the URL of a plain request begins, which follows the second quote of the line.
#[inline(always)]
fn url_start(block: &[u8], places: &Places) -> Option<usize> {
    let before = word(block, places.referer)?;
    let after = word(block, places.referer_end)?;
    let method = after >> 24;
    let get = method & low(4) == text(b"GET ");
    let other = method & low(5) == text(b"POST ") || method & low(5) == text(b"HEAD ");
    // A referer that looks like the end of itself is no matter for here.
    let plain = before & low(1) == text(b"\"") && before >> 8 & low(2) != text(b" \"");
    if !plain || after & low(3) != text(b"\" \"") {
        return None;
    }
    let method = places.referer_end + 3;
    if get || other {
        Some(method + 5 - usize::from(get))
    } else {
        (word(block, method)? == text(b"OPTIONS ")).then_some(method + 8)
    }
}

/// What stands between the URL and the user agent.
struct Answer {
    status: u16,
    bytes: u64,
    cache: CacheResult,
    /// Behind the space that follows the cache result.
    end: usize,
}

/// Reads `" STATUS REQUEST-SIZE RESPONSE-SIZE HIT|MISS ` at `at`.
#[inline(always)]
fn answer(block: &[u8], at: usize) -> Option<Answer> {
    let head = word(block, at)?;
    let status = head >> 16 & low(3) ^ text(b"000");
    if head & (low(2) | 0xff << 40) != text(b"\" \0\0\0 ") || !are_digits(status) {
        return None;
    }
    let fields = at + "\" 200 ".len();
    let spaces = Vector::at(block, fields)?.equal(b' ');
    let second = spaces & spaces.wrapping_sub(1);
    if second == 0 {
        return None;
    }
    let start = fields + spaces.trailing_zeros() as usize + 1;
    let end = fields + second.trailing_zeros() as usize;
    let bytes = size(block, start, end)?;
    let cache = word(block, end + 1)?;
    let hit = cache & low(4) == text(b"HIT ");
    let miss = cache & low(5) == text(b"MISS ");
    // Three digits, moved to the end of eight.
    let status = u16::try_from(number(status << 40)).ok()?;
    let result = if hit { CacheResult::Hit } else { CacheResult::Miss };
    (hit || miss).then(|| Answer { status, bytes, cache: result, end: end + 5 + usize::from(miss) })
}

/// The response size in `start..end`.
#[inline(always)]
fn size(block: &[u8], start: usize, end: usize) -> Option<u64> {
    let spare = 8usize.wrapping_sub(end.wrapping_sub(start));
    if spare < 8 {
        // The eight bytes up to its end, of which those before it are cleared.
        let digits = (word(block, end - 8)? ^ text(b"00000000")) & u64::MAX << (8 * spare);
        if are_digits(digits) {
            return Some(number(digits));
        }
    }
    response_size(block.get(start..end)?).ok()
}

/// Scheme and host of the URL in `start..end`, as [`split_url`] gives them.
#[inline(always)]
fn url(block: &[u8], start: usize, end: usize) -> Option<(Protocol, Option<&[u8]>)> {
    let scheme = word(block, start)?;
    let (https, http) = (scheme == text(b"https://"), scheme & low(7) == text(b"http://"));
    let host = start + 7 + usize::from(https);
    let vector = Vector::at(block, host)?;
    // Slash and question mark differ in one bit, so do hash and quote; the first quote ends the URL.
    let ends = vector.with_bits(0x10).equal(b'?') | vector.with_bits(1).equal(b'#');
    let len = ends.trailing_zeros() as usize;
    if !(http || https) || ends == 0 || len == 0 || block[host] == b':' {
        return Some(split_url(&block[start..end]));
    }
    let scheme = if https { Protocol::Https } else { Protocol::Http };
    Some((scheme, Some(&block[host..host + len])))
}

/// The protocol that the words behind the last quote tell, else `scheme`. There is none of these words without
/// a `q` or an `h`. Where a bracket stands there, another entry may begin; where a return does, the line may end.
#[inline(always)]
fn protocol(block: &[u8], places: &Places, scheme: Protocol) -> Option<Protocol> {
    let (last, newline) = (places.last, places.newline);
    let len = newline - last - 1;
    let vector = Vector::at(block, newline.checked_sub(WIDTH)?)?;
    // Both a `q` and a bracket are a brace with these bits, and no byte of an address is. The last byte may be a return.
    let found = vector.with_bits(0x20).equal(b'h')
        | vector.with_bits(0x2a).equal(b'{')
        | vector.equal(b'\r') & u32::MAX >> 1;
    if len <= WIDTH && u64::from(found) << len >> WIDTH == 0 {
        return Some(scheme);
    }
    let tail = without_return(&block[last..newline]);
    if tail.iter().any(|byte| matches!(byte, b'[' | b'\r')) {
        return None;
    }
    Some(trailing_protocol(tail).unwrap_or(scheme))
}

/// A mask of the first bytes of a word, at least one.
const fn low(bytes: u32) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// Up to eight bytes as the start of a word.
const fn text<const N: usize>(text: &[u8; N]) -> u64 {
    let (mut word, mut at) = (0, 0);
    while at < N {
        word |= (text[at] as u64) << (8 * at);
        at += 1;
    }
    word
}

/// Whether each byte is 0 to 9. What a higher byte carries over does not matter: it is found itself.
#[inline(always)]
const fn are_digits(bytes: u64) -> bool {
    (bytes.wrapping_add(0x7676_7676_7676_7676) | bytes) & 0x8080_8080_8080_8080 == 0
}

/// The number of eight digits, each a byte from 0 to 9, the first one lowest: joins pairs, then fours, then all.
#[inline(always)]
const fn number(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_digits() {
        for n in (0..100_000_000u64).step_by(9973).chain([99_999_999]) {
            let text = format!("{n:08}");
            let digits = word(text.as_bytes(), 0).unwrap() ^ 0x3030_3030_3030_3030;
            assert!(are_digits(digits));
            assert_eq!(number(digits), n);
        }
        for (byte, at) in (0..=u8::MAX).flat_map(|byte| (0..8).map(move |at| (byte, at))) {
            let digits = u64::from(byte) << (8 * at);
            assert_eq!(are_digits(digits), byte < 10, "{byte} at {at}");
        }
    }

    #[test]
    fn what_parts_the_last_fields_is_a_space() {
        let block = super::super::SAMPLE.replace("\" \"text", "\"-\"text") + "\n";
        let mut delimiters = super::super::Delimiters::default();
        delimiters.find(block.as_bytes());
        assert!(Places::next(block.as_bytes(), 0, &mut delimiters.positions()).unwrap().1.is_none());
    }

    #[test]
    fn the_common_shape_is_read_here() {
        let block = format!("{}\n{}\n", super::super::SAMPLE, super::super::SAMPLE);
        let mut delimiters = super::super::Delimiters::default();
        delimiters.find(block.as_bytes());
        let (_, places) = Places::next(block.as_bytes(), 0, &mut delimiters.positions()).unwrap();
        let record = read(block.as_bytes(), &places.unwrap(), &mut MinuteCache::default());
        assert_eq!(
            record,
            super::super::read_entry(super::super::SAMPLE.as_bytes(), &mut MinuteCache::default()).ok()
        );
        assert!(record.is_some());
    }
}
