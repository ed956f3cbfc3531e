//! Why a source could not be read to its end, or was not accepted as a log.

use std::fmt;
use std::ops::Deref;

/// A fault: a text, and what is known of what can be read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    text: String,
    is_unreadable: bool,
}

impl Fault {
    /// That of a source of which nothing can be read: it is not there, may not be opened, or is no log.
    #[must_use]
    pub fn unreadable(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_unreadable: true }
    }

    /// Whether nothing of the source can be read.
    #[must_use]
    pub const fn is_unreadable(&self) -> bool {
        self.is_unreadable
    }
}

/// A fault of a source that may have a readable part.
impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self { text, is_unreadable: false }
    }
}

impl From<&str> for Fault {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Deref for Fault {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
