//! The report of an export: the counts of each source that concerns it, and sums of all others.
//!
//! A small export is answered by indexes: sources in scope are found by their parts and by their names. What is
//! elsewhere is, for all domains, the totals without what is in scope; for some domains, what an export from logs would
//! open for them.

use super::counters::requests;
use super::failure::unsigned;
use super::mixed_sources::MixedSources;
use super::parts::{Part, parts, rejects};
use super::read::{Reader, all_series};
use super::source::{IS_PLACE, NAMED_DOMAINS, Names};
use super::total::{self, Totals};
use super::value::{impossible, of};
use crate::domain::{Domain, Pattern, Selection};
use crate::error::Result;
use crate::names::FileName;
use crate::report::{
    Counts, Duplicate, Elsewhere, LATENESS, NamedHours, Report, Sample, Scope, SourceReport,
    first_of_each_reason,
};
use crate::sketch::Sketch;
use crate::time::{TimeRange, WINDOW_SECONDS, Window};
use crate::visible::{cut, line};
use rusqlite::{Connection, Row, params};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

impl Reader {
    /// What was read, for an export of a selection in a range.
    ///
    /// # Errors
    /// See [`Reader::generation`].
    pub fn report(&self, range: TimeRange, selection: &Selection) -> Result<Report> {
        self.at(|db| report(db, range, selection))
    }
}

fn report(db: &Connection, range: TimeRange, selection: &Selection) -> rusqlite::Result<Report> {
    let question = Question::of(db, Scope { selection, range });
    let (spans, named) = question.named()?;
    let mut counted = question.counted()?;
    for id in named {
        counted.entry(id).or_default();
    }
    if selection.wanted.is_all() {
        for id in question.odd(selection.is_everything())? {
            counted.entry(id).or_default();
        }
    }
    let sources = question.sources(&counted)?;
    let samples = samples(db, &sources)?;
    let duplicates = duplicates(db, &sources)?;
    let mut shared = MixedSources::default();
    for Found { id, sort, report } in sources.iter().filter(|found| found.report.counts.accepted > 0) {
        shared.add(*id, sort, report.hours.as_ref());
    }
    let reports: Vec<SourceReport> = sources.into_iter().map(|found| found.report).collect();
    let in_scope = together(&reports)?;
    let elsewhere = if selection.is_everything() {
        let elsewhere = question.elsewhere(&reports, &in_scope)?;
        let all = in_scope.clone().try_merge(&elsewhere.counts);
        all.ok_or_else(|| impossible("total", "lines", elsewhere.counts.lines.to_string()))?;
        elsewhere
    } else {
        question.near(|id| !counted.contains_key(&id), in_scope)?
    };
    let mut report = Report { sources: reports, samples, duplicates, elsewhere, spans, ..Report::default() };
    question.add_shared(&mut report, &shared)?;
    Ok(report)
}

/// What is asked.
pub(super) struct Question<'a> {
    db: &'a Connection,
    pub(super) scope: Scope<'a>,
    pub(super) windows: Range<i64>,
}

/// What counts of a source.
#[derive(Clone, Copy, Debug, Default)]
struct Accepted {
    requests: u64,
    bytes: u128,
    /// The first window of its parts, be it in scope or not.
    first: Option<i64>,
}

/// A source in scope.
struct Found {
    id: i64,
    sort: Vec<u8>,
    report: SourceReport,
}

impl<'a> Question<'a> {
    pub(super) fn of(db: &'a Connection, scope: Scope<'a>) -> Self {
        let windows = i64::from(scope.range.start().index())..i64::from(scope.range.end().index());
        Self { db, scope, windows }
    }
}

