//! Rows poured into a workbook: sheet XML made and deflated on all cores, joined in order, around them the
//! parts of a template.
//!
//! `rust_xlsxwriter` makes the workbook with its styles, charts and settings, and a template row in each
//! sheet that is to be poured ([`frame`]); the rows themselves are written here, block by block, into a file
//! of their own ([`package`]). Memory grows neither with rows nor with sheets.

mod huffman;
mod deflate;
mod package;
mod digits;
mod rows;
mod frame;

pub(super) use deflate::Text;
pub(super) use digits::Digits;
pub(super) use frame::Frame;
pub(super) use package::{Package, Parts, part_of};
pub(super) use rows::{NamedRowWriter, NamedTable, Points, RowMarks, RowWriter, Table};

use crate::error::{Error, ErrorKind, Result};
use crate::threads::{joined, start};
use crc32fast::Hasher;
use package::Sum;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::scope;

/// Rows that are written and deflated at a time: their XML stays in a core's second-level cache.
pub(super) const BLOCK_ROWS: usize = 1024;

/// A block of rows, ready to be written.
pub(super) trait Block: Send {
    /// How many rows of Detail it has: what progress counts.
    fn rows(&self) -> u64 {
        0
    }
    /// Writes them.
    fn write(&self, text: &mut Text);
}

/// A deflated text.
struct Deflated {
    bytes: Vec<u8>,
    crc: Hasher,
    /// Bytes of the text.
    size: u64,
    rows: u64,
}

/// Deflates a block behind `bytes`, with the memory of earlier ones.
fn deflate(block: &dyn Block, text: &mut Text, mut bytes: Vec<u8>) -> Deflated {
    text.clear();
    block.write(text);
    text.deflate(&mut bytes);
    Deflated { bytes, crc: crc_of(text), size: text.len() as u64, rows: block.rows() }
}

fn crc_of(text: &Text) -> Hasher {
    let mut crc = Hasher::new();
    crc.update(text.as_bytes());
    crc
}

/// Takes blocks in turn and writes them into a package.
pub(super) struct Pour<'a, 'f, 'b> {
    package: &'a mut Package<'f>,
    progress: &'a AtomicU64,
    crew: Option<Crew<'b>>,
    /// For what this thread writes itself.
    own: Text,
    /// The sum of the part that was begun.
    crc: Hasher,
    size: u64,
}

/// Threads at work for a [`Pour`].
struct Crew<'b> {
    jobs: SyncSender<HandedOut<'b>>,
    done: Receiver<(usize, Result<Deflated>)>,
    /// Blocks that were handed out and not written yet, from `first` on; those that came back.
    waiting: VecDeque<Option<Deflated>>,
    first: usize,
    limit: usize,
    spare: Vec<Vec<u8>>,
}

/// A block for the crew, its number, and memory to deflate it into.
type HandedOut<'b> = (usize, Box<dyn Block + 'b>, Vec<u8>);

/// Runs `feed`, which pours parts into `package`, with so many threads beside it (none when one is enough).
/// `progress` is told how many rows have been written.
///
/// # Errors
/// What `feed` gives; when the file cannot be written.
pub(super) fn pour<'b, T>(
    threads: usize,
    package: &mut Package<'_>,
    progress: &AtomicU64,
    feed: impl FnOnce(&mut Pour<'_, '_, 'b>) -> Result<T>,
) -> Result<T> {
    let (jobs, work) = sync_channel(threads);
    let (sender, done) = channel();
    let work = Mutex::new(work);
    let (own, crc) = (Text::default(), Hasher::new());
    let mut pour = Pour { package, progress, crew: None, own, crc, size: 0 };
    if threads < 2 {
        return feed(&mut pour);
    }
    let (waiting, spare, limit) = (VecDeque::new(), Vec::new(), 2 * threads);
    scope(|scope| {
        let begin = |_| {
            let (work, sender) = (&work, sender.clone());
            start(scope, move || labour(work, &sender)).ok()
        };
        // Fewer do as well, and so does this one alone.
        let crew: Vec<_> = (0..threads).map_while(begin).collect();
        if crew.is_empty() {
            return feed(&mut pour);
        }
        let mut pour = pour;
        pour.crew = Some(Crew { jobs, done, waiting, first: 0, limit, spare });
        let result = feed(&mut pour);
        // This ends the crew.
        drop(pour);
        crew.into_iter().for_each(joined);
        result
    })
}

