//! Hostile and odd inputs, through the command line: nothing is lost, nothing crashes, everything is named.

use super::book::Book;
use super::harness::{Done, Place, encode, gzip, line};
use flowbook::codec::Codec;
use std::fs;
use std::io::Write;
use std::process::Stdio;

const NOON: &str = "1/Mar/2026:12:00:00 +0800";

fn lines(count: u64) -> String {
    (1..=count).map(|n| line(NOON, "a.com", n)).collect()
}

fn accepted(json: &serde_json::Value) -> u64 {
    json["counts"]["accepted"].as_u64().unwrap()
}

#[test]
fn files_folders_globs_and_standard_input() {
    let place = Place::new();
    place.write("logs/a.log", lines(1));
    // None is the beginning of another one.
    place.write("logs/deep/er/b.gz", gzip(lines(2).replace("/x", "/y").as_bytes()));
    place.write("logs/c.weird", encode(Codec::Zstd, lines(3).replace("/x", "/z").as_bytes()));
    place.write("logs/.hidden", "not read");
    place.write("logs/old.xlsx", "not read");
    place.write("logs/empty", "");
    for (logs, expected) in [
        (&["logs"][..], 6),
        (&["logs/a.log", "logs"], 6),
        (&["logs/*"], 6),
        (&["logs/?.*"], 4),
        (&["logs/**/*.gz"], 2),
        (&["logs/.hidden", "--max-rejects", "100%"], 0),
    ] {
        let mut arguments = logs.to_vec();
        arguments.extend(["--json", "--force"]);
        let expected: u64 = expected;
        let code = if expected == 0 { 3 } else { 0 };
        assert_eq!(accepted(&place.export(&arguments, code).json()), expected, "{logs:?}");
    }
    let mut child = place.export_command(&["-", "--json", "--force"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&gzip(lines(4).as_bytes())).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(accepted(&serde_json::from_slice(&output.stdout).unwrap()), 4);
    let mut book = Book::open(&place.path("out.xlsx"));
    let sources = book.rows("Sources");
    assert!(sources.iter().any(|row| row[0] == "stdin"), "{sources:?}");
}

#[cfg(unix)]
#[test]
fn globs_match_names_that_are_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    place.write("logs/a.log", lines(1));
    place.write("logs/sub/.hidden/b.log", lines(2));
    fs::write(
        place.path("logs").join(std::ffi::OsStr::from_bytes(b"\xff.log")),
        lines(3).replace("/x", "/y"),
    )
    .unwrap();
    std::os::unix::fs::symlink("..", place.path("logs/sub/up")).unwrap();
    for (glob, expected) in [
        ("logs/*.log", 4),
        ("./logs//?.log", 4),
        ("logs/**/*.log", 4),
        ("**", 4),
        ("*/**/.hidden/*", 2),
        ("logs/*/.h*/b.log", 2),
        ("logs/../l[no]gs/[!a].log", 3),
    ] {
        assert_eq!(accepted(&place.export(&[glob, "--json", "--force"], 0).json()), expected, "{glob}");
    }
    let absolute = place.path("log?/a*").display().to_string();
    assert_eq!(accepted(&place.export(&[&absolute, "--json", "--force"], 0).json()), 1);
    for (glob, message) in [("logs/***", "is not a valid glob"), ("logs/*.none", "no file matches this glob")]
    {
        place.export(&[glob, "--force"], if glob.ends_with("***") { 2 } else { 1 }).says(&[message]);
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_may_loop() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.write("logs/a.log", lines(2));
    symlink("..", place.path("logs/up")).unwrap();
    symlink(".", place.path("logs/self")).unwrap();
    symlink("a.log", place.path("logs/b.log")).unwrap();
    let json = place.export(&["logs", "--json"], 0).json();
    // The link to the file is the same source by another name.
    assert_eq!((accepted(&json), json["counts"]["duplicates_skipped"].as_u64()), (2, Some(1)));
}

#[test]
fn the_same_content_counts_once() {
    let place = Place::new();
    place.write("one.gz", gzip(lines(3).as_bytes()));
    place.write("copies/two.gz", gzip(lines(3).as_bytes()));
    place.write("other.log", lines(2).replace("/x", "/y"));
    let json = place.export(&["one.gz", "copies", "other.log", "./other.log", "--json"], 0).json();
    assert_eq!((accepted(&json), json["counts"]["duplicates_skipped"].as_u64()), (5, Some(2)));
    let quality = Book::open(&place.path("out.xlsx")).rows("Data Quality");
    let pair = |a: &str, b: &str| quality.iter().any(|row| row[0] == a && row[1] == b);
    assert!(pair("one.gz", "copies/two.gz") && pair("other.log", "./other.log"), "{quality:?}");
}

#[test]
fn line_ends_and_blank_lines() {
    let place = Place::new();
    let text = lines(3).replace('\n', "\r\n");
    place.write("a.log", format!("\r\n\n  \t\n{}", text.trim_end()));
    let json = place.export(&["a.log", "--json"], 0).json();
    assert_eq!((accepted(&json), json["counts"]["blank"].as_u64()), (3, Some(3)));
}

#[test]
fn lines_of_any_length() {
    let place = Place::new();
    let (long, most) = ("x".repeat(3 << 20), "y".repeat((1 << 20) - 300));
    let rest = lines(1).replace("Mozilla/5.0", &most);
    let text = format!("{}{long}\n{rest}{}", lines(2), lines(1));
    for content in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        place.write("a.log", content);
        let arguments = ["a.log", "--json", "--force", "--max-rejects", "1", "--rejects", "rejects.csv"];
        let json = place.export(&arguments, 0).json();
        assert_eq!(
            (accepted(&json), json["counts"]["rejected_by_reason"]["too_long"].as_u64()),
            (4, Some(1))
        );
        let rejects = fs::read(place.path("rejects.csv")).unwrap();
        assert!(rejects.starts_with(b"file,line,reason,text\na.log,3,too_long,xxx"));
        assert_eq!(rejects.len(), "file,line,reason,text\na.log,3,too_long,\n".len() + (1 << 20));
    }
}

