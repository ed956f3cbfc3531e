//! Texts that were read before: whether one begins with what is known, and where it goes on.

use super::packed::Readable;
use crate::codec::is_plain_text;
use crate::digest::{
    Before, CHUNK, Canonical, Digester, Hash, TextId, damaged, head_len, identify, of_domain,
};
use crate::domain::Domain;
use crate::regular;
use crate::source::Tail;
use std::cmp::Ordering;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes read at a time.
const READ: usize = 64 << 10;

/// What another text may begin with.
pub struct Beginning {
    /// Its length, as it is hashed.
    pub len: u64,
    /// The hash of it.
    pub whole: Hash,
    /// The hash of it before the newline that its last line lacks.
    pub open: Option<Hash>,
    /// Whether it was damaged behind that.
    pub is_damaged: bool,
    /// The domain that its lines take from outside, which it is the hash of, too.
    pub outside: Option<Domain>,
}

impl Beginning {
    /// The lengths of a text at which this one may end.
    #[must_use]
    pub fn lengths(&self) -> Vec<u64> {
        let open = self.open.map(|_| self.len - 1);
        open.into_iter().chain([self.len]).collect()
    }

    /// The hash of a text as it is that of this one.
    fn of(&self, text: Hash) -> Hash {
        of_domain(if self.is_damaged { damaged(&text) } else { text }, self.outside.as_ref())
    }

    /// Whether it is one of these beginnings of a text, which are sorted.
    #[must_use]
    pub fn is_among(&self, beginnings: &[(u64, Hash)]) -> bool {
        let from = beginnings.partition_point(|(len, _)| *len + 1 < self.len);
        beginnings[from..].iter().take_while(|(len, _)| *len <= self.len).any(|(len, hash)| {
            let hash = self.of(*hash);
            (*len == self.len && hash == self.whole) || (*len + 1 == self.len && Some(hash) == self.open)
        })
    }
}

/// Whether a file's text, as far as it can be decoded, begins with a text. That may be known by the hash of its bytes as they were, from before
/// line ends were made one.
///
/// # Errors
/// When the file cannot be read.
pub fn begins_with(path: &Path, beginning: &Beginning) -> io::Result<bool> {
    let text = Readable::open(path)?;
    let id = hashed_up_to(text, beginning.len, Digester::with_beginnings(beginning.lengths()))?;
    let Some(id) = identify(None, [id.finish()]) else { return Ok(false) };
    if id.is_as_it_is() || beginning.is_among(&id.beginnings) {
        return Ok(beginning.is_among(&id.beginnings));
    }
    let text = Readable::open(path)?.take(beginning.len);
    let raw = identify(None, [hashed(text)?.finish()]).and_then(|id| id.raw);
    Ok(raw.map(|raw| beginning.of(raw)) == Some(beginning.whole))
}

/// How the texts of two files are ordered, as they are hashed: byte by byte, and a beginning before what goes on. And how
/// many bytes they have in common at their beginning.
///
/// # Errors
/// When a file cannot be read.
pub fn order(one: &Path, other: &Path) -> io::Result<(Ordering, u64)> {
    let (mut one, mut other) = (Canonical::new(Readable::open(one)?), Canonical::new(Readable::open(other)?));
    let mut common = 0;
    loop {
        let (a, b) = (one.piece()?, other.piece()?);
        let len = a.len().min(b.len());
        if len == 0 || a[..len] != b[..len] {
            let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
            return Ok((a.cmp(b), common + same as u64));
        }
        common += len as u64;
        one.take(len);
        other.take(len);
    }
}

/// The beginnings of these lengths of a file's text that can be decoded, with their hashes.
///
/// # Errors
/// When the file cannot be read.
pub fn beginnings(path: &Path, lengths: Vec<u64>) -> io::Result<Vec<(u64, Hash)>> {
    let text = Readable::open(path)?;
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let digester = hashed_up_to(text, longest, Digester::with_beginnings(lengths))?;
    Ok(identify(None, [digester.finish()]).map(|id| id.beginnings).unwrap_or_default())
}

