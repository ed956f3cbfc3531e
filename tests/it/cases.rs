//! End-to-end cases: every folder of `data/cases`, see `data/README.md`.

use super::book::Book;
use super::harness::{Place, repository};
use std::fs;
use std::path::Path;

fn copy(from: &Path, place: &Place) {
    for entry in walkdir::WalkDir::new(from.join("logs")).into_iter().map(Result::unwrap) {
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(from).unwrap().to_str().unwrap();
            place.write(name, fs::read(entry.path()).unwrap());
        }
    }
    if let Ok(config) = fs::read(from.join("flowbook.toml")) {
        place.write("flowbook.toml", config);
    }
}

/// What a case may hold; all else would be compared with nothing.
const FILES: [&str; 7] = ["cells.csv", "exit", "flowbook.toml", "logs", "messages", "rejects.csv", "request"];

fn check(case: &Path) {
    for entry in fs::read_dir(case).unwrap().map(Result::unwrap) {
        assert!(
            FILES.contains(&entry.file_name().to_str().unwrap()),
            "{} is not used",
            entry.path().display()
        );
    }
    let read = |name: &str| fs::read_to_string(case.join(name)).ok();
    let place = Place::new();
    copy(case, &place);
    let request = read("request").expect("a case has a request");
    let mut arguments = vec!["export", "logs", "--output", "out.xlsx"];
    arguments.extend(request.lines());
    let exit = read("exit").expect("a case has an exit code").trim().parse().unwrap();
    let done = place.run(&arguments, exit);
    if let Some(messages) = read("messages") {
        done.says(&messages.lines().collect::<Vec<_>>());
    }
    assert_eq!(place.exists("out.xlsx"), exit == 0, "{}", case.display());
    assert_eq!(place.exists("rejects.csv"), case.join("rejects.csv").exists(), "{}", case.display());
    if let Some(rejects) = read("rejects.csv") {
        assert_eq!(fs::read_to_string(place.path("rejects.csv")).unwrap(), rejects, "{}", case.display());
    }
    let Some(cells) = read("cells.csv") else { return };
    let mut book = Book::open(&place.path("out.xlsx"));
    for record in csv::Reader::from_reader(cells.as_bytes()).records().map(Result::unwrap) {
        let at = |field: usize| record[field].parse::<usize>().unwrap() - 1;
        let rows = book.rows(&record[0]);
        assert_eq!(rows[at(1)][at(2)], record[3], "{}: {record:?} in {:?}", case.display(), rows[at(1)]);
    }
}

#[test]
fn every_case_ends_as_written() {
    let cases = fs::read_dir(repository().join("data/cases")).unwrap();
    let cases: Vec<_> = cases.map(|entry| entry.unwrap().path()).collect();
    assert!(cases.len() >= 4);
    for case in &cases {
        check(case);
    }
}

/// The sample's totals, held against the workbook that the README's first command makes.
#[test]
fn the_sample_has_its_expected_totals() {
    let place = Place::new();
    let sample = repository().join("data/sample");
    let arguments = ["export", sample.to_str().unwrap(), "--type", "flow", "--output", "out.xlsx"];
    let range = ["--start-time", "2026-02-28T15:00:00Z", "--end-time", "2026-03-01T16:00:00Z"];
    place.run(&[&arguments[..], &range].concat(), 0);
    let expected = fs::read_to_string(sample.join("expected.csv")).unwrap();
    let mut totals: Vec<(String, String, u64)> = Vec::new();
    for line in expected.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let time = fields[1].replace('T', " ").replace('Z', "");
        totals.push((fields[0].into(), time, fields[2].parse().unwrap()));
    }
    let rows = Book::open(&place.path("out.xlsx")).detail();
    let cells: Vec<(String, String, u64)> =
        rows.iter().map(|r| (r[1].clone(), r[0].clone(), r[3].parse().unwrap())).collect();
    let sum = |all: &[(String, String, u64)]| all.iter().map(|(_, _, bytes)| bytes).sum::<u64>();
    assert_eq!(sum(&cells), sum(&totals));
    assert!(totals.iter().all(|total| cells.binary_search(total).is_ok()));
}
