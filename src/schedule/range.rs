//! The range of a task that runs again and again: a rule like `yesterday`, and the times it means now.
//!
//! Days and months are those of the task's zone. Knows nothing of what is exported.

use crate::spelling::hint;
use crate::time::{DAY_SECONDS, Zone, civil, iso, minute_text, month_start};
use std::fmt;

/// Most days that [`RangeRule::LastDays`] takes: an export has at most 31.
pub const MAX_DAYS: u16 = 31;

/// The range that a task exports: a rule without a date, or fixed times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRule {
    /// `yesterday`: the local day before the one that has begun.
    Yesterday,
    /// `today`: the local day that has begun, to its end; incomplete until then.
    Today,
    /// `last-7-days`: this many whole local days up to the start of today, 1 to [`MAX_DAYS`].
    LastDays(u16),
    /// `this-month`: the whole days of the calendar month so far, up to the start of today. On the first of a month
    /// there is none yet: then it is that day, as in [`RangeRule::Today`].
    ThisMonth,
    /// `last-month`: the whole calendar month before the one that has begun.
    LastMonth,
    /// `2026-03`: that calendar month; the wall clock's first second of it.
    Month(i64),
    /// `2026-03-01T00:00:00Z/2026-04-01T00:00:00Z`, `2026-03-01/2026-03-31` or `2026-03-01`: always the same times.
    Fixed {
        /// Start.
        start: Moment,
        /// End: a time is exclusive, a date is the last day of the range.
        end: Moment,
    },
}

/// A time as people write it, which may need a zone to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// `2026-03-01T00:00:00Z`, `2026-03-01 08:00+08:00`: unix seconds.
    Instant(i64),
    /// `2026-03-01T00:00`, `2026-03-01 00:00:00`: what a clock in the zone shows.
    Clock(i64),
    /// `2026-03-01`: a whole day; its midnight on the wall clock.
    Day(i64),
}

impl Moment {
    /// What [`Moment::parse`] accepts, for messages.
    pub const EXPECTED: &str = "give a date like 2026-03-01, or a time like 2026-03-01T00:00:00Z, \
                                2026-03-01T00:00+08:00, or 2026-03-01 00:00 (in the report's zone)";

    /// Reads a date, or a date and a time to the minute or second, with an offset or without.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let [year, month, day] = numbers(date, "dddd-dd-dd")?;
        let midnight = civil(i32::try_from(year).ok()?, month, day, 0, 0, 0)?;
        if rest.is_empty() {
            return Some(Self::Day(midnight));
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?;
        let (minute, rest) = rest.split_at_checked(5)?;
        let [hour, minute] = numbers(minute, "dd:dd")?;
        let (second, zone) = match rest.split_at_checked(3).filter(|(second, _)| second.starts_with(':')) {
            Some((second, zone)) => (numbers::<1>(second, ":dd")?[0], without_zeros(zone)),
            None => (0, rest),
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let clock = midnight + i64::from(hour * 3600 + minute * 60 + second);
        match zone.strip_prefix(' ').unwrap_or(zone) {
            "" if zone.is_empty() => Some(Self::Clock(clock)),
            "Z" | "z" => Some(Self::Instant(clock)),
            offset if offset.starts_with(['+', '-']) => {
                Some(Self::Instant(Zone::parse(offset)?.instant_of_local(clock)))
            }
            _ => None,
        }
    }

    /// The instant of a start (unix seconds), clocks and dates being those of `zone`. Of a time that clocks show twice,
    /// the first; of one that they leave out, the change.
    #[must_use]
    pub fn start(self, zone: Zone) -> i64 {
        match self {
            Self::Instant(unix) => unix,
            Self::Clock(local) | Self::Day(local) => zone.instant_of_local(local),
        }
    }

    /// Why this time does not exist in a zone: clocks were put forward over it.
    #[must_use]
    pub fn skipped(self, zone: Zone) -> Option<String> {
        let Self::Clock(local) = self else { return None };
        let change = zone.instant_of_local(local);
        let [before, after] = [change - 1, change].map(|unix| zone.local(unix));
        (after != local).then(|| {
            let [before, after] = [before + 1, after].map(minute_text);
            format!("{self} does not exist in {zone}: clocks went from {before} to {after}; give {after}, or a time before {before}")
        })
    }

    /// The instant of an exclusive end: for a date, the end of that day.
    #[must_use]
    pub fn end(self, zone: Zone) -> i64 {
        match self {
            Self::Day(midnight) => zone.instant_of_local(midnight + DAY_SECONDS),
            other => other.start(zone),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(unix) => f.write_str(&iso(*unix)),
            Self::Clock(local) => f.write_str(iso(*local).trim_end_matches('Z')),
            Self::Day(local) => f.write_str(iso(*local).get(..10).unwrap_or_default()),
        }
    }
}

/// What follows a fraction of a second that is none: JavaScript writes `00:00:00.000Z`.
fn without_zeros(text: &str) -> &str {
    match text.strip_prefix(".0") {
        Some(rest) => rest.trim_start_matches('0'),
        None => text,
    }
}

/// The numbers of a text of this shape, in which `d` stands for a digit.
fn numbers<const N: usize>(text: &str, shape: &str) -> Option<[u32; N]> {
    let fits = |(byte, shape): (u8, u8)| if shape == b'd' { byte.is_ascii_digit() } else { byte == shape };
    if text.len() != shape.len() || !text.bytes().zip(shape.bytes()).all(fits) {
        return None;
    }
    let mut numbers = text.split(['-', ':']).filter(|digits| !digits.is_empty()).map(str::parse);
    let mut found = [0; N];
    for number in &mut found {
        *number = numbers.next()?.ok()?;
    }
    Some(found)
}

/// The months of `2026-01..2026-03`, both included, or of `2026-01` alone; as [`RangeRule::Month`].
#[must_use]
pub fn months(text: &str) -> Option<Vec<RangeRule>> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (month(first)?, month(last)?);
    let following = |month: &i64| Some(next_month(*month));
    let all: Vec<RangeRule> = std::iter::successors(Some(first), following)
        .take_while(|month| *month <= last)
        .take(MAX_MONTHS + 1)
        .map(RangeRule::Month)
        .collect();
    (1..=MAX_MONTHS).contains(&all.len()).then_some(all)
}

