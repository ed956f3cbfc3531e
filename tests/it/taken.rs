//! Logs taken into a store: whatever is delivered again, each line counts once, and none is lost.

use super::harness::{Done, Place, encode, gzip, line};
use super::kept::{Kept, fates, once, text};
use flowbook::codec::Codec;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::process::Stdio;

const HOUR: &str = "x.com_2026_03_01_120000_130000.gz";

#[test]
fn again_renamed_moved_and_copied() {
    let kept = Kept::new();
    kept.write("logs/b.log", text(1..=3));
    kept.expect(&["logs"], "1 added", &[1..=3]);
    kept.expect(&["logs"], "1 known", &[1..=3]);
    kept.expect(&["logs", "--verify"], "1 known", &[1..=3]);
    kept.rename("logs/b.log", "logs/c.log");
    kept.expect(&["logs"], "1 moved", &[1..=3]);
    fs::create_dir(kept.0.path("old")).unwrap();
    kept.rename("logs/c.log", "old/c.log");
    kept.expect(&["logs/../old/c.log"], "1 moved", &[1..=3]);
    kept.copy("old/c.log", "old/d.log");
    kept.expect(&["old"], "1 known, 1 duplicate", &[1..=3]);
    kept.expect(&["old"], "2 known", &[1..=3]);
    // A name that comes before tells from now on what the source is called.
    kept.copy("old/c.log", "old/a.log");
    let done = kept.try_ingest(&["old"], 0);
    assert_eq!(done.json()["duplicates"][0]["same_as"], "old/a.log");
    assert_eq!(kept.sources()[0].0, "old/a.log");
    assert_eq!((kept.counted(), kept.sources().len()), (once(&[1..=3]), 1));
}

#[test]
fn the_first_name_counts_in_any_order() {
    let orders = [["a.log", "b.log", "c.log"], ["c.log", "b.log", "a.log"], ["b.log", "c.log", "a.log"]];
    let books = orders.map(|order| {
        let kept = Kept::new();
        for name in order {
            kept.write(name, text(1..=4));
        }
        kept.write("d.log", text(5..=5));
        order.iter().chain(&["d.log", "a.log"]).for_each(|name| drop(kept.ingest(&[name])));
        assert_eq!((kept.sources()[0].0.as_str(), kept.counted()), ("a.log", once(&[1..=5])));
        let direct = kept.direct(&["a.log", "b.log", "c.log", "d.log"]);
        assert!(kept.workbook() == direct, "{order:?}");
        direct
    });
    assert!(books[0] == books[1] && books[1] == books[2]);
}

#[test]
fn compression_is_no_other_text() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=200));
    kept.write("b.gz", gzip(text(1..=200).as_bytes()));
    // Two members, and another way to pack them.
    let halves = [gzip(text(1..=100).as_bytes()), encode(Codec::Gzip, text(101..=200).as_bytes())];
    kept.write("c.gz", halves.concat());
    kept.write("d.zst", encode(Codec::Zstd, text(1..=200).as_bytes()));
    assert_ne!(fs::read(kept.0.path("b.gz")).unwrap(), halves.concat());
    kept.expect(&["."], "1 added, 3 duplicate", &[1..=200]);
    kept.expect(&["."], "4 known", &[1..=200]);
    for name in ["a.log", "b.gz", "c.gz"] {
        kept.remove(name);
    }
    kept.expect(&[".", "--verify"], "1 known", &[1..=200]);
}

#[test]
fn only_the_tail_of_a_plain_log_is_read() {
    let kept = Kept::new();
    let pad = "x".repeat(9000);
    let long = |range| text(range).replace("Mozilla", &pad);
    let old = long(1..=300);
    assert!(old.len() > 5 << 19, "two chunks and a half");
    kept.write("a.log", &old);
    kept.expect(&["a.log"], "1 added", &[1..=300]);
    // Whoever reads the middle again finds other lines there.
    let mut file = fs::OpenOptions::new().write(true).open(kept.0.path("a.log")).unwrap();
    file.seek(SeekFrom::Start(1 << 20)).unwrap();
    file.write_all(&vec![b'\n'; 1 << 16]).unwrap();
    file.seek(SeekFrom::End(0)).unwrap();
    // Across the next boundary of chunks.
    file.write_all(long(301..=400).as_bytes()).unwrap();
    let done = kept.try_ingest(&["a.log"], 0);
    assert_eq!((fates(&done).as_str(), done.json()["counts"]["lines"].as_u64()), ("1 grown", Some(100)));
    assert_eq!(kept.counted(), once(&[1..=400]));
    // What it became is known by its whole text: a true copy is the same.
    kept.write("b.log", long(1..=400));
    kept.expect(&["b.log"], "1 duplicate", &[1..=400]);
}

