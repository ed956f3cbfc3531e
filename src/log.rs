//! Log formats behind one seam: what a format offers is [`LogFormat`], which each implements in a file of its own;
//! [`Format`] lists the formats, one row for each.
//!
//! Does no I/O and never fails: a bad line is data.

mod interface;
mod simd;
mod delimiters;
pub mod alibaba;
#[cfg(test)]
mod example;
mod dispatch;

pub use interface::{HEAD, Likeness, LogFormat};

use crate::names::Rule;
use crate::record::{Fields, Parsed};

/// Makes [`Format`] and [`Parser`] of the list of formats: each choice between them stands here once.
macro_rules! formats {
    ($($(#[cfg($only:meta)])? #[doc = $about:literal] $format:ident: $parser:ty;)+) => {
        /// A log format that flowbook reads.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Format {
            $($(#[cfg($only)])? #[doc = $about] $format,)+
        }

        /// The parser of one source after the other: see [`LogFormat`].
        #[derive(Clone, Debug)]
        pub enum Parser {
            $($(#[cfg($only)])? #[doc = $about] $format($parser),)+
        }

        impl Format {
            /// Every format, the one that is preferred in doubt first.
            pub const ALL: &'static [Self] = &[$($(#[cfg($only)])? Self::$format),+];

            const fn facts(self) -> &'static Facts {
                match self {
                    $($(#[cfg($only)])? Self::$format => const { &Facts::of::<$parser>() },)+
                }
            }

            /// A parser that is prepared for no source yet.
            #[must_use]
            pub fn parser(self) -> Parser {
                match self {
                    $($(#[cfg($only)])? Self::$format => Parser::$format(Default::default()),)+
                }
            }
        }

        impl Parser {
            /// The format of the lines that it reads.
            #[must_use]
            pub const fn format(&self) -> Format {
                match self {
                    $($(#[cfg($only)])? Self::$format(_) => Format::$format,)+
                }
            }

            /// See [`LogFormat::prepare`].
            pub fn prepare(&mut self, head: &[u8]) {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => parser.prepare(head),)+
                }
            }

            /// See [`LogFormat::fields`].
            #[must_use]
            pub fn fields(&self) -> Fields {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => parser.fields(),)+
                }
            }

            /// See [`LogFormat::parse`].
            ///
            /// # Errors
            /// The reason why the line says nothing.
            #[inline]
            pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a> {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => LogFormat::parse(parser, line),)+
                }
            }

            /// See [`LogFormat::lines`].
            ///
            /// # Errors
            /// The first one of `each`: the lines behind it are not read.
            #[inline]
            pub fn lines<E>(
                &mut self,
                block: &[u8],
                each: impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
            ) -> Result<(), E> {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => dispatch::lines(parser, block, each),)+
                }
            }
        }
    };
}

formats! {
    /// The native format: offline logs of Alibaba Cloud CDN.
    Alibaba: alibaba::Parser;
    #[cfg(test)]
    /// What a second format takes.
    Example: example::Parser;
}

/// What is known of a format before a line is read.
struct Facts {
    name: &'static str,
    title: &'static str,
    sample: &'static str,
    names: Option<Rule>,
    may_be_cut: bool,
    needs_head: bool,
    likeness: fn(&[u8]) -> Likeness,
    may_begin_entry: fn(&[u8]) -> bool,
}

impl Facts {
    const fn of<F: LogFormat>() -> Self {
        Self {
            name: F::NAME,
            title: F::TITLE,
            sample: F::SAMPLE,
            names: F::NAMES,
            may_be_cut: F::MAY_BE_CUT,
            needs_head: F::NEEDS_HEAD,
            likeness: F::likeness,
            may_begin_entry: F::may_begin_entry,
        }
    }
}

/// The native format.
impl Default for Format {
    fn default() -> Self {
        Self::Alibaba
    }
}

impl Format {
    /// The name in messages and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The format of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }

    /// The format of a text that begins with `head`, its first [`HEAD`] bytes: the one that is surest of it, of several the one
    /// listed first, or none.
    #[must_use]
    pub fn detect(head: &[u8]) -> Option<Self> {
        let head = from_first_line(head);
        let mut found = (Likeness::None, None);
        for format in Self::ALL {
            let likeness = format.likeness(head);
            if likeness > found.0 {
                found = (likeness, Some(*format));
            }
        }
        found.1
    }

    /// How sure the format is that a text is of it: see [`LogFormat::likeness`].
    #[must_use]
    pub fn likeness(self, head: &[u8]) -> Likeness {
        (self.facts().likeness)(head)
    }

    /// What the format is, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.facts().title
    }

    /// A line as it should be.
    #[must_use]
    pub const fn sample(self) -> &'static str {
        self.facts().sample
    }

    /// The naming rule of its files, if they follow one.
    #[must_use]
    pub const fn names(self) -> Option<Rule> {
        self.facts().names
    }

    /// Whether the lines of a plain file can be read from any newline on: see [`LogFormat::MAY_BE_CUT`].
    #[must_use]
    pub const fn may_be_cut(self) -> bool {
        self.facts().may_be_cut
    }

    /// Whether lines in the middle of a text can be read only with the head of the text.
    #[must_use]
    pub const fn needs_head(self) -> bool {
        self.facts().needs_head
    }

    /// Whether an entry of the format may begin with this text: see [`LogFormat::may_begin_entry`].
    #[must_use]
    pub fn may_begin_entry(self, text: &[u8]) -> bool {
        (self.facts().may_begin_entry)(text)
    }
}

