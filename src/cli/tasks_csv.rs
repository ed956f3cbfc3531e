//! A list of export requests as a CSV file: a row for each, under headings that are the request's parameters.
//!
//! Names csv, as the rejected lines do. Runs nothing: every row is found valid before the first is run.

use crate::cli::config;
use crate::error::{Error, Result};
use crate::export::name::file_name;
use crate::export::request::{Account, ExportRequest, ExportSpec, validate};
use crate::locale::Language;
use crate::task::range::RangeRule;
use crate::time::{Zone, iso};
use csv::{ErrorKind, Position, StringRecord, Trim};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// A row of the list.
#[derive(Clone, Debug)]
pub(super) struct TaskRow {
    /// What it asks for, times included.
    pub(super) request: ExportRequest,
    /// The same as types.
    pub(super) spec: ExportSpec,
    /// Its workbook; no other row's.
    pub(super) output: PathBuf,
    /// Where it stands in the file, from 1.
    pub(super) line: u64,
}

/// What rows are read with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// Whose usage it is.
    pub(super) account: &'a Account,
    /// The language of rows that name none.
    pub(super) language: Language,
    /// The time that ranges like `yesterday` start from, unix seconds.
    pub(super) now: i64,
    /// Where the column `output` starts from, and where workbooks without one go.
    pub(super) folder: &'a Path,
}

/// Reads a list of tasks.
///
/// # Errors
/// Names the file, and the line where there is one: headings that are unknown, missing or there twice, a
/// row that is no valid request, two rows with the same workbook.
pub(super) fn read(path: &Path, setting: &Setting<'_>) -> Result<Vec<TaskRow>> {
    config::text(path, "list of tasks").and_then(|text| parse(&text, setting)).map_err(|e| e.at(path))
}

fn parse(text: &str, setting: &Setting<'_>) -> Result<Vec<TaskRow>> {
    let mut reader = csv::ReaderBuilder::new().trim(Trim::All).from_reader(text.as_bytes());
    let mut lines = Lines { text, counted: 0, line: 1 };
    let columns = columns(reader.headers().map_err(|e| broken(&e, &mut lines))?)?;
    let mut rows = Vec::new();
    let mut outputs = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(|e| broken(&e, &mut lines))?;
        // What a spreadsheet leaves of a row that was emptied.
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = lines.at(record.position());
        let row = row(&columns, &record, line, setting).map_err(|e| e.line(line))?;
        if let Some(first) = outputs.insert(row.output.clone(), line) {
            let shown = row.output.display();
            let text = format!("has the same workbook as line {first}: {shown}; name another in output");
            return Err(Error::usage(text).line(line));
        }
        rows.push(row);
    }
    if rows.is_empty() { Err(Error::usage("holds no task: write one row for each")) } else { Ok(rows) }
}

/// A column of the list.
#[derive(Clone, Copy, Debug)]
enum Column {
    Parameter(&'static str, fn(&mut ExportRequest) -> &mut Option<String>),
    Range,
    Output,
}

impl Column {
    /// Every column.
    const ALL: [Self; 17] = [
        Self::Parameter("task_name", |r| &mut r.task_name),
        Self::Parameter("type", |r| &mut r.kind),
        Self::Parameter("start_time", |r| &mut r.start_time),
        Self::Parameter("end_time", |r| &mut r.end_time),
        Self::Range,
        Self::Parameter("domain_names", |r| &mut r.domain_names),
        Self::Parameter("group", |r| &mut r.group),
        Self::Parameter("language", |r| &mut r.language),
        Self::Parameter("time_zone", |r| &mut r.time_zone),
        Self::Parameter("traffic_factor", |r| &mut r.traffic_factor),
        Self::Parameter("rows", |r| &mut r.rows),
        Self::Parameter("bill_type", |r| &mut r.bill_type),
        Self::Parameter("product", |r| &mut r.product),
        Self::Parameter("dimension", |r| &mut r.dimension),
        Self::Parameter("aliuid", |r| &mut r.aliuid),
        Self::Parameter("operator", |r| &mut r.operator),
        Self::Output,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Parameter(name, _) => name,
            Self::Range => "range",
            Self::Output => "output",
        }
    }
}

