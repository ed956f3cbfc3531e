//! Laws of every packed file, whatever packs it.

use crate::pieces::Pieces;
use flowbook::codec::{Codec, Decoder, says_all, up_to_damage};
use std::io::Read;

/// More text than this is not looked at.
pub(crate) const MOST: u64 = 8 << 20;

/// How decoding ended: at the end, or with what was said, and whether that is all that is wrong.
type End = Result<(), (String, bool)>;

/// What a decoder gave.
pub(crate) struct Decoded {
    pub(crate) text: Vec<u8>,
    pub(crate) end: End,
    blanks: u64,
}

/// Decodes a file, of which so many bytes are read at a time, and so many asked for.
fn decoded(packed: &[u8], read: usize, asked: usize) -> Decoded {
    let mut text = Vec::new();
    let mut decoder = match Decoder::new(Pieces(packed, read)) {
        Ok(decoder) => decoder,
        Err(error) => return Decoded { text, end: Err((error.to_string(), says_all(&error))), blanks: 0 },
    };
    let mut room = vec![0; asked];
    let end = loop {
        match decoder.read(&mut room) {
            Ok(0) => break Ok(()),
            Ok(len) => text.extend(&room[..len]),
            Err(error) => break Err((error.to_string(), says_all(&error))),
        }
        if text.len() as u64 > MOST {
            break Ok(());
        }
    };
    Decoded { text, end, blanks: decoder.blanks() }
}

/// Decodes a file, and holds against it what comes of it in other pieces, and what another program makes of it, which
/// is to pass over NULs and blanks between streams.
pub(crate) fn check(packed: &[u8], how: usize, other: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Decoded {
    let whole = decoded(packed, 1 << 20, 64 << 10);
    if whole.text.len() as u64 > MOST {
        return whole;
    }
    let asked = if whole.text.len() > 64 << 10 { 4099 } else { 1 + how % 7 };
    let parted = decoded(packed, 1 + how % 61, asked);
    let (end, other_end) = (&whole.end, &parted.end);
    assert!(ended_alike(end, other_end), "{end:?}, {other_end:?}");
    // What fails drops the text of the call that failed, and what a decoder held back when the one below it failed.
    assert!(is_begun(&parted.text, &whole.text));
    if whole.end.is_ok() {
        assert!(parted.text == whole.text);
        assert_eq!(parted.blanks, whole.blanks);
    } else if matches!(whole.end, Err((_, false))) {
        up_to_the_damage(packed, &whole.text, &parted.text);
    }
    if Codec::detect(packed) != Codec::Plain {
        compare(&whole, other(packed));
    }
    whole
}

/// Whether two readings ended alike. That a text is something else shows in its first bytes, unless the call that failed
/// lost these.
fn ended_alike(one: &End, other: &End) -> bool {
    match (one, other) {
        (Err((_, one)), Err((_, other))) if one != other => true,
        _ => one == other,
    }
}

/// Whether one text is the other's beginning.
fn is_begun(one: &[u8], other: &[u8]) -> bool {
    let len = one.len().min(other.len());
    one[..len] == other[..len]
}

/// What is read again of a damaged file is what was read before, and goes on where that ended.
fn up_to_the_damage(packed: &[u8], whole: &[u8], parted: &[u8]) {
    let mut room = vec![0; parted.len().min(64 << 10) + 9];
    let len = up_to_damage(packed, 0, &mut room);
    assert!(is_begun(&room[..len], parted));
    let mut rest = vec![0; room.len()];
    let more = up_to_damage(packed, whole.len() as u64, &mut rest);
    assert!(is_begun(&[whole, &rest[..more]].concat(), &room[..len]));
}

fn compare(decoded: &Decoded, other: Option<Vec<u8>>) {
    match (&decoded.end, other) {
        (Ok(()), Some(other)) => {
            // Text that was packed twice is unpacked twice.
            if Codec::detect(&other) == Codec::Plain {
                assert!(is_parted(&decoded.text, &other));
            }
        }
        (Ok(()), None) => panic!("another decoder refuses the file"),
        (Err((_, true)), _) | (Err(_), None) => {}
        (Err((why, _)), Some(other)) => {
            assert!(Codec::detect(&other) != Codec::Plain, "another decoder reads it: {why}")
        }
    }
}

/// Whether a text is the other one, with more newlines: between entries that were joined.
fn is_parted(text: &[u8], other: &[u8]) -> bool {
    let mut text = text.iter().peekable();
    let is_met = other.iter().all(|byte| {
        text.next_if(|next| *next == byte).is_some()
            || (text.next_if_eq(&&b'\n').is_some() && text.next() == Some(byte))
    });
    is_met && text.next().is_none()
}

/// What follows a stream but what may stand there and means nothing.
pub(crate) fn behind(packed: &[u8]) -> &[u8] {
    let padding = packed.iter().take_while(|byte| **byte == 0 || byte.is_ascii_whitespace()).count();
    &packed[padding..]
}

/// Text packed by `pack` in the parts that an input says, and then spoilt where it says so.
pub(crate) fn spoilt(input: &[u8], pack: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
    let (&[places, flips, at, with, gap, second], text) = input.split_first_chunk()?;
    let padding = [&b""[..], b"\0", b"\n", b" \0"][usize::from(gap % 4)];
    let parts = crate::pieces::parts(text, &[places, second][..usize::from(gap / 4 % 3)]);
    let parts: Vec<Vec<u8>> = parts.into_iter().map(|part| pack(part)).collect();
    let mut packed = parts.join(padding);
    let places = packed.len();
    for flip in 0..usize::from(flips % 3) {
        // The first place is said to a 255th of the file, those behind it follow.
        packed[(places * usize::from(at) / 256 + flip * 7) % places] ^= with.max(1);
    }
    Some(packed)
}
