//! Parts of sources: what one thread reads at a time, a whole file or a stretch of a large plain one.
//!
//! Knows nothing of what lines mean.

use super::lines::{Lines, READ};
use super::packed::Packed;
use super::stretch::{StretchReader, shrunk};
use crate::codec::{self, Codec, Decoder, Gunzip, HEAD_LEN, MAGIC_LEN, is_plain_text};
use crate::digest::{self, Digester, Lengths};
use crate::events::of_log;
use crate::log;
use crate::source::{Opened, Origins, Resume, SMALL, START, Site, Source, WHOLE, start_of};
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

/// Plain files of more than this are cut at newlines and read by several threads.
const CUT_ABOVE: u64 = 32 << 20;
/// Size of the stretches that they are cut into.
const STRETCH: u64 = 16 << 20;

/// The lines of a source that begin in `[start, end)`, or all of them.
pub(super) struct Part {
    pub(super) source: usize,
    pub(super) stretch: Option<(u64, u64)>,
    /// The file of all stretches, where it is cut.
    file: Option<Arc<Shared>>,
    /// Bytes on disk.
    pub(super) size: u64,
}

impl Part {
    /// All of a source, or its tail.
    pub(super) const fn whole(source: usize, size: u64) -> Self {
        Self { source, stretch: None, file: None, size }
    }

    /// What it takes to read it, by which parts are put in order: all stretches of a file one after the other, so that
    /// few files are open at a time.
    pub(super) const fn weight(&self) -> u64 {
        if self.stretch.is_some() { STRETCH } else { self.size }
    }

    /// Notes that it was read; gives whether all of its source was by that.
    pub(super) fn leave(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.leave())
    }

    /// The first bytes of the text of the file that it is a stretch of.
    pub(super) fn head(&self) -> Option<&[u8]> {
        self.file.as_ref().map(|file| &file.head[..])
    }

    /// Of the first bytes of the file that it is a stretch of.
    pub(super) fn start(&self) -> Option<u64> {
        self.file.as_ref().and_then(|file| *file.start.get()?)
    }
}

/// A file that is read by several threads: it is open from when the first of its stretches is opened until the last one was
/// read, so that all of them are of one file, whatever stands under its name meanwhile.
struct Shared {
    file: Mutex<Option<Arc<File>>>,
    /// The first bytes of its text, which say how its lines are read.
    head: Vec<u8>,
    /// Of its first bytes: see [`start_of`].
    start: OnceLock<Option<u64>>,
    /// Stretches that were not read yet.
    left: AtomicUsize,
}

impl Shared {
    fn new(stretches: usize, head: Vec<u8>) -> Arc<Self> {
        let (start, left) = (OnceLock::new(), AtomicUsize::new(stretches));
        Arc::new(Self { file: Mutex::default(), head, start, left })
    }

    fn open(&self, site: Site<'_>) -> io::Result<Arc<File>> {
        let mut open = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            Some(file) => Ok(file.clone()),
            None => match site.open()? {
                Opened::File(file) => Ok(open.insert(Arc::new(file)).clone()),
                // Nothing else was cut.
                Opened::Bytes(_) => Err(shrunk()),
            },
        }
    }

    /// Notes that one more stretch was read; gives whether it was the last one.
    fn leave(&self) -> bool {
        // Whoever comes last sees what the others wrote.
        let is_last = self.left.fetch_sub(1, Ordering::AcqRel) == 1;
        if is_last {
            *self.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        is_last
    }
}

/// The number of threads that may work: as many as asked for, 0 is one per core.
pub(super) fn allowed_threads(asked: usize) -> usize {
    if asked == 0 { available_parallelism().map_or(1, NonZero::get) } else { asked }
}

/// The number of threads to start: as many as allowed, but no more than parts.
pub(super) fn useful_threads(sources: &mut [Source], origins: &dyn Origins, asked: usize) -> usize {
    if sources.len() >= asked {
        return asked;
    }
    for source in &mut *sources {
        source.look(origins);
    }
    let stretches = |source: &Source| usize::try_from(source.size().unwrap_or(0) / STRETCH).unwrap_or(asked);
    let parts = sources.iter().fold(0usize, |parts, source| parts.saturating_add(1 + stretches(source)));
    asked.min(parts).max(1)
}

