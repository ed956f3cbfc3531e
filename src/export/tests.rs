//! The export from inside: small sheets, and every part of the file held against what `rust_xlsxwriter` alone
//! makes of the same rows.

use super::*;
use crate::contract::request::{Account as Owned, DetailRows, ExportRequest, validate};
use crate::locale::Language;
use crate::record::Reason;
use crate::report::overlap::{Kind as Alike, Overlap};
use crate::report::{Counts, Duplicate, NamedHours, SAMPLE_BYTES, SAMPLES_PER_REASON, Sample, SourceReport};
use crate::sketch::Sketch;
use crate::time::Window;
use crate::usage::table::UsageTable;
use calamine::{Reader, Xlsx, open_workbook};
use completeness::MAX_GAPS;
use quality::{MAX_ROWS, OTHER_ROWS, SAMPLE_ROWS};
use std::fs;
use workbook::chart::in_order;
use workbook::layout::Grid;
use workbook::{Cell, Tone};

fn spec(kind: &str, hours: u32, factor: Option<&str>) -> ExportSpec {
    let text = |text: &str| Some(text.to_owned());
    let request = ExportRequest {
        start_time: text("2026-03-01T00:00:00Z"),
        end_time: Some(format!("2026-03-01T{hours:02}:00:00Z")),
        kind: text(kind),
        domain_names: text("c.com,b.com,a.com"),
        traffic_factor: factor.map(String::from),
        ..ExportRequest::default()
    };
    validate(&request, &Owned::default(), Language::EnUs).unwrap()
}

/// Usage of two domains, one of them in two regions.
fn table(spec: &ExportSpec) -> UsageTable {
    let mut table = UsageTable::new();
    for (name, region, bytes) in
        [("a.com", Region::Cn, 300), ("b.com", Region::Eu, 600), ("b.com", Region::Cn, 900)]
    {
        let id = table.series(&Domain::new(name.as_bytes()).unwrap(), region);
        let cell = table.cell(id, spec.range.start());
        *table.usage(cell) = Usage { bytes, requests: [1, 0, 0, 0], ..Usage::default() };
    }
    table
}

