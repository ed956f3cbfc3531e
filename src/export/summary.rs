//! The sheets beside Detail that show figures: Summary with its charts, Daily, Account, Domains.

use super::calendar::Calendar;
use super::columns::{
    column, figure_columns, figures, gigabytes, logged, logged_column, readable_bandwidth, readable_bytes,
    region_name, requests, time_column,
};
use super::request::{Billed, ExportSpec, Kind, Scope};
use super::sheets::SheetRows;
use super::tally::{DomainTally, Tally, measure};
use super::workbook::chart::{Cells, Line, Plot, Shape};
use super::workbook::{Cell, Column, Sheet, Tone};
use super::{FORMAT_VERSION, Names};
use crate::domain::Domain;
use crate::error::Result;
use crate::locale::Label;
use crate::region::Region;
use crate::time::minute_text;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, Figures, peak, percentile_95, ratio};
use std::ops::Range;

/// What the sheets are made from.
pub(super) struct Content<'a> {
    pub(super) spec: &'a ExportSpec,
    pub(super) calendar: &'a Calendar,
    pub(super) tally: &'a Tally,
    pub(super) figures: &'a Figures,
    pub(super) names: &'a Names,
    /// A row per Detail sheet: its position, first and last domain, domains, rows.
    pub(super) details: &'a [DetailSheet],
}

/// What stands on a Detail sheet.
pub(super) struct DetailSheet {
    /// First and last domain.
    domains: Option<(Domain, Domain)>,
    count: u64,
    pub(super) rows: u64,
}

impl DetailSheet {
    /// A sheet for these rows, no domain known yet.
    pub(super) fn of(rows: &SheetRows) -> Self {
        Self { domains: None, count: 0, rows: rows.end - rows.start }
    }

    /// Notes that the sheet holds rows of a domain; domains come in order.
    pub(super) fn holds(&mut self, domain: &Domain) {
        match &mut self.domains {
            Some((_, last)) if last == domain => return,
            Some((_, last)) => *last = domain.clone(),
            None => self.domains = Some((domain.clone(), domain.clone())),
        }
        self.count += 1;
    }
}

/// Columns of the Summary, and pixels that they are wide together.
const SUMMARY_WIDTHS: [usize; 5] = [36, 25, 16, 20, 10];
const SUMMARY_PIXELS: u32 = 774;
const CHART_HEIGHT: u32 = 270;
const ROW_PIXELS: u32 = 20;

const BLUE: u32 = 0x2E_75_B6;
const RED: u32 = 0xC0_00_00;
const ORANGE: u32 = 0xED_7D_31;
const GREEN: u32 = 0x70_AD_47;
const GREY: u32 = 0xA5_A5_A5;

