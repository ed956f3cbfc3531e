//! Texts that come in the place of others: moved or copied onto a name, mended after damage, told better by the name of
//! a copy. At any time the store says what an export of the folder says.

use super::harness::{Done, encode, gzip, line};
use super::kept::Kept;
use flowbook::codec::Codec;
use std::fs;
use std::io::Write;
use std::ops::RangeInclusive;
use std::process::{Command, Stdio};

const HOUR: &str = "logs/x.com_2026_03_01_120000_130000.log";
/// So many lines may be rejected, but not most of a single log.
const MANY: &str = "100000";
const ANYHOW: [&str; 3] = ["--keep-going", "--max-rejects", MANY];

/// What a run counts: accepted and rejected lines, and how many sources have a fault.
type Figures = (u64, u64, usize);

/// The text of some lines of one domain, which differ in their sizes.
fn text(lines: RangeInclusive<u64>) -> String {
    lines.map(|n| line(&format!("1/Mar/2026:12:{:02}:00 +0800", n % 60), "x.com", n)).collect()
}

fn run(mut command: Command, input: &[u8]) -> Done {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may end before it has read everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    Done::of(&child.wait_with_output().unwrap())
}

/// What an export says, whatever its exit code.
#[track_caller]
fn exported(kept: &Kept, arguments: &[&str], input: &[u8]) -> Figures {
    let all = [arguments, &["--json", "--force", "--max-rejects", MANY]].concat();
    let json = run(kept.0.export_command(&all), input).json();
    let counts = &json["counts"];
    let number = |key: &str| counts[key].as_u64().unwrap();
    (number("accepted"), number("rejected"), counts["faults"].as_array().unwrap().len())
}

fn ingest(kept: &Kept, what: &str, input: &[u8]) -> Done {
    let mut command = kept.0.command();
    command.args(["ingest", "--store", "usage.db", "--json", what]).args(ANYHOW);
    run(command, input)
}

fn stored(kept: &Kept) -> Figures {
    exported(kept, &["--store", "usage.db"], b"")
}

/// Takes the folder in, twice, and expects of the store and of a direct export these accepted lines and faults.
#[track_caller]
fn expect(kept: &Kept, accepted: u64, faults: usize) {
    for _ in 0..2 {
        ingest(kept, "logs", b"");
        let direct = exported(kept, &["logs", "--keep-going"], b"");
        assert_eq!(stored(kept), direct);
        assert_eq!((direct.0, direct.2), (accepted, faults));
    }
    kept.0.run(&["store", "check", "--store", "usage.db"], 0);
}

fn is_moved_or_copied(kept: &Kept, from: &str, to: &str, is_moved: bool) {
    if is_moved { kept.rename(from, to) } else { kept.copy(from, to) }
}

#[test]
fn a_corrected_log_takes_the_place_of_the_one_before() {
    let alike = |more: &str| text(1..=60) + more;
    for is_moved in [true, false] {
        for (name, old, new) in [
            (HOUR, text(1..=30), text(31..=60)),
            ("logs/z.log", alike(&text(61..=90)), alike(&text(101..=130))),
            // Only the first lines are alike.
            ("logs/z.log", text(1..=30), text(1..=3) + &text(8..=9)),
            ("logs/z.log", text(1..=30), text(1..=3) + &text(8..=40)),
        ] {
            let kept = Kept::new();
            let lines = new.lines().count() as u64;
            kept.write(name, &old);
            kept.ingest(&["logs"]);
            kept.write("logs/corrected.log", &new);
            kept.ingest(&["logs"]);
            is_moved_or_copied(&kept, "logs/corrected.log", name, is_moved);
            expect(&kept, lines, 0);
            // The new text is known as the beginning of another one, or has that as its beginning.
            for form in [new.clone() + &text(200..=240), new.lines().next().unwrap().to_owned() + "\n"] {
                let kept = Kept::new();
                kept.write(name, &old);
                kept.write("logs/corrected.log", &form);
                kept.ingest(&["logs"]);
                kept.write(name, &new);
                expect(&kept, lines.max(form.lines().count() as u64), 0);
            }
        }
    }
}

/// What begins otherwise was another log, and its lines were real; what stands elsewhere, too, loses nothing.
#[test]
fn a_log_moved_onto_another_one_takes_nothing_away() {
    for is_moved in [true, false] {
        let kept = Kept::new();
        kept.write("logs/a.log", text(1..=30));
        kept.write("logs/b.log", text(31..=60));
        kept.ingest(&["logs"]);
        is_moved_or_copied(&kept, "logs/b.log", "logs/a.log", is_moved);
        kept.ingest(&["logs"]);
        assert_eq!(stored(&kept).0, 60);
        let kept = Kept::new();
        kept.write(HOUR, text(1..=30));
        kept.write("logs/copy.log", text(1..=30));
        kept.write("logs/b.log", text(31..=60));
        kept.ingest(&["logs"]);
        is_moved_or_copied(&kept, "logs/b.log", HOUR, is_moved);
        expect(&kept, 60, 0);
    }
}

