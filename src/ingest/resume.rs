//! Texts that were read before: whether a text begins with what is known, and where to continue.

use super::packed::Readable;
use crate::codec::is_plain_text;
use crate::digest::{
    Before, CHUNK, Canonical, Digester, Hash, TextId, damaged, head_len, identify, of_domain,
};
use crate::domain::Domain;
use crate::log::Format;
use crate::source::{Resume, Site};
use std::cmp::Ordering;
use std::io::{self, Read};

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
    /// Whether it was damaged after that.
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
pub fn begins_with(site: Site<'_>, beginning: &Beginning) -> io::Result<bool> {
    let text = Readable::open(site)?;
    let id = hashed_up_to(text, beginning.len, Digester::with_beginnings(beginning.lengths()))?;
    let Some(id) = identify(None, [id.finish()]) else { return Ok(false) };
    if id.is_as_it_is() || beginning.is_among(&id.beginnings) {
        return Ok(beginning.is_among(&id.beginnings));
    }
    let text = Readable::open(site)?.take(beginning.len);
    let raw = identify(None, [hashed(text)?.finish()]).and_then(|id| id.raw);
    Ok(raw.map(|raw| beginning.of(raw)) == Some(beginning.whole))
}

/// How the texts of two files are ordered, as they are hashed: byte by byte, and a beginning before what goes on. And how
/// many bytes they have in common at their beginning.
///
/// # Errors
/// When a file cannot be read.
pub fn order(one: Site<'_>, other: Site<'_>) -> io::Result<(Ordering, u64)> {
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
pub fn beginnings(site: Site<'_>, lengths: Vec<u64>) -> io::Result<Vec<(u64, Hash)>> {
    let text = Readable::open(site)?;
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let digester = hashed_up_to(text, longest, Digester::with_beginnings(lengths))?;
    Ok(identify(None, [digester.finish()]).map(|id| id.beginnings).unwrap_or_default())
}

/// Where to continue in a plain file after the text that is known of it; `None` if it must be read as a whole. The
/// caller fills in how many lines are before that, and their format.
///
/// Compares only the longest hashed beginning of the known text and the bytes after its last whole chunk. If the middle
/// of a log that grows may change, the log must be read as a whole.
///
/// # Errors
/// When the file cannot be read.
pub fn resume(site: Site<'_>, known: &TextId) -> io::Result<Option<Resume>> {
    // A line that was incomplete was counted as it was: it must be counted anew.
    if known.open.is_some() || !is_plain_text(site.open()?)? {
        return Ok(None);
    }
    let range = |from: u64, to: u64| Ok::<_, io::Error>(site.open_at(from..to)?.take(to - from));
    let head = hashed(range(0, head_len(known.len).unwrap_or(0) as u64)?)?.finish();
    let before = Before { len: known.len - known.len % CHUNK, chain: known.chain, head: known.head() };
    let rest = hashed(range(before.len, known.len)?)?.finish();
    let mut last = [0];
    range(known.len.saturating_sub(1), known.len)?.read_exact(&mut last)?;
    // Where bytes are not hashed as they are, nobody knows where lines begin in them.
    let same_head = identify(None, [head]).is_some_and(|id| id.is_as_it_is() && id.head() == known.head());
    let same_rest = identify(Some(before.clone()), [rest])
        .is_some_and(|id| of_domain(id.text, known.outside.as_ref()) == known.whole);
    let is_whole_lines = last == *b"\n";
    let has_used_domain = known.outside.is_some();
    let (judged, format) = ((0, 0), Format::default());
    let resume = || Resume { from: known.len, before, judged, has_used_domain, format };
    Ok((same_head && same_rest && is_whole_lines).then(resume))
}

/// The identity of the readable text of a file, or of the first `size` bytes of a plain file.
///
/// # Errors
/// When the file cannot be read.
pub fn whole(file: Site<'_>, size: Option<u64>) -> io::Result<TextId> {
    let digester = match size {
        Some(size) => hashed(file.open_at(0..size)?.take(size))?,
        None => hashed(Readable::open(file)?)?,
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
    use crate::source::{ORIGINS, Origin};
    use std::io::Write;
    use std::path::Path;

    fn resume_at(path: &Path, known: &TextId) -> Option<Resume> {
        let origin = Origin::File(path.to_owned());
        resume(Site { origins: ORIGINS, origin: &origin }, known).unwrap()
    }

    fn begins(path: &Path, beginning: &Beginning) -> bool {
        let origin = Origin::File(path.to_owned());
        begins_with(Site { origins: ORIGINS, origin: &origin }, beginning).unwrap()
    }

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
            let found = resume_at(file(&grown).path(), &id(&old)).expect("it grew");
            assert_eq!(found.from, old.len() as u64);
            let beginning = |id: TextId| Beginning {
                len: id.len,
                whole: id.whole,
                open: id.open,
                is_damaged: false,
                outside: None,
            };
            for grown in [grown.clone(), [&b"\xef\xbb\xbf"[..], &grown[..]].concat()] {
                assert!(begins(file(&grown).path(), &beginning(id(&old))));
                assert!(begins(file(&grown).path(), &beginning(id(&old[..old.len() - 3]))));
                assert!(!begins(file(&old[1..]).path(), &beginning(id(&old))));
            }
            let mut other = grown.clone();
            other[0] = b'~';
            assert!(resume_at(file(&other).path(), &id(&old)).is_none(), "{lines}: other head");
            let cut = &old[..old.len() - 3];
            assert!(resume_at(file(&grown).path(), &id(cut)).is_none(), "{lines}: an incomplete line");
        }
    }
}
