//! The zip file around the parts of a workbook: parts copied as they are, and parts written as they come.
//!
//! The only file that names zip, which reads; it cannot write what somebody else deflated, so that is here
//! (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16). Knows nothing of what the parts hold.

use crate::error::{Error, ErrorKind, Result};
use std::borrow::Cow;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use zip::{CompressionMethod, ZipArchive};

/// The parts of a finished workbook.
pub(in crate::export) struct Parts(ZipArchive<Cursor<Vec<u8>>>);

/// The beginning of a part of a file that may be a zip, as text; nothing where there is none.
pub(in crate::export) fn part_of(file: File, name: &str, most: u64) -> Option<String> {
    let mut archive = ZipArchive::new(file).ok()?;
    let mut text = String::new();
    archive.by_name(name).ok()?.take(most).read_to_string(&mut text).ok()?;
    Some(text)
}

/// A part as it lies in its file.
pub(in crate::export) struct Packed {
    sum: Sum,
    method: u16,
    bytes: Vec<u8>,
}

impl Packed {
    /// What the file tells of its text.
    pub(in crate::export) const fn sum(&self) -> Sum {
        self.sum
    }
}

/// What a zip tells of a part's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::export) struct Sum {
    /// CRC-32.
    pub(in crate::export) crc: u32,
    /// Bytes.
    pub(in crate::export) size: u64,
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

fn unreadable(error: impl Display) -> Error {
    Error::new(ErrorKind::Defect(format!("the workbook's template cannot be read: {error}")))
}

impl Parts {
    /// Reads the list of parts.
    ///
    /// # Errors
    /// When the bytes are no zip file.
    pub(in crate::export) fn new(bytes: Vec<u8>) -> Result<Self> {
        ZipArchive::new(Cursor::new(bytes)).map(Self).map_err(unreadable)
    }

    /// Names of the parts, as they come.
    ///
    /// # Errors
    /// When one is no text.
    pub(in crate::export) fn names(&self) -> Result<Vec<String>> {
        let names = (0..self.0.len()).filter_map(|at| self.0.name_for_index(at));
        names.map(|name| name.map(Cow::into_owned).map_err(unreadable)).collect()
    }

    /// The text of a part.
    ///
    /// # Errors
    /// When there is no such part, or it is no text.
    pub(in crate::export) fn text(&mut self, name: &str) -> Result<String> {
        let mut text = String::new();
        let mut part = self.0.by_name(name).map_err(unreadable)?;
        part.read_to_string(&mut text).map_err(unreadable)?;
        Ok(text)
    }

    /// A part as it lies in the file.
    ///
    /// # Errors
    /// When there is no such part, or it is not packed as workbooks are.
    pub(in crate::export) fn packed(&mut self, name: &str) -> Result<Packed> {
        let at = self.0.index_for_name(name).ok_or_else(|| unreadable(format_args!("no part {name}")))?;
        let mut part = self.0.by_index_raw(at).map_err(unreadable)?;
        let method = match part.compression() {
            CompressionMethod::Stored => STORED,
            CompressionMethod::Deflated => DEFLATED,
            method => return Err(unreadable(format_args!("{name} is packed by {method}"))),
        };
        let mut bytes = Vec::new();
        let sum = Sum { crc: part.crc32(), size: part.size() };
        part.read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Packed { sum, method, bytes })
    }
}

/// An entry of the directory at the end of the file.
struct Entry {
    name: String,
    method: u16,
    sum: Sum,
    packed: u64,
    offset: u64,
}

/// A zip file in the making.
pub(in crate::export) struct Package<'a> {
    out: BufWriter<&'a mut File>,
    /// Bytes before the next.
    at: u64,
    entries: Vec<Entry>,
}

fn failed(error: io::Error) -> Error {
    Error::io("cannot write the workbook")(error)
}

/// A field that says: see the longer field.
const LONG: u32 = u32::MAX;
/// 1980-01-01 00:00, the first day of zip files: results do not depend on the clock.
const DATE: u16 = 1 << 5 | 1;

