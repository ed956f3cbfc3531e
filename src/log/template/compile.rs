//! From the text of a template to its fields: which of them are needed, and how the end of each is found.

use super::names::{PATHS, Value, WORDS};
use super::pasted::{Escape, Mistake, Pasted, Piece};
use super::{End, Field, Template};
use crate::log::field::Role;

impl Template {
    /// Reads a template: the bare text, or a `log_format`, `LogFormat` or `CustomLog` as it stands in a configuration. `given`
    /// are roles of names that say nothing themselves, or say something else than they do mostly.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str, given: &[(String, Role)]) -> Result<Self, Mistake> {
        let source = Pasted::of(text)?;
        let pieces = source.pieces()?;
        let mut named: Vec<Named> = Vec::new();
        let mut start = Vec::new();
        for piece in pieces {
            match (piece, named.last_mut()) {
                (Piece::Literal(literal), None) => start.extend(literal),
                (Piece::Literal(literal), Some(before)) => before.until.extend(literal),
                (Piece::Name(name, at), _) => {
                    named.push(Named { name, at, until: Vec::new(), meaning: None });
                }
            }
        }
        for field in &mut named {
            field.meaning = match given.iter().find(|(name, _)| *name == field.name) {
                Some((_, role)) => Some((*role, Value::Text, 0)),
                None => source.dialect.meaning(&field.name),
            };
        }
        choose(&mut named);
        let needed = named.iter().rposition(|field| field.meaning.is_some());
        let behind = named.split_off(needed.map_or(0, |last| joined_until(&named, last) + 1));
        let before = named.last().map_or(&start[..], |field| &field.until).to_owned();
        let fields = source.fields(named, &start)?;
        let rest = source.fields(behind, &before).unwrap_or_default();
        for (role, what) in [(Role::Time, "a time"), (Role::Bytes, "the bytes of a response")] {
            if !fields.iter().any(|field| field.role == Some(role)) {
                return Err(Mistake::new(0, format!("says nowhere {what}; {}", source.dialect.hint(role))));
            }
        }
        Ok(Self { start: start.into(), fields, rest })
    }
}

/// A field of a template with what its name means.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    at: usize,
    until: Vec<u8>,
    /// Its role, what its value may hold, and its place among those of the same role: the lowest counts.
    meaning: Option<(Role, Value, usize)>,
}

/// Of several fields with one role keeps that which says most; a second host stands in for the first one.
fn choose(named: &mut [Named]) {
    for role in Role::ALL {
        let mut of_role: Vec<_> =
            named.iter_mut().filter(|field| field.meaning.is_some_and(|m| m.0 == role)).collect();
        of_role.sort_by_key(|field| field.meaning.map(|meaning| meaning.2));
        for (place, field) in of_role.into_iter().enumerate().skip(1) {
            let spare = |(_, value, rank)| (Role::SpareHost, value, rank);
            field.meaning = field.meaning.filter(|_| role == Role::Host && place == 1).map(spare);
        }
    }
}

/// The last of the fields that follow one another from `at` on with nothing between.
fn joined_until(named: &[Named], at: usize) -> usize {
    (at..named.len()).find(|field| !named[*field].until.is_empty()).unwrap_or(named.len() - 1)
}

impl Pasted {
    /// Makes fields of names, each with how its end is found.
    fn fields(&self, named: Vec<Named>, start: &[u8]) -> Result<Vec<Field>, Mistake> {
        let mut fields: Vec<Field> = Vec::new();
        let mut named = named.into_iter().peekable();
        let mut before = start.last().copied();
        while let Some(mut field) = named.next() {
            let mut role = field.meaning.map(|meaning| meaning.0);
            let silent = if WORDS.contains(&&*field.name) { Value::Word } else { Value::Text };
            let value = field.meaning.map_or(silent, |meaning| meaning.1);
            while let Some(next) = named.next_if(|_| field.until.is_empty()) {
                let is_path = PATHS.contains(&&*next.name);
                if is_path && value == Value::Word {
                    // A path follows the host, and says nothing then.
                    fields.push(Field {
                        role: role.take(),
                        until: b"/"[..].into(),
                        first: b'/',
                        end: End::Next,
                        is_word: false,
                    });
                } else if next.meaning.is_some() || role.is_some() && !PATHS.contains(&&*field.name) {
                    let what = format!(
                        "{} follows {} with nothing between: nobody can tell where it begins",
                        self.dialect.written(&next.name),
                        self.dialect.written(&field.name)
                    );
                    return Err(Mistake::new(next.at, what));
                }
                field.until = next.until;
                field.name = next.name;
            }
            let until = field.until;
            let end = match (until.first(), value) {
                (None, _) => End::OfLine,
                (Some(b' '), Value::Stamp) if !field.name.contains("iso8601") => End::Stamp,
                (Some(b'"'), _) if before == Some(b'"') => match self.escape {
                    Escape::Hex => End::Byte,
                    Escape::Backslash => End::Quote,
                    Escape::None => End::Text,
                },
                (
                    Some(b' ' | b'\t' | b'"' | b'\'' | b'|' | b',' | b';' | b']' | b')' | b'}' | b'\x01'),
                    Value::Word,
                ) => End::Byte,
                _ => End::Text,
            };
            let end = if end == End::Text && until.len() == 1 { End::Byte } else { end };
            let is_word = role.is_none() && value == Value::Word;
            before = until.last().copied();
            fields.push(Field {
                role,
                first: until.first().copied().unwrap_or(0),
                until: until.into(),
                end,
                is_word,
            });
        }
        Ok(fields)
    }
}
