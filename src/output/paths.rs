//! Paths: where they lead through links, and their bytes. The one file that asks the system for the real path of one.

use crate::regular;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folder of `path`.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The real path of an existing file: from the root, and through no link.
///
/// # Errors
/// If nothing is there, or it cannot be looked up.
pub fn real(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path)
}

/// The same; for a path that does not exist, the path itself.
#[must_use]
pub fn real_or_same(path: &Path) -> PathBuf {
    real(path).unwrap_or_else(|_| path.to_owned())
}

/// The path of a file from the root, through no link to an existing folder. The file itself may be a link, or not
/// exist.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    // A folder that is made later has the same path then.
    place(folder(path)).join(path.file_name().unwrap_or_default())
}

/// Whether two files are in one folder, which is there for both or for none.
#[must_use]
pub fn are_beside(one: &Path, other: &Path) -> bool {
    real(folder(one)).ok() == real(folder(other)).ok()
}

/// Links that lead from one to the next, at most: as many as the system follows.
const MAX_LINKS: usize = 40;

/// The path behind all links, whether it exists or not.
#[must_use]
pub fn behind_links(path: &Path) -> PathBuf {
    real(path).unwrap_or_else(|_| {
        let mut place = path.to_owned();
        for _ in 0..MAX_LINKS {
            let Ok(to) = fs::read_link(&place) else { break };
            place = folder(&place).join(to);
        }
        place
    })
}

/// Where a file would be, whatever way leads there: links of folders that are there are followed, and `..` goes back in
/// those that are not.
#[must_use]
pub fn place(path: &Path) -> PathBuf {
    let (mut there, mut rest) = (path, Vec::new());
    let real = loop {
        if let Ok(real) = real(there) {
            break real;
        }
        let Some(part) = there.components().next_back() else {
            break std::env::current_dir().unwrap_or_default();
        };
        rest.push(part);
        there = match there.parent() {
            Some(parent) => parent,
            None => break PathBuf::new(),
        };
    };
    rest.into_iter().rev().fold(real, |mut place, part| {
        match part {
            Component::ParentDir => drop(place.pop()),
            Component::CurDir => {}
            part => place.push(part),
        }
        place
    })
}

/// Whether a file would be below a folder, whatever way leads there.
#[must_use]
pub fn is_below(path: &Path, folder: &Path) -> bool {
    place(path).starts_with(place(folder))
}

/// A place for one file, the same for every path that leads there: the folder that exists, and what is to be created
/// below it. Names that differ only in upper and lower case are the same, as on the file systems of many users.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    folder: Folder,
    /// From the file up.
    names: Vec<OsString>,
}

/// A folder, where the system numbers them by its number: it may be there by several paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Folder {
    Numbered(u64, u64),
    Called(PathBuf),
}

impl Spot {
    /// The spot of a path.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        // What goes back from a folder that is not there may meet a link.
        let place = real_or_same(&place(path));
        let mut names = Vec::new();
        let mut there = place.as_path();
        while let Some((folder, name)) = there.parent().zip(there.file_name()) {
            names.push(name.to_str().map_or_else(|| name.to_owned(), |name| name.to_lowercase().into()));
            there = folder;
            if there.is_dir() {
                break;
            }
        }
        Self { folder: Folder::of(there), names }
    }
}

impl Folder {
    fn of(path: &Path) -> Self {
        let number = fs::metadata(path).ok().and_then(|meta| regular::number(&meta));
        number.map_or_else(|| Self::Called(path.into()), |(device, number)| Self::Numbered(device, number))
    }
}

/// The bytes of a path, as a store has them.
#[must_use]
pub fn path_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The path with these bytes.
#[cfg(unix)]
#[must_use]
pub fn as_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// The path with these bytes.
#[cfg(not(unix))]
#[must_use]
pub fn as_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn one_place_is_one_whatever_way_leads_there() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        std::os::unix::fs::symlink("sub", root.join("link")).unwrap();
        for way in ["sub/new/x", "link/new/x", "sub/../sub/new/x", "sub/no/../new/x", "./sub/new/./x"] {
            assert_eq!(place(&root.join(way)), root.join("sub/new/x"), "{way}");
        }
        assert_eq!(place(Path::new("no/../x")), std::env::current_dir().unwrap().join("x"));
        assert_eq!(place(Path::new("/")), Path::new("/"));
        let spot = |way: &str| Spot::of(&root.join(way));
        for way in ["sub/New/x", "link/new/X", "no/../link/new/x"] {
            assert_eq!(spot(way), spot("sub/new/x"), "{way}");
        }
        fs::write(root.join("sub/file"), "").unwrap();
        std::os::unix::fs::symlink("sub/file", root.join("to_file")).unwrap();
        assert_eq!(spot("to_file"), spot("sub/FILE"));
        assert_eq!(spot("no/../to_file"), spot("sub/file"));
        assert_ne!(spot("sub/x"), spot("sub/new/x"));
        assert_ne!(spot("sub/x"), spot("x"));
    }
}
