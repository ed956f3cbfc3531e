//! The repository checks itself: layers, owners of third-party crates, scripts, documents.

use super::harness::repository;
use order::Files;
use std::fs;

mod documents;
mod order;
mod rules;
mod rust;

/// Every Rust file of `src` with its text, tests in it left out.
fn sources() -> Files {
    let src = repository().join("src");
    let files = walkdir::WalkDir::new(&src).sort_by_file_name().into_iter().map(Result::unwrap);
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"));
    rust.filter(|entry| entry.file_name() != "tests.rs")
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let path = entry.path().strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
            (path, rust::without_tests(&text).to_owned())
        })
        .collect()
}

#[test]
fn a_module_uses_only_modules_listed_before_it() {
    let files = sources();
    assert!(order::uses(&files).len() > 1000, "modules use each other");
    let faults: Vec<_> = order::faults(&files).into_iter().map(|fault| fault.text).collect();
    assert!(faults.is_empty(), "a module uses one that its parent lists after it:\n{faults:#?}");
}

#[test]
fn some_rooms_never_know_others() {
    let never = [
        ("log", &["codec", "output", "report"][..]),
        ("usage", &["codec", "output", "log", "source", "report"]),
        ("export", &["log", "source", "ingest", "codec"]),
        ("ingest", &["contract", "locale"]),
        ("store", &["log", "source", "ingest", "codec", "contract", "locale"]),
    ];
    assert_eq!(rules::forbidden_rooms(&sources(), &never), Vec::<String>::new());
}

#[test]
fn rooms_without_input_and_output_do_not_name_the_system() {
    let lib = document("src/lib.rs");
    let words = lib.split("\n// Words\n").nth(1).and_then(|rest| rest.split("\n//").next()).unwrap();
    let mut quiet = order::children(words);
    assert!(quiet.len() > 10, "the map lists the words");
    quiet.extend(["contract", "log", "usage"].map(String::from));
    let quiet: Vec<&str> = quiet.iter().map(String::as_str).collect();
    assert_eq!(rules::uses_of_the_system(&sources(), &quiet), Vec::<String>::new());
}

/// Third-party crates that any file may name, as it may the standard library: searching bytes, and work side by side.
const EVERYWHERE: [&str; 2] = ["memchr", "rayon"];

/// The others, and who may name each: a file, or a room with all in it.
const OWNERS: [(&str, &str); 34] = [
    ("blake3", "digest.rs"),
    ("chrono_tz", "time.rs"),
    ("clap", "cli"),
    ("clap_complete", "cli/completions.rs"),
    ("clap_mangen", "cli/man.rs"),
    ("crc32fast", "export/pour"),
    ("csv", "ingest/rejects.rs"),
    ("csv", "cli/export/tasks_csv.rs"),
    ("ctrlc", "cli/interrupt.rs"),
    ("flate2", "codec"),
    ("git_version", "main.rs"),
    ("glob", "source"),
    ("idna", "domain.rs"),
    ("indicatif", "cli/progress.rs"),
    ("libc", "cli/interrupt"),
    ("libc", "output/closed.rs"),
    ("libc", "regular.rs"),
    ("libdeflate_sys", "codec/libdeflate.rs"),
    ("log", "cli/out.rs"),
    ("log", "events.rs"),
    ("rusqlite", "store"),
    ("rust_xlsxwriter", "export/workbook"),
    ("serde", "cli"),
    ("serde", "contract/response.rs"),
    ("serde", "log/description/text.rs"),
    ("serde_json", "cli"),
    ("signal_hook", "cli/interrupt.rs"),
    ("strsim", "spelling.rs"),
    ("tempfile", "output.rs"),
    ("toml", "cli"),
    ("toml", "log/description/text.rs"),
    ("zip", "export/pour/package.rs"),
    ("zstd", "codec"),
    ("chrono", "time.rs"),
];

