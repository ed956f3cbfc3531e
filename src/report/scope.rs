//! The part of a report that concerns an export: sources in scope by name, everything else as one row of sums.
//!
//! A workbook for one customer shows nothing of the others, and its lines still add up.

use super::hosts::is_of;
use super::{Counts, NamedHours, Report, SourceReport, first_of_each_reason};
use crate::domain::{Domain, Folds, Pattern, Selection};
use crate::time::TimeRange;
use std::collections::HashSet;

/// The sources that do not concern an export, in sums.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// How many sources.
    pub sources: u64,
    /// All their lines; none of them is accepted.
    pub counts: Counts,
    /// How many of them could not be read to their end and may concern the export, because their names name no domain, or
    /// a wildcard with a domain of the export.
    pub faults: u64,
    /// The lines of sources that are faults because most of their lines were rejected.
    pub distrusted: Counts,
}

impl Elsewhere {
    fn add(&mut self, source: &SourceReport, selection: &Selection) {
        self.sources += 1;
        self.counts.merge(&source.counts);
        self.faults += u64::from(may_lack(source, selection));
        if source.is_distrusted() {
            self.distrusted.merge(&source.counts);
        }
    }
}

/// Whether a source could not be read to its end and may have had lines of a selection, as its name names no one domain.
fn may_lack(source: &SourceReport, selection: &Selection) -> bool {
    let wildcard = source.wildcard.as_ref().and_then(|wildcard| Pattern::parse(wildcard.as_str()));
    let may_concern = wildcard.is_none_or(|wildcard| selection.may_hold(&wildcard));
    source.fault.is_some() && source.hours.is_none() && may_concern
}

/// Seconds in an hour.
const HOUR: i64 = 3600;
/// By default, how far lines of a log may be from the hours in its name, in seconds.
pub const LATENESS: i64 = 24 * HOUR;

impl Counts {
    /// All lines without those in scope, when everything that counts is in scope: `self` counts the lines of the range
    /// as those of other domains.
    #[must_use]
    pub fn less(mut self, in_scope: &Self) -> Self {
        let take = |sum: &mut u64, part: u64| *sum = sum.saturating_sub(part);
        take(&mut self.lines, in_scope.lines);
        take(&mut self.blank, in_scope.blank);
        take(&mut self.skipped, in_scope.skipped);
        take(&mut self.outside_range, in_scope.outside_range);
        take(&mut self.other_domains, in_scope.other_domains + in_scope.accepted);
        self.rejected.iter_mut().zip(in_scope.rejected).for_each(|(sum, part)| take(sum, part));
        self
    }
}

/// What an export is concerned with.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Its domains.
    pub selection: &'a Selection,
    /// Its windows.
    pub range: TimeRange,
}

impl Scope<'_> {
    /// The hours that the range touches, from the start of the first to the end of the last, in unix seconds.
    #[must_use]
    pub fn hours(&self) -> (i64, i64) {
        let (start, end) = (self.range.start().start(), self.range.end().start());
        (start - start.rem_euclid(HOUR), end + (-end).rem_euclid(HOUR))
    }

    /// Whether a name has an hour that the range touches, of a domain of the selection.
    #[must_use]
    pub fn is_named(&self, hours: &NamedHours) -> bool {
        let (start, end) = self.hours();
        hours.start < end && hours.end > start && self.selection.contains(hours.domain.as_str())
    }

    /// Whether a source is shown by name: it has a line that counts, or an hour in scope in its name. An export of
    /// every domain also shows every source that is not just good and out of scope; an export of a whole account also
    /// shows the sources that could not be read and whose names name no domain, or a wildcard with a domain of it.
    #[must_use]
    pub fn holds(&self, source: &SourceReport) -> bool {
        let counts = &source.counts;
        let is_named = source.hours.as_ref().is_some_and(|hours| self.is_named(hours));
        let is_odd = source.fault.is_some()
            || counts.rejected_total() > 0
            || source.hours.is_none() && counts.out_of_scope() == 0;
        let is_shown = is_odd && self.selection.is_everything();
        counts.accepted > 0 || is_named || is_shown || self.may_lack(source)
    }

    /// Whether a source could not be read, and a whole account may lack its lines, for all that its name says.
    #[must_use]
    pub fn may_lack(&self, source: &SourceReport) -> bool {
        self.selection.wanted.is_all() && may_lack(source, self.selection)
    }

    /// Whether the text of a rejected line is shown: it certainly belongs to the selection, see [`is_of`]. `hours` is what
    /// the name of its log tells.
    #[must_use]
    pub fn shows(selection: &Selection, hours: Option<&NamedHours>, line: &[u8]) -> bool {
        let is_own = || hours.is_some_and(|hours| selection.contains(hours.domain.as_str()));
        selection.is_everything() || is_of(selection, is_own(), line)
    }
}

