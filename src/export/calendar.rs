//! The slices of a range on the wall clock of the report's zone: their times, their days, their nights.

use crate::hours::HOUR_SECONDS;
use crate::time::{DAY_SECONDS, TimeRange, Zone, minute_text};
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
    /// Where the clocks change within the range: seconds east of UTC, for each slice.
    offsets: Vec<i32>,
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
        let mut offsets: Vec<i32> = range.windows().map(|window| zone.offset_at(window.start())).collect();
        if offsets.iter().all(|offset| *offset == offsets[0]) {
            offsets.clear();
        }
        Self { local, days, offsets }
    }

    /// Number of slices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.local.len()
    }

    /// Always false: a range has at least one slice.
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

    /// Whether clocks change within the range: rows may bear the same local time then.
    #[must_use]
    pub fn has_change(&self) -> bool {
        !self.offsets.is_empty()
    }

    /// Where clocks change within the range, the offset of a slice from UTC: `-04:00`.
    #[must_use]
    pub fn offset(&self, slice: usize) -> Option<String> {
        self.offsets.get(slice).map(|seconds| offset_text(*seconds))
    }

    /// The slices with the first slice of each of the offsets, where clocks change within the range.
    #[must_use]
    pub fn offset_samples(&self) -> Vec<usize> {
        let is_first = |at: &usize| !self.offsets[..*at].contains(&self.offsets[*at]);
        (0..self.offsets.len()).filter(is_first).collect()
    }

    /// A slice's time for people: `2026-11-01 01:00`, with the offset where clocks change within the range.
    #[must_use]
    pub fn text(&self, slice: usize) -> String {
        let time = minute_text(self.local(slice));
        self.offset(slice).map_or(time.clone(), |offset| format!("{time} {offset}"))
    }

    /// Positions of the slices of each hour on the clock, in turn.
    #[must_use]
    pub fn hours(&self) -> Vec<Range<usize>> {
        let hour = |at: usize| (self.local[at].div_euclid(HOUR_SECONDS), self.offsets.get(at));
        let mut hours: Vec<Range<usize>> = Vec::new();
        for at in 0..self.local.len() {
            match hours.last_mut() {
                Some(last) if hour(last.start) == hour(at) => last.end = at + 1,
                _ => hours.push(at..at + 1),
            }
        }
        hours
    }

    /// Whether a slice lies in 00:00-08:00.
    #[must_use]
    pub fn is_night(&self, slice: usize) -> bool {
        self.local[slice].rem_euclid(DAY_SECONDS) < NIGHT_END
    }
}

/// A number of seconds east of UTC as `-04:00`; some old zones have seconds, too.
#[must_use]
pub fn offset_text(seconds: i32) -> String {
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let text = format!("{sign}{:02}:{:02}", size / 3600, size / 60 % 60);
    if size % 60 == 0 { text } else { format!("{text}:{:02}", size % 60) }
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
        assert!(!utc.has_change() && utc.offset(0).is_none() && utc.offset_samples().is_empty());
        assert_eq!(utc.text(1), "2026-03-28 00:05");
        let hours: Vec<usize> = autumn.hours().iter().map(ExactSizeIterator::len).collect();
        assert_eq!(hours, [12; 25]);
        assert_eq!(autumn.offset_samples(), [0, 36]);
        assert_eq!(
            [24, 36].map(|at| autumn.text(at)),
            ["2026-10-25 02:00 +02:00", "2026-10-25 02:00 +01:00"]
        );
        assert_eq!([-16_200, 20_700, -21_059].map(offset_text), ["-04:30", "+05:45", "-05:50:59"]);
        assert!(shanghai.is_night(16 * 12) && !shanghai.is_night(0) && !shanghai.is_night(24 * 12));
    }
}
