//! What texts that begin alike have in common: hashes of the first bytes of a text, taken while it is read.
//!
//! Knows nothing of files, and nothing of what lines mean.

use crate::digest::{SHORTEST, canonical};
use crate::hash;

/// Bytes of a text that are kept: more than the first line of a log.
pub(super) const KEPT: usize = 512;
/// Of these at least so many are left when line ends are made one.
const SURE: usize = 384;

/// What texts that begin alike have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// A hash of the least of its bytes by which it is known what it begins, or of all where they are fewer; nothing where
    /// there is no text. They may end within the first line.
    pub(super) least: Option<u64>,
    /// A hash of more than that, where there are so many bytes.
    pub(super) more: Option<u64>,
}

impl Fingerprint {
    /// Of the first [`KEPT`] bytes of a text.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = canonical(bytes);
        let least = &text[..text.len().min(SHORTEST)];
        Self { least: (!text.is_empty()).then(|| hash::many(least)), more: text.get(..SURE).map(hash::many) }
    }
}