#[test]
fn truncated_and_corrupt_files_fail_the_job_or_are_named() {
    let text = lines(4000);
    let damaged = [Codec::Gzip, Codec::Zstd].into_iter().flat_map(|codec| {
        let whole = encode(codec, text.as_bytes());
        let mut flipped = whole.clone();
        let middle = whole.len() / 2;
        flipped[middle..middle + 8].iter_mut().for_each(|b| *b ^= 0xff);
        [("cut", whole[..whole.len() * 3 / 4].to_vec()), ("flipped", flipped)]
    });
    for (what, content) in damaged {
        let place = Place::new();
        place.write("bad.gz", content);
        place.write("good.log", line(NOON, "b.com", 7));
        let done = place.export(&["bad.gz", "good.log"], 1);
        done.says(&["bad.gz: the ", " stream ", "--keep-going"]);
        assert!(!place.exists("out.xlsx") && place.names().len() == 2, "{what}");
        let done = place.export(&["bad.gz", "good.log", "--keep-going", "--json"], 3);
        done.says(&["bad.gz: the "]);
        let json = done.json();
        assert_eq!(json["counts"]["faults"][0]["file"], "bad.gz");
        assert!((1..=4001).contains(&accepted(&json)), "{what}");
        let quality = Book::open(&place.path("out.xlsx")).rows("Data Quality");
        assert!(
            quality.iter().any(|row| row[0] == "bad.gz" && row[1].contains("stream")),
            "{what}: {quality:?}"
        );
    }
}

