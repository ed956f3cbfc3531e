//! What a file is that is not a log, recognised by its first bytes: one row for each kind.
//!
//! Knows nothing of how files are read. A row that is to be read one day leaves the table.

use crate::log::may_begin_entry;

/// Bytes that are enough to recognise every kind.
pub const HEAD_LEN: usize = 512;

/// What every `SQLite` database begins with.
pub const DATABASE: &[u8] = b"SQLite format 3\0";

/// What to do about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Advice {
    /// This command decompresses from standard input to standard output, whatever the file is called.
    Unpack(&'static str),
    /// This command extracts files from the file that is named.
    Extract(&'static str),
    /// Anything else.
    Other(&'static str),
}

/// Something else than lines of a log.
#[derive(Debug, PartialEq, Eq)]
pub struct Foreign {
    /// What it is, with an article.
    pub name: &'static str,
    /// What to do about it.
    advice: Advice,
    /// What stands where in it.
    marks: &'static [(usize, &'static [u8])],
}

impl Foreign {
    /// What to do about it. If it is inside another compressed file, `outer` is the command that decompresses that
    /// file.
    #[must_use]
    pub fn advice(&self, outer: Option<&str>) -> String {
        let then = "then remove FILE: it counts as a log that cannot be read while it is there";
        match (self.advice, outer) {
            (Advice::Unpack(with), None) => format!("unpack it first ({with} < FILE > NAME.log), {then}"),
            (Advice::Unpack(with), Some(outer)) => {
                format!("unpack it first ({outer} < FILE | {with} > NAME.log), {then}")
            }
            (Advice::Extract(with), None) => format!("unpack it first ({with} FILE), {then}"),
            (Advice::Extract(with), Some(outer)) => {
                format!("unpack it first ({outer} < FILE > INNER, {with} INNER), {then}")
            }
            (Advice::Other(text), _) => text.into(),
        }
    }

    /// What stands where in it.
    #[cfg(test)]
    pub(super) const fn marks(&self) -> &'static [(usize, &'static [u8])] {
        self.marks
    }
}

const fn kind(name: &'static str, advice: &'static str, marks: &'static [(usize, &'static [u8])]) -> Foreign {
    Foreign { name, advice: Advice::Other(advice), marks }
}

const fn packed(name: &'static str, with: &'static str, marks: &'static [(usize, &'static [u8])]) -> Foreign {
    Foreign { name, advice: Advice::Unpack(with), marks }
}

const fn archive(
    name: &'static str,
    with: &'static str,
    marks: &'static [(usize, &'static [u8])],
) -> Foreign {
    Foreign { name, advice: Advice::Extract(with), marks }
}

const NO_LOG: &str = "it is not a log; remove it from the logs, or download the log again";
const UTF_8: &str = "convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)";

