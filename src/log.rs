//! Log formats behind one seam. A format has a parser of its own, which implements [`LogFormat`] in one file, or a text
//! describes it: see [`description`]. [`Format`] is the handle of either.
//!
//! Does no I/O and never fails: a bad line is data.

mod interface;
mod simd;
mod delimiters;
pub mod alibaba;
#[cfg(test)]
mod example;
mod stamp;
pub mod field;
pub mod template;
pub mod delimited;
pub mod json;
pub mod description;
mod preset;
mod detect;
mod dispatch;

pub use interface::{HEAD, Likeness, LineParser, LogFormat};

use crate::names::Rule;
use crate::record::{Fields, Parsed};
use description::{Description, Explained};
pub use preset::{presets, text as text_of};
use std::ptr;

/// Makes [`Format`] and [`Parser`] of the list of formats: each choice between them stands here once.
macro_rules! formats {
    ($($(#[cfg($only:meta)])? #[doc = $about:literal] $format:ident: $parser:ty;)+) => {
        /// A log format that flowbook reads.
        #[derive(Clone, Copy, Debug)]
        pub enum Format {
            $($(#[cfg($only)])? #[doc = $about] $format,)+
            /// One that a text describes. There are few, and they stay for as long as the program runs.
            Described(&'static Description),
        }

        /// The parser of one source after the other: see [`LineParser`].
        #[derive(Clone, Debug)]
        pub enum Parser {
            $($(#[cfg($only)])? #[doc = $about] $format($parser),)+
            /// Of a format that a text describes.
            Described(description::Parser),
        }

        impl Format {
            /// The formats that have a parser of their own, the one that is preferred in doubt first.
            const OWN: &'static [Self] = &[$($(#[cfg($only)])? Self::$format),+];

            /// What is known of a format with a parser of its own; else the description.
            const fn facts(self) -> Result<&'static Facts, &'static Description> {
                match self {
                    $($(#[cfg($only)])? Self::$format => Ok(const { &Facts::of::<$parser>() }),)+
                    Self::Described(description) => Err(description),
                }
            }

            /// A parser that is prepared for no source yet.
            #[must_use]
            pub fn parser(self) -> Parser {
                match self {
                    $($(#[cfg($only)])? Self::$format => Parser::$format(Default::default()),)+
                    Self::Described(description) => Parser::Described(description.parser()),
                }
            }
        }

        impl Parser {
            /// The format of the lines that it reads.
            #[must_use]
            pub const fn format(&self) -> Format {
                match self {
                    $($(#[cfg($only)])? Self::$format(_) => Format::$format,)+
                    Self::Described(parser) => Format::Described(parser.description()),
                }
            }

            /// See [`LineParser::prepare`].
            pub fn prepare(&mut self, head: &[u8]) {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => parser.prepare(head),)+
                    Self::Described(parser) => parser.prepare(head),
                }
            }

            /// See [`LineParser::fields`].
            #[must_use]
            pub fn fields(&self) -> Fields {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => parser.fields(),)+
                    Self::Described(parser) => parser.fields(),
                }
            }

            /// See [`LineParser::parse`].
            ///
            /// # Errors
            /// The reason why the line says nothing.
            #[inline]
            pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a> {
                match self {
                    $($(#[cfg($only)])? Self::$format(parser) => LineParser::parse(parser, line),)+
                    Self::Described(parser) => LineParser::parse(parser, line),
                }
            }

            /// What a line says, and how it was found out.
            pub fn explain<'a>(&'a mut self, line: &'a [u8]) -> Explained<'a> {
                match self {
                    Self::Described(parser) => parser.explain(line),
                    parser => Explained { parsed: parser.parse(line), values: Vec::new(), failed_at: None },
                }
            }

            /// See [`LineParser::lines`].
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
                    Self::Described(parser) => dispatch::lines(parser, block, each),
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

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        match (self.facts(), other.facts()) {
            (Ok(one), Ok(other)) => one.name == other.name,
            (Err(one), Err(other)) => ptr::eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Format {}

impl Format {
    /// The name in messages and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.facts() {
            Ok(facts) => facts.name,
            Err(description) => &description.name,
        }
    }

    /// How sure the format is that a text is of it: see [`LogFormat::likeness`].
    #[must_use]
    pub fn likeness(self, head: &[u8]) -> Likeness {
        match self.facts() {
            Ok(facts) => (facts.likeness)(head),
            Err(_) if detect::best(head, [self]).is_some() => Likeness::Likely,
            Err(_) => Likeness::None,
        }
    }

    /// What tells its description from others of the same name, if it has one.
    #[must_use]
    pub fn described(self) -> Option<i64> {
        self.facts().err().map(|description| description.hash.cast_signed())
    }

    /// What the format is, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self.facts() {
            Ok(facts) => facts.title,
            Err(description) => &description.title,
        }
    }

    /// A line as it should be.
    #[must_use]
    pub fn sample(self) -> &'static str {
        match self.facts() {
            Ok(facts) => facts.sample,
            Err(description) => description.samples.last().map_or("", |line| line),
        }
    }

    /// Lines as they should be, with those that must stand before them.
    #[must_use]
    pub fn samples(self) -> String {
        self.facts()
            .map_or_else(|description| description.samples.join("\n"), |facts| facts.sample.to_owned())
    }

    /// The naming rule of its files, if they follow one.
    #[must_use]
    pub fn names(self) -> Option<Rule> {
        self.facts().ok()?.names
    }

    /// Whether the lines of a plain file can be read from any newline on: see [`LogFormat::MAY_BE_CUT`].
    #[must_use]
    pub fn may_be_cut(self) -> bool {
        self.facts().map_or_else(Description::may_be_cut, |facts| facts.may_be_cut)
    }

    /// Whether lines in the middle of a text can be read only with the head of the text.
    #[must_use]
    pub fn needs_head(self) -> bool {
        self.facts().map_or_else(Description::needs_head, |facts| facts.needs_head)
    }

    /// Whether an entry of the format may begin with this text: see [`LogFormat::may_begin_entry`].
    #[must_use]
    pub fn may_begin_entry(self, text: &[u8]) -> bool {
        self.facts().is_ok_and(|facts| (facts.may_begin_entry)(text))
    }
}

/// Whether an entry of any format may begin with this text: see [`LogFormat::may_begin_entry`].
#[must_use]
#[inline]
pub fn may_begin_entry(text: &[u8]) -> bool {
    Format::OWN.iter().any(|format| format.may_begin_entry(text))
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

/// The formats that may be read: those that come with the program, and those that the user describes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Formats {
    described: &'static [Description],
}

/// With the same descriptions.
impl PartialEq for Formats {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.described, other.described) || self.described.is_empty() && other.described.is_empty()
    }
}

impl Eq for Formats {}

impl Formats {
    /// Those that come with the program, and others. These stay for as long as the program runs: there are few.
    #[must_use]
    pub fn with(described: Vec<Description>) -> Self {
        Self { described: described.leak() }
    }

    /// Every format, in the order in which they are preferred where several read a text equally well.
    pub fn all(self) -> impl Iterator<Item = Format> {
        let described = self.described().map(Format::Described);
        Format::OWN.iter().copied().chain(described)
    }

    fn described(self) -> impl Iterator<Item = &'static Description> {
        self.described.iter().chain(presets())
    }

    /// The format of a name; where one was described that has the name of one that comes with the program, that one.
    #[must_use]
    pub fn of_name(self, name: &str) -> Option<Format> {
        let described = self.described.iter().find(|description| description.name == name);
        described.map(Format::Described).or_else(|| self.all().find(|format| format.name() == name))
    }

    /// The formats that read a part of a line, those that read most of it first, each with where it fails, in bytes from 1.
    #[must_use]
    pub fn nearest(self, line: &[u8]) -> Vec<(Format, usize)> {
        let failed_at = |format: Format| format.parser().explain(line).failed_at.map(|at| (format, at + 1));
        let mut near: Vec<(Format, usize)> =
            self.all().filter_map(failed_at).filter(|(_, at)| *at > 1).collect();
        near.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        near
    }

    /// The formats that read the first lines of a text, the best first: see [`detect`].
    #[must_use]
    pub fn ranked(self, head: &[u8]) -> Vec<Format> {
        detect::ranked(from_first_line(head), self.all())
    }

    /// The format of a text that begins with `head`, its first [`HEAD`] bytes: one with a parser of its own that is sure of it,
    /// else the one that reads its first lines best, see [`detect`].
    #[must_use]
    pub fn detect(self, head: &[u8]) -> Option<Format> {
        let head = from_first_line(head);
        let own = Format::OWN.iter().map(|format| (format.likeness(head), *format));
        // Of several that are as sure the first one.
        let (likeness, format) = own.rev().max_by_key(|(likeness, _)| *likeness)?;
        if likeness >= Likeness::Likely {
            return Some(format);
        }
        detect::best(head, self.all()).or(Some(format).filter(|_| likeness > Likeness::None))
    }
}

/// In which format a source is read: in one that was named, whatever its lines look like, else in the one that its first
/// lines are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    formats: Formats,
    named: Option<Format>,
}

impl Choice {
    /// The one of these formats that the first lines are of.
    #[must_use]
    pub const fn of(formats: Formats) -> Self {
        Self { formats, named: None }
    }

    /// This format, of those that there are.
    #[must_use]
    pub const fn or_named(self, named: Option<Format>) -> Self {
        Self { formats: self.formats, named }
    }

    /// The formats that there are.
    #[must_use]
    pub const fn formats(self) -> Formats {
        self.formats
    }

    /// The format of a text that begins with `head`, its first [`HEAD`] bytes. What no format knows is read as the native
    /// one, and rejected in its words.
    #[must_use]
    pub fn of_text(self, head: &[u8]) -> Format {
        self.named.unwrap_or_else(|| self.formats.detect(head).unwrap_or_default())
    }

    /// The format that lines are expected in before any was read.
    #[must_use]
    pub fn expected(self) -> Format {
        self.named.unwrap_or_default()
    }

    /// The format that was named, if one was.
    #[must_use]
    pub const fn named(self) -> Option<Format> {
        self.named
    }

    /// Whether lines in the middle of a text can be read only with the head of the text, in one of the possible formats.
    #[must_use]
    pub fn needs_head(self) -> bool {
        self.named.is_none_or(Format::needs_head)
    }
}

/// A format that was named.
impl From<Format> for Choice {
    fn from(format: Format) -> Self {
        Self::default().or_named(Some(format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::FileName;

    #[test]
    fn every_format_reads_its_own_sample_and_is_detected_by_it() {
        for format in Formats::default().all() {
            let mut parser = format.parser();
            let samples = format.samples();
            parser.prepare(samples.as_bytes());
            let mut requests = 0;
            let read = parser.lines::<crate::record::Reason>(samples.as_bytes(), |_, parsed| {
                requests += usize::from(parsed?.is_some());
                Ok(())
            });
            assert!(read == Ok(()) && requests > 0, "{}: {read:?} {requests}", format.name());
            let of_name = Formats::default().of_name(format.name());
            assert_eq!((parser.format(), of_name), (format, Some(format)));
            for before in ["", "\n \r\n", "\u{feff}", "\0\0\u{feff}\0\n"] {
                let head = [before.as_bytes(), samples.as_bytes()].concat();
                let found = Formats::default().detect(&head);
                assert_eq!(found, Some(format), "{} behind {before:?}", format.name());
                assert_eq!(Choice::default().of_text(&head), format);
            }
        }
    }

    #[test]
    fn what_no_format_knows_is_read_as_native() {
        for text in ["", "\n\n", "# a comment", "1.1.1.1 [1/Mar/2026:12:00:00 +0800] \"GET / HTTP/1.1\""] {
            assert_eq!(Formats::default().detect(text.as_bytes()), None, "{text}");
            assert_eq!(Choice::default().of_text(text.as_bytes()), Format::Alibaba);
            assert_eq!(Choice::from(Format::Example).of_text(text.as_bytes()), Format::Example);
        }
    }

    #[test]
    fn names_of_files_are_read_by_the_rules_of_formats() {
        for rule in Formats::default().all().filter_map(Format::names) {
            assert_eq!(FileName::parse(rule.sample()), rule.parse(rule.sample()));
            assert!(rule.parse(rule.sample()).is_some(), "{rule:?}");
        }
    }
}
