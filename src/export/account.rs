//! The Account sheet: a row per slice, the sum over the domains; where there are several regions, all together
//! first and each of them below. Poured like Detail, and so are the values that the chart over time keeps.

use super::columns::{self, figure_columns, logged, logged_column, region_name, time_column};
use super::pour::{BLOCK_ROWS, Digits, Frame, Parts, Points, Pour, Table};
use super::request::{ExportSpec, Kind};
use super::tally::{Tally, measure};
use super::workbook::{Book, Cell, Column, Tone, sheet_part};
use super::{ACCOUNT, Series};
use crate::error::Result;
use crate::locale::Label;
use crate::region::Region;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, percentile_95};
use std::ops::Range;

/// What the sheet is made from before any row has gone by.
pub(super) struct Account<'a> {
    spec: &'a ExportSpec,
    /// Regions of the export; all of them together where there are several, or none.
    blocks: Vec<Option<Region>>,
    slices: usize,
}

/// What the chart over time keeps of the sheet: the values over all regions, slice by slice and column by column.
pub(super) struct Kept {
    /// The sheet's name.
    sheet: String,
    columns: usize,
    values: Vec<Digits>,
}

impl<'a> Account<'a> {
    pub(super) fn new(spec: &'a ExportSpec, series: &[Series], slices: usize) -> Self {
        let mut regions: Vec<Region> = series.iter().map(|(_, region)| *region).collect();
        regions.sort_unstable();
        regions.dedup();
        let all = if regions.len() == 1 { None } else { Some(None) };
        let blocks = all.into_iter().chain(regions.into_iter().map(Some)).collect();
        Self { spec, blocks, slices }
    }

    /// Rows of the sheet below its heading.
    fn rows(&self) -> usize {
        self.blocks.len() * self.slices
    }

    fn columns(&self) -> Vec<Column> {
        let column = |label, width| columns::column(label, self.spec.language, width);
        let mut columns = vec![time_column(self.spec), column(Label::Region, 8)];
        columns.extend(figure_columns(self.spec));
        if self.spec.kind == Kind::Flow {
            columns.push(column(Label::Percentile95, 20));
        }
        columns.extend(logged_column(self.spec));
        columns
    }

    /// The cells of a row behind its region.
    fn figures(&self, usage: &Usage, level: u64) -> Vec<Cell<'static>> {
        let mut cells: Vec<Cell<'static>> =
            columns::figures(self.spec.kind, usage, self.spec.factor).collect();
        if self.spec.kind == Kind::Flow {
            cells.push(Cell::Decimal(Bandwidth::of_slice(level, self.spec.factor).hundredths()));
        }
        cells.extend(logged(self.spec, usage));
        cells
    }

    /// Writes heading and template rows, one for each block of the sheet.
    pub(super) fn template(&self, book: &mut Book) -> Result<()> {
        let mut sheet = book.sheet(ACCOUNT)?;
        sheet.table(&self.columns(), u32::try_from(self.rows()).unwrap_or(u32::MAX))?;
        for region in &self.blocks {
            let name = region_name(region.unwrap_or(Region::Unspecified), self.spec.language);
            let mut cells = vec![Cell::Time(0), Cell::Text(name)];
            cells.extend(self.figures(&Usage::default(), 0));
            sheet.row(&cells, Tone::Plain)?;
        }
        Ok(())
    }

    /// The sheet without its rows, from a workbook with the template.
    pub(super) fn frame(&self, parts: &mut Parts) -> Result<Frame> {
        Frame::new(&parts.text(&sheet_part(ACCOUNT))?, self.rows() as u64)
    }

    /// Pours the sheet called `name`; `times` are the values of its first column.
    pub(super) fn pour<'f>(
        &self,
        pour: &mut Pour<'_, '_, 'f>,
        frame: &'f Frame,
        (tally, times): (&Tally, &[Digits]),
        name: &str,
    ) -> Result<Kept> {
        pour.begin(&sheet_part(ACCOUNT), &frame.head)?;
        let mut chart = Kept { sheet: name.to_owned(), columns: 1, values: Vec::new() };
        let mut first = 2;
        for (at, (region, strings)) in self.blocks.iter().zip(&frame.strings).enumerate() {
            let usages = region.map_or(&tally.slices, |region| &tally.regions[&region]);
            let measures: Vec<u64> = usages.iter().map(|usage| measure(self.spec.kind, usage)).collect();
            let (level, region) = (percentile_95(&measures), strings[0]);
            for (usages, times) in usages.chunks(BLOCK_ROWS).zip(times.chunks(BLOCK_ROWS)) {
                let row = |(usage, time): (&Usage, &Digits)| {
                    let figures = self.figures(usage, level);
                    let figures = figures.iter().map(Digits::of).collect::<Vec<_>>();
                    [*time, region].into_iter().chain(figures)
                };
                let values: Vec<Digits> = usages.iter().zip(times).flat_map(row).collect();
                if at == 0 {
                    chart.columns = frame.marks.columns();
                    chart.values.extend(&values);
                }
                pour.rows(Box::new(Table::new(&frame.marks, first, values)))?;
                first += u32::try_from(usages.len()).unwrap_or(u32::MAX);
            }
        }
        pour.end(&frame.tail)?;
        Ok(chart)
    }
}

