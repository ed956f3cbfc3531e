//! Results and what they must not take the place of: what is read, what says what to do, stores, and each other.
#![cfg(unix)]

use super::harness::{Done, Place, gzip, line};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

const RANGE: [&str; 6] = ["--start-time", "2026-03-01", "--end-time", "2026-03-01", "--type", "flow"];

fn place() -> Place {
    let place = Place::new();
    place.write("a.log", good());
    place
}

fn good() -> String {
    line("1/Mar/2026:10:00:00 +0000", "a.com", 5)
}

/// `flowbook export` of a day with more arguments.
fn export(more: &[&str]) -> Vec<String> {
    ["export"].iter().chain(&RANGE).chain(more).map(|word| (*word).to_owned()).collect()
}

/// Expects exit code 2, these words, and that no file is changed.
#[track_caller]
fn refused(place: &Place, arguments: &[impl AsRef<str>], says: &[&str]) {
    let before = tree(&place.path(""));
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    place.run(&arguments, 2).says(says);
    assert_eq!(tree(&place.path("")), before, "{arguments:?}");
}

/// All files of a folder with their bytes, and its links.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| !entry.file_type().is_dir());
    files
        .map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap_or_default()))
        .collect()
}

#[test]
fn a_log_is_not_replaced_whatever_way_it_is_read() {
    let place = place();
    // By what it holds, also when it is called a workbook, is packed, begins with a bad line or is read through a pipe.
    place.write("b.xlsx", "bad\r\n".to_owned() + &good());
    place.write("c.csv.gz", gzip(good().as_bytes()));
    fs::hard_link(place.path("a.log"), place.path("hard.csv")).unwrap();
    symlink("a.log", place.path("soft.csv")).unwrap();
    for output in ["b.xlsx", "c.csv.gz", "hard.csv", "soft.csv"] {
        refused(&place, &export(&["a.log", "-o", output, "--force"]), &[output, "is a log"]);
        refused(&place, &export(&["a.log", "-o", "x.xlsx", "--rejects", output, "--force"]), &["is a log"]);
        refused(
            &place,
            &["ingest", "a.log", "--store", "s.db", "--rejects", output, "--force"],
            &["is a log"],
        );
    }
    let before = tree(&place.path(""));
    let piped = "cat a.log | \"$0\" \"$@\"";
    let words = export(&["-", "-o", "x.xlsx", "--rejects", "a.log", "--force"]);
    let mut shell = Command::new("sh");
    shell.current_dir(place.path("")).args(["-c", piped, env!("CARGO_BIN_EXE_flowbook")]).args(&words);
    let output = shell.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(tree(&place.path("")), before);
}

#[test]
fn a_log_without_a_good_line_is_not_replaced_where_it_is_read() {
    let place = Place::new();
    place.write("logs/a.csv", "bad\n");
    fs::hard_link(place.path("logs/a.csv"), place.path("hard.csv")).unwrap();
    symlink("logs/a.csv", place.path("soft.csv")).unwrap();
    place.write("tasks.csv", "type,range,output\nflow,2026-03-01,hard.csv\n");
    for output in ["logs/a.csv", "logs/../logs/a.csv", "hard.csv", "soft.csv"] {
        for logs in ["logs", "logs/*.csv", "logs/a.csv"] {
            refused(&place, &export(&[logs, "-o", output, "--force"]), &["is a log"]);
            refused(&place, &export(&[logs, "-o", "x.csv", "--rejects", output, "--force"]), &["is a log"]);
            refused(&place, &export(&[logs, "--store", "s.db", "-o", output, "--force"]), &["is a log"]);
            refused(
                &place,
                &["ingest", logs, "--store", "s.db", "--rejects", output, "--force"],
                &["is a log"],
            );
        }
        // Through standard input, by whatever name.
        for words in [
            export(&["-", "-o", output, "--force"]),
            export(&["-", "-o", "x.csv", "--rejects", output, "--force"]),
            export(&["/dev/stdin", "-o", output, "--force"]),
            export(&["-", "--store", "s.db", "-o", output, "--force"]),
        ] {
            let before = tree(&place.path(""));
            let mut command = place.command();
            command.args(&words).stdin(Stdio::from(File::open(place.path("logs/a.csv")).unwrap()));
            let output = command.output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code() == Some(2) && told.contains("is a log"), "{words:?}: {told}");
            assert_eq!(tree(&place.path("")), before, "{words:?}");
        }
    }
    refused(&place, &["export", "logs", "--tasks", "tasks.csv", "--force"], &["hard.csv", "is a log"]);
}

