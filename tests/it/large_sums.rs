//! Sums that no double holds, and sums that no column of a store holds.

use super::book::Book;
use super::harness::{Place, line};
use rusqlite::Connection;
use std::io::Read;

const NOON: &str = "1/Mar/2026:12:00:00 +0800";
/// The most that a line can say, in bytes.
const MOST: u64 = 1 << 50;
const DAY: [&str; 6] =
    ["--type", "flow", "--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

/// The cells of all sheets that hold a number of sixteen digits or more, as their XML.
fn large_cells(place: &Place, name: &str) -> Vec<(String, String)> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path(name)).unwrap()).unwrap();
    let mut found = Vec::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        if !name.starts_with("xl/worksheets/sheet") {
            continue;
        }
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        for cell in text.split("<c ").skip(1) {
            let value =
                cell.split("<v>").nth(1).and_then(|rest| rest.split("</v>").next()).unwrap_or_default();
            if value.bytes().filter(u8::is_ascii_digit).count() >= 16 && !value.contains('.') {
                found.push((name.clone(), cell.split("</c>").next().unwrap().to_owned()));
            }
        }
    }
    found
}

/// The styles of cells, in their order, as their XML.
fn styles(place: &Place, name: &str) -> Vec<String> {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path(name)).unwrap()).unwrap();
    let mut text = String::new();
    archive.by_name("xl/styles.xml").unwrap().read_to_string(&mut text).unwrap();
    let styles = text.split("<cellXfs").nth(1).and_then(|rest| rest.split("</cellXfs>").next()).unwrap();
    styles.split("<xf ").skip(1).map(Into::into).collect()
}