#[test]
fn a_log_may_grow_from_any_place() {
    for (first, step) in [(1, 1), (40, 3), (700, 150)] {
        let kept = Kept::new();
        let all = text(1..=first + 3 * step);
        kept.write("a.log", text(1..=first));
        kept.write("a.gz", gzip(text(1..=first).as_bytes()));
        kept.expect(&["a.log"], "1 added", &[1..=first]);
        // In the middle of a line, which counts as it is or is rejected; then to its end, and beyond.
        let half = text(1..=first).len() + 40;
        kept.write("a.log", &all[..half]);
        let done = kept.try_ingest(&["a.log", "--max-rejects", "1"], 0);
        assert_eq!((fates(&done).as_str(), kept.counted()), ("1 grown", once(&[1..=first])));
        kept.write("a.log", text(1..=first + 1));
        kept.expect(&["a.log"], "1 grown", &[1..=first + 1]);
        kept.write("a.log", all.trim_end());
        kept.expect(&["a.log"], "1 grown", &[1..=first + 3 * step]);
        kept.write("a.log", &all);
        kept.expect(&["a.log"], "1 known", &[1..=first + 3 * step]);
        // The shorter one stands as a file of its own: it is a copy from before.
        kept.expect(&["a.gz"], "1 duplicate", &[1..=first + 3 * step]);
        assert!(kept.workbook() == kept.direct(&["a.log", "a.gz"]));
        // It grew to the same text.
        kept.write("a.gz", gzip(all.as_bytes()));
        kept.expect(&["a.gz"], "1 known", &[1..=first + 3 * step]);
    }
}

#[test]
fn rotated_logs_of_any_length_count_once() {
    for lines in [2, 300] {
        let kept = Kept::new();
        let span = |from: u64, to: u64| text(1 + from * lines..=to * lines);
        kept.write("access.log", span(0, 2));
        kept.expect(&["."], "1 added", &[1..=2 * lines]);
        // It grew once more before it was renamed.
        kept.append("access.log", span(2, 3));
        kept.rename("access.log", "access.log.1");
        kept.write("access.log", span(3, 4));
        kept.expect(&["."], "1 grown, 1 rotated", &[1..=4 * lines]);
        // Compressed after it grew, while the next one is larger than the one before.
        kept.append("access.log", span(4, 5));
        kept.write("access.log.2.gz", gzip(&fs::read(kept.0.path("access.log.1")).unwrap()));
        kept.rename("access.log", "access.log.1");
        kept.write("access.log", span(5, 9));
        kept.ingest(&["."]);
        assert_eq!(kept.counted(), once(&[1..=9 * lines]), "{lines}");
        // One by one, the oldest first.
        kept.append("access.log", span(9, 10));
        kept.write("access.log.3.gz", fs::read(kept.0.path("access.log.2.gz")).unwrap());
        kept.write("access.log.2.gz", gzip(&fs::read(kept.0.path("access.log.1")).unwrap()));
        kept.write("access.log.1", fs::read(kept.0.path("access.log")).unwrap());
        kept.write("access.log", span(10, 11));
        for name in ["access.log.3.gz", "access.log.2.gz", "access.log.1", "access.log"] {
            kept.ingest(&[name]);
        }
        kept.expect(&["."], "4 known", &[1..=11 * lines]);
        assert!(kept.workbook() == kept.direct(&["."]), "{lines}");
    }
}

#[test]
fn copied_and_truncated_logs_count_once() {
    for lines in [2, 300] {
        let kept = Kept::new();
        kept.write("access.log", text(1..=lines));
        kept.expect(&["."], "1 added", &[1..=lines]);
        kept.append("access.log", text(lines + 1..=2 * lines));
        kept.copy("access.log", "access.log.1");
        kept.write("access.log", text(2 * lines + 1..=2 * lines + 1));
        kept.expect(&["."], "1 grown, 1 rotated", &[1..=2 * lines + 1]);
        // Compressed only now, by another program; the copy is gone.
        kept.write("access.log.1.gz", gzip(text(1..=2 * lines).as_bytes()));
        kept.remove("access.log.1");
        kept.expect(&["."], "1 known, 1 moved", &[1..=2 * lines + 1]);
        // Truncated to nothing, and begun anew.
        kept.write("access.log", "");
        kept.expect(&["."], "1 rotated, 1 known", &[1..=2 * lines + 1]);
        kept.append("access.log", text(2 * lines + 2..=2 * lines + 4));
        kept.expect(&["."], "1 grown, 1 known", &[1..=2 * lines + 4]);
    }
}

