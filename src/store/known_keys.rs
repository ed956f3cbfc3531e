//! A summary of the keys in a store: for most new sources it shows, without a look-up, that nothing like them is known.

use super::value::of;
use crate::digest::{Hash, TextId};
use crate::hash;
use rusqlite::{Connection, Row};
use std::collections::HashSet;

/// Reading about all sources costs as much as looking up one in so many of them.
const WORTH: u64 = 32;
/// How often it is asked again whether that is worth it.
const OFTEN: u64 = 64;

/// Short keys of texts, of their beginnings and of where they stand, once it pays to have read them. What goes stays
/// here: it is looked up for nothing.
#[derive(Default)]
pub(super) struct KnownKeys {
    keys: Option<HashSet<u64>>,
    texts: u64,
}

impl KnownKeys {
    /// Makes ready for one more text.
    pub(super) fn prepare(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if self.keys.is_none() && self.texts.is_multiple_of(OFTEN) {
            let sources: i64 =
                db.query_row("SELECT sources FROM total", [], |row| of("total", row).get(0))?;
            if (self.texts + 1) * WORTH > sources.unsigned_abs() {
                self.keys = Some(read(db)?);
            }
        }
        self.texts += 1;
        Ok(())
    }

    /// Takes note of what a source is now.
    pub(super) fn note_text(&mut self, text: &TextId) {
        if let Some(keys) = &mut self.keys {
            keys.extend(
                [text.whole, text.text].iter().chain(&text.head()).chain(text.heads.first()).map(of_hash),
            );
        }
    }

    /// Takes note of a path, or of the number of a file.
    pub(super) fn note_place(&mut self, place: &[u8]) {
        if let Some(keys) = &mut self.keys {
            keys.insert(hash::many(place));
        }
    }

    /// Whether a source may be this text, or begin with it.
    pub(super) fn may_have_text(&self, hash: &Hash) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.contains(&of_hash(hash)))
    }

    /// Whether there may be something at a path, or a source may be the file of a number.
    pub(super) fn may_have_place(&self, place: &[u8]) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.contains(&hash::many(place)))
    }
}

/// The bytes by which the shortest beginnings are known, too: see [`TextId::first`].
fn of_hash(hash: &Hash) -> u64 {
    u64::from_le_bytes(*hash.first_chunk().expect("a hash has more than eight bytes"))
}

/// Makes a key of a row.
type Key<'a> = &'a dyn Fn(&Row<'_>) -> rusqlite::Result<u64>;

/// The keys of all that is there.
fn read(db: &Connection) -> rusqlite::Result<HashSet<u64>> {
    let hash = |row: &Row<'_>| of("source", row).get(0).map(|hash: Hash| of_hash(&hash));
    let first = |row: &Row<'_>| row.get(0).map(i64::cast_unsigned);
    let place = |row: &Row<'_>| Ok(hash::many(row.get_ref(0)?.as_bytes()?));
    // Each is read from an index.
    let all: [(&str, Key<'_>); 6] = [
        ("SELECT whole FROM source WHERE whole IS NOT NULL", &hash),
        ("SELECT substr(text, 1, 32) FROM source WHERE text IS NOT NULL", &hash),
        ("SELECT head FROM source WHERE head IS NOT NULL", &hash),
        ("SELECT first FROM source WHERE first IS NOT NULL", &first),
        ("SELECT file FROM source WHERE file IS NOT NULL", &place),
        ("SELECT path FROM place", &place),
    ];
    let mut keys = HashSet::new();
    for (sql, key) in all {
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            keys.insert(key(row)?);
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_known_before_and_after_it_was_read() {
        let db = Connection::open_in_memory().unwrap();
        for step in super::super::schema::MIGRATIONS {
            db.execute_batch(step).unwrap();
        }
        let text = |n: u8| TextId {
            len: 70,
            whole: [n; 32],
            text: [n; 32],
            outside: None,
            chain: [0; 32],
            heads: vec![[n + 1; 32]],
            open: None,
            raw: None,
            beginnings: Vec::new(),
        };
        let insert = "INSERT INTO source (id, name, sort, whole, chain, head, text_bytes, format, region, lines, accepted,
                      unplaced, blank, arrived, changed, first, file)
                      VALUES (?1, 'a', x'', ?2, x'', ?3, 70, '', '', 0, 0, 0, 0, 0, 0, ?4, '1:1')";
        let old = text(10);
        for n in 0..100u8 {
            let hash = [n + 100; 32];
            db.execute(insert, rusqlite::params![n, hash, hash, 7]).unwrap();
        }
        db.execute(insert, rusqlite::params![200, old.whole, old.head(), old.first()]).unwrap();
        db.execute("INSERT INTO place VALUES (x'2f61', 1, 'a', x'', 1, 1, 0, 0)", []).unwrap();
        db.execute("UPDATE total SET sources = 101", []).unwrap();
        let mut known_keys = KnownKeys::default();
        known_keys.prepare(&db).unwrap();
        // So far it does not pay: everything may be there.
        assert!(
            known_keys.keys.is_none()
                && known_keys.may_have_text(&[99; 32])
                && known_keys.may_have_place(b"/b")
        );
        (0..OFTEN).for_each(|_| known_keys.prepare(&db).unwrap());
        assert!(known_keys.may_have_text(&old.whole) && known_keys.may_have_text(&old.heads[0]));
        assert!(known_keys.may_have_place(b"/a") && known_keys.may_have_place(b"1:1"));
        assert!(!known_keys.may_have_text(&[99; 32]) && !known_keys.may_have_place(b"/b"));
        let new = text(98);
        known_keys.note_text(&new);
        known_keys.note_place(b"/b");
        assert!(known_keys.may_have_text(&new.whole) && known_keys.may_have_text(&new.heads[0]));
        assert!(known_keys.may_have_place(b"/b"));
    }
}
