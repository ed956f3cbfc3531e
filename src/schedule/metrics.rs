//! The figures of a tick in the text format of Prometheus: names, help, types, labels. Knows nothing of where they are
//! written.
//!
//! All are gauges of the last tick, also of one that found nothing to do.

use super::{StepEnd, Ticked};
use crate::delivery::taking::Fate;
use std::fmt::{Display, Write};

/// A tick, as it is reported.
#[derive(Clone, Copy)]
pub struct TickFigures<'a> {
    /// When it began, in unix seconds.
    pub begun: i64,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The exit code that it ends with.
    pub exit_code: u8,
    /// When the last tick began that ended with exit code 0, in unix seconds.
    pub last_success: Option<i64>,
    /// Bytes of the store's file.
    pub store_bytes: Option<u64>,
    /// The names of the tasks.
    pub tasks: &'a [&'a str],
    /// What it did; `None` if it was interrupted by an error.
    pub ticked: Option<&'a Ticked>,
}

/// What may become of a task, as a label.
const STATES: [&str; 5] = ["up_to_date", "made", "incomplete", "waits", "failed"];

/// The text of the file.
#[must_use]
pub fn text(facts: &TickFigures<'_>) -> String {
    let mut text = Exposition(String::new());
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    text.family(
        "flowbook_build_info",
        "The version of flowbook that ran; always 1.",
        [(&version[..], "1".into())],
    );
    text.one("flowbook_last_run_timestamp_seconds", "When the last run began, in unix time.", &facts.begun);
    let seconds = format!("{}.{:03}", facts.milliseconds / 1000, facts.milliseconds % 1000);
    text.one("flowbook_last_run_duration_seconds", "How long the last run took.", &seconds);
    text.one(
        "flowbook_last_run_exit_code",
        "The exit code of the last run: 0 when all was done.",
        &facts.exit_code,
    );
    if let Some(time) = facts.last_success {
        text.one(
            "flowbook_last_success_timestamp_seconds",
            "When the last run with exit code 0 began, in unix time.",
            &time,
        );
    }
    if let Some(bytes) = facts.store_bytes {
        text.one("flowbook_store_size_bytes", "Size of the store's file.", &bytes);
    }
    if let Some(ticked) = facts.ticked {
        logs(&mut text, ticked);
        workbooks(&mut text, ticked, facts.tasks);
    }
    text.0
}

fn logs(text: &mut Exposition, ticked: &Ticked) {
    let taking = &ticked.taking;
    let fates = Fate::ALL.map(|fate| ([("fate", fate.name())], taking.had(fate).to_string()));
    let fates = fates.iter().map(|(labels, value)| (&labels[..], value.clone()));
    text.family("flowbook_last_run_sources", "Logs that the last run found, by result.", fates);
    let counts = &taking.counts;
    text.one("flowbook_last_run_lines", "Lines that the last run read.", &counts.lines);
    text.one(
        "flowbook_last_run_rejected_lines",
        "Lines that the last run rejected.",
        &counts.rejected_total(),
    );
    let young = "Files that the last run left, as they may still be written.";
    text.one("flowbook_last_run_young_files", young, &ticked.young.len());
    let unmatched = "Paths of the configuration for which the last run found no file.";
    text.one("flowbook_last_run_unmatched_paths", unmatched, &ticked.unmatched.len());
    let unbilled = [
        ([("reason", "outside_account")], ticked.unbilled.outside.len().to_string()),
        ([("reason", "no_group")], ticked.unbilled.in_none.len().to_string()),
        ([("reason", "several_groups")], ticked.unbilled.in_several.len().to_string()),
    ];
    let unbilled = unbilled.iter().map(|(labels, value)| (&labels[..], value.clone()));
    text.family(
        "flowbook_unbilled_domains",
        "Domains with usage that are outside the account, in no group, or in several.",
        unbilled,
    );
}

fn workbooks(text: &mut Exposition, ticked: &Ticked, tasks: &[&str]) {
    let count = |name: &str, state: &str| {
        ticked.steps.iter().filter(|step| step.name == name && self::state(&step.end) == state).count()
    };
    let of_task = |name: &&'_ str| {
        STATES.map(|state| {
            ([("task", (*name).to_owned()), ("state", state.to_owned())], count(name, state).to_string())
        })
    };
    let all: Vec<_> = tasks.iter().flat_map(of_task).collect();
    let all = all
        .iter()
        .map(|(labels, value)| (labels.each_ref().map(|(name, text)| (*name, text.as_str())), value));
    let all: Vec<_> = all.collect();
    let all = all.iter().map(|(labels, value)| (&labels[..], (*value).clone()));
    text.family("flowbook_last_run_workbooks", "Workbooks of each task, by result of the last run.", all);
}

fn state(end: &StepEnd) -> &'static str {
    match end {
        StepEnd::UpToDate(None) => "up_to_date",
        StepEnd::Made(_, _, None) => "made",
        StepEnd::Made(_, _, Some(_)) | StepEnd::UpToDate(Some(_)) => "incomplete",
        // What is due is made, but for a dry run, which writes no figures.
        StepEnd::Waits(_) | StepEnd::Due(..) => "waits",
        StepEnd::Failed(_) => "failed",
    }
}

struct Exposition(String);

impl Exposition {
    fn one(&mut self, name: &str, help: &str, value: &dyn Display) {
        self.family(name, help, [(&[][..], value.to_string())]);
    }

    /// A metric with its samples, each with its labels.
    fn family<'l>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (&'l [(&'l str, &'l str)], String)>,
    ) {
        // Writing to a text does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let pairs: Vec<String> =
                labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
            let labels = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}

/// The value of a label, as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_was_broken_off_tells_what_is_known() {
        let facts = TickFigures {
            begun: 1_772_323_200,
            milliseconds: 12_034,
            exit_code: 1,
            last_success: None,
            store_bytes: Some(4096),
            tasks: &["a"],
            ticked: None,
        };
        let text = text(&facts);
        assert!(text.contains("\nflowbook_last_run_duration_seconds 12.034\n"), "{text}");
        assert!(text.contains("\nflowbook_store_size_bytes 4096\n") && !text.contains("workbooks"), "{text}");
    }

    #[test]
    fn values_of_labels_are_escaped() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
