//! What is wrong with the spelling of a configuration file, in words that say what to write, with line and column.
//!
//! Knows the messages of toml and serde, and nothing of what the tables mean.

use crate::error::Error;
use crate::spelling::hint;

/// What is wrong in `text`, as its reader found.
pub(super) fn told(error: &toml::de::Error, text: &str) -> Error {
    let Some(span) = error.span().filter(|span| text.get(span.clone()).is_some()) else {
        return Error::usage(error.to_string().trim_end().to_owned());
    };
    let place = Position::of(text, span.start);
    let value = text[span].trim();
    let what = place.bare_text(error.message()).or_else(|| place.unclosed(error.message()));
    let what = what.unwrap_or_else(|| words(error.message(), place.key(), value));
    let Position { line, column, .. } = place;
    let shown = place.text.trim_end();
    let before: String = shown.chars().take(column - 1).map(|c| if c == '\t' { c } else { ' ' }).collect();
    Error::usage(format!("line {line}, column {column}: {what}\n  {shown}\n  {before}^"))
}

/// Where something stands: line and column, from 1, and the text of the line.
struct Position<'a> {
    line: usize,
    column: usize,
    text: &'a str,
}

impl<'a> Position<'a> {
    fn of(text: &'a str, at: usize) -> Self {
        let before = &text[..at];
        let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[begin..].lines().next().unwrap_or_default();
        // A byte order mark takes no room.
        let column = text[begin..at].chars().filter(|c| *c != '\u{feff}').count() + 1;
        Self { line: before.matches('\n').count() + 1, column, text: line.trim_start_matches('\u{feff}') }
    }

    /// What to write where a text without quotes was found in the place of a value.
    fn bare_text(&self, message: &str) -> Option<String> {
        let is_bare =
            message.starts_with("string values must be quoted") || message.starts_with("invalid boolean");
        let (_, value) = self.text.split_once('=').filter(|_| is_bare)?;
        let value = value.split('#').next().unwrap_or_default().trim();
        if value.is_empty() {
            return Some(format!("{key} has no value; write one behind the equals sign", key = self.key()));
        }
        let value = value.trim_matches(CURLY);
        let is_word = !value.is_empty() && !value.contains(['"', '\'', '[', '{']);
        is_word.then(|| format!("text must be in quotes; write {key} = {value:?}", key = self.key()))
    }

    /// What to write where something has a beginning and no end, or an end and no beginning.
    fn unclosed(&self, message: &str) -> Option<String> {
        let key = self.key();
        let is_at_end = self.text.trim_end().chars().count() < self.column;
        Some(match message.split(", expected").next().unwrap_or_default() {
            "invalid basic string" | "invalid literal string" if is_at_end => {
                format!("the text of {key} has no quote at its end; write one there")
            }
            "missing opening quote" => format!("the text of {key} has no quote before it; write one there"),
            "invalid multi-line basic string" | "invalid multi-line literal string" => {
                "a text that begins with three quotes has no end; write three quotes behind it".into()
            }
            "missing comma between array elements" | "unclosed array" => {
                "a list has no end here, or lacks a comma; write ] behind its last value, and a comma between two".into()
            }
            "unclosed table" => format!("the name of a table has no end; write [{key}]"),
            "unclosed array table" => format!("the name of a table has no end; write [[{key}]]"),
            "key with no value" => {
                let key = key.split_whitespace().next().unwrap_or_default();
                format!("{key} has no value; write {key} = and its value behind that")
            }
            "missing escaped value" => format!(
                "a backslash in double quotes begins a sign of its own; write single quotes around the text of {key}"
            ),
            _ => return None,
        })
    }

    /// The key of the line, or the name of its table.
    fn key(&self) -> &'a str {
        let key = self.text.split_once('=').map_or(self.text, |(key, _)| key);
        key.trim().trim_matches(['[', ']'])
    }
}

