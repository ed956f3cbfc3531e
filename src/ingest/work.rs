//! Parts handed out to threads: what each thread takes, reads and folds.

use super::fold::{Fold, Folded};
use super::lines::{Lines, Text};
use super::outcome::{Chosen, SourceOutcome};
use super::part::{self, Input, OpenPart, Opening, Part, ThreadBuffers};
use super::rejects::Spill;
use super::stretch::shrunk;
use super::{Job, ahead};
use crate::codec::{self, Codec};
use crate::domain::Domain;
use crate::error::{Result, plain};
use crate::events::of_log;
use crate::fault::Fault;
use crate::log::HEAD;
use crate::source::Source;
use crate::source::not_opened;
use crate::usage::table::UsageTable;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Sources of fewer bytes on disk than this are read sooner than a thread starts. Pipes have no size.
const AHEAD_ABOVE: u64 = 1 << 20;

/// Parts of fewer bytes on disk than this are taken several at a time, together about as many.
const LOT: u64 = 64 << 10;

/// Positions of parts, in lots: the largest first, so that no large one is left for the end. Small ones stay in
/// their order, in which the next one most likely is of the same folder and the same domain.
fn lots(parts: &[Part]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|at| Reverse(parts[*at].weight() / LOT));
    let (mut lots, mut room): (Vec<Vec<usize>>, u64) = (Vec::new(), 0);
    for at in order {
        // A pipe, whose size is not known, is waited for by itself.
        let size = if parts[at].size == 0 { LOT } else { parts[at].size };
        match lots.last_mut() {
            Some(lot) if size <= room => lot.push(at),
            _ => {
                lots.push(vec![at]);
                room = LOT;
            }
        }
        room = room.saturating_sub(size);
    }
    lots
}

/// The parts, handed out to threads lot by lot.
pub(super) struct PartQueue<'a> {
    job: &'a Job<'a>,
    sources: &'a [Source],
    parts: &'a [Part],
    spill: Option<&'a Spill>,
    /// What a thread takes at a time: positions of parts.
    lots: Vec<Vec<usize>>,
    next: AtomicUsize,
    /// The first source known to fail the job: what comes after it need not be read.
    failed: AtomicUsize,
    /// Threads that have no part of their own, and may read ahead for those who have.
    spare: AtomicUsize,
    /// Whether each part has a table of its own, and is hashed.
    is_each: bool,
    /// By part; none of parts that need not be read.
    outcomes: Vec<OnceLock<SourceOutcome>>,
    /// Domains that were met and not asked for.
    others: Mutex<BTreeSet<Domain>>,
}

impl<'a> PartQueue<'a> {
    pub(super) fn new(
        job: &'a Job<'a>,
        sources: &'a [Source],
        parts: &'a [Part],
        spill: Option<&'a Spill>,
        allowed: usize,
    ) -> Self {
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let spare = AtomicUsize::new(allowed.saturating_sub(parts.len()));
        Self {
            job,
            sources,
            parts,
            spill,
            lots: lots(parts),
            next,
            failed,
            spare,
            is_each: false,
            outcomes: parts.iter().map(|_| OnceLock::new()).collect(),
            others: Mutex::default(),
        }
    }

    /// The same, with a table for each part and the identity of its text.
    pub(super) fn part_by_part(self) -> Self {
        Self { is_each: true, ..self }
    }

    /// What came out of the sources, in their order, and the domains that were met and not asked for.
    pub(super) fn outcomes(self) -> (Vec<SourceOutcome>, BTreeSet<Domain>) {
        let others = self.others.into_inner().unwrap_or_else(PoisonError::into_inner);
        let by_part = self.outcomes.into_iter().map(|outcome| outcome.into_inner().unwrap_or_default());
        if self.parts.len() == self.sources.len() {
            // In the memory that they lie in.
            return (by_part.collect(), others);
        }
        let mut outcomes: Vec<SourceOutcome> = Vec::with_capacity(self.sources.len());
        for (part, outcome) in self.parts.iter().zip(by_part) {
            if outcomes.len() > part.source {
                outcomes[part.source].add(outcome);
            } else {
                outcomes.push(outcome);
            }
        }
        (outcomes, others)
    }

    /// One thread's share, in a table of its own.
    pub(super) fn run(&self) -> Result<UsageTable> {
        let (mut fold, mut buffers) = (Fold::new(self.job, self.spill), ThreadBuffers::default());
        let take = || self.lots.get(self.next.fetch_add(1, Relaxed));
        for at in std::iter::from_fn(take).flatten() {
            let part = &self.parts[*at];
            if part.source > self.failed.load(Relaxed) {
                continue;
            }
            let name = &self.sources[part.source].name;
            let outcome = self.part(part, &mut fold, &mut buffers).map_err(|e| e.at(name))?;
            if outcome.fault.is_some() && !self.job.keep_going {
                self.failed.fetch_min(part.source, Relaxed);
            }
            self.outcomes[*at].get_or_init(|| outcome);
        }
        self.others.lock().unwrap_or_else(PoisonError::into_inner).extend(fold.take_others());
        Ok(fold.take_table())
    }