impl Question<'_> {
    /// For each domain of the selection that a name tells, from the first to the last of its hours; and the sources that
    /// tell an hour in scope.
    fn named(&self) -> rusqlite::Result<(Vec<NamedHours>, Vec<i64>)> {
        let (mut spans, mut ids) = (Vec::new(), Vec::new());
        let sql =
            "SELECT named_domain, min(named_start) AS named_start, max(named_end) AS named_end FROM source
                   WHERE named_domain = ? GROUP BY named_domain";
        let mut span = self.db.prepare_cached(sql)?;
        let sql = "SELECT id, named_domain, named_start, named_end FROM source
                   WHERE named_domain = ? AND named_end > ? AND named_start < ?";
        let mut sources = self.db.prepare_cached(sql)?;
        let (start, end) = self.scope.hours();
        let mut names = Names::default();
        for domain in self.named_domains()? {
            let mut rows = span.query([&domain])?;
            while let Some(row) = rows.next()? {
                spans.extend(names.span(row, 0)?.cloned());
            }
            let mut rows = sources.query(params![domain, start, end])?;
            while let Some(row) = rows.next()? {
                if names.hours(row, 1)?.is_some_and(|hours| self.scope.is_named(hours)) {
                    ids.push(row.get(0)?);
                }
            }
        }
        Ok((spans, ids))
    }

    /// Adds the domains that have usage in the sources in scope that are not certain to be of one domain, with the hours in
    /// which it is evidence.
    fn add_shared(&self, report: &mut Report, shared: &MixedSources) -> rusqlite::Result<()> {
        let theirs = shared.series(self.db)?;
        let mut series = all_series(self.db)?;
        series.retain(|one| theirs.contains(&one.id) && self.scope.selection.contains(one.domain.as_str()));
        for one in series {
            let (hours, has_line) = shared.hours(self.db, one.id, self.scope.range)?;
            if has_line {
                report.add_shared(&one.domain, None);
            }
            for hour in hours {
                report.add_shared(&one.domain, Some(hour));
            }
        }
        Ok(())
    }

    /// The domains of the selection that any name tells, sorted.
    fn named_domains(&self) -> rusqlite::Result<Vec<String>> {
        let all = self.all_named_domains()?.into_iter().map(|domain| domain.to_string());
        Ok(all.filter(|domain| self.scope.selection.contains(domain)).collect())
    }

    /// The domains that any name tells, sorted.
    fn all_named_domains(&self) -> rusqlite::Result<Vec<Domain>> {
        let one = |row: &Row<'_>| of("source", row).domain(0);
        self.db.prepare_cached(NAMED_DOMAINS)?.query_map([], one)?.collect()
    }

    /// Sources with lines that count, by their parts.
    fn counted(&self) -> rusqlite::Result<BTreeMap<i64, Accepted>> {
        let mut counted: BTreeMap<i64, Accepted> = BTreeMap::new();
        let sql = "SELECT source, series, first_window, last_window, bytes, requests FROM part
                   WHERE series = ? AND last_window >= ? AND first_window < ?";
        let mut parts = self.db.prepare_cached(sql)?;
        for series in all_series(self.db)? {
            if !self.scope.selection.contains(series.domain.as_str()) {
                continue;
            }
            let mut rows = parts.query(params![series.id, self.windows.start, self.windows.end])?;
            while let Some(row) = rows.next()? {
                let part = Part::of(row)?;
                let (bytes, requests) = self.sum(&part, &self.windows)?;
                if requests > 0 {
                    let one = counted.entry(part.source).or_default();
                    one.requests =
                        one.requests.checked_add(requests).map_or_else(|| of("part", row).damaged(5), Ok)?;
                    one.bytes += u128::from(bytes);
                    one.first = one.first.into_iter().chain([part.windows.start]).min();
                }
            }
        }
        Ok(counted)
    }

    /// Sources that a whole account, or who sees everything, sees although nothing of them counts: see [`Scope::holds`].
    fn odd(&self, is_everything: bool) -> rusqlite::Result<BTreeSet<i64>> {
        let unread = "SELECT id, sort FROM source WHERE fault IS NOT NULL AND named_domain IS NULL";
        let odd = "SELECT id, NULL FROM source INDEXED BY source_fault WHERE fault IS NOT NULL
                   UNION SELECT id, NULL FROM source WHERE named_domain IS NULL AND accepted + unplaced = 0
                   UNION SELECT source, NULL FROM reject";
        let mut found = self.db.prepare_cached(if is_everything { odd } else { unread })?;
        let mut rows = found.query([])?;
        let mut ids = BTreeSet::new();
        while let Some(row) = rows.next()? {
            // Of an account, one whose name is that of a wildcard of others is none of its business.
            if is_everything || self.may_concern(of("source", row).blob(1)?) {
                ids.insert(row.get(0)?);
            }
        }
        Ok(ids)
    }

    /// The sources in scope, with what counts of them, in the order of their names.
    fn sources(&self, counted: &BTreeMap<i64, Accepted>) -> rusqlite::Result<Vec<Found>> {
        let sql =
            "SELECT sort, name, size, named_domain, named_start, named_end, fault, lines, accepted, unplaced,
                       blank, id, (SELECT empty_is_delivered FROM state), sketch, padding, skipped, format FROM source WHERE id = ?";
        let mut source = self.db.prepare_cached(sql)?;
        let mut found = Vec::with_capacity(counted.len());
        let mut names = Names::default();
        for (id, accepted) in counted {
            let mut one = source.query_row([id], |row| found_source(row, &mut names))?;
            self.count(&mut one, *accepted)?;
            found.push(one);
        }
        // They were mostly read in this order.
        found.sort_by(|a, b| (&a.sort, a.id).cmp(&(&b.sort, b.id)));
        Ok(found)
    }

    /// Tells the good lines of a source apart.
    fn count(&self, found: &mut Found, accepted: Accepted) -> rusqlite::Result<()> {
        let before = self.before(found.report.hours.as_ref());
        let counts = &mut found.report.counts;
        counts.accepted = accepted.requests;
        counts.traffic = accepted.bytes;
        counts.outside_range = counts.outside_range.saturating_sub(accepted.requests);
        let has_rejects = counts.lines > counts.accepted + counts.outside_range + counts.without_request();
        if counts.outside_range > 0 || accepted.first.is_some_and(|first| first < before.end) {
            for part in parts(self.db, found.id)? {
                self.count_part(&part, &before, counts)?;
            }
        }
        if has_rejects {
            for (reason, lines) in rejects(self.db, found.id)? {
                counts.rejected[reason as usize] = lines;
            }
        }
        Ok(())
    }

    /// The windows asked for that lie before these hours.
    pub(super) fn before(&self, hours: Option<&NamedHours>) -> Range<i64> {
        let hour = hours.map(|hours| hours.first_window_start() / WINDOW_SECONDS);
        self.windows.start..hour.unwrap_or(i64::MIN).min(self.windows.end)
    }

    /// Counts the lines of a part that are late, or of a domain that was not asked for.
    fn count_part(&self, part: &Part, before: &Range<i64>, counts: &mut Counts) -> rusqlite::Result<()> {
        if !self.is_wanted(part.series)? {
            let requests = self.sum(part, &self.windows)?.1;
            counts.outside_range = counts.outside_range.saturating_sub(requests);
            counts.other_domains += requests;
            return Ok(());
        }
        let late = self.sum(part, before)?.1;
        if late > 0 {
            let first = self.first(part, before)?;
            counts.merge(&Counts { late, first_late: Some(first), ..Counts::default() });
        }
        Ok(())
    }

    fn is_wanted(&self, series: i64) -> rusqlite::Result<bool> {
        let mut domain = self.db.prepare_cached("SELECT domain FROM series WHERE id = ?")?;
        domain.query_row([series], |row| Ok(self.scope.selection.contains(of("series", row).text(0)?)))
    }

    /// The first window of a part, among some in which it has any.
    pub(super) fn first(&self, part: &Part, windows: &Range<i64>) -> rusqlite::Result<Window> {
        let mut first = self.db.prepare_cached(
            "SELECT min(window) FROM cell WHERE series = ? AND window >= ? AND window < ? AND source = ?",
        )?;
        let values = params![part.series, part.windows.start.max(windows.start), windows.end, part.source];
        first.query_row(values, |row| of("cell", row).get(0).map(Window::from_index))
    }

    /// Bytes and requests of a part in some windows.
    pub(super) fn sum(&self, part: &Part, windows: &Range<i64>) -> rusqlite::Result<(u64, u64)> {
        let both = part.windows.start.max(windows.start)..part.windows.end.min(windows.end);
        if both.is_empty() {
            return Ok((0, 0));
        }
        if both == part.windows {
            return Ok(part.sum);
        }
        let mut sum = self.db.prepare_cached(concat!(
            "SELECT coalesce(sum(bytes), 0) AS bytes, coalesce(sum(",
            requests!(),
            "), 0) AS requests FROM cell
                 WHERE series = ? AND window >= ? AND window < ? AND source = ?"
        ))?;
        sum.query_row(params![part.series, both.start, both.end, part.source], |row| {
            let cell = of("cell", row);
            Ok((cell.count(0)?, cell.lines(1)?))
        })
    }

    /// What is not in scope: the totals, less what is.
    fn elsewhere(&self, kept: &[SourceReport], in_scope: &Counts) -> rusqlite::Result<Elsewhere> {
        let all = total::read(self.db)?;
        let in_range = total::requests(self.db, &self.windows)?;
        let counts = all.counts(in_range)?.less(in_scope);
        let Totals { sources, .. } = all;
        let kept_faults = kept.iter().filter(|s| s.fault.is_some() && s.hours.is_none()).count();
        let sql = "SELECT count(*) FROM source WHERE fault IS NOT NULL AND named_domain IS NULL";
        let faults: i64 = self.db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(Elsewhere {
            sources: unsigned(sources)?.saturating_sub(kept.len() as u64),
            counts,
            faults: unsigned(faults)?.saturating_sub(kept_faults as u64),
            // What was taken in for others was judged then.
            distrusted: Counts::default(),
        })
    }
}

