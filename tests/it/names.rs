//! Names of domains and of files, end to end: what is asked for, which files are found, and which need not be opened.

use crate::harness::{Done, Place, gzip, line, repository};

const NOON: &str = "1/Mar/2026:12:00:00 +0800";

/// The vendor's name for the hour from `hour` on, 1 March 2026 in its zone.
fn file(domain: &str, hour: u32) -> String {
    format!("logs/{domain}_2026_03_01_{hour:02}0000_{:02}0000.gz", hour + 1)
}

fn traffic(done: &Done) -> u64 {
    done.json()["key_figures"]["logged_traffic_bytes"].as_u64().unwrap()
}

fn count(done: &Done, key: &str) -> u64 {
    done.json()["counts"][key].as_u64().unwrap()
}

#[test]
fn domains_are_named_in_every_usual_way() {
    let place = Place::new();
    let domains = ["www.a.com", "img.a.com", "a.com", "b.com", "xn--bcher-kva.b.com"];
    let lines = domains.iter().zip([1, 10, 100, 1000, 10_000]);
    place.write("access.log", lines.map(|(domain, bytes)| line(NOON, domain, bytes)).collect::<String>());
    let config = "[account]\ndomains = [\".a.com\", \"a.com\", \"B\u{dc}CHER.b.com\", \"b.com\"]\n[groups]\ng = [\".a.com\"]";
    place.write("f.toml", config);
    place.write("tasks.csv", "type,range,domain_names,output\nflow,2026-03-01/2026-03-02,.a.com,t.xlsx\n");
    for (names, expected) in [
        (&["--domain-names", "www.a.com,b.com"][..], 1001),
        (&["--domain-names", "www.a.com", "--domain-names", "b.com,a.com"], 1101),
        (&["--domain-names", "*.a.com"], 11),
        (&["--domain-names", ".A.com, B.com."], 1011),
        (&["--domain-names", "b\u{fc}cher.b.com"], 10_000),
        (&["--group", "g"], 11),
        (&[], 11_111),
    ] {
        let more = ["access.log", "--config", "f.toml", "--force", "--json"];
        assert_eq!(traffic(&place.export(&[&more[..], names].concat(), 0)), expected, "{names:?}");
    }
    for (name, says) in [
        ("https://www.a.com/", "give www.a.com"),
        ("www.a.com/x", "give www.a.com"),
        ("user:secret@www.a.com", "give www.a.com"),
        ("a b", "give a domain name like"),
        ("www.*.com", "give a domain name like"),
    ] {
        place.export(&["access.log", "--domain-names", name], 2).says(&["IllegalOperation", says]);
        place.export(&["access.log", "--domain", name], 2).says(&[says]);
        place.write("wrong.toml", format!("[groups]\ng = [\"{name}\"]"));
        place.export(&["access.log", "--config", "wrong.toml"], 2).says(&["[groups] g", says]);
    }
}

#[test]
fn a_name_that_no_line_has_is_named_with_the_nearest_that_has() {
    let place = Place::new();
    place.write("access.log", line(NOON, "www.example.com", 1) + &line(NOON, "img.example.com", 1));
    place.run(&["ingest", "access.log", "--store", "s.db"], 0);
    for from in [&["access.log"][..], &["--store", "s.db"]] {
        let wrong = ["--force", "--domain-names", "img.example.com,ww.exmple.com,quite.another.org"];
        let done = place.export(&[from, &wrong].concat(), 0);
        done.says(&["quite.another.org", "ww.exmple.com (did you mean www.example.com?)"]);
        let alone = ["--force", "--domain-names", "wwww.example.com"];
        place
            .export(&[from, &alone].concat(), 3)
            .says(&["no line is in this export", "did you mean www.example.com?"]);
    }
    // Beside good names, also of wildcards; and of several names that are all wrong each one.
    place.write("shop.log", line(NOON, "www.shop.example.com", 1) + &line(NOON, "img.shop.example.com", 1));
    place.run(&["ingest", "shop.log", "--store", "shop.db"], 0);
    for from in [&["shop.log", "--force"][..], &["--store", "shop.db", "--force"]] {
        let done_with = |more: &[&str], code| place.export(&[from, more].concat(), code);
        let done = |more: &[&str]| done_with(more, 0);
        let wildcard = "*.shop.exmaple.com (did you mean *.shop.example.com?)";
        done(&["--domain-names", "www.shop.example.com,*.shop.exmaple.com"]).says(&["no line of", wildcard]);
        done(&["--domain-names", "*.shop.example.com,*.shop.exmaple.com"]).says(&[wildcard]);
        let wrong = "ww.shop.example.com,im.shop.example.com,*.shop.exmaple.com,quite.another.org";
        done_with(&["--domain-names", wrong], 3).says(&[
            "no line is in this export",
            "im.shop.example.com (did you mean img.shop.example.com?)",
            "quite.another.org,",
            "ww.shop.example.com (did you mean www.shop.example.com?)",
            wildcard,
        ]);
    }
    // Also where only a file name tells it, and the file was not opened.
    place.write(&file("cdn.example.com", 12), gzip(line(NOON, "cdn.example.com", 1).as_bytes()));
    let done = place.export(&["logs", "--force", "--domain-names", "cdm.example.com"], 3);
    done.says(&["did you mean cdn.example.com?", "--read-all"]);
}

