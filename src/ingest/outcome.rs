//! The results of parts and sources, put in the order of sources and lines.
//!
//! Knows nothing of reading.

use super::fingerprint::Fingerprint;
use super::rejects::{Extent, PartSample, SpilledPart};
use super::{Job, Taken, check, fold, resume};
use crate::codec::page;
use crate::digest::{Stretch, TextId, identify, of_domain};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::log::{Choice, Format};
use crate::record::Reason;
use crate::report::{Counts, NO_DOMAIN, RejectLimit, Report, Sample, SourceReport, first_of_each_reason};
use crate::sketch::{Draft, Sketch};
use crate::source::{Origins, Source};
use crate::usage::table::UsageTable;

/// What came out of a part, or of all parts of a source.
#[derive(Default)]
pub(super) struct SourceOutcome {
    pub(super) counts: Counts,
    pub(super) samples: Vec<PartSample>,
    pub(super) fault: Option<Fault>,
    /// See [`SourceReport::padding`].
    pub(super) padding: u64,
    /// Whether the source was changed while it was read, which is its fault then.
    pub(super) is_changed: bool,
    /// Bytes of the text.
    pub(super) len: u64,
    /// What texts that begin alike have in common.
    pub(super) fingerprint: Fingerprint,
    /// What the file began with, all of a small one: see [`start_of`](super::source::start_of).
    pub(super) start: Option<u64>,
    /// What tells whether its lines stand elsewhere, too.
    pub(super) chosen: Chosen,
    /// The format that its lines were read in.
    pub(super) format: Format,
    /// Whether lines without a host took the domain of the source.
    pub(super) has_used_domain: bool,
    /// Lines before each part that spilled rejected lines, and where these lie.
    pub(super) pieces: Vec<(u64, Vec<Extent>)>,
    /// What only [`ingest_each`](super::ingest_each) asks for: the table of each part, and what its text is.
    pub(super) own: Vec<(UsageTable, Option<Stretch>)>,
}

/// The lines that were chosen of a source, or of a part: a source that is read at once needs far less for them.
pub(super) enum Chosen {
    OfAll(Sketch),
    OfPart(Box<Draft>),
}

impl Default for Chosen {
    fn default() -> Self {
        Self::OfAll(Sketch::default())
    }
}

impl Chosen {
    fn add(&mut self, next: Self) {
        match (self, next) {
            (Self::OfPart(draft), Self::OfPart(next)) => draft.merge(*next),
            (all @ Self::OfAll(_), next) => *all = next,
            // Not read.
            (Self::OfPart(_), Self::OfAll(_)) => {}
        }
    }

    fn finish(self) -> Sketch {
        match self {
            Self::OfAll(sketch) => sketch,
            Self::OfPart(draft) => draft.finish(),
        }
    }
}

impl SourceOutcome {
    /// Adds what came out of the part that follows.
    pub(super) fn add(&mut self, next: Self) {
        let lines_before = self.counts.lines;
        self.counts.merge(&next.counts);
        // A change is found by whoever reads the last part, and says more than the fault of an earlier part.
        self.fault = if next.is_changed { next.fault } else { self.fault.take().or(next.fault) };
        self.is_changed |= next.is_changed;
        if self.len == 0 {
            (self.fingerprint, self.start, self.format) = (next.fingerprint, next.start, next.format);
        }
        self.len += next.len;
        self.padding += next.padding;
        self.chosen.add(next.chosen);
        self.has_used_domain |= next.has_used_domain;
        let numbered = |sample: PartSample| PartSample { line: lines_before + sample.line, ..sample };
        self.samples.extend(next.samples.into_iter().map(numbered));
        self.pieces.extend(next.pieces.into_iter().map(|(before, extents)| (lines_before + before, extents)));
        self.own.extend(next.own);
    }

