//! Dirty lines: good ones that are damaged in a way that leaves no doubt.
//!
//! Knows of parsers only the rules of the format that they obey.

use super::compose::Said;
use super::line::{Line, Marks, hex};
use super::random::Rng;
use super::words::{GARBAGE, NO_DATES, NO_SIZES};
use crate::record::MAX_BYTES;
use std::ops::Range;

impl Line {
    /// Turns the line into one that cannot be read, or into a blank one. The first line of a file is never
    /// blank: files of blank lines alone would be equal, and a reader may take one for a copy of the other.
    pub(super) fn spoil(&mut self, rng: &mut Rng, first: bool) -> Said {
        let size = self.marks.size.clone();
        match rng.below(11) {
            0 if !first => {
                self.text.clear();
                self.text.extend_from_slice(rng.pick(&[&b""[..], b"", b" ", b"\r", b"\t "]));
                return Said::Blank;
            }
            0 | 1 => self.garbage(rng),
            2 => self.noise(rng),
            3 => self.replace(size, b""),
            4 => {
                let word = rng.pick(&NO_SIZES);
                self.replace(size, word);
            }
            5 => {
                let above = MAX_BYTES + 1 + rng.below(MAX_BYTES << 8);
                self.replace(size, above.to_string().as_bytes());
            }
            6 => self.impossible_date(rng),
            7 => self.second_61(),
            8 => self.missing_bracket(rng),
            9 => self.missing_quotes(rng),
            _ => self.cut(rng),
        }
        Said::Nothing
    }

    fn replace(&mut self, range: Range<usize>, with: &[u8]) {
        drop(self.text.splice(range, with.iter().copied()));
    }

    /// The number makes it differ from the garbage in all other files.
    fn garbage(&mut self, rng: &mut Rng) {
        self.text.clear();
        self.text.extend_from_slice(rng.pick(&GARBAGE).as_bytes());
        self.text.push(b' ');
        hex(&mut self.text, rng.draw(), 16);
    }

    /// Any bytes but a newline. The first one is no space and no bracket, nor does a compressed file begin
    /// with it: this may be the first line of a plain one.
    fn noise(&mut self, rng: &mut Rng) {
        self.text.clear();
        self.text.push(0x80 | (rng.draw() & 0x7f) as u8);
        for _ in 0..2 + rng.below(25) {
            self.text.extend(rng.draw().to_le_bytes().map(|b| if b == b'\n' { 0 } else { b }));
        }
    }

    fn impossible_date(&mut self, rng: &mut Rng) {
        let month_end = self.marks.stamp_end - "/2026:08:00:00 +0800]".len();
        let date = rng.pick(&NO_DATES);
        self.replace(1..month_end, date);
    }

    fn second_61(&mut self) {
        let second = self.marks.stamp_end - "00 +0800]".len();
        self.replace(second..second + 2, b"61");
    }

    fn missing_bracket(&mut self, rng: &mut Rng) {
        let at = rng.pick(&[0, self.marks.stamp_end - 1]);
        self.text.remove(at);
    }

    /// Without the quote before the method nothing else looks like a request, as content types hold a slash.
    fn missing_quotes(&mut self, rng: &mut Rng) {
        if rng.chance(5000) {
            self.text.remove(self.marks.request);
        } else {
            self.text.retain(|b| *b != b'"');
        }
    }

    /// Cuts the line somewhere behind the client and before the cache result. What is left tells the time
    /// and the client, so that files of single lines differ.
    fn cut(&mut self, rng: &mut Rng) {
        let Marks { client_end, cache, .. } = self.marks;
        let kept = client_end + 1 + rng.index(cache - client_end);
        self.text.truncate(kept);
    }
}