#[test]
fn a_package_made_anew_replaces_the_one_before() {
    let kept = Kept::new();
    kept.write(HOUR, gzip(text(1..=10).as_bytes()));
    kept.expect(&["."], "1 added", &[1..=10]);
    kept.write(HOUR, gzip(text(1..=20).as_bytes()));
    kept.expect(&["."], "1 grown", &[1..=20]);
    kept.write(HOUR, gzip(text(30..=60).as_bytes()));
    kept.expect(&["."], "1 replaced", &[30..=60]);
    kept.write(HOUR, gzip(text(30..=40).as_bytes()));
    kept.expect(&["."], "1 replaced", &[30..=40]);
    // Other packages of the same hour count, too, in the same folder or in another.
    kept.write("x.com_2026_03_01_120000_130000_2.gz", gzip(text(41..=50).as_bytes()));
    kept.write(&format!("more/{HOUR}"), gzip(text(51..=60).as_bytes()));
    kept.expect(&["."], "2 added, 1 known", &[30..=60]);
    // A package that stands elsewhere, too, is not replaced by another one.
    kept.copy(HOUR, &format!("z-{HOUR}"));
    kept.expect(&["."], "3 known, 1 duplicate", &[30..=60]);
    kept.write(HOUR, gzip(text(70..=80).as_bytes()));
    kept.expect(&["."], "1 rotated, 3 known", &[30..=60, 70..=80]);
}

#[test]
fn copies_that_grow_apart_count_apart() {
    for names in [["a.log", "b.log"], ["b.log", "a.log"], ["x/a.log", "b.log"]] {
        let [one, two] = names;
        let kept = Kept::new();
        kept.write(one, text(1..=50));
        kept.write(two, text(1..=50));
        kept.write("c.log", text(1..=50));
        kept.expect(&["."], "1 added, 2 duplicate", &[1..=50]);
        // Both grew, each in its way; the third stays what it was.
        kept.append(one, text(51..=60));
        kept.append(two, text(71..=80));
        kept.ingest(&["."]);
        assert_eq!(kept.counted(), once(&[1..=60, 1..=50, 71..=80]), "{names:?}");
        assert!(kept.workbook() == kept.direct(&["."]), "{names:?}");
        // Both became the same.
        kept.write(two, text(1..=60));
        kept.write("c.log", text(1..=60));
        kept.ingest(&["c.log"]);
        kept.ingest(&["."]);
        assert_eq!(kept.counted(), once(&[1..=60]), "{names:?}");
        assert!(kept.workbook() == kept.direct(&["."]), "{names:?}");
    }
}

#[test]
fn what_a_round_changed_is_looked_at_again() {
    let kept = Kept::new();
    kept.write("b.log", text(1..=50));
    kept.expect(&["."], "1 added", &[1..=50]);
    // A copy from halfway comes first, and takes the place of what b.log was.
    kept.append("b.log", text(51..=60));
    kept.copy("b.log", "a.log");
    kept.append("b.log", text(61..=70));
    kept.ingest(&["."]);
    assert_eq!(kept.counted(), once(&[1..=70]));
    assert!(kept.workbook() == kept.direct(&["."]));
    // Both grow to one text, which a third has already.
    kept.write("c.log", text(1..=90));
    kept.ingest(&["c.log"]);
    kept.append("a.log", text(61..=90));
    kept.append("b.log", text(71..=90));
    kept.ingest(&["."]);
    assert_eq!(kept.counted(), once(&[1..=90]));
    assert!(kept.workbook() == kept.direct(&["."]));
}

#[cfg(unix)]
#[test]
fn links_are_names() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=50));
    fs::hard_link(kept.0.path("a.log"), kept.0.path("hard.log")).unwrap();
    std::os::unix::fs::symlink("a.log", kept.0.path("soft.log")).unwrap();
    std::os::unix::fs::symlink(".", kept.0.path("folder")).unwrap();
    kept.expect(&["."], "1 added, 2 duplicate", &[1..=50]);
    kept.expect(&["."], "3 known", &[1..=50]);
    kept.expect(&["folder/a.log"], "1 known", &[1..=50]);
    // All of them grow at once.
    kept.append("a.log", text(51..=60));
    kept.ingest(&["."]);
    assert_eq!(kept.counted(), once(&[1..=60]));
    kept.append("a.log", text(61..=70));
    kept.ingest(&["soft.log"]);
    kept.ingest(&["hard.log"]);
    assert_eq!(kept.counted(), once(&[1..=70]));
    // A store by the name of a link is the same store.
    std::os::unix::fs::symlink("usage.db", kept.0.path("link.db")).unwrap();
    kept.0.run(&["ingest", "--store", "link.db", "."], 0);
    assert_eq!(kept.counted(), once(&[1..=70]));
    assert!(!kept.0.exists("link.db.lock") && !kept.0.exists("link.db-wal"));
}

