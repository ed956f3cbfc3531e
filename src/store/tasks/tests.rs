//! Tasks go in and come out as they are; what is kept for them is what they need.

use super::*;
use crate::domain::{Domain, DomainSet};
use crate::store::schema::MIGRATIONS;
use crate::store::watch::Watch;
use crate::store::{KEPT_TICKS, PastTick, Reader};
use crate::time::Window;
use crate::usage::Usage;

const WAIT: Duration = Duration::from_secs(5);

fn order(windows: (u32, u32), output: &str) -> Order {
    let set = |texts: &[&str]| DomainSet::from_texts(texts.iter().copied()).unwrap();
    Order {
        name: Some("odd \u{1F4A7}\n'name'".into()),
        parameters: [("Type".to_owned(), "flow".to_owned()), ("Group".into(), String::new())].into(),
        asked: (i64::from(windows.0) * 300 + 1, i64::from(windows.1) * 300 - 1),
        range: TimeRange::covering(i64::from(windows.0) * 300, i64::from(windows.1) * 300).unwrap(),
        selection: Selection { account: set(&["a.com", "*.b.com"]), wanted: DomainSet::all() },
        language: Language::ZhCn,
        region: Region::Eu,
        output: output.into(),
        plan: Some("daily".into()),
    }
}

fn opened(dir: &tempfile::TempDir) -> Tasks {
    Tasks::open_or_make(&dir.path().join("u.db"), WAIT, "test").unwrap()
}

fn made(generation: i64) -> End {
    made_with(generation, Logged::default(), BTreeMap::new())
}

fn made_with(generation: i64, logged: Logged, hours: BTreeMap<Domain, u64>) -> End {
    let workbook = Workbook { size: 5, modified: 6 };
    End::Success(Made { generation, workbook, digest: Some([7; 32]), logged, hours })
}

#[test]
fn what_goes_in_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let mut order = order((10, 20), "/out/a.xlsx");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        order.output = std::ffi::OsString::from_vec(b"/out/\xff.xlsx".to_vec()).into();
    }
    let id = tasks.create(&order, 77, Spot::of).unwrap().unwrap();
    let task = tasks.get(id).unwrap().unwrap();
    assert_eq!((task.order, task.status, task.created), (order.clone(), Status::Created, 77));
    assert_eq!((task.generation, task.workbook, task.reason), (None, None, None));
    let none = Selection { account: DomainSet::default(), wanted: DomainSet::default() };
    let bare = Order {
        name: None,
        parameters: BTreeMap::new(),
        selection: none,
        plan: None,
        output: "/out/b.xlsx".into(),
        ..order
    };
    let second = tasks.create(&bare, 78, Spot::of).unwrap().unwrap();
    assert_eq!(tasks.get(second).unwrap().unwrap().order, bare);
    assert_eq!(tasks.of_plan("daily").unwrap().len(), 1);
}

#[test]
fn each_account_has_tasks_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let own = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    let other = tasks.account("other").unwrap();
    assert_eq!((tasks.account("other").unwrap(), tasks.account("").unwrap()), (other, AccountId::DEFAULT));
    let mut others = opened(&dir).for_account(other);
    let theirs = others.create(&order((10, 20), "/out/b.xlsx"), 2, Spot::of).unwrap().unwrap();
    let seen = |tasks: &mut Tasks, hidden: TaskId, output: &str| {
        assert!(tasks.get(hidden).unwrap().is_none() && !tasks.delete(hidden).unwrap());
        assert!(tasks.with_output(Path::new(output)).unwrap().is_empty());
        let (page, count) = tasks.page(0, 0, 10).unwrap();
        assert_eq!((page.len() as u64, tasks.waiting().unwrap().len() as u64), (count, count));
        assert_eq!(tasks.of_plan("daily").unwrap().len() as u64, count);
        page.iter().map(|task| task.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(&mut tasks, theirs, "/out/b.xlsx"), [own]);
    assert_eq!(seen(&mut others, own, "/out/a.xlsx"), [theirs]);
    // The same order of another account is another task; a file is the same one for all.
    let (run, is_new) = others.register_running(&order((10, 20), "/out/a.xlsx"), 3).unwrap();
    assert!(is_new && run != own);
    assert_eq!(others.create(&order((10, 20), "/out/a.xlsx"), 4, Spot::of).unwrap(), Err(own));
}

