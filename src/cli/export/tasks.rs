//! `flowbook export --tasks` and `--months`: several requests, one pass over the logs, a workbook each.

use super::tasks_csv::{self, Setting, TaskRow};
use super::{CHOOSE, ExportArguments};
use crate::cli::environment::{self, ACCOUNT, creation_time, now, zone_text};
use crate::cli::flags;
use crate::cli::output_path::{self, is_named_as_folder, pattern};
use crate::cli::{Ending, config, missing, notes, numbers, progress, show};
use crate::contract::request::ExportRequest;
use crate::delivery::collision::{keep_apart, keep_off};
use crate::delivery::taking::Taking;
use crate::delivery::{Delivered, Delivery, deliver};
use crate::error::{Error, Result};
use crate::output::{Spot, folder, make_folder, scratch_folder};
use crate::schedule::range::{MAX_MONTHS, RangeRule, months};
use crate::source::{refuse_idle_domain, remove_out_of_all};
use crate::task::batch::{Many, run_many};
use crate::task::form::{Form, check};
use crate::task::registered::Finished;
use crate::task::registry::AccountStore;
use crate::task::{Task, TaskProgress};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A task with its request.
type Asked<'a> = (&'a ExportRequest, Task<'a>);

/// Where usage is kept for the time of one run.
const SCRATCH_STORE: &str = "usage.db";

/// Makes a workbook for each row of a list.
pub(super) fn run(list: &Path, arguments: &ExportArguments) -> Result<Ending> {
    let account = config::account(arguments.config.as_deref())?;
    let folder = arguments.output.as_deref().unwrap_or(Path::new("."));
    if !may_be_folder(folder) {
        let text = "is not a folder; with --tasks, --output names the folder of the workbooks";
        return Err(Error::usage(text).at(folder));
    }
    let zone = zone_text(None);
    let zone = zone.as_deref();
    let setting = Setting { account: &account, language: environment::language(), zone, now: now(), folder };
    let rows = tasks_csv::read(list, &setting)?;
    run_all(&rows, Some(list), arguments)
}

/// Makes a workbook for each of some months.
pub(super) fn run_months(text: &str, arguments: &ExportArguments) -> Result<Ending> {
    let account = config::account(arguments.config.as_deref())?;
    let Some(months) = months(text) else {
        let text = format!(
            "--months is {text:?}; give one like 2026-03, or the first and the last of up to {MAX_MONTHS} \
                            like 2026-01..2026-03"
        );
        return Err(Error::usage(text));
    };
    let (folder, pattern) = place_of_months(arguments.output.as_deref())?;
    let row = |month: RangeRule| {
        let (request, spec) = arguments.request.valid_over(Some(&month.to_string()), &account)?;
        let output = output_path::below(&folder, pattern.as_deref(), &spec)?;
        Ok(TaskRow { request, spec, output, label: month.to_string() })
    };
    let rows: Vec<TaskRow> = months.into_iter().map(row).collect::<Result<_>>()?;
    let mut outputs = HashSet::new();
    if let Some(row) = rows.iter().find(|row| !outputs.insert(Spot::of(&row.output))) {
        let text = "is the same file for several months; put {start:%Y-%m} into its name";
        return Err(Error::usage(text).at(&row.output));
    }
    run_all(&rows, None, arguments)
}

/// The folder of the months' workbooks, and the pattern of their names where one was given.
fn place_of_months(output: Option<&Path>) -> Result<(PathBuf, Option<String>)> {
    let Some(output) = output else { return Ok((".".into(), None)) };
    if let Some((folder, pattern)) = pattern(output).filter(|_| !output.is_dir()) {
        return Ok((folder.into(), Some(pattern.into())));
    }
    if !may_be_folder(output) {
        let text = "is not a folder; with --months, --output names the folder of the workbooks, or a pattern of their \
                    names like usage-{start:%Y-%m}.xlsx";
        return Err(Error::usage(text).at(output));
    }
    Ok((output.into(), None))
}

/// Whether a path is a folder, or one can be made there; what ends as a workbook does, or has fields in braces, was hardly
/// meant as one.
fn may_be_folder(path: &Path) -> bool {
    let may_be_made = || pattern(path).is_none() && (is_named_as_folder(path) || Form::of(path).is_err());
    path.is_dir() || (!path.exists() && may_be_made())
}

fn run_all(rows: &[TaskRow], list: Option<&Path>, arguments: &ExportArguments) -> Result<Ending> {
    let created = creation_time()?;
    // Globs that are wrong are told before anything is done, also where no log is read.
    arguments.reading.search()?;
    let tasks: Vec<Asked<'_>> =
        rows.iter().map(|row| (&row.request, arguments.task(&row.spec, &row.output, created))).collect();
    let inputs = [list, arguments.config.as_deref()];
    for (_, task) in &tasks {
        check(task.output, task.force)?;
    }
    let results = tasks.iter().map(|(_, task)| task.output).chain(arguments.reading.rejects.as_deref());
    keep_off(results, inputs.into_iter().flatten())?;
    let scratch = arguments.store.is_none().then(scratch_folder).transpose()?;
    let own = scratch.as_ref().map(|scratch| scratch.path().join(SCRATCH_STORE));
    let store = arguments.store.as_deref().or(own.as_deref()).unwrap_or(Path::new(SCRATCH_STORE));
    let progress = TaskProgress { warn: Some(show::message), ..TaskProgress::default() };
    let done = progress::beside(arguments.telling.has_bar(), &progress, || {
        take_and_make(arguments, store, scratch.is_some(), &tasks, &progress)
    });
    let Some((taking, made)) = done? else { return Ok(Ending::WithRejects) };
    arguments.reading.tell_unused_domain(&progress.reading, CHOOSE);
    tell(arguments, rows, &tasks, &taking, &made)
}

