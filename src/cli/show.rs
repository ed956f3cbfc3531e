//! What people and scripts see at the end: the table, the JSON object, messages.

use super::notes;
use super::numbers::{grouped, whole};
use super::out::beside;
pub(super) use super::out::{Out, explain, json_text, lines, message, messages, object, own, unless_gone};
use crate::contract::kind::Kind;
use crate::contract::request::{ExportRequest, ExportSpec, Overlaps};
use crate::contract::response::{Created, Failure, request_id};
use crate::delivery::taking::{Fate, Taking};
use crate::domain::{Pattern, Selection};
use crate::error::{Error, ErrorKind, Result};
use crate::export::Exported;
use crate::export::completeness::Completeness;
use crate::fault::Fault;
use crate::log::Format;
use crate::names::may_be_named;
use crate::record::{Protocol, Reason};
use crate::report::{Counts, NotOpened, Report};
use crate::task::registered::Finished;
use crate::task::registry::TaskId;
use crate::task::{Outcome, Task};
use crate::time::iso;
use crate::usage::billing::{Bandwidth, ratio};
use crate::visible;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Tells an error on standard error, with what to do where that is known: in the configuration, where that says what is
/// done.
pub(super) fn error(error: &Error, is_configured: bool) {
    let hint = match (error.kind(), is_configured) {
        // Of what is not there, or may not be read, there is no readable part.
        (ErrorKind::Damaged(fault), _) if fault.is_unreadable() => "",
        (ErrorKind::Damaged(_), true) => {
            "\n  write keep_going = true under [ingest] to count the readable part of such logs"
        }
        (ErrorKind::Damaged(_), false) => "\n  give --keep-going to count the readable part of such logs",
        _ => "",
    };
    explain(&format!("{error}{hint}"));
}

/// Names the sources that cannot be trusted, and says what else is odd.
pub(super) fn faults(report: &Report, overlaps: Overlaps) {
    for (name, fault) in report.faults() {
        message(&format!("{name}: {fault}"));
    }
    if let count @ 1.. = report.elsewhere.faults {
        message(&format!("damaged logs whose names name no domain: {count}"));
    }
    for note in notes::of_report(report, overlaps) {
        message(&note);
    }
}

/// Says how a store is rid of a log that could not be read to its end and will not be there again.
pub(super) fn how_to_forget(report: &Report, store: &Path) {
    let name = report.faults().map(|(name, _)| name).next();
    if let Some(name) = name {
        message(&format!(
            "a log that could not be read counts as missing until it is repaired; if it is lost for good: \
             flowbook store forget {} --store {}",
            visible::argument(name),
            visible::argument(&store.to_string_lossy())
        ));
    }
}

/// Names logs that could not be read to their end, as far as they may concern a selection; of others, how many. Gives the
/// same for scripts.
pub(super) fn unread(faults: &[(String, Fault)], selection: &Selection) -> Value {
    let (shown, others): (Vec<_>, Vec<_>) =
        faults.iter().partition(|(name, _)| may_be_named(name, selection));
    for (name, fault) in &shown {
        message(&format!("{name}: {fault}"));
    }
    if let count @ 1.. = others.len() {
        message(&format!(
            "other logs that could not be read to their end: {count}; flowbook ingest names them"
        ));
    }
    let named: Vec<Value> =
        shown.iter().map(|(name, fault)| json!({"file": name, "fault": **fault})).collect();
    json!({"faults": named, "others": others.len()})
}

/// The short table at the end; on standard error where the rows themselves went to standard output.
pub(super) fn table(task: &Task<'_>, outcome: &Outcome, is_stream: bool) -> Result<()> {
    let mut rows = by_fate(&outcome.report.totals());
    if !outcome.report.duplicates.is_empty() {
        rows.push(("duplicates skipped".into(), grouped(outcome.report.duplicates.len() as u128)));
    }
    rows.extend(formats(&outcome.report));
    let NotOpened { other_hours, other_domains } = outcome.not_opened;
    for (files, told) in [(other_hours, "other hours"), (other_domains, "other domains")] {
        if files > 0 {
            rows.push((
                format!("not opened, {told}"),
                format!("{} files, by their names", grouped(files.into())),
            ));
        }
    }
    if let Ok(exported) = &outcome.result {
        rows.extend(figures(task.spec, exported));
        rows.push(("hours with a log".into(), exported.completeness.to_string()));
        rows.push(("rows".into(), grouped(exported.rows.into())));
        let what = if exported.sheets > 0 { "workbook" } else { "CSV" };
        rows.push((what.into(), task.output.display().to_string()));
    }
    if is_stream {
        beside(&lines_of(&rows));
        return Ok(());
    }
    self::rows(&rows)
}

