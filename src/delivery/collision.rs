//! Results must not overwrite each other or what is read. They are compared by path, along all links, and by file,
//! under any name.

use super::place::{as_path, number};
use crate::error::{Error, Result};
use crate::output::paths::real;
use crate::output::{IS_ASKED, Spot, is_standard_input};
use crate::source::Source;
use crate::store::Reader;
use rayon::prelude::*;
use std::fs;
use std::path::Path;

pub(crate) const IS_A_LOG: &str = "is a log and would be overwritten; name another file";

/// Refuses to write the rejected lines and a workbook into one file.
pub(crate) fn keep_two(rejects: Option<&Path>, output: &Path) -> Result<()> {
    if rejects.is_some_and(|rejects| Spot::of(rejects) == Spot::of(output)) {
        let text = "is named for both the workbook and the rejected lines; name two files";
        return Err(Error::usage(text).at(output));
    }
    Ok(())
}

/// Refuses to write over a file that was read to know what to do.
///
/// # Errors
/// When one of the `results` is one of the `inputs`.
pub fn keep_off<'a>(
    results: impl IntoIterator<Item = &'a Path>,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let place = |path: &Path| (Spot::of(path), fs::metadata(path).ok());
    let inputs: Vec<_> = inputs.into_iter().map(place).collect();
    for result in results {
        let (spot, there) = place(result);
        let is_same = |(input, meta): &(Spot, Option<fs::Metadata>)| {
            let is_file = || there.as_ref().zip(meta.as_ref()).is_some_and(|(a, b)| is_one(a, b));
            *input == spot || is_file()
        };
        if inputs.iter().any(is_same) {
            return Err(Error::usage(IS_ASKED).at(result));
        }
    }
    Ok(())
}

/// Refuses to write over a log, under any name, or when it is read through standard input.
///
/// # Errors
/// If one of the `results` is one of the `sources`.
pub fn keep_apart<'a>(results: impl IntoIterator<Item = &'a Path>, sources: &[Source]) -> Result<()> {
    // What is not there yet is no log.
    let there = results.into_iter().filter_map(|result| Some((result, fs::metadata(result).ok()?)));
    let there: Vec<_> = there.collect();
    if there.is_empty() {
        return Ok(());
    }
    let of_source = |source: &Source| match source.path() {
        Some(path) => {
            let meta = fs::metadata(path).ok()?;
            there.iter().find(|(_, result)| is_one(&meta, result))
        }
        None => there.iter().find(|(_, result)| is_standard_input(result)),
    };
    match sources.par_iter().find_map_first(of_source) {
        Some((result, _)) => Err(Error::usage(IS_A_LOG).at(result)),
        None => Ok(()),
    }
}

/// Whether a file is a log that a store knows: by the path where it stands, or as the same file by another name.
///
/// # Errors
/// When the store fails.
pub(crate) fn is_known_log(path: &Path, reader: &Reader) -> Result<bool> {
    let (Ok(place), Ok(meta)) = (real(path), fs::metadata(path)) else { return Ok(false) };
    if reader.stands_at(&place)? {
        return Ok(true);
    }
    let Some(number) = number(&meta) else { return Ok(false) };
    // The number of a log that is gone may be that of any file now.
    let is_here = |path: &Vec<u8>| fs::metadata(as_path(path)).is_ok_and(|log| is_one(&log, &meta));
    Ok(reader.paths_of_file(&number)?.iter().any(is_here))
}

/// Whether both are the same file; where the system does not number files, nobody can tell.
fn is_one(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    number(one).is_some_and(|one| Some(one) == number(other))
}