#[test]
fn files_in_folders_are_chosen_by_globs_and_by_their_names() {
    let place = Place::new();
    let log = |name: &str, bytes: u64| drop(place.write(name, line(NOON, "a.com", bytes)));
    log("logs/a.log", 1);
    log("logs/eu/b.log", 10);
    log("logs/eu/test_c.log", 100);
    log("logs/old/d.log", 1000);
    log("logs/notes.txt", 10_000);
    log("logs/.hidden.log", 100_000);
    log("logs/.git/x.log", 100_000);
    log("logs/._a.com_2026_03_01_120000_130000.gz", 100_000);
    log("logs/eu/.a.com_2026_03_01_120000_130000.gz", 1_000_000);
    let wildcard = 1_000_000;
    for (globs, expected) in [
        (&[][..], 11_111 + wildcard),
        (&["--include", "*.log"], 1111),
        (&["--include", "*.log", "--exclude", "test_*", "--exclude", "old"], 11),
        (&["--include", "eu/*"], 110 + wildcard),
        (&["--include", "**/*.gz", "--include", "a.log"], 1 + wildcard),
        (&["--exclude", "eu/*.log", "--exclude", "*.gz"], 11_001),
    ] {
        let direct = place.export(&[&["logs", "--force", "--json"], globs].concat(), 0);
        assert_eq!(traffic(&direct), expected, "{globs:?}");
        let _ = std::fs::remove_file(place.path("s.db"));
        place.run(&[&["ingest", "logs", "--store", "s.db"], globs].concat(), 0);
        let stored = place.export(&["--store", "s.db", "--force", "--json"], 0);
        assert_eq!(traffic(&stored), expected, "{globs:?}");
    }
    place.export(&["logs", "--include", "a["], 2).says(&["a[", "not a valid glob"]);
    let globbed = place.export(&["logs/eu/*.gz", "--force", "--json"], 0);
    assert_eq!(traffic(&globbed), wildcard);
    let plan = "[store]\npath = \"p.db\"\n[[source]]\npaths = \"logs\"\ninclude = \"*.log\"\nexclude = [\"old\", \"test_*\"]";
    place.write("f.toml", plan);
    place.run(&["run", "f.toml"], 0);
    assert_eq!(traffic(&place.export(&["--store", "p.db", "--force", "--json"], 0)), 11);
}

#[test]
fn a_domain_may_be_given_for_lines_that_hold_a_path() {
    let place = Place::new();
    let path_only = line(NOON, "a.com", 7).replace("http://a.com", "");
    place.write("logs/access.log", &path_only);
    place.write("logs/.b.com_2026_03_01_120000_130000.gz", path_only.replace(" 7 ", " 70 "));
    place.write(&file("c.com", 12), gzip(path_only.replace(" 7 ", " 700 ").as_bytes()));
    let all = ["logs", "--max-rejects", "100%", "--json", "--force"];
    assert_eq!(traffic(&place.export(&all, 0)), 700);
    let given = ["--domain", "D\u{dc}.com", "--domain-names", "d\u{fc}.com"];
    assert_eq!(traffic(&place.export(&[&all[..], &given].concat(), 0)), 7);
    // The lines of the log of a wildcard are of one of its subdomains.
    let within = ["--domain", "x.b.com", "--domain-names", "x.b.com"];
    assert_eq!(traffic(&place.export(&[&all[..], &within].concat(), 0)), 77);
    place.run(&["ingest", "logs", "--store", "s.db", "--domain", "d\u{fc}.com", "--max-rejects", "100%"], 0);
    let stored = place.export(&["--store", "s.db", "--domain-names", "d\u{fc}.com", "--json", "--force"], 0);
    assert_eq!(traffic(&stored), 7);
    place.export(&["logs", "--domain", "*.d.com"], 2).says(&["one domain"]);
}