impl<'a> Package<'a> {
    /// Begins a zip file where `out` stands.
    ///
    /// # Errors
    /// When the file cannot tell where that is.
    pub(in crate::export) fn new(out: &'a mut File) -> Result<Self> {
        let at = out.stream_position().map_err(failed)?;
        Ok(Self { out: BufWriter::with_capacity(256 << 10, out), at, entries: Vec::new() })
    }

    /// Whether a part of this name is in it.
    pub(in crate::export) fn holds(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name == name)
    }

    /// Copies a part.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(in crate::export) fn copy(&mut self, name: &str, part: &Packed) -> Result<()> {
        let entry = Entry {
            name: name.to_owned(),
            method: part.method,
            sum: part.sum,
            packed: part.bytes.len() as u64,
            offset: self.at,
        };
        self.write(&header(&entry)?)?;
        self.entries.push(entry);
        self.write(&part.bytes)
    }

    /// Begins a deflated part, which [`Package::write`] fills and [`Package::end`] ends.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(in crate::export) fn begin(&mut self, name: &str) -> Result<()> {
        let (sum, method) = (Sum::default(), DEFLATED);
        let entry = Entry { name: name.to_owned(), method, sum, packed: 0, offset: self.at };
        self.write(&header(&entry)?)?;
        self.entries.push(entry);
        Ok(())
    }

    /// Writes bytes of the part that was begun.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(in crate::export) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(failed)
    }

    /// Ends the part that was begun: its header gets what is known only now.
    ///
    /// # Errors
    /// When the file cannot be written, or the part is of 4 GiB or more.
    pub(in crate::export) fn end(&mut self, sum: Sum) -> Result<()> {
        let entry = self.entries.last_mut().expect("a part was begun");
        let head = HEAD as u64 + entry.name.len() as u64;
        (entry.sum, entry.packed) = (sum, self.at - entry.offset - head);
        let (header, offset) = (header(entry)?, entry.offset);
        self.out.seek(SeekFrom::Start(offset)).map_err(failed)?;
        self.out.write_all(&header).map_err(failed)?;
        self.out.seek(SeekFrom::Start(self.at)).map_err(failed).map(drop)
    }

    /// Writes the directory.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(in crate::export) fn finish(mut self) -> Result<()> {
        let start = self.at;
        for entry in std::mem::take(&mut self.entries) {
            self.write(&directory_entry(&entry)?)?;
            self.entries.push(entry);
        }
        let tail = tail(self.entries.len() as u64, start, self.at - start);
        self.write(&tail)?;
        self.out.flush().map_err(failed)
    }
}

/// Length of a header before the name.
const HEAD: usize = 30;

/// What header and directory have in common: version needed, flags, method, time, date, sums, length of name.
fn common(entry: &Entry, version: u16) -> Result<Vec<u8>> {
    let too_large = |_| Error::new(ErrorKind::Defect(format!("{} grew beyond 4 GiB", entry.name)));
    let (packed, size) = (u32::try_from(entry.packed), u32::try_from(entry.sum.size));
    let mut bytes = Vec::new();
    // No flags: sums stand in the header, names of parts are ASCII.
    for short in [version, 0, entry.method, 0, DATE] {
        bytes.extend(short.to_le_bytes());
    }
    for long in [entry.sum.crc, packed.map_err(too_large)?, size.map_err(too_large)?] {
        bytes.extend(long.to_le_bytes());
    }
    bytes.extend(u16::try_from(entry.name.len()).expect("names of parts are short").to_le_bytes());
    Ok(bytes)
}

/// Version 2.0 knows deflate, 4.5 knows long offsets.
const fn version(long: bool) -> u16 {
    if long { 45 } else { 20 }
}

fn header(entry: &Entry) -> Result<Vec<u8>> {
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(common(entry, version(false))?);
    bytes.extend([0; 2]);
    bytes.extend(entry.name.as_bytes());
    Ok(bytes)
}

