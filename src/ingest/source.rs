//! Where log lines come from: discovery of sources, what a file name tells, which sources are there twice.
//!
//! Opens files only to compare the contents of those of equal size. The only file that names walkdir and glob.

use crate::digest::Before;
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::region::Region;
use crate::report::{Duplicate, NamedHours};
use crate::time;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The argument that stands for standard input.
pub const STDIN: &str = "-";
/// The fault of a glob that nothing matches.
pub const NO_MATCH: &str = "no file matches this glob";
/// What flowbook itself leaves in folders, and never logs: workbooks, stores, and the totals beside generated logs.
const OWN_ENDINGS: [&[u8]; 7] =
    [b".xlsx", b".db", b".db-wal", b".db-shm", b".db.lock", b".db.run.lock", b".db.tasks.lock"];
const OWN_NAME: &[u8] = b"expected.csv";
/// The zone of the times in file names.
const NAME_OFFSET: i64 = 8 * 3600;

/// A source of log lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as given or found; `stdin` for standard input.
    pub name: String,
    /// Where to read; `None` is standard input.
    pub path: Option<PathBuf>,
    /// Size on disk in bytes; `None` for pipes and the like, and for what was not looked at yet.
    pub size: Option<u64>,
    /// What the file name tells.
    pub hours: Option<NamedHours>,
    /// The domain of lines that hold only a path, where the file name tells none.
    pub domain: Option<Domain>,
    /// The region of its lines, where it is another than the job's.
    pub region: Option<Region>,
    /// Where to begin, when what lies before is known already.
    pub tail: Option<Box<Tail>>,
    /// Why the source cannot be read, when that is known already.
    pub fault: Option<String>,
    /// All of a small file, when it had to be read to tell it from others: it need not be opened again.
    pub bytes: OnceLock<Box<[u8]>>,
}

/// The end of a plain file whose beginning was read before.
#[derive(Clone, Debug)]
pub struct Tail {
    /// Where the first line to be read begins, in bytes.
    pub from: u64,
    /// The whole chunks of the text at or before that place, from which on it is hashed.
    pub before: Before,
}

/// Finds the sources behind the arguments: files, folders (with everything below, hidden files and
/// flowbook's own results left out), globs, and `-`. Sorted by name; the same path counts once.
///
/// What cannot be found or entered becomes a source with a fault, so that the caller decides.
///
/// # Errors
/// When there is no argument, or one is no valid glob.
pub fn discover(arguments: &[PathBuf]) -> Result<Vec<Source>> {
    if arguments.is_empty() {
        return Err(Error::usage("no logs given: name files, folders or globs, or - for standard input"));
    }
    let mut found = Found::default();
    for argument in arguments {
        if argument.as_os_str() == STDIN {
            found.insert(argument, Source::stdin());
        } else if argument.symlink_metadata().is_ok() {
            add_path(argument, &mut found);
        } else {
            add_glob(argument, &mut found)?;
        }
    }
    Ok(found.in_order())
}

impl Source {
    fn stdin() -> Self {
        Self {
            name: "stdin".into(),
            path: None,
            size: None,
            hours: None,
            domain: None,
            region: None,
            tail: None,
            fault: None,
            bytes: OnceLock::new(),
        }
    }

    /// A source of this name.
    fn new(path: &Path, size: Option<u64>, hours: Option<NamedHours>, fault: Option<String>) -> Self {
        let name = shown(path.as_os_str().as_encoded_bytes());
        Self { name, path: Some(path.to_owned()), size, hours, fault, ..Self::stdin() }
    }

    /// A file that was not looked at yet.
    fn file(path: &Path) -> Self {
        let hours = path.file_name().and_then(|n| n.to_str()).and_then(named_hours);
        Self::new(path, None, hours, None)
    }

    /// Finds out the size of a file, unless that is done.
    pub(super) fn look(&mut self) {
        let Some(path) = self.path.as_ref().filter(|_| self.size.is_none() && self.fault.is_none()) else {
            return;
        };
        match fs::metadata(path) {
            Ok(meta) => self.size = meta.is_file().then_some(meta.len()),
            Err(error) => self.fault = Some(format!("cannot read: {error}")),
        }
    }

    fn faulty(path: &Path, fault: String) -> Self {
        Self::new(path, None, None, Some(fault))
    }
}

