//! Bounded line splitting: blocks of whole lines, lent from one buffer.
//!
//! A line longer than the limit is a value ([`Chunk::TooLong`]), not an error, and is never split in two. A text
//! without newlines is cut after carriage returns that an entry follows. A line that is too long is cut before a hole
//! of NULs, and the hole is skipped. Knows nothing of files, and of formats only how entries begin.

use crate::log::may_begin_entry;
use crate::record::MAX_LINE;
use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};
use std::io::{self, Read};
use std::ops::Range;

/// Bytes read at a time: fits into a core's second-level cache together with what is made of it.
pub(super) const READ: usize = 256 << 10;

/// What [`Lines::next_chunk`] lends.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunk<'a> {
    /// Whole lines, each with its newline, or ended by a carriage return that an entry follows; only the last line of
    /// the input, and one with a hole behind it, may lack its end.
    Lines(&'a [u8]),
    /// The first [`MAX_LINE`] bytes of a line that is longer.
    TooLong(&'a [u8]),
}

/// Bytes behind a carriage return that tell whether an entry follows.
const AHEAD: usize = 2;

/// Bytes that may lie in front of the next line: as many as tell that a line is too long.
const MOST: usize = MAX_LINE + 1 + AHEAD;

/// Behind the last line of a text that ends in it, newlines before carriage returns; none where the first line does
/// not end within its limit.
fn last_end(text: &[u8]) -> Option<usize> {
    let near = &text[..text.len().min(MAX_LINE + 1)];
    let returns = || memrchr_iter(b'\r', near).find(|at| may_begin_entry(&text[at + 1..]));
    memrchr(b'\n', near).or_else(|| if near.len() < READ { None } else { returns() }).map(|at| at + 1)
}

/// Behind the first line of a text that ends in it.
fn first_end(text: &[u8]) -> Option<usize> {
    let newline = memchr(b'\n', text).unwrap_or(text.len());
    let mut returns = memchr_iter(b'\r', &text[..newline]);
    returns.find(|at| may_begin_entry(&text[at + 1..])).or_else(|| memchr(b'\n', text)).map(|at| at + 1)
}

/// So many NULs are a hole, which a crash or a truncated copy left, where a line is too long.
const HOLE: usize = 512;

/// NULs at the start of a text.
fn nuls(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte != 0).unwrap_or(text.len())
}

/// Where the last hole of a text begins.
fn last_hole(text: &[u8]) -> Option<usize> {
    let mut end = text.len();
    while let Some(last) = memrchr(0, &text[..end]) {
        end = end_of_text(&text[..last]);
        if last + 1 - end >= HOLE {
            return Some(end);
        }
    }
    None
}

/// Behind the last byte of a text that is no NUL.
fn end_of_text(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

/// Behind a hole at the start of a text, and behind the newline of the line that stands before it.
fn behind_hole(text: &[u8]) -> usize {
    let nuls = nuls(text);
    nuls + usize::from(text.get(nuls) == Some(&b'\n'))
}

/// Where a chunk lies in a buffer.
enum ChunkRange {
    Lines(Range<usize>),
    TooLong(Range<usize>),
}

impl ChunkRange {
    fn of<'a>(&self, buffer: &'a [u8]) -> Chunk<'a> {
        match self {
            Self::Lines(range) => Chunk::Lines(&buffer[range.clone()]),
            Self::TooLong(range) => Chunk::TooLong(&buffer[range.clone()]),
        }
    }
}

/// A chunk with the buffer that it lies in.
pub struct OwnedChunk {
    buffer: Vec<u8>,
    range: ChunkRange,
}

impl OwnedChunk {
    /// The chunk.
    #[must_use]
    pub fn chunk(&self) -> Chunk<'_> {
        self.range.of(&self.buffer)
    }

    /// The buffer, to be used for a later block.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

/// Splits a text that is there as a whole: the chunks lie in the text itself.
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Splits `text`.
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self(text)
    }
}

