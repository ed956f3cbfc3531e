//! How many rows and domains a file may have, and how to ask for fewer.

use super::{Task, form};
use crate::contract::code::{Code, Refusal};
use crate::domain::{Domain, widest};
use crate::export::columns::readable_bytes;
use crate::export::{self, Series};
use std::collections::BTreeSet;
use std::fmt::Write;

/// More rows than this are hardly what somebody wants to open.
const MANY_ROWS: u64 = 10_000_000;
/// Bytes of a row in a workbook, about.
const ROW_BYTES: u64 = 23;

/// The most rows of Detail: where nothing was given, a workbook has a limit, and CSV, which is read by programs, has none.
pub(super) fn most_rows(task: &Task<'_>) -> Option<u64> {
    task.spec.max_rows.or_else(|| form::is_workbook(task.output).then_some(MANY_ROWS))
}

/// Refuses to write more rows than allowed, and says how many there would be and how there are fewer.
pub(super) fn too_many_rows(
    task: &Task<'_>,
    rows: u64,
    most: u64,
    series: &[Series],
    kept: Option<&[u64]>,
) -> Refusal {
    let domains = counted(domains(series), "domain");
    let size = form::is_workbook(task.output).then(|| {
        let sheets = export::count_sheets(series, task.spec.range.len() as u64, kept);
        format!(" on {}, about {}", counted(sheets, "sheet"), readable_bytes((rows * ROW_BYTES).into()))
    });
    let size = size.unwrap_or_default();
    let mut text = format!(
        "this export has {rows} rows of Detail, more than the limit of {most} (--max-rows): {domains}{size}. \
         Nothing was \
         written."
    );
    if kept.is_none() {
        text.push_str("\n  --rows sparse writes only rows with a request");
    }
    text.push_str(&fewer_domains(task, series));
    let _ = write!(text, "\n  --max-rows {rows} writes them anyway");
    Refusal::new(Code::InvalidParameter, text)
}

/// Refuses to write more domains than the sheet of domains has rows, and says how there are fewer.
pub(super) fn too_many_domains(task: &Task<'_>, series: &[Series], most: u64) -> Option<Refusal> {
    let count = domains(series) as u64;
    (count > most && form::is_workbook(task.output)).then(|| {
        let text = format!(
            "this export has {count} domains, more than the {most} that fit on the sheet Domains. \
             Nothing was written.{}\n  --output FILE.csv writes the rows of Detail alone",
            fewer_domains(task, series)
        );
        Refusal::new(Code::InvalidParameter, text)
    })
}

/// The options with which an export has fewer domains, a line each.
fn fewer_domains(task: &Task<'_>, series: &[Series]) -> String {
    let mut text = String::new();
    if domains(series) > 1 {
        text.push_str("\n  --domain-names or --group asks for fewer domains");
    }
    let named: BTreeSet<&Domain> = task.spec.selection.wanted.named().collect();
    let hosts = series.chunk_by(|a, b| a.0 == b.0).map(|one| &one[0].0).filter(|host| !named.contains(host));
    if let Some((wildcard, hosts)) = widest(hosts.map(Domain::as_str)) {
        let _ = write!(text, "\n  --fold '{wildcard}' counts {hosts} domains as one");
    }
    text
}

fn domains(series: &[Series]) -> usize {
    series.chunk_by(|a, b| a.0 == b.0).count()
}

/// A number of things, as `1 sheet` and `2 sheets`.
fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// What is said before very many rows are written.
pub(super) fn many_rows(rows: u64, series: &[Series], is_sparse: bool) -> Option<String> {
    let domains = counted(domains(series), "domain");
    let sparse = if is_sparse { "" } else { "--rows sparse writes only rows with a request; " };
    (rows > MANY_ROWS).then(|| {
        let (whole, tenths) = (rows / 1_000_000, rows / 100_000 % 10);
        format!(
            "{whole}.{tenths} million rows of Detail will be written, of {domains}: this takes long, and few \
             programs can open such a large file; {sparse}--domain-names writes fewer domains"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::request::{Account, ExportRequest, validate};
    use crate::locale::Language;
    use crate::region::Region;
    use crate::report::RejectLimit;
    use std::path::Path;

    #[test]
    fn more_domains_than_a_sheet_holds_are_refused_with_what_helps() {
        let request = ExportRequest {
            start_time: Some("2026-03-01T00:00:00Z".into()),
            end_time: Some("2026-03-02T00:00:00Z".into()),
            kind: Some("flow".into()),
            ..ExportRequest::default()
        };
        let spec = validate(&request, &Account::default(), Language::EnUs).unwrap();
        let task = |output: &'static str| Task {
            spec: &spec,
            region: Region::Unspecified,
            threads: 1,
            max_rejects: RejectLimit::DEFAULT,
            require_complete: false,
            output: Path::new(output),
            force: false,
            created: 0,
        };
        let domain = |n: usize| Domain::new(format!("h{n}.img.example.com").as_bytes()).unwrap();
        let series: Vec<Series> = (0..3).map(|n| (domain(n), Region::Cn)).collect();
        assert_eq!(too_many_domains(&task("a.xlsx"), &series, 3), None);
        assert_eq!(too_many_domains(&task("a.csv"), &series, 2), None);
        let text = too_many_domains(&task("a.xlsx"), &series, 2).unwrap().detail;
        for part in [
            "this export has 3 domains, more than the 2 that fit on the sheet Domains",
            "--fold '*.img.example.com' counts 3 domains as one",
            "--group",
            "--output FILE.csv",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn very_many_rows_are_said_with_their_domains_and_what_helps() {
        let domain = |name: &str| Domain::new(name.as_bytes()).unwrap();
        let series = [
            (domain("a.com"), Region::Cn),
            (domain("a.com"), Region::default()),
            (domain("b.com"), Region::Cn),
        ];
        assert_eq!(many_rows(MANY_ROWS, &series, false), None);
        let text = many_rows(12_399_999, &series, false).unwrap();
        for part in ["12.3 million rows", "of 2 domains", "--rows sparse", "--domain-names"] {
            assert!(text.contains(part), "{text}");
        }
        let text = many_rows(MANY_ROWS + 1, &series, true).unwrap();
        assert!(text.contains("10.0 million rows") && !text.contains("--rows sparse"), "{text}");
    }
}
