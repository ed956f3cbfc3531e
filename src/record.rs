//! The waist between log formats and usage: what one good line says ([`Record`]), or why it says nothing
//! ([`Reason`]).

use crate::region::Region;

/// A line of more bytes than this (its newline not counted, a carriage return counted) is rejected as
/// [`Reason::TooLong`].
pub const MAX_LINE: usize = 1 << 20;

/// Whether an entry may end after this number of quotes (those of referer, request and user agent, and perhaps of a
/// content type) and before this byte. There a carriage return ends the line; inside quotes it is what a client sent.
#[must_use]
pub const fn ends_entry(quotes: usize, next: u8) -> bool {
    quotes >= 6 && quotes.is_multiple_of(2) && next != b'"'
}
/// A response of more bytes than this (1 PiB) is rejected as [`Reason::HugeSize`].
pub const MAX_BYTES: u64 = 1 << 50;

/// How a request was made, as far as it is billed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// HTTP over QUIC.
    Quic,
    /// Another scheme, or a format without this information.
    Other,
}

impl Protocol {
    /// Every protocol; the position is the index into [`crate::usage::Usage::requests`].
    pub const ALL: [Self; 4] = [Self::Http, Self::Https, Self::Quic, Self::Other];
}

/// Whether the edge answered from its cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheResult {
    /// It did.
    Hit,
    /// It did not.
    Miss,
    /// The line does not say: does not count as a hit.
    Unknown,
}

/// What a figure needs of one request; borrows from the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Unix seconds, UTC, as logged.
    pub time: i64,
    /// The host as written, not yet normalised; `None` if the line has none: then the domain of its source is used.
    pub host: Option<&'a [u8]>,
    /// Response bytes as logged, at most [`MAX_BYTES`].
    pub bytes: u64,
    /// How the request was made.
    pub protocol: Protocol,
    /// HTTP status, 0 to 999; `None` if the line has none: does not count as an error.
    pub status: Option<u16>,
    /// Whether the edge answered from its cache.
    pub cache: CacheResult,
    /// The billing region, where the format knows it.
    pub region: Region,
}

/// What a line is: a record; `None` if it is not an entry by the rules of its format, such as a comment or a header; or
/// the reason why it was rejected.
pub type Parsed<'a> = Result<Option<Record<'a>>, Reason>;

/// The fields that the lines of a source have, besides time and bytes. A figure of a field that they do not have is
/// unknown, whatever was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one field whether it is there")]
pub struct Fields {
    /// The host.
    pub host: bool,
    /// How the request was made.
    pub protocol: bool,
    /// The status.
    pub status: bool,
    /// The cache result.
    pub cache: bool,
}

/// Why a line was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Longer than [`MAX_LINE`].
    TooLong,
    /// No readable time stamp, or a date or time that does not exist.
    BadTime,
    /// No request (`"METHOD URL"`) where the format has one.
    BadRequest,
    /// The status is not three digits.
    BadStatus,
    /// The response size is blank or not a number.
    BadSize,
    /// The response size is above [`MAX_BYTES`].
    HugeSize,
    /// The cache result is missing or not understood.
    BadCache,
    /// The host is not a valid domain.
    BadDomain,
    /// The line has no host and its source has no domain.
    NoDomain,
    /// Another entry begins within the line, and it is not certain where.
    Welded,
    /// The line can be read in more than one way: what a client sent imitates a request.
    Ambiguous,
    /// The line does not have the fields that the description of its format says.
    BadShape,
}

impl Reason {
    /// Every reason; the position is its index in counts.
    pub const ALL: [Self; 12] = [
        Self::TooLong,
        Self::BadTime,
        Self::BadRequest,
        Self::BadStatus,
        Self::BadSize,
        Self::HugeSize,
        Self::BadCache,
        Self::BadDomain,
        Self::NoDomain,
        Self::Welded,
        Self::Ambiguous,
        Self::BadShape,
    ];

    /// The spelling in machine-readable output.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::BadTime => "bad_time",
            Self::BadRequest => "bad_request",
            Self::BadStatus => "bad_status",
            Self::BadSize => "bad_size",
            Self::HugeSize => "huge_size",
            Self::BadCache => "bad_cache",
            Self::BadDomain => "bad_domain",
            Self::NoDomain => "no_domain",
            Self::Welded => "welded",
            Self::Ambiguous => "ambiguous",
            Self::BadShape => "bad_shape",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_indices() {
        assert!(Reason::ALL.iter().enumerate().all(|(i, r)| *r as usize == i));
        assert!(Protocol::ALL.iter().enumerate().all(|(i, p)| *p as usize == i));
    }
}
