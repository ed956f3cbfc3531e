//! How much of an export has a log: [`completeness`], over hours and over domain x hour.
//!
//! Knows of logs only what is in the report.

use super::tally::Tally;
use crate::contract::request::ExportSpec;
use crate::domain::{Domain, Folds, Pattern, Selection};
use crate::hours::{self, HOUR_SECONDS, Hours, touched};
use crate::report::Report;
use crate::time::{TimeRange, iso};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Gaps that are kept one by one.
pub(super) const MAX_GAPS: usize = 1000;

/// Hours of a range that have a log. Hours are in UTC; those that the range touches count.
///
/// An hour of a domain has a log if a source named for it delivered anything, or if the domain has a request in that
/// hour in a source that may hold several domains: if the name of that source has hours, only within these. A late line
/// in the log of another hour is no evidence: that hour's own log may be missing. A domain whose requests are all in
/// logs of other domains needs no hour, unless it was named in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Hours of the range in which any domain has a log.
    pub hours_with_log: u64,
    /// Hours of the range.
    pub hours: u64,
    /// Pairs of domain and hour that have a log.
    pub with_log: u64,
    /// Pairs of domain and hour: all hours of the range for every domain that needs them. A wildcard that matches no
    /// domain counts as one without any log.
    pub expected: u64,
    /// The first hours without a log, since 1970, in the order of domains.
    pub gaps: Vec<(Pattern, Range<i64>)>,
    /// How many gaps there are besides these.
    pub more_gaps: usize,
    /// Domains of the export that lack an hour, in order, with the number of hours that they have. They are followed by
    /// the wildcards that match no domain, and have none.
    pub lacking: Vec<(Pattern, u64)>,
}

impl Completeness {
    /// Whether there is a domain, and every domain has a log in every hour.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.expected > 0 && self.with_log == self.expected
    }
}

impl std::fmt::Display for Completeness {
    /// `120 of 744 (domain x hour: 240 of 1488)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { hours_with_log, hours, with_log, expected, .. } = self;
        write!(f, "{hours_with_log} of {hours} (domain x hour: {with_log} of {expected})")
    }
}

impl Completeness {
    /// The first `most` gaps of a domain: `, none from 2026-03-01T00:00:00Z to 2026-03-01T05:00:00Z, ...`.
    #[must_use]
    pub fn first_gaps(&self, domain: &Pattern, most: usize) -> String {
        let mut gaps = self.gaps.iter().filter(|(of, _)| of == domain).map(|(_, gap)| gap);
        let mut text = String::new();
        for (n, gap) in gaps.by_ref().take(most).enumerate() {
            let (from, until) = (iso(gap.start * HOUR_SECONDS), iso(gap.end * HOUR_SECONDS));
            let before = if n == 0 { ", none from" } else { ", from" };
            text.extend([before, " ", &from, " to ", &until]);
        }
        if gaps.next().is_some() {
            text.push_str(", ...");
        }
        text
    }

    /// Adds a domain, or a wildcard that stands for none, with its own hours.
    fn add(&mut self, domain: Pattern, own: &BTreeSet<i64>, span: &Range<i64>) {
        let count = own.len() as u64;
        self.with_log += count;
        self.expected += length(span);
        self.add_gaps(&domain, own, span);
        if count < length(span) {
            self.lacking.push((domain, count));
        }
    }

    /// Adds the hours of a span that a domain lacks.
    fn add_gaps(&mut self, domain: &Pattern, own: &BTreeSet<i64>, span: &Range<i64>) {
        let before = std::iter::once(span.start - 1).chain(own.iter().copied());
        let after = own.iter().copied().chain([span.end]);
        for gap in before.zip(after).map(|(before, after)| before + 1..after).filter(|gap| !gap.is_empty()) {
            if self.gaps.len() < MAX_GAPS {
                self.gaps.push((domain.clone(), gap));
            } else {
                self.more_gaps += 1;
            }
        }
    }
}

/// Counts the hours with a log of the domains of an export, from its report and its sums. If hosts are folded, each
/// host that is in the name of a log needs a log in every hour, and is counted by itself; the others, which are only in
/// logs of several domains, are counted together.
#[must_use]
pub fn completeness(report: &Report, tally: &Tally, spec: &ExportSpec) -> Completeness {
    counted(report, tally, spec.range, &spec.selection, &spec.folds())
}

