//! The same input gives the same bytes: for any number of threads, any order of arguments, plain or gzip.

use super::book::Book;
use super::harness::{Place, encode, line};
use flowbook::codec::Codec;
use std::fs;

fn place() -> Place {
    let place = Place::new();
    for file in 0..12u64 {
        let text: String = (0..200)
            .map(|n| {
                let time = format!("1/Mar/2026:{:02}:{:02}:{:02} +0800", 8 + file, n / 4, n % 60);
                line(&time, &format!("d{}.com", n % 5), file * 1000 + n)
            })
            .collect();
        let text = text + "a bad line\n\n";
        for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd] {
            let name = format!("{}/x{file:02}.{}", codec.name(), codec.extension());
            place.write(&name, encode(codec, text.as_bytes()));
        }
    }
    place
}

fn export(place: &Place, more: &[&str]) -> Vec<u8> {
    let mut arguments = vec!["--force", "--rejects", "rejects.csv"];
    arguments.extend(more);
    place.export(&arguments, 0);
    let mut bytes = fs::read(place.path("out.xlsx")).unwrap();
    bytes.extend(fs::read(place.path("rejects.csv")).unwrap());
    bytes
}

#[test]
fn threads_and_order_do_not_matter() {
    let place = place();
    let first = export(&place, &["gzip", "--threads", "1"]);
    assert!(first == export(&place, &["gzip", "--threads", "8"]), "threads");
    let mut files: Vec<String> = (0..12).map(|n| format!("gzip/x{n:02}.gz")).collect();
    files.rotate_left(5);
    files.reverse();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert!(first == export(&place, &files), "order");
    assert!(first != export(&place, &["gzip", "--type", "vas"]), "another task");
}

#[test]
fn compression_changes_nothing_but_names_and_sizes() {
    let place = place();
    let sheets = |folder: &str| {
        export(&place, &[folder]);
        let mut book = Book::open(&place.path("out.xlsx"));
        let names = book.sheets();
        names
            .into_iter()
            .filter(|name| name != "Data Quality" && name != "Sources")
            .map(|name| book.rows(&name))
            .collect::<Vec<_>>()
    };
    let plain = sheets("plain");
    assert!(plain == sheets("gzip") && plain == sheets("zstd"));
}
