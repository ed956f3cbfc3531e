//! The Detail rows as CSV and as a workbook, dense and sparse: the same cells, however they are written.

use super::book::Book;
use super::harness::{Place, line, repository};
use flowbook::codec::Decoder;
use std::fs;
use std::io::Read;
use std::process::Stdio;

const RANGE: [&str; 4] = ["--start-time", "2026-02-28T16:00:00Z", "--end-time", "2026-03-01T16:00:00Z"];

fn export(place: &Place, output: &str, more: &[&str]) {
    export_with(place, output, more, 0);
}

/// The same, with the exit code that is expected.
fn export_with(place: &Place, output: &str, more: &[&str], code: i32) {
    let sample = repository().join("data/sample");
    let arguments = ["export", sample.to_str().unwrap(), "--output", output];
    place.run(&[&arguments[..], &RANGE, more].concat(), code);
}

/// Headings and rows of a CSV file, packed or not.
fn csv(place: &Place, name: &str) -> Vec<Vec<String>> {
    let mut text = Vec::new();
    Decoder::new(&fs::read(place.path(name)).unwrap()[..]).unwrap().read_to_end(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(String::from).collect()).collect()
}

/// A row of CSV as the workbook shows it: the time without its offset, no zeros behind the point.
fn shown(mut row: Vec<String>, offset: &str) -> Vec<String> {
    row[0] = row[0].strip_suffix(offset).unwrap_or_else(|| panic!("{}", row[0])).replace('T', " ");
    for cell in &mut row[3..] {
        if cell.contains('.') {
            *cell = cell.trim_end_matches('0').trim_end_matches('.').into();
        }
    }
    row
}

