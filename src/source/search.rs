//! Which of the files that were found are read: chosen by globs over their names, and by the domains and hours in their
//! names.
//!
//! Opens no file.

use super::{Reading, Source};
use crate::domain::Selection;
use crate::error::{Error, Result};
use crate::events::of_log;
use crate::report::NotOpened;
use crate::time::TimeRange;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// How folders and globs are searched, and how the files in them are read.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only files that one of these matches; none is all.
    include: Vec<Glob>,
    /// No files and folders that one of these matches.
    exclude: Vec<Glob>,
    /// How all that is found is read.
    pub reading: Reading,
    /// Files and folders that were passed over; a search and its copies are one for that.
    left_out: Arc<AtomicUsize>,
}

/// A glob over what is found.
#[derive(Clone, Debug)]
struct Glob {
    /// As it was given.
    text: String,
    pattern: glob::Pattern,
    /// Whether it is matched with a path, not with a name.
    is_path: bool,
    /// Whether anything was matched.
    has_matched: Arc<AtomicBool>,
}

impl Glob {
    /// Of folders, `old`, `old/` and `./old` say the same; a folder that is to be included stands for all that is below.
    fn new(text: &str, is_include: bool) -> Result<Self> {
        let bare = text.trim_start_matches("./");
        let whole = match bare.strip_suffix('/') {
            Some(folder) if is_include && folder.contains('/') => format!("{folder}/**"),
            Some(folder) if is_include => format!("**/{folder}/**"),
            Some(folder) => folder.into(),
            None => bare.into(),
        };
        let pattern = glob::Pattern::new(&whole);
        let pattern = pattern.map_err(|e| Error::usage(format!("{text:?} is not a valid glob: {e}")))?;
        Ok(Self { text: text.into(), pattern, is_path: whole.contains('/'), has_matched: Arc::default() })
    }
}

impl Search {
    /// A search by globs. A glob with a slash matches a path below the folder that is searched, any other glob the name
    /// of a file or folder.
    ///
    /// # Errors
    /// If a text is not a glob; the error names it.
    pub fn new(include: &[String], exclude: &[String], reading: Reading) -> Result<Self> {
        let globs = |texts: &[String], is_include| {
            texts.iter().map(|text| Glob::new(text, is_include)).collect::<Result<Vec<_>>>()
        };
        let (include, exclude) = (globs(include, true)?, globs(exclude, false)?);
        Ok(Self { include, exclude, reading, left_out: Arc::default() })
    }

    /// Whether a file at this path in a folder, or below it, is read.
    pub(super) fn holds(&self, path: &Path, folder: &Path) -> bool {
        let is_included = self.include.is_empty() || matches(&self.include, path, folder);
        if !is_included {
            of_log!("{}: left out: no --include matches it", path.display());
            self.left_out.fetch_add(1, Relaxed);
        }
        is_included && !self.leaves_out(path, folder)
    }

    /// Whether a file or folder at this path in a folder, or below it, is passed over.
    pub(super) fn leaves_out(&self, path: &Path, folder: &Path) -> bool {
        let is_left_out = matches(&self.exclude, path, folder);
        if is_left_out {
            of_log!("{}: left out: an --exclude matches it", path.display());
            self.left_out.fetch_add(1, Relaxed);
        }
        is_left_out
    }

    /// Whether a path that a glob found is looked at: no folder on the way to it is passed over, and neither is it
    /// itself. `folder` is where the glob begins to choose.
    pub(super) fn reaches(&self, path: &Path, folder: &Path, is_folder: bool) -> bool {
        let depth = below(path, folder).components().count();
        let is_kept = if is_folder { !self.leaves_out(path, folder) } else { self.holds(path, folder) };
        let mut is_left_out = false;
        for above in path.ancestors().take(depth).skip(1) {
            is_left_out |= self.leaves_out(above, folder);
        }
        is_kept && !is_left_out
    }

    /// The globs that matched nothing so far, each after the name of its option.
    pub fn unmatched(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let include = self.include.iter().map(|glob| ("include", glob));
        let all = include.chain(self.exclude.iter().map(|glob| ("exclude", glob)));
        all.filter(|(_, glob)| !glob.has_matched.load(Relaxed)).map(|(name, glob)| (name, &*glob.text))
    }

