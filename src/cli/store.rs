//! `flowbook store`: what a store holds, whether it is sound and complete, and its care.

mod table;
mod coverage;
mod forget;
mod sources;

use super::flags::StoreFlags;
use super::{Ending, numbers, show};
use crate::contract::response::request_id;
use crate::error::Result;
use crate::store::{Info, Reader, Size, State, Violation, Writer, size};
use crate::time::{Window, iso};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

/// Inspect, check and maintain a usage store.
#[derive(Debug, Args)]
pub(super) struct StoreArguments {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Show what the store holds, in numbers.
    Info(Arguments),
    /// Check the store: its file, its references, its values, and that lines and usage add up.
    ///
    /// Every violation is named. Exit code 0 if there is none, 1 if there is any.
    Check(Arguments),
    /// List every source: name, state, size, lines, when it was first read, and why reading ended early.
    Sources(Arguments),
    Coverage(coverage::CoverageArguments),
    Forget(forget::ForgetArguments),
    /// Remove what nothing refers to, and pack the file. No figure changes.
    ///
    /// Needs space for a second copy of the store while it runs.
    Vacuum(Arguments),
}

#[derive(Debug, Args)]
struct Arguments {
    #[command(flatten)]
    store: StoreFlags,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn reader(&self) -> Result<Reader> {
        Reader::open(&self.store.store, self.store.waiting.lock_timeout)
    }
}

impl StoreArguments {
    /// Whether sources are compared side by side.
    pub(super) fn needs_threads(&self) -> bool {
        matches!(self.command, StoreCommand::Coverage(_))
    }
}

pub(super) fn run(arguments: &StoreArguments) -> Result<Ending> {
    match &arguments.command {
        StoreCommand::Info(arguments) => show::with_json_errors(arguments.json, || info(arguments)),
        StoreCommand::Check(arguments) => show::with_json_errors(arguments.json, || check(arguments)),
        StoreCommand::Sources(arguments) => {
            show::with_json_errors(arguments.json, || sources::run(arguments))
        }
        StoreCommand::Coverage(arguments) => coverage::run(arguments),
        StoreCommand::Forget(arguments) => forget::run(arguments),
        StoreCommand::Vacuum(arguments) => show::with_json_errors(arguments.json, || vacuum(arguments)),
    }
}

fn info(arguments: &Arguments) -> Result<Ending> {
    let info = arguments.reader()?.info()?;
    let size = size(&arguments.store.store)?;
    if arguments.json {
        show::object(&info_json(&info, size))?;
    } else {
        show::rows(&info_rows(&info, size))?;
    }
    Ok(Ending::Done)
}

fn info_rows(info: &Info, size: Size) -> Vec<(String, String)> {
    let row = |name: &str, number: u64| (name.to_owned(), numbers::grouped(number.into()));
    let mut rows = vec![
        row("version", info.version.into()),
        row("generation", info.generation),
        row("bytes on disk", size.file),
        row("bytes in the -wal file", size.wal),
        row("sources", info.sources.iter().sum()),
    ];
    rows.extend(State::ALL.map(|state| row(&indented(state), info.sources[state as usize])));
    rows.extend([
        row("places", info.places),
        row("lines read", info.lines),
        row("accepted", info.accepted),
        row("unplaced", info.unplaced),
        row("rejected", info.rejected),
        row("blank", info.blank),
    ]);
    if info.skipped > 0 {
        rows.push(row("skipped", info.skipped));
    }
    rows.extend([row("domains", info.domains), row("series", info.series), row("cells", info.cells)]);
    if let Some((first, last)) = info.windows {
        rows.push(("first slice".into(), iso(first.start())));
        rows.push(("last slice".into(), iso(last.start())));
    }
    if let Some(kept_from) = info.kept_from {
        rows.push(("usage removed before".into(), iso(kept_from.start())));
    }
    rows.extend(info.tasks.iter().map(|(status, count)| row(&format!("tasks, {status}"), *count)));
    rows
}

fn indented(state: State) -> String {
    format!("  {}", state.name().replace('_', " "))
}

fn info_json(info: &Info, size: Size) -> Value {
    let time = |window: Option<Window>| window.map(|window| iso(window.start()));
    let states: Map<String, Value> = State::ALL
        .map(|state| (state.name().into(), json!(info.sources[state as usize])))
        .into_iter()
        .collect();
    let tasks: Map<String, Value> =
        info.tasks.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
    let mut object = json!({
        "RequestId": request_id(),
        "version": info.version,
        "generation": info.generation,
        "file_bytes": size.file,
        "wal_bytes": size.wal,
        "sources": states,
        "places": info.places,
        "lines": info.lines,
        "accepted": info.accepted,
        "unplaced": info.unplaced,
        "rejected": info.rejected,
        "blank": info.blank,
        "domains": info.domains,
        "series": info.series,
        "cells": info.cells,
        "first_window": time(info.windows.map(|(first, _)| first)),
        "last_window": time(info.windows.map(|(_, last)| last)),
        "kept_from": time(info.kept_from),
        "tasks": tasks,
    });
    if info.skipped > 0 {
        object["skipped"] = json!(info.skipped);
    }
    object
}

fn check(arguments: &Arguments) -> Result<Ending> {
    let violations = arguments.reader()?.check(arguments.store.waiting.lock_timeout)?;
    if arguments.json {
        show::object(&check_json(&violations))?;
    } else if violations.is_empty() {
        show::lines(&["the store is sound"])?;
    } else {
        let lines: Vec<String> = violations.iter().map(violation).collect();
        show::lines(&lines)?;
        let s = if violations.len() == 1 { "" } else { "s" };
        show::message(&format!("the store is not sound: {} violation{s}", violations.len()));
    }
    Ok(if violations.is_empty() { Ending::Done } else { Ending::Failed })
}

fn violation(violation: &Violation) -> String {
    let Violation { source, what, expected, found } = violation;
    let source = source.as_ref().map(|source| format!("{source}: ")).unwrap_or_default();
    format!("{source}{what}: expected {expected}, found {found}")
}

fn check_json(violations: &[Violation]) -> Value {
    let violation =
        |v: &Violation| json!({"source": v.source, "what": v.what, "expected": v.expected, "found": v.found});
    let all: Vec<Value> = violations.iter().map(violation).collect();
    json!({"RequestId": request_id(), "sound": all.is_empty(), "violations": all})
}

fn vacuum(arguments: &Arguments) -> Result<Ending> {
    let StoreFlags { store, waiting } = &arguments.store;
    let mut writer = Writer::open_existing(store, waiting.lock_timeout, "flowbook store vacuum")?;
    let before = size(store)?;
    let done = writer.vacuum()?;
    let after = size(store)?;
    let [before, after] = [before, after].map(|size| size.file + size.wal);
    if arguments.json {
        let id = request_id();
        let object = json!({"RequestId": id, "bytes_before": before, "bytes_after": after,
            "series_removed": done.series, "changes_removed": done.changes});
        show::object(&object)?;
    } else {
        let row = |name: &str, number: u64| (name.to_owned(), numbers::grouped(number.into()));
        show::rows(&[
            row("bytes before", before),
            row("bytes after", after),
            row("series removed", done.series),
            row("changes removed", done.changes),
        ])?;
    }
    Ok(Ending::Done)
}