/// Cuts sources into parts, in the order of sources and places.
pub(super) fn cut(sources: &[Source], origins: &dyn Origins) -> Vec<Part> {
    let mut parts = Vec::new();
    for (at, source) in sources.iter().enumerate() {
        let size = source.size().unwrap_or(0);
        if let Some(resume) = &source.resume {
            parts.push(Part::whole(at, size.saturating_sub(resume.from)));
            continue;
        }
        let Some(head) =
            Some(source).filter(|_| size > CUT_ABOVE).and_then(|source| head_to_cut(source, origins))
        else {
            parts.push(Part::whole(at, size));
            continue;
        };
        let file = Shared::new(usize::try_from(size.div_ceil(STRETCH)).unwrap_or(usize::MAX), head);
        let mut start = 0;
        while start < size {
            let end = size.min(start + STRETCH);
            parts.push(Part {
                source: at,
                stretch: Some((start, end)),
                file: Some(file.clone()),
                size: end - start,
            });
            start = end;
        }
    }
    parts
}

/// The first bytes of a source that several threads may read at several places: a file of plain text, in a format of which
/// each line can be read.
fn head_to_cut(source: &Source, origins: &dyn Origins) -> Option<Vec<u8>> {
    let site = source.site(origins);
    let (is_file, head) = first_bytes(site).ok()?;
    let is_plain = is_file && is_plain_text(&head[..]).unwrap_or(false);
    (is_plain && source.format().of_text(&head).may_be_cut()).then_some(head)
}

/// Whether a file of this system lies at a site, and what it begins with: as many bytes as a format is detected by.
fn first_bytes(site: Site<'_>) -> io::Result<(bool, Vec<u8>)> {
    const _: () = assert!(log::HEAD >= HEAD_LEN);
    let file = site.open_at(0..log::HEAD as u64)?;
    let is_file = matches!(file, Opened::File(_));
    let mut head = Vec::with_capacity(log::HEAD);
    file.take(log::HEAD as u64).read_to_end(&mut head)?;
    Ok((is_file, head))
}

/// What a thread reads with, kept from part to part.
#[derive(Default)]
pub(super) struct ThreadBuffers {
    /// For [`Lines`].
    buffer: Vec<u8>,
    /// The first bytes of a file, or all of a gzip file.
    head: Vec<u8>,
    gunzip: Gunzip,
    /// The first bytes of a text of which only what lies behind is read.
    text_head: Option<Vec<u8>>,
    /// Of the first bytes of the file that was opened last.
    start: Option<u64>,
    /// That file.
    file: Option<Arc<File>>,
}

impl ThreadBuffers {
    /// What the file that was opened last begins with: see [`start_of`].
    pub(super) const fn take_start(&mut self) -> Option<u64> {
        self.start.take()
    }

    /// The first bytes of the text that was opened last, where what is read begins behind them and its lines cannot be read
    /// without.
    pub(super) const fn take_text_head(&mut self) -> Option<Vec<u8>> {
        self.text_head.take()
    }

    /// The file that was opened last.
    pub(super) const fn take_file(&mut self) -> Option<Arc<File>> {
        self.file.take()
    }

    fn open(&mut self, source: &Source, origins: &dyn Origins, range: Range<u64>) -> io::Result<Raw> {
        if source.is_stream() {
            return origins.open_stream(&source.origin).map(Raw::Bytes);
        }
        Ok(match origins.open(&source.origin, range)? {
            Opened::Bytes(bytes) => Raw::Bytes(bytes),
            Opened::File(file) => {
                let file = Arc::new(file);
                self.file = Some(file.clone());
                Raw::File(file)
            }
        })
    }

    /// Takes a splitter's buffer back, and gives what it read from.
    pub(super) fn keep<'a>(&mut self, lines: Lines<Input<'a>>) -> Input<'a> {
        let (input, buffer) = lines.into_parts();
        self.buffer = buffer;
        input
    }
}

/// An open part.
#[expect(clippy::large_enum_variant, reason = "one at a time, and taken apart at once")]
pub(super) enum OpenPart<'a, 'd> {
    /// All of its text, decoded without fault, and its identity, if it is to be hashed.
    Text(&'d [u8], Option<digest::Stretch>),
    /// Lines to be read and decoded.
    Lines(Lines<Input<'a>>, Codec),
}

/// The text of a part.
pub(super) struct Input<'a> {
    bytes: Bytes<'a>,
    tap: Option<Tap>,
}

enum Bytes<'a> {
    Plain(CountingReader<'a>),
    Packed(Packed<'a, CountingReader<'a>>),
}

impl Input<'_> {
    /// Blanks that stood between and behind compressed streams, in bytes.
    pub(super) fn blanks(&self) -> u64 {
        match &self.bytes {
            Bytes::Plain(_) => 0,
            Bytes::Packed(input) => input.blanks(),
        }
    }

