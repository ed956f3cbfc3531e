//! Sources that outgrow others: a longer text replaces its beginnings, which keep their places.

use super::failure::failed;
use super::failure::signed;
use super::source::{Arrival, SourceId};
use super::source_row::joined_of;
use super::writer::Writer;
use crate::digest::TextId;
use crate::error::Result;
use crate::sketch::Sketch;
use rusqlite::params;

impl Writer {
    /// The sketch of a source with that of what follows it.
    pub(super) fn grown_sketch(&self, id: SourceId, more: &Sketch) -> Result<Sketch> {
        let sql = "SELECT coalesce(sketch, x'') FROM source WHERE id = ?";
        let before = self.db.prepare_cached(sql).and_then(|mut get| get.query_row([id.0], |row| row.get(0)));
        let before: Vec<u8> = before.map_err(failed)?;
        let mut sketch = Sketch::from_bytes(&before);
        sketch.merge(more.clone());
        Ok(sketch)
    }

    /// Replaces the usage of a beginning by that of a longer text. The beginning keeps its places, and so do those of
    /// `others`, which are beginnings of the text, too.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn outgrow(&mut self, id: SourceId, others: &[SourceId], arrival: &Arrival<'_>) -> Result<()> {
        others.iter().try_for_each(|other| self.become_beginning(*other, id))?;
        self.change(|writer| writer.set_beginnings(id))?;
        self.replace(id, arrival)
    }

    /// Removes a source that is the beginning of another one. Its places become places of the other one's beginning.
    ///
    /// # Errors
    /// See [`Writer::add`].
    pub fn become_beginning(&mut self, id: SourceId, of: SourceId) -> Result<()> {
        self.change(|writer| {
            let sql = "UPDATE place SET source = ?, is_beginning = 1 WHERE source = ?";
            let moved = writer.db.prepare_cached(sql).and_then(|mut update| update.execute([of.0, id.0]));
            writer.source_names.forget(of);
            moved.map_err(failed).map(drop)
        })?;
        self.forget(id)
    }

    /// What stands at the places of a source is only the beginning of its text from now on.
    pub(super) fn set_beginnings(&mut self, id: SourceId) -> Result<()> {
        self.source_names.forget(id);
        let sql = "UPDATE place SET is_beginning = 1 WHERE source = ?";
        self.db.prepare_cached(sql).and_then(|mut update| update.execute([id.0])).map_err(failed).map(drop)
    }

    /// Notes what the text of a source is, which was known by its bytes as they are.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn set_text(&mut self, id: SourceId, text: &TextId) -> Result<()> {
        self.change(|writer| {
            writer.known_keys.note_text(text);
            let sql = "UPDATE source SET (whole, chain, head, text_bytes, open, first, text) = (?, ?, ?, ?, ?, ?, ?) WHERE id = ?";
            let (len, joined) = (signed(text.len)?, joined_of(text));
            let values = params![text.whole, text.chain, text.head(), len, text.open, text.first(), joined, id.0];
            writer.db.prepare_cached(sql).and_then(|mut set| set.execute(values)).map_err(failed).map(drop)
        })
    }
}
