//! Compression: plain, gzip and zstd, told apart by magic bytes. The only room that names codecs.
//!
//! [`Decoder`] reads streams of any length and judges what is damaged; [`Gunzip`] is the fast way for gzip
//! files of moderate size that are in order.

mod gunzip;
mod libdeflate;

pub use gunzip::Gunzip;

use std::fs::File;
use std::io::{self, BufReader, Chain, Cursor, Read, Write};

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    Plain,
    /// gzip, any number of members.
    Gzip,
    /// zstd, any number of frames.
    Zstd,
}

/// Bytes that are enough to tell the codec.
pub const MAGIC_LEN: usize = 4;

impl Codec {
    /// Tells the codec from the first bytes of a file, of which at least [`MAGIC_LEN`] are needed where the
    /// file has so many. An empty file is plain.
    #[must_use]
    pub fn detect(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A zstd archive may begin with a skippable frame, as parallel compressors write it.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// The usual ending of a file name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Plain => "log",
            Self::Gzip => "gz",
            Self::Zstd => "zst",
        }
    }

    /// What the codec is called in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

type Input<R> = Chain<Cursor<Vec<u8>>, R>;

/// A reader of decoded bytes.
pub struct Decoder<R: Read>(Kind<R>);

enum Kind<R: Read> {
    Plain(Input<R>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Input<R>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Input<R>>>>),
}

/// Compressed bytes read at a time.
const INPUT_BUFFER: usize = 64 << 10;

impl<R: Read> Decoder<R> {
    /// Decodes `input` by its magic bytes.
    ///
    /// # Errors
    /// When the first bytes cannot be read or the decoder gets no memory.
    pub fn new(mut input: R) -> io::Result<Self> {
        let mut head = Vec::with_capacity(MAGIC_LEN);
        input.by_ref().take(MAGIC_LEN as u64).read_to_end(&mut head)?;
        Self::with_head(head, input)
    }

    /// Decodes `head` and the `input` behind it, by the magic bytes, of which `head` holds all there are.
    ///
    /// # Errors
    /// When the decoder gets no memory.
    pub fn with_head(head: Vec<u8>, input: R) -> io::Result<Self> {
        let codec = Codec::detect(&head);
        let input = Cursor::new(head).chain(input);
        let buffered = |input| BufReader::with_capacity(INPUT_BUFFER, input);
        Ok(Self(match codec {
            Codec::Plain => Kind::Plain(input),
            Codec::Gzip => Kind::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(input)))),
            Codec::Zstd => Kind::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(buffered(input))?)),
        }))
    }

    /// How the input is compressed.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        match self.0 {
            Kind::Plain(_) => Codec::Plain,
            Kind::Gzip(_) => Codec::Gzip,
            Kind::Zstd(_) => Codec::Zstd,
        }
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(input) => input.read(out),
            Kind::Gzip(decoder) => decoder.read(out),
            Kind::Zstd(decoder) => decoder.read(out),
        }
    }
}

/// Decodes an input once more that a decoder found damaged behind `from` bytes of its text: writes what text there is
/// between these and the damage into `out`, and gives its length.
///
/// A decoder drops the text of the call that fails, as much as it was asked for: here it is asked byte by byte. It may
/// write the last byte and find the damage in one call, which shows in the byte: that of a NUL there is lost.
pub fn up_to_damage(input: impl Read, from: u64, out: &mut [u8]) -> usize {
    let Ok(mut decoder) = Decoder::new(input) else { return 0 };
    let skipped = io::copy(&mut decoder.by_ref().take(from), &mut io::sink());
    if !skipped.is_ok_and(|skipped| skipped == from) {
        return 0;
    }
    let mut len = 0;
    while let Some(byte) = out.get_mut(len..=len) {
        byte[0] = 0;
        let read = decoder.read(byte);
        let is_last = read.is_err() && byte[0] != 0;
        len += usize::from(is_last || matches!(read, Ok(1)));
        if !matches!(read, Ok(1)) {
            break;
        }
    }
    len
}

/// A writer that compresses; nothing is complete before [`Encoder::finish`].
pub struct Encoder<W: Write>(Sink<W>);

enum Sink<W: Write> {
    Plain(W),
    Gzip(Box<flate2::write::GzEncoder<W>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, W>>),
}

impl<W: Write> Encoder<W> {
    /// Compresses into `out`: gzip at level 6, zstd at its default level.
    ///
    /// # Errors
    /// When the encoder gets no memory.
    pub fn new(codec: Codec, out: W) -> io::Result<Self> {
        Ok(Self(match codec {
            Codec::Plain => Sink::Plain(out),
            Codec::Gzip => {
                Sink::Gzip(Box::new(flate2::write::GzEncoder::new(out, flate2::Compression::new(6))))
            }
            Codec::Zstd => Sink::Zstd(Box::new(zstd::stream::write::Encoder::new(out, 0)?)),
        }))
    }

    /// Writes the end of the stream and gives the output back.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Sink::Plain(out) => Ok(out),
            Sink::Gzip(encoder) => encoder.finish(),
            Sink::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Sink::Plain(out) => out.write(bytes),
            Sink::Gzip(encoder) => encoder.write(bytes),
            Sink::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Sink::Plain(out) => out.flush(),
            Sink::Gzip(encoder) => encoder.flush(),
            Sink::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// The codec of a file, from its first bytes.
///
/// # Errors
/// When it cannot be opened or read.
pub fn detect_file(path: &std::path::Path) -> io::Result<Codec> {
    let mut head = Vec::with_capacity(MAGIC_LEN);
    File::open(path)?.take(MAGIC_LEN as u64).read_to_end(&mut head)?;
    Ok(Codec::detect(&head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(codec: Codec, text: &[u8]) -> Vec<u8> {
        let mut encoder = Encoder::new(codec, Vec::new()).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Decoder::new(bytes)?.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn every_member_and_frame_counts_also_empty_ones() {
        for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd] {
            let parts: Vec<u8> = [&b"one\n"[..], b"", b"two\n", b"", b"", b"three"]
                .iter()
                .flat_map(|p| encoded(codec, p))
                .collect();
            assert_eq!(Decoder::new(&parts[..]).unwrap().codec(), codec);
            assert_eq!(decoded(&parts).unwrap(), b"one\ntwo\nthree", "{codec:?}");
        }
        assert_eq!(decoded(b"").unwrap(), b"");
        assert_eq!(decoded(&encoded(Codec::Gzip, b"")).unwrap(), b"");
    }

    #[test]
    fn every_cut_of_a_stream_is_noticed() {
        let text: Vec<u8> = (0..5000u32).flat_map(|n| n.to_string().into_bytes()).collect();
        for codec in [Codec::Gzip, Codec::Zstd] {
            let whole = encoded(codec, &text);
            for cut in (MAGIC_LEN..whole.len()).step_by(97).chain(whole.len() - 9..whole.len()) {
                assert!(decoded(&whole[..cut]).is_err(), "{codec:?} cut at {cut} of {}", whole.len());
            }
        }
    }

    #[test]
    fn damage_and_trailing_garbage_are_noticed() {
        let mut bytes = encoded(Codec::Gzip, b"some text that is checked by its sum");
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        assert!(decoded(&bytes).is_err());
        bytes[crc] ^= 1;
        bytes.extend(b"garbage");
        assert!(decoded(&bytes).is_err());
    }
}
