//! What stops a job: [`Error`], one word in size, with the place where it happened.
//!
//! A bad line is never an `Error` (see [`crate::record::Reason`]). Knows nothing of exit codes.

use crate::contract::code::Refusal;
use crate::fault::Fault;
use crate::visible;
use std::{fmt, io, path::Path};

/// The result of everything that can stop a job.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the job stopped, and where. The innermost place wins: [`Error::at`] only fills an empty place.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    place: Option<String>,
    line: Option<u64>,
    cause: Option<Cause>,
    then: Option<String>,
}

/// What led to an error.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The kinds of failure that a caller may want to distinguish.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused something; the text says what was tried.
    Io(&'static str, io::Error),
    /// A source is truncated or corrupt; the fault says how.
    Damaged(Fault),
    /// There is no log to read; the text says where none was found.
    NoLog(String),
    /// A sum grew beyond what databases can hold; the text says which.
    Overflow(String),
    /// The export request breaks a rule of the contract.
    Refused(Refusal),
    /// The request cannot be carried out as given (arguments, configuration, an existing output file).
    Usage(String),
    /// The usage store is damaged, busy, or of a version that is not known; the text says which.
    Store(String),
    /// The usage store has a value that flowbook does not write.
    DamagedValue {
        /// The table.
        table: String,
        /// The column; of several together, how they are computed.
        column: String,
        /// The value as it is shown: never all of a long one.
        value: String,
    },
    /// A law of the program is violated: always a defect of flowbook itself.
    Defect(String),
}

impl Error {
    /// An error of `kind` without a place.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner { kind, place: None, line: None, cause: None, then: None }))
    }

    /// Shorthand for [`ErrorKind::Usage`].
    #[must_use]
    pub fn usage(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage(text.into()))
    }

    /// Shorthand for [`ErrorKind::Damaged`].
    #[must_use]
    pub fn damaged(fault: impl Into<Fault>) -> Self {
        Self::new(ErrorKind::Damaged(fault.into()))
    }

    /// A violated law of the program: see [`ErrorKind::Defect`].
    #[must_use]
    pub fn defect(text: impl Into<String>) -> Self {
        Self::new(ErrorKind::Defect(text.into()))
    }

    /// Keeps what led to the error, for [`std::error::Error::source`].
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause.get_or_insert_with(|| cause.into());
        self
    }

    /// Says also what failed when its consequences were dealt with, if that failed.
    #[must_use]
    pub fn then(mut self, next: Result<()>) -> Self {
        if let Err(next) = next {
            self.0.then.get_or_insert_with(|| next.to_string());
        }
        self
    }

    /// Wraps an I/O error with what was tried, to be used with `map_err`.
    pub fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::new(ErrorKind::Io(doing, source))
    }

    /// Names the file, unless a deeper place is known already.
    #[must_use]
    pub fn at(mut self, path: impl AsRef<Path>) -> Self {
        self.0.place.get_or_insert_with(|| visible::path(path.as_ref()));
        self
    }

    /// Names the line (from 1), unless a deeper place is known already.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.0.line.get_or_insert(line);
        self
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Where it happened, as it is shown.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// The message without its place: for lists that name the place in a column of its own.
    #[must_use]
    pub fn message(&self) -> String {
        self.0.kind.to_string()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(doing, source) => write!(f, "{doing}: {}", plain(source)),
            Self::Damaged(fault) => fault.fmt(f),
            Self::NoLog(text) | Self::Overflow(text) | Self::Usage(text) | Self::Store(text) => {
                f.write_str(text)
            }
            Self::Refused(refusal) => refusal.fmt(f),
            Self::DamagedValue { table, column, value } => write!(
                f,
                "the store holds a value that flowbook does not write: {table}.{column} is {value}; flowbook store check \
                 names all of them: restore a copy of the store, or remove it and ingest the logs again"
            ),
            Self::Defect(text) => write!(f, "a defect of flowbook, please report it: {text}"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(f, "{place}: ")?;
        }
        if let Some(line) = self.0.line {
            write!(f, "line {line}: ")?;
        }
        self.0.kind.fmt(f)?;
        match &self.0.then {
            Some(then) => write!(f, "; then {then}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match (&self.0.kind, &self.0.cause) {
            (_, Some(cause)) => Some(cause.as_ref()),
            (ErrorKind::Io(_, source), None) => Some(source),
            _ => None,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(ErrorKind::Refused(refusal))
    }
}

/// An error of the system, in words that say what to do about it if there are any; else in the system's own words.
#[must_use]
pub fn plain(error: &io::Error) -> String {
    let known = match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full",
        io::ErrorKind::QuotaExceeded => "your share of the disk is used up",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::AlreadyExists => "a file of this name is there already",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only",
        io::ErrorKind::FileTooLarge => "the file grows larger than is allowed here",
        io::ErrorKind::InvalidFilename => "the name is too long, or not possible here",
        io::ErrorKind::StaleNetworkFileHandle => "the network drive has lost the file",
        io::ErrorKind::TimedOut => "the drive does not answer",
        io::ErrorKind::OutOfMemory => "there is not enough memory",
        _ => return uncommon(error),
    };
    known.to_owned()
}

/// What the standard library has no kind for.
fn uncommon(error: &io::Error) -> String {
    match error.raw_os_error() {
        // EIO, EMFILE and ENFILE have these numbers on every Unix.
        #[cfg(unix)]
        Some(5) => "the disk failed (input/output error)".to_owned(),
        #[cfg(unix)]
        Some(23 | 24) => "too many files are open; raise the limit (ulimit -n)".to_owned(),
        Some(number) => error.to_string().replace(&format!(" (os error {number})"), ""),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_the_system_refuses_is_said_in_plain_words() {
        for (number, text) in [
            (28, "the disk is full"),
            (13, "permission denied"),
            (2, "there is no such file or folder"),
            (21, "it is a folder"),
            (24, "too many files are open; raise the limit (ulimit -n)"),
            (5, "the disk failed (input/output error)"),
            (6, "No such device or address"),
        ] {
            let error = Error::io("cannot write")(io::Error::from_raw_os_error(number));
            assert_eq!(error.to_string(), format!("cannot write: {text}"));
        }
        assert_eq!(plain(&io::Error::other("gone")), "gone");
    }

    #[test]
    fn what_led_to_an_error_is_kept() {
        use std::error::Error as _;
        let error = Error::io("cannot write")(io::Error::other("gone"));
        assert_eq!(error.source().unwrap().to_string(), "gone");
        let outer = Error::usage("no store").caused_by(error).caused_by("later");
        assert_eq!(outer.source().unwrap().to_string(), "cannot write: gone");
        assert_eq!(outer.source().unwrap().source().unwrap().to_string(), "gone");
        assert!(Error::usage("alone").source().is_none());
    }

    #[test]
    fn innermost_place_wins_and_the_error_is_one_word() {
        let error = Error::damaged("gzip stream ends early").at("a.gz").line(7).at("outer").line(9);
        assert_eq!(error.to_string(), "a.gz: line 7: gzip stream ends early");
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