/// Forms of a packed text that are damaged, where all of it, or only its beginning, can be read.
fn damaged(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let whole = gzip(text.as_bytes());
    let mut other_sum = whole.clone();
    let sum = whole.len() - 6;
    other_sum[sum] ^= 1;
    vec![
        ("no length", whole[..whole.len() - 4].to_vec()),
        ("another sum", other_sum),
        ("bytes behind", [&whole[..], b"junk"].concat()),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("rejected lines", [&text[..text.len() / 2], &"junk\n".repeat(900)].concat().into_bytes()),
    ]
}

#[test]
fn a_damaged_log_counts_once_beside_the_whole_one() {
    let all = text(1..=800);
    for (harm, bytes) in damaged(&all) {
        let is_beginning = harm != "rejected lines";
        for (first, second) in [("logs/a.gz", "logs/b.gz"), ("logs/b.gz", "logs/a.gz")] {
            let is_gone = [true, false];
            for is_gone in is_gone.into_iter().filter(|_| is_beginning) {
                let kept = Kept::new();
                kept.write(first, &bytes);
                let read = exported(&kept, &["logs", "--keep-going"], b"").0;
                expect(&kept, read, 1);
                // The same damaged text, packed once more.
                kept.write("logs/m.gz", gzip(&bytes));
                expect(&kept, read, 1);
                kept.remove("logs/m.gz");
                if is_gone {
                    kept.remove(first);
                }
                kept.write(second, encode(Codec::Zstd, all.as_bytes()));
                expect(&kept, 800, 0);
                // The other way round.
                kept.write("logs/c.gz", &bytes);
                expect(&kept, 800, 0);
            }
        }
    }
}

/// A log of which too much is rejected is no worse than the longer one that begins with it.
#[test]
fn a_rejected_beginning_counts_with_its_longer_copy() {
    let junk = "junk\n".repeat(31);
    let beginning = text(1..=30) + &junk;
    let whole = beginning.clone() + &text(31..=90);
    for order in [["logs/a.log", "logs/b.log"], ["logs/b.log", "logs/a.log"]] {
        for texts in [[&beginning, &whole], [&whole, &beginning]] {
            let kept = Kept::new();
            kept.write(order[0], texts[0]);
            ingest(&kept, "logs", b"");
            kept.write(order[1], texts[1]);
            expect(&kept, 90, 0);
            let kept = Kept::new();
            order.iter().zip(texts).for_each(|(name, text)| drop(kept.0.write(name, text)));
            expect(&kept, 90, 0);
        }
    }
}

/// Every line before a damage counts, also of what nobody can read again.
#[test]
fn a_damaged_pipe_counts_once_and_is_mended() {
    let all = text(1..=800);
    for (harm, bytes) in damaged(&all) {
        let kept = Kept::new();
        let direct = exported(&kept, &["-", "--keep-going"], &bytes);
        assert!(direct.0 > 100 && direct.2 == 1, "{harm}: {direct:?}");
        for fate in ["1 faulty", "1 faulty"] {
            let done = ingest(&kept, "-", &bytes);
            assert_eq!((super::kept::fates(&done).as_str(), stored(&kept)), (fate, direct), "{harm}");
        }
        if harm == "rejected lines" {
            continue;
        }
        ingest(&kept, "-", &gzip(all.as_bytes()));
        assert_eq!(stored(&kept), (800, 0, 0), "{harm}");
        // It counts as the beginning of what a file holds, too.
        let kept = Kept::new();
        ingest(&kept, "-", &bytes);
        kept.write("logs/a.log", &all);
        expect(&kept, 800, 0);
        ingest(&kept, "-", &bytes);
        assert_eq!(stored(&kept), (800, 0, 0), "{harm}");
    }
    // Without a line that counts there is nothing to keep.
    let kept = Kept::new();
    kept.write("logs/a.log", &all);
    kept.ingest(&["logs"]);
    for bytes in [&b"<html>\n<p>Forbidden\n"[..], b"\xfd7zXZ\0abcdefg"] {
        assert_eq!(super::kept::fates(&ingest(&kept, "-", bytes)), "1 faulty");
        assert_eq!(stored(&kept), (800, 0, 0));
    }
}

