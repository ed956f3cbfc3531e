//! The Detail sheets: every series dense over the range, a row per slice (or sparse: per slice with a request),
//! poured block by block.

use super::calendar::Calendar;
use super::content::DetailSheet;
use super::pour::{BLOCK_ROWS, Block, Digits, Frame, NamedRowWriter, Parts, Pour, RowMarks, RowWriter, Text};
use super::sheets::{self, SheetRows};
use super::walk::is_kept;
use super::workbook::layout::{Grid, rows_of};
use super::workbook::{Book, Cell, Column, Sheet, Tone, sheet_part};
use super::{DETAIL, Limits, Series, columns};
use crate::contract::request::ExportSpec;
use crate::error::{Error, ErrorKind, Result};
use crate::locale::Label;
use crate::region::Region;
use crate::usage::Usage;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What the Detail sheets are made from.
pub(super) struct Detail<'a> {
    pub(super) spec: &'a ExportSpec,
    pub(super) series: &'a [Series],
    pub(super) calendar: &'a Calendar,
    /// The rows of each sheet.
    pub(super) split: Vec<SheetRows>,
    /// How many rows stand before each series, and before the end.
    starts: Vec<u64>,
    /// Leaves out rows without a request.
    is_sparse: bool,
    /// The regions of each sheet, sorted, where there are more domains than names that sheets share: then each row holds the
    /// name of its domain itself.
    regions: Option<Vec<Vec<Region>>>,
    /// The values of the first column, per slice.
    times: Vec<Digits>,
}

impl<'a> Detail<'a> {
    pub(super) fn new(
        spec: &'a ExportSpec,
        series: &'a [Series],
        calendar: &'a Calendar,
        limits: Limits,
        kept: Option<&[u64]>,
    ) -> Self {
        let starts = starts(series, calendar.len() as u64, kept);
        let split = split(series, &starts, limits.data_rows);
        let times = (0..calendar.len()).map(|slice| Digits::of(&Cell::Time(calendar.local(slice)))).collect();
        let mut detail =
            Self { spec, series, calendar, split, starts, is_sparse: kept.is_some(), regions: None, times };
        if series.len() > limits.shared_names {
            detail.regions = Some(detail.split.iter().map(|span| detail.regions_of(span)).collect());
        }
        detail
    }

    /// The regions of the series that have rows in a span of rows, sorted.
    fn regions_of(&self, span: &SheetRows) -> Vec<Region> {
        let regions: BTreeSet<Region> =
            self.series[self.series_of(span)].iter().map(|(_, region)| *region).collect();
        regions.into_iter().collect()
    }

    /// Whether each row holds the name of its domain itself.
    pub(super) const fn is_crowd(&self) -> bool {
        self.regions.is_some()
    }

    /// The cell of a row with the name of its domain.
    fn name_cell(&self) -> usize {
        1 + usize::from(self.calendar.has_change())
    }

    /// The series of a sheet that have a row in its template: all, or the first of each region.
    fn samples(&self, at: usize) -> Vec<&Series> {
        let series = &self.series[self.series_of(&self.split[at])];
        let Some(regions) = &self.regions else { return series.iter().collect() };
        regions[at].iter().filter_map(|region| series.iter().find(|one| one.1 == *region)).collect()
    }

    /// The values of the first column, per slice.
    pub(super) fn times(&self) -> &[Digits] {
        &self.times
    }

    /// Names of the sheets.
    pub(super) fn names(&self) -> Vec<String> {
        let word = Label::Detail.text(self.spec.language);
        let name = |number| if number == 1 { word.to_owned() } else { format!("{word} {number}") };
        (1..=self.split.len()).map(name).collect()
    }

