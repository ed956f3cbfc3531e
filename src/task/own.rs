//! Whether a file is the one that a task made. A store may say what it likes: what is replaced or removed without being
//! asked for must prove what it is.

use super::form::Form;
use super::place::modified;
use crate::digest::{Hash, hash_of};
use crate::export::is_workbook;
use crate::store::Workbook;
use std::fs::{self, File};
use std::path::Path;

/// What a store says of the workbook of a task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    /// Its size and time.
    pub(super) made: Option<Workbook>,
    /// Its hash, unless an older version made it.
    pub(super) digest: Option<Hash>,
    /// The hash of one that was about to get its name.
    pub(super) sealed: Option<Hash>,
}

/// Whether the file at a path is provably that of a task: it is of a form that flowbook makes, and it is as it was made,
/// byte for byte, or what a run that was broken off had finished. Of a workbook that an older version made, size and time
/// must do.
pub(super) fn is_own(path: &Path, proof: &Proof) -> bool {
    let Ok(form) = Form::of(path) else { return false };
    let is_as_made = proof.made.is_some() && workbook_at(path) == proof.made;
    if !is_as_made && proof.sealed.is_none() {
        return false;
    }
    let of_form = || form != Form::Workbook || File::open(path).is_ok_and(is_workbook);
    let has = |digest: Option<Hash>| {
        digest.is_some() && File::open(path).and_then(hash_of).is_ok_and(|found| digest == Some(found))
    };
    let is_proved = match proof.digest {
        Some(digest) => is_as_made && has(Some(digest)),
        None => is_as_made && form == Form::Workbook,
    };
    (is_proved || has(proof.sealed)) && of_form()
}

/// The file at a path, as it is now.
pub(super) fn workbook_at(path: &Path) -> Option<Workbook> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Workbook { size: meta.len(), modified: modified(&meta)? })
}