fn counted(
    report: &Report,
    tally: &Tally,
    range: TimeRange,
    selection: &Selection,
    folds: &Folds,
) -> Completeness {
    let span = hours::of_range(range);
    let known = named(report, tally, folds);
    // Hosts that no name tells count together: which of them lines are of in an hour is nobody's to know.
    let mut others: BTreeMap<&Domain, Vec<Range<i64>>> = BTreeMap::new();
    for (host, hours) in report.shared.iter().filter(|(host, _)| !known.has(host)) {
        if let Some(domain) = folds.of(host.as_str()) {
            others.entry(domain).or_default().extend_from_slice(hours);
        }
    }
    let shared = |domain: &Domain| others.get(domain).or_else(|| report.shared.get(domain.as_str()));
    let is_judged = |domain: &Domain| known.has(domain) || shared(domain).is_some();
    let all = || tally.domains.iter().map(|one| &one.domain);
    let mut domains: BTreeSet<&Domain> = all().filter(|one| is_judged(one) || selection.names(one)).collect();
    if !folds.is_empty() {
        domains.extend(known.domains());
    }
    let (mut any, mut found) = (BTreeSet::new(), Completeness::default());
    for domain in &domains {
        let mut own: BTreeSet<i64> = known.of(domain, &span).collect();
        own.extend(shared(domain).into_iter().flatten().flat_map(|hours| hours::shared(hours, &span)));
        found.add(Pattern::Exact((*domain).clone()), &own, &span);
        any.extend(own);
    }
    for wildcard in selection.idle_wildcards(domains.into_iter()) {
        found.add(wildcard, &BTreeSet::new(), &span);
    }
    found.hours_with_log = any.len() as u64;
    found.hours = length(&span);
    found
}

/// The hours that names of sources tell, of the domains of the export. A domain whose sources delivered nothing is there
/// without hours.
fn named(report: &Report, tally: &Tally, folds: &Folds) -> Hours {
    let mut known = Hours::default();
    if report.spans.is_empty() && report.sources.iter().all(|source| source.hours.is_none()) {
        return known;
    }
    let exported: BTreeSet<&Domain> = tally.domains.iter().map(|one| &one.domain).collect();
    let is_exported = |domain: &Domain| match folds.of(domain.as_str()) {
        Some(folded) => folds.is_own_host(domain) && exported.contains(folded),
        None => exported.contains(domain),
    };
    // Sources elsewhere lie outside the range, but tell that names of the domain's sources tell hours.
    report.spans.iter().filter(|span| is_exported(&span.domain)).for_each(|span| known.add(&span.domain, []));
    for source in &report.sources {
        let Some(named) = &source.hours else { continue };
        if is_exported(&named.domain) {
            let hours = source.delivered().then(|| touched(named.start, named.end));
            known.add(&named.domain, hours.into_iter().flatten());
        }
    }
    known
}