    /// Writes heading and template rows: one for each series of a sheet (see [`Detail::samples`]), and one for each offset
    /// behind the first, so that every string has its number.
    pub(super) fn template(&self, book: &mut Book, columns: &[Column]) -> Result<()> {
        for (at, span) in self.split.iter().enumerate() {
            let mut sheet = book.sheet(DETAIL + at)?;
            let rows = rows_of(span.end - span.start);
            sheet.table(columns, rows, Grid::Filter)?;
            let printed = Label::FirstPage.text(self.spec.language).replace("{rows}", &rows.to_string());
            sheet.print_first(columns.len(), rows, true, &printed)?;
            let series = self.samples(at);
            for one in &series {
                self.template_row(&mut sheet, one, 0)?;
            }
            for slice in self.calendar.offset_samples().into_iter().skip(1) {
                series.first().map_or(Ok(()), |one| self.template_row(&mut sheet, one, slice))?;
            }
        }
        Ok(())
    }

    fn template_row(&self, sheet: &mut Sheet<'_>, (domain, region): &Series, slice: usize) -> Result<()> {
        let (region, offset) =
            (columns::region_name(*region, self.spec.language), self.calendar.offset(slice));
        let mut cells = vec![Cell::Time(self.calendar.local(slice))];
        cells.extend(offset.as_deref().map(Cell::Text));
        cells.extend([Cell::Text(domain.as_str()), Cell::Text(region)]);
        columns::row(self.spec, &Usage::default()).for_each(|cell| cells.push(cell));
        sheet.row(&cells, Tone::Plain)
    }

    /// The values of the column of offsets, per slice, from the strings of a template's rows; none where clocks do not
    /// change.
    pub(super) fn offsets(&self, strings: &[Vec<Digits>]) -> Offsets {
        let samples = self.calendar.offset_samples();
        let Some(more) = strings.len().checked_sub(samples.len().saturating_sub(1)) else { return [].into() };
        let known: Vec<(Option<String>, Digits)> = samples
            .iter()
            .enumerate()
            .filter_map(|(at, slice)| {
                let row = if at == 0 { strings.first() } else { strings.get(more + at - 1) };
                Some((self.calendar.offset(*slice), *row?.first()?))
            })
            .collect();
        let number = |slice: usize| {
            let offset = self.calendar.offset(slice);
            known.iter().find(|(text, _)| *text == offset).map(|(_, number)| *number)
        };
        if known.is_empty() { [].into() } else { (0..self.calendar.len()).filter_map(number).collect() }
    }

    /// The series that have rows in a span of rows.
    fn series_of(&self, span: &SheetRows) -> Range<usize> {
        let ends = self.starts.get(1..).unwrap_or_default();
        let first = ends.partition_point(|end| *end <= span.start);
        let last = self.starts[..self.series.len()].partition_point(|start| *start < span.end);
        first..last.max(first)
    }

    /// The row of a sheet's template with the strings of a series.
    fn sample_of(&self, sheet: usize, number: usize) -> usize {
        match &self.regions {
            None => number - self.series_of(&self.split[sheet]).start,
            Some(regions) => regions[sheet]
                .binary_search(&self.series[number].1)
                .expect("a sheet has the regions of its series"),
        }
    }

    /// The sheets without their rows, from a workbook with the template.
    pub(super) fn frames(&self, parts: &mut Parts) -> Result<Vec<Frame>> {
        let sheets = self.split.iter().enumerate();
        let frame = |(at, span): (usize, &SheetRows)| {
            let name = self.is_crowd().then(|| self.name_cell());
            Frame::new(&parts.text(&sheet_part(DETAIL + at))?, span.end - span.start, name)
        };
        sheets.map(frame).collect()
    }
}

/// How many rows stand before each series, and before the end.
fn starts(series: &[Series], slices: u64, kept: Option<&[u64]>) -> Vec<u64> {
    let ends = (0..series.len()).scan(0, |sum, at| {
        *sum += kept.map_or(slices, |kept| kept[at]);
        Some(*sum)
    });
    std::iter::once(0).chain(ends).collect()
}

