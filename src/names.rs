//! What is read from file names: a domain, or the subdomains of one, and hours. Each naming rule has a file of its own;
//! a format whose files follow a rule names the rule.
//!
//! Opens no file, and knows nothing of folders.

mod alibaba;

use crate::domain::{Domain, Pattern, Selection};
use crate::hours::touched;
use crate::report::NamedHours;
use std::ops::Range;
use std::path::Path;

/// A rule by which files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// That of Alibaba Cloud: `src/names/alibaba.rs`.
    Alibaba,
}

impl Rule {
    /// Every rule, in the order in which they are tried.
    pub const ALL: [Self; 1] = [Self::Alibaba];

    /// What this rule reads from a name.
    #[must_use]
    pub fn parse(self, name: &str) -> Option<FileName> {
        match self {
            Self::Alibaba => alibaba::parse(name),
        }
    }

    /// A name by this rule.
    #[must_use]
    pub const fn sample(self) -> &'static str {
        match self {
            Self::Alibaba => alibaba::SAMPLE,
        }
    }
}

/// What is read from a file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// The domain, or the subdomains of one.
    pub pattern: Pattern,
    /// Start of the file's span, unix seconds.
    pub start: i64,
    /// End of the file's span, exclusive.
    pub end: i64,
}

impl FileName {
    /// Reads a file name by the first rule that it follows.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        // What one system leaves beside files on another's disk.
        if name.starts_with("._") {
            return None;
        }
        Rule::ALL.into_iter().find_map(|rule| rule.parse(name))
    }

    /// Whether the name is certainly that of one domain, or of the subdomains of one. It is not certain if it has an
    /// underscore: no host has one, and `backup_www.example.com_...` is a domain with something put before it. A word
    /// without a dot, such as `access`, may be just a name of the file.
    #[must_use]
    pub fn is_of_one_domain(&self) -> bool {
        match &self.pattern {
            Pattern::Exact(domain) => is_certain(domain),
            Pattern::Subdomains(suffix) => !suffix.contains('_'),
        }
    }

    /// Whether a log of this name may have lines of a selection. The vendor puts the lines of one domain into a file;
    /// `backup-www.example.com` may be `www.example.com` with something put before it.
    #[must_use]
    pub fn may_hold(&self, selection: &Selection) -> bool {
        let name = match &self.pattern {
            Pattern::Exact(domain) => domain.as_str(),
            Pattern::Subdomains(_) => "",
        };
        let has_prefix = |domain: &Domain| {
            name.strip_suffix(domain.as_str()).is_some_and(|before| before.ends_with(JOINTS))
        };
        !self.is_of_one_domain()
            || selection.may_hold(&self.pattern)
            || selection.wanted.named().any(has_prefix)
    }

    /// The hours of one domain; `None` for the log of a wildcard domain: only its lines say whose hours these are, and
    /// a line whose URL has only a path does not.
    #[must_use]
    pub fn hours(self) -> Option<NamedHours> {
        match self.pattern {
            Pattern::Exact(domain) => Some(NamedHours { domain, start: self.start, end: self.end }),
            Pattern::Subdomains(_) => None,
        }
    }

    /// The wildcard domain of the name, if it is one: see [`Domain::wildcard`].
    #[must_use]
    pub fn wildcard(&self) -> Option<Domain> {
        match &self.pattern {
            Pattern::Exact(_) => None,
            Pattern::Subdomains(suffix) => Some(Domain::wildcard(suffix)),
        }
    }
}

/// The domain of lines whose URL has only a path, if it is certain: that in the file's name, unless it is a word
/// without a dot, else the given one.
///
/// Where the name is that of a wildcard domain, as [`Domain::wildcard`] has it, lines are of one of its subdomains: the
/// given one, if it is one, else nobody knows which.
#[must_use]
pub fn outside<'a>(
    hours: Option<&'a NamedHours>,
    given: Option<&'a Domain>,
    wildcard: Option<&'a Domain>,
) -> Option<&'a Domain> {
    if let Some(hours) = hours {
        return Some(&hours.domain).filter(|domain| is_domain(domain));
    }
    match (given, wildcard) {
        (Some(given), Some(wildcard)) if !wildcard.is_wildcard_of(given) => Some(wildcard),
        (given, wildcard) => given.or(wildcard),
    }
}

/// Whether the beginning of a file's name is a domain, and not just a word.
#[must_use]
pub fn is_domain(name: &Domain) -> bool {
    name.as_str().contains('.')
}

/// Whether two equal texts may be one source, judged by the domains of their lines whose URL has only a path: the
/// domains are equal, or one is the other with something put before it, as in `backup_www.example.com`, or both are one
/// domain with something put before it; or one is a subdomain of a wildcard, where a wildcard is all that is known.
///
/// [`Kin`] has the same rule as a search.
#[must_use]
pub fn may_be_one(one: Option<&Domain>, other: Option<&Domain>) -> bool {
    let Some((one, other)) = one.zip(other) else { return true };
    if one.is_wildcard() || other.is_wildcard() {
        return one == other || one.is_wildcard_of(other) || other.is_wildcard_of(one);
    }
    let (one, other) = (core(one.as_str()), core(other.as_str()));
    is_copy(one, other) || is_copy(other, one)
}

