//! What was read, what was not counted and why: [`Report`]. Its lines add up.
//!
//! Knows nothing of how lines are read or how a report is shown.

pub mod overlap;
mod hosts;
mod scope;
pub mod samples;

pub use scope::{Elsewhere, LATENESS, Scope, Spans};

use crate::decimal::scaled;
use crate::domain::{Domain, MAX_LEN};
use crate::fault::Fault;
use crate::record::Reason;
use crate::sketch::Sketch;
use crate::time::{WINDOW_SECONDS, Window};
use overlap::Overlap;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// Rejected lines kept as samples, per reason.
pub const SAMPLES_PER_REASON: usize = 5;
/// Bytes of a rejected line kept in a sample.
pub const SAMPLE_BYTES: usize = 500;

/// Line counts of one source, or of several together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Lines read, of every kind.
    pub lines: u64,
    /// Lines that count in the export.
    pub accepted: u64,
    /// Good lines whose slice is outside the range.
    pub outside_range: u64,
    /// Good lines in the range, of domains that are not in the selection.
    pub other_domains: u64,
    /// Empty lines.
    pub blank: u64,
    /// Lines that are not a request by the rules of their format, such as comments and headers.
    pub skipped: u64,
    /// Lines without meaning, by [`Reason`].
    pub rejected: [u64; Reason::ALL.len()],
    /// Good lines whose slice is before the hours in the file's name; they count like any other.
    pub late: u64,
    /// The earliest window with such a line.
    pub first_late: Option<Window>,
    /// Response bytes of the accepted lines.
    pub traffic: u128,
}

/// The message for lines that have no domain, and what to do.
pub const NO_DOMAIN: &str = "have a path and no host, and the file's name names no domain: name it with --domain NAME \
                             (domain = \"NAME\" of [[source]] in a configuration)";

impl Counts {
    /// These lines without others among them.
    #[must_use]
    pub(crate) fn without_lines(mut self, others: &Self) -> Self {
        self.lines = self.lines.saturating_sub(others.lines);
        for (sum, part) in self.rejected.iter_mut().zip(others.rejected) {
            *sum = sum.saturating_sub(part);
        }
        self
    }

    /// Whether most of the rejected lines were rejected only because they have no domain.
    #[must_use]
    pub fn lacks_domains(&self) -> bool {
        self.rejected[Reason::NoDomain as usize] * 2 > self.rejected_total()
    }

    /// Rejected lines, for any reason.
    #[must_use]
    pub fn rejected_total(&self) -> u64 {
        self.rejected.iter().sum()
    }

    /// Good lines that do not count in this export.
    #[must_use]
    pub const fn out_of_scope(&self) -> u64 {
        self.outside_range + self.other_domains
    }

    /// Lines that ask for nothing: blank and skipped ones.
    #[must_use]
    pub const fn without_request(&self) -> u64 {
        self.blank + self.skipped
    }

    /// The law of conservation: lines read = accepted + out of scope + rejected + blank + skipped.
    #[must_use]
    pub fn balanced(&self) -> bool {
        self.lines == self.accepted + self.out_of_scope() + self.rejected_total() + self.without_request()
    }

    /// Adds the counts of another part.
    ///
    /// # Panics
    /// When a sum exceeds 2^64 - 1, as none does of lines that were read: see [`Counts::try_merge`].
    pub fn merge(&mut self, other: &Self) {
        self.try_merge(other).expect("lines that were read are fewer than 2^64");
    }

