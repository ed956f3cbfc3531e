//! Whether every value of a store is one that flowbook may have written: no counter below zero, slices of the calendar,
//! hashes of the right length, known domains, regions and reasons, texts that are not too long.
//!
//! Makes one pass over each table, except the cells, which are checked when they are added up.

use super::Violation;
use crate::domain::Domain;
use crate::language::Language;
use crate::record::Reason;
use crate::region::Region;
use crate::store::connect::MAX_VALUE;
use crate::store::source::CALENDAR;
use crate::store::state::LAST_NUMBER;
use crate::store::tasks::domain_set;
use crate::store::value::MOST_LINES;
use crate::time::{DAY_SECONDS, WINDOW_SECONDS};
use crate::visible::cut;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

/// The first window behind the calendar.
pub(super) const WINDOWS: i64 = CALENDAR.end / WINDOW_SECONDS;
/// Windows of a range: those of 31 days and of an hour that a clock was put back, with some room.
const MOST_WINDOWS: i64 = 32 * DAY_SECONDS / WINDOW_SECONDS;
/// Bytes of a path or name.
const MOST_NAME: i64 = 1 << 16;
/// Bytes of a text that may list the domains of an account: what is longer is not read.
const MOST_TEXT: i64 = MAX_VALUE as i64;
/// Tables whose rows are never given the number of one that is gone.
const NUMBERED: [&str; 2] = ["task", "tick"];
/// Characters of a name that a violation shows.
const SHOWN: usize = 80;
/// Rows of a table that are named.
const NAMED: usize = 100;