/// The rows of each sheet.
fn split(series: &[Series], starts: &[u64], limit: u64) -> Vec<SheetRows> {
    let mut first = 0;
    let blocks = series.chunk_by(|a, b| a.0 == b.0).map(|regions| {
        let start = first;
        first += regions.len();
        starts[first] - starts[start]
    });
    sheets::split(blocks, limit)
}

/// How many Detail sheets a workbook of these series has; `kept` as [`super::Request`] has it.
#[must_use]
pub fn count_sheets(series: &[Series], slices: u64, kept: Option<&[u64]>) -> usize {
    split(series, &starts(series, slices, kept), sheets::DATA_ROWS).len()
}

/// The values of the column of offsets, per slice; none where clocks do not change.
pub(super) type Offsets = Arc<[Digits]>;

/// Rows of some series, one after the other.
pub(super) struct SeriesRows<'a> {
    detail: &'a Detail<'a>,
    marks: &'a RowMarks,
    /// The number of the first row.
    first: u32,
    offsets: Offsets,
    runs: Vec<SliceRun>,
    usages: Vec<Usage>,
}

/// Neighbouring slices of one series.
struct SliceRun {
    series: usize,
    domain: Digits,
    region: Digits,
    slices: Range<usize>,
}

impl Block for SeriesRows<'_> {
    fn rows(&self) -> u64 {
        self.usages.len() as u64
    }

    fn write(&self, text: &mut Text) {
        if self.detail.is_crowd() {
            return self.write_named(text);
        }
        let mut rows = RowWriter::new(self.marks, text);
        let mut usages = self.usages.iter();
        let mut number = self.first;
        let mut values = Vec::new();
        for SliceRun { domain, region, slices, .. } in &self.runs {
            for (slice, usage) in slices.clone().zip(&mut usages) {
                values.clear();
                values.push(self.detail.times[slice]);
                values.extend(self.offsets.get(slice));
                values.extend([*domain, *region]);
                values.extend(columns::row(self.detail.spec, usage).map(|cell| Digits::of(&cell)));
                rows.row(number, &values);
                number += 1;
            }
        }
    }
}

impl SeriesRows<'_> {
    /// The rows, each with the name of its domain.
    fn write_named(&self, text: &mut Text) {
        let Detail { spec, series, times, .. } = self.detail;
        let mut rows = NamedRowWriter::new(self.marks, text);
        let (mut usages, mut number, mut values) = (self.usages.iter(), self.first, Vec::new());
        for SliceRun { series: at, region, slices, .. } in &self.runs {
            for (slice, usage) in slices.clone().zip(&mut usages) {
                values.clear();
                values.push(Some(times[slice]));
                values.extend(self.offsets.get(slice).map(|offset| Some(*offset)));
                values.push(Some(*region));
                values.extend(columns::row(spec, usage).map(|cell| Some(Digits::of(&cell))));
                rows.row(number, series[*at].0.as_str(), &values);
                number += 1;
            }
        }
    }
}

/// Pours series into the sheets, in turn.
pub(super) struct Feed<'p, 'a, 'c, 'f> {
    detail: &'a Detail<'a>,
    frames: &'a [Frame],
    pour: &'p mut Pour<'c, 'f, 'a>,
    /// What stands on each sheet.
    sheets: Vec<DetailSheet>,
    /// The sheet that is being poured.
    sheet: usize,
    /// Rows of all sheets so far.
    row: u64,
    /// The rows that wait for a block to be full.
    block: SeriesRows<'a>,
}

impl<'p, 'a, 'c, 'f> Feed<'p, 'a, 'c, 'f> {
    /// Begins the first sheet.
    pub(super) fn new(
        detail: &'a Detail<'a>,
        frames: &'a [Frame],
        pour: &'p mut Pour<'c, 'f, 'a>,
    ) -> Result<Self> {
        let sheets = detail.split.iter().map(DetailSheet::of).collect();
        let (marks, offsets) = (&frames[0].marks, detail.offsets(&frames[0].strings));
        let block = SeriesRows { detail, marks, first: 2, offsets, runs: Vec::new(), usages: Vec::new() };
        pour.begin(&sheet_part(DETAIL), &frames[0].head)?;
        Ok(Self { detail, frames, pour, sheets, sheet: 0, row: 0, block })
    }