    /// The domain that lines of the source took from outside, where some did and it is certain.
    pub(super) fn outside<'s>(&self, source: &'s Source) -> Option<&'s Domain> {
        let was_used = source.resume.as_ref().is_some_and(|resume| resume.has_used_domain);
        if self.has_used_domain || was_used { source.outside() } else { None }
    }

    /// Finds out whether a source that was read once more, by its path, is what it was; gives whether it is not.
    pub(super) fn look_again(&mut self, source: &Source, origins: &dyn Origins) -> bool {
        if let Some(change) = source.change(self.start, origins) {
            (self.fault, self.is_changed) = (Some(change.into()), true);
        }
        self.is_changed
    }

    /// Whether another reading of the source came to the same, for all that is known.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let known = |one: &Self| (one.len, one.fingerprint, one.start);
        known(self) == known(other) && self.counts == other.counts && self.fault == other.fault
    }

    /// Takes out the rejected lines of its source, which was read as the one `at` this place, numbered as in all of that.
    pub(super) fn pieces(&mut self, at: usize, source: &Source) -> impl Iterator<Item = SpilledPart> {
        let pieces = std::mem::take(&mut self.pieces).into_iter();
        pieces.map(move |(lines, extents)| {
            let lines_before = source.lines_before() + lines;
            SpilledPart { source: at, name: source.name.clone(), lines_before, extents }
        })
    }

    /// Why what was read is not to be trusted: nothing of it is a line of the format, or too little of it is. A log
    /// of which only the end was read is judged as a whole.
    fn mistrust(&self, source: &Source, job: &Job<'_>) -> Option<Fault> {
        let before = source.resume.as_ref().map_or((0, 0), |resume| resume.judged);
        let (name, title) = (self.format.name(), self.format.title());
        let rejected = self.counts.rejected_total() + before.1;
        let lines = self.counts.lines - self.counts.without_request() + before.0;
        if !job.max_rejects.exceeded_by_source(rejected, lines) {
            return None;
        }
        // The first lines of each reason: the first one of all is among them.
        let mut first: Vec<&PartSample> = self.samples.iter().collect();
        first.sort_by_key(|sample| sample.line);
        let first: Vec<&[u8]> = first.into_iter().map(|sample| &sample.text[..]).collect();
        Some(if let Some(page) = page(&first).filter(|_| rejected == lines) {
            Fault::unreadable(format!("is {}: {}", page.name, page.advice(None)))
        } else if self.counts.lacks_domains() {
            let share = self.counts.rejected[Reason::NoDomain as usize];
            format!("{share} of its {lines} lines {NO_DOMAIN}").into()
        } else if rejected == lines {
            match unknown(source.format(), &first) {
                Some(nearest) => format!("none of its {lines} lines is of a known format{nearest}").into(),
                None => format!("none of its {lines} lines is of the format {name} ({title})").into(),
            }
        } else {
            let share = RejectLimit::Share(job.max_rejects.share_of_source());
            format!(
                "{rejected} of its {lines} lines are not of the format {name} ({title}), more than {share}"
            )
            .into()
        })
    }

    pub(super) fn taken(mut self, source: Source, at: usize, job: &Job<'_>) -> Result<Taken> {
        let (mut table, mut stretches) = (UsageTable::new(), Vec::new());
        for (own, stretch) in std::mem::take(&mut self.own) {
            table.merge(own).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
            stretches.extend(stretch);
        }
        let text = identify(source.resume.as_ref().map(|resume| resume.before.clone()), stretches);
        let text = match text {
            None if !self.is_changed => self.whole_of(&source, job)?,
            text => text.unwrap_or_default(),
        };
        let is_read = self.fault.is_none();
        self.fault = self.fault.take().or_else(|| self.mistrust(&source, job));
        let (is_mistrusted, is_changed) = (is_read && self.fault.is_some(), self.is_changed);
        let outside = self.outside(&source).cloned();
        let readable = (of_domain(text.text, outside.as_ref()), text.text);
        let text = if self.fault.is_some() { text.damaged() } else { text }.of_domain(outside);
        let samples = self.samples.into_iter().map(|sample| sample.of(at)).collect();
        let samples = first_of_each_reason(samples);
        let report = SourceReport {
            name: source.name.clone(),
            size: source.size(),
            hours: source.named.clone(),
            wildcard: source.wildcard.clone(),
            format: self.format.name().into(),
            counts: self.counts,
            fault: self.fault,
            may_be_empty: job.empty_is_delivered,
            padding: self.padding,
            sketch: self.chosen.finish(),
        };
        let format = self.format;
        Ok(Taken { source, table, report, samples, text, readable, format, is_mistrusted, is_changed })
    }

    /// The identity of a plain file that was read in parts, where these cannot tell.
    fn whole_of(&mut self, source: &Source, job: &Job<'_>) -> Result<TextId> {
        let whole = resume::whole(source.site(job.origins), source.size());
        if self.look_again(source, job.origins) {
            check(&source.name, &self.counts, self.fault.as_ref(), job.keep_going)?;
        }
        whole
            .or_else(|error| if self.is_changed { Ok(TextId::default()) } else { Err(error) })
            .map_err(Error::io("cannot read again"))
            .map_err(|e| e.at(&source.name))
    }
}

/// What is said of lines that no format reads, where none was named: the formats that come nearest, and what to do.
fn unknown(format: Choice, first: &[&[u8]]) -> Option<String> {
    let line = first.first()?;
    if format.named().is_some() || format.formats().detect(line).is_some() {
        return None;
    }
    let near = format.formats().nearest(line);
    let near: Vec<String> =
        near.iter().take(NEAREST).map(|(format, at)| format!("{} up to byte {at}", format.name())).collect();
    let nearest =
        if near.is_empty() { String::new() } else { format!("; the first one is like {}", near.join(", ")) };
    Some(format!("{nearest}; see 'flowbook formats explain', and describe another format with --format-file"))
}

/// So many formats are named that lines come near to.
const NEAREST: usize = 2;

impl PartSample {
    fn of(self, source: usize) -> Sample {
        Sample { source, line: self.line, reason: self.reason, text: self.text }
    }
}

/// Makes a report of what came out of the sources, with all of their samples.
pub(super) fn assemble(
    sources: Vec<Source>,
    outcomes: Vec<SourceOutcome>,
    job: &Job<'_>,
) -> (Report, Vec<SpilledPart>) {
    let (mut report, mut pieces) = (Report::default(), Vec::new());
    report.sources.reserve_exact(sources.len());
    for (at, (source, mut outcome)) in sources.into_iter().zip(outcomes).enumerate() {
        pieces.extend(outcome.pieces(at, &source));
        let fault = outcome.fault.take().or_else(|| outcome.mistrust(&source, job));
        report.samples.extend(outcome.samples.into_iter().map(|sample| sample.of(at)));
        let (size, hours, wildcard, name) = (source.size(), source.named, source.wildcard, source.name);
        let SourceOutcome { counts, padding, chosen, format, .. } = outcome;
        let (may_be_empty, sketch) = (job.empty_is_delivered, chosen.finish());
        report.sources.push(SourceReport {
            name,
            size,
            hours,
            wildcard,
            format: format.name().into(),
            counts,
            fault,
            may_be_empty,
            padding,
            sketch,
        });
    }
    (report, pieces)
}
