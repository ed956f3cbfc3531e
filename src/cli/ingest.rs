//! `flowbook ingest`: logs into the store.

use super::flags::{self, ReadingFlags, StoreFlags, TellingFlags};
use super::{Ending, environment, notes, progress, show};
use crate::delivery::collision::keep_off;
use crate::delivery::intake::Intake;
use crate::delivery::{Delivered, Delivery, deliver};
use crate::error::Result;
use crate::task::TaskProgress;
use clap::Args;
use std::path::PathBuf;

/// Read logs into a usage store, where each log counts once, however often it is delivered.
///
/// Known content is skipped, even if it is renamed, compressed or the beginning of a longer log. A log that grew counts
/// as it is now. Everything is stored in one transaction, or nothing.
#[derive(Debug, Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct IngestArguments {
    /// Logs: files, folders (recursively, except hidden files, workbooks and stores), globs, or - for standard input.
    /// Times in file names (`DOMAIN_YYYY_MM_DD_HHMMSS_HHMMSS.gz`) are in UTC+8, the vendor's clock.
    #[arg(required = true)]
    logs: Vec<PathBuf>,

    #[command(flatten)]
    store: StoreFlags,

    /// Also read known files whose size and times have not changed.
    #[arg(long)]
    verify: bool,

    /// Say what would happen, and change nothing.
    #[arg(long)]
    dry_run: bool,

    /// Replace the file of rejected lines if it exists.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    reading: ReadingFlags,

    #[command(flatten)]
    pub(super) telling: TellingFlags,
}

pub(super) fn run(arguments: &IngestArguments) -> Result<Ending> {
    show::with_json_errors(arguments.telling.json, || attempt(arguments))
}

fn attempt(arguments: &IngestArguments) -> Result<Ending> {
    let IngestArguments { store, reading, telling, .. } = arguments;
    // The configuration of other commands is no file to write to, either.
    keep_off(reading.rejects.as_deref(), environment::path(environment::CONFIG).as_deref())?;
    let progress = TaskProgress::default();
    let place = (store.store.as_path(), store.waiting.lock_timeout);
    let search = reading.search()?;
    let formats = search.reading.format.formats();
    let usual = reading.delivery(place, "flowbook ingest", arguments.force, &progress.reading, formats);
    let intake = Intake { verify: arguments.verify, ..usual.intake };
    let delivery = Delivery { intake, dry_run: arguments.dry_run, ..usual };
    let sources = flags::sources(&arguments.logs, &search, false)?;
    let Delivered { taking, refused } =
        progress::beside(telling.has_bar(), &progress, || deliver(sources, &delivery))?;
    reading.tell_unused_domain(&progress.reading, "");
    for (name, fault) in &taking.faults {
        show::message(&format!("{name}: {fault}"));
    }
    show::messages(&notes::of_taking(&taking, false));
    if let Some(note) = show::not_kept(&taking) {
        show::message(&note);
    }
    if refused.is_some() && !telling.json {
        // What would have become of the sources says nothing now.
    } else if telling.json {
        show::taking_json(&taking, refused.as_deref())?;
    } else if !telling.quiet {
        show::taking(&taking)?;
    }
    if let Some(why) = &refused {
        show::explain(why);
    }
    let is_complete = refused.is_none() && taking.faults.is_empty();
    Ok(if is_complete { Ending::Done } else { Ending::WithRejects })
}
