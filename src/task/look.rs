//! A look at sources before they are read: which need not be, and which go on from where they were read to.

use super::intake::Intake;
use super::place::{is_as_it_was, nowhere, place_of};
use super::taking::{Fate, Taking};
use crate::digest::TextId;
use crate::error::Result;
use crate::ingest::again;
use crate::ingest::source::{Source, Tail};
use crate::region::Region;
use crate::store::{Known, Place, Seen, SourceId, Way, Writer};
use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// A source to be read.
pub(super) struct Candidate {
    pub(super) place: Place,
    /// The source whose text goes on in it, where only that is read.
    pub(super) begun: Option<Known>,
}

/// Looks at sources, and changes nothing in the store.
pub(super) struct Look<'a> {
    pub(super) writer: &'a mut Writer,
    pub(super) intake: &'a Intake<'a>,
    pub(super) taking: &'a mut Taking,
    /// Folders by the names that they go by.
    pub(super) folders: &'a mut HashMap<PathBuf, PathBuf>,
    /// Sources that are as they were, but were named in another way.
    pub(super) renamed: &'a mut Vec<(SourceId, Place)>,
    /// Whether a source may be read on from where it was read to.
    pub(super) may_go_on: bool,
}

impl Look<'_> {
    /// Looks at a source without reading it; gives nothing where there is nothing to read.
    pub(super) fn look(&mut self, source: &mut Source) -> Result<Option<Candidate>> {
        let meta = look_at(source);
        let is_pipe = meta.as_ref().is_some_and(|meta| !meta.is_file());
        let Some(path) = source.path.clone().filter(|_| !is_pipe) else {
            return Ok(Some(Candidate { place: nowhere(source), begun: None }));
        };
        let place = place_of(source, meta.as_ref(), self.real_folder(&path));
        let Some(seen) = self.writer.at_path(&place.path)? else {
            return Ok(Some(Candidate { place, begun: None }));
        };
        let is_otherwise = is_read_otherwise(source, &seen.way);
        // What was named for a place holds until something else is.
        let region = Some(seen.way.region).filter(|region| *region != Region::Unspecified);
        source.region = source.region.or(region);
        source.domain = source.domain.take().or_else(|| seen.way.domain.clone());
        if is_otherwise || self.intake.verify || source.fault.is_some() {
            return Ok(Some(Candidate { place, begun: None }));
        }
        // What could not be read to its end is tried again.
        if seen.fault.is_none() && is_as_it_was(&seen.place, &place) {
            self.skip(&seen, &place);
            return Ok(None);
        }
        let begun = self.begun(source, &path, &seen, &place)?;
        Ok(Some(Candidate { place, begun }))
    }

    /// The source that goes on in a file: then the file is read from there.
    fn begun(
        &mut self,
        source: &mut Source,
        path: &Path,
        seen: &Seen,
        place: &Place,
    ) -> Result<Option<Known>> {
        // A text that stands elsewhere, too, stays what it is.
        if !self.may_go_on || self.writer.places(seen.id)?.len() > 1 {
            return Ok(None);
        }
        let known = self.writer.known(seen.id)?;
        source.tail = tail(path, &known, &seen.place, place);
        Ok(source.tail.is_some().then_some(known))
    }

    /// The folder of a path by the name that it goes by everywhere.
    fn real_folder(&mut self, path: &Path) -> &Path {
        let parent = crate::output::folder(path);
        if !self.folders.contains_key(parent) {
            let real = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
            self.folders.insert(parent.to_owned(), real);
        }
        &self.folders[parent]
    }

    /// Passes over a source that is as it was.
    fn skip(&mut self, seen: &Seen, place: &Place) {
        self.taking.fates[Fate::Known as usize] += 1;
        if seen.place.name != place.name || seen.place.sort != place.sort {
            self.renamed.push((seen.id, place.clone()));
        }
    }
}

/// Finds out what the system says of a source, and whether it is there.
fn look_at(source: &mut Source) -> Option<Metadata> {
    let meta = fs::metadata(source.path.as_ref()?);
    if let Err(error) = &meta {
        source.fault.get_or_insert_with(|| format!("cannot read: {error}"));
    }
    let meta = meta.ok();
    source.size = meta.as_ref().filter(|meta| meta.is_file()).map(Metadata::len);
    meta
}

/// Where a plain file that grew goes on.
fn tail(path: &Path, known: &Known, before: &Place, place: &Place) -> Option<Tail> {
    let is_plain = before.size == Some(known.text_bytes);
    let has_grown = place.size > Some(known.text_bytes);
    let whole = known.whole.filter(|_| is_plain && has_grown && known.fault.is_none())?;
    let heads = Vec::from_iter(known.head);
    let text = TextId { len: known.text_bytes, whole, chain: known.chain, heads };
    // What cannot be read here is found out when all of it is read.
    again::tail(path, &text).ok().flatten()
}

/// Whether a source is to be read in another way than it was: for a region or a domain that was named.
pub(super) fn is_read_otherwise(source: &Source, way: &Way) -> bool {
    source.region.is_some_and(|region| region != way.region)
        || source.domain.as_ref().is_some_and(|domain| way.domain.as_ref() != Some(domain))
}
