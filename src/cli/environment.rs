//! What the environment says: the variables that commands read, the language, the clock.

use crate::error::{Error, Result};
use crate::locale::Language;
use crate::store::AccountId;
use crate::visible;
use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// The variable that names the configuration file.
pub(super) const CONFIG: &str = "FLOWBOOK_CONFIG";
/// The variable that names the usage store.
pub(super) const STORE: &str = "FLOWBOOK_STORE";
/// The variable that names the zone of reports that name none.
const TIME_ZONE: &str = "FLOWBOOK_TIME_ZONE";
/// The variable that gives the time at which workbooks are made, so that the same task gives the same bytes.
const CREATED: &str = "SOURCE_DATE_EPOCH";

/// The account that commands work for. A store has one today, and no option names another.
pub(super) const ACCOUNT: AccountId = AccountId::DEFAULT;

/// The last second of the year 9999, where Excel's dates end.
const LAST_SECOND: i64 = 253_402_300_799;

/// The path that a variable names; one that is empty is not set.
pub(super) fn path(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// What a variable says. Where it is not text, a character stands for what is none, and whoever reads it refuses it: it was
/// set, and what it meant must not be taken for what stands without it.
fn text(variable: &str) -> Option<String> {
    env::var_os(variable).map(|value| value.to_string_lossy().into_owned())
}

/// The command, without the variables that are empty: an empty variable is one that is not set.
pub(super) fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| match arg.get_env() {
        Some(name) if is_empty(name) => arg.env(None),
        _ => arg,
    });
    command.mut_subcommands(without_empty_variables)
}

/// The zone that was given, else that of the environment.
pub(super) fn zone_text(given: Option<&String>) -> Option<String> {
    given.cloned().or_else(|| text(TIME_ZONE)).filter(|zone| !zone.is_empty())
}

/// The language of the environment, as programs look it up.
pub(super) fn language() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(text);
    Language::from_locale(&set.into_iter().find(|locale| !locale.is_empty()).unwrap_or_default())
}

/// Now, in unix seconds.
pub(super) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}

/// `SOURCE_DATE_EPOCH` where it is set, so that the same task gives the same bytes; else now.
pub(super) fn creation_time() -> Result<i64> {
    let Some(text) = env::var_os(CREATED).filter(|text| !text.is_empty()) else { return Ok(now()) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    seconds.filter(|seconds| (0..=LAST_SECOND).contains(seconds)).ok_or_else(|| {
        let text = visible::line(&text.to_string_lossy()).into_owned();
        Error::usage(format!("{CREATED} is {text}; give seconds since 1970"))
    })
}
