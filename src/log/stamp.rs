//! Time stamps as logs write them, each known by its shape.
//!
//! Clocks of servers write a time in a few ways, and no text is a time in two of them: the shape says which it is.

use crate::time;

/// A time stamp that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Seconds since 1970, as a clock showed them where `is_local`, else UTC.
    pub(super) seconds: i64,
    /// Whether the text says no zone.
    pub(super) is_local: bool,
    /// Where its two digits of seconds stand, if all else in the text but a fraction is that of the whole minute.
    second_at: usize,
}

/// Reads a time stamp of any known shape:
/// `10/Oct/2000:13:55:36 -0700`, `2000-10-10T13:55:36.123Z`, `2000-10-10 13:55:36`, `20001010135536`,
/// `5/20/2019 7:00:28 PM +00:00`, and seconds, milliseconds, microseconds or nanoseconds since 1970.
pub(super) fn read(text: &[u8]) -> Option<Stamp> {
    let text = text.strip_prefix(b"[").map_or(text, |rest| rest.strip_suffix(b"]").unwrap_or(rest));
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match (digits, text.get(digits)) {
        (1 | 2, Some(b'/')) if text.get(digits + 1).is_some_and(u8::is_ascii_alphabetic) => {
            common(text, digits)
        }
        (1 | 2, Some(b'/')) => spoken(text),
        (4, Some(b'-' | b'/')) => iso(text),
        (14, None) if matches!(text[..2], [b'1', b'9'] | [b'2', b'0']) => compact(text),
        (1.., None | Some(b'.')) => epoch(text, digits),
        _ => None,
    }
}

/// `2024-01-16` and `23:56:42` of two fields, without a zone.
pub(super) fn read_two(date: &[u8], clock: &[u8]) -> Option<Stamp> {
    let (days, rest) = date_of(date)?;
    let (seconds, rest_of_clock) = clock_of(clock)?;
    let fraction = without_fraction(rest_of_clock);
    (rest.is_empty() && fraction.is_empty()).then_some(Stamp {
        seconds: days + seconds,
        is_local: true,
        second_at: 0,
    })
}

/// A few digits as a number.
fn number(text: &[u8]) -> Option<u32> {
    let all = text.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')));
    all.filter(|_| !text.is_empty())
}

/// `10/Oct/2000:13:55:36 -0700`, with a fraction of the second or without, and with a zone or without.
fn common(text: &[u8], day_len: usize) -> Option<Stamp> {
    let rest = &text[day_len + 1..];
    let &[.., _] = rest else { return None };
    let (month, rest) = rest.split_at_checked(3)?;
    let (year, rest) = rest.strip_prefix(b"/")?.split_at_checked(4)?;
    let (clock, rest) = clock_of(rest.strip_prefix(b":")?)?;
    let days =
        time::civil(number(year)?.try_into().ok()?, month_of(month)?, number(&text[..day_len])?, 0, 0, 0)?;
    let second_at = day_len + 16;
    zoned(days + clock, without_fraction(rest), second_at)
}

/// `2000-10-10T13:55:36.123Z`, also with a space, and `2000/10/10`.
fn iso(text: &[u8]) -> Option<Stamp> {
    let (days, rest) = date_of(text)?;
    let (clock, rest) = clock_of(rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" "))?)?;
    zoned(days + clock, without_fraction(rest), 17)
}

/// `20001010135536`.
fn compact(text: &[u8]) -> Option<Stamp> {
    let at = |from: usize, to: usize| number(&text[from..to]);
    let seconds =
        time::civil(at(0, 4)?.try_into().ok()?, at(4, 6)?, at(6, 8)?, at(8, 10)?, at(10, 12)?, at(12, 14)?)?;
    Some(Stamp { seconds, is_local: true, second_at: 12 })
}

/// `5/20/2019 7:00:28 PM +00:00`.
fn spoken(text: &[u8]) -> Option<Stamp> {
    let mut words = text.split(|byte| *byte == b' ');
    let (date, clock, half, zone) =
        (words.next()?, words.next()?, words.next()?, words.next().unwrap_or_default());
    let mut date = date.split(|byte| *byte == b'/').map(number);
    let (month, day, year) = (date.next()??, date.next()??, date.next()??);
    let mut clock = clock.split(|byte| *byte == b':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let noon = match half {
        b"AM" | b"am" => 0,
        b"PM" | b"pm" => 12,
        _ => return None,
    };
    let hour = (1..=12).contains(&hour).then_some(hour % 12 + noon)?;
    let is_whole = (date.next(), clock.next(), words.next()) == (None, None, None);
    let seconds = time::civil(year.try_into().ok()?, month, day, hour, minute, second)?;
    zoned(seconds, if zone.is_empty() { zone } else { &text[text.len() - zone.len() - 1..] }, 0)
        .filter(|_| is_whole)
}

