//! Only what is asked for leaves the house: what an export for one customer makes holds no name, file or address of
//! another one, and its lines add up all the same.

use super::book::{part, parts};
use super::harness::{Done, Place, gzip, line};
use std::fs;
#[cfg(unix)]
use std::process::Command;

const CUSTOMERS: [&str; 3] = ["zulu.com", "bravo.com", "carol.com"];

/// What is told of a customer: its name, and the beginning of its clients' addresses.
const TELLING: [[&str; 2]; 3] = [["zulu", "10.1.1."], ["bravo", "10.2.2."], ["carol", "10.3.3."]];

/// Hourly logs of three customers, each with lines that are rejected; logs whose names tell nothing, a damaged one and
/// a copy.
fn logs() -> Place {
    let place = Place::new();
    for (customer, [name, address]) in CUSTOMERS.iter().zip(TELLING) {
        let text = |hour: u32, client: u32| {
            let good = line(&format!("1/Mar/2026:{hour:02}:10:00 +0800"), customer, 100);
            let bad = good.replace("[1/Mar", "[1/Foo");
            format!("{}{bad}\n", good.repeat(3)).replace("1.2.3.4", &format!("{address}{client}"))
        };
        for hour in [11, 12, 13] {
            let file = format!("logs/{customer}_2026_03_01_{hour}0000_{}0000.log", hour + 1);
            place.write(&file, text(hour, hour));
        }
        let night = format!("logs/{customer}_2026_02_11_000000_010000.log");
        place.write(&night, text(12, 7).replace("1/Mar", "11/Feb"));
        place.write(&format!("logs/{name}-notes.txt"), format!("{address}9 of {name}\n").repeat(2));
        place.write(&format!("logs/{name}-access.log"), text(15, 8));
        place.write(&format!("logs/copies/{customer}_2026_03_01_120000_130000.log"), text(12, 12));
        place.write(
            &format!("logs/{name}-broken.gz"),
            [0x1f, 0x8b, 8, 0, name.as_bytes()[0], 0, 0, 0, 0, 3, 1],
        );
    }
    // A log of several customers, in which a line of another one is rejected.
    let good = line("1/Mar/2026:12:10:00 +0800", CUSTOMERS[0], 100).replace("1.2.3.4", "10.1.1.20");
    let bad = line("1/Mar/2026:12:10:01 +0800", CUSTOMERS[1], 100).replace("1.2.3.4", "10.2.2.20");
    place.write("logs/mixed.log", format!("{}{}", good.repeat(3), bad.replace(" 100 ", " x ")));
    place
}

/// Every name of a customer and address in a text that is not one of these.
fn strangers(text: &str, wanted: usize) -> Vec<&'static str> {
    let others = TELLING.iter().enumerate().filter(|(at, _)| *at != wanted);
    others.flat_map(|(_, telling)| *telling).filter(|telling| text.contains(*telling)).collect()
}

fn export(place: &Place, from: &[&str], customer: usize, output: &str) -> serde_json::Value {
    let rejects = format!("{output}.csv");
    let mut arguments = from.to_vec();
    arguments.extend(["--domain-names", CUSTOMERS[customer], "--output", output, "--json", "--keep-going"]);
    arguments.extend(["--max-rejects", "60%", "--force"]);
    if from[0] == "logs" {
        arguments.extend(["--rejects", &rejects]);
    }
    let done = place.export_to(&arguments, 3);
    assert_eq!(strangers(&done.stdout, customer), [""; 0], "{}", done.stdout);
    if from[0] == "logs" {
        let rejects = fs::read_to_string(place.path(&rejects)).unwrap();
        assert_eq!(strangers(&rejects, customer), [""; 0], "{rejects}");
        assert_eq!(rejects.matches(TELLING[customer][1]).count(), 4, "{rejects}");
    }
    let path = place.path(output);
    for name in parts(&path) {
        let text = part(&path, &name);
        assert_eq!(strangers(&text, customer), [""; 0], "{name} of {output}");
    }
    let mut counts = done.json()["counts"].clone();
    // What is not opened now was opened before, and counts as little.
    for key in ["sources_not_opened", "sources_not_opened_by_reason"] {
        counts.as_object_mut().unwrap().remove(key);
    }
    counts
}

