//! Usage out: [`export`] turns sorted rows into the workbook of a task.
//!
//! Rows are passed once, straight into the Detail sheets of the file; everything else is summed up meanwhile and
//! written after them. Knows nothing of log files.

pub mod calendar;
pub mod name;
pub mod sheets;
pub mod tally;
pub mod completeness;
mod walk;
pub mod workbook;
pub mod columns;
mod content;
mod plain;
mod pour;
mod detail;
mod account;
mod quality;
mod sources;
mod summary;
mod totals;
mod plots;
#[cfg(test)]
mod tests;

use crate::contract::kind::Kind;
use crate::contract::request::{ExportSpec, Scope};
use crate::domain::{Domain, Pattern};
use crate::error::{Error, ErrorKind, Result};
use crate::locale::{Label, shortened};
use crate::output::{Output, folder};
use crate::region::Region;
use crate::report::Report;
use crate::usage::billing::{Bandwidth, Figures};
use crate::usage::{Row, Usage};
use account::{Account, Kept};
use calendar::Calendar;
use completeness::{Completeness, completeness};
use content::{Content, DetailSheet};
use detail::{Detail, Feed};
use plots::level_axis;
use pour::{Frame, Package, Parts, Pour, pour};
use quality::Quality;
use std::collections::BTreeSet;
use std::fs::File;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::thread::available_parallelism;
use summary::Defined;
use tally::Tally;
use walk::walk;
use workbook::chart::in_order;
use workbook::layout::{last_column, rows_of};
use workbook::{Book, Column, Properties, RowMode, sheet_part};

pub use detail::count_sheets;
pub use plain::export_csv;
pub use walk::{hours_with_log, kept_rows};

/// Version of the export format: sheets, headings, columns and units change only with it.
pub const FORMAT_VERSION: &str = "2";

/// One series of the export: a domain in a region.
pub type Series = (Domain, Region);

/// Everything an export is made from beside its rows.
pub struct Request<'a> {
    /// What was asked for.
    pub spec: &'a ExportSpec,
    /// The series to export, sorted, those without any row included.
    pub series: &'a [Series],
    /// What was read.
    pub report: &'a Report,
    /// Creation time of the document, unix seconds.
    pub created: i64,
    /// Told how many rows have been written.
    pub progress: &'a AtomicU64,
    /// Threads that write rows; 0 is one per core.
    pub threads: usize,
    /// Of each series how many slices have a request (see [`kept_rows`]): given, only these have a row in Detail. Every
    /// other figure is the same.
    pub kept: Option<&'a [u64]>,
}

/// What stands in the workbook.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Rows of all Detail sheets.
    pub rows: u64,
    /// Detail sheets.
    pub sheets: usize,
    /// Domains.
    pub domains: usize,
    /// Everything together, as logged.
    pub total: Usage,
    /// The figures over the sum of all domains, in logged bytes or in requests per slice.
    pub figures: Figures,
    /// When the peak was, in the report's zone.
    pub peak_time: Option<String>,
    /// The domains that were named one by one and have no request, in order; behind them the wildcards that stand for no
    /// domain with one.
    pub silent: Vec<Pattern>,
    /// The wildcards whose hosts count as one domain that no host with a request counts as.
    pub idle_folds: Vec<Pattern>,
    /// The first and the last slice with a request.
    pub with_data: Option<(usize, usize)>,
    /// How many hours have a log.
    pub completeness: Completeness,
}

/// Names of sheets and axes that several places need.
struct Names {
    daily: String,
    account: String,
    domains: String,
    details: Vec<String>,
    time: String,
}

