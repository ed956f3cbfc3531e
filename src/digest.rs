//! The identity of a text, independent of its name, compression and line ends: [`TextId`], computed by a [`Digester`]
//! while the text is read. The only file that names blake3.
//!
//! The lines are hashed, each with a newline. CRs that end a line become one newline, with or without an LF after them,
//! also after the last line. A byte-order mark at the start of a line, and NUL bytes before and after it, are left out.
//! For most texts, that is the text, byte for byte.
//!
//! The text is hashed in chunks of a fixed length. The hashes of whole chunks are chained, so that parts of a text can
//! be hashed separately, and the hash of a text that grew can be continued where its last whole chunk ended.

mod lines;

use crate::domain::Domain;
use lines::Plain;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

/// Bytes of a chunk.
pub const CHUNK: u64 = 1 << 20;
/// Beginnings of a text that have hashes of their own, in bytes: a text that grew has the one that stood for it
/// before, however short it was. No good line is shorter than the least.
const HEADS: [usize; 7] = [SHORTEST, 128, 256, 512, 1024, 2048, HEAD];
/// Bytes of the shortest of them.
pub const SHORTEST: usize = 64;
/// Bytes of the longest of them.
pub const HEAD: usize = 4096;

/// A hash.
pub type Hash = [u8; blake3::OUT_LEN];
/// Lengths of texts that another one may begin with, by the hash of their longest beginning.
pub type Lengths = HashMap<Hash, Vec<u64>>;

/// The hash of some bytes as they are.
#[must_use]
pub fn hash(bytes: &[u8]) -> Hash {
    blake3::hash(bytes).into()
}

/// The hash of the bytes of a file, from its current position to its end.
///
/// # Errors
/// If it cannot be read.
pub fn hash_of(mut file: impl Read) -> io::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => drop(hasher.update(&piece[..read])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The identity of a text. Two texts are the same when their `whole` is: lines that take their domain from outside are
/// others with another domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextId {
    /// Length in bytes, as it is hashed.
    pub len: u64,
    /// The hash of everything, and of the domain that lines take from outside.
    pub whole: Hash,
    /// The hash of everything but that.
    pub text: Hash,
    /// The domain that lines take from outside, where some do and it is certain.
    pub outside: Option<Domain>,
    /// The chain over the whole chunks.
    pub chain: Hash,
    /// The hashes of its beginnings of 64, 128, ... bytes, up to [`HEAD`], for as long as the text is.
    pub heads: Vec<Hash>,
    /// As `whole`, of everything before the newline that the last line lacks.
    pub open: Option<Hash>,
    /// The hash of the bytes as they are, if it differs from that of everything.
    pub raw: Option<Hash>,
    /// The hashes of its requested beginnings, with their lengths, sorted.
    pub beginnings: Vec<(u64, Hash)>,
}

impl TextId {
    /// The hash of its longest beginning: the key of the text among those that may have grown from it.
    #[must_use]
    pub fn head(&self) -> Option<Hash> {
        self.heads.last().copied()
    }

    /// The hash of its first [`HEAD`] bytes, if it is that long: every text that begins with this text has the same.
    #[must_use]
    pub fn whole_head(&self) -> Option<Hash> {
        self.head().filter(|_| self.heads.len() == HEADS.len())
    }

    /// The identity of the readable beginning of a text that is damaged after it; never that of a whole text.
    #[must_use]
    pub fn damaged(self) -> Self {
        Self {
            whole: damaged(&self.whole),
            text: damaged(&self.text),
            open: self.open.as_ref().map(damaged),
            raw: self.raw.as_ref().map(damaged),
            ..self
        }
    }

    /// The identity of a text that takes a domain from outside, if it does.
    #[must_use]
    pub fn of_domain(self, outside: Option<Domain>) -> Self {
        let of = |hash| of_domain(hash, outside.as_ref());
        Self { whole: of(self.whole), open: self.open.map(of), outside, ..self }
    }

    /// Whether its bytes are hashed as they are.
    #[must_use]
    pub fn is_as_it_is(&self) -> bool {
        self.raw.is_none_or(|raw| Some(of_domain(raw, self.outside.as_ref())) == self.open)
    }

