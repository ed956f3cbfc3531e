//! What `--force` never replaces: stores, the files beside them that belong to them, and logs. Each is recognised by
//! its content, under any name and however it is being read: a pipe does not say what it was filled from.

use super::beside::{is_beside_database, is_database};
use crate::codec::Decoder;
use crate::regular;
use std::io::Read;
use std::path::Path;

/// Bytes of text that are looked at for a line of a log.
const LOOKED_AT: u64 = 64 << 10;

/// Why the file that stands at `path` is not to be replaced, if so.
pub(super) fn precious(path: &Path) -> Option<&'static str> {
    if is_database(path) {
        return Some("is a store or another database and would be overwritten; name another file");
    }
    if is_beside_database(path) {
        return Some("belongs to the store beside it and would be overwritten; name another file");
    }
    is_log(path).then_some("is a log and would be overwritten; name another file")
}

/// Whether a file holds a line that is stamped as those of logs are, packed or not.
fn is_log(path: &Path) -> bool {
    let Ok(decoder) = regular::open(path).and_then(Decoder::new) else { return false };
    let mut text = Vec::new();
    // What was read before an error counts.
    let _ = decoder.take(LOOKED_AT).read_to_end(&mut text);
    text.split(|byte| matches!(byte, b'\n' | b'\r')).any(is_stamped)
}

/// Whether a line begins with a time like `[9/Jun/2015:01:58:09 +0800]`.
fn is_stamped(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
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
        for other in [
            "",
            "PK\x03\x04",
            "[store]\npath = 1\n",
            "[9/Jun/2015:01:58:09 0800]",
            "file,line\na,[9/Jun/2015",
        ] {
            assert_eq!(about("c.xlsx", other.as_bytes()), None, "{other}");
        }
        let rejects =
            format!("file,line,reason,text\na.log,1,bad_time,\"{}\"\n", LINE.trim().replace('"', "\"\""));
        assert_eq!(about("r.csv", rejects.as_bytes()), None);
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