/// For each domain, the time from the first to the last hour in any name.
///
/// Names arrive in order, so that most names of one domain follow each other: each such run is one span until the end.
#[derive(Clone, Debug, Default)]
pub struct Spans(Vec<NamedHours>);

impl Spans {
    /// Adds the hours in a name.
    pub fn add(&mut self, hours: &NamedHours) {
        if !self.0.last_mut().is_some_and(|span| widen(span, hours)) {
            self.0.push(hours.clone());
        }
    }

    /// The spans, by domain.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<NamedHours> {
        self.0.sort_by(|a, b| a.domain.cmp(&b.domain));
        self.0.dedup_by(|hours, span| widen(span, hours));
        self.0
    }
}

/// Widens a span to these hours, if they are of its domain.
fn widen(span: &mut NamedHours, hours: &NamedHours) -> bool {
    if span.domain != hours.domain {
        return false;
    }
    span.start = span.start.min(hours.start);
    span.end = span.end.max(hours.end);
    true
}

impl Report {
    /// Keeps what concerns an export, see [`Scope::holds`]; everything else is summed up in [`Report::elsewhere`]. Of
    /// each reason, the first [`SAMPLES_PER_REASON`](super::SAMPLES_PER_REASON) samples in scope are kept.
    #[must_use]
    pub fn scoped(self, selection: &Selection, folds: Option<&Folds>, range: TimeRange) -> Self {
        let scope = Scope { selection, range };
        // Overlaps found before may name others.
        let Self { sources, samples, mut duplicates, mut elsewhere, spans, mut shared, overlaps: _ } = self;
        let is_asked = |domain: &Domain| {
            selection.contains(domain.as_str()) || folds.is_some_and(|folds| folds.gives(domain))
        };
        shared.retain(|domain, _| is_asked(domain));
        let mut all_hours = Spans::default();
        for span in &spans {
            all_hours.add(span);
        }
        let (mut kept, mut moved) = (Vec::new(), Vec::with_capacity(sources.len()));
        for source in sources {
            let hours = source.hours.as_ref();
            hours
                .filter(|h| selection.contains(h.domain.as_str()))
                .into_iter()
                .for_each(|h| all_hours.add(h));
            let is_held = scope.holds(&source);
            moved.push(is_held.then_some(kept.len()));
            if is_held { kept.push(source) } else { elsewhere.add(&source, selection) }
        }
        let samples = samples.into_iter().filter_map(|mut sample| {
            sample.source = moved[sample.source]?;
            Some(sample)
        });
        let samples = first_of_each_reason(samples.collect());
        if !duplicates.is_empty() {
            let names: HashSet<&str> = kept.iter().map(|source| source.name.as_str()).collect();
            duplicates.retain(|duplicate| names.contains(duplicate.same_as.as_str()));
        }
        let spans = all_hours.into_sorted();
        Self { sources: kept, samples, duplicates, elsewhere, spans, shared, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DomainSet;
    use crate::record::Reason;
    use crate::report::{Duplicate, Sample};

    /// A source with so many lines accepted, out of scope and rejected; its name tells a domain and an hour, or nothing.
    fn source(name: &str, named: Option<(&str, i64)>, lines: [u64; 3]) -> SourceReport {
        let [accepted, outside_range, rejected] = lines;
        let mut counts = Counts { lines: lines.iter().sum(), accepted, outside_range, ..Counts::default() };
        counts.rejected[0] = rejected;
        let hours = named.map(|(domain, hour)| NamedHours {
            domain: Domain::new(domain.as_bytes()).unwrap(),
            start: hour * HOUR,
            end: (hour + 1) * HOUR,
        });
        SourceReport {
            format: std::borrow::Cow::default(),
            name: name.into(),
            size: None,
            hours,
            wildcard: None,
            counts,
            fault: None,
            may_be_empty: false,
            padding: 0,
            sketch: crate::sketch::Sketch::default(),
        }
    }

    fn report() -> Report {
        let sources = vec![
            source("a0", Some(("a.com", 0)), [0, 1, 1]),
            source("a7", Some(("a.com", 7)), [0, 0, 1]),
            source("b7", Some(("b.com", 7)), [0, 2, 1]),
            source("good", None, [0, 3, 0]),
            source("late", Some(("b.com", 8)), [1, 2, 0]),
            source("odd", None, [0, 0, 4]),
        ];
        let sample = |source| Sample {
            source,
            line: 1,
            reason: Reason::ALL[0],
            text: source.to_string().into_bytes(),
        };
        let duplicate = |name: &str, same_as: &str| Duplicate { name: name.into(), same_as: same_as.into() };
        Report {
            sources,
            samples: [0, 1, 2, 5].map(sample).into(),
            duplicates: vec![duplicate("copy", "a7"), duplicate("other", "b7")],
            ..Report::default()
        }
    }

    #[test]
    fn rejected_lines_of_others_are_not_shown() {
        let only = |name: &str| Selection {
            account: DomainSet::all(),
            wanted: [Pattern::Exact(Domain::new(name.as_bytes()).unwrap())].into_iter().collect(),
        };
        let hours = |name: &str| source("x", Some((name, 1)), [0, 0, 1]).hours;
        let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
        let shows = |selection: &Selection, line: &str| Scope::shows(selection, None, line.as_bytes());
        let (own, other) =
            (r#"1 "http://b.com/" "GET http://A.com/x" 200"#, r#"1 "-" "GET https://b.com/x" x"#);
        assert!(shows(&only("a.com"), own) && !shows(&only("b.com"), own) && shows(&all, other));
        assert!(!shows(&only("a.com"), other) && shows(&only("b.com"), other));
        assert!(!shows(&only("a.com"), &format!("{own}{other}")) && !shows(&only("a.com"), "junk"));
        assert!(!shows(&only("a.com"), "GET ftp://a.com/") && !shows(&only("a.com"), "GET http:///x"));
        assert!(Scope::shows(&only("a.com"), hours("a.com").as_ref(), b"junk"));
        assert!(!Scope::shows(&only("a.com"), hours("b.com").as_ref(), b"junk"));
        // What a host cannot be told of may be another's.
        for line in [
            r#"1 "-" "GET HTTPS://b.com/x" 2x0 "W; https://a.com""#,
            r#"1 "-" "GET http://a.com:pw@b.com/x" x"#,
            r#"1 "-" "GET /x" 200 1 HIT "W; https://a.com""#,
            r#"1 "-" "http://b.com/x" 200 1 HIT "W; https://a.com""#,
            "1 \"-\" \"GET\thttp://b.com/x\" 200 1 HIT \"W; https://a.com\"",
            r#"1 "-" "GET //b.com/x" 200 "W; https://a.com""#,
            r#"1 "-" "GET b.com/x" 200 "W; https://a.com""#,
            r#"1 "-" "GET http:/b.com/x" 200 "W; https://a.com""#,
            r#"1 "-" "GET http://a.com/x" 200[1/Mar 1 "-" "GET /y" 200"#,
            r#"https://b.com/x 1 "-" "GET http://a.com/x" 200"#,
            "\u{feff}https://b.com/x 1 \"-\" \"GET http://a.com/x\" 200",
        ] {
            assert!(!shows(&only("a.com"), line), "{line}");
        }
        assert!(shows(
            &only("a.com"),
            r#"1 "https://b.com/" "get http://A.com:80?x" x "Bot/1 (+http://b.com/)""#
        ));
        // Nor where a log of the selection holds them.
        for (line, expected) in [
            (own, true),
            (other, false),
            (r#"1 "https://b.com/" "GET /x" 2"#, false),
            (r#"1 "https://a.com/" "GET /x" 2"#, true),
            ("https://b.com/x 200", false),
            ("https://a.com/x 200", true),
            ("\0https://b.com/x 200", false),
        ] {
            assert_eq!(
                Scope::shows(&only("a.com"), hours("a.com").as_ref(), line.as_bytes()),
                expected,
                "{line}"
            );
        }
    }

    fn scoped(wanted: DomainSet) -> Report {
        let range = TimeRange::covering(7 * HOUR, 8 * HOUR).unwrap();
        report().scoped(&Selection { account: DomainSet::all(), wanted }, None, range)
    }

    fn names(report: &Report) -> Vec<&str> {
        report.sources.iter().map(|source| source.name.as_str()).collect()
    }

    #[test]
    fn a_part_sees_what_counts_or_is_named() {
        let part = scoped(DomainSet::from_texts(["a.com"]).unwrap());
        assert_eq!(names(&part), ["a7", "late"]);
        assert_eq!(
            part.samples.iter().map(|s| (s.source, &s.text[..])).collect::<Vec<_>>(),
            [(0, &b"1"[..])]
        );
        assert_eq!(part.duplicates.iter().map(|d| &d.name[..]).collect::<Vec<_>>(), ["copy"]);
        assert_eq!((part.elsewhere.sources, part.elsewhere.counts.lines), (4, 12));
        assert_eq!(part.totals(), report().totals());
        let span = &part.spans[..];
        assert!(matches!(span, [NamedHours { start: 0, end, .. }] if *end == 8 * HOUR), "{span:?}");
    }

    #[test]
    fn the_whole_account_sees_all_but_what_is_good_and_elsewhere() {
        let whole = scoped(DomainSet::all());
        assert_eq!(names(&whole), ["a0", "a7", "b7", "late", "odd"]);
        assert_eq!((whole.elsewhere.sources, whole.totals()), (1, report().totals()));
        // What is in scope already stays as it is.
        let selection = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
        assert_eq!(
            whole.clone().scoped(&selection, None, TimeRange::covering(7 * HOUR, 8 * HOUR).unwrap()),
            whole
        );
    }
}
