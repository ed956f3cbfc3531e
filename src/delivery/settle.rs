//! Settles sources that were read: looks up the facts that the decision needs, and carries the decision out.

use super::decide::{Answer, Lookup, Next, SourceFacts, Stood, decide};
use super::place::is_nowhere;
use super::taking::Fate;
use super::work::{Case, ReadCandidate, Settled, Work};
use crate::error::Result;
use crate::ingest::Taken;
use crate::names::may_be_one;
use crate::store::{Arrival, Known, Place, Seen, SourceId};

impl Work<'_> {
    /// Decides what a source that was read is, and counts it accordingly. Others of the same round were settled
    /// before: what was looked up then may not hold any more.
    pub(super) fn settle(&mut self, taken: &Taken, candidate: ReadCandidate) -> Result<Settled> {
        let settled = self.settle_by_facts(taken, candidate);
        // What was compared meanwhile was not what was read.
        match self.changed.take() {
            Some(change) if self.intake.keep_going => Ok(self.pass_over(taken, change)),
            _ => settled,
        }
    }

    /// Passes over a source that was changed: the store has what it had. The file is another one than it knows, and is read
    /// next time.
    fn pass_over(&mut self, taken: &Taken, change: &str) -> Settled {
        self.taking.faults.push((taken.source.name.clone(), change.into()));
        Settled::Skipped(Fate::Faulty)
    }

    /// What was read before damage is a text like any other, but named, and never the same as one without damage.
    fn settle_by_facts(&mut self, taken: &Taken, candidate: ReadCandidate) -> Result<Settled> {
        let (mut facts, mut case) = seen_when_read(taken, candidate);
        let action = loop {
            match decide(&facts) {
                Next::Ask(question) => self.answer(question, &mut facts, &mut case)?,
                Next::Do(action) => break action,
            }
        };
        let settled = self.apply(action, &case)?;
        let Some(fault) = &taken.report.fault else { return Ok(settled) };
        let settled = match settled {
            Settled::Counts(_) => Settled::Counts(Fate::Faulty),
            Settled::Skipped(_) => Settled::Skipped(Fate::Faulty),
            settled => return Ok(settled),
        };
        self.taking.faults.push((taken.source.name.clone(), fault.clone()));
        Ok(settled)
    }

    /// Looks up a fact.
    fn answer(
        &mut self,
        question: Lookup,
        facts: &mut SourceFacts<SourceId>,
        case: &mut Case<'_>,
    ) -> Result<()> {
        let (taken, place) = (case.taken, &case.place);
        match question {
            Lookup::Same => facts.same = Answer::Is(self.writer.with_text(&taken.text)?),
            Lookup::Still => {
                let is_still = case.begun.as_ref().map(|begun| self.is_still(begun, place)).transpose()?;
                facts.is_still = Answer::Is(is_still.unwrap_or(false));
            }
            Lookup::Grew => {
                (case.shorter, case.borrowed) = self.shorter(taken, &self.arrival(taken, place))?;
                case.grown_from = case.shorter.iter().map(|known| known.id).collect();
                let begun = case.begun.as_ref().map(|begun| begun.id);
                facts.grew = Answer::Is(case.grown_from.iter().any(|id| Some(*id) != begun));
            }
            Lookup::WholeHere => {
                let its = [facts.same.found(), facts.longer.found()].into_iter().flatten();
                let its: Vec<SourceId> = its.chain(case.grown_from.iter().copied()).collect();
                facts.is_whole_here = Answer::Is(self.is_whole_at(place, &its)?);
            }
            Lookup::Copied => facts.copied = Answer::Is(self.copied(taken)?),
            Lookup::Told => facts.told = Answer::Is(self.told_only_by_a_beginning(taken, place)?),
            Lookup::Longer => {
                // What it grew from is no longer text than it is, even if all of that can be read of damaged ones.
                let longer = self.longer(taken, place)?.filter(|id| !case.grown_from.contains(id));
                if let Some(id) = longer {
                    let of = self.writer.known(id)?;
                    case.shorter.retain(|shorter| may_be_one(shorter.read_for(), of.read_for()));
                }
                facts.longer = Answer::Is(longer);
            }
            Lookup::Better => facts.better = Answer::Is(self.told_better(&case.shorter, taken)?),
            Lookup::Before => facts.before = Answer::Is(self.before(&self.arrival(taken, place))?),
        }
        Ok(())
    }

    /// Whether another source than these was read in whole at a place.
    fn is_whole_at(&mut self, place: &Place, its: &[SourceId]) -> Result<bool> {
        let is_whole =
            |seen: &Seen| seen.fault.is_none() && !seen.place.is_beginning && !its.contains(&seen.id);
        Ok(self.writer.at_path(&place.path)?.as_ref().is_some_and(is_whole))
    }

    /// What stood at the place of a text that nothing is known of.
    fn before(&mut self, arrival: &Arrival<'_>) -> Result<Stood<SourceId>> {
        let Some(Seen { id, .. }) = self.writer.at_path(&arrival.place.path)? else {
            return Ok(Stood::Nothing);
        };
        let before = self.writer.known(id)?;
        if arrival.text.len == 0 && before.text_bytes == 0 && before.fault.is_none() {
            return Ok(Stood::Empty(id));
        }
        Ok(self.made_anew(arrival)?.map_or(Stood::Other, |before| Stood::MadeAnew(before.id)))
    }

    /// Whether a source still is what it was, read as it was, and at this place.
    fn is_still(&mut self, known: &Known, place: &Place) -> Result<bool> {
        let how = |known: &Known| (known.whole, known.hours.clone(), known.way.clone());
        Ok(self.stands_at(known.id, place)? && how(&self.writer.known(known.id)?) == how(known))
    }
}

/// What is known of a source once it was read, before anything is looked up.
fn seen_when_read(taken: &Taken, candidate: ReadCandidate) -> (SourceFacts<SourceId>, Case<'_>) {
    let ReadCandidate { mut place, begun } = candidate;
    let is_something = if is_nowhere(&place) {
        // Nobody can ask a pipe again: it stays named only beside what counts of it.
        taken.report.counts.accepted > 0
    } else {
        place.modified.is_some() && taken.source.resume.is_none()
    };
    if is_nowhere(&place) {
        // Its text is its place.
        place.path = [b"-", &taken.text.whole[..]].concat();
    }
    let facts = SourceFacts {
        is_changed: taken.is_changed && taken.report.fault.is_some(),
        goes_on: begun.is_some(),
        is_mistrusted: taken.is_mistrusted,
        is_damaged: taken.report.fault.is_some(),
        is_something,
        has_domain: taken.source.own_outside().is_some(),
        same: Answer::Open,
        is_still: Answer::Open,
        grew: Answer::Open,
        is_whole_here: Answer::Open,
        copied: Answer::Open,
        told: Answer::Open,
        longer: Answer::Open,
        better: Answer::Open,
        before: Answer::Open,
    };
    let (shorter, borrowed, grown_from) = (Vec::new(), Vec::new(), Vec::new());
    (facts, Case { taken, place, begun, shorter, borrowed, grown_from })
}
