//! The first name of a source, and the name that decides how it is read. They are looked up once among all of its
//! places and then kept, because a text may be at very many places.

use super::failure::failed;
use super::source::{NOTE, Place, SourceId};
use super::value::of;
use crate::error::Result;
use crate::names::{may_tell, named_hours};
use crate::report::NamedHours;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Sources whose names are kept.
const MOST: usize = 4096;

/// The first name of a source, as a [`Rank`].
pub(super) const FIRST: &str = "SELECT is_beginning, is_named, sort, path FROM place
                     WHERE source = ? AND substr(path, 1, 1) <> x'3d'
                     ORDER BY is_beginning, is_named DESC, sort, path LIMIT 1";
/// The first one that tells domain and hours where the text stands as a whole.
pub(super) const OWN: &str = "SELECT 0, is_named, sort, path FROM place
                   WHERE source = ? AND is_named > 0 AND is_beginning = 0
                   ORDER BY is_named DESC, sort, path LIMIT 1";
/// Those of beginnings of it, which tell of it as well: see [`may_tell`].
pub(super) const BEGUN: &str = "SELECT 0, is_named, sort, path FROM place
                     WHERE source = ? AND is_named > 0 AND is_beginning <> 0
                     ORDER BY is_named DESC, sort, path";

/// By what the names of a source are in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_beginning: bool,
    is_named: Reverse<u32>,
    sort: Vec<u8>,
    path: Vec<u8>,
}

/// What is known of the names of sources.
#[derive(Default)]
pub(super) struct SourceNames {
    /// The first one: that of a place where the text stands as a whole comes before others, then that which tells domain and
    /// hours. What stands in the store for these is up to date.
    first: HashMap<i64, Rank>,
    /// The first ones of those that tell domain and hours.
    telling: HashMap<i64, Telling>,
}

/// The names of a source that tell domain and hours, if any does.
#[derive(Default)]
pub(super) struct Telling {
    /// The first one of those where the text stands as a whole.
    own: Option<Rank>,
    /// The first one of those of its beginnings that may tell of it.
    begun: Option<Rank>,
}

impl Telling {
    /// The path of the one that is preferred.
    pub(super) fn best(&self) -> Option<Vec<u8>> {
        // The name of a beginning is preferred where it tells more; else the text goes by its own.
        let is_better = |begun: &&Rank| self.own.as_ref().is_none_or(|own| begun.is_named < own.is_named);
        let best = self.begun.as_ref().filter(is_better).or(self.own.as_ref());
        best.map(|rank| rank.path.clone())
    }

    /// The path of the one that is preferred of those where all of the text stands.
    pub(super) fn own(&self) -> Option<Vec<u8>> {
        self.own.as_ref().map(|rank| rank.path.clone())
    }

    fn may_be_told_by(&self, begun: &Rank) -> bool {
        let own = self.own.as_ref().and_then(Rank::hours);
        begun.hours().is_some_and(|hours| may_tell(own.as_ref(), &hours))
    }
}

impl Rank {
    /// What the name tells.
    fn hours(&self) -> Option<NamedHours> {
        let name = self.path.rsplit(|byte| std::path::is_separator(char::from(*byte))).next()?;
        named_hours(std::str::from_utf8(name).ok()?)
    }
}

impl SourceNames {
    /// The path of the first name of a source, where that is not known yet and must be found.
    pub(super) fn new_first(&mut self, db: &Connection, id: SourceId) -> Result<Option<Vec<u8>>> {
        if self.first.contains_key(&id.0) {
            return Ok(None);
        }
        let Some(first) = best(db, FIRST, [id.0])? else { return Ok(None) };
        let path = first.path.clone();
        self.make_room();
        self.first.insert(id.0, first);
        Ok(Some(path))
    }

    /// The names of a source that tell domain and hours.
    pub(super) fn telling(&mut self, db: &Connection, id: SourceId) -> Result<&Telling> {
        if !self.telling.contains_key(&id.0) {
            let telling = find_telling(db, id)?;
            self.make_room();
            self.telling.insert(id.0, telling);
        }
        Ok(self.telling.entry(id.0).or_default())
    }

    /// Forgets what is known of a source.
    pub(super) fn forget(&mut self, id: SourceId) {
        self.first.remove(&id.0);
        self.telling.remove(&id.0);
    }

    /// Forgets what is known of a source that goes by the name of this place.
    pub(super) fn forget_at(&mut self, id: SourceId, path: &[u8]) {
        let is_at = |rank: Option<&Rank>| rank.is_some_and(|rank| rank.path == path);
        let is_telling = self
            .telling
            .get(&id.0)
            .is_some_and(|telling| is_at(telling.own.as_ref()) || is_at(telling.begun.as_ref()));
        if is_telling || is_at(self.first.get(&id.0)) {
            self.forget(id);
        }
    }

    /// Takes note of a place of a source; gives whether that goes by its name from now on.
    pub(super) fn note(&mut self, id: SourceId, place: &Place) -> bool {
        self.forget_at(id, &place.path);
        if place.path.starts_with(NOTE)
            || !(self.first.contains_key(&id.0) || self.telling.contains_key(&id.0))
        {
            return false;
        }
        let Place { is_beginning, is_named, sort, path, .. } = place;
        let (is_beginning, is_named) = (*is_beginning, Reverse(*is_named));
        let rank = Rank { is_beginning, is_named, sort: sort.clone(), path: path.clone() };
        if place.is_named > 0 {
            self.note_telling(id, Rank { is_beginning: false, ..rank.clone() }, place.is_beginning);
        }
        let first = self.first.get_mut(&id.0);
        first.filter(|first| rank < **first).map(|first| *first = rank).is_some()
    }

    fn note_telling(&mut self, id: SourceId, rank: Rank, is_beginning: bool) {
        let Some(telling) = self.telling.get_mut(&id.0) else { return };
        let is_before = |before: &Option<Rank>| before.as_ref().is_none_or(|before| rank < *before);
        if is_beginning {
            if is_before(&telling.begun) && telling.may_be_told_by(&rank) {
                telling.begun = Some(rank);
            }
        } else if is_before(&telling.own) {
            let domain = |rank: Option<&Rank>| rank.and_then(Rank::hours).map(|hours| hours.domain);
            if domain(telling.own.as_ref()) == domain(Some(&rank)) {
                telling.own = Some(rank);
            } else {
                // Beginnings of other domains may tell of it now, and some do no more.
                self.telling.remove(&id.0);
            }
        }
    }

    /// Makes room for one more source.
    fn make_room(&mut self) {
        if self.first.len().max(self.telling.len()) >= MOST {
            *self = Self::default();
        }
    }
}

fn find_telling(db: &Connection, id: SourceId) -> Result<Telling> {
    let mut telling = Telling { own: best(db, OWN, [id.0])?, begun: None };
    let mut all = db.prepare_cached(BEGUN).map_err(failed)?;
    let mut rows = all.query([id.0]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let begun = ranked(row).map_err(failed)?;
        if telling.may_be_told_by(&begun) {
            telling.begun = Some(begun);
            break;
        }
    }
    Ok(telling)
}

fn best(db: &Connection, sql: &str, values: impl Params) -> Result<Option<Rank>> {
    let best = db.prepare_cached(sql).and_then(|mut best| best.query_row(values, ranked).optional());
    best.map_err(failed)
}

fn ranked(row: &Row<'_>) -> rusqlite::Result<Rank> {
    let place = of("place", row);
    let is_named = Reverse(place.get(1)?);
    Ok(Rank { is_beginning: place.get(0)?, is_named, sort: place.get(2)?, path: place.get(3)? })
}
