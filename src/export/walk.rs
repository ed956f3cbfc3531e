//! Passes sorted rows once, makes them dense series by series, and counts them: shared by every form of an export.
//! Knows nothing of files.

use super::completeness::{Completeness, completeness};
use super::tally::Tally;
use super::{Request, Series, total_overflow};
use crate::error::{Error, ErrorKind, Result};
use crate::time::TimeRange;
use crate::usage::{Row, Usage};
use std::iter::Peekable;

/// Gives `each` every series of the export with its usage, slice by slice, and the slices in which it may have any, in
/// order, from rows sorted by (domain, region, window) that may leave zeros out; counts them.
///
/// # Errors
/// What `each` gives; when rows cannot be read, or a sum grows beyond 2^63 - 1.
pub(super) fn walk<'r>(
    rows: impl Iterator<Item = Result<Row<'r>>>,
    request: &Request<'_>,
    mut each: impl FnMut(usize, &[Usage], &[usize]) -> Result<()>,
) -> Result<Tally> {
    let Request { spec, series, .. } = *request;
    let mut tally = Tally::new(spec.kind, spec.range);
    tally.domains.reserve_exact(series.chunk_by(|a, b| a.0 == b.0).count());
    let mut rows = rows.peekable();
    let mut usages = vec![Usage::default(); spec.range.len()];
    let mut touched = Vec::new();
    for (at, one) in series.iter().enumerate() {
        for slice in touched.drain(..) {
            usages[slice] = Usage::default();
        }
        rows_of(&mut rows, one, spec.range, |slice, usage| {
            usages[slice] = usage;
            touched.push(slice);
        })?;
        tally.add(one.1, &usages, &touched).map_err(|_| total_overflow(one.0.as_str()))?;
        each(at, &usages, &touched)?;
        if series.get(at + 1).is_none_or(|(next, _)| *next != one.0) {
            tally.end_domain(&one.0).map_err(|_| total_overflow(one.0.as_str()))?;
        }
    }
    at_end(rows)?;
    tally.sort_domains();
    Ok(tally)
}

/// How many hours of an export have a log; from rows as [`super::export`] takes them.
///
/// # Errors
/// As [`super::export`], files apart.
pub fn hours_with_log<'r>(
    rows: impl Iterator<Item = Result<Row<'r>>>,
    request: &Request<'_>,
) -> Result<Completeness> {
    let tally = walk(rows, request, |_, _, _| Ok(()))?;
    Ok(completeness(request.report, &tally, request.spec))
}

/// Whether a slice has a row where rows are sparse.
pub(super) fn is_kept(usage: &Usage) -> bool {
    usage.total_requests() > 0
}

/// Of each series how many slices of the range have a request; from rows as [`super::export`] takes them.
///
/// # Errors
/// When rows cannot be read.
pub fn kept_rows<'r>(
    rows: impl Iterator<Item = Result<Row<'r>>>,
    series: &[Series],
    range: TimeRange,
) -> Result<Vec<u64>> {
    let mut rows = rows.peekable();
    let mut kept = Vec::with_capacity(series.len());
    for one in series {
        let mut count = 0;
        rows_of(&mut rows, one, range, |_, usage| count += u64::from(is_kept(&usage)))?;
        kept.push(count);
    }
    at_end(rows).map(|()| kept)
}

/// Takes the rows of one series, which is next in turn. Rows outside the range are none of the export's.
fn rows_of<'r, I: Iterator<Item = Result<Row<'r>>>>(
    rows: &mut Peekable<I>,
    (domain, region): &Series,
    range: TimeRange,
    mut take: impl FnMut(usize, Usage),
) -> Result<()> {
    let is_next = |row: &Row<'_>| row.domain == domain && row.region == *region;
    while let Some(row) = rows.next_if(|row| row.as_ref().map_or(true, is_next)) {
        let row = row?;
        if let Some(slice) = range.position(row.window) {
            take(slice, row.usage);
        }
    }
    Ok(())
}

fn at_end<'r>(mut rows: impl Iterator<Item = Result<Row<'r>>>) -> Result<()> {
    match rows.next().transpose()? {
        None => Ok(()),
        Some(row) => Err(Error::new(ErrorKind::Defect(format!("a row of {} has no series", row.domain)))),
    }
}
