//! That the same lines are in several logs, or several times in one, is found whatever their order is; and logs that merely
//! have some lines in common are left alone.

use super::harness::{Place, line};
use serde_json::{Value, json};

/// Lines of an hour of 1 March 2026, nine in each minute.
fn lines(domain: &str, seed: u64) -> Vec<String> {
    let at = |n: u64| {
        let time = format!("1/Mar/2026:08:{:02}:{:02} +0800", n / 9, (7 * n + seed) % 60);
        line(&time, domain, 1000 + (n * n + 7919 * seed) % 100_003)
    };
    (0..540).map(at).collect()
}

/// In an order that has nothing to do with that before.
fn shuffled(lines: &[String], seed: usize) -> Vec<String> {
    // A prime that does not divide the number of lines.
    let step = [7, 11, 13, 17, 19, 23][seed % 6];
    (0..lines.len()).map(|at| lines[(at * step + seed) % lines.len()].clone()).collect()
}

/// What may count twice, the same by every way.
fn overlaps(place: &Place, more: &[&str]) -> Value {
    let found =
        place.export(&[&["logs", "--json", "--force"], more].concat(), 0).json()["counts"]["overlaps"]
            .clone();
    let is_found = found != json!([]);
    let refuse = ["logs", "--overlaps", "refuse", "--force", "--json"];
    let refused = place.export(&[&refuse[..], more].concat(), if is_found { 3 } else { 0 });
    assert_eq!(refused.json()["counts"]["overlaps"], found);
    let ingest = [&["ingest", "logs", "--store", "s.db", "--json"], more].concat();
    assert_eq!(place.run(&ingest, 0).json()["overlaps"], found);
    let stored = place.export(&["--store", "s.db", "--json", "--force"], 0);
    assert_eq!(stored.json()["counts"]["overlaps"], found);
    let covered = place.run(&["store", "coverage", "--store", "s.db", "--json"], 0).json();
    assert_eq!(covered["overlaps"], found);
    found
}

/// What is found where `other` lies beside the lines of an hour.
fn beside(other: &[String]) -> Value {
    let place = Place::new();
    place.write("logs/a.log", lines("a.com", 1).concat());
    place.write("logs/b.log", other.concat());
    overlaps(&place, &[])
}

fn same(file: &str, others: &[&str]) -> Value {
    json!([{"kind": "same_lines", "file": file, "others": others}])
}

#[test]
fn a_copy_in_another_order_is_found() {
    let mut turned = lines("a.com", 1);
    turned.reverse();
    let both = same("logs/a.log", &["logs/b.log"]);
    assert_eq!(beside(&turned), both);
    assert_eq!(beside(&shuffled(&turned, 3)), both);
}

#[test]
fn an_extract_is_found() {
    let all = lines("a.com", 1);
    let both = same("logs/a.log", &["logs/b.log"]);
    for every in [2, 3] {
        let extract: Vec<String> = all.iter().skip(1).step_by(every).cloned().collect();
        assert_eq!(beside(&extract), both, "{every}");
    }
    let picked: Vec<String> = all.iter().filter(|line| line.contains('7')).cloned().collect();
    assert_eq!(beside(&picked), both, "{}", picked.len());
    // Most lines of the shorter one, but not all.
    let mixed = [&all[..200], &lines("a.com", 2)[..40]].concat();
    assert_eq!(beside(&mixed), both);
    assert_eq!(beside(&lines("a.com", 2)), json!([]));
}

#[test]
fn logs_within_one_slice_and_small_ones_are_compared() {
    let place = Place::new();
    let second = |n: u64| line(&format!("1/Mar/2026:08:01:{:02} +0800", n % 60), "a.com", 1000 + n);
    let write = |name: &str, lines: std::ops::Range<u64>| {
        place.write(name, lines.rev().map(second).collect::<String>());
    };
    place.write("logs/a.log", (0..200).map(second).collect::<String>());
    write("logs/b.log", 50..150);
    assert_eq!(overlaps(&place, &[]), same("logs/a.log", &["logs/b.log"]));
    for (len, is_found) in [(7, false), (8, true), (20, true)] {
        let place = Place::new();
        place.write("logs/a.log", (0..len).map(second).collect::<String>());
        place.write("logs/b.log", (0..len).rev().map(second).collect::<String>());
        let both = if is_found { same("logs/a.log", &["logs/b.log"]) } else { json!([]) };
        assert_eq!(overlaps(&place, &[]), both, "{len}");
    }
}