/// Lines by what became of them.
fn by_fate(totals: &Counts) -> Vec<(String, String)> {
    let mut rows = vec![
        ("lines read".to_owned(), grouped(totals.lines.into())),
        ("accepted".into(), grouped(totals.accepted.into())),
        ("out of scope".into(), grouped(totals.out_of_scope().into())),
        ("rejected".into(), grouped(totals.rejected_total().into())),
    ];
    let reasons = Reason::ALL.iter().filter(|reason| totals.rejected[**reason as usize] > 0);
    rows.extend(reasons.map(|r| (format!("  {}", r.key()), grouped(totals.rejected[*r as usize].into()))));
    rows.push(("blank".into(), grouped(totals.blank.into())));
    if totals.skipped > 0 {
        rows.push(("skipped".into(), grouped(totals.skipped.into())));
    }
    if totals.late > 0 {
        rows.push(("late, accepted".into(), grouped(totals.late.into())));
    }
    rows
}

/// Runs a command; its error is printed as JSON where that was asked for.
pub(super) fn with_json_errors<T>(json: bool, run: impl FnOnce() -> Result<T>) -> Result<T> {
    run().inspect_err(|error| {
        if json {
            // Where that cannot be written, the exit code and standard error still tell it.
            let _ = json_error(error);
        }
    })
}

/// Names that are listed one by one in what people read.
const LISTED: usize = 10;

/// What became of sources that were taken in.
pub(super) fn taking(taking: &Taking) -> Result<()> {
    let mut rows: Vec<(String, String)> = Vec::new();
    for fate in Fate::ALL.into_iter().filter(|fate| taking.had(*fate) > 0) {
        rows.push((format!("sources {}", fate.name()), grouped(taking.had(fate).into())));
    }
    rows.extend(by_fate(&taking.counts));
    for (name, same_as) in taking.duplicates.iter().take(LISTED) {
        let text = if name == same_as {
            format!("{name}, which is in two places")
        } else {
            format!("{name} is {same_as}")
        };
        rows.push(("duplicate".into(), text));
    }
    if let more @ 1.. = taking.duplicates.len().saturating_sub(LISTED) {
        rows.push(("duplicate".into(), format!("and {} more; --json lists all", grouped(more as u128))));
    }
    self::rows(&rows)
}

/// What was rejected of what was read, where anything was, and which files have most of it.
pub(super) fn rejected(taking: &Taking) -> Vec<(String, String)> {
    let rejected = taking.counts.rejected_total();
    if rejected == 0 {
        return Vec::new();
    }
    let text = format!("{} of {} lines", grouped(rejected.into()), grouped(taking.counts.lines.into()));
    let reasons = Reason::ALL.iter().filter(|reason| taking.counts.rejected[**reason as usize] > 0);
    let reasons = reasons.map(|reason| {
        (format!("  {}", reason.key()), grouped(taking.counts.rejected[*reason as usize].into()))
    });
    let files = taking
        .most_rejected
        .iter()
        .map(|(name, lines)| ("  in one file".to_owned(), format!("{}  {name}", grouped((*lines).into()))));
    [("rejected".to_owned(), text)].into_iter().chain(reasons).chain(files).collect()
}

/// A note on lines that came too late to be kept, if there are any.
pub(super) fn not_kept(taking: &Taking) -> Option<String> {
    let (lines, kept_from) = taking.not_kept?;
    let (lines, before) = (grouped(lines.into()), iso(kept_from.start()));
    Some(format!("{lines} lines from before {before} do not count: usage before that time was removed"))
}

