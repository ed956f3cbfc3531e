//! Lines among bytes that mean nothing: byte-order marks, and runs of NUL that a crash or a truncated copy left.
//!
//! Asked only of lines that say nothing as they are.

use memchr::memchr;

/// UTF-8's byte-order mark.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether a line may say something without such bytes.
pub(super) fn is_marred(line: &[u8]) -> bool {
    line.starts_with(MARK) || memchr(0, line).is_some()
}

/// The lines that are left without NULs, marks and carriage returns before an entry, and without NULs at the end; a run of
/// NULs with an entry behind it ends a line. Other NULs are the line's own. Of NULs alone an empty line is left.
pub(super) fn lines(line: &[u8], may_begin_entry: impl Fn(&[u8]) -> bool) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bare(line));
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let mut from = 0;
        while let Some(at) = memchr(0, &text[from..]) {
            let behind = bare(&text[from + at..]);
            if behind.is_empty() {
                return Some(&text[..from + at]);
            }
            if may_begin_entry(behind) {
                rest = Some(behind);
                return Some(&text[..from + at]);
            }
            from = text.len() - behind.len();
        }
        Some(text)
    })
}

/// What follows NULs, marks and carriage returns, which end no line but blank ones there.
fn bare(mut text: &[u8]) -> &[u8] {
    loop {
        let nuls = text.iter().position(|byte| !matches!(byte, 0 | b'\r')).unwrap_or(text.len());
        text = &text[nuls..];
        match text.strip_prefix(MARK) {
            Some(behind) => text = behind,
            None => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_left_whole() {
        let begins = |text: &[u8]| text.starts_with(b"[");
        let left = |line: &str| {
            lines(line.as_bytes(), begins)
                .map(|l| String::from_utf8_lossy(l).into_owned())
                .collect::<Vec<_>>()
        };
        for (line, expected) in [
            ("\0\0\0[a", &["[a"][..]),
            ("\u{feff}[a", &["[a"]),
            ("\0\u{feff}\0[a\0\0", &["[a"]),
            ("[a\0\0[b\0\u{feff}[c", &["[a", "[b", "[c"]),
            ("[a\0b\0[c", &["[a\0b", "[c"]),
            ("cut\0\0[a", &["cut", "[a"]),
            ("a\0b", &["a\0b"]),
            ("\0\r\u{feff}\r[a", &["[a"]),
            ("\0\0", &[""]),
            ("\u{feff}", &[""]),
        ] {
            assert!(is_marred(line.as_bytes()));
            assert_eq!(left(line), expected, "{line:?}");
        }
        assert!(!is_marred(b"[a") && !is_marred(b""));
    }
}
