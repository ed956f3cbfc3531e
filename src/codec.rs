//! Compression: plain, gzip and zstd, recognised by their magic bytes. The only room that names codecs.
//!
//! [`Decoder`] reads streams of any length and decides what is damaged; [`Gunzip`] is the fast way for undamaged gzip
//! files of moderate size. Text that is compressed twice is read, too. Other compression, and files that are not text,
//! are an error that names what they are.

mod ahead;
mod foreign;
mod libdeflate;
mod said;
mod shape;
mod gunzip;
mod streams;

pub use foreign::{DATABASE, Foreign, HEAD_LEN, foreign, page};
pub use gunzip::Gunzip;
pub use said::{fault, says_all};

use crate::fault::Fault;
use ahead::Ahead;
use said::said;
use std::io::{self, Read, Write};
use std::mem;
use streams::{Frames, Joined, Members, Streams};

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

/// Bytes that are enough to recognise the codec.
pub const MAGIC_LEN: usize = 4;

impl Codec {
    /// Recognises the codec by the first bytes of a file: at least [`MAGIC_LEN`], or all if the file is shorter. An
    /// empty file is plain.
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

/// A reader of decoded bytes. It decodes text only: if the input, or what is compressed in it, is something else,
/// reading fails before the first byte.
pub struct Decoder<R: Read> {
    codec: Codec,
    layers: Layers<R>,
    /// Bytes of text asked for at a time as long as nobody knows what it is.
    portion: usize,
}

/// What was unpacked so far.
enum Layers<R: Read> {
    /// It was not looked at what lies in it.
    Unread(Layer<R>),
    /// Text.
    One(Ahead<Layer<R>>),
    /// Text that was packed twice.
    Two(Box<Ahead<Layer<Layer<R>>>>),
    /// Nothing can be read.
    Over,
}

/// One way of packing.
enum Layer<R: Read> {
    Plain(Ahead<R>),
    Gzip(Box<Joined<Members<R>>>),
    Zstd(Box<Joined<Frames<R>>>),
}

/// Bytes asked for at a time where few are wanted.
const PORTION: usize = 64 << 10;
/// What lies packed in something packed is no shorter for it: what unpacks to so much more, beyond this many bytes, was
/// made to keep a reader busy.
const FREE: u64 = 1 << 20;
const EXPANDS: u64 = 64;

impl<R: Read> Layer<R> {
    fn new(codec: Codec, input: Ahead<R>) -> io::Result<Self> {
        Ok(match codec {
            Codec::Plain => Self::Plain(input),
            Codec::Gzip => Self::Gzip(Box::new(Joined::new(Members::new(input)))),
            Codec::Zstd => Self::Zstd(Box::new(Joined::new(Frames::new(input)?))),
        })
    }

    /// Blanks that stood between and behind streams so far, in bytes.
    fn blanks(&self) -> u64 {
        match self {
            Self::Plain(_) => 0,
            Self::Gzip(streams) => streams.blanks(),
            Self::Zstd(streams) => streams.blanks(),
        }
    }

    /// Bytes taken from the input.
    fn taken(&self) -> u64 {
        match self {
            Self::Plain(input) => input.taken(),
            Self::Gzip(streams) => streams.streams.ahead().taken(),
            Self::Zstd(streams) => streams.streams.ahead().taken(),
        }
    }
}

impl<R: Read> Layer<Layer<R>> {
    /// Blanks of the layer below.
    fn blanks_below(&self) -> u64 {
        match self {
            Self::Plain(input) => input.input().blanks(),
            Self::Gzip(streams) => streams.streams.ahead().input().blanks(),
            Self::Zstd(streams) => streams.streams.ahead().input().blanks(),
        }
    }