    /// A number that texts with the same first line share; `None` for texts that are too short.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.heads.first().and_then(|head| head.first_chunk()).map(|bytes| i64::from_le_bytes(*bytes))
    }
}

/// The hash of what could be read of a text, as [`TextId::damaged`] has it.
#[must_use]
pub fn damaged(whole: &Hash) -> Hash {
    *blake3::Hasher::new().update(whole).update(b"damaged").finalize().as_bytes()
}

/// The hash of a text that takes a domain from outside, if it does.
#[must_use]
pub fn of_domain(text: Hash, outside: Option<&Domain>) -> Hash {
    let Some(domain) = outside else { return text };
    *blake3::Hasher::new()
        .update(&text)
        .update(b"domain")
        .update(domain.as_str().as_bytes())
        .finalize()
        .as_bytes()
}

/// Bytes of the longest beginning with a hash of its own that a text of `len` bytes has.
#[must_use]
pub fn head_len(len: u64) -> Option<usize> {
    HEADS.into_iter().rfind(|head| *head as u64 <= len)
}

/// The beginning of a text, as it is hashed, without its last newline.
#[must_use]
pub fn canonical(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut plain = Plain::default();
    if plain.is_as_it_is(bytes) {
        return bytes.strip_suffix(b"\n").unwrap_or(bytes).into();
    }
    let mut out = Vec::new();
    plain.add(bytes, &mut out);
    plain.end(&mut out);
    if out.last() == Some(&b'\n') {
        out.pop();
    }
    out.into()
}

/// A text as it is hashed, piece by piece.
pub struct Canonical<R> {
    input: R,
    plain: Plain,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of `text` was taken.
    taken: usize,
    is_done: bool,
}

impl<R: Read> Canonical<R> {
    /// The text that `input` gives.
    pub fn new(input: R) -> Self {
        let (raw, text) = (vec![0; 16 << 10], Vec::new());
        Self { input, plain: Plain::default(), raw, text, taken: 0, is_done: false }
    }

    /// What comes next; nothing at the end.
    ///
    /// # Errors
    /// When the input fails.
    pub fn piece(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.text.len() && !self.is_done {
            self.text.clear();
            self.taken = 0;
            match self.input.read(&mut self.raw) {
                Ok(0) => {
                    self.is_done = true;
                    self.plain.end(&mut self.text);
                }
                Ok(read) if self.plain.is_as_it_is(&self.raw[..read]) => {
                    self.text.extend_from_slice(&self.raw[..read]);
                }
                Ok(read) => self.plain.add(&self.raw[..read], &mut self.text),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.text[self.taken..])
    }

    /// Takes this many bytes of the piece.
    pub fn take(&mut self, bytes: usize) {
        self.taken += bytes;
    }
}

/// Hashes one stretch of a text, which begins at a whole number of chunks.
#[derive(Clone, Default)]
pub struct Digester {
    text: Hashing,
    /// The bytes as they are, from the first one on that may not be hashed so.
    raw: Option<Box<Hashing>>,
    plain: Plain,
    /// For bytes that are hashed otherwise than they are.
    scratch: Vec<u8>,
}

impl Digester {
    /// Hashes also beginnings of these lengths, in bytes as they are hashed.
    #[must_use]
    pub fn with_beginnings(mut lengths: Vec<u64>) -> Self {
        lengths.sort_unstable();
        lengths.dedup();
        lengths.reverse();
        Self { text: Hashing { marks: lengths, ..Hashing::default() }, ..Self::default() }
    }

    /// Hashes also the beginnings that texts with the same first bytes had.
    #[must_use]
    pub fn watching(lengths: Arc<Lengths>) -> Self {
        Self { text: Hashing { watch: Some(lengths), ..Hashing::default() }, ..Self::default() }
    }

