//! The configuration file: the account and its groups of domains, and what `flowbook run` does.
//!
//! One file serves every command. Each reads all of it, so that a misspelt key never passes for one left
//! out, and judges only its own tables.

mod mistake;
mod paths;
mod tables;
mod account;
mod task;
mod plan;
#[cfg(test)]
mod tests;

use crate::contract::request::Account;
use crate::delivery::collision::keep_off;
use crate::delivery::keep_off_store;
use crate::error::{Error, Result, plain};
use crate::schedule::plan::Plan;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use tables::Tables;

/// Bytes read of a configuration or a list of tasks: more is none.
const MAX_BYTES: u64 = 16 << 20;

/// Reads the account from a configuration file; without one, it is active and owns every domain.
pub(super) fn account(path: Option<&Path>) -> Result<Account> {
    let Some(path) = path else { return Ok(Account::default()) };
    let text = text(path, "configuration")?;
    parse(&text).and_then(|tables| account::account(&tables.account, &tables.groups)).map_err(|e| e.at(path))
}

/// Reads how many days back the account may export, if that is limited.
pub(super) fn history_days(path: Option<&Path>) -> Result<Option<u32>> {
    let Some(path) = path else { return Ok(None) };
    let text = text(path, "configuration")?;
    parse(&text).and_then(|tables| plan::history_days(&tables)).map_err(|e| e.at(path))
}

/// Reads the whole of a configuration file. Every task is tried, so that a mistake in the last one shows
/// before the first is run.
pub(super) fn plan(path: &Path) -> Result<Plan> {
    let text = text(path, "configuration")?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let plan = parse(&text).and_then(|tables| plan::plan(&tables, &text, folder)).map_err(|e| e.at(path))?;
    if let Some(metrics) = &plan.output.metrics {
        keep_off([&**metrics], [path])?;
        keep_off_store(metrics, &plan.store)?;
    }
    Ok(plan)
}

/// The text of a small file; `what` it is.
pub(super) fn text(path: &Path, what: &str) -> Result<String> {
    let text = String::from_utf8(bytes(path, what)?);
    text.map_err(|_| Error::usage(format!("cannot read the {what}: it is not UTF-8")).at(path))
}

/// The bytes of a small file; `what` it is.
pub(super) fn bytes(path: &Path, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(bytes) if bytes as u64 > MAX_BYTES => {
            Err(Error::usage(format!("is too long for a {what}: more than {MAX_BYTES} bytes")).at(path))
        }
        read => read
            .map(|_| bytes)
            .map_err(|e| Error::usage(format!("cannot read the {what}: {}", plain(&e))).at(path)),
    }
}

/// Longer times are taken for mistakes: a year.
const MAX_TIME: Duration = Duration::from_secs(366 * 86_400);

/// Reads a duration, spelt as in options; `key` is where it stands.
fn duration(key: &str, text: &str) -> Result<Duration> {
    super::duration::parse(text).filter(|time| *time <= MAX_TIME).ok_or_else(|| {
        let expected = "give a whole number of ms, s, m, h or d, like 24h, at most 366d";
        Error::usage(format!("{key} is {text:?}; {expected}"))
    })
}

fn parse(text: &str) -> Result<Tables> {
    toml::from_str(text).map_err(|error| mistake::told(&error, text))
}
