//! The form of an export, chosen by the ending of its file's name, and where it is written: a workbook, the rows as
//! CSV, or the rows on standard output.

use crate::codec::{Codec, Encoder};
use crate::error::{Error, Result};
use crate::export::{self, Exported, export, export_csv};
use crate::output::{self, Output, Seal};
use crate::usage::Row;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What form an export takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An Excel workbook: `.xlsx`.
    Workbook,
    /// The rows of Detail as CSV: `.csv`, `.csv.gz`, `.csv.zst`.
    Csv(Codec),
    /// The rows of Detail as CSV on standard output: `-`.
    Stream,
}

/// The endings of files, whatever their case.
const ENDINGS: [(&str, Form); 4] = [
    (".xlsx", Form::Workbook),
    (".csv", Form::Csv(Codec::Plain)),
    (".csv.gz", Form::Csv(Codec::Gzip)),
    (".csv.zst", Form::Csv(Codec::Zstd)),
];

impl Form {
    /// The form of a file with this name.
    ///
    /// # Errors
    /// If its ending is not known.
    pub fn of(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stream);
        }
        let name = path.as_os_str().as_encoded_bytes().to_ascii_lowercase();
        let only_ending =
            |ending: &str| path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(ending));
        if ENDINGS.into_iter().any(|(ending, _)| only_ending(ending)) {
            return Err(Error::usage("is only an ending; write the name of the file before it").at(path));
        }
        let known = ENDINGS.into_iter().find(|(ending, _)| name.ends_with(ending.as_bytes()));
        known.map(|(_, form)| form).ok_or_else(|| {
            let text = "has no known ending: end it in .xlsx for a workbook, in .csv, .csv.gz or .csv.zst for the \
                        Detail rows; - writes these to standard output";
            Error::usage(text).at(path)
        })
    }
}

/// Fails early if the output could only fail late. Returns the path of the file, behind all links, or `None` for
/// standard output.
///
/// # Errors
/// As [`output::check`], and if the ending of the name is not known, or there is no standard output.
pub fn check(path: &Path, replace: bool) -> Result<Option<PathBuf>> {
    if path == Path::new("-") {
        return output::standard_output().map(|_| None);
    }
    let place = output::check(path, replace)?;
    // Of what is there, more is to be said than that its name is none: it may be a log, or a store.
    if !place.exists() {
        Form::of(path)?;
    }
    Ok(Some(place))
}

/// Whether a result of this name is a workbook.
pub(super) fn is_workbook(path: &Path) -> bool {
    matches!(Form::of(path), Ok(Form::Workbook))
}

/// An export in the making: under its name only when it is complete, standard output apart.
pub(super) enum Target {
    Workbook(Output),
    Csv(Output, Codec),
    Stream(Box<dyn Write>),
}

impl Target {
    /// Begins the file.
    pub(super) fn begin(path: &Path, replace: bool) -> Result<Self> {
        Ok(match Form::of(path)? {
            Form::Workbook => Self::Workbook(Output::create(path, replace)?),
            Form::Csv(codec) => Self::Csv(Output::create(path, replace)?, codec),
            Form::Stream => Self::Stream(output::standard_output()?),
        })
    }

    /// Has the hash of the file told before it gets its name.
    pub(super) fn seal(mut self, seal: Option<Seal>) -> Self {
        if let (Self::Workbook(output) | Self::Csv(output, _), Some(seal)) = (&mut self, seal) {
            output.seal(seal);
        }
        self
    }

    /// Writes the export.
    pub(super) fn write<'a>(
        self,
        rows: impl Iterator<Item = Result<Row<'a>>>,
        request: &export::Request<'_>,
        path: &Path,
    ) -> Result<Exported> {
        match self {
            Self::Workbook(output) => export(rows, request, output, path),
            Self::Csv(mut output, codec) => {
                let exported = packed(rows, request, codec, &mut output).map_err(|e| e.at(path))?;
                output.commit()?;
                Ok(exported)
            }
            Self::Stream(out) => {
                export_csv(rows, request, false, &mut Patient(out)).map_err(|e| e.at("standard output"))
            }
        }
    }
}

fn packed<'a>(
    rows: impl Iterator<Item = Result<Row<'a>>>,
    request: &export::Request<'_>,
    codec: Codec,
    output: &mut Output,
) -> Result<Exported> {
    let failed = || Error::io("cannot write");
    let mut encoder = Encoder::new(codec, output.file()).map_err(failed())?;
    let exported = export_csv(rows, request, true, &mut encoder)?;
    encoder.finish().map_err(failed())?;
    Ok(exported)
}

/// Writes to a reader that may go away: then it has what it wanted.
struct Patient<W>(W);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            result => result,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_tells_the_form() {
        for (name, form) in [
            ("a.xlsx", Form::Workbook),
            ("a.XLSX", Form::Workbook),
            ("a.csv", Form::Csv(Codec::Plain)),
            ("b/a.csv.gz", Form::Csv(Codec::Gzip)),
            ("a.csv.zst", Form::Csv(Codec::Zstd)),
            ("-", Form::Stream),
        ] {
            assert_eq!(Form::of(Path::new(name)).unwrap(), form, "{name}");
        }
        for wrong in ["a", "a.xls", "a.xlsm", "a.csv.bz2", "a.gz", "a.tsv", "a.xlsx.gz", "csv", "./-"] {
            let error = Form::of(Path::new(wrong)).unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains(".csv.gz"), "{error}");
        }
    }
}