    /// Hashes more of the stretch.
    pub fn update(&mut self, bytes: &[u8]) {
        if self.plain.is_as_it_is(bytes) {
            self.text.update(bytes);
        } else {
            self.raw.get_or_insert_with(|| Box::new(self.text.clone()));
            let mut out = std::mem::take(&mut self.scratch);
            out.clear();
            self.plain.add(bytes, &mut out);
            self.text.update(&out);
            self.scratch = out;
        }
        if let Some(raw) = &mut self.raw {
            raw.update(bytes);
        }
    }

    /// Bytes so far, as they are hashed.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.text.len
    }

    /// Whether nothing was hashed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.len == 0
    }

    /// Ends the stretch.
    #[must_use]
    pub fn finish(mut self) -> Stretch {
        let mut rest = Vec::new();
        self.plain.end(&mut rest);
        self.text.update(&rest);
        let closed = (self.text.last != b'\n' && self.text.len > 0).then(|| {
            let mut chunk = self.text.chunk.clone();
            *chunk.update(b"\n").finalize().as_bytes()
        });
        let beginnings = self.text.beginnings();
        Stretch {
            len: self.text.len,
            rest: *self.text.chunk.finalize().as_bytes(),
            heads: std::mem::take(&mut self.text.heads),
            closed,
            raw: self.raw.map(|raw| raw.whole()),
            beginnings,
            whole: self.text.whole,
        }
    }
}

/// Bytes, hashed in chunks.
#[derive(Clone, Default)]
struct Hashing {
    chunk: blake3::Hasher,
    /// Bytes of all chunks so far.
    len: u64,
    whole: Vec<Hash>,
    chain: Hash,
    /// The hashes of its beginnings.
    heads: Vec<Hash>,
    last: u8,
    /// Lengths at which the hash is noted, the least one last.
    marks: Vec<u64>,
    marked: Vec<(u64, Hash)>,
    watch: Option<Arc<Lengths>>,
    /// The first bytes, while it is watched what they are.
    head: Vec<u8>,
}

impl Hashing {
    fn update(&mut self, bytes: &[u8]) {
        self.last = bytes.last().copied().unwrap_or(self.last);
        if self.watch.is_some() && self.head.len() < HEAD {
            self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD - self.head.len())]);
        }
        self.hash(bytes);
    }

    fn hash(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let head = HEADS.get(self.heads.len()).map(|head| *head as u64);
            let mark = self.marks.last().copied().into_iter().chain(head).min().unwrap_or(u64::MAX);
            let room = (CHUNK - self.len % CHUNK).min(mark.saturating_sub(self.len).max(1));
            let (now, rest) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            self.chunk.update(now);
            self.len += now.len() as u64;
            if head == Some(self.len) {
                self.heads.push(*self.chunk.finalize().as_bytes());
                if self.heads.len() == HEADS.len() {
                    self.watch_on();
                }
            }
            if self.len.is_multiple_of(CHUNK) {
                let chunk = *self.chunk.finalize().as_bytes();
                self.whole.push(chunk);
                self.chain = chained(self.chain, &chunk);
                self.chunk.reset();
            }
            while self.marks.last().is_some_and(|mark| *mark <= self.len) {
                if self.marks.pop() == Some(self.len) {
                    self.marked.push((self.len, self.whole()));
                }
            }
            bytes = rest;
        }
    }

    /// The hash of everything so far, where this is the beginning of the text.
    fn whole(&self) -> Hash {
        whole(&self.chain, self.chunk.finalize().as_bytes(), self.len)
    }

    /// The lengths of texts that begin in the same way, as far as is known by now.
    fn lengths(&self) -> Vec<u64> {
        let Some(watch) = &self.watch else { return Vec::new() };
        self.heads.iter().filter_map(|head| watch.get(head)).flatten().copied().collect()
    }

    fn watch_on(&mut self) {
        let mut lengths = self.lengths();
        lengths.retain(|len| *len > self.len);
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        self.marks.extend(lengths);
    }

    /// The beginnings that were asked for. Those within the first bytes are hashed from these.
    fn beginnings(&mut self) -> Vec<(u64, Hash)> {
        let mut all = std::mem::take(&mut self.marked);
        for len in self.lengths() {
            if let Some(head) = usize::try_from(len).ok().and_then(|len| self.head.get(..len)) {
                let mut hashing = Self::default();
                hashing.hash(head);
                all.push((len, hashing.whole()));
            }
        }
        all.sort_unstable();
        all
    }
}

