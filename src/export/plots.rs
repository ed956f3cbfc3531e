//! The charts of the Summary: what they show, from which ranges.

use super::columns::requests;
use super::content::Content;
use super::totals::TOP;
use super::workbook::chart::{Cells, Line, Plot, Shape};
use super::workbook::layout::rows_of;
use super::workbook::{Cell, Sheet};
use crate::contract::kind::Kind;
use crate::contract::request::ExportSpec;
use crate::error::Result;
use crate::locale::Label;
use crate::time::WINDOW_SECONDS;
use crate::usage::billing::Bandwidth;

/// Pixels that the first two columns of the Summary are wide, and the others: charts end where columns do.
const LEFT_PIXELS: u32 = 542;
const RIGHT_PIXELS: u32 = 505;
/// Pixels of a row.
const ROW_PIXELS: u32 = super::workbook::layout::PAGE_ROW_PIXELS;

const BLUE: u32 = 0x2E_75_B6;
const RED: u32 = 0xC0_00_00;
const ORANGE: u32 = 0xED_7D_31;
const GREEN: u32 = 0x70_AD_47;
const GREY: u32 = 0xA5_A5_A5;

impl Content<'_> {
    /// Puts the charts below what stands on the sheet, over so many rows.
    pub(super) fn charts(&self, sheet: &mut Sheet<'_>, rows: u32) -> Result<()> {
        let upper = rows.div_ceil(2);
        // A little space stays below each.
        let height = |rows: u32| (rows * ROW_PIXELS).saturating_sub(8);
        sheet.chart(0, &self.over_time(height(upper)))?;
        sheet.skip(upper);
        sheet.chart(0, &self.per_domain(height(rows - upper)))?;
        sheet.chart(2, &self.per_day(height(rows - upper)))?;
        sheet.skip(rows - upper);
        Ok(())
    }

    fn over_time(&self, height: u32) -> Plot<'_> {
        let last = rows_of(self.calendar.len());
        // Where clocks change, the offset stands beside the time.
        let more = u16::from(self.calendar.has_change());
        let cells = |column| {
            let column = if column == 0 { 0 } else { column + more };
            Cells { sheet: &self.names.account, column, first: 1, last }
        };
        let line = |name, column, colour| Line {
            name,
            values: cells(column),
            colour,
            dashed: false,
            in_legend: true,
        };
        let (from, to) = (self.calendar.local(0), self.calendar.local(self.calendar.len() - 1));
        let word = |label| self.word(label);
        let (title, shape, lines) = match self.spec.kind {
            Kind::Flow => {
                let limit = Line { dashed: true, ..line(word(Label::Percentile95Line), 4, RED) };
                // Some programs draw the first series in front, others the last one.
                let behind = Line { in_legend: false, ..limit.clone() };
                let lines = vec![behind, line(word(Label::BandwidthAxis), 3, BLUE), limit];
                (Label::BandwidthOverTime, Shape::Lines(from, to.max(from) + WINDOW_SECONDS), lines)
            }
            Kind::Vas => {
                let all = [
                    line(word(Label::HttpsRequests), 3, BLUE),
                    line(word(Label::QuicRequests), 4, GREEN),
                    line(word(Label::HttpRequests), 5, ORANGE),
                    line(word(Label::OtherRequests), 6, GREY),
                ];
                // An area without any height would still be drawn, as a line on top of the others.
                let found =
                    requests(&self.tally.total).into_iter().skip(1).map(|cell| cell != Cell::Whole(0));
                let found: Vec<bool> = found.collect();
                let is_shown = |at: usize| found[at] || !found.contains(&true);
                let lines = all.into_iter().enumerate().filter(|(at, _)| is_shown(*at)).map(|(_, line)| line);
                let lines: Vec<Line<'_>> = lines.collect();
                (Label::RequestsOverTime, Shape::Stacked(self.spec.range.seconds()), lines)
            }
        };
        Plot {
            title: word(title),
            shape,
            categories: cells(0),
            category_title: self.names.time.as_str(),
            value_title: &self.level_axis.0,
            value_format: self.level_axis.1,
            lines,
            width: LEFT_PIXELS + RIGHT_PIXELS,
            height,
        }
    }

    /// A column per day, or per hour of a single day.
    fn per_day(&self, height: u32) -> Plot<'_> {
        let (days, first) = (self.calendar.days().len(), self.first_hour_row());
        let (first, last, shape) = if self.is_hourly() {
            (first, first + rows_of(self.calendar.hours().len()) - 1, Shape::Hours)
        } else {
            (1, rows_of(days), Shape::Days(days))
        };
        let cells = |column| Cells { sheet: &self.names.daily, column, first, last };
        let title = match (self.is_flow(), self.is_hourly()) {
            (true, false) => Label::DailyTraffic,
            (true, true) => Label::HourlyTraffic,
            (false, false) => Label::DailyRequests,
            (false, true) => Label::HourlyRequests,
        };
        let column = if self.is_flow() { 2 } else { 1 };
        self.totals_plot(title, (shape, height), cells(0), cells(column))
    }

    fn per_domain(&self, height: u32) -> Plot<'_> {
        let last = rows_of(self.tally.domains.len().clamp(1, TOP));
        let cells = |column| Cells { sheet: &self.names.domains, column, first: 1, last };
        let column = if self.is_flow() { 2 } else { 1 };
        self.totals_plot(Label::TopDomains, (Shape::Bars, height), cells(self.chart_names()), cells(column))
    }

    fn totals_plot<'b>(
        &'b self,
        title: Label,
        (shape, height): (Shape, u32),
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
            category_title: match shape {
                Shape::Bars => "",
                Shape::Hours => &self.names.time,
                _ => self.word(Label::Date),
            },
            value_title: self.word(axis),
            value_format: format,
            lines: vec![Line { name: self.word(axis), values, colour, dashed: false, in_legend: true }],
            width: if shape == Shape::Bars { LEFT_PIXELS } else { RIGHT_PIXELS },
            height,
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
