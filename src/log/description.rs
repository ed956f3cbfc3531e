//! Formats that a text describes: where the fields of a line stand, and what they mean.
//!
//! There are three ways to find fields: a template as servers have it in their configuration, separators, and the keys of
//! JSON. What the fields mean is the same for all: see [`Rules`]. Nothing is allocated per line.

mod text;

use super::delimited::{Columns, Delimited, Header};
use super::field::{Role, Rules, Values};
use super::interface::LineParser;
use super::json::Objects;
use super::stamp::Minute;
use super::template::Template;
use crate::record::{Fields, Parsed, Reason};
use memchr::memchr;
pub use text::{Text, Wrong};

/// A format that a text describes.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// The name in messages, on the command line and in stores.
    pub name: String,
    /// What the format is, in a few words.
    pub title: String,
    /// Lines as they should be.
    pub samples: Vec<String>,
    shape: Shape,
    rules: Rules,
    /// The hash of all that lines are read by: a store knows by it that a log was read by another description of that name.
    pub hash: u64,
}

/// What a line says, and how it was found out.
#[derive(Clone, Debug)]
pub struct Explained<'a> {
    /// What it says.
    pub parsed: Parsed<'a>,
    /// The values that were found, as they stand in the line; none of a format with a parser of its own.
    pub values: Vec<(Role, &'a [u8])>,
    /// Where the line is not as the format says, in bytes, if that is known.
    pub failed_at: Option<usize>,
}

/// Where a part of a line stands in it; nowhere if it is none.
fn place_in(line: &[u8], part: &[u8]) -> Option<usize> {
    let at = part.as_ptr().addr().checked_sub(line.as_ptr().addr())?;
    (at <= line.len()).then_some(at)
}

/// How the fields of a line are found.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Template(Template),
    Delimited(Delimited),
    Objects(Objects),
}

/// The parser of the lines of a description.
#[derive(Clone, Debug)]
pub struct Parser {
    description: &'static Description,
    minute: Minute,
    /// Where there are any: the columns of the lines to come.
    columns: Columns,
    /// The first line, where it names the columns.
    first_line: Vec<u8>,
}

impl Description {
    /// The format of this name that a text describes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str, text: Text) -> Result<Self, Wrong> {
        let (title, samples, shape, rules, hash) = text::read(text)?;
        let title = if title.is_empty() { "described by the user".to_owned() } else { title };
        Ok(Self { name: name.to_owned(), title, samples, shape, rules, hash })
    }

    /// Whether the lines of a file can be read from any newline on: not where a line may name the columns of those behind.
    #[must_use]
    pub fn may_be_cut(&self) -> bool {
        !matches!(&self.shape, Shape::Delimited(delimited) if delimited.header == Header::Fields)
    }

    /// Whether lines in the middle of a text can be read only by what its head says.
    #[must_use]
    pub fn needs_head(&self) -> bool {
        matches!(&self.shape, Shape::Delimited(delimited) if delimited.header != Header::None)
    }

    /// A parser that is prepared for no source yet.
    #[must_use]
    pub fn parser(&'static self) -> Parser {
        let columns = match &self.shape {
            Shape::Delimited(delimited) => delimited.first_columns(),
            _ => Columns::default(),
        };
        Parser { description: self, minute: Minute::default(), columns, first_line: Vec::new() }
    }

    /// Whether lines have a value of a role, where columns tell with these.
    fn has(&self, role: Role, columns: &Columns) -> bool {
        match &self.shape {
            Shape::Template(template) => template.has(role),
            Shape::Delimited(_) => columns.has(role),
            Shape::Objects(objects) => objects.has(role),
        }
    }
}

impl Parser {
    /// The format of its lines.
    #[must_use]
    pub const fn description(&self) -> &'static Description {
        self.description
    }

    /// Where the values of a line stand.
    #[inline]
    fn values<'a>(&self, line: &'a [u8]) -> Result<Values<'a>, (usize, Reason)> {
        let is_otherwise = |at| (at, Reason::BadShape);
        match &self.description.shape {
            Shape::Template(template) => template.values(line).map_err(is_otherwise),
            Shape::Delimited(delimited) => delimited.values(line, &self.columns),
            Shape::Objects(objects) => objects.values(line).map_err(is_otherwise),
        }
    }

    /// What a line says if its values are what their roles have, and how far it is as the description says: to the end of both
    /// is 2, as far as is needed 0. A header that names no time or no bytes is no line of the description.
    pub(super) fn judge<'a>(&mut self, line: &'a [u8]) -> (Parsed<'a>, usize) {
        if self.is_header(line) {
            return (if self.columns.are_enough() { Ok(None) } else { Err(Reason::BadShape) }, 0);
        }
        let values = match self.values(line) {
            Ok(values) => values,
            Err((_, reason)) => return (Err(reason), 0),
        };
        let whole = match &self.description.shape {
            Shape::Template(template) => template.likeness(line),
            Shape::Delimited(_) | Shape::Objects(_) => 2,
        };
        match self.description.rules.record(&values, &mut self.minute) {
            Ok(Some(_)) if !Rules::are_plausible(&values) => (Err(Reason::BadShape), 0),
            parsed => (parsed, whole),
        }
    }

    /// What a line says, and how: see [`Explained`].
    pub(super) fn explain<'a>(&mut self, line: &'a [u8]) -> Explained<'a> {
        if self.is_header(line) {
            return Explained { parsed: Ok(None), values: Vec::new(), failed_at: None };
        }
        let values = match self.values(line) {
            Ok(values) => values,
            Err((at, reason)) => {
                return Explained { parsed: Err(reason), values: Vec::new(), failed_at: Some(at) };
            }
        };
        let parsed = self.description.rules.record(&values, &mut self.minute);
        let failed = parsed.err().and_then(|reason| values[Role::of_reason(reason)? as usize]);
        let failed_at = failed.and_then(|value| place_in(line, value));
        let values = Role::ALL.into_iter().filter_map(|role| Some((role, values[role as usize]?))).collect();
        Explained { parsed, values, failed_at }
    }

    /// Whether the line names columns; takes them, if it does.
    fn is_header(&mut self, line: &[u8]) -> bool {
        let Shape::Delimited(delimited) = &self.description.shape else { return false };
        match delimited.header {
            Header::None => false,
            Header::FirstLine => line == self.first_line,
            Header::Fields => {
                if line.first() != Some(&b'#') {
                    return false;
                }
                if let Some(columns) = delimited.header(line) {
                    self.columns = columns;
                }
                true
            }
        }
    }
}

impl LineParser for Parser {
    fn prepare(&mut self, head: &[u8]) {
        self.minute.begin();
        self.first_line.clear();
        let Shape::Delimited(delimited) = &self.description.shape else { return };
        self.columns = match delimited.header {
            Header::FirstLine => {
                let line = super::from_first_line(head);
                let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
                self.first_line.extend_from_slice(super::interface::without_return(line));
                delimited.first_line(&self.first_line)
            }
            // Lines behind a header are read as it says; what is before the first one, as the description does.
            Header::Fields | Header::None => delimited.first_columns(),
        };
    }

    fn fields(&self) -> Fields {
        Rules::fields(|role| self.description.has(role, &self.columns))
    }

    #[inline]
    fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a> {
        if self.is_header(line) {
            return Ok(None);
        }
        let values = self.values(line).map_err(|(_, reason)| reason)?;
        self.description.rules.record(&values, &mut self.minute)
    }
}