/// Why a text like a date, or the beginning of one, is none: `there is no month 13`.
#[must_use]
pub fn no_such_day(text: &str) -> Option<String> {
    let digits = |from: usize, len: usize| {
        let part = text.get(from..from + len).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        part.and_then(|part| part.parse::<u32>().ok())
    };
    let has_dash = |at: usize| text.as_bytes().get(at) == Some(&b'-');
    let (year, month) = (digits(0, 4)?, digits(5, 2).filter(|_| has_dash(4))?);
    if !(1..=12).contains(&month) {
        return Some(format!("there is no month {month:02}"));
    }
    let day = digits(8, 2).filter(|_| has_dash(7))?;
    let is_none = civil(i32::try_from(year).ok()?, month, day, 0, 0, 0).is_none();
    is_none.then(|| format!("{} has no day {day:02}", &text[..7]))
}

/// Most months that [`months`] takes: ten years.
pub const MAX_MONTHS: usize = 120;

/// The wall clock's first second of a month like `2026-03`.
fn month(text: &str) -> Option<i64> {
    let [year, month] = numbers(text, "dddd-dd")?;
    civil(i32::try_from(year).ok()?, month, 1, 0, 0, 0)
}

fn next_month(first: i64) -> i64 {
    month_start(first + 32 * DAY_SECONDS)
}

impl RangeRule {
    /// What [`RangeRule::parse`] accepts, for messages.
    pub const EXPECTED: &str = "give yesterday, today, last-7-days (1 to 31 days), this-month, last-month, a month \
                                like 2026-03, a day like 2026-03-01, or START/END: dates like 2026-03-01/2026-03-31, both included, or \
                                times like 2026-03-01T00:00:00Z/2026-04-01T00:00:00Z";

    /// Whether a text is a month like `2026-03`.
    #[must_use]
    pub fn is_month(text: &str) -> bool {
        month(text).is_some()
    }

    /// The end of the message for a text that is not a rule: which rule may have been meant, and what to give.
    #[must_use]
    pub fn hint(text: &str) -> String {
        if let Some(why) = text.split('/').find_map(no_such_day) {
            return format!(": {why}; {}", Self::EXPECTED);
        }
        hint(text, ["yesterday", "today", "last-7-days", "this-month", "last-month"], Self::EXPECTED)
    }

