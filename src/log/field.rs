//! From the values of a line to a record: what every described format has in common.

use super::stamp::{self, Minute};
use crate::domain::Domain;
use crate::record::{CacheResult, Fields, MAX_BYTES, Parsed, Protocol, Reason, Record};
use crate::region::Region;
use crate::time::Zone;

/// What a value of a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// When the request was made or answered; only the time of day where [`Role::Date`] is a field of its own.
    Time,
    /// The date, where the time of day is another field.
    Date,
    /// Bytes of the response.
    Bytes,
    /// Bytes of the response where [`Role::Bytes`] is missing.
    SpareBytes,
    /// The host, with its port perhaps.
    Host,
    /// The host where [`Role::Host`] is missing.
    SpareHost,
    /// The URL or only its path.
    Url,
    /// `METHOD URL PROTOCOL`.
    Request,
    /// A scheme: `http`, `https`, `ws`, `wss`, ...
    Scheme,
    /// What is there only of requests over TLS: its version, `on`, the port 443.
    Tls,
    /// The version of HTTP: `HTTP/2.0`, `h3`, ...
    Version,
    /// Whether the edge answered from its cache.
    Cache,
    /// The HTTP status.
    Status,
    /// What a line is an entry by: see [`Rules::only`].
    Kind,
}

/// Number of roles.
pub(super) const ROLES: usize = 14;

impl Role {
    /// Every role; the position is its index among the values of a line.
    pub const ALL: [Self; ROLES] = [
        Self::Time,
        Self::Date,
        Self::Bytes,
        Self::SpareBytes,
        Self::Host,
        Self::SpareHost,
        Self::Url,
        Self::Request,
        Self::Scheme,
        Self::Tls,
        Self::Version,
        Self::Cache,
        Self::Status,
        Self::Kind,
    ];
}

impl Role {
    /// What it is called in descriptions.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Date => "date",
            Self::Bytes | Self::SpareBytes => "bytes",
            Self::Host | Self::SpareHost => "host",
            Self::Url => "url",
            Self::Request => "request",
            Self::Scheme => "scheme",
            Self::Tls => "tls",
            Self::Version => "version",
            Self::Cache => "cache",
            Self::Status => "status",
            Self::Kind => "kind",
        }
    }

    /// The role of the value that makes a line be rejected for a reason.
    pub(super) const fn of_reason(reason: Reason) -> Option<Self> {
        match reason {
            Reason::BadTime => Some(Self::Time),
            Reason::BadSize | Reason::HugeSize => Some(Self::Bytes),
            Reason::BadStatus => Some(Self::Status),
            _ => None,
        }
    }
}

/// The values of a line, by their roles.
pub(super) type Values<'a> = [Option<&'a [u8]>; ROLES];

/// What the values of lines mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The zone of times that tell none.
    pub zone: Zone,
    /// Lower case words that a cache result begins with where the edge answered from its cache.
    pub hits: Vec<Vec<u8>>,
    /// Values of [`Role::Kind`] that make an entry of a line; any, if there are none.
    pub only: Vec<Vec<u8>>,
    /// Whether a request without a value of [`Role::Tls`] was one over HTTP; else nothing is known of it.
    pub is_http_without_tls: bool,
    /// Whether a line without bytes is rejected; else it counts as one of no bytes.
    pub rejects_missing_bytes: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let hits = ["hit", "tcp_hit", "tcp_mem_hit", "stale", "updating", "revalidated"];
        Self {
            zone: Zone::UTC,
            hits: hits.map(|hit| hit.as_bytes().to_owned()).into(),
            only: Vec::new(),
            is_http_without_tls: false,
            rejects_missing_bytes: false,
        }
    }
}

/// A value that says something.
#[inline]
fn said(value: Option<&[u8]>) -> Option<&[u8]> {
    value.filter(|value| !matches!(value, [] | [b'-']))
}