#[test]
fn what_no_double_holds_is_text_with_all_digits_in_every_sheet() {
    let place = Place::new();
    place.write("a.log", line(NOON, "a.com", MOST).repeat(8) + &line(NOON, "a.com", 1));
    place.run(&[&["export", "a.log", "-o", "x.xlsx"], &DAY[..]].concat(), 0);
    let (exact, mut book) = ("9007199254740993", Book::open(&place.path("x.xlsx")));
    assert_eq!(book.beside("Summary", "Total Traffic (bytes)"), exact);
    for sheet in ["Summary", "Daily", "Account", "Domains", "Detail"] {
        let cells: Vec<String> = book.rows(sheet).into_iter().flatten().collect();
        assert!(cells.iter().any(|cell| cell == exact), "{sheet}: {cells:?}");
        assert!(!cells.iter().any(|cell| cell == "9007199254740992"), "{sheet}");
    }
    // None of them is a number to a spreadsheet.
    let numbers: Vec<_> = large_cells(&place, "x.xlsx")
        .into_iter()
        .filter(|(_, cell)| !cell.contains("t=\"str\"") && !cell.contains("t=\"s\""))
        .collect();
    assert!(numbers.is_empty(), "{numbers:?}");
    // Beside numbers they stand as numbers do.
    let styles = styles(&place, "x.xlsx");
    for (sheet, cell) in large_cells(&place, "x.xlsx") {
        let style = cell.split("s=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let alignment = &styles[style.parse::<usize>().unwrap()];
        assert!(
            sheet.ends_with("sheet1.xml") || alignment.contains("horizontal=\"right\""),
            "{sheet}: {alignment}"
        );
    }
    // What a double holds is a number.
    place.write("a.log", line(NOON, "a.com", MOST).repeat(8));
    place.run(&[&["export", "a.log", "-o", "y.xlsx"], &DAY[..]].concat(), 0);
    assert!(large_cells(&place, "y.xlsx").len() > 3);
    assert!(large_cells(&place, "y.xlsx").iter().all(|(_, cell)| cell.contains("<v>9007199254740992</v>")));
    // With a factor, what is multiplied may be so large.
    place.write("a.log", line(NOON, "a.com", MOST).repeat(7));
    place.run(&[&["export", "a.log", "-o", "z.xlsx", "--traffic-factor", "1.5"], &DAY[..]].concat(), 0);
    assert_eq!(
        Book::open(&place.path("z.xlsx")).beside("Summary", "Total Traffic (bytes)"),
        "11821949021847552"
    );
    let csv = place
        .run(&[&["export", "a.log", "-o", "-", "--traffic-factor", "1.5", "--quiet"], &DAY[..]].concat(), 0);
    assert!(csv.stdout.contains(",11821949021847552,"));
}

#[test]
fn sums_that_a_store_cannot_hold_name_their_domain() {
    let place = Place::new();
    let half = line(NOON, "a.com", MOST).repeat(4096);
    place.write("a.log", &half);
    place.run(&["ingest", "a.log", "--store", "u.db"], 0);
    // It grows beyond what a column holds.
    place.write("a.log", half.clone() + &half);
    place.run(&["ingest", "a.log", "--store", "u.db"], 1).says(&["a.com", "2^63 - 1"]);
    place.run(&["store", "check", "--store", "u.db"], 0);
    // In several windows, none of them is too large.
    let other = line("1/Mar/2026:13:00:00 +0800", "a.com", MOST).repeat(4096);
    place.write("a.log", half.clone() + &other);
    place.run(&["ingest", "a.log", "--store", "u.db"], 1).says(&["a.com", "2^63 - 1"]);
    // Two sources of the same domain may both be there; their sum is refused where it is asked for.
    place.write("a.log", &half);
    place.write("b.log", line("1/Mar/2026:12:00:01 +0800", "a.com", MOST).repeat(4096));
    place.run(&["ingest", "b.log", "--store", "u.db"], 0);
    place
        .run(&[&["export", "--store", "u.db", "-o", "x.xlsx"], &DAY[..]].concat(), 1)
        .says(&["a.com", "2^63 - 1"]);
    let db = Connection::open(place.path("u.db")).unwrap();
    assert_eq!(db.query_row("SELECT count(*) FROM source", [], |row| row.get::<_, i64>(0)).unwrap(), 2);
}

#[test]
fn sums_of_domains_that_grow_too_high_name_one_and_what_to_do() {
    let place = Place::new();
    let half = |domain: &str| line(NOON, domain, MOST).repeat(4096);
    place.write("a.log", half("a.com") + &half("b.com"));
    place.run(&[&["export", "a.log", "-o", "x.xlsx"], &DAY[..]].concat(), 1).says(&[
        "with the traffic of b.com",
        "2^63 - 1",
        "--domain-names",
    ]);
    place.run(&[&["export", "a.log", "-o", "x.xlsx", "--domain-names", "a.com"], &DAY[..]].concat(), 0);
    assert_eq!(
        Book::open(&place.path("x.xlsx")).beside("Summary", "Total Traffic (bytes)"),
        (1u64 << 62).to_string()
    );
}

#[test]
fn changes_that_add_up_to_too_much_are_listed() {
    let place = Place::new();
    place.write("first.log", line(NOON, "a.com", 1));
    place.run(&["ingest", "first.log", "--store", "u.db"], 0);
    place.run(&[&["task", "create", "--store", "u.db", "-o", "x.xlsx"], &DAY[..]].concat(), 0);
    place.run(&["task", "run", "--store", "u.db"], 0);
    for n in 1..=3 {
        place.write("more.log", line(&format!("1/Mar/2026:12:00:0{n} +0800"), "a.com", MOST).repeat(4096));
        place.run(&["ingest", "more.log", "--store", "u.db"], 0);
    }
    let list = place.run(&["task", "list", "--store", "u.db", "--json"], 0).json();
    let stale = &list["UsageDataPerPage"]["Data"]["DataItem"][0]["Stale"];
    assert_eq!((stale["Windows"].as_u64(), stale["Bytes"].as_i64()), (Some(1), Some(i64::MAX)));
}
