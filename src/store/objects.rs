//! Whether a store has exactly the tables, indexes and view that flowbook makes, word for word, and nothing else: other
//! objects in a database are code that is run by whoever opens it.
//!
//! Costs one pass over the list of objects: the hash of a correct list is known.

use super::failure::failed;
use super::schema::{MIGRATIONS, VERSION};
use crate::digest::{Hash, hash};
use crate::error::{Error, ErrorKind, Result};
use crate::visible::cut;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// The hash of the objects of each version. A test tells what they are.
const KNOWN: [&str; VERSION as usize] = [
    "db8b9a2eba4c052c79c3ed63463d94a6f9e120f2c09d632bd2d5922cb068156c",
    "a272524f283efcb1eb9009dd47e5abf57bd67443c1b4f82462ab1e8e5644dbfd",
];

/// Characters of a name that a message shows.
const SHOWN: usize = 80;

/// Objects by kind and name, with their table and the words that make them.
type Objects = BTreeMap<(String, String), (String, Option<String>)>;

/// Refuses a store with an object that flowbook did not make so, or without one that it makes.
///
/// # Errors
/// When there is one: it is named.
pub(super) fn check(db: &Connection, version: u32) -> Result<()> {
    let found = objects(db).map_err(failed)?;
    let known = usize::try_from(version).ok().and_then(|version| KNOWN.get(version.checked_sub(1)?));
    if known.is_some_and(|known| *known == in_digits(&hash_of(&found))) {
        return Ok(());
    }
    let wanted = wanted(version).map_err(failed)?;
    difference(&found, &wanted).map_or(Ok(()), |text| Err(Error::new(ErrorKind::Store(text))))
}

/// What differs first, in words.
fn difference(found: &Objects, wanted: &Objects) -> Option<String> {
    let is = |(kind, name): &(String, String)| format!("{kind} {:?}", cut(name, SHOWN));
    if let Some((object, _)) = found.iter().find(|(object, _)| !wanted.contains_key(*object)) {
        return Some(format!(
            "the store has an object that flowbook did not make: {}. Remove it if it is yours (keep it in a database that \
             ATTACHes the store), or restore a copy of the store",
            is(object)
        ));
    }
    let (object, lacks) = wanted.iter().find_map(|(object, words)| match found.get(object) {
        Some(found) if found == words => None,
        found => Some((object, found.is_none())),
    })?;
    let so = if lacks { "is missing" } else { "is not as flowbook makes it" };
    Some(format!(
        "the {} of the store {so}: it is damaged or was changed; restore a copy of the store, or remove it and \
         ingest the logs again",
        is(object)
    ))
}

fn objects(db: &Connection) -> rusqlite::Result<Objects> {
    let mut all = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let one = |row: &Row<'_>| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)));
    let mut objects: Objects = all.query_map([], one)?.collect::<rusqlite::Result<_>>()?;
    // What the planner of queries knows of rows: any tool of the database may gather it anew.
    objects.retain(|(kind, name), _| kind != "table" || !name.starts_with("sqlite_stat"));
    Ok(objects)
}

/// The objects of a version, as this program makes them.
fn wanted(version: u32) -> rusqlite::Result<Objects> {
    let db = Connection::open_in_memory()?;
    MIGRATIONS.iter().take(version as usize).try_for_each(|step| db.execute_batch(step))?;
    objects(&db)
}

fn hash_of(objects: &Objects) -> Hash {
    let mut text = String::new();
    for ((kind, name), (table, sql)) in objects {
        // No text holds a NUL.
        for part in [kind, name, table] {
            text.push_str(part);
            text.push('\0');
        }
        // Whatever the words are, none are something else.
        match sql {
            Some(sql) => text.extend(["+", sql, "\0"]),
            None => text.push('-'),
        }
    }
    hash(text.as_bytes())
}

fn in_digits(hash: &Hash) -> String {
    hash.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_words_are_not_the_name_of_the_table() {
        let with = |sql: Option<&str>| {
            let (name, table) = (("index".into(), "x".into()), "t".to_owned());
            hash_of(&Objects::from([(name, (table, sql.map(String::from)))]))
        };
        assert_ne!(with(None), with(Some("t")));
        assert_ne!(with(None), with(Some("")));
    }

    #[test]
    fn the_hash_of_each_version_is_known() {
        let hashes: Vec<String> =
            (1..=VERSION).map(|version| in_digits(&hash_of(&wanted(version).unwrap()))).collect();
        assert_eq!(hashes, KNOWN, "what KNOWN must be");
    }
}
