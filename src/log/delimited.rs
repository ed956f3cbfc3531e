//! Lines that are values with a separator between: W3C logs, whose header names the columns, tables with quotes, and
//! plain lists.

use super::field::{ROLES, Role, Values};
use crate::record::Reason;
use memchr::memchr;

/// What a header that names the columns begins with.
const FIELDS: &[u8] = b"#Fields:";

/// How lines are separated into values, and what the columns are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delimited {
    /// The byte between two values.
    pub separator: u8,
    /// Whether a value may stand in double quotes, with those in it doubled.
    pub has_quotes: bool,
    /// Where the names of the columns are.
    pub header: Header,
    /// The columns of lines before which no header is.
    pub columns: Vec<String>,
    /// What columns are for, by name; of several with one role the first that a log has counts.
    pub roles: Vec<(String, Role)>,
}

/// Where the names of the columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// In lines that begin with `#Fields:`, each for the lines behind it.
    Fields,
    /// In the first line.
    FirstLine,
    /// In no line: they are always the same.
    None,
}

/// The columns of some lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// The roles of the columns up to the last one that has any.
    roles: Vec<Option<Role>>,
    /// The number of columns.
    all: usize,
    /// What makes lines say nothing: no column for it.
    lacks: Option<Reason>,
}

impl Delimited {
    /// The columns with these names.
    pub(super) fn columns<'n>(&self, names: impl Iterator<Item = &'n [u8]>) -> Columns {
        let mut columns = Columns::default();
        let mut best: [Option<(usize, usize)>; ROLES] = [None; ROLES];
        for (column, name) in names.enumerate() {
            columns.all += 1;
            let is_it = |(known, _): &(String, Role)| known.as_bytes().eq_ignore_ascii_case(name);
            let Some(rank) = self.roles.iter().position(is_it) else { continue };
            let place = &mut best[self.roles[rank].1 as usize];
            if place.is_none_or(|(_, known)| rank < known) {
                *place = Some((column, rank));
            }
        }
        let last = best.iter().flatten().map(|(column, _)| column + 1).max().unwrap_or(0);
        columns.roles.resize(last, None);
        for (role, column) in Role::ALL.into_iter().zip(best) {
            if let Some((column, _)) = column {
                columns.roles[column] = Some(role);
            }
        }
        columns.lacks = if !columns.has(Role::Time) {
            Some(Reason::BadTime)
        } else if columns.has(Role::Bytes) || columns.has(Role::SpareBytes) {
            None
        } else {
            Some(Reason::BadSize)
        };
        columns
    }

    /// The columns of lines before any header.
    pub(super) fn first_columns(&self) -> Columns {
        self.columns(self.columns.iter().map(String::as_bytes))
    }

    /// The columns that a line names, if it is a header.
    pub(super) fn header(&self, line: &[u8]) -> Option<Columns> {
        let names = line.strip_prefix(FIELDS).filter(|_| self.header == Header::Fields)?;
        let names = names.split(|byte| matches!(byte, b' ' | b'\t')).filter(|name| !name.is_empty());
        Some(self.columns(names))
    }

    /// The columns that the first line names.
    pub(super) fn first_line(&self, line: &[u8]) -> Columns {
        self.columns(self.split(line).map(<[u8]>::trim_ascii))
    }

    fn split<'a>(&self, line: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Some(line);
        let (separator, has_quotes) = (self.separator, self.has_quotes);
        std::iter::from_fn(move || {
            let text = rest?;
            let (value, next) = value(text, separator, has_quotes)?;
            rest = next;
            Some(value)
        })
    }

    /// Finds the values in a line.
    ///
    /// # Errors
    /// The place where a column is missing, or no column that is needed.
    #[inline]
    pub(super) fn values<'a>(
        &self,
        line: &'a [u8],
        columns: &Columns,
    ) -> Result<Values<'a>, (usize, Reason)> {
        if let Some(reason) = columns.lacks {
            return Err((0, reason));
        }
        let no_column = |at| (at, Reason::BadShape);
        let mut values = [None; ROLES];
        let mut rest = Some(line);
        for role in &columns.roles {
            let text = rest.ok_or(no_column(line.len()))?;
            let (found, next) =
                value(text, self.separator, self.has_quotes).ok_or(no_column(line.len() - text.len()))?;
            if let Some(role) = role {
                values[*role as usize] = Some(found);
            }
            rest = next;
        }
        // Too few columns behind the last that is needed, or too many, are those of another header.
        let missing = columns.all - columns.roles.len();
        let there = rest.map_or(0, |text| self.split(text).count());
        if there == missing { Ok(values) } else { Err(no_column(line.len())) }
    }
}

