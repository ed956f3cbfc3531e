//! Another place of logs, as an example: memory. Nothing of its logs is on disk, so that whatever passes by the seam
//! fails here.
//!
//! What adding a place of logs touches, as `src/source/local.rs` shows, too:
//!
//! 1. one file, with an implementation of [`Origins`]: this one. It hands on to [`ORIGINS`] what is not its own;
//! 2. one row: [`ORIGINS`] in `src/source.rs` names it in the place of the one before. Here each job is given it instead.
//!
//! Discovery, identity, copies, beginnings, growth, damage and the store are the same for it.

use super::harness::{Place, gzip};
use super::kept::{Counted, once, text, usage_of};
use flowbook::delivery::intake::Intake;
use flowbook::delivery::take_in;
use flowbook::delivery::taking::{Fate, Taking};
use flowbook::domain::{DomainSet, Selection};
use flowbook::ingest::{Ingested, Job, Progress, ingest};
use flowbook::report::RejectLimit;
use flowbook::source::{ORIGINS, Opened, Origin, Origins, Search, Source, Stat, Version};
use flowbook::store::Writer;
use flowbook::time::TimeRange;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How the names of its logs begin.
const SCHEME: &str = "memory:";

/// Logs in memory, by name, each with how often it was written; and what is given behind the end of a range that was asked
/// for, as [`Opened`] allows.
#[derive(Default)]
struct Memory(BTreeMap<PathBuf, (Vec<u8>, i64)>, Vec<u8>);

impl Memory {
    fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let log = self.0.entry(format!("{SCHEME}/{name}").into()).or_default();
        *log = (bytes.into(), log.1 + 1);
    }

    /// The log at an origin that is here.
    fn at(&self, origin: &Origin) -> Option<io::Result<(&[u8], Stat)>> {
        let path = origin.path().filter(|path| path.starts_with(SCHEME))?;
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let found = self.0.iter().zip(0..).find(|((name, _), _)| *name == path).ok_or_else(gone);
        Some(found.map(|((_, (bytes, written)), number)| {
            let number = Some((0, number));
            let version = Version { number, modified: Some(*written), ..Version::default() };
            (&bytes[..], Stat::File { size: bytes.len() as u64, version })
        }))
    }
}

impl Origins for Memory {
    fn list(&self, arguments: &[PathBuf], search: &Search) -> flowbook::Result<Vec<Source>> {
        let (own, others): (Vec<_>, Vec<_>) =
            arguments.iter().cloned().partition(|argument| argument.starts_with(SCHEME));
        let mut sources = if others.is_empty() { Vec::new() } else { ORIGINS.list(&others, search)? };
        let is_asked = |name: &&PathBuf| own.iter().any(|folder| name.starts_with(folder));
        let source = |path: &PathBuf| {
            let name = path.to_string_lossy().into_owned();
            Source::new(name, Origin::File(path.clone()), search.reading.clone())
        };
        sources.extend(self.0.keys().filter(is_asked).map(source));
        Ok(sources)
    }

    fn stat(&self, origin: &Origin) -> io::Result<Stat> {
        self.at(origin).map_or_else(|| ORIGINS.stat(origin), |log| log.map(|(_, stat)| stat))
    }

    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened> {
        let Some(log) = self.at(origin) else { return ORIGINS.open(origin, range) };
        let (bytes, _) = log?;
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
        let mut given = bytes[at(range.start)..at(range.end)].to_vec();
        if range.end < u64::MAX {
            given.extend(&self.1);
        }
        Ok(Opened::Bytes(Box::new(Cursor::new(given))))
    }

    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
        ORIGINS.open_stream(origin)
    }
}

/// Logs of every kind that is treated in its own way: small and large, packed and not, copies, a beginning, a damaged one.
fn logs() -> Vec<(&'static str, Vec<u8>)> {
    let packed = gzip(text(700..=900).as_bytes());
    vec![
        ("a.log", text(1..=20).into()),
        ("beginning.log", text(1..=300).into()),
        ("copy.gz", gzip(text(1..=400).as_bytes())),
        ("large.log", text(1..=400).into()),
        ("large_copy.log", text(1..=400).into()),
        ("other.gz", gzip(text(500..=600).as_bytes())),
        ("torn.gz", packed[..packed.len() / 2].into()),
    ]
}

