//! libdeflate's gzip decoder behind a safe face. The only file that names `libdeflate_sys`.
//!
//! Chosen by measurement: it decodes logs in half the time of the streaming decoder. Its safe binding does not say how
//! many bytes a member takes, and without that the next member cannot be found.
#![expect(unsafe_code, reason = "calls into C; each call with its proof")]

use libdeflate_sys::{
    libdeflate_alloc_decompressor, libdeflate_decompressor, libdeflate_free_decompressor,
    libdeflate_gzip_decompress_ex, libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE as INSUFFICIENT_SPACE,
    libdeflate_result_LIBDEFLATE_SUCCESS as SUCCESS,
};
use std::ptr::NonNull;

/// A decoder's tables, used again for every member.
pub(super) struct Decompressor(NonNull<libdeflate_decompressor>);

/// A member that was decoded and whose checksum and length are right.
#[derive(Debug)]
pub(super) struct Member {
    /// Its bytes of the input, header and trailer included.
    pub(super) consumed: usize,
    /// Its bytes of text.
    pub(super) produced: usize,
}

/// Why a member was not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The text does not fit into the output.
    Space,
    /// It is not a member, is cut off, or is damaged.
    Data,
}

impl Decompressor {
    /// `None` without memory for it.
    pub(super) fn new() -> Option<Self> {
        // SAFETY: takes nothing; gives null, or a decompressor that is ours until it is freed.
        let raw = unsafe { libdeflate_alloc_decompressor() };
        NonNull::new(raw).map(Self)
    }

    /// Decodes the gzip member at the start of `input` to the start of `out`, of which the bytes behind the
    /// text may be overwritten too.
    pub(super) fn member(&mut self, input: &[u8], out: &mut [u8]) -> Result<Member, Failure> {
        let (mut consumed, mut produced) = (0, 0);
        // SAFETY: the decompressor is live, and ours alone through `&mut self`. Both buffers are live slices
        // given with their lengths, beyond which libdeflate neither reads nor writes whatever the input
        // holds; `out` is borrowed mutably, so they do not overlap. The two counts are live locals.
        let result = unsafe {
            libdeflate_gzip_decompress_ex(
                self.0.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                out.as_mut_ptr().cast(),
                out.len(),
                &raw mut consumed,
                &raw mut produced,
            )
        };
        match result {
            SUCCESS => Ok(Member { consumed, produced }),
            INSUFFICIENT_SPACE => Err(Failure::Space),
            _ => Err(Failure::Data),
        }
    }
}

impl Drop for Decompressor {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`, freed nowhere else, and not used after.
        unsafe { libdeflate_free_decompressor(self.0.as_ptr()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_member_tells_where_it_ends() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"some text").unwrap();
        let mut bytes = encoder.finish().unwrap();
        let len = bytes.len();
        bytes.extend(b"more");
        let mut decompressor = Decompressor::new().unwrap();
        let mut out = [0; 9];
        let member = decompressor.member(&bytes, &mut out).unwrap();
        assert_eq!((member.consumed, member.produced, &out), (len, 9, b"some text"));
        assert_eq!(decompressor.member(&bytes, &mut out[..8]).unwrap_err(), Failure::Space);
        assert_eq!(decompressor.member(&bytes, &mut []).unwrap_err(), Failure::Space);
        assert_eq!(decompressor.member(&bytes[..len - 1], &mut out).unwrap_err(), Failure::Data);
        assert_eq!(decompressor.member(&bytes[len..], &mut out).unwrap_err(), Failure::Data);
        assert_eq!(decompressor.member(b"", &mut out).unwrap_err(), Failure::Data);
    }
}
