//! What a night of ticks needs: damaged and unfinished files, figures for monitoring, a history, what no group bills.

use super::book::Book;
use super::harness::{Done, Place, gzip, line};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

fn log(place: &Place, domain: &str) {
    let text: String =
        (0..10).map(|n| line(&format!("1/Mar/2026:08:{n:02}:00 +0800"), domain, 1000)).collect();
    place.write(&format!("logs/{domain}_2026_03_01_080000_090000.gz"), gzip(text.as_bytes()));
}

fn log_all(place: &Place, domains: &[&str]) {
    for domain in domains {
        log(place, domain);
    }
}

fn configure(place: &Place, more: &str) {
    let text = format!(
        "{more}\n[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"logs\"]\n\
         [[task]]\nname = \"one \\\"hour\\\"\"\ntype = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-03-01T01:00:00Z\"\n\
         output = \"hour.xlsx\"\n"
    );
    place.write("flowbook.toml", text);
}

fn tick(place: &Place, code: i32) -> Value {
    place.run(&["run", "flowbook.toml", "--json"], code).json()
}

#[test]
fn a_truncated_file_does_not_stop_the_night() {
    let place = Place::new();
    log_all(&place, &["a.com", "b.com"]);
    let file = place.path("logs/b.com_2026_03_01_080000_090000.gz");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 10]).unwrap();
    configure(&place, "");
    let done = place.run(&["run", "flowbook.toml", "--json"], 3);
    done.says(&["b.com_2026_03_01_080000_090000.gz"]);
    let json = done.json();
    assert_eq!((&json["tasks"][0]["state"], &json["exit_code"]), (&"made".into(), &3.into()));
    assert_eq!(json["faults"].as_array().unwrap().len(), 1, "{json}");
    fs::write(&file, &whole).unwrap();
    assert_eq!(tick(&place, 0)["tasks"][0]["state"], "made");
}

#[test]
fn a_log_that_was_read_in_another_format_is_read_anew() {
    let place = Place::new();
    log_all(&place, &["a.com"]);
    let configure = |format: &str| {
        place.write(
            "flowbook.toml",
            format!("[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"logs\"]\n{format}"),
        );
    };
    let fates = || {
        let json = tick(&place, 0);
        ["added", "replaced", "known"].map(|fate| json["sources"][fate].as_u64().unwrap())
    };
    let db = || rusqlite::Connection::open(place.path("usage.db")).unwrap();
    let format = || db().query_row("SELECT format FROM source", [], |row| row.get::<_, String>(0)).unwrap();
    configure("");
    assert_eq!((fates(), format()), ([1, 0, 0], "alibaba".into()));
    let before = super::kept::usage_of(&place.path("usage.db"));
    db().execute("UPDATE source SET format = 'another'", []).unwrap();
    // None is named: what was found out before holds.
    assert_eq!((fates(), format()), ([0, 0, 1], "another".into()));
    configure("format = \"alibaba\"\n");
    assert_eq!((fates(), format()), ([0, 1, 0], "alibaba".into()));
    assert_eq!((fates(), format()), ([0, 0, 1], "alibaba".into()));
    assert_eq!(super::kept::usage_of(&place.path("usage.db")), before);
}

/// The day that has ended, as ranges name it and as lines do.
fn yesterday() -> (String, String) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let day = flowbook::time::iso(i64::try_from(now).unwrap() - 86_400)[..10].to_owned();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[day[5..7].parse::<usize>().unwrap() - 1];
    let in_line = format!("{}/{month}/{}", &day[8..], &day[..4]);
    (day, in_line)
}

#[test]
fn tasks_that_meet_in_one_file_only_today_are_told() {
    // Once more when a day ends meanwhile.
    while !meet_today() {}
}