impl<'a> Iterator for Text<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        loop {
            let text = self.0;
            let near = |len: usize| &text[..text.len().min(len)];
            let end = memrchr(b'\n', near(READ)).map(|newline| newline + 1).or_else(|| last_end(near(MOST)));
            let (chunk, rest) = match end {
                Some(end) => (Chunk::Lines(near(end)), end),
                None if text.is_empty() => return None,
                None if text.len() <= MAX_LINE => (Chunk::Lines(text), text.len()),
                None => match last_hole(near(MAX_LINE)) {
                    // One NUL stands for all of them.
                    Some(0) => {
                        self.0 = &text[nuls(near(MAX_LINE)) - 1..];
                        continue;
                    }
                    Some(hole) => (Chunk::Lines(near(hole)), hole + behind_hole(&text[hole..])),
                    None => (Chunk::TooLong(near(MAX_LINE)), first_end(text).unwrap_or(text.len())),
                },
            };
            self.0 = &text[rest..];
            return Some(chunk);
        }
    }
}

/// What is not lent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Skipped {
    /// The rest of a line whose beginning was returned as too long.
    Line,
    /// A hole after a line.
    Hole,
    /// What a newline ends that another part begins in.
    ToNewline,
}

/// Splits an input into blocks of whole lines.
pub struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not lent yet.
    start: usize,
    end: usize,
    /// What is passed over before the next line.
    skipping: Option<Skipped>,
    done: bool,
    /// Why the input failed, until all lines before were lent.
    failure: Option<io::Error>,
    /// Bytes taken from the input so far.
    position: u64,
}

