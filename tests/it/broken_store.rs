//! What fails below a store: full disks, folders that take nothing, files that vanish or shrink, damaged pages. Each
//! is one clear line that names the file, no panic, and the store is as it was.

use super::harness::{Place, encode, gzip};
use super::kept::{Kept, fates, once, text, usage_of};
use flowbook::codec::Codec;
use flowbook::domain::{DomainSet, Selection};
use flowbook::ingest::{Job, Progress, ingest_each};
use flowbook::source::{ORIGINS, Opened, Origin, Origins, Search, Source, Stat, discover};
use flowbook::time::TimeRange;
use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const FLOWBOOK: &str = env!("CARGO_BIN_EXE_flowbook");

/// A store with some lines, and more logs that wait.
fn kept() -> Kept {
    let kept = Kept::new();
    kept.write("a.log", text(1..=300));
    kept.expect(&["a.log"], "1 added", &[1..=300]);
    kept.write("more/b.log", text(301..=900));
    kept.write("more/c.gz", gzip(text(901..=1200).as_bytes()));
    kept
}

/// Runs a script in bash, `$0` being flowbook.
fn script(place: &Place, script: &str) -> Output {
    let mut command = Command::new("bash");
    command.args(["-c", script, FLOWBOOK]).current_dir(place.path("")).stdin(Stdio::null());
    command.env("LC_ALL", "C").env("SOURCE_DATE_EPOCH", "1772323200").output().unwrap()
}

/// One line of message that names a file, and an exit code.
#[track_caller]
fn fails(output: &Output, code: i32, parts: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(message.starts_with("flowbook: ") && !message.contains("panicked"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "expected {part:?} in {message}");
    }
}

#[cfg(unix)]
#[test]
fn no_file_may_grow_further() {
    let kept = kept();
    let before = kept.sources();
    let mut codes = Vec::new();
    for kib in [0, 1, 4, 16, 32, 48, 80, 100, 150, 200, 300, 2000] {
        let limit =
            format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" ingest --store usage.db more --quiet");
        let output = script(&kept.0, &limit);
        codes.push(output.status.code());
        if output.status.success() {
            break;
        }
        fails(&output, 1, &["usage.db: ", "the store was not changed"]);
        assert_eq!((kept.sources(), kept.counted()), (before.clone(), once(&[1..=300])), "{kib} KiB");
    }
    assert!(codes.len() > 3 && codes.last() == Some(&Some(0)), "{codes:?}");
    assert_eq!(kept.counted(), once(&[1..=1200]));
    let export = "exec \"$0\" export --store usage.db --output out.xlsx --type vas --quiet --domain-names l1.com,l9.com \
                  --start-time 2026-03-01T00:00:00Z --end-time 2026-04-01T00:00:00Z";
    for kib in [0, 40, 200] {
        let output = script(&kept.0, &format!("trap '' XFSZ; ulimit -f {kib}; {export}"));
        fails(&output, 1, &["out.xlsx: cannot", "the file grows larger than is allowed here"]);
        assert!(!kept.0.exists("out.xlsx") && kept.0.names().iter().all(|name| !name.starts_with('.')));
    }
    assert!(script(&kept.0, export).status.success());
}

