//! `flowbook man`: manual pages. The only file that names `clap_mangen`.

use super::{Ending, command, show};
use crate::error::{Error, Result};
use crate::output::{Output, make_folder};
use crate::spelling::hint;
use clap::builder::Resettable;
use clap::{Args, Command, ValueHint};
use clap_mangen::Man;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Print a manual page, or write all of them to a folder.
#[derive(Debug, Args)]
pub(super) struct ManArguments {
    /// The command whose page is printed, for example: store coverage [default: flowbook itself].
    #[arg(value_name = "COMMAND")]
    names: Vec<String>,

    /// Write every page to this folder, which is created if needed; existing pages are replaced.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "names")]
    dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &ManArguments) -> Result<Ending> {
    let program = program();
    match &arguments.dir {
        Some(folder) => {
            make_folder(folder)?;
            write_all(&program, folder)?;
        }
        None => show::own(&page(named(&program, &arguments.names)?)?)?,
    }
    Ok(Ending::Done)
}

/// The whole command, each part of it with its full name. The page of a version is the same whatever it was built from.
fn program() -> Command {
    let mut program =
        command().bin_name("flowbook").disable_help_subcommand(true).version(env!("CARGO_PKG_VERSION"));
    program.build();
    program
}

/// The command below `program` with these names.
fn named<'a>(program: &'a Command, names: &[String]) -> Result<&'a Command> {
    names.iter().try_fold(program, |command, name| {
        let known = || command.get_subcommands().map(Command::get_name);
        let give = match known().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "it has no commands".to_owned(),
            names => format!("commands: {names}"),
        };
        command.find_subcommand(name).ok_or_else(|| {
            let of = command.get_bin_name().unwrap_or_default();
            Error::usage(format!("{of} has no command {name:?}{}", hint(name, known(), &give)))
        })
    })
}

fn man(command: Command) -> Man {
    Man::new(command).source(concat!("flowbook ", env!("CARGO_PKG_VERSION"))).manual("flowbook")
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let ends = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut page = Vec::new();
    let options = man(command.clone().after_help(Resettable::Reset));
    options.render(&mut page).map_err(Error::io("cannot make the page"))?;
    page.extend(ends.split("\n\n").flat_map(|block| section(block).into_bytes()));
    Ok(page)
}

/// What stands below the options, line by line as it is, under its own heading.
fn section(block: &str) -> String {
    let (head, lines) = block.split_once('\n').unwrap_or((block, ""));
    let head = match head {
        "Exit codes:" => "EXIT STATUS".to_owned(),
        other => other.trim_end_matches(':').to_uppercase(),
    };
    let escaped = lines.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| format!("\\&{}\n", line.strip_prefix("  ").unwrap_or(line)));
    format!(".SH \"{head}\"\n.nf\n{}.fi\n", lines.collect::<String>())
}

/// Writes the page of a command, and those of all below it.
fn write_all(command: &Command, folder: &Path) -> Result<()> {
    let path = folder.join(man(command.clone()).get_filename());
    let mut output = Output::create(&path, true)?;
    output.file().write_all(&page(command)?).map_err(Error::io("cannot write")).map_err(|e| e.at(&path))?;
    output.commit()?;
    command.get_subcommands().try_for_each(|below| write_all(below, folder))
}
