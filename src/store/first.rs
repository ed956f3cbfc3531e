//! The first of the names of a source, and the one that tells how it is read: they are looked for among all of its places
//! once and then kept, for a text may stand at very many.

use super::failed;
use super::source::{NOTE, Place, SourceId};
use super::write::Writer;
use crate::error::Result;
use rusqlite::{OptionalExtension, Params, Row, params};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Sources whose names are kept.
const MOST: usize = 4096;

/// The first name of a source, as a [`Rank`].
const FIRST: &str = "SELECT is_beginning, is_named, sort, path FROM place
                     WHERE source = ? AND substr(path, 1, 1) <> x'3d'
                     ORDER BY is_beginning, is_named DESC, sort, path LIMIT 1";
/// The first one that tells domain and hours.
const TELLING: &str = "SELECT 0, is_named, sort, path FROM place WHERE source = ? AND is_named > 0
                       ORDER BY is_named DESC, sort, path LIMIT 1";

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
pub(super) struct Firsts {
    /// The first one: that of a place where the text stands as a whole comes before others, then that which tells domain and
    /// hours. What stands in the store for these is up to date.
    first: HashMap<i64, Rank>,
    /// The first one of those that tell domain and hours, wherever they stand, if any does.
    telling: HashMap<i64, Option<Rank>>,
}

impl Firsts {
    /// Forgets what is known of a source.
    pub(super) fn forget(&mut self, id: SourceId) {
        self.first.remove(&id.0);
        self.telling.remove(&id.0);
    }

    /// Forgets what is known of a source that goes by the name of this place.
    pub(super) fn forget_at(&mut self, id: SourceId, path: &[u8]) {
        let is_at = |rank: Option<&Rank>| rank.is_some_and(|rank| rank.path == path);
        let telling = self.telling.get(&id.0).and_then(Option::as_ref);
        if is_at(self.first.get(&id.0)) || is_at(telling) {
            self.forget(id);
        }
    }

    /// Takes note of a place of a source; gives whether that goes by its name from now on.
    fn note(&mut self, id: SourceId, place: &Place) -> bool {
        self.forget_at(id, &place.path);
        let (first, telling) = (self.first.get_mut(&id.0), self.telling.get_mut(&id.0));
        if place.path.starts_with(NOTE) || (first.is_none() && telling.is_none()) {
            return false;
        }
        let Place { is_beginning, is_named, sort, path, .. } = place;
        let (is_beginning, is_named) = (*is_beginning, Reverse(*is_named));
        let rank = Rank { is_beginning, is_named, sort: sort.clone(), path: path.clone() };
        if let Some(telling) = telling.filter(|_| place.is_named > 0) {
            let tells = Rank { is_beginning: false, ..rank.clone() };
            if telling.as_ref().is_none_or(|before| tells < *before) {
                *telling = Some(tells);
            }
        }
        first.filter(|first| rank < **first).map(|first| *first = rank).is_some()
    }

    /// Makes room for one more source.
    fn make_room(&mut self) {
        if self.first.len().max(self.telling.len()) >= MOST {
            *self = Self::default();
        }
    }
}

impl Writer {
    /// Takes note of a place that was put down for a source.
    pub(super) fn note_place_of(&mut self, id: SourceId, place: &Place) -> Result<()> {
        if self.firsts.note(id, place) { self.take_name(id, &place.path) } else { Ok(()) }
    }

    /// A source goes by the first of its names where its text stands as a whole, those that tell its domain before
    /// others, and keeps the last one when it has none left.
    pub(super) fn rename(&mut self, id: SourceId) -> Result<()> {
        if self.firsts.first.contains_key(&id.0) {
            return Ok(());
        }
        let Some(first) = self.best(FIRST, [id.0])? else { return Ok(()) };
        self.take_name(id, &first.path)?;
        self.firsts.make_room();
        self.firsts.first.insert(id.0, first);
        Ok(())
    }

