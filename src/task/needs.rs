//! Whether a store has what a workbook needs: every hour if that is required, at least one line, and never less than
//! the present workbook.
//!
//! Looks up the facts for that decision, for every command that makes workbooks. Knows nothing of when a task is due.

use super::coverage::{Coverage, coverage, coverage_with};
use super::registry::{Registry, TaskRecord};
pub(super) use super::verdict::STAYS;
use super::verdict::{Lack, Stands, WorkbookFacts, decide};
pub use super::verdict::{Tolerance, Verdict, WaitCause, Waiting};
use crate::contract::request::{ExportSpec, Overlaps};
use crate::domain::{Domain, Folds, Pattern, Selection};
use crate::error::Result;
use crate::report::overlap;
use crate::store::{Needs, Reader};
use crate::time::TimeRange;
use std::collections::BTreeMap;
use std::path::Path;

/// Domains that a message names; beyond, their number is told.
const NAMED: usize = 5;

/// What is known of the present workbook of the same range at the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Nothing,
    /// There is one, and how many hours with a log its domains had was not stored.
    Unknown,
    /// There is one; its domains had this many hours with a log when it was made. With the selection that
    /// it shows, if the store has the same usage for that as then.
    Hours(BTreeMap<Domain, u64>, Option<Selection>),
}

impl Standing {
    /// Looks up the present workbook at the output of a task.
    ///
    /// # Errors
    /// If the database fails.
    pub fn of(registry: &mut Registry, output: &Path, asked: (i64, i64)) -> Result<Self> {
        let tasks = registry.with_output(output)?;
        // Also one whose file was removed since: what was delivered once is not made again with less.
        let Some(made) =
            tasks.into_iter().rev().find(|task| task.order.asked == asked && task.workbook.is_some())
        else {
            return Ok(Self::Nothing);
        };
        // A workbook of no domain has no hours stored, and that is known.
        if made.logged.is_none() {
            return Ok(Self::Unknown);
        }
        let is_same = made.generation.is_some() && registry.changes(&made)?.is_none();
        Ok(Self::Hours(registry.hours(made.id)?, is_same.then_some(made.order.selection)))
    }

    fn kind(&self) -> Stands {
        match self {
            Self::Nothing => Stands::Nothing,
            Self::Unknown => Stands::Unknown,
            Self::Hours(..) => Stands::Known,
        }
    }

    /// Which domains of a selection have fewer hours now, in words. Others are not asked for any more.
    fn lost(&self, selection: &Selection, now: &Coverage) -> Option<String> {
        let Self::Hours(before, _) = self else { return None };
        let hours = now.hours();
        let asked = before.iter().filter(|(domain, _)| selection.contains(domain.as_str()));
        let lost = asked.filter_map(|(domain, before)| {
            let now = hours.get(domain).copied().unwrap_or(0);
            (now < *before).then(|| {
                format!("{domain} has {now} hour{} with a log, {before} when the workbook was made", s(now))
            })
        });
        let lost: Vec<String> = lost.collect();
        let more =
            (lost.len() > NAMED).then(|| format!("{} more domains have fewer, too", lost.len() - NAMED));
        let texts: Vec<String> = lost.into_iter().take(NAMED).chain(more).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }
}

/// The ending of a number's noun.
const fn s(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// A workbook to be made.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Its windows.
    pub range: TimeRange,
    /// The domains whose usage it shows.
    pub selection: &'a Selection,
    /// What must be there first; nothing where hours may be missing.
    pub needs: Option<&'a Needs>,
    /// The present workbook at its path.
    pub standing: &'a Standing,
    /// Whether it is made without a user who would see at once that it is empty.
    pub is_unattended: bool,
    /// How much may be missing.
    pub tolerance: Tolerance,
    /// The path where it is made.
    pub output: &'a Path,
    /// What hosts count as in it.
    pub folds: Folds,
    /// What is done where sources may count twice.
    pub overlaps: Overlaps,
}

impl<'a> Wanted<'a> {
    /// The workbook of a task that is registered.
    #[must_use]
    pub fn of(task: &'a TaskRecord, standing: &'a Standing, tolerance: Tolerance) -> Self {
        let spec = task.spec().ok();
        Self {
            range: task.order.range,
            selection: &task.order.selection,
            needs: task.needs.as_ref(),
            standing,
            is_unattended: task.order.plan.is_some(),
            tolerance,
            output: &task.order.output,
            // What is not valid any more fails when it is made.
            folds: spec.as_ref().map(ExportSpec::folds).unwrap_or_default(),
            overlaps: spec.map(|spec| spec.overlaps).unwrap_or_default(),
        }
    }

    /// Whether the store has what the workbook needs.
    ///
    /// # Errors
    /// When the store fails.
    pub fn judge(&self, reader: &Reader) -> Result<Verdict> {
        Ok(decide(&WorkbookFacts {
            standing: self.standing.kind(),
            tolerance: self.tolerance,
            lack: self.lack(reader)?,
            is_file_there: self.output.exists(),
        }))
    }