    /// Adds counts that are not trusted: `None` if a sum grows too large, and then the sums are undefined.
    #[must_use]
    pub fn try_merge(&mut self, other: &Self) -> Option<()> {
        let mut is_too_large = false;
        let mut add = |sum: &mut u64, more: u64| {
            let (total, is_over) = sum.overflowing_add(more);
            is_too_large |= is_over;
            *sum = total;
        };
        add(&mut self.lines, other.lines);
        add(&mut self.accepted, other.accepted);
        add(&mut self.outside_range, other.outside_range);
        add(&mut self.other_domains, other.other_domains);
        add(&mut self.blank, other.blank);
        add(&mut self.skipped, other.skipped);
        add(&mut self.late, other.late);
        for (sum, more) in self.rejected.iter_mut().zip(other.rejected) {
            add(sum, more);
        }
        self.traffic = self.traffic.checked_add(other.traffic)?;
        self.first_late = [self.first_late, other.first_late].into_iter().flatten().min();
        (!is_too_large).then_some(())
    }
}

/// The hours in a file name: `[start, end)` in unix seconds, for one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedHours {
    /// The domain in the file name.
    pub domain: Domain,
    /// Start of the file's span.
    pub start: i64,
    /// End of the file's span, exclusive.
    pub end: i64,
}

impl NamedHours {
    /// How much this name is preferred among the names of the same text, from 1: the shortest domain comes first, so
    /// that a copy `backup_www.example.com` takes no line from `www.example.com`. A word without a dot, such as
    /// `access`, comes last.
    ///
    /// # Panics
    /// Never: no domain is longer than [`MAX_LEN`].
    #[must_use]
    pub fn rank(&self) -> u32 {
        let domain = self.domain.as_str();
        let is_word = !domain.contains('.');
        if is_word {
            1
        } else {
            u32::try_from(MAX_LEN.saturating_sub(domain.len())).expect("no domain is so long") + 1
        }
    }

    /// The start of the first window of the span: lines of windows before it are late.
    #[must_use]
    pub fn first_window_start(&self) -> i64 {
        self.start - self.start.rem_euclid(WINDOW_SECONDS)
    }
}

/// A number of seconds as `26:05`.
#[must_use]
pub fn hours_and_minutes(seconds: i64) -> String {
    let minutes = seconds / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

/// One source and its result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// The path as given or found; `stdin` for standard input.
    pub name: String,
    /// Size on disk in bytes, if it has one.
    pub size: Option<u64>,
    /// The domain and hours in the file's name.
    pub hours: Option<NamedHours>,
    /// The wildcard domain in the file's name: see [`Domain::wildcard`].
    pub wildcard: Option<Domain>,
    /// The name of the format that its lines were read in; empty if that is not known.
    pub format: Cow<'static, str>,
    /// Its lines.
    pub counts: Counts,
    /// Why reading ended early, or why the source was not accepted as a log. What was read counts only if the user said
    /// to go on.
    pub fault: Option<Fault>,
    /// Whether the source delivers its hours even if it has no line.
    pub may_be_empty: bool,
    /// Newlines and other blanks between or behind its compressed streams, in bytes. They are skipped.
    pub padding: u64,
    /// A sketch of its lines, to find out whether they are also in other sources: see [`overlap`].
    pub sketch: Sketch,
}

/// Whether a source delivers the hours in its name: it has no fault, and has more `lines` than `empty` ones (blank or
/// skipped) or may be empty.
#[must_use]
pub const fn delivers(has_fault: bool, may_be_empty: bool, lines: u64, empty: u64) -> bool {
    !has_fault && (may_be_empty || lines > empty)
}

impl SourceReport {
    /// Whether the source is a fault because most of its lines were rejected: it is named, and its lines are not judged
    /// with the others.
    #[must_use]
    pub fn is_distrusted(&self) -> bool {
        self.fault.is_some() && 2 * self.counts.rejected_total() > self.counts.lines
    }

    /// Whether the hours of the source are there: see [`delivers`].
    #[must_use]
    pub const fn delivered(&self) -> bool {
        delivers(self.fault.is_some(), self.may_be_empty, self.counts.lines, self.counts.without_request())
    }

