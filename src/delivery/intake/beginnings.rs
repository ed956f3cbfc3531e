//! Whether one text is the beginning of another, and which sources a text grew from.

use super::Work;
use crate::digest::Hash;
use crate::error::{Error, Result};
use crate::ingest::Taken;
use crate::ingest::resume::{self, Beginning};
use crate::names::may_be_one;
use crate::store::{Arrival, Known, Shorter};

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
            } else if known.head.is_some() || !self.is_elsewhere(known.id, place)? {
                found.push(known);
            }
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
        let begins = resume::begins_with(self.site(&taken.source.origin), beginning).unwrap_or(false);
        self.still(taken).map(|()| begins)
    }

    /// Fails where a file is not what was read any more, so that what was found out by reading it again says nothing.
    pub(super) fn still(&mut self, taken: &Taken) -> Result<()> {
        self.changed = taken.source.change(None, self.intake.origins);
        self.changed.map_or(Ok(()), |change| Err(Error::damaged(change).at(&taken.source.name)))
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
        let found = resume::beginnings(self.site(&taken.source.origin), lengths).ok();
        self.still(taken).map(|()| found)
    }
}

/// The beginning that a text has which grew from a source; none of a source without a text.
fn beginning(shorter: &Shorter) -> Option<Beginning> {
    let Shorter { len, whole, open, is_damaged, .. } = *shorter;
    whole.map(|whole| Beginning { len, whole, open, is_damaged, outside: shorter.outside.clone() })
}
