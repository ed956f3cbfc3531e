//! Names: what those of files tell, which domains are meant by patterns, and which files by globs.
#![no_main]

use flowbook::domain::{Domain, DomainSet, Folds, Pattern, Selection};
use flowbook::names::{FileName, is_domain, may_be_one, named_hours};
use flowbook::source::{Reading, Search, Source, discover, discover_by};
use flowbook::time::{iso, month_start};
use flowbook::visible::{acts, escaped};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// A folder of empty logs, and of what is none.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    for name in [
        "access.log",
        "www.a.com_2026_03_01_080000_090000.gz",
        ".a.com_2026_03_01_080000_090000.gz",
        ".hidden",
        "[x]*?.log",
        "old/www.a.com_2026_03_01_080000_090000.gz",
        "old/eu/b.log",
        "old/usage.db",
        "eu/old/c.log",
        "eu/d.xlsx",
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    folder
});

fuzz_target!(|input: &[u8]| {
    bytes(input);
    let text = String::from_utf8_lossy(input);
    let words: Vec<&str> = text.split('\n').take(8).collect();
    words.iter().for_each(|word| file_name(word));
    patterns(&words);
    globs(&words);
});

/// Any bytes may be a name, or a host.
fn bytes(input: &[u8]) {
    assert!(!escaped(input).chars().any(acts));
    if let Some(domain) = Domain::new(input) {
        assert_eq!(Domain::new(domain.as_str().as_bytes()).as_ref(), Some(&domain));
        assert!((1..=253).contains(&domain.as_str().len()));
        assert!(domain.as_str().is_ascii() && !domain.as_str().contains(['/', '@', ' ', '*']));
    }
}

/// What a name tells is told by the usual name of it, too.
fn file_name(name: &str) {
    let Some(told) = FileName::parse(name) else { return };
    assert!(told.start < told.end && told.end - told.start <= 86_400);
    assert_eq!(named_hours(name), told.clone().hours());
    let (local, length) = (told.start + 8 * 3600, told.end - told.start);
    // The clock of an end may belong to the next day.
    let (date, clock) = (iso(local)[..10].replace('-', "_"), |at: i64| iso(at)[11..19].replace(':', ""));
    let domain = told.pattern.to_string();
    let domain = domain.strip_prefix('*').unwrap_or(&domain);
    let usual = format!("{domain}_{date}_{}_{}.gz", clock(local), clock(local + length));
    // A start at 24:00 belongs to the day behind the one that the name says.
    let again = FileName::parse(&usual).unwrap_or_else(|| panic!("{usual}"));
    assert!(again == told, "{usual}: {again:?}\n{name}: {told:?}");
    for more in ["", ".log.zst", "_2.gz"] {
        assert_eq!(FileName::parse(&(usual.trim_end_matches(".gz").to_owned() + more)), Some(told.clone()));
    }
    assert!(month_start(local) <= local);
}

/// Patterns are read as they are shown, and sets of them hold what each of them stands for.
fn patterns(words: &[&str]) {
    let patterns: Vec<Pattern> = words.iter().filter_map(|word| Pattern::parse(word)).collect();
    for word in words.iter().filter(|word| Pattern::parse(word).is_none()) {
        assert!(!Pattern::mistake(word).contains('\n'));
    }
    let domains: Vec<Domain> = words.iter().filter_map(|word| Domain::new(word.as_bytes())).collect();
    let names: Vec<&str> = domains.iter().map(Domain::as_str).collect();
    let set: DomainSet = patterns.iter().cloned().collect();
    let texts = set.texts();
    assert_eq!(DomainSet::from_texts(texts.iter().map(String::as_str)), Some(set.clone()));
    for pattern in &patterns {
        assert_eq!(Pattern::parse(&pattern.to_string()).as_ref(), Some(pattern));
        assert!(set.covers(pattern) && set.may_hold(pattern));
        if let Some(near) = pattern.nearest(names.iter().copied()) {
            assert!(Pattern::parse(&near).is_some(), "{near}");
        }
    }
    for domain in &domains {
        let is_meant = patterns.iter().any(|pattern| pattern.matches(domain.as_str()));
        assert_eq!(set.contains(domain.as_str()), is_meant);
        assert!(may_be_one(Some(domain), Some(domain)));
        let _ = is_domain(domain);
    }
    let selection = Selection { account: DomainSet::all(), wanted: set };
    let found = selection.resolve(domains.iter());
    assert!(found.is_sorted() && found.iter().all(|domain| selection.contains(domain.as_str())));
    folds(&patterns, &domains, &selection);
}

/// A domain counts as the longest wildcard that stands for it, and what it counts as is no domain that could count as
/// something else.
fn folds(patterns: &[Pattern], domains: &[Domain], selection: &Selection) {
    let folds = Folds::new(patterns, selection);
    let longest = |name: &str| {
        let stand = patterns.iter().filter(|p| matches!(p, Pattern::Subdomains(_)) && p.matches(name));
        stand.map(ToString::to_string).max_by_key(String::len)
    };
    for domain in domains {
        let folded = folds.folded(domain);
        if selection.names(domain) {
            assert_eq!(folded, domain);
        } else {
            assert_eq!(folds.of(domain.as_str()).map(ToString::to_string), longest(domain.as_str()));
        }
        assert!(folded == domain || folds.gives(folded));
    }
}

/// What globs hold lies in the folder, each file once and in order; what is left out is missing, and nothing else.
fn globs(words: &[&str]) {
    let folder = FOLDER.path().to_owned();
    let texts =
        |from: usize| words.iter().skip(from).step_by(2).map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let (include, exclude) = (texts(1), texts(2));
    let found = |include: &[String], exclude: &[String]| {
        let search = Search::new(include, exclude, Reading::default()).ok()?;
        Some(names(discover_by(&[folder.clone()], &search).unwrap()))
    };
    let all = found(&[], &[]).unwrap();
    if let (Some(with), Some(without), Some(both)) =
        (found(&include, &[]), found(&[], &exclude), found(&include, &exclude))
    {
        assert!(with.is_subset(&all) && without.is_subset(&all));
        assert_eq!(both, with.intersection(&without).cloned().collect());
    }
    // Out of the folder lies the rest of the machine.
    let word = words.first().copied().unwrap_or_default();
    if word.contains('\0') || word.split('/').any(|part| part == "..") {
        return;
    }
    let _ = discover(&[folder.join(word.trim_start_matches('/'))]).map(names);
}

fn names(sources: Vec<Source>) -> BTreeSet<String> {
    assert!(sources.is_sorted_by(|a, b| a.sort_key() < b.sort_key()));
    let paths: Vec<PathBuf> =
        sources.into_iter().filter_map(|source| source.path().map(Path::to_owned)).collect();
    assert!(paths.iter().all(|path| path.starts_with(FOLDER.path())));
    paths.into_iter().map(|path| path.to_str().unwrap_or_default().to_owned()).collect()
}
