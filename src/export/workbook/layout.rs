//! What makes a sheet pleasant to use and to print: tables, notes, marks, print areas, names.
//!
//! Knows nothing of what the figures mean.

use super::{
    Book, COLOUR_BAR, COLOUR_DROPPED, Cell, Column, HEADING_INDENT, Sheet, Tone, clipped, footer,
    formula_sheet, written,
};
use crate::error::Result;
use rust_xlsxwriter::{
    ConditionalFormatDataBar, ConditionalFormatFormula, ConditionalFormatType, Format, Note, Table,
    TableColumn, TableStyle,
};

/// Rows of a long sheet that are printed, upright or across: one page.
const FIRST_PAGE: [u32; 2] = [70, 40];
/// Tables of so many columns are legible on an upright page.
const UPRIGHT: usize = 7;
/// Sheets of more rows are not printed whole.
const PRINTED_ROWS: u32 = 600;
/// Height of a row of a page in pixels: given, so that every program takes the same.
pub const PAGE_ROW_PIXELS: u32 = 21;
/// Height of the row of a page's title in pixels.
const TITLE_PIXELS: u32 = 32;
/// Rows of a page that are given a height.
const SIZED_ROWS: u32 = 100;
/// Size of a note in pixels.
const NOTE_SIZE: (u32, u32) = (420, 110);

/// How a table is marked for the program that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid<'a> {
    /// As a filter, for rows that are poured.
    Filter,
    /// As a table of this name, for few rows.
    Table(&'a str),
}

/// Rows of a sheet.
pub(in crate::export) fn rows_of(count: impl TryInto<u32>) -> u32 {
    count.try_into().ok().expect("a sheet has fewer rows than 2^32")
}

/// The last of so many columns of a sheet.
pub(in crate::export) fn last_column(columns: usize) -> u16 {
    u16::try_from(columns.saturating_sub(1)).expect("a sheet has fewer columns than 2^16")
}

impl Sheet<'_> {
    /// Makes the sheet a table: the heading row, frozen, filterable, repeated on every printed page, above
    /// `rows` rows of data.
    ///
    /// # Errors
    /// When the heading cannot be written.
    pub fn table(&mut self, columns: &[Column], rows: u32, grid: Grid<'_>) -> Result<()> {
        self.widths(columns.iter().map(|column| column.width))?;
        self.inner.set_freeze_panes(1, 0).map_err(written)?;
        self.inner.set_repeat_rows(0, 0).map_err(written)?;
        if columns.len() > 5 {
            self.inner.set_landscape();
        }
        self.grid(columns, rows, grid)
    }

    /// A heading in the next row, above `rows` rows of data.
    ///
    /// # Errors
    /// When the heading cannot be written.
    pub fn grid(&mut self, columns: &[Column], rows: u32, grid: Grid<'_>) -> Result<()> {
        let (first, last) = (self.next, last_column(columns.len()));
        match grid {
            Grid::Filter => drop(self.inner.autofilter(first, 0, first + rows, last).map_err(written)?),
            Grid::Table(name) => {
                let heads: Vec<TableColumn> =
                    columns.iter().map(|column| TableColumn::new().set_header(&column.heading)).collect();
                let table = Table::new().set_name(name).set_style(TableStyle::None).set_columns(&heads);
                // A table has one row at least, if an empty one.
                self.inner.add_table(first, 0, first + rows.max(1), last, &table).map_err(written)?;
            }
        }
        self.heads(columns, [Tone::Heading, Tone::HeadingRight])
    }

    /// Data bars in a column below the heading, from 0 on.
    ///
    /// # Errors
    /// If the range is not valid.
    pub fn bars(&mut self, column: u16, rows: u32) -> Result<()> {
        if rows > 0 {
            let bar = ConditionalFormatDataBar::new().set_fill_color(COLOUR_BAR).use_classic_style();
            let bar = bar.set_minimum(ConditionalFormatType::Number, 0);
            self.inner.add_conditional_format(1, column, rows, column, &bar).map_err(written)?;
        }
        Ok(())
    }

    /// Colours the rows below the heading whose cell in `column` is a number up to `limit`.
    ///
    /// # Errors
    /// If the range is not valid.
    pub fn mark_up_to(&mut self, column: u16, limit: u64, rows: u32) -> Result<()> {
        if rows > 0 && limit > 0 {
            let letter = char::from(b'A' + u8::try_from(column).unwrap_or(25));
            let mark = ConditionalFormatFormula::new().set_rule(format!("=${letter}2<={limit}").as_str());
            let mark = mark.set_format(Format::new().set_background_color(COLOUR_DROPPED));
            self.inner.add_conditional_format(1, 0, rows, column, &mark).map_err(written)?;
        }
        Ok(())
    }

    /// Puts the whole text of a cell that was cut into a note on a cell of the next row.
    ///
    /// # Errors
    /// If the note is too long.
    pub fn note(&mut self, column: u16, text: &str) -> Result<()> {
        let note = Note::new(clipped(text)).set_author("flowbook").add_author_prefix(false);
        let note = note.set_width(NOTE_SIZE.0).set_height(NOTE_SIZE.1);
        self.inner.insert_note(self.next, column, &note).map(drop).map_err(written)
    }

    /// Makes a sheet a page to read: no grid, printed upright, on one page if `fit`.
    ///
    /// # Errors
    /// If the sheet is full.
    pub fn page(&mut self, fit: bool) -> Result<()> {
        self.inner.set_screen_gridlines(false).set_print_fit_to_pages(1, u16::from(fit)).set_portrait();
        let height = |row: u32| f64::from(if row == 0 { TITLE_PIXELS } else { PAGE_ROW_PIXELS }) * 0.75;
        (0..SIZED_ROWS)
            .try_for_each(|row| self.inner.set_row_height(row, height(row)).map(drop))
            .map_err(written)
    }

    /// Prints what was filled so far, and this many columns: a chart that ends exactly where a column ends would add
    /// the next column.
    ///
    /// # Errors
    /// If there are no such columns.
    pub fn print_filled(&mut self, columns: usize) -> Result<()> {
        let last = last_column(columns);
        self.inner.set_print_area(0, 0, self.next.saturating_sub(1), last).map(drop).map_err(written)
    }

    /// A sheet of several lists: printed as wide as it is, over any number of pages.
    pub fn list(&mut self) {
        self.inner.set_landscape();
    }

    /// Prints only the first page if `rows` rows are too many, or `always`, and says so at the foot of that page.
    ///
    /// # Errors
    /// If the sheet has no such columns.
    pub fn print_first(&mut self, columns: usize, rows: u32, always: bool, text: &str) -> Result<()> {
        if columns <= UPRIGHT {
            self.inner.set_portrait();
        }
        let page = FIRST_PAGE[usize::from(columns > UPRIGHT)];
        if rows < page || (rows <= PRINTED_ROWS && !always) {
            return Ok(());
        }
        let last = last_column(columns);
        self.inner.set_print_area(0, 0, page, last).map_err(written)?;
        // The name of a sheet may hold what a footer takes for a command: it stands as the field &A.
        let footer = footer(&format!("&A: {}", text.replace('&', "&&")));
        self.inner.set_print_fit_to_pages(1, 1).set_footer(footer);
        Ok(())
    }
}

