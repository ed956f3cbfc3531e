//! The range of a task that runs again and again: a rule like `yesterday`, and the times it means now.
//!
//! Days and months are those of the task's zone. Knows nothing of what is exported.

use crate::time::{DAY_SECONDS, Zone, iso, month_start, parse_iso};
use std::fmt;

/// Most days that [`RangeRule::LastDays`] takes: an export has at most 31.
pub const MAX_DAYS: u16 = 31;

/// Which range a task exports, said without a date or with fixed times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRule {
    /// `yesterday`: the local day before the one that has begun.
    Yesterday,
    /// `today`: the local day that has begun, to its end; incomplete until then.
    Today,
    /// `last-7-days`: so many whole local days up to the start of today, 1 to [`MAX_DAYS`].
    LastDays(u16),
    /// `this-month`: the whole days of the calendar month so far, up to the start of today. On the first of
    /// a month there is none yet: then it is the day that has begun, as [`RangeRule::Today`].
    ThisMonth,
    /// `last-month`: the whole calendar month before the one that has begun.
    LastMonth,
    /// `2026-03-01T00:00:00Z/2026-04-01T00:00:00Z`: always the same times, unix seconds, half-open.
    Fixed {
        /// Start.
        start: i64,
        /// End, exclusive.
        end: i64,
    },
}

impl RangeRule {
    /// What [`RangeRule::parse`] takes, for messages.
    pub const EXPECTED: &str = "give yesterday, today, last-7-days (1 to 31 days), this-month, last-month, \
                                or fixed UTC times like 2026-03-01T00:00:00Z/2026-04-01T00:00:00Z";

    /// Reads a rule. Fixed times need not make a range: that is [`crate::export::request::validate`]'s to
    /// say.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "yesterday" => Self::Yesterday,
            "today" => Self::Today,
            "this-month" => Self::ThisMonth,
            "last-month" => Self::LastMonth,
            _ => match text.split_once('/') {
                Some((start, end)) => Self::Fixed { start: parse_iso(start)?, end: parse_iso(end)? },
                None => Self::LastDays(days(text.strip_prefix("last-")?.strip_suffix("-days")?)?),
            },
        })
    }

    /// The range that is meant at `now`: half-open, unix seconds, UTC. Never longer than 31 days by the
    /// clocks of `zone` or by those of UTC; never ends after the next local midnight, fixed times apart.
    ///
    /// Days are cut at local midnight; where there is none that day, at the first instant of the day, and
    /// where there are two, at the earlier. A date that a zone left out is no day: the one before it counts.
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
            Self::Fixed { start, end } => (start, end),
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
            Self::Fixed { start, end } => write!(f, "{}/{}", iso(*start), iso(*end)),
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
    use crate::export::request::{Account, ExportRequest, validate};
    use crate::locale::Language;
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
            "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z",
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
            "2026-03-01/2026-04-01",
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
    fn fixed_times_stay() {
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
