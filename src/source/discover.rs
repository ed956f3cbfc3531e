//! Discovery: finds the files that arguments name, that are in folders, and that globs match.
//!
//! Opens no file. The only file, with those of this folder, that names glob.

use super::walk::{FoundKind, is_hidden, walk};
use super::{NO_FILE, Origin, STDIN, Search, Source, not_opened};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{of_log, of_phase};
use crate::fault::Fault;
use crate::names::is_domain;
use crate::output::beside::BESIDE;
use crate::visible::{self, escaped};
use memchr::memchr_iter;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, is_separator};

/// The fault of a glob that nothing matches.
const NO_MATCH: &str = "no file matches this glob";
/// What flowbook itself leaves in folders, and never logs: workbooks, stores with what lies beside them, and the totals
/// beside generated logs.
const WORKBOOK: &str = ".xlsx";
const STORE: &str = ".db";
const OWN_NAME: &[u8] = b"expected.csv";

/// Finds the sources that the arguments name: files, folders (with everything below them, except flowbook's own results
/// and hidden files; a log of a wildcard domain is not hidden although its name begins with a dot), globs, and `-`.
/// Sorted by name; the same path counts once.
///
/// A path that cannot be found or read becomes a source with a fault, so that the caller decides.
///
/// # Errors
/// If there is no argument, or one is not a valid glob.
pub fn discover(arguments: &[PathBuf]) -> Result<Vec<Source>> {
    discover_by(arguments, &Search::default())
}

/// Finds sources as [`discover`] does, but takes from folders and globs only the files that the search matches. A file
/// that an argument names is always taken.
///
/// # Errors
/// As [`discover`].
pub fn discover_by(arguments: &[PathBuf], search: &Search) -> Result<Vec<Source>> {
    if arguments.is_empty() {
        return Err(Error::usage("no logs given: name files, folders or globs, or - for standard input"));
    }
    let mut found = Found { all: Vec::new(), search };
    for argument in arguments {
        if argument.as_os_str() == STDIN {
            found.all.push((argument.clone(), Is::Stdin));
        } else if argument.symlink_metadata().is_ok() && !matches_itself(argument) {
            add_path(argument.clone(), &mut found);
        } else {
            add_glob(argument, &mut found)?;
        }
    }
    let sources = found.in_order();
    let left_out = search.left_out();
    of_phase!("found {} logs; --include and --exclude left out {left_out} files and folders", sources.len());
    Ok(sources)
}

/// Says where no log was found: a workbook of nothing but zeros is hardly wanted.
#[must_use]
pub fn no_log(logs: &[PathBuf], search: &Search) -> Error {
    let places: Vec<String> = logs.iter().map(|path| visible::path(path)).collect();
    let places = places.join(", ");
    Error::new(ErrorKind::NoLog(if search.left_out() > 0 {
        format!("no log is left: --include and --exclude skip all that was found in {places}")
    } else {
        format!("no log was found in {places}")
    }))
}

/// What was found, in order.
struct Found<'a> {
    all: Vec<(PathBuf, Is)>,
    search: &'a Search,
}

/// What stands at a path, or at none.
enum Is {
    File,
    /// Something that an argument names, of any kind.
    Named,
    Stdin,
    /// What cannot be read, and why.
    Faulty(Fault),
    /// A glob that no file matches.
    Unmatched,
}

impl Found<'_> {
    fn add(&mut self, path: PathBuf) {
        self.all.push((path, Is::File));
    }

    fn add_named(&mut self, path: PathBuf) {
        self.all.push((path, Is::Named));
    }

    fn add_faulty(&mut self, path: PathBuf, fault: Fault) {
        self.all.push((path, Is::Faulty(fault)));
    }

    fn add_unreadable(&mut self, path: PathBuf, error: &io::Error) {
        self.add_faulty(path, not_opened(error));
    }

    /// Sorted by path; of the same path, the first one found.
    fn in_order(mut self) -> Vec<Source> {
        if self.all.iter().all(|(path, _)| is_plain(path.as_os_str().as_encoded_bytes())) {
            self.all.sort_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
            self.all.dedup_by(|(later, _), (first, _)| later.as_os_str() == first.as_os_str());
        } else {
            self.all.sort_by(|(a, _), (b, _)| written_plainly(a).cmp(&written_plainly(b)));
            self.all.dedup_by(|(later, _), (first, _)| written_plainly(later) == written_plainly(first));
        }
        let reading = &self.search.reading;
        let file = |path: PathBuf| {
            let name = escaped(path.as_os_str().as_encoded_bytes());
            Source::new(name, Origin::File(path), reading.clone())
        };
        let source = |(path, is)| match is {
            Is::File => file(path),
            Is::Named => Source { is_named: true, ..file(path) },
            Is::Stdin => Source::new("stdin".into(), Origin::Stdin, reading.clone()),
            Is::Faulty(fault) => faulty(file(path), fault),
            Is::Unmatched => {
                let fault = Some(Fault::unreadable(NO_MATCH));
                Source { named: None, wildcard: None, fault, is_unmatched: true, ..file(path) }
            }
        };
        self.all.into_par_iter().map(source).collect()
    }
}

