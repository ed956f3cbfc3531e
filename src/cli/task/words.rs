//! What `flowbook task` tells: tables for people, the contract's responses for scripts.

use crate::cli::flags::TellingFlags;
use crate::cli::numbers::grouped;
use crate::cli::show::{explain, lines, message, object, response, rows};
use crate::cli::{missing, notes};
use crate::contract::page::Page;
use crate::contract::request::{ExportSpec, Parameter};
use crate::contract::response::{
    Changed, Created, Deleted, Described, Status, TaskConfig, TaskItem, Whole, request_id,
};
use crate::error::Result;
use crate::output::in_address;
use crate::report::overlap::Overlap;
use crate::task::needs::WaitCause;
use crate::task::registered::Ran;
use crate::task::registry::{Logged, Remains, Status as Stored, TaskId, TaskRecord};
use crate::task::stale::{Amount, Stale};
use crate::time::iso;
use crate::visible;
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn created(id: TaskId, spec: &ExportSpec, is_json: bool) -> Result<()> {
    if is_json { object(&Created::new(spec, id.to_string())) } else { lines(&[id.to_string()]) }
}

pub(super) fn list(
    tasks: &[(TaskRecord, Option<Stale>)],
    page: Page,
    count: u64,
    is_json: bool,
) -> Result<()> {
    if is_json {
        let items = tasks.iter().map(|(task, stale)| item(task, stale.as_ref())).collect();
        return object(&Described::new(page, count, items));
    }
    let heads = ["task", "status", "updated", "start", "end", "name", "workbook"].map(String::from);
    let rows = tasks.iter().map(|(task, stale)| {
        // The file there is that of another task in this list.
        let workbook =
            if task.is_displaced() { String::new() } else { task.order.output.display().to_string() };
        [
            task.id.to_string(),
            status(task, stale.as_ref()),
            iso(task.updated),
            iso(task.order.asked.0),
            iso(task.order.asked.1),
            task.order.name.clone().unwrap_or_default(),
            workbook,
        ]
    });
    let mut text = columns(&[heads].into_iter().chain(rows).collect::<Vec<_>>());
    text.push(format!("{} of {count} tasks", tasks.len()));
    lines(&text)
}

/// How far a task is, and what became of its workbook since it was made.
fn status(task: &TaskRecord, stale: Option<&Stale>) -> String {
    let status = Status::from(task.status).word();
    match stale {
        _ if task.is_displaced() => format!("{status}, displaced"),
        Some(stale) => format!("{status}, stale: {}", amount(&stale.total())),
        None => status.into(),
    }
}

/// An item of the list, as the contract has it.
fn item(task: &TaskRecord, stale: Option<&Stale>) -> TaskItem {
    let has_file = task.status == Stored::Success && task.workbook.is_some() && task.order.output.is_file();
    TaskItem {
        create_time: iso(task.created),
        download_url: has_file.then(|| format!("file://{}", in_address(&task.order.output))),
        stale: stale.map(|stale| changed(&stale.total())),
        status: task.status.into(),
        task_config: TaskConfig::new(task.order.asked),
        task_id: task.id.to_string(),
        task_name: task.order.name.clone().unwrap_or_default(),
        update_time: iso(task.updated),
    }
}

pub(super) fn show(task: &TaskRecord, stale: Option<&Stale>, is_json: bool) -> Result<()> {
    if is_json { show_json(task, stale) } else { show_table(task, stale) }
}

fn show_json(task: &TaskRecord, stale: Option<&Stale>) -> Result<()> {
    let mut object = response(&item(task, stale));
    object["RequestId"] = json!(request_id());
    object["Reason"] = json!(task.reason);
    object["Parameters"] = json!(task.order.parameters);
    object["Account"] = json!(task.order.selection.account.texts());
    object["Domains"] = json!(task.order.selection.wanted.texts());
    object["Language"] = json!(task.order.language.name());
    object["Region"] = json!(task.order.region.code());
    object["File"] = json!(task.order.output.display().to_string());
    object["Plan"] = json!(task.order.plan);
    object["Generation"] = json!(task.generation);
    object["RequiresComplete"] = json!(task.needs.is_some());
    object["Logged"] = task.logged.as_ref().map_or(Value::Null, logged_json);
    if let Some(stale) = stale {
        let with = |amount: &Amount, more: Value| {
            let mut object = response(&changed(amount));
            more.as_object().into_iter().flatten().for_each(|(key, value)| object[key] = value.clone());
            object
        };
        let domain = |(domain, amount): (&_, Amount)| with(&amount, json!({"Domain": format!("{domain}")}));
        object["Stale"]["Domains"] = stale.domains().map(domain).collect();
        let run = |run: crate::task::stale::ChangedSpan<'_>| {
            let place =
                json!({"Domain": run.domain.as_str(), "StartTime": iso(run.from), "EndTime": iso(run.until)});
            with(&run.amount, place)
        };
        object["Stale"]["Changes"] = stale.runs().map(run).collect();
    }
    self::object(&object)
}