/// What became of sources, with an id of its own.
pub(super) fn taking_object(taking: &Taking) -> Value {
    let mut object = json!({"RequestId": request_id(), "sources": {}});
    for fate in Fate::ALL {
        object["sources"][fate.name()] = json!(taking.had(fate));
    }
    object["counts"] = line_counts(&taking.counts);
    let pair = |(name, text): &(String, String), key: &str| json!({"file": name, key: text});
    let most = |(name, lines): &(String, u64)| json!({"file": name, "rejected": lines});
    object["most_rejected"] = taking.most_rejected.iter().map(most).collect();
    object["duplicates"] = taking.duplicates.iter().map(|both| pair(both, "same_as")).collect();
    object["not_kept"] = match taking.not_kept {
        Some((lines, kept_from)) => json!({"lines": lines, "before": iso(kept_from.start())}),
        None => Value::Null,
    };
    object["empty"] = json!(taking.empty);
    object["padding"] = notes::padding(taking.padded());
    let fewer = |(name, [before, now]): &(String, [u64; 2])| json!({"file": name, "lines_before": before, "lines": now});
    object["shorter"] = taking.shorter.iter().map(fewer).collect();
    object["overlaps"] = notes::overlaps(&taking.overlaps);
    let faults = taking.faults.iter();
    object["faults"] = faults.map(|(name, fault)| json!({"file": name, "fault": **fault})).collect();
    object
}