#[test]
fn a_store_is_not_replaced() {
    let place = place();
    place.run(&["ingest", "a.log", "--store", "s.db"], 0);
    fs::copy(place.path("s.db"), place.path("copy.xlsx")).unwrap();
    place.write("copy.xlsx-wal", "");
    place.write("copy.xlsx.lock", "");
    symlink("s.db", place.path("link.xlsx")).unwrap();
    symlink("s.db", place.path("link.prom")).unwrap();
    for output in ["copy.xlsx", "link.xlsx", "s.db"] {
        refused(&place, &export(&["a.log", "-o", output, "--force"]), &[output, "is a store"]);
        refused(&place, &export(&["a.log", "-o", "x.xlsx", "--rejects", output, "--force"]), &["is a store"]);
        refused(&place, &export(&["--store", "s.db", "-o", output, "--force"]), &["is a store"]);
    }
    for beside in ["copy.xlsx-wal", "copy.xlsx.lock"] {
        let words = export(&["a.log", "-o", "x.xlsx", "--rejects", beside, "--force"]);
        refused(&place, &words, &[beside, "belongs to the store beside it"]);
    }
    place.write("tasks.csv", "type,range,output\nflow,2026-03-01,copy.xlsx\n");
    refused(&place, &["export", "a.log", "--tasks", "tasks.csv", "--force"], &["is a store"]);
    let settings = |metrics: &str| {
        let text = "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"a.log\"]\n[output]\nmetrics = ";
        place.write("run.toml", format!("{text}\"{metrics}\"\n"));
    };
    settings("link.prom");
    let before = fs::read(place.path("s.db")).unwrap();
    place.run(&["run", "run.toml"], 2).says(&["link.prom", "is the store"]);
    settings("other.prom");
    fs::copy(place.path("copy.xlsx"), place.path("other.prom")).unwrap();
    place.run(&["run", "run.toml"], 1).says(&["other.prom", "is a store"]);
    assert_eq!(fs::read(place.path("other.prom")).unwrap(), fs::read(place.path("copy.xlsx")).unwrap());
    assert!(!before.is_empty() && fs::read(place.path("s.db")).unwrap().starts_with(b"SQLite format 3\0"));
}

#[test]
fn what_says_what_to_do_is_not_replaced() {
    let place = place();
    place.write("set.csv", "[account]\nid = \"1\"\n");
    place.write("tasks.csv", "type,range,output\nflow,2026-03-01,x.csv\n");
    place.write("own.csv", "type,range,output\nflow,2026-03-01,own.csv\n");
    fs::hard_link(place.path("set.csv"), place.path("hard.csv")).unwrap();
    symlink("set.csv", place.path("soft.csv")).unwrap();
    let says = &["is a configuration or a list of tasks"];
    for output in ["set.csv", "./set.csv", "hard.csv", "soft.csv"] {
        refused(&place, &export(&["a.log", "-o", output, "--force", "--config", "set.csv"]), says);
        let rejects = ["--rejects", output, "--force", "--config", "set.csv"];
        refused(&place, &export(&[&["a.log", "-o", "x.xlsx"], &rejects[..]].concat()), says);
        let words = ["ingest", "a.log", "--store", "s.db", "--rejects", output, "--force"];
        let before = tree(&place.path(""));
        let ingest = place.command().args(words).env("FLOWBOOK_CONFIG", "set.csv").output().unwrap();
        assert!(ingest.status.code() == Some(2) && Done::of(&ingest).says(says).stdout.is_empty());
        assert_eq!(tree(&place.path("")), before, "{output}");
        let create =
            [&["task", "create", "--store", "s.db", "--config", "set.csv", "-o", output], &RANGE[..]]
                .concat();
        refused(&place, &create, says);
    }
    refused(&place, &["export", "a.log", "--tasks", "own.csv", "--force"], says);
    refused(&place, &["export", "a.log", "--tasks", "tasks.csv", "--rejects", "tasks.csv", "--force"], says);
    place.write("run.prom", "[store]\npath = \"s.db\"\n[output]\nmetrics = \"run.prom\"\n");
    refused(&place, &["run", "run.prom"], says);
}

