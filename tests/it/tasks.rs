//! Registered tasks, through the command line: asked for, run, stale, refreshed, listed, deleted.

use super::book::Book;
use super::harness::{Place, line};
use flowbook::contract::request::{Account, ExportRequest, validate};
use flowbook::delivery::intake::Intake;
use flowbook::delivery::{Delivery, deliver};
use flowbook::ingest::Progress;
use flowbook::locale::Language;
use flowbook::region::Region;
use flowbook::report::RejectLimit;
use flowbook::source::{ORIGINS, discover};
use flowbook::store::{AccountId, Lock, Reader, Tasks};
use flowbook::task::coverage::coverage;
use flowbook::task::registry::{AccountStore, MadeFrom, NewTask, Registry};
use flowbook::task::{Task, TaskProgress, run_stored};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(10);

/// A store with one line: 300 bytes for a.com in the first five minutes of 1 March 2026, UTC.
fn place() -> Place {
    let place = Place::new();
    ingest(&place, "first.log", &line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place
}

fn ingest(place: &Place, name: &str, text: &str) {
    place.write(name, text);
    place.run(&["ingest", name, "--store", "u.db", "--quiet"], 0);
}

const DAY: [&str; 6] =
    ["--type", "flow", "--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];

/// Creates a task of the day; gives its id.
fn create(place: &Place, more: &[&str]) -> String {
    let done = place.run(&[&["task", "create", "--store", "u.db"], &DAY[..], more].concat(), 0);
    done.stdout.trim().to_owned()
}

fn task(place: &Place, arguments: &[&str], code: i32) -> Value {
    place.run(&[&["task", arguments[0], "--store", "u.db", "--json"], &arguments[1..]].concat(), code).json()
}

/// The items of the list, without the page around them.
fn items(place: &Place) -> Vec<Value> {
    task(place, &["list"], 0)["UsageDataPerPage"]["Data"]["DataItem"].as_array().unwrap().clone()
}

fn statuses(place: &Place) -> Vec<String> {
    items(place).iter().rev().map(|item| item["Status"].as_str().unwrap().to_owned()).collect()
}

fn total(place: &Place, workbook: &str) -> String {
    Book::open(&place.path(workbook)).beside("Summary", "Total Traffic (bytes)")
}

fn sql(place: &Place, sql: &str) -> i64 {
    let db = rusqlite::Connection::open(place.path("u.db")).unwrap();
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_late_line_makes_a_task_stale_until_it_is_refreshed() {
    let place = place();
    let id = create(&place, &["--output", "out.xlsx", "--task-name", "March 1"]);
    assert_eq!((id.as_str(), statuses(&place)), ("1", vec!["created".to_owned()]));
    assert!(items(&place)[0].get("DownloadUrl").is_none() && !place.exists("out.xlsx"));
    task(&place, &["run"], 0);
    assert_eq!(total(&place, "out.xlsx"), "300");
    assert_eq!(Book::open(&place.path("out.xlsx")).beside("Summary", "Task ID"), "1");

    let item = &items(&place)[0];
    let file = fs::canonicalize(place.path("out.xlsx")).unwrap();
    assert_eq!(item["DownloadUrl"], format!("file://{}", file.display()));
    assert_eq!((&item["TaskId"], &item["TaskName"]), (&json!("1"), &json!("March 1")));
    let config = json!({"StartTime": "2026-03-01T00:00:00Z", "EndTime": "2026-03-02T00:00:00Z"});
    assert_eq!((&item["TaskConfig"], &item["Status"], item.get("Stale")), (&config, &json!("success"), None));

    let late =
        [("08:05", "a.com", 50), ("08:06", "a.com", 1), ("08:10", "a.com", 7), ("09:00", "b.com", 100)];
    let late = late.map(|(at, domain, bytes)| line(&format!("1/Mar/2026:{at}:00 +0800"), domain, bytes));
    // The last one lies outside of the range.
    ingest(&place, "late.log", &(late.concat() + &line("2/Mar/2026:08:00:00 +0800", "a.com", 9)));
    assert_eq!(items(&place)[0]["Stale"], json!({"Windows": 3, "Bytes": 158, "Requests": 4}));
    let shown = task(&place, &["show", "1"], 0);
    let domains = json!([
        {"Domain": "a.com", "Windows": 2, "Bytes": 58, "Requests": 3},
        {"Domain": "b.com", "Windows": 1, "Bytes": 100, "Requests": 1},
    ]);
    let change = |domain: &str, from: &str, until: &str, sum: [i64; 3]| {
        json!({"Domain": domain, "StartTime": format!("2026-03-01T{from}:00Z"), "EndTime": format!("2026-03-01T{until}:00Z"),
               "Windows": sum[0], "Bytes": sum[1], "Requests": sum[2]})
    };
    let changes =
        [change("a.com", "00:05", "00:15", [2, 58, 3]), change("b.com", "01:00", "01:05", [1, 100, 1])];
    assert_eq!((&shown["Stale"]["Domains"], &shown["Stale"]["Changes"]), (&domains, &json!(changes)));
    let text = place.run(&["task", "show", "1", "--store", "u.db"], 0).stdout;
    let run = "2026-03-01T00:05:00Z to 2026-03-01T00:15:00Z  a.com  2 slices, +58 bytes, +3 requests";
    assert!(text.contains(run), "{text}");
    let text = place.run(&["task", "list", "--store", "u.db"], 0).stdout;
    assert!(text.contains("success, stale: 3 slices, +158 bytes, +4 requests"), "{text}");

    assert_eq!(task(&place, &["run"], 0)["Tasks"], json!([]));
    task(&place, &["run", "--refresh"], 0);
    assert_eq!((total(&place, "out.xlsx").as_str(), items(&place)[0].get("Stale")), ("458", None));
    assert_eq!(sql(&place, "SELECT count(*) FROM change"), 0);
    assert_eq!(task(&place, &["run", "--refresh"], 0)["Tasks"], json!([]));
}

#[test]
fn what_is_changed_back_is_not_stale() {
    let place = Place::new();
    let name = "a.com_2026_03_01_080000_090000";
    let text = |bytes| line("1/Mar/2026:08:00:00 +0800", "a.com", bytes);
    ingest(&place, name, &text(300));
    create(&place, &["--output", "out.xlsx"]);
    task(&place, &["run"], 0);
    ingest(&place, name, &text(299));
    assert_eq!(items(&place)[0]["Stale"], json!({"Windows": 1, "Bytes": -1, "Requests": 0}));
    ingest(&place, name, &text(300));
    assert_eq!(items(&place)[0].get("Stale"), None);
    // Other figures than bytes and requests are figures, too.
    ingest(&place, name, &text(300).replace("HIT", "MISS"));
    assert_eq!(items(&place)[0]["Stale"], json!({"Windows": 1, "Bytes": 0, "Requests": 0}));
}

#[test]
fn only_what_a_task_exports_makes_it_stale() {
    let place = place();
    create(&place, &["--output", "a.xlsx", "--domain-names", "a.com"]);
    create(&place, &["--output", "all.xlsx"]);
    create(&place, &["--output", "later.xlsx"]);
    task(&place, &["run", "1", "2"], 0);
    ingest(&place, "late.log", &line("1/Mar/2026:09:00:00 +0800", "b.com", 5));
    let stale: Vec<bool> = items(&place).iter().rev().map(|item| item.get("Stale").is_some()).collect();
    assert_eq!(stale, [false, true, false]);
    let ran = task(&place, &["run", "--refresh"], 0);
    let ids: Vec<&str> =
        ran["Tasks"].as_array().unwrap().iter().map(|t| t["TaskId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["3", "2"]);
    assert_eq!([total(&place, "a.xlsx"), total(&place, "all.xlsx")], ["300", "305"]);
    // The first task still looks at what came behind its workbook, though it is none of its domains.
    assert_eq!(sql(&place, "SELECT count(*) FROM change"), 1);
    task(&place, &["delete", "1"], 0);
    assert_eq!(sql(&place, "SELECT count(*) FROM change"), 0);
}

#[test]
fn nothing_is_kept_for_tasks_that_wait() {
    let place = place();
    create(&place, &["--output", "out.xlsx"]);
    ingest(&place, "more.log", &line("1/Mar/2026:09:00:00 +0800", "a.com", 5));
    assert_eq!(sql(&place, "SELECT count(*) FROM change"), 0);
    task(&place, &["run"], 0);
    assert_eq!(total(&place, "out.xlsx"), "305");
}

#[test]
fn a_change_between_snapshot_and_registration_is_not_lost() {
    let place = place();
    let text = |text: &str| Some(text.to_owned());
    let request = ExportRequest {
        start_time: text(DAY[3]),
        end_time: text(DAY[5]),
        kind: text("flow"),
        ..ExportRequest::default()
    };
    let spec = validate(&request, &Account::default(), Language::EnUs).unwrap();
    let (store, output) = (place.path("u.db"), place.path("out.xlsx"));
    let new =
        NewTask { request: &request, spec: &spec, region: Region::default(), output: &output, plan: None };
    let mut registry =
        Registry::open(AccountStore { path: &store, wait: WAIT, account: AccountId::DEFAULT }).unwrap();
    let registration = registry.register(&new, 0).unwrap();
    let reader = Reader::open(&store, WAIT).unwrap();
    ingest(&place, "late.log", &line("1/Mar/2026:08:01:00 +0800", "a.com", 50));
    let task = Task {
        spec: &spec,
        region: Region::default(),
        threads: 1,
        max_rejects: RejectLimit::DEFAULT,
        require_complete: false,
        output: &output,
        force: false,
        created: 0,
    };
    let exported = run_stored(&task, &reader, &TaskProgress::default()).unwrap().result.unwrap();
    let (generation, found) = (reader.generation().unwrap(), &exported.completeness);
    let hours = &coverage(&reader, &spec.selection, Some(spec.range)).unwrap().hours();
    registry
        .succeed(registration.id, &output, &MadeFrom { generation, digest: None, found, hours }, 0)
        .unwrap();
    assert_eq!(total(&place, "out.xlsx"), "300");
    let record = registry.get(&registration.id.to_string()).unwrap();
    let stale = registry.changes(&record).unwrap().unwrap().total();
    assert_eq!((stale.windows, stale.bytes, stale.requests), (1, 50, 1));
}

#[test]
fn who_works_for_an_account_sees_its_tasks_only_and_adds_logs_of_its_own() {
    let place = place();
    let id = create(&place, &["--output", "out.xlsx"]);
    let path = &place.path("u.db");
    let other = Tasks::open(path, WAIT).unwrap().account("other").unwrap();
    let registry = |account| Registry::open(AccountStore { path, wait: WAIT, account }).unwrap();
    assert_eq!(registry(AccountId::DEFAULT).waiting().unwrap().len(), 1);
    assert!(registry(other).waiting().unwrap().is_empty() && registry(other).get(&id).is_err());
    place.write("other.log", line("1/Mar/2026:08:10:00 +0800", "b.com", 7));
    let delivery = Delivery {
        store: path,
        wait: WAIT,
        account: other,
        work: "test",
        intake: Intake {
            formats: flowbook::log::Formats::default(),
            origins: ORIGINS,
            threads: 1,
            keep_going: false,
            max_rejects: RejectLimit::DEFAULT,
            empty_is_delivered: None,
            keep_rejects: None,
            rejects_of: None,
            verify: false,
            now: 0,
            progress: &Progress::default(),
        },
        max_rejects: RejectLimit::DEFAULT,
        rejects: None,
        results: &[],
        is_scratch: false,
        force: false,
        dry_run: false,
    };
    deliver(discover(&[place.path("other.log")]).unwrap(), &delivery).unwrap();
    let of_other =
        "SELECT count(*) FROM source JOIN account ON account.id = account_id WHERE account.name = 'other'";
    assert_eq!(
        (sql(&place, of_other), sql(&place, "SELECT count(*) FROM source WHERE account_id = 1")),
        (1, 1)
    );
}

#[test]
fn each_task_fails_alone_and_says_why() {
    let place = place();
    fs::create_dir(place.path("gone")).unwrap();
    create(&place, &["--output", "gone/out.xlsx"]);
    create(&place, &["--output", "foreign.xlsx"]);
    create(&place, &["--output", "good.xlsx"]);
    fs::remove_dir(place.path("gone")).unwrap();
    place.write("foreign.xlsx", "not the task's");
    let done = place.run(&["task", "run", "--store", "u.db"], 1);
    done.says(&["task 1: ", "gone/out.xlsx: create its folder first", "task 2: ", "exists already"]);
    assert_eq!(statuses(&place), ["failed", "failed", "success"]);
    let shown = task(&place, &["show", "1"], 0);
    assert!(shown["Reason"].as_str().unwrap().contains("create its folder first"), "{shown}");
    assert_eq!(fs::read(place.path("foreign.xlsx")).unwrap(), b"not the task's");
    // What failed waits for nobody: it is run again by its name.
    assert_eq!(task(&place, &["run"], 0)["Tasks"], json!([]));
    fs::create_dir(place.path("gone")).unwrap();
    task(&place, &["run", "1"], 0);
    task(&place, &["run", "2", "--force"], 0);
    assert_eq!(statuses(&place), ["success", "success", "success"]);
    assert_eq!(task(&place, &["show", "1"], 0)["Reason"], Value::Null);
    assert_eq!([total(&place, "gone/out.xlsx"), total(&place, "foreign.xlsx")], ["300", "300"]);
}

#[test]
fn a_workbook_that_was_changed_is_nobodys() {
    let place = place();
    create(&place, &["--output", "out.xlsx"]);
    task(&place, &["run"], 0);
    let mut bytes = fs::read(place.path("out.xlsx")).unwrap();
    bytes.push(0);
    place.write("out.xlsx", &bytes);
    ingest(&place, "late.log", &line("1/Mar/2026:08:01:00 +0800", "a.com", 50));
    let ran = task(&place, &["run", "--refresh"], 1);
    assert!(ran["Tasks"][0]["Reason"].as_str().unwrap().contains("exists already"), "{ran}");
    // Its changes are kept, so the next refresh tries again.
    assert_eq!(items(&place)[0]["Stale"]["Bytes"], 50);
    place.run(&["task", "delete", "1", "--store", "u.db"], 0).says(&["out.xlsx: the file was left alone"]);
    assert!(place.exists("out.xlsx") && items(&place).is_empty());
}

#[test]
fn deleting_removes_the_workbook_and_ids_are_never_used_again() {
    let place = place();
    create(&place, &["--output", "one.xlsx"]);
    create(&place, &["--output", "two.xlsx"]);
    task(&place, &["run"], 0);
    let refused = task(&place, &["delete", "2", "7"], 2);
    assert_eq!(refused["Code"], "InvalidParameter");
    assert!(refused["Recommend"].as_str().unwrap().contains("TaskId is \"7\""), "{refused}");
    assert_eq!(items(&place).len(), 2);
    let deleted = task(&place, &["delete", "2", "2"], 0);
    assert_eq!(deleted["Tasks"].as_array().unwrap().len(), 1);
    assert_eq!((&deleted["Tasks"][0]["Workbook"], place.exists("two.xlsx")), (&json!("removed"), false));
    assert!(place.exists("one.xlsx"));
    for id in ["2", "02", "x", "", "-1", "99999999999999999999"] {
        assert_eq!(task(&place, &["show", "--", id], 2)["Code"], "InvalidParameter", "{id}");
    }
    assert_eq!(create(&place, &["--output", "three.xlsx"]), "3");
    assert_eq!(task(&place, &["delete", "3"], 0)["Tasks"][0]["Workbook"], "none");
}

#[test]
fn lists_come_in_pages() {
    let place = place();
    let empty = task(&place, &["list"], 0);
    let page = json!({"PageSize": 20, "PageNumber": 1, "TotalCount": 0, "Data": {"DataItem": []}});
    assert_eq!(empty["UsageDataPerPage"], page);
    for number in 1..=23 {
        create(&place, &["--output", &format!("{number}.xlsx")]);
    }
    let ids = |more: &[&str]| {
        let page = task(&place, &[&["list"], more].concat(), 0)["UsageDataPerPage"].clone();
        let items = page["Data"]["DataItem"].as_array().unwrap().clone();
        let id = |item: &Value| item["TaskId"].as_str().unwrap().parse::<u32>().unwrap();
        (page["TotalCount"].as_u64().unwrap(), items.len(), items.first().map(id), items.last().map(id))
    };
    assert_eq!(ids(&[]), (23, 20, Some(23), Some(4)));
    assert_eq!(ids(&["--page-size", "10", "--page-number", "3"]), (23, 3, Some(3), Some(1)));
    assert_eq!(ids(&["--page-size", "50"]), (23, 23, Some(23), Some(1)));
    assert_eq!(ids(&["--page-size", "1", "--page-number", "100000"]), (23, 0, None, None));
    for (flag, name) in [("--page-size", "PageSize"), ("--page-number", "PageNumber")] {
        for wrong in ["0", "-1", "100001", "ten", "1.5", "+1"] {
            let refused = task(&place, &["list", flag, wrong], 2);
            assert_eq!(refused["Code"], "InvalidParameter");
            assert!(refused["Recommend"].as_str().unwrap().starts_with(name), "{refused}");
        }
    }
    task(&place, &["list", "--page-size", "51"], 2);
    // What was asked for long ago is listed only when all is.
    let db = rusqlite::Connection::open(place.path("u.db")).unwrap();
    db.execute("UPDATE task SET created = created - 93 * 86400 WHERE id <= 20", []).unwrap();
    assert_eq!(ids(&[]), (3, 3, Some(23), Some(21)));
    assert_eq!(ids(&["--all"]), (23, 20, Some(23), Some(4)));
}

#[test]
fn a_task_means_what_it_meant_when_it_was_asked_for() {
    let place = place();
    ingest(&place, "b.log", &line("1/Mar/2026:08:00:00 +0800", "b.com", 5));
    place.write("c.toml", "[account]\ndomains = [\"a.com\", \"*.com\"]\n[groups]\nshop = [\"a.com\"]\n");
    let more = ["--config", "c.toml", "--group", "shop", "--output", "out.xlsx", "--language", "en-us"];
    let more = [&more[..], &["--time-zone", "Asia/Shanghai", "--operator", "me", "--traffic-factor", "1.5"]]
        .concat();
    create(&place, &more);
    place.write("c.toml", "[account]\nstatus = \"suspended\"\ndomains = [\"b.com\"]\n");
    let shown = task(&place, &["show", "1"], 0);
    assert_eq!((&shown["Account"], &shown["Domains"]), (&json!(["a.com", "*.com"]), &json!(["a.com"])));
    let parameters = json!({
        "StartTime": DAY[3], "EndTime": DAY[5], "Type": "flow", "Group": "shop", "Language": "en-us",
        "TimeZone": "Asia/Shanghai", "Operator": "me", "TrafficFactor": "1.5",
    });
    assert_eq!(shown["Parameters"], parameters);
    task(&place, &["run"], 0);
    let mut book = Book::open(&place.path("out.xlsx"));
    assert_eq!(book.beside("Summary", "Total Traffic (bytes)"), "450");
    assert_eq!(book.beside("Summary", "Scope"), "Group: shop");
}

#[test]
fn requests_are_judged_when_tasks_are_created() {
    let place = Place::new();
    let create = |more: &[&str], code: i32| {
        let arguments = ["task", "create", "--store", "u.db", "--json", "--output", "out.xlsx"];
        place.run(&[&arguments, &DAY[2..], more].concat(), code).json()
    };
    assert_eq!(create(&["--type", "none"], 2)["Code"], "InvalidParameter");
    assert!(!place.exists("u.db"));
    let made = create(&["--type", "vas"], 0);
    assert_eq!((&made["TaskId"], &made["StartTime"]), (&json!("1"), &json!("2026-03-01T00:00:00Z")));
    assert_eq!(
        (&made["EndTime"], made["RequestId"].as_str().unwrap().len()),
        (&json!("2026-03-02T00:00:00Z"), 36)
    );
    // Two tasks for one file cannot both be meant.
    assert!(create(&["--type", "vas"], 2)["Recommend"].as_str().unwrap().contains("workbook of task 1"));
    place.write("short.toml", "[account]\nhistory_days = 1\n");
    assert_eq!(create(&["--type", "vas", "--config", "short.toml"], 2)["Code"], "InvalidParameterStartTime");
    place.write("out.xlsx", "");
    assert!(create(&["--type", "vas"], 2)["Recommend"].as_str().unwrap().contains("exists already"));
    let none = place.run(&["task", "list", "--store", "none.db"], 2);
    none.says(&["none.db: there is no store here"]);
}

#[test]
fn exports_from_the_store_are_registered() {
    let place = place();
    place.export(&["first.log"], 0);
    let direct = fs::read(place.path("out.xlsx")).unwrap();
    let id = |more: &[&str]| {
        place.export(&[&["--store", "u.db", "--json", "--force"], more].concat(), 0).json()["TaskId"].clone()
    };
    assert_eq!((id(&[]), fs::read(place.path("out.xlsx")).unwrap() == direct), (json!("1"), true));
    assert_eq!((id(&[]), statuses(&place)), (json!("1"), vec!["success".to_owned()]));
    assert_eq!(total(&place, "out.xlsx"), "300");
    // Another request to the same place takes it from the first task.
    assert_eq!(id(&["--time-zone", "+08:00"]), json!("2"));
    let items = items(&place);
    assert!(items[0].get("DownloadUrl").is_some() && items[1].get("DownloadUrl").is_none(), "{items:?}");
    let reason = task(&place, &["show", "1"], 0)["Reason"].clone();
    assert_eq!(reason, "the workbook of task 2 has taken the place of this one");
    ingest(&place, "late.log", &line("1/Mar/2026:08:01:00 +0800", "a.com", 50));
    let refreshed = place.run(&["export", "--store", "u.db", "--refresh", "--json"], 0).json();
    assert_eq!(refreshed["Tasks"].as_array().unwrap().len(), 1);
    assert_eq!((&refreshed["Tasks"][0]["TaskId"], total(&place, "out.xlsx").as_str()), (&json!("2"), "350"));
    place.write("later.log", line("1/Mar/2026:08:02:00 +0800", "a.com", 1));
    place.run(&["export", "later.log", "--store", "u.db", "--refresh"], 0);
    assert_eq!(total(&place, "out.xlsx"), "351");
    place.run(&["export", "--store", "u.db", "--refresh", "--type", "flow"], 2);
    // What comes to nothing is no task.
    place.run(&[&["export", "--store", "u.db", "--output", "gone/out.xlsx"], &DAY[..]].concat(), 1);
    assert_eq!(statuses(&place), ["success", "success"]);
}

#[test]
fn no_workbook_is_made_again_with_fewer_hours() {
    let place = place();
    ingest(&place, "second.log", &line("1/Mar/2026:09:00:00 +0800", "a.com", 500));
    create(&place, &["--task-name", "b", "--output", "b.xlsx"]);
    task(&place, &["run"], 0);
    place.run(&[&["export", "--store", "u.db", "--output", "c.xlsx"], &DAY[..]].concat(), 0);
    let before = ["b.xlsx", "c.xlsx"].map(|name| fs::read(place.path(name)).unwrap());
    place.run(&["store", "forget", "second.log", "--store", "u.db"], 0);
    let commands: [&[&str]; 4] = [
        &["task", "run", "--refresh", "--store", "u.db"],
        &["task", "run", "1", "--store", "u.db"],
        &["task", "run", "2", "--store", "u.db"],
        &["export", "--refresh", "--store", "u.db"],
    ];
    for command in commands {
        place.run(command, 3).says(&["a.com has 1 hour with a log, 2 when the workbook was made", "is kept"]);
        assert!(
            ["b.xlsx", "c.xlsx"].map(|name| fs::read(place.path(name)).unwrap()) == before,
            "{command:?}"
        );
    }
    // Other logs of the same hours will do.
    ingest(&place, "third.log", &line("1/Mar/2026:09:30:00 +0800", "a.com", 700));
    task(&place, &["run", "--refresh"], 0);
    assert_eq!([total(&place, "b.xlsx"), total(&place, "c.xlsx")], ["1000", "1000"]);
    place.run(&["store", "forget", "third.log", "--store", "u.db"], 0);
    place.run(&["task", "run", "1", "--force", "--store", "u.db"], 0);
    assert_eq!([total(&place, "b.xlsx"), total(&place, "c.xlsx")], ["300", "1000"]);
}

#[test]
fn a_store_that_is_held_still_exports() {
    let place = place();
    let path = place.path("u.db");
    let _lock = Lock::take(&path, WAIT, "flowbook ingest").unwrap();
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let done = place.export(&["--store", "u.db", "--lock-timeout", "50ms"], 0);
    let holder = format!("the store is held by process {}, flowbook ingest", std::process::id());
    done.says(&["the workbook is complete, but it could not be registered as a task: ", &holder]);
    assert_eq!(total(&place, "out.xlsx"), "300");
    let create = [&["task", "create", "--store", "u.db", "--lock-timeout", "50ms"], &DAY[..]].concat();
    place.run(&create, 1).says(&[&holder]);
    drop(writer);
    assert!(items(&place).is_empty());
    // The lock keeps out those who take logs in, not tasks.
    self::create(&place, &["--output", "two.xlsx"]);
}

#[cfg(unix)]
#[test]
fn a_workbook_written_by_a_link_takes_the_place_of_the_one_behind_it() {
    let place = place();
    ingest(&place, "more.log", &line("1/Mar/2026:09:00:00 +0800", "a.com", 5));
    create(&place, &["--output", "out.xlsx"]);
    task(&place, &["run"], 0);
    let id = create(&place, &["--output", "link.xlsx"]);
    std::os::unix::fs::symlink("out.xlsx", place.path("link.xlsx")).unwrap();
    place.run(&["store", "forget", "--store", "u.db", "more.log"], 0);
    // What stands behind the link is not made worse.
    place.run(&["task", "run", "--store", "u.db"], 3).says(&["the present workbook is kept"]);
    place.run(&["task", "run", &id, "--store", "u.db", "--force"], 0);
    let first = task(&place, &["show", "1"], 0);
    let reason = format!("the workbook of task {id} has taken the place of this one");
    assert_eq!(first["Reason"], json!(reason), "{first}");
}