/// Lines with only a path belong to the domain that the best name of any copy tells, also if that is a shorter one.
#[test]
fn the_name_of_a_beginning_tells_what_the_longer_text_is() {
    let path_only = |n: u64| line(&format!("1/Mar/2026:12:00:{n:02} +0800"), "", 7).replace("http:///", "/");
    let lines = |count: u64| (1..=count).map(path_only).collect::<String>();
    let (name, backup) = (HOUR, "logs/backup_x.com_2026_03_01_120000_130000.log");
    for (long, mixed) in [(backup, false), ("logs/z.log", true), ("logs/z.log", false)] {
        let before = if mixed { text(1..=40) } else { String::new() };
        let whole = before.clone() + &lines(40);
        let kept = Kept::new();
        kept.write(long, &whole);
        ingest(&kept, "logs", b"");
        kept.write(name, before + &lines(30));
        ingest(&kept, "logs", b"");
        assert!(kept.workbook() == kept.direct(&["logs"]), "{long} {mixed}");
        assert!(kept.usage().iter().any(|row| row.0 == "x.com"), "{long} {mixed}");
        fs::remove_file(kept.0.path("usage.db")).unwrap();
        ingest(&kept, "logs", b"");
        assert!(kept.workbook() == kept.direct(&["logs"]), "{long} {mixed} at once");
    }
}

/// What is known to be the beginning of a text stays that, wherever it goes, also when the longer text can be read no more.
#[test]
fn a_known_beginning_counts_nothing_once_the_longer_text_is_gone() {
    let (beginning, whole) = (text(1..=50), text(1..=60));
    for is_pipe in [true, false] {
        for is_first in [true, false] {
            let kept = Kept::new();
            let longer = || {
                if is_pipe {
                    ingest(&kept, "-", whole.as_bytes());
                } else {
                    kept.write("logs/a.log", &whole);
                    kept.ingest(&["logs"]);
                    kept.remove("logs/a.log");
                }
            };
            kept.write("logs/b.log", "");
            if is_first {
                kept.write("logs/b.log", &beginning);
                kept.ingest(&["logs"]);
                longer();
            } else {
                kept.write("logs/a.log", &whole);
                kept.write("logs/b.log", &beginning);
                kept.ingest(&["logs"]);
                kept.remove("logs/a.log");
                longer();
            }
            kept.rename("logs/b.log", "logs/c.log");
            kept.ingest(&["logs"]);
            assert_eq!(stored(&kept), (60, 0, 0), "{is_pipe} {is_first}");
            ingest(&kept, "-", &gzip(beginning.as_bytes()));
            kept.write("logs/d.zst", encode(Codec::Zstd, beginning.as_bytes()));
            kept.ingest(&["logs"]);
            assert_eq!(stored(&kept), (60, 0, 0), "{is_pipe} {is_first}");
        }
    }
    // What became shorter is what it is now.
    let kept = Kept::new();
    kept.write("logs/a.log", &beginning);
    kept.write("logs/b.log", &beginning);
    kept.ingest(&["logs"]);
    kept.append("logs/a.log", text(51..=60));
    expect(&kept, 60, 0);
    kept.write("logs/a.log", &beginning);
    expect(&kept, 50, 0);
}

/// What was found at a place before tells nothing of whether the text there now is the beginning of another one.
#[test]
fn what_grows_to_be_the_beginning_of_a_known_log_counts_nothing() {
    let (older, whole) = (text(1..=4), text(1..=6));
    for (name, before, after) in [
        ("logs/z.log", vec![], older.clone().into_bytes()),
        ("logs/z.log", b"<html>".to_vec(), older.clone().into_bytes()),
        ("logs/z.log", older.as_bytes()[..40].to_vec(), older.clone().into_bytes()),
        ("logs/z.gz", gzip(b""), gzip(older.as_bytes())),
        ("logs/z.gz", gzip(older.as_bytes())[..15].to_vec(), gzip(older.as_bytes())),
        // Damaged, it says no less.
        ("logs/z.gz", gzip(b""), [&gzip(older.as_bytes())[..], b"junk"].concat()),
        ("logs/z.gz", gzip(older.as_bytes())[..30].to_vec(), gzip(older.as_bytes())),
    ] {
        let kept = Kept::new();
        kept.write("logs/access.log", &whole);
        kept.write(name, &before);
        ingest(&kept, "logs", b"");
        kept.write(name, &after);
        expect(&kept, 6, 0);
    }
    // A first line that is too short to tell anything.
    let kept = Kept::new();
    kept.write("logs/access.log", "\n\n".to_owned() + &whole);
    kept.write("logs/z.log", "\n\n");
    ingest(&kept, "logs", b"");
    kept.append("logs/z.log", &older);
    expect(&kept, 6, 0);
    // What little could be read of a copy stood elsewhere, in the same file.
    let kept = Kept::new();
    kept.write("logs/access.log", &whole);
    let little = gzip(&older.as_bytes()[..8]);
    kept.write("logs/copy.gz", &little[..little.len() - 4]);
    ingest(&kept, "logs", b"");
    kept.rename("logs/copy.gz", "logs/one.gz");
    kept.0.write("logs/one.gz", gzip(text(1..=1).as_bytes()));
    expect(&kept, 6, 0);
}

