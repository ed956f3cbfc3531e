//! The sheet Data Quality: what was read, what was not counted and why, what is missing.

use super::calendar::{Calendar, offset_text};
use super::columns::column;
use super::completeness::{Completeness, MAX_GAPS};
use super::sheets::EXCEL_ROWS;
use super::tally::Tally;
use super::workbook::layout::rows_of;
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::contract::request::ExportSpec;
use crate::error::Result;
use crate::hours::{HOUR_SECONDS, of_range};
use crate::locale::{Label, display_width};
use crate::record::Reason;
use crate::report::overlap::Overlap;
use crate::report::{Report, SAMPLE_BYTES, SAMPLES_PER_REASON, hours_and_minutes};
use crate::time::{WINDOW_SECONDS, minute_text};
use std::ops::Range;

/// Rows of each of the lists of sources: faults, duplicates, overlaps, padding.
pub(super) const MAX_PAIRS: usize = 200_000;
/// Rows of each of the other lists but those of gaps and samples, which have their own limits.
pub(super) const MAX_ROWS: usize = 1000;
/// Rows of samples: the heading of each reason, and for each sample its place and its text. A character of it takes up to two
/// digits, and a part of it may end one before the width.
pub(super) const SAMPLE_ROWS: usize =
    Reason::ALL.len() * (1 + SAMPLES_PER_REASON * (2 + 2 * 2 * SAMPLE_BYTES / (TEXT_WIDTH - 1)));
/// Rows beside the lists, about: heads of sections, counts of lines, blanks.
pub(super) const OTHER_ROWS: usize = 100;
// However much there is to tell, the sheet has room for it.
const _: () =
    assert!(((4 * MAX_PAIRS + MAX_GAPS + 3 * MAX_ROWS + SAMPLE_ROWS + OTHER_ROWS) as u64) < EXCEL_ROWS);
/// Widths of the columns after the first, in digits.
const WIDTHS: [usize; 10] = [19, 19, 19, 12, 12, 12, 12, 12, 12, 12];
/// Width of a sample's text: what all columns together surely take.
const TEXT_WIDTH: usize = 170;

/// The sheet's content.
pub(super) struct Quality<'a> {
    pub(super) spec: &'a ExportSpec,
    pub(super) calendar: &'a Calendar,
    pub(super) tally: &'a Tally,
    pub(super) completeness: &'a Completeness,
    pub(super) report: &'a Report,
    /// Rows of each of the lists of sources.
    pub(super) most: usize,
}

