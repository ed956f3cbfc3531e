//! A stretch of a plain file that several threads read, each its own lines of it.

use memchr::memchr;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// The bytes from the one before `start` to the end of the line that holds the byte before `end`; nothing
/// more than the span when it holds no newline, for then no line begins in it.
pub(super) struct StretchReader {
    file: Arc<File>,
    /// Where the next byte lies.
    at: u64,
    left: u64,
    newline_seen: bool,
    last: u8,
    done: bool,
}

impl StretchReader {
    pub(super) fn new(file: Arc<File>, (start, end): (u64, u64)) -> Self {
        let at = start.saturating_sub(1);
        // The first line of the file begins without a newline before it.
        Self { file, at, left: end - at, newline_seen: start == 0, last: 0, done: false }
    }

    fn read_on(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, out, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Read for StretchReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.done || out.is_empty() {
            return Ok(0);
        }
        if self.left > 0 {
            let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let read = self.read_on(&mut out[..wanted])?;
            if read == 0 {
                return Err(shrunk());
            }
            self.left -= read as u64;
            self.newline_seen = self.newline_seen || memchr(b'\n', &out[..read]).is_some();
            self.last = out[read - 1];
            self.done = self.left == 0 && (self.last == b'\n' || !self.newline_seen);
            return Ok(read);
        }
        let read = self.read_on(out)?;
        let newline = memchr(b'\n', &out[..read]);
        self.done = read == 0 || newline.is_some();
        Ok(newline.map_or(read, |n| n + 1))
    }
}

/// Reads from a place in a file that others read as well.
#[cfg(unix)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, out, at)
}

/// Reads from a place in a file that others read as well.
#[cfg(windows)]
fn read_at(file: &File, out: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, out, at)
}

/// The file is shorter than it was when the run began.
pub(super) fn shrunk() -> io::Error {
    io::Error::other("the file became shorter while it was read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::lines::{Chunk, Lines};
    use proptest::prelude::*;
    use std::io::Write;

    /// Every line that the stretches of a text give, in turn.
    fn by_stretches(text: &str, cuts: &[usize]) -> Vec<String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut found = Vec::new();
        for pair in cuts.windows(2) {
            let span = (pair[0] as u64, pair[1] as u64);
            let stretch = StretchReader::new(Arc::new(file.reopen().unwrap()), span);
            let mut lines = if span.0 == 0 { Lines::new(stretch) } else { Lines::after_newline(stretch) };
            while let Some(chunk) = lines.next_chunk().unwrap() {
                let Chunk::Lines(block) = chunk else { panic!("no line is long") };
                found.extend(String::from_utf8_lossy(block).lines().map(String::from));
            }
        }
        found
    }

    proptest! {
        #[test]
        fn stretches_give_every_line_once(text in "[ab\n]{1,30}", cuts in prop::collection::btree_set(1..30usize, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| *c < text.len()).collect();
            cuts.insert(0, 0);
            cuts.push(text.len());
            let expected: Vec<&str> = text.lines().collect();
            prop_assert_eq!(by_stretches(&text, &cuts), expected);
        }
    }
}
