//! The flowbook command: parse arguments, run, choose the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    flowbook::threads::with_stack(|| flowbook::cli::run(commit()))
}

/// The commit that this was built from: as the builder says, else as the repository does; empty where nobody knows.
/// Asked for here, so that a commit makes nothing but this file anew.
const fn commit() -> &'static str {
    match option_env!("FLOWBOOK_COMMIT") {
        Some(commit) => commit,
        None => {
            git_version::git_version!(args = ["--always", "--dirty=-modified", "--abbrev=12"], fallback = "")
        }
    }
}
