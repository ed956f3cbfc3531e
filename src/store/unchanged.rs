//! Files that are as they were when they were read: seen from outside, side by side with the places that are known.

use super::failure::failed;
use super::source::FileStat;
use super::value::{of, region as region_of};
use super::writer::Writer;
use crate::error::Result;
use crate::region::Region;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use std::collections::HashSet;

/// Where more places that are not asked for lie between two that are, each is looked up by itself.
const MOST_OTHERS: usize = 4;

/// What [`Writer::unchanged`] looks at of places: without what is known of their sources, which lies elsewhere.
const PLACES: &str =
    "SELECT source, path, name, sort, size, modified FROM place WHERE path >= ? AND path <= ? ORDER BY path";
/// The same, with format, region and domain.
const PLACES_AND_WAYS: &str =
    "SELECT source, path, place.name, place.sort, place.size, modified, format, region, domain
     FROM place CROSS JOIN source ON source.id = place.source
     WHERE path >= ? AND path <= ? ORDER BY path";

impl Writer {
    /// Whether each of these files is unchanged since it was read to its end, in the same way and under the same name:
    /// then nothing needs to be done with it. `false` says nothing more. In the order of `spots`.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn unchanged(&mut self, spots: &[Option<FileStat<'_>>]) -> Result<Vec<bool>> {
        self.at(|writer| unchanged(&writer.db, spots).map_err(failed))
    }
}

/// Finds paths in order; gives how many were passed before too many others lay between. The second column is the path.
pub(super) fn pass(
    db: &Connection,
    sql: &str,
    paths: &[&[u8]],
    order: &[usize],
    mut meet: impl FnMut(usize, &Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<usize> {
    let [first, .., last] = order else { return Ok(0) };
    let mut places = db.prepare_cached(sql)?;
    let mut rows = places.query([paths[*first], paths[*last]])?;
    let (mut passed, mut others) = (0, 0);
    while let Some(row) = rows.next()? {
        let path = of("place", row).blob(1)?;
        passed += order[passed..].iter().take_while(|at| paths[**at] < path).count();
        let same = order[passed..].iter().take_while(|at| paths[**at] == path).count();
        for at in &order[passed..passed + same] {
            meet(*at, row)?;
        }
        passed += same;
        others += usize::from(same == 0);
        if others > MOST_OTHERS * order.len() {
            return Ok(passed);
        }
    }
    Ok(order.len())
}

fn unchanged(db: &Connection, spots: &[Option<FileStat<'_>>]) -> rusqlite::Result<Vec<bool>> {
    let paths: Vec<&[u8]> =
        spots.iter().map(|spot| spot.as_ref().map_or(&[][..], |spot| &spot.path)).collect();
    let mut order: Vec<usize> = (0..paths.len()).filter(|at| spots[*at].is_some()).collect();
    order.sort_unstable_by_key(|at| paths[*at]);
    let is_named =
        |spot: &FileStat<'_>| spot.format.is_some() || spot.region.is_some() || spot.domain.is_some();
    let sql = if spots.iter().flatten().any(is_named) { PLACES_AND_WAYS } else { PLACES };
    let (faulty, mut are_same) = (faulty(db)?, vec![false; spots.len()]);
    let meet = |at: usize, row: &Row<'_>| {
        let is_whole = !faulty.contains(&of("place", row).get(0)?);
        are_same[at] = is_whole && spots[at].as_ref().is_some_and(|spot| is_as_it_was(spot, row));
        Ok(())
    };
    pass(db, sql, &paths, &order, meet)?;
    Ok(are_same)
}

/// The sources that were not read to their end; the planner would take a larger index that has the column, too.
fn faulty(db: &Connection) -> rusqlite::Result<HashSet<i64>> {
    let mut sources =
        db.prepare_cached("SELECT id FROM source INDEXED BY source_fault WHERE fault IS NOT NULL")?;
    sources.query_map([], |row| row.get(0))?.collect()
}

/// Whether a place is what is seen now, from the columns of [`PLACES`]: nothing is copied of most.
fn is_as_it_was(spot: &FileStat<'_>, row: &Row<'_>) -> bool {
    let is = |at: usize, value: &[u8]| {
        row.get_ref(at).is_ok_and(|found| found.as_bytes().is_ok_and(|found| found == value))
    };
    let is_number =
        |at: usize, number: i64| row.get_ref(at).is_ok_and(|found| found == ValueRef::Integer(number));
    let is_read_alike = |region: Region| {
        row.get_ref(7).is_ok_and(|code| code.as_str().is_ok_and(|code| region_of(code) == Some(region)))
    };
    is(2, spot.name.as_bytes())
        && is(3, spot.sort.as_encoded_bytes())
        && i64::try_from(spot.size).is_ok_and(|size| is_number(4, size))
        && is_number(5, spot.modified)
        && spot.format.is_none_or(|format| is(6, format.as_bytes()))
        && spot.region.is_none_or(is_read_alike)
        && spot.domain.is_none_or(|domain| is(8, domain.as_str().as_bytes()))
}
