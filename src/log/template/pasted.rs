//! Templates as they stand in the configuration of a server: bare, or with the directive, quotes and line ends around them.

use super::names::Dialect;
use memchr::memchr;
use std::fmt;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where in the text, in bytes.
    pub at: usize,
    /// What is wrong there.
    pub what: String,
}

impl Mistake {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }

    /// Shows the line of the template that is wrong, with a mark under the place.
    pub(in crate::log) fn show(&self, template: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut at = self.at.min(template.len());
        while !template.is_char_boundary(at) {
            at -= 1;
        }
        let start = template[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = template[at..].find('\n').map_or(template.len(), |newline| at + newline);
        let before: String = template[start..at].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
        write!(f, "{}\n  {}\n  {before}^", self.what, &template[start..end])
    }
}

/// A part of the text of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Vec<u8>),
    /// The name of a variable or directive, and where it stands.
    Name(String, usize),
}

/// How values are kept from looking like what surrounds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// No quote stands in a value: nginx writes it as `\x22`.
    Hex,
    /// A backslash stands before a quote in a value, as Apache writes it.
    Backslash,
    /// Values are written as they are.
    None,
}

/// The text of a template as the server sees it.
pub(super) struct Pasted {
    pub(super) dialect: Dialect,
    pub(super) escape: Escape,
    text: Vec<u8>,
    /// Where each byte of it stands in what was pasted.
    places: Vec<usize>,
}

impl Pasted {
    pub(super) fn of(pasted: &str) -> Result<Self, Mistake> {
        // Blanks at the end may be part of the lines, newlines are not.
        let text = pasted.trim_start().trim_end_matches(['\r', '\n']);
        let skipped = pasted.len() - pasted.trim_start().len();
        let word = text.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let (dialect, is_directive) = match word {
            "log_format" => (Dialect::Nginx, true),
            _ if word.eq_ignore_ascii_case("LogFormat") || word.eq_ignore_ascii_case("CustomLog") => {
                (Dialect::Apache, true)
            }
            _ if is_variable(text) => (Dialect::Nginx, false),
            _ if text.contains('%') => (Dialect::Apache, false),
            _ => {
                return Err(Mistake::new(
                    skipped,
                    "holds neither a $variable of nginx nor a %directive of Apache",
                ));
            }
        };
        let mut all = Self { dialect, escape: Escape::Hex, text: Vec::new(), places: Vec::new() };
        if dialect == Dialect::Apache {
            all.escape = Escape::Backslash;
        }
        let is_quoted = text.starts_with(['\'', '"']) && text.len() > 1;
        if is_directive || is_quoted && strings(text, dialect).is_some() {
            all.unquote(text, skipped, if is_directive { word.len() } else { 0 })?;
        } else {
            text.as_bytes().clone_into(&mut all.text);
            all.places = (skipped..skipped + text.len()).collect();
        }
        Ok(all)
    }

    /// Takes the strings of a directive; of those of nginx all, of those of Apache the one that holds a template.
    fn unquote(&mut self, text: &str, skipped: usize, from: usize) -> Result<(), Mistake> {
        let words = words(text, from, self.dialect).map_err(|mut mistake| {
            mistake.at += skipped;
            mistake
        })?;
        let mut is_name_due = from > 0;
        for word in words {
            let value = String::from_utf8_lossy(&word.text).into_owned();
            match self.dialect {
                Dialect::Nginx => {
                    if let Some(escape) =
                        value.strip_prefix("escape=").filter(|_| !is_name_due && self.text.is_empty())
                    {
                        self.escape = match escape {
                            "json" => Escape::Backslash,
                            "none" => Escape::None,
                            "default" => Escape::Hex,
                            _ => {
                                return Err(Mistake::new(
                                    word.places[0] + skipped,
                                    "escape is default, json or none",
                                ));
                            }
                        };
                        continue;
                    }
                    if is_name_due {
                        is_name_due = false;
                        continue;
                    }
                }
                Dialect::Apache => {
                    if !value.contains('%') || !self.text.is_empty() {
                        continue;
                    }
                }
            }
            self.text.extend(word.text);
            self.places.extend(word.places.into_iter().map(|at| at + skipped));
        }
        if self.text.is_empty() { Err(Mistake::new(skipped, "holds no format in quotes")) } else { Ok(()) }
    }

    pub(super) fn pieces(&self) -> Result<Vec<Piece>, Mistake> {
        match self.dialect {
            Dialect::Nginx => self.variables(),
            Dialect::Apache => self.directives(),
        }
    }

    /// The place of a byte of the text in what was pasted.
    fn place(&self, at: usize) -> usize {
        self.places.get(at).or(self.places.last()).copied().unwrap_or(0)
    }