    /// Reads a rule. Fixed times need not make a range: that is [`crate::contract::request::validate`]'s to
    /// say.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "yesterday" => Self::Yesterday,
            "today" => Self::Today,
            "this-month" => Self::ThisMonth,
            "last-month" => Self::LastMonth,
            _ => match text.split_once('/') {
                Some((start, end)) => Self::Fixed { start: Moment::parse(start)?, end: Moment::parse(end)? },
                None if text.starts_with(|c: char| c.is_ascii_digit()) => match Moment::parse(text) {
                    Some(day @ Moment::Day(_)) => Self::Fixed { start: day, end: day },
                    _ => Self::Month(month(text)?),
                },
                None => Self::LastDays(days(text.strip_prefix("last-")?.strip_suffix("-days")?)?),
            },
        })
    }

    /// Why this range does not exist in a zone: see [`Moment::skipped`].
    #[must_use]
    pub fn skipped(&self, zone: Zone) -> Option<String> {
        let Self::Fixed { start, end } = self else { return None };
        start.skipped(zone).or_else(|| end.skipped(zone))
    }

    /// The range that the rule means at `now`: half-open, unix seconds, UTC. Never longer than 31 days by the clocks of
    /// `zone` or by those of UTC; never ends after the next local midnight, except for months and fixed times.
    ///
    /// Days are cut at local midnight. On a day without a midnight they are cut at the first instant of the day, on a
    /// day with two at the earlier one. A date that a zone left out is not a day: the day before it counts.
    #[must_use]
    pub fn resolve(&self, now: i64, zone: Zone) -> (i64, i64) {
        let today = day_start(now, zone);
        let this_month = first_of_month(now, zone);
        match *self {
            Self::Yesterday => (day_start(today - 1, zone), today),
            Self::LastDays(days) => ((0..days).fold(today, |start, _| day_start(start - 1, zone)), today),
            Self::ThisMonth if this_month < today => (this_month, today),
            Self::Today | Self::ThisMonth => (today, day_end(now, zone)),
            Self::LastMonth => (first_of_month(this_month - 1, zone), this_month),
            Self::Month(first) => (zone.instant_of_local(first), zone.instant_of_local(next_month(first))),
            Self::Fixed { start, end } => (start.start(zone), end.end(zone)),
        }
    }
}

impl fmt::Display for RangeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yesterday => f.write_str("yesterday"),
            Self::Today => f.write_str("today"),
            Self::LastDays(days) => write!(f, "last-{days}-days"),
            Self::ThisMonth => f.write_str("this-month"),
            Self::LastMonth => f.write_str("last-month"),
            Self::Month(first) => f.write_str(iso(*first).get(..7).unwrap_or_default()),
            Self::Fixed { start, end } => write!(f, "{start}/{end}"),
        }
    }
}

/// Digits as people write a number, without sign and leading zeros.
fn days(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|days| plain && (1..=MAX_DAYS).contains(days))
}

/// Midnight, on the wall clock, of the local day that holds `unix`.
fn midnight(unix: i64, zone: Zone) -> i64 {
    let local = zone.local(unix);
    local - local.rem_euclid(DAY_SECONDS)
}

fn day_start(unix: i64, zone: Zone) -> i64 {
    zone.instant_of_local(midnight(unix, zone))
}

fn day_end(unix: i64, zone: Zone) -> i64 {
    zone.instant_of_local(midnight(unix, zone) + DAY_SECONDS)
}