fn meet_today() -> bool {
    let place = Place::new();
    let (day, in_line) = yesterday();
    place.write("logs/a.log", line(&format!("{in_line}:10:00:00 +0000"), "a.com", 1000));
    let task = |name: &str, kind: &str, range: &str| {
        let output = "u-{start:%d}.xlsx";
        format!(
            "[[task]]\nname = \"{name}\"\ntype = \"{kind}\"\nrange = \"{range}\"\noutput = \"{output}\"\n"
        )
    };
    let tasks = task("a", "flow", "yesterday") + &task("b", "vas", &format!("{day}/{day}"));
    let text = "[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"logs\"]\n";
    place.write("flowbook.toml", text.to_owned() + &tasks);
    let ticks = [&["--dry-run"][..], &["--force"], &[]];
    let ticks = ticks.map(|more| {
        let output = place.command().args(["run", "flowbook.toml", "--json"]).args(more).output().unwrap();
        (output.status.code(), Done::of(&output).json())
    });
    if yesterday().0 != day {
        return false;
    }
    for ((code, json), first) in ticks.iter().zip(["due", "made", "up_to_date"]) {
        let state = |at: usize| json["tasks"][at]["state"].as_str().unwrap_or_default();
        assert_eq!((*code, state(0), state(1)), (Some(1), first, "failed"), "{json}");
        let why =
            json["tasks"][1]["why"].as_str().or(json["tasks"][1]["reason"].as_str()).unwrap_or_default();
        assert!(why.contains("the same file as that of task \"a\""), "{json}");
    }
    let mut sheets = Book::open(&place.path(&format!("u-{}.xlsx", &day[8..])));
    assert!(
        sheets.rows("Detail")[0].iter().any(|heading| heading.contains("Bandwidth")),
        "that of the first one"
    );
    true
}

#[test]
fn a_file_that_is_being_written_is_left_for_the_next_tick() {
    let place = Place::new();
    log_all(&place, &["a.com", "b.com", "c.com"]);
    let set = |domain: &str, time: SystemTime| {
        let name = format!("logs/{domain}_2026_03_01_080000_090000.gz");
        File::options().write(true).open(place.path(&name)).unwrap().set_modified(time).unwrap();
    };
    let (now, hour) = (SystemTime::now(), Duration::from_secs(3600));
    set("a.com", now - hour);
    // A clock that is ahead is no sign of a file that is being written.
    set("c.com", now + hour);
    configure(&place, "[ingest]\nmin_age = \"5m\"");
    let done = place.run(&["run", "flowbook.toml", "--json"], 0);
    done.says(&["left for the next tick", "b.com_2026"]);
    let json = done.json();
    assert_eq!((&json["sources"]["added"], json["young_files"].as_array().unwrap().len()), (&2.into(), 1));
    set("b.com", now - hour);
    let json = tick(&place, 0);
    assert_eq!((&json["sources"]["added"], json["young_files"].as_array().unwrap().len()), (&1.into(), 0));
}

#[test]
fn the_line_of_a_tick_says_when_how_long_and_what() {
    let place = Place::new();
    log(&place, "a.com");
    configure(&place, "");
    let json = tick(&place, 0);
    assert!(json["time"].as_str().unwrap().ends_with('Z') && json["duration_ms"].is_u64(), "{json}");
    assert_eq!((&json["version"], &json["exit_code"]), (&env!("CARGO_PKG_VERSION").into(), &0.into()));
    let figures = &json["tasks"][0]["key_figures"];
    assert_eq!((&figures["total_traffic_bytes"], &figures["requests"]), (&10_000.into(), &10.into()));
}

/// Metrics by name and labels, after the format's grammar: HELP, then TYPE, then samples, each name once.
fn parse(text: &str) -> BTreeMap<(String, BTreeMap<String, String>), f64> {
    let is_name = |name: &str| {
        let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        letters && !name.is_empty() && !name.as_bytes()[0].is_ascii_digit()
    };
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let (mut samples, mut families, mut current) = (BTreeMap::new(), BTreeSet::new(), (String::new(), 0));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(is_name(name) && !help.is_empty() && families.insert(name.to_owned()), "{line}");
            current = (name.to_owned(), 1);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            assert_eq!((rest, current.1), (format!("{} gauge", current.0).as_str(), 1), "{line}");
            current.1 = 2;
        } else {
            let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert_eq!((name.as_str(), current.1), (current.0.as_str(), 2), "{line}");
            let (labels, value) = labels(&line[name.len()..]);
            assert!(labels.keys().all(|label| is_name(label)), "{line}");
            let value = value.strip_prefix(' ').unwrap().parse().unwrap();
            assert!(samples.insert((name, labels), value).is_none(), "twice: {line}");
        }
    }
    samples
}