#[test]
fn what_was_read_before_a_fault_counts_exactly() {
    let place = Place::new();
    // Two whole members, then one without its end.
    let mut content = gzip(lines(10).as_bytes());
    content.extend(gzip(lines(5).as_bytes()));
    let last = gzip(lines(1).as_bytes());
    content.extend(&last[..last.len() - 4]);
    place.write("bad.gz", content);
    let json = place.export(&["bad.gz", "--keep-going", "--json"], 3).json();
    assert!((15..=16).contains(&accepted(&json)));
}

#[test]
fn missing_and_unreadable_sources_are_named() {
    let place = Place::new();
    place.write("good.log", lines(2));
    for bad in ["missing.log", "none-*.gz", "no/such/folder"] {
        place.export(&["good.log", bad, "--force"], 1).says(&[bad]);
        let json = place.export(&["good.log", bad, "--keep-going", "--json", "--force"], 3).json();
        assert_eq!((accepted(&json), json["counts"]["faults"][0]["file"].as_str()), (2, Some(bad)));
    }
    place.run(&["export", "--type", "flow"], 2);
    place.export(&["[bad", "--force"], 2).says(&["[bad"]);
}

#[test]
fn binary_files_are_rejected_lines() {
    let place = Place::new();
    let noise: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    place.write("noise.bin", &noise);
    place.write("zeros.bin", vec![0; 3 << 20]);
    let done = place.export(&["noise.bin", "zeros.bin"], 3);
    done.says(&[
        "lines were rejected",
        "limit of 5%",
        "Alibaba Cloud CDN offline log",
        "first rejected line: noise.bin:1",
    ]);
    assert!(!place.exists("out.xlsx"));
    let json = place.export(&["noise.bin", "zeros.bin", "--max-rejects", "100%", "--json"], 3).json();
    let newlines = noise.split(|b| *b == b'\n').count() as u64 - 1;
    assert!(json["counts"]["lines"].as_u64().unwrap() >= newlines);
    assert_eq!(accepted(&json), 0);
}

#[test]
fn the_limit_of_rejects_is_exact() {
    let place = Place::new();
    place.write("a.log", lines(95) + &"bad line\n".repeat(5));
    place.export(&["a.log"], 0);
    for limit in ["4", "4.9999%", "0"] {
        let done = place.export(&["a.log", "--max-rejects", limit, "--force", "--json"], 3);
        done.says(&["5 of 100 lines were rejected", "a.log:96", "bad line"]);
        assert!(done.json()["error"].as_str().unwrap().contains("rejected"));
    }
    for limit in ["5", "5%", "100%"] {
        place.export(&["a.log", "--max-rejects", limit, "--force"], 0);
    }
}

#[test]
fn every_rejected_line_is_written_as_it_was() {
    let place = Place::new();
    let odd: &[u8] = b"quote \" comma , NUL \0 bytes \xff\xfe end";
    let mut content = lines(2).into_bytes();
    content.extend(odd);
    content.extend(b"\r\n");
    content.extend(line("31/Feb/2026:12:00:00 +0800", "a.com", 1).bytes());
    place.write("a.log", content);
    place.export(&["a.log", "--max-rejects", "2", "--rejects", "r.csv"], 0);
    let mut reader = csv::Reader::from_path(place.path("r.csv")).unwrap();
    let rows: Vec<csv::ByteRecord> = reader.byte_records().map(Result::unwrap).collect();
    let fields =
        |at: usize| rows[at].iter().take(3).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ");
    assert_eq!(fields(0), "a.log 3 bad_time");
    assert_eq!(&rows[0][3], odd);
    assert_eq!(fields(1), "a.log 4 bad_time");
    place.export(&["a.log", "--force", "--max-rejects", "2", "--rejects", "r.csv"], 0);
    place.export(&["a.log", "--output", "x.xlsx", "--max-rejects", "2", "--rejects", "r.csv"], 2);
}