#[cfg(unix)]
#[test]
fn odd_names() {
    use std::os::unix::ffi::OsStrExt;
    let kept = Kept::new();
    fs::create_dir(kept.0.path("logs")).unwrap();
    let odd: [&[u8]; 5] =
        [b"\xff\xfe.log", b"\xff\xfd.log", b"a\nb\x1b[31m.log", b" - .log", b"\xe4\xb8\xad.log"];
    for (number, name) in (1..).zip(odd) {
        let path = kept.0.path("logs").join(std::ffi::OsStr::from_bytes(name));
        fs::write(path, text(number..=number)).unwrap();
    }
    kept.expect(&["logs"], "5 added", &[1..=5]);
    kept.expect(&["logs"], "5 known", &[1..=5]);
    kept.expect(&["logs", "--verify"], "5 known", &[1..=5]);
    assert!(kept.workbook() == kept.direct(&["logs"]));
}

#[test]
fn empty_files() {
    let kept = Kept::new();
    kept.write("a.log", "");
    kept.write("b.log", "");
    kept.write("c.gz", gzip(b""));
    kept.expect(&["."], "3 added", &[]);
    kept.expect(&["."], "3 known", &[]);
    kept.set_time("a.log", 5);
    kept.expect(&["."], "3 known", &[]);
    kept.write("a.log", text(1..=2));
    kept.write("c.gz", gzip(text(3..=4).as_bytes()));
    kept.expect(&["."], "2 grown, 1 known", &[1..=4]);
    assert_eq!(kept.sources().len(), 3);
    assert!(kept.workbook() == kept.direct(&["."]));
}