/// A command that gives a script mounts of its own; none where the system does not let us.
fn own_mounts() -> Option<&'static str> {
    let ways = ["unshare --mount", "unshare --map-root-user --mount"];
    let works = |way: &&str| {
        let probe = format!("{way} sh -c 'mount -t tmpfs tmpfs /tmp'");
        Command::new("sh").args(["-c", &probe]).output().is_ok_and(|output| output.status.success())
    };
    let way = ways.into_iter().find(works);
    if way.is_none() {
        eprintln!("skipped: this system lets nobody mount; only the limit of file sizes is tried");
    }
    way
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk() {
    let Some(unshare) = own_mounts() else { return };
    let kept = kept();
    fs::create_dir(kept.0.path("disk")).unwrap();
    let export = "\"$0\" export --store disk/usage.db --output disk/out.xlsx --type flow --quiet --domain-names l1.com \
                  --start-time 2026-03-01T00:00:00Z --end-time 2026-03-02T00:00:00Z";
    let elsewhere = export.replace("disk/out.xlsx", "out.xlsx --force");
    // So many KiB are left on the disk beside the store.
    for left in [0, 40, 100, 160] {
        let steps = format!(
            "mount -t tmpfs -o size=1500k tmpfs disk && cp usage.db disk/ && \"$0\" export --help >/dev/null &&
             head -c $((1500 - {left} - $(du -k disk | cut -f1)))K /dev/zero >disk/filler; cd . &&
             \"$0\" ingest --store disk/usage.db more --quiet; echo $? >code
             {export} 2>message; echo $? >export
             {elsewhere} 2>elsewhere; echo $? >>elsewhere
             \"$0\" store check --store disk/usage.db >/dev/null 2>check; echo $? >>check
             ls -A disk >names; cp disk/usage.db after.db; rm disk/filler
             \"$0\" ingest --store disk/usage.db more --quiet && {export} --force && cp disk/usage.db final.db"
        );
        let wrapped = format!("{unshare} bash -c '{}' \"$0\"", steps.replace('\'', "'\\''"));
        let output = script(&kept.0, &wrapped);
        let read = |name: &str| fs::read_to_string(kept.0.path(name)).unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{left}: {message}");
        assert_eq!(read("code").trim(), "1", "{left}: {message}");
        assert!(
            message.contains("disk/usage.db: ") && message.contains("the store was not changed"),
            "{message}"
        );
        assert!(!(message + &read("message")).contains("panicked"));
        assert!(
            read("elsewhere").ends_with("\n0\n") && read("check").ends_with("0\n"),
            "{left}: {}",
            read("check")
        );
        let names = read("names");
        assert!(read("export").trim() == "0" || !names.contains("out.xlsx"), "{left}: {names}");
        assert!(!names.contains(".tmp"), "{left}: {names}");
        assert_eq!(usage_of(&kept.0.path("after.db")).len(), 300, "{left}");
        assert_eq!(usage_of(&kept.0.path("final.db")).len(), 1200, "{left}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written() {
    let Some(unshare) = own_mounts() else { return };
    let kept = kept();
    fs::create_dir(kept.0.path("fixed")).unwrap();
    fs::copy(kept.0.path("usage.db"), kept.0.path("fixed/usage.db")).unwrap();
    let run = |command: &str| {
        let steps = format!("mount --bind fixed fixed && mount -o remount,bind,ro fixed && \"$0\" {command}");
        script(&kept.0, &format!("{unshare} bash -c '{steps}' \"$0\""))
    };
    fails(&run("ingest --store fixed/usage.db more"), 1, &["fixed/usage.db", "the file system is read-only"]);
    fails(&run("ingest --store fixed/new.db more"), 1, &["fixed/new.db", "the file system is read-only"]);
    let day = "--type flow --start-time 2026-03-01T00:00:00Z --end-time 2026-03-02T00:00:00Z";
    fails(&run(&format!("export --store usage.db {day} --output fixed/out.xlsx")), 1, &["fixed/out.xlsx"]);
    assert_eq!(usage_of(&kept.0.path("fixed/usage.db")).len(), 300);
    assert_eq!(fs::read_dir(kept.0.path("fixed")).unwrap().count(), 1);
}

/// Runs a script as a user who owns nothing; none where that cannot be done.
#[cfg(target_os = "linux")]
fn as_nobody(place: &Place, command: &str) -> Option<Output> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let who = "setpriv --reuid=65534 --regid=65534 --clear-groups";
    let probe = script(place, &format!("{who} \"$0\" --version"));
    if !probe.status.success() {
        eprintln!("skipped: this system lets us be nobody else");
        return None;
    }
    Some(script(place, &format!("exec {who} \"$0\" {command}")))
}

#[cfg(target_os = "linux")]
#[test]
fn what_may_not_be_read_is_read_once_it_may() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("logs/a.log", text(1..=3));
    place.write("logs/b.log", text(4..=9));
    let may = |mode| fs::set_permissions(place.path("logs/b.log"), fs::Permissions::from_mode(mode)).unwrap();
    may(0o600);
    let Some(output) = as_nobody(&place, "ingest --store usage.db logs --quiet") else { return };
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("logs/b.log: cannot read: permission denied"), "{message}");
    assert_eq!((output.status.code(), usage_of(&place.path("usage.db")).len()), (Some(1), 0));
    let output = as_nobody(&place, "ingest --store usage.db logs --quiet --keep-going").unwrap();
    assert_eq!((output.status.code(), usage_of(&place.path("usage.db")).len()), (Some(3), 3));
    // Neither its size nor its time tells that it may be read now.
    may(0o644);
    let output = as_nobody(&place, "ingest --store usage.db logs --json").unwrap();
    assert_eq!((output.status.code(), usage_of(&place.path("usage.db")).len()), (Some(0), 9));
    // A folder that belongs to somebody else.
    fs::create_dir(place.path("fixed")).unwrap();
    let output = as_nobody(&place, "ingest --store fixed/usage.db logs --quiet").unwrap();
    fails(&output, 1, &["fixed/usage.db.lock", "permission denied"]);
}

