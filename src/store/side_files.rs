//! The files that the database keeps beside a store. It opens whatever stands in their places: it would wait for a pipe
//! without end, and write to a file of which another program knows by another name.

use super::connect::beside;
use crate::error::{Error, Result};
use crate::output::beside::{JOURNAL, SHM, WAL};
use crate::output::paths::behind_links;
use crate::regular;
use std::fs::Metadata;
use std::path::Path;

/// Refuses what the database did not make in the places of its files, before it opens a store.
///
/// # Errors
/// Names the file, and says what to do.
pub(super) fn refuse_strange(path: &Path) -> Result<()> {
    // They have the name of the store's own file.
    let real = behind_links(path);
    for ending in [WAL, SHM, JOURNAL] {
        let place = beside(&real, ending);
        let Ok(meta) = place.symlink_metadata() else { continue };
        let text = match ending {
            _ if !meta.is_file() => {
                "is in the place of a file that SQLite keeps beside the store, but is a link or not a regular file; remove it"
            }
            _ if !has_second_name(&meta) => continue,
            // Only an index of the log, which the database makes again.
            SHM => {
                "is in the place of a file that SQLite keeps beside the store, but has another name (a hard link); remove it \
                 while no process uses the store"
            }
            _ => {
                "is in the place of a file that SQLite keeps beside the store, but has another name (a hard link); if it is \
                 the store's, it holds changes: copy the store and this file to another folder and name the copy; if not, \
                 remove it"
            }
        };
        return Err(Error::usage(text).at(&place));
    }
    Ok(())
}

/// Device and number of a store, and of what lies beside it, as far as these are there.
#[must_use]
pub fn numbers(path: &Path) -> Vec<(u64, u64)> {
    let real = behind_links(path);
    let files = ["", WAL, SHM, JOURNAL].map(|ending| beside(&real, ending));
    files.iter().filter_map(|file| regular::number(&file.metadata().ok()?)).collect()
}

/// Whether a file has more than one name, as far as the system tells.
#[cfg(unix)]
pub(super) fn has_second_name(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) > 1
}

/// Whether a file has more than one name, as far as the system tells.
#[cfg(not(unix))]
pub(super) fn has_second_name(_: &Metadata) -> bool {
    false
}
