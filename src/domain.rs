//! Domain names: the only normaliser, and the patterns and sets that say which domains are meant. The only file that
//! names idna.

use crate::spelling::nearest;
use memchr::memrchr;
use std::net::Ipv6Addr;
use std::{borrow::Borrow, collections::BTreeMap, collections::BTreeSet, fmt, sync::Arc};

/// Longest domain name, in bytes (RFC 1035).
pub const MAX_LEN: usize = 253;
/// Longest label of a domain name, in bytes (RFC 1035).
const MAX_LABEL: usize = 63;

/// A normalised domain: lower case ASCII, without user info, port and trailing dot, 1 to 253 bytes. Copies share the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Normalises `raw`; `None` when nothing valid is left.
    #[must_use]
    pub fn new(raw: &[u8]) -> Option<Self> {
        normalize(raw, &mut [0; MAX_LEN]).map(|name| Self(name.into()))
    }

    /// What stands for the subdomains of a domain, where it is not known which one is meant: `*` and a dot before the name.
    /// No host has such a name. `suffix` begins with the dot.
    #[must_use]
    pub fn wildcard(suffix: &str) -> Self {
        Self(format!("*{suffix}").into())
    }

    /// A domain or a wildcard, as it was written by [`Domain::as_str`].
    #[must_use]
    pub fn written(text: &[u8]) -> Option<Self> {
        match text.strip_prefix(b"*.") {
            Some(parent) => Self::new(parent).map(|parent| Self::wildcard(&format!(".{parent}"))),
            None => Self::new(text),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a [wildcard](Domain::wildcard).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with('*')
    }

    /// Whether it is a wildcard that another domain is within, be it a wildcard as well.
    #[must_use]
    pub fn is_wildcard_of(&self, other: &Self) -> bool {
        let suffix = self.0.strip_prefix('*');
        suffix.is_some_and(|suffix| other.0.len() > suffix.len() && other.0.ends_with(suffix))
    }
}

impl Borrow<str> for Domain {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Domain {
    fn as_ref(&self) -> &str {
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

/// Writes the normal form of `raw` into `out` and returns it. `None` if `raw` is not a domain: it is empty, longer than
/// [`MAX_LEN`], or neither an address nor labels of letters, digits, `-` and `_`, each of 1 to 63 bytes. User info is
/// left out, and other scripts become Punycode (`xn--`, UTS 46). Normalising twice changes nothing.
pub fn normalize<'a>(raw: &[u8], out: &'a mut [u8; MAX_LEN]) -> Option<&'a str> {
    let name = bare(&raw[memrchr(b'@', raw).map_or(0, |at| at + 1)..]);
    let punycode;
    let name = if name.is_ascii() {
        name
    } else {
        punycode = idna::domain_to_ascii(std::str::from_utf8(name).ok()?).ok()?;
        bare(punycode.as_bytes())
    };
    let out = out.get_mut(..name.len())?;
    out.copy_from_slice(name);
    out.make_ascii_lowercase();
    std::str::from_utf8(out).ok().filter(|name| is_address(name) || name.split('.').all(is_label))
}

/// Whether a text is an IPv6 address, in brackets or not. One of IPv4 has the shape of a name.
fn is_address(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse::<Ipv6Addr>().is_ok()
}

fn is_label(label: &str) -> bool {
    let is_fit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    matches!(label.len(), 1..=MAX_LABEL) && label.bytes().all(is_fit)
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

/// A domain by name, or all subdomains of one (`*.example.com` or `.example.com`, which do not include `example.com`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This domain.
    Exact(Domain),
    /// Every domain that ends in this text, which begins with a dot.
    Subdomains(Box<str>),
}

impl Pattern {
    /// What to give where a domain is wanted.
    pub const EXPECTED: &str =
        "give a domain name like www.example.com, or *.example.com for all of its subdomains";

