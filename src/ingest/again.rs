//! Texts that were read before: whether one begins with what is known, and where it goes on.

use super::source::Tail;
use crate::codec::{Decoder, is_plain_text};
use crate::digest::{Before, CHUNK, Digester, TextId, head_len, identify};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes read at a time.
const READ: usize = 64 << 10;

/// The identity of the first `len` bytes of a file's text; `None` when it has not so many.
///
/// # Errors
/// When the file cannot be read or decoded so far.
pub fn prefix(path: &Path, len: u64) -> io::Result<Option<TextId>> {
    let text = Decoder::new(File::open(path)?)?;
    let id = identify(None, [hashed(text.take(len))?.finish()]);
    Ok((id.len == len).then_some(id))
}

/// Where a plain file goes on behind the text that is known of it; `None` when it must be read as a whole.
///
/// Only the longest beginning that was hashed of what is known and the bytes behind its last whole chunk are compared: who may
/// change the middle of a log that grows has to ask for a whole reading.
///
/// # Errors
/// When the file cannot be read.
pub fn tail(path: &Path, known: &TextId) -> io::Result<Option<Tail>> {
    if !is_plain_text(path)? {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let head = hashed(file.by_ref().take(head_len(known.len).unwrap_or(0) as u64))?.finish();
    let before = Before { len: known.len - known.len % CHUNK, chain: known.chain, head: known.head() };
    file.seek(SeekFrom::Start(before.len))?;
    let rest = hashed(file.by_ref().take(known.len - before.len))?.finish();
    let mut last = [0];
    file.seek(SeekFrom::Start(known.len.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    let same_head = identify(None, [head]).head() == known.head();
    let same_rest = identify(Some(before.clone()), [rest]).whole == known.whole;
    // A line that was incomplete was counted as it was: it must be counted anew.
    let is_whole_lines = last == *b"\n";
    Ok((same_head && same_rest && is_whole_lines).then_some(Tail { from: known.len, before, judged: (0, 0) }))
}

/// The identity of all of a file's text.
///
/// # Errors
/// When the file cannot be read or decoded.
pub(super) fn whole(path: &Path) -> io::Result<TextId> {
    Ok(identify(None, [hashed(Decoder::new(File::open(path)?)?)?.finish()]))
}

fn hashed(mut input: impl Read) -> io::Result<Digester> {
    let (mut digester, mut buffer) = (Digester::default(), vec![0; READ]);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(digester),
            Ok(read) => digester.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(text: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        file
    }

    fn id(text: &[u8]) -> TextId {
        let mut digester = Digester::default();
        digester.update(text);
        identify(None, [digester.finish()])
    }

    #[test]
    fn a_file_that_grew_goes_on_behind_its_last_line() {
        let line = b"0123456789abcde\n";
        for lines in [1, 300, 65_536, 65_537, 140_000] {
            let old = line.repeat(lines);
            let grown = [&old[..], b"more\n"].concat();
            let found = tail(file(&grown).path(), &id(&old)).unwrap().expect("it grew");
            assert_eq!(found.from, old.len() as u64);
            assert_eq!(prefix(file(&grown).path(), old.len() as u64).unwrap(), Some(id(&old)));
            let mut other = grown.clone();
            other[0] ^= 1;
            assert!(tail(file(&other).path(), &id(&old)).unwrap().is_none(), "{lines}: other head");
            let cut = &old[..old.len() - 3];
            assert!(tail(file(&grown).path(), &id(cut)).unwrap().is_none(), "{lines}: an incomplete line");
        }
        assert_eq!(prefix(file(b"abc").path(), 4).unwrap(), None);
    }
}
