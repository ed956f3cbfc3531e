//! Messages for a file that is not a store: what it is, if its first bytes show that.
//!
//! Knows nothing of tables.

use super::failure::failed;
use super::held::head;
use super::schema::APPLICATION_ID;
use crate::error::Error;
use crate::output::beside::DATABASE;
use rusqlite::ErrorCode;
use std::path::Path;

/// Bytes that are enough to tell what a file is.
const HEAD_LEN: usize = 512;

/// Why a file could not be opened as a store. What does not begin as a database does was never one, or has lost its
/// first page: the first is likely, and the second is said, too.
pub(super) fn unopened(path: &Path, error: rusqlite::Error) -> Error {
    if path.is_dir() {
        return folder(path);
    }
    let is_other = error.sqlite_error_code() == Some(ErrorCode::NotADatabase);
    let head = is_other.then(|| head(path, HEAD_LEN).ok()).flatten();
    let Some(head) = head.filter(|head| !head.starts_with(DATABASE)) else {
        return failed(error).at(path);
    };
    let text = match kind(&head) {
        Some(kind) => format!("is not a flowbook store, but {kind}; name another file"),
        None => "is not a flowbook store; name another file. If it was one, the store is damaged; restore a copy of it, \
                 or remove it and ingest the logs again"
            .to_owned(),
    };
    Error::usage(text).at(path)
}

/// Whether a file is marked as a store where databases are marked by the programs that made them. One that was just being
/// made may be so only in the log beside it.
pub(super) fn is_marked(path: &Path) -> bool {
    let id = |head: Vec<u8>| head.get(68..72).map(|id| id == APPLICATION_ID.to_be_bytes());
    head(path, HEAD_LEN).ok().filter(|head| head.starts_with(DATABASE)).and_then(id).unwrap_or(false)
}

/// What is said of a folder that is named as a store.
pub(super) fn folder(path: &Path) -> Error {
    Error::usage("is a folder; name the file of a store in it, like usage.db").at(path)
}

/// Files that are often named by mistake, with their article, and what they begin with.
const KINDS: [(&str, &[u8]); 4] = [
    ("an Excel workbook or another zip file", b"PK\x03\x04"),
    ("a gzip file", b"\x1f\x8b"),
    ("a zstd file", b"\x28\xb5\x2f\xfd"),
    ("an xz file", b"\xfd7zXZ\0"),
];

/// What a file is, where that is plain to see.
fn kind(head: &[u8]) -> Option<&'static str> {
    let known = KINDS.iter().find(|(_, mark)| head.starts_with(mark)).map(|(name, _)| *name);
    known.or_else(|| is_text(head).then_some("a text file"))
}

/// Whether bytes are text, the last character of which may be cut.
fn is_text(head: &[u8]) -> bool {
    let (text, is_whole) = match std::str::from_utf8(head) {
        Ok(text) => (text, true),
        Err(error) => {
            (std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or(""), error.error_len().is_none())
        }
    };
    is_whole && text.chars().all(|character| !character.is_control() || character.is_whitespace())
}