/// A source that cannot be read. It is of the domain in its name, as any other, so that nobody else sees it; a word is no
/// domain, and says nothing of what could not be read.
fn faulty(source: Source, fault: Fault) -> Source {
    let named = source.named.filter(|hours| is_domain(&hours.domain));
    Source { named, fault: Some(fault), ..source }
}

/// A path without parts that say nothing, to be compared as bytes: sooner than paths are compared part by part.
pub(super) fn written_plainly(path: &Path) -> Cow<'_, OsStr> {
    if is_plain(path.as_os_str().as_encoded_bytes()) {
        return Cow::Borrowed(path.as_os_str());
    }
    Cow::Owned(path.components().collect::<PathBuf>().into_os_string())
}

/// Whether a path has no part that says nothing: `//`, `/./` or a slash at the end.
fn is_plain(path: &[u8]) -> bool {
    memchr_iter(b'/', path).all(|slash| !matches!(path[slash + 1..], [] | [b'/' | b'.', ..]))
}

fn add_path(path: PathBuf, found: &mut Found<'_>) {
    if path.is_dir() {
        add_folder(&path, &path, found);
    } else {
        found.add_named(path);
    }
}

/// Adds the files in a folder; what is searched are their paths below `base`, which holds it or is it.
fn add_folder(folder: &Path, base: &Path, found: &mut Found<'_>) {
    let search = found.search;
    walk(folder, base, search, &mut |path, met| match met {
        Ok(kind) if kind.is_dir() => {}
        Ok(_) if is_own(&path) => of_log!("{}: left out: it is a result of flowbook", path.display()),
        Ok(_) if !search.holds(&path, base) => {}
        Ok(kind) if !kind.is_file() => found.add_faulty(path, Fault::unreadable(NO_FILE)),
        Ok(_) => found.add(path),
        Err(error) => found.add_unreadable(path, &error),
    });
}

/// Whether a file found by walking or by a glob is one of flowbook's own results.
fn is_own(path: &Path) -> bool {
    let is_separator = |byte: &u8| is_separator(char::from(*byte));
    let name = path.as_os_str().as_encoded_bytes().rsplit(is_separator).next().unwrap_or_default();
    let is_store = |name: &[u8]| without(name, STORE).is_some();
    let is_beside = || BESIDE.into_iter().filter_map(|ending| without(name, ending)).any(is_store);
    name == OWN_NAME || without(name, WORKBOOK).is_some() || is_store(name) || is_beside()
}

/// A name without an ending that it has, whatever its case.
fn without<'a>(name: &'a [u8], ending: &str) -> Option<&'a [u8]> {
    // Mostly the last byte tells.
    let (last, is_last) = (name.last()?, ending.as_bytes().last()?);
    let from = name.len().checked_sub(ending.len()).filter(|_| last.eq_ignore_ascii_case(is_last))?;
    let (stem, end) = name.split_at(from);
    end.eq_ignore_ascii_case(ending.as_bytes()).then_some(stem)
}

fn add_glob(argument: &Path, found: &mut Found<'_>) -> Result<()> {
    let is_glob = argument.to_str().filter(|text| text.contains(META));
    let Some(pattern) = is_glob else {
        found.add_named(argument.to_owned());
        return Ok(());
    };
    let so_far = |found: &Found<'_>| (found.all.len(), found.search.left_out());
    let before = so_far(found);
    let matched = matches(pattern, found);
    let paths = matched.map_err(|e| Error::usage(format!("is not a valid glob: {e}")).at(argument))?;
    if paths.is_empty() && so_far(found) == before {
        found.all.push((argument.to_owned(), Is::Unmatched));
    }
    let base = fixed_part(pattern);
    for path in paths {
        let kind = fs::metadata(&path).map(|meta| meta.file_type());
        let is_folder = kind.as_ref().is_ok_and(fs::FileType::is_dir);
        if is_own(&path) || !found.search.reaches(&path, base, is_folder) {
            continue;
        }
        match kind {
            Ok(_) if is_folder => add_folder(&path, base, found),
            Ok(kind) if !kind.is_file() => found.add_faulty(path, Fault::unreadable(NO_FILE)),
            _ => found.add(path),
        }
    }
    Ok(())
}

/// The folder where a glob begins to choose: the part before the first that is matched.
fn fixed_part(pattern: &str) -> &Path {
    let end = pattern.find(META).unwrap_or(pattern.len());
    Path::new(&pattern[..pattern[..end].rfind('/').map_or(0, |slash| slash + 1)])
}