/// The series to export, sorted: every domain of the selection, named or found, in each region where it has
/// rows, or in `region` where it has none.
pub fn series<'a>(
    spec: &ExportSpec,
    keys: impl Iterator<Item = (&'a Domain, Region)>,
    region: Region,
) -> Vec<Series> {
    let keys: Vec<(&Domain, Region)> = keys.collect();
    let folds = spec.folds();
    let (folded, found): (Vec<_>, Vec<_>) =
        keys.iter().map(|(domain, _)| *domain).partition(|one| folds.gives(one));
    let mut domains = spec.selection.resolve(found.into_iter());
    if !folds.is_empty() {
        domains = domains.iter().map(|domain| folds.folded(domain)).chain(folded).cloned().collect();
        domains.sort();
        domains.dedup();
    }
    let mut series = Vec::with_capacity(domains.len());
    for domain in domains {
        let first = keys.partition_point(|(d, _)| *d < &domain);
        let regions = keys[first..].iter().take_while(|(d, _)| **d == domain).map(|(_, region)| *region);
        let before = series.len();
        series.extend(regions.map(|region| (domain.clone(), region)));
        if series.len() == before {
            series.push((domain, region));
        }
    }
    series
}

/// Writes the workbook of a task: every series dense over the range, from rows sorted by (domain, region,
/// window) that may leave zeros out.
///
/// # Errors
/// When the workbook cannot be written, rows cannot be read, or a sum grows beyond 2^63 - 1.
pub fn export<'a>(
    rows: impl Iterator<Item = Result<Row<'a>>>,
    request: &Request<'_>,
    mut out: Output,
    path: &Path,
) -> Result<Exported> {
    let exported = workbook::guarded(|| {
        let calendar = Calendar::new(request.spec.range, request.spec.zone);
        Writer::new(request, &calendar, Limits::EXCEL, folder(path)).write(rows, &mut out)
    });
    let exported = exported.map_err(|e| e.at(path))?;
    out.commit()?;
    Ok(exported)
}

/// Whether a file says that it is a workbook that flowbook made.
#[must_use]
pub fn is_workbook(file: File) -> bool {
    pour::part_of(file, PROPERTIES, 1 << 16).is_some_and(|text| text.contains(FORMAT_PROPERTY))
}

fn total_overflow(whose: &str) -> Error {
    Error::new(ErrorKind::Overflow(format!(
        "with the traffic of {whose}, a sum over domains or windows exceeds 2^63 - 1; export fewer domains \
         (--domain-names) or a shorter range"
    )))
}

/// The work of [`export`].
struct Writer<'a> {
    request: &'a Request<'a>,
    scratch: &'a Path,
    detail: Detail<'a>,
    account: Account<'a>,
    names: Names,
    limits: Limits,
}

/// What is asked of a workbook.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Data rows of a sheet.
    data_rows: u64,
    /// Series whose names stand in the table of strings that all sheets share, which is held in memory. Where there are
    /// more, the rows of Detail and Domains hold the names themselves.
    shared_names: usize,
    /// Rows of each of the lists of sources in Data Quality.
    pairs: usize,
}

impl Limits {
    const EXCEL: Self =
        Self { data_rows: sheets::DATA_ROWS, shared_names: 50_000, pairs: quality::MAX_PAIRS };
}

/// Digits that the name of a sheet may be wide: as long as Excel allows, whatever it is written in.
const SHEET_NAME: usize = 31;

/// Positions of the sheets before Detail.
const SUMMARY: usize = 0;
const DAILY: usize = 1;
const ACCOUNT: usize = 2;
const DOMAINS: usize = 3;
const DETAIL: usize = 4;

/// Parts that are the same in every workbook of a task and stand first in the file, where programs that guess
/// its type look for them.
const FIRST_PARTS: [&str; 3] = ["_rels/.rels", "docProps/core.xml", PROPERTIES];
/// The part that says what a workbook is.
const PROPERTIES: &str = "docProps/custom.xml";
/// The property that does, with the version of the format.
const FORMAT_PROPERTY: &str = "flowbook export format";

impl<'a> Writer<'a> {
    fn new(request: &'a Request<'a>, calendar: &'a Calendar, limits: Limits, scratch: &'a Path) -> Self {
        let (spec, series) = (request.spec, request.series);
        let detail = Detail::new(spec, series, calendar, limits, request.kept);
        let names = names(spec, detail.names());
        Self { request, scratch, detail, account: Account::new(spec, series, calendar), names, limits }
    }

