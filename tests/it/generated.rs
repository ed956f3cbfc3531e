//! Generated logs, exported: every cell of Detail equals the totals that were counted while generating.

use super::book::Book;
use super::harness::Place;
use std::collections::BTreeMap;
use std::fs;

/// Totals by domain and start of the window as a cell shows it: bytes, then requests by protocol.
type Totals = BTreeMap<(String, String), [u64; 5]>;

fn expected(place: &Place) -> Totals {
    let text = fs::read_to_string(place.path("g/expected.csv")).unwrap();
    let mut lines = text.lines();
    let heading =
        "domain,window,bytes,requests,http,https,quic,other,hits,hit_bytes,client_errors,server_errors";
    assert_eq!(lines.next(), Some(heading));
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<u64>().unwrap();
        assert_eq!(number(3), (4..8).map(number).sum::<u64>());
        let time = fields[1].replace('T', " ").replace('Z', "");
        ((fields[0].to_owned(), time), [number(2), number(5), number(6), number(4), number(7)])
    };
    lines.map(row).collect()
}

/// Holds every Detail row against the totals; rows without any are zero.
fn compare(place: &Place, from: usize, column: usize, count: usize) {
    let expected = expected(place);
    let mut seen = 0;
    let rows = Book::open(&place.path("out.xlsx")).detail();
    for row in &rows {
        let key = (row[1].clone(), row[0].clone());
        let zero = [0; 5];
        let totals = expected.get(&key).unwrap_or(&zero);
        seen += usize::from(expected.contains_key(&key));
        let cells: Vec<u64> = row[column..column + count].iter().map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(cells, totals[from..from + count], "{key:?}");
        let bandwidth = (totals[0] * 800 + 150) / 300;
        if from == 0 {
            assert!(
                (row[4].parse::<f64>().unwrap() * 100.0 - bandwidth as f64).abs() < 0.5,
                "{key:?}: {row:?}"
            );
        }
    }
    let inside = |time: &str| ("2026-03-01 00:00:00".."2026-03-02 00:00:00").contains(&time);
    assert_eq!(seen, expected.keys().filter(|(_, time)| inside(time)).count());
    assert_eq!(rows.len(), 6 * 288);
}

#[test]
fn exports_equal_the_expected_totals_in_every_cell() {
    for codec in ["none", "gz", "zst"] {
        let place = Place::new();
        let options = ["--domains", "6", "--hours", "25", "--lines-per-file", "60", "--dirty", "0.03"];
        let mut arguments = vec!["generate", "g", "--compress", codec];
        arguments.extend(options);
        place.run(&arguments, 0);
        let json = place.export(&["g", "--json"], 0).json();
        assert_eq!(json["counts"]["sources"], 150);
        assert!(json["counts"]["rejected"].as_u64().unwrap() > 100);
        compare(&place, 0, 3, 1);
        let json = place.export(&["g", "--type", "vas", "--force", "--json"], 0).json();
        compare(&place, 1, 4, 4);
        let total: u64 = expected(&place).values().map(|t| t[1..].iter().sum::<u64>()).sum();
        let counts = &json["counts"];
        assert_eq!(counts["accepted"].as_u64().unwrap() + counts["outside_range"].as_u64().unwrap(), total);
    }
}

#[test]
fn a_folder_in_use_is_refused() {
    let place = Place::new();
    place.write("g/file", "mine");
    place.run(&["generate", "g"], 2).says(&["g: is not empty"]);
    place.run(&["generate", "h", "--dirty", "2"], 2);
    place.run(&["generate", "h", "--start", "yesterday"], 2);
}