#[test]
fn a_third_party_crate_is_named_by_its_owners_only() {
    let mut crates = rules::dependencies(&document("Cargo.toml"));
    assert!(crates.len() > 20, "the manifest lists crates");
    for name in EVERYWHERE {
        assert!(crates.remove(name), "{name} is in the manifest");
    }
    assert_eq!(rules::ownership(&sources(), &crates, &OWNERS), Vec::<String>::new());
}

/// Files that may hold `unsafe`, each for the proof that it begins with.
const UNSAFE: [&str; 5] = [
    "cli/interrupt/ignored.rs",
    "codec/libdeflate.rs",
    "log/simd/sse2.rs",
    "log/dispatch.rs",
    "output/closed.rs",
];

#[test]
fn unsafe_stands_in_files_of_its_own() {
    let files = sources();
    are_there(&files, &UNSAFE);
    for (file, code) in files {
        let words =
            |line: &str| line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        let listed = UNSAFE.contains(&file.as_str());
        assert_eq!(rust::without_comments(&code).lines().any(words), listed, "{file}");
        let blocks = code.matches("unsafe {").count();
        assert_eq!(blocks, code.matches("// SAFETY: ").count(), "{file}: each block has a proof");
    }
}

#[test]
fn one_file_writes_to_the_terminal() {
    let edges = [
        "println!",
        "eprintln!",
        "print!(",
        "eprint!(",
        "dbg!(",
        "io::stderr()",
        "io::stdout()",
        "standard_output(",
    ];
    let files = sources();
    are_there(&files, &["cli/out.rs", "output.rs", "task/form.rs"]);
    for (file, code) in files {
        let is_edge = match file.as_str() {
            "cli/out.rs" | "output.rs" => continue,
            // Rows of CSV, whose cells are made harmless where they are written.
            "task/form.rs" => |edge: &str| edge != "standard_output(",
            _ => |_: &str| true,
        };
        let code = rust::without_comments(&code);
        for line in code.lines().filter(|line| !line.contains(".is_terminal()")) {
            let edge = edges.into_iter().find(|edge| is_edge(edge) && line.contains(edge));
            assert_eq!(edge, None, "{file}: {line}\nwrite through cli/out.rs, where nothing acts");
        }
    }
}

#[test]
fn one_file_of_a_delivery_reads_the_contents_of_logs() {
    let reads = ["ingest_each(", "ingest(", "resume::", ".open()", ".open_at("];
    let of_delivery: Files = sources().into_iter().filter(|(file, _)| file.starts_with("delivery")).collect();
    assert!(of_delivery.len() > 10, "the room has files");
    are_there(&of_delivery, &["delivery/read.rs"]);
    for (file, code) in of_delivery.iter().filter(|(file, _)| file != "delivery/read.rs") {
        let code = code.replace("use crate::ingest::resume::Beginning;", "");
        let named = reads.into_iter().find(|read| code.contains(read));
        assert_eq!(named, None, "{file}: ask delivery/read.rs for what logs hold");
    }
}

#[test]
fn decisions_of_a_delivery_and_of_a_workbook_look_nothing_up() {
    let (files, decisions) = (sources(), ["delivery/decide.rs", "task/verdict.rs"]);
    are_there(&files, &decisions);
    for (file, code) in files.iter().filter(|(file, _)| decisions.contains(&&**file)) {
        let looks = ["Writer", "Reader", "Origins", "std::fs", "std::io", "&mut", "Path"];
        let named = looks.into_iter().find(|look| code.contains(look));
        assert_eq!(named, None, "{file}: facts in, a decision out");
    }
}

#[test]
fn what_stands_once_stands_in_one_file() {
    let files = sources();
    let texts = [
        ("canonicalize(", "output/paths.rs"),
        ("\"-wal\"", "output/beside.rs"),
        ("\"-shm\"", "output/beside.rs"),
        ("\"-journal\"", "output/beside.rs"),
        (".lock\"", "output/beside.rs"),
    ];
    for (text, owner) in texts {
        let named: Vec<&str> =
            files.iter().filter(|(_, code)| code.contains(text)).map(|(file, _)| &**file).collect();
        assert_eq!(named, [owner], "{text} is written in one file, and others use what it gives");
    }
}