fn show_table(task: &TaskRecord, stale: Option<&Stale>) -> Result<()> {
    let mut shown = vec![("task".to_owned(), task.id.to_string())];
    let mut add = |name: &str, value: String| shown.push((name.into(), value));
    add("status", Status::from(task.status).word().into());
    if let Some(reason) = &task.reason {
        add("reason", reason.clone());
    }
    add("created", iso(task.created));
    add("updated", iso(task.updated));
    // In the order of the contract: the start before the end.
    let given = &task.order.parameters;
    for (name, value) in Parameter::ALL.iter().filter_map(|one| given.get_key_value(one.wire)) {
        add(name, value.clone());
    }
    add("domains of the account", task.order.selection.account.texts().join(" "));
    add("requested domains", task.order.selection.wanted.texts().join(" "));
    add("language", task.order.language.name().into());
    if let Some(region) = task.order.region.code() {
        add("region", region.into());
    }
    if let Some(plan) = &task.order.plan {
        add("plan", plan.clone());
    }
    add("workbook", task.order.output.display().to_string());
    if let Some(logged) = &task.logged {
        add("hours with a log", hours_with_log(logged));
    }
    if let Some(stale) = stale {
        add("stale", amount(&stale.total()));
        for (domain, sum) in stale.domains() {
            add(&format!("  {domain}"), amount(&sum));
        }
        for run in stale.runs() {
            let (from, until) = (iso(run.from), iso(run.until));
            add("  changed", format!("{from} to {until}  {}  {}", run.domain, amount(&run.amount)));
        }
    }
    rows(&shown)
}

pub(super) fn deleted(tasks: &[(TaskRecord, Remains)], is_json: bool) -> Result<()> {
    for (task, remains) in tasks {
        if let Remains::LeftAlone(why) = remains {
            explain(&format!("{}: the file was left alone: {why}", visible::path(&task.order.output)));
        }
    }
    let word = |remains: &Remains| match remains {
        Remains::Nothing => "none",
        Remains::Removed => "removed",
        Remains::LeftAlone(_) => "left alone",
    };
    if is_json {
        let one = |(task, remains): &(TaskRecord, Remains)| {
            json!({
                "TaskId": task.id.to_string(),
                "File": task.order.output.display().to_string(),
                "Workbook": word(remains),
            })
        };
        let tasks: Vec<Value> = tasks.iter().map(one).collect();
        let mut told = response(&Deleted::new());
        told["Tasks"] = tasks.into();
        return object(&told);
    }
    let line = |(task, remains): &(TaskRecord, Remains)| {
        [task.id.to_string(), "deleted".into(), format!("workbook: {}", word(remains))]
    };
    lines(&columns(&tasks.iter().map(line).collect::<Vec<_>>()))
}

fn logged_json(logged: &Logged) -> Value {
    json!({
        "HoursWithLog": logged.hours_with_log,
        "Hours": logged.hours,
        "DomainHoursWithLog": logged.domain_hours_with_log,
        "DomainHours": logged.domain_hours,
    })
}

/// How much of the range of a workbook has a log, where one was made.
fn logged(done: &Result<Ran>) -> Option<Logged> {
    let Ok(Ran::Done { outcome, .. }) = done else { return None };
    outcome.result.as_ref().ok().map(|exported| Logged::from(&exported.completeness))
}

/// What may be counted twice in a workbook that was made.
fn overlaps(done: &Result<Ran>) -> &[Overlap] {
    match done {
        Ok(Ran::Done { outcome, .. }) if outcome.result.is_ok() => outcome.report.overlaps(),
        _ => &[],
    }
}

/// Why a task made no workbook, if it failed.
pub(super) fn failure(done: &Result<Ran>) -> Option<String> {
    match done {
        Ok(Ran::Done { outcome, .. }) => outcome.result.as_ref().err().cloned(),
        Ok(Ran::Waits(_) | Ran::Meanwhile) => None,
        Err(error) => Some(error.to_string()),
    }
}

const MEANWHILE: &str = "another process made its workbook while this one waited";