    /// Reads a domain name; or, for its subdomains, `*.` or (as the vendor writes it) `.` and a domain name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(parent) = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')) {
            return named(parent).map(|parent| Self::Subdomains(format!(".{parent}").into()));
        }
        named(text).map(Self::Exact)
    }

    /// Whether it matches the normalised name `domain`.
    #[must_use]
    pub fn matches(&self, domain: &str) -> bool {
        match self {
            Self::Exact(exact) => exact.as_str() == domain,
            Self::Subdomains(suffix) => domain.len() > suffix.len() && domain.ends_with(&**suffix),
        }
    }

    /// Whether it stands for a domain, or for some of the hosts of one that [`Folds`] gave.
    fn stands_for(&self, domain: &Domain) -> bool {
        let folded = domain.as_str().strip_prefix('*');
        let is_within = |folded: &str| matches!(self, Self::Subdomains(suffix) if suffix.ends_with(folded));
        self.matches(domain.as_str()) || folded.is_some_and(is_within)
    }

    /// The known domain nearest to this one, if one is near; the wildcard over its own subdomains where only these are
    /// known; for a wildcard, the nearest wildcard that matches a known domain.
    pub fn nearest<'a>(&self, known: impl Iterator<Item = &'a str>) -> Option<String> {
        let suffix = match self {
            Self::Exact(domain) => {
                let known: Vec<&str> = known.collect();
                let below = Self::Subdomains(format!(".{domain}").into());
                // Nothing in these names is misspelt.
                let has_below = known.iter().any(|name| below.matches(name));
                return if has_below {
                    Some(format!("*.{domain}"))
                } else {
                    nearest(domain.as_str(), known).map(String::from)
                };
            }
            Self::Subdomains(suffix) => suffix,
        };
        let parents = |name: &'a str| name.match_indices('.').map(|(dot, _)| &name[dot..]);
        // A wildcard over a whole top-level domain is hardly meant.
        let parents: BTreeSet<&str> =
            known.flat_map(parents).filter(|parent| parent[1..].contains('.')).collect();
        nearest(suffix, parents).map(|parent| format!("*{parent}"))
    }

    /// Whether a text is a list of domains that something else than commas separates.
    fn are_several(text: &str) -> bool {
        let is_between = |c: char| c.is_whitespace() || matches!(c, ';' | '|');
        let mut names = text.split(is_between).filter(|name| !name.is_empty()).peekable();
        text.trim().contains(is_between)
            && names.peek().is_some()
            && names.all(|name| name.contains('.') && Self::parse(name).is_some())
    }

    /// Why a text is not a pattern, and what to give instead.
    #[must_use]
    pub fn mistake(text: &str) -> String {
        let authority = text.split_once("://").map_or(text, |(_, rest)| rest);
        let host = authority.split(['/', '?', '#']).next().unwrap_or_default();
        match Domain::new(host.as_bytes()) {
            Some(domain) if host != text || text.contains('@') => {
                format!("{text:?} is not a domain name but a URL or part of one; give {domain}")
            }
            _ if Self::are_several(text) => {
                format!("{text:?} is not a domain name but several; separate domains with commas")
            }
            _ => format!("{text:?} is not a domain name; {}", Self::EXPECTED),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(domain) => domain.fmt(f),
            Self::Subdomains(suffix) => write!(f, "*{suffix}"),
        }
    }
}

/// A domain as a person names it, who means no user by it.
fn named(text: &str) -> Option<Domain> {
    if text.contains('@') { None } else { Domain::new(text.as_bytes()) }
}

