//! Inputs as readers and files give them: a few bytes at a time, and cut in several parts.
#![allow(dead_code, reason = "each target uses some of it")]

use std::io::{self, Read};

/// Gives so many bytes at a time.
pub(crate) struct Pieces<'a>(pub(crate) &'a [u8], pub(crate) usize);

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.1);
        self.0.read(&mut out[..most])
    }
}

/// The first byte of an input, which says how the rest is used.
pub(crate) fn how(input: &[u8]) -> Option<(usize, &[u8])> {
    let (how, rest) = input.split_first()?;
    Some((usize::from(*how), rest))
}

/// A text in parts that end where `places` says; each number is a share of the text.
pub(crate) fn parts<'a>(text: &'a [u8], places: &[u8]) -> Vec<&'a [u8]> {
    let mut ends: Vec<usize> = places.iter().map(|place| text.len() * usize::from(*place) / 255).collect();
    ends.extend([0, text.len()]);
    ends.sort_unstable();
    ends.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}
