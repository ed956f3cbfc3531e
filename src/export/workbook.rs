//! The workbook: cells, styles, sheets, properties. Only this file and its folder name `rust_xlsxwriter`; nothing here
//! knows what the figures mean.

pub mod chart;
pub mod layout;

use crate::error::{Error, Result};
use crate::threads::refused;
use crate::time::DAY_SECONDS;
use chart::Plot;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell as Flag;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The content of a cell. Times and dates are wall-clock seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text, never a formula.
    Text(&'a str),
    /// A date with its time.
    Time(i64),
    /// A date.
    Date(i64),
    /// A whole number.
    Whole(u128),
    /// A number with two decimals, in hundredths.
    Decimal(u128),
    /// A number with three decimals.
    Gigabytes(f64),
    /// A share of one, shown in percent.
    Percent(f64),
}

/// The style of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As the rest.
    Plain,
    /// The heading of a column.
    Heading,
    /// The heading of a column of numbers.
    HeadingRight,
    /// The name of the cell beside it, or a figure beside a name.
    Name,
    /// A text in the place of a figure.
    NameRight,
    /// A fact beside a name, to be read like text.
    Fact,
    /// The head of a section.
    Section,
    /// The head of a column of numbers in a section.
    SectionRight,
    /// The title of the sheet.
    Title,
    /// The figure that matters.
    Marked,
    /// A text in the place of it.
    MarkedRight,
    /// A sum below its column.
    Total,
    /// A remark in small letters.
    Note,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its width in digits.
    pub width: usize,
    /// Whether it has numbers, which are aligned to the right.
    pub right: bool,
}

/// Whether a sheet's rows are kept until the end, or written away as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowMode {
    /// Few, in any order; charts can take their values along.
    Kept,
    /// Any number, from top to bottom.
    Streamed,
}

const COLOUR_BAND: u32 = 0x1F_4E_79;
const COLOUR_HEADING: u32 = 0xD9_E5_F1;
const COLOUR_MARK: u32 = 0xFF_F2_CC;
const COLOUR_BAR: u32 = 0x9D_C3_E6;
/// Of what does not count.
const COLOUR_DROPPED: u32 = 0xFC_E4_D6;
const COLOUR_RULE: u32 = 0xBF_BF_BF;
const COLOUR_NOTE: u32 = 0x59_59_59;
const A4: u8 = 9;
/// How far headings of numbers keep off the right end of their cell, where the filter button is.
const HEADING_INDENT: u8 = 2;
/// Height of a row of two lines, in points.
const TWO_LINES: f64 = 30.0;

/// Kinds of cells that differ in their number format.
const NUMBER_FORMATS: [&str; 7] =
    ["General", "yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd", "#,##0", "#,##0.00", "#,##0.000", "0.00%"];
const TONES: [Tone; 13] = [
    Tone::Plain,
    Tone::Heading,
    Tone::HeadingRight,
    Tone::Name,
    Tone::NameRight,
    Tone::Fact,
    Tone::Section,
    Tone::SectionRight,
    Tone::Title,
    Tone::Marked,
    Tone::MarkedRight,
    Tone::Total,
    Tone::Note,
];

/// The largest number up to which a workbook, whose numbers are doubles, holds each: 2^53.
pub(in crate::export) const MAX_EXACT: u128 = 1 << 53;

impl Cell<'_> {
    /// All digits of a figure that no double holds: its cell is text, for a number would be another one.
    pub(in crate::export) fn digits(&self) -> Option<String> {
        match *self {
            Self::Whole(number) if number > MAX_EXACT => Some(number.to_string()),
            Self::Decimal(hundredths) if hundredths > MAX_EXACT => {
                Some(format!("{}.{:02}", hundredths / 100, hundredths % 100))
            }
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match *self {
            Self::Empty | Self::Text(_) => None,
            Self::Time(local) | Self::Date(local) => Some(serial(local)),
            Self::Whole(number) => Some(number as f64),
            Self::Decimal(hundredths) => Some(hundredths as f64 / 100.0),
            Self::Gigabytes(number) | Self::Percent(number) => Some(number),
        }
    }
}

/// Wall-clock seconds as Excel's days since 1899-12-30.
#[must_use]
pub fn serial(local: i64) -> f64 {
    const EPOCH: i64 = 25_569;
    (local + EPOCH * DAY_SECONDS) as f64 / DAY_SECONDS as f64
}

