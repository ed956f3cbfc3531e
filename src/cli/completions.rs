//! `flowbook completions`: a completion script for a shell. The only file that names `clap_complete`.

use super::{Ending, command, show};
use crate::error::Result;
use clap::Args;

/// Print a completion script for a shell
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

pub(super) fn run(arguments: &CompletionsArguments) -> Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), "flowbook", &mut script);
    show::own(&script)?;
    Ok(Ending::Done)
}
