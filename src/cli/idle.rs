//! Options that would do nothing beside the others that are given: each is refused, for whoever gave it meant something by it.
//! What only allows something (`--force`, `--keep-going`, `--read-all`) is for scripts to give always, and what a variable says is
//! for all commands: both are passed over where they mean nothing.

use clap::ArgMatches;
use clap::parser::ValueSource;

/// How a command was called.
struct Called<'a>(&'a ArgMatches);

impl Called<'_> {
    /// Whether an argument stands on the command line.
    fn has(&self, id: &str) -> bool {
        self.0.try_contains_id(id).is_ok() && self.0.value_source(id) == Some(ValueSource::CommandLine)
    }

    /// Whether an argument has a value from anywhere.
    fn knows(&self, id: &str) -> bool {
        self.0.try_contains_id(id).is_ok_and(|is_there| is_there)
    }
}

/// An option by its id, and when and why it does nothing.
struct Idle {
    id: &'static str,
    when: fn(&Called<'_>) -> bool,
    why: &'static str,
}

const fn idle(id: &'static str, when: fn(&Called<'_>) -> bool, why: &'static str) -> Idle {
    Idle { id, when, why }
}

const NO_LOGS: &str = "has no effect without LOGS; name the logs to read";
const IN_STORE: &str = "has no effect on a store: a store reads every log that it is given";
const OF_TASKS: &str = "has no effect with --refresh: a task is made again from its own request";
const NO_STORE: &str = "has no effect without --store; name a store";

fn reads_no_log(called: &Called<'_>) -> bool {
    !called.has("logs")
}

fn has_store(called: &Called<'_>) -> bool {
    called.knows("store")
}

/// Those of `flowbook export`.
const OF_EXPORT: [Idle; 11] = [
    idle("rejects", reads_no_log, NO_LOGS),
    idle("domain", reads_no_log, NO_LOGS),
    idle("format", reads_no_log, NO_LOGS),
    idle("format_file", reads_no_log, NO_LOGS),
    idle("include", reads_no_log, NO_LOGS),
    idle("exclude", reads_no_log, NO_LOGS),
    idle("lateness", reads_no_log, NO_LOGS),
    idle("lateness", has_store, IN_STORE),
    idle("region", |called| reads_no_log(called) && called.has("refresh"), NO_LOGS),
    idle("config", |called| called.has("refresh"), OF_TASKS),
    idle("lock_timeout", |called| !has_store(called), NO_STORE),
];

/// Says which option does nothing, and why, if any does.
pub(super) fn refusal(matches: &ArgMatches) -> Option<String> {
    let (name, matches) = matches.subcommand()?;
    if name != "export" {
        return None;
    }
    // Where there is nothing to export from, that is what is to be said.
    let called = Called(matches);
    if reads_no_log(&called) && !has_store(&called) {
        return None;
    }
    let found = OF_EXPORT.iter().find(|option| called.has(option.id) && (option.when)(&called));
    found.map(|option| format!("--{} {}", option.id.replace('_', "-"), option.why))
}
