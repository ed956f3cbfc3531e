//! Whether a store has everything that an export needs: [`coverage`], and what arrived late.

use crate::delivery::place::as_path;
use crate::domain::{Domain, DomainSet, Folds, Pattern, Selection};
use crate::error::Result;
use crate::hours::{self, HOUR_SECONDS, Hours};
use crate::names::is_domain;
use crate::regular;
use crate::report::overlap::{self, Candidate, Overlap};
use crate::report::{NamedHours, Scope};
use crate::store::{Passed, Reader, SourceId, Surveyed};
use crate::time::{TimeRange, Window, iso};
use std::collections::{BTreeMap, BTreeSet};
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
    /// The same of sources whose names name nothing, when every domain has a log that is named for each hour: then it
    /// does not matter what they are.
    pub strays: Vec<(String, String)>,
    /// Sources that touch the range and selection and have no line, unless such sources count as delivered; sorted by
    /// name.
    pub empty: Vec<Empty>,
}

/// A source without a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Empty {
    /// The first name of the source.
    pub name: String,
    /// The domain in its name,
    pub domain: Domain,
    /// and the hours, since 1970.
    pub hours: Range<i64>,
}

/// What a store has of a domain, hour by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainHours {
    /// The domain, or a wildcard of the request that matches no domain of the store.
    pub domain: Pattern,
    /// Whether it has any source in the store at all.
    pub has_source: bool,
    /// Whether it is in the name of any source.
    pub is_named: bool,
    /// Hours of the span that have a source.
    pub complete: u64,
    /// Hours of the span that have none and need one, as gaps in order.
    pub gaps: Vec<Range<i64>>,
}

impl DomainHours {
    /// Hours of the span that need a source and have none.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.gaps.iter().map(length).sum()
    }

    /// Whether any of these hours needs a source.
    fn lacks(&self, hours: &Range<i64>) -> bool {
        self.gaps.iter().any(|gap| gap.start < hours.end && gap.end > hours.start)
    }

    /// Needs no source of these hours.
    fn allow(&mut self, hours: &BTreeSet<i64>) {
        let left = self.gaps.iter().flat_map(Clone::clone).filter(|hour| !hours.contains(hour));
        let mut gaps: Vec<Range<i64>> = Vec::new();
        for hour in left {
            match gaps.last_mut().filter(|gap| gap.end == hour) {
                Some(gap) => gap.end = hour + 1,
                None => gaps.push(hour..hour + 1),
            }
        }
        self.gaps = gaps;
    }
}

impl Coverage {
    /// How many hours of the span have a source, of every domain.
    #[must_use]
    pub fn hours(&self) -> BTreeMap<Domain, u64> {
        let hours = |one: &DomainHours| match &one.domain {
            Pattern::Exact(domain) => Some((domain.clone(), one.complete)),
            // It has none.
            Pattern::Subdomains(_) => None,
        };
        self.domains.iter().filter_map(hours).collect()
    }

    /// The same for an export that folds hosts: the hosts that are in no name, and count as one domain, share the hours
    /// of any of them.
    #[must_use]
    pub fn folded(&self, folds: &Folds) -> Self {
        let Some(span) = self.span.clone().filter(|_| !folds.is_empty()) else { return self.clone() };
        let (mut domains, mut missing) = (Vec::new(), BTreeMap::<&Domain, BTreeSet<i64>>::new());
        for one in &self.domains {
            let folded = match &one.domain {
                Pattern::Exact(domain) if !(one.is_named && folds.is_own_host(domain)) => {
                    folds.of(domain.as_str())
                }
                _ => None,
            };
            let Some(folded) = folded else {
                domains.push(one.clone());
                continue;
            };
            let own: BTreeSet<i64> = one.gaps.iter().flat_map(Clone::clone).collect();
            missing.entry(folded).and_modify(|all| all.retain(|hour| own.contains(hour))).or_insert(own);
        }
        for (domain, missing) in missing {
            let mut known = Hours::default();
            known.add(domain, span.clone().filter(|hour| !missing.contains(hour)));
            domains.push(of_domain(&known, domain.clone(), Some(&span), false));
        }
        Self { domains, ..self.clone() }
    }