#[test]
fn a_customer_sees_nothing_of_the_others() {
    let place = logs();
    place.run(&["ingest", "logs", "--store", "usage.db", "--keep-going", "--max-rejects", "60%"], 3);
    for customer in 0..CUSTOMERS.len() {
        let direct = export(&place, &["logs"], customer, "direct.xlsx");
        let stored = export(&place, &["--store", "usage.db"], customer, "stored.xlsx");
        let both = export(&place, &["logs", "--store", &format!("{customer}.db")], customer, "both.xlsx");
        assert!(direct == stored && direct == both, "{direct} {stored} {both}");
        let number = |name: &str| direct[name].as_u64().unwrap();
        let mixed = u64::from(customer == 0);
        let sum = ["accepted", "outside_range", "other_domains", "rejected", "blank"]
            .map(number)
            .iter()
            .sum::<u64>();
        // Logs of others are not counted, nor are those of other days: 3 hours, the logs that tell nothing, the mixed one.
        let lines = 3 * 5 + 3 * (2 + 5) + 4;
        assert_eq!((number("lines"), sum, number("accepted")), (lines, lines, 12 + 3 * mixed));
        assert_eq!(number("sources") - number("sources_elsewhere"), 4 + mixed);
        let books =
            ["direct.xlsx", "stored.xlsx", "both.xlsx"].map(|name| fs::read(place.path(name)).unwrap());
        assert!(books[0] == books[1] && books[0] == books[2], "{customer}");
    }
}

#[test]
fn the_whole_account_sees_everything() {
    let place = logs();
    let arguments = ["logs", "--json", "--keep-going", "--max-rejects", "60%", "--rejects", "rejects.csv"];
    let counts = place.export(&arguments, 3).json()["counts"].clone();
    assert_eq!((counts["sources_elsewhere"].as_u64(), counts["accepted"].as_u64()), (Some(0), Some(39)));
    let rejects = fs::read_to_string(place.path("rejects.csv")).unwrap();
    assert!(TELLING.iter().flatten().all(|telling| rejects.contains(telling)), "{rejects}");
}

#[test]
fn an_account_of_some_domains_sees_no_rejected_line_of_others() {
    let place = logs();
    place.write("account.toml", format!("[account]\ndomains = [\"{}\"]\n", CUSTOMERS[0]));
    place.run(&["ingest", "logs", "--store", "usage.db", "--keep-going", "--max-rejects", "60%"], 3);
    for from in [&["logs"][..], &["--store", "usage.db"]] {
        let more = ["--config", "account.toml", "--json", "--keep-going", "--max-rejects", "60%", "--force"];
        let done = place.export_to(&[from, &more, &["--output", "own.xlsx"]].concat(), 3);
        for name in parts(&place.path("own.xlsx")) {
            let text = part(&place.path("own.xlsx"), &name);
            let found = strangers(&text, 0);
            // A file that cannot be read and tells nothing may concern the account.
            assert!(found.iter().all(|name| !name.starts_with("10.")), "{name}: {found:?}");
        }
        assert!(!done.stdout.contains("bravo.com") && !done.stdout.contains("10."), "{}", done.stdout);
    }
}

#[test]
fn an_export_over_a_store_names_logs_that_cannot_be_read() {
    let place = logs();
    let arguments = ["logs/mixed.log", "logs/gone.log", "--store", "own.db", "--keep-going", "--json"];
    let done = place.export(&[&arguments[..], &["--max-rejects", "60%"]].concat(), 3);
    assert!(done.stderr.contains("logs/gone.log: "), "{}", done.stderr);
    assert_eq!(done.json()["not_read"]["faults"][0]["file"], "logs/gone.log");
    let wanted = ["--domain-names", CUSTOMERS[0], "--force"];
    let named = format!("logs/{}_2026_03_01_140000_150000.gz", CUSTOMERS[1]);
    place.write(&named, [0x1f, 0x8b, 8, 0, 0, 0]);
    let arguments = ["logs/mixed.log", &named, "--store", "own.db", "--keep-going", "--json"];
    let done = place.export(&[&arguments[..], &wanted, &["--max-rejects", "60%"]].concat(), 3);
    assert!(!done.stderr.contains("bravo") && done.stderr.contains("other logs"), "{}", done.stderr);
}

