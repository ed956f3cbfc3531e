//! Files that appear under their name only when they are complete. The only file that names tempfile.

use crate::error::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file in the making: a temporary file beside its place, renamed by [`Output::commit`], removed when
/// dropped before. A killed process leaves the temporary file (`.flowbook-....tmp`) and nothing else.
pub struct Output {
    file: NamedTempFile,
    path: PathBuf,
    replace: bool,
}

impl Output {
    /// Begins a file that will stand at `path`; `replace` allows that a file stands there already.
    ///
    /// # Errors
    /// When a file is there and must not be replaced, or the folder does not take a file.
    pub fn create(path: &Path, replace: bool) -> Result<Self> {
        check(path, replace)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".flowbook-").suffix(".tmp");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder(path)).map_err(Error::io("cannot create a file here"));
        Ok(Self { file: file.map_err(|e| e.at(path))?, path: path.to_owned(), replace })
    }

    /// The file to write to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// When the disk fails, or a file has come to stand there meanwhile.
    pub fn commit(self) -> Result<()> {
        let Self { file, path, replace } = self;
        let done = file.as_file().sync_all().map_err(Error::io("cannot write")).and_then(|()| {
            let renamed = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
            renamed.map_err(|e| Error::io("cannot give the finished file its name")(e.error))
        });
        done.map_err(|e| e.at(&path))?;
        // The name is durable with its folder; not every system lets a folder be synced.
        let _ = File::open(folder(&path)).and_then(|dir| dir.sync_all());
        Ok(())
    }
}

/// Refuses early what [`Output::create`] would refuse late.
///
/// # Errors
/// When a file stands at `path` and must not be replaced, or a folder does.
pub fn check(path: &Path, replace: bool) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => Err(Error::usage("is a folder; name a file in it").at(path)),
        Ok(_) if !replace => Err(Error::usage("exists already; give --force to replace it").at(path)),
        _ => Ok(()),
    }
}

/// The folder that holds `path`.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file without a name in `dir`, gone when closed.
///
/// # Errors
/// When the folder does not take a file.
pub fn scratch(dir: &Path) -> Result<File> {
    tempfile::tempfile_in(dir)
        .map_err(Error::io("cannot create a temporary file here"))
        .map_err(|e| e.at(dir))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

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
        assert!(second.commit().unwrap_err().to_string().starts_with(path.to_str().unwrap()));
        assert!(Output::create(&path, false).is_err());
        Output::create(&path, true).unwrap().commit().unwrap();
        assert_eq!((fs::read(&path).unwrap(), names()), (Vec::new(), 1));
    }
}
