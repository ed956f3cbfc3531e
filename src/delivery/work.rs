//! A delivery in progress: the store that it writes, its results so far, and what is seen of logs from outside.

use super::crowd::Crowds;
use super::intake::Intake;
use super::place::{is_nowhere, is_there, origin_of};
use super::read::Contents;
use super::taking::{Fate, Taking};
use crate::digest::Lengths;
use crate::error::{Error, Result};
use crate::ingest::Taken;
use crate::log::Choice;
use crate::report::NamedHours;
use crate::source::{Origin, Reading, Site, Source, Stat};
use crate::store::{Arrival, Known, Place, SourceId, Way, Writer};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What all sources of a delivery share.
pub(super) struct Work<'a> {
    pub(super) writer: &'a mut Writer,
    pub(super) intake: &'a Intake<'a>,
    pub(super) taking: Taking,
    /// Folders by the names that they go by.
    pub(super) folders: HashMap<PathBuf, PathBuf>,
    /// Texts that one that can be read only once may begin with, when there is any.
    pub(super) lengths: Option<Arc<Lengths>>,
    /// Sources that are as they were, but were named in another way.
    pub(super) renamed: Vec<(SourceId, Place)>,
    /// Files to be read once more: the store has nothing of them any more, for what held their text was replaced, or
    /// the name of a copy tells more than was known.
    pub(super) uncovered: Vec<Source>,
    /// Very many texts that begin alike.
    pub(super) crowds: Crowds,
    /// Sources whose places were looked at, all of them, to see which are gone.
    pub(super) looked_over: HashSet<SourceId>,
    /// What happened to a source that was read and is being settled.
    pub(super) changed: Option<&'static str>,
    /// Whether any source was read as the name of a beginning tells, and by no name of its own, once that was asked.
    pub(super) has_told: Option<bool>,
}

/// A source to be read.
pub(super) struct ReadCandidate {
    pub(super) place: Place,
    /// The source whose text goes on in it, where only that is read.
    pub(super) begun: Option<Known>,
}

/// A source that was read, and what was looked up of it.
pub(super) struct Case<'t> {
    pub(super) taken: &'t Taken,
    /// Where it stands.
    pub(super) place: Place,
    /// The source whose text goes on in it, where only that was read.
    pub(super) begun: Option<Known>,
    /// The sources that its text grew from, the longest first.
    pub(super) shorter: Vec<Known>,
    /// Those of another domain that it begins with all the same.
    pub(super) borrowed: Vec<Known>,
    /// All that it grew from, whatever their domains.
    pub(super) grown_from: Vec<SourceId>,
}

/// What came of a source that was read.
pub(super) enum Settled {
    /// Its lines count.
    Counts(Fate),
    /// Its lines do not count, or did already.
    Skipped(Fate),
    /// Its readable part is the beginning of a longer text, whose lines count: nothing is missing.
    Within(Fate),
    /// The part before the rest has changed, or all of it is known: it must be read as a whole.
    ReadWhole,
    /// It must be read by the name of a copy.
    ReadAs(NamedHours),
}

impl<'a> Work<'a> {
    pub(super) fn new(writer: &'a mut Writer, intake: &'a Intake<'a>) -> Self {
        Self {
            writer,
            intake,
            taking: Taking::default(),
            folders: HashMap::new(),
            lengths: None,
            renamed: Vec::new(),
            uncovered: Vec::new(),
            crowds: Crowds::new(),
            looked_over: HashSet::new(),
            changed: None,
            has_told: None,
        }
    }

    /// Who reads the contents of logs.
    pub(super) const fn contents(&self) -> Contents<'a> {
        Contents { origins: self.intake.origins }
    }

    /// Whether a file stands where a log lies, as far as anybody can look.
    pub(super) fn is_file(&self, origin: &Origin) -> bool {
        Site { origins: self.intake.origins, origin }.is_file()
    }

    /// Whether a source can be read only once, as standard input and pipes can.
    pub(super) fn is_read_once(&self, source: &Source) -> bool {
        self.intake.origins.stat(&source.origin).is_ok_and(|stat| stat == Stat::Stream)
    }

    /// A file to be read once more, as it was read before.
    pub(super) fn to_read_again(&self, place: &Place, known: &Known) -> Source {
        let Way { format, region, domain, .. } = known.way.clone();
        let formats = self.intake.formats;
        let format = Choice::of(formats).or_named(formats.of_name(&format));
        let mut source =
            Source::new(place.name.clone(), origin_of(place), Reading { format, region, domain });
        source.look_anew(self.intake.origins);
        source
    }

    /// What was read of a source, as the store takes it.
    pub(super) fn arrival<'t>(&self, taken: &'t Taken, place: &'t Place) -> Arrival<'t> {
        Arrival {
            place,
            text: &taken.text,
            report: &taken.report,
            samples: &taken.samples,
            table: &taken.table,
            format: taken.format.name(),
            described: taken.format.described(),
            region: taken.source.reading.region,
            domain: taken.source.reading.domain.as_ref(),
            now: self.intake.now,
        }
    }

    /// Names a source of which it was not found out whether its lines count.
    pub(super) fn leave(&mut self, source: Source, why: &str) {
        self.taking.fates[Fate::Faulty as usize] += 1;
        self.taking.faults.push((source.name, why.into()));
    }

    /// Whether a source is known at a place.
    pub(super) fn stands_at(&mut self, id: SourceId, place: &Place) -> Result<bool> {
        Ok(self.writer.at_path(&place.path)?.is_some_and(|here| here.id == id))
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

    /// Looks for another place than this one where the text of a source still stands, and gives whether there is one. Where
    /// it has a place, those that were looked at and that it is gone from are forgotten.
    pub(super) fn trim_places(&mut self, id: SourceId, here: &Place) -> Result<bool> {
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
            self.writer.drop_places(id, &gone)?;
        }
        Ok(is_elsewhere)
    }

    /// Forgets the other places of a source where nothing stands any more.
    /// Once is enough: what came since stands.
    pub(super) fn drop_gone(&mut self, id: SourceId, here: &Place) -> Result<()> {
        if !self.looked_over.insert(id) {
            return Ok(());
        }
        self.drop_all_gone(id, &here.path)
    }

    /// Forgets all places of a source where nothing stands any more, but for `here`.
    pub(super) fn drop_all_gone(&mut self, id: SourceId, here: &[u8]) -> Result<()> {
        let mut places = self.writer.places(id)?;
        places.retain(|place| place.path != here && !is_nowhere(place) && !self.is_file(&origin_of(place)));
        let gone: Vec<Vec<u8>> = places.into_iter().map(|place| place.path).collect();
        self.writer.drop_places(id, &gone)
    }

    /// Fails where a file is not what was read any more, so that what was found out by reading it again says nothing.
    pub(super) fn check_unchanged(&mut self, taken: &Taken) -> Result<()> {
        self.changed = taken.source.change(None, self.intake.origins);
        self.changed.map_or(Ok(()), |change| Err(Error::damaged(change).at(&taken.source.name)))
    }
}