    /// Whether there is a domain, and every domain has a source in every hour, read to its end.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let is_whole = |domain: &DomainHours| domain.has_source && domain.gaps.is_empty();
        self.faults.is_empty() && !self.domains.is_empty() && self.domains.iter().all(is_whole)
    }

    /// What is missing, in one line; `None` if nothing is.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        self.missing_of(|_| true)
    }

    /// What is missing of the domains for which `asked` is true, in one line; `None` if nothing is.
    #[must_use]
    pub fn missing_of(&self, asked: impl Fn(&DomainHours) -> bool) -> Option<String> {
        if self.domains.is_empty() {
            return Some("no domain has a log".into());
        }
        let domains: Vec<&DomainHours> = self.domains.iter().filter(|domain| asked(domain)).collect();
        let gaps = || domains.iter().flat_map(|domain| domain.gaps.iter().map(move |gap| (domain, gap)));
        let named = |(domain, gap): (&&DomainHours, &Range<i64>)| {
            let (from, until) = (iso(gap.start * HOUR_SECONDS), iso(gap.end * HOUR_SECONDS));
            format!("{} has no log from {from} to {until}", domain.domain)
        };
        let without = domains.iter().filter(|domain| !domain.has_source && domain.gaps.is_empty());
        let mut texts: Vec<String> = gaps().map(named).take(NAMED_GAPS).collect();
        texts.extend(without.map(|domain| format!("{} has no log", domain.domain)).take(NAMED_GAPS));
        let more = gaps().count().saturating_sub(NAMED_GAPS);
        texts.extend((more > 0).then(|| format!("{more} more gaps")));
        let faults = self.faults.iter().take(NAMED_GAPS);
        texts.extend(faults.map(|(name, fault)| format!("{name}: {fault}")));
        texts.extend(self.empty.iter().take(NAMED_GAPS).map(|one| format!("{} has no line", one.name)));
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

/// [`coverage`] of a range. An hour without a log is not a gap of the `quiet` domains if the name of another domain's
/// log has that hour: then the hour was delivered, and a quiet domain gets no log for an hour without a request.
///
/// # Errors
/// If the store fails.
pub fn coverage_with(
    reader: &Reader,
    selection: &Selection,
    range: TimeRange,
    quiet: &DomainSet,
) -> Result<Coverage> {
    let mut coverage = coverage(reader, selection, Some(range))?;
    let is_quiet = |domain: &DomainHours| !domain.gaps.is_empty() && quiet.covers(&domain.domain);
    if coverage.domains.iter().any(is_quiet) {
        let delivered = reader.delivered_hours(range)?;
        coverage
            .domains
            .iter_mut()
            .filter(|domain| is_quiet(domain))
            .for_each(|domain| domain.allow(&delivered));
        // An empty file of such an hour says no less than none.
        let Coverage { domains, empty, .. } = &mut coverage;
        empty.retain(|one| {
            let own = domains
                .iter()
                .find(|own| matches!(&own.domain, Pattern::Exact(domain) if *domain == one.domain));
            own.is_none_or(|own| !quiet.covers(&own.domain) || own.lacks(&one.hours))
        });
    }
    Ok(coverage)
}

fn length(hours: &Range<i64>) -> u64 {
    (hours.end - hours.start).unsigned_abs()
}

/// The hours that the store has of a selection. The hours of a source are those in its name. For sources whose names
/// name nothing, and for domains that no name has, they are the hours with usage.
///
/// # Errors
/// If the store fails.
pub fn coverage(reader: &Reader, selection: &Selection, range: Option<TimeRange>) -> Result<Coverage> {
    let mut covered = Covered::new(selection, range);
    match covered.asked.clone() {
        Some(asked) => covered.add_named(reader, &asked)?,
        None => reader.pass(|source| covered.add(source))?,
    }
    covered.finish(reader)
}

/// What sources cover, one after the other.
struct Covered<'a> {
    selection: &'a Selection,
    range: Option<TimeRange>,
    /// The hours of the range.
    asked: Option<Range<i64>>,
    /// From the first to the last hour of any source, be it of the selection or not.
    all: Option<Range<i64>>,
    known: Hours,
    faults: Vec<(Short, String)>,
    /// Sources without a line, each behind what it is sorted by: domain, end, start, arrival.
    empty: Vec<((Domain, i64, i64, i64), Short)>,
}

/// A source that does not deliver the hours that its name tells.
struct Short {
    id: SourceId,
    name: String,
    domain: Domain,
    hours: Range<i64>,
}

impl<'a> Covered<'a> {
    fn new(selection: &'a Selection, range: Option<TimeRange>) -> Self {
        let (known, faults, empty) = (Hours::default(), Vec::new(), Vec::new());
        Self { selection, range, asked: range.map(hours::of_range), all: None, known, faults, empty }
    }

