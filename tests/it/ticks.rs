//! `flowbook run`: a tick does what is left to do, once, whatever came between.

use super::book::Book;
use super::harness::{Place, gzip, line};
use serde_json::Value;
use std::fs::{self, File};
use std::thread;
use std::time::Instant;

/// Three hours of a day, a file of ten lines of 1000 bytes each.
fn place(tasks: &str) -> Place {
    let place = Place::new();
    (8..11).for_each(|hour| hour_file(&place, hour, 10));
    configure(&place, tasks);
    place
}

fn hour_file(place: &Place, hour: u32, lines: u32) {
    let one = |n: u32| line(&format!("1/Mar/2026:{hour:02}:{:02}:00 +0800", n % 60), "a.com", 1000);
    let text: String = (0..lines).map(one).collect();
    let name = format!("logs/a.com_2026_03_01_{hour:02}0000_{:02}0000.gz", hour + 1);
    place.write(&name, gzip(text.as_bytes()));
}

fn configure(place: &Place, tasks: &str) {
    let text = format!(
        "[store]\npath = \"usage.db\"\nlock_timeout = \"1s\"\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n{tasks}"
    );
    place.write("flowbook.toml", text);
}

/// A task over the hours of 1 March from 0 o'clock UTC on, that is from 8 o'clock in the files' zone.
fn task(name: &str, until: u32, more: &str) -> String {
    format!(
        "[[task]]\nname = \"{name}\"\ntype = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-03-01T{until:02}:00:00Z\"\n\
         output = \"{{name}}.xlsx\"\n{more}\n"
    )
}

fn tick(place: &Place, code: i32) -> Value {
    let done = place.run(&["run", "flowbook.toml", "--json"], code);
    assert_eq!(done.stdout.lines().count(), 1, "one line");
    done.json()
}

fn states(json: &Value) -> Vec<String> {
    let tasks = json["tasks"].as_array().unwrap().iter();
    tasks
        .map(|task| format!("{} {}", task["TaskName"].as_str().unwrap(), task["state"].as_str().unwrap()))
        .collect()
}

fn traffic(place: &Place, name: &str) -> u64 {
    let rows = Book::open(&place.path(name)).detail();
    rows.iter().map(|row| row[3].parse::<u64>().unwrap()).sum()
}

#[test]
fn a_second_tick_has_nothing_to_do() {
    let place = place(&(task("first", 2, "") + &task("all", 3, "")));
    let trial = place.run(&["run", "flowbook.toml", "--json", "--dry-run"], 0).json();
    assert_eq!(
        (&trial["sources"]["added"], place.names()),
        (&3.into(), vec!["flowbook.toml".into(), "logs".into()])
    );
    let first = tick(&place, 0);
    assert_eq!(states(&first), ["first made", "all made"]);
    assert_eq!((traffic(&place, "out/first.xlsx"), traffic(&place, "out/all.xlsx")), (20_000, 30_000));
    let before = fs::read(place.path("out/all.xlsx")).unwrap();
    let second = tick(&place, 0);
    assert_eq!((&second["nothing_to_do"], &second["sources"]["known"]), (&true.into(), &3.into()));
    assert_eq!(states(&second), ["first up_to_date", "all up_to_date"]);
    assert!(fs::read(place.path("out/all.xlsx")).unwrap() == before);
    let words = place.run(&["run", "flowbook.toml"], 0).stdout;
    assert!(words.contains("nothing to do"), "{words}");
    fs::remove_file(place.path("out/all.xlsx")).unwrap();
    assert_eq!(states(&tick(&place, 0)), ["first up_to_date", "all made"]);
}

#[test]
fn what_changed_is_made_again_unless_it_is_to_stay() {
    let place = place(&(task("follows", 3, "") + &task("stays", 3, "refresh = false")));
    tick(&place, 0);
    hour_file(&place, 9, 14);
    let ticked = tick(&place, 0);
    assert_eq!(ticked["sources"]["grown"], 1);
    assert_eq!(states(&ticked), ["follows made", "stays up_to_date"]);
    assert_eq!((traffic(&place, "out/follows.xlsx"), traffic(&place, "out/stays.xlsx")), (34_000, 30_000));
    // Another form of a task takes the place of its own workbook.
    configure(&place, &task("follows", 3, "language = \"zh-cn\""));
    assert_eq!(states(&tick(&place, 0)), ["follows made"]);
    assert!(Book::open(&place.path("out/follows.xlsx")).sheets()[0] != "Summary");
    assert_eq!(states(&tick(&place, 0)), ["follows up_to_date"]);
}

