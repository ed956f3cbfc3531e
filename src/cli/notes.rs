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

/// Notes on sources that were taken in.
pub(super) fn of_taking(taking: &Taking) -> Vec<String> {
    let is_told = !taking.empty_is_delivered;
    let mut notes = Vec::from_iter(empty(taking.empty.iter().map(String::as_str).filter(|_| is_told)));
    notes.extend(padded(taking.padded()));
    notes.extend(shorter(&taking.shorter));
    notes.extend(twice(&taking.overlaps));
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
    let mut notes: Vec<String> = overlaps
        .iter()
        .take(LISTED)
        .map(|one| {
            let names = one.others.iter().take(LISTED).map(String::as_str);
            let others = names.collect::<Vec<_>>().join(", ");
            let more = match one.others.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("{} and {others}{more} {}: all of them count", one.name, one.kind.text())
        })
        .collect();
    if let more @ 1.. = overlaps.len().saturating_sub(LISTED) {
        notes.push(format!(
            "{} more groups of files may count the same requests twice; --json lists all",
            grouped(more as u128)
        ));
    }
    notes
}

/// The same for scripts.
pub(super) fn overlaps(overlaps: &[Overlap]) -> Value {
    let one = |one: &Overlap| json!({"kind": one.kind.key(), "file": one.name, "others": one.others});
    overlaps.iter().map(one).collect()
}

/// A note on files without a line, if there are any.
fn empty<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut names = names.peekable();
    names.peek()?;
    let listed: Vec<&str> = names.by_ref().take(LISTED).collect();
    let more = match names.count() {
        0 => String::new(),
        more => format!(" and {} more", grouped(more as u128)),
    };
    Some(format!("no line in {}{more}: an empty file does not count as delivered", listed.join(", ")))
}

/// Notes on blanks between and behind compressed streams.
fn padded<'a>(sources: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    let mut sources = sources.peekable();
    let mut notes: Vec<String> = sources
        .by_ref()
        .take(LISTED)
        .map(|(name, bytes)| {
            let were = if bytes == 1 { " was" } else { "s were" };
            format!(
                "{name}: {} blank byte{were} skipped between or behind its compressed streams",
                grouped(bytes.into())
            )
        })
        .collect();
    if let more @ 1.. = sources.count() {
        let more = grouped(more as u128);
        notes.push(format!("{more} more files have such blanks; --json lists them all"));
    }
    notes
}

/// Notes on files that took the place of longer ones.
fn shorter(sources: &[(String, [u64; 2])]) -> Vec<String> {
    let note = |(name, [before, now]): &(String, [u64; 2])| {
        let (before, now) = (grouped((*before).into()), grouped((*now).into()));
        format!("{name} has {now} lines where it had {before}; the others no longer count. Was it cut off?")
    };
    let mut notes: Vec<String> = sources.iter().take(LISTED).map(note).collect();
    if let more @ 1.. = sources.len().saturating_sub(LISTED) {
        notes.push(format!(
            "{} more files have fewer lines than before; --json lists them all",
            grouped(more as u128)
        ));
    }
    notes
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