    /// Pours the series with this number, next in turn.
    pub(super) fn series(&mut self, number: usize, usages: &[Usage], touched: &[usize]) -> Result<()> {
        if !self.detail.is_sparse {
            return self.run(number, 0..usages.len(), usages);
        }
        let kept: Vec<usize> = touched.iter().copied().filter(|slice| is_kept(&usages[*slice])).collect();
        kept.chunk_by(|a, b| a + 1 == *b)
            .try_for_each(|run| self.run(number, run[0]..run[0] + run.len(), usages))
    }

    /// Pours neighbouring slices of the series with this number.
    fn run(&mut self, number: usize, run: Range<usize>, usages: &[Usage]) -> Result<()> {
        let mut from = run.start;
        while from < run.end {
            let span = self.detail.split[self.sheet].clone();
            if self.row == span.end {
                self.next_sheet()?;
                continue;
            }
            self.sheets[self.sheet].holds(&self.detail.series[number].0);
            let room = BLOCK_ROWS - self.block.usages.len();
            let left = usize::try_from(span.end - self.row).unwrap_or(usize::MAX);
            let slices = from..run.end.min(from + room.min(left));
            let sample = self.detail.sample_of(self.sheet, number);
            let strings = &self.frames[self.sheet].strings[sample];
            let [.., domain, region] = strings[..] else {
                return Err(Error::new(ErrorKind::Defect("a template's row has no domain".into())));
            };
            from = slices.end;
            self.row += slices.len() as u64;
            self.block.usages.extend_from_slice(&usages[slices.clone()]);
            self.block.runs.push(SliceRun { series: number, domain, region, slices });
            if self.block.usages.len() == BLOCK_ROWS {
                self.send()?;
            }
        }
        Ok(())
    }

    /// Hands the block over and begins another.
    fn send(&mut self) -> Result<()> {
        let span = &self.detail.split[self.sheet];
        let first = rows_of(self.row - span.start) + 2;
        let block = SeriesRows {
            detail: self.detail,
            marks: &self.frames[self.sheet].marks,
            first,
            offsets: Arc::clone(&self.block.offsets),
            runs: Vec::new(),
            usages: Vec::with_capacity(BLOCK_ROWS),
        };
        self.pour.rows(Box::new(std::mem::replace(&mut self.block, block)))
    }

    fn end_sheet(&mut self) -> Result<()> {
        self.send()?;
        self.pour.end(&self.frames[self.sheet].tail)
    }

    fn next_sheet(&mut self) -> Result<()> {
        self.end_sheet()?;
        self.sheet += 1;
        let frame = &self.frames[self.sheet];
        (self.block.marks, self.block.first) = (&frame.marks, 2);
        self.pour.begin(&sheet_part(DETAIL + self.sheet), &frame.head)
    }

    /// Ends the last sheet and tells what stands on each.
    pub(super) fn finish(mut self) -> Result<Vec<DetailSheet>> {
        self.end_sheet()?;
        Ok(self.sheets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Domain;

    #[test]
    fn sheets_are_counted_with_domains_whole() {
        let domain = |n: usize| Domain::new(format!("h{n}.a.com").as_bytes()).unwrap();
        let series: Vec<Series> = (0..22_000).map(|n| (domain(n), Region::Cn)).collect();
        assert_eq!(count_sheets(&series, 31 * 288, None), 189);
        assert_eq!(count_sheets(&series, 31 * 288, Some(&vec![1; series.len()])), 1);
        assert_eq!(count_sheets(&[], 288, None), 1);
    }
}