impl Rules {
    /// What a line says.
    #[inline]
    pub(super) fn record<'a>(&self, values: &Values<'a>, minute: &mut Minute) -> Parsed<'a> {
        let of = |role: Role| values[role as usize];
        if !self.only.is_empty() {
            let kind = of(Role::Kind).ok_or(Reason::BadShape)?;
            if !self.only.iter().any(|only| only == kind) {
                return Ok(None);
            }
        }
        let time = of(Role::Time).unwrap_or_default();
        let time = match of(Role::Date) {
            None => minute.time(time, |local| self.zone.instant_of_local(local)),
            Some(date) => stamp::read_two(date, time).map(|stamp| self.zone.instant_of_local(stamp.seconds)),
        };
        let time = time.ok_or(Reason::BadTime)?;
        let (mut scheme, mut version) = (of(Role::Scheme), of(Role::Version));
        let mut url = of(Role::Url);
        if let Some(request) = of(Role::Request) {
            let (target, protocol) = split_request(request);
            url = url.or(Some(target));
            version = version.or(protocol);
        }
        let mut host = said(of(Role::Host)).filter(|host| *host != b"_").or(said(of(Role::SpareHost)));
        if let Some((of_url, named)) = url.and_then(split_url) {
            scheme = said(scheme).or(Some(of_url));
            host = host.or(Some(named));
        }
        let tls = of(Role::Tls).or(self.is_http_without_tls.then_some(b""));
        let protocol = match (version, scheme, tls) {
            (Some(version), _, _) if is_quic(version) => Protocol::Quic,
            (_, Some(scheme), tls) => match protocol_of(scheme) {
                Protocol::Other => tls.map_or(Protocol::Other, protocol_of_tls),
                protocol => protocol,
            },
            (_, None, tls) => tls.map_or(Protocol::Other, protocol_of_tls),
        };
        let status = match of(Role::Status) {
            Some(status) => status_of(status)?,
            None => None,
        };
        let bytes = match said(of(Role::Bytes)).or_else(|| said(of(Role::SpareBytes))) {
            Some(bytes) => bytes_of(bytes)?,
            None => None,
        };
        let bytes = match bytes {
            None if self.rejects_missing_bytes => return Err(Reason::BadSize),
            bytes => bytes.unwrap_or(0),
        };
        let cache = said(of(Role::Cache)).map_or(CacheResult::Unknown, |text| self.cache_of(text));
        Ok(Some(Record { time, host, bytes, protocol, status, cache, region: Region::Unspecified }))
    }

    fn cache_of(&self, text: &[u8]) -> CacheResult {
        let is_hit = |hit: &Vec<u8>| {
            text.get(..hit.len()).is_some_and(|head| head.eq_ignore_ascii_case(hit))
                && !text.get(hit.len()).is_some_and(u8::is_ascii_alphanumeric)
        };
        if self.hits.iter().any(is_hit) { CacheResult::Hit } else { CacheResult::Miss }
    }

    /// Whether values are what their roles have, as those of lines of another format that fit by chance are not.
    pub(super) fn are_plausible(values: &Values<'_>) -> bool {
        let of = |role: Role| said(values[role as usize]);
        let is_word = |text: &[u8]| text.first().is_some_and(u8::is_ascii_alphabetic);
        let is_version = |text: &[u8]| is_word(text) || text.contains(&b'.');
        // A host of one label is mostly a word of something else, such as a method.
        let is_name = |text: &[u8]| {
            text.contains(&b'.') || text.contains(&b':') || !text.iter().any(u8::is_ascii_uppercase)
        };
        let is_host = |text: &[u8]| is_name(text) && Domain::new(text).is_some();
        of(Role::Scheme).is_none_or(is_word)
            && of(Role::Cache).is_none_or(is_word)
            && of(Role::Version).is_none_or(is_version)
            && of(Role::Host).is_none_or(is_host)
            && of(Role::Status)
                .is_none_or(|status| matches!(status_of(status), Ok(None | Some(0 | 100..=999))))
    }

    /// What lines tell that have values of these roles.
    pub(super) fn fields(roles: impl Fn(Role) -> bool) -> Fields {
        use Role::{Cache, Host, Request, Scheme, SpareHost, Status, Tls, Url, Version};
        Fields {
            host: [Host, SpareHost, Url, Request].into_iter().any(&roles),
            protocol: [Scheme, Tls, Version].into_iter().any(&roles),
            status: roles(Status),
            cache: roles(Cache),
        }
    }
}

/// The URL of a request, and the version of HTTP behind it.
#[inline]
fn split_request(request: &[u8]) -> (&[u8], Option<&[u8]>) {
    let target = memchr::memchr(b' ', request).map_or(&[][..], |space| &request[space + 1..]);
    match memchr::memrchr(b' ', target) {
        Some(space) => (&target[..space], Some(&target[space + 1..])),
        None => (target, None),
    }
}

/// Scheme and host of a URL that has them.
#[inline]
fn split_url(url: &[u8]) -> Option<(&[u8], &[u8])> {
    if url.first() == Some(&b'/') {
        return None;
    }
    let scheme = url.iter().position(|b| !(b.is_ascii_alphanumeric() || b"+-.".contains(b)))?;
    let rest = url[scheme..].strip_prefix(b"://").filter(|_| scheme > 0)?;
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    Some((&url[..scheme], &rest[..end])).filter(|(_, host)| !host.is_empty() && host[0] != b':')
}