    /// How many files and folders were passed over so far.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out.load(Relaxed)
    }
}

/// A path without that of the folder in which it was found.
fn below<'a>(path: &'a Path, folder: &Path) -> &'a Path {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.strip_prefix(".").unwrap_or(below)
}

fn matches(globs: &[Glob], path: &Path, folder: &Path) -> bool {
    if globs.is_empty() {
        return false;
    }
    let below = below(path, folder);
    let path = below.to_string_lossy();
    let name = below.file_name().unwrap_or_default().to_string_lossy();
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let mut is_matched = false;
    // Those that have matched nothing yet are tried in any case: it is said which these are.
    for glob in globs {
        let is_asked = !is_matched || !glob.has_matched.load(Relaxed);
        if is_asked && glob.pattern.matches_with(if glob.is_path { &path } else { &name }, options) {
            glob.has_matched.store(true, Relaxed);
            is_matched = true;
        }
    }
    is_matched
}

/// Which logs need not be opened, judged by their names.
#[derive(Clone, Copy, Debug)]
pub struct NameFilter<'a> {
    /// The domains whose lines count.
    pub selection: &'a Selection,
    /// When lines count.
    pub range: TimeRange,
    /// How far a line may be from the hours in the name of its log, in seconds.
    pub lateness: i64,
}

/// Removes the sources that have no line that counts, judged by their names: the hours in the name are further from the
/// range than the lateness, or the domain is another one. The vendor puts the lines of one domain into a file. A name
/// with an underscore before its date may be that of a domain with something put before it; only its hours are used.
/// `note` is called with each source that is removed.
pub fn remove_out_of_scope(
    sources: &mut Vec<Source>,
    scope: &NameFilter<'_>,
    mut note: impl FnMut(&Source),
) -> NotOpened {
    let mut not_opened = NotOpened::default();
    sources.retain(|source| {
        match scope.why_not(source) {
            Some(WhyNot::OtherHours) => not_opened.other_hours += 1,
            Some(WhyNot::OtherDomains) => not_opened.other_domains += 1,
            None => return true,
        }
        note(source);
        false
    });
    not_opened
}

