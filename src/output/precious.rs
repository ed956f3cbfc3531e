//! What `--force` never replaces: stores, the files beside them that belong to them, logs, configurations and lists of
//! tasks. Each is recognised by its content, under any name and however it is being read: a pipe does not say what it was
//! filled from.

use super::beside::{is_beside_database, is_database};
use crate::codec::Decoder;
use crate::contract::request::Parameter;
use crate::log::{Format, Formats, Likeness};
use crate::regular;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Bytes of text that are looked at for a line of a log: more than a few of the longest lines that are rejected.
const LOOKED_AT: usize = 4 << 20;
/// Lines that are looked at for each format.
const JUDGED: usize = 1000;
/// Bytes that are read at a time.
const BLOCK: usize = 64 << 10;

/// The tables of a configuration, as their lines begin.
pub const TABLES: [&str; 8] =
    ["[account]", "[groups]", "[store]", "[[source]]", "[format]", "[ingest]", "[output]", "[[task]]"];

/// The columns that a list of tasks has besides the parameters of requests.
pub const COLUMNS: [&str; 2] = ["range", "output"];

/// Why what says what is asked for is not replaced.
pub const IS_ASKED: &str =
    "is a configuration or a list of tasks and would be overwritten; name another file";

/// Why the file that stands at `path` is not to be replaced, if so.
pub(super) fn precious(path: &Path) -> Option<&'static str> {
    if is_database(path) {
        return Some("is a store or another database and would be overwritten; name another file");
    }
    if is_beside_database(path) {
        return Some("belongs to the store beside it and would be overwritten; name another file");
    }
    let text = text(path);
    let mut lines = text.split(|byte| matches!(byte, b'\n' | b'\r')).map(begun);
    // The native format is told far faster than others are.
    let is_asked = |format: Format, at: usize| at < JUDGED || format == Format::default();
    let is_log = |(at, line): (usize, &[u8])| {
        Formats::default().all().any(|format| is_asked(format, at) && is_of(format, line))
    };
    if lines.clone().enumerate().any(is_log) {
        return Some("is a log and would be overwritten; name another file");
    }
    let is_list = || lines.clone().find(|line| !line.trim_ascii().is_empty()).is_some_and(is_headings);
    (is_list() || lines.any(is_table)).then_some(IS_ASKED)
}

/// The beginning of the text of a file, packed or not. NULs are no text: a log may begin with any number of them, where one
/// that was emptied was written on. Nor are blanks at the beginning of a line.
fn text(path: &Path) -> Vec<u8> {
    let (mut text, mut block) = (Vec::new(), vec![0; BLOCK]);
    let Ok(mut decoder) = regular::open(path).and_then(Decoder::new) else { return text };
    while text.len() < LOOKED_AT {
        match decoder.read(&mut block) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // What was read before an error counts.
            Ok(0) | Err(_) => break,
            Ok(len) => {
                for byte in block[..len].iter().filter(|byte| **byte != 0) {
                    let begins_line = matches!(text.last(), None | Some(b'\n' | b'\r'));
                    if !(begins_line && byte.is_ascii_whitespace()) {
                        text.push(*byte);
                    }
                }
            }
        }
    }
    text
}