/// What a value may be; NULL, where the table takes it, always.
enum Range {
    /// A number from one to another.
    Number(i64, i64),
    /// A number of bytes, from least to most.
    Bytes(i64, i64),
    /// One of these words.
    Word(Vec<&'static str>),
    /// What an expression over the row asks for, in words.
    Law(String, &'static str),
}

use Range::{Bytes, Law, Number, Word};

impl Range {
    /// The expression that holds for a value in range.
    fn holds(&self, column: &str) -> String {
        match self {
            Number(least, most) => format!("{column} BETWEEN {least} AND {most}"),
            Bytes(least, most) => format!("octet_length({column}) BETWEEN {least} AND {most}"),
            Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                format!("{column} IN ({})", words.join(", "))
            }
            Law(law, _) => format!("({law})"),
        }
    }

    /// The expression that shows a value that is not: never all of a long one.
    fn shown(&self, column: &str) -> String {
        match self {
            Bytes(..) => format!("octet_length({column}) || ' bytes'"),
            Number(..) | Word(_) | Law(..) => {
                let long = format!("octet_length({column})");
                format!("ifnull(iif({long} < 100, CAST({column} AS TEXT), {long} || ' bytes'), 'nothing')")
            }
        }
    }

    fn expected(&self) -> String {
        match self {
            Number(least, i64::MAX) => format!("{least} or more"),
            Number(least, most) => format!("{least} to {most}"),
            Bytes(least, most) if least == most => format!("{least} bytes"),
            Bytes(least, most) => format!("{least} to {most} bytes"),
            Word(words) if words.len() < 3 => words.join(" or "),
            Word(_) => "a word that flowbook knows".into(),
            Law(_, words) => (*words).into(),
        }
    }
}

/// A table, what names its rows, and what its columns may hold.
type Table = (&'static str, &'static str, Vec<(&'static str, Range)>);

/// Every value that is out of its range, in the order of tables, rows and columns; of each table only the first rows.
pub(super) fn ranges(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let mut found = one_row(db)?;
    found.extend(numbers(db)?);
    for table in tables() {
        found.extend(of_table(db, &table)?);
        found.extend(texts(db, &table)?);
    }
    found.extend(domains(db)?);
    found.extend(sets(db)?);
    Ok(found)
}

fn of_table(db: &Connection, (table, label, columns): &Table) -> rusqlite::Result<Vec<Violation>> {
    let all: Vec<String> = columns.iter().map(|(column, range)| range.holds(column)).collect();
    let each: Vec<String> = columns
        .iter()
        .zip(&all)
        .map(|((column, range), holds)| format!("iif(ifnull({holds}, TRUE), NULL, {})", range.shown(column)))
        .collect();
    let sql = format!("SELECT {label}, {} FROM {table} WHERE NOT ({})", each.join(", "), all.join(" AND "));
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let (mut found, mut count) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if count <= NAMED {
            for (at, (column, range)) in columns.iter().enumerate() {
                found.extend(violation(row, at + 1, &format!("{table}.{column}"), range)?);
            }
        }
    }
    if let Some(more) = count.checked_sub(NAMED + 1) {
        found.push(Violation {
            source: None,
            what: format!("more rows of {table}"),
            expected: "values in range".into(),
            found: format!("{} rows with others", more + 1),
        });
    }
    Ok(found)
}

fn violation(row: &Row<'_>, at: usize, what: &str, range: &Range) -> rusqlite::Result<Option<Violation>> {
    let Some(found) = row.get::<_, Option<String>>(at)? else { return Ok(None) };
    Ok(Some(Violation { source: label(row)?, what: what.into(), expected: range.expected(), found }))
}

/// What names a row, whatever its bytes are.
fn label(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    Ok(row.get_ref(0)?.as_bytes_or_null()?.map(|text| String::from_utf8_lossy(text).into_owned()))
}

/// Texts that are none: the database takes any bytes for text, and nothing that reads them here does.
fn texts(db: &Connection, (table, name, columns): &Table) -> rusqlite::Result<Vec<Violation>> {
    let columns = columns.iter().filter(|(_, range)| matches!(range, Bytes(..))).map(|(column, _)| *column);
    let columns: Vec<&str> = columns.collect();
    let mut found = Vec::new();
    if columns.is_empty() {
        return Ok(found);
    }
    // What is too long to be read is named for that.
    let short = |column: &&str| format!("iif(octet_length({column}) <= {MOST_NAME}, {column}, NULL)");
    let values: Vec<String> = columns.iter().map(short).collect();
    let mut statement = db.prepare(&format!("SELECT {name}, {} FROM {table}", values.join(", ")))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for (at, column) in columns.iter().enumerate() {
            let ValueRef::Text(text) = row.get_ref(at + 1)? else { continue };
            if str::from_utf8(text).is_err() {
                found.push(Violation {
                    source: label(row)?,
                    what: format!("{table}.{column}"),
                    expected: "text in UTF-8".into(),
                    found: String::from_utf8_lossy(&text[..text.len().min(100)]).into_owned(),
                });
            }
        }
        if found.len() > NAMED {
            break;
        }
    }
    Ok(found)
}

/// Tables of a single row.
fn one_row(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let mut found = Vec::new();
    for table in ["state", "total"] {
        let rows: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        let violation = Violation {
            source: None,
            what: format!("rows of {table}"),
            expected: "1".into(),
            found: rows.to_string(),
        };
        found.extend(Some(violation).filter(|_| rows != 1));
    }
    Ok(found)
}

/// What is wrong with the numbers that were given last, which `SQLite` keeps in a table of its own: behind the highest there
/// is, no row can be added.
fn numbers(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let sql = "SELECT CAST(name AS TEXT), count(*), iif(typeof(max(seq)) = 'integer' AND typeof(min(seq)) = 'integer'
                   AND min(seq) >= 0 AND max(seq) < ?, NULL, ifnull(CAST(max(seq) AS TEXT), 'nothing'))
               FROM sqlite_sequence GROUP BY 1 ORDER BY 1";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([LAST_NUMBER])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let table = label(row)?.unwrap_or_default();
        let (count, odd): (i64, Option<String>) = (row.get(1)?, row.get(2)?);
        if !NUMBERED.contains(&table.as_str()) || count > 1 {
            found.push(Violation {
                source: None,
                what: "sqlite_sequence.name".into(),
                expected: format!("{}, each once", NUMBERED.join(" or ")),
                found: format!("{count} of {}", cut(&table, SHOWN)),
            });
        }
        found.extend(odd.map(|odd| Violation {
            source: None,
            what: format!("the last number given to a {}", cut(&table, SHOWN)),
            expected: format!("0 to {}", LAST_NUMBER - 1),
            found: odd,
        }));
    }
    found.truncate(NAMED);
    Ok(found)
}

