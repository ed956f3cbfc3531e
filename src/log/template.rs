//! Lines as a template describes them: a `log_format` of nginx or a `LogFormat` of Apache, as it stands in a
//! configuration.
//!
//! A template is a row of literal texts and fields in turn. It is cut behind the last field that a figure needs: what
//! stands behind it, such as a user agent, is not looked at, and cannot spoil a line.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

mod names;
mod pasted;
mod compile;

use super::field::{ROLES, Role, Values};
use super::simd::{Vector, WIDTH};
use memchr::memchr;
pub use pasted::Mistake;

/// A template, ready to read lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What every line begins with.
    start: Box<[u8]>,
    /// Up to the last one that a figure needs.
    fields: Vec<Field>,
    /// And those behind it, by which the template is told from others that begin like it; none where it is not certain where
    /// one of them ends.
    rest: Vec<Field>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    role: Option<Role>,
    /// What follows the field; nothing where it ends the line.
    until: Box<[u8]>,
    /// The first byte of it.
    first: u8,
    end: End,
    /// Whether the value is a word that is looked at: no line begins with anything else.
    is_word: bool,
}

/// How the end of a field is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It goes on to the end of the line.
    OfLine,
    /// At the first byte of what follows: the field holds none such.
    Byte,
    /// At the whole text that follows.
    Text,
    /// At the second space, as a zone stands behind the first one.
    Stamp,
    /// At a quote that no backslash stands before.
    Quote,
    /// Before a byte that begins the next field, such as the slash of a path.
    Next,
}

impl Template {
    /// Whether lines have a value of a role.
    pub(super) fn has(&self, role: Role) -> bool {
        self.fields.iter().any(|field| field.role == Some(role))
    }

    /// Finds the values in a line.
    ///
    /// # Errors
    /// The place from which on the line is not as the template says.
    #[inline]
    pub(super) fn values<'a>(&self, line: &'a [u8]) -> Result<Values<'a>, usize> {
        let mut values = [None; ROLES];
        let mut at = self.start.len();
        if line.get(..at) != Some(&*self.start) {
            return Err(0);
        }
        for field in &self.fields {
            at = field.read(line, at, &mut values).ok_or(at)?;
        }
        Ok(values)
    }

    /// How far a line goes on as the template says: 2 if to the end of both, 1 if more follows in the line, else 0.
    pub(super) fn likeness(&self, line: &[u8]) -> usize {
        let mut values = [None; ROLES];
        let mut fields = self.fields.iter().chain(&self.rest);
        match fields.try_fold(self.start.len(), |at, field| field.read(line, at, &mut values)) {
            Some(end) => 1 + usize::from(end == line.len()),
            None => 0,
        }
    }
}

impl Field {
    /// Reads the field of a line that begins at a place; gives where the next one begins.
    #[inline(always)]
    fn read<'a>(&self, line: &'a [u8], at: usize, values: &mut Values<'a>) -> Option<usize> {
        let rest = &line[at..];
        let len = self.len(rest)?;
        if self.is_word && !rest[..len].iter().all(u8::is_ascii_graphic) {
            return None;
        }
        if let Some(role) = self.role {
            values[role as usize] = Some(&rest[..len]);
        }
        Some(at + len + if self.end == End::Next { 0 } else { self.until.len() })
    }

    /// Length of its value at the beginning of `rest`, if what must follow follows.
    #[inline(always)]
    fn len(&self, rest: &[u8]) -> Option<usize> {
        let until = &*self.until;
        let len = match self.end {
            End::OfLine => return Some(rest.len()),
            End::Byte => find_byte(self.first, rest)?,
            End::Next => return memchr(until[0], rest),
            End::Quote => quote(rest)?,
            End::Stamp => {
                let zone = memchr(until[0], rest)? + 1;
                zone + memchr(until[0], &rest[zone..])?
            }
            End::Text => return find(rest, until),
        };
        rest[len..].starts_with(until).then_some(len)
    }
}

/// Where a byte stands: most fields are short.
#[inline(always)]
fn find_byte(byte: u8, rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(bytes) = Vector::at(rest, at) {
        let found = bytes.equal(byte);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += WIDTH;
    }
    rest[at..].iter().position(|other| *other == byte).map(|found| at + found)
}

/// Where a text stands.
#[inline]
fn find(rest: &[u8], text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find_byte(text[0], &rest[from..])?;
        if rest[at..].starts_with(text) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where a quote stands that is not part of the value: an even number of backslashes is before it.
#[inline]
fn quote(rest: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(b'"', &rest[from..])?;
        let backslashes = rest[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests;
