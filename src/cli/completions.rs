//! `flowbook completions`: a completion script for a shell. The only file that names `clap_complete`.

use super::{Arguments, Ending};
use clap::{Args, CommandFactory};
use std::io::{self, Write};

/// Print a completion script for a shell.
///
/// bash:       flowbook completions bash > ~/.local/share/bash-completion/completions/flowbook
/// zsh:        flowbook completions zsh > ~/.zfunc/_flowbook (a folder of fpath)
/// fish:       flowbook completions fish > ~/.config/fish/completions/flowbook.fish
/// elvish:     flowbook completions elvish > ~/.config/elvish/lib/flowbook.elv (then: use flowbook)
/// PowerShell: flowbook completions powershell | Out-String | Invoke-Expression (in your profile)
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CompletionsArguments {
    /// The shell.
    shell: clap_complete::Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "flowbook", &mut script);
    // A reader that goes away has what it wanted.
    let _ = io::stdout().write_all(&script);
    Ending::Done
}
