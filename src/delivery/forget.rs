//! Removes sources from a store: they are found by what a user calls them, and all are removed in one transaction or
//! none.

use super::place::{is_nowhere, origin_of};
use crate::error::{Error, Result};
use crate::output::paths::{absolute, path_bytes};
use crate::source::{Origins, Site};
use crate::store::{Contribution, Place, SourceId, Writer};
use crate::visible::{self, escaped};
use std::collections::BTreeSet;
use std::path::Path;

/// Near names that are shown for one that is not there.
const NEAR: usize = 3;
/// Characters that make a glob.
const META: [char; 3] = ['*', '?', '['];
/// Places that are shown where a name means several sources.
const SHOWN: usize = 5;

/// A source that was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// What it contributed.
    pub was: Contribution,
    /// The paths where it was found, in a form that can be shown.
    pub places: Vec<String>,
    /// One of these where a file still stands: the next ingest that finds it counts it again.
    pub still_at: Option<String>,
}

/// Takes sources out; nothing is durable before the writer commits. Each is called by a path that is or was there,
/// by a name that means one source only, or by a glob over names.
///
/// # Errors
/// When one is not there or its name means several; when the store fails.
pub fn forget(writer: &mut Writer, called: &[String], origins: &dyn Origins) -> Result<Vec<Forgotten>> {
    let mut ids = Vec::new();
    for called in called {
        ids.extend(find(writer, called)?);
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    let mut forgotten = Vec::with_capacity(ids.len());
    for id in ids {
        let (was, places) = (writer.contribution(id)?, places(writer, id)?);
        let still_at = places.iter().find(|place| Site { origins, origin: &origin_of(place) }.is_file());
        let still_at = still_at.map(|place| escaped(&place.path));
        let places = places.iter().map(|place| escaped(&place.path)).collect();
        forgotten.push(Forgotten { was, places, still_at });
        writer.forget(id)?;
    }
    writer.check_references()?;
    Ok(forgotten)
}

fn places(writer: &mut Writer, id: SourceId) -> Result<Vec<Place>> {
    let mut places = writer.places(id)?;
    // Standard input is nowhere, and what is noted of a text stands nowhere, either.
    places.retain(|place| !is_nowhere(place));
    Ok(places)
}

/// The sources that are called so. A whole path means what stands there and nothing else.
fn find(writer: &mut Writer, called: &str) -> Result<Vec<SourceId>> {
    let here = writer.at_path(path_bytes(&absolute(Path::new(called))))?.map(|seen| seen.id);
    if let Some(id) = here.filter(|_| Path::new(called).is_absolute()) {
        return Ok(vec![id]);
    }
    let mut ids: BTreeSet<SourceId> = writer.with_name(called)?.into_iter().collect();
    ids.extend(here);
    if ids.len() > 1 {
        return Err(several(writer, called, &ids)?);
    }
    if ids.is_empty() && called.contains(META) {
        ids.extend(writer.with_names_like(called)?);
    }
    if ids.is_empty() {
        let names = writer.names()?;
        return Err(unknown(called, &names));
    }
    Ok(ids.into_iter().collect())
}

fn several(writer: &mut Writer, called: &str, ids: &BTreeSet<SourceId>) -> Result<Error> {
    let mut text = format!("{} sources have this name; name one by its path", ids.len());
    for id in ids.iter().take(SHOWN) {
        let places = places(writer, *id)?;
        let place = places.first().map(|place| escaped(&place.path));
        let place = place.as_deref().unwrap_or("another source is at its path now");
        text = format!("{text}\n  {}", visible::line(place));
    }
    Ok(Error::usage(format!("{text}\n  or name all of them by a glob")).at(called))
}

fn unknown(called: &str, names: &[String]) -> Error {
    // Of a glob, its longest part; one or two letters stand in every name.
    let parts = called.split(META).filter(|part| part.len() > 2 || *part == called);
    let word = parts.max_by_key(|part| part.len()).unwrap_or_default();
    let near = near(word, names);
    let is = if called.contains(META) {
        "this glob matches no source; it must match a whole name, as it is stored"
    } else {
        "no source has this name"
    };
    let hint = if near.is_empty() {
        "flowbook store sources lists all names".to_owned()
    } else {
        format!("similar names:\n  {}", near.join("\n  "))
    };
    Error::usage(format!("{is}; {hint}")).at(called)
}

/// The names that are most like one, as far as any is.
fn near<'a>(called: &str, names: &'a [String]) -> Vec<&'a str> {
    let end = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let called = end(called);
    let far = called.len() / 4 + 1;
    let distance = |name: &String| {
        let end = end(name);
        if !called.is_empty() && end.contains(&called) { 0 } else { edits(end.as_bytes(), called.as_bytes()) }
    };
    let mut near: Vec<_> = names.iter().map(|name| (distance(name), name.as_str())).collect();
    near.retain(|(distance, _)| *distance <= far);
    near.sort_unstable();
    near.into_iter().map(|(_, name)| name).take(NEAR).collect()
}

/// How many bytes are to be put in, taken out or replaced to come from one text to another (Levenshtein).
fn edits(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, a) in from.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (at, b) in to.iter().enumerate() {
            let best = (diagonal + usize::from(a != b)).min(row[at] + 1).min(row[at + 1] + 1);
            diagonal = std::mem::replace(&mut row[at + 1], best);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        assert_eq!([edits(b"kitten", b"sitting"), edits(b"", b"ab"), edits(b"a", b"a")], [3, 2, 0]);
        let names = ["logs/a.com_2026.gz", "logs/b.com_2026.gz", "other"].map(String::from);
        assert_eq!(near("a.com_2026.zst", &names), ["logs/a.com_2026.gz", "logs/b.com_2026.gz"]);
        assert_eq!(near("b.com", &names), ["logs/b.com_2026.gz"]);
        assert_eq!(near("nothing", &names), [""; 0]);
    }
}