impl Kept {
    /// Pours the part of a chart, with the values that it keeps of the sheet behind each reference to it.
    pub(super) fn pour_chart(&self, pour: &mut Pour<'_, '_, '_>, name: &str, chart: &str) -> Result<()> {
        let (lists, end) = lists(chart, &self.sheet);
        pour.begin(name, "")?;
        for (text, column) in lists {
            pour.text(text)?;
            let values: Vec<Digits> =
                self.values.iter().skip(column).step_by(self.columns).copied().collect();
            for (at, values) in values.chunks(BLOCK_ROWS).enumerate() {
                pour.rows(Box::new(Points::new(at * BLOCK_ROWS, values.to_vec())))?;
            }
        }
        pour.end(end)
    }

    /// Whether a chart refers to the sheet.
    pub(super) fn are_in(&self, chart: &str) -> bool {
        !lists(chart, &self.sheet).0.is_empty()
    }
}

/// The places of a chart where lists of values of `sheet` belong: the text up to each, and the column; and
/// the text behind the last. What stands in such a place is left out.
fn lists<'c>(chart: &'c str, sheet: &str) -> (Vec<(&'c str, usize)>, &'c str) {
    let (mut lists, mut from) = (Vec::new(), 0);
    for (at, _) in chart.match_indices("<c:f>") {
        if let Some((column, place)) = list(&chart[at..], sheet) {
            lists.push((&chart[from..at + place.start], column));
            from = at + place.end;
        }
    }
    (lists, &chart[from..])
}

/// The column that `<c:f>sheet!$C$2:$C$99</c:f><c:numCache>...` refers to, and where its list stands.
fn list(text: &str, sheet: &str) -> Option<(usize, Range<usize>)> {
    let (reference, rest) = text.strip_prefix("<c:f>")?.split_once("</c:f>")?;
    let (name, cells) = reference.rsplit_once('!')?;
    let letter = *cells.as_bytes().get(1)?;
    if name.trim_matches('\'') != sheet || !rest.starts_with("<c:numCache>") {
        return None;
    }
    let count = text.find("<c:ptCount ")?;
    let start = count + text[count..].find("/>")? + "/>".len();
    let end = start + text[start..].find("</c:numCache>")?;
    Some((usize::from(letter.checked_sub(b'A')?), start..end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::calendar::Calendar;

    impl Account<'_> {
        /// Writes the sheet row by row.
        pub(in crate::export) fn by_hand(&self, book: &mut Book, tally: &Tally, calendar: &Calendar) {
            let mut sheet = book.sheet(ACCOUNT).unwrap();
            sheet.table(&self.columns(), self.rows().try_into().unwrap()).unwrap();
            for region in &self.blocks {
                let usages = region.map_or(&tally.slices, |region| &tally.regions[&region]);
                let measures: Vec<u64> = usages.iter().map(|usage| measure(self.spec.kind, usage)).collect();
                let name = region_name(region.unwrap_or(Region::Unspecified), self.spec.language);
                for (slice, usage) in usages.iter().enumerate() {
                    let mut cells = vec![Cell::Time(calendar.local(slice)), Cell::Text(name)];
                    cells.extend(self.figures(usage, percentile_95(&measures)));
                    sheet.row(&cells, Tone::Plain).unwrap();
                }
            }
        }
    }

    #[test]
    fn lists_of_the_sheet_are_found() {
        let of = |reference: &str, points: &str| {
            format!("<c:f>{reference}</c:f><c:numCache><c:ptCount val=\"2\"/>{points}</c:numCache>")
        };
        let (other, own) = (of("Daily!$A$2:$A$3", "<c:pt/>"), of("'Account'!$D$2:$D$3", ""));
        let chart = format!("<a>{other}</a><b>{}</b><c>{own}</c>", of("Account!$A$2:$A$3", "<c:pt/>"));
        let (found, end) = lists(&chart, "Account");
        assert_eq!(found.iter().map(|(_, column)| *column).collect::<Vec<_>>(), [0, 3]);
        assert!(found.iter().all(|(text, _)| text.ends_with("<c:ptCount val=\"2\"/>")));
        let whole: String = found.iter().map(|(text, _)| *text).chain([end]).collect();
        assert_eq!(whole, chart.replace(&of("Account!$A$2:$A$3", "<c:pt/>"), &of("Account!$A$2:$A$3", "")));
        assert!(lists("<c:f>Account!$A$2</c:f></c:numRef>", "Account").0.is_empty());
    }
}
