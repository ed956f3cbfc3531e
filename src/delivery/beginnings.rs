//! Whether one text is the beginning of another: which sources a text grew from, and which sources continue where it
//! ends.

use super::crowd::{Crowd, CrowdMember, FEW};
use super::place::{is_nowhere, is_there, note_for, note_of, origin_of};
use super::work::Work;
use crate::digest::{Hash, TextId};
use crate::error::Result;
use crate::ingest::Taken;
use crate::ingest::resume::Beginning;
use crate::names::may_be_one;
use crate::store::{Arrival, Known, Place, Seen, SharedBeginning, Shorter, SourceId};
use std::cmp::Reverse;

impl Work<'_> {
    /// The sources that a text grew from, the longest first: those with whose text, or with what could be read of it,
    /// it begins. Short ones only if they were here or are nowhere any more: they may be the beginning of any.
    ///
    /// And those of another domain that it begins with all the same, for they were read as the names of their own beginnings
    /// tell.
    pub(super) fn shorter(
        &mut self,
        taken: &Taken,
        arrival: &Arrival<'_>,
    ) -> Result<(Vec<Known>, Vec<Known>)> {
        let (place, mut found, mut borrowed) = (arrival.place, Vec::new(), Vec::new());
        let may_be: Vec<Shorter> = self.writer.maybe_shorter(place, arrival.text)?;
        let beginnings = self.beginnings_of(taken, &may_be)?;
        for shorter in may_be {
            let is_of_another = !may_be_one(shorter.outside.as_ref(), taken.text.outside.as_ref());
            if is_of_another && !(self.has_told()? && self.is_told(shorter.id)?) {
                continue;
            }
            // What has no text is told by its place alone.
            let is_shorter = match beginning(&shorter) {
                Some(beginning) => self.begins_with(taken, &beginning, beginnings.as_deref())?,
                None => self.stands_at(shorter.id, place)?,
            };
            if !is_shorter {
                continue;
            }
            let known = self.writer.known(shorter.id)?;
            if is_of_another {
                borrowed.push(known);
            } else if known.head.is_some() || !self.trim_places(known.id, place)? {
                found.push(known);
            }
        }
        // Each must be one with the longest of them, too.
        if let Some(longest) = found.first().and_then(Known::read_for).cloned() {
            found.retain(|known| may_be_one(known.read_for(), Some(&longest)));
        }
        Ok((found, borrowed))
    }

    /// Whether a text that was read begins with another one, or with what could be read of that; `beginnings` are those of
    /// it that were looked at.
    ///
    /// # Errors
    /// When the file is not what was read any more.
    pub(super) fn begins_with(
        &mut self,
        taken: &Taken,
        beginning: &Beginning,
        beginnings: Option<&[(u64, Hash)]>,
    ) -> Result<bool> {
        if beginning.is_among(&taken.text.beginnings) {
            return Ok(true);
        }
        if let Some(beginnings) = beginnings {
            return Ok(beginning.is_among(beginnings));
        }
        if self.is_read_once(&taken.source) {
            return Ok(false);
        }
        let begins = self.contents().begins_with(&taken.source.origin, beginning);
        self.check_unchanged(taken).map(|()| begins)
    }

    /// The beginnings of a text that was read, if it may have grown from several sources: it is read for all of them at once.
    /// Nothing where it is to be read for each: what is not hashed as it is may be known by its bytes.
    fn beginnings_of(&mut self, taken: &Taken, shorter: &[Shorter]) -> Result<Option<Vec<(u64, Hash)>>> {
        let is_asked = shorter.len() > 1 && taken.text.is_as_it_is();
        if !is_asked || self.is_read_once(&taken.source) {
            return Ok(None);
        }
        let lengths =
            shorter.iter().filter_map(beginning).flat_map(|beginning| beginning.lengths()).collect();
        let found = self.contents().beginnings(&taken.source.origin, lengths);
        self.check_unchanged(taken).map(|()| found)
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
    pub(super) fn longer(&mut self, taken: &Taken, here: &Place) -> Result<Option<SourceId>> {
        let text = &taken.text;
        let is_damaged = taken.report.fault.is_some();
        if let Some(id) = self.all_known(taken)? {
            return Ok(Some(id));
        }
        if let Some(id) = self.noted(taken)? {
            // What became shorter where it stood, and stands nowhere else, is what it is now.
            let before = self.writer.at_path(&here.path)?;
            let was_longer = before.is_some_and(|before| before.id == id && !before.place.is_beginning);
            return Ok(if was_longer && !self.trim_places(id, here)? { None } else { Some(id) });
        }
        let outside = text.outside.clone();
        let beginning = Beginning { len: text.len, whole: text.whole, open: text.open, is_damaged, outside };
        for id in self.maybe_longer(taken)? {
            // Where all of it stands nowhere, what stands of it may begin so.
            let places = match self.somewhere(id, &here.path)? {
                Some(place) => vec![place],
                None => self.beginnings_elsewhere(id, here)?,
            };
            // What was read must still be what was looked up.
            let begins = |place: &Place| {
                let begins = self.contents().begins_with(&origin_of(place), &beginning);
                begins && is_there(place, self.intake.origins)
            };
            if places.iter().any(begins) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Some of the places where the beginning of a source stands.
    fn beginnings_elsewhere(&mut self, id: SourceId, here: &Place) -> Result<Vec<Place>> {
        let mut places = self.writer.places(id)?;
        places.retain(|place| place.is_beginning && place.path != here.path && !is_nowhere(place));
        // The longest ones tell most.
        places.sort_by_key(|place| Reverse(place.size));
        places.truncate(FEW);
        Ok(places)
    }

    /// The source of which it is noted that a text is its beginning, perhaps by a name of the same domain.
    fn noted(&mut self, taken: &Taken) -> Result<Option<SourceId>> {
        let (whole, alone) = taken.readable;
        // What it was the beginning of may be that of another domain's log by now.
        if let Some(Seen { id, .. }) = self.writer.at_path(&note_of(&whole))?
            && may_be_one(self.writer.known(id)?.read_for(), taken.text.outside.as_ref())
        {
            return Ok(Some(id));
        }
        let Some(outside) = &taken.text.outside else { return Ok(None) };
        // It may have been read by a name that tells no domain; what has none of its own may begin the log of any.
        let has_own = taken.source.own_outside().is_some();
        let noted_alone = self.writer.at_path(&note_of(&alone))?.map(|seen| seen.id);
        let of_kin = self.writer.noted_of_kin(outside, |name| note_for(&alone, name))?;
        for id in noted_alone.into_iter().chain(of_kin) {
            let is_alone = !has_own && Some(id) == noted_alone;
            if is_alone || may_be_one(self.writer.known(id)?.read_for(), Some(outside)) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Sources that a text that was read may be the beginning of: all that begin as it does, but of very many only those
    /// that come right behind it.
    pub(super) fn maybe_longer(&mut self, taken: &Taken) -> Result<Vec<SourceId>> {
        let text = &taken.text;
        if let Some(few) = self.writer.maybe_longer(text, FEW)? {
            return Ok(few);
        }
        let (contents, origin) = (self.contents(), &taken.source.origin);
        let Some(kin) = SharedBeginning::of(text).filter(|_| contents.is_readable(origin)) else {
            // What can be read only once is compared with each.
            return Ok(self.writer.maybe_longer(text, usize::MAX)?.unwrap_or_default());
        };
        let mut found = match kin {
            SharedBeginning::First(_) => self.writer.with_older_beginning(text)?,
            SharedBeginning::Head(_) => Vec::new(),
        };
        let crowd = self.crowd(kin)?;
        let at = crowd.before(origin, contents);
        // What a text begins takes its domain from outside if the text does.
        let may_begin =
            |longer: &&CrowdMember| may_be_one(longer.read_for.as_ref(), taken.text.outside.as_ref());
        found.extend(crowd.sorted[at..].iter().filter(may_begin).take(FEW).map(|longer| longer.id));
        Ok(found)
    }

    /// The crowd of a kin, with what came since.
    fn crowd(&mut self, kin: SharedBeginning) -> Result<&mut Crowd> {
        let mut crowd = match self.crowds.remove(&kin) {
            Some(crowd) => crowd,
            None => Crowd { fresh: self.writer.with_beginning(&kin)?, ..Crowd::default() },
        };
        for id in std::mem::take(&mut crowd.fresh) {
            crowd.sorted.retain(|other| other.id != id);
            // What stands nowhere cannot be compared.
            let contents = self.contents();
            let is_readable = |place: &Place| contents.is_readable(&origin_of(place));
            if let Some(place) = self.somewhere(id, b"")?.filter(is_readable) {
                let read_for = self.writer.known(id)?.read_for().cloned();
                crowd.add(CrowdMember { id, place, read_for }, contents);
            }
        }
        Ok(self.crowds.entry(kin).or_insert(crowd))
    }

    /// Takes note of a text that was settled, be it that it is new or that it stands at another place now.
    pub(super) fn join_crowds(&mut self, text: &TextId) -> Result<()> {
        let kins = [text.whole_head().map(SharedBeginning::Head), text.first().map(SharedBeginning::First)];
        let kins: Vec<SharedBeginning> =
            kins.into_iter().flatten().filter(|kin| self.crowds.contains_key(kin)).collect();
        if kins.is_empty() {
            return Ok(());
        }
        let Some(id) = self.writer.with_text(text)? else { return Ok(()) };
        for kin in kins {
            self.crowds.entry(kin).or_default().fresh.push(id);
        }
        Ok(())
    }
}

/// The beginning that a text has which grew from a source; none of a source without a text.
fn beginning(shorter: &Shorter) -> Option<Beginning> {
    let Shorter { len, whole, open, is_damaged, .. } = *shorter;
    whole.map(|whole| Beginning { len, whole, open, is_damaged, outside: shorter.outside.clone() })
}
