//! The Detail rows as CSV: plain bytes, streamed, the same columns as the sheet. Knows nothing of files and codecs.
//!
//! Times are ISO 8601 with their offset, numbers have no grouping, bandwidth has two decimals.

use super::calendar::Calendar;
use super::columns::{self, column, figure_columns, logged_column, region_name, time_column};
use super::completeness::completeness;
use super::walk::{is_kept, walk};
use super::workbook::Cell;
use super::{Exported, Request};
use crate::contract::request::DetailRows;
use crate::error::{Error, Result};
use crate::formula::harmless;
use crate::locale::{Label, Language};
use crate::time::TimeFormat;
use crate::usage::{Row, Usage};
use std::io::Write;
use std::sync::atomic::Ordering;

/// Bytes that are written at a time.
const BUFFER: usize = 256 << 10;

/// Writes the rows of a task as CSV: a heading in the task's language, then a row per domain, region and slice.
/// `has_mark` puts a byte-order mark first where the heading is not ASCII, by which spreadsheets know that it is UTF-8.
///
/// # Errors
/// As [`super::export`].
pub fn export_csv<'a>(
    rows: impl Iterator<Item = Result<Row<'a>>>,
    request: &Request<'_>,
    has_mark: bool,
    out: &mut impl Write,
) -> Result<Exported> {
    let calendar = Calendar::new(request.spec.range, request.spec.zone);
    let mut lines = Lines::new(request, &calendar, out);
    lines.heading(has_mark);
    let tally = walk(rows, request, |at, usages, touched| lines.series(at, usages, touched))?;
    lines.flush()?;
    let figures = tally.figures(&calendar);
    let completeness = completeness(request.report, &tally, request.spec);
    Ok(Exported::new(request, &calendar, &tally, figures, (lines.written, 0), completeness))
}

struct Lines<'a, W> {
    request: &'a Request<'a>,
    out: &'a mut W,
    /// What waits to be written.
    text: Vec<u8>,
    /// The first cell of each slice, its comma included.
    times: Vec<String>,
    /// The cells of a slice without a request.
    zeros: Vec<u8>,
    is_sparse: bool,
    /// Rows so far.
    written: u64,
}

impl<'a, W: Write> Lines<'a, W> {
    fn new(request: &'a Request<'a>, calendar: &Calendar, out: &'a mut W) -> Self {
        let spec = request.spec;
        let format = TimeFormat::parse("%Y-%m-%dT%H:%M:%S%:z,").expect("a format of time");
        let times = spec.range.windows().map(|window| format.show(window.start(), spec.zone)).collect();
        let mut zeros = Vec::new();
        debug_assert_eq!(spec.range.len(), calendar.len());
        let is_sparse = spec.rows == DetailRows::Sparse;
        figures(&mut zeros, request, &Usage::default());
        Self { request, out, text: Vec::with_capacity(BUFFER + 4096), times, zeros, is_sparse, written: 0 }
    }

    fn heading(&mut self, has_mark: bool) {
        let spec = self.request.spec;
        let label = |label| column(label, spec.language, 0);
        let mut columns = vec![time_column(spec), label(Label::DomainName), label(Label::Region)];
        columns.extend(figure_columns(spec));
        columns.extend(logged_column(spec));
        if has_mark && spec.language != Language::EnUs {
            self.text.extend(b"\xef\xbb\xbf");
        }
        for (at, column) in columns.iter().enumerate() {
            if at > 0 {
                self.text.push(b',');
            }
            cell(&mut self.text, column.heading.as_bytes());
        }
        self.text.push(b'\n');
    }

    /// Writes the rows of the series with this number.
    fn series(&mut self, number: usize, usages: &[Usage], touched: &[usize]) -> Result<()> {
        let (domain, region) = &self.request.series[number];
        let mut names = Vec::new();
        cell(&mut names, domain.as_str().as_bytes());
        names.push(b',');
        cell(&mut names, region_name(*region, self.request.spec.language).as_bytes());
        let before = self.written;
        let is_sparse = self.is_sparse;
        let all = 0..if is_sparse { 0 } else { usages.len() };
        let some = touched.iter().copied().filter(|slice| is_sparse && is_kept(&usages[*slice]));
        for slice in all.chain(some) {
            let usage = &usages[slice];
            let is_kept = is_kept(usage);
            self.text.extend_from_slice(self.times[slice].as_bytes());
            self.text.extend_from_slice(&names);
            if is_kept {
                figures(&mut self.text, self.request, usage);
            } else {
                self.text.extend_from_slice(&self.zeros);
            }
            self.written += 1;
            if self.text.len() >= BUFFER {
                self.flush()?;
            }
        }
        self.request.progress.fetch_add(self.written - before, Ordering::Relaxed);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let written = self.out.write_all(&self.text);
        self.text.clear();
        written.map_err(Error::io("cannot write"))
    }
}

/// The cells behind the names of a row, and the end of its line.
fn figures(text: &mut Vec<u8>, request: &Request<'_>, usage: &Usage) {
    for cell in columns::row(request.spec, usage) {
        text.push(b',');
        match cell {
            Cell::Whole(number) => digits(text, number, 1),
            Cell::Decimal(hundredths) => {
                digits(text, hundredths, 3);
                let point = text.len() - 2;
                text.insert(point, b'.');
            }
            _ => {}
        }
    }
    text.push(b'\n');
}

/// Writes a number, with zeros before it up to so many digits.
fn digits(text: &mut Vec<u8>, number: u128, least: usize) {
    let Ok(mut rest) = u64::try_from(number) else {
        // More digits than are ever asked for.
        return text.extend(number.to_string().bytes());
    };
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while rest > 0 {
        at -= 1;
        digits[at] += u8::try_from(rest % 10).expect("a digit");
        rest /= 10;
    }
    text.extend_from_slice(&digits[at.min(digits.len() - least)..]);
}

/// Writes a text that is no formula, in quotes where it needs them.
fn cell(text: &mut Vec<u8>, value: &[u8]) {
    let value = harmless(value);
    if !value.iter().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        return text.extend_from_slice(&value);
    }
    text.push(b'"');
    for byte in value.iter() {
        text.extend(std::iter::repeat_n(*byte, if *byte == b'"' { 2 } else { 1 }));
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts() {
        let text = |number, least| {
            let mut text = Vec::new();
            digits(&mut text, number, least);
            String::from_utf8(text).unwrap()
        };
        for number in [0, 7, 10, 12_345, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX] {
            assert_eq!(text(number, 1), number.to_string());
            assert_eq!(text(number, 3), format!("{number:03}"));
        }
        for (value, expected) in
            [("a.com", "a.com"), ("-a.com", "'-a.com"), ("a,b", "\"a,b\""), ("\"", "\"\"\"\"")]
        {
            let mut text = Vec::new();
            cell(&mut text, value.as_bytes());
            assert_eq!(text, expected.as_bytes());
        }
    }
}