/// A line without what a text may begin with.
fn begun(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// Whether a line is one of a log format, or begins as one with a time like `[9/Jun/2015:01:58:09 +0800]`, whatever follows.
fn is_of(format: Format, line: &[u8]) -> bool {
    format.likeness(line) >= Likeness::Likely || format == Format::Alibaba && is_stamped(line)
}

/// Whether a line holds the headings of a list of tasks.
fn is_headings(line: &[u8]) -> bool {
    let is_known = |heading: &[u8]| {
        let keys = Parameter::ALL.iter().map(|parameter| parameter.key).chain(COLUMNS);
        let heading = heading.trim_ascii();
        let heading =
            heading.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(heading);
        keys.into_iter().any(|key| key.as_bytes() == heading)
    };
    line.split(|byte| matches!(byte, b',' | b';' | b'\t')).all(is_known)
}

/// Whether a line begins a table of a configuration.
fn is_table(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let is_end = |rest: &[u8]| matches!(rest.trim_ascii_start(), [] | [b'#', ..]);
    line.starts_with(b"[format.")
        || TABLES.iter().any(|table| line.strip_prefix(table.as_bytes()).is_some_and(is_end))
}

/// Whether a line begins with a time like `[9/Jun/2015:01:58:09 +0800]`.
fn is_stamped(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"[") else { return false };
    let rest = rest.strip_prefix(b"0").unwrap_or(rest);
    let day = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let shape = b"/Aaa/0000:00:00:00 +0000]";
    let rest = &rest[day..];
    let is_like = |(byte, like): (&u8, &u8)| match like {
        b'0' => byte.is_ascii_digit(),
        b'A' | b'a' => byte.is_ascii_alphabetic(),
        b'+' => matches!(byte, b'+' | b'-'),
        _ => byte == like,
    };
    matches!(day, 1..=2) && rest.len() >= shape.len() && rest.iter().zip(shape).all(is_like)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Codec, Encoder};
    use crate::output::beside::BESIDE;
    use std::fs;
    use std::io::Write;

    const LINE: &str =
        "[9/Jun/2015:01:58:09 +0800] 188.165.15.75 - 1542 \"-\" \"GET http://a.com/\" 200 191 2830 MISS\n";

    fn packed(codec: Codec, text: &str) -> Vec<u8> {
        let mut encoder = Encoder::new(codec, Vec::new()).unwrap();
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn stores_and_logs_are_told_by_what_they_hold() {
        let dir = tempfile::tempdir().unwrap();
        let about = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).unwrap();
            precious(&path).map(|why| why.split([',', ' ']).nth(2).unwrap_or_default())
        };
        for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd] {
            assert_eq!(about("a.xlsx", &packed(codec, &format!("bad\r\n{LINE}"))), Some("log"), "{codec:?}");
            assert_eq!(
                about("a.csv.gz", &packed(codec, "Time,Domain\n2026-03-01,a.com\n")),
                None,
                "{codec:?}"
            );
        }
        assert_eq!(about("b.xlsx", b"\xef\xbb\xbf[09/Jun/2015:01:58:09 -0800] "), Some("log"));
        for other in ["", "PK\x03\x04", "[9/Jun/2015:01:58:09 0800]", "file,line\na,[9/Jun/2015"] {
            assert_eq!(about("c.xlsx", other.as_bytes()), None, "{other}");
        }
        for own in
            ["# mine\r\n[store] # here\r\npath = 1\r\n", "[[task]]\n", "\n type ; range;\"output\"\nflow;;"]
        {
            let why = precious(&{
                let path = dir.path().join("t.csv");
                fs::write(&path, own).unwrap();
                path
            });
            assert_eq!(why, Some(IS_ASKED), "{own}");
        }
        let rejects =
            format!("file,line,reason,text\na.log,1,bad_time,\"{}\"\n", LINE.trim().replace('"', "\"\""));
        assert_eq!(about("r.csv", rejects.as_bytes()), None);
        let padded = [&[0; 8192][..], LINE.as_bytes()].concat();
        assert_eq!(about("n.csv", &padded), Some("log"));
        for before in [
            vec![0; 2 * LOOKED_AT],
            vec![b'\n'; 2 * LOOKED_AT],
            vec![b' '; 2 * LOOKED_AT],
            vec![b'x'; 1_200_000],
        ] {
            let text = [&before[..], b"\n", LINE.as_bytes()].concat();
            assert_eq!(about("n.csv", &text), Some("log"), "{:?}", before[0]);
        }
        // Of any format.
        assert_eq!(about("e.csv", b"#Columns: bytes time\n"), Some("log"));
        let mut cut = packed(Codec::Gzip, &LINE.repeat(99));
        cut.truncate(cut.len() - 9);
        assert_eq!(about("cut", &cut), Some("log"));
        for name in ["d.db-wal", "d.db.lock"] {
            assert_eq!(about(name, b""), None);
        }
        assert_eq!(about("d.db", b"SQLite format 3\0 and more"), Some("store"));
        for name in BESIDE {
            assert_eq!(about(&format!("d.db{name}"), b""), Some("the"), "{name}");
        }
    }
}