/// What came of a list of tasks.
pub(super) fn made(
    tasks: &[(&ExportRequest, Task<'_>)],
    taken: &Taking,
    made: &[Result<Finished>],
) -> Result<()> {
    taking(taken)?;
    let mut rows: Vec<(String, String)> = Vec::new();
    for ((_, task), one) in tasks.iter().zip(made) {
        if let Ok(Finished { outcome: Outcome { result: Ok(exported), .. }, .. }) = one {
            let name = task.spec.name.clone().unwrap_or_else(|| task.spec.kind.name().to_owned());
            let figures: Vec<String> =
                figures(task.spec, exported).iter().map(|(name, value)| format!("{name} {value}")).collect();
            rows.push((name, format!("{}  {}", task.output.display(), figures.join(", "))));
        }
    }
    self::rows(&rows)
}

/// What came of a list of tasks, as JSON.
pub(super) fn made_json(
    tasks: &[(&ExportRequest, Task<'_>)],
    taken: &Taking,
    made: &[Result<Finished>],
) -> Result<()> {
    let mut object = taking_object(taken);
    let one = |((_, task), made): (&(&ExportRequest, Task<'_>), &Result<Finished>)| match made {
        Ok(Finished { outcome, task: id }) => {
            let id = id.as_ref().and_then(|id| id.as_ref().ok().copied());
            let mut object = task_object(task, outcome, id);
            // The response to the whole list has an id; its tasks have none.
            object.as_object_mut().and_then(|object| object.remove("RequestId"));
            object
        }
        Err(error) => json!({"TaskName": task.spec.name, "error": error.to_string()}),
    };
    object["tasks"] = tasks.iter().zip(made).map(one).collect();
    self::object(&object)
}

/// What became of sources that were taken in, as JSON.
pub(super) fn taking_json(taking: &Taking, refused: Option<&str>) -> Result<()> {
    let mut object = taking_object(taking);
    if let Some(why) = refused {
        add_failure(&mut object, why);
    }
    self::object(&object)
}

/// Names and values, one below the other, on standard output.
pub(super) fn rows(rows: &[(String, String)]) -> Result<()> {
    lines(&lines_of(rows))
}

fn lines_of(rows: &[(String, String)]) -> Vec<String> {
    let rows = rows.iter().map(|(name, value)| (visible::cell(name), visible::value(value)));
    let rows: Vec<_> = rows.collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect()
}

pub(super) fn figures(spec: &ExportSpec, exported: &Exported) -> Vec<(String, String)> {
    let level = |value| exported.readable(spec, value);
    let peak = match &exported.peak_time {
        Some(time) => format!("{} at {time}", level(exported.figures.peak)),
        None => level(0),
    };
    let total = match spec.kind {
        Kind::Flow => {
            let bytes = spec.factor.bytes(exported.total.bytes.into());
            let readable = crate::export::columns::readable_bytes(bytes);
            ("traffic".to_owned(), format!("{} bytes ({readable})", grouped(bytes)))
        }
        Kind::Vas => ("requests".to_owned(), grouped(exported.total.total_requests().into())),
    };
    let percentile = level(exported.figures.percentile_95);
    vec![total, ("peak".into(), peak), ("95th percentile".into(), percentile)]
}

fn task_object(task: &Task<'_>, outcome: &Outcome, id: Option<TaskId>) -> Value {
    let spec = task.spec;
    let created = match id {
        Some(id) => Created::new(spec, id.to_string()),
        None => Created::unregistered(spec),
    };
    let mut object = response(&created);
    object["TaskName"] = json!(spec.name);
    object["counts"] = counts(&outcome.report);
    let NotOpened { other_hours, other_domains } = outcome.not_opened;
    object["counts"]["sources_not_opened"] = json!(other_hours + other_domains);
    object["counts"]["sources_not_opened_by_reason"] =
        json!({"other_hours": other_hours, "other_domains": other_domains});
    match &outcome.result {
        Ok(exported) => {
            object["file"] = json!(task.output.display().to_string());
            object["key_figures"] = key_figures(spec, exported);
            object["completeness"] = completeness(&exported.completeness);
        }
        Err(why) => add_failure(&mut object, why),
    }
    object
}

/// Adds to what was done that it failed, and why: as every failure says it, and as `error`.
pub(super) fn add_failure(object: &mut Value, why: &str) {
    let Failure { code, message, recommend, .. } = Failure::internal(why.to_owned());
    object["Code"] = json!(code);
    object["Message"] = json!(message);
    object["Recommend"] = json!(recommend);
    object["error"] = json!(why);
}

/// One JSON object: the response of the operation, and beside it the file, the counts, the key figures.
/// `id` is that of the task that it was registered as; `not_read` tells of logs that are not in the store.
pub(super) fn json(task: &Task<'_>, outcome: &Outcome, id: Option<TaskId>, not_read: Value) -> Result<()> {
    let mut object = task_object(task, outcome, id);
    object["not_read"] = not_read;
    self::object(&object)
}

/// A refused or failed request as JSON: the contract's envelope.
pub(super) fn json_error(error: &Error) -> Result<()> {
    object(&error_object(error))
}

/// See [`json_error`].
pub(super) fn error_object(error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::Refused(refusal) => Failure::refused(refusal),
        ErrorKind::Usage(_) => Failure::wrong(error.to_string()),
        _ => Failure::internal(error.to_string()),
    }
}

/// A response as an object that more is put into.
pub(super) fn response(response: &impl Serialize) -> Value {
    serde_json::to_value(response).expect("the keys of a response are texts")
}

/// How complete the data of an export is, as JSON.
pub(super) fn completeness(found: &Completeness) -> Value {
    let lacking =
        |(domain, hours): &(Pattern, u64)| json!({"domain": domain.to_string(), "hours_with_log": hours});
    json!({
        "complete": found.is_complete(),
        "hours_with_log": found.hours_with_log,
        "hours": found.hours,
        "domain_hours_with_log": found.with_log,
        "domain_hours": found.expected,
        "lacking": found.lacking.iter().map(lacking).collect::<Vec<_>>(),
    })
}

/// How many sources were read in each format, by its name.
fn by_format(report: &Report) -> BTreeMap<&str, u64> {
    let mut formats = BTreeMap::new();
    for source in report.sources.iter().filter(|source| !source.format.is_empty()) {
        *formats.entry(&*source.format).or_default() += 1;
    }
    formats
}

/// The formats that logs were read in; nothing where all are the native one.
fn formats(report: &Report) -> Option<(String, String)> {
    let formats = by_format(report);
    let is_native = formats.keys().all(|name| *name == Format::default().name());
    let list: Vec<String> = formats.iter().map(|(name, logs)| format!("{name} ({logs})")).collect();
    (!is_native).then(|| ("formats".into(), list.join(", ")))
}

fn counts(report: &Report) -> Value {
    let faults: Vec<Value> =
        report.faults().map(|(name, fault)| json!({"file": name, "fault": fault})).collect();
    let mut object = line_counts(&report.totals());
    object["sources"] = json!(report.sources.len() as u64 + report.elsewhere.sources);
    object["sources_elsewhere"] = json!(report.elsewhere.sources);
    let formats: Vec<Value> =
        by_format(report).iter().map(|(name, logs)| json!({"format": name, "logs": logs})).collect();
    object["formats"] = json!(formats);
    object["faults_elsewhere"] = json!(report.elsewhere.faults);
    object["duplicates_skipped"] = json!(report.duplicates.len());
    object["faults"] = json!(faults);
    notes::add_to(&mut object, report);
    object
}

fn line_counts(counts: &Counts) -> Value {
    let Counts { lines, accepted, outside_range, other_domains, blank, skipped, late, rejected, .. } = counts;
    let reasons: Map<String, Value> =
        Reason::ALL.iter().map(|r| (r.key().to_owned(), json!(rejected[*r as usize]))).collect();
    let mut object = json!({
        "lines": lines,
        "accepted": accepted,
        "outside_range": outside_range,
        "other_domains": other_domains,
        "rejected": rejected.iter().sum::<u64>(),
        "rejected_by_reason": reasons,
        "blank": blank,
        "late": late,
    });
    if *skipped > 0 {
        object["skipped"] = json!(skipped);
    }
    object
}

pub(super) fn key_figures(spec: &ExportSpec, exported: &Exported) -> Value {
    let (total, f, factor) = (&exported.total, &exported.figures, spec.factor);
    let start = |slice| iso(spec.range.windows().nth(slice).unwrap_or(spec.range.end()).start());
    let mut object = json!({
        "type": spec.kind.name(),
        "domains": exported.domains,
        "domains_without_requests": exported.silent.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "folds_without_hosts": exported.idle_folds.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "detail_rows": exported.rows,
        "detail_sheets": exported.sheets,
        "peak_time": f.peak_at.map(start),
        "data_from": exported.with_data.map(|(first, _)| start(first)),
        "data_until": exported.with_data.map(|(_, last)| start(last + 1)),
        "bill_type": spec.bill_type.as_ref().map(|(_, name)| name),
        "requests": total.total_requests(),
        "client_errors": total.client_errors,
        "server_errors": total.server_errors,
    });
    match spec.kind {
        Kind::Flow => {
            let slice = |bytes| Bandwidth::of_slice(bytes, factor).bps();
            object["total_traffic_bytes"] = whole(factor.bytes(total.bytes.into()));
            object["logged_traffic_bytes"] = json!(total.bytes);
            object["traffic_factor"] = json!(factor.to_string());
            object["peak_bandwidth_bps"] = json!(slice(f.peak));
            object["average_bandwidth_bps"] = json!(f.average(factor).bps());
            object["percentile_95_bps"] = json!(slice(f.percentile_95));
            object["average_daily_peak_bps"] = json!(f.average_daily_peak(factor).bps());
            // As in the workbook, it does not exist for fewer than four days.
            object["fourth_daily_peak_bps"] = json!((f.days >= 4).then(|| slice(f.fourth_daily_peak)));
            object["average_daily_95_bps"] = json!(f.average_daily_95(factor).bps());
            object["night_half_95_bps"] = json!(f.night_half(factor).bps());
            object["hit_ratio_bytes"] = json!(ratio(total.hit_bytes.into(), total.bytes.into()));
        }
        Kind::Vas => {
            for (name, protocol) in [
                ("https_requests", Protocol::Https),
                ("quic_requests", Protocol::Quic),
                ("http_requests", Protocol::Http),
                ("other_requests", Protocol::Other),
            ] {
                object[name] = json!(total.requests_by(protocol));
            }
            object["peak_requests"] = json!(f.peak);
            object["percentile_95_requests"] = json!(f.percentile_95);
            object["hit_ratio_requests"] = json!(ratio(total.hits.into(), total.total_requests().into()));
        }
    }
    object
}