    fn variables(&self) -> Result<Vec<Piece>, Mistake> {
        let (text, mut at, mut literal, mut pieces) = (&self.text[..], 0, Vec::new(), Vec::new());
        while at < text.len() {
            let name_at = at + 1 + usize::from(text.get(at + 1) == Some(&b'{'));
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let len = text.get(name_at..).unwrap_or_default().iter().take_while(|byte| is_part(byte)).count();
            if text[at] != b'$' || len == 0 {
                literal.push(text[at]);
                at += 1;
                continue;
            }
            let end = name_at + len;
            if name_at > at + 1 && text.get(end) != Some(&b'}') {
                return Err(Mistake::new(self.place(at), "a brace that is not closed"));
            }
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces
                .push(Piece::Name(String::from_utf8_lossy(&text[name_at..end]).into_owned(), self.place(at)));
            at = end + usize::from(name_at > at + 1);
        }
        pieces.push(Piece::Literal(literal));
        Ok(pieces)
    }

    fn directives(&self) -> Result<Vec<Piece>, Mistake> {
        let (text, mut at, mut literal, mut pieces) = (&self.text[..], 0, Vec::new(), Vec::new());
        while at < text.len() {
            if text[at] != b'%' {
                literal.push(text[at]);
                at += 1;
                continue;
            }
            let begin = at;
            at += 1;
            if text.get(at) == Some(&b'%') {
                literal.push(b'%');
                at += 1;
                continue;
            }
            // Conditions and the choice between first and last request.
            at +=
                text[at..].iter().take_while(|byte| b"!<>,".contains(byte) || byte.is_ascii_digit()).count();
            let mut name = String::new();
            if text.get(at) == Some(&b'{') {
                let Some(len) = memchr(b'}', &text[at..]) else {
                    return Err(Mistake::new(self.place(begin), "a brace that is not closed"));
                };
                name.push_str(&String::from_utf8_lossy(&text[at..=at + len]).to_ascii_lowercase());
                at += len + 1;
                at += text[at..].iter().take_while(|byte| b"<>".contains(byte)).count();
            }
            let letters = if text.get(at) == Some(&b'^') { 3 } else { 1 };
            let Some(letter) =
                text.get(at..at + letters).filter(|letter| letter[letters - 1].is_ascii_alphabetic())
            else {
                return Err(Mistake::new(self.place(begin), "no letter follows the percent sign"));
            };
            name.push_str(&String::from_utf8_lossy(letter));
            at += letters;
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Name(name, self.place(begin)));
        }
        pieces.push(Piece::Literal(literal));
        Ok(pieces)
    }
}

/// Whether a text holds a variable of nginx.
fn is_variable(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'$' && (pair[1].is_ascii_alphabetic() || matches!(pair[1], b'_' | b'{')))
}

/// A word of a configuration, with where its bytes stand.
struct Word {
    text: Vec<u8>,
    places: Vec<usize>,
    is_quoted: bool,
}

/// The words of a text that is nothing but strings in quotes.
fn strings(text: &str, dialect: Dialect) -> Option<Vec<Word>> {
    words(text, 0, dialect).ok().filter(|words| words.iter().all(|word| word.is_quoted))
}

/// The words of a directive from a place on, up to the semicolon that ends one of nginx.
fn words(text: &str, from: usize, dialect: Dialect) -> Result<Vec<Word>, Mistake> {
    let (bytes, mut at, mut words) = (text.as_bytes(), from, Vec::new());
    while let Some(&first) = bytes.get(at) {
        match first {
            // Of a line that goes on, too.
            b'\\' if dialect == Dialect::Apache && bytes.get(at + 1) == Some(&b'\n') => at += 2,
            _ if first.is_ascii_whitespace() => at += 1,
            b'#' => at += memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at),
            b';' if dialect == Dialect::Nginx => break,
            b'"' | b'\'' => {
                let begin = at;
                let mut word = Word { text: Vec::new(), places: Vec::new(), is_quoted: true };
                at += 1;
                loop {
                    let Some(&byte) = bytes.get(at) else {
                        return Err(Mistake::new(begin, "a quote that is not closed"));
                    };
                    if byte == first {
                        break;
                    }
                    let escaped = bytes.get(at + 1).filter(|_| byte == b'\\');
                    let (value, len) = match escaped {
                        Some(b't') => (b'\t', 2),
                        Some(b'n') => (b'\n', 2),
                        Some(b'r') => (b'\r', 2),
                        Some(next @ (b'"' | b'\'' | b'\\')) => (*next, 2),
                        _ => (byte, 1),
                    };
                    word.text.push(value);
                    word.places.push(at);
                    at += len;
                }
                at += 1;
                words.push(word);
            }
            _ => {
                let ends =
                    |byte: &u8| byte.is_ascii_whitespace() || *byte == b';' && dialect == Dialect::Nginx;
                let len = bytes[at..].iter().position(ends).unwrap_or(bytes.len() - at);
                let text = bytes[at..at + len].to_owned();
                words.push(Word { text, places: (at..at + len).collect(), is_quoted: false });
                at += len;
            }
        }
    }
    Ok(words)
}