fn pour(kept: &Kept, bytes: &[u8], code: i32) -> Done {
    let mut command = kept.0.command();
    command.args(["ingest", "-", "--store", "usage.db", "--json"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(code));
    Done {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn standard_input_counts_once() {
    let kept = Kept::new();
    assert_eq!(fates(&pour(&kept, text(1..=5).as_bytes(), 0)), "1 added");
    assert_eq!(fates(&pour(&kept, text(1..=5).as_bytes(), 0)), "1 known");
    assert_eq!(fates(&pour(&kept, &gzip(text(1..=5).as_bytes()), 0)), "1 known");
    assert_eq!(fates(&pour(&kept, text(6..=7).as_bytes(), 0)), "1 added");
    kept.write("a.log", text(1..=5));
    kept.expect(&["a.log"], "1 duplicate", &[1..=7]);
    // What cannot be read to its end can never be known again: nothing of it counts.
    let packed = gzip(text(8..=300).as_bytes());
    pour(&kept, &packed[..packed.len() / 2], 1).says(&["stdin", "ends early"]);
    assert_eq!(kept.counted(), once(&[1..=7]));
}

#[cfg(unix)]
#[test]
fn pipes_count_once() {
    let kept = Kept::new();
    let script = |text: &str| {
        let flowbook = env!("CARGO_BIN_EXE_flowbook");
        let script = format!("{flowbook} ingest --store usage.db --json <(cat {text})");
        let mut command = std::process::Command::new("bash");
        let output = command.args(["-c", &script]).current_dir(kept.0.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    kept.write("old", text(1..=50));
    kept.write("new", text(51..=60));
    for name in ["old", "old", "new", "old"] {
        script(name);
        assert_eq!(kept.counted().values().max(), Some(&1));
    }
    assert_eq!(kept.counted(), once(&[1..=60]));
}

#[test]
fn a_damaged_file_counts_once_and_is_mended() {
    let whole = gzip(text(1..=2000).as_bytes());
    for other_name in [false, true] {
        let kept = Kept::new();
        kept.write("a.gz", &whole[..whole.len() / 2]);
        kept.try_ingest(&["."], 1).says(&["a.gz: the gzip stream ends early", "--keep-going"]);
        assert_eq!(kept.counted(), once(&[]), "nothing is kept of a delivery that failed");
        assert_eq!(fates(&kept.try_ingest(&[".", "--keep-going"], 3)), "1 faulty");
        let part = kept.counted();
        let read = part.len() as u64;
        assert!((100..2000).contains(&read) && part == once(&[1..=read]), "{read}");
        // Again, renamed, copied: the same damaged file.
        kept.try_ingest(&[".", "--keep-going"], 3).says(&["a.gz: the gzip stream ends early"]);
        kept.rename("a.gz", "b.gz");
        kept.try_ingest(&[".", "--keep-going"], 3).says(&["b.gz: the gzip stream ends early"]);
        kept.copy("b.gz", "c.gz");
        let done = kept.try_ingest(&[".", "--keep-going", "--rejects", "r.csv"], 3);
        assert_eq!((fates(&done).as_str(), kept.counted()), ("2 faulty", part));
        assert_eq!(done.json()["counts"]["lines"], 0, "no line of it counts anew");
        // More of it arrives, then all.
        kept.remove("c.gz");
        kept.write("b.gz", &whole[..whole.len() * 3 / 4]);
        kept.remove("r.csv");
        kept.try_ingest(&[".", "--keep-going"], 3);
        let more = kept.counted();
        assert!(more.len() as u64 > read && more == once(&[1..=more.len() as u64]));
        kept.write(if other_name { "d.gz" } else { "b.gz" }, &whole);
        if other_name {
            kept.remove("b.gz");
        }
        kept.expect(&["."], "1 replaced", &[1..=2000]);
        // Damage never takes the place of what was read in whole.
        kept.write(if other_name { "d.gz" } else { "b.gz" }, &whole[..whole.len() / 2]);
        kept.try_ingest(&[".", "--keep-going"], 3);
        assert_eq!(kept.counted(), once(&[1..=2000]));
    }
}

#[test]
fn a_region_named_anew_counts_in_the_place_of_the_one_before() {
    let kept = Kept::new();
    let regions = |kept: &Kept| {
        let mut regions: Vec<String> = kept.usage().into_iter().map(|row| row.1).collect();
        regions.dedup();
        (regions.join(","), kept.counted())
    };
    kept.write("a.log", text(1..=40));
    kept.expect(&["."], "1 added", &[1..=40]);
    kept.expect(&[".", "--region", "EU"], "1 replaced", &[1..=40]);
    kept.expect(&[".", "--region", "EU"], "1 known", &[1..=40]);
    assert_eq!(regions(&kept), ("EU".into(), once(&[1..=40])));
    // It holds for what follows.
    kept.append("a.log", text(41..=50));
    kept.expect(&["."], "1 grown", &[1..=50]);
    kept.write("a.log", text(1..=60).trim_end());
    kept.expect(&["."], "1 grown", &[1..=60]);
    assert_eq!(regions(&kept), ("EU".into(), once(&[1..=60])));
    kept.append("a.log", format!("\n{}", text(61..=70)));
    kept.expect(&[".", "--region", "NA"], "1 grown", &[1..=70]);
    assert_eq!(regions(&kept), ("NA".into(), once(&[1..=70])));
}

#[test]
fn of_many_only_what_changed_is_read() {
    let kept = Kept::new();
    let mut lines: Vec<_> = (0..20).map(|at| 100 * at + 1..=100 * at + 10).collect();
    for (at, lines) in lines.iter().enumerate() {
        kept.write(&format!("logs/{at}.log"), text(lines.clone()));
    }
    kept.expect(&["logs"], "20 added", &lines);
    for same in ["logs", "logs/../logs/.", "logs/*.log"] {
        kept.expect(&[same], "20 known", &lines);
    }
    kept.expect(&["logs", "--region", "EU"], "20 replaced", &lines);
    kept.expect(&["logs", "--region", "EU"], "20 known", &lines);
    kept.expect(&["logs"], "20 known", &lines);
    kept.expect(&["logs", "--region", "NA"], "20 replaced", &lines);
    // Changed, or of more lines; what is gone still counts.
    kept.write("logs/3.log", text(5301..=5310));
    kept.append("logs/7.log", text(711..=712));
    lines[7] = 701..=712;
    lines.push(5301..=5310);
    kept.remove("logs/9.log");
    kept.expect(&["logs"], "1 grown, 1 rotated, 17 known", &lines);
    // What could not be read to its end is tried again.
    kept.write("logs/torn.gz", &gzip(text(1..=90).as_bytes())[..100]);
    for _ in 0..2 {
        let done = kept.try_ingest(&["logs", "--keep-going"], 3);
        assert_eq!(fates(&done), "19 known, 1 faulty");
    }
}

#[test]
fn the_store_is_no_log() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    for store in ["usage.db", "usage"] {
        for _ in 0..2 {
            kept.0.run(&["ingest", "--store", store, "."], 0);
            kept.0.run(&["ingest", "--store", &format!("./{store}"), "*"], 0);
        }
    }
    assert_eq!(kept.counted(), once(&[1..=5]));
}

#[test]
fn no_result_takes_the_place_of_the_store_or_a_log() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.expect(&["a.log"], "1 added", &[1..=5]);
    let before = kept.sources();
    kept.try_ingest(&["a.log", "--rejects", "usage.db", "--force"], 2).says(&["usage.db: is a store"]);
    kept.try_ingest(&["a.log", "--rejects", "./usage.db-wal", "--force"], 2).says(&["is the store"]);
    for more in [&["a.log"][..], &[]] {
        let mut arguments = vec!["--store", "usage.db", "--output", "usage.db", "--force"];
        arguments.extend(more);
        let done = kept.0.export_to(&arguments, 2);
        done.says(&["usage.db: is a store"]);
    }
    kept.0
        .export_to(&["a.log", "--store", "usage.db", "--output", "a.log", "--force"], 2)
        .says(&["a.log: is a log"]);
    let both = ["a.log", "--store", "usage.db", "--output", "x.csv", "--rejects", "./x.csv"];
    kept.0.export_to(&both, 2).says(&["name two files"]);
    assert_eq!(fs::read_to_string(kept.0.path("a.log")).unwrap(), text(1..=5));
    assert_eq!((kept.counted(), kept.sources()), (once(&[1..=5]), before));
}

#[test]
fn verify_finds_what_kept_its_size_and_time() {
    let kept = Kept::new();
    kept.write(HOUR, text(11..=13));
    kept.set_time(HOUR, 1_772_323_200);
    kept.expect(&["."], "1 added", &[11..=13]);
    kept.write(HOUR, text(14..=16));
    kept.set_time(HOUR, 1_772_323_200);
    kept.expect(&["."], "1 known", &[11..=13]);
    kept.expect(&[".", "--verify"], "1 replaced", &[14..=16]);
    kept.expect(&[".", "--verify"], "1 known", &[14..=16]);
}

#[test]
fn times_of_files_may_be_any() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=30));
    kept.ingest(&["."]);
    for (more, seconds) in (31..).zip([4_000_000_000, 100, -100, -5_000_000_000, 0, 9_000_000_000]) {
        kept.append("a.log", text(more..=more));
        kept.set_time("a.log", seconds);
        kept.expect(&["."], "1 grown", &[1..=more]);
        kept.expect(&["."], "1 known", &[1..=more]);
    }
}

