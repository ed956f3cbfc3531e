//! Files that appear under their name only when they are complete, and standard output. The only file that names tempfile.

pub mod paths;
pub mod beside;
mod closed;
#[cfg(unix)]
mod mode;
#[cfg(unix)]
mod left_over;
mod precious;
mod stamp;

use crate::digest::{Hash, hash_of};
use crate::error::{Error, Result};
use crate::regular;
#[cfg(unix)]
pub use mode::take_over;
pub use paths::{Spot, folder, is_below};
use precious::precious;
pub use precious::{COLUMNS, IS_ASKED, TABLES};
pub use stamp::Stamp;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::NamedTempFile;

/// A file that is being written: a temporary file in the folder of its path, renamed by [`Output::commit`], removed if
/// dropped before that. A killed process leaves the temporary file (`.flowbook-....tmp`) and nothing else; a later run
/// removes it.
pub struct Output {
    file: NamedTempFile,
    path: PathBuf,
    /// What it is to take the place of.
    stood: Option<Stood>,
    replace: bool,
    pending: Pending,
    seal: Option<Seal>,
}

/// What stands at a path: which file, as it was changed last, and of what size.
#[derive(PartialEq, Eq)]
struct Stood(Stamp, u64);

impl Stood {
    fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|meta| Self(Stamp::of(&meta), meta.len()))
    }
}

/// Called with the hash of a finished file before it gets its name.
pub type Seal = Box<dyn FnOnce(Hash) -> Result<()> + Send>;

/// The temporary files and folders of this process that are not yet complete.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// An entry of [`PENDING`], gone with its file.
struct Pending(PathBuf);

impl Pending {
    /// Makes a file or folder and enters it, in one step for [`abandon`]: a process that is told to end in between would
    /// leave it.
    fn of<T>(
        create: impl FnOnce() -> io::Result<T>,
        path: impl FnOnce(&T) -> &Path,
    ) -> io::Result<(T, Self)> {
        let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        let made = create()?;
        let path = path(&made).to_owned();
        pending.push(path.clone());
        drop(pending);
        Ok((made, Self(path)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        PENDING.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}

/// Removes every file that is being written: for a process that is asked to end. The lock is kept, so that no file is
/// begun or completed any more.
pub fn abandon() -> impl Drop {
    let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
    for path in pending.iter() {
        // What is gone already need not be removed.
        let _ = fs::remove_file(path).or_else(|_| fs::remove_dir_all(path));
    }
    pending
}

impl Output {
    /// Begins a file for `path`; `replace` allows that there is a file already.
    ///
    /// # Errors
    /// If there is a file that must not be replaced, or the folder cannot be written.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        // Looked at before it is asked what it is: what comes to stand there later was never asked.
        let stood = Stood::at(path);
        let path = &check(path, replace)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        // As the user wants new files to be, not as temporary files are.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let folder = folder(path);
        let made = Pending::of(|| builder.tempfile_in(folder), NamedTempFile::path);
        let made = made.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::io("create its folder first; cannot create a file here")(error),
            _ => Error::io("cannot create a file here")(error),
        });
        let (file, pending) = made.map_err(|e| e.at(path))?;
        prepare(file.as_file(), path);
        Ok(Self { file, path: path.to_owned(), stood, replace, pending, seal: None })
    }

    /// Sets a function that is called with the hash of the finished file before it gets its name. If it fails, the file
    /// does not get its name.
    pub fn seal(&mut self, seal: Seal) {
        self.seal = Some(seal);
    }

    /// The file to write to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// If the disk fails, or the file at the path is not the one to be replaced: it has appeared or was changed
    /// meanwhile.
    pub fn commit(self) -> Result<()> {
        let Self { mut file, path, stood, replace, pending, seal } = self;
        let sealed = file.as_file().sync_all().map_err(Error::io("cannot write"));
        let sealed =
            sealed.and_then(|()| seal.map_or(Ok(()), |seal| seal(hash_from_start(file.as_file_mut())?)));
        let done = sealed.and_then(|()| keep(&path, stood.as_ref())).and_then(|()| {
            let renamed = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
            renamed.map_err(|e| match e.error.kind() {
                ErrorKind::AlreadyExists => Error::usage(CAME),
                _ => Error::io("cannot give the finished file its name")(e.error),
            })
        });
        drop(pending);
        done.map_err(|e| e.at(&path))?;
        // The name is durable with its folder; not every system lets a folder be synced.
        let _ = File::open(folder(&path)).and_then(|dir| dir.sync_all());
        Ok(())
    }
}

const CAME: &str = "was created while the new file was made, and is kept; nothing was written";
const CHANGED: &str = "was changed while the new file was made, and is kept; nothing was written";

