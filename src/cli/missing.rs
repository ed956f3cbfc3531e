//! What people should know of an export whose workbook is made: what was asked for and is not in the logs.

use crate::contract::request::ExportSpec;
use crate::domain::{Domain, DomainSet, Pattern, Selection};
use crate::error::Result;
use crate::export::Exported;
use crate::export::completeness::Completeness;
use crate::report::NotOpened;
use crate::store::Reader;
use crate::task::Outcome;
use crate::time::{TimeRange, Zone};
use std::collections::BTreeSet;

/// Names that are listed one by one.
const LISTED: usize = 10;

/// Domains that were asked for in vain, and what the logs do not cover.
pub(super) fn lacks(outcome: &Outcome, spec: &ExportSpec) -> Vec<String> {
    said(outcome, spec, &nothing(outcome))
}

/// The same of a task of a store, of which no lines are listed.
pub(super) fn lacks_of_task(outcome: &Outcome, spec: &ExportSpec) -> Vec<String> {
    said(outcome, spec, "the store has no line for its domains and range")
}

/// See [`lacks`]; `nothing` says why there is no line where there is none.
fn said(outcome: &Outcome, spec: &ExportSpec, nothing: &str) -> Vec<String> {
    let (selection, zone) = (&spec.selection, spec.zone);
    let Ok(exported) = &outcome.result else { return Vec::new() };
    let absent = absent(exported, outcome, selection, nothing);
    let idle = idle_folds(exported, outcome, selection);
    absent.into_iter().chain(idle).chain(uncovered(&exported.completeness, zone)).collect()
}

/// Wildcards of --fold that no host counts as, where any line counts.
fn idle_folds(exported: &Exported, outcome: &Outcome, selection: &Selection) -> Option<String> {
    let folds = &exported.idle_folds;
    let is_said = !folds.is_empty() && outcome.report.totals().accepted > 0;
    is_said.then(|| {
        format!("no host matches {} (--fold); check its spelling", listed(folds, outcome, selection))
    })
}

/// Names of what has no line, each with what may have been meant.
fn listed(silent: &[Pattern], outcome: &Outcome, selection: &Selection) -> String {
    let name = |domain: &Pattern| match meant(domain, outcome, selection) {
        Some(near) => format!("{domain} (did you mean {near}?)"),
        None => domain.to_string(),
    };
    let names: Vec<String> = silent.iter().take(LISTED).map(name).collect();
    names.join(", ") + &and_more(silent.len(), LISTED)
}

/// Why there is no line in an export over logs that were just read or ingested.
fn nothing(outcome: &Outcome) -> String {
    if outcome.report.totals().lines == 0 && outcome.report.has_faults() {
        // What could not be read is named above.
        return "nothing was read, so no line is in this export".into();
    }
    let is_all_opened = outcome.not_opened == NotOpened::default();
    let all = if is_all_opened { "" } else { ", or open all logs with --read-all" };
    format!("no line is in this export; see what is out of scope or rejected{all}")
}

fn absent(exported: &Exported, outcome: &Outcome, selection: &Selection, nothing: &str) -> Option<String> {
    let silent = &exported.silent;
    let names = listed(silent, outcome, selection);
    if outcome.report.totals().accepted > 0 {
        let say = || format!("no line of {names} is in the range; check the spelling and the range");
        return (!silent.is_empty()).then(say);
    }
    let asked = if silent.is_empty() { String::new() } else { format!("; requested: {names}") };
    Some(format!("every figure is zero: {nothing}{asked}"))
}

/// Domains of a selection that a store knows nothing of although it knows others that may have been meant.
pub(super) fn misspelt(selection: &Selection, reader: &Reader) -> Result<Vec<String>> {
    if selection.wanted.is_all() {
        return Ok(Vec::new());
    }
    let known = known_domains(reader)?;
    let known = || known.iter().map(Domain::as_str).filter(|name| selection.account.contains(name));
    let in_vain = selection.wanted.patterns().filter(|one| !known().any(|name| one.matches(name)));
    let near = |one: Pattern| Some(no_log_of(&one, &one.nearest(known())?));
    Ok(in_vain.filter_map(near).take(LISTED).collect())
}

/// Says that a domain is not known, and which one may have been meant.
pub(super) fn no_log_of(domain: &Pattern, near: &str) -> String {
    format!("no log of {domain} is known; did you mean {near}?")
}

/// Every domain that a store has a line of, or a log that is named for it.
pub(super) fn known_domains(reader: &Reader) -> Result<BTreeSet<Domain>> {
    let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let mut known: BTreeSet<Domain> = reader.named_domains()?.into_iter().collect();
    known.extend(reader.keys(TimeRange::all(), &all)?.into_iter().map(|(domain, _)| domain));
    Ok(known)
}

/// Whether an export was made of nothing: its figures are zeros because no log has any of its hours. That there was no
/// request in them is known only where there is one.
pub(super) fn is_of_nothing(outcome: &Outcome) -> bool {
    let has_log = |exported: &Exported| exported.completeness.hours_with_log > 0;
    outcome.result.as_ref().is_ok_and(|exported| !has_log(exported)) && outcome.report.totals().accepted == 0
}

/// ` and 3 more` behind the first names of a list, where there are more.
fn and_more(all: usize, shown: usize) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}

/// The domain in the logs nearest to one that no line has, of those that were not asked for; of a wildcard, also of those
/// that were.
fn meant(domain: &Pattern, outcome: &Outcome, selection: &Selection) -> Option<String> {
    let is_wildcard = matches!(domain, Pattern::Subdomains(_));
    let found = outcome.found.iter().map(Domain::as_str);
    let may_be = |name: &&str| selection.account.contains(name) && (is_wildcard || !selection.contains(name));
    domain.nearest(found.filter(may_be)).filter(|near| *near != domain.to_string())
}

/// Gaps that are named of each.
const GAPS: usize = 2;
/// Domains that are named of those that lack hours.
const LACKING: usize = 5;

/// What people should know of an export over hours that no log tells of.
fn uncovered(found: &Completeness, zone: Zone) -> Option<String> {
    (!found.is_complete()).then(|| {
        let lacking = lacking(found);
        format!(
            "the logs do not cover the range (its time zone is {zone}): hours with a log: {found}{lacking}; hours \
             without a log count as zeros"
        )
    })
}

/// Who lacks hours, behind how many there are.
pub(super) fn lacking(found: &Completeness) -> String {
    let one = |(domain, hours): &(Pattern, u64)| {
        // Who has none lacks all.
        let gaps = if *hours > 0 { found.first_gaps(domain, GAPS) } else { String::new() };
        format!("{domain} has {hours} of {}{gaps}", found.hours)
    };
    let names: Vec<String> = found.lacking.iter().take(LACKING).map(one).collect();
    let names = names.join(", ") + &and_more(found.lacking.len(), LACKING);
    if names.is_empty() { names } else { format!("; {names}") }
}
