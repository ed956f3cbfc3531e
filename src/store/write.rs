//! Usage in: sources are added, extended, replaced and forgotten, with everything that changes by it.

use super::failure::{failed, signed};
use super::source::{Arrival, Place, SourceId};
use super::source_row::{joined_of, line_counts};
use super::writer::Writer;
use crate::error::Result;
use rusqlite::{OptionalExtension, params};

impl Writer {
    /// Adds a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`]; also when a sum exceeds 2^63 - 1.
    pub fn add(&mut self, arrival: &Arrival<'_>) -> Result<SourceId> {
        self.change(|writer| {
            let id = writer.write_row(None, arrival)?;
            writer.contribute(id, 0, arrival)?;
            writer.put_place(id, arrival.place)?;
            Ok(id)
        })
    }

    /// Replaces what a source contributed.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn replace(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        self.change(|writer| {
            writer.remove_contribution(id)?;
            writer.write_row(Some(id), arrival)?;
            writer.contribute(id, 0, arrival)?;
            writer.put_place(id, arrival.place)?;
            writer.rename(id)
        })
    }

    /// Adds what was found after the known end of a source; the text of the arrival is the whole text.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn extend(&mut self, id: SourceId, arrival: &Arrival<'_>) -> Result<()> {
        self.change(|writer| {
            let text = arrival.text;
            let counts = line_counts(arrival.report)?;
            let [lines, accepted, unplaced, blank, skipped] = counts;
            let sketch = writer.grown_sketch(id, &arrival.report.sketch)?;
            let sql = "UPDATE source SET whole = ?, chain = ?, head = ?, text_bytes = ?, open = ?, first = coalesce(first, ?), text = ?,
                       sketch = ?, changed = ?, lines = lines + ?, accepted = accepted + ?, unplaced = unplaced + ?, blank = blank + ?,
                       skipped = skipped + ?
                       WHERE id = ? RETURNING lines";
            let values = params![
                text.whole,
                text.chain,
                text.head(),
                signed(text.len)?,
                text.open,
                text.first(),
                joined_of(text),
                sketch.to_bytes(),
                arrival.now,
                lines,
                accepted,
                unplaced,
                blank,
                skipped,
                id.0
            ];
            let after = writer
                .db
                .prepare_cached(sql)
                .and_then(|mut update| update.query_row(values, |row| row.get(0)));
            let after: i64 = after.map_err(failed)?;
            writer.known_keys.note_text(text);
            writer.totals.add(counts, 1);
            writer.contribute(id, after - lines, arrival)?;
            writer.set_beginnings(id)?;
            writer.put_place(id, arrival.place)?;
            writer.rename(id)
        })
    }

    /// Takes a source out, with its places.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn forget(&mut self, id: SourceId) -> Result<()> {
        self.change(|writer| {
            writer.remove_contribution(id)?;
            writer.source_names.forget(id);
            writer.totals.sources -= 1;
            for sql in ["DELETE FROM place WHERE source = ?", "DELETE FROM source WHERE id = ?"] {
                writer
                    .db
                    .prepare_cached(sql)
                    .and_then(|mut delete| delete.execute([id.0]))
                    .map_err(failed)?;
            }
            Ok(())
        })
    }

    /// Notes that a source is at a place.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn set_place(&mut self, id: SourceId, place: &Place) -> Result<()> {
        self.change(|writer| {
            writer.put_place(id, place)?;
            writer.rename(id)
        })
    }

    /// Notes that a source is no longer at some places. The name that it goes by then is looked for once: among very many
    /// places that takes long.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn drop_places(&mut self, id: SourceId, paths: &[Vec<u8>]) -> Result<()> {
        if paths.is_empty() {
            return Ok(());
        }
        self.change(|writer| {
            for path in paths {
                let delete = writer.db.prepare_cached("DELETE FROM place WHERE path = ?");
                delete.and_then(|mut delete| delete.execute([path])).map_err(failed)?;
                writer.source_names.forget_at(id, path);
            }
            writer.rename(id)
        })
    }

    /// Notes the place of a source. It may be the first of its names now: see [`Writer::rename`].
    fn put_place(&mut self, id: SourceId, place: &Place) -> Result<()> {
        let before: Option<i64> = if self.known_keys.may_have_place(&place.path) {
            let before = self.db.prepare_cached("SELECT source FROM place WHERE path = ?");
            let before =
                before.and_then(|mut find| find.query_row([&place.path], |row| row.get(0)).optional());
            before.map_err(failed)?
        } else {
            None
        };
        self.known_keys.note_place(&place.path);
        let Place { path, name, sort, size, modified, is_named, is_beginning, .. } = place;
        let size = size.map(signed).transpose()?;
        let sql = "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
        let put = self.db.prepare_cached(sql);
        let put = put.and_then(|mut put| {
            put.execute(params![path, id.0, name, sort, size, modified, is_named, is_beginning])
        });
        put.map_err(failed)?;
        self.note_place(id, place)?;
        match before.filter(|before| *before != id.0).map(SourceId) {
            Some(before) => {
                self.source_names.forget_at(before, path);
                self.rename(before)
            }
            None => Ok(()),
        }
    }
}
