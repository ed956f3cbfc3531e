//! Rejected lines: counted, sampled, and on demand kept whole for a CSV file. The only file that names csv.
//!
//! Parts of the input are read in any order, so the lines are spilled to a scratch file as they come and
//! written out in the order of sources and lines at the end: memory does not grow with the rejects.

use crate::domain::Selection;
use crate::error::{Error, Result};
use crate::formula::harmless;
use crate::names::named_hours_at;
use crate::output::{self, Output};
use crate::record::Reason;
use crate::report::{SAMPLE_BYTES, SAMPLES_PER_REASON, Scope};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Headings of the CSV file.
const HEADINGS: [&str; 4] = ["file", "line", "reason", "text"];

/// Bytes that a part collects before it spills.
const PENDING: usize = 128 << 10;

/// The scratch file that all parts spill to.
pub(super) struct Spill(Mutex<(File, u64)>);

/// A piece of the scratch file.
pub(super) type Extent = (u64, u64);

impl Spill {
    pub(super) fn new(dir: &Path) -> Result<Self> {
        Ok(Self(Mutex::new((output::scratch(dir)?, 0))))
    }

    fn append(&self, bytes: &[u8]) -> Result<Extent> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, len) = &mut *guard;
        file.write_all(bytes).map_err(Error::io("cannot keep rejected lines in a temporary file"))?;
        let extent = (*len, bytes.len() as u64);
        *len += extent.1;
        Ok(extent)
    }
}

/// A rejected line of a part, numbered within the part from 1.
pub(super) struct PartSample {
    pub(super) line: u64,
    pub(super) reason: Reason,
    pub(super) text: Vec<u8>,
}

/// Takes the rejected lines of one part of the input.
#[derive(Default)]
pub(super) struct RejectSink<'a> {
    spill: Option<&'a Spill>,
    pending: Vec<u8>,
    extents: Vec<Extent>,
    samples: Vec<PartSample>,
    sampled: [usize; Reason::ALL.len()],
}

impl<'a> RejectSink<'a> {
    pub(super) fn new(spill: Option<&'a Spill>) -> Self {
        Self { spill, ..Self::default() }
    }

    #[cold]
    pub(super) fn take(&mut self, line: u64, reason: Reason, text: &[u8]) -> Result<()> {
        let sampled = &mut self.sampled[reason as usize];
        if *sampled < SAMPLES_PER_REASON {
            *sampled += 1;
            let text = text[..text.len().min(SAMPLE_BYTES)].to_vec();
            self.samples.push(PartSample { line, reason, text });
        }
        if self.spill.is_none() {
            return Ok(());
        }
        self.pending.extend(line.to_le_bytes());
        self.pending.push(reason as u8);
        self.pending.extend((text.len() as u64).to_le_bytes());
        self.pending.extend(text);
        if self.pending.len() < PENDING { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<()> {
        if let Some(spill) = self.spill.filter(|_| !self.pending.is_empty()) {
            self.extents.push(spill.append(&self.pending)?);
            self.pending.clear();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<(Vec<PartSample>, Vec<Extent>)> {
        self.flush()?;
        Ok((self.samples, self.extents))
    }
}

/// Where the rejected lines of one part lie, and where the part lies in its source.
pub(super) struct SpilledPart {
    /// Which of the sources that were read together.
    pub(super) source: usize,
    /// The name of the source.
    pub(super) name: String,
    /// Lines of the source before this part.
    pub(super) lines_before: u64,
    pub(super) extents: Vec<Extent>,
}

/// Every rejected line of a run, kept on disk.
pub struct Rejects {
    pub(super) spill: Spill,
    pub(super) pieces: Vec<SpilledPart>,
}

impl Rejects {
    /// Writes the rejected lines of runs, in turn, as CSV: `file,line,reason,text`, in the order of sources and lines. The
    /// text is the line's bytes as they are, made [`harmless`]; of a line that is too long, its first MiB. Everything
    /// but the file's name is durable then. For an export of some domains, the text of a line that may be another's is
    /// left empty.
    ///
    /// # Errors
    /// When the file or the scratch file fails.
    pub fn write_csv(all: Vec<Self>, out: &mut Output, path: &Path, of: Option<&Selection>) -> Result<()> {
        pour(all, out.file(), of).map_err(|e| e.at(path))?;
        out.file().sync_all().map_err(Error::io("cannot write rejected lines")).map_err(|e| e.at(path))
    }

    /// Leaves out the rejected lines of some sources, which are told by their place among those that were read together,
    /// and their names.
    pub fn leave_out(&mut self, is_left_out: impl Fn(usize, &str) -> bool) {
        self.pieces.retain(|piece| !is_left_out(piece.source, &piece.name));
    }

    fn pour(self, writer: &mut csv::Writer<BufWriter<&mut File>>, of: Option<&Selection>) -> Result<()> {
        let (file, _) = self.spill.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut spilled = BufReader::new(file);
        for piece in &self.pieces {
            let name = harmless(piece.name.as_bytes());
            let hours = named_hours_at(Path::new(&piece.name));
            let shows = |text: &[u8]| of.is_none_or(|of| Scope::shows(of, hours.as_ref(), text));
            for (start, len) in &piece.extents {
                let broken = Error::io("cannot read rejected lines back");
                spilled.seek(SeekFrom::Start(*start)).map_err(broken)?;
                let mut left = *len;
                while left > 0 {
                    let broken = Error::io("cannot read rejected lines back");
                    let (line, reason, text) = frame(&mut spilled).map_err(broken)?;
                    left -= (FRAME_HEAD + text.len()) as u64;
                    let line = (piece.lines_before + line).to_string();
                    let text = if shows(&text) { harmless(&text) } else { Cow::Borrowed(&[][..]) };
                    let fields: [&[u8]; 4] = [&name, line.as_bytes(), reason.as_bytes(), &text];
                    writer.write_record(fields).map_err(failed)?;
                }
            }
        }
        Ok(())
    }
}

fn failed(error: csv::Error) -> Error {
    let error = match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    };
    Error::io("cannot write rejected lines")(error)
}

fn pour(all: Vec<Rejects>, out: &mut File, of: Option<&Selection>) -> Result<()> {
    let mut writer = csv::Writer::from_writer(BufWriter::new(out));
    writer.write_record(HEADINGS).map_err(failed)?;
    all.into_iter().try_for_each(|rejects| rejects.pour(&mut writer, of))?;
    writer.flush().map_err(Error::io("cannot write rejected lines"))
}

/// Bytes before the text of a spilled line.
const FRAME_HEAD: usize = 8 + 1 + 8;

fn frame(input: &mut impl Read) -> std::io::Result<(u64, &'static str, Vec<u8>)> {
    let (mut line, mut reason, mut len) = ([0; 8], [0; 1], [0; 8]);
    input.read_exact(&mut line)?;
    input.read_exact(&mut reason)?;
    input.read_exact(&mut len)?;
    let mut text = Vec::new();
    input.take(u64::from_le_bytes(len)).read_to_end(&mut text)?;
    Ok((u64::from_le_bytes(line), Reason::ALL[usize::from(reason[0])].key(), text))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_in_plain_words() {
        let full = io::Error::from_raw_os_error(28);
        assert_eq!(failed(full.into()).to_string(), "cannot write rejected lines: the disk is full");
    }
}
