//! The name of a source, and which of its names decides how it is read.

use super::failure::failed;
use super::source::{Place, SourceId};
use super::writer::Writer;
use crate::error::Result;
use rusqlite::params;

impl Writer {
    /// Whether any place is noted under a path that begins so.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn has_note(&mut self, start: &[u8]) -> Result<bool> {
        // No path begins with such a byte.
        let behind = [start, b"\xff"].concat();
        let sql = "SELECT EXISTS (SELECT 1 FROM place WHERE path BETWEEN ? AND ?)";
        self.at(|writer| writer.db.query_row(sql, params![start, behind], |row| row.get(0)).map_err(failed))
    }

    /// Takes note of a place that was put down for a source.
    pub(super) fn note_place(&mut self, id: SourceId, place: &Place) -> Result<()> {
        if self.source_names.note(id, place) { self.take_name(id, &place.path) } else { Ok(()) }
    }

    /// A source goes by the first of its names where its text stands as a whole, those that tell its domain before
    /// others, and keeps the last one when it has none left.
    pub(super) fn rename(&mut self, id: SourceId) -> Result<()> {
        let first = self.source_names.new_first(&self.db, id)?;
        first.map_or(Ok(()), |path| self.take_name(id, &path))
    }

    fn take_name(&self, id: SourceId, path: &[u8]) -> Result<()> {
        let sql = "UPDATE source SET (name, sort, size) = (SELECT name, sort, size FROM place WHERE path = ?) WHERE id = ?";
        let update = self.db.prepare_cached(sql);
        update.and_then(|mut update| update.execute(params![path, id.0])).map_err(failed).map(drop)
    }

    /// The path of the place whose name decides how a source is read: the first of the preferred ones.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn telling(&mut self, id: SourceId) -> Result<Option<Vec<u8>>> {
        self.at(|writer| Ok(writer.source_names.telling(&writer.db, id)?.best()))
    }

    /// The path of the place that had the whole source and whose name is preferred among those with domain and hours.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn own_name(&mut self, id: SourceId) -> Result<Option<Vec<u8>>> {
        self.at(|writer| Ok(writer.source_names.telling(&writer.db, id)?.own()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_names::{BEGUN, FIRST, OWN};
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
            described: None,
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
        writer.drop_places(id, &[b"/y".to_vec()]).unwrap();
        assert_eq!((telling(&mut writer), writer.known(id).unwrap().name), (Some("/z".into()), "z".into()));
        let of = |sql| writer.db.prepare_cached(sql).unwrap().get_status(StatementStatus::VmStep);
        of(FIRST) + of(OWN) + of(BEGUN)
    }

    #[test]
    fn at_twice_as_many_places_it_is_twice_the_work() {
        let [few, many] = [steps(200), steps(400)];
        assert!(many < 3 * few, "{few} {many}");
    }
}