    /// What the text that went by is, if it was to be hashed.
    pub(super) fn hashed(self) -> Option<digest::Stretch> {
        self.tap.map(|tap| tap.digester.finish())
    }
}

impl Read for Input<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.bytes {
            Bytes::Plain(input) => input.read(out),
            Bytes::Packed(input) => input.read(out),
        }?;
        if let Some(tap) = &mut self.tap {
            tap.see(&out[..read]);
        }
        Ok(read)
    }
}

/// Hashes the bytes that go by, as far as they are the part's own.
struct Tap {
    digester: Digester,
    /// Bytes still to come that belong to the part before.
    skip: usize,
    /// Bytes still to come that are the part's own.
    left: u64,
}

impl Tap {
    fn see(&mut self, bytes: &[u8]) {
        let own = &bytes[self.skip.min(bytes.len())..];
        self.skip -= bytes.len() - own.len();
        let own = &own[..own.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))];
        self.left -= own.len() as u64;
        self.digester.update(own);
    }
}

/// How parts are opened.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    /// Who opens them.
    pub(super) origins: &'a dyn Origins,
    /// Counts the bytes taken from disk.
    pub(super) read: &'a AtomicU64,
    /// Whether the text is hashed.
    pub(super) is_hashed: bool,
    /// Lengths of texts that it may begin with.
    pub(super) known_lengths: Option<&'a Arc<Lengths>>,
}

impl Opening<'_> {
    fn tap(&self) -> Option<Tap> {
        let of_lengths = |lengths: &Arc<Lengths>| Digester::watching(lengths.clone());
        let digester = || self.known_lengths.map_or_else(Digester::default, of_lengths);
        // Nothing is made that is not asked for: a digester is two thousand bytes.
        self.is_hashed.then(|| Tap { digester: digester(), skip: 0, left: u64::MAX })
    }
}

/// Opens a part.
pub(super) fn open<'a, 'd>(
    source: &'a Source,
    part: &Part,
    how: Opening<'a>,
    buffers: &'d mut ThreadBuffers,
) -> io::Result<OpenPart<'a, 'd>> {
    let counted = |raw| CountingReader { raw, read: how.read };
    let site = source.site(how.origins);
    // A stretch and what follows a known beginning are plain, whatever their first bytes look like.
    let lines = match (part.stretch.zip(part.file.as_ref()), &source.resume) {
        (None, None) => {
            let raw = buffers.open(source, how.origins, WHOLE)?;
            return open_whole(counted(raw), source, how, buffers);
        }
        (Some(((start, end), file)), _) => {
            let opened = file.open(site)?;
            buffers.file = Some(opened.clone());
            if start == 0 {
                let mut head = [0; START];
                StretchReader::new(opened.clone(), (0, START as u64)).read_exact(&mut head)?;
                buffers.start = *file.start.get_or_init(|| start_of(&head, end));
            }
            let own = |tap| Tap { skip: usize::from(start > 0), left: end - start, ..tap };
            let bytes = Bytes::Plain(counted(Raw::Stretch(StretchReader::new(opened, (start, end)))));
            let input = Input { bytes, tap: how.tap().map(own) };
            if start == 0 { Lines::new(input) } else { Lines::after_newline(input) }
        }
        (None, Some(resume)) => {
            of_log!("{}: opened; continues after {} known bytes", source.name, resume.from);
            if resume.format.needs_head() {
                buffers.text_head = Some(first_bytes(site)?.1);
            }
            let raw = buffers.open(source, how.origins, resume.before.len..u64::MAX)?;
            Lines::new(behind_known(counted(raw), resume, how)?)
        }
    };
    Ok(OpenPart::Lines(lines.with_buffer(std::mem::take(&mut buffers.buffer), 0), Codec::Plain))
}

/// Hashes from the last whole chunk on, where `raw` begins, and begins at the first line that was not read before.
fn behind_known<'a>(raw: CountingReader<'a>, resume: &Resume, how: Opening<'a>) -> io::Result<Input<'a>> {
    let mut input = Input { bytes: Bytes::Plain(raw), tap: how.tap() };
    io::copy(&mut input.by_ref().take(resume.from - resume.before.len), &mut io::sink())?;
    Ok(input)
}

