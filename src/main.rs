//! The flowbook command: parse arguments, run, choose the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    flowbook::cli::run()
}