fn format(kind: usize, tone: Tone) -> Format {
    let format = Format::new().set_num_format(NUMBER_FORMATS[kind]);
    let is_text = kind == 0;
    // Times and text stand to the left, and keep off the number before them; numbers stand to the right, also those that
    // are text because no double holds them.
    let format = match kind {
        0 => format,
        1 | 2 => format.set_align(FormatAlign::Left).set_indent(1),
        _ => format.set_align(FormatAlign::Right),
    };
    let head = |format: Format, right| {
        let format = format.set_bold().set_text_wrap().set_align(FormatAlign::VerticalCenter);
        if right { format.set_align(FormatAlign::Right) } else { format }
    };
    let ruled =
        |format: Format| format.set_border_bottom(FormatBorder::Hair).set_border_bottom_color(COLOUR_RULE);
    let headed = |format: Format| {
        let format = format.set_background_color(COLOUR_HEADING).set_border_bottom(FormatBorder::Thin);
        format.set_border_bottom_color(COLOUR_BAND)
    };
    match tone {
        Tone::Plain => format,
        Tone::Heading => headed(head(format, false).set_indent(1)),
        Tone::HeadingRight => headed(head(format, true).set_indent(HEADING_INDENT)),
        Tone::Total => headed(format.set_bold()),
        Tone::Note => format.set_font_size(10).set_font_color(COLOUR_NOTE).set_indent(1),
        Tone::Name if is_text => ruled(format).set_indent(1),
        Tone::Name => ruled(format),
        Tone::NameRight => ruled(format).set_align(FormatAlign::Right),
        Tone::Fact => ruled(format).set_align(FormatAlign::Left).set_indent(1),
        Tone::Section => {
            head(format, false).set_indent(1).set_font_color(0xFF_FF_FF).set_background_color(COLOUR_BAND)
        }
        Tone::SectionRight => head(format, true).set_font_color(0xFF_FF_FF).set_background_color(COLOUR_BAND),
        Tone::Title => format.set_bold().set_font_size(18).set_font_color(COLOUR_BAND),
        Tone::Marked if is_text => format.set_bold().set_background_color(COLOUR_MARK).set_indent(1),
        Tone::MarkedRight => {
            format.set_bold().set_background_color(COLOUR_MARK).set_align(FormatAlign::Right)
        }
        Tone::Marked => format.set_bold().set_background_color(COLOUR_MARK),
    }
}

/// A workbook in the making.
pub struct Book {
    workbook: Workbook,
    /// By tone, then by kind of cell.
    formats: Vec<Vec<Format>>,
}

/// What the file says of itself.
pub struct Properties<'a> {
    /// Title of the document.
    pub title: &'a str,
    /// The program that made it.
    pub author: &'a str,
    /// Names and values of further properties.
    pub custom: &'a [(&'a str, String)],
    /// Creation time in unix seconds.
    pub created: i64,
}

fn written(error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) => Error::io("cannot write the workbook")(error),
        XlsxError::ZipError(error) => Error::io("cannot write the workbook")(error.into()),
        error => Error::io("cannot write the workbook")(io::Error::other(error.to_string())),
    }
}

impl Book {
    /// An empty workbook; rows of streamed sheets wait in files without a name in `scratch`.
    ///
    /// # Errors
    /// When the folder does not take a file.
    pub fn new(properties: &Properties<'_>, scratch: &Path) -> Result<Self> {
        let mut workbook = Workbook::new();
        workbook.set_tempdir(scratch).map_err(written)?;
        let created = ExcelDateTime::from_timestamp(properties.created).map_err(written)?;
        let document =
            DocProperties::new().set_title(clipped(properties.title)).set_author(properties.author);
        let document = document.set_creation_datetime(&created);
        let document = properties
            .custom
            .iter()
            .fold(document, |d, (name, value)| d.set_custom_property(*name, &*clipped(value)));
        workbook.set_properties(&document);
        let kinds = |tone| (0..NUMBER_FORMATS.len()).map(|kind| format(kind, tone)).collect();
        let formats = TONES.map(kinds).to_vec();
        Ok(Self { workbook, formats })
    }

    /// Adds a sheet after the others and returns its position.
    ///
    /// # Errors
    /// If Excel does not allow the name, or the rows cannot be written to disk.
    pub fn add_sheet(&mut self, name: &str, rows: RowMode) -> Result<usize> {
        let sheet = match rows {
            RowMode::Kept => self.workbook.add_worksheet(),
            RowMode::Streamed => self.workbook.add_worksheet_with_low_memory().map_err(written)?,
        };
        sheet.set_name(name).map_err(written)?;
        sheet.set_paper_size(A4).set_footer(footer("&A")).set_print_fit_to_pages(1, 0);
        Ok(self.workbook.worksheets().len() - 1)
    }

