//! Values of rows: whoever reads one that flowbook does not write gets an error that names its table, column and value.

use crate::domain::Domain;
use crate::error::{Error, ErrorKind};
use crate::region::Region;
use crate::visible::{cut, line};
use rusqlite::Row;
use rusqlite::types::{FromSql, Type, ValueRef};
use std::fmt;

/// A count of lines that no disk holds: below it, sums of many are numbers still.
pub(super) const MOST_LINES: i64 = 1 << 56;

/// Characters of a value that a message shows.
const SHOWN: usize = 80;

/// The columns of a row that are those of one table.
#[derive(Clone, Copy)]
pub(super) struct Values<'r, 's> {
    row: &'r Row<'s>,
    table: &'static str,
}

/// The columns of a row, as those of a table.
pub(super) const fn of<'r, 's>(table: &'static str, row: &'r Row<'s>) -> Values<'r, 's> {
    Values { row, table }
}

impl<'r> Values<'r, '_> {
    /// A value of any type.
    pub(super) fn get<T: FromSql>(self, at: usize) -> rusqlite::Result<T> {
        self.row.get(at).or_else(|_| self.damaged(at))
    }

    /// A number that is never below zero. Nine of these are in every cell.
    #[inline]
    pub(super) fn count(self, at: usize) -> rusqlite::Result<u64> {
        match self.row.get_ref(at)? {
            ValueRef::Integer(number @ 0..) => Ok(number.cast_unsigned()),
            _ => self.damaged(at),
        }
    }

    /// A count of lines or requests.
    pub(super) fn lines(self, at: usize) -> rusqlite::Result<u64> {
        let lines = self.count(at)?;
        if lines <= MOST_LINES.cast_unsigned() { Ok(lines) } else { self.damaged(at) }
    }

    /// A number that is never below zero, where there is one.
    pub(super) fn count_or_null(self, at: usize) -> rusqlite::Result<Option<u64>> {
        self.get::<Option<i64>>(at)?.map(|_| self.count(at)).transpose()
    }

    /// A text, lent.
    pub(super) fn text(self, at: usize) -> rusqlite::Result<&'r str> {
        self.row.get_ref(at)?.as_str().or_else(|_| self.damaged(at))
    }

    /// A text, where there is one.
    pub(super) fn text_or_null(self, at: usize) -> rusqlite::Result<Option<&'r str>> {
        self.row.get_ref(at)?.as_str_or_null().or_else(|_| self.damaged(at))
    }

    /// Bytes, lent.
    pub(super) fn blob(self, at: usize) -> rusqlite::Result<&'r [u8]> {
        self.row.get_ref(at)?.as_blob().or_else(|_| self.damaged(at))
    }

    /// Bytes, where there are any.
    pub(super) fn blob_or_null(self, at: usize) -> rusqlite::Result<Option<&'r [u8]>> {
        self.row.get_ref(at)?.as_blob_or_null().or_else(|_| self.damaged(at))
    }

    /// What a text stands for.
    pub(super) fn parsed<T>(self, at: usize, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
        parse(self.text(at)?).map_or_else(|| self.damaged(at), Ok)
    }

    /// The same, where there is a text.
    pub(super) fn parsed_or_null<T>(
        self,
        at: usize,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.text_or_null(at)?.map(|_| self.parsed(at, parse)).transpose()
    }

    /// A domain.
    pub(super) fn domain(self, at: usize) -> rusqlite::Result<Domain> {
        self.parsed(at, |text| Domain::new(text.as_bytes()))
    }

    /// A domain, where there is one.
    pub(super) fn domain_or_null(self, at: usize) -> rusqlite::Result<Option<Domain>> {
        self.parsed_or_null(at, |text| Domain::new(text.as_bytes()))
    }

    /// A region.
    pub(super) fn region(self, at: usize) -> rusqlite::Result<Region> {
        self.parsed(at, region)
    }

    /// Says that this value is none that flowbook writes.
    pub(super) fn damaged<T>(self, at: usize) -> rusqlite::Result<T> {
        let value = self.row.get_ref(at)?;
        let column = self.row.as_ref().column_name(at)?.to_owned();
        let damaged = Damaged { table: self.table, column, value: shown(value) };
        Err(rusqlite::Error::FromSqlConversionFailure(at, value.data_type(), Box::new(damaged)))
    }
}

/// The region of a code; that of an empty one is not known.
pub(super) fn region(code: &str) -> Option<Region> {
    if code.is_empty() { Some(Region::Unspecified) } else { Region::from_code(code) }
}

/// A value that flowbook does not write.
#[derive(Debug)]
struct Damaged {
    table: &'static str,
    column: String,
    value: String,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} is {}", self.table, self.column, self.value)
    }
}

impl std::error::Error for Damaged {}

/// Says that a value is none that flowbook writes, though it may be one by itself.
pub(super) fn impossible(table: &'static str, column: &str, value: String) -> rusqlite::Error {
    let damaged = Damaged { table, column: column.to_owned(), value };
    rusqlite::Error::FromSqlConversionFailure(0, Type::Integer, Box::new(damaged))
}

/// The damaged value that an error of the database tells of.
pub(super) fn damage(error: &rusqlite::Error) -> Option<Error> {
    let rusqlite::Error::FromSqlConversionFailure(_, _, cause) = error else { return None };
    let Damaged { table, column, value } = cause.downcast_ref()?;
    let (table, column, value) = ((*table).to_owned(), column.clone(), value.clone());
    Some(Error::new(ErrorKind::DamagedValue { table, column, value }))
}

/// A value as a message shows it: never all of a long one.
fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "nothing".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("\"{}\"", line(&cut(&String::from_utf8_lossy(text), SHOWN))),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
