//! Logs as sources: where each of them is ([`Origin`]), what is known of it without reading it ([`Stat`]), and how it
//! is read ([`Reading`]).
//!
//! [`Origins`] is the only way to list, stat and open logs; [`ORIGINS`] is the one that the program uses. This file
//! opens nothing itself, and knows nothing of lines.

// Each file uses only those listed before it.
mod search;
mod origin;
mod walk;
mod discover;
pub mod local;
mod change;

use crate::digest::{Before, Lengths};
use crate::domain::Domain;
use crate::error::{Error, Result, plain};
use crate::fault::Fault;
use crate::log::{Choice, Format};
use crate::names::{FileName, evidence, is_domain, outside};
use crate::region::Region;
use crate::report::NamedHours;
pub(crate) use change::{SMALL, START, start_of};
pub use discover::{discover, discover_by, no_log};
use local::Local;
pub(crate) use local::{modified, nanoseconds};
pub use origin::{Opened, Origin, Origins, Site, Stat, Version, WHOLE};
pub use search::{NameFilter, Search, remove_out_of_all, remove_out_of_scope};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Refuses a domain for lines whose URL has only a path where each log's own name names one: whoever gave it mostly meant
/// to choose domains, and would get all of them.
///
/// # Errors
/// If it is given, and no log may need it.
pub fn refuse_idle_domain(given: Option<&Domain>, sources: &[Source]) -> Result<()> {
    let needs_none = |source: &Source| source.named.as_ref().is_some_and(|hours| is_domain(&hours.domain));
    if given.is_none() || sources.is_empty() || !sources.iter().all(needs_none) {
        return Ok(());
    }
    Err(Error::usage(
        "--domain has no effect: the name of each log names its domain; to choose domains give --domain-names",
    ))
}

/// The argument that means standard input.
pub const STDIN: &str = "-";
/// The fault of a pipe, socket or device in a folder or behind a glob: it would be waited for without end.
const NO_FILE: &str = "is not a regular file; a pipe is read only if you name it";
/// The fault of a log that could not be opened.
pub(crate) fn not_opened(error: &io::Error) -> Fault {
    Fault::unreadable(format!("cannot read: {}", plain(error)))
}
/// Where the program reads logs from.
pub const ORIGINS: &dyn Origins = &Local;

/// A source of log lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as given or found; `stdin` for standard input.
    pub name: String,
    /// Where it is.
    pub origin: Origin,
    /// Whether it was named itself, and not found: only then it may be a pipe or a device.
    pub is_named: bool,
    /// What is known of it without reading it; `None` before that was looked up, and if that failed.
    pub stat: Option<Stat>,
    /// How its lines are read.
    pub reading: Reading,
    /// The domain and hours in its name.
    pub named: Option<NamedHours>,
    /// The wildcard domain in its name: see [`Domain::wildcard`].
    pub wildcard: Option<Domain>,
    /// Where to begin, when what lies before was read before.
    pub resume: Option<Box<Resume>>,
    /// Lengths of texts that it may begin with, if it can be read only once.
    pub known_lengths: Option<Arc<Lengths>>,
    /// Why it cannot be read, when that is known already.
    pub fault: Option<Fault>,
    /// Whether it is none, but stands for a glob that no file matches; that is its fault.
    pub is_unmatched: bool,
}

/// How the lines of a source are read, apart from what its name says. Comes with the [`Search`] that finds the source,
/// and goes to the parser and the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Their format.
    pub format: Choice,
    /// The region of every line; unspecified if none is given. The format may have a region, too.
    pub region: Region,
    /// The domain of lines whose URL has only a path, if the name of the file names none.
    pub domain: Option<Domain>,
}

/// Where to continue in a plain file whose beginning was read before.
#[derive(Clone, Debug)]
pub struct Resume {
    /// Where the first line to be read begins, in bytes.
    pub from: u64,
    /// The whole chunks of the text at or before that place, from which on it is hashed.
    pub before: Before,
    /// Lines that were read before, and those of them that were rejected.
    pub judged: (u64, u64),
    /// Whether some of them took their domain from outside.
    pub has_used_domain: bool,
    /// The format that they were read in: a file goes on in it.
    pub format: Format,
}