/// Bytes as a text that is safe to show and tells different bytes apart: what is no character, or controls
/// a terminal, is escaped.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    if let Some(plain) = str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(|b| matches!(b, b' '..=b'~')))
    {
        return plain.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() { text.extend(c.escape_default()) } else { text.push(c) }
        }
        text.extend(chunk.invalid().iter().flat_map(|b| b.escape_ascii()).map(char::from));
    }
    text
}

/// Sources with their paths: as bytes once they are written plainly, which are compared faster than paths are.
#[derive(Default)]
struct Found(Vec<(OsString, Source)>);

impl Found {
    fn insert(&mut self, path: &Path, source: Source) {
        self.0.push((path.components().collect::<PathBuf>().into_os_string(), source));
    }

    fn in_order(mut self) -> Vec<Source> {
        self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.0.dedup_by(|(a, _), (b, _)| a == b);
        self.0.into_iter().map(|(_, source)| source).collect()
    }
}

fn add_path(path: &Path, found: &mut Found) {
    if path.is_dir() {
        add_folder(path, found);
    } else {
        found.insert(path, Source::file(path));
    }
}

fn add_folder(folder: &Path, found: &mut Found) {
    // Links may lead to a folder by several ways, or back to one above: each is entered once.
    let mut entered = HashSet::new();
    let mut enter = |entry: &walkdir::DirEntry| {
        let hidden = entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        let mut is_new = || fs::canonicalize(entry.path()).map_or(true, |path| entered.insert(path));
        !hidden && (!entry.file_type().is_dir() || is_new())
    };
    // Paths in one folder differ in their last part only, and bytes are compared faster than parts are found.
    let walk = walkdir::WalkDir::new(folder)
        .follow_links(true)
        .sort_by(|a, b| a.path().as_os_str().cmp(b.path().as_os_str()));
    for entry in walk.into_iter().filter_entry(&mut enter) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() || is_own(entry.path()) => {}
            Ok(entry) if !entry.file_type().is_file() => {
                // A pipe or device among logs would be waited for without end.
                let fault = "is no regular file".to_owned();
                found.insert(entry.path(), Source::faulty(entry.path(), fault));
            }
            Ok(entry) => found.insert(entry.path(), Source::file(entry.path())),
            // A link back to a folder above: everything in it is found already.
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_owned();
                let fault = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                found.insert(&path, Source::faulty(&path, format!("cannot read: {fault}")));
            }
        }
    }
}

/// Whether a file found by walking or by a glob is one of flowbook's own results.
fn is_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let lower = name.to_ascii_lowercase();
    name == OWN_NAME || OWN_ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

fn add_glob(argument: &Path, found: &mut Found) -> Result<()> {
    let is_glob = argument.to_str().filter(|text| text.contains(['*', '?', '[']));
    let Some(pattern) = is_glob else {
        found.insert(argument, Source::file(argument));
        return Ok(());
    };
    // As in a shell, a hidden file is matched only by a pattern with its dot.
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(pattern, options);
    let paths = paths.map_err(|e| Error::usage(format!("is no valid glob: {e}")).at(argument))?;
    let mut any = false;
    for path in paths {
        any = true;
        match path {
            Ok(path) if is_own(&path) => {}
            Ok(path) => add_path(&path, found),
            Err(error) => {
                let fault = format!("cannot read: {}", error.error());
                found.insert(error.path(), Source::faulty(error.path(), fault));
            }
        }
    }
    if !any {
        found.insert(argument, Source::faulty(argument, NO_MATCH.into()));
    }
    Ok(())
}

/// What the vendor's file name tells: `<domain>_YYYY_MM_DD_HHMMSS_HHMMSS[_x].gz` or the older
/// `<domain>_YYYY_MM_DD_HHMM_HHMM.gz`, times in UTC+8.
#[must_use]
pub fn named_hours(name: &str) -> Option<NamedHours> {
    let bytes = name.as_bytes();
    (1..bytes.len()).filter(|at| bytes[*at] == b'_').find_map(|at| {
        let (start, end) = name_span(&name[at + 1..])?;
        Some(NamedHours { domain: Domain::new(&bytes[..at])?, start, end })
    })
}