/// Makes a source that cannot be read, of the kind, at a path.
#[cfg(unix)]
fn make_unreadable(place: &Place, kind: &str, path: &str) {
    let at = place.path(path);
    match kind {
        "pipe" => assert!(Command::new("mkfifo").arg(&at).status().unwrap().success()),
        "socket" => drop(std::os::unix::net::UnixListener::bind(&at).unwrap()),
        "broken link" => std::os::unix::fs::symlink("nowhere", &at).unwrap(),
        "link to itself" => std::os::unix::fs::symlink(&at, &at).unwrap(),
        "damaged" => drop(place.write(path, [0x1f, 0x8b, 8, 0, 0, 0])),
        "archive" => drop(place.write(path, "PK\x03\x04 and more")),
        "rubbish" => drop(place.write(path, "a\nb\nc\n")),
        other => panic!("{other}"),
    }
}

#[cfg(unix)]
#[test]
fn a_source_that_cannot_be_read_is_shown_only_to_the_domain_in_its_name() {
    let hour = "2026_03_01_120000_130000";
    for kind in ["pipe", "socket", "broken link", "link to itself", "damaged", "archive", "rubbish"] {
        for (domain, is_own) in
            [("zulu.com", true), (".zulu.com", false), ("bravo.com", false), (".bravo.com", false)]
        {
            let place = Place::new();
            let good = line("1/Mar/2026:11:10:00 +0800", "zulu.com", 100);
            place.write("logs/zulu.com_2026_03_01_110000_120000.log", good);
            place.write("account.toml", "[account]\ndomains = [\"zulu.com\"]\n");
            make_unreadable(&place, kind, &format!("logs/{domain}_{hour}.log"));
            place.run(&["ingest", "logs", "--store", "all.db", "--keep-going", "--max-rejects", "90%"], 3);
            // The store has what was read at all.
            let is_in_store = matches!(kind, "damaged" | "archive" | "rubbish");
            for from in [
                &["logs"][..],
                &["logs", "--read-all"],
                &["--store", "all.db"],
                &["logs", "--store", "own.db", "--max-rejects", "90%"],
            ] {
                for of in [["--config", "account.toml"], ["--domain-names", "zulu.com"]] {
                    let more = ["--json", "--keep-going", "--force"];
                    let is_here = is_own && (from[0] == "logs" || is_in_store);
                    let done = place.export_command(&[from, &of, &more].concat()).output().unwrap();
                    let (code, done) = (done.status.code(), Done::of(&done));
                    let names = |text: &str| text.contains(&format!("{domain}_{hour}"));
                    let told = format!("{kind} {domain} {from:?} {of:?}: {} {}", done.stdout, done.stderr);
                    assert_eq!(names(&done.stdout) || names(&done.stderr), is_here, "{told}");
                    assert_eq!(code, Some(if is_here || from.contains(&"own.db") { 3 } else { 0 }), "{told}");
                    let book = place.path("out.xlsx");
                    let is_in_book = parts(&book).iter().any(|name| names(&part(&book, name)));
                    let may_be_in_book = is_here && (is_in_store || !from.contains(&"own.db"));
                    assert_eq!(is_in_book, may_be_in_book, "{told}");
                }
            }
        }
    }
}

