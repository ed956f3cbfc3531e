//! Clocks that are wrong remove nothing: what is kept is measured by what is there, too.
//!
//! Twenty years are put between the clock and a store by making the store older.

use super::harness::{Place, line};
use flowbook::time::iso;
use serde_json::Value;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

const TWENTY_YEARS: i64 = 20 * 366 * 86_400;

pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

/// A time as logs have it.
pub(crate) fn log_time(unix: i64) -> String {
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = iso(unix);
    let month = months[text[5..7].parse::<usize>().unwrap() - 1];
    format!("{}/{month}/{}:{} +0000", &text[8..10], &text[..4], &text[11..19])
}

fn configure(place: &Place, range: &str, store: &str, output: &str) {
    let text = format!(
        "[store]\npath = \"usage.db\"\n{store}\n[[source]]\npaths = [\"logs\"]\n[output]\nfolder = \"out\"\n{output}\n\
         [[task]]\nname = \"day\"\ntype = \"flow\"\nrange = \"{range}\"\noutput = \"{{start:%Y-%m-%d}}.xlsx\"\n"
    );
    place.write("flowbook.toml", text);
}

fn tick(place: &Place, more: &[&str]) -> Value {
    place.run(&[&["run", "flowbook.toml", "--json"], more].concat(), 0).json()
}

fn log(place: &Place, at: i64) {
    place.write(&format!("logs/{at}.log"), line(&log_time(at), "a.com", 1000));
}

fn removed(json: &Value) -> Vec<String> {
    let name = |path: &Value| path.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    json["removed"].as_array().unwrap().iter().map(name).collect()
}