impl Quality<'_> {
    /// Fills the sheet from top to bottom.
    pub(super) fn write(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        sheet.list();
        let longest = self.report.sources.iter().map(|s| display_width(&s.name)).max().unwrap_or(0);
        sheet.widths(std::iter::once(longest.clamp(52, 100) + 2).chain(WIDTHS))?;
        self.lines(sheet)?;
        let elsewhere = self.report.elsewhere.faults.to_string();
        let elsewhere =
            (self.report.elsewhere.faults > 0).then_some((self.word(Label::Elsewhere), &*elsewhere));
        self.pairs(sheet, [Label::Faults, Label::Status], self.report.faults().chain(elsewhere))?;
        let duplicates = self.report.duplicates.iter().map(|d| (d.name.as_str(), d.same_as.as_str()));
        self.pairs(sheet, [Label::Duplicates, Label::SameAs], duplicates)?;
        let overlaps = self.report.overlaps();
        let pairs = overlaps.iter().flat_map(|one| others(one).iter().map(|other| (&*one.name, &**other)));
        self.pairs(sheet, [Label::Overlaps, Label::AndAlso], pairs)?;
        self.padded(sheet)?;
        self.missing_hours(sheet)?;
        self.silent_slices(sheet)?;
        self.samples(sheet)?;
        self.rejected(sheet)?;
        self.late(sheet)
    }

    pub(super) fn word(&self, label: Label) -> &'static str {
        label.text(self.spec.language)
    }

    /// The head of a section, with the headings of its columns.
    fn section(&self, sheet: &mut Sheet<'_>, labels: &[Label]) -> Result<()> {
        if sheet.next_row() > 0 {
            sheet.skip(1);
        }
        if labels.len() > 4 {
            sheet.tall()?;
        }
        let columns: Vec<Column> = labels.iter().map(|label| column(*label, self.spec.language, 0)).collect();
        sheet.heads(&columns, [Tone::Section, Tone::SectionRight])
    }

    fn none(&self, sheet: &mut Sheet<'_>, empty: bool) -> Result<()> {
        if empty { sheet.row(&[Cell::Text(self.word(Label::None))], Tone::Plain) } else { Ok(()) }
    }

    fn lines(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let total = self.report.totals();
        self.section(sheet, &[Label::Lines, Label::Count])?;
        let mut line = |label, count: u64, indent: &str, tone| {
            let text = format!("{indent}{}", self.word(label));
            sheet.row(&[Cell::Text(&text), Cell::Whole(count.into())], tone)
        };
        line(Label::LinesRead, total.lines, "", Tone::Name)?;
        line(Label::Accepted, total.accepted, "", Tone::Name)?;
        line(Label::OutsideRange, total.outside_range, "", Tone::Name)?;
        line(Label::OtherDomains, total.other_domains, "", Tone::Name)?;
        line(Label::Rejected, total.rejected_total(), "", Tone::Name)?;
        for reason in Reason::ALL {
            line(Label::of_reason(reason), total.rejected[reason as usize], "    ", Tone::Name)?;
        }
        line(Label::Blank, total.blank, "", Tone::Name)?;
        if total.skipped > 0 {
            line(Label::Skipped, total.skipped, "", Tone::Name)?;
        }
        line(Label::LateLines, total.late, "", Tone::Name)?;
        for (label, slice) in [(Label::FirstSlice, self.tally.first()), (Label::LastSlice, self.tally.last())]
        {
            let time = slice.map(|slice| self.slice(slice));
            let time = time.as_ref().map_or(Cell::Text(self.word(Label::None)), Instant::cell);
            sheet.row(&[Cell::Text(self.word(label)), time], Tone::Fact)?;
        }
        let balanced = self.word(if total.balanced() { Label::Balanced } else { Label::Unbalanced });
        let law = if total.skipped > 0 { Label::BalanceWithSkipped } else { Label::Balance };
        sheet.row(&[Cell::Text(self.word(law)), Cell::Text(balanced)], Tone::Marked)
    }

    fn pairs<'b>(
        &self,
        sheet: &mut Sheet<'_>,
        labels: [Label; 2],
        pairs: impl Iterator<Item = (&'b str, &'b str)>,
    ) -> Result<()> {
        self.section(sheet, &labels)?;
        let mut pairs = pairs.peekable();
        self.none(sheet, pairs.peek().is_none())?;
        for (name, text) in pairs.by_ref().take(self.most) {
            sheet.row(&[Cell::Text(name), Cell::Text(text)], Tone::Plain)?;
        }
        self.not_shown(sheet, pairs.count())
    }

    /// Blanks between and behind compressed streams: a section only where there are any.
    fn padded(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let mut padded = self.report.padded().peekable();
        if padded.peek().is_none() {
            return Ok(());
        }
        self.section(sheet, &[Label::Padding, Label::Bytes])?;
        for (name, bytes) in padded.by_ref().take(self.most) {
            sheet.row(&[Cell::Text(name), Cell::Whole(bytes.into())], Tone::Plain)?;
        }
        self.not_shown(sheet, padded.count())
    }

    fn missing_hours(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::MissingHours, Label::From, Label::Until, Label::Hours])?;
        let gaps = &self.completeness.gaps;
        // Where no domain is known, none has a log in any hour.
        if self.completeness.expected == 0 {
            let hours = of_range(self.spec.range);
            return self.missing(sheet, &self.spec.scope.text(self.spec.language), &hours);
        }
        self.none(sheet, gaps.is_empty())?;
        for (domain, hours) in gaps {
            self.missing(sheet, &domain.to_string(), hours)?;
        }
        self.not_shown(sheet, self.completeness.more_gaps)
    }

    /// Hours that have no log.
    fn missing(&self, sheet: &mut Sheet<'_>, whose: &str, hours: &Range<i64>) -> Result<()> {
        let [from, until] = [hours.start, hours.end].map(|hour| self.time(hour * HOUR_SECONDS));
        let count = Cell::Whole((hours.end - hours.start).unsigned_abs().into());
        sheet.row(&[Cell::Text(whose), from.cell(), until.cell(), count], Tone::Plain)
    }

    /// An instant in the report's zone, told apart from others of the same local time.
    fn time(&self, unix: i64) -> Instant {
        let local = self.spec.zone.local(unix);
        let text = self
            .calendar
            .has_change()
            .then(|| format!("{} {}", minute_text(local), offset_text(self.spec.zone.offset_at(unix))));
        Instant { local, text }
    }

    /// The start of a slice; behind the last one the end of the range.
    fn slice(&self, slice: usize) -> Instant {
        let seconds = i64::from(rows_of(slice)) * WINDOW_SECONDS;
        self.time(self.spec.range.start().start().saturating_add(seconds))
    }

    fn silent_slices(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::SilentSlices, Label::From, Label::Until, Label::Slices])?;
        let gaps = silent_slices(self.tally);
        self.none(sheet, gaps.is_empty())?;
        for gap in gaps.iter().take(MAX_ROWS) {
            let (from, until) = (self.slice(gap.start), self.slice(gap.end));
            let cells = [Cell::Empty, from.cell(), until.cell(), Cell::Whole(gap.len() as u128)];
            sheet.row(&cells, Tone::Plain)?;
        }
        self.not_shown(sheet, gaps.len().saturating_sub(MAX_ROWS))
    }

    pub(super) fn not_shown(&self, sheet: &mut Sheet<'_>, more: usize) -> Result<()> {
        if more == 0 {
            return Ok(());
        }
        sheet.row(&[Cell::Text(self.word(Label::NotShown)), Cell::Whole(more as u128)], Tone::Plain)
    }

    /// Samples by reason; the text of a line stands below its place, as wide as the sheet.
    fn samples(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::Samples, Label::Line])?;
        self.none(sheet, self.report.samples.is_empty())?;
        for reason in Reason::ALL {
            let mut samples = self.report.samples.iter().filter(|s| s.reason == reason).peekable();
            if samples.peek().is_some() {
                sheet.row(&[Cell::Text(self.word(Label::of_reason(reason))), Cell::Empty], Tone::Heading)?;
            }
            for sample in samples {
                let name = &self.report.sources[sample.source].name;
                sheet.row(&[Cell::Text(name), Cell::Whole(sample.line.into())], Tone::Plain)?;
                let text = String::from_utf8_lossy(&sample.text);
                let text = if text.is_empty() { self.word(Label::LineNotShown) } else { &text };
                for part in folded(text) {
                    sheet.row(&[Cell::Text(&format!("    {part}"))], Tone::Plain)?;
                }
            }
        }
        Ok(())
    }

    /// What was rejected in each source and why, where anything was.
    fn rejected(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::RejectedBySource, Label::Count, Label::Reason])?;
        let counts = self.report.sources.iter().flat_map(|source| {
            Reason::ALL
                .into_iter()
                .map(move |reason| (source, reason, source.counts.rejected[reason as usize]))
        });
        let counts: Vec<_> = counts.filter(|(_, _, count)| *count > 0).collect();
        self.none(sheet, counts.is_empty())?;
        for (source, reason, count) in counts.iter().take(MAX_ROWS) {
            let reason = self.word(Label::of_reason(*reason));
            let cells = [Cell::Text(&source.name), Cell::Whole((*count).into()), Cell::Text(reason)];
            sheet.toned_row(&cells, |at| if at == 2 { Tone::Fact } else { Tone::Plain })?;
        }
        self.not_shown(sheet, counts.len().saturating_sub(MAX_ROWS))
    }

    /// The late lines of each source that has any, and how long before its hours they lie.
    fn late(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::LateBySource, Label::Count, Label::FirstLateSlice, Label::HowLate])?;
        let late: Vec<_> = self.report.sources.iter().filter_map(|s| Some((s, s.late_by()?))).collect();
        self.none(sheet, late.is_empty())?;
        for (source, (first, seconds)) in late.iter().take(MAX_ROWS) {
            let (first, by) = (self.time(first.start()), hours_and_minutes(*seconds));
            let count = Cell::Whole(source.counts.late.into());
            let cells = [Cell::Text(&source.name), count, first.cell(), Cell::Text(&by)];
            sheet.toned_row(&cells, |at| if at == 3 { Tone::Fact } else { Tone::Plain })?;
        }
        self.not_shown(sheet, late.len().saturating_sub(MAX_ROWS))
    }
}

