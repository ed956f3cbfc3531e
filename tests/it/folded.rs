//! Hosts that count as one domain, and workbooks that would be too large: the same from logs, stores, lists and ticks.

use super::book::Book;
use super::harness::{Place, line};
use std::collections::BTreeMap;

/// Lines of hosts below wildcards and of others, at several times.
fn lines() -> Vec<(String, String, u64)> {
    let hosts = [
        "x.img.example.com",
        "y.img.example.com",
        "a.z.img.example.com",
        "img.example.com",
        "www.example.com",
    ];
    let times = ["00:00:10", "00:06:00", "07:59:59", "13:00:00"];
    let all = hosts.iter().flat_map(|host| times.iter().map(move |time| (host, time)));
    all.enumerate()
        .map(|(n, (host, time))| (format!("1/Mar/2026:{time} +0000"), (*host).to_owned(), 1 << n))
        .collect()
}

/// Bytes by domain and time, as Detail has them.
fn detail(place: &Place) -> BTreeMap<(String, String), u64> {
    let rows = Book::open(&place.path("out.xlsx")).rows("Detail");
    let cell = |row: &Vec<String>| ((row[1].clone(), row[0].clone()), row[3].parse().unwrap());
    rows[1..].iter().map(cell).filter(|(_, bytes)| *bytes > 0).collect()
}

/// Bytes by domain.
fn sums(place: &Place) -> BTreeMap<String, u64> {
    detail(place).into_iter().fold(BTreeMap::new(), |mut sums, ((domain, _), bytes)| {
        *sums.entry(domain).or_default() += bytes;
        sums
    })
}

#[test]
fn hosts_of_a_wildcard_count_as_one_domain_wherever_they_are_read() {
    for (more, folds) in [
        (&["--fold", "*.img.example.com"][..], &[("*.img.example.com", ".img.example.com")][..]),
        // The longest wildcard that stands for a host, in any order, spelt as the vendor does.
        (
            &["--fold", ".example.com, *.img.example.com"],
            &[("*.img.example.com", ".img.example.com"), ("*.example.com", ".example.com")],
        ),
        // What is named stays itself, and hosts that are not asked for do not count.
        (
            &["--fold", "*.img.example.com", "--domain-names", "x.img.example.com,*.z.img.example.com"],
            &[("x.img.example.com", "x.img.example.com"), ("*.img.example.com", ".z.img.example.com")],
        ),
        (&["--fold", "*.nothing.example.com"], &[]),
    ] {
        let place = Place::new();
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        let named = more.contains(&"--domain-names");
        for (time, host, bytes) in lines() {
            place.write(&format!("logs/{host}.log"), "");
            let path = place.path("logs/all.log");
            let before = std::fs::read_to_string(&path).unwrap_or_default();
            std::fs::write(&path, before + &line(&time, &host, bytes)).unwrap();
            let fold = folds.iter().find(|(_, suffix)| host.ends_with(suffix));
            match fold {
                Some((domain, _)) => *expected.entry((*domain).into()).or_default() += bytes,
                None if named => {}
                None => *expected.entry(host).or_default() += bytes,
            }
        }
        let direct = place.export(&[&["logs", "--json"], more].concat(), 0).json();
        assert_eq!(sums(&place), expected, "{more:?}");
        let from_logs = detail(&place);
        let mut book = Book::open(&place.path("out.xlsx"));
        let wildcards: Vec<String> =
            more[1].split(", ").map(|one| format!("*.{}", one.trim_start_matches(['*', '.']))).collect();
        assert_eq!(book.beside("Summary", "Hosts Counted as One Domain"), wildcards.join(", "));
        place.run(&["ingest", "logs", "--store", "s.db"], 0);
        let stored = place.export(&[&["--store", "s.db", "--json", "--force"], more].concat(), 0).json();
        assert_eq!(detail(&place), from_logs);
        for part in ["key_figures", "completeness"] {
            assert_eq!(stored[part], direct[part], "{more:?}");
        }
        // Made again, it is what it was.
        place.run(&["task", "list", "--store", "s.db", "--json"], 0);
        std::fs::remove_file(place.path("out.xlsx")).unwrap();
        let id = stored["TaskId"].as_str().unwrap();
        place.run(&["task", "run", id, "--store", "s.db"], 0);
        assert_eq!(detail(&place), from_logs);
        let text = place.export_to(&[&["logs", "-o", "-", "--rows", "sparse"], more].concat(), 0).stdout;
        assert_eq!(text.lines().count() - 1, from_logs.len());
    }
}

