//! The same rows into a workbook: by flowbook, and by the crate under it in each of its modes.
//!
//! Rows are computed, not read. `rows.py` has the same arithmetic.

use super::Result;
use clap::Args;
use flowbook::contract::request::{Account, ExportRequest, validate};
use flowbook::domain::Domain;
use flowbook::export::{Request, Series, export};
use flowbook::locale::Language;
use flowbook::output::Output;
use flowbook::region::Region;
use flowbook::report::Report;
use flowbook::time::{TimeRange, iso, parse_iso};
use flowbook::usage::{Row, Usage};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

/// Rows of a Detail sheet of type vas: this many domains in this many slices.
#[derive(Args)]
pub(crate) struct Shape {
    pub(crate) domains: u32,
    /// At most 8928, the slices of 31 days.
    pub(crate) slices: u32,
    /// The workbook, where one is made; it is replaced.
    #[arg(default_value = "/dev/null")]
    out: PathBuf,
}

/// The headings of the Detail sheet.
pub(crate) const HEADINGS: [&str; 8] = [
    "Time (UTC+00:00)",
    "Domain",
    "Region",
    "Requests",
    "HTTPS requests",
    "QUIC requests",
    "HTTP requests",
    "Other requests",
];
pub(crate) const REGION: &str = "All";
/// 2026-03-01 in Excel's days.
const FIRST_DAY: u32 = 46_082;
const SLICES_A_DAY: u32 = 288;

/// Name of a domain; their order is that of the numbers.
pub(crate) fn domain(number: u32) -> String {
    format!("d{number:05}.example.com")
}

/// The start of a slice in Excel's days.
pub(crate) fn serial(slice: u32) -> f64 {
    f64::from(FIRST_DAY * SLICES_A_DAY + slice) / f64::from(SLICES_A_DAY)
}

/// Requests by HTTPS, QUIC, HTTP and else, of a row counted over all domains.
pub(crate) fn requests(row: u64) -> [u64; 4] {
    let mixed = row.wrapping_mul(2_654_435_761) & 0xffff_ffff;
    [mixed % 10_007, (mixed >> 6) % 503, (mixed >> 3) % 1009, (mixed >> 9) % 11]
}

pub(crate) fn flowbook(shape: &Shape) -> Result<()> {
    let start = parse_iso("2026-03-01T00:00:00Z").expect("a time");
    let request = ExportRequest {
        start_time: Some(iso(start)),
        end_time: Some(iso(start + 300 * i64::from(shape.slices))),
        kind: Some("vas".into()),
        ..ExportRequest::default()
    };
    let spec = validate(&request, &Account::default(), Language::EnUs).map_err(|e| format!("{e:?}"))?;
    let name = |number| Domain::new(domain(number).as_bytes()).expect("a domain");
    let series: Vec<Series> = (0..shape.domains).map(|number| (name(number), Region::Unspecified)).collect();
    let request = Request {
        spec: &spec,
        series: &series,
        report: &Report::default(),
        created: start,
        progress: &AtomicU64::new(0),
        threads: 0,
        kept: None,
    };
    let out = Output::create(&shape.out, true)?;
    let exported = export(usage(&series, spec.range).map(Ok), &request, out, &shape.out)?;
    println!("rows {}", exported.rows);
    Ok(())
}

/// The rows, as usage sorted by domain and window.
fn usage(series: &[Series], range: TimeRange) -> impl Iterator<Item = Row<'_>> {
    let keys = series.iter().flat_map(move |series| range.windows().map(move |window| (series, window)));
    keys.zip(0..).map(|(((domain, region), window), row)| {
        let [https, quic, http, other] = requests(row);
        let usage = Usage { requests: [http, https, quic, other], ..Usage::default() };
        Row { domain, region: *region, window, usage }
    })
}

pub(crate) fn standard(shape: &Shape) -> Result<()> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet(), shape)?;
    Ok(workbook.save(&shape.out)?)
}

pub(crate) fn constant_memory(shape: &Shape) -> Result<()> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet_with_constant_memory()?, shape)?;
    Ok(workbook.save(&shape.out)?)
}

pub(crate) fn low_memory(shape: &Shape) -> Result<()> {
    let mut workbook = Workbook::new();
    fill(workbook.add_worksheet_with_low_memory()?, shape)?;
    Ok(workbook.save(&shape.out)?)
}

fn fill(sheet: &mut Worksheet, shape: &Shape) -> std::result::Result<(), XlsxError> {
    let (time, whole) =
        (Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"), Format::new().set_num_format("#,##0"));
    sheet.set_name("Detail")?;
    sheet.write_row(0, 0, HEADINGS)?;
    let (mut row, mut at) = (0, 0);
    for name in (0..shape.domains).map(domain) {
        for slice in 0..shape.slices {
            let by_protocol = requests(row);
            (row, at) = (row + 1, at + 1);
            sheet.write_number_with_format(at, 0, serial(slice), &time)?;
            sheet.write_string(at, 1, &name)?;
            sheet.write_string(at, 2, REGION)?;
            let counts = [by_protocol.iter().sum()].into_iter().chain(by_protocol);
            for (count, column) in counts.zip(3..) {
                sheet.write_number_with_format(at, column, count as f64, &whole)?;
            }
        }
    }
    Ok(())
}
