//! The place of a source, as the store remembers it.

use crate::digest::Hash;
use crate::domain::Domain;
use crate::log::Format;
use crate::names::named_hours_at;
use crate::output;
pub(crate) use crate::output::paths::as_path;
use crate::output::paths::real_or_same;
use crate::region::Region;
use crate::regular;
use crate::report::NamedHours;
use crate::source::{Origin, Origins, Source, Stat, Version};
use crate::store::{FileStat, NOTE, Place, joined};
use rayon::prelude::*;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

/// The place of what can be read only once, as standard input and pipes can.
pub(crate) fn nowhere(source: &Source) -> Place {
    Place { path: Vec::new(), ..place_of(source, Path::new("")) }
}

/// Whether a place is none where anybody can look again.
pub(crate) fn is_nowhere(place: &Place) -> bool {
    place.path.is_empty() || place.path.starts_with(b"-") || place.path.starts_with(NOTE)
}

/// The path under which it is noted of a text that it is the beginning of another one: no file has it.
pub(crate) fn note_of(whole: &Hash) -> Vec<u8> {
    [NOTE, whole].concat()
}

/// The paths under which it is noted of a text that it is the beginning of another one: by its hash, and where its lines
/// take their domain from outside, by that of the text alone as well, and by each of the `domains` that it is one of. So a
/// copy is found for which another domain is told, or none.
pub(crate) fn notes_of(whole: Hash, alone: Hash, domains: &[&Domain]) -> Vec<Vec<u8>> {
    let mut notes = vec![note_of(&whole)];
    if whole != alone {
        notes.push(note_of(&alone));
    }
    notes.extend(domains.iter().map(|domain| note_for(&alone, domain.as_str())));
    notes
}

/// The path under which it is noted of a text whose lines are of this domain.
pub(crate) fn note_for(alone: &Hash, domain: &str) -> Vec<u8> {
    [NOTE, &joined(alone, domain)].concat()
}

/// The path under which the source with these lines is noted that was read as the name of a beginning tells.
pub(crate) fn told_note_of(text: &Hash) -> Vec<u8> {
    [TOLD, text].concat()
}

/// What such a path begins with.
pub(crate) const TOLD: &[u8] = b"=?";

/// The place of a source in a folder whose own path is `folder`.
pub(crate) fn place_of(source: &Source, folder: &Path) -> Place {
    // The source may be read as the name of a copy tells.
    let named = source.path().and_then(named_hours_at);
    let version = source.stat.and_then(Stat::version);
    Place {
        path: source.path().map(|path| path_in(folder, path)).unwrap_or_default(),
        name: source.name.clone(),
        sort: source.sort_key().as_encoded_bytes().to_owned(),
        size: source.size(),
        is_named: named.as_ref().map_or(0, NamedHours::rank),
        is_beginning: false,
        modified: version.and_then(|version| version.modified),
        file: version.and_then(file_number),
    }
}

/// The path of a file in a folder whose own path is `folder`.
fn path_in(folder: &Path, path: &Path) -> Vec<u8> {
    folder.join(path.file_name().unwrap_or_default()).into_os_string().into_encoded_bytes()
}

/// The name that a folder goes by everywhere.
pub(crate) fn real_folder(folder: &Path) -> PathBuf {
    real_or_same(folder)
}

/// What is seen of each source from outside; nothing of what is no file, or was found to have a fault.
pub(crate) fn spots<'a>(sources: &'a [Source], origins: &dyn Origins) -> Vec<Option<FileStat<'a>>> {
    // Sources of one folder follow each other.
    sources.par_iter().map_init(|| None, |folder, source| spot(folder, source, origins)).collect()
}

fn spot<'a>(
    folder: &mut Option<(&'a Path, PathBuf)>,
    source: &'a Source,
    origins: &dyn Origins,
) -> Option<FileStat<'a>> {
    let path = source.path().filter(|_| source.fault.is_none())?;
    let Stat::File { size, version } = origins.stat(&source.origin).ok()? else { return None };
    let reading = &source.reading;
    let given = output::folder(path);
    let same = folder.take().filter(|(last, _)| last.as_os_str() == given.as_os_str());
    let (_, real) = folder.insert(same.unwrap_or_else(|| (given, real_folder(given))));
    Some(FileStat {
        path: path_in(real, path),
        name: &source.name,
        sort: source.sort_key(),
        size,
        modified: version.modified?,
        format: reading.format.named().map(Format::name),
        region: Some(reading.region).filter(|region| *region != Region::Unspecified),
        domain: reading.domain.as_ref(),
    })
}

/// Whether a file that is looked at again is as it was; where the system does not say, it is not.
pub(crate) fn is_as_it_was(before: &Place, now: &Place) -> bool {
    before.size == now.size && before.modified == now.modified && now.modified.is_some()
}

/// Whether a file stands where it was found, as it was then. Nobody can tell of standard input.
pub(crate) fn is_there(place: &Place, origins: &dyn Origins) -> bool {
    let is_same = |size, version: Version| Some(size) == place.size && version.modified == place.modified;
    is_nowhere(place)
        || matches!(origins.stat(&origin_of(place)), Ok(Stat::File { size, version }) if is_same(size, version))
}

/// Where a place lies.
pub(crate) fn origin_of(place: &Place) -> Origin {
    Origin::File(as_path(&place.path))
}

/// Device and number of a file as a store has them, by which it is known after it was renamed, where the system numbers
/// files.
pub(crate) fn number(meta: &Metadata) -> Option<String> {
    regular::number(meta).map(as_text)
}

/// The same, of a log.
fn file_number(version: Version) -> Option<String> {
    version.number.map(as_text)
}

fn as_text((device, number): (u64, u64)) -> String {
    format!("{device}:{number}")
}