    /// Adds the sources whose names tell hours that are asked for. Of each domain of the selection it is known that it has
    /// any; its other sources are passed over.
    fn add_named(&mut self, reader: &Reader, asked: &Range<i64>) -> Result<()> {
        let domains = reader.named_domains()?.into_iter();
        for domain in domains.filter(|domain| self.selection.contains(domain.as_str())) {
            self.known.add(&domain, []);
            let before = (self.faults.len(), self.empty.len());
            reader.pass_named(&domain, asked, |source| self.add(source))?;
            // Whether others delivered the hours of those is asked also of hours that are not asked for.
            let faults = self.faults[before.0..].iter().map(|(short, _)| short);
            let wider = faults.chain(self.empty[before.1..].iter().map(|(_, short)| short));
            let wider = wider.fold(asked.clone(), |all, short| hull(&all, &short.hours));
            if wider != *asked {
                reader.pass_named(&domain, &wider, |source| self.add_known(source))?;
            }
        }
        Ok(())
    }

    /// Adds the hours of a source, whatever else is to be said of it.
    fn add_known(&mut self, source: &Passed<'_>) {
        let Some(hours) = source.hours.filter(|_| source.is_delivered) else { return };
        self.known.add(&hours.domain, hours::touched(hours.start, hours.end));
    }

    fn add(&mut self, source: &Passed<'_>) {
        let Some(hours) = source.hours else { return };
        let own = hours::touched(hours.start, hours.end);
        self.add_to_all(&own);
        if !self.selection.contains(hours.domain.as_str()) {
            return;
        }
        self.known.add(&hours.domain, own.clone().filter(|_| source.is_delivered));
        if self.asked.as_ref().is_some_and(|asked| hours::shared(asked, &own).is_empty()) {
            return;
        }
        let (id, domain) = (source.id, hours.domain.clone());
        let short = || Short { id, name: source.name.to_owned(), domain, hours: own };
        match source.fault {
            Some(fault) => self.faults.push((short(), fault.to_owned())),
            None if source.is_delivered => {}
            None => {
                let key = (hours.domain.clone(), hours.end, hours.start, source.arrived);
                self.empty.push((key, short()));
            }
        }
    }

    fn add_to_all(&mut self, own: &Range<i64>) {
        self.all = Some(self.all.as_ref().map_or_else(|| own.clone(), |all| hull(all, own)));
    }

    fn finish(mut self, reader: &Reader) -> Result<Coverage> {
        let windows = self.range.unwrap_or(TimeRange::all());
        // Only without a range it matters from when to when there is anything.
        if self.asked.is_none()
            && let Some(own) = reader.unnamed_extent()?
        {
            self.add_to_all(&own);
        }
        let mut unnamed = reader.unnamed_faults(windows, self.selection)?;
        let told: BTreeSet<Domain> = self.known.domains().cloned().collect();
        let named = if unnamed.is_empty() { None } else { Some(self.known.clone()) };
        reader.add_by_lines(windows, self.selection, &mut self.known)?;
        let mut faults = Vec::new();
        for (short, fault) in std::mem::take(&mut self.faults) {
            if self.is_wanting(&short, reader)? {
                faults.push((short.name, fault));
            }
        }
        self.empty.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut empty = Vec::new();
        for (_, short) in std::mem::take(&mut self.empty) {
            if self.is_wanting(&short, reader)? {
                empty.push(Empty { name: short.name, domain: short.domain, hours: short.hours });
            }
        }
        let span = self.asked.or(self.all);
        let mut domains = self.selection.resolve(self.known.domains());
        if self.selection.is_everything() && domains.iter().any(|domain| !is_domain(domain)) {
            // A word such as `all` is what a log of many domains is called by, unless it has lines.
            let with_usage = reader.keys(TimeRange::all(), self.selection)?;
            let has_usage =
                |domain: &Domain| with_usage.binary_search_by(|(known, _)| known.cmp(domain)).is_ok();
            domains.retain(|domain| is_domain(domain) || has_usage(domain));
        }
        let is_whole =
            |named: Hours, span: &Range<i64>| domains.iter().all(|one| named.gaps(one, span).is_empty());
        let are_stray = !domains.is_empty()
            && named.zip(span.as_ref()).is_some_and(|(named, span)| is_whole(named, span));
        let mut strays = if are_stray { std::mem::take(&mut unnamed) } else { Vec::new() };
        faults.append(&mut unnamed);
        faults.sort();
        strays.sort();
        let wildcards = self.selection.idle_wildcards(domains.iter()).into_iter();
        let wildcards: Vec<_> = wildcards.map(|wildcard| of_none(wildcard, span.as_ref())).collect();
        let domains = domains.into_iter().map(|domain| {
            let is_named = told.contains(domain.as_str());
            of_domain(&self.known, domain, span.as_ref(), is_named)
        });
        let domains = domains.chain(wildcards).collect();
        Ok(Coverage { span, domains, faults, strays, empty })
    }