#[test]
fn a_log_that_vanishes_while_others_are_waited_for() {
    let kept = kept();
    let before = kept.sources();
    let holder = fs::File::open(kept.0.path("usage.db.lock")).unwrap();
    holder.lock().unwrap();
    let mut child = kept.0.command();
    child
        .args(["ingest", "--store", "usage.db", "--quiet", "more/b.log", "more/c.gz"])
        .stderr(Stdio::piped());
    let child = child.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(150));
    kept.remove("more/c.gz");
    drop(holder);
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("more/c.gz: cannot read: there is no such file"), "{message}");
    assert_eq!((output.status.code(), kept.sources()), (Some(1), before));
    assert_eq!(fates(&kept.try_ingest(&["more/b.log", "more/c.gz", "--keep-going"], 3)), "1 added, 1 faulty");
    assert_eq!(kept.counted(), once(&[1..=900]));
}

/// A place of logs that says of each what it said first, whatever becomes of it.
struct Unnoticed(Stat);

impl Origins for Unnoticed {
    fn list(&self, arguments: &[PathBuf], search: &Search) -> flowbook::Result<Vec<Source>> {
        ORIGINS.list(arguments, search)
    }

    fn stat(&self, _: &Origin) -> io::Result<Stat> {
        Ok(self.0)
    }

    fn open(&self, origin: &Origin, range: Range<u64>) -> io::Result<Opened> {
        Ok(Opened::Bytes(Box::new(ORIGINS.open(origin, range)?)))
    }

    fn open_stream(&self, origin: &Origin) -> io::Result<Box<dyn Read + Send>> {
        ORIGINS.open_stream(origin)
    }
}

#[test]
fn a_log_that_shrinks_while_it_is_read_is_a_fault() {
    let kept = kept();
    let everything = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let progress = Progress::default();
    for name in ["more/b.log", "more/c.gz"] {
        let sources = discover(&[kept.0.path(name)]).unwrap();
        let origins = Unnoticed(ORIGINS.stat(&sources[0].origin).unwrap());
        let bytes = fs::read(kept.0.path(name)).unwrap();
        kept.write(name, &bytes[..bytes.len() / 2]);
        let job = |keep_going| Job {
            origins: &origins,
            range: TimeRange::all(),
            selection: &everything,
            folds: None,
            own_hosts: None,
            threads: 1,
            keep_going,
            max_rejects: flowbook::report::RejectLimit::DEFAULT,
            empty_is_delivered: false,
            keep_rejects: None,
            progress: &progress,
        };
        let error = ingest_each(sources.clone(), &job(false)).err().expect("a fault").to_string();
        assert!(
            error.contains(name) && (error.contains("shorter") || error.contains("ends early")),
            "{error}"
        );
        let (taken, _) = ingest_each(sources, &job(true)).unwrap();
        assert!(taken[0].report.fault.is_some() && taken[0].report.counts.accepted > 0);
    }
}

/// Overwrites bytes of a file.
fn spoil(kept: &Kept, name: &str, from: usize, bytes: &[u8]) {
    let mut content = fs::read(kept.0.path(name)).unwrap();
    content[from..from + bytes.len()].copy_from_slice(bytes);
    fs::write(kept.0.path(name), content).unwrap();
}

const PAGE: usize = 4096;

fn export(kept: &Kept) -> Output {
    let mut command = kept.0.command();
    command.args([
        "export", "--store", "usage.db", "--type", "flow", "--output", "out.xlsx", "--force", "--quiet",
    ]);
    command.args(["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"]);
    command.output().unwrap()
}

fn ingest(kept: &Kept) -> Output {
    kept.0.command().args(["ingest", "--store", "usage.db", "more", "--quiet"]).output().unwrap()
}