impl<'a> Content<'a> {
    fn word(&self, label: Label) -> &'static str {
        label.text(self.spec.language)
    }

    fn column(&self, label: Label, width: usize) -> Column {
        column(label, self.spec.language, width)
    }

    fn is_flow(&self) -> bool {
        self.spec.kind == Kind::Flow
    }

    /// Bandwidth of so many logged bytes in one slice.
    fn slice(&self, bytes: u64) -> Bandwidth {
        Bandwidth::of_slice(bytes, self.spec.factor)
    }

    /// A peak or percentile as a cell: bandwidth of a flow, requests of a vas.
    fn level(&self, value: u64) -> Cell<'static> {
        if self.is_flow() { Cell::Decimal(self.slice(value).bps()) } else { Cell::Whole(value.into()) }
    }

    fn time_of(&self, slice: Option<usize>) -> Cell<'static> {
        slice.map_or(Cell::Empty, |slice| Cell::Time(self.calendar.local(slice)))
    }

    fn traffic(&self, usage: &Usage) -> u128 {
        self.spec.factor.bytes(usage.bytes.into())
    }

    fn hit_ratio(&self, usage: &Usage) -> Cell<'static> {
        Cell::Percent(match self.spec.kind {
            Kind::Flow => ratio(usage.hit_bytes.into(), usage.bytes.into()),
            Kind::Vas => ratio(usage.hits.into(), usage.total_requests().into()),
        })
    }

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
            let seconds = day.len() as u64 * 300;
            let average = Bandwidth::new(total.bytes.into(), seconds, self.spec.factor);
            cells.extend([Cell::Decimal(average.bps()), self.level(percentile_95(&values))]);
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

    /// Account: a row per slice, the sum over the domains; where there are several regions, all together
    /// first and each of them below.
    pub(super) fn account(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let mut columns = vec![time_column(self.spec), self.column(Label::Region, 8)];
        columns.extend(figure_columns(self.spec));
        if self.is_flow() {
            columns.push(self.column(Label::Percentile95, 20));
        }
        columns.extend(logged_column(self.spec));
        let blocks = self.account_blocks();
        sheet.table(&columns, rows_of(blocks.len() * self.calendar.len()))?;
        for (name, slices) in blocks {
            let level = self.level(percentile_95(&self.tally.measures(slices)));
            for (at, usage) in slices.iter().enumerate() {
                let mut cells = vec![Cell::Time(self.calendar.local(at)), Cell::Text(name)];
                cells.extend(figures(self.spec.kind, usage, self.spec.factor));
                cells.extend(self.is_flow().then_some(level));
                cells.extend(logged(self.spec, usage));
                sheet.row(&cells, Tone::Plain)?;
            }
        }
        Ok(())
    }

    fn account_blocks(&self) -> Vec<(&'static str, &'a [Usage])> {
        let name = |region| region_name(region, self.spec.language);
        let regions = self.tally.regions.iter().map(|(region, slices)| (name(*region), slices.as_slice()));
        if self.tally.regions.len() == 1 {
            return regions.collect();
        }
        let all = (name(Region::Unspecified), self.tally.slices.as_slice());
        let apart = regions.filter(|_| self.tally.regions.len() > 1);
        std::iter::once(all).chain(apart).collect()
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
            cells.push(Cell::Decimal(Bandwidth::new(bytes, self.figures.seconds, self.spec.factor).bps()));
        }
        cells.extend([self.level(domain.percentile_95), self.hit_ratio(&domain.total)]);
        cells.extend(logged(self.spec, &domain.total));
        sheet.row(&cells, Tone::Plain)
    }

    /// Summary: the task, the key figures, what stands where, the charts.
    pub(super) fn summary(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        sheet.page();
        sheet.widths(SUMMARY_WIDTHS)?;
        sheet.row(&[Cell::Text(self.word(Label::Title))], Tone::Title)?;
        sheet.skip(1);
        self.task(sheet)?;
        sheet.skip(1);
        self.key_figures(sheet)?;
        sheet.skip(1);
        self.detail_sheets(sheet)?;
        sheet.skip(1);
        self.charts(sheet)
    }

    fn section(&self, sheet: &mut Sheet<'_>, labels: [Option<Label>; 5]) -> Result<()> {
        let cells = labels.map(|label| label.map_or(Cell::Empty, |label| Cell::Text(self.word(label))));
        sheet.row(&cells, Tone::Section)
    }

    fn named(&self, sheet: &mut Sheet<'_>, label: Label, value: Cell<'_>) -> Result<()> {
        let cells = [Cell::Text(self.word(label)), value, Cell::Empty, Cell::Empty, Cell::Empty];
        sheet.row(&cells, Tone::Name)
    }

    fn task(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let spec = self.spec;
        let text = |text: &'static str| Cell::Text(text);
        self.section(sheet, [Some(Label::Task), None, None, None, None])?;
        if let Some(name) = &spec.name {
            self.named(sheet, Label::TaskName, Cell::Text(name))?;
        }
        if let Some(id) = &spec.id {
            self.named(sheet, Label::TaskId, Cell::Text(id))?;
        }
        self.named(
            sheet,
            Label::Type,
            text(self.word(if self.is_flow() { Label::Flow } else { Label::Vas })),
        )?;
        let scope = match &spec.scope {
            Scope::Account => self.word(Label::WholeAccount).to_owned(),
            Scope::Group(name) => format!("{}: {name}", self.word(Label::Group)),
            Scope::Domains => self.word(Label::NamedDomains).to_owned(),
        };
        self.named(sheet, Label::Scope, Cell::Text(&scope))?;
        self.named(sheet, Label::DomainCount, Cell::Whole(self.tally.domains.len() as u128))?;
        let regions: Vec<&str> = self.tally.regions.keys().map(|r| region_name(*r, spec.language)).collect();
        self.named(sheet, Label::Region, Cell::Text(&regions.join(", ")))?;
        let (start, end) = (spec.range.start().start(), spec.range.end().start());
        self.named(sheet, Label::StartTime, Cell::Time(spec.zone.local(start)))?;
        self.named(sheet, Label::EndTime, Cell::Time(spec.zone.local(end)))?;
        let (zone, offset) = (spec.zone.to_string(), spec.zone.heading(spec.range));
        let zone = if zone == offset { zone } else { format!("{zone} ({offset})") };
        self.named(sheet, Label::TimeZone, Cell::Text(&zone))?;
        if self.is_flow() {
            self.named(sheet, Label::TrafficFactor, Cell::Text(&format!("x {}", spec.factor)))?;
        }
        if let Some((bill_type, name)) = &spec.bill_type {
            let text = match daily_column(bill_type.billed) {
                Some(label) => format!("{name} ({}: {})", self.names.daily, self.word(label)),
                None => name.clone(),
            };
            self.named(sheet, Label::BillType, Cell::Text(&text))?;
        }
        if let Some(operator) = &spec.operator {
            self.named(sheet, Label::Operator, Cell::Text(operator))?;
        }
        self.named(sheet, Label::FormatVersion, Cell::Text(FORMAT_VERSION))
    }

    fn key_figures(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let heads = [Label::KeyFigures, Label::Value, Label::Readable, Label::When];
        let [a, b, c, d] = heads.map(Some);
        self.section(sheet, [a, b, c, d, self.spec.bill_type.is_some().then_some(Label::Billed)])?;
        let lines = if self.is_flow() { self.flow_figures() } else { self.vas_figures() };
        for line in lines {
            let billed = self.spec.bill_type.as_ref().is_some_and(|(b, _)| line.bills.contains(&b.billed));
            let mark = if billed { Cell::Text(self.word(Label::Billed)) } else { Cell::Empty };
            let cells =
                [Cell::Text(self.word(line.label)), line.value, Cell::Text(&line.readable), line.when, mark];
            sheet.row(&cells, if billed { Tone::Marked } else { Tone::Name })?;
        }
        Ok(())
    }

    fn flow_figures(&self) -> Vec<Figure> {
        let (total, factor, f) = (&self.tally.total, self.spec.factor, self.figures);
        let bytes =
            |label, bytes, bills| Figure::new(label, Cell::Whole(bytes), readable_bytes(bytes), bills);
        let level = |label, level: Bandwidth, bills| {
            Figure::new(label, Cell::Decimal(level.bps()), readable_bandwidth(level), bills)
        };
        let mut lines = vec![bytes(Label::TotalTraffic, self.traffic(total), &[Billed::Traffic])];
        if logged_column(self.spec).is_some() {
            lines.push(bytes(Label::TotalLoggedTraffic, total.bytes.into(), &[]));
        }
        let mut highest = level(Label::PeakBandwidth, self.slice(f.peak), &[]);
        highest.when = self.time_of(f.peak_at);
        lines.extend([
            highest,
            level(Label::AverageBandwidth, f.average(factor), &[]),
            level(Label::Percentile95, self.slice(f.percentile_95), &[Billed::Percentile95]),
            level(Label::AverageDailyPeak, f.average_daily_peak(factor), &[Billed::AverageDailyPeak]),
            level(Label::FourthDailyPeak, self.slice(f.fourth_daily_peak), &[Billed::FourthDailyPeak]),
            level(Label::AverageDaily95, f.average_daily_95(factor), &[Billed::AverageDaily95]),
            level(Label::NightHalf95, f.night_half(factor), &[Billed::NightHalf95]),
            Figure::new(Label::HitRatioBytes, self.hit_ratio(total), String::new(), &[]),
        ]);
        lines.extend(self.error_shares());
        lines
    }

    fn vas_figures(&self) -> Vec<Figure> {
        let total = &self.tally.total;
        let all = total.total_requests();
        let labels = [
            (Label::Requests, &[Billed::Requests][..]),
            (Label::HttpsRequests, &[Billed::HttpsRequests]),
            (Label::QuicRequests, &[Billed::QuicRequests]),
            (Label::HttpRequests, &[]),
            (Label::OtherRequests, &[]),
        ];
        let mut lines: Vec<Figure> = labels
            .into_iter()
            .zip(requests(total))
            .map(|((label, bills), cell)| {
                let share = if let Cell::Whole(part) = cell { ratio(part, all.into()) } else { 0.0 };
                Figure::new(label, cell, format!("{:.2}%", share * 100.0), bills)
            })
            .collect();
        let mut highest = Figure::new(Label::PeakRequests, self.level(self.figures.peak), String::new(), &[]);
        highest.when = self.time_of(self.figures.peak_at);
        lines.extend([highest, self.busiest_day()]);
        lines.push(Figure::new(Label::HitRatioRequests, self.hit_ratio(total), String::new(), &[]));
        lines.extend(self.error_shares());
        lines
    }

    fn busiest_day(&self) -> Figure {
        let values = self.tally.measures(&self.tally.slices);
        let sums: Vec<u64> =
            self.calendar.days().iter().map(|day| values[day.clone()].iter().sum()).collect();
        let (at, requests) = peak(&sums).unwrap_or_default();
        let mut line = Figure::new(Label::BusiestDay, Cell::Whole(requests.into()), String::new(), &[]);
        if requests > 0 {
            line.when = Cell::Date(self.calendar.midnight(&self.calendar.days()[at]));
        }
        line
    }

    fn error_shares(&self) -> [Figure; 2] {
        let total = &self.tally.total;
        let share = |label, part: u64| {
            let share = ratio(part.into(), total.total_requests().into());
            Figure::new(label, Cell::Percent(share), String::new(), &[])
        };
        [share(Label::ClientErrors, total.client_errors), share(Label::ServerErrors, total.server_errors)]
    }

    fn detail_sheets(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let heads = [Label::DetailSheets, Label::FirstDomain, Label::Rows, Label::LastDomain, Label::Domains];
        self.section(sheet, heads.map(Some))?;
        for (name, detail) in self.names.details.iter().zip(self.details) {
            let (first, last) = detail.domains.as_ref().map_or(("", ""), |(a, b)| (a.as_str(), b.as_str()));
            let cells = [
                Cell::Text(name),
                Cell::Text(first),
                Cell::Whole(detail.rows.into()),
                Cell::Text(last),
                Cell::Whole(detail.count.into()),
            ];
            sheet.row(&cells, Tone::Name)?;
        }
        Ok(())
    }

    fn charts(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let row = sheet.next_row();
        sheet.chart(row, 0, &self.over_time())?;
        let below = row + (CHART_HEIGHT + 8).div_ceil(ROW_PIXELS);
        sheet.chart(below, 0, &self.per_day())?;
        sheet.chart(below, SUMMARY_PIXELS / 2, &self.per_domain())
    }

    fn over_time(&self) -> Plot<'_> {
        let last = rows_of(self.calendar.len());
        let cells = |column| Cells { sheet: &self.names.account, column, first: 1, last };
        let line = |name, column, colour| Line { name, values: cells(column), colour, dashed: false };
        let (from, to) = (self.calendar.local(0), self.calendar.local(self.calendar.len() - 1));
        let word = |label| self.word(label);
        let (title, shape, lines) = match self.spec.kind {
            Kind::Flow => {
                let limit = Line { dashed: true, ..line(word(Label::Percentile95Line), 4, RED) };
                let lines = vec![line(word(Label::BandwidthAxis), 3, BLUE), limit];
                (Label::BandwidthOverTime, Shape::Lines(from, to.max(from) + 300), lines)
            }
            Kind::Vas => {
                let lines = vec![
                    line(word(Label::HttpsRequests), 3, BLUE),
                    line(word(Label::QuicRequests), 4, GREEN),
                    line(word(Label::HttpRequests), 5, ORANGE),
                    line(word(Label::OtherRequests), 6, GREY),
                ];
                (Label::RequestsOverTime, Shape::Stacked(self.spec.range.seconds()), lines)
            }
        };
        Plot {
            title: word(title),
            shape,
            categories: cells(0),
            category_title: self.names.time.as_str(),
            value_title: &self.names.level_axis.0,
            value_format: self.names.level_axis.1,
            lines,
            width: SUMMARY_PIXELS,
            height: CHART_HEIGHT,
        }
    }

    fn per_day(&self) -> Plot<'_> {
        let last = rows_of(self.calendar.days().len());
        let cells = |column| Cells { sheet: &self.names.daily, column, first: 1, last };
        let (title, column) =
            if self.is_flow() { (Label::DailyTraffic, 2) } else { (Label::DailyRequests, 1) };
        self.totals_plot(title, Shape::Columns, cells(0), cells(column))
    }

    fn per_domain(&self) -> Plot<'_> {
        let last = rows_of(self.tally.domains.len().clamp(1, 10));
        let cells = |column| Cells { sheet: &self.names.domains, column, first: 1, last };
        let column = if self.is_flow() { 2 } else { 1 };
        self.totals_plot(Label::TopDomains, Shape::Bars, cells(0), cells(column))
    }

    fn totals_plot<'b>(
        &'b self,
        title: Label,
        shape: Shape,
        categories: Cells<'b>,
        values: Cells<'b>,
    ) -> Plot<'b> {
        let (axis, format) = if self.is_flow() {
            (Label::TrafficAxis, self.gb_format())
        } else {
            (Label::RequestsAxis, "#,##0")
        };
        let colour = if shape == Shape::Bars { GREEN } else { BLUE };
        Plot {
            title: self.word(title),
            shape,
            categories,
            category_title: if shape == Shape::Bars { "" } else { self.word(Label::Date) },
            value_title: self.word(axis),
            value_format: format,
            lines: vec![Line { name: self.word(axis), values, colour, dashed: false }],
            width: SUMMARY_PIXELS / 2 - 4,
            height: CHART_HEIGHT,
        }
    }

    fn gb_format(&self) -> &'static str {
        match self.traffic(&self.tally.total) >> 20 {
            0..100 => "#,##0.0000",
            100..10_240 => "#,##0.00",
            _ => "#,##0",
        }
    }
}