fn protocol_of(scheme: &[u8]) -> Protocol {
    let is = |word: &&[u8]| scheme.eq_ignore_ascii_case(word);
    if [&b"https"[..], b"wss", b"grpcs", b"h2"].iter().any(is) {
        Protocol::Https
    } else if [&b"http"[..], b"ws", b"grpc"].iter().any(is) {
        Protocol::Http
    } else if is(&&b"quic"[..]) || is_quic(scheme) {
        Protocol::Quic
    } else {
        Protocol::Other
    }
}

/// Of what is there only over TLS: a word that means no, or none, is a request without. Of a port only the two usual ones tell.
fn protocol_of_tls(value: &[u8]) -> Protocol {
    let is = |word: &&[u8]| value.eq_ignore_ascii_case(word);
    let is_not =
        [&b""[..], b"-", b"none", b"off", b"false", b"null", b"unknown", b"no", b"0", b"80"].iter().any(is);
    let is_port = value.iter().all(u8::is_ascii_digit);
    match value {
        _ if is_not => Protocol::Http,
        b"443" | b"1" => Protocol::Https,
        _ if is_port => Protocol::Other,
        _ => Protocol::Https,
    }
}

/// `HTTP/3`, `HTTP/3.0`, `h3`, `h3-29`, `hq` or `QUIC`.
#[inline]
fn is_quic(version: &[u8]) -> bool {
    let begins = |word: &[u8]| version.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    begins(b"http/3") || begins(b"h3") || begins(b"hq") || begins(b"quic")
}

/// Three digits; of a request without an answer nothing, `0` or `-1`.
#[inline]
fn status_of(text: &[u8]) -> Result<Option<u16>, Reason> {
    match *text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            let digit = |b: u8| u16::from(b - b'0');
            Ok(Some(digit(a) * 100 + digit(b) * 10 + digit(c)))
        }
        [] | [b'-' | b'0'] | [b'-', b'1'] => Ok(None),
        _ => Err(Reason::BadStatus),
    }
}

/// A number; nothing where the server says that it knows none: `-1`, `null`, `NULL`.
#[inline]
fn bytes_of(text: &[u8]) -> Result<Option<u64>, Reason> {
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        let is_nothing = text == b"-1" || text.eq_ignore_ascii_case(b"null");
        return if is_nothing { Ok(None) } else { Err(Reason::BadSize) };
    }
    let bytes = digits.iter().fold(0u64, |n, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')));
    if bytes > MAX_BYTES { Err(Reason::HugeSize) } else { Ok(Some(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_mean_what_servers_mean() {
        for (value, expected) in [
            ("443", Protocol::Https),
            ("80", Protocol::Http),
            // Either may be spoken there.
            ("8443", Protocol::Other),
            ("on", Protocol::Https),
            ("", Protocol::Http),
            ("none", Protocol::Http),
            ("TLSv1.3", Protocol::Https),
        ] {
            assert_eq!(protocol_of_tls(value.as_bytes()), expected, "{value:?}");
        }
        for version in ["HTTP/3", "HTTP/3.0", "h3", "h3-29", "hq", "QUIC"] {
            assert!(is_quic(version.as_bytes()), "{version}");
        }
        assert!(
            ["HTTP/1.1", "HTTP/2.0", "h2", "2.0.0.0", "-", ""].iter().all(|other| !is_quic(other.as_bytes()))
        );
        for (text, expected) in [
            ("0", Ok(Some(0))),
            ("+123", Ok(Some(123))),
            ("-1", Ok(None)),
            ("null", Ok(None)),
            ("12.5", Err(Reason::BadSize)),
            ("99999999999999999999999", Err(Reason::HugeSize)),
        ] {
            assert_eq!(bytes_of(text.as_bytes()), expected, "{text}");
        }
        for (text, expected) in
            [("200", Ok(Some(200))), ("000", Ok(Some(0))), ("-", Ok(None)), ("20x", Err(Reason::BadStatus))]
        {
            assert_eq!(status_of(text.as_bytes()), expected, "{text}");
        }
        // A word that only begins so is another one.
        let rules = Rules::default();
        for (text, expected) in
            [("HIT", CacheResult::Hit), ("hit-cluster", CacheResult::Hit), ("HITPASS", CacheResult::Miss)]
        {
            assert_eq!(rules.cache_of(text.as_bytes()), expected, "{text}");
        }
    }
}
