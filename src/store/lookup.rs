//! Looks up what is known of sources, before it is decided what is done with others.

use super::failure::{failed, signed};
use super::source::{Known, NAMED, Place, Seen, SourceId, joined, known, outside_of, placed, read_for, seen};
use super::unchanged::pass;
use super::value::of;
use super::writer::Writer;
use crate::digest::{Hash, Lengths, TextId};
use crate::domain::Domain;
use crate::error::Result;
use crate::names::{copies_end_in, core, may_be_one};
use rusqlite::{OptionalExtension, Row, params};
use std::cmp::Reverse;

/// What texts have in common that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedBeginning {
    /// Their first line, as far as [`TextId::first`] tells: of texts that are too short to tell more.
    First(i64),
    /// The hash of their longest beginning: [`TextId::whole_head`].
    Head(Hash),
}

impl SharedBeginning {
    /// What every text has that a text begins; nothing where that is too short to tell.
    #[must_use]
    pub fn of(text: &TextId) -> Option<Self> {
        text.whole_head().map(Self::Head).or_else(|| text.first().map(Self::First))
    }
}

impl Writer {
    /// From now on look-ups see one state of the store, which makes them cheaper, until [`Writer::end_lookups`].
    /// Nothing may be changed between the two.
    ///
    /// # Errors
    /// When the database fails.
    pub fn begin_lookups(&mut self) -> Result<()> {
        self.at(|writer| {
            writer.is_in_lookups = writer.db.is_autocommit();
            if writer.is_in_lookups { writer.db.execute_batch("BEGIN").map_err(failed) } else { Ok(()) }
        })
    }

    /// Ends what [`Writer::begin_lookups`] began.
    ///
    /// # Errors
    /// When the database fails.
    pub fn end_lookups(&mut self) -> Result<()> {
        self.at(|writer| {
            let was_in_lookups = std::mem::take(&mut writer.is_in_lookups);
            if was_in_lookups { writer.db.execute_batch("ROLLBACK").map_err(failed) } else { Ok(()) }
        })
    }

    /// The source that was found at a path.
    ///
    /// # Errors
    /// When the database fails, as for all that follow.
    pub fn at_path(&mut self, path: &[u8]) -> Result<Option<Seen>> {
        if !self.known_keys.may_have_place(path) {
            return Ok(None);
        }
        self.at(|writer| {
            let sql =
                "SELECT source, path, place.name, place.sort, place.size, modified, is_beginning, format, region, domain, described, fault
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
        let sql = "SELECT source, path, place.name, place.sort, place.size, modified, is_beginning, format, region, domain, described, fault
                   FROM place CROSS JOIN source ON source.id = place.source
                   WHERE path >= ? AND path <= ? ORDER BY path";
        let meet = |at: usize, row: &Row<'_>| {
            found[at] = Some(seen(row)?);
            Ok(())
        };
        let passed = self.at(|writer| pass(&writer.db, sql, paths, &order, meet).map_err(failed))?;
        for at in &order[passed..] {
            found[*at] = self.at_path(paths[*at])?;
        }
        Ok(found)
    }

    /// Whether anything was ever read that can be looked at again.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn has_places(&mut self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM place)";
        self.at(|writer| writer.db.query_row(sql, [], |row| row.get(0)).map_err(failed))
    }

