//! A list of export requests as a CSV file: a row for each, under headings that are the request's parameters.
//!
//! Names csv, as the rejected lines do. Runs nothing: every row is found valid before the first is run.

use crate::cli::times::valid;
use crate::cli::{config, output_path};
use crate::contract::code::Refusal;
use crate::contract::request::{Account, ExportRequest, ExportSpec, Parameter};
use crate::error::{self, Error, Result};
use crate::locale::Language;
use crate::output::Spot;
use crate::schedule::range::RangeRule;
use crate::spelling::hint;
use crate::visible;
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
    /// What it is called in messages.
    pub(super) label: String,
}

/// What rows are read with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    /// Whose usage it is.
    pub(super) account: &'a Account,
    /// The language of rows that name none.
    pub(super) language: Language,
    /// The zone of rows that name none.
    pub(super) zone: Option<&'a str>,
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
    let text = config::bytes(path, "list of tasks")?;
    utf8(&text).and_then(|text| parse(text, setting)).map_err(|e| e.at(path))
}

/// The text of a list, if it is UTF-8: spreadsheets save CSV also as UTF-16, and in the code page of their system.
fn utf8(bytes: &[u8]) -> Result<&str> {
    let found = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, ..] | [0, _, ..] => "is UTF-16".to_owned(),
        [b'P', b'K', 3, 4, ..] => "is a workbook or another archive".to_owned(),
        _ => match str::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
                format!("is not UTF-8 (line {line} is the first that is not; it may be GBK)")
            }
        },
    };
    Err(Error::usage(format!("{found}; save it as \"CSV UTF-8\"")))
}

fn parse(text: &str, setting: &Setting<'_>) -> Result<Vec<TaskRow>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader =
        csv::ReaderBuilder::new().trim(Trim::All).delimiter(separator(text)).from_reader(text.as_bytes());
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
        let name = columns.iter().zip(&record).find(|(column, _)| column.name() == "task_name");
        let name = name.map(|(_, name)| name).filter(|name| !name.is_empty());
        let row = row(&columns, &record, line, setting).map_err(|e| of_task(e, name).line(line))?;
        if let Some(first) = outputs.insert(Spot::of(&row.output), line) {
            let shown = visible::path(&row.output);
            let text = format!(
                "has the same workbook as line {first}: {shown}; name another in output, and not only in \
                                upper or lower case"
            );
            return Err(of_task(Error::usage(text), name).line(line));
        }
        rows.push(row);
    }
    if rows.is_empty() { Err(Error::usage("has no task; write one row for each")) } else { Ok(rows) }
}

/// An error that says which task it is about, where that has a name.
fn of_task(error: Error, name: Option<&str>) -> Error {
    let Some(name) = name else { return error };
    match error.kind() {
        error::ErrorKind::Refused(refusal) => {
            Refusal::new(refusal.code, format!("Task {name:?}: {}", refusal.detail)).into()
        }
        _ => Error::usage(format!("task {name:?}: {}", error.message())),
    }
}

/// What parts the headings: the names of parameters hold none of these.
fn separator(text: &str) -> u8 {
    let headings = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().as_bytes();
    [b';', b'\t'].into_iter().find(|separator| headings.contains(separator)).unwrap_or(b',')
}

/// A column of the list.
#[derive(Clone, Copy, Debug)]
enum Column {
    Parameter(Parameter),
    Range,
    Output,
}

impl Column {
    /// Every column: the parameters, the range behind the times that it stands for, and the file.
    fn all() -> impl Iterator<Item = Self> {
        let with_range = |one: Parameter| {
            [Some(Self::Parameter(one)), (one.key == "end_time").then_some(Self::Range)].into_iter().flatten()
        };
        Parameter::ALL.into_iter().flat_map(with_range).chain([Self::Output])
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Parameter(one) => one.key,
            Self::Range => "range",
            Self::Output => "output",
        }
    }
}

