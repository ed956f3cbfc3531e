//! Time as flowbook counts it: five-minute [`Window`]s in UTC, half-open [`TimeRange`]s, and the [`Zone`]
//! in which a report is read. The only file that names chrono-tz.

use crate::spelling::nearest;
use chrono::format::{Item, StrftimeItems};
use chrono::{
    DateTime, Datelike, FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeZone, Timelike,
};
use std::fmt::{self, Write};

/// Seconds in a window.
pub const WINDOW_SECONDS: i64 = 300;
/// Seconds in a day without a change of clocks.
pub const DAY_SECONDS: i64 = 86_400;

/// A slice of five minutes, named by its start: unix seconds / 300.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window(u32);

impl Window {
    /// The slice of `unix` (seconds, UTC); `None` before 1970 or after the year 42,000.
    #[must_use]
    pub fn holding(unix: i64) -> Option<Self> {
        u32::try_from(unix.div_euclid(WINDOW_SECONDS)).ok().map(Self)
    }

    /// The window with this number, counted from 1970.
    #[must_use]
    pub const fn from_index(index: u32) -> Self {
        Self(index)
    }

    /// Windows since 1970.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0
    }

    /// Start of the window in unix seconds, UTC.
    #[must_use]
    pub fn start(self) -> i64 {
        i64::from(self.0) * WINDOW_SECONDS
    }
}

/// A half-open range of windows, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    start: Window,
    end: Window,
}

impl TimeRange {
    /// The slices whose start is in `start <= t < end` (unix seconds, UTC), with `start` first rounded down to a slice;
    /// `None` if there is none, or before 1970.
    #[must_use]
    pub fn covering(start: i64, end: i64) -> Option<Self> {
        let first = Window::holding(start)?;
        let end = Window::holding(end.checked_add(WINDOW_SECONDS - 1)?)?;
        (first < end).then_some(Self { start: first, end })
    }

    /// Every window there is.
    #[must_use]
    pub const fn all() -> Self {
        Self { start: Window(0), end: Window(u32::MAX) }
    }

    /// First window.
    #[must_use]
    pub const fn start(self) -> Window {
        self.start
    }

    /// The window after the last one.
    #[must_use]
    pub const fn end(self) -> Window {
        self.end
    }

    /// Number of windows.
    #[must_use]
    pub const fn len(self) -> usize {
        (self.end.0 - self.start.0) as usize
    }

    /// Always false: a range has at least one slice.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.end.start() - self.start.start()
    }

    /// The windows, in order.
    pub fn windows(self) -> impl ExactSizeIterator<Item = Window> + Clone {
        (self.start.0..self.end.0).map(Window)
    }

    /// Position of `window` in the range, if it lies in it.
    #[must_use]
    pub fn position(self, window: Window) -> Option<usize> {
        (self.start <= window && window < self.end).then(|| (window.0 - self.start.0) as usize)
    }
}

