//! `flowbook store forget`: sources out of the store.

use super::table::Table;
use crate::cli::environment::now;
use crate::cli::flags::StoreFlags;
use crate::cli::let_go as retained;
use crate::cli::{Ending, numbers, show, times};
use crate::contract::response::request_id;
use crate::delivery::forget::{Forgotten, forget};
use crate::delivery::retain::let_go;
use crate::error::{Error, Result};
use crate::schedule::range::Moment;
use crate::source::ORIGINS;
use crate::store::{OlderCopy, Writer};
use crate::time::{Window, Zone, iso};
use crate::visible;
use clap::Args;
use serde_json::{Value, json};

/// Remove sources from the store, with all that they contributed.
///
/// All are removed in one transaction, or none. If the file of a source is still there, the next ingest reads it again:
/// move it away first.
#[derive(Debug, Args)]
pub(super) struct ForgetArguments {
    /// Names as reports show them, paths (also of files that no longer exist), or globs over names, in which * also
    /// matches slashes.
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,

    /// Remove all usage before this time (2026-01-01, 2026-01-01T00:00+08:00; UTC without an offset), and pack the file.
    /// The sources stay known, so they are not ingested again. Workbooks and tasks are not changed.
    #[arg(long, value_name = "TIME", conflicts_with = "sources")]
    before: Option<String>,

    #[command(flatten)]
    store: StoreFlags,

    /// Say what would be removed, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ForgetArguments) -> Result<Ending> {
    show::with_json_errors(arguments.json, || match &arguments.before {
        Some(before) => let_go_before(before, arguments),
        None if arguments.sources.is_empty() => Err(Error::usage(
            "name the sources to forget (flowbook store sources lists them), or remove old usage with --before TIME",
        )),
        None => attempt(arguments),
    })
}

fn let_go_before(text: &str, arguments: &ForgetArguments) -> Result<Ending> {
    let StoreFlags { store, waiting } = &arguments.store;
    let time = Moment::parse(text).and_then(|time| Window::holding(time.start(Zone::UTC)));
    let wrong = || Error::usage(format!("--before is {text:?}{}; {}", times::why_not(text), times::UTC));
    let before_window = time.ok_or_else(wrong)?;
    if before_window.start() > now() {
        let text = format!("--before is {text:?}, which is in the future; give a time that has passed");
        return Err(Error::usage(text));
    }
    let how = (true, arguments.dry_run);
    let done = let_go(store, before_window, waiting.lock_timeout, "flowbook store forget", how)?;
    if arguments.json {
        let mut object = retained::as_json(&done);
        object["RequestId"] = json!(request_id());
        object["dry_run"] = json!(arguments.dry_run);
        if arguments.dry_run {
            object["bytes_after"] = Value::Null;
        }
        show::object(&object)?;
    } else {
        let head = if arguments.dry_run { "would be removed" } else { "removed" };
        let number = |name: &str, number: u64| (name.to_owned(), numbers::grouped(number.into()));
        let mut rows = vec![
            (head.to_owned(), retained::words(&done)),
            number("samples of rejected lines", done.gone.samples),
            number("bytes before", done.bytes.0),
        ];
        // What a trial leaves as it is says nothing of how small it will be.
        rows.extend((!arguments.dry_run).then(|| number("bytes after", done.bytes.1)));
        show::rows(&rows)?;
    }
    Ok(Ending::Done)
}

fn attempt(arguments: &ForgetArguments) -> Result<Ending> {
    let StoreFlags { store, waiting } = &arguments.store;
    let wait = waiting.lock_timeout;
    // What only says what would be taken out brings no store to a new version.
    let older = if arguments.dry_run { OlderCopy::to_try_out(store, wait)? } else { None };
    let place = older.as_ref().map_or_else(|| store.clone(), OlderCopy::path);
    let mut writer = Writer::open_existing(&place, wait, "flowbook store forget")?;
    let forgotten = forget(&mut writer, &arguments.sources, ORIGINS)?;
    if !arguments.dry_run {
        writer.commit()?;
    }
    if arguments.json {
        let sources: Vec<Value> = forgotten.iter().map(object).collect();
        let id = request_id();
        let object = json!({"RequestId": id, "dry_run": arguments.dry_run, "forgotten": sources});
        show::object(&object)?;
    } else {
        let rows: Vec<_> = forgotten.iter().map(cells).collect();
        let head = if arguments.dry_run { "would be forgotten" } else { "forgotten" };
        let heads = [head, ">lines", ">accepted", ">bytes", "first slice", "last slice"];
        show::lines(&Table::new(heads).lines(&rows))?;
    }
    if let Some(still_there) = still_there(&forgotten) {
        show::message(&still_there);
    }
    Ok(Ending::Done)
}

/// A note on logs that the next ingest counts again, if there are any.
fn still_there(forgotten: &[Forgotten]) -> Option<String> {
    let mut still = forgotten.iter().filter_map(|one| one.still_at.as_deref());
    let first = visible::line(still.next()?);
    Some(match still.count() {
        0 => format!("{first} is still there: an ingest that finds it counts it again; move it away"),
        more => format!(
            "{first} and {more} more are still there: an ingest that finds them counts them again; move them away"
        ),
    })
}

/// The first and the last window, where there is any.
fn windows(forgotten: &Forgotten) -> [Option<String>; 2] {
    let windows = forgotten.was.windows;
    [windows.map(|(first, _)| first), windows.map(|(_, last)| last)].map(|w| w.map(|w| iso(w.start())))
}

fn cells(forgotten: &Forgotten) -> [String; 6] {
    let was = &forgotten.was;
    let [first, last] = windows(forgotten).map(Option::unwrap_or_default);
    let number = |number: u64| numbers::grouped(number.into());
    let (lines, accepted, bytes) = (number(was.lines), number(was.accepted), numbers::grouped(was.bytes));
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
        "bytes": numbers::whole(was.bytes),
        "first_window": first,
        "last_window": last,
    })
}