    /// Whether the source has no fault and only blank and skipped lines, if any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fault.is_none() && self.counts.lines == self.counts.without_request()
    }

    /// The first window with a late line, and by how many seconds it begins before the source's first window.
    #[must_use]
    pub fn late_by(&self) -> Option<(Window, i64)> {
        let first = self.counts.first_late?;
        Some((first, self.hours.as_ref()?.first_window_start() - first.start()))
    }
}

/// A rejected line, shortened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Index into [`Report::sources`].
    pub source: usize,
    /// Line number, from 1.
    pub line: u64,
    /// Why it was rejected.
    pub reason: Reason,
    /// Its first [`SAMPLE_BYTES`] bytes.
    pub text: Vec<u8>,
}

/// A source that was skipped because another one has the same content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The source that was skipped.
    pub name: String,
    /// The source that was read in its place.
    pub same_as: String,
}

/// Logs that were not opened because, by their names, no line of them counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotOpened {
    /// Logs whose hours are too far from the range.
    pub other_hours: u64,
    /// Logs whose domain is not in the selection.
    pub other_domains: u64,
}

/// Everything that was read, in the order of source names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The sources that concern the export, sorted by name.
    pub sources: Vec<SourceReport>,
    /// The first rejected lines of each reason, in the order of sources and lines.
    pub samples: Vec<Sample>,
    /// Sources skipped because they are there twice.
    pub duplicates: Vec<Duplicate>,
    /// Sources that do not concern the export, in sums: see [`Report::scoped`].
    pub elsewhere: Elsewhere,
    /// For each domain of the export, the time from the first to the last hour in the names of its sources, including
    /// those elsewhere. Sorted by domain.
    pub spans: Vec<NamedHours>,
    /// For each domain with a line that counts in a source that is not certain to be of one domain, the hours since 1970
    /// in which such a line is evidence of a log: perhaps none.
    pub shared: BTreeMap<Domain, Vec<Range<i64>>>,
    /// See [`Report::overlaps`]: found when it is asked for first.
    pub(crate) overlaps: OnceLock<Vec<Overlap>>,
}

impl Report {
    /// Adds a domain to [`Report::shared`], with an hour or none. Hours mostly arrive in order, so one span covers
    /// consecutive hours.
    pub fn add_shared(&mut self, domain: &Domain, hour: Option<i64>) {
        if !self.shared.contains_key(domain.as_str()) {
            // Of a million hosts, most have one.
            self.shared.insert(domain.clone(), Vec::with_capacity(usize::from(hour.is_some())));
        }
        let (Some(spans), Some(hour)) = (self.shared.get_mut(domain.as_str()), hour) else { return };
        match spans.last_mut() {
            Some(last) if last.contains(&hour) => {}
            Some(last) if last.end == hour => last.end += 1,
            _ => spans.push(hour..hour + 1),
        }
    }

    /// Adds the hours in the names of sources that were not opened: see [`Report::spans`].
    pub fn add_spans(&mut self, mut spans: Spans) {
        self.spans.iter().for_each(|span| spans.add(span));
        self.spans = spans.into_sorted();
    }

    /// What may be counted twice among its sources.
    pub fn overlaps(&self) -> &[Overlap] {
        self.overlaps.get_or_init(|| overlap::find(&self.sources))
    }

    /// The counts of all sources together, those elsewhere too.
    #[must_use]
    pub fn totals(&self) -> Counts {
        let mut totals = self.in_scope();
        totals.merge(&self.elsewhere.counts);
        totals
    }

    /// The lines that the share of rejected lines is taken of, when faults do not stop the job: without the logs that
    /// are faults because most of their lines were rejected.
    #[must_use]
    pub fn judged(&self) -> Counts {
        let mut judged = self.judged_in_scope();
        judged.merge(&self.elsewhere.counts.clone().without_lines(&self.elsewhere.distrusted));
        judged
    }

    /// The same of the sources that concern the export.
    #[must_use]
    pub fn judged_in_scope(&self) -> Counts {
        let mut judged = Counts::default();
        self.sources
            .iter()
            .filter(|source| !source.is_distrusted())
            .for_each(|source| judged.merge(&source.counts));
        judged
    }

