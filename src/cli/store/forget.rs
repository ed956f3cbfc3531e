//! `flowbook store forget`: sources out of the store.

use super::super::flags::StoreFlags;
use super::super::{Ending, show};
use super::table::Table;
use crate::error::Result;
use crate::store::Writer;
use crate::task::forget::{Forgotten, forget};
use crate::time::iso;
use clap::Args;
use serde_json::{Value, json};

/// Take sources out of the store, with all that they contributed.
///
/// All are taken out at once, or none. A source whose file is still there is taken in again by the next ingest:
/// move the file away first.
#[derive(Debug, Args)]
pub(super) struct ForgetArguments {
    /// Names as reports show them, paths (also of files that are gone), or globs over names, whose * matches
    /// slashes, too.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<String>,

    #[command(flatten)]
    store: StoreFlags,

    /// Say what would be taken out, and leave the store as it is.
    #[arg(long)]
    dry_run: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ForgetArguments) -> Result<Ending> {
    show::with_json_errors(arguments.json, || attempt(arguments))
}

fn attempt(arguments: &ForgetArguments) -> Result<Ending> {
    let StoreFlags { store, waiting } = &arguments.store;
    let mut writer = Writer::open_for_care(store, waiting.lock_timeout, "flowbook store forget")?;
    let forgotten = forget(&mut writer, &arguments.sources)?;
    if !arguments.dry_run {
        writer.commit()?;
    }
    if arguments.json {
        let sources: Vec<Value> = forgotten.iter().map(object).collect();
        let id = show::request_id();
        let object = json!({"RequestId": id, "dry_run": arguments.dry_run, "forgotten": sources});
        show::print(&object.to_string())?;
    } else {
        let rows: Vec<_> = forgotten.iter().map(cells).collect();
        let head = if arguments.dry_run { "would be forgotten" } else { "forgotten" };
        let heads = [head, ">lines", ">accepted", ">bytes", "first slice", "last slice"];
        show::print(&Table::new(heads).lines(&rows).join("\n"))?;
    }
    Ok(Ending::Done)
}

/// The first and the last window, where there is any.
fn windows(forgotten: &Forgotten) -> [Option<String>; 2] {
    let windows = forgotten.was.windows;
    [windows.map(|(first, _)| first), windows.map(|(_, last)| last)].map(|w| w.map(|w| iso(w.start())))
}

fn cells(forgotten: &Forgotten) -> [String; 6] {
    let was = &forgotten.was;
    let [first, last] = windows(forgotten).map(Option::unwrap_or_default);
    let number = |number: u64| show::grouped(number.into());
    let (lines, accepted, bytes) = (number(was.lines), number(was.accepted), show::grouped(was.bytes));
    [was.name.clone(), lines, accepted, bytes, first, last]
}

fn object(forgotten: &Forgotten) -> Value {
    let was = &forgotten.was;
    let [first, last] = windows(forgotten);
    json!({
        "name": was.name,
        "places": forgotten.places,
        "lines": was.lines,
        "accepted": was.accepted,
        "bytes": show::whole(was.bytes),
        "first_window": first,
        "last_window": last,
    })
}