impl Question<'_> {
    /// What is not in scope of a part of all domains: of the sources that a run over logs opens for it, those that are
    /// `left`. The others are none of its business, and their lines tell nothing of it.
    fn near(&self, is_left: impl Fn(i64) -> bool, in_scope: Counts) -> rusqlite::Result<Elsewhere> {
        let (mut elsewhere, mut all) = (Elsewhere::default(), in_scope);
        let mut add = |row: &Row<'_>| -> rusqlite::Result<()> {
            let source = of("source", row);
            let (id, sort) = (source.get(0)?, source.blob(1)?);
            if is_left(id) && self.may_concern(sort) {
                elsewhere.sources += 1;
                elsewhere.faults += u64::from(source.get::<bool>(6)?);
                let left = self.left(id, row)?;
                let name = || String::from_utf8_lossy(sort);
                all.try_merge(&left).ok_or_else(|| too_many(&left, &name()))?;
                elsewhere.counts.merge(&left);
            }
            Ok(())
        };
        let columns =
            "id, sort, lines, accepted, unplaced, blank, fault IS NOT NULL AND named_domain IS NULL, skipped";
        let sql = format!("SELECT {columns} FROM source WHERE named_domain IS NULL");
        let mut unnamed = self.db.prepare_cached(&sql)?;
        let mut rows = unnamed.query([])?;
        while let Some(row) = rows.next()? {
            add(row)?;
        }
        let sql = format!(
            "SELECT {columns} FROM source WHERE named_domain = ? AND named_end > ? AND named_start < ?"
        );
        let mut named = self.db.prepare_cached(&sql)?;
        let (start, end) = (self.scope.range.start().start(), self.scope.range.end().start());
        for domain in self.all_named_domains()? {
            let pattern = Pattern::Exact(domain);
            let told = FileName { pattern, start, end };
            if !told.may_hold(self.scope.selection) {
                continue;
            }
            let mut rows =
                named.query(params![told.pattern.to_string(), start - LATENESS, end + LATENESS])?;
            while let Some(row) = rows.next()? {
                add(row)?;
            }
        }
        Ok(elsewhere)
    }

    /// Whether a run over logs opens a source, by the name that it is sorted by: not one of other hours or, for sure, of
    /// other domains.
    pub(super) fn may_concern(&self, sort: &[u8]) -> bool {
        let (start, end) = (self.scope.range.start().start(), self.scope.range.end().start());
        file_name(sort).is_none_or(|told| {
            told.start < end + LATENESS && told.end > start - LATENESS && told.may_hold(self.scope.selection)
        })
    }

    /// The lines of a source of which none counts, told apart.
    fn left(&self, id: i64, row: &Row<'_>) -> rusqlite::Result<Counts> {
        let number = |at| of("source", row).lines(at);
        let (lines, good) = (number(2)?, number(3)?.saturating_add(number(4)?));
        let (blank, skipped) = (number(5)?, number(7)?);
        let mut in_range = 0;
        for part in parts(self.db, id)? {
            in_range += self.sum(&part, &self.windows)?.1;
        }
        let (outside_range, other_domains) = (good.saturating_sub(in_range), in_range);
        let mut counts = Counts { lines, outside_range, other_domains, blank, skipped, ..Counts::default() };
        if lines > good + counts.without_request() {
            for (reason, lines) in rejects(self.db, id)? {
                counts.rejected[reason as usize] = lines;
            }
        }
        Ok(counts)
    }
}