/// Cells by their corners, from 0: first row, first column, last row, last column.
pub type Corners = (u32, u16, u32, u16);

impl Book {
    /// Gives a name to cells of the sheet at a position.
    ///
    /// # Errors
    /// When Excel does not allow the name.
    pub fn define(&mut self, name: &str, position: usize, cells: Corners) -> Result<()> {
        let sheet = formula_sheet(&self.workbook.worksheet_from_index(position).map_err(written)?.name());
        let cell = |row: u32, column: u16| {
            let letter = char::from(b'A' + u8::try_from(column).unwrap_or(25));
            format!("${letter}${}", row + 1)
        };
        let (first, last) = (cell(cells.0, cells.1), cell(cells.2, cells.3));
        let range = if first == last { first } else { format!("{first}:{last}") };
        self.workbook.define_name(name, &format!("={sheet}!{range}")).map(drop).map_err(written)
    }
}

impl Column {
    /// A column of text or times, at least `width` digits wide, and wide enough for its heading and the
    /// filter button.
    #[must_use]
    pub fn text(heading: &str, width: usize) -> Self {
        // Bold letters are a little wider.
        let heading_width = crate::locale::display_width(heading);
        let needed = heading_width + heading_width / 8 + 4 + usize::from(HEADING_INDENT);
        Self { heading: heading.into(), width: width.max(needed), right: false }
    }

    /// A column of numbers, in the same way.
    #[must_use]
    pub fn number(heading: &str, width: usize) -> Self {
        Self { right: true, ..Self::text(heading, width) }
    }
}

impl Cell<'_> {
    /// The number of the cell's format.
    pub(super) const fn format(&self) -> usize {
        match self {
            Self::Empty | Self::Text(_) => 0,
            Self::Time(_) => 1,
            Self::Date(_) => 2,
            Self::Whole(_) => 3,
            Self::Decimal(_) => 4,
            Self::Gigabytes(_) => 5,
            Self::Percent(_) => 6,
        }
    }
}