impl<R: Read> Lines<R> {
    /// Splits `input`.
    pub fn new(input: R) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            skipping: None,
            done: false,
            failure: None,
            position: 0,
        }
    }

    /// Splits `input` from the byte after its first newline on: for a part that begins at any place in a
    /// file, given with the byte before that place.
    pub fn after_newline(input: R) -> Self {
        Self { skipping: Some(Skipped::ToNewline), ..Self::new(input) }
    }

    /// Uses the buffer of another splitter, to save the allocation. The first `filled` bytes in it, at most as many as
    /// are read at a time, were read from the input already.
    ///
    /// Of a longer buffer, only as much is used as is read at a time: how much that is, and which line is too long,
    /// must not depend on what was read before.
    #[must_use]
    pub fn with_buffer(mut self, mut buffer: Vec<u8>, filled: usize) -> Self {
        buffer.truncate(READ);
        (self.buffer, self.start, self.end, self.position) = (buffer, 0, filled, filled as u64);
        self
    }

    /// The input, and the buffer for the next splitter.
    pub fn into_parts(self) -> (R, Vec<u8>) {
        (self.input, self.buffer)
    }

    /// Bytes taken from the input so far.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Where the bytes that were not lent yet begin, counted in bytes of the input.
    pub const fn lent(&self) -> u64 {
        self.position - (self.end - self.start) as u64
    }

    /// Bytes of an incomplete last line that remain when the input fails.
    pub const fn left_over(&self) -> usize {
        if self.skipping.is_some() { 0 } else { self.end - self.start }
    }

    /// The first bytes that were not returned yet: `len` of them, or fewer if fewer are read at a time or left in the
    /// input.
    pub fn head(&mut self, len: usize) -> &[u8] {
        while self.end - self.start < len && !self.done && self.failure.is_none() {
            self.failure = self.fill().err();
        }
        let head = &self.buffer[self.start..self.end];
        &head[..head.len().min(len)]
    }

    /// The next block, or `None` at the end of the input.
    ///
    /// # Errors
    /// When the input fails; all whole lines before the failure have been lent by then.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        Ok(self.advance()?.map(|place| place.of(&self.buffer)))
    }

    /// The next block as [`Lines::next_chunk`] lends it, given away with the buffer; what was read behind
    /// it moves to `spare`, which takes the buffer's place.
    ///
    /// # Errors
    /// As [`Lines::next_chunk`].
    pub fn next_block(&mut self, mut spare: Vec<u8>) -> io::Result<Option<OwnedChunk>> {
        let Some(place) = self.advance()? else { return Ok(None) };
        let unread = &self.buffer[self.start..self.end];
        if spare.len() < self.buffer.len() {
            spare.resize(self.buffer.len(), 0);
        }
        spare[..unread.len()].copy_from_slice(unread);
        (self.start, self.end) = (0, unread.len());
        Ok(Some(OwnedChunk { buffer: std::mem::replace(&mut self.buffer, spare), range: place }))
    }

    fn advance(&mut self) -> io::Result<Option<ChunkRange>> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(skipped) = self.skipping {
                let end = match skipped {
                    Skipped::Line => first_end(unread),
                    Skipped::Hole => Some(behind_hole(unread)).filter(|_| nuls(unread) < unread.len()),
                    Skipped::ToNewline => memchr(b'\n', unread).map(|newline| newline + 1),
                };
                // What a return at the end ends may be told by what follows.
                let kept = if self.done || skipped != Skipped::Line { 0 } else { AHEAD.min(unread.len()) };
                self.skipping = self.skipping.filter(|_| end.is_none() && !self.done);
                self.start = end.map_or(self.end - kept, |end| self.start + end);
                if end.is_some() {
                    // Whole lines may lie behind it: they are lent before more is read, which may fail.
                    continue;
                }
            } else if let Some(end) = last_end(unread) {
                let next = self.start + end;
                return Ok(Some(ChunkRange::Lines(std::mem::replace(&mut self.start, next)..next)));
            } else if unread.len() >= MOST || (self.done && unread.len() > MAX_LINE) {
                let line = &unread[..MAX_LINE];
                let (len, skipped) = match last_hole(line) {
                    // One NUL stands for all of them.
                    Some(0) => {
                        self.start += nuls(line) - 1;
                        continue;
                    }
                    Some(hole) => (hole, Skipped::Hole),
                    None => (MAX_LINE, Skipped::Line),
                };
                let lent = self.start..self.start + len;
                (self.start, self.skipping) = (lent.end, Some(skipped));
                let is_hole = skipped == Skipped::Hole;
                return Ok(Some(if is_hole { ChunkRange::Lines(lent) } else { ChunkRange::TooLong(lent) }));
            } else if self.done {
                let line = std::mem::replace(&mut self.start, self.end)..self.end;
                return Ok((!line.is_empty()).then_some(ChunkRange::Lines(line)));
            }
            if !self.done {
                self.fill()?;
            }
        }
    }

    /// Reads more behind what is left, which moves to the front. The buffer grows only while a single
    /// line fills it, until that is known to be too long.
    fn fill(&mut self) -> io::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).clamp(READ, MOST), 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(read) => {
                    self.end += read;
                    self.position += read as u64;
                    self.done = read == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in small portions.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(out.len()).min(self.0.len());
            let (now, later) = self.0.split_at(n);
            out[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    /// Every line without its newline; too long ones as their length in angle brackets.
    fn lines(mut lines: Lines<Drops<'_>>) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(chunk) = lines.next_chunk().unwrap() {
            add(&chunk, &mut found);
        }
        found
    }

    fn add(chunk: &Chunk<'_>, found: &mut Vec<String>) {
        match chunk {
            Chunk::TooLong(line) => found.push(format!("<{}>", line.len())),
            Chunk::Lines(block) => {
                let block = block.strip_suffix(b"\n").unwrap_or(block);
                found.extend(block.split(|b| *b == b'\n').map(|l| String::from_utf8_lossy(l).into_owned()));
            }
        }
    }

    /// The same lines, from a text that is there as a whole.
    fn lines_of_text(text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        Text::new(text).for_each(|chunk| add(&chunk, &mut found));
        found
    }

    /// The same lines, from blocks that are given away with their buffers.
    fn lines_of_blocks(mut lines: Lines<Drops<'_>>) -> Vec<String> {
        let (mut found, mut spare) = (Vec::new(), Vec::new());
        while let Some(block) = lines.next_block(std::mem::take(&mut spare)).unwrap() {
            add(&block.chunk(), &mut found);
            spare = block.into_buffer();
        }
        found
    }

    #[test]
    fn the_limit_is_exact_and_nothing_is_split() {
        for (len, short) in
            [(MAX_LINE - 1, true), (MAX_LINE, true), (MAX_LINE + 1, false), (3 * MAX_LINE, false)]
        {
            for end in ["", "\n", "\nlast"] {
                let text = format!("first\n{}{end}", "x".repeat(len));
                for portion in [1 << 16, MAX_LINE + 7, usize::MAX] {
                    let found = lines(Lines::new(Drops(text.as_bytes(), portion)));
                    assert_eq!(found[0], "first");
                    if short {
                        assert_eq!(found[1].len(), len);
                    } else {
                        assert_eq!(found[1], format!("<{MAX_LINE}>"));
                    }
                    assert_eq!(found.len(), if end == "\nlast" { 3 } else { 2 });
                    assert!(found == lines_of_text(text.as_bytes()), "{len} {end:?}");
                    assert!(found == lines_of_blocks(Lines::new(Drops(text.as_bytes(), portion))));
                }
            }
        }
    }

    /// The lines that [`lines`] gives, with those apart that a return ends.
    fn with_returns(text: &[u8], portion: usize) -> Vec<String> {
        let apart = |line: String| line.split('\r').map(String::from).collect::<Vec<_>>();
        lines(Lines::new(Drops(text, portion)))
            .into_iter()
            .flat_map(apart)
            .filter(|line| !line.is_empty())
            .collect()
    }

    #[test]
    fn texts_without_newlines_are_cut_at_returns() {
        let entry = |n: usize| format!("[1 entry {n} {}", "x".repeat(n % 700));
        let mut expected: Vec<String> = (0..9000).map(entry).collect();
        let text = expected.join("\r");
        assert!(text.len() > 3 * MAX_LINE);
        for portion in [4097, 1 << 16, usize::MAX] {
            assert!(with_returns(text.as_bytes(), portion) == expected, "{portion}");
        }
        // One of them is too long, and one just not.
        for (len, told) in [(MAX_LINE, None), (MAX_LINE + 1, Some(format!("<{MAX_LINE}>")))] {
            let long = format!("[1{}", "y".repeat(len - 2));
            expected[4000].clone_from(&long);
            let text = format!("{}\n[1 last", expected.join("\r"));
            expected[4000] = told.unwrap_or(long);
            expected.push("[1 last".into());
            for portion in [4097, usize::MAX] {
                let found = with_returns(text.as_bytes(), portion);
                assert!(found == expected, "{len} {portion}: {} of {}", found.len(), expected.len());
            }
            let mut whole = Vec::new();
            Text::new(text.as_bytes()).for_each(|chunk| add(&chunk, &mut whole));
            let whole: Vec<String> =
                whole.iter().flat_map(|line| line.split('\r')).map(String::from).collect();
            assert!(whole.into_iter().filter(|line| !line.is_empty()).eq(expected.clone()), "{len}");
            expected.pop();
        }
    }

    #[test]
    fn a_buffer_of_before_changes_no_limit() {
        let text = format!("first\n{}\nlast", "x".repeat(MAX_LINE + 1));
        for len in [0, 1, READ, MAX_LINE + 1, 3 * MAX_LINE] {
            let splitter = Lines::new(Drops(text.as_bytes(), usize::MAX)).with_buffer(vec![0; len], 0);
            assert_eq!(lines(splitter), ["first", &format!("<{MAX_LINE}>"), "last"], "{len}");
        }
    }

    proptest! {
        #[test]
        fn portions_do_not_matter(text in "[ab\n]{0,40}", portion in 1..8usize) {
            let expected: Vec<&str> = text.lines().collect();
            prop_assert_eq!(lines(Lines::new(Drops(text.as_bytes(), portion))), &expected[..]);
            prop_assert_eq!(lines_of_text(text.as_bytes()), &expected[..]);
            prop_assert_eq!(lines_of_blocks(Lines::new(Drops(text.as_bytes(), portion))), expected);
            let after = text.split_once('\n').map_or("", |(_, rest)| rest);
            let expected: Vec<&str> = after.lines().collect();
            prop_assert_eq!(lines(Lines::after_newline(Drops(text.as_bytes(), portion))), expected);
        }

        #[test]
        fn lengths_around_the_limits_split_alike(
            parts in prop::collection::vec((prop_oneof![
                3 => 0..2000usize,
                1 => READ - 3..READ + 3,
                1 => MAX_LINE - 2..MAX_LINE + 3,
                1 => MAX_LINE + READ - 2..MAX_LINE + READ + 3,
            ], any::<bool>()), 0..6),
        ) {
            let text: Vec<u8> = parts.iter().flat_map(|(len, ends)| {
                std::iter::repeat_n(b'x', *len).chain(ends.then_some(b'\n'))
            }).collect();
            let streamed = lines(Lines::new(Drops(&text, usize::MAX)));
            prop_assert!(streamed == lines_of_text(&text));
            prop_assert!(streamed == lines_of_blocks(Lines::new(Drops(&text, usize::MAX))));
        }
    }
}