/// The columns in the order of the file.
fn columns(headings: &StringRecord) -> Result<Vec<Column>> {
    let wrong = |what: String| Err(Error::usage(what).line(1));
    let known = || Column::ALL.map(Column::name).join(", ");
    let mut columns: Vec<Column> = Vec::new();
    for heading in headings {
        let Some(column) = Column::ALL.into_iter().find(|column| column.name() == heading) else {
            return wrong(format!("the heading {heading:?} is unknown; known are: {}", known()));
        };
        if columns.iter().any(|other| other.name() == heading) {
            return wrong(format!("the heading {heading} is there twice"));
        }
        columns.push(column);
    }
    let has = |name: &str| columns.iter().any(|column| column.name() == name);
    if !has("type") {
        return wrong(format!("the heading type is missing; known are: {}", known()));
    }
    let timed = has("range") || (has("start_time") && has("end_time"));
    if !timed {
        return wrong("the headings start_time and end_time are missing; give both, or range".into());
    }
    Ok(columns)
}

fn row(columns: &[Column], record: &StringRecord, line: u64, setting: &Setting<'_>) -> Result<TaskRow> {
    let mut request = ExportRequest::default();
    let (mut range, mut output) = (None, None);
    // The reader refuses rows that are longer or shorter than the headings.
    for (column, value) in columns.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        match column {
            Column::Parameter(_, of) => *of(&mut request) = Some(value.into()),
            Column::Range => range = Some(value),
            Column::Output => output = Some(value),
        }
    }
    if let Some(text) = range {
        set_times(&mut request, text, setting.now)?;
    }
    let spec = validate(&request, setting.account, setting.language)?;
    let output = match output {
        None => setting.folder.join(file_name(&spec)),
        Some(output) => match setting.folder.join(output) {
            folder if folder.is_dir() => folder.join(file_name(&spec)),
            file => file,
        },
    };
    Ok(TaskRow { request, spec, output, line })
}

/// The times of a range, in the request's zone.
fn set_times(request: &mut ExportRequest, text: &str, now: i64) -> Result<()> {
    if request.start_time.is_some() || request.end_time.is_some() {
        return Err(Error::usage("range stands beside start_time or end_time; give either"));
    }
    let Some(rule) = RangeRule::parse(text) else {
        return Err(Error::usage(format!("range is {text:?}; {}", RangeRule::EXPECTED)));
    };
    // A zone that is none is refused with the request.
    let zone = request.time_zone.as_deref().map_or(Some(Zone::UTC), Zone::parse).unwrap_or(Zone::UTC);
    let (start, end) = rule.resolve(now, zone);
    (request.start_time, request.end_time) = (Some(iso(start)), Some(iso(end)));
    Ok(())
}

/// The lines of the file, counted as far as they are asked for. The reader's own count stops before the line
/// feeds and empty lines that a row follows.
struct Lines<'a> {
    text: &'a str,
    /// Bytes whose line feeds are in `line`.
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of a row, rows being asked for in their order.
    fn at(&mut self, position: Option<&Position>) -> u64 {
        let byte = position.and_then(|position| usize::try_from(position.byte()).ok());
        let rest = byte.and_then(|byte| self.text.get(byte..)).map(|t| t.trim_start_matches(['\r', '\n']));
        let start = rest.map_or(self.counted, |rest| self.text.len() - rest.len());
        let passed = self.text.get(self.counted..start).unwrap_or_default();
        self.line += passed.matches('\n').count() as u64;
        self.counted = start.max(self.counted);
        self.line
    }
}