    fn write<'r>(self, rows: impl Iterator<Item = Result<Row<'r>>>, out: &mut Output) -> Result<Exported> {
        let Request { series, progress, threads, report, .. } = *self.request;
        let mut template = Parts::new(self.template()?.save()?)?;
        let (frames, account) = (self.detail.frames(&mut template)?, self.account.frame(&mut template)?);
        let mut package = Package::new(out.file())?;
        for name in FIRST_PARTS {
            package.copy(name, &template.packed(name)?)?;
        }
        let most = (series.len() * self.detail.calendar.len()).max(report.sources.len());
        let threads = useful_threads(threads, most);
        let exported = pour(threads, &mut package, progress, |pour| {
            let (details, tally) = self.pour(rows, &frames, pour)?;
            let sums = (&tally, &self.detail);
            let chart = self.account.pour(pour, &account, sums, &self.names.account)?;
            let mut book = self.template()?;
            let figures = tally.figures(self.detail.calendar);
            let completeness = completeness(report, &tally, self.request.spec);
            let content = self.content(&details, &tally, &figures, &completeness);
            let source_rows = self.fill(&mut book, &content)?;
            let mut book = Parts::new(book.save()?)?;
            let sources = sheet_part(DETAIL + details.len() + 1);
            let sources = (!report.sources.is_empty()).then_some(&*sources);
            let domains = sheet_part(DOMAINS);
            let domains = (content.poured_domains() > 0).then_some(&*domains);
            copy(&mut book, &mut template, pour, (&chart, &[sources, domains]))?;
            if let Some(name) = domains {
                let offsets = self.detail.offsets(&frames[0].strings);
                content.pour_domains(pour, &book.text(name)?, name, &offsets)?;
            }
            if let Some(name) = sources {
                sources::pour(report, &book.text(name)?, source_rows, name, pour)?;
            }
            let rows = (details.iter().map(|d| d.rows).sum(), details.len());
            Ok(Exported::new(self.request, self.detail.calendar, &tally, figures, rows, completeness))
        })?;
        package.finish()?;
        Ok(exported)
    }

    /// What the sheets beside Detail are made from.
    fn content<'c>(
        &'c self,
        details: &'c [DetailSheet],
        tally: &'c Tally,
        figures: &'c Figures,
        completeness: &'c Completeness,
    ) -> Content<'c> {
        let (spec, calendar) = (self.request.spec, self.detail.calendar);
        Content {
            spec,
            calendar,
            tally,
            figures,
            names: &self.names,
            level_axis: level_axis(spec, figures.peak),
            completeness,
            report: self.request.report,
            created: self.request.created,
            details,
            is_crowd: self.detail.is_crowd(),
        }
    }

    /// Everything that is not poured. Tells how many rows the sheet Sources has.
    fn fill(&self, book: &mut Book, content: &Content<'_>) -> Result<u64> {
        let Content { spec, calendar, tally, completeness, report, details, .. } = *content;
        content.daily(&mut book.sheet(DAILY)?)?;
        content.domains(&mut book.sheet(DOMAINS)?, domain_width(self.request.series))?;
        let defined = content.summary(&mut book.sheet(SUMMARY)?)?;
        let quality = Quality { spec, calendar, tally, completeness, report, most: self.limits.pairs };
        quality.write(&mut book.sheet(DETAIL + details.len())?)?;
        let source_rows = quality.sources(&mut book.sheet(DETAIL + details.len() + 1)?)?;
        self.define(book, defined, content)?;
        Ok(source_rows)
    }

    /// Names the key figures and the tables that are poured.
    fn define(&self, book: &mut Book, defined: Vec<Defined>, content: &Content<'_>) -> Result<()> {
        for (name, row, column) in defined {
            book.define(name, SUMMARY, (row, column, row, column))?;
        }
        content.billed_days().map_or(Ok(()), |days| book.define("Billed", DAILY, days))?;
        book.define("Account", ACCOUNT, self.account.corners())?;
        let last = last_column(self.columns().len());
        for (at, detail) in content.details.iter().enumerate() {
            let name = if at == 0 { "Detail".to_owned() } else { format!("Detail_{}", at + 1) };
            let rows = rows_of(detail.rows);
            book.define(&name, DETAIL + at, (0, 0, rows, last))?;
        }
        Ok(())
    }

    /// The columns of Detail.
    fn columns(&self) -> Vec<Column> {
        columns::detail(self.request.spec, domain_width(self.request.series))
    }

    /// A workbook with the templates of the sheets that are poured.
    fn template(&self) -> Result<Book> {
        let mut book = self.book(RowMode::Streamed)?;
        self.detail.template(&mut book, &self.columns())?;
        self.account.template(&mut book)?;
        Ok(book)
    }

    /// A workbook of empty sheets.
    fn book(&self, account: RowMode) -> Result<Book> {
        let spec = self.request.spec;
        let version = [(FORMAT_PROPERTY, FORMAT_VERSION.to_owned())];
        let properties = Properties {
            title: spec.name.as_deref().unwrap_or(Label::Title.text(spec.language)),
            author: concat!("flowbook ", env!("CARGO_PKG_VERSION")),
            custom: &version,
            created: self.request.created,
        };
        let mut book = Book::new(&properties, self.scratch)?;
        book.add_sheet(Label::Summary.text(spec.language), RowMode::Kept)?;
        book.add_sheet(&self.names.daily, RowMode::Kept)?;
        book.add_sheet(&self.names.account, account)?;
        book.add_sheet(&self.names.domains, RowMode::Kept)?;
        for name in &self.names.details {
            book.add_sheet(name, RowMode::Streamed)?;
        }
        book.add_sheet(Label::DataQuality.text(spec.language), RowMode::Streamed)?;
        book.add_sheet(Label::Sources.text(spec.language), RowMode::Streamed)?;
        Ok(book)
    }

    /// Pours the rows into the Detail sheets and counts them.
    fn pour<'r, 'f>(
        &'f self,
        rows: impl Iterator<Item = Result<Row<'r>>>,
        frames: &'f [Frame],
        pour: &mut Pour<'_, '_, 'f>,
    ) -> Result<(Vec<DetailSheet>, Tally)> {
        let mut feed = Feed::new(&self.detail, frames, pour)?;
        let tally = walk(rows, self.request, |at, usages, touched| feed.series(at, usages, touched))?;
        Ok((feed.finish()?, tally))
    }
}

