//! What becomes of a source that was read: whether its lines count, and in the place of what.
//!
//! A text counts once. Where one begins with another, the longer one counts, wherever the shorter one stands. How it is
//! read, as far as names tell, is told by the name that is preferred among all of those.

use super::{Candidate, Fate, Settled, Work, is_read_otherwise};
use crate::delivery::place::{is_nowhere, is_there, note_of, origin_of};
use crate::digest::{Hash, TextId};
use crate::error::Result;
use crate::ingest::Taken;
use crate::ingest::resume::{self, Beginning};
use crate::names::may_be_one;
use crate::store::{Arrival, Known, Place, Seen, SourceId};

impl Work<'_> {
    /// Decides what a source that was read is, and counts it accordingly. Others of the same round were settled
    /// before: what was looked up then may not hold any more.
    pub(super) fn settle(&mut self, taken: &Taken, candidate: Candidate) -> Result<Settled> {
        if let Some(change) = taken.report.fault.as_ref().filter(|_| taken.is_changed) {
            return Ok(self.pass_over(taken, change));
        }
        if candidate.begun.is_some() && taken.is_mistrusted {
            // What is good in it counts, and it is named: as a whole.
            return Ok(Settled::Again);
        }
        let settled = self.settle_read(taken, candidate);
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

    fn settle_read(&mut self, taken: &Taken, candidate: Candidate) -> Result<Settled> {
        let Some(fault) = &taken.report.fault else { return self.settle_text(taken, candidate) };
        let settled = match self.settle_damaged(taken, candidate)? {
            Settled::Counts(_) => Settled::Counts(Fate::Faulty),
            Settled::Skipped(_) => Settled::Skipped(Fate::Faulty),
            settled => return Ok(settled),
        };
        self.taking.faults.push((taken.source.name.clone(), fault.clone()));
        Ok(settled)
    }

    /// What was read before the damage is a text like any other, but never the same as one without damage.
    fn settle_damaged(&mut self, taken: &Taken, candidate: Candidate) -> Result<Settled> {
        let is_pipe = is_nowhere(&candidate.place);
        let is_something = if is_pipe {
            // Nobody can ask a pipe again: it stays named only beside what counts of it.
            taken.report.counts.accepted > 0
        } else {
            candidate.place.modified.is_some() && taken.source.resume.is_none()
        };
        if !is_something {
            return Ok(Settled::Skipped(Fate::Faulty));
        }
        self.settle_text(taken, candidate)
    }

    fn settle_text(&mut self, taken: &Taken, candidate: Candidate) -> Result<Settled> {
        let Candidate { mut place, begun } = candidate;
        if is_nowhere(&place) {
            // Its text is its place.
            place.path = [b"-", &taken.text.whole[..]].concat();
        }
        let arrival = self.arrival(taken, &place);
        let same = self.writer.with_text(&taken.text)?;
        if let Some(begun) = &begun {
            let is_still = same.is_none() && self.is_still(begun, &place)?;
            return if is_still { self.go_on(begun, taken, &arrival) } else { Ok(Settled::Again) };
        }
        if let Some(id) = same {
            if self.is_better_without(taken, &place, &[id])? {
                return Ok(Settled::Skipped(Fate::Faulty));
            }
            return self.settle_known(id, taken, &arrival);
        }
        if let Some(told) = self.told_only_by_a_beginning(taken, &place)? {
            self.replace(told, &arrival)?;
            return Ok(Settled::Counts(Fate::Replaced));
        }
        let (mut shorter, borrowed) = self.shorter(taken, &arrival)?;
        // What it grew from is no longer text than it is, even if all of that can be read of damaged ones.
        let grown_from: Vec<SourceId> = shorter.iter().map(|known| known.id).collect();
        let is_other = |id: &SourceId| !grown_from.contains(id);
        // A text that no name of its own tells a domain is of that of the text that it begins, whatever it begins with.
        let is_unnamed = taken.source.outside().is_none();
        let mut longer = if is_unnamed { self.longer(taken, &place)?.filter(is_other) } else { None };
        if let Some(id) = longer {
            let of = self.writer.known(id)?;
            shorter.retain(|shorter| may_be_one(shorter.read_for(), of.read_for()));
        } else if let Some(hours) = self.told_better(&shorter, taken)? {
            return Ok(Settled::As(hours));
        } else if !is_unnamed {
            longer = self.longer(taken, &place)?.filter(is_other);
        }
        if let Some(id) = longer {
            if self.is_better_without(taken, &place, &[&grown_from[..], &[id]].concat())? {
                return Ok(Settled::Skipped(Fate::Faulty));
            }
            return self.settle_begun(id, &shorter, taken, place);
        }
        let fate = match self.take_over(&shorter, &arrival)? {
            Some(fate) => fate,
            None if self.is_better_without(taken, &place, &[])? => return Ok(Settled::Skipped(Fate::Faulty)),
            None => match self.settle_new(&arrival)? {
                Settled::Counts(fate) => fate,
                settled => return Ok(settled),
            },
        };
        self.note_told(taken, &place)?;
        self.take_back(&borrowed, &place)?;
        Ok(Settled::Counts(fate))
    }

    /// Whether a text is damaged, and another one, but none of these sources, was read in whole at its place: damage
    /// never takes the place of that.
    fn is_better_without(&mut self, taken: &Taken, place: &Place, ids: &[SourceId]) -> Result<bool> {
        let is_whole =
            |seen: &Seen| seen.fault.is_none() && !seen.place.is_beginning && !ids.contains(&seen.id);
        let is_damaged = taken.report.fault.is_some();
        Ok(is_damaged && self.writer.at_path(&place.path)?.as_ref().is_some_and(is_whole))
    }

    /// A text that another one begins with, which counts; so do no more those that this one grew from.
    fn settle_begun(
        &mut self,
        id: SourceId,
        shorter: &[Known],
        taken: &Taken,
        mut place: Place,
    ) -> Result<Settled> {
        let was_here = self.stands_at(id, &place)?;
        self.take_in_beginnings(id, shorter, &place)?;
        let is_made_anew = self.make_way(&[id], &self.arrival(taken, &place))?;
        place.is_beginning = true;
        self.writer.set_place(id, &place)?;
        // It may have been renamed.
        self.drop_gone(id, &place)?;
        let (whole, alone) = taken.readable;
        self.note_beginning(id, &[whole, alone], &place)?;
        self.tell_longer(id, taken, &place)?;
        if was_here {
            return Ok(Settled::Within(Fate::Known));
        }
        self.taking.duplicates.push((taken.source.name.clone(), self.writer.known(id)?.name));
        Ok(Settled::Within(if is_made_anew { Fate::Replaced } else { Fate::Duplicate }))
    }

    /// A place where the whole text of a source stands, other than `here`.
    pub(super) fn somewhere(&mut self, id: SourceId, here: &[u8]) -> Result<Option<Place>> {
        let mut after = Vec::new();
        loop {
            let places = self.writer.whole_places(id, &after)?;
            let Some(last) = places.last() else { return Ok(None) };
            after.clone_from(&last.path);
            let is_other = |place: &Place| {
                place.path != here && !is_nowhere(place) && is_there(place, self.intake.origins)
            };
            if let Some(place) = places.into_iter().find(is_other) {
                return Ok(Some(place));
            }
        }
    }

    /// Notes that a text is the beginning of a source: it stays known when the longer one cannot be read any more.
    /// Where its lines take their domain from outside, a copy for which none is told may be it, too: it has two hashes.
    fn note_beginning(&mut self, id: SourceId, hashes: &[Hash], place: &Place) -> Result<()> {
        for (at, hash) in hashes.iter().enumerate() {
            if !hashes[..at].contains(hash) {
                let path = note_of(hash);
                self.writer
                    .set_place(id, &Place { path, is_named: 0, is_beginning: true, ..place.clone() })?;
            }
        }
        Ok(())
    }

    /// The source that all of a damaged text is known of, but for the damage.
    fn all_known(&mut self, taken: &Taken) -> Result<Option<SourceId>> {
        if taken.report.fault.is_none() {
            return Ok(None);
        }
        let (whole, text) = taken.readable;
        self.writer.with_text(&TextId { whole, text, raw: None, ..taken.text.clone() })
    }

    /// A source whose text begins with all of a text: that is known, or found at a place where it can be read.
    fn longer(&mut self, taken: &Taken, here: &Place) -> Result<Option<SourceId>> {
        let text = &taken.text;
        let is_damaged = taken.report.fault.is_some();
        if let Some(id) = self.all_known(taken)? {
            return Ok(Some(id));
        }
        let noted = self.writer.at_path(&note_of(&taken.readable.0))?;
        if let Some(Seen { id, .. }) = noted {
            // What became shorter where it stood, and stands nowhere else, is what it is now.
            let before = self.writer.at_path(&here.path)?;
            let was_longer = before.is_some_and(|before| before.id == id && !before.place.is_beginning);
            return Ok(if was_longer && !self.is_elsewhere(id, here)? { None } else { Some(id) });
        }
        let outside = text.outside.clone();
        let beginning = Beginning { len: text.len, whole: text.whole, open: text.open, is_damaged, outside };
        for id in self.maybe_longer(taken)? {
            let place = self.somewhere(id, &here.path)?;
            // What was read must still be what was looked up.
            let begins = |place: Place| {
                let begins = resume::begins_with(self.site(&origin_of(&place)), &beginning).unwrap_or(false);
                begins && is_there(&place, self.intake.origins)
            };
            if place.is_some_and(begins) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// A text that nothing is known of.
    fn settle_new(&mut self, arrival: &Arrival<'_>) -> Result<Settled> {
        let Some(Seen { id: before, .. }) = self.writer.at_path(&arrival.place.path)? else {
            self.writer.add(arrival)?;
            return Ok(Settled::Counts(Fate::Added));
        };
        let before = self.writer.known(before)?;
        if arrival.text.len == 0 && before.text_bytes == 0 && before.fault.is_none() {
            self.writer.set_place(before.id, arrival.place)?;
            return Ok(Settled::Skipped(Fate::Known));
        }
        if let Some(before) = self.made_anew(arrival)? {
            self.replace(before.id, arrival)?;
            return Ok(Settled::Counts(Fate::Replaced));
        }
        self.writer.add(arrival)?;
        Ok(Settled::Counts(Fate::Rotated))
    }

    /// What stood at a place, if another text there takes its place: a package of named hours that was made anew, a log
    /// that was edited in place, a file that was never read to its end; and it stands nowhere else. A log that another
    /// took the place of begins in another way: its lines were real.
    fn made_anew(&mut self, arrival: &Arrival<'_>) -> Result<Option<Known>> {
        let seen = self.writer.at_path(&arrival.place.path)?;
        // Where only the beginning of a text stood, the rest of it is not what was made anew.
        let Some(Seen { id, .. }) = seen.filter(|seen| !seen.place.is_beginning) else { return Ok(None) };
        let before = self.writer.known(id)?;
        let is_package = arrival.place.is_named > 0;
        let is_made_anew = is_package || before.fault.is_some() || before.begins_alike(arrival.text);
        Ok(if is_made_anew && !self.is_elsewhere(id, arrival.place)? { Some(before) } else { None })
    }

    /// Forgets what stood at a place where one of some sources stands now, if that takes its place; gives whether it
    /// did.
    fn make_way(&mut self, ids: &[SourceId], arrival: &Arrival<'_>) -> Result<bool> {
        let before = self.made_anew(arrival)?.filter(|before| !ids.contains(&before.id));
        if let Some(before) = &before {
            self.uncover(before, arrival.place)?;
            self.writer.forget(before.id)?;
        }
        Ok(before.is_some())
    }

    /// The same text again, perhaps by another name.
    fn settle_known(&mut self, id: SourceId, taken: &Taken, arrival: &Arrival<'_>) -> Result<Settled> {
        let was_here = self.stands_at(id, arrival.place)?;
        let mut shorter = Vec::new();
        let is_of_another = self.writer.known(id)?.read_for() != taken.source.outside();
        if is_of_another || self.somewhere(id, b"")?.is_none() {
            // Nobody could read it where it stood, or it was read for another domain: what came since then may be the
            // beginning of it.
            shorter = self.shorter(taken, arrival)?.0;
            // Where its own name tells no domain, it is that of the text that is known.
            let known = self.writer.known(id)?;
            let domain = taken.source.outside().or(known.read_for());
            shorter.retain(|shorter| shorter.id != id && may_be_one(shorter.read_for(), domain));
            self.take_in_beginnings(id, &shorter, arrival.place)?;
        }
        self.take_in_copies(id, taken, arrival.place)?;
        let is_made_anew = self.make_way(&[id], arrival)?;
        let known = self.writer.known(id)?;
        // As long as it is read for another domain, it is what it is.
        if known.whole != Some(taken.text.whole) && known.read_for() == taken.source.outside() {
            self.writer.set_text(id, &taken.text)?;
        }
        let is_elsewhere = self.stand(id, arrival.place)?;
        let known = self.writer.known(id)?;
        // The first of its names tells how it is read.
        let is_first = known.sort == arrival.place.sort;
        let is_otherwise = is_first && is_read_otherwise(&taken.source.reading, &known.way);
        if is_otherwise || known.hours != taken.source.named || !shorter.is_empty() {
            let told = self.told(id, taken, arrival.place)?;
            if told == taken.source.named && (is_otherwise || known.hours != told) {
                self.writer.replace(id, arrival)?;
                self.note_told(taken, arrival.place)?;
                // Read for this domain, it may begin what it did not begin before.
                self.tell_longer(id, taken, arrival.place)?;
                return Ok(Settled::Counts(Fate::Replaced));
            }
            if let Some(told) = told.filter(|told| known.hours.as_ref() != Some(told)) {
                return Ok(Settled::As(told));
            }
        }
        if is_elsewhere && !was_here {
            self.taking.duplicates.push((taken.source.name.clone(), known.name));
        }
        Ok(Settled::Skipped(match (is_made_anew, was_here, is_elsewhere) {
            (true, ..) => Fate::Replaced,
            (false, true, _) => Fate::Known,
            (false, false, false) => Fate::Moved,
            (false, false, true) => Fate::Duplicate,
        }))
    }

    /// Forgets what was counted of a text by names that are the one of a source with something put before it: which of them
    /// was known first does not matter.
    fn take_in_copies(&mut self, id: SourceId, taken: &Taken, here: &Place) -> Result<()> {
        if taken.text.outside.is_none() {
            return Ok(());
        }
        let mut copies = Vec::new();
        for other in self.writer.also_with_text(&taken.text)? {
            copies.extend((other != id).then(|| self.writer.known(other)).transpose()?);
        }
        self.take_in_beginnings(id, &copies, here)
    }

    /// Adds what follows a text that was read before.
    fn go_on(&mut self, begun: &Known, taken: &Taken, arrival: &Arrival<'_>) -> Result<Settled> {
        let (others, _) = self.shorter(taken, arrival)?;
        if others.iter().any(|known| known.id != begun.id) {
            return Ok(Settled::Again);
        }
        self.drop_gone(begun.id, arrival.place)?;
        self.note_names(begun, begun.id)?;
        let is_elsewhere = self.is_elsewhere(begun.id, arrival.place)?;
        self.writer.extend(begun.id, arrival)?;
        if is_elsewhere {
            self.note_beginning(begun.id, &begun.hashes(), arrival.place)?;
        }
        self.taking.before.0 += begun.lines;
        self.taking.before.1 += begun.rejected;
        Ok(Settled::Counts(Fate::Grown))
    }

    /// Forgets the other places of a source where nothing stands any more.
    /// Once is enough: what came since stands.
    fn drop_gone(&mut self, id: SourceId, here: &Place) -> Result<()> {
        if !self.looked_over.insert(id) {
            return Ok(());
        }
        for place in self.writer.places(id)? {
            if place.path != here.path && !is_nowhere(&place) && !self.site(&origin_of(&place)).is_file() {
                self.writer.drop_place(id, &place.path)?;
            }
        }
        Ok(())
    }

    /// Puts a text in the place of all those that it grew from.
    fn take_over(&mut self, shorter: &[Known], arrival: &Arrival<'_>) -> Result<Option<Fate>> {
        let Some((longest, others)) = shorter.split_first() else { return Ok(None) };
        let others: Vec<SourceId> = others.iter().map(|known| known.id).collect();
        self.make_way(&shorter.iter().map(|known| known.id).collect::<Vec<_>>(), arrival)?;
        let standing = self.standing(shorter, arrival.place)?;
        shorter.iter().try_for_each(|known| self.note_names(known, longest.id))?;
        self.writer.outgrow(longest.id, &others, arrival)?;
        self.note_beginning(longest.id, &standing, arrival.place)?;
        Ok(Some(if longest.fault.is_some() { Fate::Replaced } else { Fate::Grown }))
    }

    /// Forgets what was counted of the beginnings of a source, which stand where they stood.
    fn take_in_beginnings(&mut self, id: SourceId, shorter: &[Known], here: &Place) -> Result<()> {
        let standing = self.standing(shorter, here)?;
        for known in shorter {
            self.note_names(known, id)?;
            self.writer.become_beginning(known.id, id)?;
        }
        self.note_beginning(id, &standing, here)
    }

    /// The hashes of those texts that go on to stand elsewhere as beginnings of a longer one. Where they stand no more is
    /// forgotten.
    fn standing(&mut self, shorter: &[Known], here: &Place) -> Result<Vec<Hash>> {
        if shorter.is_empty() {
            return Ok(Vec::new());
        }
        // What was missing of them is there.
        self.taking.faults.retain(|(name, _)| shorter.iter().all(|known| known.name != *name));
        let mut standing = Vec::new();
        for known in shorter {
            self.drop_gone(known.id, here)?;
            if known.head.is_some() && self.is_elsewhere(known.id, here)? {
                standing.extend(known.hashes());
            }
        }
        Ok(standing)
    }

    /// Puts a text in the place of one that stands nowhere else any more.
    fn replace(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        let known = self.writer.known(id)?;
        self.uncover(&known, arrival.place)?;
        self.is_elsewhere(id, arrival.place)?;
        self.writer.replace(id, arrival)
    }

    /// Where the beginning of a source stands nothing else is known of that: it is read once the source is gone.
    pub(super) fn uncover(&mut self, known: &Known, here: &Place) -> Result<()> {
        for place in self.writer.places(known.id)? {
            if place.is_beginning && place.path != here.path {
                if !is_nowhere(&place) && self.site(&origin_of(&place)).is_file() {
                    self.uncovered.push(self.again_at(&place, known));
                }
                self.writer.drop_place(known.id, &place.path)?;
            }
        }
        Ok(())
    }

    pub(super) fn stands_at(&mut self, id: SourceId, place: &Place) -> Result<bool> {
        Ok(self.writer.at_path(&place.path)?.is_some_and(|here| here.id == id))
    }

    /// Notes that a source stands at a place; gives whether it stands elsewhere, too.
    fn stand(&mut self, id: SourceId, place: &Place) -> Result<bool> {
        self.writer.set_place(id, place)?;
        self.is_elsewhere(id, place)
    }

    /// Whether the text of a source still stands at another place than this one. Where it has a place, those before it
    /// that it is gone from are forgotten.
    pub(super) fn is_elsewhere(&mut self, id: SourceId, here: &Place) -> Result<bool> {
        let is_here = self.stands_at(id, here)?;
        let (mut after, mut gone) = (Vec::new(), Vec::new());
        let is_elsewhere = loop {
            let places = self.writer.whole_places(id, &after)?;
            let Some(last) = places.last() else { break false };
            after.clone_from(&last.path);
            let mut others = places.into_iter().filter(|place| place.path != here.path);
            let found = others.find(|place| {
                let stands = is_there(place, self.intake.origins);
                gone.extend((!stands).then(|| place.path.clone()));
                stands
            });
            if found.is_some() {
                break true;
            }
        };
        if is_elsewhere || is_here {
            gone.iter().try_for_each(|path| self.writer.drop_place(id, path))?;
        }
        Ok(is_elsewhere)
    }

    /// Whether a source still is what it was, read as it was, and at this place.
    fn is_still(&mut self, known: &Known, place: &Place) -> Result<bool> {
        let how = |known: &Known| (known.whole, known.hours.clone(), known.way.clone());
        Ok(self.stands_at(known.id, place)? && how(&self.writer.known(known.id)?) == how(known))
    }
}