#[test]
fn a_folded_domain_has_the_hours_of_each_of_its_hosts() {
    let place = Place::new();
    for (host, hour) in [("x", 8), ("y", 9), ("y", 10)] {
        let text = line(&format!("1/Mar/2026:{hour:02}:00:00 +0800"), &format!("{host}.img.example.com"), 5);
        let name = format!("logs/{host}.img.example.com_2026_03_01_{hour:02}0000_{:02}0000.log", hour + 1);
        place.write(&name, text);
    }
    place.run(&["ingest", "logs", "--store", "s.db"], 0);
    for from in [&["logs"][..], &["--store", "s.db", "--force"]] {
        let found = place.export(&[from, &["--json", "--fold", "*.img.example.com"]].concat(), 0).json();
        let found = &found["completeness"];
        assert_eq!(
            (&found["domain_hours_with_log"], &found["domain_hours"]),
            (&3.into(), &48.into()),
            "{found}"
        );
    }
}

#[test]
fn lists_and_configurations_fold_as_well() {
    let place = Place::new();
    let all: String = lines().iter().map(|(time, host, bytes)| line(time, host, *bytes)).collect();
    place.write("logs/all.log", all);
    place.write(
        "tasks.csv",
        "type,start_time,end_time,fold,output\nflow,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,*.example.com,out.xlsx\n",
    );
    place.run(&["export", "logs", "--tasks", "tasks.csv"], 0);
    let one: u64 = lines().iter().map(|(_, _, bytes)| bytes).sum();
    assert_eq!(sums(&place), [("*.example.com".to_owned(), one)].into());
    place.write(
        "flowbook.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\n\
         range = \"2026-03-01T00:00:00Z/2026-03-02T00:00:00Z\"\nfold = [\"*.img.example.com\"]\noutput = \"out.xlsx\"\n",
    );
    std::fs::remove_file(place.path("out.xlsx")).unwrap();
    place.run(&["run", "flowbook.toml"], 0);
    assert_eq!(sums(&place).len(), 3, "{:?}", sums(&place));
    let text = std::fs::read_to_string(place.path("flowbook.toml")).unwrap();
    place.write("flowbook.toml", text.replace("*.img.", "*.igm."));
    let done = place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    done.says(&["*.igm.example.com ([[task]] \"day\": fold; did you mean *.img.example.com?)"]);
    place.write("flowbook.toml", text);
    for wrong in ["a.com", "*", "*.*.com", ",", " , "] {
        place.export(&["logs", "--fold", wrong, "--force"], 2).says(&["Fold has", "*.img.example.com"]);
    }
    let text = std::fs::read_to_string(place.path("flowbook.toml")).unwrap();
    for none in ["[]", "[\"\"]", "\" \""] {
        place.write("flowbook.toml", text.replace("[\"*.img.example.com\"]", none));
        place.run(&["run", "flowbook.toml"], 2).says(&["fold has no name"]);
    }
}

#[test]
fn a_wildcard_that_no_host_counts_as_is_said() {
    let place = Place::new();
    let all: String = lines().iter().map(|(time, host, bytes)| line(time, host, *bytes)).collect();
    place.write("a.log", all);
    place.run(&["ingest", "a.log", "--store", "s.db"], 0);
    let idle = |from: &[&str], more: &[&str]| {
        let done = place.export(&[from, &["--force", "--json"], more].concat(), 0);
        (done.stderr.clone(), done.json()["key_figures"]["folds_without_hosts"].clone())
    };
    for from in [&["a.log"][..], &["--store", "s.db"]] {
        let (told, folds) =
            idle(from, &["--fold", "*.img.exmaple.com,*.z.img.example.com,*.img.exmaple.com"]);
        let expected = "no host matches *.img.exmaple.com (did you mean *.img.example.com?) (--fold)";
        assert!(told.contains(expected), "{told}");
        assert_eq!(folds, serde_json::json!(["*.img.exmaple.com"]));
        // Of a host that is named nothing is left to count as the wildcard.
        let named = ["--fold", "*.z.img.example.com", "--domain-names", "a.z.img.example.com"];
        let (told, _) = idle(from, &named);
        assert!(told.contains("no host matches *.z.img.example.com (--fold)"), "{told}");
        let (told, folds) = idle(from, &["--fold", "*.img.example.com"]);
        assert!(!told.contains("no host counts") && folds == serde_json::json!([]), "{told}");
    }
}

