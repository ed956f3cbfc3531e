//! Lines that real servers, documents and other tools' tests hold, with their true totals: each file is read in the format that
//! its lines tell.

use super::harness::{Place, repository};
use flowbook::domain::{Domain, DomainSet, Selection};
use flowbook::ingest::{Job, Progress, ingest};
use flowbook::log::description::{Description, Text};
use flowbook::log::{Choice, Formats};
use flowbook::report::RejectLimit;
use flowbook::source::{ORIGINS, discover};
use flowbook::time::TimeRange;
use std::collections::BTreeMap;

/// What is found in a file: its format, the lines that are no headers, those that count, those that are rejected, bytes,
/// slices, and the start and the bytes of the slice with the most.
#[derive(Debug, PartialEq)]
struct Found {
    format: String,
    lines: u64,
    accepted: u64,
    rejected: u64,
    bytes: u64,
    slices: usize,
    peak: Option<(i64, u64)>,
}

/// Reads a file of `data/samples`; lines without a host count for a domain, if there is to be one.
fn read(name: &str, format: Choice, has_domain: bool) -> Found {
    let mut sources = discover(&[repository().join("data/samples").join(name)]).unwrap();
    sources[0].reading.format = format;
    sources[0].reading.domain = Domain::new(b"www.example.com").filter(|_| has_domain);
    let selection = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let job = Job {
        origins: ORIGINS,
        range: TimeRange::all(),
        selection: &selection,
        folds: None,
        own_hosts: None,
        threads: 2,
        keep_going: true,
        max_rejects: RejectLimit::Share(1_000_000),
        empty_is_delivered: false,
        keep_rejects: None,
        progress: &Progress::default(),
    };
    let read = ingest(sources, &job).unwrap();
    let mut slices = BTreeMap::<i64, u64>::new();
    for row in read.table.rows() {
        *slices.entry(row.window.start()).or_default() += row.usage.bytes;
    }
    let counts = read.report.totals();
    assert!(counts.balanced(), "{name}");
    // The first one of several.
    let peak = slices.iter().rev().max_by_key(|(_, bytes)| **bytes);
    Found {
        format: read.report.sources[0].format.to_string(),
        lines: counts.lines - counts.without_request(),
        accepted: counts.accepted,
        rejected: counts.rejected_total(),
        bytes: slices.values().sum(),
        slices: slices.len(),
        peak: peak.map(|(start, bytes)| (*start, *bytes)),
    }
}

/// File, format, whether its lines need a domain; lines, accepted, rejected, bytes, slices, peak.
type Row = (&'static str, &'static str, bool, [u64; 5], Option<(i64, u64)>);

// One line of dreamhost_apache_access.log is empty, and is counted as blank.
const ROWS: [Row; 14] = [
    (
        "apache/elastic_apache_logs.log.gz",
        "nginx",
        true,
        [10_000, 10_000, 0, 2_747_282_740, 84],
        Some((1_431_983_100, 206_109_322)),
    ),
    (
        "apache/combined_with_errors.log",
        "nginx",
        true,
        [889, 885, 4, 228_530, 8],
        Some((1_431_867_900, 40_253)),
    ),
    (
        "apache/dreamhost_apache_access.log",
        "nginx",
        true,
        [129, 129, 0, 12_187_550, 85],
        Some((1_682_467_200, 3_664_434)),
    ),
    (
        "nginx/nginx_access.log",
        "nginx",
        true,
        [1000, 1000, 0, 14_644_503, 242],
        Some((1_636_700_400, 6_222_229)),
    ),
    (
        "nginx/combined_latin1_enc.log",
        "nginx",
        true,
        [200, 169, 31, 7_984_631, 65],
        Some((1_699_036_500, 3_252_997)),
    ),
    (
        "nginx/shop_access.log",
        "nginx",
        true,
        [1000, 1000, 0, 18_963_364, 1],
        Some((1_548_116_700, 18_963_364)),
    ),
    (
        "cloudfront/basic.log",
        "cloudfront",
        false,
        [20, 20, 0, 2_073_512, 2],
        Some((1_705_452_000, 1_635_126)),
    ),
    (
        "cloudfront/percent-encoding.log",
        "cloudfront",
        false,
        [3, 3, 0, 2_212_647, 1],
        Some((1_705_452_000, 2_212_647)),
    ),
    (
        "cloudfront/unknown-version.log",
        "cloudfront",
        false,
        [1, 1, 0, 214_182, 1],
        Some((1_705_449_300, 214_182)),
    ),
    ("vendor/cloudfront_v1.log", "cloudfront", false, [2, 2, 0, 1292, 2], Some((1_576_276_500, 900))),
    ("fastly/basic.log", "fastly", false, [23, 23, 0, 10_587_640, 2], Some((1_705_451_700, 5_491_661))),
    ("fastly/full-info.log", "fastly", false, [20, 20, 0, 1_920_843, 1], Some((1_761_522_900, 1_920_843))),
    ("fastly/recoverable-errors.log", "fastly", false, [7, 5, 2, 56_775, 1], Some((1_705_449_000, 56_775))),
    ("vendor/huawei_cdn_offline.log", "huawei", false, [2, 2, 0, 1440, 1], Some((1_517_788_200, 1440))),
];

