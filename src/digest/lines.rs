//! Lines as they are hashed, made of bytes as they come: see [`digest`](super).

use memchr::memchr3_iter;

/// The byte-order mark of UTF-8.
const MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What is known of the bytes before.
#[derive(Clone)]
pub(super) struct Plain {
    /// Whether a line begins here.
    is_start: bool,
    /// Whether the byte before was a CR: a newline behind it belongs to it.
    is_behind_return: bool,
    /// NUL bytes that are left out when the line ends behind them.
    nuls: usize,
    /// Bytes of a mark at the start of a line.
    mark: usize,
}

impl Default for Plain {
    fn default() -> Self {
        Self { is_start: true, is_behind_return: false, nuls: 0, mark: 0 }
    }
}

impl Plain {
    /// Whether bytes are hashed as they are, behind those before. If so, they are taken note of.
    pub(super) fn is_as_it_is(&mut self, bytes: &[u8]) -> bool {
        let is_waiting = self.is_behind_return || self.nuls > 0 || self.mark > 0;
        let starts = |at: usize| if at == 0 { self.is_start } else { bytes[at - 1] == b'\n' };
        let mut special = memchr3_iter(b'\r', 0, MARK[0], bytes);
        if is_waiting || special.any(|at| bytes[at] != MARK[0] || starts(at)) {
            return false;
        }
        self.is_start = bytes.last().map_or(self.is_start, |last| *last == b'\n');
        true
    }

    /// Adds bytes as they are hashed.
    pub(super) fn add(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            self.add_byte(*byte, out);
        }
    }

    fn add_byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let is_behind_return = std::mem::take(&mut self.is_behind_return);
        match byte {
            b'\n' if is_behind_return => {}
            b'\n' | b'\r' => {
                self.nuls = 0;
                self.let_out(out);
                out.push(b'\n');
                (self.is_start, self.is_behind_return) = (true, byte == b'\r');
            }
            0 if self.is_start && self.mark == 0 => {}
            0 => self.nuls += 1,
            _ if self.is_start && self.nuls == 0 && byte == MARK[self.mark] => {
                self.mark = (self.mark + 1) % MARK.len();
            }
            _ => {
                self.let_out(out);
                out.push(byte);
                self.is_start = false;
            }
        }
    }

    /// What was held back belongs to the line.
    fn let_out(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&MARK[..std::mem::take(&mut self.mark)]);
        out.extend(std::iter::repeat_n(0, std::mem::take(&mut self.nuls)));
    }

    /// Ends the text.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        self.nuls = 0;
        self.let_out(out);
    }
}