/// What the name of a source tells, from the path that it is sorted by.
pub(super) fn file_name(sort: &[u8]) -> Option<FileName> {
    FileName::parse(Path::new(str::from_utf8(sort).ok()?).file_name()?.to_str()?)
}

/// The counts of some sources together, which may be too many for any number where somebody else wrote them.
fn together(sources: &[SourceReport]) -> rusqlite::Result<Counts> {
    let mut sum = Counts::default();
    for source in sources {
        sum.try_merge(&source.counts).ok_or_else(|| too_many(&source.counts, &source.name))?;
    }
    Ok(sum)
}

/// Says that the lines of a source are too many beside those of others.
fn too_many(counts: &Counts, name: &str) -> rusqlite::Error {
    impossible(
        "source",
        "lines",
        format!(
            "{} of {}, too many together with those of other sources",
            counts.lines,
            line(&cut(name, 200))
        ),
    )
}

/// A source of which nothing counts yet: its good lines stand outside the range.
fn found_source(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<Found> {
    let source = of("source", row);
    let sort: Vec<u8> = source.get(0)?;
    let hours = names.hours(row, 3)?.cloned();
    let wildcard = if hours.is_none() { file_name(&sort).and_then(|told| told.wildcard()) } else { None };
    let report = SourceReport {
        name: source.get(1)?,
        size: source.count_or_null(2)?,
        hours,
        wildcard,
        format: source.get::<String>(16)?.into(),
        fault: source.get::<Option<String>>(6)?.map(Into::into),
        may_be_empty: of("state", row).get(12)?,
        padding: source.count(14)?,
        sketch: source.blob_or_null(13)?.map(Sketch::from_bytes).unwrap_or_default(),
        counts: Counts {
            lines: source.lines(7)?,
            outside_range: source.lines(8)?.saturating_add(source.lines(9)?),
            blank: source.lines(10)?,
            skipped: source.lines(15)?,
            ..Counts::default()
        },
    };
    Ok(Found { sort, id: source.get(11)?, report })
}

/// The first samples of each reason of some sources.
fn samples(db: &Connection, sources: &[Found]) -> rusqlite::Result<Vec<Sample>> {
    let sql = "SELECT line, reason, text FROM sample WHERE source = ? ORDER BY line";
    let mut statement = db.prepare_cached(sql)?;
    let mut samples = Vec::new();
    let with_rejects =
        sources.iter().enumerate().filter(|(_, found)| found.report.counts.rejected_total() > 0);
    for (at, found) in with_rejects {
        let mut rows = statement.query([found.id])?;
        while let Some(row) = rows.next()? {
            let sample = of("sample", row);
            let (line, reason) = (sample.count(0)?, sample.parsed(1, total::reason)?);
            samples.push(Sample { source: at, line, reason, text: sample.get(2)? });
        }
    }
    Ok(first_of_each_reason(samples))
}

/// Other places of some sources, in the order of names.
fn duplicates(db: &Connection, sources: &[Found]) -> rusqlite::Result<Vec<Duplicate>> {
    let sql = format!(
        "SELECT place.name FROM place JOIN source ON source.id = place.source
         WHERE place.source = ? AND place.sort <> source.sort AND source.text_bytes > 0 AND {IS_PLACE}"
    );
    let mut places = db.prepare_cached(&sql)?;
    let mut duplicates = Vec::new();
    // Most sources have one place: these are told by an index alone.
    let sql = "SELECT source FROM place GROUP BY source HAVING count(*) > 1";
    let several: BTreeSet<i64> = if sources.len() < FEW {
        sources.iter().map(|found| found.id).collect()
    } else {
        db.prepare_cached(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for found in sources.iter().filter(|found| several.contains(&found.id)) {
        for name in places.query_map([found.id], |row| row.get(0))? {
            duplicates.push(Duplicate { name: name?, same_as: found.report.name.clone() });
        }
    }
    duplicates.sort_unstable_by(|a, b| (&a.name, &a.same_as).cmp(&(&b.name, &b.same_as)));
    Ok(duplicates)
}

/// So few sources are looked up one by one.
const FEW: usize = 1000;
