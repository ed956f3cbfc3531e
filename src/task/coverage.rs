//! Whether a store has all that an export needs: [`coverage`], and what came late.

use crate::domain::{Domain, DomainSet, Selection};
use crate::error::Result;
use crate::hours::{self, HOUR_SECONDS, Hours};
use crate::report::NamedHours;
use crate::store::Reader;
use crate::time::{TimeRange, iso};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

/// Gaps that a message names; beyond, their number is told.
const NAMED_GAPS: usize = 5;

/// What a store has of a selection, hour by hour. Hours are counted since 1970, in UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The hours looked at: those of the range; without one, from the first to the last hour of the store.
    pub span: Option<Range<i64>>,
    /// Every domain of the selection that has any source, or is named: sorted.
    pub domains: Vec<DomainHours>,
    /// Sources that touch the range and selection and were not read to their end, each with the reason.
    pub faults: Vec<(String, String)>,
    /// Sources that touch the range and selection and hold no line, where that is no delivery; in the order of names.
    pub empty: Vec<String>,
}

/// What a store has of a domain, hour by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainHours {
    /// The domain.
    pub domain: Domain,
    /// Whether it has any source in the store at all.
    pub has_source: bool,
    /// Hours of the span that have a source.
    pub complete: u64,
    /// Hours of the span that have none, as gaps in order.
    pub gaps: Vec<Range<i64>>,
}

impl DomainHours {
    /// Hours of the span without a source.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(length).sum()
    }

    /// Counts these hours as there.
    fn allow(&mut self, hours: &BTreeSet<i64>) {
        let before = self.missing();
        let left = self.gaps.iter().flat_map(Clone::clone).filter(|hour| !hours.contains(hour));
        let mut gaps: Vec<Range<i64>> = Vec::new();
        for hour in left {
            match gaps.last_mut().filter(|gap| gap.end == hour) {
                Some(gap) => gap.end = hour + 1,
                None => gaps.push(hour..hour + 1),
            }
        }
        self.gaps = gaps;
        self.complete += before - self.missing();
    }
}