#[test]
fn two_results_never_share_a_place() {
    let place = place();
    fs::create_dir_all(place.path("out/sub")).unwrap();
    fs::write(place.path("out/a.xlsx"), "").unwrap();
    symlink("sub", place.path("out/way")).unwrap();
    symlink("a.xlsx", place.path("out/link.xlsx")).unwrap();
    for (one, other) in [
        ("a.xlsx", "sub/../A.xlsx"),
        ("a.xlsx", "./a.xlsx"),
        ("a.xlsx", "link.xlsx"),
        ("a.xlsx", "A.XLSX"),
        ("new.xlsx", "NEW.xlsx"),
        ("sub/new.xlsx", "way/new.xlsx"),
        ("new/x.xlsx", "./new//x.xlsx"),
        ("a.xlsx", place.path("out/a.xlsx").to_str().unwrap()),
        ("{type}.xlsx", "flow.xlsx"),
    ] {
        place.write(
            "tasks.csv",
            format!("type,range,output\nflow,2026-03-01,{one}\nflow,2026-03-02,{other}\n"),
        );
        let says: &[&str] = &["the same workbook as line 2"];
        // No log is read before that.
        for more in [&["no.log"][..], &["no.log", "--store", "s.db"], &["--store", "s.db"]] {
            refused(
                &place,
                &[&["export", "--tasks", "tasks.csv", "-o", "out", "--force"], more].concat(),
                says,
            );
        }
        if other.contains("..") || Path::new(other).is_absolute() || other.starts_with('.') {
            continue;
        }
        let task = |name: &str, output: &str| {
            format!(
                "[[task]]\nname = \"{name}\"\ntype = \"flow\"\nrange = \"yesterday\"\noutput = \"{output}\"\n"
            )
        };
        if !one.contains("//") && !other.contains("//") {
            let text = "[store]\npath = \"s.db\"\n[output]\nfolder = \"out\"\n";
            place.write("run.toml", text.to_owned() + &task("one", one) + &task("other", other));
            refused(&place, &["run", "run.toml"], &["the same file as that of task"]);
        }
    }
    let months =
        ["export", "a.log", "--type", "flow", "--months", "2026-01..2026-02", "-o", "out/{type}.xlsx"];
    refused(&place, &months, &["is the same file for several months"]);
    for (output, rejects) in
        [("x.csv", "X.csv"), ("out/way/x.csv", "out/sub/x.csv"), ("out/a.xlsx", "out/link.xlsx")]
    {
        let words = export(&["a.log", "-o", output, "--rejects", rejects, "--force"]);
        refused(&place, &words, &["name two files"]);
        let words = export(&["a.log", "-o", output, "--rejects", rejects, "--force", "--store", "s.db"]);
        refused(&place, &words, &["name two files"]);
    }
    place.write("tasks.csv", "type,range,output\nflow,2026-03-01,x.xlsx\n");
    let words = ["export", "a.log", "--tasks", "tasks.csv", "-o", "out", "--rejects", "out/X.xlsx"];
    refused(&place, &words, &["name two files"]);
}

#[test]
fn two_tasks_of_a_store_never_share_a_place() {
    let place = place();
    place.run(&["ingest", "a.log", "--store", "s.db"], 0);
    symlink(".", place.path("way")).unwrap();
    symlink("there.xlsx", place.path("link.xlsx")).unwrap();
    let create = |output: &str, code: i32| {
        place.run(&[&["task", "create", "--store", "s.db", "-o", output], &RANGE[..]].concat(), code)
    };
    create("new.xlsx", 0);
    for same in ["new.xlsx", "NEW.xlsx", "way/new.xlsx", "./new.xlsx", "way/../new.xlsx"] {
        // A link to the folder itself leads back to the folder above it.
        if same != "way/../new.xlsx" {
            create(same, 2).says(&["is the workbook of task 1"]);
        }
    }
    create("other.xlsx", 0);
}