/// Bytes that no line of a log begins with. A kind that others begin like stands behind these.
pub(super) static KINDS: [Foreign; 34] = [
    packed("an xz file", "xz -dc", &[(0, b"\xfd7zXZ\0")]),
    packed("a bzip2 file", "bzip2 -dc", &[(0, b"BZh"), (4, b"1AY&SY")]),
    kind("an empty bzip2 file", "it is empty; remove it", &[(0, b"BZh"), (4, b"\x17\x72\x45\x38\x50\x90")]),
    packed("an lz4 file", "lz4 -dc", &[(0, b"\x04\x22\x4d\x18")]),
    packed("an lz4 file of the old format", "lz4 -dc", &[(0, b"\x02\x21\x4c\x18")]),
    packed("an lzip file", "lzip -dc", &[(0, b"LZIP\x01")]),
    packed("an lzop file", "lzop -dc", &[(0, b"\x89LZO\0\r\n\x1a\n")]),
    packed("an lzma file", "xz -dc", &[(0, b"\x5d\0\0"), (5, b"\xff\xff\xff\xff\xff\xff\xff\xff")]),
    packed("a snappy file", "snzip -dc", &[(0, b"\xff\x06\0\0sNaPpY")]),
    packed("a file made by compress", "gzip -dc", &[(0, b"\x1f\x9d")]),
    packed("a file made by pack", "gzip -dc", &[(0, b"\x1f\x1e")]),
    packed("a zlib stream", "zlib-flate -uncompress", &[(0, b"\x78\x9c")]),
    packed("a zlib stream", "zlib-flate -uncompress", &[(0, b"\x78\xda")]),
    archive("a tar archive", "tar -xf", &[(257, b"ustar")]),
    kind(
        "an Excel workbook or another Office file",
        NO_LOG,
        &[(0, b"PK\x03\x04"), (30, b"[Content_Types].xml")],
    ),
    kind("an Excel workbook or another Office file", NO_LOG, &[(0, b"PK\x03\x04"), (30, b"_rels/.rels")]),
    archive("a zip archive", "unzip", &[(0, b"PK\x03\x04")]),
    kind("an empty zip archive", "it is empty; remove it", &[(0, b"PK\x05\x06")]),
    archive("a zip archive in several parts", "unzip", &[(0, b"PK\x07\x08")]),
    archive("a 7z archive", "7z x", &[(0, b"7z\xbc\xaf\x27\x1c")]),
    archive("a rar archive", "unrar x", &[(0, b"Rar!\x1a\x07")]),
    archive("an ar archive", "ar -x", &[(0, b"!<arch>\n")]),
    kind("an old Excel workbook or another Office file", NO_LOG, &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")]),
    kind("a PDF document", NO_LOG, &[(0, b"%PDF-")]),
    kind("an SQLite database", NO_LOG, &[(0, DATABASE)]),
    kind("a program", NO_LOG, &[(0, b"\x7fELF")]),
    kind("a Parquet file", "write its rows as log lines first", &[(0, b"PAR1")]),
    kind("an Avro file", "write its rows as log lines first", &[(0, b"Obj\x01")]),
    kind("a PNG picture", NO_LOG, &[(0, b"\x89PNG\r\n\x1a\n")]),
    kind("an encrypted file", "decrypt it first", &[(0, b"Salted__")]),
    kind("an encrypted file", "decrypt it first", &[(0, b"age-encryption.org/")]),
    kind("UTF-32 text", UTF_8, &[(0, b"\xff\xfe\0\0")]),
    kind("UTF-16 text", UTF_8, &[(0, b"\xff\xfe")]),
    kind("UTF-16 text", UTF_8, &[(0, b"\xfe\xff")]),
];

/// Without a mark of its own: every other byte of its beginning is NUL.
static UTF_16: Foreign = kind("UTF-16 text", UTF_8, &[]);
/// Characters that are enough to tell it.
const UTF_16_LEN: usize = 16;

/// What a file is, by its first bytes: at least [`HEAD_LEN`], or all if the file is shorter. `None` if lines of a log
/// may begin like this.
#[must_use]
pub fn foreign(head: &[u8]) -> Option<&'static Foreign> {
    // Each log is asked for them all.
    if may_begin_entry(head) {
        return None;
    }
    let has = |(at, mark): &(usize, &[u8])| head.get(*at..).is_some_and(|rest| rest.starts_with(mark));
    let kind = KINDS.iter().find(|kind| kind.marks.iter().all(has));
    kind.or_else(|| is_utf_16(head).then_some(&UTF_16))
}

fn is_utf_16(head: &[u8]) -> bool {
    let (pairs, _) = head.as_chunks::<2>();
    let is_text = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let are = |is_char: &dyn Fn(&[u8; 2]) -> bool| {
        pairs.get(..UTF_16_LEN).is_some_and(|pairs| pairs.iter().all(is_char))
    };
    are(&|pair| is_text(pair[0]) && pair[1] == 0) || are(&|pair| pair[0] == 0 && is_text(pair[1]))
}

/// Text that is no log, by its beginning: a page of a storage service in the place of a file. A log may begin so, too:
/// it is to be asked only where no line is a good one.
static PAGES: [(&[u8], Foreign); 6] =
    [(b"<!doctype html", HTML), (b"<html", HTML), (b"{", JSON), (b"[{", JSON), (b"[\n", JSON), (b"[]", JSON)];