/// Labels in braces, and what follows them.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let Some(mut rest) = text.strip_prefix('{') else { return (labels, text) };
    loop {
        let (name, after) = rest.split_once("=\"").unwrap();
        let (mut value, mut chars) = (String::new(), after.char_indices());
        let end = loop {
            match chars.next().unwrap() {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next().unwrap().1 {
                    'n' => '\n',
                    c @ ('\\' | '"') => c,
                    c => panic!("\\{c}"),
                }),
                (_, c) => value.push(c),
            }
        };
        labels.insert(name.to_owned(), value);
        rest = &after[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').unwrap()),
        }
    }
}

#[test]
fn figures_for_prometheus_are_whole_and_well_formed() {
    let place = Place::new();
    log(&place, "a.com");
    configure(&place, "[output]\nmetrics = \"flowbook.prom\"");
    place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    assert!(!place.exists("flowbook.prom"));
    let read = || parse(&fs::read_to_string(place.path("flowbook.prom")).unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    tick(&place, 0);
    let none = BTreeMap::new();
    let get = |name: &str, labels: &BTreeMap<String, String>| {
        read().get(&(name.to_owned(), labels.clone())).copied()
    };
    assert!((get("flowbook_last_run_timestamp_seconds", &none).unwrap() - now).abs() < 120.0);
    assert_eq!(get("flowbook_last_run_exit_code", &none), Some(0.0));
    assert_eq!(get("flowbook_last_run_lines", &none), Some(10.0));
    assert!(get("flowbook_store_size_bytes", &none).unwrap() >= 4096.0);
    let state = |state: &str| {
        let labels =
            [("task", "one \"hour\""), ("state", state)].map(|(name, text)| (name.into(), text.into()));
        get("flowbook_last_run_workbooks", &labels.into())
    };
    assert_eq!((state("made"), state("failed")), (Some(1.0), Some(0.0)));
    let success = get("flowbook_last_success_timestamp_seconds", &none);
    place.write("logs/bad.gz", &gzip(b"a line that is cut off")[..20]);
    tick(&place, 3);
    assert_eq!(get("flowbook_last_run_exit_code", &none), Some(3.0));
    // The last success stays what it was.
    assert_eq!(get("flowbook_last_success_timestamp_seconds", &none), success);
    assert_eq!((state("up_to_date"), state("made")), (Some(1.0), Some(0.0)));
    // What cannot be written is said, and the work is done all the same.
    configure(&place, "[output]\nmetrics = \"flowbook.toml/x.prom\"");
    place
        .run(&["run", "flowbook.toml"], 1)
        .says(&["figures for Prometheus", "a file of this name is there already"]);
}

#[test]
fn the_history_tells_what_came_was_made_and_waits() {
    let place = Place::new();
    log(&place, "a.com");
    configure(&place, "");
    place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    tick(&place, 0);
    tick(&place, 0);
    place.write("logs/bad.gz", &gzip(b"a line that is cut off")[..20]);
    tick(&place, 3);
    let words = place.run(&["history", "flowbook.toml"], 0).stdout;
    let parts: Vec<&str> = words.split("exit code ").collect();
    assert_eq!(parts.len(), 4, "{words}");
    assert!(parts[1].starts_with('3') && parts[1].contains("bad.gz"), "{words}");
    assert!(parts[2].contains("nothing to do"), "{words}");
    assert!(parts[3].contains("1 added") && parts[3].contains("hour.xlsx"), "{words}");
    let json = place.run(&["history", "--store", "usage.db", "--json", "--limit", "1"], 0).json();
    assert_eq!((json["ticks"].as_array().unwrap().len(), &json["ticks"][0]["exit_code"]), (1, &3.into()));
    // What was up to date is not kept, nor made up.
    assert_eq!(json["ticks"][0]["tasks"], serde_json::json!([]));
    let busy = place.run(&["history", "--store", "usage.db", "--json", "--busy"], 0).json();
    assert_eq!(busy["ticks"].as_array().unwrap().len(), 2);
    // One that is broken off stands there, too.
    configure(&place, "[ingest]\nkeep_going = false");
    place.run(&["run", "flowbook.toml"], 1);
    let json = place.run(&["history", "--store", "usage.db", "--json", "--limit", "1"], 0).json();
    assert!(json["ticks"][0]["error"].as_str().unwrap().contains("bad.gz"), "{json}");
    place.run(&["history"], 2);
    place.run(&["history", "--store", "none.db"], 2).says(&["no store here"]);
}

#[test]
fn what_no_group_bills_is_said() {
    let place = Place::new();
    log_all(&place, &["a.com", "b.com", "c.com", "x.c.com"]);
    configure(&place, "[groups]\none = [\"a.com\", \"c.com\"]\ntwo = [\"a.com\", \"*.c.com\"]");
    let done = place.run(&["run", "flowbook.toml", "--json"], 0);
    done.says(&["1 in no group (b.com)", "a.com in one and two"]);
    let unbilled = done.json()["unbilled"].clone();
    assert_eq!(unbilled["in_no_group"], serde_json::json!(["b.com"]));
    assert_eq!(
        unbilled["in_several_groups"],
        serde_json::json!([{"domain": "a.com", "groups": ["one", "two"]}])
    );
    let coverage = ["store", "coverage", "--store", "usage.db", "--config", "flowbook.toml"];
    let words = place.run(&coverage, 0).stdout;
    assert!(words.contains("in no group") && words.contains("one, two"), "{words}");
    let json = place.run(&[&coverage[..], &["--json"]].concat(), 0).json();
    assert_eq!(json["unbilled"]["in_no_group"], serde_json::json!(["b.com"]));
    configure(&place, "");
    assert!(tick(&place, 0)["unbilled"].is_null());
}

#[test]
fn what_a_tick_said_of_domains_is_said_again_only_when_it_changes() {
    let place = Place::new();
    log_all(&place, &["a.com", "b.com"]);
    let groups = "[account]\ndomains = [\"a.com\", \"b.com\", \"c.com\"]\n[groups]\none = [\"a.com\"]";
    configure(&place, groups);
    let said = |more: &[&str]| {
        let done = place.run(&[&["run", "flowbook.toml"], more].concat(), 0);
        ["in no group (b.com)", "no log names these domains"].map(|text| done.stderr.contains(text))
    };
    assert_eq!(said(&[]), [true, true]);
    assert_eq!(said(&[]), [false, false]);
    assert_eq!(said(&["--dry-run"]), [true, true]);
    assert_eq!(said(&["--verbose"]), [true, true]);
    let json = place.run(&["run", "flowbook.toml", "--json"], 0);
    assert!(!json.stderr.contains("in no group"), "{}", json.stderr);
    assert_eq!(json.json()["unbilled"]["in_no_group"], serde_json::json!(["b.com"]));
    configure(&place, &groups.replace(", \"c.com\"", ""));
    assert_eq!(said(&[]), [false, false]);
    configure(&place, groups);
    assert_eq!(said(&[]), [false, true]);
}

#[test]
fn variables_stand_in_paths() {
    let place = Place::new();
    log(&place, "a.com");
    let text = "[store]\npath = \"$FLOWBOOK_TEST/usage.db\"\n[[source]]\npaths = [\"~/logs\"]\n";
    place.write("flowbook.toml", text);
    let root = place.path("");
    let mut command = place.command();
    command.env("HOME", &root).env("FLOWBOOK_TEST", &root).args(["run", "flowbook.toml"]);
    assert!(command.output().unwrap().status.success());
    assert!(place.exists("usage.db"));
    let mut command = place.command();
    command.env("HOME", &root).env_remove("FLOWBOOK_TEST").args(["run", "flowbook.toml"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("FLOWBOOK_TEST is not set"));
}

#[test]
fn usage_that_is_none_of_the_account_is_said() {
    let place = Place::new();
    let foreign: Vec<String> = (0..12).map(|n| format!("foreign{n:02}.org")).collect();
    log_all(&place, &["a.com", "b.com"]);
    log_all(&place, &foreign.iter().map(String::as_str).collect::<Vec<_>>());
    for groups in ["", "[groups]\none = [\"a.com\", \"b.com\"]"] {
        configure(&place, &format!("[account]\ndomains = [\"a.com\", \"b.com\"]\n{groups}"));
        let done = place.run(&["run", "flowbook.toml", "--json", "--verbose"], 0);
        done.says(&["12 outside [account] domains (foreign00.org, ", "foreign09.org, 2 more)"]);
        let unbilled = done.json()["unbilled"].clone();
        assert_eq!(unbilled["outside_account"].as_array().unwrap().len(), 12, "{unbilled}");
        assert_eq!(unbilled["in_no_group"], serde_json::json!([]));
    }
    let coverage = ["store", "coverage", "--store", "usage.db", "--config", "flowbook.toml"];
    let words = place.run(&coverage, 0).stdout;
    assert!(words.contains("outside the account") && words.contains("foreign11.org"), "{words}");
}

#[test]
fn an_empty_file_that_delivers_is_not_said_to_be_none() {
    let place = Place::new();
    log(&place, "a.com");
    place.write("logs/b.com_2026_03_01_080000_090000.gz", "");
    configure(&place, "[ingest]\nempty_is_delivered = true");
    let done = place.run(&["run", "flowbook.toml", "--json"], 0);
    assert!(!done.stderr.contains("does not count as delivered"), "{}", done.stderr);
    assert_eq!(done.json()["empty"].as_array().unwrap().len(), 1);
    configure(&place, "[ingest]\nempty_is_delivered = false");
    place.write("logs/c.com_2026_03_01_080000_090000.gz", "");
    place.run(&["run", "flowbook.toml"], 0).says(&["does not count as delivered"]);
}

#[test]
fn a_dry_run_keeps_off_the_store_as_a_run_does() {
    let place = Place::new();
    place.write("logs/a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    let settings = |output: &str| {
        format!(
            "[store]\npath = \"logs/day.xlsx.log\"\n[[source]]\npaths = [\"logs/*.log\"]\n[[task]]\nname = \"day\"\n\
             type = \"flow\"\nrange = \"2026-03-01/2026-03-01\"\noutput = \"{output}\"\n"
        )
    };
    place.write("flowbook.toml", settings("day.xlsx"));
    place.run(&["ingest", "logs/a.log", "--store", "logs/day.xlsx.log"], 0);
    // The store is no log.
    let dry = place.run(&["run", "flowbook.toml", "--dry-run", "--json"], 0).json();
    assert_eq!(dry["faults"], serde_json::json!([]), "{dry}");
    let real = place.run(&["run", "flowbook.toml", "--json"], 0).json();
    assert_eq!(dry["sources"], real["sources"]);
    // Nor is it a workbook that is to be made.
    fs::remove_file(place.path("logs/day.xlsx.log")).unwrap();
    place.run(&["ingest", "logs/a.log", "--store", "s.xlsx"], 0);
    place.write("flowbook.toml", settings("s.xlsx").replace("logs/day.xlsx.log", "s.xlsx"));
    for more in [&["--dry-run"][..], &["--force"]] {
        let done = place.run(&[&["run", "flowbook.toml"], more].concat(), 1);
        done.says(&["s.xlsx: is ", " store", "and would be overwritten"]);
    }
}

#[cfg(unix)]
#[test]
fn a_dry_run_needs_no_folder_of_a_readable_name() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    place.write("logs/a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.run(&["ingest", "logs", "--store", "u.db"], 0);
    place.write(
        "flowbook.toml",
        "[store]\npath = \"u.db\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\n\
         range = \"2026-03-01/2026-03-01\"\noutput = \"day.xlsx\"\n",
    );
    let folder = place.path("tmp").join(std::ffi::OsStr::from_bytes(b"\xff"));
    fs::create_dir_all(&folder).unwrap();
    let words = ["run", "flowbook.toml", "--dry-run", "--json"];
    let output = place.command().args(words).env("TMPDIR", &folder).output().unwrap();
    let done = super::harness::Done::of(&output);
    assert!(output.status.success(), "{}", done.stderr);
    // The copy of the store was read: its log is known.
    assert_eq!(done.json()["sources"]["known"], 1, "{}", done.stdout);
    assert_eq!(fs::read_dir(place.path("tmp")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_folder_beside_the_configuration_is_the_same_once_it_is_made() {
    for folder in ["../made", "./made", "made/../other/deep"] {
        let place = Place::new();
        fs::create_dir(place.path("here")).unwrap();
        log_all(&place, &["a.com"]);
        let text = format!(
            "[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"../logs\"]\n[output]\nfolder = \"{folder}\"\n\
             [[task]]\nname = \"one\"\ntype = \"flow\"\nrange = \"2026-03-01\"\n"
        );
        place.write("here/flowbook.toml", text);
        for state in ["made", "up_to_date", "up_to_date"] {
            let tick = place.run(&["run", "here/flowbook.toml", "--json"], 0).json();
            assert_eq!(tick["tasks"][0]["state"], state, "{folder}: {tick}");
        }
    }
}
