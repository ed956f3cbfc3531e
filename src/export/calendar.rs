//! The slices of a range on the wall clock of the report's zone: their times, their days, their nights.

use crate::time::{DAY_SECONDS, TimeRange, Zone};
use std::ops::Range;

/// Hours of a day that night-half billing counts at half.
const NIGHT_END: i64 = 8 * 3600;

/// The slices of a range as a reader of the report sees them.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// Local wall-clock seconds of each slice.
    local: Vec<i64>,
    /// Positions of the slices of each local day, in turn.
    days: Vec<Range<usize>>,
}

impl Calendar {
    /// Lays the range out in a zone.
    #[must_use]
    pub fn new(range: TimeRange, zone: Zone) -> Self {
        let local: Vec<i64> = range.windows().map(|window| zone.local(window.start())).collect();
        let mut days: Vec<Range<usize>> = Vec::new();
        for (at, time) in local.iter().enumerate() {
            match days.last_mut() {
                Some(day) if day_of(local[day.start]) == day_of(*time) => day.end = at + 1,
                _ => days.push(at..at + 1),
            }
        }
        Self { local, days }
    }

    /// Number of slices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.local.len()
    }

    /// Always false: a range holds at least one slice.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.local.is_empty()
    }

    /// Wall-clock seconds of a slice.
    #[must_use]
    pub fn local(&self, slice: usize) -> i64 {
        self.local[slice]
    }

    /// Positions of the slices of each local day.
    #[must_use]
    pub fn days(&self) -> &[Range<usize>] {
        &self.days
    }

    /// Wall-clock seconds of the midnight that begins a day.
    #[must_use]
    pub fn midnight(&self, day: &Range<usize>) -> i64 {
        day_of(self.local[day.start]) * DAY_SECONDS
    }

    /// Whether a slice lies in 00:00-08:00.
    #[must_use]
    pub fn is_night(&self, slice: usize) -> bool {
        self.local[slice].rem_euclid(DAY_SECONDS) < NIGHT_END
    }
}

const fn day_of(local: i64) -> i64 {
    local.div_euclid(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_iso;

    fn calendar(start: &str, end: &str, zone: &str) -> Calendar {
        let range = TimeRange::covering(parse_iso(start).unwrap(), parse_iso(end).unwrap()).unwrap();
        Calendar::new(range, Zone::parse(zone).unwrap())
    }

    #[test]
    fn days_are_local_and_may_be_short_or_long() {
        let lengths = |c: &Calendar| c.days().iter().map(|d| d.len() / 12).collect::<Vec<_>>();
        let utc = calendar("2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z", "UTC");
        assert_eq!(lengths(&utc), [24, 24, 24]);
        let shanghai = calendar("2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z", "Asia/Shanghai");
        assert_eq!(lengths(&shanghai), [16, 24, 8]);
        let spring = calendar("2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z", "Europe/Berlin");
        assert_eq!(lengths(&spring), [24, 23, 24]);
        let autumn = calendar("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "Europe/Berlin");
        assert_eq!(lengths(&autumn), [25]);
        assert!(shanghai.is_night(16 * 12) && !shanghai.is_night(0) && !shanghai.is_night(24 * 12));
    }
}
