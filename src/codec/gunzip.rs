//! Decodes whole gzip files of moderate size at once: twice as fast as the stream, but only if nothing is odd about
//! them.
//!
//! Anything odd is left to the stream, which alone decides what is wrong with a file and which part of it counts.

use super::libdeflate::{Decompressor, Failure};
use super::shape::Edges;
use super::{Codec, HEAD_LEN, foreign};
use memchr::memchr;

/// The longest text that is decoded at once, in bytes: an hour's log of the vendors at their cut.
const MAX_TEXT: usize = 40 << 20;
/// Deflate packs this many bytes into one at most.
const MAX_RATIO: usize = 1032;
/// As logs are packed; room for the text of many members, whose lengths only decoding tells.
const USUAL_RATIO: usize = 8;

/// Decodes gzip files, with a buffer used again for every file.
#[derive(Default)]
pub struct Gunzip {
    decompressor: Option<Decompressor>,
    text: Vec<u8>,
}

impl Gunzip {
    /// Files of more bytes than this are not worth a try: text of the limit is packed into fewer.
    pub const MAX_PACKED: u64 = 16 << 20;

    /// A decoder without memory yet; it takes at most that of the longest text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The text of all members of a file, with checksums verified. `None` if anything is odd or the text is longer than
    /// the limit: then use [`Decoder`](super::Decoder).
    pub fn text(&mut self, packed: &[u8]) -> Option<&[u8]> {
        self.make_room(0, expected(packed)?);
        let mut decompressor = self.decompressor.take().or_else(Decompressor::new)?;
        let len = self.members(&mut decompressor, packed);
        self.decompressor = Some(decompressor);
        len.map(|len| &self.text[..len])
    }

    /// Decodes all members; gives the length of the text.
    fn members(&mut self, decompressor: &mut Decompressor, mut packed: &[u8]) -> Option<usize> {
        let mut len = 0;
        while !packed.is_empty() {
            if !is_usual(packed) {
                return None;
            }
            match decompressor.member(packed, &mut self.text[len..]) {
                Ok(member) => {
                    packed = without_padding(&packed[member.consumed..]);
                    if is_odd(&self.text[..len + member.produced], len) {
                        return None;
                    }
                    len += member.produced;
                }
                Err(Failure::Space) if self.text.len() < MAX_TEXT => {
                    self.make_room(len, (self.text.len() * 2).min(MAX_TEXT));
                }
                Err(_) => return None,
            }
        }
        Some(len)
    }

    /// Makes the buffer at least `wanted` bytes long; the first `keep` stay.
    fn make_room(&mut self, keep: usize, wanted: usize) {
        if self.text.len() >= wanted {
            return;
        }
        if keep == 0 {
            // Never two buffers at a time, unless there is text to move.
            self.text = Vec::new();
        }
        // Fresh pages are zero and take no memory until they are written: the room may be generous.
        let mut text = vec![0; wanted];
        text[..keep].copy_from_slice(&self.text[..keep]);
        self.text = text;
    }
}

/// What follows a member but NULs. Blanks are odd: the stream counts them.
fn without_padding(behind: &[u8]) -> &[u8] {
    &behind[behind.iter().take_while(|byte| **byte == 0).count()..]
}

/// Whether the stream is to look at the text of a member that begins at `from`: where the file begins with it and it is
/// no text, or where the text before it has lost its newline.
fn is_odd(text: &[u8], from: usize) -> bool {
    if from == 0 {
        let head = &text[..text.len().min(HEAD_LEN)];
        return Codec::detect(head) != Codec::Plain || foreign(head).is_some();
    }
    if from == text.len() || text[from - 1] == b'\n' {
        return false;
    }
    let mut edges = Edges::default();
    edges.see(&text[..from]);
    edges.is_entry(&text[from..])
}

/// Room to begin with; `None` when the text is too long or the file is no gzip file for sure. The length at
/// the end of a file is that of its last member: less than the text's when there are more, and a lie when
/// the file is hostile.
fn expected(packed: &[u8]) -> Option<usize> {
    let last = usize::try_from(u32::from_le_bytes(*packed.last_chunk()?)).ok()?;
    let possible = last <= MAX_TEXT.min(packed.len().saturating_mul(MAX_RATIO));
    possible.then(|| last.max(packed.len().saturating_mul(USUAL_RATIO)).min(MAX_TEXT))
}

const EXTRA: u8 = 4;
const NAME: u8 = 8;
/// The stream refuses names that are longer.
const MAX_NAME: usize = 65_535;

