//! `flowbook completions`: a completion script for a shell. The only file that names `clap_complete`.

use super::{Arguments, Ending};
use clap::{Args, CommandFactory, ValueEnum};
use std::io::{self, Write};

/// Print a completion script for a shell.
///
/// For bash: flowbook completions bash > ~/.local/share/bash-completion/completions/flowbook
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell.
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(super) fn run(arguments: &CompletionsArguments) -> Ending {
    let shell = match arguments.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Zsh => clap_complete::Shell::Zsh,
        Shell::Fish => clap_complete::Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "flowbook", &mut script);
    // A reader that goes away has what it wanted.
    let _ = io::stdout().write_all(&script);
    Ending::Done
}
