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
    let named = hours.map(|hours| &hours.domain).filter(|domain| is_domain(domain));
    let is_within = |given: &&Domain| wildcard.is_none_or(|wildcard| wildcard.is_wildcard_of(given));
    named.or_else(|| given.filter(is_within)).or(wildcard)
}

/// Whether the beginning of a file's name is a domain, and not just a word.
#[must_use]
pub fn is_domain(name: &Domain) -> bool {
    name.as_str().contains('.')
}

/// Whether two equal texts may be one source, judged by the domains of their lines whose URL has only a path: the
/// domains are equal but for what an underscore separates from them, as in `backup_www.example.com`. A text of which no
/// domain is known may be one with any other.
///
/// Domains that are one this way are one with the same others: which logs are one never depends on their order. So a
/// hyphen separates nothing, as `my-example.com` is another domain than `example.com`; and a wildcard is only itself.
#[must_use]
pub fn may_be_one(one: Option<&Domain>, other: Option<&Domain>) -> bool {
    one.zip(other).is_none_or(|(one, other)| core(one.as_str()) == core(other.as_str()))
}

/// Whether the domain in a name is that of lines whose own domain is `outside`: the two are equal, or `outside` is the
/// domain with something put before it and an underscore. A word is not a domain.
#[must_use]
pub fn tells_of(told: &Domain, outside: Option<&Domain>) -> bool {
    let is_of = |outside: &Domain| outside == told || core(outside.as_str()) == told.as_str();
    !is_domain(told) || outside.is_none_or(is_of)
}

/// A domain without what an underscore separates from it in its first label: no host has one.
#[must_use]
pub fn core(domain: &str) -> &str {
    let first = domain.find('.').unwrap_or(0);
    domain[..first]
        .rfind('_')
        .map(|at| &domain[at + 1..])
        .filter(|core| !core.starts_with('.'))
        .unwrap_or(domain)
}

/// What other domains with this [`core`] end in, with no dot before it; nothing where there are none.
#[must_use]
pub fn copies_end_in(core: &str) -> Option<String> {
    let end = format!("_{core}");
    (self::core(&end) == core).then_some(end)
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
const JOINTS: [char; 2] = ['-', '_'];

/// Whether a log may be named to whoever asks for a selection: its name may be that of a domain of it, or names none and all
/// is asked for.
#[must_use]
pub fn may_be_named(name: &str, selection: &Selection) -> bool {
    let told = || FileName::parse(Path::new(name).file_name()?.to_str()?);
    let may_concern = || match told().map(|told| told.pattern) {
        Some(pattern @ Pattern::Exact(_)) => selection.may_hold(&pattern),
        Some(pattern) => selection.wanted.is_all() && selection.may_hold(&pattern),
        None => selection.wanted.is_all(),
    };
    selection.is_everything() || may_concern()
}

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
            let core = core(one.as_str());
            let end = copies_end_in(core);
            for other in domains() {
                let name = other.as_str();
                let has_end =
                    |end: &String| name.strip_suffix(&**end).is_some_and(|before| !before.contains('.'));
                let is_kin = name == core || end.as_ref().is_some_and(has_end);
                assert_eq!(is_kin, may_be_one(Some(&one), Some(&other)), "{one} {other} {core} {end:?}");
                pairs += i32::from(is_kin);
            }
        }
        assert!(pairs > 100, "{pairs}");
    }

    /// Three logs are one in any order in which they come.
    #[test]
    fn domains_that_may_be_one_are_one_with_the_same_others() {
        let all = domains();
        let may_be_one = |one: &Domain, other: &Domain| may_be_one(Some(one), Some(other));
        for one in &all {
            assert!(may_be_one(one, one), "{one}");
            for other in all.iter().filter(|other| may_be_one(one, other)) {
                let differing = all.iter().find(|third| may_be_one(one, third) != may_be_one(other, third));
                assert_eq!(differing, None, "{one} {other}");
            }
        }
        let both = |one: &str, other: &str| {
            let domain = |text: &str| Domain::written(text.as_bytes()).unwrap();
            may_be_one(&domain(one), &domain(other))
        };
        assert!(both("backup_a.com", "old_a.com") && both("my_a.com", "a.com") && both("*.b.com", "*.b.com"));
        for other in ["x.b.com", "b.com", "backup_x.b.com", "*.x.b.com", "*.com"] {
            assert!(!both("*.b.com", other), "{other}");
        }
        assert!(
            !both("old-a.com", "a.com") && !both("old_x-a.com", "old_a.com") && !both("a-x.com", "b-x.com")
        );
        assert!(!both("www.my_shop.com", "img.your_shop.com") && !both("img.my_a.com", "a.com"));
    }
}