/// The columns in the order of the file.
fn columns(headings: &StringRecord) -> Result<Vec<Column>> {
    let wrong = |what: String| Err(Error::usage(what).line(1));
    let known = || Column::all().map(Column::name).collect::<Vec<_>>().join(", ");
    let mut columns: Vec<Column> = Vec::new();
    for heading in headings {
        let Some(column) = Column::all().find(|column| column.name() == heading) else {
            let give = format!("known are: {}", known());
            // A month is a range.
            let word = if heading.eq_ignore_ascii_case("month") { "range" } else { heading };
            let hint = hint(word, Column::all().map(Column::name), &give);
            return wrong(format!("the heading {heading:?} is unknown{hint}"));
        };
        if columns.iter().any(|other| other.name() == heading) {
            return wrong(format!("the heading {heading} occurs twice"));
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
            Column::Parameter(one) => *one.of(&mut request) = Some(value.into()),
            Column::Range => range = Some(value),
            Column::Output => output = Some(value),
        }
    }
    if range.is_some() && (request.start_time.is_some() || request.end_time.is_some()) {
        return Err(Error::usage("range and start_time or end_time are both given; give one of them"));
    }
    if let Some(text) = range.filter(|text| RangeRule::parse(text).is_none()) {
        return Err(Error::usage(format!("range is {text:?}{}", RangeRule::hint(text))));
    }
    if request.time_zone.is_none() {
        request.time_zone = setting.zone.map(String::from);
    }
    let (request, spec) = valid(request, range, setting.now, setting.account, setting.language)?;
    let output = output_path::below(setting.folder, output, &spec)?;
    let label = match &spec.name {
        Some(name) => format!("task {name:?} (line {line})"),
        None => format!("the task of line {line}"),
    };
    Ok(TaskRow { request, spec, output, label })
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
    use crate::domain;
    use crate::export::name::file_name;

    fn account() -> Account {
        let groups = [("shop".to_owned(), vec![domain::Pattern::parse("a.com").unwrap()])].into();
        Account { groups, ..Account::default() }
    }

    fn rows(text: &str) -> Result<Vec<TaskRow>> {
        let setting = Setting {
            account: &account(),
            language: Language::EnUs,
            zone: None,
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
        let seen: Vec<_> =
            rows.iter().map(|row| (row.label.as_str(), row.output.to_str().unwrap())).collect();
        let named = "reports/two__lines_20260301T000000Z_20260302T000000Z.xlsx";
        let labels =
            ["task \"March, all\" (line 2)", "task \"two\\r\\nlines\" (line 5)", "the task of line 7"];
        let outputs = ["reports/m.xlsx", named, "/x/v.xlsx"];
        assert!(seen.into_iter().eq(labels.into_iter().zip(outputs)));
        assert_eq!(rows[0].request.task_name.as_deref(), Some("March, all"));
        assert_eq!(rows[0].spec.selection.wanted.named().count(), 2);
        assert_eq!(rows[0].spec.factor.to_string(), "1.1");
        assert_eq!(rows[2].request.task_name, None);
    }

    #[test]
    fn a_list_is_known_by_its_columns() {
        let keys = Parameter::ALL.iter().map(|parameter| parameter.key);
        let known: Vec<&str> = keys.chain(crate::output::COLUMNS).collect();
        assert!(Column::all().all(|column| known.contains(&column.name())));
    }

    #[test]
    fn every_parameter_has_its_column() {
        let text = "task_name,type,start_time,end_time,range,domain_names,group,language,time_zone,traffic_factor,\
             rows,bill_type,samples,fold,max_rows,overlaps,product,dimension,aliuid,operator,output\n\
             n,flow,,,yesterday,a.com,shop,zh-cn,Asia/Shanghai,2,sparse,month_95,none,*.a.com,99,refuse,cdn,flow,12,me,o.xlsx";
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
            samples,
            fold,
            max_rows,
            overlaps,
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
            (samples, "none"),
            (fold, "*.a.com"),
            (max_rows, "99"),
            (overlaps, "refuse"),
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
                "type|range\nflow|today".into(),
                "line 1: the heading \"type|range\" is unknown; known are: task_name",
            ),
            (
                under("flow,,,today,{nmae}.xlsx,"),
                "line 2: output is \"{nmae}.xlsx\"; it has an unknown field",
            ),
            (under("flow,2026-03-32,2026-03-01,,,"), "line 2: InvalidParameterStartTime: "),
            ("type,range,Group\n".into(), "line 1: the heading \"Group\" is unknown"),
            ("type,range,type\n".into(), "line 1: the heading type occurs twice"),
            ("type,range\n,\n".into(), "has no task"),
            ("type,range\r\n\r\nflow,today\r\nflow\r\n".into(), "line 4: has 1 fields under 2 headings"),
            (under(&format!("\nflow,{TIMES},,,\n\nfluw,{TIMES},,,")), "line 5: InvalidParameter: "),
            (under("flow,,2026-03-02T00:00:00Z,,,"), "StartTime is missing"),
            (under("flow,,,last week,,"), "line 2: range is \"last week\"; give yesterday"),
            (
                under(&format!("flow,{TIMES},today,,")),
                "line 2: range and start_time or end_time are both given",
            ),
            (under(&format!("flow,{TIMES},,,sale")), "line 2: InvalidParameter: "),
            (
                under("flow,,,today,a.xlsx,\nvas,,,today,b.xlsx,\nvas,,,today,a.xlsx,"),
                "line 4: has the same workbook as line 2: reports/a.xlsx",
            ),
            (
                under("flow,,,today,sub/../a.xlsx,\nvas,,,today,a.xlsx,"),
                "line 3: has the same workbook as line 2: reports/a.xlsx",
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
    fn lists_as_spreadsheets_save_them() {
        for separator in [",", ";", "\t"] {
            let text = "type,range,time_zone,output\nflow,2026-02,Asia/Shanghai,{start:%Y}/{name} {last:%d}.xlsx\n\
                        vas,2026-03-01/2026-03-31,,new/\n";
            let rows = rows(&text.replace(',', separator)).unwrap();
            assert_eq!(rows[0].output, Path::new("reports/2026/flow 28.xlsx"));
            assert_eq!(rows[0].request.start_time.as_deref(), Some("2026-01-31T16:00:00Z"));
            assert_eq!(rows[1].request.end_time.as_deref(), Some("2026-04-01T00:00:00Z"));
            let name = "reports/new/vas_20260301T000000Z_20260401T000000Z.xlsx";
            assert_eq!(rows[1].output, Path::new(name));
        }
        for (bytes, expected) in [
            (&b"\xff\xfet\0y\0"[..], "UTF-16"),
            (b"t\0y\0", "UTF-16"),
            (b"type,task_name\nflow,\xd4\xc2\xd5\xcb\n", "line 2"),
            (b"PK\x03\x04", "workbook"),
        ] {
            let error = utf8(bytes).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("save it as \"CSV UTF-8\""), "{error}");
        }
        assert_eq!(utf8(b"").unwrap(), "");
    }

    #[test]
    fn errors_name_the_file_and_folders_take_workbooks() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tasks.csv");
        let account = account();
        let setting = Setting {
            account: &account,
            language: Language::EnUs,
            zone: None,
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