    /// A sheet by its position.
    ///
    /// # Errors
    /// If there is no such sheet.
    pub fn sheet(&mut self, position: usize) -> Result<Sheet<'_>> {
        let Self { workbook, formats } = self;
        Ok(Sheet { inner: workbook.worksheet_from_index(position).map_err(written)?, formats, next: 0 })
    }

    /// The finished file.
    ///
    /// # Errors
    /// When rows that were written away cannot be read again.
    pub fn save(mut self) -> Result<Vec<u8>> {
        self.workbook.save_to_buffer().map_err(written)
    }
}

/// A footer with this text, and the page. A blank in larger letters makes its line high enough for Chinese ones, where
/// programs reckon with Latin ones.
pub(super) fn footer(text: &str) -> String {
    format!("&L{text}&R&14 &10&P / &N")
}

/// The part of the file with the sheet at a position.
#[must_use]
pub fn sheet_part(position: usize) -> String {
    format!("xl/worksheets/sheet{}.xml", position + 1)
}

/// A sheet's name as it is written in formulas.
#[must_use]
pub fn formula_sheet(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

/// A sheet of a [`Book`], filled from top to bottom.
pub struct Sheet<'a> {
    inner: &'a mut Worksheet,
    formats: &'a [Vec<Format>],
    next: u32,
}

impl Sheet<'_> {
    /// The next row to be filled, from 0.
    #[must_use]
    pub const fn next_row(&self) -> u32 {
        self.next
    }

    /// Leaves rows empty.
    pub const fn skip(&mut self, rows: u32) {
        self.next += rows;
    }

    /// Fills the next row from its first column on.
    ///
    /// # Errors
    /// When the sheet is full or the row cannot be written away.
    pub fn row(&mut self, cells: &[Cell<'_>], tone: Tone) -> Result<()> {
        self.toned_row(cells, |_| tone)
    }

    /// Like [`Sheet::row`], with a tone for each column.
    ///
    /// # Errors
    /// As [`Sheet::row`].
    pub fn toned_row(&mut self, cells: &[Cell<'_>], tone: impl Fn(usize) -> Tone) -> Result<()> {
        let row = self.next;
        self.next += 1;
        for ((col, cell), at) in (0..).zip(cells).zip(0..) {
            let tone = tone(at);
            let format = &self.formats[tone as usize][cell.format()];
            if let Some(digits) = cell.digits() {
                self.inner.write_string_with_format(row, col, digits, format).map_err(written)?;
                continue;
            }
            let done = match (cell, cell.number()) {
                (_, Some(number)) => self.inner.write_number_with_format(row, col, number, format),
                // Plain text needs no format.
                (Cell::Text(text), None) if tone == Tone::Plain => {
                    self.inner.write_string(row, col, clipped(text))
                }
                (Cell::Text(text), None) => {
                    self.inner.write_string_with_format(row, col, clipped(text), format)
                }
                (_, None) if tone == Tone::Plain => continue,
                (_, None) => self.inner.write_blank(row, col, format),
            };
            done.map_err(written)?;
        }
        Ok(())
    }

    /// Fills the next row with a text that may run on over the cells to the right.
    ///
    /// # Errors
    /// As [`Sheet::row`].
    pub fn line(&mut self, text: &str, tone: Tone) -> Result<()> {
        self.row(&[Cell::Text(text)], tone)
    }

    /// Makes the next row high enough for headings of two lines.
    ///
    /// # Errors
    /// When the sheet is full.
    pub fn tall(&mut self) -> Result<()> {
        self.inner.set_row_height(self.next, TWO_LINES).map(drop).map_err(written)
    }

    /// Sets column widths, in digits.
    ///
    /// # Errors
    /// If there are too many columns.
    pub fn widths(&mut self, widths: impl IntoIterator<Item = usize>) -> Result<()> {
        for (col, width) in (0..).zip(widths) {
            self.inner.set_column_width(col, width.min(255) as f64).map_err(written)?;
        }
        Ok(())
    }

    /// Writes the headings of columns; the second tone is for numbers.
    ///
    /// # Errors
    /// As [`Sheet::row`].
    pub fn heads(&mut self, columns: &[Column], tones: [Tone; 2]) -> Result<()> {
        let headings: Vec<Cell<'_>> = columns.iter().map(|column| Cell::Text(&column.heading)).collect();
        self.toned_row(&headings, |at| tones[usize::from(columns[at].right)])
    }

    /// Puts a chart with its upper left corner on a cell of the next row.
    ///
    /// # Errors
    /// When the chart has no valid range.
    pub fn chart(&mut self, column: u16, plot: &Plot<'_>) -> Result<()> {
        self.inner.insert_chart(self.next, column, &plot.build()).map(drop).map_err(written)
    }
}

/// Excel's limit for text in a cell, in UTF-16 units.
const MAX_TEXT: usize = 32_767;

/// The text, cut to what a cell and XML allow: no control characters, not longer than the limit.
#[must_use]
pub fn clipped(text: &str) -> Cow<'_, str> {
    // No more units than bytes, so this many bytes always fit.
    let end = (0..=text.len().min(MAX_TEXT)).rev().find(|end| text.is_char_boundary(*end));
    let text = &text[..end.unwrap_or(0)];
    let alien = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(alien) { text.replace(alien, "\u{fffd}").into() } else { text.into() }
}