/// Whether the domain in a name is that of lines whose own domain is `outside`: the two are equal, or `outside` is the
/// domain with something put before it, or a wildcard that it is a subdomain of. A word is not a domain.
#[must_use]
pub fn tells_of(told: &Domain, outside: Option<&Domain>) -> bool {
    let is_of = |outside: &Domain| is_copy(outside.as_str(), told.as_str()) || outside.is_wildcard_of(told);
    !is_domain(told) || outside.is_none_or(is_of)
}

/// Whether a source may be one with another one that stays, because of a newcomer that may be one with each of them. They are
/// if their own domains say so, or if the newcomer names the domain that the source's is with something put before it. Two
/// subdomains are not one, though a wildcard may be one with each.
#[must_use]
pub fn may_be_one_by(newcomer: Option<&Domain>, source: Option<&Domain>, stays: Option<&Domain>) -> bool {
    may_be_one(source, stays) || newcomer.is_some_and(|newcomer| tells_of(newcomer, source))
}

/// Whether a domain is another one, or that with something put before it, which has no dot: `img.my-a.com` is no copy of
/// `a.com`.
fn is_copy(copy: &str, of: &str) -> bool {
    let before = copy.strip_suffix(of);
    before.is_some_and(|before| before.is_empty() || (before.ends_with(JOINTS) && !before.contains('.')))
}

/// A domain without what an underscore puts before its first label: no host has one.
fn core(domain: &str) -> &str {
    let first = domain.find('.').unwrap_or(0);
    domain[..first]
        .rfind('_')
        .map(|at| &domain[at + 1..])
        .filter(|core| !core.starts_with('.'))
        .unwrap_or(domain)
}

/// The domains that [may be one](may_be_one) with a domain, so that they can be looked up.
#[derive(Debug, Default)]
pub struct Kin {
    /// These.
    pub domains: Vec<String>,
    /// And all that end in one of these texts, with no dot before it unless the domain is a wildcard.
    pub ends: Vec<String>,
}

impl Kin {
    /// Those of a domain.
    #[must_use]
    pub fn of(domain: &Domain) -> Self {
        let name = domain.as_str();
        let wildcards = name.match_indices('.').map(|(dot, _)| format!("*{}", &name[dot..]));
        if domain.is_wildcard() {
            return Self { domains: wildcards.collect(), ends: vec![name[1..].to_owned()] };
        }
        let core = core(name);
        let first = &core[..core.find('.').unwrap_or(core.len())];
        let mut domains = vec![core.to_owned()];
        domains.extend(first.match_indices(JOINTS).map(|(at, _)| core[at + 1..].to_owned()));
        let is_core = |domain: &&String| domain.contains('.') || *domain == core;
        let mut ends: Vec<String> =
            domains.iter().filter(is_core).map(|domain| format!("_{domain}")).collect();
        ends.push(format!("-{core}"));
        domains.extend(wildcards);
        Self { domains, ends }
    }
}

/// Whether the name of a copy, or of the beginning of a log, may be used for the lines of the log as well as its own
/// name: its own name names no domain, or names that of the other with something put before it. Otherwise a log that
/// begins like one of another domain, with the same health check for example, would lose its lines and hours to that
/// domain.
#[must_use]
pub fn may_tell(own: Option<&NamedHours>, other: &NamedHours) -> bool {
    let own = own.map(|own| &own.domain).filter(|domain| is_domain(domain));
    may_be_one(own, Some(&other.domain))
}

/// What separates a domain from what is put before it.
pub const JOINTS: [char; 2] = ['-', '_'];

/// The wildcard domain that a file is named for, if any: see [`Domain::wildcard`].
#[must_use]
pub fn named_wildcard(name: &str) -> Option<Domain> {
    FileName::parse(name)?.wildcard()
}

fn is_certain(domain: &Domain) -> bool {
    !domain.as_str().contains('_') && is_domain(domain)
}

/// The hours since 1970 in which a line is evidence that its domain has a log. Only lines in logs that may hold several
/// domains are: all hours if the name of the log has none, else those in the name, because a late line does not show
/// that the log of its own hour is there. `hours` is what is known of the name already.
#[must_use]
pub fn evidence(hours: Option<&NamedHours>, name: Option<&str>) -> Option<Range<i64>> {
    let told = || name.and_then(FileName::parse).map(|told| touched(told.start, told.end));
    match hours {
        Some(hours) if is_certain(&hours.domain) => None,
        Some(hours) => Some(touched(hours.start, hours.end)),
        None => Some(told().unwrap_or(i64::MIN..i64::MAX)),
    }
}

/// The domain and hours in a file name, if it is of one domain: see [`FileName`].
#[must_use]
pub fn named_hours(name: &str) -> Option<NamedHours> {
    FileName::parse(name)?.hours()
}