    /// Bytes taken from the input of the layer below.
    fn taken_below(&self) -> u64 {
        match self {
            Self::Plain(input) => input.input().taken(),
            Self::Gzip(streams) => streams.streams.ahead().input().taken(),
            Self::Zstd(streams) => streams.streams.ahead().input().taken(),
        }
    }
}

impl<R: Read> Read for Layer<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(out),
            Self::Gzip(streams) => streams.read(out),
            Self::Zstd(streams) => streams.read(out),
        }
    }
}

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

    /// Decodes `head` and the `input` that follows it. The codec is recognised by `head`, which must have enough bytes
    /// for that, or all.
    ///
    /// # Errors
    /// If there is no memory for the decoder.
    pub fn with_head(head: Vec<u8>, input: R) -> io::Result<Self> {
        let codec = Codec::detect(&head);
        let layers = Layers::Unread(Layer::new(codec, Ahead::new(head, input))?);
        Ok(Self { codec, layers, portion: HEAD_LEN })
    }

    /// How the input is compressed.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Newlines and other blanks that were found between and behind the compressed streams so far, in bytes. They are
    /// skipped.
    #[must_use]
    pub fn blanks(&self) -> u64 {
        match &self.layers {
            Layers::Unread(layer) => layer.blanks(),
            Layers::One(text) => text.input().blanks(),
            Layers::Two(text) => text.input().blanks() + text.input().blanks_below(),
            Layers::Over => 0,
        }
    }

    /// Looks at what lies in the first layer.
    fn begin(&mut self, layer: Layer<R>) -> io::Result<Layers<R>> {
        let mut text = Ahead::new(Vec::new(), layer);
        let head = text.look(HEAD_LEN, self.portion);
        let inner = Codec::detect(head);
        refuse(head, (self.codec != Codec::Plain).then_some(self.codec))?;
        if self.codec == Codec::Plain || inner == Codec::Plain {
            return Ok(Layers::One(text));
        }
        let mut text = Ahead::new(Vec::new(), Layer::new(inner, text)?);
        let head = text.look(HEAD_LEN, self.portion);
        refuse(head, Some(inner))?;
        if Codec::detect(head) != Codec::Plain {
            return Err(said(
                "is compressed three times: decompress it until it is compressed once".to_owned(),
            ));
        }
        Ok(Layers::Two(Box::new(text)))
    }
}

/// Says what the first bytes of a text are that is something else.
///
/// # Errors
/// What to tell of the file.
fn refuse(head: &[u8], inside: Option<Codec>) -> io::Result<()> {
    match (foreign(head), inside) {
        (None, _) => Ok(()),
        (Some(kind), None) => {
            Err(said(Fault::unreadable(format!("is {}: {}", kind.name, kind.advice(None)))))
        }
        (Some(kind), Some(codec)) => {
            let (outer, advice) = (codec.name(), kind.advice(Some(&format!("{} -dc", codec.name()))));
            Err(said(Fault::unreadable(format!("is {} inside {outer}: {advice}", kind.name))))
        }
    }
}