impl Columns {
    /// Whether lines say something by them.
    pub(super) fn are_enough(&self) -> bool {
        self.all > 0 && self.lacks.is_none()
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.roles.contains(&Some(role))
    }
}

/// The first value of a text, without its quotes, and what follows behind the separator; nothing where a quote is not
/// closed.
#[inline]
fn value(text: &[u8], separator: u8, has_quotes: bool) -> Option<(&[u8], Option<&[u8]>)> {
    if has_quotes && text.first() == Some(&b'"') {
        let mut from = 1;
        loop {
            let quote = from + memchr(b'"', &text[from..])?;
            match text.get(quote + 1) {
                Some(b'"') => from = quote + 2,
                None => return Some((&text[1..quote], None)),
                Some(byte) if *byte == separator => return Some((&text[1..quote], Some(&text[quote + 2..]))),
                // A quote within, which nothing doubles.
                Some(_) => from = quote + 1,
            }
        }
    }
    Some(match memchr(separator, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(separator: u8, has_quotes: bool) -> Delimited {
        let roles =
            [("time", Role::Time), ("bytes", Role::Bytes), ("host", Role::Host), ("name", Role::SpareHost)];
        let roles = roles.map(|(name, role)| (name.to_owned(), role)).into();
        Delimited { separator, has_quotes, header: Header::Fields, columns: Vec::new(), roles }
    }

    fn found(table: &Delimited, columns: &Columns, line: &str) -> Result<Vec<String>, (usize, Reason)> {
        let values = table.values(line.as_bytes(), columns)?;
        let texts = Role::ALL.into_iter().filter_map(|role| values[role as usize]);
        Ok(texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect())
    }

    #[test]
    fn columns_are_found_by_their_names() {
        let table = table(b'\t', false);
        let columns = table.header(b"#Fields: x TIME name bytes y").unwrap();
        let texts = |texts: [&str; 3]| Ok(texts.map(str::to_owned).to_vec());
        assert_eq!(found(&table, &columns, "-\t1\ta.com\t22\tz"), texts(["1", "22", "a.com"]));
        // Fewer or more columns are those of another header.
        for line in ["-\t1\ta.com\t22", "-\t1\ta.com\t22\tz\t", "-\t1", ""] {
            assert_eq!(found(&table, &columns, line), Err((line.len(), Reason::BadShape)), "{line:?}");
        }
        assert_eq!(table.header(b"#Version: 1.0"), None);
    }

    #[test]
    fn without_a_column_for_time_or_bytes_nothing_is_read() {
        let table = table(b' ', false);
        for (header, reason) in [("#Fields: time x", Reason::BadSize), ("#Fields: bytes x", Reason::BadTime)]
        {
            let columns = table.header(header.as_bytes()).unwrap();
            assert_eq!(found(&table, &columns, "1 2"), Err((0, reason)));
            assert!(!columns.are_enough());
        }
        assert!(!Columns::default().are_enough());
    }

    #[test]
    fn a_quote_holds_separators_and_doubled_quotes() {
        let table = table(b',', true);
        let columns = table.first_line(b"time,\"name\",x,bytes");
        let texts = |texts: [&str; 3]| Ok(texts.map(str::to_owned).to_vec());
        for (line, expected) in [
            ("1,a.com,x,22", texts(["1", "22", "a.com"])),
            ("\"1\",\"a,com\",\"\"\"x,\"\"\",\"22\"", texts(["1", "22", "a,com"])),
            ("1,\"a\"com\",x,22", texts(["1", "22", "a\"com"])),
            ("1,\"a.com,x,22", Err((2, Reason::BadShape))),
        ] {
            assert_eq!(found(&table, &columns, line), expected, "{line}");
        }
    }
}
