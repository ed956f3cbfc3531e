//! A folder with a store: what counts in it, line by line, read by SQL.
//!
//! Line `n` of these tests is a request of `n` bytes to the domain `l<n>.com`, so that usage tells which lines
//! count, and how often.

use super::harness::{Done, Place, line};
use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::{Duration, SystemTime};

const NOON: &str = "1/Mar/2026:12:00:00 +0800";

/// A number that `tests/break.sh` may set.
pub(crate) fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// How often each line counts.
pub(crate) type Counted = BTreeMap<u64, u64>;

/// The text of some lines.
pub(crate) fn text(lines: RangeInclusive<u64>) -> String {
    lines.map(|n| line(NOON, &format!("l{n}.com"), n)).collect()
}

/// Each of these lines once.
pub(crate) fn once(ranges: &[RangeInclusive<u64>]) -> Counted {
    let mut counted = Counted::new();
    ranges.iter().cloned().flatten().for_each(|n| *counted.entry(n).or_default() += 1);
    counted
}

/// A row of the view `usage`: domain, region, time, and every number.
pub(crate) type UsageRow = (String, String, i64, Vec<i64>);

/// Every row of the view `usage` of a store, sorted.
pub(crate) fn usage_of(store: &Path) -> Vec<UsageRow> {
    if !store.exists() {
        return Vec::new();
    }
    let db = rusqlite::Connection::open(store).unwrap();
    let mut rows = db
        .prepare(
            "SELECT domain, region, unix_time, bytes, requests, http_requests, https_requests, quic_requests,
             other_requests, hits, hit_bytes, client_errors, server_errors FROM usage ORDER BY 1, 2, 3",
        )
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        let numbers = (3..13).map(|at| row.get(at)).collect::<Result<_, _>>()?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, numbers))
    };
    rows.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// Everything that a store knows, but when it came to know it.
pub(crate) fn sources_of(store: &Path) -> Vec<(String, i64, i64, i64, i64, Option<String>)> {
    let db = rusqlite::Connection::open(store).unwrap();
    let mut rows = db
        .prepare("SELECT name, text_bytes, lines, accepted, blank, fault FROM source ORDER BY sort, text_bytes, id")
        .unwrap();
    let row = |row: &rusqlite::Row<'_>| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
    };
    rows.query_map([], row).unwrap().map(Result::unwrap).collect()
}

/// A folder with `usage.db`.
pub(crate) struct Kept(pub(crate) Place);

impl Kept {
    pub(crate) fn new() -> Self {
        Self(Place::new())
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        self.0.write(name, content);
    }

    pub(crate) fn append(&self, name: &str, content: impl AsRef<[u8]>) {
        let mut bytes = fs::read(self.0.path(name)).unwrap();
        bytes.extend(content.as_ref());
        // As a program that logs does: the same file, not one of its name.
        let file = fs::OpenOptions::new().write(true).open(self.0.path(name)).unwrap();
        std::io::Write::write_all(&mut &file, &bytes).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.0.path(from), self.0.path(to)).unwrap();
    }

    /// Copies a file, which is younger then.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.0.path(from), self.0.path(to)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.0.path(name)).unwrap();
    }

    /// Sets the time of a file, in seconds before or after 1970.
    pub(crate) fn set_time(&self, name: &str, seconds: i64) {
        let file = fs::OpenOptions::new().write(true).open(self.0.path(name)).unwrap();
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let at =
            if seconds < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance };
        file.set_modified(at).unwrap();
    }

    pub(crate) fn try_ingest(&self, arguments: &[&str], code: i32) -> Done {
        let mut all = vec!["ingest", "--store", "usage.db", "--json"];
        all.extend(arguments);
        self.0.run(&all, code)
    }

    /// Ingests, and gives how many sources had each fate, without those that none had.
    pub(crate) fn ingest(&self, arguments: &[&str]) -> String {
        fates(&self.try_ingest(arguments, 0))
    }

    pub(crate) fn usage(&self) -> Vec<UsageRow> {
        usage_of(&self.0.path("usage.db"))
    }

    pub(crate) fn sources(&self) -> Vec<(String, i64, i64, i64, i64, Option<String>)> {
        sources_of(&self.0.path("usage.db"))
    }

    /// How often each line counts; its bytes must say the same.
    #[track_caller]
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = Counted::new();
        for (domain, _, _, numbers) in self.usage() {
            let number: u64 = domain.trim_start_matches('l').trim_end_matches(".com").parse().unwrap();
            let [bytes, requests, ..] = numbers[..] else { panic!("too few columns") };
            assert_eq!(bytes, requests * number.cast_signed(), "{domain}");
            *counted.entry(number).or_default() += requests.unsigned_abs();
        }
        counted
    }

    /// Ingests a file or folder and expects its fates, and which lines count then.
    #[track_caller]
    pub(crate) fn expect(&self, arguments: &[&str], expected: &str, lines: &[RangeInclusive<u64>]) {
        assert_eq!(self.ingest(arguments), expected, "{arguments:?}");
        assert_eq!(self.counted(), once(lines), "{arguments:?}");
    }

    /// The workbook of the store, as bytes.
    pub(crate) fn workbook(&self) -> Vec<u8> {
        self.0.export(&["--store", "usage.db", "--force", "--quiet"], 0);
        fs::read(self.0.path("out.xlsx")).unwrap()
    }

    /// The workbook of logs without a store, as bytes.
    pub(crate) fn direct(&self, logs: &[&str]) -> Vec<u8> {
        let mut arguments = logs.to_vec();
        arguments.extend(["--force", "--quiet"]);
        self.0.export(&arguments, 0);
        fs::read(self.0.path("out.xlsx")).unwrap()
    }
}

/// The fates that a run tells, as `2 added, 1 known`.
pub(crate) fn fates(done: &Done) -> String {
    let json = done.json();
    let order = ["added", "grown", "replaced", "rotated", "known", "moved", "duplicate", "faulty"];
    let had = order.map(|fate| (fate, json["sources"][fate].as_u64().unwrap()));
    let had = had.iter().filter(|(_, n)| *n > 0).map(|(fate, n)| format!("{n} {fate}"));
    had.collect::<Vec<_>>().join(", ")
}