/// The zone in which a report shows its times: a fixed offset or a name of the tz database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Seconds east of UTC.
    Fixed(i32),
    Named(chrono_tz::Tz),
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Kind::Fixed(0));

    /// What [`Zone::parse`] accepts, for messages.
    pub const EXPECTED: &str = "give an offset like +08:00 or a name like Asia/Shanghai";

    /// The names of the tz database.
    pub fn names() -> impl Iterator<Item = &'static str> {
        chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name())
    }

    /// The end of the message for a text that is not a zone: which zone may have been meant, also by its place alone,
    /// and what to give. Abbreviations like CST mean several zones, and a zone with a similar name is none of these.
    #[must_use]
    pub fn hint(text: &str) -> String {
        let place = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let word = text.trim().replace(' ', "_");
        // No zone is called as the country of most of these logs is, and Chita is near only in its letters.
        let is_china =
            |word: &str| ["China", "Beijing", "Peking"].iter().any(|of| of.eq_ignore_ascii_case(word));
        let at = |word: &str| match word {
            _ if is_china(word) => Some("Asia/Shanghai"),
            _ => Self::names().find(|name| place(name).eq_ignore_ascii_case(word)),
        };
        let is_short = matches!(word.len(), 1..=5) && word.bytes().all(|b| b.is_ascii_uppercase());
        let near = || nearest(&word, Self::names()).or_else(|| at(nearest(&word, Self::names().map(place))?));
        match at(&word) {
            None if is_short => format!("; abbreviations are ambiguous; {}", Self::EXPECTED),
            exact => match exact.or_else(near) {
                Some(name) => format!("; did you mean {name:?}? {}", Self::EXPECTED),
                None => format!("; {}", Self::EXPECTED),
            },
        }
    }

    /// Reads `UTC`, `Z`, an offset (`+08:00`, `-0330`, `UTC+8`) or a tz database name (`Asia/Shanghai`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let offset = text.strip_prefix("UTC").or(text.strip_prefix("GMT")).unwrap_or(text);
        if matches!(offset, "" | "Z" | "z") && !text.is_empty() {
            return Some(Self::UTC);
        }
        if let Some(seconds) = parse_offset(offset) {
            return Some(Self(Kind::Fixed(seconds)));
        }
        let named = chrono_tz::TZ_VARIANTS.iter().find(|tz| tz.name().eq_ignore_ascii_case(text));
        named.map(|tz| Self(Kind::Named(*tz)))
    }

    /// Seconds east of UTC at `unix` (seconds, UTC).
    #[must_use]
    pub fn offset_at(self, unix: i64) -> i32 {
        match self.0 {
            Kind::Fixed(seconds) => seconds,
            Kind::Named(tz) => DateTime::from_timestamp(unix, 0)
                .map_or(0, |t| tz.offset_from_utc_datetime(&t.naive_utc()).fix().local_minus_utc()),
        }
    }

    /// What the heading of a time column says: `UTC+08:00` while the offset stays the same over the
    /// range, else the zone's name.
    #[must_use]
    pub fn heading(self, range: TimeRange) -> String {
        let offset = self.offset_at(range.start().start());
        match self.0 {
            Kind::Named(tz) if range.windows().any(|w| self.offset_at(w.start()) != offset) => tz.to_string(),
            _ => offset_name(offset),
        }
    }

    /// Local wall-clock seconds of `unix`: what a clock in this zone shows, as if it were UTC.
    #[must_use]
    pub fn local(self, unix: i64) -> i64 {
        unix + i64::from(self.offset_at(unix))
    }

    /// The first instant (unix seconds, UTC) at which a clock in this zone shows `local`, given as
    /// [`Zone::local`] gives it. Where clocks were put forward over `local`, the instant of that change.
    #[must_use]
    pub fn instant_of_local(self, local: i64) -> i64 {
        let before = |offset: FixedOffset| local - i64::from(offset.local_minus_utc());
        match self.0 {
            Kind::Fixed(seconds) => local - i64::from(seconds),
            Kind::Named(tz) => match tz.offset_from_local_datetime(&broken_down(local)) {
                MappedLocalTime::Single(offset) => before(offset.fix()),
                MappedLocalTime::Ambiguous(a, b) => before(a.fix()).min(before(b.fix())),
                MappedLocalTime::None => self.end_of_gap(local),
            },
        }
    }

    /// The change of clocks that skips `local`: no zone was ever 16 hours from UTC, and none changes twice
    /// in the time between.
    fn end_of_gap(self, local: i64) -> i64 {
        let (mut before, mut after) = (local - 16 * 3600, local + 16 * 3600);
        while after - before > 1 {
            let middle = before.midpoint(after);
            *(if self.local(middle) < local { &mut before } else { &mut after }) = middle;
        }
        after
    }
}

/// How a time is written, in the manner of strftime: `%Y-%m-%d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Vec<Item<'static>>);

impl TimeFormat {
    /// Reads a format; `None` if a `%` is followed by something that is not part of a time.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let format = Self(StrftimeItems::new(text).parse_to_owned().ok()?);
        // Some items can be read but not written.
        format.write(0, Zone::UTC).map(|_| format)
    }

    /// The time `unix` (seconds, UTC) as a clock in `zone` shows it.
    #[must_use]
    pub fn show(&self, unix: i64, zone: Zone) -> String {
        self.write(unix, zone).unwrap_or_default()
    }

    fn write(&self, unix: i64, zone: Zone) -> Option<String> {
        let offset = FixedOffset::east_opt(zone.offset_at(unix))?;
        let time = offset.from_utc_datetime(&broken_down(unix));
        let mut text = String::new();
        write!(text, "{}", time.format_with_items(self.0.iter())).ok()?;
        Some(text)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Fixed(seconds) => f.write_str(&offset_name(seconds)),
            Kind::Named(tz) => f.write_str(tz.name()),
        }
    }
}