/// A line of the key figures.
struct Figure {
    label: Label,
    value: Cell<'static>,
    readable: String,
    when: Cell<'static>,
    bills: &'static [Billed],
}

impl Figure {
    fn new(label: Label, value: Cell<'static>, readable: String, bills: &'static [Billed]) -> Self {
        Self { label, value, readable, when: Cell::Empty, bills }
    }
}

/// The column of Daily that holds a figure billed day by day.
fn daily_column(billed: Billed) -> Option<Label> {
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

/// Rows of a sheet; more than a sheet holds are refused when they are written.
pub(super) fn rows_of(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Title and number format of an axis of requests, or of bandwidths: these count in thousands, so a number
/// format shows them in the unit that fits their peak.
pub(super) fn level_axis(spec: &ExportSpec, peak: u64) -> (String, &'static str) {
    if spec.kind == Kind::Vas {
        return (Label::RequestsAxis.text(spec.language).into(), "#,##0");
    }
    let (unit, format) = match Bandwidth::of_slice(peak, spec.factor).hundredths() / 100 {
        0..10_000 => ("bps", "#,##0"),
        10_000..10_000_000 => ("kbps", "#,##0,"),
        10_000_000..10_000_000_000 => ("Mbps", "#,##0,,"),
        _ => ("Gbps", "#,##0,,,"),
    };
    (format!("{} ({unit})", Label::BandwidthAxis.text(spec.language)), format)
}

/// The times as a text for messages: `2026-03-01 20:05 (UTC+08:00)`.
pub(super) fn when_text(spec: &ExportSpec, calendar: &Calendar, slice: usize) -> String {
    format!("{} ({})", minute_text(calendar.local(slice)), spec.zone.heading(spec.range))
}