    /// What the store has not. Of what may be missing altogether nothing is looked up.
    fn lack(&self, reader: &Reader) -> Result<Lack> {
        if self.tolerance == Tolerance::Anything {
            return Ok(Lack::Nothing);
        }
        // First, for hours that are missing may be waited for no longer.
        if self.overlaps == Overlaps::Refuse {
            let report = reader.report(self.range, self.selection)?;
            if let Some(twice) = overlap::in_words(report.overlaps()) {
                return Ok(Lack::Overlaps(twice));
            }
        }
        if let Some(needs) = self.needs {
            return Ok(self.lack_of_hours(&coverage_with(reader, self.selection, self.range, &needs.quiet)?));
        }
        // Whoever may miss hours must not lose them.
        if matches!(self.standing, Standing::Hours(..)) {
            let now = coverage(reader, self.selection, Some(self.range))?;
            if let Some(lost) = self.standing.lost(self.selection, &now) {
                return Ok(Lack::Lost(lost));
            }
        }
        // Where no line came or went, the present workbook has none, either.
        let has_no_less = match self.standing {
            Standing::Nothing => true,
            Standing::Hours(_, same) => same.as_ref() == Some(self.selection),
            Standing::Unknown => false,
        };
        let is_fine = (has_no_less && !self.is_unattended)
            || !reader.keys(self.range, self.selection)?.is_empty()
            // That nothing was requested is known where every hour has a log.
            || coverage(reader, self.selection, Some(self.range))?.is_complete();
        Ok(if is_fine { Lack::Nothing } else { Lack::Lines })
    }

    fn lack_of_hours(&self, coverage: &Coverage) -> Lack {
        if let Some(lost) = self.standing.lost(self.selection, coverage) {
            return Lack::Lost(lost);
        }
        let coverage = &coverage.folded(&self.folds);
        let missing = match &self.standing {
            // Domains that came up since, with nothing in this range, are none of its.
            Standing::Hours(before, _) => {
                coverage.missing_of(|one| {
                    let is_of = |domain: &Pattern| matches!(domain, Pattern::Exact(domain) if before.contains_key(domain));
                    one.complete > 0 || is_of(&one.domain)
                })
            }
            _ => coverage.missing(),
        };
        missing.map_or(Lack::Nothing, Lack::Hours)
    }
}

#[cfg(test)]
mod tests {
    use super::super::coverage::DomainHours;
    use super::*;
    use crate::domain::DomainSet;

    fn domain(name: &str) -> Domain {
        Domain::new(name.as_bytes()).unwrap()
    }

    /// What is lost when domains that had hours with a log have others now.
    fn lost(before: &[(&str, u64)], now: &[(&str, u64)], wanted: DomainSet) -> Option<String> {
        let before = before.iter().map(|(name, hours)| (domain(name), *hours)).collect();
        let standing = Standing::Hours(before, None);
        let hours = |(name, complete): &(&str, u64)| DomainHours {
            domain: Pattern::Exact(domain(name)),
            has_source: true,
            is_named: false,
            complete: *complete,
            gaps: Vec::new(),
        };
        let domains = now.iter().map(hours).collect();
        let (faults, strays, empty) = (Vec::new(), Vec::new(), Vec::new());
        let now = Coverage { span: None, domains, faults, strays, empty };
        standing.lost(&Selection { account: DomainSet::all(), wanted }, &now)
    }

    #[test]
    fn domains_that_lose_hours_are_named_and_counted() {
        let all = DomainSet::all;
        assert_eq!(lost(&[("a.com", 2), ("b.com", 1)], &[("a.com", 2), ("b.com", 9)], all()), None);
        assert_eq!(
            lost(
                &[("a.com", 2), ("b.com", 3), ("c.com", 1)],
                &[("a.com", 1), ("b.com", 2), ("c.com", 1)],
                all()
            )
            .unwrap(),
            "a.com has 1 hour with a log, 2 when the workbook was made; \
             b.com has 2 hours with a log, 3 when the workbook was made"
        );
        // Who is not asked for any more loses nothing, and who is gone has none.
        let only_b = DomainSet::from_iter([Pattern::Exact(domain("b.com"))]);
        assert_eq!(
            lost(&[("a.com", 2), ("b.com", 3)], &[], only_b).unwrap(),
            "b.com has 0 hours with a log, 3 when the workbook was made"
        );
        let names: Vec<String> = (1..=7).map(|n| format!("d{n}.com")).collect();
        let of = |count: usize| {
            let before: Vec<_> = names[..count].iter().map(|name| (name.as_str(), 1)).collect();
            lost(&before, &[], all()).unwrap()
        };
        assert!(of(5).ends_with("d5.com has 0 hours with a log, 1 when the workbook was made"));
        assert!(of(6).ends_with("; 1 more domains have fewer, too") && !of(6).contains("d6.com"));
        assert!(of(7).ends_with("; 2 more domains have fewer, too"));
    }
}
