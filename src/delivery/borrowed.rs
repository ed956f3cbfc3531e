//! Sources that were read by the name of one of their beginnings, because their own names name no domain. This holds
//! only until more is known of them.

use super::place::{TOLD, as_path, told_note_of};
use super::work::Work;
use crate::digest::TextId;
use crate::error::Result;
use crate::ingest::Taken;
use crate::names::{is_domain, named_hours};
use crate::report::NamedHours;
use crate::store::{Place, Seen, SourceId};

impl Work<'_> {
    /// The source that has these lines by no name of its own, and was read as the name of one of its beginnings tells: a copy
    /// that is named for a domain tells more.
    pub(super) fn told_only_by_a_beginning(
        &mut self,
        taken: &Taken,
        place: &Place,
    ) -> Result<Option<SourceId>> {
        if !tells_domain(place) || taken.text.outside.is_none() || taken.report.fault.is_some() {
            return Ok(None);
        }
        let note = self.writer.at_path(&told_note_of(&taken.text.text))?;
        let Some(Seen { id, .. }) = note else { return Ok(None) };
        let known = self.writer.known(id)?;
        let has_lines = known.outside.as_ref().is_some_and(|(text, _)| *text == taken.text.text);
        Ok(Some(id).filter(|_| has_lines).filter(|_| known.read_for() != taken.text.outside.as_ref()))
    }

    /// What the name of a log with the same lines tells, where these were read as the name of a beginning tells: a copy tells
    /// more of them.
    pub(super) fn copied(&mut self, taken: &Taken) -> Result<Option<NamedHours>> {
        if taken.source.own_outside().is_some() || taken.text.outside.is_none() {
            return Ok(None);
        }
        let of_any_domain = TextId { outside: None, ..taken.text.clone() };
        for id in self.writer.also_with_text(&of_any_domain)? {
            if !self.is_told(id)? {
                return Ok(self.writer.known(id)?.hours.filter(|hours| is_domain(&hours.domain)));
            }
        }
        Ok(None)
    }

    /// Notes that what counts now at a place was read as the name of a beginning tells, where its own name tells no domain.
    pub(super) fn note_told(&mut self, taken: &Taken, place: &Place) -> Result<()> {
        let is_told = taken.source.own_outside().is_none() && taken.source.named.is_some();
        if !is_told || taken.text.outside.is_none() {
            return Ok(());
        }
        let Some(Seen { id, .. }) = self.writer.at_path(&place.path)? else { return Ok(()) };
        self.has_told = Some(true);
        let path = told_note_of(&taken.text.text);
        self.writer.set_place(id, &Place { path, is_beginning: true, ..place.clone() })
    }

    /// Whether a source was read as the name of a beginning tells, and by no name of its own.
    pub(super) fn is_told(&mut self, id: SourceId) -> Result<bool> {
        let Some((text, _)) = self.writer.known(id)?.outside else { return Ok(false) };
        let note = self.writer.at_path(&told_note_of(&text))?;
        Ok(note.is_some_and(|note| note.id == id))
    }

    /// Whether any source is; so that it is not asked of each where there is none.
    pub(super) fn has_told(&mut self) -> Result<bool> {
        let has_told = match self.has_told {
            Some(has_told) => has_told,
            None => self.writer.has_note(TOLD)?,
        };
        self.has_told = Some(has_told);
        Ok(has_told)
    }
}

/// Whether the name of a place tells a domain: a word tells less.
fn tells_domain(place: &Place) -> bool {
    named_hours_at(place).is_some_and(|hours| is_domain(&hours.domain))
}

fn named_hours_at(place: &Place) -> Option<NamedHours> {
    as_path(&place.path).file_name().and_then(|name| named_hours(name.to_str()?))
}