/// A time as it is shown.
struct Instant {
    local: i64,
    /// Where clocks change, the time with its offset.
    text: Option<String>,
}

impl Instant {
    fn cell(&self) -> Cell<'_> {
        self.text.as_deref().map_or(Cell::Time(self.local), Cell::Text)
    }
}

/// A long text in parts that fit into the width of the sheet.
fn folded(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut width = 0;
    for c in text.chars() {
        let more = display_width(c.encode_utf8(&mut [0; 4]));
        if width + more > TEXT_WIDTH {
            parts.push(String::new());
            width = 0;
        }
        width += more;
        parts.last_mut().expect("there is always a part").push(c);
    }
    parts
}

/// Runs of slices without any request between the first and the last slice with one.
fn silent_slices(tally: &Tally) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut expected = None;
    for (at, usage) in tally.slices.iter().enumerate() {
        if usage.total_requests() > 0 {
            gaps.extend(expected.filter(|expected| *expected < at).map(|expected| expected..at));
            expected = Some(at + 1);
        }
    }
    gaps
}

/// The sources that stand beside one of those that may count twice: the source itself where it has its lines twice.
fn others(one: &Overlap) -> &[String] {
    if one.others.is_empty() { std::slice::from_ref(&one.name) } else { &one.others }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::kind::Kind;
    use crate::time::TimeRange;
    use crate::usage::Usage;

    #[test]
    fn long_text_is_folded_without_loss() {
        let text = "a\u{6f22}b".repeat(100);
        let parts = folded(&text);
        assert_eq!(parts.concat(), text);
        assert!(parts.iter().all(|part| display_width(part) <= TEXT_WIDTH) && parts.len() == 3);
        assert_eq!(folded(""), [""]);
    }

    #[test]
    fn silent_slices_lie_inside_the_span() {
        let range = TimeRange::covering(0, 9 * 300).unwrap();
        let mut tally = Tally::new(Kind::Flow, range);
        for at in [2, 3, 6, 8] {
            tally.slices[at] = Usage { requests: [1, 0, 0, 0], ..Usage::default() };
        }
        assert_eq!(silent_slices(&tally), [4..6, 7..8]);
    }
}