#[test]
fn runs_end_in_success_or_failure() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let id = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    let state = |tasks: &mut Tasks| {
        let task = tasks.get(id).unwrap().unwrap();
        let is_waiting = task.is_waiting();
        (task.status, task.reason, task.generation, task.workbook.is_some(), is_waiting)
    };
    assert_eq!(state(&mut tasks), (Status::Created, None, None, false, true));
    assert!(tasks.begin(id, true).unwrap());
    assert_eq!(state(&mut tasks), (Status::Created, None, Some(0), false, true));
    assert!(tasks.finish(id, &End::Failed("why".into()), 2).unwrap());
    assert_eq!(state(&mut tasks), (Status::Failed, Some("why".into()), Some(0), false, false));
    assert!(tasks.finish(id, &made(3), 2).unwrap());
    assert_eq!(state(&mut tasks), (Status::Success, None, Some(3), true, false));
    assert!(tasks.finish(id, &End::Failed("again".into()), 2).unwrap());
    assert_eq!(state(&mut tasks), (Status::Failed, Some("again".into()), Some(3), true, false));
    assert_eq!(tasks.get(id).unwrap().map(|task| task.updated), Some(2));
    assert!(tasks.delete(id).unwrap());
    assert!(!tasks.begin(id, true).unwrap() && !tasks.finish(id, &made(4), 3).unwrap());
    assert!(!tasks.delete(id).unwrap());
}

#[test]
fn the_same_order_is_the_same_task() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let first = order((10, 20), "/out/a.xlsx");
    let (id, is_new) = tasks.register_running(&first, 1).unwrap();
    assert!(is_new && tasks.waiting().unwrap().is_empty());
    assert_eq!(tasks.register_running(&first, 2).unwrap(), (id, false));
    let (other, _) = tasks.register_running(&Order { region: Region::Na, ..first.clone() }, 3).unwrap();
    assert_ne!(id, other);
    assert!(tasks.finish(id, &made(1), 4).unwrap() && tasks.finish(other, &made(1), 5).unwrap());
    let displaced = tasks.get(id).unwrap().unwrap();
    let reason = format!("the workbook of task {other} has taken the place of this one");
    assert_eq!((displaced.workbook, displaced.generation, displaced.reason), (None, None, Some(reason)));
    assert_eq!(tasks.with_output(&first.output).unwrap().len(), 2);
}

/// Changes one window of a series in a transaction of its own, as a writer does.
fn change(db: &Connection, generation: i64, window: u32, bytes: u64) {
    let mut watch = Watch::default();
    watch.begin(db).unwrap();
    watch.note(1, Window::from_index(window), &Usage { bytes, ..Usage::default() }, 1);
    watch.record(db, generation).unwrap();
}

#[test]
fn changes_are_kept_as_long_as_a_task_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    tasks.db.execute("INSERT INTO series VALUES (1, 'a.com', '')", []).unwrap();
    let ranges = [(10, 20), (15, 30), (40, 50)];
    let ids = ranges
        .map(|range| tasks.create(&order(range, &format!("/{}", range.0)), 1, Spot::of).unwrap().unwrap());
    change(&tasks.db, 1, 12, 1);
    let kept = |tasks: &Tasks| -> Vec<(i64, i64)> {
        let mut all = tasks.db.prepare("SELECT window, generation FROM change ORDER BY 1, 2").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    assert!(kept(&tasks).is_empty(), "nobody looks yet");
    for id in ids {
        assert!(tasks.begin(id, true).unwrap() && tasks.finish(id, &made(1), 1).unwrap());
    }
    for (generation, window) in [(2, 9), (3, 10), (4, 19), (5, 20), (6, 29), (7, 30), (8, 40), (9, 19)] {
        change(&tasks.db, generation, window, 5);
    }
    assert_eq!(kept(&tasks), [(10, 3), (19, 4), (19, 9), (20, 5), (29, 6), (40, 8)]);
    let total = |tasks: &mut Tasks, id| {
        let task = tasks.get(id).unwrap().unwrap();
        let changes =
            tasks.changes(task.order.range, &task.order.selection, task.generation.unwrap()).unwrap();
        changes.iter().map(|change| (change.window.index(), change.bytes)).collect::<Vec<_>>()
    };
    assert_eq!(total(&mut tasks, ids[0]), [(10, 5), (19, 10)]);
    assert_eq!(total(&mut tasks, ids[1]), [(19, 10), (20, 5), (29, 5)]);
    assert!(tasks.finish(ids[0], &made(8), 2).unwrap());
    assert_eq!(kept(&tasks), [(19, 4), (19, 9), (20, 5), (29, 6), (40, 8)], "the second needs the rest");
    assert!(tasks.finish(ids[1], &made(8), 2).unwrap());
    assert_eq!(kept(&tasks), [(19, 9), (40, 8)]);
    tasks.delete(ids[0]).unwrap();
    assert_eq!(total(&mut tasks, ids[1]), [(19, 5)]);
    tasks.delete(ids[1]).unwrap();
    assert_eq!(kept(&tasks), [(40, 8)]);
}