/// The whole chunks at the beginning of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Bytes in them.
    pub len: u64,
    /// Their chain.
    pub chain: Hash,
    /// The hash of the text's longest beginning.
    pub head: Option<Hash>,
}

/// What a [`Digester`] found.
#[derive(Clone, Debug)]
pub struct Stretch {
    len: u64,
    whole: Vec<Hash>,
    /// The hash of what follows the whole chunks.
    rest: Hash,
    heads: Vec<Hash>,
    /// The same with a newline behind it, where the stretch does not end in one.
    closed: Option<Hash>,
    /// The hash of the bytes as they are, where these are not what was hashed.
    raw: Option<Hash>,
    beginnings: Vec<(u64, Hash)>,
}

/// Joins the stretches of a text; `None` if one of them has no hash of its own, because it is not hashed byte for byte:
/// then the text must be hashed as a whole.
///
/// `before` is the state after the whole chunks that were hashed before.
#[must_use]
pub fn identify(before: Option<Before>, stretches: impl IntoIterator<Item = Stretch>) -> Option<TextId> {
    let (mut chain, mut len, head) = before.map_or_else(Default::default, |b| (b.chain, b.len, b.head));
    let mut id = TextId {
        len,
        whole: Hash::default(),
        text: Hash::default(),
        outside: None,
        chain,
        heads: Vec::from_iter(head),
        open: None,
        raw: None,
        beginnings: Vec::new(),
    };
    let mut is_single = len == 0;
    let (mut rest, mut closed) = (*blake3::Hasher::new().finalize().as_bytes(), None);
    for (at, stretch) in stretches.into_iter().enumerate() {
        is_single &= at == 0;
        if id.raw.is_some() || (stretch.raw.is_some() && !is_single) {
            return None;
        }
        if len == 0 {
            (id.heads, id.raw, id.beginnings) = (stretch.heads, stretch.raw, stretch.beginnings);
        }
        chain = stretch.whole.iter().fold(chain, chained);
        len += stretch.len;
        (rest, closed) = (stretch.rest, stretch.closed);
    }
    if let Some(closed) = closed {
        let open = whole(&chain, &rest, len);
        (id.open, id.raw) = (Some(open), id.raw.or(Some(open)));
        len += 1;
        rest = closed;
        if len.is_multiple_of(CHUNK) {
            chain = chained(chain, &closed);
            rest = *blake3::Hasher::new().finalize().as_bytes();
        }
    }
    (id.len, id.chain, id.whole) = (len, chain, whole(&chain, &rest, len));
    id.text = id.whole;
    if id.open.is_some() {
        // What was read to here of a damaged text may end in the newline that this one lacks.
        id.beginnings.push((id.len, id.whole));
    }
    id.raw = id.raw.filter(|raw| *raw != id.whole);
    Some(id)
}

fn whole(chain: &Hash, rest: &Hash, len: u64) -> Hash {
    *blake3::Hasher::new().update(chain).update(rest).update(&len.to_le_bytes()).finalize().as_bytes()
}

