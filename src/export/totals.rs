//! The sheets of sums: Daily, Domains.

use super::bill::Billed;
use super::columns::{figure_columns, gigabytes, logged, logged_column, requests};
use super::content::{Content, rows_of};
use super::request::Kind;
use super::tally::{DomainTally, measure};
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::error::Result;
use crate::locale::Label;
use crate::time::WINDOW_SECONDS;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, peak, percentile_95, ratio};
use std::ops::Range;

impl Content<'_> {
    /// Daily: a row per local day.
    pub(super) fn daily(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let mut columns = vec![self.column(Label::Date, 12)];
        columns.extend(self.traffic_or_requests());
        columns.extend([self.column(self.peak_label(), 20), self.column(Label::PeakTime, 19)]);
        if self.is_flow() {
            columns.extend([self.column(Label::AverageBandwidth, 20), self.column(Label::Percentile95, 20)]);
        }
        columns.push(self.column(Label::HitRatio, 10));
        columns.extend(logged_column(self.spec));
        sheet.table(&columns, rows_of(self.calendar.days().len()))?;
        for day in self.calendar.days() {
            self.day(sheet, day)?;
        }
        Ok(())
    }

    fn day(&self, sheet: &mut Sheet<'_>, day: &Range<usize>) -> Result<()> {
        let slices = &self.tally.slices[day.clone()];
        let (values, total) = (self.tally.measures(slices), sum(slices)?);
        let highest = peak(&values).filter(|(_, value)| *value > 0);
        let mut cells = vec![Cell::Date(self.calendar.midnight(day))];
        cells.extend(self.totals(&total));
        cells.push(self.level(highest.map_or(0, |(_, value)| value)));
        cells.push(self.time_of(highest.map(|(at, _)| day.start + at)));
        if self.is_flow() {
            let seconds = day.len() as u64 * WINDOW_SECONDS.unsigned_abs();
            let average = Bandwidth::new(total.bytes.into(), seconds, self.spec.factor);
            cells.extend([Cell::Decimal(average.hundredths()), self.level(percentile_95(&values))]);
        }
        cells.push(self.hit_ratio(&total));
        cells.extend(logged(self.spec, &total));
        let billed = self.billed_daily().map(|label| if label == self.peak_label() { 3 } else { 6 });
        sheet.toned_row(&cells, |at| if billed == Some(at) { Tone::Marked } else { Tone::Plain })
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
        columns.extend([self.column(self.peak_label(), 20), self.column(Label::PeakTime, 19)]);
        if self.is_flow() {
            columns.push(self.column(Label::AverageBandwidth, 20));
        }
        let percentile = if self.is_flow() { Label::Percentile95 } else { Label::Percentile95Requests };
        columns.extend([self.column(percentile, 20), self.column(Label::HitRatio, 10)]);
        columns.extend(logged_column(self.spec));
        let rows = rows_of(self.tally.domains.len());
        sheet.table(&columns, rows)?;
        sheet.bars(1, rows)?;
        for domain in &self.tally.domains {
            self.domain(sheet, domain)?;
        }
        Ok(())
    }

    fn domain(&self, sheet: &mut Sheet<'_>, domain: &DomainTally) -> Result<()> {
        let kind = self.spec.kind;
        let share = ratio(measure(kind, &domain.total).into(), measure(kind, &self.tally.total).into());
        let mut cells = vec![Cell::Text(domain.domain.as_str())];
        cells.extend(self.totals(&domain.total));
        cells.push(Cell::Percent(share));
        cells.push(self.level(domain.peak.map_or(0, |(_, value)| value)));
        cells.push(self.time_of(domain.peak.map(|(at, _)| at)));
        if self.is_flow() {
            let bytes = u128::from(domain.total.bytes);
            cells.push(Cell::Decimal(
                Bandwidth::new(bytes, self.figures.seconds, self.spec.factor).hundredths(),
            ));
        }
        cells.extend([self.level(domain.percentile_95), self.hit_ratio(&domain.total)]);
        cells.extend(logged(self.spec, &domain.total));
        sheet.row(&cells, Tone::Plain)
    }
}

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
        total.merge(usage).map_err(|_| super::total_overflow())?;
    }
    Ok(total)
}
