//! Log formats: one [`Format`] per file, each a pure [`Parser`] from a line to a record or a reason.
//!
//! Does no I/O and never fails: a bad line is data.

mod lanes;
mod marks;
pub mod alibaba;
mod dispatch;

use crate::domain::Domain;
use crate::record::{Reason, Record};
use crate::sketch::Sketch;

/// A log format that flowbook reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The native format: offline logs of Alibaba Cloud CDN.
    #[default]
    Alibaba,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 1] = [Self::Alibaba];

    /// The name in messages and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alibaba => "alibaba",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// What the format is, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Alibaba => "Alibaba Cloud CDN offline log",
        }
    }

    /// A line as it should be.
    #[must_use]
    pub const fn sample(self) -> &'static str {
        match self {
            Self::Alibaba => alibaba::SAMPLE,
        }
    }

    /// A parser for one source; `file_domain` is the domain that the file name tells.
    #[must_use]
    pub fn parser(self, file_domain: Option<&Domain>) -> Parser {
        match self {
            Self::Alibaba => Parser::Alibaba(alibaba::Parser::new(file_domain)),
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
    /// The format that lines are expected in before any was read.
    #[must_use]
    pub fn expected(self) -> Format {
        match self {
            Self::Fixed(format) => format,
            Self::Detect => Format::default(),
        }
    }

    /// The format that was named, if one was.
    #[must_use]
    pub const fn named(self) -> Option<Format> {
        match self {
            Self::Fixed(format) => Some(format),
            Self::Detect => None,
        }
    }
}

/// Whether an entry may begin with this text, in any format: tells a carriage return that ends a line from one
/// within a field.
#[must_use]
pub fn begins_entry(text: &[u8]) -> bool {
    alibaba::begins_entry(text)
}

/// The parser of one source.
#[derive(Clone, Debug)]
pub enum Parser {
    /// See [`alibaba`].
    Alibaba(alibaba::Parser),
}

impl Parser {
    /// Goes on with another source.
    pub fn turn_to(&mut self, file_domain: Option<&Domain>) {
        match self {
            Self::Alibaba(parser) => parser.turn_to(file_domain),
        }
    }

    /// Whether the domain of the source stood in where a URL has no host.
    #[must_use]
    pub fn has_used_domain(&self) -> bool {
        match self {
            Self::Alibaba(parser) => parser.has_used_domain(),
        }
    }

    /// Takes out the sketch of the lines that were read since the last time.
    pub fn take_sketch(&mut self) -> Sketch {
        match self {
            Self::Alibaba(parser) => parser.take_sketch(),
        }
    }

    /// Reads one line, without its line end.
    ///
    /// # Errors
    /// The reason why the line says nothing.
    #[inline]
    pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Result<Record<'a>, Reason> {
        match self {
            Self::Alibaba(parser) => parser.parse(line),
        }
    }

    /// Reads the lines of a block one by one, and tells each, without its line end, with what it says. The
    /// last line may lack its newline.
    ///
    /// # Errors
    /// The first one of `tell`: the lines behind it are not read.
    #[inline]
    pub fn lines<E>(
        &mut self,
        block: &[u8],
        tell: impl FnMut(&[u8], Result<Record<'_>, Reason>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Alibaba(parser) => dispatch::lines(parser, block, tell),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_its_own_sample() {
        for format in Format::ALL {
            assert!(format.parser(None).parse(format.sample().as_bytes()).is_ok(), "{}", format.name());
        }
    }
}