#[test]
fn a_trial_changes_nothing() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    let names = kept.0.names();
    assert_eq!(kept.ingest(&[".", "--dry-run"]), "1 added");
    assert_eq!(kept.0.names(), names, "no store is made");
    kept.expect(&["."], "1 added", &[1..=5]);
    // The first workbook is remembered by the store.
    let book = kept.workbook();
    let before = fs::read(kept.0.path("usage.db")).unwrap();
    kept.append("a.log", text(6..=9));
    kept.write("b.log", text(10..=11));
    assert_eq!(kept.ingest(&[".", "--dry-run"]), "1 added, 1 grown");
    assert!(fs::read(kept.0.path("usage.db")).unwrap() == before);
    assert!(kept.workbook() == book);
    kept.expect(&["."], "1 added, 1 grown", &[1..=11]);
}

#[test]
fn too_many_rejects_leave_the_store_as_it_was() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=5));
    kept.expect(&["a.log"], "1 added", &[1..=5]);
    let before = (kept.sources(), fs::read(kept.0.path("usage.db")).unwrap());
    kept.write("b.log", text(6..=12) + &"bad\n".repeat(6));
    let done = kept.try_ingest(&[".", "--rejects", "r.csv"], 3);
    done.says(&["6 of 13 lines were rejected", "the store was not changed", "b.log:8"]);
    assert_eq!((kept.sources(), fs::read(kept.0.path("usage.db")).unwrap()), before);
    let rejects = fs::read_to_string(kept.0.path("r.csv")).unwrap();
    assert_eq!(rejects.lines().count(), 7, "{rejects}");
    kept.0.export(&["b.log", "--store", "usage.db"], 3).says(&["the store was not changed"]);
    assert_eq!((kept.sources(), fs::read(kept.0.path("usage.db")).unwrap()), before);
    kept.expect(&["b.log", "--max-rejects", "6"], "1 added", &[1..=12]);
}

