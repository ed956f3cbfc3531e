//! The Account sheet: a row per slice, the sum over the domains. If there are several regions, the sum of all comes
//! first, then each region. Poured like Detail; so are the values of the chart over time.

use super::calendar::Calendar;
use super::columns::{self, figure_columns, logged, logged_column, region_name, time_columns};
use super::detail::Detail;
use super::pour::{BLOCK_ROWS, Digits, Frame, Parts, Points, Pour, Table};
use super::tally::{Tally, measure};
use super::workbook::layout::{Corners, Grid, last_column, rows_of};
use super::workbook::{Book, Cell, Column, Sheet, Tone, sheet_part};
use super::{ACCOUNT, Series};
use crate::contract::kind::Kind;
use crate::contract::request::ExportSpec;
use crate::error::{Error, ErrorKind, Result};
use crate::locale::Label;
use crate::region::Region;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, dropped_by_95, percentile_95};
use std::ops::Range;

/// What the sheet is made from before any row has gone by.
pub(super) struct Account<'a> {
    spec: &'a ExportSpec,
    /// Regions of the export; all of them together where there are several, or none.
    blocks: Vec<Option<Region>>,
    calendar: &'a Calendar,
}

/// What the chart over time keeps of the sheet: the values over all regions, slice by slice and column by column.
pub(super) struct Kept {
    /// The sheet's name.
    sheet: String,
    columns: usize,
    values: Vec<Digits>,
}

impl<'a> Account<'a> {
    pub(super) fn new(spec: &'a ExportSpec, series: &[Series], calendar: &'a Calendar) -> Self {
        let mut regions: Vec<Region> = series.iter().map(|(_, region)| *region).collect();
        regions.sort_unstable();
        regions.dedup();
        let all = if regions.len() == 1 { None } else { Some(None) };
        let blocks = all.into_iter().chain(regions.into_iter().map(Some)).collect();
        Self { spec, blocks, calendar }
    }

    /// Rows of the sheet below its heading.
    fn rows(&self) -> usize {
        self.blocks.len() * self.calendar.len()
    }

    fn columns(&self) -> Vec<Column> {
        let column = |label, width| columns::column(label, self.spec.language, width);
        let mut columns = time_columns(self.spec);
        columns.push(column(Label::Region, 8));
        columns.extend(figure_columns(self.spec));
        if self.spec.kind == Kind::Flow {
            columns.push(column(Label::Percentile95, 20));
            let rank = Label::Rank.text(self.spec.language);
            columns.push(Column::number(&rank.replace("{dropped}", &self.dropped().to_string()), 8));
        }
        columns.extend(logged_column(self.spec));
        columns
    }

    /// How many slices the 95th percentile drops.
    fn dropped(&self) -> usize {
        dropped_by_95(self.calendar.len())
    }

    /// The column of ranks, from 0, where there is one.
    fn rank_column(&self) -> Option<u16> {
        (self.spec.kind == Kind::Flow).then(|| if self.calendar.has_change() { 6 } else { 5 })
    }

