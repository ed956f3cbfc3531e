//! The sheets of sums: Daily, Domains.

use super::columns::{figure_columns, gigabytes, logged, logged_column, offset_column, requests};
use super::content::Content;
use super::detail::Offsets;
use super::pour::{BLOCK_ROWS, Digits, Frame, NamedTable, Pour};
use super::tally::{DomainTally, measure};
use super::workbook::layout::{Corners, Grid, rows_of};
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::contract::bill::Billed;
use crate::contract::kind::Kind;
use crate::error::Result;
use crate::locale::{Label, display_width, shortened};
use crate::time::WINDOW_SECONDS;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, peak, percentile_95, ratio};
use std::ops::Range;
use std::sync::Arc;

impl Content<'_> {
    /// Daily: a row per local day, and their total; of a single day also its hours.
    pub(super) fn daily(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        // Hours stand below the days, with their dates.
        let mut columns = vec![self.column(Label::Date, if self.is_hourly() { TIME_WIDTH } else { 12 })];
        columns.extend(self.traffic_or_requests());
        columns.extend([self.column(self.peak_label(), 20), self.column(Label::PeakTime, TIME_WIDTH)]);
        columns.extend(offset_column(self.spec));
        if self.is_flow() {
            columns.extend([self.column(Label::AverageBandwidth, 20), self.column(Label::Percentile95, 20)]);
        }
        columns.push(self.column(Label::HitRatio, 10));
        columns.extend(logged_column(self.spec));
        sheet.table(&columns, rows_of(self.calendar.days().len()), Grid::Table("Daily"))?;
        let billed = self.billed_column();
        for day in self.calendar.days() {
            let date = Cell::Date(self.calendar.midnight(day));
            self.span(sheet, date, day, |at| if billed == Some(at) { Tone::Marked } else { Tone::Plain })?;
        }
        let total = Cell::Text(self.word(Label::Total));
        self.span(sheet, total, &(0..self.calendar.len()), |at| {
            if at == 0 { Tone::Heading } else { Tone::Total }
        })?;
        if self.is_hourly() { self.hours(sheet) } else { Ok(()) }
    }

    /// Whether the charts show hours: days would be one or two columns.
    pub(super) fn is_hourly(&self) -> bool {
        self.calendar.hours().len() <= MAX_HOURS
    }

    /// The row, from 0, in which the list of hours begins.
    pub(super) fn first_hour_row(&self) -> u32 {
        rows_of(self.calendar.days().len()) + 4
    }

    /// The hours of the range, below the days.
    fn hours(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        sheet.skip(1);
        let mut columns = vec![self.column(Label::Hour, 12)];
        columns.extend(self.traffic_or_requests());
        columns.extend(offset_column(self.spec));
        sheet.heads(&columns, [Tone::Section, Tone::SectionRight])?;
        for hour in self.calendar.hours() {
            let mut cells = vec![Cell::Time(self.calendar.local(hour.start))];
            let (total, mut offset) = (sum(&self.tally.slices[hour.clone()])?, String::new());
            cells.extend(self.totals(&total));
            cells.extend(self.offset_of(Some(hour.start), &mut offset));
            sheet.row(&cells, Tone::Plain)?;
        }
        Ok(())
    }

    /// The column of Daily, from 0, whose values bill.
    fn billed_column(&self) -> Option<usize> {
        let label = self.billed_daily()?;
        Some(if label == self.peak_label() { 3 } else { 6 + usize::from(self.calendar.has_change()) })
    }

    /// The cells of Daily that bill.
    pub(super) fn billed_days(&self) -> Option<Corners> {
        let column = u16::try_from(self.billed_column()?).ok()?;
        Some((1, column, rows_of(self.calendar.days().len()), column))
    }

    /// A row of Daily: the figures of some slices.
    fn span(
        &self,
        sheet: &mut Sheet<'_>,
        first: Cell<'_>,
        day: &Range<usize>,
        tone: impl Fn(usize) -> Tone,
    ) -> Result<()> {
        let slices = &self.tally.slices[day.clone()];
        let (values, total) = (self.tally.measures(slices), sum(slices)?);
        let highest = peak(&values).filter(|(_, value)| *value > 0);
        let at = highest.map(|(at, _)| day.start + at);
        let (mut cells, mut offset) = (vec![first], String::new());
        cells.extend(self.totals(&total));
        cells.push(self.level(highest.map_or(0, |(_, value)| value)));
        cells.push(self.time_of(at));
        cells.extend(self.offset_of(at, &mut offset));
        if self.is_flow() {
            let seconds = day.len() as u64 * WINDOW_SECONDS.unsigned_abs();
            let average = Bandwidth::new(total.bytes.into(), seconds, self.spec.factor);
            cells.extend([Cell::Decimal(average.hundredths()), self.level(percentile_95(&values))]);
        }
        cells.push(self.hit_ratio(&total));
        cells.extend(logged(self.spec, &total));
        sheet.toned_row(&cells, tone)
    }

    /// The column of Daily whose values bill, one by one.
    fn billed_daily(&self) -> Option<Label> {
        self.spec.bill_type.as_ref().and_then(|(bill_type, _)| daily_column(bill_type.billed))
    }

    fn peak_label(&self) -> Label {
        if self.is_flow() { Label::PeakBandwidth } else { Label::PeakRequests }
    }

    /// Columns for the sum of a day or a domain.
    fn traffic_or_requests(&self) -> Vec<Column> {
        match self.spec.kind {
            Kind::Flow => vec![self.column(Label::Traffic, 20), self.column(Label::TrafficGb, 14)],
            Kind::Vas => figure_columns(self.spec),
        }
    }

    fn totals(&self, usage: &Usage) -> Vec<Cell<'static>> {
        match self.spec.kind {
            Kind::Flow => vec![Cell::Whole(self.traffic(usage)), gigabytes(self.traffic(usage))],
            Kind::Vas => requests(usage).to_vec(),
        }
    }

    /// Domains: a row per domain, the largest first.
    pub(super) fn domains(&self, sheet: &mut Sheet<'_>, domain_width: usize) -> Result<()> {
        let mut columns = vec![self.column(Label::DomainName, domain_width)];
        columns.extend(self.traffic_or_requests());
        columns.push(self.column(Label::Share, 9));
        columns.extend([self.column(self.peak_label(), 20), self.column(Label::PeakTime, TIME_WIDTH)]);
        columns.extend(offset_column(self.spec));
        if self.is_flow() {
            columns.push(self.column(Label::AverageBandwidth, 20));
        }
        let percentile = if self.is_flow() { Label::Percentile95 } else { Label::Percentile95Requests };
        columns.extend([self.column(percentile, 20), self.column(Label::HitRatio, 10)]);
        columns.extend(logged_column(self.spec));
        columns.extend(self.has_long_names().then(|| self.column(Label::ShortName, SHORT_NAME)));
        let rows = rows_of(self.tally.domains.len());
        let grid = if self.poured_domains() > 0 { Grid::Filter } else { Grid::Table("Domains") };
        sheet.table(&columns, rows, grid)?;
        let printed = self.word(Label::FirstPage).replace("{rows}", &rows.to_string());
        sheet.print_first(columns.len(), rows, false, &printed)?;
        sheet.bars(1, rows)?;
        for domain in &self.tally.domains[..self.tally.domains.len() - self.poured_domains()] {
            let (mut offset, short) = (String::new(), shortened(domain.domain.as_str(), SHORT_NAME));
            sheet.row(&self.domain(domain, &mut offset, &short), Tone::Plain)?;
        }
        Ok(())
    }

    /// Rows of the sheet that are poured: of a crowd, those below the ones that the chart shows.
    pub(super) fn poured_domains(&self) -> usize {
        let domains = &self.tally.domains;
        // The first row tells the styles of all: it must have every cell.
        let is_whole = domains.first().is_some_and(|first| first.peak.is_some());
        if self.is_crowd && is_whole { domains.len().saturating_sub(TOP) } else { 0 }
    }

    /// Pours the rows that are, of the sheet `name`, of which `sheet` is what [`Content::domains`] wrote. Offsets are those
    /// of slices. The short names of the chart are left out: it does not show these.
    pub(super) fn pour_domains(
        &self,
        pour: &mut Pour<'_, '_, '_>,
        sheet: &str,
        name: &str,
        offsets: &Offsets,
    ) -> Result<()> {
        let (all, poured) = (&self.tally.domains, self.poured_domains());
        let kept = all.len() - poured;
        let frame = Frame::following(sheet, kept, all.len() as u64)?;
        let marks = Arc::new(frame.marks);
        pour.begin(name, &frame.head)?;
        let mut first = rows_of(kept) + 2;
        for domains in all[kept..].chunks(BLOCK_ROWS) {
            let row = |domain: &DomainTally| {
                let offset = domain.peak.and_then(|(slice, _)| offsets.get(slice)).copied();
                let value = |cell: &Cell<'_>| match cell {
                    Cell::Empty | Cell::Text("") => None,
                    Cell::Text(_) => offset,
                    cell => Some(Digits::of(cell)),
                };
                let mut text = String::new();
                let cells = self.domain(domain, &mut text, "");
                (domain.domain.clone(), cells[1..].iter().map(value).collect())
            };
            let rows = domains.iter().map(row).collect();
            pour.rows(Box::new(NamedTable { marks: Arc::clone(&marks), first, rows }))?;
            first += rows_of(domains.len());
        }
        pour.end(&frame.tail)
    }

    /// The row of a domain.
    fn domain<'t>(&self, domain: &'t DomainTally, offset: &'t mut String, short: &'t str) -> Vec<Cell<'t>> {
        let kind = self.spec.kind;
        let share = ratio(measure(kind, &domain.total).into(), measure(kind, &self.tally.total).into());
        let mut cells = vec![Cell::Text(domain.domain.as_str())];
        cells.extend(self.totals(&domain.total));
        cells.push(Cell::Percent(share));
        cells.push(self.level(domain.peak.map_or(0, |(_, value)| value)));
        let at = domain.peak.map(|(at, _)| at);
        cells.push(self.time_of(at));
        cells.extend(self.offset_of(at, offset));
        if self.is_flow() {
            let bytes = u128::from(domain.total.bytes);
            cells.push(Cell::Decimal(
                Bandwidth::new(bytes, self.figures.seconds, self.spec.factor).hundredths(),
            ));
        }
        cells.extend([self.level(domain.percentile_95), self.hit_ratio(&domain.total)]);
        cells.extend(logged(self.spec, &domain.total));
        cells.extend(self.has_long_names().then_some(Cell::Text(short)));
        cells
    }
}

