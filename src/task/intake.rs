//! Sources into the store: what is new is read, what is known is skipped, what grew or was replaced is counted
//! anew. A text counts once, whatever names it has.

use super::place::{is_there, place_of};
use crate::digest::TextId;
use crate::domain::{DomainSet, Selection};
use crate::error::Result;
use crate::ingest::source::{Source, Tail};
use crate::ingest::{self, Job, Rejects, Taken, again, ingest_each};
use crate::log::Format;
use crate::region::Region;
use crate::report::{Counts, Sample};
use crate::store::{Arrival, Known, Place, Seen, SourceId, Way, Writer};
use crate::time::TimeRange;
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// How sources are taken in.
pub struct Intake<'a> {
    /// The format of the logs.
    pub format: Format,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// Keep every rejected line, in scratch files in this folder.
    pub keep_rejects: Option<&'a Path>,
    /// Read also what is known and was not changed by size and time.
    pub verify: bool,
    /// Now, in unix seconds.
    pub now: i64,
    /// Told how far the reading is.
    pub progress: &'a ingest::Progress,
}

/// What became of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Not known before; it counts now.
    Added,
    /// It grew; what was counted of it is replaced.
    Grown,
    /// Other content of the same hours under the same name, or to be read in another way; what was counted of it
    /// is replaced.
    Replaced,
    /// Other content under the name of a log that it does not continue: both count.
    Rotated,
    /// Known: nothing changed.
    Known,
    /// Known by a name where it is no more.
    Moved,
    /// Known by another name, where it still is.
    Duplicate,
    /// It cannot be read, or not to its end.
    Faulty,
}

impl Fate {
    /// Every fate.
    pub const ALL: [Self; 8] = [
        Self::Added,
        Self::Grown,
        Self::Replaced,
        Self::Rotated,
        Self::Known,
        Self::Moved,
        Self::Duplicate,
        Self::Faulty,
    ];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Grown => "grown",
            Self::Replaced => "replaced",
            Self::Rotated => "rotated",
            Self::Known => "known",
            Self::Moved => "moved",
            Self::Duplicate => "duplicate",
            Self::Faulty => "faulty",
        }
    }

    /// Whether lines that were read do not count, because they do already.
    const fn is_skipped(self) -> bool {
        matches!(self, Self::Known | Self::Moved | Self::Duplicate)
    }
}

/// What came of taking sources in.
#[derive(Default)]
pub struct Taking {
    /// How many sources had each fate, in the order of [`Fate::ALL`].
    pub fates: [u64; Fate::ALL.len()],
    /// Names of sources that were skipped, each with the name of the source that counts.
    pub duplicates: Vec<(String, String)>,
    /// Names of sources that could not be read to their end, and why.
    pub faults: Vec<(String, String)>,
    /// The lines that were read and count now.
    pub counts: Counts,
    /// The first rejected line, with the name of its source.
    pub first_reject: Option<(String, Sample)>,
    /// Rejected lines, where they were kept.
    pub rejects: Vec<Rejects>,
}

impl Taking {
    /// How many sources had a fate.
    #[must_use]
    pub const fn had(&self, fate: Fate) -> u64 {
        self.fates[fate as usize]
    }

    /// Whether anything that counts was changed.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        [Fate::Added, Fate::Grown, Fate::Replaced, Fate::Rotated].into_iter().any(|fate| self.had(fate) > 0)
    }
}

/// Sources read at a time: bounds the memory that their tables take.
const BATCH: usize = 4096;

/// Takes sources into the store; nothing is durable before the writer commits.
///
/// # Errors
/// When a source cannot be read to its end, unless the intake keeps going; when the store fails.
pub fn take_in(writer: &mut Writer, sources: Vec<Source>, intake: &Intake<'_>) -> Result<Taking> {
    let mut work = Work { writer, intake, taking: Taking::default(), folders: HashMap::new() };
    let mut sources = sources.into_iter().peekable();
    while sources.peek().is_some() {
        let batch: Vec<Source> = sources.by_ref().take(BATCH).collect();
        work.batch(batch)?;
    }
    Ok(work.taking)
}

struct Work<'a> {
    writer: &'a mut Writer,
    intake: &'a Intake<'a>,
    taking: Taking,
    /// Folders by the names that they go by.
    folders: HashMap<PathBuf, PathBuf>,
}

/// A source to be read, with the source that was at its place before.
struct Candidate {
    place: Place,
    before: Option<SourceId>,
}

/// Looks at sources, and changes nothing in the store.
struct Look<'a> {
    writer: &'a mut Writer,
    intake: &'a Intake<'a>,
    taking: &'a mut Taking,
    folders: &'a mut HashMap<PathBuf, PathBuf>,
    /// Sources that are as they were, but were named in another way.
    renamed: &'a mut Vec<(SourceId, Place)>,
}

