//! Opens regular files, and nothing else: it does not wait for a pipe, and does not read a device without end.
//!
//! What was a regular file when it was looked up may be anything when it is opened. So it is opened without waiting for
//! a writer, and checked again through the open file.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Whether a link at the end of the path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// The file that it leads to is opened.
    Follow,
    /// It is refused.
    Refuse,
}

/// Whether a regular file is at a path, or behind a link there.
#[must_use]
pub fn stands_at(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file())
}

/// Device and number of a file, by which it is known under any name, where the system numbers files.
#[cfg(unix)]
#[must_use]
pub fn number(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

/// Device and number of a file: not known on this system.
#[cfg(not(unix))]
#[must_use]
pub fn number(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Opens a regular file to be read.
///
/// # Errors
/// If it cannot be opened, or is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_by(path, OpenOptions::new().read(true), Links::Follow)
}

/// Opens a regular file to be read that was seen a moment ago: of very many small files a second look before the opening is
/// a microsecond of forty for each.
///
/// # Errors
/// See [`open`].
pub fn open_seen(path: &Path) -> io::Result<File> {
    checked(path, OpenOptions::new().read(true), Links::Follow)
}

/// Opens a regular file, or makes one if the options say so.
///
/// # Errors
/// See [`open`].
pub fn open_by(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    // Even to open a device may do something.
    if path.metadata().is_ok_and(|meta| !meta.is_file()) {
        return Err(refused());
    }
    checked(path, options, links)
}

fn refused() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file")
}

/// Opens without waiting, and looks at what was opened.
fn checked(path: &Path, options: &mut OpenOptions, links: Links) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let of_links = if links == Links::Refuse { libc::O_NOFOLLOW } else { 0 };
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | of_links);
    }
    #[cfg(not(unix))]
    let _ = links;
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::process::Command;

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "x").unwrap();
        std::os::unix::fs::symlink("file", at("link")).unwrap();
        assert!(Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        std::os::unix::fs::symlink("pipe", at("to_pipe")).unwrap();
        for (name, is_opened) in
            [("file", true), ("link", true), ("pipe", false), ("to_pipe", false), ("no", false)]
        {
            assert_eq!((open(&at(name)).is_ok(), stands_at(&at(name))), (is_opened, is_opened), "{name}");
        }
        assert!(open_seen(&at("file")).is_ok() && open_seen(&at("link")).is_ok());
        assert!(open_seen(&at("to_pipe")).is_err() && open_seen(Path::new("/dev/zero")).is_err());
        assert!(open(Path::new("/dev/zero")).is_err() && open(dir.path()).is_err());
        let without = |name: &str| open_by(&at(name), OpenOptions::new().read(true), Links::Refuse);
        assert!(without("file").is_ok() && without("link").is_err() && without("pipe").is_err());
    }
}
