//! Carries out what was decided about a source: the one file of deliveries that writes what counts.

use super::decide::{
    Predecessor, ReadingOf, Readings, SourceAction, fate_of_copy, is_read_otherwise, takes_place,
};
use super::place::{as_path, is_nowhere, note_of, notes_of, origin_of};
use super::taking::Fate;
use super::work::{Case, Settled, Work};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::ingest::Taken;
use crate::names::{is_domain, may_be_one, named_hours_at};
use crate::store::{Arrival, Known, Place, Seen, SourceId, Way};

impl Work<'_> {
    /// Does with a source what was decided.
    pub(super) fn apply(&mut self, action: SourceAction<SourceId>, case: &Case<'_>) -> Result<Settled> {
        let taken = case.taken;
        let arrival = self.arrival(taken, &case.place);
        let fate = match action {
            SourceAction::PassOver | SourceAction::LeaveOut => return Ok(Settled::Skipped(Fate::Faulty)),
            SourceAction::ReadWhole => return Ok(Settled::ReadWhole),
            SourceAction::ReadAs(hours) => return Ok(Settled::ReadAs(hours)),
            SourceAction::GoOn => match &case.begun {
                Some(begun) => return self.go_on(begun, &arrival),
                None => return Err(Error::defect("a text goes on from none")),
            },
            SourceAction::Join(id) => return self.join(id, taken, &arrival),
            SourceAction::Begin(id) => return self.begin(id, &case.shorter, taken, case.place.clone()),
            SourceAction::Keep(id) => {
                self.writer.set_place(id, &case.place)?;
                return Ok(Settled::Skipped(Fate::Known));
            }
            SourceAction::ReplaceTold(id) => {
                let mut shorter = case.shorter.clone();
                shorter.retain(|known| known.id != id);
                self.replace(id, &arrival)?;
                self.take_in_beginnings(id, &shorter, &case.place)?;
                return Ok(Settled::Counts(Fate::Replaced));
            }
            SourceAction::TakeOver => self.take_over(&case.shorter, &arrival)?,
            SourceAction::Replace(id) => {
                let before = self.writer.known(id)?;
                self.note_shorter(&before, &arrival);
                self.replace(id, &arrival)?;
                Fate::Replaced
            }
            SourceAction::Add => {
                self.writer.add(&arrival)?;
                Fate::Added
            }
            SourceAction::Rotate => {
                self.writer.add(&arrival)?;
                Fate::Rotated
            }
        };
        self.note_told(taken, &case.place)?;
        self.take_back(&case.borrowed, &case.place)?;
        Ok(Settled::Counts(fate))
    }

    /// Adds what follows a text that was read before.
    fn go_on(&mut self, begun: &Known, arrival: &Arrival<'_>) -> Result<Settled> {
        self.drop_gone(begun.id, arrival.place)?;
        self.note_names(begun, begun.id)?;
        let is_elsewhere = self.trim_places(begun.id, arrival.place)?;
        self.writer.extend(begun.id, arrival)?;
        if is_elsewhere {
            self.note_beginning(begun.id, notes_of_known(begun), arrival.place)?;
        }
        self.taking.before.0 += begun.lines;
        self.taking.before.1 += begun.rejected;
        Ok(Settled::Counts(Fate::Grown))
    }

    /// The same text again, perhaps by another name.
    fn join(&mut self, id: SourceId, taken: &Taken, arrival: &Arrival<'_>) -> Result<Settled> {
        let was_here = self.stands_at(id, arrival.place)?;
        let mut shorter = Vec::new();
        let is_of_another = self.writer.known(id)?.read_for() != taken.read_for();
        if is_of_another || self.somewhere(id, b"")?.is_none() {
            // Nobody could read it where it stood, or it was read for another domain: what came since then may be the
            // beginning of it.
            shorter = self.shorter(taken, arrival)?.0;
            // Where its own name tells no domain, it is that of the text that is known.
            let known = self.writer.known(id)?;
            let domain = taken.read_for().or(known.read_for());
            shorter.retain(|shorter| {
                let of = shorter.read_for();
                shorter.id != id && may_be_one(of, domain) && may_be_one(of, known.read_for())
            });
            self.take_in_beginnings(id, &shorter, arrival.place)?;
        }
        self.take_in_copies(id, taken, arrival.place)?;
        let is_made_anew = self.make_way(&[id], arrival)?;
        let known = self.writer.known(id)?;
        // As long as it is read for another domain, it is what it is.
        if known.whole != Some(taken.text.whole) && known.read_for() == taken.read_for() {
            self.writer.set_text(id, &taken.text)?;
        }
        let is_elsewhere = self.stand(id, arrival.place)?;
        let known = self.writer.known(id)?;
        // The first of its names tells how it is read.
        let is_first = known.sort == arrival.place.sort;
        let readings = Readings {
            is_otherwise: is_first && self.is_read_otherwise(taken, &known.way),
            before: known.hours.as_ref(),
            now: taken.source.named.as_ref(),
        };
        if readings.are_in_doubt(!shorter.is_empty()) {
            match readings.decide(self.told(id, taken, arrival.place)?) {
                ReadingOf::Before => {}
                ReadingOf::Now => {
                    self.writer.replace(id, arrival)?;
                    self.note_told(taken, arrival.place)?;
                    // Read for this domain, it may begin what it did not begin before.
                    self.tell_longer(id, taken, arrival.place)?;
                    return Ok(Settled::Counts(Fate::Replaced));
                }
                ReadingOf::Told(hours) => return Ok(Settled::ReadAs(hours)),
            }
        }
        if is_elsewhere && !was_here {
            // It may be a copy that was renamed.
            self.drop_gone(id, arrival.place)?;
            self.taking.duplicates.push((taken.source.name.clone(), known.name));
        }
        Ok(Settled::Skipped(fate_of_copy(is_made_anew, was_here, is_elsewhere)))
    }

    /// Whether a source whose text is known was read in another way now. What tells its own format was read by what is known of
    /// formats now, which says something else than before only where it was asked to read all anew.
    fn is_read_otherwise(&self, taken: &Taken, way: &Way) -> bool {
        is_read_otherwise(&taken.source.reading, way)
            || self.intake.verify && !way.is_in(taken.format.name(), taken.format.described())
    }

    /// Forgets what was counted of a text by names that are the one of a source with something put before it: which of them
    /// was known first does not matter.
    fn take_in_copies(&mut self, id: SourceId, taken: &Taken, here: &Place) -> Result<()> {
        if taken.text.outside.is_none() {
            return Ok(());
        }
        let stays = self.writer.known(id)?;
        let mut copies = Vec::new();
        for other in self.writer.also_with_text(&taken.text)? {
            let other = self.writer.known(other)?;
            if other.id != id && may_be_one(other.read_for(), stays.read_for()) {
                copies.push(other);
            }
        }
        self.take_in_beginnings(id, &copies, here)
    }

    /// A text that another one begins with, which counts; so do no more those that this one grew from.
    fn begin(&mut self, id: SourceId, shorter: &[Known], taken: &Taken, mut place: Place) -> Result<Settled> {
        let was_here = self.stands_at(id, &place)?;
        self.take_in_beginnings(id, shorter, &place)?;
        let is_made_anew = self.make_way(&[id], &self.arrival(taken, &place))?;
        place.is_beginning = true;
        self.writer.set_place(id, &place)?;
        // It may have been renamed.
        self.drop_gone(id, &place)?;
        let (whole, alone) = taken.readable;
        let longer = self.writer.known(id)?.outside.map(|(_, domain)| domain);
        let mut domains: Vec<&Domain> = taken.text.outside.iter().chain(&longer).collect();
        domains.dedup();
        self.note_beginning(id, notes_of(whole, alone, &domains), &place)?;
        self.tell_longer(id, taken, &place)?;
        if was_here {
            return Ok(Settled::Within(Fate::Known));
        }
        self.taking.duplicates.push((taken.source.name.clone(), self.writer.known(id)?.name));
        Ok(Settled::Within(if is_made_anew { Fate::Replaced } else { Fate::Duplicate }))
    }

    /// Puts a text in the place of all those that it grew from.
    fn take_over(&mut self, shorter: &[Known], arrival: &Arrival<'_>) -> Result<Fate> {
        let Some((longest, others)) = shorter.split_first() else {
            return Err(Error::defect("a text takes the place of none that it begins with"));
        };
        let others: Vec<SourceId> = others.iter().map(|known| known.id).collect();
        self.make_way(&shorter.iter().map(|known| known.id).collect::<Vec<_>>(), arrival)?;
        self.let_go(shorter, arrival)?;
        let standing = self.standing(shorter, arrival.place)?;
        shorter.iter().try_for_each(|known| self.note_names(known, longest.id))?;
        self.writer.outgrow(longest.id, &others, arrival)?;
        self.note_beginning(longest.id, standing, arrival.place)?;
        Ok(if longest.fault.is_some() { Fate::Replaced } else { Fate::Grown })
    }

    /// Forgets what was counted of the beginnings of a source, which stand where they stood.
    fn take_in_beginnings(&mut self, id: SourceId, shorter: &[Known], here: &Place) -> Result<()> {
        let standing = self.standing(shorter, here)?;
        for known in shorter {
            self.note_names(known, id)?;
            self.writer.become_beginning(known.id, id)?;
        }
        self.note_beginning(id, standing, here)
    }

    /// The notes of those texts that go on to stand elsewhere as beginnings of a longer one. Where they stand no more is
    /// forgotten.
    fn standing(&mut self, shorter: &[Known], here: &Place) -> Result<Vec<Vec<u8>>> {
        if shorter.is_empty() {
            return Ok(Vec::new());
        }
        // What was missing of them is there.
        self.taking.faults.retain(|(name, _)| shorter.iter().all(|known| known.name != *name));
        let mut standing = Vec::new();
        for known in shorter {
            self.drop_gone(known.id, here)?;
            if known.head.is_some() && self.trim_places(known.id, here)? {
                standing.extend(notes_of_known(known));
            }
        }
        Ok(standing)
    }

    /// Notes that a text is the beginning of a source: it stays known when the longer one cannot be read any more.
    fn note_beginning(&mut self, id: SourceId, notes: Vec<Vec<u8>>, place: &Place) -> Result<()> {
        for path in notes {
            self.writer.set_place(id, &Place { path, is_named: 0, is_beginning: true, ..place.clone() })?;
        }
        Ok(())
    }

    /// Puts a text in the place of one that stands nowhere else any more.
    fn replace(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        let known = self.writer.known(id)?;
        self.uncover(&known, arrival.place)?;
        self.trim_places(id, arrival.place)?;
        self.writer.replace(id, arrival)
    }

    /// What stood at a place, if another text there takes its place: see [`takes_place`]; and it stands nowhere else.
    pub(super) fn made_anew(&mut self, arrival: &Arrival<'_>) -> Result<Option<Known>> {
        let seen = self.writer.at_path(&arrival.place.path)?;
        let Some(Seen { id, place, .. }) = seen else { return Ok(None) };
        let is_beginning = place.is_beginning;
        let before = self.writer.known(id)?;
        let predecessor = Predecessor {
            is_beginning,
            is_package: arrival.place.is_named > 0,
            is_faulty: before.fault.is_some(),
            begins_alike: before.begins_alike(arrival.text),
        };
        Ok(if takes_place(predecessor) && !self.trim_places(id, arrival.place)? {
            Some(before)
        } else {
            None
        })
    }

    /// Forgets what stood at a place where one of some sources stands now, if that takes its place; gives whether it
    /// did.
    fn make_way(&mut self, ids: &[SourceId], arrival: &Arrival<'_>) -> Result<bool> {
        let before = self.made_anew(arrival)?.filter(|before| !ids.contains(&before.id));
        if let Some(before) = &before {
            self.note_shorter(before, arrival);
            self.uncover(before, arrival.place)?;
            self.writer.forget(before.id)?;
        }
        Ok(before.is_some())
    }

    /// Notes that what takes the place of a source has fewer lines: a copy that was cut off looks like that.
    fn note_shorter(&mut self, before: &Known, arrival: &Arrival<'_>) {
        let lines = [before.lines, arrival.report.counts.lines];
        if lines[1] < lines[0] {
            self.taking.shorter.push((arrival.place.name.clone(), lines));
        }
    }

    /// Makes texts the beginnings of what counts now at a place which were counted as the names of their own beginnings tell:
    /// these count by themselves again.
    fn take_back(&mut self, borrowed: &[Known], place: &Place) -> Result<()> {
        for known in borrowed {
            let Some(Seen { id, .. }) = self.writer.at_path(&place.path)? else { return Ok(()) };
            self.uncover(known, place)?;
            self.writer.become_beginning(known.id, id)?;
            // By its own name it has no domain.
            let alone = known.outside.as_ref().map(|(text, _)| note_of(text));
            self.note_beginning(id, alone.into_iter().collect(), place)?;
        }
        Ok(())
    }

    /// Reads again what began texts of no domain, and is of another domain than the text that takes their place.
    fn let_go(&mut self, shorter: &[Known], arrival: &Arrival<'_>) -> Result<()> {
        let Some(domain) = &arrival.text.outside else { return Ok(()) };
        let is_of_another = |place: &Place| {
            let own = named_hours_at(&as_path(&place.path)).map(|hours| hours.domain).filter(is_domain);
            !may_be_one(own.as_ref(), Some(domain))
        };
        for known in shorter.iter().filter(|known| known.read_for().is_none()) {
            self.uncover_those(known, arrival.place, is_of_another)?;
        }
        Ok(())
    }

    /// Where the beginning of a source stands nothing else is known of that: it is read once the source is gone.
    fn uncover(&mut self, known: &Known, here: &Place) -> Result<()> {
        self.uncover_those(known, here, |_| true)
    }

    /// The same for some of its beginnings.
    fn uncover_those(&mut self, known: &Known, here: &Place, which: impl Fn(&Place) -> bool) -> Result<()> {
        let mut places = self.writer.places(known.id)?;
        places.retain(|place| place.is_beginning && place.path != here.path && which(place));
        for place in places.iter().filter(|place| !is_nowhere(place)) {
            if self.is_file(&origin_of(place)) {
                self.uncovered.push(self.to_read_again(place, known));
            }
        }
        let paths: Vec<Vec<u8>> = places.into_iter().map(|place| place.path).collect();
        self.writer.drop_places(known.id, &paths)
    }

    /// Notes that a source stands at a place; gives whether it stands elsewhere, too.
    fn stand(&mut self, id: SourceId, place: &Place) -> Result<bool> {
        self.writer.set_place(id, place)?;
        self.trim_places(id, place)
    }
}

/// The notes that tell of a source that its text is the beginning of another one.
fn notes_of_known(known: &Known) -> Vec<Vec<u8>> {
    let outside = known.outside.as_ref();
    let domains: Vec<&Domain> = outside.map(|(_, domain)| domain).into_iter().collect();
    let alone = |whole| outside.map_or(whole, |(text, _)| *text);
    known.whole.map(|whole| notes_of(whole, alone(whole), &domains)).unwrap_or_default()
}