#[test]
fn an_index_that_begins_with_the_page_of_something_else_is_told() {
    let kept = kept();
    let store = kept.0.path("usage.db");
    let db = rusqlite::Connection::open(&store).unwrap();
    db.execute_batch("PRAGMA journal_mode = DELETE").unwrap();
    let mut pages = db.prepare("SELECT name, type, rootpage FROM sqlite_schema WHERE rootpage > 0").unwrap();
    let pages = pages.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let pages: Vec<(String, String, u32)> = pages.map(Result::unwrap).collect();
    let at = |page: u32| (page as usize - 1) * PAGE..page as usize * PAGE;
    let others = ["series", "source_first", "sqlite_autoindex_series_1"];
    let others = others.map(|other| pages.iter().find(|(name, ..)| name == other).unwrap());
    let good = fs::read(&store).unwrap();
    let indexes: Vec<_> = pages.iter().filter(|(_, kind, _)| kind == "index").collect();
    assert!(indexes.len() > 5);
    for (other, (name, _, page)) in
        others.into_iter().flat_map(|other| indexes.iter().map(move |i| (other, i)))
    {
        if *name == other.0 {
            continue;
        }
        let mut bytes = good.clone();
        bytes.copy_within(at(other.2), at(*page).start);
        fs::write(&store, &bytes).unwrap();
        let output = kept.0.command().args(["store", "check", "--store", "usage.db"]).output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name} begins as {}: {told}", other.0);
    }
}

#[test]
fn damaged_pages_are_told() {
    let kept = kept();
    let book = kept.workbook();
    let good = fs::read(kept.0.path("usage.db")).unwrap();
    let pages = good.len() / PAGE;
    let mut told = 0;
    for (number, filling) in (0..pages).zip([[0xff; PAGE], [0; PAGE], [b'x'; PAGE]].into_iter().cycle()) {
        fs::write(kept.0.path("usage.db"), &good).unwrap();
        spoil(&kept, "usage.db", number * PAGE, &filling);
        let output = export(&kept);
        if output.status.success() {
            assert!(fs::read(kept.0.path("out.xlsx")).unwrap() == book, "page {number}");
        } else {
            fails(
                &output,
                if number == 0 { 2 } else { 1 },
                // Nobody can tell that what lacks its first page was a store; that it may have been is said.
                &["usage.db: ", "the store is damaged"],
            );
            told += 1;
        }
        let spoilt = fs::read(kept.0.path("usage.db")).unwrap();
        let output = ingest(&kept);
        if !output.status.success() {
            fails(
                &output,
                if number == 0 { 2 } else { 1 },
                &["usage.db: ", "the store is damaged; restore a copy"],
            );
            assert!(fs::read(kept.0.path("usage.db")).unwrap() == spoilt, "page {number}");
        }
    }
    assert!(told > 3 && pages > 10, "{told} of {pages}");
    fs::write(kept.0.path("usage.db"), &good[..good.len() / 2]).unwrap();
    fails(&export(&kept), 1, &["usage.db: the store is damaged"]);
    fails(&ingest(&kept), 1, &["usage.db: the store is damaged"]);
}

