//! Lists of tasks: one pass over the logs, a workbook for each row, each as if it had been made alone.

use super::harness::{Place, gzip, line};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Two days of three domains, with rejected and late lines; a file stands there twice.
fn place() -> Place {
    let place = Place::new();
    for (at, domain) in ["a.com", "b.com", "c.com"].into_iter().enumerate() {
        for hour in 8..20 {
            let mut text = String::from("no log line\n");
            for minute in (at..60).step_by(7) {
                text += &line(&format!("1/Mar/2026:{hour:02}:{minute:02}:30 +0800"), domain, 1000 + hour);
            }
            text += &line(&format!("1/Mar/2026:{:02}:59:59 +0800", hour - 1), domain, 7);
            let name = format!("logs/{domain}_2026_03_01_{hour:02}0000_{:02}0000.gz", hour + 1);
            place.write(&name, gzip(text.as_bytes()));
            if hour == 9 && domain == "c.com" {
                place.write(&name.replace("logs", "logs/again"), gzip(text.as_bytes()));
            }
        }
    }
    place
}

const LIST: &str = "\
task_name,type,start_time,end_time,domain_names,language,time_zone,traffic_factor,output
all,flow,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,,,,,all.xlsx
some,vas,2026-03-01T01:32:10Z,2026-03-01T05:07:00Z,\"a.com,c.com\",zh-cn,+08:00,,some.xlsx
one,flow,2026-03-01T03:00:00Z,2026-03-01T04:00:00Z,b.com,en-us,Europe/Berlin,1.1,one.xlsx
none,vas,2026-04-01T03:00:00Z,2026-04-01T04:00:00Z,b.com,,,,none.xlsx
absent,flow,2026-03-01T03:00:00Z,2026-03-01T04:00:00Z,z.com,,,,absent.xlsx
";

/// The arguments of `flowbook export` that a row of the list stands for.
fn alone(row: &csv::StringRecord, headings: &csv::StringRecord) -> Vec<String> {
    let mut arguments = ["export", "logs", "--quiet", "--max-rejects=20%"].map(String::from).to_vec();
    for (name, value) in headings.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
        let value = if name == "output" { format!("alone-{value}") } else { value.to_owned() };
        arguments.extend([format!("--{}", name.replace('_', "-")), value]);
    }
    arguments
}

#[test]
fn every_workbook_is_as_if_it_had_been_made_alone() {
    let place = place();
    place.write("tasks.csv", LIST);
    fs::create_dir(place.path("out")).unwrap();
    let arguments = ["export", "logs", "--tasks", "tasks.csv", "--output", "out", "--max-rejects", "20%"];
    // Two of them have no line and no hour with a log.
    let json = place.run(&[&arguments[..], &["--json"]].concat(), 3).json();
    assert_eq!((&json["sources"]["added"], &json["sources"]["duplicate"]), (&36.into(), &1.into()));
    let stored = ["export", "logs", "--store", "u.db", "--tasks", "tasks.csv", "--output", "stored"];
    fs::create_dir(place.path("stored")).unwrap();
    place.run(&[&stored[..], &["--max-rejects", "20%", "--threads", "1"]].concat(), 3);
    let mut list = csv::Reader::from_reader(LIST.as_bytes());
    let headings = list.headers().unwrap().clone();
    for (at, row) in list.records().map(Result::unwrap).enumerate() {
        let arguments = alone(&row, &headings);
        let code = if ["none", "absent"].contains(&&row[0]) { 3 } else { 0 };
        place.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), code);
        let name = &row[8];
        let expected = fs::read(place.path(&format!("alone-{name}"))).unwrap();
        assert!(fs::read(place.path(&format!("out/{name}"))).unwrap() == expected, "{name}");
        assert!(fs::read(place.path(&format!("stored/{name}"))).unwrap() == expected, "{name}, from a store");
        assert_eq!(json["tasks"][at]["TaskName"], row[0]);
    }
    assert_eq!(fs::read_dir(place.path("out")).unwrap().count(), 5);
}

/// Standard input can be read only once.
#[test]
fn the_logs_are_read_once() {
    let place = place();
    let rows = (0..4).map(|n| format!("t{n},vas,yes.com,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z\n"));
    let heading = "task_name,type,domain_names,start_time,end_time\n";
    place.write("tasks.csv", heading.to_owned() + &rows.collect::<String>());
    let mut command = place.command();
    command.args(["export", "-", "--tasks", "tasks.csv", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text: String = (0..9).map(|n| line("1/Mar/2026:12:00:00 +0800", "yes.com", n)).collect();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tasks = json["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 4);
    assert!(tasks.iter().all(|task| task["key_figures"]["requests"] == 9), "{tasks:?}");
}

#[test]
fn a_wrong_list_is_refused_before_any_work() {
    let place = place();
    let heading = "task_name,type,start_time,end_time,output\n";
    let good = "a,flow,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,a.xlsx\n";
    for (list, messages) in [
        (
            format!("{heading}{good}b,bytes,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,b.xlsx\n"),
            ["line 3", "bytes"],
        ),
        (format!("{heading}{good}{good}"), ["line 3", "a.xlsx"]),
        (format!("colour,{heading}"), ["tasks.csv", "colour"]),
    ] {
        place.write("tasks.csv", list);
        place.run(&["export", "logs", "--tasks", "tasks.csv", "--max-rejects", "20%"], 2).says(&messages);
    }
    place.write("tasks.csv", format!("{heading}{good}"));
    let both = ["export", "logs", "--tasks", "tasks.csv", "--type", "flow"];
    place.run(&both, 2).says(&["cannot be used with"]);
    place
        .run(&["export", "logs", "--tasks", "tasks.csv", "--output", "tasks.csv"], 2)
        .says(&["tasks.csv", "is not a folder"]);
    place.run(&["export", "logs", "--tasks", "tasks.csv"], 3).says(&["no log line", "rejected"]);
    assert_eq!(place.names(), ["logs", "tasks.csv"]);
    place.run(&["export", "logs", "--tasks", "tasks.csv", "--max-rejects", "20%", "--quiet"], 0);
    place
        .run(&["export", "logs", "--tasks", "tasks.csv", "--max-rejects", "20%"], 2)
        .says(&["a.xlsx", "--force"]);
}
