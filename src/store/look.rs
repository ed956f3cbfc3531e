//! What is known of sources: looked up before it is decided what becomes of others.

use super::source::{Known, Place, Seen, SourceId, known, placed, seen};
use super::write::Writer;
use super::{failed, signed};
use crate::digest::{Hash, TextId};
use crate::error::Result;
use rusqlite::{OptionalExtension, params};

/// Where more places that are not asked for lie between two that are, each is looked up by itself.
const MOST_OTHERS: usize = 4;

impl Writer {
    /// From now on look-ups see one state of the store, which makes them cheaper, until [`Writer::looked_up`].
    /// Nothing may be changed between the two.
    ///
    /// # Errors
    /// When the database fails.
    pub fn look_up(&mut self) -> Result<()> {
        self.at(|writer| {
            writer.is_looking = writer.db.is_autocommit();
            if writer.is_looking { writer.db.execute_batch("BEGIN").map_err(failed) } else { Ok(()) }
        })
    }

    /// Ends what [`Writer::look_up`] began.
    ///
    /// # Errors
    /// When the database fails.
    pub fn looked_up(&mut self) -> Result<()> {
        self.at(|writer| {
            let was_looking = std::mem::take(&mut writer.is_looking);
            if was_looking { writer.db.execute_batch("ROLLBACK").map_err(failed) } else { Ok(()) }
        })
    }

    /// The source that was found at a path.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn at_path(&mut self, path: &[u8]) -> Result<Option<Seen>> {
        self.at(|writer| {
            let sql =
                "SELECT source, path, place.name, place.sort, place.size, modified, region, domain, fault
                       FROM place JOIN source ON source.id = place.source WHERE path = ?";
            let mut place = writer.db.prepare_cached(sql).map_err(failed)?;
            place.query_row([path], seen).optional().map_err(failed)
        })
    }

    /// The sources that were found at paths, in the order of these. They are passed through side by side with what is
    /// known, both sorted, as long as few others lie between.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn at_paths(&mut self, paths: &[&[u8]]) -> Result<Vec<Option<Seen>>> {
        let mut order: Vec<usize> = (0..paths.len()).filter(|at| !paths[*at].is_empty()).collect();
        order.sort_unstable_by_key(|at| paths[*at]);
        let mut found: Vec<Option<Seen>> = paths.iter().map(|_| None).collect();
        let passed = self.at(|writer| writer.pass(paths, &order, &mut found).map_err(failed))?;
        for at in &order[passed..] {
            found[*at] = self.at_path(paths[*at])?;
        }
        Ok(found)
    }

    /// Finds paths in order; gives how many were passed before too many others lay between.
    fn pass(&self, paths: &[&[u8]], order: &[usize], found: &mut [Option<Seen>]) -> rusqlite::Result<usize> {
        let [first, .., last] = order else { return Ok(0) };
        let sql = "SELECT source, path, place.name, place.sort, place.size, modified, region, domain, fault
                   FROM place CROSS JOIN source ON source.id = place.source
                   WHERE path >= ? AND path <= ? ORDER BY path";
        let mut places = self.db.prepare_cached(sql)?;
        let mut rows = places.query([paths[*first], paths[*last]])?;
        let (mut passed, mut others) = (0, 0);
        while let Some(row) = rows.next()? {
            let path = row.get_ref(1)?.as_blob()?;
            passed += order[passed..].iter().take_while(|at| paths[**at] < path).count();
            let same = order[passed..].iter().take_while(|at| paths[**at] == path).count();
            for at in &order[passed..passed + same] {
                found[*at] = Some(seen(row)?);
            }
            passed += same;
            others += usize::from(same == 0);
            if others > MOST_OTHERS * order.len() {
                return Ok(passed);
            }
        }
        Ok(order.len())
    }

    /// Every place of a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn places(&mut self, id: SourceId) -> Result<Vec<Place>> {
        self.at(|writer| {
            let sql = "SELECT source, path, name, sort, size, modified FROM place WHERE source = ?";
            let mut places = writer.db.prepare_cached(sql).map_err(failed)?;
            let places = places.query_map([id.0], placed).map_err(failed)?;
            places.map(|place| place.map(|(_, place)| place)).collect::<Result<_, _>>().map_err(failed)
        })
    }

    /// What is known of a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn known(&mut self, id: SourceId) -> Result<Known> {
        self.at(|writer| {
            let sql = "SELECT id, name, sort, text_bytes, whole, chain, head, named_domain, named_start, named_end, \
                       region, domain, fault, lines, \
                       (SELECT coalesce(sum(reject.lines), 0) FROM reject WHERE source = id) FROM source WHERE id = ?";
            let mut source = writer.db.prepare_cached(sql).map_err(failed)?;
            source.query_row([id.0], known).map_err(failed)
        })
    }

    /// The source with this text.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn with_text(&mut self, whole: &Hash) -> Result<Option<SourceId>> {
        self.at(|writer| {
            let mut source =
                writer.db.prepare_cached("SELECT id FROM source WHERE whole = ?").map_err(failed)?;
            source.query_row([whole], |row| row.get(0).map(SourceId)).optional().map_err(failed)
        })
    }

    /// Sources that a longer text at `place` may have grown from, the longest first: one that was there, one whose
    /// file it is, those that begin as it does.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn maybe_shorter(&mut self, place: &Place, text: &TextId) -> Result<Vec<SourceId>> {
        self.at(|writer| {
            let by_place = "SELECT id, text_bytes FROM source WHERE text_bytes < ?1 AND id IN (
                                SELECT source FROM place WHERE path = ?2
                                UNION SELECT id FROM source WHERE file = ?3)";
            let by_head = "SELECT id, text_bytes FROM source WHERE text_bytes < ?1 AND head = ?2";
            let len = signed(text.len)?;
            let mut found = writer.shorter(by_place, params![len, place.path, place.file]).map_err(failed)?;
            for head in &text.heads {
                found.extend(writer.shorter(by_head, params![len, head]).map_err(failed)?);
            }
            found.sort_unstable_by(|a, b| b.cmp(a));
            found.dedup();
            Ok(found.into_iter().map(|(_, id)| id).collect())
        })
    }

    /// Sources with the lengths of their texts.
    fn shorter(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<(i64, SourceId)>> {
        let mut sources = self.db.prepare_cached(sql)?;
        sources.query_map(values, |row| Ok((row.get(1)?, SourceId(row.get(0)?))))?.collect()
    }
}
