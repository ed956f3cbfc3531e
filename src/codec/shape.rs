//! Two texts that follow each other: whether the newline between them was lost.
//!
//! Knows no log format: an entry is what begins like the first line of the text.

/// The first and the last bytes of a text so far.
#[derive(Default)]
pub(super) struct Edges {
    first: Vec<u8>,
    /// The last byte but NULs, which mean nothing behind a newline.
    last: Option<u8>,
}

/// Characters of a shape that are enough to tell an entry from the middle of one: most of a time stamp.
const ENOUGH: usize = 12;

impl Edges {
    /// Bytes of a text's beginning that are looked at.
    pub(super) const LEN: usize = 64;

    /// Notes more of the text.
    pub(super) fn see(&mut self, text: &[u8]) {
        let missing = Self::LEN - self.first.len();
        self.first.extend(&text[..text.len().min(missing)]);
        self.last = text.iter().rfind(|byte| **byte != 0).copied().or(self.last);
    }

    /// Whether the text so far ends within a line.
    pub(super) fn is_cut(&self) -> bool {
        self.last.is_some_and(|last| last != b'\n')
    }

    /// Whether what follows begins with an entry, as the text does.
    pub(super) fn is_entry(&self, follows: &[u8]) -> bool {
        let (first, follows) = (shape(&self.first), shape(follows));
        first.len().min(follows.len()) >= ENOUGH && first[..ENOUGH] == follows[..ENOUGH]
    }
}

/// The shape of a first line's beginning: its marks as they are, one `0` for each number, one `a` for each word. A byte-order mark
/// and NULs before it are left out.
fn shape(text: &[u8]) -> Vec<u8> {
    let from = text.iter().position(|byte| *byte != 0).unwrap_or(text.len());
    let text = text[from..].strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text[from..]);
    let line = text.iter().take(Edges::LEN).take_while(|byte| **byte != b'\n');
    let mut shape: Vec<u8> = line.copied().map(class).collect();
    shape.dedup_by(|later, first| later == first && matches!(later, b'0' | b'a'));
    shape
}

fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' | b'A'..=b'Z' => b'a',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_begins_as_the_text_does() {
        let text = "[1/Mar/2026:12:00:00 +0800] 1.2.3.4 - 5 \"-\" \"GET http://a.com/\" 200";
        let mut edges = Edges::default();
        assert!(!edges.is_cut());
        for part in text.as_bytes().chunks(7) {
            edges.see(part);
        }
        assert!(edges.is_cut());
        for entry in [
            "[12/Jun/2026:12:00:01 +0800] ::1",
            "\0\0[1/Mar/2026:12:00:00 -0000] ",
            "\u{feff}[1/Mar/2026:12:00:00 +0800] 9",
        ] {
            assert!(edges.is_entry(entry.as_bytes()), "{entry}");
        }
        for other in
            ["", "[", "/x\" 200 300 400 HIT", "1/Mar/2026:12:00:00 +0800] ", "<12/Jun/2026:12:00:01 +0800>"]
        {
            assert!(!edges.is_entry(other.as_bytes()), "{other}");
        }
        edges.see(b"\n");
        edges.see(b"");
        assert!(!edges.is_cut());
    }
}