#[test]
fn no_row_of_a_list_leads_out_of_the_folder() {
    let place = place();
    fs::create_dir_all(place.path("out/sub")).unwrap();
    let list =
        |output: &str| place.write("tasks.csv", format!("type,range,output\nflow,2026-03-01,{output}\n"));
    for output in
        ["../x.xlsx", "../../x.xlsx", "sub/../../x.xlsx", "..", "../", "no/../../x.xlsx", "../out2/x.xlsx"]
    {
        list(output);
        let words = ["export", "a.log", "--tasks", "tasks.csv", "-o", "out", "--force"];
        refused(&place, &words, &["tasks.csv", "line 2", "leaves the folder of the workbooks"]);
    }
    // What is written in full is meant.
    list(place.path("full.xlsx").to_str().unwrap());
    place.run(&["export", "a.log", "--tasks", "tasks.csv", "-o", "out", "--quiet"], 0);
    assert!(place.exists("full.xlsx"));
    // Names of tasks and groups are made safe.
    place.write(
        "tasks.csv",
        "task_name,type,range,output\n../../up,flow,2026-03-01,{name}.xlsx\n..,flow,2026-03-01,\n",
    );
    place.run(&["export", "a.log", "--tasks", "tasks.csv", "-o", "out", "--quiet"], 0);
    let made: Vec<_> = tree(&place.path("out")).into_iter().map(|(name, _)| name).collect();
    assert!(made.len() == 2 && made[0].contains("_.._up") && made[1].contains("flow_2026"), "{made:?}");
}

#[test]
fn a_log_of_the_store_is_not_written_over_by_another_name() {
    let place = place();
    // Nothing in it tells that it is a log, but the store has read it.
    place.write("b.xlsx", "no line\n");
    place.run(&["ingest", "a.log", "b.xlsx", "--store", "s.db", "--max-rejects", "100%"], 0);
    place.run(&[&["task", "create", "--store", "s.db", "-o", "x.xlsx"], &RANGE[..]].concat(), 0);
    fs::hard_link(place.path("b.xlsx"), place.path("x.xlsx")).unwrap();
    let words = [&["export", "--store", "s.db", "-o", "x.xlsx", "--force"], &RANGE[..]].concat();
    place.run(&words, 2).says(&["x.xlsx: is a log and would be overwritten"]);
    place.run(&["task", "run", "--store", "s.db", "--force"], 1).says(&["is a log and would be overwritten"]);
    assert_eq!(fs::read_to_string(place.path("b.xlsx")).unwrap(), "no line\n");
}

#[test]
fn what_is_asked_for_is_not_replaced_also_where_this_run_does_not_use_it() {
    let place = Place::new();
    let log = line("1/Mar/2026:12:00:00 +0800", "a.com", 1);
    place.write("a.log", &log);
    for (name, text, why) in [
        ("tasks.csv", b"type,range,output\nflow,2026-03-01,t.xlsx\n".to_vec(), "a list of tasks"),
        ("conf.csv", b"# Every night\n[store]\npath = \"usage.db\"\n".to_vec(), "is a configuration"),
        ("nul.csv", [&[0; 8192], log.as_bytes()].concat(), "is a log"),
        ("far.csv", [&vec![0; 1 << 20][..], log.as_bytes()].concat(), "is a log"),
    ] {
        place.write(name, &text);
        place.export_to(&["a.log", "--force", "-o", name], 2).says(&[name, why, "would be overwritten"]);
        assert_eq!(fs::read(place.path(name)).unwrap(), text, "{name}");
    }
}

#[test]
fn a_missing_folder_of_the_output_is_said_before_logs_are_stored() {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:10:00:00 +0000", "a.com", 5));
    let words = "export a.log --store u.db -o no/x.xlsx --month 2026-03 --type flow";
    place.run(&words.split(' ').collect::<Vec<_>>(), 1).says(&["no/x.xlsx: create its folder first"]);
    assert_eq!(place.names(), ["a.log"]);
}
