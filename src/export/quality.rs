//! The sheet Data Quality: what was read, what was not counted and why, what is missing.

use super::calendar::Calendar;
use super::columns::column;
use super::request::ExportSpec;
use super::tally::Tally;
use super::workbook::{Cell, Column, Sheet, Tone};
use crate::domain::Domain;
use crate::error::Result;
use crate::hours::{self, HOUR_SECONDS, Hours};
use crate::locale::{Label, display_width};
use crate::record::Reason;
use crate::report::{Counts, Elsewhere, Report, hours_and_minutes};
use std::ops::Range;

/// Gaps listed one by one; beyond, their number is told.
const MAX_GAPS: usize = 1000;
/// Sources listed one by one: what surely fits on the sheet below everything else.
const MAX_SOURCES: usize = 1_000_000;
/// Widths of the columns after the first, in digits.
const WIDTHS: [usize; 10] = [19, 19, 19, 12, 12, 12, 12, 12, 12, 12];
/// Width of a sample's text: what all columns together surely take.
const TEXT_WIDTH: usize = 170;

/// The sheet's content.
pub(super) struct Quality<'a> {
    pub(super) spec: &'a ExportSpec,
    pub(super) calendar: &'a Calendar,
    pub(super) tally: &'a Tally,
    pub(super) report: &'a Report,
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
        self.missing_hours(sheet)?;
        self.silent_slices(sheet)?;
        self.samples(sheet)?;
        self.rejected(sheet)?;
        self.late(sheet)?;
        self.sources(sheet)
    }

    fn word(&self, label: Label) -> &'static str {
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
        line(Label::LateLines, total.late, "", Tone::Name)?;
        let with_data = |slice: Option<usize>| {
            slice.map_or(Cell::Text(self.word(Label::None)), |slice| Cell::Time(self.calendar.local(slice)))
        };
        for (label, slice) in [(Label::FirstSlice, self.tally.first()), (Label::LastSlice, self.tally.last())]
        {
            sheet.row(&[Cell::Text(self.word(label)), with_data(slice)], Tone::Fact)?;
        }
        let balanced = self.word(if total.balanced() { Label::Balanced } else { Label::Unbalanced });
        sheet.row(&[Cell::Text(self.word(Label::Balance)), Cell::Text(balanced)], Tone::Marked)
    }

    fn pairs<'b>(
        &self,
        sheet: &mut Sheet<'_>,
        labels: [Label; 2],
        pairs: impl Iterator<Item = (&'b str, &'b str)>,
    ) -> Result<()> {
        self.section(sheet, &labels)?;
        let mut empty = true;
        for (name, text) in pairs {
            empty = false;
            sheet.row(&[Cell::Text(name), Cell::Text(text)], Tone::Plain)?;
        }
        self.none(sheet, empty)
    }

    fn missing_hours(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::MissingHours, Label::From, Label::Until, Label::Hours])?;
        let gaps = missing_hours(self.report, self.spec);
        self.none(sheet, gaps.is_empty())?;
        for (domain, hours) in gaps.iter().take(MAX_GAPS) {
            let local = |hour: i64| Cell::Time(self.spec.zone.local(hour * HOUR_SECONDS));
            let count = Cell::Whole((hours.end - hours.start).unsigned_abs().into());
            sheet.row(
                &[Cell::Text(domain.as_str()), local(hours.start), local(hours.end), count],
                Tone::Plain,
            )?;
        }
        self.not_shown(sheet, gaps.len().saturating_sub(MAX_GAPS))
    }

    fn silent_slices(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::SilentSlices, Label::From, Label::Until, Label::Slices])?;
        let gaps = silent_slices(self.tally);
        self.none(sheet, gaps.is_empty())?;
        for gap in gaps.iter().take(MAX_GAPS) {
            // A gap lies inside the data's span, so a slice follows it.
            let local = |slice| Cell::Time(self.calendar.local(slice));
            let cells = [Cell::Empty, local(gap.start), local(gap.end), Cell::Whole(gap.len() as u128)];
            sheet.row(&cells, Tone::Plain)?;
        }
        self.not_shown(sheet, gaps.len().saturating_sub(MAX_GAPS))
    }

    fn not_shown(&self, sheet: &mut Sheet<'_>, more: usize) -> Result<()> {
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
                for part in folded(&String::from_utf8_lossy(&sample.text)) {
                    sheet.row(&[Cell::Text(&format!("    {part}"))], Tone::Plain)?;
                }
            }
        }
        Ok(())
    }

    fn sources(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let labels = [
            Label::Sources,
            Label::Status,
            Label::Size,
            Label::Traffic,
            Label::LinesRead,
            Label::Accepted,
            Label::OutsideRange,
            Label::OtherDomains,
            Label::Rejected,
            Label::Blank,
            Label::Late,
        ];
        self.section(sheet, &labels)?;
        self.none(sheet, self.report.sources.is_empty())?;
        for source in self.report.sources.iter().take(MAX_SOURCES) {
            let size = source.size.map_or(Cell::Empty, |size| Cell::Whole(size.into()));
            let status = if source.fault.is_some() { Label::Incomplete } else { Label::Complete };
            let mut cells = vec![Cell::Text(&source.name), Cell::Text(self.word(status)), size];
            cells.extend(source_counts(&source.counts).map(Cell::Whole));
            sheet.row(&cells, Tone::Plain)?;
        }
        self.not_shown(sheet, self.report.sources.len().saturating_sub(MAX_SOURCES))?;
        self.elsewhere(sheet)
    }

    /// The sources that do not concern the export: how many, and their lines.
    fn elsewhere(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        let Elsewhere { sources, counts, .. } = &self.report.elsewhere;
        if *sources == 0 {
            return Ok(());
        }
        let mut cells =
            vec![Cell::Text(self.word(Label::Elsewhere)), Cell::Whole((*sources).into()), Cell::Empty];
        cells.extend(source_counts(counts).map(Cell::Whole));
        sheet.row(&cells, Tone::Plain)
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
        for (source, reason, count) in counts.iter().take(MAX_GAPS) {
            let reason = self.word(Label::of_reason(*reason));
            let cells = [Cell::Text(&source.name), Cell::Whole((*count).into()), Cell::Text(reason)];
            sheet.toned_row(&cells, |at| if at == 2 { Tone::Fact } else { Tone::Plain })?;
        }
        self.not_shown(sheet, counts.len().saturating_sub(MAX_GAPS))
    }

    /// The late lines of each source that has any, and how long before its hours they lie.
    fn late(&self, sheet: &mut Sheet<'_>) -> Result<()> {
        self.section(sheet, &[Label::LateBySource, Label::Count, Label::FirstLateSlice, Label::HowLate])?;
        let late: Vec<_> = self.report.sources.iter().filter_map(|s| Some((s, s.late_by()?))).collect();
        self.none(sheet, late.is_empty())?;
        for (source, (first, seconds)) in late.iter().take(MAX_GAPS) {
            let first = Cell::Time(self.spec.zone.local(first.start()));
            let by = hours_and_minutes(*seconds);
            let cells =
                [Cell::Text(&source.name), Cell::Whole(source.counts.late.into()), first, Cell::Text(&by)];
            sheet.toned_row(&cells, |at| if at == 3 { Tone::Fact } else { Tone::Plain })?;
        }
        self.not_shown(sheet, late.len().saturating_sub(MAX_GAPS))
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

fn source_counts(counts: &Counts) -> [u128; 8] {
    [
        counts.traffic,
        counts.lines.into(),
        counts.accepted.into(),
        counts.outside_range.into(),
        counts.other_domains.into(),
        counts.rejected_total().into(),
        counts.blank.into(),
        counts.late.into(),
    ]
}

/// Hours since 1970 in which a domain in scope has no file although it has some in other hours, between the
/// first and the last hour of any file in scope, cut to the range; as far as file names tell.
fn missing_hours(report: &Report, spec: &ExportSpec) -> Vec<(Domain, Range<i64>)> {
    let mut known = Hours::default();
    let named = report.sources.iter().filter_map(|source| source.hours.as_ref());
    named.filter(|named| spec.selection.contains(named.domain.as_str())).for_each(|n| known.add_named(n));
    // Of sources elsewhere, the hours that lie between do not matter, as long as they lie outside the range.
    let mut extent = known.extent();
    for span in &report.spans {
        known.add(&span.domain, []);
        let hours = hours::touched(span.start, span.end);
        extent = Some(extent.map_or(hours.clone(), |e| e.start.min(hours.start)..e.end.max(hours.end)));
    }
    let Some(extent) = extent else { return Vec::new() };
    let span = hours::shared(&extent, &hours::of_range(spec.range));
    let gaps = known
        .domains()
        .flat_map(|domain| known.gaps(domain, &span).into_iter().map(|gap| (domain.clone(), gap)));
    gaps.collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DomainSet, Selection};
    use crate::export::request::{Account, ExportRequest, Kind, validate};
    use crate::locale::Language;
    use crate::report::{NamedHours, SourceReport};
    use crate::time::TimeRange;
    use crate::usage::Usage;

    fn spec() -> ExportSpec {
        let text = |text: &str| Some(text.to_owned());
        let request = ExportRequest {
            start_time: text("2026-03-01T02:00:00Z"),
            end_time: text("2026-03-01T09:00:00Z"),
            kind: text("flow"),
            domain_names: text("a.com"),
            ..ExportRequest::default()
        };
        validate(&request, &Account::default(), Language::EnUs).unwrap()
    }

    #[test]
    fn missing_hours_lie_between_hours_with_files() {
        let midnight = crate::time::parse_iso("2026-03-01T00:00:00Z").unwrap();
        let file = |domain: &str, hour: i64| SourceReport {
            name: String::new(),
            size: None,
            hours: Some(NamedHours {
                domain: Domain::new(domain.as_bytes()).unwrap(),
                start: midnight + hour * HOUR_SECONDS,
                end: midnight + (hour + 1) * HOUR_SECONDS,
            }),
            counts: Counts::default(),
            fault: None,
        };
        let mut report = Report::default();
        report.sources.extend([0, 1, 4, 5, 8, 12].map(|hour| file("a.com", hour)));
        report.sources.extend([0, 13].map(|hour| file("b.com", hour)));
        let first = midnight / HOUR_SECONDS;
        let spec = spec();
        let gaps: Vec<_> = missing_hours(&report, &spec).into_iter().map(|(_, gap)| gap).collect();
        // From 2 to 9 o'clock: the gap that begins at 9 lies outside; b.com was not asked for.
        assert_eq!(gaps, [first + 2..first + 4, first + 6..first + 8]);
        report.sources.push(file("c.com", 3));
        let all = ExportSpec { selection: Selection { wanted: DomainSet::all(), ..spec.selection }, ..spec };
        let of_c = |(domain, gap): (Domain, Range<i64>)| (domain.as_str() == "c.com").then_some(gap);
        let gaps: Vec<_> = missing_hours(&report, &all).into_iter().filter_map(of_c).collect();
        assert_eq!(gaps, [first + 2..first + 3, first + 4..first + 9]);
    }

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