    /// Reads a part; what fails in reading is the part's fault, what fails in counting is the job's.
    fn part(&self, part: &Part, fold: &mut Fold<'_>, buffers: &mut ThreadBuffers) -> Result<SourceOutcome> {
        let source = &self.sources[part.source];
        fold.begin(source);
        let origins = self.job.origins;
        let how = Opening {
            origins,
            read: &self.job.progress.read,
            is_hashed: self.is_each,
            known_lengths: source.known_lengths.as_ref(),
        };
        let opened = match &source.fault {
            Some(fault) => Err(fault.clone()),
            None => part::open(source, part, how, buffers).map_err(|error| why_not_opened(&error)),
        };
        let (fault, len, hashed, padding) = match opened {
            Err(fault) => (Some(fault), 0, None, 0),
            Ok(OpenPart::Text(text, hashed)) => {
                fold.prepare(source.format(), &text[..text.len().min(HEAD)]);
                Text::new(text).try_for_each(|chunk| fold.chunk(&chunk))?;
                (None, text.len() as u64, hashed, 0)
            }
            Ok(OpenPart::Lines(mut lines, codec)) => {
                match (part.head(), buffers.take_text_head()) {
                    (Some(head), _) => fold.prepare(source.format(), head),
                    (None, Some(head)) => fold.prepare(source.format(), &head),
                    (None, None) => fold.prepare(source.format(), lines.head(HEAD)),
                }
                let fault = self.read(&mut lines, part, codec, fold)?;
                // What a stretch reads beyond its end is not its own.
                let len = part.stretch.map_or(lines.position(), |(start, end)| end - start);
                let input = buffers.keep(lines);
                let padding = input.blanks();
                (fault, len, input.hashed(), padding)
            }
        };
        let (start, is_all) = (buffers.take_start(), part.leave());
        let change = match buffers.take_file() {
            _ if !is_all || source.fault.is_some() => None,
            Some(file) => source.change_of(&file, part.start().or(start), origins),
            // It could not be opened, or is none of this system.
            None => source.change(start, origins),
        };
        let (is_changed, fault) = (change.is_some(), change.map(Into::into).or(fault));
        let Folded { counts, samples, extents, fingerprint, draft, format, has_used_domain } = fold.end()?;
        let what = if part.stretch.is_some() { "a part was read" } else { "was read" };
        of_log!("{}: {what}; lines {}, rejected {}", source.name, counts.lines, counts.rejected_total());
        let pieces = if extents.is_empty() { Vec::new() } else { vec![(0, extents)] };
        let own = if self.is_each { vec![(fold.take_table(), hashed)] } else { Vec::new() };
        Ok(SourceOutcome {
            counts,
            samples,
            fault,
            padding,
            is_changed,
            len,
            fingerprint,
            start,
            chosen: if part.stretch.is_some() {
                Chosen::OfPart(Box::new(draft))
            } else {
                Chosen::OfAll(draft.finish())
            },
            format,
            has_used_domain,
            pieces,
            own,
        })
    }

    /// Folds the lines of an open part; gives the fault that ended it early, if one did.
    fn read(
        &self,
        lines: &mut Lines<Input<'_>>,
        part: &Part,
        codec: Codec,
        fold: &mut Fold<'_>,
    ) -> Result<Option<Fault>> {
        let worth = part.stretch.is_none() && (part.size == 0 || part.size > AHEAD_ABOVE);
        let is_ahead = worth && self.spare.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1)).is_ok();
        let read = if is_ahead {
            let read = ahead::fold_ahead(lines, |chunk| fold.chunk(chunk));
            self.spare.fetch_add(1, Relaxed);
            read?
        } else {
            fold_all(lines, fold)?
        };
        if let Err(error) = read {
            return Ok(Some(fault(&error, codec, lines)));
        }
        let shorter = codec == Codec::Plain && part.stretch.is_none() && lines.position() < part.size;
        Ok(shorter.then(|| shrunk().to_string().into()))
    }
}

/// Folds lines on the thread that reads them; what ends the input early is the inner error.
fn fold_all(lines: &mut Lines<Input<'_>>, fold: &mut Fold<'_>) -> Result<io::Result<()>> {
    loop {
        match lines.next_chunk() {
            Ok(Some(chunk)) => fold.chunk(&chunk)?,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// Why a part could not be opened.
fn why_not_opened(error: &io::Error) -> Fault {
    codec::fault(error).cloned().unwrap_or_else(|| not_opened(error))
}

fn fault(error: &io::Error, codec: Codec, lines: &Lines<Input<'_>>) -> Fault {
    if let Some(fault) = codec::fault(error) {
        return fault.clone();
    }
    let what = if codec == Codec::Plain || error.raw_os_error().is_some() {
        format!("cannot read further: {}", plain(error))
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        format!("the {} stream ends early: the file is truncated, or no log follows its end", codec.name())
    } else if codec == Codec::Zstd && error.to_string().contains("too much memory") {
        "the zstd stream needs a window above 128 MiB; compress it without --ultra --long".to_owned()
    } else {
        format!("the {} stream is damaged: {error}", codec.name())
    };
    let text = match lines.left_over() {
        0 => format!("{what} (after {} bytes of text)", lines.position()),
        bytes => format!(
            "{what} (after {} bytes of text; an incomplete last line of {bytes} bytes does not count)",
            lines.position()
        ),
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lots_hold_every_part_once_and_large_ones_come_first(
            sizes in prop::collection::vec(prop_oneof![0..3u64, 1..2 * LOT, LOT..100 * LOT], 0..60),
        ) {
            let part = |(source, size): (usize, &u64)| Part::whole(source, *size);
            let parts: Vec<Part> = sizes.iter().enumerate().map(part).collect();
            let lots = lots(&parts);
            let sum = |lot: &Vec<usize>| lot.iter().map(|at| sizes[*at]).sum::<u64>();
            prop_assert!(lots.iter().all(|lot| lot.len() == 1 || sum(lot) <= LOT && lot.iter().all(|at| sizes[*at] > 0)));
            let order = lots.concat();
            prop_assert!(order.is_sorted_by_key(|at| Reverse(sizes[*at] / LOT)));
            let mut sorted = order;
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..sizes.len()));
        }
    }
}
