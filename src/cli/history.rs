//! `flowbook history`: the last ticks of `flowbook run`, as the store remembers them.

use super::flags::WaitingFlags;
use super::{Ending, config, environment, numbers, show};
use crate::contract::response::request_id;
use crate::error::{Error, Result};
use crate::report::overlap::{Kind, statement};
use crate::store::{PastTick, Reader};
use crate::visible;
use clap::{Args, ValueHint};
use serde_json::{Value, json};
use std::path::PathBuf;

/// List the last ticks of flowbook run, the newest first: what was ingested, what was made, what waits and why.
///
/// A store keeps the last 1000 ticks. --dry-run and runs with a wrong configuration are not listed.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// The configuration (TOML): the ticks of its store are listed [default: `FLOWBOOK_CONFIG`].
    #[arg(value_hint = ValueHint::FilePath, conflicts_with = "store")]
    config: Option<PathBuf>,

    /// The usage store [default: `FLOWBOOK_STORE`].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    store: Option<PathBuf>,

    /// Number of ticks.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: u64,

    /// List only ticks that did something, failed, or were incomplete.
    #[arg(long)]
    busy: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    waiting: WaitingFlags,
}

pub(super) fn run(arguments: &HistoryArguments) -> Result<Ending> {
    show::with_json_errors(arguments.json, || attempt(arguments))
}

fn attempt(arguments: &HistoryArguments) -> Result<Ending> {
    let reader = Reader::open(&store(arguments)?, arguments.waiting.lock_timeout)?;
    let ticks = reader.ticks(if arguments.busy { u64::from(u32::MAX) } else { arguments.limit })?;
    let has_ticks = !ticks.is_empty();
    let ticks = ticks.iter().map(object).filter(|tick| !arguments.busy || is_busy(tick));
    let ticks: Vec<Value> = ticks.take(usize::try_from(arguments.limit).unwrap_or(usize::MAX)).collect();
    if arguments.json {
        show::object(&json!({"RequestId": request_id(), "ticks": ticks}))?;
    } else if ticks.is_empty() {
        // Nothing was asked for, or nothing of that kind is there.
        if arguments.limit > 0 {
            show::lines(&[if has_ticks {
                "no tick of flowbook run was busy"
            } else {
                "no tick of flowbook run yet"
            }])?;
        }
    } else {
        show::lines(&ticks.iter().flat_map(lines).collect::<Vec<String>>())?;
    }
    Ok(Ending::Done)
}

/// The store that is named; what is named on the command line comes before what the environment says.
fn store(arguments: &HistoryArguments) -> Result<PathBuf> {
    match (&arguments.store, &arguments.config) {
        (Some(store), _) => return Ok(store.clone()),
        (None, Some(config)) => return Ok(config::plan(config)?.store),
        (None, None) => {}
    }
    if let Some(store) = environment::path(environment::STORE) {
        return Ok(store);
    }
    let config = environment::path(environment::CONFIG).ok_or_else(|| {
        let text = "no store is named: name the configuration (or set FLOWBOOK_CONFIG), or the store with --store (or \
                    set FLOWBOOK_STORE)";
        Error::usage(text)
    })?;
    Ok(config::plan(&config)?.store)
}

/// What a tick told; of one that this program cannot read, what is known of it.
fn object(tick: &PastTick) -> Value {
    let unread = || json!({"time": crate::time::iso(tick.time), "exit_code": tick.exit_code});
    serde_json::from_str(&tick.line).ok().filter(Value::is_object).unwrap_or_else(unread)
}

fn is_busy(tick: &Value) -> bool {
    tick["exit_code"] != 0 || tick["nothing_to_do"] != true
}

/// A tick in words.
fn lines(tick: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ms = tick["duration_ms"].as_u64().unwrap_or(0);
    let idle = if tick["nothing_to_do"] == true { "  nothing to do" } else { "" };
    let mut lines = vec![format!(
        "{}  exit code {}  {}.{:03} s{idle}",
        text(&tick["time"]),
        tick["exit_code"],
        ms / 1000,
        ms % 1000
    )];
    // Names are made visible first, so that none begins a line.
    let mut put = |word: &str, before: &str, why: &str, after: &str| {
        let text = format!("{}{why}{}", visible::line(before), visible::line(after));
        // A reason may have lines of its own, which begin with two spaces.
        for (n, part) in text.split("\n  ").enumerate() {
            let (word, indent) = if n == 0 { (word, "") } else { ("", "  ") };
            lines.push(format!("  {word:<9}  {indent}{part}"));
        }
    };
    if let Some(came_in) = came_in(tick) {
        put("ingested", &came_in, "", "");
    }
    let list = |key: &str| tick[key].as_array().cloned().unwrap_or_default();
    for fault in list("faults") {
        let words = || format!("{}: {}", text(&fault["file"]), text(&fault["fault"]));
        put("faulty", &more(&fault).unwrap_or_else(words), "", "");
    }
    for one in list("overlaps") {
        put("overlap", &overlap(&one), "", "");
    }
    for task in list("tasks") {
        if let Some(more) = more(&task) {
            put("tasks", &more, "", "");
            continue;
        }
        let reason = task["reason"].as_str().map(|why| format!(": {why}")).unwrap_or_default();
        let missing =
            task["missing"].as_str().map(|what| format!(", incomplete: {what}")).unwrap_or_default();
        let after = format!("{missing}  {}", text(&task["file"]));
        put(&text(&task["state"]), &text(&task["TaskName"]), &reason, &after);
        for one in task["overlaps"].as_array().into_iter().flatten() {
            put("overlap", &format!("{}: {}", text(&task["TaskName"]), overlap(one)), "", "");
        }
    }
    for path in list("removed") {
        put("removed", &text(&path), "", "");
    }
    for path in list("unmatched_paths") {
        put("no file", &text(&path), "", "");
    }
    if let young @ 1.. = list("young_files").len() {
        put("too young", &format!("{young} files, left for the next tick"), "", "");
    }
    if let Some(error) = tick["error"].as_str() {
        put("failed", "", error, "");
    }
    lines
}

/// What stands behind the first entries of a long list: how many more there were.
fn more(entry: &Value) -> Option<String> {
    entry.as_str().map(ToOwned::to_owned)
}

/// Sources that may count twice.
fn overlap(one: &Value) -> String {
    if let Some(more) = more(one) {
        return more;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let others: Vec<String> = one["others"].as_array().into_iter().flatten().map(text).collect();
    let why = Kind::text_of(one["kind"].as_str().unwrap_or_default());
    statement(&text(&one["file"]), &others.join(", "), why)
}

/// The logs and lines that a tick took in; nothing when there were none.
fn came_in(tick: &Value) -> Option<String> {
    let sources = tick["sources"].as_object()?;
    let fates = sources.iter().filter(|(fate, count)| *fate != "known" && count.as_u64().unwrap_or(0) > 0);
    let fates: Vec<String> = fates.map(|(fate, count)| format!("{count} {fate}")).collect();
    let number = |key: &str| numbers::grouped(tick["counts"][key].as_u64().unwrap_or(0).into());
    (!fates.is_empty()).then(|| {
        format!(
            "logs: {}; lines: {} read, {} rejected",
            fates.join(", "),
            number("lines"),
            number("rejected")
        )
    })
}