fn length(hours: &Range<i64>) -> u64 {
    (hours.end - hours.start).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::kind::Kind;
    use crate::domain::DomainSet;
    use crate::hours::HOUR_SECONDS;
    use crate::region::Region;
    use crate::report::{Counts, NamedHours, SourceReport};
    use crate::time::parse_iso;
    use crate::usage::Usage;

    fn range(start: &str, end: &str) -> TimeRange {
        TimeRange::covering(parse_iso(start).unwrap(), parse_iso(end).unwrap()).unwrap()
    }

    fn day() -> TimeRange {
        range("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
    }

    fn all() -> Selection {
        Selection { account: DomainSet::all(), wanted: DomainSet::all() }
    }

    fn domain(name: &str) -> Domain {
        Domain::new(name.as_bytes()).unwrap()
    }

    /// The sums of domains that have requests in some slices of a range.
    fn tally(range: TimeRange, domains: &[(&str, &[usize])]) -> Tally {
        let mut tally = Tally::new(Kind::Flow, range);
        for (name, slices) in domains {
            let mut usages = vec![Usage::default(); range.len()];
            slices.iter().for_each(|at| usages[*at].requests = [1, 0, 0, 0]);
            tally.add(Region::Cn, &usages, slices).unwrap();
            tally.end_domain(&domain(name)).unwrap();
        }
        tally
    }

    /// A source of `lines` lines, of a domain from an hour of the day on, or one whose name tells nothing.
    fn source(named: Option<(&str, i64)>, lines: u64, fault: Option<&str>) -> SourceReport {
        let midnight = day().start().start();
        let hours = |(name, hour): (&str, i64)| {
            let start = midnight + hour * HOUR_SECONDS;
            NamedHours { domain: domain(name), start, end: start + HOUR_SECONDS }
        };
        SourceReport {
            format: std::borrow::Cow::default(),
            name: String::new(),
            size: None,
            hours: named.map(hours),
            wildcard: None,
            counts: Counts { lines, accepted: lines, ..Counts::default() },
            fault: fault.map(Into::into),
            may_be_empty: false,
            padding: 0,
            sketch: crate::sketch::Sketch::default(),
        }
    }

    fn counted(sources: Vec<SourceReport>, domains: &[(&str, &[usize])]) -> (u64, u64, u64, u64) {
        counted_with(sources, &[], domains)
    }

    /// The same, with requests of domains in hours of the day from sources that are not certain to be of one domain.
    fn counted_with(
        sources: Vec<SourceReport>,
        shared: &[(&str, i64)],
        domains: &[(&str, &[usize])],
    ) -> (u64, u64, u64, u64) {
        let mut report = Report { sources, ..Report::default() };
        let first = day().start().start() / HOUR_SECONDS;
        for (name, hour) in shared {
            report.add_shared(&domain(name), Some(first + hour));
        }
        let found = super::counted(&report, &tally(day(), domains), day(), &all(), &Folds::default());
        (found.hours_with_log, found.hours, found.with_log, found.expected)
    }

    #[test]
    fn hours_that_names_tell() {
        let named = |hour| source(Some(("a.com", hour)), 9, None);
        // A late line in hour 0 is no log of that hour; two files of an hour are one hour; hour 30 is another day's.
        let sources = vec![named(1), named(2), named(2), named(30)];
        assert_eq!(counted(sources, &[("a.com", &[0, 12])]), (2, 24, 2, 24));
        let whole = (0..24).map(named).collect();
        assert_eq!(counted(whole, &[("a.com", &[0]), ("b.com", &[])]), (24, 24, 24, 24));
    }

    #[test]
    fn what_delivered_nothing_is_no_log() {
        let sources = vec![
            source(Some(("a.com", 1)), 0, None),
            source(Some(("a.com", 2)), 9, Some("ends early")),
            source(Some(("a.com", 3)), 9, None),
        ];
        assert_eq!(counted(sources, &[("a.com", &[24, 36])]), (1, 24, 1, 24));
        assert_eq!(counted(vec![], &[]), (0, 24, 0, 0));
    }

    #[test]
    fn sources_of_several_domains_stand_for_hours_with_requests() {
        let sources = || vec![source(Some(("a.com", 1)), 9, None), source(None, 9, None)];
        let domains: [(&str, &[usize]); 2] = [("a.com", &[0, 12]), ("b.com", &[12, 13, 287])];
        // No name tells a log of b.com: lines do that do not stand in the log of another domain. Those of a.com are late,
        // wherever lines of b.com come from.
        assert_eq!(counted(sources(), &domains), (1, 24, 1, 24));
        let of_b = [("b.com", 1), ("b.com", 23)];
        assert_eq!(counted_with(sources(), &of_b, &domains), (2, 24, 3, 48));
        assert_eq!(counted_with(sources(), &[("a.com", 0), ("a.com", 30)], &domains), (2, 24, 2, 24));
    }

    #[test]
    fn who_lacks_hours_is_named() {
        let mut report = Report { sources: vec![source(None, 9, None)], ..Report::default() };
        let hour = range("2026-03-01T00:30:00Z", "2026-03-01T01:30:00Z");
        let tally = tally(hour, &[("b.com", &[0, 11]), ("a.com", &[6])]);
        let first = day().start().start() / HOUR_SECONDS;
        for (name, hour) in [("b.com", first), ("b.com", first + 1), ("a.com", first + 1)] {
            report.add_shared(&domain(name), Some(hour));
        }
        let found = super::counted(&report, &tally, hour, &all(), &Folds::default());
        assert_eq!((found.hours, found.with_log, found.expected), (2, 3, 4));
        let a = Pattern::Exact(domain("a.com"));
        assert_eq!(found.lacking, [(a.clone(), 1)]);
        assert!(!found.is_complete());
        assert_eq!((found.gaps, found.more_gaps), (vec![(a, first..first + 1)], 0));
        let wanted: DomainSet =
            ["a.com", "*.b.com", "*.com"].into_iter().filter_map(Pattern::parse).collect();
        let found = super::counted(&report, &tally, hour, &Selection { wanted, ..all() }, &Folds::default());
        assert_eq!((found.with_log, found.expected), (3, 6));
        assert_eq!(found.lacking.last(), Some(&(Pattern::parse("*.b.com").unwrap(), 0)));
        assert!(!Completeness::default().is_complete());
    }
}