#[test]
fn changes_of_other_domains_and_of_regions_are_told_apart() {
    let db = Connection::open_in_memory().unwrap();
    MIGRATIONS.iter().try_for_each(|step| db.execute_batch(step)).unwrap();
    db.execute_batch("INSERT INTO series VALUES (1, 'a.com', 'EU'), (2, 'a.com', 'NA'), (3, 'c.com', '')")
        .unwrap();
    let row = "INSERT INTO change VALUES (10, ?1, 1, ?2, 0, 0, 0, 0, 0, 0, 0, 0)";
    for (series, bytes) in [(1, -7), (2, 7), (3, 1)] {
        db.execute(row, [series, bytes]).unwrap();
    }
    let Order { range, selection, .. } = order((10, 20), "/a");
    let changes = changes(&db, range, &selection, 0).unwrap();
    let domain = Domain::new(b"a.com").unwrap();
    // What moved from one region to another is a change, though the sum is the same.
    assert_eq!(changes, [Change { domain, window: Window::from_index(10), bytes: 0, requests: 0 }]);
}

#[test]
fn needs_and_hours_come_out_as_they_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let id = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    let needs = |tasks: &mut Tasks| tasks.get(id).unwrap().unwrap().needs;
    assert_eq!((needs(&mut tasks), tasks.hours(id).unwrap().len()), (None, 0));
    let quiet = DomainSet::from_texts(["a.com", "*.b.com"]).unwrap();
    for wanted in [Some(Needs::default()), Some(Needs { quiet }), None] {
        tasks.set_needs(id, wanted.as_ref()).unwrap();
        assert_eq!(needs(&mut tasks), wanted);
    }
    let domain = |name: &str| Domain::new(name.as_bytes()).unwrap();
    assert_eq!(tasks.get(id).unwrap().unwrap().logged, None);
    for (at, hours) in [
        BTreeMap::from([(domain("a.com"), 24), (domain("b.com"), 0)]),
        BTreeMap::from([(domain("c.com"), 1)]),
    ]
    .into_iter()
    .enumerate()
    {
        let logged =
            Logged { hours_with_log: at as u64, hours: 2, domain_hours_with_log: 3, domain_hours: 4 };
        assert!(tasks.finish(id, &made_with(1, logged, hours.clone()), 2).unwrap());
        assert_eq!(tasks.hours(id).unwrap(), hours);
        assert_eq!(tasks.get(id).unwrap().unwrap().logged, Some(logged));
    }
    // What was put down goes with its task.
    tasks.delete(id).unwrap();
    assert!(tasks.hours(id).unwrap().is_empty());
}