/// The wildcard that matches most of the names, and how many, if that is more than one; of several the longest. A
/// wildcard over a whole top-level domain is hardly meant, and addresses have no parent.
pub fn widest<'a>(names: impl Iterator<Item = &'a str>) -> Option<(Pattern, usize)> {
    let is_address = |name: &str| name.ends_with(|c: char| c.is_ascii_digit() || c == ']');
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.filter(|name| !name.starts_with('*') && !is_address(name)) {
        let parents = name.match_indices('.').map(|(dot, _)| &name[dot..]);
        parents
            .filter(|parent| parent[1..].contains('.'))
            .for_each(|parent| *counts.entry(parent).or_default() += 1);
    }
    let widest = counts.into_iter().max_by_key(|(parent, count)| (*count, parent.len()))?;
    (widest.1 > 1).then(|| (Pattern::Subdomains(widest.0.into()), widest.1))
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
    /// The set of every domain.
    #[must_use]
    pub fn all() -> Self {
        Self { all: true, ..Self::default() }
    }

    /// Whether it is [`DomainSet::all`].
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.all
    }

    /// Whether the set has the normalised name `domain`.
    #[must_use]
    pub fn contains(&self, domain: &str) -> bool {
        self.all
            || self.exact.contains(domain)
            || self.suffixes.iter().any(|s| domain.len() > s.len() && domain.ends_with(&**s))
    }

    /// Whether the set has, or may have, a domain that `pattern` matches.
    #[must_use]
    pub fn may_hold(&self, pattern: &Pattern) -> bool {
        let is_below = |name: &str, suffix: &str| name.len() > suffix.len() && name.ends_with(suffix);
        match pattern {
            Pattern::Exact(domain) => self.contains(domain.as_str()),
            Pattern::Subdomains(suffix) => {
                let is_near = |s: &str| s.ends_with(&**suffix) || suffix.ends_with(s);
                let has_one = || self.exact.iter().any(|domain| is_below(domain.as_str(), suffix));
                self.all || self.suffixes.iter().any(|s| is_near(s)) || has_one()
            }
        }
    }

    /// The domains that the set names one by one, in order.
    pub fn named(&self) -> impl Iterator<Item = &Domain> {
        self.exact.iter()
    }

    /// The wildcards of the set, in the order in which they were given.
    pub fn wildcards(&self) -> impl Iterator<Item = Pattern> {
        self.suffixes.iter().map(|suffix| Pattern::Subdomains(suffix.clone()))
    }

    /// The domains and wildcards that the set was made of.
    pub fn patterns(&self) -> impl Iterator<Item = Pattern> {
        self.exact.iter().cloned().map(Pattern::Exact).chain(self.wildcards())
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

    /// The set that [`DomainSet::texts`] wrote; `None` if a text is not a pattern.
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

    /// Whether everything that `pattern` matches is in the set.
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
    /// The requested domains.
    pub wanted: DomainSet,
}

impl Selection {
    /// Whether lines of `domain` count.
    #[must_use]
    pub fn contains(&self, domain: &str) -> bool {
        self.wanted.contains(domain) && self.account.contains(domain)
    }

    /// Whether every domain counts.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.wanted.is_all() && self.account.is_all()
    }

    /// Whether lines of a domain that `pattern` matches may count.
    #[must_use]
    pub fn may_hold(&self, pattern: &Pattern) -> bool {
        self.wanted.may_hold(pattern) && self.account.may_hold(pattern)
    }

    /// Whether a domain is named, be it there or not.
    #[must_use]
    pub fn names(&self, domain: &Domain) -> bool {
        self.wanted.exact.contains(domain) || self.account.exact.contains(domain)
    }

    /// The requested wildcards that match none of the `domains` of an export.
    pub fn idle_wildcards<'a>(&self, domains: impl Iterator<Item = &'a Domain>) -> Vec<Pattern> {
        let mut idle: Vec<Pattern> = self.wanted.wildcards().collect();
        domains.for_each(|domain| idle.retain(|wildcard| !wildcard.stands_for(domain)));
        idle
    }

    /// Every domain to export, sorted: those named anywhere, present or not, and those `found` in the data.
    pub fn resolve<'a>(&'a self, found: impl Iterator<Item = &'a Domain>) -> Vec<Domain> {
        let all = self.wanted.named().chain(self.account.named()).chain(found);
        let chosen: BTreeSet<&Domain> = all.filter(|d| self.contains(d.as_str())).collect();
        chosen.into_iter().cloned().collect()
    }
}