    /// The counts of the sources that concern the export.
    #[must_use]
    pub fn in_scope(&self) -> Counts {
        self.sources.iter().fold(Counts::default(), |mut sum, source| {
            sum.merge(&source.counts);
            sum
        })
    }

    /// The sources that could not be read to their end.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().filter_map(|s| Some((s.name.as_str(), s.fault.as_deref()?)))
    }

    /// Whether a source could not be read to its end that concerns the export, or may.
    #[must_use]
    pub fn has_faults(&self) -> bool {
        self.elsewhere.faults > 0 || self.faults().next().is_some()
    }

    /// The sources with [`padding`](SourceReport::padding), and its bytes.
    pub fn padded(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sources.iter().filter(|s| s.padding > 0).map(|s| (s.name.as_str(), s.padding))
    }

    /// The sources that have no line, unless such a source counts as delivered.
    pub fn empty(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().filter(|s| s.is_empty() && !s.delivered()).map(|s| s.name.as_str())
    }

    /// Domains in the names of sources that have rejected lines and no good line, with the number of rejected lines.
    #[must_use]
    pub fn only_rejected(&self) -> BTreeMap<&Domain, u64> {
        let mut domains: BTreeMap<&Domain, (u64, u64)> = BTreeMap::new();
        for source in &self.sources {
            let Some(hours) = &source.hours else { continue };
            let (good, rejected) = domains.entry(&hours.domain).or_default();
            *good += source.counts.accepted + source.counts.out_of_scope();
            *rejected += source.counts.rejected_total();
        }
        let only = domains.into_iter().filter(|(_, (good, rejected))| *good == 0 && *rejected > 0);
        only.map(|(domain, (_, rejected))| (domain, rejected)).collect()
    }

    /// Adds samples found later, keeping the first [`SAMPLES_PER_REASON`] of each reason.
    pub fn add_samples(&mut self, samples: impl IntoIterator<Item = Sample>) {
        for sample in samples {
            if self.samples.iter().filter(|s| s.reason == sample.reason).count() < SAMPLES_PER_REASON {
                self.samples.push(sample);
            }
        }
    }
}

/// The first [`SAMPLES_PER_REASON`] samples of each reason.
#[must_use]
pub fn first_of_each_reason(samples: Vec<Sample>) -> Vec<Sample> {
    let mut report = Report::default();
    report.add_samples(samples);
    report.samples
}

/// How many rejected lines a run may have before its result is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectLimit {
    /// A number of lines.
    Lines(u64),
    /// A share of the lines read, in millionths.
    Share(u64),
}

/// More than so many millionths of a source's lines rejected, and the source is not to be trusted.
const SHARE_OF_SOURCE: u64 = 500_000;

impl RejectLimit {
    /// 5 %: a wrong format never yields a plausible workbook.
    pub const DEFAULT: Self = Self::Share(50_000);

    /// Reads a number of lines, or a percentage with up to four decimals (`0.1%`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let Some(percent) = text.strip_suffix('%') else {
            return if digits(text) { text.parse().ok().map(Self::Lines) } else { None };
        };
        scaled(percent, 3, 4).filter(|share| *share <= 1_000_000).map(Self::Share)
    }

    /// How many lines of a single source may be rejected, in millionths of its lines: half, or the limit of the whole
    /// job if that is higher.
    #[must_use]
    pub fn share_of_source(self) -> u64 {
        match self {
            Self::Share(share) => share.max(SHARE_OF_SOURCE),
            Self::Lines(_) => SHARE_OF_SOURCE,
        }
    }

    /// Whether `rejected` of the `lines` of one source, blank ones left out, are more than [`Self::share_of_source`].
    #[must_use]
    pub fn exceeded_by_source(self, rejected: u64, lines: u64) -> bool {
        u128::from(rejected) * 1_000_000 > u128::from(lines) * u128::from(self.share_of_source())
    }

    /// Whether the counts have more rejected lines than allowed.
    #[must_use]
    pub fn exceeded(self, counts: &Counts) -> bool {
        let rejected = counts.rejected_total();
        match self {
            Self::Lines(allowed) => rejected > allowed,
            Self::Share(share) => {
                u128::from(rejected) * 1_000_000 > u128::from(counts.lines) * u128::from(share)
            }
        }
    }
}

