//! The files that the database keeps beside a store. It opens whatever stands in their places: it would wait for a pipe
//! without end, and overwrite or remove what another program or a user put there.

use super::connect::beside;
use super::held;
use crate::error::{Error, Result};
use crate::output;
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
            _ if !has_second_name(&meta) && !is_foreign(&place, ending) => continue,
            _ if !has_second_name(&meta) => {
                "is in the place of a file that SQLite keeps beside the store, but holds something else, which SQLite would \
                 overwrite; move it, or name the store otherwise"
            }
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

/// How a log of changes begins: with a number, the last bit of which tells the order of bytes in it.
const LOG: [&[u8]; 2] = [b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"];

/// How its index begins: with the number of its format, in the order of bytes of the machine.
const INDEX: [&[u8]; 2] = [&3_007_000_u32.to_le_bytes(), &3_007_000_u32.to_be_bytes()];

/// How a journal begins.
const UNDO: [&[u8]; 1] = [b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"];

/// Whether a file beside a store cannot be what the database keeps there: that begins as such a file does, or with nothing
/// but zeros, if it was just made or is crossed out.
fn is_foreign(place: &Path, ending: &str) -> bool {
    // Other kinds of files begin with a zero, but hardly with so many.
    let (begins, len): (&[&[u8]], _) = match ending {
        WAL => (&LOG, 4),
        SHM => (&INDEX, 4),
        _ => (&UNDO, 8),
    };
    let head = match ending {
        // Locks of the database may hang on it.
        SHM => held::head(place, len),
        _ => output::head(place, len as u64),
    };
    let is_own = |head: &[u8]| begins.contains(&head) || head.iter().all(|byte| *byte == 0);
    // What cannot be read, or is gone, is for the database to tell.
    head.is_ok_and(|head| !is_own(&head))
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
