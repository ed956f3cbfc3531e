//! Rows in, workbook out: Detail rows per second.

use criterion::{Criterion, Throughput};
use flowbook::contract::request::{Account, ExportRequest, validate};
use flowbook::domain::Domain;
use flowbook::export::{Request, export, series};
use flowbook::locale::Language;
use flowbook::output::Output;
use flowbook::record::{CacheResult, Protocol, Record};
use flowbook::region::Region;
use flowbook::report::Report;
use flowbook::time::TimeRange;
use flowbook::usage::table::UsageTable;
use std::sync::atomic::AtomicU64;

const DOMAINS: usize = 20;
const SLICES: usize = 7 * 288;

pub(crate) fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("export");
    group.throughput(Throughput::Elements((DOMAINS * SLICES) as u64)).sample_size(10);
    for kind in ["flow", "vas"] {
        let text = |text: &str| Some(text.to_owned());
        let request = ExportRequest {
            start_time: text("2026-03-01T00:00:00Z"),
            end_time: text("2026-03-08T00:00:00Z"),
            kind: text(kind),
            ..ExportRequest::default()
        };
        let spec = validate(&request, &Account::default(), Language::EnUs).expect("a valid request");
        let (table, bytes) = usage(spec.range);
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("out.xlsx");
        group.bench_function(kind, |b| {
            b.iter(|| {
                let series = series(&spec, table.keys(), Region::Unspecified);
                let (report, progress) = (Report::default(), AtomicU64::new(0));
                let request = Request {
                    spec: &spec,
                    series: &series,
                    report: &report,
                    created: 0,
                    progress: &progress,
                    threads: 0,
                    kept: None,
                };
                let out = Output::create(&path, true).expect("a file can be made");
                let exported = export(table.rows().map(Ok), &request, out, &path).expect("the disk has room");
                assert_eq!((exported.rows, exported.total.bytes), ((DOMAINS * SLICES) as u64, bytes));
            });
        });
    }
    group.finish();
}

/// A request in every window of every domain, of different size each.
fn usage(range: TimeRange) -> (UsageTable, u64) {
    let (mut table, mut total) = (UsageTable::new(), 0);
    for number in 0..DOMAINS {
        let domain = Domain::new(format!("d{number}.example.com").as_bytes()).expect("a domain");
        let series = table.series(&domain, Region::Unspecified);
        for (at, window) in range.windows().enumerate() {
            let bytes = (number as u64 + 1) * 7_654_321 + (at as u64 * 2_654_435_761) % 100_000_007;
            let record = Record {
                time: window.start(),
                host: None,
                bytes,
                protocol: Protocol::ALL[at % 4],
                status: Some(200),
                cache: CacheResult::Hit,
                region: Region::Unspecified,
            };
            let cell = table.cell(series, window);
            table.usage(cell).add(&record).expect("sums stay small");
            total += bytes;
        }
    }
    (table, total)
}
