//! Which hours domains have a source for, and which they lack: [`Hours`].
//!
//! Hours are counted since 1970, in UTC. Knows nothing of where the hours come from.

use crate::domain::Domain;
use crate::report::NamedHours;
use crate::time::TimeRange;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Seconds in an hour.
pub const HOUR_SECONDS: i64 = 3600;

/// The hours that a range touches.
#[must_use]
pub fn of_range(range: TimeRange) -> Range<i64> {
    touched(range.start().start(), range.end().start())
}

/// The hours that `[start, end)` in unix seconds touches.
#[must_use]
pub const fn touched(start: i64, end: i64) -> Range<i64> {
    start.div_euclid(HOUR_SECONDS)..(end - 1).div_euclid(HOUR_SECONDS) + 1
}

/// The hours that two spans share; empty if they share none.
#[must_use]
pub fn shared(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    let start = one.start.max(other.start);
    start..one.end.min(other.end).max(start)
}

/// For each domain, the hours that it has a source for.
#[derive(Clone, Debug, Default)]
pub struct Hours(BTreeMap<Domain, BTreeSet<i64>>);

impl Hours {
    /// Adds a domain, with some hours or none.
    pub fn add(&mut self, domain: &Domain, hours: impl IntoIterator<Item = i64>) {
        match self.0.get_mut(domain.as_str()) {
            Some(known) => known.extend(hours),
            None => drop(self.0.insert(domain.clone(), hours.into_iter().collect())),
        }
    }

    /// Adds the hours in a file name.
    pub fn add_named(&mut self, named: &NamedHours) {
        self.add(&named.domain, touched(named.start, named.end));
    }

    /// The domains, sorted.
    pub fn domains(&self) -> impl Iterator<Item = &Domain> {
        self.0.keys()
    }

    /// Whether a domain was added.
    #[must_use]
    pub fn has(&self, domain: &Domain) -> bool {
        self.0.contains_key(domain)
    }

    /// The hours of a span that a domain has, in order.
    pub fn of(&self, domain: &Domain, span: &Range<i64>) -> impl Iterator<Item = i64> {
        self.0.get(domain).into_iter().flat_map(|hours| hours.range(span.clone())).copied()
    }

    /// From the first hour of any domain to the last one.
    #[must_use]
    pub fn extent(&self) -> Option<Range<i64>> {
        let first = self.0.values().filter_map(BTreeSet::first).min()?;
        let last = self.0.values().filter_map(BTreeSet::last).max()?;
        Some(*first..last + 1)
    }

    /// The hours of a span that a domain lacks, as gaps in order.
    #[must_use]
    pub fn gaps(&self, domain: &Domain, span: &Range<i64>) -> Vec<Range<i64>> {
        if span.is_empty() {
            return Vec::new();
        }
        let before = std::iter::once(span.start - 1).chain(self.of(domain, span));
        let after = self.of(domain, span).chain([span.end]);
        before.zip(after).map(|(before, after)| before + 1..after).filter(|gap| !gap.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_fill_what_hours_leave() {
        let (a, b) = (Domain::new(b"a.com").unwrap(), Domain::new(b"b.com").unwrap());
        let mut hours = Hours::default();
        assert_eq!(hours.extent(), None);
        hours.add(&a, [3, 4, 7]);
        hours.add(&b, []);
        hours.add_named(&NamedHours { domain: a.clone(), start: 9 * 3600 + 60, end: 11 * 3600 });
        assert_eq!(hours.extent(), Some(3..11));
        assert_eq!(hours.gaps(&a, &(3..11)), [5..7, 8..9]);
        for (domain, span, gap) in [(&a, 0..4, 0..3), (&a, 10..13, 11..13), (&b, 3..5, 3..5)] {
            assert_eq!(hours.gaps(domain, &span), std::slice::from_ref(&gap));
        }
        assert_eq!(hours.gaps(&a, &shared(&(5..6), &(7..9))), []);
    }
}