fn read(origins: &dyn Origins, folder: &Path) -> Ingested {
    let job = Job {
        origins,
        range: TimeRange::all(),
        selection: &Selection { account: DomainSet::all(), wanted: DomainSet::all() },
        folds: None,
        own_hosts: None,
        threads: 2,
        keep_going: true,
        max_rejects: RejectLimit::DEFAULT,
        empty_is_delivered: false,
        keep_rejects: None,
        progress: &Progress::default(),
    };
    ingest(origins.list(&[folder.to_owned()], &Search::default()).unwrap(), &job).unwrap()
}

fn take(origins: &dyn Origins, folder: &Path, store: &Path) -> Taking {
    let intake = Intake {
        formats: flowbook::log::Formats::default(),
        origins,
        threads: 2,
        keep_going: true,
        max_rejects: RejectLimit::DEFAULT,
        empty_is_delivered: None,
        keep_rejects: None,
        rejects_of: None,
        verify: false,
        now: 0,
        progress: &Progress::default(),
    };
    // A program that another test starts has the lock for a moment.
    let mut writer = Writer::open(store, Duration::from_secs(30), "test").unwrap();
    let sources = origins.list(&[folder.to_owned()], &Search::default()).unwrap();
    let taking = take_in(&mut writer, sources, &intake).unwrap();
    writer.commit().unwrap();
    taking
}

#[test]
fn logs_of_another_place_come_to_the_same_as_files() {
    let (place, mut memory) = (Place::new(), Memory::default());
    for (name, bytes) in logs() {
        place.write(&format!("logs/{name}"), &bytes);
        memory.put(name, bytes);
    }
    let (files, others) = (read(ORIGINS, &place.path("logs")), read(&memory, Path::new(SCHEME)));
    let rows = |ingested: &Ingested| ingested.table.rows().map(|row| format!("{row:?}")).collect::<Vec<_>>();
    assert_eq!(rows(&files), rows(&others));
    assert!(rows(&files).len() > 500, "lines before the damage count, too");
    let short = |name: &str| name.rsplit('/').next().unwrap().to_owned();
    let copies = |ingested: &Ingested| {
        let all = ingested.report.duplicates.iter();
        all.map(|copy| (short(&copy.name), short(&copy.same_as))).collect::<Vec<_>>()
    };
    assert_eq!(copies(&files), copies(&others));
    assert_eq!(copies(&others).len(), 4);
    let faults = |ingested: &Ingested| {
        let all = ingested.report.faults();
        all.map(|(name, fault)| (short(name), fault.to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(faults(&files), faults(&others));
    assert_eq!(faults(&others).len(), 1);
}

#[test]
fn a_store_knows_logs_of_another_place_and_goes_on_in_them() {
    goes_on_in_logs(Memory::default());
}

#[test]
fn nothing_is_read_behind_the_end_of_a_range() {
    goes_on_in_logs(Memory(BTreeMap::new(), text(1..=99).into()));
}

fn goes_on_in_logs(mut memory: Memory) {
    let place = Place::new();
    for (name, bytes) in logs() {
        place.write(&format!("logs/{name}"), &bytes);
        memory.put(name, bytes);
    }
    let (of_files, of_memory) = (place.path("files.db"), place.path("memory.db"));
    let scheme = Path::new(SCHEME);
    assert_eq!(take(ORIGINS, &place.path("logs"), &of_files).fates, take(&memory, scheme, &of_memory).fates);
    assert_eq!(usage_of(&of_files), usage_of(&of_memory));
    let again = take(&memory, scheme, &of_memory);
    assert_eq!((again.had(Fate::Known), again.had(Fate::Faulty)), (6, 1), "what is damaged is tried again");

    memory.0.retain(|name, _| name.ends_with("large.log"));
    memory.put("large.log", text(1..=410));
    let grown = take(&memory, scheme, &of_memory);
    assert_eq!(
        (grown.had(Fate::Grown), grown.before.0, grown.counts.lines),
        (1, 400, 10),
        "only its end is read"
    );
    let rows = usage_of(&of_memory).into_iter().map(|row| [row.3[0], row.3[1]].map(i64::cast_unsigned));
    let counted: Counted =
        rows.map(|[bytes, requests]| (bytes, requests)).filter(|row| row.0 <= 410).collect();
    assert_eq!(counted, once(&[1..=410]));
}

/// Logs of which one is another one from some moment on: that of a certain look at any of them.
struct Changing<'a> {
    before: &'a Memory,
    after: &'a Memory,
    /// Looks so far, and how many see the log as it was.
    looks: AtomicUsize,
    when: usize,
}

impl Changing<'_> {
    fn now(&self) -> &Memory {
        if self.looks.fetch_add(1, Relaxed) < self.when { self.before } else { self.after }
    }
}

impl Origins for Changing<'_> {
    fn list(&self, arguments: &[PathBuf], search: &Search) -> flowbook::Result<Vec<Source>> {
        self.before.list(arguments, search)
    }

    fn stat(&self, origin: &Origin) -> io::Result<Stat> {
        self.now().stat(origin)
    }

    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened> {
        self.now().open(origin, range)
    }

    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
        self.now().open_stream(origin)
    }
}

