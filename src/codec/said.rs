//! Read errors whose text is complete: nothing needs to be added to it.

use std::{fmt, io};

/// What such an error holds.
#[derive(Debug)]
struct Said(String);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

/// An error that says this and nothing else.
pub(super) fn said(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Said(text))
}

/// Whether the text of a read error is complete.
#[must_use]
pub fn says_all(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Said>()).is_some()
}