#[test]
fn the_last_ticks_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let kept = i64::try_from(KEPT_TICKS).unwrap();
    for time in 0..kept + 3 {
        let exit_code = if time == 5 { 3 } else { 0 };
        tasks.add_tick(&PastTick { time, exit_code, line: format!("{{\"n\":{time}}}") }).unwrap();
    }
    let reader = Reader::open(&dir.path().join("u.db"), WAIT).unwrap();
    let times = |most| reader.ticks(most).unwrap().iter().map(|tick| tick.time).collect::<Vec<_>>();
    assert_eq!(times(2), [kept + 2, kept + 1]);
    assert_eq!(times(u64::from(u32::MAX)), (3..kept + 3).rev().collect::<Vec<_>>());
    let last = |exit_code| reader.last_tick(exit_code).unwrap();
    assert_eq!([last(0), last(3), last(1)], [Some(kept + 2), Some(5), None]);
}

#[test]
fn each_output_of_tasks_that_wait_is_looked_up_once() {
    let dir = tempfile::tempdir().unwrap();
    let (mut tasks, looks) = (opened(&dir), std::cell::Cell::new(0));
    let look = |path: &Path| {
        looks.set(looks.get() + 1);
        Spot::of(path)
    };
    let output = |n: u32| dir.path().join(format!("{n}.xlsx"));
    let new = |n: u32| order((n, n + 1), output(n).to_str().unwrap());
    for n in 1..=40 {
        assert!(tasks.create(&new(n), 1, look).unwrap().is_ok());
    }
    assert_eq!(looks.get(), 40);
    // What another process put down is looked up, and that alone.
    let mut others = opened(&dir);
    let other = others.create(&new(50), 1, Spot::of).unwrap().unwrap();
    let same = order((1, 2), dir.path().join("./50.XLSX").to_str().unwrap());
    assert_eq!(tasks.create(&same, 1, look).unwrap(), Err(other));
    assert_eq!(looks.get(), 42);
    // What does not wait any more takes no place.
    assert!(others.finish(other, &made(1), 2).unwrap());
    assert!(tasks.create(&same, 1, look).unwrap().is_ok());
    assert_eq!(looks.get(), 43);
}

#[test]
fn a_path_is_one_file_when_the_way_to_it_has_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let below = order((1, 2), dir.path().join("new/x.xlsx").to_str().unwrap());
    let id = tasks.create(&below, 1, Spot::of).unwrap().unwrap();
    std::fs::create_dir(dir.path().join("new")).unwrap();
    assert_eq!(tasks.create(&below, 1, Spot::of).unwrap(), Err(id));
}

#[test]
fn the_digest_is_that_of_the_file_that_was_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let id = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    // A run was broken off, and the next one could not put its hash down.
    assert!(tasks.seal(id, &[1; 32]).unwrap());
    assert!(tasks.finish(id, &made(1), 2).unwrap());
    let task = tasks.get(id).unwrap().unwrap();
    assert_eq!((task.digest, task.sealed), (Some([7; 32]), None));
}

#[test]
fn a_run_that_fails_takes_no_proof_from_a_file_that_stands() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let id = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    // A run was broken off when its file had its name, and the next one made none.
    assert!(tasks.seal(id, &[1; 32]).unwrap());
    assert!(tasks.finish(id, &End::Failed("why".into()), 2).unwrap());
    assert_eq!(tasks.get(id).unwrap().unwrap().sealed, Some([1; 32]));
}

#[test]
fn a_workbook_that_is_given_up_is_none_of_the_task_but_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let mut tasks = opened(&dir);
    let id = tasks.create(&order((10, 20), "/out/a.xlsx"), 1, Spot::of).unwrap().unwrap();
    assert!(tasks.finish(id, &made(1), 2).unwrap());
    let before = tasks.get(id).unwrap().unwrap();
    assert!(tasks.give_up_workbook(&before, &[7; 32]).unwrap());
    let after = tasks.get(id).unwrap().unwrap();
    assert_eq!((after.workbook, after.digest, after.sealed), (None, None, Some([7; 32])));
    // It is not what it was: another process may have made it anew.
    assert!(!tasks.give_up_workbook(&before, &[7; 32]).unwrap());
    tasks.keep_workbook(&before).unwrap();
    let kept = tasks.get(id).unwrap().unwrap();
    let file = |task: &Registered| (task.workbook, task.digest, task.sealed, task.reason.clone());
    assert_eq!(file(&kept), file(&before));
    assert!(tasks.remark(id, "why").unwrap() && !tasks.remark(id, "why").unwrap());
}