/// Reads `YYYY_MM_DD_HHMM[SS]_HHMM[SS]`, then the end of the name, a dot or another underscore.
fn name_span(text: &str) -> Option<(i64, i64)> {
    let mut parts = text.split('_');
    let mut part = || parts.next();
    let (year, month, day) = (number(part()?, 4)?, number(part()?, 2)?, number(part()?, 2)?);
    let from = part()?;
    let to = part()?.split('.').next()?;
    if from.len() != to.len() {
        return None;
    }
    let midnight = time::civil(year.try_into().ok()?, month, day, 0, 0, 0)? - NAME_OFFSET;
    let (from, to) = (clock(from)?, clock(to)?);
    let to = if to <= from { to + time::DAY_SECONDS } else { to };
    Some((midnight + from, midnight + to))
}

fn number(text: &str, len: usize) -> Option<u32> {
    (text.len() == len && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// `HHMM` or `HHMMSS` in seconds since midnight; `240000` ends a day.
fn clock(text: &str) -> Option<i64> {
    let digits = number(text, text.len()).filter(|_| matches!(text.len(), 4 | 6))?;
    let digits = if text.len() == 4 { digits * 100 } else { digits };
    let (hour, minute, second) = (digits / 10_000, digits / 100 % 100, digits % 100);
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    (minute < 60 && second < 60 && seconds <= time::DAY_SECONDS).then_some(seconds)
}

/// Takes out the sources that are there twice: the same file by another name, or another file with the
/// same bytes. Of equal sources the first one in the order of names stays, those that tell their domain before
/// others.
#[must_use]
pub fn without_duplicates(mut sources: Vec<Source>) -> (Vec<Source>, Vec<Duplicate>) {
    sources.par_iter_mut().for_each(Source::look);
    let same_as = equal_sources(&sources);
    let duplicates = same_as.iter().map(|(later, first)| Duplicate {
        name: sources[*later].name.clone(),
        same_as: sources[*first].name.clone(),
    });
    let mut duplicates: Vec<Duplicate> = duplicates.collect();
    duplicates.sort_by(|a, b| a.name.cmp(&b.name));
    let kept = sources.into_iter().enumerate().filter(|(i, _)| !same_as.contains_key(i));
    (kept.map(|(_, source)| source).collect(), duplicates)
}

/// Takes out sources that were found to be the `same` as earlier ones; gives all duplicates, in the order of names.
pub(super) fn leave_out(
    sources: &mut Vec<Source>,
    duplicates: Vec<Duplicate>,
    same: &BTreeMap<usize, usize>,
) -> Vec<Duplicate> {
    let name = |at: &usize| sources[*at].name.clone();
    let mut all: Vec<Duplicate> =
        same.iter().map(|(at, first)| Duplicate { name: name(at), same_as: name(first) }).collect();
    for mut duplicate in duplicates {
        if let Some(first) = all.iter().find(|found| found.name == duplicate.same_as) {
            duplicate.same_as.clone_from(&first.same_as);
        }
        all.push(duplicate);
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let mut at = 0..;
    sources.retain(|_| at.next().is_none_or(|at| !same.contains_key(&at)));
    all
}

/// Positions of duplicates, each with the position of the source that stays.
fn equal_sources(sources: &[Source]) -> BTreeMap<usize, usize> {
    let mut by_size: HashMap<u64, Vec<usize>> = HashMap::new();
    for (at, source) in sources.iter().enumerate() {
        // Empty files hold no line: they count nothing, however often they are there.
        if let Some(size) = source.size.filter(|size| *size > 0) {
            by_size.entry(size).or_default().push(at);
        }
    }
    let candidates: Vec<Vec<usize>> = by_size.into_values().filter(|group| group.len() > 1).collect();
    let room = AtomicU64::new(KEPT);
    candidates.par_iter().flat_map_iter(|group| equal_in_group(sources, group, &room)).collect()
}

/// Told apart by their first bytes, then by a hash of everything; only what is equal by that is compared.
fn equal_in_group(sources: &[Source], group: &[usize], room: &AtomicU64) -> Vec<(usize, usize)> {
    let by_head = by_hash(group, |at| sources[at].head(room));
    let by_content = by_head
        .iter()
        .filter(|same| same.len() > 1)
        .flat_map(|same| by_hash(same, |at| sources[at].path.as_ref().map(|path| hash(path))));
    by_content.flat_map(|same| equal_to_first(sources, &same)).collect()
}

/// The first bytes differ in most files of equal size; a compressed file differs within its first line.
const HEAD: usize = 4 << 10;
/// Bytes of small files that are kept, in all.
const KEPT: u64 = 32 << 20;
/// Bytes read at a time when all of a file is hashed.
const COMPARED: u64 = 1 << 20;

/// Groups sources by a hash, each group in the order of names. A file that cannot be read is in none: it is
/// reported when its turn to be read comes.
fn by_hash(group: &[usize], hash: impl Fn(usize) -> Option<io::Result<u64>>) -> Vec<Vec<usize>> {
    let mut groups: HashMap<u64, Vec<usize>> = HashMap::new();
    for &at in group {
        if let Some(Ok(hash)) = hash(at) {
            groups.entry(hash).or_default().push(at);
        }
    }
    groups.into_values().collect()
}

impl Source {
    /// A hash of the first bytes. These are kept when they are all that there is, and there is room.
    fn head(&self, room: &AtomicU64) -> Option<io::Result<u64>> {
        let path = self.path.as_ref()?;
        // With its room at once: a vector that grows costs a read for every size it takes.
        let mut head = Vec::with_capacity(HEAD + 1);
        Some(File::open(path).and_then(|file| file.take(HEAD as u64 + 1).read_to_end(&mut head)).map(|_| {
            let mut hasher = DefaultHasher::new();
            hasher.write(&head[..head.len().min(HEAD)]);
            let size = head.len() as u64;
            let take =
                |left: u64| left.checked_sub(size).filter(|_| Some(size) == self.size && size <= HEAD as u64);
            if room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok() {
                self.bytes.get_or_init(|| head.into());
            }
            hasher.finish()
        }))
    }
}

fn hash(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut part = Vec::with_capacity(usize::try_from(COMPARED).unwrap_or(0));
    let mut hasher = DefaultHasher::new();
    loop {
        part.clear();
        file.by_ref().take(COMPARED).read_to_end(&mut part)?;
        if part.is_empty() {
            return Ok(hasher.finish());
        }
        hasher.write(&part);
    }
}

/// Each source of a group that has the bytes of an earlier one, with that one.
fn equal_to_first(sources: &[Source], group: &[usize]) -> Vec<(usize, usize)> {
    let same = |a: usize, b: usize| match (&sources[a].path, &sources[b].path) {
        (Some(a), Some(b)) => same_bytes(a, b).unwrap_or(false),
        _ => false,
    };
    let mut firsts: Vec<usize> = Vec::new();
    let mut equal = Vec::new();
    // The name that tells the domain of lines with only a path says more than others.
    let mut group = group.to_vec();
    group.sort_by_key(|at| sources[*at].hours.is_none());
    for at in group {
        match firsts.iter().find(|first| same(**first, at)) {
            Some(first) => equal.push((at, *first)),
            None => firsts.push(at),
        }
    }
    equal
}

fn same_bytes(a: &Path, b: &Path) -> io::Result<bool> {
    if fs::canonicalize(a)? == fs::canonicalize(b)? {
        return Ok(true);
    }
    let (mut a, mut b) = (File::open(a)?, File::open(b)?);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        for (file, part) in [(&mut a, &mut left), (&mut b, &mut right)] {
            part.clear();
            file.take(1 << 20).read_to_end(part)?;
        }
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(named_hours("my_site_2026_03_01_1100_1200.gz").unwrap().domain.as_str(), "my_site");
    }

    #[test]
    fn names_are_shown_safely() {
        assert_eq!(shown(b"logs/a b.gz"), "logs/a b.gz");
        assert_eq!(shown(b"\x1b[31m\nfake"), "\\u{1b}[31m\\nfake");
        assert_ne!(shown(b"\xff.log"), shown(b"\xfe.log"));
    }

    #[test]
    fn duplicates_are_equal_to_the_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let head = "x".repeat(9000);
        for (name, tail) in [("a", "1"), ("b", "2"), ("c", "1"), ("d", "2"), ("e", "3"), ("f", ""), ("g", "")]
        {
            let text = if tail.is_empty() { String::new() } else { format!("{head}{tail}") };
            fs::write(dir.path().join(name), text).unwrap();
        }
        let (kept, duplicates) = without_duplicates(discover(&[dir.path().to_owned()]).unwrap());
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let kept: Vec<String> = kept.iter().map(|source| short(&source.name)).collect();
        assert_eq!(kept, ["a", "b", "e", "f", "g"]);
        let pairs: Vec<_> = duplicates.iter().map(|d| (short(&d.name), short(&d.same_as))).collect();
        assert_eq!(pairs, [("c".into(), "a".into()), ("d".into(), "b".into())]);
    }
}