/// Names of domains that are none.
fn domains(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let columns = [
        ("series.domain", "SELECT domain FROM series"),
        ("source.domain", "SELECT DISTINCT domain FROM source WHERE domain IS NOT NULL"),
        ("source.named_domain", "SELECT DISTINCT named_domain FROM source WHERE named_domain IS NOT NULL"),
        ("task_hours.domain", "SELECT DISTINCT domain FROM task_hours"),
    ];
    let mut found = Vec::new();
    for (what, sql) in columns {
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(0)?.as_bytes()?;
            if Domain::new(name).is_none_or(|domain| domain.as_str().as_bytes() != name) {
                found.push(Violation {
                    source: None,
                    what: what.into(),
                    expected: "the name of a domain".into(),
                    found: String::from_utf8_lossy(&name[..name.len().min(100)]).into_owned(),
                });
            }
        }
    }
    found.truncate(NAMED);
    Ok(found)
}

/// Sets of domains that cannot be read.
fn sets(db: &Connection) -> rusqlite::Result<Vec<Violation>> {
    let mut found = Vec::new();
    for column in ["account", "wanted", "quiet"] {
        let sql = format!("SELECT id, {column} FROM task WHERE {column} IS NOT NULL");
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let texts = row.get_ref(1)?.as_bytes()?;
            if str::from_utf8(texts).ok().and_then(domain_set).is_none() {
                found.push(Violation {
                    source: Some(format!("task {}", row.get::<_, i64>(0)?)),
                    what: format!("task.{column}"),
                    expected: "domains and wildcards".into(),
                    found: String::from_utf8_lossy(&texts[..texts.len().min(100)]).into_owned(),
                });
            }
        }
    }
    found.truncate(NAMED);
    Ok(found)
}

/// What names a row of a table with a long text: never all of it.
const NAME: &str = "iif(octet_length(name) < 1000, name, 'source ' || id)";

const OF_SOURCE: &str = "'source ' || source";
const OF_TASK: &str = "'task ' || task";

const NUMBER: Range = Number(0, i64::MAX);
const ROW_NUMBER: Range = Number(1, LAST_NUMBER - 1);
const LINES: Range = Number(0, MOST_LINES);
const FLAG: Range = Number(0, 1);
const WINDOW: Range = Number(0, WINDOWS - 1);
const TIME: Range = Number(CALENDAR.start, CALENDAR.end);
const HASH: Range = Bytes(32, 32);
const PATH: Range = Bytes(0, MOST_NAME);
const DOMAIN: Range = Bytes(1, 253);
const TEXT: Range = Bytes(0, MOST_TEXT);

fn region() -> Range {
    Word(Region::ALL.map(|region| region.code().unwrap_or_default()).to_vec())
}

fn reason() -> Range {
    Word(Reason::ALL.map(Reason::key).to_vec())
}

fn generation() -> Range {
    let law = "generation BETWEEN 0 AND (SELECT max(generation) FROM state)";
    Law(law.into(), "no more than the generation of the store")
}

fn tables() -> Vec<Table> {
    let mut tables = sums();
    tables.push(source());
    tables.extend(of_sources());
    tables.push(task());
    tables.extend(of_tasks());
    tables
}

fn sums() -> Vec<Table> {
    let [unix_time, time] = [
        format!("unix_time = window * {WINDOW_SECONDS}"),
        "time = strftime('%Y-%m-%dT%H:%M:%SZ', unix_time, 'unixepoch')".into(),
    ]
    .map(|law| Law(law, "the start of its slice"));
    vec![
        ("account", "'account ' || id", vec![("id", Number(1, i64::MAX)), ("name", PATH)]),
        (
            "state",
            "NULL",
            vec![("generation", Number(0, LAST_NUMBER)), ("empty_is_delivered", FLAG), ("kept_from", WINDOW)],
        ),
        (
            "total",
            "NULL",
            ["sources", "lines", "accepted", "unplaced", "blank", "skipped"]
                .map(|name| (name, NUMBER))
                .into(),
        ),
        ("total_reject", "NULL", vec![("reason", reason()), ("lines", NUMBER)]),
        (
            "slice",
            "'slice ' || window",
            vec![("window", WINDOW), ("unix_time", unix_time), ("time", time), ("requests", NUMBER)],
        ),
    ]
}

