//! The tables of `flowbook run`: store, sources, output.

use super::paths::path;
use super::tables::{IngestTable, OutputTable, SourceTable, StoreTable, Tables, Texts};
use super::{account, duration, task};
use crate::cli::chosen_format;
use crate::cli::environment::ACCOUNT;
use crate::domain::{Domain, Pattern};
use crate::error::{Error, Result};
use crate::log::Formats;
use crate::log::description::Text;
use crate::region::Region;
use crate::report::RejectLimit;
use crate::schedule::plan::{OutputRule, Plan, SourceRule, TaskRule};
use crate::source::{Reading, STDIN, Search};
use crate::spelling::hint;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another writer of the store is waited for.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// `file` is the text that the tables were read from; its paths are relative to `folder`.
pub(super) fn plan(tables: &Tables, file: &str, folder: &Path) -> Result<Plan> {
    let account = account::account(&tables.account, &tables.groups)?;
    let (store, lock_timeout) = store(&tables.store, folder)?;
    let formats = formats(tables)?;
    let sources = tables.source.iter().enumerate();
    let keep_days = positive("[store] keep_days", tables.store.keep_days)?;
    let output = output(&tables.output, folder)?;
    let tasks = task::tasks(&tables.task, file, &account, &output.folder)?;
    keeps_enough(keep_days, &tasks)?;
    Ok(Plan {
        store,
        lock_timeout,
        keep_days,
        sources: sources.map(|(n, table)| source(n + 1, table, folder, formats)).collect::<Result<_>>()?,
        formats,
        // A damaged file must not stop the night: it is named, and the run ends with exit code 3.
        keep_going: tables.ingest.keep_going.unwrap_or(true),
        min_age: min_age(&tables.ingest)?,
        max_rejects: max_rejects(&tables.ingest, file)?,
        empty_is_delivered: tables.ingest.empty_is_delivered,
        output,
        tasks,
        history_days: history_days(tables)?,
        account,
        account_id: ACCOUNT,
    })
}

fn store(table: &StoreTable, folder: &Path) -> Result<(PathBuf, Duration)> {
    let path = match table.path.as_deref() {
        Some(text) if !text.is_empty() => folder.join(path("[store] path", text).map_err(Error::usage)?),
        Some(_) => return Err(Error::usage("[store] path is empty; name the file of the store")),
        None => {
            return Err(Error::usage(
                "[store] path is missing; name the file of the store, like \"usage.db\"",
            ));
        }
    };
    let timeout = table.lock_timeout.as_deref().map(|text| duration("[store] lock_timeout", text));
    Ok((path, timeout.transpose()?.unwrap_or(LOCK_TIMEOUT)))
}

/// Refuses to let go usage that a task still has to export: no workbook of it could ever be made as a whole.
fn keeps_enough(keep_days: Option<u32>, tasks: &[TaskRule]) -> Result<()> {
    let Some(days) = keep_days else { return Ok(()) };
    let needed = tasks.iter().map(|task| (task.days_needed(), task));
    let Some((needed, task)) = needed.rev().max_by_key(|(needed, _)| *needed) else { return Ok(()) };
    if i64::from(days) >= needed {
        return Ok(());
    }
    let TaskRule { name, range, .. } = task;
    Err(Error::usage(format!(
        "[store] keep_days is {days}, but [[task]] {name:?} needs usage of the last {needed} days (range = \
         \"{range}\", and how long it waits); give keep_days = {needed} or more, or leave it out"
    )))
}

/// The formats that come with the program, and those that the file describes.
fn formats(tables: &Tables) -> Result<Formats> {
    let described = |(name, text): (&String, &Text)| {
        let described = chosen_format::described(name, text.clone());
        described.map_err(|error| Error::usage(format!("[format.{name}]: {error}")))
    };
    Ok(Formats::with(tables.format.iter().map(described).collect::<Result<_>>()?))
}

/// The `number`-th source of the file, from 1.
fn source(number: usize, table: &SourceTable, folder: &Path, formats: Formats) -> Result<SourceRule> {
    let wrong = |what: String| Error::usage(format!("[[source]] {number}: {what}"));
    let read = || {
        Ok::<_, String>(SourceRule { arguments: arguments(table, folder)?, search: search(table, formats)? })
    };
    read().map_err(wrong)
}

fn arguments(table: &SourceTable, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let paths = table.paths.as_ref().map(Texts::as_slice).unwrap_or_default();
    if paths.is_empty() {
        return Err("paths is missing or empty; name files, folders or globs".into());
    }
    let read = |text: &String| match text.as_str() {
        "" | STDIN => Err(format!("paths has {text:?}; name files, folders or globs")),
        text => Ok(argument(folder, &path("paths", text)?)),
    };
    paths.iter().map(read).collect()
}