/// Whether an entry of any format may begin with this text: see [`LogFormat::may_begin_entry`].
#[must_use]
#[inline]
pub fn may_begin_entry(text: &[u8]) -> bool {
    Format::ALL.iter().any(|format| format.may_begin_entry(text))
}

/// A text from its first line on that is not blank, without a byte-order mark and without NULs that a crash left.
fn from_first_line(mut head: &[u8]) -> &[u8] {
    loop {
        let blanks = head.iter().position(|byte| !(byte.is_ascii_whitespace() || *byte == 0));
        head = &head[blanks.unwrap_or(head.len())..];
        match head.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => head = rest,
            None => return head,
        }
    }
}

/// In which format a source is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// In this one, whatever its lines look like.
    Fixed(Format),
    /// In the one that its first lines are of.
    #[default]
    Detect,
}

impl Choice {
    /// The format of a text that begins with `head`, its first [`HEAD`] bytes. What no format knows is read as the native
    /// one, and rejected in its words.
    #[must_use]
    pub fn of_text(self, head: &[u8]) -> Format {
        match self {
            Self::Fixed(format) => format,
            Self::Detect => Format::detect(head).unwrap_or_default(),
        }
    }

    /// The format that lines are expected in before any was read.
    #[must_use]
    pub fn expected(self) -> Format {
        self.named().unwrap_or_default()
    }

    /// The format that was named, if one was.
    #[must_use]
    pub const fn named(self) -> Option<Format> {
        match self {
            Self::Fixed(format) => Some(format),
            Self::Detect => None,
        }
    }

    /// Whether lines in the middle of a text can be read only with the head of the text, in one of the possible formats.
    #[must_use]
    pub fn needs_head(self) -> bool {
        match self {
            Self::Fixed(format) => format.needs_head(),
            // There is nothing to choose among one.
            Self::Detect => Format::ALL.len() > 1 || Format::default().needs_head(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FileName;

    #[test]
    fn every_format_reads_its_own_sample_and_is_detected_by_it() {
        for format in Format::ALL {
            let mut parser = format.parser();
            let sample = format.sample().as_bytes();
            parser.prepare(sample);
            assert!(matches!(parser.parse(sample), Ok(Some(_))), "{}", format.name());
            assert_eq!((parser.format(), Format::of_name(format.name())), (*format, Some(*format)));
            for before in ["", "\n \r\n", "\u{feff}", "\0\0\u{feff}\0\n"] {
                let head = [before.as_bytes(), sample].concat();
                assert_eq!(Format::detect(&head), Some(*format), "{} behind {before:?}", format.name());
                assert_eq!(Choice::Detect.of_text(&head), *format);
            }
        }
    }

    #[test]
    fn what_no_format_knows_is_read_as_native() {
        for text in
            ["", "\n\n", "# a comment", "1.1.1.1 - - [1/Mar/2026:12:00:00 +0800] \"GET / HTTP/1.1\" 200 7"]
        {
            assert_eq!(Format::detect(text.as_bytes()), None, "{text}");
            assert_eq!(Choice::Detect.of_text(text.as_bytes()), Format::Alibaba);
            assert_eq!(Choice::Fixed(Format::Example).of_text(text.as_bytes()), Format::Example);
        }
    }

    #[test]
    fn names_of_files_are_read_by_the_rules_of_formats() {
        for rule in Format::ALL.iter().filter_map(|format| format.names()) {
            assert_eq!(FileName::parse(rule.sample()), rule.parse(rule.sample()));
            assert!(rule.parse(rule.sample()).is_some(), "{rule:?}");
        }
    }
}