#[test]
fn a_domain_given_for_paths_that_was_meant_to_choose_is_said() {
    let place = Place::new();
    place.write("access.log", line(NOON, "a.com", 1) + &line(NOON, "b.com", 1));
    let unused = "--domain had no effect";
    let choose = "to choose domains give --domain-names";
    place.export(&["access.log", "--domains", "a.com"], 2).says(&["'--domain-names'"]);
    place.export(&["access.log", "--domain", "a.com"], 0).says(&[unused, choose]);
    place.run(&["ingest", "access.log", "--domain", "a.com", "--store", "s.db"], 0).says(&[unused]);
    // Nothing had to be read.
    let again = place.run(&["ingest", "access.log", "--domain", "a.com", "--store", "s.db"], 0);
    assert!(!again.stderr.contains(unused), "{}", again.stderr);
    place.write("tasks.csv", "type,range\nflow,2026-03-01\n");
    let list = ["export", "access.log", "--tasks", "tasks.csv", "-o", "out/", "--domain", "a.com"];
    place.run(&list, 0).says(&[unused, choose]);
    place.write("path.log", line(NOON, "a.com", 1).replace("http://a.com", "") + &line(NOON, "a.com", 2));
    for from in [&["path.log"][..], &["path.log", "--store", "p.db"]] {
        let done = place.export(&[from, &["--domain", "a.com", "--force"]].concat(), 0);
        assert!(!done.stderr.contains(unused), "{}", done.stderr);
    }
    // A file whose name tells its domain needs no other.
    place.write(&file("a.com", 12), gzip(line(NOON, "a.com", 1).replace("http://a.com", "").as_bytes()));
    place.export(&["logs", "--domain", "b.com", "--force"], 2).says(&[choose]);
}

#[test]
fn logs_of_other_hours_and_domains_are_not_opened_and_counted() {
    let place = Place::new();
    let log = |name: &str, text: &str| drop(place.write(name, gzip(text.as_bytes())));
    log(&file("www.a.com", 12), &line(NOON, "www.a.com", 1));
    // A late line, in a file of the next day; and one later than is allowed for.
    let day = |day: u32| format!("logs/www.a.com_2026_03_{day:02}_120000_130000.gz");
    log(&day(2), &line(NOON, "www.a.com", 10));
    log(&day(4), &line(NOON, "www.a.com", 100));
    // Names are not opened, so that what is in them is no matter.
    place.write(&file("www.b.com", 12), &gzip(line(NOON, "www.b.com", 1).as_bytes())[..40]);
    log("logs/backup_www.a.com_2026_03_01_130000_140000.gz", &line(NOON, "www.a.com", 1000));
    let asked = ["logs", "--domain-names", "www.a.com", "--force", "--json"];
    let done = place.export(&asked, 0);
    assert_eq!((traffic(&done), count(&done, "lines"), count(&done, "sources_not_opened")), (1011, 3, 2));
    assert_eq!(done.json()["counts"]["sources_not_opened_by_reason"]["other_domains"], 1);
    let done = place.export(&[&asked[..], &["--lateness", "72h"]].concat(), 0);
    assert_eq!((traffic(&done), count(&done, "sources_not_opened")), (1111, 1));
    let done = place.export(&[&asked[..], &["--lateness", "0s"]].concat(), 0);
    assert_eq!((traffic(&done), count(&done, "sources_not_opened")), (1001, 3));
    place.export(&[&asked[..], &["--read-all"]].concat(), 1).says(&["www.b.com"]);
    let done =
        place.export(&[&asked[..], &["--read-all", "--keep-going", "--max-rejects", "100%"]].concat(), 0);
    assert_eq!((traffic(&done), count(&done, "sources_not_opened")), (1111, 0));
    let shown = place.export(&["logs", "--domain-names", "www.a.com", "--force"], 0);
    assert!(shown.stdout.contains("not opened, other domains"), "{}", shown.stdout);
}

