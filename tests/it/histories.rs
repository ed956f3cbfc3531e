//! Random histories of a folder of logs: files grow, are renamed, copied, moved onto each other, compressed, damaged, mended,
//! removed, and are delivered in any order, in any batches, each three times. In the end the store says what an export
//! of the folder says, and what was in it.

use super::harness::gzip;
use super::kept::{Kept, UsageRow, number, text};
use flowbook::codec::{Codec, Decoder};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;

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
    /// A copy with other line ends, marks or NULs.
    Reshape(Index, usize),
    /// A file is moved or copied onto another one, once all are delivered.
    Overwrite(Index, Index, bool),
    /// A file is removed, once all are delivered; perhaps its longest copy comes through a pipe.
    Remove(Index),
    /// New lines come damaged behind the last byte of text, and then whole by another name.
    Mend(u64, usize),
    /// A text with lines of only a path, of which the beginning gets a name that tells a domain.
    Name(u64, usize),
    /// The same lines with only a path under the names of two domains, of which one may have more.
    Domains(u64, u64, usize),
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
        1 => (at(), 0..4_usize).prop_map(|(a, form)| Event::Reshape(a, form)),
        2 => (at(), at(), any::<bool>()).prop_map(|(a, b, moved)| Event::Overwrite(a, b, moved)),
        1 => at().prop_map(Event::Remove),
        1 => (1..60_u64, 0..3_usize).prop_map(|(n, harm)| Event::Mend(n, harm)),
        1 => (8..40_u64, 0..3_usize).prop_map(|(n, order)| Event::Name(n, order)),
        1 => (2..40_u64, prop_oneof![Just(0_u64), 1..9_u64], 0..4_usize)
            .prop_map(|(n, more, order)| Event::Domains(n, more, order)),
        3 => prop::collection::vec(at(), 1..4).prop_map(Event::Deliver),
    ]
}

/// The folder, and which lines were written already.
struct History {
    kept: Kept,
    lines: u64,
    names: u64,
    /// Texts that were delivered and stand nowhere any more, which go on counting.
    gone: Vec<String>,
    /// Whether a file was removed, or moved onto another one.
    is_removed: bool,
}

impl History {
    fn new() -> Self {
        let kept = Kept::new();
        fs::create_dir(kept.0.path("logs")).unwrap();
        let mut history = Self { kept, lines: 0, names: 0, gone: Vec::new(), is_removed: false };
        history.happen(&Event::Begin(3));
        history
    }

    fn files(&self) -> Vec<String> {
        let base = self.kept.0.path("");
        let below = walkdir::WalkDir::new(base.join("logs")).into_iter().map(Result::unwrap);
        let files = below.filter(|entry| entry.file_type().is_file());
        let name = |path: &Path| path.strip_prefix(&base).unwrap().to_string_lossy().into_owned();
        let mut names: Vec<String> = files.map(|entry| name(entry.path())).collect();
        names.sort();
        names
    }

    /// Lines with only a path are rejected where no name tells a domain.
    fn deliver(&self, files: &[&str]) {
        self.kept.ingest(&[files, &["--max-rejects", "100%"]].concat());
    }

    /// Lines that count in a direct export of the folder.
    fn accepted(&self) -> u64 {
        let done = self.kept.0.export(&["logs", "--json", "--force", "--max-rejects", "100%"], 0);
        done.json()["counts"]["accepted"].as_u64().unwrap()
    }

