//! The sheet Sources: a row per source, poured, and one for all that is not in the scope of the export.

use super::columns::{column, has_logged};
use super::pour::{BLOCK_ROWS, Block, Digits, Frame, NamedRowWriter, Pour, RowMarks, Text};
use super::quality::Quality;
use super::workbook::layout::{Grid, rows_of};
use super::workbook::{Cell, Column, Sheet, Tone, clipped};
use crate::error::Result;
use crate::locale::{Label, display_width};
use crate::report::{Counts, Elsewhere, Report, SourceReport};
use std::sync::Arc;

/// Sources listed one by one: what surely fits on the sheet.
const MAX_SOURCES: usize = 1_000_000;

/// Columns beside the name and before the counts.
const LABELS: [Label; 2] = [Label::Status, Label::Size];

/// Columns of counts.
#[derive(Clone, Copy)]
struct Columns {
    /// Whether there is one of skipped lines: only where a format skipped any.
    has_skipped: bool,
}

impl Columns {
    fn of(report: &Report) -> Self {
        let has_skipped =
            report.elsewhere.counts.skipped > 0 || report.sources.iter().any(|s| s.counts.skipped > 0);
        Self { has_skipped }
    }

    /// Counts in the order of the columns, each with its heading.
    fn counts(self, counts: &Counts) -> impl Iterator<Item = (Label, u128)> + use<> {
        let skipped = self.has_skipped.then_some((Label::Skipped, counts.skipped.into()));
        let most = [
            (Label::Traffic, counts.traffic),
            (Label::LinesRead, counts.lines.into()),
            (Label::Accepted, counts.accepted.into()),
            (Label::OutsideRange, counts.outside_range.into()),
            (Label::OtherDomains, counts.other_domains.into()),
            (Label::Rejected, counts.rejected_total().into()),
            (Label::Blank, counts.blank.into()),
        ];
        most.into_iter().chain(skipped).chain([(Label::Late, counts.late.into())])
    }

    fn labels(self) -> impl Iterator<Item = Label> {
        LABELS.into_iter().chain(self.counts(&Counts::default()).map(|(label, _)| label))
    }
}

impl Quality<'_> {
    /// Rows of the sheet Sources below its heading.
    pub(super) fn source_rows(&self) -> usize {
        listed(self.report).len()
    }

    /// Writes what stands around the rows of the sheet Sources, and a row of each status that they have. Tells how many
    /// rows there are all in all.
    pub(super) fn sources(&self, sheet: &mut Sheet<'_>) -> Result<u64> {
        let longest = self.report.sources.iter().map(|s| display_width(&s.name)).max().unwrap_or(0);
        let mut columns = vec![Column::text(self.word(Label::Source), longest.clamp(52, 100) + 2)];
        let labels = Columns::of(self.report).labels();
        columns.extend(labels.map(|label| column(self.logged(label), self.spec.language, 12)));
        let rows = rows_of(self.source_rows());
        sheet.table(&columns, rows, Grid::Filter)?;
        let printed = self.word(Label::FirstPage).replace("{rows}", &rows.to_string());
        sheet.print_first(columns.len(), rows, false, &printed)?;
        let statuses = statuses(self.report);
        for status in &statuses {
            // The name is written in its cell; here stands a text that is on the sheet in any case.
            let mut cells = vec![Cell::Text(self.word(*status)); 2];
            cells.resize(columns.len(), Cell::Whole(0));
            sheet.row(&cells, Tone::Plain)?;
        }
        sheet.skip(rows.saturating_sub(rows_of(statuses.len())));
        self.not_shown(sheet, self.report.sources.len().saturating_sub(MAX_SOURCES))?;
        self.elsewhere(sheet)?;
        Ok(u64::from(sheet.next_row()) - 1)
    }

    /// What stands here as it was logged says so where figures are multiplied elsewhere.
    fn logged(&self, label: Label) -> Label {
        if matches!(label, Label::Traffic) && has_logged(self.spec) { Label::LoggedTraffic } else { label }
    }

    /// The sources that do not concern the export: how many, and their lines.
    fn elsewhere(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let Elsewhere { sources, counts, .. } = &self.report.elsewhere;
        if *sources == 0 {
            return Ok(());
        }
        let mut cells =
            vec![Cell::Text(self.word(Label::Elsewhere)), Cell::Whole((*sources).into()), Cell::Empty];
        cells.extend(Columns::of(self.report).counts(counts).map(|(_, count)| Cell::Whole(count)));
        sheet.row(&cells, Tone::Plain)
    }
}

/// The sources that have a row.
fn listed(report: &Report) -> &[SourceReport] {
    &report.sources[..report.sources.len().min(MAX_SOURCES)]
}

fn status(source: &SourceReport) -> Label {
    if source.fault.is_some() {
        Label::Incomplete
    } else if source.is_empty() {
        Label::NoLines
    } else {
        Label::Complete
    }
}

/// The statuses that sources have, in the order in which they come.
fn statuses(report: &Report) -> Vec<Label> {
    let mut found = Vec::new();
    for status in listed(report).iter().map(status) {
        if !found.contains(&status) {
            found.push(status);
        }
    }
    found
}

/// Rows of the sheet Sources, one below the other.
struct SourceRows<'a> {
    marks: Arc<RowMarks>,
    /// The number of the first one.
    first: u32,
    sources: &'a [SourceReport],
    columns: Columns,
    /// Statuses, with the numbers of their strings.
    statuses: Arc<[(Label, Digits)]>,
}

impl Block for SourceRows<'_> {
    fn write(&self, text: &mut Text) {
        let mut rows = NamedRowWriter::new(&self.marks, text);
        for (number, source) in (self.first..).zip(self.sources) {
            let status = status(source);
            let status = self.statuses.iter().find(|(label, _)| *label == status).map(|(_, digits)| *digits);
            let whole = |number: u128| Some(Digits::of(&Cell::Whole(number)));
            let size = source.size.and_then(|size| whole(size.into()));
            let counts = self.columns.counts(&source.counts).map(|(_, count)| whole(count));
            let values: Vec<Option<Digits>> = [status, size].into_iter().chain(counts).collect();
            rows.row(number, &clipped(&source.name), &values);
        }
    }
}

/// Pours the sheet Sources, of which `sheet` is what [`Quality::sources`] wrote, with so many rows all in all.
pub(super) fn pour<'b>(
    report: &'b Report,
    sheet: &str,
    rows: u64,
    name: &str,
    pour: &mut Pour<'_, '_, 'b>,
) -> Result<()> {
    let found = statuses(report);
    let frame = Frame::named(sheet, found.len(), rows)?;
    let string = |strings: &Vec<Digits>| strings.last().copied().unwrap_or_default();
    let statuses = found.into_iter().zip(frame.strings.iter().map(string)).collect();
    let marks = Arc::new(frame.marks);
    pour.begin(name, &frame.head)?;
    let mut block = SourceRows { marks, first: 2, sources: &[], columns: Columns::of(report), statuses };
    for sources in listed(report).chunks(BLOCK_ROWS) {
        let (marks, statuses) = (Arc::clone(&block.marks), Arc::clone(&block.statuses));
        pour.rows(Box::new(SourceRows { marks, sources, statuses, ..block }))?;
        block.first += rows_of(sources.len());
    }
    pour.end(&frame.tail)
}