/// Refuses to take the place of another file than the one that stood at a path, or of one that was changed since then. What
/// is gone is not missed.
fn keep(path: &Path, stood: Option<&Stood>) -> Result<()> {
    match (Stood::at(path), stood) {
        (Some(_), None) => Err(Error::usage(CAME)),
        (Some(now), Some(before)) if now != *before => Err(Error::usage(CHANGED)),
        _ => Ok(()),
    }
}

/// What the name of a file in the making begins and ends with.
const PREFIX: &str = ".flowbook-";
const SUFFIX: &str = ".tmp";

/// Makes a file in the making known as such, gives it what the file has that it is to replace, and removes others beside it
/// that nobody makes any more.
#[cfg(unix)]
fn prepare(file: &File, path: &Path) {
    left_over::claim(file);
    left_over::sweep(folder(path), file);
    if let Ok(old) = fs::metadata(path) {
        mode::take_over(file, &old);
    }
}

#[cfg(not(unix))]
fn prepare(_: &File, _: &Path) {}

fn hash_from_start(file: &mut File) -> Result<Hash> {
    let hash = file.rewind().and_then(|()| hash_of(file));
    hash.map_err(Error::io("cannot read what was written"))
}

/// Longest file name that file systems take, in bytes.
const MAX_NAME: usize = 255;

/// Fails early if writing could only fail late. Returns the path of the file, behind all links.
///
/// # Errors
/// If there is a file at `path` that must not be replaced, or something that is not a file, or if there is no file
/// name. Also if it is a store or a log, even if `replace` is true.
pub fn check(path: &Path, replace: bool) -> Result<PathBuf> {
    let refuse = |why: &str| Err(Error::usage(why).at(path));
    let bytes = path.as_os_str().as_encoded_bytes();
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => refuse("is a folder; name a file in it"),
        Ok(meta) if !meta.is_file() => {
            refuse("is not a regular file, and a finished file can only replace a regular file")
        }
        Ok(_) if !replace => refuse("exists already; give --force to replace it"),
        Ok(_) => match precious(path) {
            Some(why) => refuse(why),
            None => paths::real(path).map_err(|e| Error::io("cannot look up this file")(e).at(path)),
        },
        Err(_) if path.is_symlink() => refuse("is a link to a file that does not exist"),
        Err(_) if bytes.ends_with(b"/") || path == Path::new("-") => refuse("is not the name of a file"),
        Err(_) if path.file_name().is_none_or(|name| name.len() > MAX_NAME) => {
            refuse("is not a possible file name")
        }
        Err(_) => Ok(path.to_owned()),
    }
}

/// Whether standard input was opened from this file.
#[cfg(unix)]
#[must_use]
pub fn is_standard_input(file: &fs::Metadata) -> bool {
    use std::os::fd::AsFd;
    let input = io::stdin().as_fd().try_clone_to_owned().and_then(|input| File::from(input).metadata());
    input.is_ok_and(|input| regular::number(&input) == regular::number(file))
}

/// Whether standard input was opened from this file: not known on this system.
#[cfg(not(unix))]
#[must_use]
pub fn is_standard_input(_: &fs::Metadata) -> bool {
    false
}

/// Standard output for a result, written without a buffer: nobody would notice if its last flush failed. Unlike that of
/// the standard library, it never ignores that it cannot write.
///
/// # Errors
/// If there is none: a result must not be lost silently.
pub fn standard_output() -> Result<Box<dyn Write>> {
    let found = if closed::was_closed() { Err(io::Error::other("it is closed")) } else { descriptor() };
    found.map_err(Error::io("cannot write to standard output"))
}

