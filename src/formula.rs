//! CSV cells that no spreadsheet takes for a formula, as OWASP advises against CSV injection. Knows nothing of CSV
//! itself.

use std::borrow::Cow;

/// First bytes of a cell that spreadsheets calculate, or that hide such a cell from a check; the apostrophe that is put
/// before them, so that none is mistaken for it; and the signs of full width.
const STARTS: [&[u8]; 12] = [
    b"=",
    b"+",
    b"-",
    b"@",
    b"\t",
    b"\r",
    b"\n",
    b"'",
    b"\xef\xbc\x9d",
    b"\xef\xbc\x8b",
    b"\xef\xbc\x8d",
    b"\xef\xbc\xa0",
];

/// The cell with an apostrophe before it where a spreadsheet might calculate it, or where it begins with an apostrophe.
/// So the cell that was meant is found again by taking one apostrophe away, wherever one comes first.
#[must_use]
pub fn harmless(cell: &[u8]) -> Cow<'_, [u8]> {
    if STARTS.iter().any(|start| cell.starts_with(start)) {
        Cow::Owned([b"'", cell].concat())
    } else {
        Cow::Borrowed(cell)
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
            (b"\t=1", b"'\t=1"),
            (b"\r=1", b"'\r=1"),
            (b"\n=1", b"'\n=1"),
            (b"\xef\xbc\x9d1", b"'\xef\xbc\x9d1"),
            (b"'quoted", b"''quoted"),
            (b"a=1", b"a=1"),
            (b"[1/Mar/2026:00:00:00 +0000]", b"[1/Mar/2026:00:00:00 +0000]"),
            (b"\xef\xbc", b"\xef\xbc"),
            (b"", b""),
        ] {
            assert_eq!(&*harmless(cell), expected, "{}", cell.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn every_cell_is_found_again(cell in prop::collection::vec(any::<u8>(), 0..9), start in 0..STARTS.len()) {
            for cell in [cell.clone(), [STARTS[start], &cell].concat()] {
                let written = harmless(&cell);
                prop_assert!(!STARTS.iter().any(|start| written.starts_with(start) && *start != b"'"));
                prop_assert_eq!(written.strip_prefix(b"'").unwrap_or(&written), &cell[..]);
            }
        }
    }
}