#[test]
fn what_an_export_takes_into_a_store_names_nothing_of_others() {
    let place = Place::new();
    place.write("account.toml", "[account]\ndomains = [\"zulu.com\"]\n");
    let good = |domain: &str| line("1/Mar/2026:12:10:00 +0800", domain, 100);
    let bad = |domain: &str| good(domain).replace(" 100 ", " x ");
    let name = |domain: &str, end: &str| format!("logs/{domain}_2026_03_01_120000_130000{end}.log");
    place.write(&name("zulu.com", ""), good("zulu.com") + &bad("zulu.com"));
    place.write(&name("bravo.com", "_1"), bad("bravo.com"));
    place.write(&name("bravo.com", "_2"), "");
    place.write(&name("bravo.com", "_3"), good("bravo.com").repeat(3) + &bad("bravo.com"));
    place.write(&name("bravo.com", "_4"), good("bravo.com").repeat(3) + &bad("bravo.com"));
    for of in [["--config", "account.toml"], ["--domain-names", "zulu.com"]] {
        for (limit, code) in [("1%", 3), ("100%", 0)] {
            let more = ["logs", "--store", "own.db", "--json", "--force", "--rejects", "rejects.csv"];
            let more = [&more[..], &of, &["--max-rejects", limit, "--keep-going"]].concat();
            let done = place.export(&more, code);
            let rejects = fs::read_to_string(place.path("rejects.csv")).unwrap();
            for text in [&done.stdout, &done.stderr, &rejects] {
                assert!(!text.contains("bravo"), "{of:?} {limit}: {text}");
            }
            assert_eq!(rejects.matches("zulu.com_2026").count(), 1, "{rejects}");
            fs::remove_file(place.path("own.db")).unwrap_or_default();
        }
    }
}

/// The one difference between logs and a store, as `data/docs/store.md` tells it.
/// Nor does what it says when it is refused for a log of others, whatever its lines ask for.
#[test]
fn a_refused_export_into_a_store_names_nothing_of_others() {
    let place = Place::new();
    let good = line("1/Mar/2026:12:10:00 +0800", "zulu.com", 100);
    place.write("logs/zulu.com_2026_03_01_120000_130000.log", &good);
    let others = "logs/bravo.com_2026_03_01_120000_130000";
    let export = [
        "export",
        "logs",
        "--store",
        "s.db",
        "--type",
        "flow",
        "--range",
        "2026-03-01",
        "--domain-names",
        "zulu.com",
    ];
    let damaged = gzip(good.as_bytes())[..40].to_vec();
    let asks_for_zulu = good.replace("[1/Mar", "[1/Foo").repeat(4) + &good.replace("zulu", "bravo").repeat(6);
    for (name, content, code) in
        [(format!("{others}.gz"), damaged, 1), (format!("{others}.log"), asks_for_zulu.into_bytes(), 3)]
    {
        place.write(&name, content);
        for more in [&[][..], &["--json"]] {
            let done = place.run(&[&export[..], more].concat(), code);
            let all = done.stdout + &done.stderr;
            assert!(!all.contains("bravo"), "{name}: {all}");
        }
        fs::remove_file(place.path(&name)).unwrap();
    }
}

#[test]
fn a_store_counts_of_others_what_an_export_opens_by_itself() {
    let place = Place::new();
    for (hour, name, domain) in [
        ("1/Mar/2026:12", "a.com_2026_03_01_120000_130000.log", "a.com"),
        ("9/Mar/2026:12", "a.com_2026_03_09_120000_130000.log", "a.com"),
        ("1/Mar/2026:12", "b.com_2026_03_01_120000_130000.log", "b.com"),
        ("1/Mar/2026:13", "access.log", "b.com"),
    ] {
        place.write(&format!("logs/{name}"), line(&format!("{hour}:10:00 +0800"), domain, 1));
    }
    place.run(&["ingest", "logs", "--store", "u.db"], 0);
    let counts = |arguments: &[&str]| {
        let done = place.export(&[arguments, &["--json", "--force"]].concat(), 0).json();
        ["lines", "other_domains", "outside_range", "sources", "sources_elsewhere"]
            .map(|key| done["counts"][key].as_u64().unwrap())
    };
    for (scope, opened, all) in [
        (&[][..], [3, 0, 0, 3, 0], [4, 0, 1, 4, 1]),
        (&["--domain-names", "a.com"], [2, 1, 0, 2, 1], [4, 2, 1, 4, 3]),
    ] {
        assert_eq!(counts(&[&["logs"], scope].concat()), opened, "{scope:?}");
        assert_eq!(counts(&[&["logs", "--read-all"], scope].concat()), all, "{scope:?}");
        let stored = if scope.is_empty() { all } else { opened };
        assert_eq!(counts(&[&["--store", "u.db"], scope].concat()), stored, "{scope:?}");
    }
}