fn first_of_month(unix: i64, zone: Zone) -> i64 {
    zone.instant_of_local(month_start(zone.local(unix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::{Account, ExportRequest, validate};
    use crate::locale::Language;
    use crate::time::parse_iso;
    use proptest::prelude::*;

    fn range(rule: &str, now: &str, zone: &str) -> String {
        let zone = Zone::parse(zone).unwrap();
        let (start, end) = RangeRule::parse(rule).unwrap().resolve(parse_iso(now).unwrap(), zone);
        format!("{} {}", iso(start), iso(end)).replace(":00Z", "")
    }

    #[test]
    fn rules_are_read_and_shown() {
        for rule in [
            "yesterday",
            "today",
            "last-1-days",
            "last-31-days",
            "this-month",
            "last-month",
            "2026-03",
            "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z",
            "2026-03-01/2026-03-31",
            "2026-03-01T08:00:00/2026-03-31",
        ] {
            assert_eq!(RangeRule::parse(rule).map(|r| r.to_string()).as_deref(), Some(rule));
        }
        for wrong in [
            "",
            "Yesterday",
            "last-0-days",
            "last-32-days",
            "last-07-days",
            "last-+7-days",
            "last--days",
            "last-7-day",
            "last-7",
            "2026-03-01T00:00:00Z",
            "2026-03-01T00:00:00Z/",
            "2026-03-01/",
            "2026",
            "2026-3",
            "2026-00",
            "2026-13",
            "2026-03/2026-04",
            "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z/",
        ] {
            assert_eq!(RangeRule::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone() {
        for (rule, now, zone, expected) in [
            ("yesterday", "2026-03-01T15:59:59Z", "Asia/Shanghai", "2026-02-27T16:00 2026-02-28T16:00"),
            ("yesterday", "2026-03-01T16:00:00Z", "Asia/Shanghai", "2026-02-28T16:00 2026-03-01T16:00"),
            ("today", "2026-03-01T16:00:00Z", "Asia/Shanghai", "2026-03-01T16:00 2026-03-02T16:00"),
            ("yesterday", "2028-03-01T12:00:00Z", "UTC", "2028-02-29T00:00 2028-03-01T00:00"),
            ("yesterday", "2026-01-01T00:00:00Z", "UTC", "2025-12-31T00:00 2026-01-01T00:00"),
            ("last-7-days", "2026-03-03T12:00:00Z", "-03:30", "2026-02-24T03:30 2026-03-03T03:30"),
            // 23 and 25 hours.
            ("yesterday", "2026-03-30T12:00:00Z", "Europe/Berlin", "2026-03-28T23:00 2026-03-29T22:00"),
            ("today", "2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-24T22:00 2026-10-25T23:00"),
            ("last-31-days", "2026-11-01T12:00:00Z", "Europe/Berlin", "2026-09-30T22:00 2026-10-31T23:00"),
            // A day that begins at 01:00, one whose midnight is there twice, and one that never was.
            ("today", "2018-11-04T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00 2018-11-05T02:00"),
            ("yesterday", "2018-11-04T12:00:00Z", "America/Sao_Paulo", "2018-11-03T03:00 2018-11-04T03:00"),
            ("today", "2025-11-02T05:30:00Z", "America/Havana", "2025-11-02T04:00 2025-11-03T05:00"),
            ("yesterday", "2011-12-30T10:00:00Z", "Pacific/Apia", "2011-12-29T10:00 2011-12-30T10:00"),
            ("today", "2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29T10:00 2011-12-30T10:00"),
        ] {
            assert_eq!(range(rule, now, zone), expected, "{rule} at {now} in {zone}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (rule, now, zone, expected) in [
            ("last-month", "2026-03-31T12:00:00Z", "UTC", "2026-02-01T00:00 2026-03-01T00:00"),
            ("last-month", "2028-03-01T00:00:00Z", "UTC", "2028-02-01T00:00 2028-03-01T00:00"),
            ("last-month", "2026-01-15T00:00:00Z", "UTC", "2025-12-01T00:00 2026-01-01T00:00"),
            ("last-month", "2026-03-31T15:59:59Z", "Asia/Shanghai", "2026-01-31T16:00 2026-02-28T16:00"),
            ("last-month", "2026-03-31T16:00:00Z", "Asia/Shanghai", "2026-02-28T16:00 2026-03-31T16:00"),
            ("last-month", "2026-04-02T00:00:00Z", "Europe/Berlin", "2026-02-28T23:00 2026-03-31T22:00"),
            ("last-month", "2026-11-02T00:00:00Z", "Europe/Berlin", "2026-09-30T22:00 2026-10-31T23:00"),
            ("this-month", "2026-03-31T12:00:00Z", "UTC", "2026-03-01T00:00 2026-03-31T00:00"),
            ("this-month", "2026-03-02T00:00:00Z", "UTC", "2026-03-01T00:00 2026-03-02T00:00"),
            // The first of the month: the day that has begun.
            ("this-month", "2026-03-01T23:59:59Z", "UTC", "2026-03-01T00:00 2026-03-02T00:00"),
            ("this-month", "2026-02-28T16:00:00Z", "Asia/Shanghai", "2026-02-28T16:00 2026-03-01T16:00"),
        ] {
            assert_eq!(range(rule, now, zone), expected, "{rule} at {now} in {zone}");
        }
    }

    #[test]
    fn moments_are_read_in_their_zone() {
        for (text, zone, start, end) in [
            ("2026-03-01T00:00:00Z", "Asia/Shanghai", "2026-03-01T00:00", "2026-03-01T00:00"),
            ("2026-03-01t00:00z", "Asia/Shanghai", "2026-03-01T00:00", "2026-03-01T00:00"),
            ("2026-03-01T00:00:00+08:00", "UTC", "2026-02-28T16:00", "2026-02-28T16:00"),
            ("2026-03-01 00:00 +0800", "UTC", "2026-02-28T16:00", "2026-02-28T16:00"),
            ("2026-03-01T00:00-03:30", "UTC", "2026-03-01T03:30", "2026-03-01T03:30"),
            ("2026-03-01 00:00", "Asia/Shanghai", "2026-02-28T16:00", "2026-02-28T16:00"),
            ("2026-03-01T23:59:00", "UTC", "2026-03-01T23:59", "2026-03-01T23:59"),
            ("2026-02-28T16:00:00.000Z", "UTC", "2026-02-28T16:00", "2026-02-28T16:00"),
            ("2026-03-01", "UTC", "2026-03-01T00:00", "2026-03-02T00:00"),
            ("2026-03-01", "Asia/Shanghai", "2026-02-28T16:00", "2026-03-01T16:00"),
            // A day of 23 hours, one of 25, and one without a midnight.
            ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00", "2026-03-29T22:00"),
            ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00", "2026-10-25T23:00"),
            ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", "2018-11-05T02:00"),
        ] {
            let (moment, zone) = (Moment::parse(text).unwrap(), Zone::parse(zone).unwrap());
            let shown = [moment.start(zone), moment.end(zone)].map(|t| iso(t).replace(":00Z", ""));
            assert_eq!(shown, [start, end], "{text} in {zone}");
            let again = Moment::parse(&moment.to_string());
            assert_eq!(again, Some(moment), "{text}");
        }
        for wrong in [
            "",
            "2026",
            "2026-03",
            "2026-02-30",
            "2026-03-01T",
            "2026-03-01T00",
            "2026-03-01T0:00",
            "2026-03-01T24:00",
            "2026-03-01T00:60",
            "2026-03-01T00:00:60Z",
            "2026-03-01T00:00:00.5Z",
            "2026-03-01T00:00:00.050Z",
            "2026-03-01T00:00:00.Z",
            "2026-03-01T00:00.0Z",
            "2026-03-01T00:00 ",
            "2026-03-01T00:00Asia/Shanghai",
            "2026-03-01T00:00+25:00",
            "2026/03/01",
            "20260301",
            "01-03-2026",
            " 2026-03-01",
            "2026-03-01Z",
            "2026-03-01  00:00",
            "+026-03-01",
            "2026-0\u{e9}-01",
        ] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn times_that_clocks_leave_out_are_told() {
        let skipped = |text: &str, zone| Moment::parse(text).unwrap().skipped(Zone::parse(zone).unwrap());
        let text = skipped("2026-03-08T02:30", "America/New_York").unwrap();
        assert!(text.ends_with("from 2026-03-08 02:00 to 2026-03-08 03:00; give 2026-03-08 03:00, or a time before 2026-03-08 02:00"), "{text}");
        assert!(skipped("2018-11-04T00:00", "America/Sao_Paulo").is_some());
        for (text, zone) in [
            ("2026-03-08T03:00", "America/New_York"),
            ("2026-03-08T01:59:59", "America/New_York"),
            ("2026-11-01T01:30", "America/New_York"),
            ("2026-03-08T02:30Z", "America/New_York"),
            ("2018-11-04", "America/Sao_Paulo"),
            ("2026-03-08T02:30", "+08:00"),
        ] {
            assert_eq!(skipped(text, zone), None, "{text} {zone}");
        }
        let rule = RangeRule::parse("2026-03-01/2026-03-08T02:30").unwrap();
        assert!(rule.skipped(Zone::parse("America/New_York").unwrap()).is_some());
    }

    #[test]
    fn months_follow_each_other() {
        assert_eq!(range("2026-03", "2030-01-01T00:00:00Z", "UTC"), "2026-03-01T00:00 2026-04-01T00:00");
        assert_eq!(
            range("2026-02", "2030-01-01T00:00:00Z", "Asia/Shanghai"),
            "2026-01-31T16:00 2026-02-28T16:00"
        );
        assert_eq!(
            range("2026-10", "2030-01-01T00:00:00Z", "Europe/Berlin"),
            "2026-09-30T22:00 2026-10-31T23:00"
        );
        let shown = |text: &str| {
            months(text).map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(shown("2025-11..2026-02").as_deref(), Some("2025-11 2025-12 2026-01 2026-02"));
        assert_eq!(shown("2026-01").as_deref(), Some("2026-01"));
        for wrong in
            ["", "..", "2026-02..2026-01", "2026-01..", "2026-01...2026-02", "2026..2027", "2000-01..2020-01"]
        {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn fixed_times_stay() {
        let day = range("2026-03-01", "2030-01-01T00:00:00Z", "Asia/Shanghai");
        assert_eq!(day, "2026-02-28T16:00 2026-03-01T16:00");
        let rule = "2026-03-01T00:00:00Z/2026-03-01T00:05:00Z";
        assert_eq!(range(rule, "2030-01-01T00:00:00Z", "Asia/Shanghai"), "2026-03-01T00:00 2026-03-01T00:05");
    }

    /// Zones with every kind of change: by an hour, half an hour, at midnight, over a whole day, and none.
    const ZONES: [&str; 9] = [
        "UTC",
        "-03:30",
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "America/Havana",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Cairo",
    ];

    fn rules() -> impl Strategy<Value = RangeRule> {
        use RangeRule::{LastDays, LastMonth, ThisMonth, Today, Yesterday};
        prop_oneof![
            Just(Yesterday),
            Just(Today),
            Just(ThisMonth),
            Just(LastMonth),
            (1..=MAX_DAYS).prop_map(LastDays)
        ]
    }

    /// Instants from 2000 to 2037, and among them many near changes of clocks: the first hours of a month's
    /// last Sunday, and the days that Apia left out.
    fn instants() -> impl Strategy<Value = i64> {
        prop_oneof![946_684_800..2_145_916_800i64, 1_325_100_000..1_325_400_000i64]
    }

    proptest! {
        #[test]
        fn a_range_is_whole_and_may_be_exported(
            rule in rules(), now in instants(), zone in prop::sample::select(&ZONES[..]),
        ) {
            let parsed = Zone::parse(zone).unwrap();
            let (start, end) = rule.resolve(now, parsed);
            prop_assert!(start < end && start <= now && end <= now + DAY_SECONDS + 3600);
            prop_assert_eq!((day_start(start, parsed), day_start(end, parsed)), (start, end));
            let request = ExportRequest {
                start_time: Some(iso(start)),
                end_time: Some(iso(end)),
                kind: Some("flow".into()),
                time_zone: Some(zone.into()),
                ..ExportRequest::default()
            };
            let spec = validate(&request, &Account::default(), Language::EnUs);
            prop_assert_eq!(spec.unwrap().asked, (start, end));
        }

        #[test]
        fn days_and_months_follow_each_other(now in instants(), zone in prop::sample::select(&ZONES[..])) {
            let zone = Zone::parse(zone).unwrap();
            let at = |rule: RangeRule, now| rule.resolve(now, zone);
            let (start, end) = at(RangeRule::Today, now);
            prop_assert!(start <= now && now < end);
            prop_assert_eq!((at(RangeRule::Today, start), at(RangeRule::Today, end - 1)), ((start, end), (start, end)));
            prop_assert_eq!(at(RangeRule::Yesterday, end), (start, end));
            prop_assert_eq!(at(RangeRule::LastDays(1), now), at(RangeRule::Yesterday, now));
            prop_assert_eq!(at(RangeRule::LastDays(2), end), (at(RangeRule::Yesterday, now).0, end));
            let (first, next) = at(RangeRule::LastMonth, now);
            prop_assert_eq!(at(RangeRule::LastMonth, first).1, first);
            prop_assert!((28..=31).contains(&((next - first + 7200) / DAY_SECONDS)));
        }
    }
}