/// Checks that a plain file is not something else than text, by its first bytes: at least [`HEAD_LEN`], or all if the
/// file is shorter.
///
/// # Errors
/// If it is something else; the error says what.
pub fn check_plain(head: &[u8]) -> io::Result<()> {
    refuse(head, None)
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Layers::Unread(_) = self.layers
            && let Layers::Unread(layer) = mem::replace(&mut self.layers, Layers::Over)
        {
            self.layers = self.begin(layer)?;
        }
        match &mut self.layers {
            Layers::One(text) => text.read(out),
            Layers::Two(text) => {
                let outer = text.input();
                if outer.taken() > FREE.saturating_add(EXPANDS.saturating_mul(outer.taken_below())) {
                    return Err(said(
                        "is compressed twice, and is far larger than a log when it is decompressed: decompress it \
                         first".to_owned(),
                    ));
                }
                text.read(out)
            }
            Layers::Unread(_) | Layers::Over => Err(io::Error::other("was refused before")),
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
    decoder.portion = 1;
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

/// Whether an input is plain text, judged by its first bytes.
///
/// # Errors
/// If it cannot be read.
pub fn is_plain_text(input: impl Read) -> io::Result<bool> {
    let mut head = Vec::with_capacity(HEAD_LEN);
    input.take(HEAD_LEN as u64).read_to_end(&mut head)?;
    Ok(Codec::detect(&head) == Codec::Plain && foreign(&head).is_none())
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

    const PACKED: [Codec; 2] = [Codec::Gzip, Codec::Zstd];

    fn fault(bytes: &[u8]) -> String {
        let error = decoded(bytes).unwrap_err();
        assert!(says_all(&error), "{error}");
        error.to_string()
    }

    #[test]
    fn damage_is_noticed() {
        let mut bytes = encoded(Codec::Gzip, b"some text that is checked by its sum");
        let crc = bytes.len() - 8;
        bytes[crc] ^= 1;
        assert!(!says_all(&decoded(&bytes).unwrap_err()));
    }

    #[test]
    fn padding_behind_a_stream_is_no_matter_and_other_bytes_are_counted() {
        for codec in PACKED {
            let stream = encoded(codec, b"a line\n");
            let with = |more: &[u8]| [&stream[..], more].concat();
            for padding in [&b"\0"[..], b"\n", b"\r\n", b"  \t\n", &vec![0; 70_000]] {
                assert_eq!(decoded(&with(padding)).unwrap(), b"a line\n", "{codec:?}");
                assert_eq!(decoded(&with(&[padding, &stream].concat())).unwrap(), b"a line\na line\n");
            }
            let name = codec.name();
            for (more, text) in [(&b"x"[..], "1 other byte follows"), (b"\0\0abc", "3 other bytes follow")] {
                assert_eq!(fault(&with(more)), format!("the {name} data is whole; {text}"));
            }
            // A stream of another codec, or one that is cut within its first bytes.
            assert!(fault(&with(&stream[..1])).ends_with("1 other byte follows"));
            let text = decoded(&with(b"other bytes"));
            assert!(text.is_err());
            let bytes = with(b"other bytes");
            let mut decoder = Decoder::new(&bytes[..]).unwrap();
            let mut lines = [0; 7];
            decoder.read_exact(&mut lines).unwrap();
            assert_eq!(&lines, b"a line\n", "the text comes before the fault");
        }
    }

    #[test]
    fn text_that_is_packed_twice_is_read_and_three_times_is_told() {
        for (inner, outer) in PACKED.into_iter().flat_map(|inner| PACKED.map(|outer| (inner, outer))) {
            for text in [&b"a line\n"[..], b"", &b"another line of a log\n".repeat(10_000)] {
                let once = encoded(inner, text);
                let twice = encoded(outer, &once);
                assert!(decoded(&twice).unwrap() == text, "{inner:?} in {outer:?}");
                // Cut in either layer.
                assert!(decoded(&twice[..twice.len() - 5]).is_err());
                assert!(decoded(&encoded(outer, &once[..once.len() - 5])).is_err());
                let thrice = fault(&encoded(outer, &twice));
                assert_eq!(thrice, "is compressed three times: decompress it until it is compressed once");
            }
        }
    }

    #[test]
    fn what_is_packed_twice_to_keep_a_reader_busy_is_refused() {
        let once = encoded(Codec::Gzip, &[0; 100]).repeat(64 << 10);
        let twice = encoded(Codec::Zstd, &once);
        let error = io::copy(&mut Decoder::new(&twice[..]).unwrap(), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("far larger than a log"), "{error}");
    }

    #[test]
    fn what_is_no_text_is_told_wherever_it_lies() {
        for kind in &foreign::KINDS {
            let mut bytes = vec![b'x'; 2 * HEAD_LEN];
            for (at, mark) in kind.marks() {
                bytes[*at..at + mark.len()].copy_from_slice(mark);
            }
            let name = kind.name;
            assert_eq!(fault(&bytes), format!("is {name}: {}", kind.advice(None)));
            let is_unreadable = |bytes: &[u8]| {
                let error = decoded(bytes).unwrap_err();
                super::fault(&error).is_some_and(Fault::is_unreadable)
            };
            assert!(is_unreadable(&bytes) && is_unreadable(&encoded(Codec::Gzip, &bytes)), "{name}");
            for codec in PACKED {
                let (codec_name, advice) =
                    (codec.name(), kind.advice(Some(&format!("{} -dc", codec.name()))));
                let inside = format!("is {name} inside {codec_name}: {advice}");
                assert_eq!(fault(&encoded(codec, &bytes)), inside);
                let twice = encoded(Codec::Gzip, &encoded(codec, &bytes));
                assert_eq!(fault(&twice), inside);
                assert_eq!(Gunzip::new().text(&twice), None);
            }
            assert_eq!(Gunzip::new().text(&encoded(Codec::Gzip, &bytes)), None, "left to the stream");
        }
    }

    #[test]
    fn entries_that_were_joined_without_a_newline_are_parted() {
        let entry = |n: u32| {
            format!("[1/Mar/2026:12:00:{n:02} +0800] 1.2.3.4 - 5 \"-\" \"GET http://a.com/{n}\" 200")
        };
        for codec in PACKED {
            let pack = |parts: &[String]| {
                parts.iter().flat_map(|part| encoded(codec, part.as_bytes())).collect::<Vec<u8>>()
            };
            let joined = pack(&[entry(1), entry(2), String::new(), format!("{}\n", entry(3)), entry(4)]);
            let expected = [1, 2, 3, 4].map(entry).join("\n");
            assert_eq!(String::from_utf8(decoded(&joined).unwrap()).unwrap(), expected);
            assert_eq!(Gunzip::new().text(&joined), None, "left to the stream");
            // A text that was cut into streams anywhere is what it was.
            let text = [entry(1), entry(2)].join("\n");
            for cut in 1..text.len() {
                let (one, other) = text.split_at(cut);
                let found = decoded(&pack(&[one.into(), other.into()])).unwrap();
                assert_eq!(String::from_utf8(found).unwrap(), text, "{codec:?} cut at {cut}");
            }
        }
    }
}
