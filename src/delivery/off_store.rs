//! Keeps a delivery from reading its own store: a link among the logs may lead there, by any name.
//!
//! On Unix, whoever closes a file lets go every lock that the process has on it. The database has locks on the store and
//! on what lies beside it, so that these may not even be opened.

use crate::error::Result;
use crate::source::{Opened, Origin, Origins, Search, Source, Stat};
use crate::store::numbers;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Logs without the files of a store.
pub(super) struct OffStore<'a> {
    origins: &'a dyn Origins,
    /// Device and number of each of these files.
    numbers: Vec<(u64, u64)>,
}

impl<'a> OffStore<'a> {
    /// The logs that `origins` has, but for a store that is open, and what the database keeps beside it.
    pub(super) fn new(origins: &'a dyn Origins, store: &Path) -> Self {
        Self { origins, numbers: numbers(store) }
    }
}

impl Origins for OffStore<'_> {
    fn list(&self, arguments: &[PathBuf], search: &Search) -> Result<Vec<Source>> {
        self.origins.list(arguments, search)
    }

    /// Every log is looked at before it is opened.
    fn stat(&self, origin: &Origin) -> io::Result<Stat> {
        let stat = self.origins.stat(origin)?;
        let number = stat.version().and_then(|version| version.number);
        if number.is_some_and(|number| self.numbers.contains(&number)) {
            return Err(io::Error::other("it leads to the store, which is being written"));
        }
        Ok(stat)
    }

    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened> {
        self.origins.open(origin, range)
    }

    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
        self.origins.open_stream(origin)
    }
}
