//! What people and scripts should know of what was read although nothing failed: files without a line, domains of
//! which every line was rejected, files that may count the same requests twice.

use super::numbers::grouped;
use crate::contract::request::Overlaps;
use crate::delivery::taking::Taking;
use crate::report::Report;
use crate::report::overlap::Overlap;
use crate::source::Search;
use serde_json::{Value, json};

/// Names that are listed one by one in what people read.
const LISTED: usize = 10;

/// Notes on the report of an export.
pub(super) fn of_report(report: &Report, asked: Overlaps) -> Vec<String> {
    let mut notes = Vec::from_iter(empty(report.empty()));
    notes.extend(report.only_rejected().into_iter().take(LISTED).map(|(domain, lines)| {
        let lines = grouped(lines.into());
        format!("all lines in the files of {domain} were rejected ({lines}); see the reasons")
    }));
    notes.extend(padded(report.padded()));
    notes.extend(counted_twice(report, asked));
    notes
}

/// Notes on sources that were taken in. Where a task refuses files that may count twice, that is said of them.
pub(super) fn of_taking(taking: &Taking, is_refused_by_tasks: bool) -> Vec<String> {
    let is_told = !taking.empty_is_delivered;
    let mut notes = Vec::from_iter(empty(taking.empty.iter().map(String::as_str).filter(|_| is_told)));
    notes.extend(padded(taking.padded()));
    notes.extend(shorter(&taking.shorter));
    notes.extend(taking.read_otherwise.iter().map(|(format, sources)| {
        format!(
            "logs of the store that were read by another description of the format {format} than there is now: {sources}; \
             they count as they were read; ingest them with --verify to read them by this one"
        )
    }));
    notes.extend(if is_refused_by_tasks {
        twofold(
            &taking.overlaps,
            "all of them count, but a task with overlaps = \"refuse\" waits until one is gone",
        )
    } else {
        twice(&taking.overlaps)
    });
    notes
}

/// Notes on what --include and --exclude did.
pub(super) fn of_search(search: &Search) -> Vec<String> {
    let unmatched = search.unmatched();
    unmatched.map(|(name, glob)| format!("--{name} {glob} matched nothing")).collect()
}

/// Notes on files that may count the same requests twice in an export. Where that is refused nothing of them counts, and
/// why no workbook was made names them.
pub(super) fn counted_twice(report: &Report, asked: Overlaps) -> Vec<String> {
    match asked {
        Overlaps::Report => twice(report.overlaps()),
        Overlaps::Refuse => Vec::new(),
    }
}

/// A note on files that may count the same requests twice, if there are any: both count, for nothing tells which one
/// is right.
pub(super) fn twice(overlaps: &[Overlap]) -> Vec<String> {
    twofold(overlaps, "all of them count")
}

/// The same, with what comes of them.
fn twofold(overlaps: &[Overlap], so: &str) -> Vec<String> {
    let note = |one: &Overlap| {
        let others = names(one.others.iter().map(String::as_str));
        format!("{}: {so}", one.kind.statement(&one.name, &others))
    };
    let more = |more: &str| {
        format!("{more} more groups of files may count the same requests twice; --json lists all")
    };
    first_of(overlaps.iter().map(note), more)
}

/// The first notes of many, and one that says how many more there are.
fn first_of(mut notes: impl Iterator<Item = String>, more: impl FnOnce(&str) -> String) -> Vec<String> {
    let mut listed: Vec<String> = notes.by_ref().take(LISTED).collect();
    if let rest @ 1.. = notes.count() {
        listed.push(more(&grouped(rest as u128)));
    }
    listed
}

/// The first names of many, and how many more there are.
fn names<'a>(mut names: impl Iterator<Item = &'a str>) -> String {
    let listed: Vec<&str> = names.by_ref().take(LISTED).collect();
    let more = match names.count() {
        0 => String::new(),
        more => format!(" and {} more", grouped(more as u128)),
    };
    listed.join(", ") + &more
}

/// The same for scripts.
pub(super) fn overlaps(overlaps: &[Overlap]) -> Value {
    let one = |one: &Overlap| json!({"kind": one.kind.key(), "file": one.name, "others": one.others});
    overlaps.iter().map(one).collect()
}

/// A note on files without a line, if there are any.
fn empty<'a>(files: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut files = files.peekable();
    files.peek()?;
    Some(format!("no line in {}: an empty file does not count as delivered", names(files)))
}

/// Notes on blanks between and behind compressed streams.
fn padded<'a>(sources: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    let note = |(name, bytes): (&str, u64)| {
        let were = if bytes == 1 { " was" } else { "s were" };
        let bytes = grouped(bytes.into());
        format!("{name}: {bytes} blank byte{were} skipped between or behind its compressed streams")
    };
    first_of(sources.map(note), |more| format!("{more} more files have such blanks; --json lists them all"))
}

/// Notes on files that took the place of longer ones.
fn shorter(sources: &[(String, [u64; 2])]) -> Vec<String> {
    let note = |(name, [before, now]): &(String, [u64; 2])| {
        let (before, now) = (grouped((*before).into()), grouped((*now).into()));
        format!("{name} has {now} lines where it had {before}; the others no longer count. Was it cut off?")
    };
    let more = |more: &str| format!("{more} more files have fewer lines than before; --json lists them all");
    first_of(sources.iter().map(note), more)
}

/// The same for scripts.
pub(super) fn padding<'a>(sources: impl Iterator<Item = (&'a str, u64)>) -> Value {
    sources.map(|(name, bytes)| json!({"file": name, "bytes": bytes})).collect()
}

/// Adds the same to what scripts read.
pub(super) fn add_to(object: &mut Value, report: &Report) {
    object["empty"] = json!(report.empty().collect::<Vec<_>>());
    object["padding"] = padding(report.padded());
    object["overlaps"] = overlaps(report.overlaps());
    let only = report.only_rejected().into_iter();
    object["domains_only_rejected"] =
        only.map(|(domain, lines)| json!({"domain": domain.as_str(), "rejected": lines})).collect();
}
