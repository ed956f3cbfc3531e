//! The examples at the end of each help page. A test runs all of them, in the order of the pages.

use clap::Command;

/// A command by its names below `flowbook`, and its examples: what is done, and how.
type Examples = (&'static str, &'static [(&'static str, &'static str)]);

const ALL: [Examples; 25] = [
    (
        "",
        &[
            ("Export a day of the logs in a folder", "flowbook export logs --type flow --range 2026-03-01"),
            ("Keep the usage of these logs in a store", "flowbook ingest logs --store usage.db"),
        ],
    ),
    (
        "export",
        &[
            (
                "Traffic of a day in Shanghai, from the logs in a folder",
                "flowbook export logs --type flow --range 2026-03-01 --time-zone +08:00 --output day.xlsx",
            ),
            (
                "Requests of two domains, from logs of one hour",
                "flowbook export logs/*_2026_03_01_100000_110000.gz --type vas --start-time 2026-03-01T02:00:00Z \
                 --end-time 2026-03-01T03:00:00Z --domain-names img01.bank.example.net,cdn01.cloud.example.net \
                 --output hour.xlsx",
            ),
            (
                "The Detail rows of a day as CSV, from a store",
                "flowbook export --store usage.db --type flow --range 2026-03-01 --output day.csv",
            ),
        ],
    ),
    (
        "ingest",
        &[
            ("Store the usage of a folder of logs", "flowbook ingest logs --store usage.db"),
            ("Show what another ingest would do", "flowbook ingest logs --store usage.db --dry-run"),
        ],
    ),
    ("store", &[("Show what a store holds", "flowbook store info --store usage.db")]),
    (
        "store info",
        &[("Print the numbers of a store as JSON", "flowbook store info --store usage.db --json")],
    ),
    ("store check", &[("Check a store", "flowbook store check --store usage.db")]),
    ("store sources", &[("List the sources of a store", "flowbook store sources --store usage.db")]),
    (
        "store coverage",
        &[
            (
                "List the hours that have logs, and those that do not",
                "flowbook store coverage --store usage.db",
            ),
            (
                "Show one domain and a part of a day",
                "flowbook store coverage --store usage.db --domain-names img01.bank.example.net --start-time \
                 2026-03-01T00:00:00Z --end-time 2026-03-01T12:00:00Z",
            ),
        ],
    ),
    (
        "store forget",
        &[
            (
                "Show what would be removed with a source",
                "flowbook store forget logs/img01.bank.example.net_2026_03_01_000000_010000.gz --store usage.db --dry-run",
            ),
            ("Remove the usage before a date", "flowbook store forget --before 2026-01-01 --store usage.db"),
        ],
    ),
    (
        "store vacuum",
        &[("Make the file of a store as small as it can be", "flowbook store vacuum --store usage.db")],
    ),
    ("task", &[("List the tasks of a store", "flowbook task list --store usage.db")]),
    (
        "task create",
        &[(
            "Register the export of a day",
            "flowbook task create --store usage.db --type vas --range 2026-03-01 --output requests.xlsx",
        )],
    ),
    (
        "task list",
        &[("List ten tasks of any age", "flowbook task list --store usage.db --all --page-size 10")],
    ),
    ("task show", &[("Show a task", "flowbook task show 1 --store usage.db")]),
    ("task delete", &[("Delete a task and its workbook", "flowbook task delete 1 --store usage.db")]),
    (
        "task run",
        &[("Make the workbooks of all tasks that were never run", "flowbook task run --store usage.db")],
    ),
    (
        "run",
        &[
            ("Show what a tick would do", "flowbook run flowbook.toml --dry-run"),
            ("Run a tick, as from cron", "flowbook run flowbook.toml --quiet"),
        ],
    ),
    (
        "history",
        &[("List the last three ticks that did something", "flowbook history flowbook.toml --busy -n 3")],
    ),
    ("formats", &[("List the log formats that flowbook reads", "flowbook formats list")]),
    ("formats list", &[("List the log formats that flowbook reads", "flowbook formats list")]),
    (
        "formats show",
        &[("Show the description of a format, to begin one of your own with", "flowbook formats show nginx")],
    ),
    (
        "formats explain",
        &[(
            "Show what is read of the first lines of a log",
            "flowbook formats explain logs/www01.shop.example.com_2026_03_01_100000_110000.gz",
        )],
    ),
    (
        "generate",
        &[(
            "Write logs of three domains and two hours",
            "flowbook generate trial --domains 3 --hours 2 --lines-per-file 100",
        )],
    ),
    ("completions", &[("Print the script for bash", "flowbook completions bash")]),
    (
        "man",
        &[
            ("Print the page of flowbook export", "flowbook man export"),
            ("Write every page to a folder", "flowbook man --dir man"),
        ],
    ),
];

/// The command with the examples at the end of each help page.
pub(super) fn add(command: Command) -> Command {
    add_below(command, "")
}

fn add_below(command: Command, names: &str) -> Command {
    let command = match ALL.iter().find(|(of, _)| *of == names) {
        Some((_, examples)) => with(command, examples),
        None => command,
    };
    let below = |name: &str| [names, name].join(" ").trim_start().to_owned();
    command.mut_subcommands(|sub| {
        let names = below(sub.get_name());
        add_below(sub, &names)
    })
}

fn with(command: Command, examples: &[(&str, &str)]) -> Command {
    let before = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
    let texts = examples.iter().map(|(what, how)| format!("  {what}:\n    {how}\n"));
    let text = format!("{before}Examples:\n{}", texts.collect::<String>());
    command.after_help(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(command: &Command, above: &str) -> Vec<String> {
        let full = |name: &str| [above, name].join(" ").trim_start().to_owned();
        let below = command.get_subcommands().flat_map(|sub| names(sub, &full(sub.get_name())));
        [above.to_owned()].into_iter().chain(below).collect()
    }

    #[test]
    fn every_command_has_examples_and_no_other() {
        let mut listed: Vec<&str> = ALL.iter().map(|(names, _)| *names).collect();
        let mut commands = names(&crate::cli::command(), "");
        listed.sort_unstable();
        commands.sort_unstable();
        assert_eq!(listed, commands);
    }
}
