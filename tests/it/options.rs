//! Options that scripts rely on: what is not complete is not made, what is complete is told, and which program this is.

use super::harness::{Place, line};

/// Hourly logs of two domains over a day of UTC; the second one lacks some hours.
fn logs(lacks: &[u32]) -> Place {
    let place = Place::new();
    for hour in 0..24 {
        // Files are named, and lines written, in the zone of the logs.
        let (day, local) = (1 + (hour + 8) / 24, (hour + 8) % 24);
        for domain in ["a.com", "b.com"] {
            if domain == "a.com" || !lacks.contains(&hour) {
                let name =
                    format!("logs/{domain}_2026_03_{day:02}_{local:02}0000_{:02}0000.log", (local + 1) % 24);
                place.write(&name, line(&format!("{day}/Mar/2026:{local:02}:10:00 +0800"), domain, 100));
            }
        }
    }
    place
}

#[test]
fn what_is_not_complete_is_not_made_where_it_must_be() {
    for from in [&["logs"][..], &["logs", "--store", "usage.db"]] {
        let place = logs(&[3, 4, 20]);
        let with = |more: &[&'static str]| [from, more].concat();
        let done = place.export(&with(&["--require-complete"]), 3);
        done.says(&["logs are missing", "no workbook was written", "b.com has 21 of 24"]);
        assert!(!done.stderr.contains("a.com has") && !place.exists("out.xlsx"), "{}", done.stderr);
        let json = place.export(&with(&["--require-complete", "--json"]), 3).json();
        assert!(json["error"].as_str().unwrap().contains("b.com has 21 of 24"), "{json}");
        assert!(json["file"].is_null() && !place.exists("out.xlsx"), "{json}");
        // A domain that is complete is not kept back by another one, nor is one without any log complete.
        place.export(&with(&["--require-complete", "--domain-names", "a.com"]), 0);
        assert!(place.exists("out.xlsx"));
        let none = with(&["--require-complete", "--force", "--domain-names", "a.com,c.com"]);
        place.export(&none, 3).says(&["c.com has 0 of 24"]);
    }
}

#[test]
fn domains_that_lack_hours_are_named_also_where_others_have_them() {
    for from in [&["logs"][..], &["logs", "--store", "usage.db"]] {
        let place = logs(&[3, 4, 20]);
        let done = place.export(from, 0);
        done.says(&[
            "the logs do not cover the range",
            "24 of 24",
            "45 of 48",
            "b.com has 21 of 24, none from 2026-03-01T03:00:00Z to 2026-03-01T05:00:00Z, from ",
        ]);
        assert!(!done.stderr.contains("a.com has"), "{}", done.stderr);
        let asked = "a.com,b.com,c.com,d.com,e.com,f.com,g.com,h.com";
        let done = place.export(&[from, &["--force", "--domain-names", asked]].concat(), 0);
        done.says(&["no line of c.com", "f.com has 0 of 24 and 2 more;"]);
        place.write("tasks.csv", "type,range\nflow,2026-03-01\n");
        let list = [&["export", "--tasks", "tasks.csv", "-o", "out", "--quiet"], from].concat();
        place.run(&list, 0).says(&["line 2: the logs do not cover the range", "b.com has 21 of 24"]);
        assert!(!logs(&[]).export(from, 0).stderr.contains("do not cover"));
    }
}

#[test]
fn what_is_complete_is_made_and_told() {
    for from in [&["logs"][..], &["logs", "--store", "usage.db"]] {
        let place = logs(&[]);
        let json = place.export(&[from, &["--require-complete", "--json"]].concat(), 0).json();
        let whole = serde_json::json!({
            "complete": true, "hours_with_log": 24, "hours": 24, "domain_hours_with_log": 48, "domain_hours": 48,
            "lacking": [],
        });
        assert_eq!(json["completeness"], whole);
        assert!(place.exists("out.xlsx"));
        let place = logs(&[0, 23]);
        let json = place.export(&[from, &["--json"]].concat(), 0).json();
        let part = serde_json::json!({
            "complete": false, "hours_with_log": 24, "hours": 24, "domain_hours_with_log": 46, "domain_hours": 48,
            "lacking": [{"domain": "b.com", "hours_with_log": 22}],
        });
        assert_eq!(json["completeness"], part);
    }
}

#[test]
fn an_option_that_would_do_nothing_is_refused() {
    let place = logs(&[]);
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    place.write("l.csv", "type,range,output\nflow,2026-03-01,l.xlsx\n");
    place.write("c.toml", "");
    let with = ["--range", "2026-03-01", "--type", "flow", "-o", "o.xlsx"];
    let months = ["--months", "2026-03", "--type", "flow", "-o", "{start:%m}.xlsx"];
    let before = place.names();
    let refused = |way: &[&str], option: &[&str], says: &str| {
        let name = option[0].split('=').next().unwrap();
        place.run(&[way, option].concat(), 2).says(&[&format!("{name} has no effect"), says]);
        assert_eq!(place.names(), before, "{way:?} {option:?}");
    };
    for way in [&with[..], &months, &["--tasks", "l.csv"], &["--refresh"]] {
        let way = [&["export", "--store", "s.db"], way].concat();
        for option in [
            &["--rejects", "r.csv"][..],
            &["--domain", "a.com"],
            &["--include=*.log"],
            &["--exclude=*.log"],
            &["--lateness", "1h"],
        ] {
            refused(&way, option, "without LOGS");
        }
        refused(&[&way[..], &["logs"]].concat(), &["--lateness", "1h"], "a store reads every log");
        // Scripts are told as they want it.
        let json = place.run(&[&way[..], &["--json", "--rejects", "r.csv"]].concat(), 2).json();
        assert!(json["Recommend"].as_str().unwrap().contains("without LOGS"), "{json}");
    }
    for way in [&with[..], &months, &["--tasks", "l.csv"]] {
        refused(&[&["export", "logs"], way].concat(), &["--lock-timeout", "1s"], "--store");
    }
    let refresh = ["export", "--store", "s.db", "--refresh"];
    refused(&refresh, &["--config", "c.toml"], "from its own request");
    refused(&refresh, &["--region", "CN"], "without LOGS");
    // What only allows something may always be given, and a variable says it for all commands.
    let allow = ["--force", "--keep-going", "--read-all"];
    place.run(&[&["export", "--store", "s.db"], &with[..], &allow].concat(), 0);
    let refresh = place.command().args(refresh).env("FLOWBOOK_CONFIG", "c.toml").output().unwrap();
    assert_eq!(refresh.status.code(), Some(0), "{}", String::from_utf8_lossy(&refresh.stderr));
    place.run(&["export", "logs", "--store", "s.db", "--refresh", "--rejects", "r.csv"], 0);
    assert!(place.exists("r.csv"));
}

#[test]
fn a_command_takes_no_option_that_it_does_not_use() {
    let place = logs(&[]);
    place.write("c.toml", "");
    for (command, option) in [
        (&["ingest", "logs", "--store", "s.db"][..], &["--config", "c.toml"][..]),
        (&["store", "info", "--store", "s.db"], &["--config", "c.toml"]),
        (&["store", "info", "--store", "s.db"], &["--threads", "1"]),
        (&["task", "list", "--store", "s.db"], &["--force"]),
        (&["task", "run", "--store", "s.db"], &["--config", "c.toml"]),
        (&["run", "c.toml"], &["--max-rejects", "1"]),
        (&["generate", "dir"], &["--json"]),
    ] {
        let done = place.run(&[command, option].concat(), 2);
        done.says(&[&format!("unexpected argument '{}' found", option[0])]);
    }
    // Who reads a configuration is told that it is not there, and nothing is written.
    for command in [
        &["export", "logs", "--range", "2026-03-01", "--type", "flow", "-o", "o.xlsx"][..],
        &["export", "logs", "--months", "2026-03", "--type", "flow"],
        &["task", "create", "--store", "s.db", "--range", "2026-03-01", "--type", "flow"],
    ] {
        place.run(&[command, &["--config", "nowhere.toml"]].concat(), 2).says(&["nowhere.toml"]);
    }
    assert_eq!(place.names(), ["c.toml", "logs"]);
}

#[test]
fn the_version_tells_the_program_and_the_format() {
    let text = Place::new().run(&["--version"], 0).stdout;
    let format = format!("format version {})", flowbook::export::FORMAT_VERSION);
    assert!(text.starts_with(&format!("flowbook {} (", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.trim_end().ends_with(&format), "{text}");
}

#[test]
fn the_environment_stands_for_the_store_and_the_configuration() {
    let place = logs(&[]);
    place.run(&["store", "info"], 2);
    place.run(&["run"], 2);
    place.write(
        "flowbook.toml",
        "[store]\npath = \"usage.db\"\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n[account]\n\
         domains = [\"a.com\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\noutput = \"{name}.xlsx\"\n\
         range = \"2026-03-01T00:00:00Z/2026-03-02T00:00:00Z\"\n",
    );
    let run = |arguments: &[&str]| {
        let mut command = place.command();
        command.env("FLOWBOOK_STORE", "usage.db").env("FLOWBOOK_CONFIG", "flowbook.toml");
        let output = command.args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), text)
    };
    assert_eq!(run(&["run", "--quiet"]).0, Some(0));
    assert!(place.exists("out/day.xlsx"));
    let (code, info, _) = run(&["store", "info", "--json"]);
    assert!(code == Some(0) && info.contains("\"complete\":48"), "{info}");
    assert!(run(&["task", "list"]).1.contains("day"));
    // An option is stronger.
    let (code, _, message) = run(&["store", "info", "--store", "other.db"]);
    assert!(code == Some(2) && message.contains("other.db: there is no store here"), "{message}");
    // The account of the configuration holds for an export, too; its store does not.
    let export =
        ["export", "logs", "--type", "flow", "--start-time", "2026-03-01", "--end-time", "2026-03-01"];
    let (code, json, message) = run(&[&export[..], &["--output", "out.xlsx", "--json"]].concat());
    assert_eq!(code, Some(0), "{message}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["key_figures"]["domains"], 1);
}

#[test]
fn coverage_and_generate_take_times_as_export_does() {
    let place = logs(&[]);
    place.run(&["ingest", "--store", "usage.db", "logs"], 0);
    let missing = |start: &str, end: &str, code: i32| {
        let times = ["--start-time", start, "--end-time", end];
        let coverage = ["store", "coverage", "--store", "usage.db", "--json"];
        let json = place.run(&[&coverage[..], &times].concat(), code).json();
        json["domains"][0]["missing_hours"].as_u64().unwrap()
    };
    assert_eq!(missing("2026-03-01", "2026-03-01", 0), 0);
    assert_eq!(missing("2026-03-01T08:00+08:00", "2026-03-02 00:00", 0), 0);
    assert_eq!(missing("2026-03-01", "2026-03-02", 3), 24);
    let wrong =
        ["store", "coverage", "--store", "usage.db", "--start-time", "March", "--end-time", "2026-03-01"];
    place.run(&wrong, 2).says(&["March: give a date like 2026-03-01"]);
    let made = |dir: &str, start: &str| {
        place.run(
            &["generate", dir, "--domains", "1", "--hours", "2", "--lines-per-file", "5", "--start", start],
            0,
        );
        std::fs::read(place.path(&format!("{dir}/expected.csv"))).unwrap()
    };
    assert!(made("one", "2026-03-01") == made("two", "2026-03-01T08:00+08:00"));
}