/// What each thread of the crew does.
fn labour(work: &Mutex<Receiver<HandedOut<'_>>>, done: &Sender<(usize, Result<Deflated>)>) {
    let mut text = Text::default();
    let next = || work.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok((number, block, bytes)) = next() {
        // A panic must come back as an answer, for which the pour would wait forever.
        let deflated = catch_unwind(AssertUnwindSafe(|| deflate(&*block, &mut text, bytes)));
        let deflated =
            deflated.map_err(|_| Error::new(ErrorKind::Defect("rows could not be written".into())));
        // Nobody listens any more when the pour has failed.
        if done.send((number, deflated)).is_err() {
            return;
        }
    }
}

impl<'f, 'b> Pour<'_, 'f, 'b> {
    /// Begins a part with this text.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn begin(&mut self, name: &str, text: &str) -> Result<()> {
        (self.crc, self.size) = (Hasher::new(), 0);
        self.package.begin(name)?;
        self.text(text)
    }

    /// Writes text behind the rows so far.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn text(&mut self, plain: &str) -> Result<()> {
        while self.crew.as_ref().is_some_and(|crew| !crew.waiting.is_empty()) {
            self.collect()?;
        }
        let (text, mut bytes) = (&mut self.own, Vec::new());
        text.clear();
        text.push(plain.as_bytes());
        text.deflate(&mut bytes);
        let (crc, size) = (crc_of(text), text.len() as u64);
        self.write(&Deflated { bytes, crc, size, rows: 0 })
    }

    /// The package, for parts that are written already.
    pub(super) const fn package(&mut self) -> &mut Package<'f> {
        self.package
    }

    /// Writes a block of rows below those before.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn rows(&mut self, block: Box<dyn Block + 'b>) -> Result<()> {
        if self.crew.is_none() {
            let deflated = deflate(&*block, &mut self.own, Vec::new());
            return self.write(&deflated);
        }
        while self.crew.as_ref().is_some_and(|crew| crew.waiting.len() >= crew.limit) {
            self.collect()?;
        }
        let crew = self.crew.as_mut().expect("the crew was seen");
        let number = crew.first + crew.waiting.len();
        crew.waiting.push_back(None);
        let sent = crew.jobs.send((number, block, crew.spare.pop().unwrap_or_default()));
        sent.map_err(|_| Error::new(ErrorKind::Defect("no thread is left to write rows".into())))
    }

    /// Ends the part with this text.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn end(&mut self, text: &str) -> Result<()> {
        self.text(text)?;
        self.package.write(&deflate::END)?;
        let crc = std::mem::take(&mut self.crc).finalize();
        self.package.end(Sum { crc, size: self.size })
    }

    /// Waits for a block and writes what has its turn.
    fn collect(&mut self) -> Result<()> {
        let crew = self.crew.as_mut().expect("blocks were handed out");
        let (number, deflated) = crew.done.recv().expect("the crew answers for every block");
        crew.waiting[number - crew.first] = Some(deflated?);
        while let Some(deflated) = self.crew.as_mut().and_then(Crew::ready) {
            self.write(&deflated)?;
            let crew = self.crew.as_mut().expect("the crew was seen");
            crew.spare.push({
                let mut bytes = deflated.bytes;
                bytes.clear();
                bytes
            });
        }
        Ok(())
    }

    fn write(&mut self, deflated: &Deflated) -> Result<()> {
        self.crc.combine(&deflated.crc);
        self.size += deflated.size;
        self.progress.fetch_add(deflated.rows, Ordering::Relaxed);
        self.package.write(&deflated.bytes)
    }
}

impl Crew<'_> {
    /// The next block in turn, if it came back.
    fn ready(&mut self) -> Option<Deflated> {
        let deflated = self.waiting.front_mut()?.take()?;
        self.waiting.pop_front();
        self.first += 1;
        Some(deflated)
    }
}