impl fmt::Display for RejectLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(lines) => write!(f, "{lines} lines"),
            Self::Share(share) => {
                let text = format!("{}.{:04}", share / 10_000, share % 10_000);
                write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_late_window_is_kept() {
        let late =
            |index: Option<u32>| Counts { first_late: index.map(Window::from_index), ..Counts::default() };
        for (one, other, first) in
            [(None, Some(7), Some(7)), (Some(7), None, Some(7)), (Some(8), Some(7), Some(7))]
        {
            let mut sum = late(one);
            sum.merge(&late(other));
            assert_eq!(sum, late(first));
        }
    }

    #[test]
    fn a_source_is_trusted_with_half_of_its_lines_or_what_was_allowed_beyond() {
        for (limit, rejected, lines, is_exceeded) in [
            (RejectLimit::DEFAULT, 5, 10, false),
            (RejectLimit::DEFAULT, 6, 10, true),
            (RejectLimit::Lines(1_000), 6, 10, true),
            (RejectLimit::Share(800_000), 8, 10, false),
            (RejectLimit::Share(800_000), 9, 10, true),
            (RejectLimit::Share(1_000_000), 10, 10, false),
            (RejectLimit::Share(0), 0, 0, false),
            (RejectLimit::Share(0), 1, 1, true),
        ] {
            assert_eq!(
                limit.exceeded_by_source(rejected, lines),
                is_exceeded,
                "{limit}: {rejected} of {lines}"
            );
        }
    }

    #[test]
    fn what_is_empty_or_at_fault_is_not_delivered() {
        let counts = |lines, blank| Counts { lines, blank, ..Counts::default() };
        let source = |counts, fault: Option<&str>, may_be_empty| SourceReport {
            format: std::borrow::Cow::default(),
            name: String::new(),
            size: None,
            hours: None,
            wildcard: None,
            counts,
            fault: fault.map(Fault::from),
            may_be_empty,
            padding: 0,
            sketch: Sketch::default(),
        };
        for (one, is_delivered, is_empty) in [
            (source(counts(2, 1), None, false), true, false),
            (source(counts(0, 0), None, false), false, true),
            (source(counts(3, 3), None, false), false, true),
            (source(counts(3, 3), None, true), true, true),
            (source(counts(2, 1), Some("cut"), true), false, false),
            (source(counts(0, 0), Some("cut"), true), false, false),
        ] {
            assert_eq!((one.delivered(), one.is_empty()), (is_delivered, is_empty), "{one:?}");
        }
    }

    #[test]
    fn limits() {
        for (text, shown) in
            [("0", "0 lines"), ("12", "12 lines"), ("5%", "5%"), ("0.10%", "0.1%"), ("100%", "100%")]
        {
            assert_eq!(RejectLimit::parse(text).map(|l| l.to_string()).as_deref(), Some(shown));
        }
        for wrong in ["", "%", "-1", "101%", "0.00001%", "1e3", "five", "+1"] {
            assert_eq!(RejectLimit::parse(wrong), None, "{wrong}");
        }
        let mut counts = Counts { lines: 1000, ..Counts::default() };
        counts.rejected[0] = 50;
        assert!(!RejectLimit::DEFAULT.exceeded(&counts) && !RejectLimit::Lines(50).exceeded(&counts));
        counts.rejected[0] = 51;
        assert!(RejectLimit::DEFAULT.exceeded(&counts) && RejectLimit::Lines(50).exceeded(&counts));
    }
}