thread_local! {
    static GUARDED: Flag<bool> = const { Flag::new(false) };
}

/// Whether a panic on this thread is about to become an error, so that its message need not be shown.
#[must_use]
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs `work`, turning a panic into an error: `rust_xlsxwriter` panics when its temporary file cannot grow.
///
/// # Errors
/// What `work` gives, or the panic's message.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.unwrap_or_else(|panic| Err(from_panic(panic.as_ref())))
}

fn from_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
    if let Some(code) = text.strip_prefix(NO_THREAD).and_then(os_code) {
        return refused(io::Error::from_raw_os_error(code));
    }
    let told = text.strip_prefix(UNWRAPPED).filter(|cause| os_code(cause).is_some());
    let Some(cause) = text.strip_prefix(XML_NOT_WRITTEN).or(told) else { return Error::defect(text) };
    let error = os_code(cause).map_or_else(|| io::Error::other(cause), io::Error::from_raw_os_error);
    Error::io("cannot write the workbook's rows to a temporary file")(error)
}

/// How the panics of `rust_xlsxwriter` begin that are expected: they tell why a temporary file could not be written, and why
/// it could not be read from its beginning, if the system says so.
const XML_NOT_WRITTEN: &str = "Couldn't write to xml file: ";
const UNWRAPPED: &str = "called `Result::unwrap()` on an `Err` value: ";

/// How that of the standard library begins where it starts a thread for `rust_xlsxwriter` and the system refuses it.
const NO_THREAD: &str = "failed to spawn thread: ";

/// The system's number of an error that was written for developers.
fn os_code(text: &str) -> Option<i32> {
    let code = text.strip_prefix("Os { code: ")?;
    code.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "the doubles are rounded")]
    fn serials_are_exact_at_slices() {
        assert!((serial(0) - 25569.0).abs() < f64::EPSILON);
        assert!((serial(43_200) - 25569.5).abs() < f64::EPSILON);
        for slice in 0..8928 {
            let local = 1_772_323_200 + slice * 300;
            let back = ((serial(local) - 25_569.0) * 86_400.0).round() as i64;
            assert_eq!(back, local);
        }
    }

    #[test]
    fn text_is_clipped_at_a_character() {
        assert_eq!(clipped("abc"), "abc");
        let long = "\u{e9}".repeat(20_000);
        assert_eq!(clipped(&long).len(), 32_766);
        assert_eq!(clipped("a\0b\u{1b}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn panics_become_errors() {
        let error = guarded::<()>(|| panic!("Couldn't write to xml file: Os {{ code: 28 }}")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(..)), "{error}");
        #[cfg(unix)]
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
        let error =
            guarded::<()>(|| panic!("Couldn't write to xml file: Custom {{ kind: Other }}")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(..)), "{error}");
        let error = guarded::<()>(|| panic!("{UNWRAPPED}Os {{ code: 28 }}")).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Io(..)), "{error}");
        let error = guarded::<()>(|| panic!("failed to spawn thread: Os {{ code: 11 }}")).unwrap_err();
        assert!(error.to_string().starts_with("cannot start a thread"), "{error}");
        // Whatever a panic speaks of, it is a defect.
        for text in [
            "index out of bounds",
            "cannot write this: Os { code: 28 }",
            "no time to write",
            &format!("{UNWRAPPED}None"),
        ] {
            let error = guarded::<()>(|| panic!("{text}")).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Defect(_)) && !is_guarded(), "{error}");
        }
    }
}