impl Look<'_> {
    /// Looks at a source without reading it; gives nothing where there is nothing to read.
    fn look(&mut self, source: &mut Source) -> Result<Option<Candidate>> {
        let Some(path) = source.path.clone() else {
            return Ok(Some(Candidate { place: place_of(source, None, Path::new("")), before: None }));
        };
        let meta = match fs::metadata(&path) {
            Ok(meta) => Some(meta),
            Err(error) => {
                source.fault.get_or_insert_with(|| format!("cannot read: {error}"));
                None
            }
        };
        source.size = meta.as_ref().filter(|meta| meta.is_file()).map(Metadata::len);
        let parent = crate::output::folder(&path);
        if !self.folders.contains_key(parent) {
            let real = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
            self.folders.insert(parent.to_owned(), real);
        }
        let place = place_of(source, meta.as_ref(), &self.folders[parent]);
        let Some(seen) = self.writer.at_path(&place.path)? else {
            return Ok(Some(Candidate { place, before: None }));
        };
        if !is_read_otherwise(source, &seen.way) && !self.intake.verify {
            let is_same = seen.place.size == place.size && seen.place.modified == place.modified;
            if is_same && source.fault.is_none() {
                self.skip(&seen, &place);
                return Ok(None);
            }
            source.tail = tail(&path, &self.writer.known(seen.id)?, &seen.place, &place);
        }
        Ok(Some(Candidate { place, before: Some(seen.id) }))
    }

    /// Passes over a source that is as it was.
    fn skip(&mut self, seen: &Seen, place: &Place) {
        self.taking.fates[Fate::Known as usize] += 1;
        if let Some(fault) = &seen.fault {
            self.taking.faults.push((place.name.clone(), fault.clone()));
        }
        if seen.place.name != place.name || seen.place.sort != place.sort {
            self.renamed.push((seen.id, place.clone()));
        }
    }
}