/// Takes the logs in, and makes the workbooks; nothing when the logs were refused.
fn take_and_make(
    arguments: &ExportArguments,
    store: &Path,
    is_scratch: bool,
    tasks: &[Asked<'_>],
    progress: &TaskProgress,
) -> Result<Option<(Taking, Vec<Result<Finished>>)>> {
    let Some(taking) = take(arguments, store, is_scratch, tasks, progress)? else { return Ok(None) };
    let (wait, threads) = (arguments.waiting.lock_timeout, arguments.reading.threads);
    let at = AccountStore { path: store, wait, account: ACCOUNT };
    let many = Many { at, threads, is_registered: !is_scratch, now };
    for (_, task) in tasks {
        make_folder(folder(task.output))?;
    }
    let made = run_many(tasks, &many, progress)?;
    Ok(Some((taking, made)))
}

/// Takes the logs into the store; nothing when they were refused.
fn take(
    arguments: &ExportArguments,
    store: &Path,
    is_scratch: bool,
    tasks: &[Asked<'_>],
    progress: &TaskProgress,
) -> Result<Option<Taking>> {
    if arguments.logs.is_empty() {
        return Ok(Some(Taking::default()));
    }
    let wait = if is_scratch { Duration::ZERO } else { arguments.waiting.lock_timeout };
    let search = arguments.reading.search()?;
    let usual = arguments.reading.delivery(
        (store, wait),
        "flowbook export",
        arguments.force,
        &progress.reading,
        search.reading.format.formats(),
    );
    let outputs: Vec<_> = tasks.iter().map(|(_, task)| task.output.to_owned()).collect();
    let delivery = Delivery { is_scratch, results: &outputs, ..usual };
    let mut sources = flags::sources(&arguments.logs, &search, is_scratch)?;
    refuse_idle_domain(arguments.reading.domain.as_ref(), &sources)?;
    // What nobody keeps need not be read for other ranges and domains.
    let scopes = tasks.iter().map(|(_, task)| arguments.lateness().map(|lateness| task.scope(lateness)));
    let scopes: Option<Vec<_>> = scopes.collect();
    let not_opened = scopes.filter(|_| is_scratch).map(|scopes| remove_out_of_all(&mut sources, &scopes));
    let not_opened = not_opened.unwrap_or_default();
    if !not_opened.is_empty() {
        // The delivery looks at the others.
        let results = outputs.iter().map(PathBuf::as_path).chain(arguments.reading.rejects.as_deref());
        keep_apart(results, &not_opened)?;
        let count = numbers::grouped(not_opened.len() as u128);
        show::message(&format!(
            "{count} logs are not opened: by their names, they are of other hours or domains (--read-all opens them)"
        ));
    }
    let Delivered { taking, refused } = deliver(sources, &delivery)?;
    if let Some(why) = refused {
        show::explain(&why);
        if arguments.telling.json {
            show::taking_json(&taking, Some(&why))?;
        }
        return Ok(None);
    }
    Ok(Some(taking))
}

fn tell(
    arguments: &ExportArguments,
    rows: &[TaskRow],
    tasks: &[Asked<'_>],
    taking: &Taking,
    made: &[Result<Finished>],
) -> Result<Ending> {
    for (name, fault) in &taking.faults {
        show::message(&format!("{name}: {fault}"));
    }
    if arguments.telling.json {
        show::made_json(tasks, taking, made)?;
    } else if !arguments.telling.quiet {
        show::made(tasks, taking, made)?;
    }
    let mut failed = None;
    let mut is_complete = taking.faults.is_empty();
    for (row, one) in rows.iter().zip(made) {
        let line = |why: &str| format!("{}: {why}", row.label);
        match one {
            Ok(Finished { outcome, task }) => {
                if let Some(Err(error)) = task {
                    show::explain(&line(&format!("the workbook could not be registered: {error}")));
                }
                is_complete &= !outcome.report.has_faults() && !missing::is_of_nothing(outcome);
                for text in notes::counted_twice(&outcome.report, row.spec.overlaps) {
                    show::message(&line(&text));
                }
                for lack in missing::lacks(outcome, &row.spec) {
                    show::message(&line(&lack));
                }
                if let Err(why) = &outcome.result {
                    is_complete = false;
                    show::explain(&line(why));
                }
            }
            Err(error) => {
                show::explain(&line(&error.to_string()));
                failed = Some(());
            }
        }
    }
    Ok(match (failed, is_complete) {
        (Some(()), _) => Ending::Failed,
        (None, true) => Ending::Done,
        (None, false) => Ending::WithRejects,
    })
}