#[cfg(unix)]
fn descriptor() -> io::Result<Box<dyn Write>> {
    use std::os::fd::AsFd;
    Ok(Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
}

#[cfg(not(unix))]
fn descriptor() -> io::Result<Box<dyn Write>> {
    Ok(Box::new(io::stdout()))
}

/// Creates a folder, and those above it, if it does not exist.
///
/// # Errors
/// If it cannot be created.
pub fn make_folder(folder: &Path) -> Result<()> {
    let made = fs::create_dir_all(folder).map_err(Error::io("cannot create this folder"));
    made.map_err(|e| e.at(folder))
}

/// The first bytes of a file, or all if the file is shorter.
///
/// # Errors
/// If it cannot be read, or is not a regular file.
pub(crate) fn head(path: &Path, len: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    regular::open(path)?.take(len).read_to_end(&mut head)?;
    Ok(head)
}

/// A new folder for temporary files that nobody but this user may enter; removed with its contents when dropped.
///
/// # Errors
/// If it cannot be created in the system's folder for temporary files.
pub fn scratch_folder() -> Result<Scratch> {
    let create = || {
        let mut folder = tempfile::Builder::new();
        folder.prefix("flowbook-");
        // Copies of stores and rejected lines are in it.
        #[cfg(unix)]
        folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        folder.tempdir()
    };
    let made = Pending::of(create, tempfile::TempDir::path);
    let (folder, pending) = made.map_err(Error::io("cannot create a temporary folder"))?;
    Ok(Scratch { folder, _pending: pending })
}

/// See [`scratch_folder`].
pub struct Scratch {
    folder: tempfile::TempDir,
    _pending: Pending,
}

impl Scratch {
    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A path as it is written in a URL: bytes that may have a meaning there are `%` and two digits.
#[must_use]
pub fn in_address(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let text = |byte: &u8| if is_plain(*byte) { char::from(*byte).into() } else { format!("%{byte:02X}") };
    bytes.map(text).collect()
}

/// A file without a name in `dir`, removed when closed.
///
/// # Errors
/// If it cannot be created in the folder.
pub fn scratch(dir: &Path) -> Result<File> {
    tempfile::tempfile_in(dir)
        .map_err(Error::io("cannot create a temporary file here"))
        .map_err(|e| e.at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_scratch_folder_is_for_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let folder = scratch_folder().unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn appears_only_when_complete_and_replaces_only_when_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let names = || fs::read_dir(dir.path()).unwrap().count();
        let begun = Output::create(&path, false).unwrap();
        assert!(!path.exists());
        drop(begun);
        assert_eq!(names(), 0);
        let mut first = Output::create(&path, false).unwrap();
        let second = Output::create(&path, false).unwrap();
        first.file().write_all(b"first").unwrap();
        first.commit().unwrap();
        let error = second.commit().unwrap_err().to_string();
        assert!(error.starts_with(path.to_str().unwrap()) && error.contains(CAME), "{error}");
        assert!(Output::create(&path, false).is_err());
        Output::create(&path, true).unwrap().commit().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names()), (Vec::new(), 1));
    }

    #[test]
    fn nothing_is_begun_once_the_process_is_told_to_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        // As abandon() does, but that other tests go on.
        let kept = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        std::thread::scope(|scope| {
            let begun = scope.spawn(|| Output::create(&path, false).map(drop));
            std::thread::sleep(std::time::Duration::from_millis(100));
            let names = fs::read_dir(dir.path()).unwrap().count();
            drop(kept);
            begun.join().unwrap().unwrap();
            assert_eq!(names, 0);
        });
    }

    #[test]
    fn what_was_changed_meanwhile_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("out"), dir.path().join("other"));
        let replaced = |text: &str| {
            fs::write(&other, text).unwrap();
            fs::rename(&other, &path).unwrap();
        };
        let edited = |text: &str| fs::write(&path, text).unwrap();
        let new = || {
            let mut out = Output::create(&path, true).unwrap();
            out.file().write_all(b"new").unwrap();
            out
        };
        // Something where nothing stood, another file of the same size, and another text in the same file.
        for (before, change, now) in [
            (None, &edited as &dyn Fn(&str), "came"),
            (Some("old"), &replaced, "not"),
            (Some("old"), &edited, "edited"),
        ] {
            let _ = fs::remove_file(&path);
            if let Some(text) = before {
                fs::write(&path, text).unwrap();
            }
            let out = new();
            change(now);
            let error = out.commit().unwrap_err().to_string();
            assert!(error.contains("while the new file was made, and is kept"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), now);
        }
        // Up to the moment in which it gets its name.
        let mut out = new();
        let there = path.clone();
        out.seal(Box::new(move |_| {
            fs::write(there, "late").unwrap();
            Ok(())
        }));
        assert!(out.commit().is_err() && fs::read_to_string(&path).unwrap() == "late");
        // What is gone is not missed.
        let out = new();
        fs::remove_file(&path).unwrap();
        out.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn addresses_hold_any_path() {
        assert_eq!(in_address(Path::new("/a b/c%~?.xlsx")), "/a%20b/c%25~%3F.xlsx");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_and_special_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut out = Output::create(&link, true).unwrap();
        out.file().write_all(b"new").unwrap();
        out.commit().unwrap();
        assert!(link.is_symlink() && fs::read(&target).unwrap() == b"new");
        fs::remove_file(&target).unwrap();
        let missing = dir.path().join("missing/");
        let long = dir.path().join("n".repeat(256));
        for path in [Path::new("/dev/null"), &link, Path::new("-"), &missing, &long, dir.path()] {
            assert!(check(path, true).is_err(), "{}", path.display());
        }
    }
}