#[test]
fn logs_are_looked_at_and_opened_through_one_seam() {
    // Where names and results of this system are compared with those of logs.
    let compares = ["delivery/place.rs", "delivery/collision.rs"];
    let files = sources();
    are_there(&files, &compares);
    are_there(&files, &["source/local.rs"]);
    for (file, code) in files {
        let is_reading =
            file.starts_with("ingest") || (file.starts_with("delivery") && !compares.contains(&&*file));
        let is_source = file.starts_with("source") && !matches!(&*file, "source/local.rs");
        let edges =
            ["File::open", "fs::read(", "fs::metadata", "regular::", "fs::canonicalize", ".metadata()"];
        let opens = ["File::open", "fs::read(", "regular::"];
        let edges = if is_reading { &edges[..] } else { &opens[..] };
        let line = code.lines().find(|line| edges.iter().any(|edge| line.contains(edge)));
        assert!(
            line.is_none() || !(is_reading || is_source),
            "{file}: {}\nlook at logs and open them through source::Origins",
            line.unwrap_or_default().trim()
        );
    }
}

/// Midnight between two looks at the clock would give two answers.
#[test]
fn a_tick_goes_by_one_time() {
    let of_tick: Files = sources().into_iter().filter(|(file, _)| file.starts_with("schedule")).collect();
    assert!(of_tick.len() > 5, "the room has files");
    for (file, code) in of_tick {
        assert!(!code.contains("running.now)("), "{file} asks the clock: a tick has its time");
    }
}

#[test]
fn one_file_starts_threads() {
    let files = sources();
    are_there(&files, &["threads.rs", "cli/interrupt.rs"]);
    for (file, code) in files {
        // That of signals runs without what the others need.
        if matches!(file.as_str(), "threads.rs" | "cli/interrupt.rs") {
            continue;
        }
        let starts = [
            "thread::spawn",
            "scope.spawn",
            "s.spawn",
            "spawn_scoped",
            "Builder::new().name",
            "ThreadPoolBuilder",
        ];
        let line = code.lines().find(|line| starts.iter().any(|start| line.contains(start)));
        assert_eq!(line, None, "{file} starts a thread: start it through threads.rs");
        let is_joined = ["joined(", "(joined)"].iter().any(|call| code.contains(call));
        assert!(is_joined || !code.contains("start(scope"), "{file} starts a thread that it does not join");
    }
}

#[test]
fn only_the_locale_holds_other_scripts() {
    let roots = ["src", "tests", "benches"].map(|root| repository().join(root));
    for entry in roots.iter().flat_map(walkdir::WalkDir::new).map(Result::unwrap) {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("src/locale.rs") {
            let text = fs::read_to_string(path).unwrap();
            let line = text.lines().position(|line| !line.is_ascii());
            assert_eq!(line.map(|at| at + 1), None, "{} has a line that is not ASCII", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (file, code) in sources() {
        assert!(code.starts_with("//! "), "{file} has no heading");
    }
}

/// Lines of code of a file, its tests apart, above which it is hardly for one thing.
const LONG: usize = 500;

#[test]
fn no_file_is_long() {
    for (file, code) in sources() {
        let lines = code.lines().count();
        assert!(
            lines <= LONG,
            "{file} has {lines} lines of code, more than {LONG}: give a part of it a file of its own"
        );
    }
}

/// Rules with exceptions hold of files that are there: one that was renamed would be an exception no more, or a rule for nothing.
#[track_caller]
fn are_there(files: &Files, names: &[&str]) {
    let gone = names.iter().find(|name| !files.iter().any(|(file, _)| file == **name));
    assert_eq!(gone, None, "a file that the house has a rule for is not there any more");
}

/// A document of the repository.
fn document(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}
