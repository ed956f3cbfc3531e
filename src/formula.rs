//! CSV cells that no spreadsheet takes for a formula, as OWASP advises against CSV injection. Knows nothing of CSV
//! itself.

use std::borrow::Cow;

/// What formulas begin with, also in the signs of full width.
const SIGNS: [&[u8]; 8] =
    [b"=", b"+", b"-", b"@", b"\xef\xbc\x9d", b"\xef\xbc\x8b", b"\xef\xbc\x8d", b"\xef\xbc\xa0"];

/// What spreadsheets pass over before a formula: NUL and other control characters are passed over as well.
const PASSED: [&[u8]; 4] = [b" ", b"\"", b"\xc2\xa0", b"\xef\xbb\xbf"];

/// The cell with an apostrophe before everything that a spreadsheet might take for a formula: at its beginning, and
/// after a semicolon, a tab or a line end in it, where a spreadsheet with the settings of another country begins a new
/// cell. An apostrophe that is already in such a place gets another one. To restore the cell, remove one apostrophe in
/// each of these places.
#[must_use]
pub fn harmless(cell: &[u8]) -> Cow<'_, [u8]> {
    let mut harmless: Vec<u8> = Vec::new();
    let mut copied = 0;
    for (at, _) in cell.iter().enumerate().filter(|(at, _)| *at == 0 || is_end(cell[at - 1])) {
        if is_marked(&cell[at..], at == 0) {
            harmless.extend(&cell[copied..at]);
            harmless.push(b'\'');
            copied = at;
        }
    }
    if harmless.is_empty() {
        return Cow::Borrowed(cell);
    }
    harmless.extend(&cell[copied..]);
    Cow::Owned(harmless)
}

/// Whether a spreadsheet may begin a new cell behind this.
const fn is_end(byte: u8) -> bool {
    matches!(byte, b';' | b'\t' | b'\r' | b'\n')
}

/// Whether an apostrophe stands before the beginning of a cell.
fn is_marked(cell: &[u8], is_first: bool) -> bool {
    // A cell that begins with such an end hides what follows from a look at its first character.
    cell[0] == b'\'' || (is_first && is_end(cell[0]) && cell[0] != b';') || is_formula(cell)
}

fn is_formula(mut cell: &[u8]) -> bool {
    loop {
        if SIGNS.iter().any(|sign| cell.starts_with(sign)) {
            return true;
        }
        let passed = PASSED.iter().find(|passed| cell.starts_with(passed)).map_or(0, |passed| passed.len());
        // What begins a cell of its own is looked at there.
        let is_control = || cell.first().is_some_and(|byte| byte.is_ascii_control() && !is_end(*byte));
        match passed.max(usize::from(is_control())) {
            0 => return false,
            passed => cell = &cell[passed..],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn formulas_are_texts() {
        for (cell, expected) in [
            (&b"=1+1"[..], &b"'=1+1"[..]),
            (b"+1", b"'+1"),
            (b"-1", b"'-1"),
            (b"@SUM(A1)", b"'@SUM(A1)"),
            (b"\t=1", b"'\t'=1"),
            (b"\ra", b"'\ra"),
            (b"\n=1", b"'\n'=1"),
            (b" \"\x00\xef\xbb\xbf\xc2\xa0=1", b"' \"\x00\xef\xbb\xbf\xc2\xa0=1"),
            (b"\xef\xbc\x9d1", b"'\xef\xbc\x9d1"),
            (b"'quoted", b"''quoted"),
            (b"a;=1;b", b"a;'=1;b"),
            (b"a; \"=1", b"a;' \"=1"),
            (b"a\r+1\n@b\tc", b"a\r'+1\n'@b\tc"),
            (b"a;'b", b"a;''b"),
            (b"a=1", b"a=1"),
            (b"(X11; Linux; rv:1) a-b", b"(X11; Linux; rv:1) a-b"),
            (
                b"[1/Mar/2026:00:00:00 +0000] 1.2.3.4 - 5 \"-\"",
                b"[1/Mar/2026:00:00:00 +0000] 1.2.3.4 - 5 \"-\"",
            ),
            (b"\xef\xbc", b"\xef\xbc"),
            (b"", b""),
        ] {
            assert_eq!(&*harmless(cell), expected, "{}", cell.escape_ascii());
        }
    }

    /// The cell that was meant.
    fn meant(written: &[u8]) -> Vec<u8> {
        let begins = |at: usize| at == 0 || is_end(written[at - 1]);
        let kept = written.iter().enumerate().filter(|(at, byte)| **byte != b'\'' || !begins(*at));
        kept.map(|(_, byte)| *byte).collect()
    }

    proptest! {
        #[test]
        fn every_cell_is_found_again(parts in prop::collection::vec("[-=+@;\t\r\n' \"a\u{ff1d}\u{feff}]{0,4}", 0..5)) {
            let cell = parts.concat();
            let written = harmless(cell.as_bytes());
            for part in written.split(|byte| is_end(*byte)) {
                prop_assert!(!is_formula(part), "{cell:?}");
            }
            prop_assert_eq!(meant(&written), cell.as_bytes());
        }
    }
}
