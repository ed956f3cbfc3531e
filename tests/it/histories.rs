//! Random histories of a folder of logs: files grow, are renamed, copied and compressed, and are delivered in any
//! order, in any batches, each three times. In the end the store says what an export of the folder says.

use super::harness::gzip;
use super::kept::{Kept, UsageRow, number, text};
use flowbook::codec::{Codec, Decoder};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;

/// What happens to a folder. Places are those of files in it, in the order of names.
#[derive(Clone, Debug)]
enum Event {
    /// So many new lines at the end of a file; perhaps the last one is without its end until more come.
    Append(Index, u64, bool),
    /// New lines in a file of its own.
    Begin(u64),
    Rename(Index, Index),
    Copy(Index, Index),
    /// A file gives way to its compressed form.
    Compress(Index, bool),
    /// The files that are there are delivered: those at these places, in this order.
    Deliver(Vec<Index>),
}

fn event() -> impl Strategy<Value = Event> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), 1..40_u64, prop::bool::weighted(0.2)).prop_map(|(a, n, open)| Event::Append(a, n, open)),
        2 => (1..60_u64).prop_map(Event::Begin),
        2 => (at(), at()).prop_map(|(a, b)| Event::Rename(a, b)),
        2 => (at(), at()).prop_map(|(a, b)| Event::Copy(a, b)),
        2 => (at(), any::<bool>()).prop_map(|(a, zstd)| Event::Compress(a, zstd)),
        3 => prop::collection::vec(at(), 1..4).prop_map(Event::Deliver),
    ]
}

/// The folder, and which lines were written already.
struct History {
    kept: Kept,
    lines: u64,
    names: u64,
}

impl History {
    fn new() -> Self {
        let kept = Kept::new();
        fs::create_dir(kept.0.path("logs")).unwrap();
        let mut history = Self { kept, lines: 0, names: 0 };
        history.happen(&Event::Begin(3));
        history
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.kept.0.path("logs")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| format!("logs/{}", entry.unwrap().file_name().to_string_lossy())).collect();
        names.sort();
        names
    }

    fn new_lines(&mut self, lines: u64) -> String {
        let first = self.lines + 1;
        self.lines += lines;
        text(first..=self.lines)
    }

    /// A name that was never used, before or behind others as `at` says.
    fn new_name(&mut self, at: usize) -> String {
        self.names += 1;
        format!("logs/{}{:03}.log", char::from(b'a' + (at % 26) as u8), self.names)
    }

    fn happen(&mut self, event: &Event) {
        let files = self.files();
        match event {
            Event::Begin(lines) => {
                let name = self.new_name(*lines as usize);
                let text = self.new_lines(*lines);
                self.kept.write(&name, text);
            }
            Event::Append(at, lines, is_open) => {
                let name = &files[at.index(files.len())];
                let mut more = self.new_lines(*lines);
                if *is_open {
                    more.pop();
                }
                let old = decoded(&self.kept, name);
                if !old.ends_with(b"\n") {
                    more.insert(0, '\n');
                }
                match Codec::detect(&fs::read(self.kept.0.path(name)).unwrap()) {
                    Codec::Plain => self.kept.append(name, more),
                    codec => self.kept.append(name, super::harness::encode(codec, more.as_bytes())),
                }
            }
            Event::Rename(at, to) => {
                let to = self.new_name(to.index(26));
                self.kept.rename(&files[at.index(files.len())], &to);
            }
            Event::Copy(at, to) => {
                let to = self.new_name(to.index(26));
                self.kept.copy(&files[at.index(files.len())], &to);
            }
            Event::Compress(at, is_zstd) => {
                let name = &files[at.index(files.len())];
                let text = decoded(&self.kept, name);
                let packed = if *is_zstd { super::harness::encode(Codec::Zstd, &text) } else { gzip(&text) };
                self.kept.remove(name);
                self.kept.write(&format!("{name}.z"), packed);
            }
            Event::Deliver(at) => {
                let some: Vec<&str> = at.iter().map(|at| files[at.index(files.len())].as_str()).collect();
                self.kept.ingest(&some);
            }
        }
    }

    /// Everything three times: one by one in some order, all at once, and in pairs.
    fn deliver_all(&self, from: Index, is_reversed: bool) {
        let mut files = self.files();
        let from = from.index(files.len());
        files.rotate_left(from);
        if is_reversed {
            files.reverse();
        }
        for name in &files {
            self.kept.ingest(&[name]);
        }
        self.kept.ingest(&["logs"]);
        files.chunks(2).for_each(|pair| {
            let pair: Vec<&str> = pair.iter().map(String::as_str).collect();
            self.kept.ingest(&pair);
        });
    }
}

fn decoded(kept: &Kept, name: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let file = fs::File::open(kept.0.path(name)).unwrap();
    Decoder::new(file).unwrap().read_to_end(&mut text).unwrap();
    text
}

/// The texts in the folder, each with its last newline, but those that are the beginning of another one; and whether
/// one is the beginning of several, so that nobody can say of which it is a copy.
fn longest(history: &History) -> (Vec<Vec<u8>>, bool) {
    let whole = |name: &String| {
        let mut text = decoded(&history.kept, name);
        if !text.ends_with(b"\n") {
            text.push(b'\n');
        }
        text
    };
    let all: BTreeSet<Vec<u8>> = history.files().iter().map(whole).collect();
    let grown = |text: &Vec<u8>| all.iter().filter(|other| *other != text && other.starts_with(text)).count();
    let longest: Vec<Vec<u8>> = all.iter().filter(|text| grown(text) == 0).cloned().collect();
    let begun = |text: &Vec<u8>| longest.iter().filter(|other| other.starts_with(text)).count();
    let is_unclear = all.iter().any(|text| begun(text) > 1);
    (longest, is_unclear)
}

/// The usage of each text in the folder once, of one that grew as it is now.
fn expected(history: &History) -> Vec<UsageRow> {
    let fresh = Kept::new();
    let (texts, _) = longest(history);
    texts.iter().enumerate().for_each(|(at, text)| fresh.write(&format!("logs/{at}"), text));
    fresh.ingest(&["logs"]);
    fresh.usage()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(number("BREAK_HISTORIES", 12)))]
    #[test]
    fn any_history_ends_where_the_folder_is(
        events in prop::collection::vec(event(), 1..14),
        from in any::<Index>(),
        is_reversed in any::<bool>(),
    ) {
        let mut history = History::new();
        for event in &events {
            history.happen(event);
        }
        history.deliver_all(from, is_reversed);
        let kept = &history.kept;
        prop_assert_eq!(kept.usage(), expected(&history));
        let (_, is_unclear) = longest(&history);
        prop_assert!(is_unclear || kept.workbook() == kept.direct(&["logs"]), "the workbooks differ");
    }
}
