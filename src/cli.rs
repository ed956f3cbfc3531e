//! The command line: one function per subcommand, arguments in, library call, words out.
//!
//! The only folder that names clap, indicatif, serde, `serde_json` and toml.

mod interrupt;
mod out;
mod numbers;
mod duration;
mod environment;
mod idle;
mod notes;
mod missing;
mod unbilled;
mod let_go;
mod show;
mod progress;
mod times;
mod output_path;
mod chosen_format;
mod config;
mod flags;
mod request;
mod task;
mod export;
mod ingest;
mod store;
mod run;
mod history;
mod formats;
mod generate;
mod completions;
mod examples;
mod man;

use crate::error::{self, Error, ErrorKind};
use crate::export::FORMAT_VERSION;
use crate::export::workbook::is_guarded;
use crate::threads;
use crate::visible::line;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use out::Hearing;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::env;
use std::io::{self, IsTerminal};
use std::panic;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the job failed: a log cannot be read to its end, the disk is full, the store is
     damaged or held by another process, a task failed, ...
  2  wrong request: the arguments, the export request or an existing output file
  3  incomplete: a log was damaged and --keep-going was given; or hours are missing (store
     coverage, or a workbook that needs every hour); or files may count twice, and
     --overlaps refuse was given; or more lines than --max-rejects were rejected, and nothing
     was made";

/// Turns raw CDN logs into five-minute usage per domain, in an Excel workbook.
#[derive(Debug, Parser)]
#[command(name = "flowbook", after_help = EXIT_CODES, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Export(Box<export::ExportArguments>),
    Ingest(Box<ingest::IngestArguments>),
    Store(Box<store::StoreArguments>),
    Task(task::TaskArguments),
    Run(run::RunArguments),
    History(history::HistoryArguments),
    Formats(formats::FormatsArguments),
    Generate(generate::GenerateArguments),
    Completions(completions::CompletionsArguments),
    Man(man::ManArguments),
}

/// More threads than this help nobody.
const MAX_THREADS: usize = 1024;

/// Reads a number of threads; 0 is one per core.
fn threads(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number <= MAX_THREADS);
    number.ok_or_else(|| format!("give a number up to {MAX_THREADS}; 0 is one per core"))
}

/// How a command ended, apart from failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Done,
    /// Some of what was to be done failed, and that was told.
    Failed,
    WithRejects,
}

impl Ending {
    const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::WithRejects => 3,
        }
    }
}