#[test]
fn a_log_that_holds_itself_twice_is_found() {
    let all = lines("a.com", 1);
    let alone = json!([{"kind": "repeated_lines", "file": "logs/b.log", "others": []}]);
    let twice = [all.clone(), all.clone()].concat();
    for text in [twice.concat(), shuffled(&twice, 1).concat(), all.concat().repeat(3)] {
        let place = Place::new();
        place.write("logs/b.log", text);
        assert_eq!(overlaps(&place, &[]), alone);
        let says = "logs/b.log has nearly every line several times";
        place.export(&["logs", "--force"], 0).says(&[&format!("{says}: all of them count")]);
        place.export(&["logs", "--force", "--overlaps", "refuse"], 3).says(&[says, "may count twice"]);
        let quality = super::book::Book::open(&place.path("out.xlsx")).rows("Data Quality");
        let is_named = |row: &Vec<String>| row[0] == "logs/b.log" && row[1] == "logs/b.log";
        assert!(quality.iter().any(is_named), "{quality:?}");
    }
    // Also when it grew by its own lines.
    let place = Place::new();
    place.write("logs/b.log", all.concat());
    assert_eq!(overlaps(&place, &[]), json!([]));
    place.write("logs/b.log", twice.concat());
    let grown = place.run(&["ingest", "logs", "--store", "s.db", "--json"], 0).json();
    assert_eq!((&grown["overlaps"], &grown["sources"]["grown"]), (&alone, &json!(1)));
}

#[test]
fn a_run_refuses_a_log_that_holds_itself_twice() {
    let place = Place::new();
    place.write("logs/b.log", lines("a.com", 1).concat().repeat(2));
    place.write(
        "flowbook.toml",
        "[store]\npath = \"s.db\"\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n[[task]]\n\
         name = \"hour\"\ntype = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-03-01T01:00:00Z\"\n\
         output = \"{name}.xlsx\"\noverlaps = \"refuse\"\n",
    );
    let done = place.run(&["run", "flowbook.toml", "--json"], 3);
    let why = "logs/b.log has nearly every line several times; overlaps are refused";
    assert_eq!(done.json()["tasks"][0]["reason"], why);
    let history = place.run(&["history", "flowbook.toml"], 0).stdout;
    assert!(history.contains("overlap    logs/b.log has nearly every line several times\n"), "{history}");
}

#[test]
fn a_log_whose_lines_are_in_several_others_is_found() {
    let place = Place::new();
    let others = [1, 2, 3].map(|seed| lines("a.com", seed));
    let names = ["logs/1.log", "logs/2.log", "logs/3.log"];
    names.iter().zip(&others).for_each(|(name, lines)| drop(place.write(name, lines.concat())));
    let thirds = [&others[0][..180], &others[1][180..360], &others[2][360..]].concat();
    place.write("logs/all.log", shuffled(&thirds, 2).concat());
    assert_eq!(overlaps(&place, &[]), same("logs/all.log", &names));
}

#[test]
fn many_copies_are_found() {
    let place = Place::new();
    let all = lines("a.com", 1);
    let name = |at: usize| format!("logs/{at:02}.log");
    for at in 0..70 {
        // None begins as another one does.
        let first = line("1/Mar/2026:08:00:01 +0800", "a.com", at as u64);
        place.write(&name(at), first + &shuffled(&all, at).concat());
    }
    let others: Vec<String> = (1..70).map(name).collect();
    let found = overlaps(&place, &[]);
    assert_eq!(found[0]["others"], json!(others), "{found}");
}

#[test]
fn logs_that_share_health_checks_are_left_alone() {
    let place = Place::new();
    let check =
        |second: u64| line(&format!("1/Mar/2026:08:{:02}:{:02} +0800", second / 60, second % 60), "a.com", 2);
    let checks: Vec<String> = (0..3600).step_by(30).map(check).collect();
    for seed in 0..200 {
        let text = shuffled(&[&lines("a.com", 10 + seed)[..], &checks].concat(), 1);
        place.write(&format!("logs/{seed:03}.log"), text.concat());
    }
    assert_eq!(overlaps(&place, &[]), json!([]));
}

/// The same health checks in the logs of two domains, which only their names tell.
#[test]
fn lines_with_only_a_path_are_those_of_their_domain() {
    let bare = |domain: &str| lines(domain, 1).concat().replace(&format!("http://{domain}"), "");
    let name = |domain: &str| format!("logs/{domain}_2026_03_01_080000_090000");
    let place = Place::new();
    place.write(&name("a.com"), bare("a.com"));
    place.write(&name("b.com"), shuffled(&lines("b.com", 1), 2).concat().replace("http://b.com", ""));
    assert_eq!(overlaps(&place, &[]), json!([]));
    // The name of a copy tells the domain, and so does an option.
    place.write(&name("old_b.com"), shuffled(&lines("b.com", 1), 1).concat().replace("http://b.com", ""));
    let copy = place.export(&["logs", "--json", "--force"], 0).json()["counts"]["overlaps"].clone();
    assert_eq!(copy, same(&name("b.com"), &[&name("old_b.com")]));
    let place = Place::new();
    place.write(&name("a.com"), bare("a.com"));
    let mut turned: Vec<String> = bare("a.com").lines().map(|line| format!("{line}\n")).collect();
    turned.reverse();
    place.write("logs/turned.log", turned.concat());
    assert_eq!(overlaps(&place, &["--domain", "a.com"]), same(&name("a.com"), &["logs/turned.log"]));
    let other = place.export(&["logs", "--json", "--force", "--domain", "b.com"], 0);
    assert_eq!(other.json()["counts"]["overlaps"], json!([]));
}
