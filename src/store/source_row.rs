//! What a source is, as a row of its table.

use super::failure::{failed, signed};
use super::source::{Arrival, SourceId, joined};
use super::total::LineCounts;
use super::writer::Writer;
use crate::digest::TextId;
use crate::domain::Domain;
use crate::error::Result;
use crate::report::SourceReport;
use rusqlite::params;

/// What an arrival says of its source, in the order of [`Writer::write_row`].
const COLUMNS: &str = "name, sort, size, whole, chain, head, text_bytes, format, region, named_domain, named_start, \
                       named_end, domain, file, fault, changed, lines, accepted, unplaced, blank, skipped, sketch, open, first, padding, text, account_id, described";

impl Writer {
    /// Writes what a source is: a new one, or one that is there.
    pub(super) fn write_row(&mut self, id: Option<SourceId>, arrival: &Arrival<'_>) -> Result<SourceId> {
        let Arrival { text, report, place, .. } = arrival;
        let hours = report.hours.as_ref();
        let counts = line_counts(report)?;
        let [lines, accepted, unplaced, blank, skipped] = counts;
        self.totals.sources += i64::from(id.is_none());
        // It goes by the name of where it was found, until it is named anew.
        if let Some(id) = id {
            self.source_names.forget(id);
        }
        self.totals.add(counts, 1);
        self.known_keys.note_text(text);
        place.file.iter().for_each(|file| self.known_keys.note_place(file.as_bytes()));
        let values = params![
            place.name,
            place.sort,
            report.size.map(signed).transpose()?,
            (text.len > 0).then_some(text.whole),
            text.chain,
            text.head(),
            signed(text.len)?,
            arrival.format,
            arrival.region.code().unwrap_or_default(),
            hours.map(|hours| hours.domain.as_str()),
            hours.map(|hours| hours.start),
            hours.map(|hours| hours.end),
            arrival.domain.map(Domain::as_str),
            place.file,
            report.fault.as_deref(),
            arrival.now,
            lines,
            accepted,
            unplaced,
            blank,
            skipped,
            report.sketch.to_bytes(),
            text.open,
            text.first(),
            signed(report.padding)?,
            joined_of(text),
            self.account.0,
            arrival.described,
            id.map(|id| id.0),
        ];
        // Two statements of one row each: one that does either must be able to undo half of it, and the database would
        // keep every page that it changes.
        let places = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28";
        let sql = match id {
            None => format!("INSERT INTO source ({COLUMNS}, arrived, id) VALUES ({places}, ?16, ?29)"),
            Some(_) => format!("UPDATE source SET ({COLUMNS}) = ({places}) WHERE id = ?29"),
        };
        self.db.prepare_cached(&sql).and_then(|mut put| put.execute(values)).map_err(failed)?;
        Ok(id.unwrap_or_else(|| SourceId(self.db.last_insert_rowid())))
    }
}

/// What is kept of a text whose lines take their domain from outside: see [`joined`].
pub(super) fn joined_of(text: &TextId) -> Option<Vec<u8>> {
    text.outside.as_ref().map(|domain| joined(&text.text, domain.as_str()))
}

/// What a report counts of lines.
pub(super) fn line_counts(report: &SourceReport) -> Result<LineCounts> {
    let counts = &report.counts;
    Ok([
        signed(counts.lines)?,
        signed(counts.accepted)?,
        signed(counts.outside_range)?,
        signed(counts.blank)?,
        signed(counts.skipped)?,
    ])
}