fn books(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn make_older(place: &Place, seconds: i64) {
    let db = rusqlite::Connection::open(place.path("usage.db")).unwrap();
    db.execute("UPDATE task SET created = created - ?1, updated = updated - ?1", [seconds]).unwrap();
}

/// A workbook of each of the first days of March 2006, made then.
fn place(days: i64) -> Place {
    let place = Place::new();
    for day in 1..=days {
        log(&place, 1_141_171_200 + (day - 1) * 86_400);
        configure(&place, &format!("2006-03-0{day}/2006-03-0{day}"), "", "");
        assert_eq!(tick(&place, &[])["tasks"][0]["state"], "made");
    }
    make_older(&place, TWENTY_YEARS);
    assert_eq!(books(&place).len(), usize::try_from(days).unwrap());
    place
}

#[test]
fn a_clock_that_is_far_ahead_removes_no_workbook() {
    let place = place(3);
    configure(&place, "yesterday", "", "keep_days = 30");
    for more in [&["--dry-run"][..], &[], &[]] {
        let ticked = tick(&place, more);
        assert_eq!(removed(&ticked), <[String; 0]>::default(), "{ticked}");
    }
    assert_eq!(books(&place).len(), 3);
    // Nor does a workbook that such a clock has made.
    configure(&place, "2006-03-04/2006-03-04", "", "keep_days = 30");
    log(&place, 1_141_171_200 + 3 * 86_400);
    assert_eq!((tick(&place, &[])["tasks"][0]["state"].as_str(), books(&place).len()), (Some("made"), 4));
    configure(&place, "yesterday", "", "keep_days = 30");
    assert_eq!((removed(&tick(&place, &[])).len(), books(&place).len()), (0, 4));
}

#[test]
fn what_a_tick_removes_a_dry_run_says() {
    let place = place(3);
    // Usage of yesterday, and its workbook, say that the clock is right.
    log(&place, now() - 86_400);
    configure(&place, "yesterday", "", "keep_days = 30");
    let words = place.run(&["run", "flowbook.toml", "--dry-run"], 0).stdout;
    assert_eq!(words.lines().filter(|line| line.contains("would be removed")).count(), 3, "{words}");
    let told = removed(&tick(&place, &["--dry-run"]));
    assert_eq!(books(&place).len(), 3);
    assert_eq!((removed(&tick(&place, &[])), told.len(), books(&place).len()), (told, 3, 1));
}

#[test]
fn a_dry_run_counts_what_would_be_made() {
    let place = place(3);
    log(&place, 1_141_171_200 + 3 * 86_400);
    configure(&place, "2006-03-04/2006-03-04", "", "keep_last = 2");
    let told = removed(&tick(&place, &["--dry-run"]));
    assert_eq!(told, ["2006-03-02.xlsx", "2006-03-01.xlsx"]);
    assert_eq!(removed(&tick(&place, &[])), told);
    assert_eq!(books(&place), ["2006-03-03.xlsx", "2006-03-04.xlsx"]);
}

#[test]
fn workbooks_that_show_no_usage_displace_none_that_do() {
    let place = place(3);
    // As a clock that is ahead has them: made after a wait that ended, of days that no usage reaches.
    for days in [1, 2, 3] {
        let day = iso(now() - days * 86_400)[..10].to_owned();
        configure(&place, &format!("{day}/{day}"), "", "keep_last = 3");
        let text = fs::read_to_string(place.path("flowbook.toml")).unwrap();
        place.write("flowbook.toml", text + "require_complete = true\nwait_at_most = \"1s\"\n");
        let done = place.run(&["run", "flowbook.toml", "--json"], if days == 0 { 0 } else { 3 }).json();
        assert_eq!((done["tasks"][0]["state"].as_str(), removed(&done).len()), (Some("made"), 0), "{done}");
    }
    assert_eq!(books(&place).len(), 6);
}

#[test]
fn a_clock_that_is_far_ahead_lets_no_usage_go() {
    let place = place(1);
    configure(&place, "yesterday", "keep_days = 40", "");
    for more in [&["--dry-run"][..], &[], &[]] {
        let ticked = tick(&place, more);
        assert_eq!(ticked["let_go"]["cells"].as_u64().unwrap_or(0), 0, "{ticked}");
    }
    // What comes late is kept, too.
    log(&place, 1_141_171_200 - 39 * 86_400);
    assert!(tick(&place, &[]).get("not_kept").is_none_or(Value::is_null));
    // When usage comes of days that are really later, the old goes.
    log(&place, now() - 86_400);
    let ticked = tick(&place, &[]);
    assert_eq!(ticked["let_go"]["cells"], 2, "{ticked}");
}

#[test]
fn a_clock_that_was_ahead_keeps_nothing_for_ever() {
    let place = place(2);
    // Put down by a clock of twenty years from now, which was put right then.
    make_older(&place, -2 * TWENTY_YEARS);
    log(&place, now() - 86_400);
    configure(&place, "yesterday", "", "keep_days = 30");
    assert_eq!(removed(&tick(&place, &[])).len(), 2);
}

#[test]
fn a_workbook_that_is_left_alone_is_said_and_stays_known() {
    let place = place(3);
    log(&place, now() - 86_400);
    configure(&place, "yesterday", "", "keep_days = 30");
    place.write("out/2006-03-02.xlsx", "edited");
    let left = |json: &Value| {
        let left = json["left_alone"].as_array().unwrap();
        assert_eq!(
            (left.len(), &left[0]["why"]),
            (1, &"it was changed since the task made it".into()),
            "{json}"
        );
        assert_eq!(left[0]["TaskId"], "2");
        left[0]["path"].as_str().unwrap().ends_with("out/2006-03-02.xlsx")
    };
    let said =
        "out/2006-03-02.xlsx: is due for removal but was left alone: it was changed since the task made it";
    let run = |more: &[&str]| place.run(&[&["run", "flowbook.toml", "--json"], more].concat(), 0);
    let dry = run(&["--dry-run"]);
    assert!(left(&dry.says(&[said]).json()) && removed(&dry.json()).len() == 2);
    let first = run(&[]);
    assert!(left(&first.says(&[said]).json()) && removed(&first.json()).len() == 2);
    // Its task stays with it, which is said once.
    let second = run(&[]);
    assert!(left(&second.json()) && !second.stderr.contains("left alone"), "{}", second.stderr);
    let shown = place.run(&["task", "show", "2", "--store", "usage.db"], 0).stdout;
    assert!(shown.contains("was left alone: it was changed since the task made it"), "{shown}");
    fs::remove_file(place.path("out/2006-03-02.xlsx")).unwrap();
    assert_eq!(run(&[]).json()["left_alone"].as_array().unwrap().len(), 0);
    place.run(&["task", "show", "2", "--store", "usage.db"], 2);
}