/// Wildcards whose hosts count as one domain each, named like the wildcard: `*.img.example.com`. Hosts that are
/// requested by name are not folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds {
    /// What the names of hosts end in, and the domain that they count as; the longest first.
    folds: Vec<(Box<str>, Domain)>,
    named: BTreeSet<Domain>,
}

impl Folds {
    /// The wildcards among `patterns`, for an export of a selection.
    #[must_use]
    pub fn new(patterns: &[Pattern], selection: &Selection) -> Self {
        let suffix = |pattern: &Pattern| match pattern {
            Pattern::Subdomains(suffix) => Some(suffix.clone()),
            Pattern::Exact(_) => None,
        };
        let mut suffixes: Vec<Box<str>> = patterns.iter().filter_map(suffix).collect();
        suffixes.sort_by(|a, b| (b.len(), a).cmp(&(a.len(), b)));
        suffixes.dedup();
        let folds: Vec<_> =
            suffixes.into_iter().map(|suffix| (suffix.clone(), Domain::wildcard(&suffix))).collect();
        let named = if folds.is_empty() { BTreeSet::new() } else { selection.wanted.exact.clone() };
        Self { folds, named }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.folds.is_empty()
    }

    /// The domain that a domain counts as, if not as itself: the longest wildcard that matches it.
    #[must_use]
    pub fn of(&self, domain: &str) -> Option<&Domain> {
        let stands = |suffix: &str| domain.len() > suffix.len() && domain.ends_with(suffix);
        let (_, folded) = self.folds.iter().find(|(suffix, _)| stands(suffix))?;
        (!self.named.contains(domain)).then_some(folded)
    }

    /// Whether a domain in the name of a log counts as another one and needs logs of its own: not if it is not certain
    /// that the name is that of a host.
    #[must_use]
    pub fn is_own_host(&self, domain: &Domain) -> bool {
        self.of(domain.as_str()).is_some() && !domain.as_str().contains('_')
    }

    /// What a domain counts as.
    #[must_use]
    pub fn folded<'a>(&'a self, domain: &'a Domain) -> &'a Domain {
        self.of(domain.as_str()).unwrap_or(domain)
    }

    /// Whether a domain is one of those that hosts count as.
    #[must_use]
    pub fn gives(&self, domain: &Domain) -> bool {
        self.folds.iter().any(|(_, folded)| folded == domain)
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
        let long = |labels: usize| vec!["a".repeat(62); labels].join(".");
        for wrong in [
            "",
            ".",
            ":80",
            "a b",
            "a\u{7f}",
            "a..com",
            ".a.com",
            "*.a.com",
            "a,b.com",
            "a:80:90",
            "[]",
            "[a.com]",
            "[::1",
            "user@",
            "\u{200b}",
            &format!("{}.com", "a".repeat(64)),
            &format!("{}.abc", long(4)),
        ] {
            assert_eq!(norm(wrong), None, "{wrong}");
        }
        assert!(norm(&"a".repeat(63)).is_some() && norm(&format!("{}.ab", long(4))).is_none());
        assert!(norm(&format!("{}.a", long(4))).is_some(), "253 bytes");
    }