/// A number of seconds since 1970 or of thousandth, millionth or billionth parts of them: which, is told by its size. A time
/// of this century has ten digits in seconds, and three more in each next one.
fn epoch(text: &[u8], digits: usize) -> Option<Stamp> {
    let fraction = &text[digits..];
    let is_fraction = fraction.is_empty() || fraction[1..].iter().all(u8::is_ascii_digit);
    if digits > 19 || !is_fraction {
        return None;
    }
    let all =
        text[..digits].iter().try_fold(0i64, |n, b| n.checked_mul(10)?.checked_add(i64::from(b - b'0')))?;
    let unit = match digits {
        0..=11 => 1,
        12..=14 => 1_000,
        15..=17 => 1_000_000,
        _ => 1_000_000_000,
    };
    Some(Stamp { seconds: all / unit, is_local: false, second_at: 0 })
}

/// `2000-10-10` or `2000/10/10` in seconds since 1970, and what follows.
fn date_of(text: &[u8]) -> Option<(i64, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    let separator = date[4];
    let fits = matches!(separator, b'-' | b'/') && date[7] == separator;
    let (year, month, day) = (number(&date[..4])?, number(&date[5..7])?, number(&date[8..])?);
    let days = time::civil(year.try_into().ok()?, month, day, 0, 0, 0)?;
    fits.then_some((days, rest))
}

/// `13:55:36` in seconds, and what follows.
fn clock_of(text: &[u8]) -> Option<(i64, &[u8])> {
    let (clock, rest) = text.split_at_checked(8)?;
    let fits = clock[2] == b':' && clock[5] == b':';
    let (hour, minute, second) = (number(&clock[..2])?, number(&clock[3..5])?, number(&clock[6..])?);
    // Second 60 is a leap second and counts in its minute.
    let is_time = hour < 24 && minute < 60 && second <= 60;
    (fits && is_time).then(|| (i64::from(hour * 3600 + minute * 60 + second.min(59)), rest))
}

/// What follows a fraction of a second, where there is one.
fn without_fraction(text: &[u8]) -> &[u8] {
    match text.split_first() {
        Some((b'.' | b',', rest)) => &rest[rest.iter().take_while(|byte| byte.is_ascii_digit()).count()..],
        _ => text,
    }
}

/// A local time with the zone that is written behind it: nothing, `Z`, ` UTC`, `+0800` or `+08:00`, behind a space or not.
fn zoned(local: i64, zone: &[u8], second_at: usize) -> Option<Stamp> {
    let zone = zone.strip_prefix(b" ").unwrap_or(zone);
    let offset = match zone {
        b"" => return Some(Stamp { seconds: local, is_local: true, second_at }),
        b"Z" | b"z" | b"UTC" | b"GMT" => 0,
        [sign @ (b'+' | b'-'), h, i, rest @ ..] => {
            let minutes = match rest {
                [] => 0,
                [b':', m, n] | [m, n] => number(&[*m, *n])?,
                _ => return None,
            };
            let hours = number(&[*h, *i])?;
            let seconds = i64::from(hours * 3600 + minutes * 60);
            match sign {
                _ if hours > 23 || minutes > 59 => return None,
                b'+' => seconds,
                _ => -seconds,
            }
        }
        _ => return None,
    };
    Some(Stamp { seconds: local - offset, is_local: false, second_at })
}

fn month_of(name: &[u8]) -> Option<u32> {
    const NAMES: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let index = NAMES.chunks_exact(3).position(|month| month.eq_ignore_ascii_case(name))?;
    u32::try_from(index + 1).ok()
}

/// Bytes of the longest stamp that is remembered.
const KEPT: usize = 40;

/// The last minute that was read: most lines have the same one, and differ in its seconds only.
#[derive(Clone, Debug)]
pub(super) struct Minute {
    text: [u8; KEPT],
    len: usize,
    second_at: usize,
    /// Where the text goes on behind the seconds and a fraction of them.
    rest_at: usize,
    /// Unix seconds at the start of the minute.
    start: i64,
}

impl Default for Minute {
    fn default() -> Self {
        Self { text: [0; KEPT], len: 0, second_at: 0, rest_at: 0, start: 0 }
    }
}

impl Minute {
    /// Forgets the source before: what is found in one must not depend on others.
    pub(super) fn begin(&mut self) {
        self.len = 0;
    }