#[test]
fn rejects_are_those_that_count() {
    let kept = Kept::new();
    let rejects = |kept: &Kept| {
        let text = fs::read_to_string(kept.0.path("r.csv")).unwrap();
        kept.remove("r.csv");
        text.lines()
            .skip(1)
            .map(|line| line.split(',').take(2).collect::<Vec<_>>().join(":"))
            .collect::<Vec<_>>()
    };
    let all = [".", "--rejects", "r.csv", "--max-rejects", "50%"];
    kept.write("a.log", text(1..=5) + "bad one\n");
    kept.write("b.log", text(1..=5) + "bad one\n");
    kept.expect(&all, "1 added, 1 duplicate", &[1..=5]);
    assert_eq!(rejects(&kept), ["./a.log:6"]);
    kept.append("a.log", text(6..=7) + "bad two\n");
    kept.expect(&all, "1 grown, 1 known", &[1..=7]);
    assert_eq!(rejects(&kept), ["./a.log:9"], "numbered as in the whole log");
    kept.expect(&all, "2 known", &[1..=7]);
    assert_eq!(rejects(&kept), [""; 0]);
    kept.append("a.log", "bad three\nbad four\n");
    kept.try_ingest(&[".", "--max-rejects", "1"], 3).says(&["a.log:10"]);
}

/// What begins as the log did is the log, edited; what begins otherwise is another one under its name.
#[test]
fn a_log_that_was_edited_in_place_is_replaced() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=30));
    kept.expect(&["."], "1 added", &[1..=30]);
    kept.write("a.log", text(1..=20) + &text(25..=30));
    kept.expect(&["."], "1 replaced", &[1..=20, 25..=30]);
    kept.write("a.log", text(5..=40));
    kept.expect(&["."], "1 rotated", &[1..=20, 25..=30, 5..=40]);
}

/// Lines with only a path belong to the domain in the file's name: that name tells more than any copy's.
#[test]
fn a_copy_without_a_domain_in_its_name_takes_nothing_away() {
    let path_only = "[1/Mar/2026:08:00:00 +0800] 1.2.3.4 - 5 \"-\" \"GET /x\" 200 300 1 HIT \"-\" \"-\"\n";
    let name = "l1.com_2026_03_01_080000_090000.log";
    for order in [["copy.log", name], [name, "copy.log"]] {
        let kept = Kept::new();
        for file in order {
            kept.write(file, path_only.to_owned() + &text(1..=1));
            kept.ingest(&[".", "--max-rejects", "50%"]);
        }
        assert_eq!(kept.counted(), once(&[1..=1, 1..=1]), "{order:?}");
        assert!(kept.workbook() == kept.direct(&["."]), "{order:?}");
    }
}

/// The share of rejected lines of a log that grew is judged over the whole log.
#[test]
fn a_bad_line_in_a_short_tail_is_one_of_many() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=60));
    kept.expect(&["."], "1 added", &[1..=60]);
    kept.append("a.log", "half a li");
    kept.expect(&["."], "1 grown", &[1..=60]);
}

/// Line ends, a byte-order mark and a last newline are no lines.
#[test]
fn a_text_with_other_line_ends_is_the_same() {
    let plain = text(1..=40);
    let forms = [
        plain.replace('\n', "\r\n"),
        plain.trim_end().to_owned(),
        format!("\u{feff}{plain}"),
        format!("\u{feff}{}", plain.replace('\n', "\r\n").trim_end()),
    ];
    for (at, form) in forms.iter().enumerate() {
        let packed = [form.clone().into_bytes(), gzip(form.as_bytes()), encode(Codec::Zstd, form.as_bytes())];
        for packed in packed {
            for names in [["a.log", "b.log"], ["b.log", "a.log"]] {
                let kept = Kept::new();
                kept.write(names[0], &plain);
                kept.ingest(&["."]);
                kept.write(names[1], &packed);
                kept.expect(&["."], "1 known, 1 duplicate", &[1..=40]);
                // Of two forms a direct run reads the one whose name comes first, and rejects show where they stand.
                let is_alike = !form.starts_with('\u{feff}');
                assert!(!is_alike || kept.workbook() == kept.direct(&["."]), "{at} {names:?}");
                // It grew, in its way of ending lines.
                kept.append(names[0], text(41..=50));
                kept.expect(&["."], "1 grown, 1 known", &[1..=50]);
                assert!(kept.workbook() == kept.direct(&["."]), "{at} {names:?} grown");
            }
        }
    }
}

