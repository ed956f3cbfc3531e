//! A store that an older program made, and what a store's own views and sums promise.

use super::harness::{Place, repository};
use std::fs;

const LOGS: [&str; 5] = [
    "cdn01.cloud.example.net_2026_03_01_090000_100000.gz",
    "cdn01.cloud.example.net_2026_03_01_100000_110000.gz",
    "cdn01.cloud.example.net_2026_03_01_110000_120000.gz",
    "static01.forum.example.org_2026_03_01_100000_110000.gz",
    "static01.forum.example.org_2026_03_01_110000_120000.gz",
];

/// The logs that the kept store was made from, and that store.
fn kept() -> Place {
    let place = Place::new();
    for name in LOGS {
        place.write(&format!("logs/{name}"), fs::read(repository().join("data/sample").join(name)).unwrap());
    }
    fs::copy(place.path(&format!("logs/{}", LOGS[0])), place.path("logs/copy.gz")).unwrap();
    fs::copy(repository().join("data/stores/version1.db"), place.path("old.db")).unwrap();
    place
}

fn version(place: &Place, store: &str) -> u32 {
    let db = rusqlite::Connection::open(place.path(store)).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn an_older_store_is_brought_to_this_version() {
    let place = kept();
    place.run(&["ingest", "logs", "--store", "new.db"], 0);
    assert_eq!((version(&place, "old.db"), version(&place, "new.db")), (1, 2));
    let book = |store: &str, more: &[&str]| {
        let output = format!("{store}.xlsx");
        let mut arguments = vec!["--store", store, "--output", &output, "--force"];
        arguments.extend(more);
        place.export_to(&arguments, 0);
        fs::read(place.path(&output)).unwrap()
    };
    for more in [&[][..], &["--domain-names", "static01.forum.example.org"]] {
        assert!(book("old.db", more) == book("new.db", more), "{more:?}");
    }
    assert_eq!(version(&place, "old.db"), 2);
    place.run(&["store", "check", "--store", "old.db"], 0).says(&[]);
    // What is known stays known.
    let done = place.run(&["ingest", "logs", "--store", "old.db", "--json"], 0);
    assert_eq!(done.json()["sources"]["added"], 0);
}

#[cfg(unix)]
#[test]
fn an_older_store_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = kept();
    let folder = place.path("locked");
    fs::create_dir(&folder).unwrap();
    fs::rename(place.path("old.db"), folder.join("old.db")).unwrap();
    for (path, mode) in [(folder.join("old.db"), 0o444), (folder.clone(), 0o555)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // To look at it nobody need write it.
    place.run(&["store", "check", "--store", "locked/old.db"], 0);
    // Root may write everywhere.
    let may_write = fs::write(folder.join("x"), "").is_ok();
    if !may_write {
        let done = place.run(&["task", "run", "--store", "locked/old.db"], 1);
        done.says(&["is a store of version 1", "store vacuum"]);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn an_hour_of_a_domain_is_found_by_index() {
    let place = kept();
    place.run(&["ingest", "logs", "--store", "new.db"], 0);
    let db = rusqlite::Connection::open(place.path("new.db")).unwrap();
    let whole: i64 = db.query_row("SELECT sum(bytes) FROM usage", [], |row| row.get(0)).unwrap();
    let cells: i64 = db.query_row("SELECT sum(bytes) FROM cell", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, cells);
    let domain = "domain = 'cdn01.cloud.example.net'";
    for filter in [
        "time >= '2026-03-01T02:00:00Z' AND time < '2026-03-01T03:00:00Z'",
        "unix_time >= 1772330400 AND unix_time < 1772334000",
        "unix_time BETWEEN 1772330400 AND 1772333999",
    ] {
        let sql = format!("SELECT sum(requests) FROM usage WHERE {domain} AND {filter}");
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> =
            plan.query_map([], |row| row.get(3)).unwrap().collect::<Result<_, _>>().unwrap();
        let has = |text: &str| steps.iter().any(|step| step.contains(text));
        assert!(has("SEARCH cell USING PRIMARY KEY (series=? AND window=?)"), "{filter}: {steps:?}");
        assert!(has("SEARCH slice USING") && has("SEARCH series USING"), "{filter}: {steps:?}");
        let found: i64 = db.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert_eq!(found, 239 - 1, "{filter}");
    }
}

/// Looking changes nothing: an older flowbook still reads the store afterwards.
#[test]
fn who_only_looks_leaves_an_older_store_as_it_is() {
    let place = kept();
    let before = fs::read(place.path("old.db")).unwrap();
    place.run(&["ingest", "logs", "--store", "new.db"], 0);
    place.write("flowbook.toml", "[store]\npath = \"old.db\"\n[[source]]\npaths = [\"logs\"]\n");
    for (arguments, code) in [
        (&["store", "info"][..], 0),
        (&["store", "check"], 0),
        (&["store", "sources"], 0),
        (&["store", "coverage"], 3),
        (&["task", "list"], 0),
        (&["history"], 0),
        (&["ingest", "logs", "--dry-run"], 0),
        (&["store", "forget", "logs/copy.gz", "--dry-run"], 0),
        (&["store", "forget", "--before", "2026-03-01", "--dry-run"], 0),
    ] {
        let all = [arguments, &["--store", "old.db"]].concat();
        let done = place.run(&all, code);
        assert!(!done.stdout.is_empty(), "{arguments:?}");
        assert!(fs::read(place.path("old.db")).unwrap() == before, "{arguments:?}");
        if arguments.contains(&"coverage") {
            let new = place.run(&["store", "coverage", "--store", "new.db"], code).stdout;
            let domains = |text: &str| text.split("\n\n").next().unwrap_or_default().to_owned();
            assert_eq!(domains(&done.stdout), domains(&new));
        }
    }
    place.run(&["run", "flowbook.toml", "--dry-run"], 0);
    assert!(fs::read(place.path("old.db")).unwrap() == before);
    let info = place.run(&["store", "info", "--store", "old.db", "--json"], 0).json();
    assert_eq!(info["version"], 1, "{info}");
}