/// Whenever a log is replaced while it is taken in, all of it counts as it was, or nothing of it, and the next delivery has
/// what it is now.
#[test]
fn a_log_that_is_replaced_at_any_moment_counts_as_it_was_or_not_at_all() {
    let hour = "2026_03_01_120000_130000.log";
    let (named, own) = (format!("l3.com_{hour}"), format!("l1.com_{hour}"));
    let scheme = Path::new(SCHEME);
    let counted = |store: &Path| -> Counted {
        let number = |domain: &str| domain[1..].trim_end_matches(".com").parse().unwrap();
        usage_of(store).into_iter().map(|row| (number(&row.0), row.3[1].cast_unsigned())).collect()
    };
    // What counts beside the lines of the log: two logs begin alike, and each counts.
    let with_lines = |more: &[RangeInclusive<u64>]| {
        let mut all = once(&[1..=400, 900..=950]);
        (1..=200).for_each(|n| *all.entry(n).or_default() += 1);
        for n in more.iter().cloned().flatten() {
            all.entry(n).or_insert(1);
        }
        all
    };
    // A copy, a beginning, what goes on, and another log.
    let kinds = [1..=400, 1..=150, 1..=450, 600..=700];
    let (mut with, mut without) = (0, 0);
    for (name, old) in ["x.log", &own].into_iter().flat_map(|name| kinds.clone().map(|kind| (name, kind))) {
        let mut first = Memory::default();
        // The name of a beginning tells of both of the logs that begin with it.
        first.put("u.log", text(1..=400));
        first.put(&named, text(1..=100));
        first.put("v.log", text(1..=200) + &text(900..=950));
        first.put(name, "");
        let (mut before, mut after) =
            (Memory(first.0.clone(), Vec::new()), Memory(first.0.clone(), Vec::new()));
        before.put(name, text(old.clone()));
        after.put(name, "");
        after.put(name, text(500..=510));
        for when in 0.. {
            let place = Place::new();
            let store = place.path("usage.db");
            take(&first, scheme, &store);
            let changing = Changing { before: &before, after: &after, looks: AtomicUsize::new(0), when };
            let taking = take(&changing, scheme, &store);
            let is_named = taking.faults.iter().any(|(fault, _)| fault.ends_with(name));
            let [none, as_it_was, as_it_is] =
                [&[][..], std::slice::from_ref(&old), &[500..=510]].map(with_lines);
            let then = counted(&store);
            assert!([&none, &as_it_was, &as_it_is].contains(&&then), "{name} {old:?} {when}: {then:?}");
            assert!(!is_named || then == none, "{name} {old:?} {when}: it is a fault, and counts");
            take(&after, scheme, &store);
            let end = counted(&store);
            let both = with_lines(&[old.clone(), 500..=510]);
            assert!(end == as_it_is || (!is_named && end == both), "{name} {old:?} {when}: {end:?}");
            place.run(&["store", "check", "--store", "usage.db"], 0).says(&[]);
            (with, without) = (with + i32::from(!is_named), without + i32::from(is_named));
            if changing.looks.load(Relaxed) <= when {
                break;
            }
        }
    }
    assert!(with > 20 && without > 20, "{with} {without}");
}
