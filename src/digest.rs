//! What a text is, whatever its name and its compression: [`TextId`], made by a [`Digester`] while the text goes
//! by. The only file that names blake3.
//!
//! A text is hashed in chunks of a fixed length. The hashes of whole chunks are chained, so that parts of a text
//! can be hashed apart, and a text that grew can be hashed on from where its last whole chunk ended.

/// Bytes of a chunk.
pub const CHUNK: u64 = 1 << 20;
/// Beginnings of a text that have hashes of their own, in bytes: a text that grew has the one that stood for it
/// before, however short it was. No good line is shorter than the least.
const HEADS: [usize; 7] = [64, 128, 256, 512, 1024, 2048, HEAD];
/// Bytes of the longest of them.
pub const HEAD: usize = 4096;

/// A hash.
pub type Hash = [u8; blake3::OUT_LEN];

/// The identity of a text. Two texts are the same when their `whole` is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextId {
    /// Length in bytes.
    pub len: u64,
    /// The hash of everything.
    pub whole: Hash,
    /// The chain over the whole chunks.
    pub chain: Hash,
    /// The hashes of its beginnings of 64, 128, ... bytes, up to [`HEAD`], as many as it has.
    pub heads: Vec<Hash>,
}

impl TextId {
    /// The hash of its longest beginning: it stands for the text among those that may have grown from it.
    #[must_use]
    pub fn head(&self) -> Option<Hash> {
        self.heads.last().copied()
    }

    /// The identity of what could be read of a text that is damaged behind it; never that of a whole text.
    #[must_use]
    pub fn damaged(self) -> Self {
        let whole = *blake3::Hasher::new().update(&self.whole).update(b"damaged").finalize().as_bytes();
        Self { whole, ..self }
    }
}

/// Bytes of the longest beginning with a hash of its own that a text of `len` bytes has.
#[must_use]
pub fn head_len(len: u64) -> Option<usize> {
    HEADS.into_iter().rfind(|head| *head as u64 <= len)
}

/// Hashes one stretch of a text, which begins at a whole number of chunks.
#[derive(Clone, Default)]
pub struct Digester {
    chunk: blake3::Hasher,
    /// Bytes of all chunks so far.
    len: u64,
    whole: Vec<Hash>,
    head: Vec<u8>,
}

impl Digester {
    /// Hashes more of the stretch.
    pub fn update(&mut self, mut bytes: &[u8]) {
        if self.head.len() < HEAD {
            self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD - self.head.len())]);
        }
        while !bytes.is_empty() {
            let room = CHUNK - self.len % CHUNK;
            let (now, rest) = bytes.split_at(bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX)));
            self.chunk.update(now);
            self.len += now.len() as u64;
            if self.len.is_multiple_of(CHUNK) {
                self.whole.push(*self.chunk.finalize().as_bytes());
                self.chunk.reset();
            }
            bytes = rest;
        }
    }

    /// Ends the stretch.
    #[must_use]
    pub fn finish(self) -> Stretch {
        let heads = HEADS.into_iter().map_while(|len| self.head.get(..len));
        let heads = heads.map(|head| *blake3::hash(head).as_bytes()).collect();
        Stretch { len: self.len, whole: self.whole, rest: *self.chunk.finalize().as_bytes(), heads }
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
}

/// Puts the stretches of a text together.
///
/// `before` tells of the whole chunks that were hashed before.
#[must_use]
pub fn identify(before: Option<Before>, stretches: impl IntoIterator<Item = Stretch>) -> TextId {
    let (mut chain, mut len, head) = before.map_or_else(Default::default, |b| (b.chain, b.len, b.head));
    let mut heads = Vec::from_iter(head);
    let mut rest = *blake3::Hasher::new().finalize().as_bytes();
    for stretch in stretches {
        if len == 0 {
            heads = stretch.heads;
        }
        chain = stretch.whole.iter().fold(chain, chained);
        len += stretch.len;
        rest = stretch.rest;
    }
    let mut whole = blake3::Hasher::new();
    whole.update(&chain).update(&rest).update(&len.to_le_bytes());
    TextId { len, whole: *whole.finalize().as_bytes(), chain, heads }
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
        identify(None, [digester.finish()])
    }

    fn text(len: usize) -> Vec<u8> {
        (0..len).map(|n| (n * n / 7 % 251) as u8).collect()
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
                assert_eq!(identify(None, parts.clone()), whole, "{len} cut at {cut}");
                let [_, tail] = parts;
                let before = Before { len: cut as u64, chain: of(&text[..cut]).chain, head: whole.head() };
                let resumed = identify(Some(before), [tail]);
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
            changed[at % len] ^= 1;
            prop_assert_ne!(of(&text).whole, of(&changed).whole);
            prop_assert_ne!(of(&text).whole, of(&text[..cut % len]).whole);
            prop_assert_ne!(of(&text).whole, of(&text).damaged().whole);
        }

        #[test]
        fn a_text_has_the_head_of_what_it_grew_from(len in 64..9000usize, cut in 64..9000usize) {
            let (text, cut) = (text(len), cut.min(len));
            prop_assert!(of(&text).heads.contains(&of(&text[..cut]).head().unwrap()));
            prop_assert_eq!(head_len(len as u64).is_some(), of(&text).head().is_some());
        }
    }
}