/// What came of a run, and why.
fn end(done: &Result<Ran>) -> (&'static str, Option<String>) {
    match (done, failure(done)) {
        (_, Some(why)) => (Status::Failed.word(), Some(why)),
        (Ok(Ran::Waits(waiting)), _) => ("waits", Some(waiting.why.clone())),
        (Ok(Ran::Meanwhile), _) => (Status::Success.word(), Some(MEANWHILE.into())),
        _ => (Status::Success.word(), None),
    }
}

/// What came of running tasks: a workbook, or why there is none.
pub(super) fn ran(tasks: &[(&TaskRecord, Result<Ran>)], store: &Path, telling: &TellingFlags) -> Result<()> {
    for (task, done) in tasks {
        if let Ok(Ran::Done { outcome, .. }) = done {
            for (name, fault) in outcome.report.faults() {
                message(&format!("task {}: {name}: {fault}", task.id));
            }
            // A spec that is not valid any more made no workbook.
            for text in task.spec().iter().flat_map(|spec| missing::lacks_of_task(outcome, spec)) {
                message(&format!("task {}: {text}", task.id));
            }
            for text in notes::twice(overlaps(done)) {
                message(&format!("task {}: {text}", task.id));
            }
        }
        match (end(done).1, done) {
            (Some(why), Ok(Ran::Waits(waiting))) if waiting.cause != WaitCause::Removed => {
                let id = task.id;
                let store = visible::argument(&store.to_string_lossy());
                explain(&format!(
                    "task {id} waits: {why}; flowbook task run {id} --store {store} --force makes it anyway"
                ));
            }
            (Some(why), Ok(Ran::Waits(_))) => explain(&format!("task {} waits: {why}", task.id)),
            (Some(why), _) => explain(&format!("task {}: {why}", task.id)),
            _ => {}
        }
    }
    if telling.json {
        let one = |(task, done): &(&TaskRecord, Result<Ran>)| {
            let (word, why) = end(done);
            json!({
                "TaskId": task.id.to_string(),
                "TaskName": task.order.name.as_deref().unwrap_or_default(),
                "Status": word,
                "File": task.order.output.display().to_string(),
                "Reason": why,
                "Logged": logged(done).as_ref().map(logged_json),
                "overlaps": notes::overlaps(overlaps(done)),
            })
        };
        let tasks: Vec<Value> = tasks.iter().map(one).collect();
        return object(&json!({"RequestId": request_id(), "Tasks": tasks}));
    }
    if telling.quiet {
        return Ok(());
    }
    if tasks.is_empty() {
        return lines(&["no task to run"]);
    }
    let line = |(task, done): &(&TaskRecord, Result<Ran>)| {
        let hours = logged(done).map(|logged| format!("hours with a log: {}", hours_with_log(&logged)));
        [
            task.id.to_string(),
            end(done).0.into(),
            task.order.output.display().to_string(),
            hours.unwrap_or_default(),
        ]
    };
    lines(&columns(&tasks.iter().map(line).collect::<Vec<_>>()))
}

/// Lines of cells, one below the other.
fn columns<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let shown = |row: &[String; N]| row.each_ref().map(|cell| visible::cell(cell).into_owned());
    let rows: Vec<[String; N]> = rows.iter().map(shown).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// `120 of 744 (domain x hour: 360 of 2,232)`.
pub(in crate::cli) fn hours_with_log(logged: &Logged) -> String {
    let [hours_with_log, hours, domain_hours_with_log, domain_hours] =
        [logged.hours_with_log, logged.hours, logged.domain_hours_with_log, logged.domain_hours]
            .map(|number| grouped(number.into()));
    format!("{hours_with_log} of {hours} (domain x hour: {domain_hours_with_log} of {domain_hours})")
}

/// `2 slices, +1,234 bytes, -1 requests`.
fn amount(amount: &Amount) -> String {
    let signed = |number: i128| {
        let sign = if number < 0 { '-' } else { '+' };
        format!("{sign}{}", grouped(number.unsigned_abs()))
    };
    let (bytes, requests) = (signed(amount.bytes), signed(amount.requests));
    let slices = if amount.windows == 1 { "slice" } else { "slices" };
    format!("{} {slices}, {bytes} bytes, {requests} requests", grouped(amount.windows as u128))
}

fn changed(amount: &Amount) -> Changed {
    Changed { bytes: Whole(amount.bytes), requests: Whole(amount.requests), windows: amount.windows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_signed() {
        let text = amount(&Amount { windows: 1200, bytes: -1234, requests: 0 });
        assert_eq!(text, "1,200 slices, -1,234 bytes, +0 requests");
        assert!(amount(&Amount { windows: 1, bytes: 0, requests: 0 }).starts_with("1 slice, "));
    }
}