/// An older copy counts nothing, in whatever order, compression and number of generations.
#[test]
fn the_beginning_of_a_log_counts_once() {
    let texts = [text(1..=10), text(1..=20), text(1..=300)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2], [0, 2, 1], [2, 0, 1]] {
        let kept = Kept::new();
        for at in order {
            let bytes = if at == 1 { gzip(texts[at].as_bytes()) } else { texts[at].clone().into_bytes() };
            kept.write(["c.log", "a.log.bak", "archive/b.log"][at], bytes);
            kept.ingest(&["."]);
        }
        assert_eq!(kept.counted(), once(&[1..=300]), "{order:?}");
        kept.expect(&["."], "3 known", &[1..=300]);
        kept.expect(&[".", "--verify"], "3 known", &[1..=300]);
        assert!(kept.workbook() == kept.direct(&["."]), "{order:?}");
        let all = Kept::new();
        for (at, text) in texts.iter().enumerate() {
            all.write(["c.log", "a.log.bak", "archive/b.log"][at], text);
        }
        all.ingest(&["."]);
        assert_eq!(all.counted(), once(&[1..=300]));
        assert!(all.workbook() == all.direct(&["."]));
    }
}

#[test]
fn a_pipe_that_grew_counts_once() {
    let kept = Kept::new();
    assert_eq!(fates(&pour(&kept, text(1..=5).as_bytes(), 0)), "1 added");
    assert_eq!(fates(&pour(&kept, text(1..=200).as_bytes(), 0)), "1 grown");
    assert_eq!(fates(&pour(&kept, text(1..=5).as_bytes(), 0)), "1 known");
    assert_eq!(fates(&pour(&kept, &gzip(text(1..=300).replace('\n', "\r\n").as_bytes()), 0)), "1 grown");
    kept.write("a.log", text(1..=310));
    kept.expect(&["a.log"], "1 grown", &[1..=310]);
    assert_eq!(fates(&pour(&kept, text(1..=250).as_bytes(), 0)), "1 duplicate");
    assert_eq!(kept.counted(), once(&[1..=310]));
}

/// Lines with only a path belong to the domain that the text's best name tells, whichever copy came first or grew.
#[test]
fn a_copy_under_another_name_takes_nothing_over() {
    let path_only = |n: u64| {
        format!("[1/Mar/2026:12:00:{n:02} +0800] 1.2.3.4 - 5 \"-\" \"GET /x\" 200 300 7 HIT \"-\" \"-\"\n")
    };
    let lines = |count: u64| (1..=count).map(path_only).collect::<String>();
    let [name, backup] = ["l7.com_2026_03_01_120000_130000", "backup_l7.com_2026_03_01_120000_130000"];
    let expected = |count: u64| [(7, count)].into();
    for (first, second) in [(name, backup), (backup, name)] {
        for grown in [name, backup] {
            let kept = Kept::new();
            kept.write(first, lines(3));
            kept.ingest(&["."]);
            kept.write(second, lines(3));
            kept.ingest(&["."]);
            assert_eq!(kept.counted(), expected(3), "{first} first");
            assert!(kept.workbook() == kept.direct(&["."]), "{first} first");
            kept.append(grown, path_only(4));
            kept.ingest(&["."]);
            assert_eq!(kept.counted(), expected(4), "{first} first, {grown} grew");
            assert!(kept.workbook() == kept.direct(&["."]), "{first} first, {grown} grew");
        }
    }
}

/// What stands where a log stood is no log, unless somebody names it: a pipe would be waited for without end, and a device
/// read so.
#[cfg(unix)]
#[test]
fn what_became_a_pipe_or_a_device_is_never_opened() {
    let text: Vec<String> = (0..400).map(|n| line("1/Mar/2026:08:00:00 +0800", "a.com", n)).collect();
    for (at, name) in
        [("b.log", "a.log"), ("b.log", "."), ("www.a.com_2026_03_01_080000_090000.log", "a.log")]
    {
        for is_pipe in [true, false] {
            let place = Place::new();
            let ingest = |more: &[&str], code: i32| {
                let words = ["ingest", "--store", "../s.db", "--domain", "www.a.com", "--json"];
                let mut command = place.command();
                command.current_dir(place.path("logs")).args(words).args(more);
                let output = command.output().unwrap();
                assert_eq!(output.status.code(), Some(code), "{at} {name} {is_pipe}: {output:?}");
            };
            place.write("logs/a.log", text[..40].concat());
            place.write(&format!("logs/{at}"), text[..20].concat());
            ingest(&["a.log", at], 0);
            let path = place.path("logs").join(at);
            fs::remove_file(&path).unwrap();
            if is_pipe {
                assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
            } else {
                std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
            }
            // What begins as it did takes its place, and what its beginning is known by is looked for.
            place.write("logs/a.log", text[..1].concat() + &text[300..340].concat());
            ingest(&[name], i32::from(name == "."));
            place.write("logs/c.log", text[..60].concat());
            ingest(&["c.log"], 0);
        }
    }
}