/// Runs the command that the process was started with; `commit` is the one it was built from, empty where unknown.
#[must_use]
pub fn run(commit: &str) -> ExitCode {
    visible_panics();
    let arguments = match arguments(commit) {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    interrupt::clean_up();
    out::hear(arguments.command.hearing());
    let is_configured = matches!(arguments.command, Command::Run(_));
    let begun = if arguments.command.needs_threads() { threads::begin() } else { Ok(()) };
    let begun = show::with_json_errors(is_json(), || begun);
    let result = begun.and_then(|()| arguments.command.run());
    match result {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(error) => {
            show::error(&error, is_configured);
            ExitCode::from(exit_code(&error))
        }
    }
}

impl Command {
    fn run(&self) -> error::Result<Ending> {
        match self {
            Self::Export(arguments) => export::run(arguments),
            Self::Ingest(arguments) => ingest::run(arguments),
            Self::Store(arguments) => store::run(arguments),
            Self::Task(arguments) => task::run(arguments),
            Self::Run(arguments) => run::run(arguments),
            Self::History(arguments) => history::run(arguments),
            Self::Formats(arguments) => formats::run(arguments),
            Self::Generate(arguments) => generate::run(arguments),
            Self::Completions(arguments) => completions::run(arguments),
            Self::Man(arguments) => man::run(arguments),
        }
    }

    /// What of events is heard. Who exports hears of no log by its name: it may be none of the export.
    fn hearing(&self) -> Hearing {
        let (verbose, most) = match self {
            Self::Export(arguments) => (arguments.telling.verbose, Hearing::Phases),
            Self::Ingest(arguments) => (arguments.telling.verbose, Hearing::Logs),
            Self::Run(arguments) => (arguments.telling.verbose, Hearing::Logs),
            Self::Task(arguments) => (arguments.verbose(), Hearing::Phases),
            Self::Store(_)
            | Self::History(_)
            | Self::Formats(_)
            | Self::Generate(_)
            | Self::Completions(_)
            | Self::Man(_) => (0, Hearing::Nothing),
        };
        match verbose {
            0 => Hearing::Nothing,
            1 => Hearing::Phases,
            _ => most,
        }
    }

    /// Whether it looks at many things side by side. What does not runs where no thread can be started, too.
    fn needs_threads(&self) -> bool {
        match self {
            Self::Export(_) | Self::Ingest(_) | Self::Run(_) => true,
            Self::Store(arguments) => arguments.needs_threads(),
            Self::Task(arguments) => arguments.needs_threads(),
            Self::History(_) | Self::Formats(_) | Self::Generate(_) | Self::Completions(_) | Self::Man(_) => {
                false
            }
        }
    }
}

/// `0.1.0 (commit 0123456789ab, format version 2)`.
fn version(commit: &str) -> String {
    let commit = if commit.is_empty() { String::new() } else { format!("commit {commit}, ") };
    format!("{} ({commit}format version {FORMAT_VERSION})", env!("CARGO_PKG_VERSION"))
}

/// The whole command line.
fn command() -> clap::Command {
    examples::add(Arguments::command())
}

/// The arguments; where there are none to run, help or what is wrong is told, also as JSON where that was asked for.
fn arguments(commit: &str) -> Result<Arguments, ExitCode> {
    // Help names the program so, whatever the file is called that was started.
    let command = environment::without_empty_variables(self::command())
        .bin_name("flowbook")
        .version(&*version(commit).leak());
    let read = command.try_get_matches().and_then(|mut matches| {
        let idle = idle::refusal(&matches).map(|text| format!("{text}\n"));
        let arguments = Arguments::from_arg_matches_mut(&mut matches)?;
        idle.map_or(Ok(arguments), |text| Err(clap::Error::raw(ClapKind::ArgumentConflict, text)))
    });
    let error = match read {
        Ok(arguments) => return Ok(arguments),
        Err(error) => visible_arguments(with_better_tip(error)),
    };
    if error.use_stderr() && is_json() {
        // The exit code tells it, too.
        let _ = show::json_error(&Error::usage(error.render().to_string().trim_end()));
    }
    if error.use_stderr() {
        // Nobody is left to tell when this fails.
        let _ = error.print();
        return Err(ExitCode::from(2));
    }
    // What was asked for is help, or the version; in colours, where somebody looks at it.
    let is_seen = io::stdout().is_terminal();
    let told =
        if is_seen { show::unless_gone(error.print()) } else { show::own(error.to_string().as_bytes()) };
    Err(match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            show::error(&error, false);
            ExitCode::FAILURE
        }
    })
}

/// Whether scripts read what is told, as far as that can be known before arguments are.
fn is_json() -> bool {
    env::args_os().take_while(|text| text != "--").any(|text| text == "--json")
}

/// Who chooses domains of an export means --domain-names, however near --domain is.
fn with_better_tip(mut error: clap::Error) -> clap::Error {
    let is_text = |kind, text: &str| matches!(error.get(kind), Some(ContextValue::String(is)) if is == text);
    let is_export = env::args_os().nth(1).is_some_and(|name| name == "export");
    if is_export && is_text(ContextKind::InvalidArg, "--domains") {
        error.insert(ContextKind::SuggestedArg, ContextValue::String("--domain-names".into()));
    }
    error
}

/// What is told of arguments shows them, and nothing in them acts on a terminal.
fn visible_arguments(mut error: clap::Error) -> clap::Error {
    let shown = |value: &ContextValue| match value {
        ContextValue::String(text) => Some(ContextValue::String(line(text).into())),
        ContextValue::Strings(texts) => {
            Some(ContextValue::Strings(texts.iter().map(|text| line(text).into()).collect()))
        }
        _ => None,
    };
    let all: Vec<_> = error.context().filter_map(|(kind, value)| Some((kind, shown(value)?))).collect();
    for (kind, value) in all {
        if error.get(kind) != Some(&value) {
            // A tip repeats the argument in a text with colours, in which these could not be told from those of others.
            error.remove(ContextKind::Suggested);
            error.insert(kind, value);
        }
    }
    error
}

fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Refused(_) | ErrorKind::Usage(_) => 2,
        _ => 1,
    }
}

/// A panic is told as other messages are, for it may show what others wrote; one that becomes an error is told once, as
/// that error.
fn visible_panics() {
    panic::set_hook(Box::new(|info| {
        if !is_guarded() {
            show::message(&info.to_string().replacen('\n', "\n  ", 1));
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                show::message(&trace.to_string().replace('\n', "\n  "));
            }
        }
    }));
}