/// Quotes as word processors write them.
const CURLY: [char; 4] = ['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];

fn words(message: &str, key: &str, value: &str) -> String {
    let message = message.trim();
    // What a date is to its reader: a table with a key of its own.
    if message.starts_with("unknown field `$__toml") {
        return format!("{key} is a table; write [{key}] on a line of its own, and its keys below");
    }
    // Only one of some words is read so.
    if message.starts_with("wanted ") {
        return format!("{key} must be text in quotes");
    }
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return unknown("key", rest);
    }
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        return unknown(&format!("value of {key}"), rest);
    }
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match wrong.and_then(|rest| rest.split_once(", expected ")) {
        Some((found, expected)) => of_another_kind(found, expected, key, value),
        None if message.starts_with("expected ") => format!("{key}: {message}"),
        None if message.starts_with("duplicate key") && LISTS.contains(&key) => one_table(key),
        None => message.into(),
    }
}

/// ``open`, expected one of `active`, `suspended``, without the first of these.
fn unknown(what: &str, rest: &str) -> String {
    let (word, expected) = rest.split_once('`').unwrap_or((rest, ""));
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let give = format!("known here: {}", known.join(", "));
    format!("unknown {what} {word:?}{}", hint(word, known, &give))
}

/// Tables of which there may be many.
const LISTS: [&str; 2] = ["source", "task"];

fn one_table(key: &str) -> String {
    format!("[{key}] makes one table; write [[{key}]], with two brackets on each side, for each of them")
}

/// The unit that a key's number most likely has, where it is a time.
fn unit(key: &str) -> Option<&'static str> {
    let units = [("wait_at_most", "h"), ("settle", "h"), ("lock_timeout", "s"), ("min_age", "m")];
    units.into_iter().find(|(name, _)| *name == key).map(|(_, unit)| unit)
}

/// What to write for a value of another kind than expected.
fn of_another_kind(found: &str, expected: &str, key: &str, value: &str) -> String {
    let kind = found.split([' ', '`']).next().unwrap_or_default();
    let inner = value.trim_start_matches('[').trim_end_matches(']').trim();
    match (kind, expected) {
        // A date is one, too, to its reader.
        ("map", "a sequence") if !value.starts_with(|c: char| c == '{' || c.is_ascii_digit()) => {
            one_table(key)
        }
        // A list of tables is read as the values of one.
        (_, _) if value.starts_with("[[") => {
            format!(
                "[[{key}]] makes a list, but there is only one; write [{key}], with one bracket on each side"
            )
        }
        (_, _) if expected.starts_with("struct ") => {
            format!("{key} is a table; write [{key}] on a line of its own, and its keys below")
        }
        ("sequence", "a string") if inner.starts_with('"') && inner.matches('"').count() == 2 => {
            format!("{key} is one text, not a list; write {key} = {inner}")
        }
        ("sequence", "a string") => format!("{key} is one text, not a list; write {key} = \"...\""),
        ("string", "a sequence") => format!("{key} is a list; write {key} = [{value}]"),
        ("integer", "a string") if unit(key).is_some() => {
            let unit = unit(key).unwrap_or_default();
            let is_plain = value.bytes().all(|b| b.is_ascii_digit());
            let (number, say) = if is_plain { (value, "") } else { ("24", ", say") };
            format!("{key} is a time with its unit, in quotes: write {key} = \"{number}{unit}\"{say}")
        }
        ("integer" | "floating" | "boolean", "a string") => {
            format!("{key} must be text in quotes: {key} = \"{value}\"")
        }
        (_, "a boolean") => {
            format!("{key} is true or false, without quotes; write {key} = true or {key} = false")
        }
        (_, "u32" | "u64" | "i64") if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{key} is {value}, which is too large; write {key} = 30, say")
        }
        (_, "u32" | "u64" | "i64") => {
            // What is kept is at least one.
            let from = u8::from(key.starts_with("keep_"));
            format!(
                "{key} is a whole number, from {from} and without quotes, not {value}; write {key} = 30, say"
            )
        }
        _ => format!("{key} is {value}; {expected} is expected"),
    }
}
