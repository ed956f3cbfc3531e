//! Streams that follow one another in a file, members of gzip or frames of zstd: where each ends, what may stand
//! between and behind them, and lines that were joined at a border.
//!
//! The file that names flate2's and zstd's decoders.

use super::Codec;
use super::ahead::Ahead;
use super::said::said;
use super::shape::Edges;
use std::io::{self, BufRead, Read};
use zstd::stream::raw::{Decoder as Frame, Operation};

/// A single member of gzip: those behind it are found here.
#[expect(
    clippy::disallowed_types,
    reason = "every member is read, one by one: here it is to be known where each ends"
)]
type Member<R> = flate2::bufread::GzDecoder<R>;

/// Streams of one codec, decoded in turn.
pub(super) trait Streams<R: Read> {
    const CODEC: Codec;

    /// Text of the stream; nothing at its end.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize>;

    /// The input behind what was decoded.
    fn input(&mut self) -> &mut Ahead<R>;

    /// The same, to be looked at.
    fn ahead(&self) -> &Ahead<R>;

    /// Begins the next stream, at whose first byte the input stands.
    fn begin(&mut self) -> io::Result<()>;
}

/// Members of gzip.
pub(super) struct Members<R: Read>(Option<Member<Ahead<R>>>);

impl<R: Read> Members<R> {
    pub(super) fn new(input: Ahead<R>) -> Self {
        Self(Some(Member::new(input)))
    }

    fn member(&mut self) -> &mut Member<Ahead<R>> {
        self.0.as_mut().expect("taken only to be put back")
    }
}

impl<R: Read> Streams<R> for Members<R> {
    const CODEC: Codec = Codec::Gzip;

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.member().read(out)
    }

    fn input(&mut self) -> &mut Ahead<R> {
        self.member().get_mut()
    }

    fn ahead(&self) -> &Ahead<R> {
        self.0.as_ref().expect("taken only to be put back").get_ref()
    }

    fn begin(&mut self) -> io::Result<()> {
        self.0 = self.0.take().map(|member| Member::new(member.into_inner()));
        Ok(())
    }
}

/// Frames of zstd.
pub(super) struct Frames<R: Read> {
    input: Ahead<R>,
    frame: Frame<'static>,
    is_over: bool,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(input: Ahead<R>) -> io::Result<Self> {
        Ok(Self { input, frame: Frame::new()?, is_over: false })
    }
}

impl<R: Read> Streams<R> for Frames<R> {
    const CODEC: Codec = Codec::Zstd;

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.is_over {
            let input = self.input.fill_buf()?;
            let is_end = input.is_empty();
            let status = self.frame.run_on_buffers(input, out)?;
            self.input.consume(status.bytes_read);
            self.is_over = status.remaining == 0;
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
            if is_end && !self.is_over {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "incomplete frame"));
            }
        }
        Ok(0)
    }

    fn input(&mut self) -> &mut Ahead<R> {
        &mut self.input
    }

    fn ahead(&self) -> &Ahead<R> {
        &self.input
    }

    fn begin(&mut self) -> io::Result<()> {
        self.is_over = false;
        self.frame.reinit()
    }
}

/// The text of all streams of a file.
pub(super) struct Joined<S> {
    pub(super) streams: S,
    /// The stream is at its end.
    is_over: bool,
    edges: Edges,
    /// The first text of a stream that was looked at, and how much of it was given.
    head: (Vec<u8>, usize),
    /// What ended that look.
    failure: Option<io::Error>,
    /// Newlines and other blanks between and behind the streams, in bytes.
    blanks: u64,
}

impl<S> Joined<S> {
    pub(super) fn new(streams: S) -> Self {
        Self {
            streams,
            is_over: false,
            edges: Edges::default(),
            head: (Vec::new(), 0),
            failure: None,
            blanks: 0,
        }
    }

    /// Newlines and other blanks that stood between and behind the streams so far, in bytes.
    pub(super) const fn blanks(&self) -> u64 {
        self.blanks
    }

    /// Gives what was looked at, then what ended the look.
    fn looked_at(&mut self, out: &mut [u8]) -> Option<io::Result<usize>> {
        let (head, given) = &mut self.head;
        if *given == head.len() {
            return self.failure.take().map(Err);
        }
        let len = out.len().min(head.len() - *given);
        out[..len].copy_from_slice(&head[*given..][..len]);
        *given += len;
        self.edges.see(&out[..len]);
        Some(Ok(len))
    }

    /// Text of the streams from here on.
    pub(super) fn read<R: Read>(&mut self, out: &mut [u8]) -> io::Result<usize>
    where
        S: Streams<R>,
    {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(looked_at) = self.looked_at(out) {
                return looked_at;
            }
            if self.is_over && !self.next()? {
                return Ok(0);
            }
            if self.is_over {
                self.is_over = false;
                self.streams.begin()?;
                if self.edges.is_cut() {
                    self.look();
                }
                continue;
            }
            match self.streams.read(out)? {
                0 => self.is_over = true,
                len => {
                    self.edges.see(&out[..len]);
                    return Ok(len);
                }
            }
        }
    }

    /// Looks at the first text of a stream that follows one without a newline at its end: where it begins as the text
    /// does, with an entry, the newline was lost.
    fn look<R: Read>(&mut self)
    where
        S: Streams<R>,
    {
        let mut head = Vec::new();
        // Byte by byte: what fails loses the text that it was asked for.
        while head.len() < Edges::LEN && !self.is_over && self.failure.is_none() {
            let mut byte = [0];
            match self.streams.read(&mut byte) {
                Ok(0) => self.is_over = true,
                Ok(_) => head.extend(byte),
                Err(error) => {
                    head.extend(Some(byte[0]).filter(|byte| *byte != 0));
                    self.failure = Some(error);
                }
            }
        }
        if self.edges.is_entry(&head) {
            head.insert(0, b'\n');
        }
        self.head = (head, 0);
    }

    /// Goes to the next stream, over padding; `false` where there is none.
    fn next<R: Read>(&mut self) -> io::Result<bool>
    where
        S: Streams<R>,
    {
        let input = self.streams.input();
        loop {
            let ahead = input.look(super::MAGIC_LEN, super::PORTION);
            let padding = ahead.iter().take_while(|byte| is_padding(**byte));
            let (nuls, blanks) = padding.fold((0, 0), |(nuls, blanks), byte| match byte {
                0 => (nuls + 1, blanks),
                _ => (nuls, blanks + 1),
            });
            if nuls + blanks == 0 {
                break;
            }
            self.blanks += blanks as u64;
            input.consume(nuls + blanks);
        }
        let ahead = input.look(super::MAGIC_LEN, super::PORTION);
        if Codec::detect(ahead) == S::CODEC {
            return Ok(true);
        }
        let others = io::copy(&mut input.take(MOST), &mut io::sink())?;
        if others == 0 {
            return Ok(false);
        }
        let (or_more, s) = (if others == MOST { " or more" } else { "" }, if others == 1 { "" } else { "s" });
        let verb = if others == 1 { "follows" } else { "follow" };
        Err(said(format!("the {} data is whole; {others}{or_more} other byte{s} {verb}", S::CODEC.name())))
    }
}

/// Bytes that may stand behind a stream and mean nothing: tapes and block devices pad with NUL, editors and scripts
/// add a newline. NULs are as usual as `gzip -t` takes them; blanks are counted, and said.
const fn is_padding(byte: u8) -> bool {
    byte == 0 || byte.is_ascii_whitespace()
}

/// Other bytes behind a stream are counted up to here.
const MOST: u64 = 1 << 30;