#[test]
fn a_task_waits_until_its_hours_are_there_and_settled() {
    let place =
        place(&(task("whole", 4, "require_complete = true") + &task("later", 3, "settle = \"300d\"")));
    let first = tick(&place, 0);
    assert_eq!(states(&first)[0], "whole waits");
    assert!(first["tasks"][0]["reason"].as_str().unwrap().contains("2026-03-01T03:00:00Z"), "{first}");
    hour_file(&place, 11, 1);
    assert_eq!(states(&tick(&place, 0))[0], "whole made");
    assert_eq!(traffic(&place, "out/whole.xlsx"), 31_000);
}

#[test]
fn old_workbooks_go_with_their_tasks() {
    let place = place(&task("one", 3, "").replace("{name}", "{name}-{end}"));
    tick(&place, 0);
    let keep_one = |until| task("one", until, "").replace("{name}", "{name}-{end}");
    let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
    let text = text.replace("folder = \"out\"", "folder = \"out\"\nkeep_last = 1");
    place.write("flowbook.toml", text.split("[[task]]").next().unwrap().to_owned() + &keep_one(2));
    // The newest range is kept, and the one that is asked for now.
    let second = tick(&place, 0);
    assert_eq!((states(&second), second["removed"].as_array().unwrap().len()), (vec!["one made".into()], 0));
    place.write("flowbook.toml", text.split("[[task]]").next().unwrap().to_owned() + &keep_one(1));
    let third = tick(&place, 0);
    assert_eq!(third["removed"].as_array().unwrap().len(), 1, "{third}");
    let left: Vec<_> = fs::read_dir(place.path("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_task_that_fails_fails_alone() {
    let place = place(&(task("good", 3, "") + &task("bad", 3, "")));
    place.write("out/bad.xlsx", "a file of somebody else");
    let done = place.run(&["run", "flowbook.toml", "--json"], 1);
    done.says(&["task bad", "exists already"]);
    assert_eq!(states(&done.json()), ["good made", "bad failed"]);
    assert_eq!(fs::read_to_string(place.path("out/bad.xlsx")).unwrap(), "a file of somebody else");
    fs::remove_file(place.path("out/bad.xlsx")).unwrap();
    assert_eq!(states(&tick(&place, 0)), ["good up_to_date", "bad made"]);
}

#[test]
fn one_tick_at_a_time() {
    let place = place(&task("one", 3, ""));
    let held = File::create(place.path("usage.db.run.lock")).unwrap();
    held.lock().unwrap();
    place.run(&["run", "flowbook.toml"], 1).says(&["held by", "--lock-timeout"]);
    drop(held);
    tick(&place, 0);
}

#[test]
fn mistakes_are_found_before_any_work() {
    let place = place(&task("one", 3, ""));
    for (mistake, message) in [
        (task("one", 3, "langauge = \"en-us\""), "langauge"),
        (task("one", 3, "") + &task("one", 2, ""), "one"),
        (task("one", 3, "").replace("flow", "flows"), "flows"),
        (task("one", 3, "").replace("{name}", "../{name}"), ".."),
        (task("one", 3, "settle = \"soon\""), "soon"),
    ] {
        configure(&place, &mistake);
        place.run(&["run", "flowbook.toml"], 2).says(&["flowbook.toml", message]);
    }
    place.run(&["run", "nowhere.toml"], 2).says(&["nowhere.toml"]);
    assert_eq!(place.names(), ["flowbook.toml", "logs"]);
    place.write("logs/bad.gz", &gzip(b"a line that is cut off")[..20]);
    configure(&place, &("[ingest]\nkeep_going = false\n".to_owned() + &task("one", 3, "")));
    place.run(&["run", "flowbook.toml"], 1).says(&["bad.gz"]);
    assert!(!place.exists("out"));
    configure(&place, &task("one", 3, ""));
    // A third of its lines is none: no fault of the file, but more than is allowed.
    let good = line("1/Mar/2026:12:00:00 +0800", "a.com", 1);
    place.write("logs/bad.gz", gzip(format!("{good}{good}no log line\n").repeat(3000).as_bytes()));
    place.run(&["run", "flowbook.toml"], 3).says(&["no log line", "rejected"]);
    assert!(!place.exists("out"));
}

#[cfg(unix)]
#[test]
fn a_tick_that_was_killed_is_made_up_for() {
    let names: Vec<String> = (0..6).map(|n| format!("t{n}")).collect();
    let tasks: String = names.iter().map(|name| task(name, 23, "")).collect();
    let whole = place(&tasks);
    let begun = Instant::now();
    tick(&whole, 0);
    let took = begun.elapsed();
    let (mut killed, rounds) = (0, 8);
    for round in 0..rounds {
        let place = place(&tasks);
        let mut child = place.command().args(["run", "flowbook.toml", "--quiet"]).spawn().unwrap();
        thread::sleep(took * round / rounds);
        let _ = child.kill();
        killed += u32::from(!child.wait().unwrap().success());
        tick(&place, 0);
        for name in &names {
            let name = format!("out/{name}.xlsx");
            assert!(
                fs::read(place.path(&name)).unwrap() == fs::read(whole.path(&name)).unwrap(),
                "{name}, killed in round {round}"
            );
        }
        assert_eq!(tick(&place, 0)["nothing_to_do"], true);
    }
    assert!(killed > 0, "no tick was killed before its end");
}

/// Between the workbook's name and the store's note of it a kill may come: the next tick knows the file for its own.
#[test]
fn a_workbook_that_was_not_put_down_is_the_ticks_own() {
    let place = place(&task("one", 3, ""));
    tick(&place, 0);
    let db = rusqlite::Connection::open(place.path("usage.db")).unwrap();
    let undone = "UPDATE task SET status = 'created', size = NULL, modified = NULL, generation = 0, claimed = 1, digest = NULL";
    let hash: Vec<u8> = db.query_row("SELECT digest FROM task", [], |row| row.get(0)).unwrap();
    db.execute_batch(undone).unwrap();
    place.run(&["run", "flowbook.toml"], 1).says(&["exists already"]);
    db.execute_batch(undone).unwrap();
    db.execute("UPDATE task SET sealed = ?", [hash]).unwrap();
    assert_eq!(states(&tick(&place, 0)), ["one made"]);
    assert_eq!(states(&tick(&place, 0)), ["one up_to_date"]);
}

/// What a task waited for may come when its range has moved on, here by another file of the configuration.
#[test]
fn what_waits_is_made_when_its_range_has_moved_on() {
    let rule = |day: u32| {
        let range = format!("range = \"2026-03-0{day}T00:00:00Z/2026-03-0{day}T02:00:00Z\"");
        format!("[[task]]\nname = \"daily\"\ntype = \"flow\"\n{range}\nrequire_complete = true\n")
    };
    let place = place(&rule(1));
    fs::remove_file(place.path("logs/a.com_2026_03_01_090000_100000.gz")).unwrap();
    assert_eq!(states(&tick(&place, 0)), ["daily waits"]);
    configure(&place, &rule(2));
    assert_eq!(states(&tick(&place, 0)), ["daily waits", "daily waits"]);
    hour_file(&place, 9, 10);
    assert_eq!(states(&tick(&place, 0)), ["daily waits", "daily made"]);
    assert_eq!(traffic(&place, "out/daily_flow_2026-03-01.xlsx"), 20_000);
    assert_eq!(states(&tick(&place, 0)), ["daily waits"]);
}

/// A trial says what the tick would do with what it would take in.
#[test]
fn a_trial_sees_what_it_would_take_in() {
    let place = place(&task("one", 3, ""));
    tick(&place, 0);
    hour_file(&place, 9, 14);
    let before = fs::read(place.path("usage.db")).unwrap();
    let trial = place.run(&["run", "flowbook.toml", "--json", "--dry-run"], 0).json();
    assert_eq!((states(&trial), &trial["sources"]["grown"]), (vec!["one due".into()], &1.into()));
    assert!(fs::read(place.path("usage.db")).unwrap() == before);
    assert_eq!(traffic(&place, "out/one.xlsx"), 30_000);
}

#[test]
fn a_glob_may_match_nothing_between_deliveries() {
    let place = place(&task("one", 3, ""));
    let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
    place.write("flowbook.toml", text.replace("[\"logs\"]", "[\"logs\", \"spool/*.gz\"]"));
    assert_eq!(states(&tick(&place, 0)), ["one made"]);
}

/// A file that every range of a task is written to holds the range of now, whatever changes in those before.
#[test]
fn one_file_for_all_ranges_holds_the_latest() {
    let rule = |from: u32, until: u32| {
        let range = format!("range = \"2026-03-01T{from:02}:00:00Z/2026-03-01T{until:02}:00:00Z\"");
        format!("[[task]]\nname = \"daily\"\ntype = \"flow\"\n{range}\noutput = \"daily.xlsx\"\n")
    };
    let place = place(&rule(0, 1));
    assert_eq!(states(&tick(&place, 0)), ["daily made"]);
    assert_eq!(traffic(&place, "out/daily.xlsx"), 10_000);
    hour_file(&place, 8, 17);
    hour_file(&place, 9, 12);
    configure(&place, &rule(1, 2));
    let second = tick(&place, 0);
    assert_eq!(states(&second), ["daily made"]);
    assert_eq!(traffic(&place, "out/daily.xlsx"), 12_000);
    assert_eq!(second["removed"].as_array().unwrap().len(), 0);
    assert_eq!(states(&tick(&place, 0)), ["daily up_to_date"]);
    let list = place.run(&["task", "list", "--store", "usage.db", "--json"], 0).json();
    assert_eq!(
        list["UsageDataPerPage"]["TotalCount"], 1,
        "the task of the range before is gone with its file"
    );
}

/// The store and what lies beside it are no logs, and a log that two rules find is the first one's.
#[test]
fn a_store_among_its_logs_and_rules_that_overlap() {
    let place = place(&task("one", 3, ""));
    let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
    let text = text
        .replace("\"usage.db\"", "\"logs/usage.db\"")
        .replace("[\"logs\"]", "[\"logs\"]\nregion = \"CN\"");
    let other = "[[source]]\npaths = [\"./logs/../logs\"]\nregion = \"NA\"\n[output]";
    place.write("flowbook.toml", text.replace("[output]", other));
    assert_eq!(tick(&place, 0)["sources"]["added"], 3);
    let second = tick(&place, 0);
    assert_eq!((&second["nothing_to_do"], &second["sources"]["known"]), (&true.into(), &3.into()));
    let rows = Book::open(&place.path("out/one.xlsx")).detail();
    assert!(rows.iter().all(|row| row[2] == "CN"));
}

#[test]
fn a_configuration_is_never_cut() {
    let place = place(&("#".repeat(17 << 20) + "\n" + &task("one", 3, "")));
    place.run(&["run", "flowbook.toml"], 2).says(&["too long"]);
}

/// The file is that of another task as soon as a setting is another one: what it says is asked of the file, not of who made
/// one there once.
#[test]
fn a_setting_that_is_changed_back_makes_its_own_workbook_again() {
    for setting in [
        "traffic_factor = \"2\"",
        "bill_type = \"month_95\"",
        "fold = [\"*.com\"]",
        "domain_names = [\"a.com\"]",
        "language = \"zh-cn\"",
    ] {
        let place = place(&task("one", 3, ""));
        let book = |place: &Place| fs::read(place.path("out/one.xlsx")).unwrap();
        assert_eq!(states(&tick(&place, 0)), ["one made"]);
        let first = book(&place);
        configure(&place, &task("one", 3, setting));
        assert_eq!(states(&tick(&place, 0)), ["one made"], "{setting}");
        assert!(book(&place) != first, "{setting}");
        configure(&place, &task("one", 3, ""));
        let back = tick(&place, 0);
        assert_eq!(
            (states(&back), back["tasks"][0]["reason"].as_str()),
            (vec!["one made".to_owned()], Some("displaced")),
            "{setting}"
        );
        assert!(book(&place) == first, "{setting}");
        assert_eq!(states(&tick(&place, 0)), ["one up_to_date"], "{setting}");
        // Of two tasks of one file, one has it.
        let list = place.run(&["task", "list", "--store", "usage.db"], 0).stdout;
        assert_eq!((list.matches("one.xlsx").count(), list.matches("displaced").count()), (1, 1), "{list}");
        // What changes is made again in the form that stands there, also when its range is another one's.
        hour_file(&place, 9, 14);
        configure(&place, &task("one", 2, "").replace("{name}", "{name}-{end}"));
        assert_eq!(tick(&place, 0)["tasks"].as_array().unwrap().len(), 2, "{setting}");
        assert_eq!(traffic(&place, "out/one.xlsx"), 34_000, "{setting}");
    }
}

#[test]
fn what_was_rejected_is_told_with_the_files_that_have_most_of_it() {
    let place = place(&task("one", 3, ""));
    let text = line("1/Mar/2026:08:00:00 +0800", "a.com", 7).repeat(40);
    place.write("logs/many.log", format!("{text}not a line\nnor this one\n"));
    let words = place.run(&["run", "flowbook.toml"], 0).stdout;
    assert!(words.contains("rejected") && words.contains("2 of 72 lines"), "{words}");
    assert!(words.contains("2  ") && words.contains("logs/many.log"), "{words}");
    place.write("logs/more.log", format!("{text}{text}not a line\n"));
    let json = tick(&place, 0);
    assert_eq!(json["counts"]["rejected"], 1);
    assert_eq!(json["most_rejected"][0]["rejected"], 1, "{json}");
}

#[test]
fn what_a_first_tick_has_nothing_of_it_does_not_say() {
    let place = place(&task("one", 3, ""));
    let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
    place.write("flowbook.toml", text.replace("[[source]]", "keep_days = 900\n[[source]]"));
    let words = place.run(&["run", "flowbook.toml"], 0).stdout;
    assert!(!words.contains("let go"), "{words}");
    // A file that is gone is no hour that is missing.
    fs::remove_file(place.path("out/one.xlsx")).unwrap();
    let words = place.run(&["run", "flowbook.toml"], 0).stdout;
    assert!(words.contains("made: its file was missing"), "{words}");
}