impl Coverage {
    /// Whether there is a domain, and every domain has a source in every hour, read to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_whole = |domain: &DomainHours| domain.has_source && domain.gaps.is_empty();
        self.faults.is_empty() && !self.domains.is_empty() && self.domains.iter().all(is_whole)
    }

    /// What is missing, in one line; nothing when all is there.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        self.missing_of(|_| true)
    }

    /// What is missing of the domains that are `asked` for, in one line; nothing when all is there.
    #[must_use]
    pub fn missing_of(&self, asked: impl Fn(&DomainHours) -> bool) -> Option<String> {
        if self.domains.is_empty() {
            return Some("no domain has a source".into());
        }
        let domains: Vec<&DomainHours> = self.domains.iter().filter(|domain| asked(domain)).collect();
        let gaps = || domains.iter().flat_map(|domain| domain.gaps.iter().map(move |gap| (domain, gap)));
        let named = |(domain, gap): (&&DomainHours, &Range<i64>)| {
            let (from, until) = (iso(gap.start * HOUR_SECONDS), iso(gap.end * HOUR_SECONDS));
            format!("{} has no source from {from} to {until}", domain.domain)
        };
        let without = domains.iter().filter(|domain| !domain.has_source && domain.gaps.is_empty());
        let mut texts: Vec<String> = gaps().map(named).take(NAMED_GAPS).collect();
        texts.extend(without.map(|domain| format!("{} has no source", domain.domain)).take(NAMED_GAPS));
        let more = gaps().count().saturating_sub(NAMED_GAPS);
        texts.extend((more > 0).then(|| format!("{more} more gaps")));
        let faults = self.faults.iter().take(NAMED_GAPS);
        texts.extend(faults.map(|(name, fault)| format!("{name}: {fault}")));
        texts.extend(self.empty.iter().take(NAMED_GAPS).map(|name| format!("{name} holds no line")));
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

/// [`coverage`] of a range, in which an hour without a log counts as there for the `quiet` domains when a log of another
/// domain tells it: then the hour was delivered, and none is sent of an hour without a request.
///
/// # Errors
/// When the store fails.
pub fn coverage_with(
    reader: &Reader,
    selection: &Selection,
    range: TimeRange,
    quiet: &DomainSet,
) -> Result<Coverage> {
    let mut coverage = coverage(reader, selection, Some(range))?;
    let is_quiet = |domain: &DomainHours| !domain.gaps.is_empty() && quiet.contains(domain.domain.as_str());
    if coverage.domains.iter().any(is_quiet) {
        let delivered = reader.delivered_hours(range)?;
        coverage
            .domains
            .iter_mut()
            .filter(|domain| is_quiet(domain))
            .for_each(|domain| domain.allow(&delivered));
    }
    Ok(coverage)
}

fn length(hours: &Range<i64>) -> u64 {
    (hours.end - hours.start).unsigned_abs()
}

/// Looks at what the store has of a selection. Hours of a source are those that its name tells; of sources whose
/// names tell nothing, those in which they have usage.
///
/// # Errors
/// When the store fails.
pub fn coverage(reader: &Reader, selection: &Selection, range: Option<TimeRange>) -> Result<Coverage> {
    let windows = range.unwrap_or(TimeRange::all());
    let asked = range.map(hours::of_range);
    let (mut all, mut known) = (reader.unnamed_extent()?, Hours::default());
    let mut faults = reader.unnamed_faults(windows, selection)?;
    let (mut named, mut empty) = (Vec::new(), Vec::new());
    reader.each_named(|source| {
        let own = hours::touched(source.hours.start, source.hours.end);
        all = Some(all.as_ref().map_or(own.clone(), |all| all.start.min(own.start)..all.end.max(own.end)));
        if !selection.contains(source.hours.domain.as_str()) {
            return;
        }
        if source.is_delivered {
            known.add_named(&source.hours);
        } else {
            known.add(&source.hours.domain, []);
        }
        let touches = asked.as_ref().is_none_or(|asked| !hours::shared(asked, &own).is_empty());
        match source.fault.filter(|_| touches) {
            Some(fault) => named.push((source.id, fault)),
            None if touches && !source.is_delivered => empty.push(source.id),
            None => {}
        }
    })?;
    for (id, fault) in named {
        faults.push((reader.called(id)?.1, fault));
    }
    let empty = empty.into_iter().map(|id| Ok(reader.called(id)?.1)).collect::<Result<Vec<_>>>()?;
    reader.add_unnamed(windows, selection, &mut known)?;
    faults.sort();
    let span = asked.or(all);
    let domains = selection.resolve(known.domains());
    let domains = domains.into_iter().map(|domain| of_domain(&known, domain, span.as_ref())).collect();
    Ok(Coverage { span, domains, faults, empty })
}

fn of_domain(known: &Hours, domain: Domain, span: Option<&Range<i64>>) -> DomainHours {
    let gaps = span.map(|span| known.gaps(&domain, span)).unwrap_or_default();
    let complete = span.map_or(0, length) - gaps.iter().map(length).sum::<u64>();
    DomainHours { has_source: known.has(&domain), domain, complete, gaps }
}

/// A source that was read for the first time long after its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateArrival {
    /// The first name of the source.
    pub name: String,
    /// What that name tells.
    pub hours: NamedHours,
    /// Unix seconds of its first reading.
    pub arrived: i64,
}

impl LateArrival {
    /// How many seconds after the end of its hours it was read.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.arrived - self.hours.end
    }
}

/// Sources of a selection whose hours touch a range and that were read for the first time more than `limit` after
/// the end of these hours, in the order of names.
///
/// # Errors
/// When the store fails.
pub fn late_arrivals(
    reader: &Reader,
    selection: &Selection,
    range: TimeRange,
    limit: Duration,
) -> Result<Vec<LateArrival>> {
    let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    let (start, end) = (range.start().start(), range.end().start());
    let mut found = Vec::new();
    reader.each_named(|source| {
        let (id, hours, arrived) = (source.id, source.hours, source.arrived);
        let is_asked = selection.contains(hours.domain.as_str()) && hours.start < end && hours.end > start;
        if is_asked && arrived.saturating_sub(hours.end) > limit {
            found.push((id, hours, arrived));
        }
    })?;
    let mut late = Vec::with_capacity(found.len());
    for (id, hours, arrived) in found {
        let (sort, name) = reader.called(id)?;
        late.push(((sort, id), LateArrival { name, hours, arrived }));
    }
    late.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(late.into_iter().map(|(_, late)| late).collect())
}