    /// Whether something is missing for a source: not where its file is gone, and others delivered all of its hours.
    fn is_wanting(&self, short: &Short, reader: &Reader) -> Result<bool> {
        let is_delivered = self.known.gaps(&short.domain, &short.hours).is_empty();
        Ok(!is_delivered || reader.paths(short.id)?.iter().any(|path| regular::stands_at(&as_path(path))))
    }
}

/// From the first hour of either to the last one.
fn hull(one: &Range<i64>, other: &Range<i64>) -> Range<i64> {
    one.start.min(other.start)..one.end.max(other.end)
}

fn of_domain(known: &Hours, domain: Domain, span: Option<&Range<i64>>, is_named: bool) -> DomainHours {
    let gaps = span.map(|span| known.gaps(&domain, span)).unwrap_or_default();
    let complete = span.map_or(0, length) - gaps.iter().map(length).sum::<u64>();
    DomainHours { has_source: known.has(&domain), is_named, domain: Pattern::Exact(domain), complete, gaps }
}

/// What a store has of a wildcard that stands for none of its domains.
fn of_none(wildcard: Pattern, span: Option<&Range<i64>>) -> DomainHours {
    DomainHours {
        has_source: false,
        is_named: false,
        domain: wildcard,
        complete: 0,
        gaps: span.cloned().into_iter().collect(),
    }
}

/// What a store has of a selection, and what is to be reported of its sources.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What there is, hour by hour.
    pub coverage: Coverage,
    /// Sources that were read for the first time long after the end of their hours, in the order of names.
    pub arrivals: Vec<LateArrival>,
    /// Sources with lines in the range that lie before their hours, in the order of names.
    pub lines: Vec<LateLines>,
    /// What may be counted twice.
    pub overlaps: Vec<Overlap>,
}

/// A source that was read for the first time long after its hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateArrival {
    /// The first name of the source.
    pub name: String,
    /// The end of the hours in its name, in unix seconds.
    pub end: i64,
    /// Unix seconds of its first reading.
    pub arrived: i64,
}

impl LateArrival {
    /// How many seconds after the end of its hours it was read.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.arrived.saturating_sub(self.end)
    }
}

/// The late lines of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateLines {
    /// The first name of the source.
    pub name: String,
    /// The start of the first slice of the hours in its name, in unix seconds.
    pub start: i64,
    /// How many lines lie before these hours.
    pub lines: u64,
    /// The first window of any.
    pub first: Window,
}

impl LateLines {
    /// By how many seconds the first of their windows begins before the first window of the hours.
    #[must_use]
    pub fn by(&self) -> i64 {
        self.start - self.first.start()
    }
}

/// [`coverage`], and what else is to be reported of the sources of a selection in a range. A source is late if it was
/// first read more than `late_after` after the end of its hours.
///
/// # Errors
/// If the store fails.
pub fn survey(
    reader: &Reader,
    selection: &Selection,
    range: Option<TimeRange>,
    late_after: Duration,
) -> Result<Survey> {
    let windows = range.unwrap_or(TimeRange::all());
    let mut covered = Covered::new(selection, range);
    let sources = reader.survey(Scope { selection, range: windows }, |source| covered.add(source))?;
    Ok(Survey {
        coverage: covered.finish(reader)?,
        overlaps: overlap::among(&sources.iter().map(candidate).collect::<Vec<_>>()),
        lines: sources.iter().filter_map(late_lines).collect(),
        arrivals: late_arrivals(sources, selection, windows, late_after),
    })
}

fn candidate(source: &Surveyed) -> Candidate<'_> {
    let Surveyed { name, hours, lines, sketch, .. } = source;
    Candidate { name, hours: hours.as_ref(), lines: *lines, sketch }
}

fn late_lines(source: &Surveyed) -> Option<LateLines> {
    let (lines, first) = source.late?;
    let start = source.hours.as_ref()?.first_window_start();
    Some(LateLines { name: source.name.clone(), start, lines, first })
}

fn late_arrivals(
    sources: Vec<Surveyed>,
    selection: &Selection,
    range: TimeRange,
    limit: Duration,
) -> Vec<LateArrival> {
    let limit = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
    let (from, until) = (range.start().start(), range.end().start());
    let late = |source: Surveyed| {
        let NamedHours { domain, start, end } = source.hours?;
        let is_asked = selection.contains(domain.as_str()) && start < until && end > from;
        let late = LateArrival { name: source.name, end, arrived: source.arrived };
        Some(late).filter(|late| is_asked && late.by() > limit)
    };
    sources.into_iter().filter_map(late).collect()
}
