//! Reads workbooks back: cells with calamine, parts by unzipping.

use calamine::{Data, Reader, Xlsx, open_workbook};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// A workbook that was read back.
pub(crate) struct Book {
    inner: Xlsx<BufReader<File>>,
}

impl Book {
    pub(crate) fn open(path: &Path) -> Self {
        Self { inner: open_workbook(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())) }
    }

    pub(crate) fn sheets(&self) -> Vec<String> {
        self.inner.sheet_names()
    }

    /// All rows of a sheet, headings included, every cell as text.
    pub(crate) fn rows(&mut self, sheet: &str) -> Vec<Vec<String>> {
        let range = self.inner.worksheet_range(sheet).unwrap_or_else(|e| panic!("{sheet}: {e}"));
        let start = range.start().unwrap_or_default();
        assert_eq!(start, (0, 0), "{sheet} begins at its first cell");
        range.rows().map(|row| row.iter().map(text).collect()).collect()
    }

    /// The data rows of all Detail sheets, one after the other.
    pub(crate) fn detail(&mut self) -> Vec<Vec<String>> {
        let details = self
            .sheets()
            .into_iter()
            .filter(|s| s.starts_with("Detail") || s.starts_with("\u{57df}\u{540d}\u{660e}\u{7ec6}"));
        details.flat_map(|sheet| self.rows(&sheet).into_iter().skip(1)).collect()
    }

    /// The value beside a name, on a sheet of names and values.
    pub(crate) fn beside(&mut self, sheet: &str, name: &str) -> String {
        let rows = self.rows(sheet);
        let row = rows.iter().find(|row| row[0].trim() == name);
        row.unwrap_or_else(|| panic!("no {name} on {sheet}: {rows:?}"))[1].clone()
    }
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::DateTime(time) => {
            // Excel's days are doubles: whole seconds are meant.
            let seconds = ((time.as_f64() - 25_569.0) * 86_400.0).round();
            let time = chrono::DateTime::from_timestamp(seconds as i64, 0).expect("a date");
            time.format("%Y-%m-%d %H:%M:%S").to_string()
        }
        cell => cell.to_string(),
    }
}

/// A part of the file, as text.
pub(crate) fn part(path: &Path, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap_or_else(|e| panic!("{name}: {e}")).read_to_string(&mut text).unwrap();
    text
}

/// The names of all parts.
pub(crate) fn parts(path: &Path) -> Vec<String> {
    zip::ZipArchive::new(File::open(path).unwrap())
        .unwrap()
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect()
}