    #[test]
    fn users_are_left_out_and_scripts_become_punycode() {
        for (raw, expected) in [
            ("user:secret@www.example.com:80", "www.example.com"),
            ("a@b@C.com", "c.com"),
            ("user@[::1]:80", "[::1]"),
            ("b\u{fc}cher.example.com", "xn--bcher-kva.example.com"),
            ("B\u{dc}CHER.example.com.:80", "xn--bcher-kva.example.com"),
            ("\u{4e2d}\u{6587}.example.com", "xn--fiq228c.example.com"),
            ("\u{4e2d}\u{6587}\u{3002}example\u{ff0e}com", "xn--fiq228c.example.com"),
            ("XN--fiq228c.example.com", "xn--fiq228c.example.com"),
        ] {
            assert_eq!(norm(raw).as_deref(), Some(expected), "{raw}");
        }
        assert_eq!(Domain::new(b"\xd6\xd0\xce\xc4.example.com"), None, "GBK tells no characters");
    }

    #[test]
    fn mistakes_say_what_to_give() {
        for (text, expected) in [
            ("https://www.example.com/", "give www.example.com"),
            ("www.example.com/a?b", "give www.example.com"),
            ("https://user:secret@www.example.com:80/", "give www.example.com"),
            ("user@www.example.com", "give www.example.com"),
            ("a b.com", "give a domain name like"),
            ("a.com b.com", "separate domains with commas"),
            ("a.com;*.b.com", "separate domains with commas"),
            ("a.com|b.com\n", "separate domains with commas"),
            ("a.com /b", "give a domain name like"),
            ("http://", "give a domain name like"),
        ] {
            assert_eq!(Pattern::parse(text), None, "{text}");
            assert!(Pattern::mistake(text).contains(expected), "{}", Pattern::mistake(text));
        }
    }

    #[test]
    fn sets_hold_names_and_subdomains() {
        let set: DomainSet =
            ["A.example.com", "*.cdn.example.com"].into_iter().filter_map(Pattern::parse).collect();
        assert!(set.contains("a.example.com") && set.contains("x.y.cdn.example.com"));
        assert!(!set.contains("cdn.example.com") && !set.contains("xcdn.example.com"));
        assert!(set.covers(&Pattern::parse("*.eu.cdn.example.com").unwrap()));
        assert!(!set.covers(&Pattern::parse("*.example.com").unwrap()));
        assert_eq!(Pattern::parse(".Cdn.example.com"), Pattern::parse("*.cdn.example.com"));
        assert_eq!(Pattern::parse("a.*.com"), None);
        assert_eq!(Pattern::parse("..a.com"), None);
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

    #[test]
    fn wildcards_that_stand_for_no_domain_are_told() {
        let wanted =
            ["a.com", "*.a.com", "*.b.com", "*.com"].into_iter().filter_map(Pattern::parse).collect();
        let selection = Selection { account: DomainSet::all(), wanted };
        let found = ["a.com", "x.a.com"].map(|name| Domain::new(name.as_bytes()).unwrap());
        let idle = selection.idle_wildcards(found.iter());
        assert_eq!(idle.iter().map(ToString::to_string).collect::<Vec<_>>(), ["*.b.com"]);
    }

    #[test]
    fn the_widest_wildcard_stands_for_most_names() {
        for (names, expected) in [
            (&["a.img.x.com", "b.img.x.com", "c.img.x.com", "www.x.com"][..], Some(("*.x.com", 4))),
            (&["a.img.x.com", "b.img.x.com", "c.y.org"], Some(("*.img.x.com", 2))),
            (&["a.x.com", "b.y.com"], None),
            (&["x.com", "y.com", "z.com"], None),
            (&["*.x.com", "a.x.com"], None),
            (&["10.0.0.1", "10.1.0.1", "[2001:db8::1]"], None),
            (&[], None),
        ] {
            let found = widest(names.iter().copied()).map(|(wildcard, count)| (wildcard.to_string(), count));
            assert_eq!(found.as_ref().map(|(name, count)| (&**name, *count)), expected, "{names:?}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(raw in "[a-zA-Z0-9@.:_\\-\\[\\]\u{fc}\u{3002}\u{ff11}\u{ff1a}]{0,12}") {
            if let Some(once) = norm(&raw) {
                prop_assert_eq!(norm(&once), Some(once));
            }
        }
    }
}
