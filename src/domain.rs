//! Domain names: the only normaliser, and the patterns and sets that say which domains are meant.

use std::{borrow::Borrow, collections::BTreeSet, fmt};

/// Longest domain name, in bytes (RFC 1035).
pub const MAX_LEN: usize = 253;

/// A normalised domain: lower case, without port and trailing dot, 1 to 253 visible ASCII bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Box<str>);

impl Domain {
    /// Normalises `raw`; `None` when nothing valid is left.
    #[must_use]
    pub fn new(raw: &[u8]) -> Option<Self> {
        normalize(raw, &mut [0; MAX_LEN]).map(|name| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Domain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes the normal form of `raw` into `out` and lends it; `None` when it is empty, too long or holds
/// anything but visible ASCII. Normalising twice changes nothing.
pub fn normalize<'a>(raw: &[u8], out: &'a mut [u8; MAX_LEN]) -> Option<&'a str> {
    let name = bare(raw);
    if name.is_empty() || name.len() > MAX_LEN || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let out = &mut out[..name.len()];
    out.copy_from_slice(name);
    out.make_ascii_lowercase();
    std::str::from_utf8(out).ok()
}

/// `raw` without port and trailing dots, until neither is left.
fn bare(mut raw: &[u8]) -> &[u8] {
    loop {
        if let Some(rest) = raw.strip_suffix(b".") {
            raw = rest;
        } else if let Some(colon) = port_colon(raw) {
            raw = &raw[..colon];
        } else {
            return raw;
        }
    }
}

/// Where a port begins: the only colon outside brackets, with nothing but digits after it.
fn port_colon(raw: &[u8]) -> Option<usize> {
    let colon = raw.iter().rposition(|b| !b.is_ascii_digit())?;
    let (host, rest) = raw.split_at(colon);
    (rest[0] == b':' && (host.ends_with(b"]") || !host.contains(&b':'))).then_some(colon)
}

/// A domain by name, or all subdomains of one (`*.example.com`, which does not hold `example.com`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This domain.
    Exact(Domain),
    /// Every domain that ends in this text, which begins with a dot.
    Subdomains(Box<str>),
}

impl Pattern {
    /// Reads a domain name or `*.` and a domain name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains('*') {
            let parent = Domain::new(text.strip_prefix("*.")?.as_bytes())?;
            return (!parent.as_str().contains('*')).then(|| Self::Subdomains(format!(".{parent}").into()));
        }
        Domain::new(text.as_bytes()).map(Self::Exact)
    }
}

/// The text that stands for every domain.
const ALL: &str = "*";

/// A set of domains: named ones, subdomains, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainSet {
    all: bool,
    exact: BTreeSet<Domain>,
    suffixes: Vec<Box<str>>,
}

impl DomainSet {
    /// The set that holds every domain.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether it is [`DomainSet::all`].
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.all
    }

    /// Whether the set holds the normalised name `domain`.
    #[must_use]
    pub fn contains(&self, domain: &str) -> bool {
        self.all
            || self.exact.contains(domain)
            || self.suffixes.iter().any(|s| domain.len() > s.len() && domain.ends_with(&**s))
    }

    /// The domains that the set names one by one, in order.
    pub fn named(&self) -> impl Iterator<Item = &Domain> {
        self.exact.iter()
    }

    /// The set as texts that [`DomainSet::from_texts`] reads: `*` for all domains, else names and `*.` with a name.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        if self.all {
            return vec![ALL.into()];
        }
        let exact = self.exact.iter().map(ToString::to_string);
        exact.chain(self.suffixes.iter().map(|suffix| format!("*{suffix}"))).collect()
    }

    /// The set that [`DomainSet::texts`] wrote; `None` when a text is no pattern.
    #[must_use]
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut set = Self::default();
        for text in texts {
            match text {
                ALL => set.all = true,
                text => set.insert(Pattern::parse(text)?),
            }
        }
        Some(set)
    }

    fn insert(&mut self, pattern: Pattern) {
        match pattern {
            Pattern::Exact(domain) => drop(self.exact.insert(domain)),
            Pattern::Subdomains(suffix) => self.suffixes.push(suffix),
        }
    }

    /// Whether everything `pattern` stands for lies in the set.
    #[must_use]
    pub fn covers(&self, pattern: &Pattern) -> bool {
        match pattern {
            Pattern::Exact(domain) => self.contains(domain.as_str()),
            Pattern::Subdomains(suffix) => self.all || self.suffixes.iter().any(|s| suffix.ends_with(&**s)),
        }
    }
}