fn source() -> Table {
    let (start, end) = (CALENDAR.start, CALENDAR.end);
    let named = format!(
        "named_domain IS NULL OR ifnull(named_start BETWEEN {start} AND {end}
             AND named_end BETWEEN named_start AND named_start + {DAY_SECONDS}, FALSE)"
    );
    let columns = vec![
        ("name", PATH),
        ("sort", PATH),
        ("size", NUMBER),
        ("whole", HASH),
        ("chain", HASH),
        ("head", HASH),
        ("open", HASH),
        ("text", Bytes(33, 32 + 253)),
        ("sketch", PATH),
        ("text_bytes", NUMBER),
        ("format", Bytes(1, 64)),
        ("region", region()),
        ("named_end", Law(named, "an end within a day of its start")),
        ("lines", LINES),
        ("accepted", LINES),
        ("unplaced", LINES),
        ("blank", LINES),
        ("skipped", LINES),
        ("let_go", LINES),
        ("padding", NUMBER),
        ("file", PATH),
        ("fault", PATH),
        ("arrived", TIME),
        ("changed", TIME),
    ];
    ("source", NAME, columns)
}

fn of_sources() -> Vec<Table> {
    let last = format!("last_window BETWEEN first_window AND {}", WINDOWS - 1);
    let place = vec![
        ("path", PATH),
        ("name", PATH),
        ("sort", PATH),
        ("size", NUMBER),
        ("is_named", Number(0, 254)),
        ("is_beginning", FLAG),
    ];
    let part = vec![
        ("first_window", WINDOW),
        ("last_window", Law(last, "a slice after the first")),
        ("bytes", NUMBER),
        ("requests", LINES),
    ];
    vec![
        ("place", OF_SOURCE, place),
        ("reject", OF_SOURCE, vec![("reason", reason()), ("lines", LINES)]),
        ("sample", OF_SOURCE, vec![("line", LINES), ("reason", reason()), ("text", PATH)]),
        ("series", "'series ' || id", vec![("domain", DOMAIN), ("region", region())]),
        ("part", OF_SOURCE, part),
        ("change", "'series ' || series", vec![("window", WINDOW), ("generation", generation())]),
    ]
}

fn task() -> Table {
    let end_time = format!("end_time BETWEEN start_time + 1 AND {}", CALENDAR.end);
    let end_window = format!("end_window BETWEEN first_window + 1 AND first_window + {MOST_WINDOWS}");
    let columns = vec![
        ("id", ROW_NUMBER),
        ("name", PATH),
        ("reason", TEXT),
        ("start_time", TIME),
        ("end_time", Law(end_time, "a time after the start")),
        ("first_window", WINDOW),
        ("end_window", Law(end_window, "a slice after the first, within 31 days")),
        ("account", TEXT),
        ("wanted", TEXT),
        ("language", Word(Language::ALL.map(Language::name).to_vec())),
        ("region", region()),
        ("output", Bytes(1, MOST_NAME)),
        ("size", NUMBER),
        ("claimed", FLAG),
        ("created", TIME),
        ("updated", TIME),
        ("generation", generation()),
        ("hours_with_log", LINES),
        ("hours", LINES),
        ("domain_hours_with_log", LINES),
        ("domain_hours", LINES),
        ("digest", HASH),
        ("sealed", HASH),
    ];
    ("task", "'task ' || id", columns)
}

fn of_tasks() -> Vec<Table> {
    let tick = vec![("id", ROW_NUMBER), ("time", TIME), ("exit_code", Number(0, 255)), ("line", TEXT)];
    vec![
        ("parameter", OF_TASK, vec![("name", PATH), ("value", TEXT)]),
        ("task_hours", OF_TASK, vec![("domain", DOMAIN), ("hours", LINES)]),
        ("tick", "'tick ' || id", tick),
    ]
}