impl Work<'_> {
    fn batch(&mut self, sources: Vec<Source>) -> Result<()> {
        let (mut to_read, mut candidates, mut renamed) = (Vec::new(), Vec::new(), Vec::new());
        let Self { intake, taking, folders, .. } = self;
        self.writer.reading(|writer| {
            let mut look = Look { writer, intake, taking, folders, renamed: &mut renamed };
            for mut source in sources {
                if let Some(candidate) = look.look(&mut source)? {
                    to_read.push(source);
                    candidates.push(candidate);
                }
            }
            Ok(())
        })?;
        for (id, place) in &renamed {
            self.writer.set_place(*id, place)?;
        }
        if to_read.is_empty() {
            return Ok(());
        }
        let job = Job {
            format: self.intake.format,
            region: Region::Unspecified,
            range: TimeRange::all(),
            selection: &Selection { account: DomainSet::all(), wanted: DomainSet::all() },
            threads: self.intake.threads,
            keep_going: self.intake.keep_going,
            keep_rejects: self.intake.keep_rejects,
            progress: self.intake.progress,
        };
        let (taken, rejects) = ingest_each(to_read, &job)?;
        let mut skipped = HashSet::new();
        for (taken, candidate) in taken.into_iter().zip(candidates) {
            let fate = self.settle(&taken, candidate)?;
            self.taking.fates[fate as usize] += 1;
            if fate.is_skipped() {
                skipped.insert(taken.source.name);
            } else {
                self.count(taken);
            }
        }
        if let Some(mut rejects) = rejects {
            rejects.leave_out(|name| skipped.contains(name));
            self.taking.rejects.push(rejects);
        }
        Ok(())
    }

    fn count(&mut self, mut taken: Taken) {
        self.taking.counts.merge(&taken.report.counts);
        if self.taking.first_reject.is_none() && !taken.samples.is_empty() {
            self.taking.first_reject = Some((taken.source.name, taken.samples.swap_remove(0)));
        }
    }

    /// Decides what a source that was read is, and counts it accordingly.
    fn settle(&mut self, taken: &Taken, candidate: Candidate) -> Result<Fate> {
        let Candidate { mut place, before } = candidate;
        if let Some(fault) = &taken.report.fault {
            self.taking.faults.push((taken.source.name.clone(), fault.clone()));
            return self.settle_faulty(taken, &place, before);
        }
        let Some(text) = &taken.text else { return Ok(Fate::Faulty) };
        if taken.source.path.is_none() {
            // Standard input has no place of its own: its text is its place.
            place.path = [b"-", &text.whole[..]].concat();
        }
        let arrival = self.arrival(taken, &place);
        if let Some(before) = before.filter(|_| taken.source.tail.is_some()) {
            self.writer.extend(before, &arrival)?;
            return Ok(Fate::Grown);
        }
        if let Some(id) = self.writer.with_text(&text.whole)? {
            return self.settle_known(id, taken, &arrival);
        }
        if let Some(shorter) = self.shorter(taken, &place, text)? {
            self.writer.replace(shorter, &arrival)?;
            return Ok(Fate::Grown);
        }
        let Some(before) = before else {
            self.writer.add(&arrival)?;
            return Ok(Fate::Added);
        };
        let before = self.writer.known(before)?;
        // A package of named hours that was made anew, or a file that was never read to its end.
        let is_made_anew = before.hours.is_some() && before.hours == taken.source.hours;
        if is_made_anew || before.fault.is_some() {
            self.writer.replace(before.id, &arrival)?;
            return Ok(Fate::Replaced);
        }
        self.writer.add(&arrival)?;
        Ok(Fate::Rotated)
    }

    /// What was read before a fault counts, unless all of a text is known from there.
    fn settle_faulty(&mut self, taken: &Taken, place: &Place, before: Option<SourceId>) -> Result<Fate> {
        let is_nowhere = taken.source.path.is_none() || place.modified.is_none();
        if is_nowhere {
            return Ok(Fate::Faulty);
        }
        let arrival = self.arrival(taken, place);
        match before {
            None => drop(self.writer.add(&arrival)?),
            Some(id) if self.writer.known(id)?.fault.is_some() => self.writer.replace(id, &arrival)?,
            Some(_) => {}
        }
        Ok(Fate::Faulty)
    }

    /// The same text again, perhaps by another name.
    fn settle_known(&mut self, id: SourceId, taken: &Taken, arrival: &Arrival<'_>) -> Result<Fate> {
        let (here, others): (Vec<Place>, Vec<Place>) =
            self.writer.places(id)?.into_iter().partition(|place| place.path == arrival.place.path);
        let (there, gone): (Vec<Place>, Vec<Place>) = others.into_iter().partition(is_there);
        self.writer.set_place(id, arrival.place)?;
        for place in &gone {
            self.writer.drop_place(id, &place.path)?;
        }
        let known = self.writer.known(id)?;
        // The first of its names tells how it is read.
        let is_first = known.sort == arrival.place.sort;
        let is_otherwise = known.hours != taken.source.hours || is_read_otherwise(&taken.source, &known.way);
        if is_first && is_otherwise {
            self.writer.replace(id, arrival)?;
            return Ok(Fate::Replaced);
        }
        if !here.is_empty() {
            return Ok(Fate::Known);
        }
        if there.is_empty() {
            return Ok(Fate::Moved);
        }
        self.taking.duplicates.push((taken.source.name.clone(), known.name));
        Ok(Fate::Duplicate)
    }

    /// The source that this one grew from: one that was here or is nowhere any more, and with whose text it begins.
    fn shorter(&mut self, taken: &Taken, place: &Place, text: &TextId) -> Result<Option<SourceId>> {
        let Some(path) = &taken.source.path else { return Ok(None) };
        for id in self.writer.maybe_shorter(place, text)? {
            let known = self.writer.known(id)?;
            let (here, others): (Vec<Place>, Vec<Place>) =
                self.writer.places(id)?.into_iter().partition(|known| known.path == place.path);
            if known.fault.is_some() || others.iter().any(is_there) {
                continue;
            }
            let is_prefix = match known.whole {
                None => !here.is_empty(),
                Some(whole) => again::prefix(path, known.text_bytes)
                    .is_ok_and(|prefix| prefix.is_some_and(|prefix| prefix.whole == whole)),
            };
            if is_prefix {
                for gone in &others {
                    self.writer.drop_place(id, &gone.path)?;
                }
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    fn arrival<'t>(&self, taken: &'t Taken, place: &'t Place) -> Arrival<'t> {
        Arrival {
            place,
            text: taken.text.as_ref(),
            report: &taken.report,
            samples: &taken.samples,
            table: &taken.table,
            format: self.intake.format.name(),
            region: taken.source.region.unwrap_or_default(),
            domain: taken.source.domain.as_ref(),
            now: self.intake.now,
        }
    }
}

/// Where a plain file that grew goes on.
fn tail(path: &Path, known: &Known, before: &Place, place: &Place) -> Option<Tail> {
    let is_plain = before.size == Some(known.text_bytes);
    let has_grown = place.size > Some(known.text_bytes);
    let whole = known.whole.filter(|_| is_plain && has_grown)?;
    let text = TextId { len: known.text_bytes, whole, chain: known.chain, head: known.head };
    // What cannot be read here is found out when all of it is read.
    again::tail(path, &text).ok().flatten()
}

/// Whether a source is to be read in another way than it was: for a region or a domain that was named.
fn is_read_otherwise(source: &Source, way: &Way) -> bool {
    source.region.is_some_and(|region| region != way.region)
        || source.domain.as_ref().is_some_and(|domain| way.domain.as_ref() != Some(domain))
}
