//! The sheet Summary: the task, the key figures, what stands where, the charts.

use super::FORMAT_VERSION;
use super::bill::Billed;
use super::columns::{logged_column, readable_bandwidth, readable_bytes, region_name, requests};
use super::content::Content;
use super::request::{DetailRows, Scope};
use super::totals::daily_column;
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::error::Result;
use crate::locale::Label;
use crate::usage::billing::{Bandwidth, peak, ratio};

/// Columns of the Summary, and pixels that they are wide together.
const SUMMARY_WIDTHS: [usize; 5] = [36, 21, 15, 21, 13];

/// With up to so many Detail sheets the Summary is printed on one page.
const PAGE_DETAILS: usize = 4;

impl Content<'_> {
    /// Summary: the task, the key figures, what stands where, the charts.
    pub(super) fn summary(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        sheet.page(self.details.len() <= PAGE_DETAILS);
        sheet.widths(SUMMARY_WIDTHS)?;
        sheet.row(&[Cell::Text(self.word(Label::Title))], Tone::Title)?;
        sheet.skip(1);
        self.task(sheet)?;
        sheet.skip(1);
        self.key_figures(sheet)?;
        sheet.skip(1);
        self.charts(sheet)?;
        self.detail_sheets(sheet)
    }

    fn section(&self, sheet: &mut Sheet<'_>, labels: &[Label]) -> Result<()> {
        let mut columns: Vec<Column> = labels.iter().map(|label| self.column(*label, 0)).collect();
        columns.resize(SUMMARY_WIDTHS.len(), Column::text("", 0));
        sheet.heads(&columns, [Tone::Section, Tone::SectionRight])
    }

    fn named(&self, sheet: &mut Sheet<'_>, label: Label, value: Cell<'_>) -> Result<()> {
        let cells = [Cell::Text(self.word(label)), value, Cell::Empty, Cell::Empty, Cell::Empty];
        sheet.row(&cells, Tone::Fact)
    }

    fn task(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let spec = self.spec;
        let text = |text: &'static str| Cell::Text(text);
        self.section(sheet, &[Label::Task])?;
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
        self.named(sheet, Label::TrafficFactor, Cell::Text(&format!("x {}", spec.factor)))?;
        if spec.rows == DetailRows::Sparse {
            self.named(sheet, Label::DetailRows, text(self.word(Label::SparseRows)))?;
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
        let mut heads = vec![Label::KeyFigures, Label::Value, Label::Readable, Label::When];
        heads.extend(self.spec.bill_type.is_some().then_some(Label::Billed));
        self.section(sheet, &heads)?;
        let lines = if self.is_flow() { self.flow_figures() } else { self.vas_figures() };
        for line in lines {
            let billed = self.spec.bill_type.as_ref().is_some_and(|(b, _)| line.bills.contains(&b.billed));
            let mark = if billed { Cell::Text(self.word(Label::Billed)) } else { Cell::Empty };
            let cells =
                [Cell::Text(self.word(line.label)), line.value, Cell::Text(&line.readable), line.when, mark];
            sheet.toned_row(&cells, |at| match at {
                _ if billed => Tone::Marked,
                3 => Tone::Fact,
                _ => Tone::Name,
            })?;
        }
        Ok(())
    }

    fn flow_figures(&self) -> Vec<Figure> {
        let (total, factor, f) = (&self.tally.total, self.spec.factor, self.figures);
        let bytes =
            |label, bytes, bills| Figure::new(label, Cell::Whole(bytes), readable_bytes(bytes), bills);
        let level = |label, level: Bandwidth, bills| {
            Figure::new(label, Cell::Decimal(level.hundredths()), readable_bandwidth(level), bills)
        };
        let mut lines = vec![bytes(Label::TotalTraffic, self.traffic(total), &[Billed::Traffic])];
        if logged_column(self.spec).is_some() {
            lines.push(bytes(Label::LoggedTraffic, total.bytes.into(), &[]));
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
        self.section(sheet, &[Label::DetailSheets, Label::Rows, Label::DomainsHere])?;
        for (name, detail) in self.names.details.iter().zip(self.details) {
            let blank = Cell::Empty;
            let (rows, count) = (Cell::Whole(detail.rows.into()), Cell::Whole(detail.count.into()));
            sheet.row(&[Cell::Text(name), rows, count, blank, blank], Tone::Name)?;
            if let Some((first, last)) = &detail.domains {
                // A name may run on to the right.
                for (label, domain) in [(Label::FirstDomain, first), (Label::LastDomain, last)] {
                    let label = format!("    {}", self.word(label));
                    let cells = [Cell::Text(&label), Cell::Text(domain.as_str()), blank, blank, blank];
                    sheet.row(&cells, Tone::Name)?;
                }
            }
        }
        Ok(())
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