    fn exported(&self, from: &[&str]) -> Vec<u8> {
        self.kept.0.export(&[from, &["--force", "--quiet", "--max-rejects", "100%"]].concat(), 0);
        fs::read(self.kept.0.path("out.xlsx")).unwrap()
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

    /// A text without marks, NULs and other line ends, with its last newline.
    fn text(&self, name: &str) -> String {
        let text = String::from_utf8(decoded(&self.kept, name)).unwrap();
        let text = text.replace(['\r', '\0', '\u{feff}'], "");
        if text.ends_with('\n') { text } else { text + "\n" }
    }

    /// A text stands no more where it was delivered. Of another one that begins with it nothing is gone.
    fn goes(&mut self, text: String) {
        let stands = self.files().iter().any(|name| self.text(name).starts_with(&text));
        if !stands {
            self.gone.push(text);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one event after the other")]
    fn happen(&mut self, event: &Event) {
        // Of those with a domain in their name, or only a path in their lines, nothing more becomes.
        let mut files = self.files();
        files.retain(|name| !name.contains("path"));
        let needs_none =
            matches!(event, Event::Begin(_) | Event::Mend(..) | Event::Name(..) | Event::Domains(..));
        if files.is_empty() && !needs_none {
            return;
        }
        self.is_removed |= matches!(event, Event::Overwrite(..) | Event::Remove(_) | Event::Mend(..));
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
            Event::Reshape(at, form) => {
                let text = String::from_utf8(decoded(&self.kept, &files[at.index(files.len())])).unwrap();
                let text = match form {
                    0 => text.replace('\n', "\r\n"),
                    1 => text.replace('\n', "\r\r\n"),
                    2 => format!("\u{feff}{text}"),
                    _ => format!("{}{text}{}", "\0".repeat(600), "\0".repeat(9)),
                };
                let name = self.new_name(*form);
                self.kept.write(&name, text);
            }
            Event::Overwrite(at, to, is_moved) => {
                let (from, to) = (&files[at.index(files.len())], &files[to.index(files.len())]);
                if from == to {
                    return;
                }
                self.deliver(&["logs"]);
                let (old, new) = (self.text(to), self.text(from));
                if *is_moved {
                    self.kept.rename(from, to);
                } else {
                    self.kept.copy(from, to);
                }
                // All lines differ: what begins alike in one begins alike in both, and is replaced.
                if old.lines().next() == new.lines().next() {
                    // Once it was moved on, nobody could tell this from a log that is gone.
                    self.deliver(&["logs"]);
                } else {
                    self.goes(old);
                }
            }
            Event::Remove(at) if files.len() > 1 => {
                self.deliver(&["logs"]);
                let name = &files[at.index(files.len())];
                let text = self.text(name);
                self.kept.remove(name);
                self.goes(text);
            }
            Event::Remove(_) => {}
            Event::Mend(lines, harm) => {
                let text = self.new_lines(*lines);
                let whole = gzip(text.as_bytes());
                let mut harmed = [&whole[..], b"junk"].concat();
                match harm {
                    0 => {}
                    1 => harmed.truncate(whole.len() - 4),
                    _ => {
                        harmed.truncate(whole.len());
                        harmed[whole.len() - 6] ^= 1;
                    }
                }
                // Known as a whole, nothing is missing of it.
                for code in [3, 0] {
                    self.kept.write("logs/harmed.gz", &harmed);
                    self.kept.try_ingest(&["logs/harmed.gz", "--keep-going"], code);
                    self.kept.remove("logs/harmed.gz");
                    let name = self.new_name(*harm);
                    self.kept.write(&name, &text);
                    self.deliver(&[&name]);
                    self.kept.rename(&name, "logs/mended.log");
                }
                let name = self.new_name(*harm);
                self.kept.rename("logs/mended.log", &name);
            }
            Event::Name(lines, order) => {
                let lines_of = self.new_lines(*lines);
                let all = lines_of.split_inclusive('\n').enumerate();
                let text: String = all.map(|(number, line)| only_path(number, line)).collect();
                let cut = text.match_indices('\n').nth(*lines as usize / 2).unwrap().0 + 1;
                self.names += 1;
                let long = format!("logs/path{:03}.log", self.names);
                let named = format!("logs/path{:03}/l0.com_2026_03_01_120000_130000.log", self.names);
                let mut both = [(long, &text[..]), (named, &text[..cut])];
                if *order == 0 {
                    both.reverse();
                }
                for (name, text) in both {
                    self.kept.write(&name, text);
                    if *order < 2 {
                        self.deliver(&[&name]);
                    }
                }
            }
            Event::Domains(lines, more, order) => {
                let lines_of = self.new_lines(*lines + *more);
                let text: String = lines_of.split_inclusive('\n').map(|line| only_path(0, line)).collect();
                let cut = text.match_indices('\n').nth(*lines as usize - 1).unwrap().0 + 1;
                self.names += 1;
                let name = |of: &str| format!("logs/path{:03}/{of}_2026_03_01_120000_130000.log", self.names);
                let mut both = [(name("d1.com"), &text[..cut]), (name("d2.com"), &text[..])];
                if order % 2 == 0 {
                    both.reverse();
                }
                for (name, text) in both {
                    self.kept.write(&name, text);
                    if *order < 2 {
                        self.deliver(&[&name]);
                    }
                }
            }
            Event::Deliver(at) => {
                let some: Vec<&str> = at.iter().map(|at| files[at.index(files.len())].as_str()).collect();
                self.deliver(&some);
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
            self.deliver(&[name]);
        }
        self.deliver(&["logs"]);
        files.chunks(2).for_each(|pair| {
            let pair: Vec<&str> = pair.iter().map(String::as_str).collect();
            self.deliver(&pair);
        });
    }
}

fn decoded(kept: &Kept, name: &str) -> Vec<u8> {
    let mut text = Vec::new();
    let file = fs::File::open(kept.0.path(name)).unwrap();
    Decoder::new(file).unwrap().read_to_end(&mut text).unwrap();
    text
}

/// Whether the line is one of those that hold only a path where there are such lines.
fn only_path(number: usize, line: &str) -> String {
    let Some((before, rest)) = line.split_once("http://").filter(|_| number.is_multiple_of(3)) else {
        return line.to_owned();
    };
    before.to_owned() + &rest[rest.find('/').unwrap()..]
}

/// The domain whose lines with only a path these are, where others have the same.
fn domain_of(name: &str) -> Option<&'static str> {
    ["d1.com", "d2.com"].into_iter().find(|domain| name.contains(domain))
}

/// The texts in the folder and those that are gone, but those that are the beginning of another one; and whether one is the
/// beginning of several, so that nobody can say of which it is a copy. Lines of two domains are two texts: they are written
/// with their hosts.
fn longest(history: &History) -> (Vec<String>, bool) {
    let text = |name: &String| {
        let text = history.text(name);
        domain_of(name).map_or(text.clone(), |domain| text.replace("GET /", &format!("GET any://{domain}/")))
    };
    let mut all: BTreeSet<String> = history.files().iter().map(text).collect();
    all.extend(history.gone.iter().cloned());
    let grown = |text: &String| all.iter().filter(|other| *other != text && other.starts_with(text)).count();
    let longest: Vec<String> = all.iter().filter(|text| grown(text) == 0).cloned().collect();
    let begun = |text: &String| longest.iter().filter(|other| other.starts_with(text)).count();
    let is_unclear = all.iter().any(|text| begun(text) > 1);
    (longest, is_unclear)
}

/// The usage of each text in the folder once, of one that grew as it is now.
fn expected(history: &History) -> Vec<UsageRow> {
    let fresh = Kept::new();
    let (texts, _) = longest(history);
    for (at, text) in texts.iter().enumerate() {
        let tells = |name: &&String| name.contains("l0.com") && text.starts_with(&history.text(name));
        let named =
            history.files().iter().find(tells).map_or("log", |_| "l0.com_2026_03_01_120000_130000.log");
        fresh.write(&format!("logs/{at}/{named}"), text);
    }
    fresh.try_ingest(&["logs", "--max-rejects", "100%"], 0);
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
        if is_unclear || !history.gone.is_empty() {
            return Ok(());
        }
        let requests: i64 = kept.usage().iter().map(|row| row.3[1]).sum();
        prop_assert_eq!(history.accepted(), requests.unsigned_abs());
        // Which copy of a text is read shows in blank lines where there are NULs, and a store remembers what was a copy.
        let has_marks = |name: &String| decoded(kept, name).iter().any(|byte| matches!(byte, 0 | 0xef));
        let is_as_ever = !history.is_removed && !history.files().iter().any(has_marks);
        prop_assert!(
            !is_as_ever || history.exported(&["--store", "usage.db"]) == history.exported(&["logs"]),
            "the workbooks differ"
        );
    }
}