/// What the name of the file at a path tells: see [`named_hours`].
#[must_use]
pub fn named_hours_at(path: &Path) -> Option<NamedHours> {
    named_hours(path.file_name()?.to_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    #[test]
    fn file_names() {
        let span = |name: &str| {
            named_hours(name).map(|h| format!("{} {} {}", h.domain, time::iso(h.start), time::iso(h.end)))
        };
        let at = |from: &str, to: &str| Some(format!("www.a.com 2026-03-0{from}:00Z 2026-03-0{to}:00Z"));
        for (name, expected) in [
            ("www.a.com_2026_03_01_080000_090000.gz", at("1T00:00", "1T01:00")),
            ("www.a.com_2026_03_01_080000_090000", at("1T00:00", "1T01:00")),
            ("WWW.a.com_2026_03_01_080000_090000_2.gz", at("1T00:00", "1T01:00")),
            ("www.a.com_2026_03_02_230000_000000_abc.log.zst", at("2T15:00", "2T16:00")),
            ("www.a.com_2026_03_02_2300_2400.gz", at("2T15:00", "2T16:00")),
            ("www.a.com_2026_03_01_1100_1200.gz", at("1T03:00", "1T04:00")),
            ("www.a.com_2026_02_30_1100_1200.gz", None),
            ("www.a.com_2026_03_01_2500_2600.gz", None),
            ("www.a.com_2026_03_01_1100_120000.gz", None),
            ("_2026_03_01_1100_1200.gz", None),
            ("access.log", None),
            ("", None),
        ] {
            assert_eq!(span(name), expected, "{name}");
        }
        let unicode = "\u{4e2d}\u{6587}.example.com_2026_03_01_080000_090000.gz";
        assert_eq!(named_hours(unicode).unwrap().domain.as_str(), "xn--fiq228c.example.com");
        assert_eq!(named_hours("my_site_2026_03_01_1100_1200.gz").unwrap().domain.as_str(), "my_site");
    }

    #[test]
    fn wildcard_logs_begin_with_a_dot() {
        let name = ".example.com_2026_03_01_080000_090000.gz";
        let told = FileName::parse(name).unwrap();
        assert_eq!(Some(told.pattern), Pattern::parse("*.example.com"));
        assert_eq!(time::iso(told.start), "2026-03-01T00:00:00Z");
        assert_eq!(named_hours(name), None);
        for other in [
            ".bash_history",
            "._www.a.com_2026_03_01_080000_090000.gz",
            ".DS_Store",
            ".a b_2026_03_01_0800_0900",
        ] {
            assert_eq!(FileName::parse(other), None, "{other}");
        }
    }

    /// Domains of few letters, so that many of them are of one kind.
    fn domains() -> Vec<Domain> {
        let labels = ["a", "b", "a-b", "b_a", "a_b-a", "_a"];
        let mut all: Vec<Domain> = [".a", ".b", ".a.b", ".a-b", ".a_b-a.b"].map(Domain::wildcard).into();
        for one in labels {
            let names =
                [one.to_owned(), format!("{one}.a.b"), format!("{one}_a-b.a"), format!("{one}-b.a_c")];
            let two = labels.iter().map(|two| format!("{one}.{two}"));
            all.extend(names.into_iter().chain(two).map(|name| Domain::new(name.as_bytes()).unwrap()));
        }
        all
    }

    #[test]
    fn all_that_may_be_one_with_a_domain_are_looked_up_and_no_others() {
        let mut pairs = 0;
        for one in domains() {
            let kin = Kin::of(&one);
            for other in domains() {
                let name = other.as_str();
                let is_free = |before: &str| one.is_wildcard() || !before.contains('.');
                let is_kin = kin.domains.iter().any(|domain| domain == name)
                    || kin.ends.iter().any(|end| name.strip_suffix(&**end).is_some_and(is_free));
                assert_eq!(is_kin, may_be_one(Some(&one), Some(&other)), "{one} {other} {kin:?}");
                assert_eq!(is_kin, may_be_one(Some(&other), Some(&one)), "{one} {other}");
                pairs += i32::from(is_kin);
            }
        }
        assert!(pairs > 200, "{pairs}");
        let both = |one: &str, other: &str| {
            let domain = |text: &str| Domain::written(text.as_bytes()).unwrap();
            may_be_one(Some(&domain(one)), Some(&domain(other)))
        };
        assert!(both("backup_a.com", "old_a.com") && both("backup_a.com", "old-a.com"));
        assert!(
            both("*.b.com", "x.b.com") && both("*.b.com", "backup_x.b.com") && both("*.b.com", "*.b.com")
        );
        assert!(!both("*.b.com", "b.com") && !both("*.b.com", "a.com") && !both("a-x.com", "b-x.com"));
        assert!(!both("www.my_shop.com", "img.your_shop.com") && !both("img.my-a.com", "a.com"));
    }
}