#[test]
fn names_tell_the_domain_of_paths() {
    let place = Place::new();
    let text = lines(1).replace("http://a.com", "");
    place.write("www.b.com_2026_03_01_120000_130000.log", &text);
    place.write("www.c.com_2026_03_01_1200_1300.log", text.replace("/x", "/y"));
    let late = line("1/Mar/2026:11:59:59 +0800", "www.b.com", 1);
    place.write("www.b.com_2026_03_01_120000_130000_2.log", late);
    let json = place.export(&[".", "--json"], 0).json();
    assert_eq!(json["counts"]["late"], 1);
    let mut book = Book::open(&place.path("out.xlsx"));
    let domains: Vec<String> = book.rows("Domains").into_iter().skip(1).map(|row| row[0].clone()).collect();
    assert_eq!(domains, ["www.b.com", "www.c.com"]);
    place.write("plain/access.log", &text);
    place.export(&["plain", "--force"], 3).says(&["no_domain"]);
}

#[test]
fn an_output_is_replaced_only_when_told() {
    let place = Place::new();
    place.write("a.log", lines(1));
    place.write("out.xlsx", "precious");
    place.export(&["a.log"], 2).says(&["out.xlsx: exists already; give --force"]);
    assert_eq!(fs::read(place.path("out.xlsx")).unwrap(), b"precious");
    place.export(&["a.log", "--force"], 0);
    assert!(fs::read(place.path("out.xlsx")).unwrap().starts_with(b"PK"));
    assert_eq!(place.names(), ["a.log", "out.xlsx"]);
}

#[test]
fn the_default_name_tells_the_task() {
    let place = Place::new();
    place.write("a.log", lines(1));
    let times = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T23:59:59Z"];
    let run = |more: &[&str]| {
        let mut arguments = vec!["export", "a.log", "--quiet"];
        arguments.extend(times);
        arguments.extend(more);
        let done = place.run(&arguments, 0);
        // A warning is no noise: what is missing is said all the same.
        assert!(done.stdout.is_empty());
        assert_eq!(done.stderr.lines().count(), 1);
        done.says(&["the logs do not cover the range"]);
    };
    run(&["--type", "vas"]);
    run(&["--type", "flow", "--task-name", "Bill: March/2026"]);
    let expected = [
        "Bill_ March_2026_20260301T000000Z_20260301T235959Z.xlsx",
        "a.log",
        "vas_20260301T000000Z_20260301T235959Z.xlsx",
    ];
    assert_eq!(place.names(), expected);
}

#[test]
fn sums_that_grow_too_high_fail_the_job() {
    let place = Place::new();
    place.write("a.log", line(NOON, "a.com", 1 << 50).repeat(8192));
    place.export(&["a.log"], 1).says(&["a.log: line 8192", "a.com", "2^63 - 1"]);
    place.write("a.log", line(NOON, "a.com", 1 << 50).repeat(8191));
    let json = place.export(&["a.log", "--json"], 0).json();
    assert_eq!(json["key_figures"]["total_traffic_bytes"].as_u64(), Some(8191 << 50));
}

#[test]
fn a_result_never_takes_the_place_of_a_log() {
    let place = Place::new();
    place.write("logs/a.log", lines(1));
    let run = |more: &[&str]| {
        let mut arguments = vec!["logs", "--force"];
        arguments.extend(more);
        let mut command = vec!["export", "--type", "flow", "--start-time", "2026-03-01T00:00:00Z"];
        command.extend(["--end-time", "2026-03-02T00:00:00Z"]);
        command.extend(arguments);
        place.run(&command, 2)
    };
    run(&["--output", "logs/a.log"]).says(&["a.log: is a log"]);
    run(&["--output", "logs/../logs/a.log"]).says(&["is a log"]);
    run(&["--output", "x.xlsx", "--rejects", "logs/a.log"]).says(&["a.log: is a log"]);
    run(&["--output", "x.xlsx", "--rejects", "./x.xlsx"]).says(&["x.xlsx", "name two files"]);
    run(&["--output", "/dev/null"]).says(&["/dev/null: is not a regular file"]);
    assert_eq!(fs::read_to_string(place.path("logs/a.log")).unwrap(), lines(1));
    assert_eq!(place.names(), ["logs"]);
}

