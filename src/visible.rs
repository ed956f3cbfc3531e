//! Text from outside in a form that is safe to show: what would control a terminal is shown as an escape.
//!
//! Knows nothing of where text is shown.

use std::borrow::Cow;
use std::path::Path;

/// Whether a character acts instead of being seen: it controls a terminal (C0, DEL, C1), ends a line, turns the
/// direction of text, or is not seen at all. What joins letters of many scripts (U+200C, U+200D) does not.
#[must_use]
pub const fn acts(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        // Ends of lines and paragraphs.
        | '\u{2028}' | '\u{2029}'
        // Notes between lines.
        | '\u{fff9}'..='\u{fffb}'
        // All else that Unicode has ignored where nothing can show it (Default_Ignorable_Code_Point): marks of direction,
        // what has no width, fillers, selectors of variants, tags.
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text as one line that controls nothing: a line feed becomes `\n`.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    shown(text, |_| false)
}

/// Characters of a cell of a table: more than any path has.
const CELL: usize = 4096;
/// Characters of a value or a message: room for the names of many domains.
const VALUE: usize = 1 << 18;

/// A text as the cell of a table: as [`line()`], and cut where one text would make every row as long as itself.
#[must_use]
pub fn cell(text: &str) -> Cow<'_, str> {
    cut_with_size(line(text), CELL)
}

/// A text that is shown alone after a name: as [`line()`], and cut if it is very long.
#[must_use]
pub fn value(text: &str) -> Cow<'_, str> {
    cut_with_size(line(text), VALUE)
}

fn cut_with_size(text: Cow<'_, str>, most: usize) -> Cow<'_, str> {
    match cut(&text, most) {
        Cow::Owned(cut) => format!("{cut} ({} bytes)", text.len()).into(),
        Cow::Borrowed(_) => text,
    }
}

/// The first `most` characters of a text, followed by `...` if there are more.
#[must_use]
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let end = if text.len() > most { text.char_indices().nth(most) } else { None };
    match end {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// A message, in which nothing acts. Its lines stay lines as far as they are its own: those below the first begin with two
/// spaces, so that no name can begin one.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |rest| rest.starts_with("\n  "))
}

/// A path as one line, in which nothing acts.
#[must_use]
pub fn path(path: &Path) -> String {
    line(&path.to_string_lossy()).into_owned()
}

/// A text as one argument of a command that is to be pasted into a shell: in quotes where it has what a shell reads in
/// its own way.
#[must_use]
pub fn argument(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,+@%=".contains(c) || (cfg!(windows) && c == '\\');
    match line(text) {
        text if !text.is_empty() && text.chars().all(is_plain) => text.into_owned(),
        text if cfg!(windows) => format!("\"{text}\""),
        text => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A text in which nothing acts but what `stays`, as it tells of the rest of the text.
fn shown(text: &str, stays: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        if acts(c) && !stays(&text[at..]) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Bytes as a text that is safe to show and different for different bytes: what is not a character, or controls a
/// terminal, is escaped.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    // Where a backslash parts folders it cannot stand for itself twice.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && (*byte != b'\\' || cfg!(windows));
    if let Some(plain) = str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(is_plain)) {
        return plain.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let is_escaped = acts(c) || (c == '\\' && !cfg!(windows));
            if is_escaped { text.extend(c.escape_default()) } else { text.push(c) }
        }
        text.extend(chunk.invalid().iter().flat_map(|b| b.escape_ascii()).map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts() {
        for (text, expected) in [
            ("a b~", "a b~"),
            ("\u{4e2d}\u{6587} m\u{fc}n \u{2014}", "\u{4e2d}\u{6587} m\u{fc}n \u{2014}"),
            ("\x1b[31m", "\\u{1b}[31m"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{9b}2J\x7f", "\\u{9b}2J\\u{7f}"),
            ("\u{202e}xslx", "\\u{202e}xslx"),
            ("\u{2066}\u{2069}\u{200e}\u{61c}", "\\u{2066}\\u{2069}\\u{200e}\\u{61c}"),
            ("a\u{2028}b\u{feff}\u{e0041}", "a\\u{2028}b\\u{feff}\\u{e0041}"),
            ("a\u{ad}b\u{34f}\u{115f}\u{1160}", "a\\u{ad}b\\u{34f}\\u{115f}\\u{1160}"),
            ("\u{3164}\u{ffa0}\u{fe0f}\u{e01ef}", "\\u{3164}\\u{ffa0}\\u{fe0f}\\u{e01ef}"),
            (
                "\u{645}\u{200c}\u{645} \u{1f469}\u{200d}\u{1f4bb}",
                "\u{645}\u{200c}\u{645} \u{1f469}\u{200d}\u{1f4bb}",
            ),
        ] {
            assert_eq!(line(text), expected);
            assert!(!line(text).chars().any(acts));
        }
        assert!(matches!(line("plain"), Cow::Borrowed(_)));
    }

    #[test]
    #[cfg(not(windows))]
    fn arguments_are_quoted_as_a_shell_reads_them() {
        for (text, expected) in [
            ("/var/lib/a-b_1.db", "/var/lib/a-b_1.db"),
            ("\u{4e2d}.db", "\u{4e2d}.db"),
            ("my store.db", "'my store.db'"),
            ("it's $HOME", "'it'\\''s $HOME'"),
            ("a\nb", "'a\\nb'"),
            ("~/x;y", "'~/x;y'"),
            ("", "''"),
        ] {
            assert_eq!(argument(text), expected);
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let long = "\u{4e2d}".repeat(CELL + 1);
        let end = format!("\u{4e2d}... ({} bytes)", long.len());
        assert!(cell(&long).ends_with(&end) && cell(&long).chars().count() < CELL + 30);
        assert!(matches!(cell(&long[3..]), Cow::Borrowed(_)));
        assert!(value(&"x".repeat(1 << 20)).len() < VALUE + 30 && value(&long).len() == long.len());
    }

    #[test]
    fn only_indented_lines_are_lines() {
        assert_eq!(lines("a\n  b\nflowbook: c\x1b"), "a\n  b\\nflowbook: c\\u{1b}");
        assert_eq!(path(Path::new("a\n  b")), "a\\n  b");
    }
}
