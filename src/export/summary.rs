//! The sheet Summary: the task, the key figures, completeness, the charts, which domains are on which sheet, notes.

use super::FORMAT_VERSION;
use super::account::ranks;
use super::columns::{logged_column, readable_bandwidth, readable_bytes, region_name, requests};
use super::content::Content;
use super::workbook::layout::rows_of;
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::contract::bill::Billed;
use crate::contract::request::DetailRows;
use crate::error::Result;
use crate::locale::{Label, Language, shortened};
use crate::region::Region;
use crate::usage::billing::{Bandwidth, dropped_by_95, peak, ratio};

/// Columns of the Summary, in digits.
const SUMMARY_WIDTHS: [usize; 5] = [48, 28, 23, 28, 19];
/// Digits of a text that runs on from the second column to the last.
const VALUE_WIDTH: usize = 90;
/// Rows of a printed page that is as wide as these columns.
const PAGE_ROWS: u32 = 77;
/// Rows of charts, at least and at most.
const CHART_ROWS: (u32, u32) = (26, 40);

/// With up to so many Detail sheets the Summary is printed on one page.
const PAGE_DETAILS: usize = 4;

/// A cell of the Summary with a name in the workbook: its row and column, from 0.
pub(super) type Defined = (&'static str, u32, u16);

impl Content<'_> {
    /// Summary: the task, the key figures, how complete the data is, the charts, what stands where, notes. Gives the
    /// cells that have names.
    pub(super) fn summary(&self, sheet: &mut Sheet<'_>) -> Result<Vec<Defined>> {
        sheet.page(self.details.len() <= PAGE_DETAILS)?;
        sheet.widths(SUMMARY_WIDTHS)?;
        sheet.row(&[Cell::Text(self.word(Label::Title))], Tone::Title)?;
        sheet.skip(1);
        self.task(sheet)?;
        sheet.skip(1);
        let names = self.key_figures(sheet)?;
        sheet.skip(1);
        self.data(sheet)?;
        sheet.skip(1);
        // The charts fill what the rest leaves of the page.
        let below = 3 + self.notes().len() + self.details.len() * 3;
        let left = PAGE_ROWS.saturating_sub(sheet.next_row() + rows_of(below));
        self.charts(sheet, left.clamp(CHART_ROWS.0, CHART_ROWS.1))?;
        self.detail_sheets(sheet)?;
        sheet.skip(1);
        self.section(sheet, &[Label::Notes])?;
        self.notes().iter().try_for_each(|note| sheet.line(note, Tone::Note))?;
        sheet.print_filled(SUMMARY_WIDTHS.len())?;
        Ok(names)
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

    /// A text as far as the page has room; the whole is a note of its cell where that is not all.
    fn text(&self, sheet: &mut Sheet<'_>, label: Label, text: &str) -> Result<()> {
        let short = shortened(text, VALUE_WIDTH);
        if short != text {
            sheet.note(1, text)?;
        }
        self.named(sheet, label, Cell::Text(&short))
    }

    fn task(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let spec = self.spec;
        self.section(sheet, &[Label::Task])?;
        for (label, text) in [(Label::TaskName, &spec.name), (Label::TaskId, &spec.id)] {
            text.as_ref().map_or(Ok(()), |text| self.text(sheet, label, text))?;
        }
        self.text(sheet, Label::Type, self.word(if self.is_flow() { Label::Flow } else { Label::Vas }))?;
        self.scope(sheet)?;
        let (start, end) = (spec.range.start().start(), spec.range.end().start());
        self.named(sheet, Label::StartTime, Cell::Time(spec.zone.local(start)))?;
        self.named(sheet, Label::EndTime, Cell::Time(spec.zone.local(end)))?;
        let (zone, offset) = (spec.zone.to_string(), spec.zone.heading(spec.range));
        let zone = if zone == offset { zone } else { format!("{zone} ({offset})") };
        self.text(sheet, Label::TimeZone, &zone)?;
        if self.is_flow() {
            self.text(sheet, Label::TrafficFactor, &format!("x {}", spec.factor))?;
        }
        if spec.rows == DetailRows::Sparse {
            self.text(sheet, Label::DetailRows, self.word(Label::SparseRows))?;
        }
        if !spec.fold.is_empty() {
            let folds: Vec<String> = spec.fold.iter().map(ToString::to_string).collect();
            self.text(sheet, Label::Folds, &folds.join(", "))?;
        }
        if let Some((bill_type, name)) = &spec.bill_type {
            self.text(sheet, Label::BillType, &format!("{name}: {}", self.word(bill_type.billed.words())))?;
        }
        if let Some(operator) = &spec.operator {
            self.text(sheet, Label::Operator, operator)?;
        }
        self.named(sheet, Label::Made, Cell::Time(spec.zone.local(self.created)))?;
        let by = self.word(Label::FormatOf).replace("{version}", env!("CARGO_PKG_VERSION"));
        self.text(sheet, Label::MadeBy, &by.replace("{format}", FORMAT_VERSION))
    }

    fn scope(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.text(sheet, Label::Scope, &self.spec.scope.text(self.spec.language))?;
        self.named(sheet, Label::DomainCount, Cell::Whole(self.tally.domains.len() as u128))?;
        let region = |region: &Region| region_name(*region, self.spec.language);
        let regions: Vec<&str> = self.tally.regions.keys().map(region).collect();
        self.text(
            sheet,
            Label::Region,
            &if regions.is_empty() { DASH.to_owned() } else { regions.join(", ") },
        )
    }

    /// How complete the data is.
    fn data(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::Completeness])?;
        let (have, total) = (self.completeness, self.report.totals());
        let of = |label: Label, with: u64, all: u64| {
            let share = format!("{:.2}%", ratio(with.into(), all.into()) * 100.0);
            let text = self.word(label).replace("{with}", &thousands(with)).replace("{all}", &thousands(all));
            text.replace("{share}", &share)
        };
        let hours = of(Label::OfHours, have.hours_with_log, have.hours);
        let pairs = of(Label::OfDomainHours, have.with_log, have.expected);
        let rejected = self.word(Label::OfLines).replace("{some}", &thousands(total.rejected_total()));
        let rejected = rejected.replace("{all}", &thousands(total.lines));
        let faults = self.report.faults().count() as u64 + self.report.elsewhere.faults;
        self.checked(sheet, Label::HoursWithLog, &hours, have.hours_with_log == have.hours)?;
        self.checked(sheet, Label::DomainHours, &pairs, have.is_complete())?;
        self.checked(sheet, Label::Rejected, &rejected, total.rejected_total() == 0)?;
        self.checked(sheet, Label::Faults, &thousands(faults), faults == 0)?;
        let overlaps = self.report.overlaps().len() as u64;
        self.checked(sheet, Label::Overlaps, &thousands(overlaps), overlaps == 0)
    }

    /// A fact that stands out where it is not as it should be.
    fn checked(&self, sheet: &mut Sheet<'_>, label: Label, text: &str, is_good: bool) -> Result<()> {
        let cells = [Cell::Text(self.word(label)), Cell::Text(text), Cell::Empty, Cell::Empty, Cell::Empty];
        sheet.toned_row(&cells, |at| if is_good || at != 1 { Tone::Fact } else { Tone::Marked })
    }

    fn notes(&self) -> Vec<String> {
        let all = self.calendar.len();
        let dropped = dropped_by_95(all);
        let percentile = self.word(Label::NotePercentile).replace("{all}", &thousands(all as u64));
        let percentile = percentile.replace("{dropped}", &thousands(dropped as u64));
        let percentile = percentile.replace("{rank}", &thousands(dropped as u64 + 1));
        let plain = |label| self.word(label).to_owned();
        let mut notes = if self.is_flow() {
            vec![plain(Label::NoteUnits), percentile, plain(Label::NoteNight)]
        } else {
            vec![plain(Label::NoteRequests)]
        };
        notes.extend(self.billed_days().map(|_| plain(Label::NoteBilledDaily)));
        notes.extend([plain(Label::NoteHours), plain(Label::NoteNone)]);
        notes
    }

    fn key_figures(&self, sheet: &mut Sheet<'_>) -> Result<Vec<Defined>> {
        let lines = if self.is_flow() { self.flow_figures() } else { self.vas_figures() };
        let mut heads = vec![Label::KeyFigures, Label::Value, Label::Readable, Label::When];
        // What bills day by day is marked on Daily.
        let bills =
            |line: &Figure| self.spec.bill_type.as_ref().is_some_and(|(b, _)| line.bills.contains(&b.billed));
        heads.extend(lines.iter().any(bills).then_some(Label::Billed));
        self.section(sheet, &heads)?;
        let mut names = Vec::new();
        for line in lines {
            let billed = bills(&line);
            names.push((line.name(), sheet.next_row(), 1));
            names.extend(billed.then_some(("Billed", sheet.next_row(), 1)));
            self.key_figure(sheet, &line, billed)?;
        }
        Ok(names)
    }

    fn key_figure(&self, sheet: &mut Sheet<'_>, line: &Figure, billed: bool) -> Result<()> {
        let mark = if billed { Cell::Text(self.word(Label::Billed)) } else { Cell::Empty };
        let text = match line.when {
            Some(When::Slice(at)) if self.calendar.has_change() => self.calendar.text(at),
            _ => String::new(),
        };
        let when = match line.when {
            Some(When::Slice(_)) if !text.is_empty() => Cell::Text(&text),
            Some(When::Slice(at)) => Cell::Time(self.calendar.local(at)),
            Some(When::Day(midnight)) => Cell::Date(midnight),
            None => Cell::Empty,
        };
        let cells = [Cell::Text(self.word(line.label)), line.value, Cell::Text(&line.readable), when, mark];
        sheet.toned_row(&cells, |at| match at {
            1 if billed && line.value == NONE => Tone::MarkedRight,
            _ if billed => Tone::Marked,
            1 if line.value == NONE => Tone::NameRight,
            3 => Tone::Fact,
            _ => Tone::Name,
        })
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
        highest.when = f.peak_at.map(When::Slice);
        let mut percentile = level(Label::Percentile95, self.slice(f.percentile_95), &[Billed::Percentile95]);
        percentile.when = self.percentile_slice().map(When::Slice);
        let mut fourth =
            level(Label::FourthDailyPeak, self.slice(f.fourth_daily_peak), &[Billed::FourthDailyPeak]);
        if f.days < 4 {
            (fourth.value, fourth.readable) = (NONE, String::new());
        }
        lines.extend([
            highest,
            level(Label::AverageBandwidth, f.average(factor), &[]),
            percentile,
            level(Label::AverageDailyPeak, f.average_daily_peak(factor), &[Billed::AverageDailyPeak]),
            fourth,
            level(Label::AverageDaily95, f.average_daily_95(factor), &[Billed::AverageDaily95]),
            level(Label::NightHalf95, f.night_half(factor), &[Billed::NightHalf95]),
            Figure::new(
                Label::HitRatioBytes,
                ratio_of(total.bytes, self.hit_ratio(total)),
                String::new(),
                &[],
            ),
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
        highest.when = self.figures.peak_at.map(When::Slice);
        lines.extend([highest, self.busiest_day()]);
        let ratio = ratio_of(all, self.hit_ratio(total));
        lines.push(Figure::new(Label::HitRatioRequests, ratio, String::new(), &[]));
        lines.extend(self.error_shares());
        lines
    }

    /// The slice that is the 95th percentile: of equals that which the ranks of Account tell.
    fn percentile_slice(&self) -> Option<usize> {
        self.figures.peak_at?;
        let ranks = ranks(&self.tally.measures(&self.tally.slices));
        ranks.iter().position(|rank| *rank == dropped_by_95(ranks.len()) + 1)
    }

    fn busiest_day(&self) -> Figure {
        let values = self.tally.measures(&self.tally.slices);
        let sums: Vec<u64> =
            self.calendar.days().iter().map(|day| values[day.clone()].iter().sum()).collect();
        let (at, requests) = peak(&sums).unwrap_or_default();
        let mut line = Figure::new(Label::BusiestDay, Cell::Whole(requests.into()), String::new(), &[]);
        if requests > 0 {
            line.when = Some(When::Day(self.calendar.midnight(&self.calendar.days()[at])));
        }
        line
    }

    fn error_shares(&self) -> [Figure; 2] {
        let total = &self.tally.total;
        let share = |label, part: u64| {
            let share = ratio(part.into(), total.total_requests().into());
            let share = ratio_of(total.total_requests(), Cell::Percent(share));
            Figure::new(label, share, String::new(), &[])
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
                for (label, domain) in [(Label::FirstDomain, first), (Label::LastDomain, last)] {
                    let short = shortened(domain.as_str(), VALUE_WIDTH);
                    if short != domain.as_str() {
                        sheet.note(1, domain.as_str())?;
                    }
                    // A name may run on to the right.
                    let label = format!("    {}", self.word(label));
                    sheet.row(&[Cell::Text(&label), Cell::Text(&short), blank, blank, blank], Tone::Name)?;
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
    when: Option<When>,
    bills: &'static [Billed],
}

/// When a figure was.
#[derive(Clone, Copy)]
enum When {
    Slice(usize),
    /// A day, by its midnight.
    Day(i64),
}

/// What stands in the place of a figure that does not exist.
const DASH: &str = Label::Dash.text(Language::EnUs);
const NONE: Cell<'static> = Cell::Text(DASH);

impl Figure {
    fn new(label: Label, value: Cell<'static>, readable: String, bills: &'static [Billed]) -> Self {
        Self { label, value, readable, when: None, bills }
    }

    /// What its cell is called in formulas, in every language. A name such as P95 would be that of a cell.
    const fn name(&self) -> &'static str {
        match self.label {
            Label::TotalTraffic => "TotalTraffic",
            Label::LoggedTraffic => "LoggedTraffic",
            Label::PeakBandwidth => "PeakBandwidth",
            Label::AverageBandwidth => "AverageBandwidth",
            Label::Percentile95 => "Percentile95",
            Label::AverageDailyPeak => "AverageDailyPeak",
            Label::FourthDailyPeak => "FourthDailyPeak",
            Label::AverageDaily95 => "AverageDaily95th",
            Label::NightHalf95 => "NightHalf95th",
            Label::HitRatioBytes | Label::HitRatioRequests => "HitRatio",
            Label::Requests => "TotalRequests",
            Label::HttpsRequests => "HttpsRequests",
            Label::QuicRequests => "QuicRequests",
            Label::HttpRequests => "HttpRequests",
            Label::OtherRequests => "OtherRequests",
            Label::PeakRequests => "PeakRequests",
            Label::BusiestDay => "BusiestDayRequests",
            Label::ClientErrors => "ClientErrorShare",
            _ => "ServerErrorShare",
        }
    }
}

/// A ratio, which does not exist where there is nothing that it is of.
const fn ratio_of(whole: u64, ratio: Cell<'static>) -> Cell<'static> {
    if whole == 0 { NONE } else { ratio }
}

/// `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let group = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    let parts =
        digits.char_indices().flat_map(|(at, digit)| group(at).then_some(',').into_iter().chain([digit]));
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let grouped = [0, 999, 1000, 1_234_567].map(thousands);
        assert_eq!(grouped, ["0", "999", "1,000", "1,234,567"]);
    }
}