impl Content<'_> {
    /// Whether the chart of domains would have no room beside their names.
    pub(super) fn has_long_names(&self) -> bool {
        self.tally.domains.iter().take(TOP).any(|one| display_width(one.domain.as_str()) > SHORT_NAME)
    }

    /// The column of Domains, from 0, with the names as the chart shows them.
    pub(super) fn chart_names(&self) -> u16 {
        if !self.has_long_names() {
            return 0;
        }
        let own = if self.is_flow() { 9 } else { 11 };
        let more = u16::from(self.calendar.has_change()) + u16::from(logged_column(self.spec).is_some());
        own + more
    }
}

/// The width of a time in bold letters, in digits.
const TIME_WIDTH: usize = 22;
/// Domains that the chart shows.
pub(super) const TOP: usize = 10;
/// The width of a name in the chart of domains, in digits.
const SHORT_NAME: usize = 34;
/// Up to so many hours the charts show hours in the place of days: a day, if one with a change of clocks.
const MAX_HOURS: usize = 26;

/// The column of Daily that holds a figure billed day by day.
pub(super) fn daily_column(billed: Billed) -> Option<Label> {
    match billed {
        Billed::DailyPeak => Some(Label::PeakBandwidth),
        Billed::Daily95 => Some(Label::Percentile95),
        _ => None,
    }
}

fn sum(slices: &[Usage]) -> Result<Usage> {
    let mut total = Usage::default();
    for usage in slices {
        total.merge(usage).map_err(|_| super::total_overflow("all domains"))?;
    }
    Ok(total)
}
