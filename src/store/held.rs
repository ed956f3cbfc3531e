//! The bytes of a store's file, read beside the database.
//!
//! On Unix, whoever closes a file lets go every lock that the process has on it, also one that the database took through
//! another descriptor: others would take away, under a reader, what is kept beside the store for it. So a store that was
//! opened here stays open, once, until the process ends.

use crate::regular;
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A file as the system numbers it, and opened.
type Held = ((u64, u64), Arc<File>);

static HELD: Mutex<Vec<Held>> = Mutex::new(Vec::new());

/// Bytes that are read at once.
const BLOCK: usize = 1 << 20;

/// The first bytes of a file, so many or all.
pub(super) fn head(path: &Path, len: usize) -> io::Result<Vec<u8>> {
    let file = held(path)?;
    let mut head = vec![0; len];
    let len = read_at(&file, &mut head, 0)?;
    head.truncate(len);
    Ok(head)
}

/// Writes all bytes of a file elsewhere.
pub(super) fn copy(path: &Path, to: &mut impl Write) -> io::Result<()> {
    let file = held(path)?;
    let mut block = vec![0; BLOCK];
    let mut at = 0;
    loop {
        match read_at(&file, &mut block, at)? {
            0 => return Ok(()),
            len => {
                to.write_all(&block[..len])?;
                at += len as u64;
            }
        }
    }
}

fn held(path: &Path) -> io::Result<Arc<File>> {
    let mut all = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let number = path.metadata().ok().and_then(|meta| number(&meta));
    if let Some((_, file)) = all.iter().find(|(held, _)| Some(*held) == number) {
        return Ok(file.clone());
    }
    let file = Arc::new(regular::open(path)?);
    if let Some(number) = self::number(&file.metadata()?) {
        all.push((number, file.clone()));
    }
    Ok(file)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "not every system numbers its files")]
fn number(meta: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.dev(), meta.ino()))
}

/// Locks of other systems are those of a descriptor.
#[cfg(not(unix))]
fn number(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Fills a block from a place on, as far as the file goes.
fn read_at(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    let mut len = 0;
    while len < block.len() {
        match read_some(file, &mut block[len..], at + len as u64) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

#[cfg(unix)]
fn read_some(file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, block, at)
}

#[cfg(not(unix))]
fn read_some(mut file: &File, block: &mut [u8], at: u64) -> io::Result<usize> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.read(block)
}
