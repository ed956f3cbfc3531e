//! What the names in templates mean: the variables of nginx and the directives of Apache.

use crate::log::field::Role;

/// Whose template it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Nginx,
    Apache,
}

impl Dialect {
    pub(super) fn meaning(self, name: &str) -> Option<(Role, Value, usize)> {
        let table = match self {
            Self::Nginx => &VARIABLES[..],
            Self::Apache => &DIRECTIVES,
        };
        let place = table.iter().position(|(known, _)| *known == name)?;
        let (role, value) = table[place].1;
        Some((role, value, place))
    }

    /// What to add where no field has a role.
    pub(super) fn hint(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::Nginx, Role::Time) => "add $time_iso8601",
            (Self::Nginx, _) => "add $bytes_sent",
            (Self::Apache, Role::Time) => "add %t",
            (Self::Apache, _) => "add %O",
        }
    }

    /// A name as the template writes it.
    pub(super) fn written(self, name: &str) -> String {
        match self {
            Self::Nginx => format!("${name}"),
            Self::Apache => format!("%{name}"),
        }
    }
}

/// What a name means in the template of a server.
type Meaning = (Role, Value);

/// Which bytes a value never holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// No space: a number, a host, a word.
    Word,
    /// A time, which holds no `]` and no quote.
    Stamp,
    /// Anything.
    Text,
}

/// The variables of nginx that say something; of several with one role the first one here counts.
const VARIABLES: [(&str, Meaning); 23] = [
    ("msec", (Role::Time, Value::Word)),
    ("time_iso8601", (Role::Time, Value::Stamp)),
    ("time_local", (Role::Time, Value::Stamp)),
    ("host", (Role::Host, Value::Word)),
    ("http_host", (Role::Host, Value::Word)),
    ("server_name", (Role::Host, Value::Word)),
    ("ssl_server_name", (Role::Host, Value::Word)),
    ("bytes_sent", (Role::Bytes, Value::Word)),
    ("body_bytes_sent", (Role::Bytes, Value::Word)),
    ("status", (Role::Status, Value::Word)),
    ("request", (Role::Request, Value::Text)),
    ("request_uri", (Role::Url, Value::Text)),
    ("scheme", (Role::Scheme, Value::Word)),
    ("https", (Role::Tls, Value::Word)),
    ("ssl_protocol", (Role::Tls, Value::Word)),
    ("server_port", (Role::Tls, Value::Word)),
    ("http3", (Role::Version, Value::Word)),
    ("server_protocol", (Role::Version, Value::Word)),
    ("upstream_cache_status", (Role::Cache, Value::Word)),
    ("sent_http_x_cache", (Role::Cache, Value::Text)),
    ("sent_http_x_cache_status", (Role::Cache, Value::Text)),
    ("sent_http_cf_cache_status", (Role::Cache, Value::Text)),
    ("srcache_fetch_status", (Role::Cache, Value::Word)),
];

/// The same of the directives of Apache, without what stands between the percent sign and the letter but the argument.
const DIRECTIVES: [(&str, Meaning); 30] = [
    ("t", (Role::Time, Value::Stamp)),
    ("{sec}t", (Role::Time, Value::Word)),
    ("{msec}t", (Role::Time, Value::Word)),
    ("{usec}t", (Role::Time, Value::Word)),
    ("{begin:sec}t", (Role::Time, Value::Word)),
    ("{begin:msec}t", (Role::Time, Value::Word)),
    ("{begin:usec}t", (Role::Time, Value::Word)),
    ("{end:sec}t", (Role::Time, Value::Word)),
    ("{end:msec}t", (Role::Time, Value::Word)),
    ("{end:usec}t", (Role::Time, Value::Word)),
    ("{begin}t", (Role::Time, Value::Stamp)),
    ("{end}t", (Role::Time, Value::Stamp)),
    ("{host}i", (Role::Host, Value::Word)),
    ("V", (Role::Host, Value::Word)),
    ("v", (Role::Host, Value::Word)),
    ("O", (Role::Bytes, Value::Word)),
    ("B", (Role::Bytes, Value::Word)),
    ("b", (Role::Bytes, Value::Word)),
    ("s", (Role::Status, Value::Word)),
    ("r", (Role::Request, Value::Text)),
    ("U", (Role::Url, Value::Text)),
    ("{https}e", (Role::Tls, Value::Word)),
    ("{ssl_protocol}x", (Role::Tls, Value::Word)),
    ("{https}x", (Role::Tls, Value::Word)),
    ("p", (Role::Tls, Value::Word)),
    ("H", (Role::Version, Value::Word)),
    ("{x-cache}o", (Role::Cache, Value::Text)),
    ("{x-cache-status}o", (Role::Cache, Value::Text)),
    ("{varnish:hitmiss}x", (Role::Cache, Value::Word)),
    ("{varnish:handling}x", (Role::Cache, Value::Word)),
];

/// Names that say nothing, and hold no space: what stands in their place and holds one is no line of the template.
pub(super) const WORDS: [&str; 20] = [
    "remote_addr",
    "remote_port",
    "realip_remote_addr",
    "request_length",
    "request_time",
    "request_id",
    "request_method",
    "connection",
    "connection_requests",
    "pipe",
    "pid",
    "bytes_received",
    "h",
    "a",
    "l",
    "D",
    "T",
    "m",
    "I",
    "S",
];

/// Names of what begins with a slash, so that a host may stand right before it.
pub(super) const PATHS: [&str; 4] = ["request_uri", "uri", "document_uri", "U"];