#[test]
fn too_many_rows_are_refused_before_one_is_written() {
    let place = Place::new();
    let all: String = lines().iter().map(|(time, host, bytes)| line(time, host, *bytes)).collect();
    place.write("a.log", all);
    place.run(&["ingest", "a.log", "--store", "s.db"], 0);
    // Five hosts, 288 slices.
    for from in [&["a.log"][..], &["--store", "s.db"]] {
        let refused = place.export(&[from, &["--max-rows", "1439"]].concat(), 2);
        refused.says(&[
            "this export has 1440 rows of Detail, more than the limit of 1439",
            "5 domains on 1 sheet, about",
            "--rows sparse",
            "--domain-names or --group",
            "--fold '*.example.com' counts 5 domains as one",
            "--max-rows 1440",
        ]);
        assert!(!place.exists("out.xlsx"));
        place.export(&[from, &["--max-rows", "1440", "--force"]].concat(), 0);
        place.export(&[from, &["--max-rows", "288", "--fold", "*.com", "--force"]].concat(), 0);
        place.export(&[from, &["--max-rows", "20", "--rows", "sparse", "--force"]].concat(), 0);
        place.export(&[from, &["--max-rows", "19", "--rows", "sparse", "--force"]].concat(), 2);
        std::fs::remove_file(place.path("out.xlsx")).unwrap();
    }
    let json = place.export(&["a.log", "--max-rows", "9", "--json"], 2).json();
    assert_eq!(json["Code"], "InvalidParameter");
    // CSV has no sheets, and a single host no other.
    for output in ["-", "x.csv"] {
        let done = place.export_to(&["a.log", "-o", output, "--max-rows", "9"], 2);
        done.says(&["more than the limit of 9 (--max-rows): 5 domains. Nothing was written"]);
    }
    let one = place.export(&["a.log", "--max-rows", "9", "--domain-names", "www.example.com"], 2);
    one.says(&["1 domain on 1 sheet"]);
    assert!(!one.stderr.contains("--fold") && !one.stderr.contains("--group"), "{}", one.stderr);
    place.export_to(&["a.log", "-o", "-"], 0);
    for wrong in ["0", "-1", "x", "1.5", "99999999999999999999"] {
        place.export(&["a.log", &format!("--max-rows={wrong}")], 2).says(&["MaxRows is"]);
    }
}

/// Each host needs a log of its own, wherever its lines stand and whatever it counts as; `flowbook run` asks the same.
#[test]
fn a_folded_domain_is_complete_when_each_of_its_hosts_is() {
    let named = |host: &str, hour: u32| {
        let name = format!("logs/{host}.img.example.com_2026_03_01_{hour:02}0000_{:02}0000.log", hour + 1);
        let time = format!("1/Mar/2026:{hour:02}:00:00 +0800");
        (name, line(&time, &format!("{host}.img.example.com"), 5 + u64::from(hour)))
    };
    let all = |text: String| ("logs/all.log".to_owned(), text);
    let whole = || vec![named("a", 8), named("a", 9)];
    let with = |more: Vec<(String, String)>| [whole(), more].concat();
    let of_b = "b.img.example.com has 1 of 2, none from 2026-03-01T01:00:00Z to 2026-03-01T02:00:00Z";
    for (logs, lacks) in [
        (with(vec![named("b", 8)]), Some(("3 of 4", of_b))),
        (with(vec![named("b", 8), named("b", 9)]), None),
        // In a log of several domains, lines are evidence of their own host alone, where any name tells that.
        (with(vec![named("b", 8), all(named("c", 9).1)]), Some(("4 of 6", of_b))),
        (with(vec![named("b", 8), all(named("b", 9).1)]), None),
        // Hosts that no name tells come and go: together they are there or not.
        (with(vec![all(named("b", 8).1 + &named("c", 9).1)]), None),
        (with(vec![all(named("b", 8).1)]), Some(("3 of 4", "*.img.example.com has 1 of 2, none from 2026"))),
    ] {
        let place = Place::new();
        for (name, text) in &logs {
            place.write(name, text);
        }
        place.run(&["ingest", "logs", "--store", "s.db"], 0);
        let range = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-01T02:00:00Z"];
        for from in [&["logs"][..], &["--store", "s.db"]] {
            let more = ["--type", "flow", "--require-complete", "--force", "--output", "out.xlsx", "--json"];
            let all = [&["export"], from, &range, &more, &["--fold", "*.img.example.com"]].concat();
            let done = place.run(&all, if lacks.is_some() { 3 } else { 0 });
            match lacks {
                Some((with_log, who)) => {
                    done.says(&[&format!("domain x hour: {with_log}"), who, "store coverage"]);
                }
                None => assert_eq!(done.json()["completeness"]["complete"], true),
            }
        }
        place.write(
            "flowbook.toml",
            "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[[task]]\nname = \"day\"\ntype = \"flow\"\n\
             range = \"2026-03-01T00:00:00Z/2026-03-01T02:00:00Z\"\nfold = [\"*.img.example.com\"]\n\
             require_complete = true\noutput = \"run.xlsx\"\n",
        );
        let json = place.run(&["run", "flowbook.toml", "--json"], 0).json();
        let state = if lacks.is_some() { "waits" } else { "made" };
        assert_eq!(json["tasks"][0]["state"], state, "{json}");
    }
}
