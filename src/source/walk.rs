//! The way through a folder and all that is below it.
//!
//! Opens no file.

use super::search::Search;
use crate::names::FileName;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType};
use std::io;
use std::path::{Path, PathBuf};

/// What stands at a path, links followed; or why that cannot be told, or a folder cannot be entered.
pub(super) type FoundKind = io::Result<FileType>;

/// Shows a folder and everything below it but what is hidden or left out: folder by folder, sorted by name. What is searched
/// are paths below `base`, which holds the folder or is it.
pub(super) fn walk(folder: &Path, base: &Path, search: &Search, show: &mut dyn FnMut(PathBuf, FoundKind)) {
    let kind = fs::metadata(folder).map(|meta| meta.file_type());
    Walk { base, search, entered: HashSet::new(), show }.meet(folder.to_owned(), kind);
}

struct Walk<'a> {
    base: &'a Path,
    search: &'a Search,
    /// Links may lead to a folder by several ways, or back to one above: each is entered once.
    entered: HashSet<Key>,
    show: &'a mut dyn FnMut(PathBuf, FoundKind),
}

impl Walk<'_> {
    fn meet(&mut self, path: PathBuf, met: FoundKind) {
        if !met.as_ref().is_ok_and(FileType::is_dir) {
            return (self.show)(path, met);
        }
        if key(&path).is_ok_and(|key| !self.entered.insert(key)) {
            return;
        }
        (self.show)(path.clone(), met);
        match fs::read_dir(&path) {
            Ok(entries) => self.meet_all(&path, entries),
            Err(error) => (self.show)(path, Err(error)),
        }
    }

    fn meet_all(&mut self, folder: &Path, entries: fs::ReadDir) {
        let mut all = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => all.push((entry.file_name(), kind(&entry))),
                Err(error) => (self.show)(folder.to_owned(), Err(error)),
            }
        }
        // Names alone: the folder before them is the same.
        all.par_sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (name, kind) in all {
            let is_dir = kind.as_ref().is_ok_and(FileType::is_dir);
            let path = below(folder, &name);
            let is_passed = is_hidden(&name) || (is_dir && self.search.leaves_out(&path, self.base));
            if kind.is_err() || !is_passed {
                self.meet(path, kind);
            }
        }
    }
}

/// What a folder is known by: its device and number. To look up its real path would cost a look at each folder above it,
/// and at each above these.
#[cfg(unix)]
type Key = (u64, u64);

#[cfg(unix)]
fn key(folder: &Path) -> io::Result<Key> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).map(|meta| (meta.dev(), meta.ino()))
}

/// What a folder is known by, where folders are not numbered: its real path.
#[cfg(not(unix))]
type Key = PathBuf;

#[cfg(not(unix))]
fn key(folder: &Path) -> io::Result<Key> {
    crate::output::paths::real(folder)
}

/// What an entry is, or leads to. Most systems tell with the name what is no link.
fn kind(entry: &DirEntry) -> FoundKind {
    let own = entry.file_type()?;
    if own.is_symlink() { Ok(fs::metadata(entry.path())?.file_type()) } else { Ok(own) }
}

/// Whether what is found by walking or by a glob is passed over: all that begins with a dot but logs.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") && name.to_str().and_then(FileName::parse).is_none()
}

fn below(folder: &Path, name: &OsStr) -> PathBuf {
    let mut path = OsString::with_capacity(folder.as_os_str().len() + 1 + name.len());
    path.push(folder);
    let mut path = PathBuf::from(path);
    path.push(name);
    path
}
