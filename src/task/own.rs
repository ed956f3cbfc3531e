//! Whether a file is the one that a task made. The store is not trusted for this: a file that is replaced or removed
//! without the user asking for it must prove what it is.

use super::form::Form;
use crate::delivery::place::number;
use crate::digest::{Hash, hash_of};
use crate::export::is_workbook;
use crate::regular;
use crate::source::modified;
use crate::store::Workbook;
use std::fs::{self, Metadata};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

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

/// A file that is provably that of a task.
pub(super) struct Own {
    path: PathBuf,
    /// Which file it was, and how it was, when it was proved.
    file: (Option<String>, Option<Workbook>),
    /// The hash of its bytes.
    pub(super) hash: Hash,
}

impl Own {
    /// Removes it, unless something else has come to stand there since it was proved.
    ///
    /// # Errors
    /// When it has, or the system does not let it go.
    pub(super) fn remove(&self) -> io::Result<()> {
        if which(&fs::symlink_metadata(&self.path)?) != self.file {
            return Err(io::Error::other("it is changing"));
        }
        fs::remove_file(&self.path)
    }
}

/// Whether the file at a path is provably that of a task: see [`own`].
pub(super) fn is_own(path: &Path, proof: &Proof) -> bool {
    own(path, proof).is_some()
}

/// The file at a path, if it is provably that of a task: it is of a form that flowbook makes, and it is as it was made,
/// byte for byte, or what a run that was broken off had finished. When it was changed last says nothing: a backup that was
/// put back is what it was. Only of a workbook that an older version made, size and time must do.
pub(super) fn own(path: &Path, proof: &Proof) -> Option<Own> {
    let form = Form::of(path).ok()?;
    if proof.made.is_none() && proof.sealed.is_none() {
        return None;
    }
    let mut file = regular::open(path).ok()?;
    let which = which(&file.metadata().ok()?);
    let there = which.1?;
    // Another size is another file: that need not be read to know it.
    let digest = proof.digest.filter(|_| proof.made.is_some_and(|made| made.size == there.size));
    let is_of_old = form == Form::Workbook && proof.digest.is_none() && proof.made == Some(there);
    if digest.is_none() && proof.sealed.is_none() && !is_of_old {
        return None;
    }
    let hash = hash_of(&file).ok()?;
    let is_proved = is_of_old || [digest, proof.sealed].contains(&Some(hash));
    file.rewind().ok()?;
    let is_of_form = is_proved && (form != Form::Workbook || is_workbook(file));
    is_of_form.then(|| Own { path: path.to_owned(), file: which, hash })
}

fn which(meta: &Metadata) -> (Option<String>, Option<Workbook>) {
    (number(meta), workbook_of(meta))
}

fn workbook_of(meta: &Metadata) -> Option<Workbook> {
    Some(Workbook { size: meta.len(), modified: modified(meta)? }).filter(|_| meta.is_file())
}

/// The file at a path, as it is now.
pub(super) fn workbook_at(path: &Path) -> Option<Workbook> {
    workbook_of(&fs::metadata(path).ok()?)
}