const AGAIN: &str = "a service may have sent an error instead of the log; download the log again";
static XML: Foreign = kind("an XML page", AGAIN, &[]);
const HTML: Foreign = kind("an HTML page", AGAIN, &[]);
const JSON: Foreign = kind("JSON text", AGAIN, &[]);

const OTHER_LOG: &str =
    "no format that flowbook knows fits them; describe theirs in a file for --format-file";
static JSON_LINES: Foreign = kind("JSON lines", OTHER_LOG, &[]);
static SYSLOG: Foreign = kind("syslog messages", OTHER_LOG, &[]);

/// What a text is of which no line is good, by some of its lines, the first one first.
#[must_use]
pub fn page(lines: &[&[u8]]) -> Option<&'static Foreign> {
    let text = begun(lines.first()?);
    if lines.len() > 1 && lines.iter().all(|line| is_object(begun(line))) {
        return Some(&JSON_LINES);
    }
    let begins = |mark: &[u8]| text.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    let known = PAGES.iter().find(|(mark, _)| begins(mark)).map(|(_, page)| page);
    match text {
        _ if is_syslog(text) => Some(&SYSLOG),
        [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => Some(known.unwrap_or(&XML)),
        _ => known,
    }
}

/// A line without what a text may begin with.
fn begun(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start()
}

/// Whether a line begins as a JSON object that has a key in the same line.
fn is_object(line: &[u8]) -> bool {
    line.strip_prefix(b"{").is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\""))
}

/// Whether a line begins with a priority, as `<134>`.
fn is_syslog(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_by_its_marks_and_no_line_of_a_log_has_them() {
        for kind in &KINDS {
            let mut head = vec![b'x'; HEAD_LEN];
            for (at, mark) in kind.marks {
                head[*at..at + mark.len()].copy_from_slice(mark);
            }
            assert_eq!(foreign(&head), Some(kind));
            let end = kind.marks.iter().map(|(at, mark)| at + mark.len()).max().unwrap();
            assert_ne!(foreign(&head[..end - 1]), Some(kind), "{}", kind.name);
            assert_eq!(foreign(&[b"[", &head[..]].concat()), None, "{}", kind.name);
        }
    }

    #[test]
    fn utf_16_is_told_with_and_without_its_mark() {
        let text = "[1/Mar/2026:12:00:00 +0800] 1.2.3.4";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [&little, &big, &[b"\xff\xfe", &little[..]].concat(), &[b"\xfe\xff", &big[..]].concat()]
        {
            assert_eq!(foreign(bytes).map(|kind| kind.name), Some("UTF-16 text"));
        }
        for log in
            [&[0; 100][..], b"[1/Mar", b"\0[1/Mar/2026:12:00:00 +0800] 1.2.3.4 - 5", b"", text.as_bytes()]
        {
            assert_eq!(foreign(log), None);
        }
    }

    #[test]
    fn pages_are_told_by_their_beginning() {
        for (text, name) in [
            ("\n<?xml version=\"1.0\"?><Error/>", Some("an XML page")),
            ("<Error><Code>NoSuchKey</Code>", Some("an XML page")),
            ("\u{feff}<!DOCTYPE HTML>", Some("an HTML page")),
            ("{\"Code\": \"NoSuchKey\"}", Some("JSON text")),
            ("{\n  \"Code\": \"NoSuchKey\"\n}", Some("JSON text")),
            ("{\"host\": \"a.com\"}\n{ \"host\": \"b.com\"}", Some("JSON lines")),
            ("<134>1 2026-03-01T12:00:00Z a nginx", Some("syslog messages")),
            ("<3 hearts>", None),
            ("<1344>x", None),
            ("[1/Mar/2026:12:00:00 +0800] 1.2.3.4", None),
            ("2026-03-01 12:00:00 GET", None),
            ("", None),
        ] {
            let lines: Vec<&[u8]> = text.trim().lines().map(str::as_bytes).collect();
            assert_eq!(page(&lines).map(|page| page.name), name, "{text}");
        }
    }
}
