//! The data of the sheets other than Detail, and the cells that several of them share.

use super::Names;
use super::calendar::Calendar;
use super::columns::column;
use super::completeness::Completeness;
use super::sheets::SheetRows;
use super::tally::Tally;
use super::workbook::{Cell, Column};
use crate::contract::kind::Kind;
use crate::contract::request::ExportSpec;
use crate::domain::Domain;
use crate::locale::Label;
use crate::report::Report;
use crate::time::minute_text;
use crate::usage::Usage;
use crate::usage::billing::{Bandwidth, Figures, ratio};

/// What the sheets are made from.
pub(super) struct Content<'a> {
    pub(super) spec: &'a ExportSpec,
    pub(super) calendar: &'a Calendar,
    pub(super) tally: &'a Tally,
    pub(super) figures: &'a Figures,
    pub(super) names: &'a Names,
    /// Title and number format of the axis of levels.
    pub(super) level_axis: (String, &'static str),
    /// How much of it has a log.
    pub(super) completeness: &'a Completeness,
    /// What was read.
    pub(super) report: &'a Report,
    /// When the workbook is made, unix seconds.
    pub(super) created: i64,
    /// A row per Detail sheet: its position, first and last domain, domains, rows.
    pub(super) details: &'a [DetailSheet],
    /// Whether there are more domains than names that sheets share.
    pub(super) is_crowd: bool,
}

/// What stands on a Detail sheet.
pub(super) struct DetailSheet {
    /// First and last domain.
    pub(super) domains: Option<(Domain, Domain)>,
    pub(super) count: u64,
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

impl Content<'_> {
    pub(super) fn word(&self, label: Label) -> &'static str {
        label.text(self.spec.language)
    }

    pub(super) fn column(&self, label: Label, width: usize) -> Column {
        column(label, self.spec.language, width)
    }

    pub(super) fn is_flow(&self) -> bool {
        self.spec.kind == Kind::Flow
    }

    /// Bandwidth of so many logged bytes in one slice.
    pub(super) fn slice(&self, bytes: u64) -> Bandwidth {
        Bandwidth::of_slice(bytes, self.spec.factor)
    }

    /// A peak or percentile as a cell: bandwidth of a flow, requests of a vas.
    pub(super) fn level(&self, value: u64) -> Cell<'static> {
        if self.is_flow() { Cell::Decimal(self.slice(value).hundredths()) } else { Cell::Whole(value.into()) }
    }

    pub(super) fn time_of(&self, slice: Option<usize>) -> Cell<'static> {
        slice.map_or(Cell::Empty, |slice| Cell::Time(self.calendar.local(slice)))
    }

    /// The offset of a slice beside its time, where clocks change within the range.
    pub(super) fn offset_of<'t>(&self, slice: Option<usize>, text: &'t mut String) -> Option<Cell<'t>> {
        if !self.calendar.has_change() {
            return None;
        }
        *text = slice.and_then(|slice| self.calendar.offset(slice)).unwrap_or_default();
        Some(if text.is_empty() { Cell::Empty } else { Cell::Text(text) })
    }

    pub(super) fn traffic(&self, usage: &Usage) -> u128 {
        self.spec.factor.bytes(usage.bytes.into())
    }

    pub(super) fn hit_ratio(&self, usage: &Usage) -> Cell<'static> {
        Cell::Percent(match self.spec.kind {
            Kind::Flow => ratio(usage.hit_bytes.into(), usage.bytes.into()),
            Kind::Vas => ratio(usage.hits.into(), usage.total_requests().into()),
        })
    }
}

/// The times as a text for messages: `2026-03-01 20:05 (UTC+08:00)`.
pub(super) fn when_text(spec: &ExportSpec, calendar: &Calendar, slice: usize) -> String {
    let zone = calendar.offset(slice).map(|offset| format!("UTC{offset}"));
    let zone = zone.unwrap_or_else(|| spec.zone.heading(spec.range));
    format!("{} ({zone})", minute_text(calendar.local(slice)))
}