#[test]
fn csv_holds_the_cells_of_the_workbook() {
    let place = Place::new();
    for (number, (more, offset)) in [
        (vec!["--type", "flow", "--language", "en-us"], "+00:00"),
        (vec!["--type", "flow", "--traffic-factor", "1.1", "--time-zone", "Asia/Shanghai"], "+08:00"),
        (vec!["--type", "vas", "--language", "zh-cn", "--time-zone", "-03:30", "--region", "CN"], "-03:30"),
        (vec!["--type", "vas", "--domain-names", "www01.shop.example.com,none.example.com"], "+00:00"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = |ending: &str| format!("{number}.{ending}");
        for rows in ["dense", "sparse"] {
            let more = [&more[..], &["--rows", rows, "--force"]].concat();
            for ending in ["xlsx", "csv", "csv.gz", "csv.zst"] {
                export(&place, &name(ending), &more);
            }
            let mut book = Book::open(&place.path(&name("xlsx")));
            let found = csv(&place, &name("csv"));
            let detail = if more.contains(&"zh-cn") { "\u{57df}\u{540d}\u{660e}\u{7ec6}" } else { "Detail" };
            let (mut headings, rows) = (found[0].clone(), &found[1..]);
            headings[0] = headings[0].trim_start_matches('\u{feff}').into();
            assert_eq!(headings, book.rows(detail)[0]);
            assert!(rows.iter().map(|row| shown(row.clone(), offset)).eq(book.detail()), "{more:?}");
            assert_eq!(csv(&place, &name("csv.gz")), found);
            assert_eq!(csv(&place, &name("csv.zst")), found);
        }
    }
}

#[test]
fn sparse_rows_are_the_dense_ones_with_a_request_and_figures_stay() {
    let place = Place::new();
    let names = "www01.shop.example.com,none.example.com";
    let mut books = Vec::new();
    for kind in ["flow", "vas"] {
        for rows in ["dense", "sparse"] {
            let file = format!("{kind}-{rows}.xlsx");
            export(
                &place,
                &file,
                &["--type", kind, "--rows", rows, "--domain-names", names, "--region", "EU"],
            );
            books.push(Book::open(&place.path(&file)));
        }
        let [mut dense, mut sparse] = [books.remove(0), books.remove(0)];
        let kept: Vec<_> = dense.detail().into_iter().filter(|row| row[3] != "0").collect();
        assert!(!kept.is_empty() && kept.len() < dense.detail().len());
        assert_eq!(sparse.detail(), kept);
        for sheet in ["Daily", "Account", "Domains"] {
            assert_eq!(sparse.rows(sheet), dense.rows(sheet), "{sheet}");
        }
        assert!(sparse.beside("Summary", "Detail Rows").starts_with("Only slices with a request"));
        let figure = if kind == "flow" { "95th Percentile (bps)" } else { "Requests" };
        assert_eq!(sparse.beside("Summary", figure), dense.beside("Summary", figure));
    }
    // Nothing at all: headings only.
    let none = ["--type", "flow", "--rows", "sparse", "--domain-names", "none.example.com"];
    export_with(&place, "none.xlsx", &none, 3);
    assert!(Book::open(&place.path("none.xlsx")).detail().is_empty());
    export_with(&place, "none.csv", &none, 3);
    assert_eq!(csv(&place, "none.csv").len(), 1);
    place.export(&["x", "--rows", "some"], 2).says(&["InvalidParameter", "dense", "sparse"]);
}

#[test]
fn rows_go_to_standard_output_and_messages_do_not() {
    let place = Place::new();
    export(&place, "rows.csv", &["--type", "flow"]);
    let sample = repository().join("data/sample");
    let arguments = [&["export", sample.to_str().unwrap(), "-o", "-", "--type", "flow"][..], &RANGE].concat();
    let done = place.run(&arguments, 0);
    assert_eq!(done.stdout, fs::read_to_string(place.path("rows.csv")).unwrap());
    done.says(&["lines read", "CSV"]);
    let quiet = place.run(&[&arguments[..], &["--quiet"]].concat(), 0);
    assert_eq!((quiet.stdout, quiet.stderr), (done.stdout, String::new()));
    let both = place.run(&[&arguments[..], &["--json"]].concat(), 2);
    assert_eq!(both.json()["Code"], "InvalidParameter");
    assert_eq!(place.names(), ["rows.csv"]);
    // A reader that goes away has what it wanted.
    let mut child = place.command().args(&arguments).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_store_gives_the_same_rows_and_keeps_the_task() {
    let place = Place::new();
    let sample = repository().join("data/sample");
    place.run(&["ingest", sample.to_str().unwrap(), "--store", "s.db"], 0);
    let names = "www01.shop.example.com,none.example.com";
    for file in ["rows.csv", "rows.csv.gz", "sparse.csv"] {
        let rows = if file.starts_with("sparse") { "sparse" } else { "dense" };
        export(&place, file, &["--type", "flow", "--rows", rows, "--domain-names", names]);
        let direct = fs::read(place.path(file)).unwrap();
        let stored = ["export", "--store", "s.db", "--type", "flow", "--rows", rows, "--force", "-o", file];
        place.run(&[&stored[..], &RANGE, &["--domain-names", names]].concat(), 0);
        assert!(fs::read(place.path(file)).unwrap() == direct, "{file}");
    }
    let stream = ["export", "--store", "s.db", "--type", "flow", "--domain-names", names, "-o", "-"];
    let out = place.run(&[&stream[..], &RANGE].concat(), 0).stdout;
    assert_eq!(out, fs::read_to_string(place.path("rows.csv")).unwrap());
    let listed = place.run(&["task", "list", "--store", "s.db", "--json"], 0).json();
    assert_eq!(listed["UsageDataPerPage"]["TotalCount"], 3);
    // Made again as it was asked for, sparse.
    place.write("late.log", line("01/Mar/2026:00:00:01 +0000", "www01.shop.example.com", 7));
    place.run(&["export", "late.log", "--store", "s.db", "--refresh"], 0);
    let sparse = csv(&place, "sparse.csv");
    assert!(sparse[1..].iter().all(|row| row[3] != "0" || row[4] != "0.00"));
    assert!(sparse.len() < csv(&place, "rows.csv").len());
    place.run(&[&["task", "create", "--store", "s.db", "--type", "flow", "-o", "-"][..], &RANGE].concat(), 2);
}

#[test]
fn times_name_their_offset_where_clocks_change() {
    let place = Place::new();
    let log: String =
        ["05", "06"].map(|hour| line(&format!("01/Nov/2026:{hour}:00:00 +0000"), "a.com", 1)).concat();
    place.write("a.log", log);
    let range = ["--start-time", "2026-11-01T04:00:00Z", "--end-time", "2026-11-02T05:00:00Z"];
    let zone = ["--type", "flow", "--time-zone", "America/New_York", "--rows", "sparse", "-o", "-"];
    let out = place.run(&[&["export", "a.log"][..], &range, &zone].concat(), 0).stdout;
    assert_eq!(
        out,
        "Time (America/New_York),Domain Name,Region,Traffic (bytes),Bandwidth (bps)\n\
         2026-11-01T01:00:00-04:00,a.com,All,1,0.03\n2026-11-01T01:00:00-05:00,a.com,All,1,0.03\n"
    );
}

#[test]
fn other_endings_are_refused_before_anything_is_read() {
    let place = Place::new();
    place.write("a.log", line("01/Mar/2026:00:00:01 +0000", "a.com", 1));
    for name in ["out", "out.xls", "out.csv.bz2", "out.txt", "out.db"] {
        let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
        let done = place.run(&[&["export", "a.log", "--type", "flow", "-o", name][..], &range].concat(), 2);
        done.says(&[name, "end it in .xlsx", ".csv.zst"]);
    }
    assert_eq!(place.names(), ["a.log"]);
}

#[test]
fn cells_are_no_formulas() {
    let place = Place::new();
    let log = "=1+1,\"x\"\n+2\n-3\n@sum\n\tx\n'4\nplain\n";
    place.write("=a.log", log.to_owned() + &line("01/Mar/2026:00:00:01 +0000", "a.com", 1).repeat(20));
    place.export(&["=a.log", "--rejects", "r.csv", "--max-rejects", "100%"], 0);
    let rows = csv(&place, "r.csv");
    let texts: Vec<&str> = rows[1..].iter().map(|row| row[3].as_str()).collect();
    assert_eq!(texts, ["'=1+1,\"x\"", "'+2", "'-3", "'@sum", "'\tx", "''4", "plain"]);
    let back: String =
        texts.iter().map(|text| text.strip_prefix('\'').unwrap_or(text).to_owned() + "\n").collect();
    assert_eq!(back, log);
    assert!(rows[1..].iter().all(|row| row[0] == "'=a.log"));
}