    /// Every place of a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn places(&mut self, id: SourceId) -> Result<Vec<Place>> {
        self.at(|writer| {
            let sql =
                "SELECT source, path, name, sort, size, modified, is_beginning FROM place WHERE source = ?";
            let mut places = writer.db.prepare_cached(sql).map_err(failed)?;
            let places = places.query_map([id.0], |row| Ok(placed(row)?.1)).map_err(failed)?;
            places.collect::<Result<_, _>>().map_err(failed)
        })
    }

    /// A few places of a source where its text stands as a whole, in the order of paths: those behind a path.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn whole_places(&mut self, id: SourceId, after: &[u8]) -> Result<Vec<Place>> {
        self.at(|writer| {
            let sql = "SELECT source, path, name, sort, size, modified, is_beginning FROM place
                       WHERE source = ? AND path > ? AND is_beginning = 0 ORDER BY path LIMIT 16";
            let mut places = writer.db.prepare_cached(sql).map_err(failed)?;
            let places = places.query_map(params![id.0, after], |row| Ok(placed(row)?.1)).map_err(failed)?;
            places.collect::<Result<_, _>>().map_err(failed)
        })
    }

    /// Sources that a text may be the beginning of, because they begin as it does; if the text is damaged, it may also
    /// be all of one. `None` if there are more than `most`: see [`SharedBeginning`].
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn maybe_longer(&mut self, text: &TextId, most: usize) -> Result<Option<Vec<SourceId>>> {
        let (Some(head), Some(first)) = (text.head(), text.first()) else { return Ok(Some(Vec::new())) };
        if ![head, text.heads[0]].iter().any(|hash| self.known_keys.may_have_text(hash)) {
            return Ok(Some(Vec::new()));
        }
        let by_head =
            "SELECT id, named_domain, domain, text FROM source WHERE head = ?1 AND text_bytes >= ?2 LIMIT ?3";
        // No plain UNION: that finds all of them before it gives the first one.
        let by_first =
            "SELECT id, named_domain, domain, text FROM source WHERE head = ?1 AND text_bytes >= ?2
                        UNION ALL SELECT id, named_domain, domain, text FROM source
                        WHERE first = ?4 AND text_bytes >= ?2 AND head IS NOT ?1 LIMIT ?3";
        let (len, limit) =
            (signed(text.len)?, i64::try_from(most).map_or(i64::MAX, |most| most.saturating_add(1)));
        let ids = self.at(|writer| {
            let found = match text.whole_head() {
                Some(_) => writer.found_with_domains(by_head, params![head, len, limit]),
                None => writer.found_with_domains(by_first, params![head, len, limit, first]),
            };
            found.map_err(failed)
        })?;
        // What a text begins takes its domain from outside if the text does.
        let may_begin = |of: &Option<Domain>| may_be_one(of.as_ref(), text.outside.as_ref());
        let few = Some(ids).filter(|ids| ids.len() <= most);
        Ok(few.map(|ids| ids.into_iter().filter(|(_, of)| may_begin(of)).map(|(id, _)| id).collect()))
    }

    /// The paths of texts that a text may begin with, as far as their names tell domain and hours and they are known to be
    /// the beginning of some other one.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn named_beginnings(&mut self, text: &TextId) -> Result<Vec<Vec<u8>>> {
        if !text.heads.first().is_some_and(|first| self.known_keys.may_have_text(first)) {
            return Ok(Vec::new());
        }
        self.at(|writer| {
            let sql = "SELECT substr(path, ?) FROM place WHERE path BETWEEN ? AND ?";
            let mut notes = writer.db.prepare_cached(sql).map_err(failed)?;
            let mut paths = Vec::new();
            for head in &text.heads {
                let note = [NAMED, head].concat();
                // No path begins with such a byte.
                let behind = [&note[..], b"\xff"].concat();
                let found =
                    notes.query_map(params![signed(note.len() as u64 + 1)?, note, behind], |row| row.get(0));
                for path in found.map_err(failed)? {
                    paths.push(path.map_err(failed)?);
                }
            }
            Ok(paths)
        })
    }

    /// The sources that have a beginning in common.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn with_beginning(&mut self, kin: &SharedBeginning) -> Result<Vec<SourceId>> {
        self.at(|writer| {
            let found = match kin {
                SharedBeginning::First(first) => {
                    writer.found("SELECT id FROM source WHERE first = ?", [first])
                }
                SharedBeginning::Head(head) => writer.found("SELECT id FROM source WHERE head = ?", [head]),
            };
            found.map_err(failed)
        })
    }

    /// The sources with the longest beginning of a text of which an older version did not put down the shortest one.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn with_older_beginning(&mut self, text: &TextId) -> Result<Vec<SourceId>> {
        let sql = "SELECT id FROM source WHERE head = ? AND first IS NULL";
        self.at(|writer| {
            if !writer.has_older()? {
                return Ok(Vec::new());
            }
            writer.found(sql, [text.head()]).map_err(failed)
        })
    }

    /// Whether an older version left texts without the shortest one of their beginnings. None is added, so that it is asked
    /// once: among very many that begin alike those would be looked for one by one.
    fn has_older(&mut self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM source WHERE first IS NULL AND head IS NOT NULL)";
        if let Some(has_older) = self.has_older {
            return Ok(has_older);
        }
        let has_older = self.db.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
        self.has_older = Some(has_older);
        Ok(has_older)
    }

    fn found(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<SourceId>> {
        let mut sources = self.db.prepare_cached(sql)?;
        sources.query_map(values, |row| of("source", row).get(0).map(SourceId))?.collect()
    }

    /// As [`Writer::found`], each with the domain that its lines with only a path are read for.
    fn found_with_domains(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> rusqlite::Result<Vec<(SourceId, Option<Domain>)>> {
        let mut sources = self.db.prepare_cached(sql)?;
        sources
            .query_map(values, |row| Ok((SourceId(of("source", row).get(0)?), read_for(row, 1)?)))?
            .collect()
    }

    /// The lengths of all texts, by the hashes of their longest beginnings.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn lengths(&mut self) -> Result<Lengths> {
        self.at(|writer| {
            let sql = "SELECT head, text_bytes, open IS NOT NULL FROM source WHERE head IS NOT NULL";
            let mut all = writer.db.prepare_cached(sql).map_err(failed)?;
            let mut rows = all.query([]).map_err(failed)?;
            let mut lengths = Lengths::new();
            while let Some(row) = rows.next().map_err(failed)? {
                let source = of("source", row);
                let get = || -> rusqlite::Result<(Hash, u64, bool)> {
                    Ok((source.get(0)?, source.count(1)?, source.get(2)?))
                };
                let (head, len, is_open) = get().map_err(failed)?;
                let of_head = lengths.entry(head).or_default();
                of_head.push(len);
                of_head.extend(is_open.then(|| len.saturating_sub(1)));
            }
            Ok(lengths)
        })
    }

    /// By which descriptions of formats sources were read, and how many: the name of the format, and which description of it.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn descriptions(&mut self) -> Result<Vec<(String, i64, u64)>> {
        self.at(|writer| {
            let sql =
                "SELECT format, described, count(*) FROM source WHERE described IS NOT NULL GROUP BY 1, 2";
            let mut found = writer.db.prepare_cached(sql).map_err(failed)?;
            let one = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, of("source", row).count(2)?));
            found.query_map([], one).and_then(Iterator::collect).map_err(failed)
        })
    }

    /// What is known of a source.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn known(&mut self, id: SourceId) -> Result<Known> {
        self.at(|writer| {
            let sql = "SELECT id, name, sort, text_bytes, whole, chain, head, named_domain, named_start, named_end, \
                       format, region, domain, fault, lines, \
                       (SELECT coalesce(sum(reject.lines), 0) FROM reject WHERE source = id) AS lines, open, first, text, described FROM source WHERE id = ?";
            let mut source = writer.db.prepare_cached(sql).map_err(failed)?;
            source.query_row([id.0], known).map_err(failed)
        })
    }

    /// The source with this text, which may be known by its bytes as they are. Where lines take their domain from outside, it
    /// is one of a domain that may be the same: see [`may_be_one`].
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn with_text(&mut self, text: &TextId) -> Result<Option<SourceId>> {
        self.at(|writer| {
            writer.known_keys.prepare(&writer.db).map_err(failed)?;
            let wholes = [text.whole, text.text].into_iter().chain(text.raw);
            for whole in wholes.filter(|whole| writer.known_keys.may_have_text(whole)) {
                let sql = "SELECT id, named_domain, domain, text FROM source WHERE whole = ?";
                let mut source = writer.db.prepare_cached(sql).map_err(failed)?;
                let found = source
                    .query_row([whole], |row| Ok((SourceId(of("source", row).get(0)?), read_for(row, 1)?)));
                let found = found.optional().map_err(failed)?;
                let is_one =
                    |of: Option<&Domain>| whole == text.whole || may_be_one(of, text.outside.as_ref());
                if let Some((id, _)) = found.filter(|(_, of)| is_one(of.as_ref())) {
                    return Ok(Some(id));
                }
            }
            Ok(writer.of_other_domains(text).map_err(failed)?.first().copied())
        })
    }

    /// The sources with the lines of a text, but with another domain from outside, that may be one with it.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn also_with_text(&mut self, text: &TextId) -> Result<Vec<SourceId>> {
        self.at(|writer| writer.of_other_domains(text).map_err(failed))
    }

    fn of_other_domains(&self, text: &TextId) -> rusqlite::Result<Vec<SourceId>> {
        if !self.known_keys.may_have_text(&text.text) {
            return Ok(Vec::new());
        }
        let between = "SELECT id, text FROM source WHERE text >= ? AND text < ? ORDER BY length(text), text";
        match &text.outside {
            None => self.found(&format!("{between} LIMIT 1"), params![text.text, behind(&text.text)]),
            Some(domain) => self.of_kin("SELECT id FROM source WHERE text = ?", between, domain, |name| {
                joined(&text.text, name)
            }),
        }
    }

    /// The sources for which it is noted that a text of a domain that [may be](may_be_one) this one is the beginning of them.
    /// `note` gives the path of such a note for the name of a domain, or for what names end in.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn noted_of_kin(&mut self, domain: &Domain, note: impl Fn(&str) -> Vec<u8>) -> Result<Vec<SourceId>> {
        let between =
            "SELECT source, path FROM place WHERE path >= ? AND path < ? ORDER BY length(path), path";
        self.at(|writer| {
            writer.of_kin("SELECT source FROM place WHERE path = ?", between, domain, note).map_err(failed)
        })
    }

    fn of_kin(
        &self,
        equal: &str,
        between: &str,
        domain: &Domain,
        key: impl Fn(&str) -> Vec<u8>,
    ) -> rusqlite::Result<Vec<SourceId>> {
        let core = core(domain.as_str());
        let mut found = self.found(equal, [key(core)])?;
        let Some(end) = copies_end_in(core).map(|end| key(&end)) else { return Ok(found) };
        let mut between = self.db.prepare_cached(between)?;
        let mut rows = between.query(params![end, behind(&end)])?;
        while let Some(row) = rows.next()? {
            // Names are kept backwards: what is put before the end comes behind it.
            let found_key = of("source", row).blob_or_null(1)?.unwrap_or_default();
            if !found_key.get(end.len()..).unwrap_or_default().contains(&b'.') {
                found.push(SourceId(of("source", row).get(0)?));
            }
        }
        Ok(found)
    }

    /// Sources that a longer text at `place` may have grown from, the longest first: one that was there, one whose
    /// file it is, those that begin as it does. Of damaged ones all of it may have been read.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn maybe_shorter(&mut self, place: &Place, text: &TextId) -> Result<Vec<Shorter>> {
        self.at(|writer| {
            let by_place = "SELECT id, text_bytes, whole, open, fault IS NOT NULL, text FROM source
                            WHERE (text_bytes < ?1 OR (text_bytes = ?1 AND fault IS NOT NULL)) AND id IN (
                                SELECT source FROM place WHERE path = ?2
                                UNION SELECT id FROM source WHERE file = ?3)";
            // By the index, whose last column is the fault: of very many that begin alike these may be few.
            let by_head = "SELECT id, text_bytes, whole, open, fault IS NOT NULL, text FROM source
                           WHERE head = ?2 AND text_bytes < ?1
                           UNION ALL SELECT id, text_bytes, whole, open, 1, text FROM source
                           WHERE head = ?2 AND text_bytes = ?1 AND fault >= ''";
            let len = signed(text.len)?;
            let mut found = Vec::new();
            let mut places =
                [Some(&place.path[..]), place.file.as_deref().map(str::as_bytes)].into_iter().flatten();
            if places.any(|place| writer.known_keys.may_have_place(place)) {
                found = writer.shorter(by_place, params![len, place.path, place.file]).map_err(failed)?;
            }
            for head in text.heads.iter().filter(|head| writer.known_keys.may_have_text(head)) {
                found.extend(writer.shorter(by_head, params![len, head]).map_err(failed)?);
            }
            found.sort_unstable_by_key(|shorter| Reverse((shorter.len, shorter.id)));
            found.dedup_by_key(|shorter| shorter.id);
            Ok(found)
        })
    }

    fn shorter(&self, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<Vec<Shorter>> {
        let mut sources = self.db.prepare_cached(sql)?;
        let shorter = |row: &Row<'_>| {
            let source = of("source", row);
            Ok(Shorter {
                id: SourceId(source.get(0)?),
                len: source.count(1)?,
                whole: source.get(2)?,
                open: source.get(3)?,
                is_damaged: source.get(4)?,
                outside: outside_of(source, 5)?.map(|(_, domain)| domain),
            })
        };
        sources.query_map(values, shorter)?.collect()
    }
}

/// What comes behind every key that begins with this one: no name has such a byte.
fn behind(key: &[u8]) -> Vec<u8> {
    [key, b"\xff"].concat()
}

/// A source that a text may have grown from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shorter {
    /// Which source.
    pub id: SourceId,
    /// The length of its text.
    pub len: u64,
    /// The hash of its text, unless it is empty.
    pub whole: Option<Hash>,
    /// The hash of its text before the newline that its last line lacks.
    pub open: Option<Hash>,
    /// Whether it could not be read to its end.
    pub is_damaged: bool,
    /// The domain that its lines take from outside.
    pub outside: Option<Domain>,
}