/// What the reader could not make rows of.
fn broken(error: &csv::Error, lines: &mut Lines<'_>) -> Error {
    let text = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields under {expected_len} headings; quote a field that holds commas")
        }
        _ => error.to_string(),
    };
    Error::usage(text).line(lines.at(error.position()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Pattern;

    fn account() -> Account {
        let groups = [("shop".to_owned(), vec![Pattern::parse("a.com").unwrap()])].into();
        Account { groups, ..Account::default() }
    }

    fn rows(text: &str) -> Result<Vec<TaskRow>> {
        let setting = Setting {
            account: &account(),
            language: Language::EnUs,
            // 2026-03-15T20:00:00Z, the 16th in Shanghai.
            now: 1_773_604_800,
            folder: Path::new("reports"),
        };
        parse(text, &setting)
    }

    const TIMES: &str = "2026-03-01T00:00:00Z,2026-03-02T00:00:00Z";

    #[test]
    fn columns_in_any_order() {
        let text = "\u{feff}output,start_time,end_time, type ,task_name,domain_names,traffic_factor,bill_type\r\n\
             m.xlsx,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,flow,\"March, all\",\"a.com,b.com\",1.1,month_95\r\n\
             \r\n\
             ,,,,,,,\r\n\
             ,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,vas,\"two\r\nlines\",,,\r\n\
             /x/v.xlsx,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,vas,,,,";
        let rows = rows(text).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.line, row.output.to_str().unwrap())).collect();
        let named = "reports/two__lines_20260301T000000Z_20260302T000000Z.xlsx";
        assert_eq!(seen, [(2, "reports/m.xlsx"), (5, named), (7, "/x/v.xlsx")]);
        assert_eq!(rows[0].request.task_name.as_deref(), Some("March, all"));
        assert_eq!(rows[0].spec.selection.wanted.named().count(), 2);
        assert_eq!(rows[0].spec.factor.to_string(), "1.1");
        assert_eq!(rows[2].request.task_name, None);
    }

    #[test]
    fn every_parameter_has_its_column() {
        let text = "task_name,type,start_time,end_time,range,domain_names,group,language,time_zone,traffic_factor,\
             rows,bill_type,product,dimension,aliuid,operator,output\n\
             n,flow,,,yesterday,a.com,shop,zh-cn,Asia/Shanghai,2,sparse,month_95,cdn,flow,12,me,o.xlsx";
        let rows = rows(text).unwrap();
        let ExportRequest {
            start_time,
            end_time,
            kind,
            group,
            domain_names,
            task_name,
            language,
            product,
            dimension,
            bill_type,
            aliuid,
            operator,
            time_zone,
            traffic_factor,
            rows: dense,
        } = rows[0].request.clone();
        for (value, expected) in [
            (start_time, "2026-03-14T16:00:00Z"),
            (end_time, "2026-03-15T16:00:00Z"),
            (kind, "flow"),
            (group, "shop"),
            (domain_names, "a.com"),
            (task_name, "n"),
            (language, "zh-cn"),
            (product, "cdn"),
            (dimension, "flow"),
            (bill_type, "month_95"),
            (aliuid, "12"),
            (operator, "me"),
            (time_zone, "Asia/Shanghai"),
            (traffic_factor, "2"),
            (dense, "sparse"),
        ] {
            assert_eq!(value.as_deref(), Some(expected));
        }
        assert_eq!(rows[0].output, Path::new("reports/o.xlsx"));
    }

    #[test]
    fn mistakes_name_their_line() {
        let under = |rows: &str| format!("type,start_time,end_time,range,output,group\n{rows}");
        for (text, expected) in [
            (String::new(), "line 1: the heading type is missing"),
            ("start_time,end_time\n".into(), "line 1: the heading type is missing"),
            ("type,start_time\nflow,x".into(), "line 1: the headings start_time and end_time are missing"),
            (
                "type;range\nflow;today".into(),
                "line 1: the heading \"type;range\" is unknown; known are: task_name",
            ),
            ("type,range,Group\n".into(), "line 1: the heading \"Group\" is unknown"),
            ("type,range,type\n".into(), "line 1: the heading type is there twice"),
            ("type,range\n,\n".into(), "holds no task"),
            ("type,range\r\n\r\nflow,today\r\nflow\r\n".into(), "line 4: has 1 fields under 2 headings"),
            (under(&format!("\nflow,{TIMES},,,\n\nfluw,{TIMES},,,")), "line 5: InvalidParameter: "),
            (under("flow,,2026-03-02T00:00:00Z,,,"), "StartTime is missing"),
            (under("flow,,,last week,,"), "line 2: range is \"last week\"; give yesterday"),
            (under(&format!("flow,{TIMES},today,,")), "line 2: range stands beside start_time"),
            (under(&format!("flow,{TIMES},,,sale")), "line 2: InvalidParameter: "),
            (
                under("flow,,,today,a.xlsx,\nvas,,,today,b.xlsx,\nvas,,,today,a.xlsx,"),
                "line 4: has the same workbook as line 2: reports/a.xlsx",
            ),
            (
                under(&format!("flow,{TIMES},,,\nflow,{TIMES},,,shop")),
                "line 3: has the same workbook as line 2: reports/flow_2026",
            ),
        ] {
            let error = rows(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn errors_name_the_file_and_folders_take_workbooks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.csv");
        let account = account();
        let setting = Setting {
            account: &account,
            language: Language::EnUs,
            now: 1_773_604_800,
            folder: folder.path(),
        };
        std::fs::write(&file, "type,range,output\nflow,yesterday,.\n").unwrap();
        let rows = read(&file, &setting).unwrap();
        assert_eq!(rows[0].output.file_name().unwrap(), file_name(&rows[0].spec).as_str());
        std::fs::write(&file, "type,range\nflow,never\n").unwrap();
        let error = read(&file, &setting).unwrap_err().to_string();
        assert!(error.contains("tasks.csv: line 2: range is \"never\""), "{error}");
        let error = read(&folder.path().join("none.csv"), &setting).unwrap_err().to_string();
        assert!(error.contains("none.csv: cannot read the list of tasks"), "{error}");
    }
}
