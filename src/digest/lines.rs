//! Lines as they are hashed, made of bytes as they come: see [`digest`](super). What ends a line here is what ends one
//! where lines are read: a newline, and runs of carriage returns as [`Plain::ends`] and [`Plain::add_byte`] say.

use crate::record::{MAX_LINE, ends_entry};
use memchr::{memchr_iter, memchr3_iter, memrchr};

/// The byte-order mark of UTF-8.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What is known of the bytes before.
#[derive(Clone)]
pub(super) struct Plain {
    /// Whether a line begins here.
    is_start: bool,
    /// Quotes in the line.
    quotes: usize,
    /// Bytes of a mark at the start of a line.
    mark: usize,
    /// NUL bytes that are left out when the line ends behind them.
    nuls: usize,
    /// Carriage returns behind them, of which it is not known yet whether they end the line.
    returns: usize,
    /// Whether a bracket follows them: with a digit behind it an entry begins.
    is_bracket: bool,
}

impl Default for Plain {
    fn default() -> Self {
        Self { is_start: true, quotes: 0, mark: 0, nuls: 0, returns: 0, is_bracket: false }
    }
}

impl Plain {
    /// Whether bytes are hashed as they are, behind those before. If so, they are taken note of.
    pub(super) fn is_as_it_is(&mut self, bytes: &[u8]) -> bool {
        let is_waiting = self.returns > 0 || self.nuls > 0 || self.mark > 0;
        let starts = |at: usize| if at == 0 { self.is_start } else { bytes[at - 1] == b'\n' };
        let mut special = memchr3_iter(b'\r', 0, MARK[0], bytes);
        if is_waiting || special.any(|at| bytes[at] != MARK[0] || starts(at)) {
            return false;
        }
        let newline = memrchr(b'\n', bytes);
        let line = &bytes[newline.map_or(0, |newline| newline + 1)..];
        self.quotes = memchr_iter(b'"', line).count() + if newline.is_some() { 0 } else { self.quotes };
        self.is_start = line.is_empty() && (newline.is_some() || self.is_start);
        true
    }

    /// Adds bytes as they are hashed.
    pub(super) fn add(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.add_byte(*byte, out);
        }
    }

    fn add_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.is_bracket {
            self.is_bracket = false;
            if byte.is_ascii_digit() {
                self.end_line(out);
            } else {
                self.let_out(out);
            }
            self.add_byte(b'[', out);
        } else if self.returns > 0 {
            match byte {
                b'\r' => self.returns += 1,
                b'\n' => self.end_line(out),
                _ if self.ends(byte) => self.end_line(out),
                b'[' => self.is_bracket = true,
                _ => self.let_out(out),
            }
            if matches!(byte, b'\r' | b'\n') || self.is_bracket {
                return;
            }
        }
        match byte {
            b'\n' => self.end_line(out),
            b'\r' => self.returns = 1,
            0 if self.is_start && self.mark == 0 => {}
            0 => self.nuls += 1,
            _ if self.is_start && self.nuls == 0 && byte == MARK[self.mark] => {
                self.mark = (self.mark + 1) % MARK.len();
            }
            _ => {
                self.let_out(out);
                out.push(byte);
                self.is_start = false;
                self.quotes += usize::from(byte == b'"');
            }
        }
    }

    /// Whether carriage returns end a line before a byte that begins no entry: where the line begins, and behind the last
    /// quote of an entry.
    fn ends(&self, next: u8) -> bool {
        (self.is_start && self.mark == 0) || ends_entry(self.quotes, next)
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        (self.nuls, self.returns) = (0, 0);
        self.let_out(out);
        out.push(b'\n');
        (self.is_start, self.quotes) = (true, 0);
    }

    /// What was held back belongs to the line.
    fn let_out(&mut self, out: &mut Vec<u8>) {
        // With more NULs or returns in it the line is too long to be read.
        let held = [self.mark, self.nuls, self.returns];
        (self.mark, self.nuls, self.returns) = (0, 0, 0);
        self.is_start &= held == [0; 3];
        out.extend_from_slice(&MARK[..held[0]]);
        out.extend(std::iter::repeat_n(0, held[1].min(MAX_LINE)));
        out.extend(std::iter::repeat_n(b'\r', held[2].min(MAX_LINE)));
    }

    /// Ends the text.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        let is_bracket = std::mem::take(&mut self.is_bracket);
        if self.returns > 0 && !is_bracket {
            return self.end_line(out);
        }
        // Behind returns that end nothing NULs are the line's own.
        if !is_bracket {
            self.nuls = 0;
        }
        self.let_out(out);
        out.extend(is_bracket.then_some(b'['));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = 256 << 10;

    /// However long the runs are that are held back, as in a sparse file: they are counted, not kept, and what comes of them
    /// is no longer than what tells that a line is too long.
    #[test]
    fn runs_that_are_held_back_take_no_memory() {
        for (before, byte) in [(&b""[..], 0), (b"x", 0), (b"", b'\r'), (b"x", b'\r'), (b"[1 \"", b'\r')] {
            let (mut plain, mut out, run) = (Plain::default(), Vec::new(), vec![byte; PIECE]);
            plain.add(before, &mut out);
            for _ in 0..32 {
                assert!(!plain.is_as_it_is(&run));
                plain.add(&run, &mut out);
            }
            assert_eq!(out, before, "{byte}");
            plain.add(b"y", &mut out);
            assert!(out.len() <= before.len() + MAX_LINE + 1, "{byte}: {}", out.len());
            assert!(out.capacity() <= 4 * MAX_LINE, "{byte}: {}", out.capacity());
            plain.end(&mut out);
        }
    }
}