/// Whether a member's header is one of those in use, which libdeflate and the stream judge alike: of others
/// libdeflate lets more pass.
fn is_usual(member: &[u8]) -> bool {
    match member.get(3) {
        Some(&(0 | EXTRA)) => true,
        Some(&NAME) => memchr(0, &member[10.min(member.len())..]).is_some_and(|len| len <= MAX_NAME),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, Decoder, Encoder};
    use proptest::prelude::*;
    use std::io::{Read, Write};

    fn member(text: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(Codec::Gzip, Vec::new()).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// The slow twin.
    fn streamed(packed: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        Decoder::new(packed).unwrap().read_to_end(&mut out).ok().map(|_| out)
    }

    #[derive(Clone, Debug)]
    enum Harm {
        None,
        Flip(prop::sample::Index, u8),
        Cut(prop::sample::Index),
        Append(Vec<u8>),
        Pad(String),
    }

    /// Text, some of it of entries, with a newline at the end or without.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![2 => "[a-d\n]{0,40}", 1 => "\\[[0-9]{1,2}/Mar/2026:12:00:0[0-9] \\+0800\\] [a-d]{1,4}\n?"]
    }

    fn harm() -> impl Strategy<Value = Harm> {
        prop_oneof![
            2 => Just(Harm::None),
            3 => (any::<prop::sample::Index>(), 1..=255u8).prop_map(|(at, bits)| Harm::Flip(at, bits)),
            1 => any::<prop::sample::Index>().prop_map(Harm::Cut),
            1 => prop::collection::vec(any::<u8>(), 1..30).prop_map(Harm::Append),
            1 => "[ \0\n]{0,30}".prop_map(Harm::Pad),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn what_is_decoded_at_once_is_what_the_stream_gives(
            texts in prop::collection::vec((text(), 0..200usize), 1..5),
            harm in harm(),
        ) {
            let texts: Vec<String> = texts.into_iter().map(|(text, times)| text.repeat(times)).collect();
            let mut packed: Vec<u8> = texts.iter().flat_map(|text| member(text.as_bytes())).collect();
            match &harm {
                Harm::None => {}
                Harm::Flip(at, bits) => *at.get_mut(&mut packed) ^= bits,
                Harm::Cut(at) => packed.truncate(at.index(packed.len())),
                Harm::Append(more) => packed.extend(more),
                Harm::Pad(padding) => packed.extend(padding.as_bytes()),
            }
            let mut gunzip = Gunzip::new();
            let text = gunzip.text(&packed).map(<[u8]>::to_vec);
            match harm {
                Harm::None | Harm::Pad(_) => {
                    let (whole, streamed) = (texts.concat().into_bytes(), streamed(&packed).unwrap());
                    // Only entries that lost their newline make it another text, which is left to the stream.
                    let newlines = |text: &[u8]| text.split(|byte| *byte == b'\n').count();
                    let is_parted = newlines(&streamed) > newlines(&whole);
                    prop_assert!(is_parted || streamed == whole);
                    let is_left = is_parted || matches!(harm, Harm::Pad(_)) && text.is_none();
                    prop_assert_eq!(text, (!is_left).then_some(streamed));
                }
                // No text at all is nothing to be wrong about: the stream judges. Harm to bits that say nothing is
                // judged in two ways, but never yields another text.
                _ => prop_assert!(
                    text.is_none()
                        || packed.is_empty()
                        || text == streamed(&packed)
                        || text == Some(texts.concat().into_bytes())
                ),
            }
        }
    }

    #[test]
    fn two_equal_members_are_two() {
        let (mut gunzip, one) = (Gunzip::new(), member(b"a line\n"));
        assert_eq!(gunzip.text(&one.repeat(2)).unwrap(), b"a line\na line\n");
        assert_eq!(gunzip.text(&one).unwrap(), b"a line\n");
        let among_empty = [member(b""), one.clone(), member(b""), member(b"")].concat();
        assert_eq!(gunzip.text(&among_empty).unwrap(), b"a line\n");
        assert_eq!(gunzip.text(&member(b"")).unwrap(), b"");
    }

    #[test]
    fn the_length_at_the_end_is_a_hint() {
        // A large member before a small one: the room grows while members are decoded.
        let large = "some line of a log\n".repeat(400_000);
        let packed = [member(b"first\n"), member(large.as_bytes()), member(b"last\n")].concat();
        let expected = format!("first\n{large}last\n");
        assert!(Gunzip::new().text(&packed) == Some(expected.as_bytes()));
        let mut lying = member(b"a line\n");
        for lie in [0, 6, 8, 1000, 40 << 20, u32::MAX] {
            let at = lying.len() - 4;
            lying[at..].copy_from_slice(&u32::to_le_bytes(lie));
            let mut gunzip = Gunzip::new();
            assert_eq!(gunzip.text(&lying), None, "{lie}");
            assert!(gunzip.text.len() <= lying.len() * MAX_RATIO, "{lie}");
        }
    }

    #[test]
    fn memory_stays_below_the_limit() {
        for texts in [vec![MAX_TEXT], vec![MAX_TEXT + 1], vec![MAX_TEXT / 2; 2], vec![MAX_TEXT / 2 + 1; 2]] {
            let zeros = vec![0; texts[0]];
            let packed = member(&zeros).repeat(texts.len());
            let mut gunzip = Gunzip::new();
            let len = gunzip.text(&packed).map(<[u8]>::len);
            let whole = texts.iter().sum::<usize>();
            assert_eq!(len, (whole <= MAX_TEXT).then_some(whole));
            assert!(gunzip.text.len() <= MAX_TEXT);
        }
    }

    #[test]
    fn unusual_headers_are_left_to_the_stream() {
        let plain = member(b"a line\n");
        let with =
            |flags: u8, fields: &[u8]| [&plain[..3], &[flags], &plain[4..10], fields, &plain[10..]].concat();
        let long_name = [vec![b'n'; MAX_NAME + 1], vec![0]].concat();
        for (packed, is_usual) in [
            (with(NAME, b"name\0"), true),
            (with(EXTRA, b"\x02\0ab"), true),
            (with(NAME, &long_name[1..]), true),
            (with(NAME, &long_name), false),
            (with(NAME, b"name without end"), false),
            (with(2, b"\0\0"), false),
            (with(16, b"comment\0"), false),
            (with(1, b""), false),
            (with(0x20, b""), false),
        ] {
            let text = Gunzip::new().text(&packed).map(<[u8]>::to_vec);
            assert_eq!(text.is_some(), is_usual, "{:?}", &packed[..12]);
            assert!(text.is_none() || text == streamed(&packed));
        }
    }
}