/// Over the sample, figures are the same whether all is read or what names tell.
#[test]
fn what_is_not_opened_changes_no_figure() {
    let place = Place::new();
    let sample = repository().join("data/sample").display().to_string();
    for names in ["img01.bank.example.net", "*.bank.example.net,www01.shop.example.com", "*.example.com"] {
        for (start, end) in [
            ("2026-02-28T16:00:00Z", "2026-02-28T17:00:00Z"),
            ("2026-03-01T03:00:00Z", "2026-03-01T09:30:00Z"),
        ] {
            let figures = |more: &[&str]| {
                let asked = ["export", &sample, "--type", "flow", "--start-time", start, "--end-time", end];
                let rest = ["--domain-names", names, "--json", "--force", "--output", "out.xlsx"];
                let done = place.run(&[&asked[..], &rest, more].concat(), 0);
                let balance = ["accepted", "outside_range", "other_domains", "rejected", "blank"];
                let sum: u64 = balance.iter().map(|key| count(&done, key)).sum();
                assert_eq!(sum, count(&done, "lines"));
                (
                    done.json()["key_figures"].clone(),
                    count(&done, "accepted"),
                    count(&done, "sources_not_opened"),
                )
            };
            let (all, some) = (figures(&["--read-all"]), figures(&["--lateness", "2h"]));
            assert_eq!((&all.0, all.1, all.2), (&some.0, some.1, 0), "{names} {start}");
            assert!(some.2 > 0, "{names} {start}");
        }
    }
}

/// A text without line feeds, larger than a line may be and than what one thread takes of a file.
#[test]
fn returns_end_lines_in_texts_of_any_size() {
    let place = Place::new();
    let lines: String = (0..330_000).map(|n| line(NOON, "a.com", n % 1000)).collect();
    let returns = lines.replace('\n', "\r");
    assert!(returns.len() > 33 << 20);
    let mixed = format!("{}{}", &lines[..lines.len() / 2], &returns[lines.len() / 2..]);
    for (text, more) in [(&returns, &[][..]), (&mixed, &[]), (&returns, &["--threads", "3"])] {
        place.write("a.log", text);
        let done = place.export(&[&["a.log", "--json", "--force"], more].concat(), 0);
        assert_eq!((count(&done, "accepted"), count(&done, "lines")), (330_000, 330_000));
        assert_eq!(traffic(&done), 330 * 499_500);
    }
    let packed = place.write("a.log.gz", gzip(returns.as_bytes()));
    place.run(&["ingest", &packed.display().to_string(), "--store", "s.db"], 0);
    let stored = place.export(&["--store", "s.db", "--json", "--force"], 0);
    assert_eq!((count(&stored, "accepted"), traffic(&stored)), (330_000, 330 * 499_500));
}

/// A wildcard that stands for no domain is said as a domain without a log is, and counts as one.
#[test]
fn wildcards_that_stand_for_nothing_are_said() {
    let place = Place::new();
    let hour = |n: u64| format!("www.example.com_2026_03_01_{n:02}0000_{:02}0000.log", n + 1);
    place.write(&format!("logs/{}", hour(10)), line("1/Mar/2026:10:00:00 +0800", "www.example.com", 1));
    place.write("logs/a.log", line("1/Mar/2026:10:00:00 +0800", "img.example.org", 2));
    let range =
        ["--start-time", "2026-03-01T02:00:00Z", "--end-time", "2026-03-01T03:00:00Z", "--type", "flow"];
    let export = |more: &[&str], code| {
        let names = ["--domain-names", "www.example.com,*.exampel.org,*.nosuch.com", "--read-all", "--force"];
        place.run(&[&["export"], &range[..], &names, more].concat(), code)
    };
    let said = ["*.exampel.org (did you mean *.example.org?)", "*.nosuch.com"];
    let store = place.run(&["ingest", "logs", "--store", "s.db"], 0);
    assert!(store.stderr.is_empty(), "{}", store.stderr);
    for logs in [&["logs"][..], &["--store", "s.db"]] {
        let done = export(&[logs, &["--output", "out.xlsx", "--json"]].concat(), 0);
        done.says(&said);
        let json = done.json();
        let silent = &json["key_figures"]["domains_without_requests"];
        assert_eq!(*silent, serde_json::json!(["*.exampel.org", "*.nosuch.com"]));
        assert_eq!(json["completeness"]["domain_hours"], 3);
        assert_eq!(json["completeness"]["complete"], false);
        export(&[logs, &["--output", "c.xlsx", "--require-complete"]].concat(), 3)
            .says(&["*.nosuch.com has 0 of 1"]);
    }
    let coverage = ["store", "coverage", "--store", "s.db", "--domain-names", "www.example.com,*.nosuch.com"];
    place.run(&[&coverage, &range[..4]].concat(), 3).says(&["*.nosuch.com has no log"]);
    let coverage = ["store", "coverage", "--store", "s.db", "--domain", "*.example.com"];
    place.run(&[&coverage, &range[..4]].concat(), 0);
}
