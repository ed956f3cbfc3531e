//! Buffered input whose next bytes can be looked at before they are read.

use std::io::{self, BufRead, Read};

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;

/// An input with what was read of it and not given yet.
pub(super) struct Ahead<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes taken from the input, those included that were taken before.
    taken: u64,
    /// What ended the input early, told once everything before it was given.
    failure: Option<io::Error>,
}

impl<R> Ahead<R> {
    /// `head` was taken from the input already.
    pub(super) fn new(head: Vec<u8>, input: R) -> Self {
        let end = head.len();
        Self { input, buffer: head, start: 0, end, taken: end as u64, failure: None }
    }

    /// The input itself.
    pub(super) const fn input(&self) -> &R {
        &self.input
    }

    /// Bytes taken from the input so far.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }
}

impl<R: Read> Ahead<R> {
    /// The next bytes, at least `least` of them where there are so many. No more than `portion` are asked for at a
    /// time: what fails loses the text that it was asked for, but for a byte that it wrote and did not count.
    pub(super) fn look(&mut self, least: usize, portion: usize) -> &[u8] {
        while self.end - self.start < least && self.failure.is_none() {
            match self.take(portion) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => self.failure = Some(error),
            }
        }
        self.unread()
    }

    /// Takes more from the input, behind what was not given yet; gives how much.
    fn take(&mut self, portion: usize) -> io::Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.buffer.len() < self.end + portion {
            self.buffer.resize(self.end + portion, 0);
        }
        self.buffer[self.end] = 0;
        loop {
            match self.input.read(&mut self.buffer[self.end..self.end + portion]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.end += usize::from(portion == 1 && self.buffer[self.end] != 0);
                    return Err(error);
                }
                Ok(read) => {
                    self.end += read;
                    self.taken += read as u64;
                    return Ok(read);
                }
            }
        }
    }
}

impl<R: Read> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.take(BUFFER)?;
        }
        Ok(self.unread())
    }

    fn consume(&mut self, amount: usize) {
        self.start = self.end.min(self.start + amount);
    }
}

impl<R: Read> Read for Ahead<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.start < self.end || self.failure.is_some() {
            let given = self.fill_buf()?;
            let len = given.len().min(out.len());
            out[..len].copy_from_slice(&given[..len]);
            self.consume(len);
            return Ok(len);
        }
        let read = self.input.read(out)?;
        self.taken += read as u64;
        Ok(read)
    }
}
