//! `flowbook run`: one scheduled tick over a configuration file.

use super::export::{creation_time, environment_language};
use super::flags::{TellingFlags, now};
use super::{Ending, config, progress, show};
use crate::error::Result;
use crate::task::intake::Fate;
use crate::task::registered::Running;
use crate::task::run::{Step, StepEnd, Tick, Ticked, tick};
use crate::task::{Outcome, Progress};
use crate::time::iso;
use clap::{Args, ValueHint};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Run one scheduled tick: ingest what is new, make the workbooks that are due, remove those kept long enough.
///
/// As often as it is run, it does what is left to do; when there is nothing, it says so. One tick runs at a time.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct RunArguments {
    /// The configuration (TOML): store, sources, output, tasks, and the account with its groups.
    #[arg(value_hint = ValueHint::FilePath)]
    config: PathBuf,

    /// Say what would be done, and do nothing of it.
    #[arg(long)]
    dry_run: bool,

    /// Replace files that stand at the place of a workbook and were not made by its task.
    #[arg(long)]
    force: bool,

    /// Worker threads [default: one per core].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = super::threads)]
    threads: usize,

    #[command(flatten)]
    telling: TellingFlags,
}

pub(super) fn run(arguments: &RunArguments) -> Result<Ending> {
    show::with_json_errors(arguments.telling.json, || attempt(arguments))
}

fn attempt(arguments: &RunArguments) -> Result<Ending> {
    let plan = config::plan(&arguments.config)?;
    let running = Running {
        store: &plan.store,
        wait: plan.lock_timeout,
        threads: arguments.threads,
        max_rejects: plan.max_rejects,
        force: arguments.force,
        created: creation_time()?,
        now,
    };
    let one = Tick { plan: &plan, running, language: environment_language(), dry_run: arguments.dry_run };
    let progress = Progress::default();
    let ticked = progress::beside(arguments.telling.quiet, &progress, || tick(&one, &progress))?;
    for (name, fault) in &ticked.taking.faults {
        show::message(&format!("{name}: {fault}"));
    }
    if arguments.telling.json {
        show::print(&as_json(&ticked, arguments.dry_run).to_string())?;
    } else if !arguments.telling.quiet {
        show::rows(&as_rows(&ticked))?;
    }
    Ok(ending(&ticked))
}

fn ending(ticked: &Ticked) -> Ending {
    let mut failed = false;
    for step in &ticked.steps {
        if let StepEnd::Failed(why) = &step.end {
            failed = true;
            show::message(&format!("task {}: {why}", step.name));
        }
    }
    if let Some(why) = &ticked.refused {
        show::message(why);
    }
    match (failed, ticked.refused.is_some() || !ticked.taking.faults.is_empty()) {
        (true, _) => Ending::Failed,
        (false, true) => Ending::WithRejects,
        (false, false) => Ending::Done,
    }
}

/// Whether a tick had nothing to do.
fn is_idle(ticked: &Ticked) -> bool {
    let is_idle = |step: &Step| matches!(step.end, StepEnd::UpToDate | StepEnd::Waits(_));
    !ticked.taking.is_changed() && ticked.removed.is_empty() && ticked.steps.iter().all(is_idle)
}

fn as_rows(ticked: &Ticked) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if is_idle(ticked) {
        rows.push(("nothing to do".to_owned(), String::new()));
    }
    let fates = Fate::ALL.into_iter().filter(|fate| ticked.taking.had(*fate) > 0);
    rows.extend(
        fates.map(|fate| (format!("sources {}", fate.name()), show::grouped(ticked.taking.had(fate).into()))),
    );
    for step in &ticked.steps {
        let (word, detail) = words(&step.end);
        let file = step.output.display();
        let text =
            if detail.is_empty() { format!("{word}  {file}") } else { format!("{word}: {detail}  {file}") };
        rows.push((format!("task {}", step.name), text));
    }
    rows.extend(ticked.removed.iter().map(|path| ("removed".to_owned(), path.display().to_string())));
    rows
}

/// What became of a step, and what there is to say of it.
fn words(end: &StepEnd) -> (&'static str, String) {
    match end {
        StepEnd::UpToDate => ("up to date", String::new()),
        StepEnd::Waits(why) => ("waits", why.clone()),
        StepEnd::Due(why) => ("due", why.name().into()),
        StepEnd::Made(why, _) => ("made", why.name().into()),
        StepEnd::Failed(why) => ("failed", why.clone()),
    }
}

fn as_json(ticked: &Ticked, is_dry_run: bool) -> Value {
    let mut object = show::taking_object(&ticked.taking);
    object["dry_run"] = json!(is_dry_run);
    object["nothing_to_do"] = json!(is_idle(ticked));
    object["tasks"] = ticked.steps.iter().map(step_json).collect();
    object["removed"] = ticked.removed.iter().map(|path| json!(path.display().to_string())).collect();
    if let Some(why) = &ticked.refused {
        object["error"] = json!(why);
    }
    object
}

fn step_json(step: &Step) -> Value {
    let (word, detail) = words(&step.end);
    let mut object = json!({
        "TaskName": step.name,
        "StartTime": iso(step.asked.0),
        "EndTime": iso(step.asked.1),
        "file": step.output.display().to_string(),
        "state": word.replace(' ', "_"),
    });
    match &step.end {
        StepEnd::Failed(why) => object["reason"] = json!(why),
        StepEnd::Made(_, outcome) => {
            object["reason"] = json!(detail);
            if let Outcome { result: Ok(exported), .. } = &**outcome {
                object["detail_rows"] = json!(exported.rows);
            }
        }
        _ if !detail.is_empty() => object["reason"] = json!(detail),
        _ => {}
    }
    object
}
