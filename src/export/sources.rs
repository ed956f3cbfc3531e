//! The sheet Sources: a row per source, and one for all that is not in the scope of the export.

use super::quality::Quality;
use super::workbook::layout::Grid;
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::error::Result;
use crate::locale::{Label, display_width};
use crate::report::{Counts, Elsewhere};

/// Sources listed one by one: what surely fits on the sheet.
const MAX_SOURCES: usize = 1_000_000;

/// Columns beside the name.
const LABELS: [Label; 10] = [
    Label::Status,
    Label::Size,
    Label::Traffic,
    Label::LinesRead,
    Label::Accepted,
    Label::OutsideRange,
    Label::OtherDomains,
    Label::Rejected,
    Label::Blank,
    Label::Late,
];

impl Quality<'_> {
    /// Rows of the sheet Sources below its heading.
    pub(super) fn source_rows(&self) -> usize {
        self.report.sources.len().min(MAX_SOURCES)
    }

    /// Fills the sheet Sources.
    pub(super) fn sources(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let longest = self.report.sources.iter().map(|s| display_width(&s.name)).max().unwrap_or(0);
        let mut columns = vec![Column::text(self.word(Label::Source), longest.clamp(52, 100) + 2)];
        columns.extend(LABELS.map(|label| super::columns::column(label, self.spec.language, 12)));
        let rows = u32::try_from(self.source_rows()).unwrap_or(u32::MAX);
        sheet.table(&columns, rows, Grid::Filter)?;
        let printed = self.word(Label::FirstPage).replace("{rows}", &rows.to_string());
        sheet.print_first(columns.len(), rows, false, &printed)?;
        for source in self.report.sources.iter().take(MAX_SOURCES) {
            let size = source.size.map_or(Cell::Empty, |size| Cell::Whole(size.into()));
            let status = if source.fault.is_some() { Label::Incomplete } else { Label::Complete };
            let mut cells = vec![Cell::Text(&source.name), Cell::Text(self.word(status)), size];
            cells.extend(source_counts(&source.counts).map(Cell::Whole));
            sheet.row(&cells, Tone::Plain)?;
        }
        self.not_shown(sheet, self.report.sources.len().saturating_sub(MAX_SOURCES))?;
        self.elsewhere(sheet)
    }

    /// The sources that do not concern the export: how many, and their lines.
    fn elsewhere(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let Elsewhere { sources, counts, .. } = &self.report.elsewhere;
        if *sources == 0 {
            return Ok(());
        }
        let mut cells =
            vec![Cell::Text(self.word(Label::Elsewhere)), Cell::Whole((*sources).into()), Cell::Empty];
        cells.extend(source_counts(counts).map(Cell::Whole));
        sheet.row(&cells, Tone::Plain)
    }
}

fn source_counts(counts: &Counts) -> [u128; 8] {
    [
        counts.traffic,
        counts.lines.into(),
        counts.accepted.into(),
        counts.outside_range.into(),
        counts.other_domains.into(),
        counts.rejected_total().into(),
        counts.blank.into(),
        counts.late.into(),
    ]
}