    fn take_name(&self, id: SourceId, path: &[u8]) -> Result<()> {
        let sql = "UPDATE source SET (name, sort, size) = (SELECT name, sort, size FROM place WHERE path = ?) WHERE id = ?";
        let update = self.db.prepare_cached(sql);
        update.and_then(|mut update| update.execute(params![path, id.0])).map_err(failed).map(drop)
    }

    /// The path of the place whose name tells how a source is read: the first of those that are preferred.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn telling(&mut self, id: SourceId) -> Result<Option<Vec<u8>>> {
        if let Some(telling) = self.firsts.telling.get(&id.0) {
            return Ok(telling.as_ref().map(|telling| telling.path.clone()));
        }
        let telling = self.at(|writer| writer.best(TELLING, [id.0]))?;
        let path = telling.as_ref().map(|telling| telling.path.clone());
        self.firsts.make_room();
        self.firsts.telling.insert(id.0, telling);
        Ok(path)
    }

    fn best(&self, sql: &str, values: impl Params) -> Result<Option<Rank>> {
        let rank = |row: &Row<'_>| {
            let is_named = Reverse(row.get(1)?);
            Ok(Rank { is_beginning: row.get(0)?, is_named, sort: row.get(2)?, path: row.get(3)? })
        };
        let best = self.db.prepare_cached(sql).and_then(|mut best| best.query_row(values, rank).optional());
        best.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::TextId;
    use crate::report::SourceReport;
    use crate::store::Arrival;
    use crate::usage::table::UsageTable;
    use rusqlite::StatementStatus;

    fn place(name: &str, is_named: u32) -> Place {
        Place {
            path: format!("/{name}").into_bytes(),
            name: name.into(),
            sort: name.as_bytes().to_vec(),
            size: Some(1),
            modified: Some(1),
            is_named,
            is_beginning: false,
            file: None,
        }
    }

    /// A source at a place, which is put at so many more; and the steps that it took to find its names.
    fn steps(places: usize) -> i32 {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::scratch(&folder.path().join("s.db")).unwrap();
        let text = TextId { len: 70, whole: [1; 32], ..TextId::default() };
        let arrival = Arrival {
            place: &place("m", 0),
            text: &text,
            report: &SourceReport::default(),
            samples: &[],
            table: &UsageTable::new(),
            format: "",
            region: crate::region::Region::Unspecified,
            domain: None,
            now: 0,
        };
        let id = writer.add(&arrival).unwrap();
        let telling =
            |writer: &mut Writer| writer.telling(id).unwrap().map(|path| String::from_utf8(path).unwrap());
        for n in 0..places {
            // Each comes before those that were there.
            writer.set_place(id, &place(&format!("l{:06}", places - n), 0)).unwrap();
            writer.set_place(id, &place(&format!("n{n:06}"), 0)).unwrap();
            assert_eq!(telling(&mut writer), None);
            assert_eq!(writer.known(id).unwrap().name, format!("l{:06}", places - n));
        }
        writer.set_place(id, &place("z", 5)).unwrap();
        assert_eq!((telling(&mut writer), writer.known(id).unwrap().name), (Some("/z".into()), "z".into()));
        writer.set_place(id, &place("y", 5)).unwrap();
        assert_eq!((telling(&mut writer), writer.known(id).unwrap().name), (Some("/y".into()), "y".into()));
        writer.drop_place(id, b"/y").unwrap();
        assert_eq!((telling(&mut writer), writer.known(id).unwrap().name), (Some("/z".into()), "z".into()));
        let of = |sql| writer.db.prepare_cached(sql).unwrap().get_status(StatementStatus::VmStep);
        of(FIRST) + of(TELLING)
    }

    #[test]
    fn at_twice_as_many_places_it_is_twice_the_work() {
        let [few, many] = [steps(200), steps(400)];
        assert!(many < 3 * few, "{few} {many}");
    }
}