#[test]
fn a_damaged_log_of_the_store_is_what_was_before() {
    let kept = kept();
    // A reader that goes on keeps the delivery in the store's own log.
    let reader = rusqlite::Connection::open(kept.0.path("usage.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM source").unwrap();
    kept.ingest(&["more"]);
    let names = ["usage.db", "usage.db-wal"];
    let [db, wal] = names.map(|name| fs::read(kept.0.path(name)).unwrap());
    drop(reader);
    assert!(wal.len() > 2 * PAGE);
    for (from, lines) in [(40, 300), (wal.len() / 2, 300), (wal.len(), 1200)] {
        let mut spoilt = wal.clone();
        spoilt[from..].iter_mut().take(64).for_each(|byte| *byte ^= 0x5a);
        let _ = fs::remove_file(kept.0.path("usage.db-shm"));
        fs::write(kept.0.path("usage.db"), &db).unwrap();
        fs::write(kept.0.path("usage.db-wal"), &spoilt).unwrap();
        assert_eq!(kept.counted(), once(&[1..=lines]), "from {from}");
        // A delivery that was lost is made good by the next one.
        kept.ingest(&["."]);
        assert_eq!(kept.counted(), once(&[1..=1200]), "from {from}");
    }
}

#[test]
fn what_is_no_store_of_this_version() {
    let kept = kept();
    let mark =
        |sql: &str| rusqlite::Connection::open(kept.0.path("usage.db")).unwrap().execute_batch(sql).unwrap();
    mark("PRAGMA user_version = 99");
    let before = fs::read(kept.0.path("usage.db")).unwrap();
    for output in [export(&kept), ingest(&kept)] {
        fails(&output, 1, &["usage.db: is a store of version 99", "use the newer flowbook"]);
    }
    assert!(fs::read(kept.0.path("usage.db")).unwrap() == before);
    mark("PRAGMA user_version = 1; PRAGMA application_id = 7");
    let before = fs::read(kept.0.path("usage.db")).unwrap();
    for output in [export(&kept), ingest(&kept)] {
        fails(&output, 2, &["usage.db: is a database, but not a flowbook store", "name another file"]);
    }
    assert!(fs::read(kept.0.path("usage.db")).unwrap() == before);
    kept.write("usage.db", text(1..=100));
    for output in [export(&kept), ingest(&kept)] {
        fails(&output, 2, &["usage.db: is not a flowbook store, but a text file"]);
    }
    assert_eq!(fs::read_to_string(kept.0.path("usage.db")).unwrap(), text(1..=100));
    kept.remove("usage.db");
    fails(
        &export(&kept),
        2,
        &["usage.db: there is no store here", "create one with flowbook ingest or flowbook run"],
    );
    assert!(!kept.0.exists("usage.db"));
    fs::create_dir(kept.0.path("usage.db")).unwrap();
    for output in [export(&kept), ingest(&kept)] {
        fails(&output, 2, &["usage.db: is a folder"]);
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let kept = kept();
    for half_made in ["", "PRAGMA journal_mode = WAL", "CREATE TABLE t (a); DROP TABLE t"] {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(kept.0.path(&format!("usage.db{end}")));
        }
        kept.write("usage.db", "");
        rusqlite::Connection::open(kept.0.path("usage.db")).unwrap().execute_batch(half_made).unwrap();
        fails(&export(&kept), 2, &["usage.db: is empty", "flowbook ingest"]);
        kept.expect(&["more"], "2 added", &[301..=1200]);
    }
}

/// Names that `SQLite` would take for something else are files, and a file of two names is none for a store.
#[test]
fn names_of_stores_are_names_of_files() {
    let kept = Kept::new();
    kept.write("a.log", text(1..=3));
    for name in [":memory:", "file:u.db?mode=memory"] {
        let again = |expected: &str| {
            let done = kept.0.run(&["ingest", "a.log", "--store", name, "--json"], 0);
            assert_eq!(fates(&done), expected, "{name}");
        };
        again("1 added");
        again("1 known");
        assert!(kept.0.exists(name));
    }
    kept.ingest(&["a.log"]);
    fs::hard_link(kept.0.path("usage.db"), kept.0.path("other.db")).unwrap();
    kept.0.run(&["ingest", "a.log", "--store", "other.db"], 2).says(&["other.db", "hard link"]);
}

#[test]
fn what_is_no_store_is_named_and_left_as_it_is() {
    let kept = kept();
    let book = kept.workbook();
    let mut binary = vec![0xfe; 5000];
    binary[0] = 7;
    let lines = text(1..=300);
    let gz = gzip(b"x");
    let zst = encode(Codec::Zstd, b"x");
    let others: [(&str, &[u8], &str); 6] = [
        (
            "a.xlsx",
            &book,
            "is not a flowbook store, but an Excel workbook or another zip file; name another file",
        ),
        ("short.txt", b"one line\n", "is not a flowbook store, but a text file; name another file"),
        ("long.log", lines.as_bytes(), "is not a flowbook store, but a text file; name another file"),
        ("a.gz", &gz, "is not a flowbook store, but a gzip file; name another file"),
        ("a.zst", &zst, "is not a flowbook store, but a zstd file; name another file"),
        ("a.bin", &binary, "is not a flowbook store; name another file. If it was one, the store is damaged"),
    ];
    let commands = [
        &["store", "info"][..],
        &["store", "coverage"],
        &["store", "check"],
        &["store", "vacuum"],
        &["store", "sources"],
        &["task", "list"],
        &["ingest", "more"],
        &["export", "--month", "2026-03", "--type", "flow", "--output", "out2.xlsx"],
    ];
    for (name, bytes, message) in others {
        kept.write(name, bytes);
        for command in commands {
            let output = kept.0.command().args(command).args(["--store", name]).output().unwrap();
            fails(&output, 2, &[name, message]);
            assert!(fs::read(kept.0.path(name)).unwrap() == bytes, "{command:?} {name}");
        }
    }
    // A database whose first page lies about the rest is a damaged one.
    kept.write("half.db", [b"SQLite format 3\0", &binary[..]].concat());
    let output = kept.0.command().args(["store", "info", "--store", "half.db"]).output().unwrap();
    fails(&output, 1, &["half.db: the store is damaged"]);
}
