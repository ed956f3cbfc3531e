//! Flags that mean the same in every command that has them.

use super::environment::{self, ACCOUNT, now};
use super::{chosen_format, config, duration, notes, show};
use crate::delivery::Delivery;
use crate::delivery::intake::Intake;
use crate::domain::{Domain, Pattern};
use crate::error::{Error, Result};
use crate::ingest::Progress;
use crate::log::description::{Description, Text};
use crate::log::{Choice, Formats};
use crate::region::Region;
use crate::report::RejectLimit;
use crate::source::{ORIGINS, Reading, Search, Source, no_log};
use crate::visible::line;
use clap::{ArgAction, Args, ValueHint};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// In which format logs are read.
#[derive(Debug, Args)]
pub(super) struct FormatFlags {
    /// Format of all logs: a name that 'flowbook formats list' shows, or auto. Without it, or with auto, each log is read in the
    /// format that its first lines fit best.
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub(super) format: String,

    /// Read a description of a format from this file: 'flowbook formats show NAME' prints one to begin with. Its name is that
    /// of the file without .toml. May be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) format_file: Vec<PathBuf>,
}

/// How logs are read.
#[derive(Debug, Args)]
pub(super) struct ReadingFlags {
    /// Domain of lines whose URL has only a path, in logs whose names name no domain. Does not choose domains.
    #[arg(long, value_name = "NAME", value_parser = domain)]
    pub(super) domain: Option<Domain>,

    /// In folders and globs, read only files that match this glob: '*.gz' matches a name, 'eu/**/*.gz' a path below the
    /// folder, or below the part of a glob before its first *. Files that you name are always read. May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,

    /// In folders and globs, skip files and folders that match this glob. May be repeated.
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,

    #[command(flatten)]
    pub(super) format: FormatFlags,

    /// Billing region of all logs: CN, NA, EU, AP1, AP2, AP3, MEAA or SA. The log format has no region field.
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(super) region: Option<Region>,

    /// Count the readable part of damaged logs, name these logs, and end with exit code 3.
    #[arg(long)]
    pub(super) keep_going: bool,

    /// How many lines may be rejected: a number of lines, or a percentage of all lines. If more are, nothing is made, and
    /// the exit code is 3. For example, 0 allows none, and 0.1% allows 1 line in 1,000. A single log counts as damaged if
    /// more than half of its lines are rejected, or more than this percentage if that is higher.
    #[arg(long, value_name = "N|P%", default_value_t = RejectLimit::DEFAULT, value_parser = reject_limit)]
    pub(super) max_rejects: RejectLimit,

    /// Write every rejected line to a CSV file: file, line, reason, text.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) rejects: Option<PathBuf>,

    /// Worker threads [default: one per core].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = super::threads)]
    pub(super) threads: usize,
}

/// What is told at the end.
#[derive(Debug, Args)]
pub(super) struct TellingFlags {
    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(super) json: bool,

    /// Show neither progress nor the table.
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Log to standard error what is done and how long it takes; given twice, ingest and run also log what is done with
    /// each log file.
    #[arg(short, long, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

impl TellingFlags {
    /// Whether progress is shown in a bar: events would be written into it.
    pub(super) const fn has_bar(&self) -> bool {
        !self.quiet && self.verbose == 0
    }
}

/// How long others are waited for.
#[derive(Debug, Args)]
pub(super) struct WaitingFlags {
    /// How long to wait for another process that holds the store: 500ms, 30s, 5m.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration::option, allow_hyphen_values = true)]
    pub(super) lock_timeout: Duration,
}

/// The store a command works on.
#[derive(Debug, Args)]
pub(super) struct StoreFlags {
    /// The usage store.
    #[arg(long, env = environment::STORE, hide_env_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) store: PathBuf,

    #[command(flatten)]
    pub(super) waiting: WaitingFlags,
}

/// The sources behind the arguments, for the region that was named; whether there must be one is told.
pub(super) fn sources(logs: &[PathBuf], search: &Search, is_needed: bool) -> Result<Vec<Source>> {
    let sources = ORIGINS.list(logs, search)?;
    show::messages(&notes::of_search(search));
    if sources.is_empty() {
        let none = no_log(logs, search);
        if is_needed {
            return Err(none);
        }
        show::explain(&none.to_string());
    }
    Ok(sources)
}

impl FormatFlags {
    /// The format that was named, of those that there are.
    pub(super) fn choice(&self) -> Result<Choice> {
        let described = self.format_file.iter().map(|path| of_file(path)).collect::<Result<_>>()?;
        let choice = chosen_format::choice(Formats::with(described), Some(&self.format));
        choice.map_err(|what| Error::usage(format!("--{what}")))
    }
}

impl ReadingFlags {
    /// Says that --domain had no effect: mostly it was taken for a filter. Where nothing had to be
    /// read, nothing is known.
    pub(super) fn tell_unused_domain(&self, progress: &Progress, advice: &str) {
        let is_read = progress.read.load(Relaxed) > 0;
        if self.domain.is_some() && is_read && !progress.has_used_domain.load(Relaxed) {
            show::message(&format!("--domain had no effect: no line has a URL with only a path{advice}"));
        }
    }

    /// How folders and globs are searched for logs.
    pub(super) fn search(&self) -> Result<Search> {
        let (region, domain) = (self.region.unwrap_or_default(), self.domain.clone());
        let format = self.format.choice()?;
        Search::new(&self.include, &self.exclude, Reading { format, region, domain })
    }

    /// A delivery of these logs to a store, which is waited for so long; `force` replaces the file of rejected lines.
    pub(super) fn delivery<'a>(
        &'a self,
        place: (&'a Path, Duration),
        work: &'a str,
        force: bool,
        progress: &'a Progress,
        formats: Formats,
    ) -> Delivery<'a> {
        let (store, wait) = place;
        let intake = Intake {
            origins: ORIGINS,
            formats,
            threads: self.threads,
            keep_going: self.keep_going,
            max_rejects: self.max_rejects,
            empty_is_delivered: None,
            keep_rejects: None,
            rejects_of: None,
            verify: false,
            now: now(),
            progress,
        };
        let (max_rejects, rejects) = (self.max_rejects, self.rejects.as_deref());
        Delivery {
            store,
            wait,
            account: ACCOUNT,
            work,
            intake,
            max_rejects,
            rejects,
            results: &[],
            is_scratch: false,
            force,
            dry_run: false,
        }
    }
}

/// The format that a file describes, of the name of the file.
fn of_file(path: &Path) -> Result<Description> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let text = Text::parse(&config::text(path, "description of a format")?).map_err(chosen_format::wrong);
    text.and_then(|text| chosen_format::described(name, text)).map_err(|error| error.at(path))
}

fn domain(text: &str) -> Result<Domain, String> {
    match Pattern::parse(text) {
        Some(Pattern::Exact(domain)) => Ok(domain),
        Some(Pattern::Subdomains(_)) => Err("give one domain, not a wildcard".into()),
        None => Err(line(&Pattern::mistake(text)).into_owned()),
    }
}

pub(super) fn region(text: &str) -> Result<Region, String> {
    Region::from_code(text).ok_or_else(|| "give CN, NA, EU, AP1, AP2, AP3, MEAA or SA".into())
}

pub(super) fn reject_limit(text: &str) -> Result<RejectLimit, String> {
    RejectLimit::parse(text).ok_or_else(|| "give a number of lines, or a percentage like 0.1%".into())
}