fn directory_entry(entry: &Entry) -> Result<Vec<u8>> {
    let offset = u32::try_from(entry.offset).ok().filter(|offset| *offset != LONG);
    // The extra field of long numbers: its kind, its length, the offset.
    let extra = match offset {
        Some(_) => Vec::new(),
        None => [&[1, 0, 8, 0][..], &entry.offset.to_le_bytes()].concat(),
    };
    let version = version(offset.is_none());
    let mut bytes = b"PK\x01\x02".to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend(common(entry, version)?);
    bytes.extend([if extra.is_empty() { 0 } else { 12 }, 0]);
    // Comment, disk, attributes.
    bytes.extend([0; 10]);
    bytes.extend(offset.unwrap_or(LONG).to_le_bytes());
    bytes.extend(entry.name.as_bytes());
    bytes.extend(extra);
    Ok(bytes)
}

/// The end of the directory, in the long form too where a number asks for it.
fn tail(entries: u64, start: u64, size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let fits = |number: u64| number < u64::from(LONG);
    if !(fits(start) && fits(size) && entries < u64::from(u16::MAX)) {
        bytes.extend(b"PK\x06\x06");
        bytes.extend(44u64.to_le_bytes());
        bytes.extend([version(true).to_le_bytes(); 2].concat());
        bytes.extend([0; 8]);
        for number in [entries, entries, size, start] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07");
        bytes.extend([0; 4]);
        bytes.extend((start + size).to_le_bytes());
        bytes.extend(1u32.to_le_bytes());
    }
    let short = u16::try_from(entries).unwrap_or(u16::MAX).to_le_bytes();
    let long = |number: u64| u32::try_from(number).unwrap_or(LONG).to_le_bytes();
    bytes.extend(b"PK\x05\x06");
    bytes.extend([0; 4]);
    bytes.extend([short, short].concat());
    bytes.extend([long(size), long(start)].concat());
    bytes.extend([0; 2]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::SeekFrom;

    const TEXT: &[u8] = b"some text in a part";

    fn stored() -> Packed {
        let sum = Sum { crc: crc32fast::hash(TEXT), size: TEXT.len() as u64 };
        Packed { sum, method: STORED, bytes: TEXT.to_vec() }
    }

    /// A package that begins at `start` of a file, which another reader reads.
    fn read_back(start: u64) -> Vec<(String, Vec<u8>)> {
        let mut file = tempfile::tempfile().unwrap();
        file.seek(SeekFrom::Start(start)).unwrap();
        let mut package = Package::new(&mut file).unwrap();
        package.copy("first", &stored()).unwrap();
        package.begin("second").unwrap();
        // A stored block of deflate, the last one.
        package.write(&[1, 2, 0, 0xfd, 0xff]).unwrap();
        package.write(b"ab").unwrap();
        package.end(Sum { crc: crc32fast::hash(b"ab"), size: 2 }).unwrap();
        package.copy("third", &stored()).unwrap();
        assert!(package.holds("second") && !package.holds("fourth"));
        package.finish().unwrap();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let part = |at| {
            let mut part = archive.by_index(at).unwrap();
            let mut text = Vec::new();
            part.read_to_end(&mut text).unwrap();
            (part.name().unwrap().to_string(), text)
        };
        (0..3).map(part).collect()
    }

    #[test]
    fn parts_are_read_back_below_and_beyond_4_gib() {
        let expected =
            [("first", TEXT), ("second", b"ab"), ("third", TEXT)].map(|(n, t)| (n.to_owned(), t.to_vec()));
        // The last of these lie on both sides of the limit; the file has holes and takes no room.
        for start in [0, (1 << 32) - 100, (1 << 32) - 60, 5 << 32] {
            assert_eq!(read_back(start), expected, "from {start}");
        }
    }

    #[test]
    fn a_part_of_4_gib_is_refused() {
        let mut file = tempfile::tempfile().unwrap();
        let mut package = Package::new(&mut file).unwrap();
        package.begin("part").unwrap();
        assert!(package.end(Sum { crc: 0, size: 1 << 32 }).is_err());
    }

    #[test]
    fn what_is_no_zip_is_a_defect() {
        assert!(Parts::new(b"nothing of the kind".to_vec()).is_err());
    }
}