impl Source {
    /// A source that was not looked at yet.
    #[must_use]
    pub fn new(name: String, origin: Origin, reading: Reading) -> Self {
        let told = file_name(origin.path());
        let wildcard = told.as_ref().and_then(FileName::wildcard);
        let named = told.and_then(FileName::hours);
        let (is_named, stat, resume, known_lengths) = (false, None, None, None);
        let (fault, is_unmatched) = (None, false);
        Self {
            name,
            origin,
            is_named,
            stat,
            reading,
            named,
            wildcard,
            resume,
            known_lengths,
            fault,
            is_unmatched,
        }
    }

    /// Looks up what is known of the source, unless that is known already. What is not a file is not read, unless the
    /// user named it: it might never end.
    pub fn look(&mut self, origins: &dyn Origins) {
        if self.stat.is_none() && self.fault.is_none() {
            self.look_anew(origins);
        }
    }

    /// Asks what is known of it now.
    pub(crate) fn look_anew(&mut self, origins: &dyn Origins) {
        let found = origins.stat(&self.origin);
        let fault = match &found {
            Ok(Stat::Stream) if !self.is_named && self.origin != Origin::Stdin => {
                Some(Fault::unreadable(NO_FILE))
            }
            Ok(_) => None,
            Err(error) => Some(not_opened(error)),
        };
        self.fault = self.fault.take().or(fault);
        self.stat = found.ok();
    }

    /// Bytes of a file that was looked at.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.stat.and_then(Stat::size)
    }

    /// Whether it can be read only once, as far as was known when it was looked up.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.stat == Some(Stat::Stream)
    }

    /// The path, if it has one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.origin.path()
    }

    /// Where to read it again.
    pub(crate) fn site<'a>(&'a self, origins: &'a dyn Origins) -> Site<'a> {
        Site { origins, origin: &self.origin }
    }

    /// The number of its lines that were read before.
    #[must_use]
    pub fn lines_before(&self) -> u64 {
        self.resume.as_ref().map_or(0, |resume| resume.judged.0)
    }

    /// The format in which to read it.
    #[must_use]
    pub fn format(&self) -> Choice {
        self.reading
            .format
            .or_named(self.resume.as_ref().map(|resume| resume.format).or(self.reading.format.named()))
    }

    /// The domain of its lines whose URL has only a path, if that is certain; a wildcard, where it is one of its
    /// subdomains.
    #[must_use]
    pub fn outside(&self) -> Option<&Domain> {
        outside(self.named.as_ref(), self.reading.domain.as_ref(), self.wildcard.as_ref())
    }

    /// Whether the given domain is that of its lines whose URL has only a path, as its name tells none.
    pub(crate) fn takes_given_domain(&self) -> bool {
        let named = self.named.as_ref().map(|hours| &hours.domain);
        self.reading.domain.is_some()
            && self.outside() == self.reading.domain.as_ref()
            && !named.is_some_and(is_domain)
    }

    /// The same, but by its own name alone, whatever that of a copy told.
    #[must_use]
    pub fn own_outside(&self) -> Option<Domain> {
        let own = file_name(self.path()).and_then(FileName::hours);
        outside(own.as_ref(), self.reading.domain.as_ref(), self.wildcard.as_ref()).cloned()
    }

    /// The hours since 1970 in which a line of it is evidence: see [`evidence`].
    pub(super) fn evidence(&self) -> Option<Range<i64>> {
        evidence(self.named.as_ref(), self.path().and_then(|path| path.file_name()?.to_str()))
    }

    /// What the file name tells; nothing of what cannot be read, unless it is a domain or the subdomains of one.
    fn file_name(&self) -> Option<FileName> {
        let is_told = self.fault.is_none() || self.named.is_some() || self.wildcard.is_some();
        file_name(self.path().filter(|_| is_told))
    }

    /// Takes what its own name tells in the place of what that of a copy told, of a file that was looked at.
    pub(super) fn name_by_itself(&mut self) {
        if self.size().is_some() {
            self.named = file_name(self.path()).and_then(FileName::hours);
        }
    }

    /// What sources are sorted by: the path, written plainly.
    #[must_use]
    pub fn sort_key(&self) -> Cow<'_, OsStr> {
        self.path().map_or(Cow::Borrowed(STDIN.as_ref()), discover::written_plainly)
    }
}

fn file_name(path: Option<&Path>) -> Option<FileName> {
    FileName::parse(path?.file_name()?.to_str()?)
}