/// Whether a name is also a glob that matches it, and so perhaps others, too: a file called `*.log` must not hide them.
fn matches_itself(path: &Path) -> bool {
    let pattern = path.to_str().filter(|text| text.contains(['*', '?']));
    pattern.is_some_and(|text| glob::Pattern::new(text).is_ok_and(|pattern| pattern.matches(text)))
}

/// Characters that make a glob.
const META: [char; 3] = ['*', '?', '['];

/// The paths that a glob matches, part by part; folders that cannot be read become sources with a fault.
///
/// The crate's own search passes over names that are no UTF-8, or panics at them.
fn matches(pattern: &str, found: &mut Found<'_>) -> Result<Vec<PathBuf>, glob::PatternError> {
    // As in a shell, a hidden file is matched only by a pattern with its dot, unless its name is a log's.
    let as_shells = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    glob::Pattern::new(pattern)?;
    let base = fixed_part(pattern);
    let mut paths = vec![PathBuf::new()];
    let mut parts = Path::new(pattern).components().peekable();
    while let Some(part) = parts.next() {
        let text = part.as_os_str().to_string_lossy();
        if text == "**" {
            // As the last part it is the folder with everything below, as a folder is anyway.
            let is_last = parts.peek().is_none();
            if is_last {
                paths = paths.iter().map(|path| or_here(path).to_owned()).collect();
            } else {
                paths = folders_below(paths, base, found);
            }
        } else if text.contains(META) {
            let pattern = glob::Pattern::new(&text)?;
            let is_match = |name: &OsStr| {
                let text = name.to_string_lossy();
                pattern.matches_with(&text, as_shells) || (!is_hidden(name) && pattern.matches(&text))
            };
            paths = paths.iter().flat_map(|folder| entries(folder, is_match, found)).collect();
        } else {
            for path in &mut paths {
                path.push(part);
            }
            paths.retain(|path| path.symlink_metadata().is_ok());
        }
    }
    Ok(paths)
}

/// The entries of a folder whose names match, sorted.
fn entries(folder: &Path, is_match: impl Fn(&OsStr) -> bool, found: &mut Found<'_>) -> Vec<PathBuf> {
    if !or_here(folder).is_dir() {
        return Vec::new();
    }
    let names = fs::read_dir(or_here(folder)).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>()
    });
    match names {
        Ok(mut names) => {
            names.retain(|name| is_match(name));
            names.sort();
            names.into_iter().map(|name| folder.join(name)).collect()
        }
        Err(error) => {
            found.add_unreadable(folder.to_owned(), &error);
            Vec::new()
        }
    }
}

/// Folders and all that are not hidden below them, each once: those that lie below others are there with these.
fn folders_below(mut folders: Vec<PathBuf>, base: &Path, found: &mut Found<'_>) -> Vec<PathBuf> {
    folders.sort();
    let (mut below, mut are_there) = (Vec::new(), HashSet::new());
    for folder in folders.iter().map(|folder| or_here(folder)).filter(|folder| folder.is_dir()) {
        if are_there.contains(folder) {
            continue;
        }
        let search = found.search;
        walk(folder, or_here(base), search, &mut |path, met: FoundKind| match met {
            Ok(kind) if kind.is_dir() && are_there.insert(path.clone()) => below.push(path),
            Ok(_) => {}
            Err(error) => found.add_unreadable(path, &error),
        });
    }
    below
}

/// No path is the current folder.
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_flowbook_leaves_in_folders_is_no_log() {
        for name in ["a.xlsx", "A.XLSX", "u.db", "U.Db", "expected.csv"] {
            assert!(is_own(&Path::new("logs").join(name)), "{name}");
        }
        for ending in BESIDE {
            assert!(is_own(Path::new(&format!("logs/u.db{ending}"))), "{ending}");
            assert!(!is_own(Path::new(&format!("logs/a.log{ending}"))), "{ending}");
        }
        for log in ["a.log", "db", "a.gz", "not_expected.csv", "x-wal", "a.db.gz", ""] {
            assert!(!is_own(Path::new(log)), "{log}");
        }
    }

    #[test]
    fn names_are_shown_safely() {
        assert_eq!(escaped(b"logs/a b.gz"), "logs/a b.gz");
        assert_eq!(escaped(b"\x1b[31m\nfake"), "\\u{1b}[31m\\nfake");
        let names: [&[u8]; 5] = [b"\xff.log", b"\xfe.log", b"\\xff.log", b"\n.log", b"\\n.log"];
        let distinct: HashSet<String> = names.into_iter().map(escaped).collect();
        assert_eq!(distinct.len(), names.len(), "{distinct:?}");
    }
}