fn search(table: &SourceTable, formats: Formats) -> Result<Search, String> {
    let globs = |texts: &Option<Texts>| texts.as_ref().map(|t| t.as_slice().to_vec()).unwrap_or_default();
    let (include, exclude) = (globs(&table.include), globs(&table.exclude));
    Search::new(&include, &exclude, reading(table, formats)?)
        .map_err(|error| format!("include or exclude has {error}"))
}

fn reading(table: &SourceTable, formats: Formats) -> Result<Reading, String> {
    Ok(Reading {
        format: chosen_format::choice(formats, table.format.as_deref())?,
        region: table.region.as_deref().map_or(Ok(Region::default()), region)?,
        domain: table.domain.as_deref().map(domain).transpose()?,
    })
}

fn region(code: &str) -> Result<Region, String> {
    let known: Vec<&str> = Region::ALL.into_iter().filter_map(Region::code).collect();
    let give = format!("known are: {}", known.join(", "));
    Region::from_code(code).ok_or_else(|| format!("region is {code:?}{}", hint(code, known, &give)))
}

fn domain(name: &str) -> Result<Domain, String> {
    match Pattern::parse(name) {
        Some(Pattern::Exact(domain)) => Ok(domain),
        Some(Pattern::Subdomains(_)) => {
            Err(format!("domain is {name:?}; give one domain name like www.example.com"))
        }
        None => Err(format!("domain: {}", Pattern::mistake(name))),
    }
}

/// The path below the folder; of a glob, only what the file itself says is one.
fn argument(folder: &Path, path: &str) -> PathBuf {
    let special = |c| matches!(c, '*' | '?' | '[' | ']');
    let joined = folder.join(path);
    match folder.to_str() {
        Some(text)
            if text.contains(special) && path.contains(special) && joined.symlink_metadata().is_err() =>
        {
            let quoted = |c| if special(c) { format!("[{c}]") } else { c.to_string() };
            Path::new(&text.chars().map(quoted).collect::<String>()).join(path)
        }
        _ => joined,
    }
}

fn max_rejects(table: &IngestTable, file: &str) -> Result<RejectLimit> {
    let Some(text) = table.max_rejects.as_ref().map(|scalar| scalar.spelt(file)) else {
        return Ok(RejectLimit::DEFAULT);
    };
    RejectLimit::parse(text).ok_or_else(|| {
        let expected = "give a number of lines, or a percentage like \"0.1%\"";
        Error::usage(format!("[ingest] max_rejects is {text:?}; {expected}"))
    })
}

fn output(table: &OutputTable, folder: &Path) -> Result<OutputRule> {
    if let Some(text) = table.folder.as_deref().filter(|text| has_field(text)) {
        let give = "fields in braces belong in output of [[task]], which may name folders: output = \"{start:%Y}/{name}.xlsx\"";
        return Err(Error::usage(format!("[output] folder is {text:?}; {give}")));
    }
    Ok(OutputRule {
        // Without a folder of their own, workbooks stand beside the configuration file.
        folder: folder.join(
            path("[output] folder", table.folder.as_deref().unwrap_or_default()).map_err(Error::usage)?,
        ),
        keep_days: positive("[output] keep_days", table.keep_days)?,
        keep_last: positive("[output] keep_last", table.keep_last)?,
        metrics: metrics(table.metrics.as_deref(), folder)?,
    })
}

/// Whether a path has a brace that is none of a variable's.
fn has_field(path: &str) -> bool {
    path.char_indices().any(|(at, c)| c == '{' && !path[..at].ends_with('$'))
}

/// The file of figures; those who read it look for this ending.
fn metrics(text: Option<&str>, folder: &Path) -> Result<Option<PathBuf>> {
    let Some(text) = text else { return Ok(None) };
    if Path::new(text).extension().is_none_or(|ending| ending != "prom") {
        let expected = "name a file that ends in .prom, like \"/var/lib/node_exporter/flowbook.prom\"";
        return Err(Error::usage(format!("[output] metrics is {text:?}; {expected}")));
    }
    Ok(Some(folder.join(path("[output] metrics", text).map_err(Error::usage)?)))
}

/// How long ago files must have been changed.
fn min_age(table: &IngestTable) -> Result<Duration> {
    let age = table.min_age.as_deref().map(|text| duration("[ingest] min_age", text));
    Ok(age.transpose()?.unwrap_or(Duration::ZERO))
}

/// How many days back the account may export.
pub(super) fn history_days(tables: &Tables) -> Result<Option<u32>> {
    positive("[account] history_days", tables.account.history_days)
}

fn positive(key: &str, number: Option<u32>) -> Result<Option<u32>> {
    match number {
        Some(0) => Err(Error::usage(format!("{key} is 0; give a number from 1, or leave it out"))),
        number => Ok(number),
    }
}