/// The number of threads to start for so many rows: as many as asked for (0 is one per core), but no more than
/// there are blocks.
fn useful_threads(asked: usize, rows: usize) -> usize {
    let asked = if asked == 0 { available_parallelism().map_or(1, NonZero::get) } else { asked };
    asked.min(rows / pour::BLOCK_ROWS + 1)
}

/// Copies the parts of a workbook behind those that are in the package already, which must be those of the
/// template: styles and strings are numbered alike in both. A chart of poured values gets them back. The parts `poured` have
/// their turn later.
fn copy(
    book: &mut Parts,
    template: &mut Parts,
    pour: &mut Pour<'_, '_, '_>,
    (chart, poured): (&Kept, &[Option<&str>]),
) -> Result<()> {
    for name in book.names()?.into_iter().filter(|name| !poured.contains(&Some(name))) {
        let part = book.packed(&name)?;
        if pour.package().holds(&name) {
            if part.sum() != template.packed(&name)?.sum() {
                return Err(Error::new(ErrorKind::Defect(format!("{name} changed while rows were written"))));
            }
            continue;
        }
        let text = if name.starts_with("xl/charts/") { in_order(&book.text(&name)?) } else { String::new() };
        if chart.are_in(&text) {
            chart.pour_chart(pour, &name, &text)?;
        } else {
            pour.package().copy(&name, &part)?;
        }
    }
    Ok(())
}