    /// The cells of a row behind its region.
    fn figures(&self, usage: &Usage, level: u64, rank: usize) -> Vec<Cell<'static>> {
        let mut cells: Vec<Cell<'static>> =
            columns::figures(self.spec.kind, usage, self.spec.factor).collect();
        if self.spec.kind == Kind::Flow {
            cells.push(Cell::Decimal(Bandwidth::of_slice(level, self.spec.factor).hundredths()));
            cells.push(Cell::Whole(rank as u128));
        }
        cells.extend(logged(self.spec, usage));
        cells
    }

    /// Writes heading and template rows, one for each block of the sheet.
    pub(super) fn template(&self, book: &mut Book) -> Result<()> {
        let mut sheet = book.sheet(ACCOUNT)?;
        self.head(&mut sheet)?;
        for region in &self.blocks {
            self.row(&mut sheet, *region, 0, (&Usage::default(), 0, 0))?;
        }
        for slice in self.calendar.offset_samples().into_iter().skip(1) {
            self.row(&mut sheet, self.blocks[0], slice, (&Usage::default(), 0, 0))?;
        }
        Ok(())
    }

    fn head(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let (columns, rows) = (self.columns(), rows_of(self.rows()));
        sheet.table(&columns, rows, Grid::Filter)?;
        let printed = Label::FirstPage.text(self.spec.language).replace("{rows}", &rows.to_string());
        sheet.print_first(columns.len(), rows, false, &printed)?;
        let rank = self.rank_column();
        rank.map_or(Ok(()), |column| sheet.mark_up_to(column, self.dropped() as u64, rows))
    }

    fn row(
        &self,
        sheet: &mut Sheet<'_>,
        region: Option<Region>,
        slice: usize,
        (usage, level, rank): (&Usage, u64, usize),
    ) -> Result<()> {
        let name = region_name(region.unwrap_or(Region::Unspecified), self.spec.language);
        let offset = self.calendar.offset(slice);
        let mut cells = vec![Cell::Time(self.calendar.local(slice))];
        cells.extend(offset.as_deref().map(Cell::Text));
        cells.push(Cell::Text(name));
        cells.extend(self.figures(usage, level, rank));
        sheet.row(&cells, Tone::Plain)
    }

    /// The cells that the sheet has in the names of the workbook: heading and rows.
    pub(super) fn corners(&self) -> Corners {
        let last = last_column(self.columns().len());
        (0, 0, rows_of(self.rows()), last)
    }

    /// The sheet without its rows, from a workbook with the template.
    pub(super) fn frame(&self, parts: &mut Parts) -> Result<Frame> {
        Frame::new(&parts.text(&sheet_part(ACCOUNT))?, self.rows() as u64, None)
    }

    /// Pours the sheet called `name`; its times are those of Detail.
    pub(super) fn pour<'f>(
        &self,
        pour: &mut Pour<'_, '_, 'f>,
        frame: &'f Frame,
        (tally, detail): (&Tally, &Detail<'_>),
        name: &str,
    ) -> Result<Kept> {
        pour.begin(&sheet_part(ACCOUNT), &frame.head)?;
        let mut chart = Kept { sheet: name.to_owned(), columns: 1, values: Vec::new() };
        let offsets = detail.offsets(&frame.strings);
        let mut first = 2;
        for (at, (region, strings)) in self.blocks.iter().zip(&frame.strings).enumerate() {
            let usages = region.map_or(&tally.slices, |region| &tally.regions[&region]);
            let measures: Vec<u64> = usages.iter().map(|usage| measure(self.spec.kind, usage)).collect();
            let (level, ranks) = (percentile_95(&measures), ranks(&measures));
            let region = *strings.last().ok_or_else(no_region)?;
            for (block, usages) in usages.chunks(BLOCK_ROWS).enumerate() {
                let row = |(slice, usage): (usize, &Usage)| {
                    let figures = self.figures(usage, level, ranks[slice]);
                    let figures = figures.iter().map(Digits::of).collect::<Vec<_>>();
                    let offset = offsets.get(slice).copied();
                    std::iter::once(detail.times()[slice]).chain(offset).chain([region]).chain(figures)
                };
                let values: Vec<Digits> = (block * BLOCK_ROWS..).zip(usages).flat_map(row).collect();
                if at == 0 {
                    chart.columns = frame.marks.columns();
                    chart.values.extend(&values);
                }
                pour.rows(Box::new(Table::new(&frame.marks, first, values)))?;
                first += rows_of(usages.len());
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
    if plain_name(name) != sheet || !rest.starts_with("<c:numCache>") {
        return None;
    }
    let count = text.find("<c:ptCount ")?;
    let start = count + text[count..].find("/>")? + "/>".len();
    let end = start + text[start..].find("</c:numCache>")?;
    Some((usize::from(letter.checked_sub(b'A')?), start..end))
}

/// A sheet's name as it stands in a reference, without quotes and escapes.
fn plain_name(name: &str) -> String {
    let name = name.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')).unwrap_or(name);
    name.replace("''", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn no_region() -> Error {
    Error::new(ErrorKind::Defect("a template's row has no region".into()))
}

/// The rank of each slice, the highest first, from 1; of equals the first.
pub(super) fn ranks(measures: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..measures.len()).collect();
    order.sort_by_key(|slice| std::cmp::Reverse(measures[*slice]));
    let mut ranks = vec![0; measures.len()];
    for (rank, slice) in (1..).zip(order) {
        ranks[slice] = rank;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Account<'_> {
        /// Writes the sheet row by row.
        pub(in crate::export) fn by_hand(&self, book: &mut Book, tally: &Tally) {
            let mut sheet = book.sheet(ACCOUNT).unwrap();
            self.head(&mut sheet).unwrap();
            for region in &self.blocks {
                let usages = region.map_or(&tally.slices, |region| &tally.regions[&region]);
                let measures: Vec<u64> = usages.iter().map(|usage| measure(self.spec.kind, usage)).collect();
                let (level, ranks) = (percentile_95(&measures), ranks(&measures));
                for (slice, usage) in usages.iter().enumerate() {
                    self.row(&mut sheet, *region, slice, (usage, level, ranks[slice])).unwrap();
                }
            }
        }
    }

    #[test]
    fn ranks_agree_with_the_percentile() {
        let measures: Vec<u64> = (0..288).map(|slice| slice * 37 % 101).collect();
        let ranks = ranks(&measures);
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(1..=288));
        let dropped = dropped_by_95(measures.len());
        let at = ranks.iter().position(|rank| *rank == dropped + 1).unwrap();
        assert_eq!((dropped, measures[at]), (14, percentile_95(&measures)));
        assert!((0..288).all(|slice| ranks[slice] > dropped || measures[slice] >= measures[at]));
        assert_eq!(super::ranks(&[5, 7, 7, 0]), [3, 1, 2, 4]);
    }

    #[test]
    fn names_of_sheets_are_found_in_references() {
        for (reference, name) in
            [("Account", "Account"), ("'R&amp;D &lt;x&gt;'", "R&D <x>"), ("'a''b'", "a'b")]
        {
            assert_eq!(plain_name(reference), name);
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
