//! One text in many forms: what ends lines, marks and NULs. Forms with one identity say the same, whichever of them is read.

use super::harness::{Place, line};
use super::logs::everything;
use flowbook::digest::canonical;
use flowbook::source::discover;
use proptest::prelude::*;

/// Accepted and rejected lines of a text.
fn counted(text: &[u8]) -> (u64, u64) {
    let place = Place::new();
    let path = place.write("a.log", text);
    let report = everything(discover(&[path]).unwrap(), 1, None).report;
    let counts = &report.sources[0].counts;
    (counts.accepted, counts.rejected_total())
}

fn entry(inside: &str) -> String {
    let entry = line("1/Mar/2026:12:00:00 +0800", "a.com", 1);
    entry.trim_end().replace("Mozilla", &format!("Mozilla{inside}"))
}

fn piece() -> impl Strategy<Value = String> {
    let inside = prop::sample::select(&["", "\r", "\r\r[", "\0", "\"\r", "\" 1.1.1.1 \""][..]);
    let other = ["\r", "\r", "\n", "\n", "\0", "\u{feff}", "[", "junk", "\"", " ", "\" \" \" \" \" \""];
    prop_oneof![3 => inside.prop_map(entry), 7 => prop::sample::select(other.to_vec()).prop_map(String::from)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_hashed_has_the_lines_that_are_read(pieces in prop::collection::vec(piece(), 1..14)) {
        let text = pieces.concat();
        let plain = [&canonical(text.as_bytes())[..], b"\n"].concat();
        prop_assert_eq!(counted(text.as_bytes()), counted(&plain), "{:?}", String::from_utf8_lossy(&plain));
    }
}

/// Holes and line ends make no other text, and the same is said whichever form is read.
#[test]
fn forms_of_a_text_count_once() {
    let text = (1..=40).map(|n| line("1/Mar/2026:12:00:00 +0800", "a.com", n)).collect::<String>();
    let (half, rest) = text.split_at(text.match_indices('\n').nth(19).unwrap().0 + 1);
    let hole = "\0".repeat(2 << 20);
    for form in [
        text.replace('\n', "\r\r\n"),
        text.replace('\n', "\r"),
        format!("{}{text}", "\0".repeat(3000)),
        format!("{half}{hole}{rest}"),
        format!("{}{hole}\n{rest}", half.trim_end()),
        format!("{hole}{text}{hole}"),
    ] {
        for names in [["logs/a.log", "logs/b.log"], ["logs/b.log", "logs/a.log"]] {
            let place = Place::new();
            place.write(names[0], &text);
            place.write(names[1], &form);
            let direct = place.export(&["logs", "--json"], 0).json();
            let counts = &direct["counts"];
            assert_eq!((&counts["accepted"], &counts["rejected"]), (&40.into(), &0.into()), "{names:?}");
            assert_eq!(counts["duplicates_skipped"], 1, "{names:?}");
            place.run(&["ingest", "logs", "--store", "s.db"], 0);
            let stored = place.export(&["--store", "s.db", "--json", "--force"], 0).json();
            assert_eq!(stored["key_figures"], direct["key_figures"]);
        }
    }
}