/// Removes the sources that have no line that counts in any of several scopes, as [`remove_out_of_scope`] does for one,
/// and returns them.
pub fn remove_out_of_all(sources: &mut Vec<Source>, scopes: &[NameFilter<'_>]) -> Vec<Source> {
    let is_out = |source: &mut Source| scopes.iter().all(|scope| scope.why_not(source).is_some());
    sources.extract_if(.., is_out).collect()
}

/// Why a source need not be opened.
enum WhyNot {
    OtherHours,
    OtherDomains,
}

impl NameFilter<'_> {
    fn why_not(&self, source: &Source) -> Option<WhyNot> {
        // Most names tell the hours of one domain, and most files hold other hours: told without reading the name again.
        let hours = source.named.as_ref();
        if hours.is_some_and(|hours| self.is_far(hours.start, hours.end)) {
            return Some(WhyNot::OtherHours);
        }
        let name = source.file_name()?;
        if self.is_far(name.start, name.end) {
            return Some(WhyNot::OtherHours);
        }
        // Lines that hold only a path are of the domain that is given, where the name tells several.
        let paths = source.reading.domain.as_ref().filter(|_| source.named.is_none());
        let may_count = name.may_hold(self.selection)
            || paths.is_some_and(|domain| self.selection.contains(domain.as_str()));
        (!may_count).then_some(WhyNot::OtherDomains)
    }

    /// Whether hours lie outside the range by more than the lateness.
    fn is_far(&self, start: i64, end: i64) -> bool {
        end.saturating_add(self.lateness) <= self.range.start().start()
            || start.saturating_sub(self.lateness) >= self.range.end().start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DomainSet, Pattern};
    use crate::source::discover;
    use std::path::PathBuf;

    #[test]
    fn globs_with_a_slash_match_paths() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let search =
            Search::new(&texts(&["*.gz", "2026/*/x"]), &texts(&["test_*", "old"]), Reading::default())
                .unwrap();
        for (path, expected) in [
            ("a.gz", true),
            ("a/b/c.gz", true),
            ("2026/03/x", true),
            ("x", false),
            ("a.log", false),
            ("a/test_b.gz", false),
        ] {
            assert_eq!(search.holds(Path::new(path), Path::new("")), expected, "{path}");
        }
        let leaves_out = |path: &str| search.leaves_out(&Path::new("logs").join(path), Path::new("logs"));
        assert!(leaves_out("a/old") && !leaves_out("old/a.gz"));
        assert!(
            Search::new(&texts(&["a[", "b"]), &[], Reading::default())
                .unwrap_err()
                .to_string()
                .contains("\"a[\"")
        );
        assert!(Search::default().holds(Path::new("x"), Path::new("")));
    }

    #[test]
    fn folders_may_be_written_as_paths_and_what_matches_nothing_is_known() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let search = Search::new(
            &texts(&["./eu/", "us/a/"]),
            &texts(&["old/", "./us/a/b/", "none"]),
            Reading::default(),
        );
        let search = search.unwrap();
        for (path, expected) in [
            ("eu/a.gz", true),
            ("x/eu/y/a.gz", true),
            ("us/a/c.gz", true),
            ("x/us/a/c.gz", false),
            ("eu", false),
            ("eu/old/a.gz", false),
            ("us/a/b/c.gz", false),
        ] {
            assert_eq!(search.reaches(Path::new(path), Path::new(""), false), expected, "{path}");
        }
        assert_eq!(search.unmatched().collect::<Vec<_>>(), [("exclude", "none")]);
        assert_eq!(search.left_out(), 4);
    }

    #[test]
    fn names_far_from_the_range_or_of_other_domains_are_not_opened() {
        let selection = |names: &[&str]| Selection {
            account: DomainSet::all(),
            wanted: names.iter().filter_map(|name| Pattern::parse(name)).collect(),
        };
        // 2026-03-02, UTC, is 08:00 to 08:00 in the zone of names.
        let range = TimeRange::covering(1_772_409_600, 1_772_496_000).unwrap();
        assert_eq!(range.start().start(), 1_772_409_600);
        let left = |name: &str, names: &[&str], lateness: i64| {
            let mut sources = discover(&[PathBuf::from(name)]).unwrap();
            let selection = selection(names);
            let counts = remove_out_of_scope(
                &mut sources,
                &NameFilter { selection: &selection, range, lateness },
                |_| (),
            );
            (sources.len(), counts.other_hours, counts.other_domains)
        };
        let hour =
            |day: u32, hour: u32| format!("www.a.com_2026_03_0{day}_{hour:02}0000_{:02}0000.gz", hour + 1);
        for (name, lateness, expected) in [
            (hour(2, 8), 0, (1, 0, 0)),
            (hour(2, 7), 0, (0, 1, 0)),
            (hour(2, 7), 1, (1, 0, 0)),
            (hour(3, 7), 0, (1, 0, 0)),
            (hour(3, 8), 0, (0, 1, 0)),
            (hour(4, 7), 86_400, (1, 0, 0)),
            (hour(4, 8), 86_400, (0, 1, 0)),
            ("access.log".into(), 0, (1, 0, 0)),
        ] {
            assert_eq!(left(&name, &["www.a.com"], lateness), expected, "{name} {lateness}");
        }
        let wildcard = ".a.com_2026_03_02_080000_090000.gz";
        for (name, names, expected) in [
            (&*hour(2, 8), &["www.b.com"][..], (0, 0, 1)),
            (&hour(2, 8), &["*.a.com"], (1, 0, 0)),
            (wildcard, &["www.a.com"], (1, 0, 0)),
            (wildcard, &["*.www.a.com"], (1, 0, 0)),
            (wildcard, &["*.com"], (1, 0, 0)),
            (wildcard, &["a.com", "www.b.com"], (0, 0, 1)),
            ("backup_www.a.com_2026_03_02_080000_090000.gz", &["www.a.com"], (1, 0, 0)),
        ] {
            assert_eq!(left(name, names, 0), expected, "{name} {names:?}");
        }
    }
}
