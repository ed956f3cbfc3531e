//! The command line: one function per subcommand, arguments in, library call, words out.
//!
//! The only folder that names clap, indicatif, serde, `serde_json` and toml.

mod completions;
mod config;
mod export;
mod flags;
mod generate;
mod history;
mod ingest;
mod interrupt;
mod progress;
mod run;
mod show;
mod task;
mod tasks;
mod tasks_csv;
mod times;
mod store;

use crate::error::{Error, ErrorKind};
use crate::export::workbook::is_guarded;
use clap::{Parser, Subcommand};
use std::panic;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the job failed: a log cannot be read to its end, the disk is full, the store is held or damaged,
     a task failed, ...
  2  wrong request: the arguments, the export request or an existing output file
  3  done, with rejects: more lines than --max-rejects were rejected (no workbook is written then),
     or a log could not be read to its end and --keep-going was given";

/// Turns raw CDN logs into five-minute usage per domain, in an Excel workbook.
#[derive(Debug, Parser)]
#[command(name = "flowbook", version, after_help = EXIT_CODES, max_term_width = 110)]
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
    Generate(generate::GenerateArguments),
    Completions(completions::CompletionsArguments),
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

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    quiet_guarded_panics();
    let arguments = Arguments::parse();
    interrupt::clean_up();
    let result = match arguments.command {
        Command::Export(arguments) => export::run(&arguments),
        Command::Ingest(arguments) => ingest::run(&arguments),
        Command::Store(arguments) => store::run(&arguments),
        Command::Task(arguments) => task::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Completions(arguments) => Ok(completions::run(&arguments)),
    };
    match result {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(error) => {
            show::error(&error);
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        ErrorKind::Refused(_) | ErrorKind::Usage(_) => 2,
        _ => 1,
    }
}

/// A panic that becomes an error is told once, as that error.
fn quiet_guarded_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !is_guarded() {
            usual(info);
        }
    }));
}