fn names(spec: &ExportSpec, details: Vec<String>) -> Names {
    let word = |label: Label| label.text(spec.language).to_owned();
    Names {
        daily: word(Label::Daily),
        account: account_name(spec),
        domains: word(Label::Domains),
        details,
        time: columns::time_column(spec).heading,
    }
}

/// What the sheet Account is called: for a group it bears the group's name, as far as a sheet can.
fn account_name(spec: &ExportSpec) -> String {
    let plain = Label::Account.text(spec.language);
    let Scope::Group(group) = &spec.scope else { return plain.to_owned() };
    let safe = |c: char| if c.is_control() || "[]:*?/\\'".contains(c) { '_' } else { c };
    let name: String = group.chars().map(safe).collect();
    let name = shortened(name.trim(), SHEET_NAME).into_owned();
    let details = |name: &str| {
        let number = name.strip_prefix(Label::Detail.text(spec.language));
        number.is_some_and(|number| number.trim().bytes().all(|b| b.is_ascii_digit()))
    };
    let others = [Label::Summary, Label::Daily, Label::Domains, Label::DataQuality, Label::Sources];
    let taken = others.iter().any(|label| label.text(spec.language).to_lowercase() == name.to_lowercase());
    // Excel keeps this name for itself.
    let is_kept = name.eq_ignore_ascii_case("history");
    let is_free = !name.is_empty() && !taken && !is_kept && !details(&name);
    if is_free { name } else { shortened(&format!("{plain} {name}"), SHEET_NAME).trim_end().to_owned() }
}

/// Wide enough for the longest name, within reason. Names are ASCII.
fn domain_width(series: &[Series]) -> usize {
    series.iter().map(|(domain, _)| domain.as_str().len()).max().unwrap_or(0).clamp(16, 60) + 2
}

/// What was asked for and has no request: domains with wildcards, and wildcards that hosts count as.
fn silent(spec: &ExportSpec, tally: &Tally) -> (Vec<Pattern>, Vec<Pattern>) {
    let wanted = &spec.selection.wanted;
    if wanted.named().next().is_none() && wanted.wildcards().next().is_none() && spec.fold.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let with_requests: BTreeSet<&Domain> =
        tally.domains.iter().filter(|one| one.total.total_requests() > 0).map(|one| &one.domain).collect();
    let named = wanted.named().filter(|domain| !with_requests.contains(domain));
    let wildcards = spec.selection.idle_wildcards(with_requests.iter().copied());
    let mut folds: Vec<Pattern> = Vec::new();
    for fold in &spec.fold {
        if with_requests.iter().all(|domain| domain.as_str() != fold.to_string()) && !folds.contains(fold) {
            folds.push(fold.clone());
        }
    }
    (named.cloned().map(Pattern::Exact).chain(wildcards).collect(), folds)
}

impl Exported {
    fn new(
        request: &Request<'_>,
        calendar: &Calendar,
        tally: &Tally,
        figures: Figures,
        (rows, sheets): (u64, usize),
        completeness: Completeness,
    ) -> Self {
        let spec = request.spec;
        let (silent, idle_folds) = silent(spec, tally);
        Self {
            rows,
            sheets,
            domains: tally.domains.len(),
            total: tally.total,
            silent,
            idle_folds,
            completeness,
            with_data: tally.first().zip(tally.last()),
            peak_time: figures.peak_at.map(|slice| content::when_text(spec, calendar, slice)),
            figures,
        }
    }

    /// The peak and the 95th percentile as a reader wants them: a bandwidth, or requests in five minutes.
    #[must_use]
    pub fn readable(&self, spec: &ExportSpec, level: u64) -> String {
        match spec.kind {
            Kind::Flow => columns::readable_bandwidth(Bandwidth::of_slice(level, spec.factor)),
            Kind::Vas => format!("{level} requests in 5 minutes"),
        }
    }
}