/// Writes the workbook of a table, with so many data rows a sheet at most; gives what `check` makes of it.
fn written<T>(
    spec: &ExportSpec,
    table: &UsageTable,
    limit: u64,
    check: impl FnOnce(&Writer<'_>, Exported, &Path) -> T,
) -> T {
    written_by(spec, table, Limits { data_rows: limit, ..Limits::EXCEL }, check)
}

/// The same, with limits of all kinds.
fn written_by<T>(
    spec: &ExportSpec,
    table: &UsageTable,
    limits: Limits,
    check: impl FnOnce(&Writer<'_>, Exported, &Path) -> T,
) -> T {
    written_of(spec, table, limits, &Report::default(), check)
}

/// The same, of what a report tells.
fn written_of<T>(
    spec: &ExportSpec,
    table: &UsageTable,
    limits: Limits,
    report: &Report,
    check: impl FnOnce(&Writer<'_>, Exported, &Path) -> T,
) -> T {
    let series = series(spec, table.keys(), Region::Na);
    let progress = AtomicU64::new(0);
    let (created, threads) = (0, 2);
    let kept = (spec.rows == DetailRows::Sparse)
        .then(|| kept_rows(table.rows().map(Ok), &series, spec.range).unwrap());
    let kept = kept.as_deref();
    let request = Request { spec, series: &series, report, created, progress: &progress, threads, kept };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.xlsx");
    let mut out = Output::create(&path, false).unwrap();
    let calendar = Calendar::new(spec.range, spec.zone);
    let exported =
        Writer::new(&request, &calendar, limits, dir.path()).write(table.rows().map(Ok), &mut out).unwrap();
    out.commit().unwrap();
    assert_eq!(exported.rows, progress.load(std::sync::atomic::Ordering::Relaxed));
    check(&Writer::new(&request, &calendar, limits, dir.path()), exported, &path)
}

/// The sheets of a workbook, every cell as text.
fn sheets(path: &Path) -> Vec<(String, Vec<Vec<String>>)> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let read = |(name, range): (String, calamine::Range<calamine::Data>)| {
        (name, range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect())
    };
    book.worksheets().into_iter().map(read).collect()
}

#[test]
fn detail_is_split_with_domains_whole() {
    for (limit, rows) in [(100, vec![48]), (40, vec![36, 12]), (24, vec![12, 24, 12]), (20, vec![20, 16, 12])]
    {
        let spec = spec("flow", 1, None);
        let sheets = written(&spec, &table(&spec), limit, |_, exported, path| {
            assert_eq!((exported.rows, exported.total.bytes), (48, 1800));
            sheets(path)
        });
        let detail: Vec<_> = sheets.iter().filter(|(name, _)| name.starts_with("Detail")).collect();
        let lens: Vec<usize> = detail.iter().map(|(_, rows)| rows.len() - 1).collect();
        assert_eq!(lens, rows, "limit {limit}");
        let all: Vec<&Vec<String>> = detail.iter().flat_map(|(_, rows)| &rows[1..]).collect();
        let series: Vec<String> = all.iter().step_by(12).map(|row| row[1..4].join(" ")).collect();
        assert_eq!(series, ["a.com CN 300", "b.com CN 900", "b.com EU 600", "c.com NA 0"]);
        let names: Vec<&str> = detail.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Detail", "Detail 2", "Detail 3"][..rows.len()]);
        let (_, summary) = &sheets[0];
        let listed = summary.iter().filter(|row| row[0].starts_with("Detail") && row[0] != "Detail Sheets");
        assert_eq!(listed.count(), rows.len());
    }
}

/// The workbook as `rust_xlsxwriter` alone writes it, row by row. Strings are numbered as ours where the Account
/// sheet is streamed; charts keep values of it where it is kept.
fn by_hand(writer: &Writer<'_>, table: &UsageTable, account: RowMode) -> Parts {
    let Request { spec, series, .. } = *writer.request;
    let calendar = writer.detail.calendar;
    let mut book = writer.book(account).unwrap();
    let mut tally = Tally::new(spec.kind, spec.range);
    let mut details: Vec<DetailSheet> = writer.detail.split.iter().map(DetailSheet::of).collect();
    let mut all = Vec::new();
    for (at, (domain, region)) in series.iter().enumerate() {
        let mut usages = vec![Usage::default(); calendar.len()];
        for row in table.rows().filter(|row| row.domain == domain && row.region == *region) {
            usages[spec.range.position(row.window).unwrap()] = row.usage;
        }
        let slices: Vec<usize> = (0..usages.len()).collect();
        tally.add(*region, &usages, &slices).unwrap();
        if series.get(at + 1).is_none_or(|(next, _)| next != domain) {
            tally.end_domain(domain).unwrap();
        }
        let rows = usages.into_iter().enumerate().map(|(slice, usage)| (domain, *region, slice, usage));
        let is_dense = spec.rows == DetailRows::Dense;
        all.extend(rows.filter(|(_, _, _, usage)| is_dense || usage.total_requests() > 0));
    }
    tally.sort_domains();
    for (at, span) in writer.detail.split.iter().enumerate() {
        let mut sheet = book.sheet(DETAIL + at).unwrap();
        let span = usize::try_from(span.start).unwrap()..usize::try_from(span.end).unwrap();
        let (columns, rows) = (writer.columns(), u32::try_from(span.len()).unwrap());
        sheet.table(&columns, rows, Grid::Filter).unwrap();
        let printed = Label::FirstPage.text(spec.language).replace("{rows}", &rows.to_string());
        sheet.print_first(columns.len(), rows, true, &printed).unwrap();
        for (domain, region, slice, usage) in &all[span] {
            details[at].holds(domain);
            let time = Cell::Time(calendar.local(*slice));
            let region = columns::region_name(*region, spec.language);
            let mut cells = vec![time, Cell::Text(domain.as_str()), Cell::Text(region)];
            columns::row(spec, usage).for_each(|cell| cells.push(cell));
            sheet.row(&cells, Tone::Plain).unwrap();
        }
    }
    writer.account.by_hand(&mut book, &tally);
    let figures = tally.figures(calendar);
    let completeness = completeness(writer.request.report, &tally, spec);
    writer.fill(&mut book, &writer.content(&details, &tally, &figures, &completeness)).unwrap();
    Parts::new(book.save().unwrap()).unwrap()
}

/// A part without what may differ: the spans of rows, and how often strings are used, which are hints only.
fn comparable(text: &str) -> String {
    let cut = |text: &str, attribute: &str| {
        let mut pieces = text.split(attribute);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |text, piece| text + piece.split_once('"').map_or("", |(_, rest)| rest))
    };
    cut(&cut(text, " spans=\""), " count=\"")
}

#[test]
fn every_part_is_as_if_written_row_by_row() {
    for (kind, hours, factor, limit, rows) in [
        ("flow", 1, None, 100, DetailRows::Dense),
        ("vas", 23, None, 500, DetailRows::Dense),
        ("flow", 23, Some("1.1"), 700, DetailRows::Dense),
        ("flow", 1, None, 20, DetailRows::Dense),
        ("flow", 23, Some("1.1"), 500, DetailRows::Sparse),
        ("vas", 23, None, 100, DetailRows::Sparse),
    ] {
        let spec = ExportSpec { rows, ..spec(kind, hours, factor) };
        let mut table = table(&spec);
        // Numbers of all lengths, and runs of equal ones.
        for (at, window) in spec.range.windows().enumerate().skip(1).filter(|(at, _)| at % 7 != 3) {
            let id = table.series(&Domain::new(b"a.com").unwrap(), Region::Cn);
            let cell = table.cell(id, window);
            let bytes = 10u64.pow((at % 16).try_into().unwrap()) + at as u64 / 3;
            *table.usage(cell) =
                Usage { bytes, requests: [at as u64, bytes, 1, 0], hits: 1, ..Usage::default() };
        }
        written(&spec, &table, limit, |writer, _, path| {
            let mut streamed = by_hand(writer, &table, RowMode::Streamed);
            let mut kept = by_hand(writer, &table, RowMode::Kept);
            let mut found = Parts::new(fs::read(path).unwrap()).unwrap();
            let sorted = |mut names: Vec<String>| {
                names.sort();
                names
            };
            let names = sorted(streamed.names().unwrap());
            assert_eq!(sorted(found.names().unwrap()), names);
            for name in names {
                let expected = if name.contains("charts") { &mut kept } else { &mut streamed };
                let [expected, found] = [expected, &mut found].map(|parts| parts.text(&name).unwrap());
                let expected = if name.contains("charts") { in_order(&expected) } else { expected };
                assert!(comparable(&found) == comparable(&expected), "{kind} {hours} h: {name}");
            }
        });
    }
}

/// Where names do not stand among the shared strings, every cell of every sheet is the same.
#[test]
fn a_crowd_of_domains_reads_as_few_do() {
    let berlin = ExportRequest {
        start_time: Some("2026-03-28T23:00:00Z".into()),
        end_time: Some("2026-03-29T05:00:00Z".into()),
        kind: Some("flow".into()),
        time_zone: Some("Europe/Berlin".into()),
        ..ExportRequest::default()
    };
    let berlin = validate(&berlin, &Owned::default(), Language::ZhCn).unwrap();
    let all = |spec| ExportSpec { selection: berlin.selection.clone(), ..spec };
    for (spec, rows, limit) in [
        (all(spec("flow", 2, Some("1.1"))), DetailRows::Dense, 100),
        (all(spec("vas", 1, None)), DetailRows::Sparse, 7),
        (all(spec("flow", 1, None)), DetailRows::Dense, 1000),
        (berlin.clone(), DetailRows::Dense, 1000),
        (berlin.clone(), DetailRows::Sparse, 50),
    ] {
        let spec = ExportSpec { rows, ..spec };
        let mut table = table(&spec);
        for n in 0..40usize {
            let regions = [Region::Cn, Region::Eu, Region::Sa];
            for region in &regions[..=n % 3] {
                let id = table.series(&Domain::new(format!("h{n}.b.com").as_bytes()).unwrap(), *region);
                for (at, window) in spec.range.windows().enumerate().filter(|(at, _)| (at * 7 + n) % 5 == 0) {
                    let cell = table.cell(id, window);
                    // Some without a byte: they have no peak.
                    let bytes = if n % 4 == 0 { 0 } else { (at * n) as u64 };
                    *table.usage(cell) =
                        Usage { bytes, requests: [n as u64 % 3, 0, 1, 0], ..Usage::default() };
                }
            }
        }
        let of = |shared_names| {
            written_by(
                &spec,
                &table,
                Limits { data_rows: limit, shared_names, ..Limits::EXCEL },
                |writer, _, path| (writer.detail.is_crowd(), sheets(path)),
            )
        };
        let ((is_crowd, crowd), (is_other, few)) = (of(0), of(usize::MAX));
        assert!(is_crowd && !is_other);
        for (crowd, few) in crowd.iter().zip(&few) {
            assert_eq!(crowd, few);
        }
        assert_eq!(crowd.len(), few.len());
    }
}

/// However much there is to tell, Data Quality has room for it, and says what it leaves out.
#[test]
fn lists_of_data_quality_end_somewhere() {
    const PAIRS: usize = 20;
    const SOURCES: usize = MAX_ROWS + 10;
    let month = ExportRequest {
        start_time: Some("2026-03-01T00:00:00Z".into()),
        end_time: Some("2026-04-01T00:00:00Z".into()),
        kind: Some("flow".into()),
        domain_names: Some("c.com,b.com,a.com".into()),
        rows: Some("sparse".into()),
        ..ExportRequest::default()
    };
    let spec = validate(&month, &Owned::default(), Language::EnUs).unwrap();
    let domain = |name: &str| Domain::new(name.as_bytes()).unwrap();
    let first = spec.range.start().start();
    let source = |n: usize| SourceReport {
        format: std::borrow::Cow::default(),
        name: format!("logs/{n}.log"),
        size: None,
        hours: Some(NamedHours { domain: domain("a.com"), start: first, end: first + 3600 }),
        wildcard: None,
        counts: Counts {
            lines: 1,
            late: 1,
            first_late: Some(Window::from_index(spec.range.start().index() - 1)),
            rejected: [1; Reason::ALL.len()],
            ..Counts::default()
        },
        fault: Some("ends early".into()),
        may_be_empty: false,
        padding: 1,
        sketch: Sketch::default(),
    };
    let samples = Reason::ALL.into_iter().flat_map(|reason| {
        let text = "\u{4e2d}".repeat(SAMPLE_BYTES).into_bytes();
        (1..=SAMPLES_PER_REASON as u64).map(move |line| Sample {
            source: 0,
            line,
            reason,
            text: text.clone(),
        })
    });
    let overlap = Overlap {
        kind: Alike::SameLines,
        name: "whole.log".into(),
        others: (0..PAIRS + 10).map(|n| format!("part/{n}.log")).collect(),
    };
    let named = |n: usize| Duplicate { name: format!("copies/{n}.log"), same_as: "a.log".into() };
    let mut report = Report {
        sources: (0..SOURCES).map(source).collect(),
        samples: samples.collect(),
        duplicates: (0..PAIRS + 10).map(named).collect(),
        overlaps: vec![overlap].into(),
        ..Report::default()
    };
    // Every other hour is missing, and every other slice is silent.
    for name in ["a.com", "b.com", "c.com"] {
        let hours = (0..31 * 24).step_by(2).map(|hour| Some(first / 3600 + hour));
        hours.for_each(|hour| report.add_shared(&domain(name), hour));
    }
    let mut table = UsageTable::new();
    let id = table.series(&domain("a.com"), Region::Cn);
    for window in spec.range.windows().step_by(2) {
        let cell = table.cell(id, window);
        *table.usage(cell) = Usage { bytes: 1, requests: [1, 0, 0, 0], ..Usage::default() };
    }
    let limits = Limits { pairs: PAIRS, ..Limits::EXCEL };
    let sheets = written_of(&spec, &table, limits, &report, |_, _, path| sheets(path));
    let (_, quality) = sheets.iter().find(|(name, _)| name == "Data Quality").unwrap();
    let left_out: Vec<&str> =
        quality.iter().filter(|row| row[0] == "Not shown").map(|row| row[1].as_str()).collect();
    let rest = |all: usize, most: usize| (all - most).to_string();
    let expected = [
        rest(SOURCES, PAIRS),
        "10".into(),
        "10".into(),
        rest(SOURCES, PAIRS),
        rest(3 * 31 * 12, MAX_GAPS),
        rest(spec.range.len() / 2 - 1, MAX_ROWS),
        rest(SOURCES * Reason::ALL.len(), MAX_ROWS),
        "10".into(),
    ];
    assert_eq!(left_out, expected);
    let listed = |name: &str| quality.iter().filter(|row| row[0].starts_with(name)).count();
    assert_eq!((listed("copies/"), listed("whole.log")), (PAIRS, PAIRS));
    let samples = quality.iter().filter(|row| row[0].starts_with("    \u{4e2d}")).count();
    assert!(
        samples <= SAMPLE_ROWS
            && quality.len() <= 4 * PAIRS + MAX_GAPS + 3 * MAX_ROWS + SAMPLE_ROWS + OTHER_ROWS
    );
}

/// What a format passes over is told where there is any, and nothing else changes where there is none.
#[test]
fn skipped_lines_are_told_where_there_are_any() {
    let spec = spec("flow", 1, None);
    let written = |skipped: u64| {
        let counts = Counts { lines: 5 + skipped, accepted: 3, blank: 2, skipped, ..Counts::default() };
        let source = SourceReport { name: "a.log".into(), counts, ..SourceReport::default() };
        let report = Report { sources: vec![source], ..Report::default() };
        let sheets = written_of(&spec, &table(&spec), Limits::EXCEL, &report, |_, _, path| sheets(path));
        let rows = |name: &str| sheets.iter().find(|sheet| sheet.0 == name).unwrap().1.clone();
        (rows("Data Quality"), rows("Sources"))
    };
    let ((quality, sources), (others_quality, others_sources)) = (written(7), written(0));
    let told = |rows: &[Vec<String>]| -> Vec<String> {
        let counts = rows.iter().filter(|row| row[0].starts_with("Skipped") || row[0].starts_with("Read = "));
        counts.map(|row| format!("{}: {}", row[0], row[1])).collect()
    };
    let skipped = Label::Skipped.text(Language::EnUs);
    let law = "Read = Accepted + Out of Scope + Rejected + Blank";
    assert_eq!(told(&quality), [format!("{skipped}: 7"), format!("{law} + Skipped: Yes")]);
    assert_eq!(told(&others_quality), [format!("{law}: Yes")]);
    assert_eq!(
        (&sources[0][9..], &sources[1][9..]),
        (&["Blank".into(), skipped.to_owned(), "Late".into()][..], &["2".into(), "7".into(), "0".into()][..])
    );
    assert_eq!(
        (&others_sources[0][9..], &others_sources[1][9..]),
        (&["Blank".into(), "Late".into()][..], &["2".into(), "0".to_owned()][..])
    );
}