fn offset_name(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// `+8`, `+08`, `+0800`, `+08:00` as seconds east of UTC; up to 14 hours, as far as zones go.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (rest.split_once(':'), rest.len()) {
        (Some((h, m)), _) if m.len() == 2 => (h, m),
        (None, 4) if rest.is_ascii() => rest.split_at(2),
        (None, 1 | 2) => (rest, "0"),
        _ => return None,
    };
    if !(1..=2).contains(&hours.len()) || !(hours.to_owned() + minutes).bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= 14 * 3600).then_some(sign * seconds)
}

/// Reads `yyyy-MM-ddTHH:mm:ssZ`, the contract's only form, as unix seconds.
#[must_use]
pub fn parse_iso(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(b, s)| if *s == b'd' { b.is_ascii_digit() } else { b == s });
    if !fits {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%SZ").ok()?;
    // chrono reads second 60 as a leap second; the contract's clock has none.
    (time.nanosecond() == 0).then(|| time.and_utc().timestamp())
}

/// Unix seconds of a civil date and time as written, without any zone; `None` for dates and times that
/// do not exist. Second 60 is a leap second and counts in the minute that it ends.
#[must_use]
pub fn civil(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<i64> {
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = NaiveDate::from_ymd_opt(year, month, day)?.num_days_from_ce() - 719_163;
    let second = second.min(59);
    Some(i64::from(days) * DAY_SECONDS + i64::from(hour * 3600 + minute * 60 + second))
}

/// The first second of the month of `local`, a wall-clock time as [`Zone::local`] returns it.
#[must_use]
pub fn month_start(local: i64) -> i64 {
    local - local.rem_euclid(DAY_SECONDS) - i64::from(broken_down(local).day0()) * DAY_SECONDS
}

/// A wall-clock time in seconds, as [`Zone::local`] gives it, taken apart.
#[must_use]
pub fn broken_down(local: i64) -> NaiveDateTime {
    DateTime::from_timestamp(local, 0).unwrap_or_default().naive_utc()
}

/// `2026-03-01T00:05:00Z`.
#[must_use]
pub fn iso(unix: i64) -> String {
    let time = broken_down(unix);
    let Some(year) = u32::try_from(time.year()).ok().filter(|year| *year <= 9999) else {
        return time.format(ISO).to_string();
    };
    // Digit by digit: lists hold hundreds of thousands of times, and a pattern is read anew for each.
    let parts = [
        (year, 1000, '-'),
        (time.month(), 10, '-'),
        (time.day(), 10, 'T'),
        (time.hour(), 10, ':'),
        (time.minute(), 10, ':'),
        (time.second(), 10, 'Z'),
    ];
    let mut text = String::with_capacity("2026-03-01T00:05:00Z".len());
    for (number, mut place, after) in parts {
        while place > 0 {
            text.extend(char::from_digit(number / place % 10, 10));
            place /= 10;
        }
        text.push(after);
    }
    text
}

const ISO: &str = "%Y-%m-%dT%H:%M:%SZ";

/// `2026-03-01 08:05` on a wall clock.
#[must_use]
pub fn minute_text(local: i64) -> String {
    broken_down(local).format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_takes_whole_windows() {
        let start = parse_iso("2018-07-31T16:00:00Z").unwrap();
        let range = TimeRange::covering(start, parse_iso("2018-08-31T15:59:59Z").unwrap()).unwrap();
        assert_eq!(range.len(), 31 * 288);
        let range = TimeRange::covering(start + 299, start + 301).unwrap();
        assert_eq!((range.len(), range.start().start()), (2, start));
        assert_eq!(TimeRange::covering(start, start), None);
        assert_eq!(TimeRange::covering(-5, start), None);
    }

    #[test]
    fn iso_is_strict() {
        for wrong in [
            "",
            "2026-03-01",
            "2026-03-01 00:00:00Z",
            "2026-03-01T00:00:00",
            "2026-03-01T00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-03-01T24:00:00Z",
            "2026-03-01T00:00:60Z",
            "2026-03-01T00:00:00+08:00",
            "2026-3-1T0:0:0Z",
            " 2026-03-01T00:00:00Z",
            "+026-03-01T00:00:00Z",
        ] {
            assert_eq!(parse_iso(wrong), None, "{wrong}");
        }
        assert_eq!(iso(parse_iso("2026-03-01T00:05:09Z").unwrap()), "2026-03-01T00:05:09Z");
        let far = (-70_000..70_000).map(|at| at * 86_400 * 366 / 7 + at);
        for unix in far.chain([i64::MIN, i64::MAX, 253_402_300_799, 253_402_300_800, -62_167_219_201]) {
            assert_eq!(iso(unix), broken_down(unix).format(ISO).to_string(), "{unix}");
        }
    }

    #[test]
    fn zones_are_offsets_or_names() {
        for (text, name) in [
            ("UTC", "UTC+00:00"),
            ("Z", "UTC+00:00"),
            ("+08:00", "UTC+08:00"),
            ("+0800", "UTC+08:00"),
            ("UTC+8", "UTC+08:00"),
            ("-03:30", "UTC-03:30"),
            ("asia/shanghai", "Asia/Shanghai"),
        ] {
            assert_eq!(Zone::parse(text).map(|z| z.to_string()).as_deref(), Some(name), "{text}");
        }
        for wrong in ["", "+", "8", "+15:00", "+08:60", "+8:0", "+-8:00", "Mars/Base", "+1234567", "+\u{e9}1"]
        {
            assert_eq!(Zone::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zones_that_are_none_are_told_what_was_meant() {
        for (text, expected) in [
            ("Shanghai", "; did you mean \"Asia/Shanghai\"?"),
            ("new york", "; did you mean \"America/New_York\"?"),
            ("Shanghia", "; did you mean \"Asia/Shanghai\"?"),
            ("Asia/Shanghia", "; did you mean \"Asia/Shanghai\"?"),
            ("CST", "; abbreviations are ambiguous; give an offset like"),
            ("PST", "; abbreviations are ambiguous; give an offset like"),
            ("Mars/Olympus_Mons", "; give an offset like"),
        ] {
            assert!(Zone::hint(text).starts_with(expected), "{text}: {}", Zone::hint(text));
        }
    }

    #[test]
    fn heading_names_the_zone_only_where_clocks_change() {
        let range = |a, b| TimeRange::covering(parse_iso(a).unwrap(), parse_iso(b).unwrap()).unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(berlin.heading(range("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")), "UTC+01:00");
        assert_eq!(berlin.heading(range("2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z")), "Europe/Berlin");
    }

    #[test]
    fn local_times_that_are_there_twice_or_never() {
        for (zone, local, expected) in [
            ("+08:00", "2026-03-01T00:00:00Z", "2026-02-28T16:00:00Z"),
            ("Asia/Shanghai", "2026-03-01T00:00:00Z", "2026-02-28T16:00:00Z"),
            ("Europe/Berlin", "2026-03-29T01:59:59Z", "2026-03-29T00:59:59Z"),
            ("Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T01:00:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T00:30:00Z"),
            ("America/Sao_Paulo", "2018-11-04T00:00:00Z", "2018-11-04T03:00:00Z"),
            ("America/Havana", "2025-11-02T00:00:00Z", "2025-11-02T04:00:00Z"),
            ("Pacific/Apia", "2011-12-30T00:00:00Z", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31T00:00:00Z", "2011-12-30T10:00:00Z"),
        ] {
            let instant = Zone::parse(zone).unwrap().instant_of_local(parse_iso(local).unwrap());
            assert_eq!(iso(instant), expected, "{zone} {local}");
        }
    }

    #[test]
    fn formats_are_tried_when_they_are_read() {
        let shown = |format: &str| {
            Some(TimeFormat::parse(format)?.show(1_772_323_200, Zone::parse("Asia/Shanghai").unwrap()))
        };
        for (format, expected) in [
            ("", Some("")),
            ("%Y-%m-%d", Some("2026-03-01")),
            ("%H%M%z", Some("0800+0800")),
            ("100%%", Some("100%")),
            ("%", None),
            ("%Y-%", None),
            ("%Q", None),
            ("%#z", None),
        ] {
            assert_eq!(shown(format).as_deref(), expected, "{format}");
        }
        assert_eq!(
            month_start(parse_iso("2028-02-29T23:59:59Z").unwrap()),
            civil(2028, 2, 1, 0, 0, 0).unwrap()
        );
    }

    #[test]
    fn civil_refuses_what_does_not_exist() {
        assert_eq!(civil(1970, 1, 1, 0, 0, 0), Some(0));
        assert_eq!(civil(2016, 12, 31, 23, 59, 60), civil(2016, 12, 31, 23, 59, 59));
        for (month, day, hour, minute, second) in [
            (2, 31, 0, 0, 0),
            (13, 1, 0, 0, 0),
            (1, 0, 0, 0, 0),
            (1, 1, 24, 0, 0),
            (1, 1, 0, 60, 0),
            (1, 1, 0, 0, 61),
        ] {
            assert_eq!(civil(2026, month, day, hour, minute, second), None);
        }
    }
}