#[test]
fn all_lines_before_a_damage_count() {
    let place = Place::new();
    for count in [1, 40, 3000, 9000] {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(lines(count).as_bytes()).unwrap();
        // Up to here all is in order; what follows is no block of deflate.
        encoder.flush().unwrap();
        let content = [encoder.get_ref().as_slice(), &[0xff; 64]].concat();
        place.write("bad.gz", content);
        let done = place.export(&["bad.gz", "--keep-going", "--json", "--force"], 3);
        done.says(&[&format!("after {} bytes of text", lines(count).len())]);
        assert_eq!(accepted(&done.json()), count);
    }
}

#[test]
fn lines_behind_a_long_one_count_though_the_stream_ends_early() {
    let place = Place::new();
    for count in [1, 100, 3000] {
        let text = format!("{}\n{}", "x".repeat((1 << 20) + 1), lines(count));
        let whole = gzip(text.as_bytes());
        place.write("cut.gz", &whole[..whole.len() - 8]);
        let arguments = ["cut.gz", "--keep-going", "--json", "--force", "--max-rejects", "1"];
        assert_eq!(accepted(&place.export(&arguments, 3).json()), count);
    }
}

/// A thread reads with the buffers of the files before.
#[test]
fn what_was_read_before_a_fault_does_not_depend_on_other_files() {
    let place = Place::new();
    let mut content = gzip(lines(9000).as_bytes());
    let half = content.len() / 2;
    content[half..half + 64].fill(0xff);
    place.write("logs/bad.gz", content);
    let limit = ["--max-rejects", "100"];
    let alone = place.export(&[&["logs/bad.gz", "--keep-going", "--json"][..], &limit].concat(), 3).json();
    assert!((1..9000).contains(&accepted(&alone)), "{alone}");
    let rejected = |json: &serde_json::Value| json["counts"]["rejected"].as_u64().unwrap();
    place.write("logs/long.log", lines(1).replace("Mozilla", &"x".repeat(3 << 20)));
    for threads in ["1", "2", "3"] {
        let arguments = ["logs", "--keep-going", "--json", "--force", "--threads", threads];
        let json = place.export(&[&arguments[..], &limit].concat(), 3).json();
        assert_eq!((accepted(&json), rejected(&json)), (accepted(&alone), rejected(&alone) + 1), "{threads}");
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_named_and_not_waited_for() {
    let place = Place::new();
    place.write("logs/a.log", lines(1));
    let made = std::process::Command::new("mkfifo").arg(place.path("logs/pipe")).status().unwrap();
    assert!(made.success());
    for logs in ["logs", "logs/*", "**/pipe", "logs/p?pe"] {
        place
            .export(&[logs], 1)
            .says(&["logs/pipe: is not a regular file; a pipe is read only if you name it"]);
    }
    assert_eq!(accepted(&place.export(&["logs", "--keep-going", "--json"], 3).json()), 1);
}

#[test]
fn an_export_of_nothing_says_so() {
    let place = Place::new();
    place.write("a.log", lines(1));
    place.export(&["a.log", "--domain-names", "mistyped.com"], 3).says(&["no line is in this export"]);
    let done = place.export(&["a.log", "--domain-names", "a.com,tpyo.com", "--json", "--force"], 0);
    done.says(&["no line of tpyo.com is in the range; check the spelling"]);
    assert_eq!(done.json()["key_figures"]["domains_without_requests"], serde_json::json!(["tpyo.com"]));
    place.export(&["a.log", "--domain-names", ""], 2).says(&["--domain-names"]);
}

#[test]
fn an_export_without_any_log_fails() {
    let place = Place::new();
    place.write("logs/a.txt", lines(1));
    std::fs::create_dir(place.path("empty")).unwrap();
    place.write("tasks.csv", "type,range\nflow,2026-03-01\n");
    for (logs, expected) in [
        (&["empty"][..], "no log was found in empty"),
        (&["logs", "empty", "--include", "*.log"], "found in logs, empty"),
    ] {
        let done = place.export(&[logs, &["--json"]].concat(), 1);
        done.says(&[expected]);
        assert!(done.json()["Recommend"].as_str().unwrap().contains(expected), "{}", done.stdout);
        for many in [&["--tasks", "tasks.csv"][..], &["--months", "2026-03", "--type", "flow"]] {
            place.run(&[&["export", "-o", "out/"], many, logs].concat(), 1).says(&[expected]);
        }
        // What a store holds is there all the same.
        place.export(&[logs, &["--store", "s.db", "--force"]].concat(), 3).says(&[expected]);
        place.run(&[&["ingest", "--store", "s.db"], logs].concat(), 0).says(&[expected]);
    }
    place.export(&["logs", "--include", "*.log", "--force"], 1).says(&["--include *.log matched nothing"]);
    assert!(!place.exists("out"));
    // Standard input is a source, also where nothing comes.
    let done = Done::of(&place.export_command(&["-", "--force"]).stdin(Stdio::null()).output().unwrap());
    done.says(&["no line in stdin", "no line is in this export"]);
}

/// `--include` and `--exclude` hold for what folders and globs hold alike, and say where they do nothing.
#[test]
fn what_globs_find_is_chosen_as_what_folders_hold() {
    let place = Place::new();
    place.write("logs/a.log", lines(1));
    place.write("logs/test_a.log", lines(2).replace("/x", "/y"));
    place.write("logs/old/c.log", lines(4).replace("/x", "/z"));
    place.write("logs/eu/d.log", lines(8).replace("/x", "/w"));
    for (arguments, expected) in [
        (&["--exclude", "test_*"][..], 13),
        (&["--exclude", "test_*", "--exclude", "old"], 9),
        (&["--exclude", "./old/"], 11),
        (&["--exclude", "eu/*.log"], 7),
        (&["--include", "eu/"], 8),
        (&["--include", "[a-c].log"], 5),
    ] {
        for logs in ["logs", "logs/**/*.log", "l*/**/*.log", "**/*.log"] {
            // Of a glob that begins to choose above the folder, paths begin there.
            if logs != "logs" && !logs.starts_with("logs") && arguments[1].starts_with("eu/*") {
                continue;
            }
            let arguments = [&[logs, "--json", "--force"], arguments].concat();
            let done = place.export(&arguments, 0);
            assert_eq!(accepted(&done.json()), expected, "{arguments:?}");
            assert!(!done.stderr.contains("matched nothing"), "{}", done.stderr);
        }
    }
    let named = ["logs/test_a.log", "--exclude", "test_*", "--json", "--force"];
    assert_eq!(accepted(&place.export(&named, 0).json()), 2);
    let nothing = ["logs/*.log", "--exclude", "olt", "--force"];
    place.export(&nothing, 0).says(&["--exclude olt matched nothing"]);
    let all = ["logs/*.log", "--exclude", "*.log", "--force"];
    let done = place.export(&all, 1);
    done.says(&["no log is left: --include and --exclude skip all that was found in logs/*.log"]);
    assert!(!done.stderr.contains("see what is out of scope"), "{}", done.stderr);
    place
        .run(&["ingest", "logs", "--include", "*.gz", "--store", "s.db"], 0)
        .says(&["--include *.gz matched nothing", "no log is left"]);
    place.write(
        "flowbook.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = \"logs/**/*.log\"\nexclude = [\"test_*\", \"olt\"]\n",
    );
    place
        .run(&["run", "flowbook.toml", "--dry-run"], 0)
        .says(&["[[source]] 1: exclude \"olt\" matched nothing"]);
    let json = place.run(&["run", "flowbook.toml", "--json"], 0).json();
    assert_eq!(json["sources"]["added"], 3);
}

#[test]
fn lines_without_a_domain_say_how_to_name_it() {
    let place = Place::new();
    let paths = lines(3).replace("http://a.com", "");
    place.write("a.log", format!("{paths}{}", lines(1)));
    let expected = ["3 of its 4 lines have a path and no host", "--domain NAME", "domain = \"NAME\""];
    place.export(&["a.log"], 3).says(&expected);
    place.run(&["ingest", "a.log", "--store", "s.db"], 3).says(&expected);
    place.write("b.log", paths);
    place.export(&["b.log"], 3).says(&["3 of its 3 lines have a path and no host", "--domain NAME"]);
    assert_eq!(accepted(&place.export(&["b.log", "--domain", "a.com", "--json"], 0).json()), 3);
}

#[test]
fn globs_over_deep_folders_end() {
    let place = Place::new();
    let deep = "d/".repeat(200);
    place.write(&format!("logs/{deep}a.log"), line("1/Mar/2026:12:00:00 +0800", "a.com", 7));
    place.write("logs/b.log", line("1/Mar/2026:12:00:00 +0800", "b.com", 9));
    let begun = std::time::Instant::now();
    for glob in ["logs/**/**/**/**/*.log", "logs/**/d/**/d/**/d/**/*.log", "**/*.log"] {
        let json = place.export(&[glob, "--force", "--json"], 0).json();
        let lines = if glob.contains("/d/") { 1 } else { 2 };
        assert_eq!(accepted(&json), lines, "{glob}");
    }
    // Folder by folder for each of those above it would take minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
}

#[test]
fn a_page_in_the_place_of_a_log_is_named_and_the_others_are_taken_in() {
    let page = "<?xml version=\"1.0\"?>\n<Error>\n<Code>NoSuchKey</Code>\n</Error>\n";
    let place = Place::new();
    place.write("logs/www.a.com_2026_03_01_120000_130000.log", lines(19));
    place.write("logs/www.a.com_2026_03_01_130000_140000.gz", page);
    // Its four lines are more than the limit allows of all 23, but they are no lines of a log.
    let json = place.export(&["logs", "--keep-going", "--json"], 3).json();
    assert_eq!(accepted(&json), 19);
    place.run(&["ingest", "logs", "--store", "usage.db", "--keep-going"], 3).says(&["is an XML page"]);
    assert_eq!(super::kept::usage_of(&place.path("usage.db")).iter().map(|row| row.3[1]).sum::<i64>(), 19);
    place.write("flowbook.toml", "[store]\npath = \"other.db\"\n[[source]]\npaths = [\"logs\"]\n");
    place.run(&["run", "flowbook.toml"], 3).says(&["is an XML page"]);
    assert_eq!(super::kept::usage_of(&place.path("other.db")).iter().map(|row| row.3[1]).sum::<i64>(), 19);
    // Rejected lines among good ones count as ever.
    place.write("logs/b.log", lines(9) + "junk\njunk\n");
    place
        .run(&["ingest", "logs", "--store", "usage.db", "--keep-going"], 3)
        .says(&["more than the limit of 5%"]);
}

#[test]
fn members_with_nul_bytes_between_their_lines_are_the_text_without() {
    let first = lines(3) + &"\0".repeat(100);
    let second = line("1/Mar/2026:12:00:09 +0800", "b.com", 7);
    for (first, second) in [(first.clone(), second.clone()), (first, "\0".to_owned() + &second)] {
        let place = Place::new();
        place.write("logs/a.log", first.clone() + &second);
        place.write("logs/a.log.gz", [gzip(first.as_bytes()), gzip(second.as_bytes())].concat());
        let json = place.export(&["logs", "--json"], 0).json();
        assert_eq!(accepted(&json), 4);
        assert_eq!(json["counts"]["blank"], 0);
        place.run(&["ingest", "logs", "--store", "usage.db"], 0);
        assert_eq!(super::kept::usage_of(&place.path("usage.db")).iter().map(|row| row.3[1]).sum::<i64>(), 4);
    }
}
