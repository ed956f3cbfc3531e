//! Read errors whose text is complete: nothing needs to be added to it.

use crate::fault::Fault;
use std::{fmt, io};

/// What such an error holds.
#[derive(Debug)]
struct Said(Fault);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Said {}

/// An error that says this and nothing else.
pub(super) fn said(fault: impl Into<Fault>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Said(fault.into()))
}

/// Whether the text of a read error is complete.
#[must_use]
pub fn says_all(error: &io::Error) -> bool {
    fault(error).is_some()
}

/// What a read error says of its source, if its text is complete.
#[must_use]
pub fn fault(error: &io::Error) -> Option<&Fault> {
    error.get_ref()?.downcast_ref().map(|Said(fault)| fault)
}