#[test]
fn each_file_has_its_true_totals_in_the_format_that_its_lines_tell() {
    for (name, format, has_domain, [lines, accepted, rejected, bytes, slices], peak) in ROWS {
        let slices = slices as usize;
        let expected = Found { format: format.into(), lines, accepted, rejected, bytes, slices, peak };
        assert_eq!(read(name, Choice::default(), has_domain), expected, "{name}");
    }
}

/// Of logs without a column for bytes nothing counts.
#[test]
fn what_no_format_can_read_is_rejected_whole() {
    for name in ["cloudfront/recoverable-errors.log", "nginx/gonx_images_access.log"] {
        let found = read(name, Choice::default(), true);
        assert_eq!((found.accepted, found.bytes, found.slices), (0, 0, 0), "{name}");
        assert!(found.rejected > 0, "{name}");
    }
}

#[test]
fn a_pasted_template_reads_the_lines_of_its_server() {
    let text = "template = '$remote_addr [$time_local] \"$request\" $status $request_length $bytes_sent $request_time'";
    let described = Description::new("images", Text::parse(text).unwrap()).unwrap();
    let found = read("nginx/gonx_images_access.log", Choice::of(Formats::with(vec![described])), true);
    let expected = Found {
        format: "images".into(),
        lines: 1000,
        accepted: 1000,
        rejected: 0,
        bytes: 21_110_399,
        slices: 1,
        peak: Some((1_441_907_700, 21_110_399)),
    };
    assert_eq!(found, expected);
}

/// A store knows by which description it read a log: a changed one is said, and used for what is read anew.
#[test]
fn a_changed_description_is_said() {
    let place = Place::new();
    let describe = |hits: &str| {
        let text =
            format!("template = '[$time_local] $host $bytes_sent $upstream_cache_status'\nhits = [{hits}]\n");
        place.write("mine.toml", text);
    };
    let line = "[01/Mar/2026:10:00:00 +0000] a.com 7 WARM\n";
    place.write("logs/a.log", line);
    let ingest = ["ingest", "logs", "--store", "s.db", "--format-file", "mine.toml"];
    let hits = || {
        let rows =
            ["export", "--store", "s.db", "--type", "vas", "--range", "2026-03-01", "--json", "--force"];
        place.run(&rows, 0).json()["hit_requests"].as_u64()
    };
    describe("\"hot\"");
    let first = place.run(&ingest, 0);
    assert!(!first.stderr.contains("description"), "{}", first.stderr);
    let before = hits();
    // A comment changes nothing, and neither does the order.
    place.write(
        "mine.toml",
        "# mine\nhits = ['hot']\ntemplate = '[$time_local] $host $bytes_sent $upstream_cache_status'\n",
    );
    assert!(!place.run(&ingest, 0).stderr.contains("description"));
    describe("\"warm\"");
    place.run(&ingest, 0).says(&["another description of the format mine than there is now: 1;"]);
    assert_eq!(hits(), before);
    // What grows is read as a whole by the new one.
    let verified = place.run(&[&ingest[..], &["--verify", "--json"]].concat(), 0);
    assert_eq!(verified.json()["sources"]["replaced"], 1, "{}", verified.stdout);
    assert!(!place.run(&ingest, 0).stderr.contains("description"));
}