/// Opens a whole source, whose codec its first bytes tell.
fn open_whole<'a, 'd>(
    mut raw: CountingReader<'a>,
    source: &'a Source,
    how: Opening<'a>,
    buffers: &'d mut ThreadBuffers,
) -> io::Result<OpenPart<'a, 'd>> {
    let size = source.size();
    let again = size.is_some().then_some(source.site(how.origins));
    let mut len = 0;
    let small = size.filter(|size| *size <= SMALL).and_then(|size| usize::try_from(size).ok());
    let filled = fill(&mut raw, &mut buffers.head, &mut len, small.unwrap_or(HEAD_LEN).max(MAGIC_LEN), READ);
    if len < MAGIC_LEN {
        // An error behind that comes again when the lines before it are read.
        filled?;
    }
    buffers.start = size.and_then(|size| start_of(&buffers.head[..len], size));
    let codec = Codec::detect(&buffers.head[..len]);
    let format = source.format().expected().name();
    of_log!("{}: opened; compression {}, format {format}", source.name, codec.name());
    let mut tap = how.tap();
    if codec == Codec::Plain {
        codec::check_plain(&buffers.head[..len])?;
        if let Some(tap) = &mut tap {
            tap.see(&buffers.head[..len]);
        }
        let input = Input { bytes: Bytes::Plain(raw), tap };
        let lines = Lines::new(input).with_buffer(std::mem::take(&mut buffers.head), len);
        buffers.head = std::mem::take(&mut buffers.buffer);
        return Ok(OpenPart::Lines(lines, codec));
    }
    let size = size.filter(|size| codec == Codec::Gzip && *size <= Gunzip::MAX_PACKED);
    if let Some(size) = size.and_then(|size| usize::try_from(size).ok()) {
        // Not one byte more than there should be: what is longer grows.
        let whole = fill(&mut raw, &mut buffers.head, &mut len, size, size + 1).is_ok();
        if whole
            && len == size
            && let Some(text) = buffers.gunzip.text(&buffers.head[..len])
        {
            let hashed = tap.map(|mut tap| {
                tap.see(text);
                tap.digester.finish()
            });
            return Ok(OpenPart::Text(text, hashed));
        }
    }
    let mut head = std::mem::take(&mut buffers.head);
    head.truncate(len);
    let packed = Packed::new(Decoder::with_head(head, raw)?, again);
    let lines = Lines::new(Input { bytes: Bytes::Packed(packed), tap });
    Ok(OpenPart::Lines(lines.with_buffer(std::mem::take(&mut buffers.buffer), 0), codec))
}

/// Reads behind the first `len` bytes of a buffer until it holds `least` bytes, but no more than `most`, or
/// the input ends. `len` becomes the bytes that it holds, also when the input fails.
fn fill(
    input: &mut impl Read,
    buffer: &mut Vec<u8>,
    len: &mut usize,
    least: usize,
    most: usize,
) -> io::Result<()> {
    if buffer.len() < most {
        buffer.resize(most, 0);
    }
    while *len < least {
        match input.read(&mut buffer[*len..most]) {
            Ok(0) => break,
            Ok(read) => *len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Counts what is read.
pub(super) struct CountingReader<'a> {
    raw: Raw,
    read: &'a AtomicU64,
}

/// Where bytes come from.
enum Raw {
    File(Arc<File>),
    Stretch(StretchReader),
    /// A source that is not a file of this system.
    Bytes(Box<dyn Read + Send>),
}

impl Read for CountingReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.raw {
            Raw::File(input) => input.read(out),
            Raw::Stretch(input) => input.read(out),
            Raw::Bytes(input) => input.read(out),
        }?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, then fails.
    struct Failing<'a>(&'a [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = out.len().min(7);
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(&mut out[..most]) }
        }
    }

    #[test]
    fn what_was_read_before_a_failure_is_not_lost() {
        let (mut buffer, mut len) = (b"abc".to_vec(), 3);
        let failed = fill(&mut Failing(b"defghijklmnop"), &mut buffer, &mut len, 100, 100);
        assert!(failed.is_err() && &buffer[..len] == b"abcdefghijklmnop");
    }
}