    /// The time of a text, in unix seconds; `zone` makes one of a time without a zone.
    #[inline]
    pub(super) fn time(&mut self, text: &[u8], zone: impl Fn(i64) -> i64) -> Option<i64> {
        let (at, rest) = (self.second_at, self.rest_at);
        if text.len() == self.len
            && self.len != 0
            && text[..at] == self.text[..at]
            && text[rest..] == self.text[rest..self.len]
            && text[at + 2..rest].iter().skip(1).all(u8::is_ascii_digit)
            && text.get(at + 2) == self.text[..self.len].get(at + 2)
        {
            let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
            if tens < 6 && ones < 10 {
                return Some(self.start + i64::from(tens * 10 + ones));
            }
        }
        self.read(text, zone)
    }

    #[cold]
    fn read(&mut self, text: &[u8], zone: impl Fn(i64) -> i64) -> Option<i64> {
        let stamp = read(text)?;
        let unix = if stamp.is_local { zone(stamp.seconds) } else { stamp.seconds };
        let bracket = usize::from(text.first() == Some(&b'['));
        let second_at = stamp.second_at + bracket;
        if stamp.second_at > 0 && text.len() <= KEPT {
            self.text[..text.len()].copy_from_slice(text);
            (self.len, self.second_at) = (text.len(), second_at);
            self.rest_at = text.len() - without_fraction(&text[second_at + 2..]).len();
            self.start = unix - unix.rem_euclid(60);
        }
        Some(unix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let utc = |text: &str| read(text.as_bytes()).map(|stamp| (stamp.seconds, stamp.is_local));
        for text in [
            "10/Oct/2000:13:55:36 -0700",
            "[10/Oct/2000:13:55:36 -0700]",
            "10/Oct/2000:13:55:36.999 -0700",
            "2000-10-10T20:55:36Z",
            "2000-10-10T20:55:36.1234567Z",
            "2000-10-10T13:55:36-07:00",
            "2000-10-10 20:55:36 UTC",
            "10/10/2000 8:55:36 PM +00:00",
            "971211336",
            "971211336.001",
            "971211336001",
            "971211336001002",
            "971211336001002003",
        ] {
            assert_eq!(utc(text), Some((971_211_336, false)), "{text}");
        }
        for text in [
            "10/Oct/2000:20:55:36",
            "2000-10-10 20:55:36",
            "20001010205536",
            "2000/10/10 20:55:36.5",
            "10/10/2000 8:55:36 PM",
        ] {
            assert_eq!(utc(text), Some((971_211_336, true)), "{text}");
        }
        for text in [
            "",
            "-",
            "[",
            "10/Oct/2000",
            "31/Feb/2000:13:55:36 -0700",
            "2000-13-10T20:55:36Z",
            "1.2.3.4",
            "20:55:36",
            "2000-10-10T24:55:36Z",
            "10/Oct/2000:13:55:36 -07000",
            "2000-10-10T20:55:36+2400",
            "99999999999999999999",
            "0/0/0 0:0:0 AM",
            "2000-10-10",
        ] {
            assert_eq!(utc(text), None, "{text}");
        }
        assert_eq!(read_two(b"2000-10-10", b"20:55:36").map(|s| s.seconds), Some(971_211_336));
    }

    #[test]
    fn minutes_are_remembered() {
        let mut minute = Minute::default();
        for (text, second) in [
            ("10/Oct/2000:13:55:36 -0700", 36),
            ("10/Oct/2000:13:55:59 -0700", 59),
            ("10/Oct/2000:13:56:00 -0700", 60),
            ("10/Oct/2000:13:55:60 -0700", 59),
            ("1/Nov/2000:13:55:60 -0700", 59 + 22 * 86400),
            ("[10/Oct/2000:13:55:36 -0700]", 36),
            ("[10/Oct/2000:13:55:39 -0700]", 39),
        ] {
            assert_eq!(minute.time(text.as_bytes(), |local| local), Some(971_211_300 + second), "{text}");
        }
        assert_eq!(minute.time(b"2000-10-10 20:55:36", |local| local - 28_800), Some(971_211_336 - 28_800));
        assert_eq!(minute.time(b"2000-10-10 20:55:37", |local| local - 28_800), Some(971_211_337 - 28_800));
        assert_eq!(minute.time(b"2000-10-10 20:55:6x", |local| local), None);
        for (text, second) in [
            ("2000-10-10T20:55:36.125Z", Some(36)),
            ("2000-10-10T20:55:37.999Z", Some(37)),
            ("2000-10-10T20:55:37.9x9Z", None),
            ("2000-10-10T20:55:37x999Z", None),
            ("2000-10-10T20:55:38.000Z", Some(38)),
        ] {
            assert_eq!(
                minute.time(text.as_bytes(), |local| local),
                second.map(|s| 971_211_300 + s),
                "{text}"
            );
        }
    }
}