/// Where a plain file goes on behind the text that is known of it; `None` when it must be read as a whole.
///
/// Only the longest beginning that was hashed of what is known and the bytes behind its last whole chunk are compared: who may
/// change the middle of a log that grows has to ask for a whole reading.
///
/// # Errors
/// When the file cannot be read.
pub fn tail(path: &Path, known: &TextId) -> io::Result<Option<Tail>> {
    // A line that was incomplete was counted as it was: it must be counted anew.
    if known.open.is_some() || !is_plain_text(path)? {
        return Ok(None);
    }
    let mut file = regular::open(path)?;
    let head = hashed(file.by_ref().take(head_len(known.len).unwrap_or(0) as u64))?.finish();
    let before = Before { len: known.len - known.len % CHUNK, chain: known.chain, head: known.head() };
    file.seek(SeekFrom::Start(before.len))?;
    let rest = hashed(file.by_ref().take(known.len - before.len))?.finish();
    let mut last = [0];
    file.seek(SeekFrom::Start(known.len.saturating_sub(1)))?;
    file.read_exact(&mut last)?;
    // Where bytes are not hashed as they are, nobody knows where lines begin in them.
    let same_head = identify(None, [head]).is_some_and(|id| id.is_as_it_is() && id.head() == known.head());
    let same_rest = identify(Some(before.clone()), [rest])
        .is_some_and(|id| of_domain(id.text, known.outside.as_ref()) == known.whole);
    let is_whole_lines = last == *b"\n";
    let has_used_domain = known.outside.is_some();
    let tail = || Tail { from: known.len, before, judged: (0, 0), has_used_domain };
    Ok((same_head && same_rest && is_whole_lines).then(tail))
}

/// The identity of all of a file's text that can be decoded, or of what stands in a plain file before `size`.
///
/// # Errors
/// When the file cannot be read.
pub fn whole(path: &Path, size: Option<u64>) -> io::Result<TextId> {
    let digester = match size {
        Some(size) => hashed(regular::open(path)?.take(size))?,
        None => hashed(Readable::open(path)?)?,
    };
    identify(None, [digester.finish()]).ok_or_else(|| io::Error::other("has no identity"))
}

fn hashed(input: impl Read) -> io::Result<Digester> {
    hashed_up_to(input, u64::MAX, Digester::default())
}

/// Hashes at least so many bytes, unless the input has fewer.
fn hashed_up_to(mut input: impl Read, len: u64, mut digester: Digester) -> io::Result<Digester> {
    let mut buffer = vec![0; READ];
    while digester.len() < len {
        match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => digester.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(digester)
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
        identify(None, [digester.finish()]).unwrap()
    }

    #[test]
    fn a_file_that_grew_goes_on_behind_its_last_line() {
        let line = b"0123456789abcde\n";
        for lines in [1, 300, 65_536, 65_537, 140_000] {
            let old = line.repeat(lines);
            let grown = [&old[..], b"more\n"].concat();
            let found = tail(file(&grown).path(), &id(&old)).unwrap().expect("it grew");
            assert_eq!(found.from, old.len() as u64);
            let beginning = |id: TextId| Beginning {
                len: id.len,
                whole: id.whole,
                open: id.open,
                is_damaged: false,
                outside: None,
            };
            for grown in [grown.clone(), [&b"\xef\xbb\xbf"[..], &grown[..]].concat()] {
                assert!(begins_with(file(&grown).path(), &beginning(id(&old))).unwrap());
                assert!(begins_with(file(&grown).path(), &beginning(id(&old[..old.len() - 3]))).unwrap());
                assert!(!begins_with(file(&old[1..]).path(), &beginning(id(&old))).unwrap());
            }
            let mut other = grown.clone();
            other[0] = b'~';
            assert!(tail(file(&other).path(), &id(&old)).unwrap().is_none(), "{lines}: other head");
            let cut = &old[..old.len() - 3];
            assert!(tail(file(&grown).path(), &id(cut)).unwrap().is_none(), "{lines}: an incomplete line");
        }
    }
}
