//! Formats by their names.

use crate::error::{Error, Result};
use crate::log::description::{Description, Text, Wrong};
use crate::log::{Choice, Format, Formats};
use crate::spelling::hint;

/// The name of no format: each log is read in the one that its first lines are of.
pub(super) const AUTO: &str = "auto";

/// The format of this name that a text describes.
///
/// # Errors
/// When the name is not one, or the text describes no format.
pub(super) fn described(name: &str, text: Text) -> Result<Description> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name == AUTO || name.len() > 64 || !name.bytes().all(is_part) {
        return Err(Error::usage(format!(
            "a format cannot be called {name:?}; give it a name of letters, digits, - and _ that is not {AUTO:?}"
        )));
    }
    Description::new(name, text).map_err(wrong)
}

#[expect(clippy::needless_pass_by_value, reason = "maps an error")]
pub(super) fn wrong(wrong: Wrong) -> Error {
    Error::usage(wrong.to_string())
}

/// What was chosen among formats: the name of one, [`AUTO`] or nothing.
///
/// # Errors
/// When there is none of the name, with the names that there are.
pub(super) fn choice(formats: Formats, name: Option<&str>) -> std::result::Result<Choice, String> {
    let named = name.filter(|name| *name != AUTO).map(|name| named(formats, name)).transpose()?;
    Ok(Choice::of(formats).or_named(named))
}

fn named(formats: Formats, name: &str) -> std::result::Result<Format, String> {
    let names: Vec<&str> = formats.all().map(Format::name).chain([AUTO]).collect();
    let hint = || hint(name, names.iter().copied(), &format!("known are: {}", names.join(", ")));
    formats.of_name(name).ok_or_else(|| format!("format is {name:?}{}", hint()))
}
