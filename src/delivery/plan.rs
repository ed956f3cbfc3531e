//! Plans what is read: sources are looked at from outside and looked up in the store. An unchanged source is skipped;
//! of one that grew only the rest is read; any other is read as a whole.

use super::decide::{Sight, ToRead, is_read_otherwise, rank, to_read};
use super::place::{is_as_it_was, nowhere, place_of, real_folder, spots};
use super::taking::Fate;
use super::work::{ReadCandidate, Work};
use crate::digest::Lengths;
use crate::error::{Error, Result};
use crate::events::of_log;
use crate::region::Region;
use crate::source::{Origins, Source};
use crate::store::{Place, Seen, Writer};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Sources read at a time: bounds the memory that their tables take.
pub(super) const BATCH: usize = 4096;

/// Takes out the sources that are as they were, which are most of them in most runs: all together, side by side with what is
/// known, and without a copy of anything. Gives how many they were.
pub(super) fn take_out_known(
    writer: &mut Writer,
    sources: &mut Vec<Source>,
    origins: &dyn Origins,
) -> Result<u64> {
    if !writer.has_places()? {
        return Ok(0);
    }
    writer.begin_lookups()?;
    let mut are_known = Vec::with_capacity(sources.len());
    let mut batches = sources.chunks(BATCH);
    let spots = |batch| spots(batch, origins);
    let mut seen = batches.next().map(spots);
    while let Some(batch) = seen {
        // While some are looked up, the next ones are looked at.
        let (next, known) = rayon::join(|| batches.next().map(spots), || writer.unchanged(&batch));
        are_known.extend(known?);
        seen = next;
    }
    writer.end_lookups()?;
    let before = sources.len();
    if are_known.len() != before {
        return Err(Error::defect("sources were looked up without an answer"));
    }
    let mut are_known = are_known.into_iter();
    sources.retain(|_| !are_known.next().unwrap_or(false));
    Ok((before - sources.len()) as u64)
}

impl Work<'_> {
    /// Tells which sources are to be read, perhaps from where they were read to. Those that are not looked at for the
    /// first time are all read, as a whole: that is why they are here again.
    pub(super) fn look_at(
        &mut self,
        mut sources: Vec<Source>,
        is_first: bool,
    ) -> Result<(Vec<Source>, Vec<ReadCandidate>)> {
        let (mut to_read, mut candidates) = (Vec::new(), Vec::new());
        self.writer.begin_lookups()?;
        let looked = self.look_up(&mut sources)?;
        for (mut source, (place, seen)) in sources.into_iter().zip(looked) {
            if let Some(candidate) = self.look(&mut source, place, seen, is_first)? {
                to_read.push(source);
                candidates.push(candidate);
            }
        }
        self.writer.end_lookups()?;
        for (id, place) in std::mem::take(&mut self.renamed) {
            self.writer.set_place(id, &place)?;
        }
        Ok((to_read, candidates))
    }

    /// Looks sources up, all together: where each stands, and what was found there before.
    fn look_up(&mut self, sources: &mut [Source]) -> Result<Vec<(Place, Option<Seen>)>> {
        let origins = self.intake.origins;
        sources.par_iter_mut().for_each(|source| source.look_anew(origins));
        for source in sources.iter_mut().filter(|source| source.is_stream()) {
            source.known_lengths = Some(self.lengths()?);
        }
        let place = |source: &Source| match source.path().filter(|_| !source.is_stream()) {
            Some(path) => place_of(source, self.real_folder(path)),
            None => nowhere(source),
        };
        let places: Vec<Place> = sources.iter().map(place).collect();
        let paths: Vec<&[u8]> = places.iter().map(|place| &place.path[..]).collect();
        let seen = self.writer.at_paths(&paths)?;
        Ok(places.into_iter().zip(seen).collect())
    }

    /// Lengths of the texts that are known so far, asked for when the first pipe is met.
    fn lengths(&mut self) -> Result<Arc<Lengths>> {
        let lengths = match self.lengths.take() {
            Some(lengths) => lengths,
            None => Arc::new(self.writer.lengths()?),
        };
        Ok(self.lengths.insert(lengths).clone())
    }

    /// Looks at a source without reading it; gives nothing where there is nothing to read, as there may be for the
    /// first time.
    fn look(
        &mut self,
        source: &mut Source,
        place: Place,
        seen: Option<Seen>,
        is_first: bool,
    ) -> Result<Option<ReadCandidate>> {
        let Some(seen) = seen.filter(|_| source.path().is_some()) else {
            return Ok(Some(ReadCandidate { place, begun: None }));
        };
        let reading = &mut source.reading;
        let is_otherwise = is_read_otherwise(reading, &seen.way);
        // What was named for a place holds until something else is.
        if reading.region == Region::Unspecified {
            reading.region = seen.way.region;
        }
        reading.domain = reading.domain.take().or_else(|| seen.way.domain.clone());
        let sight = Sight {
            is_otherwise,
            is_verified: self.intake.verify,
            has_fault: source.fault.is_some(),
            is_first,
            was_faulty: seen.fault.is_some(),
            is_as_it_was: is_as_it_was(&seen.place, &place),
        };
        match to_read(sight) {
            ToRead::Whole => return Ok(Some(ReadCandidate { place, begun: None })),
            ToRead::Nothing => {
                self.skip(&seen, place);
                return Ok(None);
            }
            ToRead::Rest => {}
        }
        let known = self.writer.known(seen.id)?;
        // A copy may tell more than its name does. That holds for what it goes on from; what another text took the place of
        // tells nothing of that.
        let is_better = rank(known.hours.as_ref()) > rank(source.named.as_ref());
        // All of a source is read as one name tells; and what was too short to tell may be the beginning of another one.
        let may_go_on = is_first
            && !seen.place.is_beginning
            && (is_better || source.named == known.hours)
            && known.head.is_some();
        let behind =
            || self.contents().behind(&source.origin, &known, &seen.place, &place, self.intake.formats);
        source.resume = if may_go_on { behind().map(Box::new) } else { None };
        if source.resume.is_some() && is_better {
            source.named.clone_from(&known.hours);
        }
        let begun = source.resume.is_some().then_some(known);
        Ok(Some(ReadCandidate { place, begun }))
    }

    /// The folder of a path by the name that it goes by everywhere.
    fn real_folder(&mut self, path: &Path) -> &Path {
        let parent = crate::output::folder(path);
        if !self.folders.contains_key(parent) {
            self.folders.insert(parent.to_owned(), real_folder(parent));
        }
        &self.folders[parent]
    }

    /// Passes over a source that is as it was.
    fn skip(&mut self, seen: &Seen, place: Place) {
        of_log!("{}: known and unchanged", place.name);
        self.taking.fates[Fate::Known as usize] += 1;
        if seen.place.name != place.name || seen.place.sort != place.sort {
            self.renamed.push((seen.id, Place { is_beginning: seen.place.is_beginning, ..place }));
        }
    }
}