impl FromIterator<Pattern> for DomainSet {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let mut set = Self::default();
        patterns.into_iter().for_each(|pattern| set.insert(pattern));
        set
    }
}

/// The domains of an export: those that are wanted, as far as they are the account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The account's domains; [`DomainSet::all`] where every domain in the logs is.
    pub account: DomainSet,
    /// The domains asked for.
    pub wanted: DomainSet,
}

impl Selection {
    /// Whether lines of `domain` count.
    #[must_use]
    pub fn contains(&self, domain: &str) -> bool {
        self.wanted.contains(domain) && self.account.contains(domain)
    }

    /// Every domain to export, sorted: those named anywhere, present or not, and those `found` in the data.
    pub fn resolve<'a>(&'a self, found: impl Iterator<Item = &'a Domain>) -> Vec<Domain> {
        let all = self.wanted.named().chain(self.account.named()).chain(found);
        let chosen: BTreeSet<&Domain> = all.filter(|d| self.contains(d.as_str())).collect();
        chosen.into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn norm(raw: &str) -> Option<String> {
        Domain::new(raw.as_bytes()).map(|d| d.to_string())
    }

    #[test]
    fn normal_form() {
        for (raw, expected) in [
            ("WWW.Example.COM", "www.example.com"),
            ("a.com:8080", "a.com"),
            ("a.com.", "a.com"),
            ("a.com.:80", "a.com"),
            ("a.com:", "a.com"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("2001:db8::1", "2001:db8::1"),
            ("10.0.0.1:80", "10.0.0.1"),
            ("8080", "8080"),
        ] {
            assert_eq!(norm(raw).as_deref(), Some(expected), "{raw}");
        }
        for wrong in ["", ".", ":80", "a b", "a\u{7f}", "ex\u{e4}mple.com", &"a".repeat(254)] {
            assert_eq!(norm(wrong), None, "{wrong}");
        }
        assert!(norm(&"a".repeat(253)).is_some());
    }

    #[test]
    fn sets_hold_names_and_subdomains() {
        let set: DomainSet =
            ["A.example.com", "*.cdn.example.com"].into_iter().filter_map(Pattern::parse).collect();
        assert!(set.contains("a.example.com") && set.contains("x.y.cdn.example.com"));
        assert!(!set.contains("cdn.example.com") && !set.contains("xcdn.example.com"));
        assert!(set.covers(&Pattern::parse("*.eu.cdn.example.com").unwrap()));
        assert!(!set.covers(&Pattern::parse("*.example.com").unwrap()));
        assert_eq!(Pattern::parse("a.*.com"), None);
        assert_eq!(Pattern::parse("*."), None);
    }

    #[test]
    fn sets_are_read_as_they_are_written() {
        for texts in [&["*"][..], &[], &["a.com", "b.com", "*.a.com"], &["*.x.org", "*.b.org"]] {
            let set = DomainSet::from_texts(texts.iter().copied()).unwrap();
            assert_eq!(set.texts(), texts);
        }
        assert_eq!(DomainSet::from_texts(["*"]), Some(DomainSet::all()));
        assert_eq!(DomainSet::from_texts(["a.com", "a b"]), None);
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(raw in "[a-zA-Z0-9.:\\[\\]]{0,12}") {
            if let Some(once) = norm(&raw) {
                prop_assert_eq!(norm(&once), Some(once));
            }
        }
    }
}