/// While a log is moved, it cannot be read where it was; beginnings of it that come before it is met again are none the less
/// copies.
#[test]
fn a_moved_log_takes_in_the_older_copies_beside_it() {
    for (from, to) in [("logs/access.log", "logs/m.log"), ("logs/access.log", "logs/access.log")] {
        for older in ["logs/a-old.log", "logs/z-old.log", HOUR] {
            for at_once in [true, false] {
                let kept = Kept::new();
                kept.write(from, text(1..=6));
                kept.ingest(&["logs"]);
                if from == to {
                    kept.set_time(from, 1_700_000_000);
                } else {
                    kept.rename(from, to);
                }
                kept.write(older, text(1..=2));
                if !at_once {
                    ingest(&kept, older, b"");
                }
                expect(&kept, 6, 0);
            }
        }
    }
}

/// Lines with only a path count for the domain that the best name tells that ever stood there: what was counted for a domain
/// stays there, though only copies are left.
#[test]
fn what_a_log_grows_by_is_read_as_the_rest_of_it() {
    let path_only = |n: u64| line(&format!("1/Mar/2026:12:00:{n:02} +0800"), "", 7).replace("http:///", "/");
    let lines = |lines: RangeInclusive<u64>| lines.map(path_only).collect::<String>();
    for long in ["logs/access.log", "logs/backup_x.com_2026_03_01_120000_130000.log"] {
        for (is_named_before, is_named_meanwhile) in [(true, false), (false, true), (true, true)] {
            let kept = Kept::new();
            let all = text(1..=40) + &lines(1..=29);
            kept.write(long, text(1..=40) + &lines(1..=20));
            if is_named_before {
                kept.copy(long, HOUR);
            }
            ingest(&kept, "logs", b"");
            match (is_named_before, is_named_meanwhile) {
                (true, false) => kept.remove(HOUR),
                (false, true) => kept.copy(long, HOUR),
                _ => {}
            }
            kept.append(long, lines(21..=29));
            ingest(&kept, "logs", b"");
            if is_named_meanwhile {
                assert_eq!(stored(&kept), exported(&kept, &["logs"], b""), "{long} {is_named_before}");
            }
            assert!(kept.usage().iter().all(|row| row.0 == "x.com"), "{long} {is_named_before}");
            kept.write("logs/other/x.com_2026_03_01_120000_130000.gz", gzip(all.as_bytes()));
            expect(&kept, 69, 0);
            assert!(kept.usage().iter().all(|row| row.0 == "x.com"), "{long} {is_named_before}");
        }
    }
}

/// Of files in which nothing can be read, each lacks lines of its own.
#[test]
fn every_damaged_file_without_text_is_named() {
    let hour = |hour: u64| format!("logs/x.com_2026_03_01_{hour}0000_{}0000.gz", hour + 1);
    let junk: String = (0..60_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()).collect();
    for bytes in [&gzip(b"")[..10], b"PK\x03\x04aaaa", &[b"PK\x03\x04", junk.as_bytes()].concat()] {
        let kept = Kept::new();
        kept.write(HOUR, text(1..=6));
        kept.write(&hour(13), bytes);
        kept.write(&hour(14), bytes);
        expect(&kept, 6, 2);
    }
}

/// The name of a beginning tells of every log that begins with it, in whatever order they come.
#[test]
fn the_name_of_a_beginning_tells_of_several_logs() {
    let path_only = |n: u64| line(&format!("1/Mar/2026:12:00:{n:02} +0800"), "", 7).replace("http:///", "/");
    let lines = |lines: RangeInclusive<u64>| lines.map(path_only).collect::<String>();
    let files = [
        (HOUR, text(1..=2) + &lines(1..=2)),
        ("logs/a.log", text(1..=2) + &lines(1..=2) + &lines(11..=13)),
        ("logs/z.log", text(1..=2) + &lines(1..=2) + &lines(21..=24)),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
        for together in 1..=3 {
            let kept = Kept::new();
            for some in order.chunks(together) {
                for at in some {
                    kept.write(files[*at].0, &files[*at].1);
                }
                ingest(&kept, "logs", b"");
                assert_eq!(
                    stored(&kept),
                    exported(&kept, &["logs", "--keep-going"], b""),
                    "{order:?} {together}"
                );
            }
            expect(&kept, 15, 0);
            kept.try_ingest(&["logs", "--verify"], 0);
            kept.append("logs/a.log", lines(14..=15));
            expect(&kept, 17, 0);
        }
    }
}