fn chained(chain: Hash, chunk: &Hash) -> Hash {
    *blake3::Hasher::new().update(&chain).update(chunk).finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_possible_truncation, reason = "small numbers")]

    use super::*;
    use proptest::prelude::*;

    fn of(text: &[u8]) -> TextId {
        let mut digester = Digester::default();
        digester.update(text);
        identify(None, [digester.finish()]).unwrap()
    }

    /// Lines that begin as entries do, of which the last one is not blank: without its newline a blank one would be none.
    fn text(len: usize) -> Vec<u8> {
        let is_end = |n: usize| n + 1 == len || (n % 90 == 89 && n + 2 != len);
        let byte = |n: usize| match n % 90 {
            _ if is_end(n) => b'\n',
            0 => b'[',
            1 => b'1',
            _ => b' ' + (n * n / 7 % 90) as u8,
        };
        (0..len).map(byte).collect()
    }

    #[test]
    fn stretches_and_growth_give_the_identity_of_the_whole() {
        let chunk = CHUNK as usize;
        for len in [0, 1, HEAD, chunk - 1, chunk, chunk + 1, 3 * chunk + 5] {
            let text = text(len);
            let whole = of(&text);
            assert_eq!(whole.len, len as u64);
            assert_eq!(whole.heads.len(), HEADS.into_iter().filter(|head| *head <= len).count());
            for cut in (0..=len / chunk).map(|n| n * chunk) {
                let parts = [&text[..cut], &text[cut..]].map(|part| {
                    let mut digester = Digester::default();
                    part.chunks(7001).for_each(|piece| digester.update(piece));
                    digester.finish()
                });
                assert_eq!(identify(None, parts.clone()).unwrap(), whole, "{len} cut at {cut}");
                let [before, tail] = parts;
                let chain = identify(None, [before]).unwrap().chain;
                let before = Before { len: cut as u64, chain, head: whole.head() };
                let resumed = identify(Some(before), [tail]).unwrap();
                assert_eq!((resumed.whole, resumed.chain), (whole.whole, whole.chain), "{len} from {cut}");
                assert_eq!(resumed.head(), whole.head(), "{len} from {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_change_gives_another_identity(len in 1..3000usize, at in 0..3000usize, cut in 0..3000usize) {
            let text = text(len);
            let mut changed = text.clone();
            changed[at % len] = b'~';
            prop_assert_ne!(of(&text).whole, of(&changed).whole);
            // Without its last newline it is the same.
            prop_assert_eq!(of(&text).whole == of(&text[..cut % len]).whole, len > 1 && cut % len + 1 == len);
            prop_assert_ne!(of(&text).whole, of(&text).damaged().whole);
        }

        #[test]
        fn a_text_has_the_head_of_what_it_grew_from(len in 64..9000usize, cut in 64..9000usize) {
            let (text, cut) = (text(len), cut.min(len));
            prop_assert!(of(&text).heads.contains(&of(&text[..cut]).head().unwrap()));
            prop_assert_eq!(head_len(len as u64).is_some(), of(&text).head().is_some());
        }

        #[test]
        fn line_ends_do_not_matter(lines in 1..100usize, cuts in 1..700usize, end in 0..5usize) {
            let text = text(90 * lines);
            let plain = of(&text);
            let other: Vec<u8> = match end {
                0 => text.iter().flat_map(|b| if *b == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(b) }).copied().collect(),
                1 => text.iter().map(|b| if *b == b'\n' { b'\r' } else { *b }).collect(),
                2 => text.iter().flat_map(|b| if *b == b'\n' { &b"\r\r\n"[..] } else { std::slice::from_ref(b) }).copied().collect(),
                3 => [&b"\xef\xbb\xbf"[..], &text[..text.len() - 1]].concat(),
                _ => [&b"\0\0\0"[..], &text, b"\0\0"].concat(),
            };
            let mut digester = Digester::default();
            other.chunks(cuts).for_each(|piece| digester.update(piece));
            let found = identify(None, [digester.finish()]).unwrap();
            prop_assert_eq!(found.whole, plain.whole);
            prop_assert_eq!((found.len, found.chain), (plain.len, plain.chain));
            prop_assert!(found.raw.is_some() && found.raw != Some(found.whole));
        }

        #[test]
        fn beginnings_are_found(len in 64..9000usize, cut in 64..9000usize, cuts in 1..700usize) {
            let (text, cut) = (text(len), cut.min(len));
            let beginning = of(&text[..cut]);
            let beginning = beginning.open.unwrap_or(beginning.whole);
            let lengths = Lengths::from([(of(&text[..cut]).head().unwrap(), vec![cut as u64])]);
            for mut digester in [Digester::with_beginnings(vec![cut as u64, 9999]), Digester::watching(Arc::new(lengths))] {
                text.chunks(cuts).for_each(|piece| digester.update(piece));
                let found = identify(None, [digester.finish()]).unwrap();
                prop_assert!(found.beginnings.contains(&(cut as u64, beginning)));
            }
        }
    }
}
