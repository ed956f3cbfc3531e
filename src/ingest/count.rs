//! Sources counted into one table: each text once, and none that was changed while it was read.

use super::outcome::SourceOutcome;
use super::rejects::Spill;
use super::work::PartQueue;
use super::{Job, dedup, fold, part};
use crate::domain::Domain;
use crate::error::{Error, Result};
use crate::report::Duplicate;
use crate::source::Source;
use crate::usage::table::UsageTable;
use rayon::ThreadPool;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::Ordering::Relaxed;

/// What came of reading sources into one table.
struct Pass {
    table: UsageTable,
    /// What came out of each.
    outcomes: Vec<SourceOutcome>,
    /// Where rejected lines are kept.
    spill: Option<Spill>,
    others: BTreeSet<Domain>,
}

/// How often everything is read again at most because logs were changed meanwhile.
const ROUNDS: usize = 8;
const UNSTEADY: &str =
    "logs were changed each time they were read; read them again when nothing writes to them";

/// What was counted.
pub(super) struct Counted {
    /// Those that stay, without copies.
    pub(super) sources: Vec<Source>,
    /// What came out of each.
    pub(super) outcomes: Vec<SourceOutcome>,
    pub(super) table: UsageTable,
    /// Where rejected lines are kept.
    pub(super) spill: Option<Spill>,
    pub(super) others: BTreeSet<Domain>,
    pub(super) duplicates: Vec<Duplicate>,
}

impl Pass {
    fn counted(self, sources: Vec<Source>, duplicates: Vec<Duplicate>) -> Counted {
        let Self { table, outcomes, spill, others } = self;
        Counted { sources, outcomes, table, spill, others, duplicates }
    }
}

/// Who counts.
pub(super) struct Counter<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) pool: &'a ThreadPool,
    /// The number of threads that may work.
    pub(super) allowed: usize,
}

impl Counter<'_> {
    /// Counts sources. Those that were changed while they were read have a fault, and nothing of them is counted where the
    /// job keeps going.
    pub(super) fn count(&self, mut sources: Vec<Source>) -> Result<Counted> {
        for _ in 0..ROUNDS {
            let (mut counted, copies) = self.count_once(sources)?;
            let is_changed = note_changes(&mut counted);
            if !is_changed || !self.job.keep_going {
                return Ok(counted);
            }
            sources = counted.sources;
            let changed = sources.iter().find(|source| source.fault.is_some());
            check_pipes(&sources, changed.map_or("", |source| &source.name))?;
            sources.extend(copies);
            sources.iter_mut().for_each(Source::name_by_itself);
            sources.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        }
        Err(Error::damaged(UNSTEADY))
    }

    /// Counts sources as they are found; gives the copies among them, too.
    fn count_once(&self, mut sources: Vec<Source>) -> Result<(Counted, Vec<Source>)> {
        let mut duplicates = Vec::new();
        let same = self.pool.install(|| dedup::before_reading(&sources, self.job.origins));
        let mut copies = dedup::remove_copies(&mut sources, &same, &mut duplicates);

        let mut pass = self.read(&sources, self.job)?;
        let is_failed = !self.job.keep_going && pass.outcomes.iter().any(|outcome| outcome.fault.is_some());
        if !is_failed {
            let dedup::Copies { same, better_names, reread } =
                self.pool.install(|| dedup::after_reading(&sources, &pass.outcomes, self.job.origins));
            if let Some(changed) = self.note_rereading(&sources, &mut pass.outcomes, &reread) {
                check_pipes(&sources, &sources[changed].name)?;
                return Ok((pass.counted(sources, duplicates), copies));
            }
            // Pipes are read once: beside them names stay what they are.
            let better_names = if sources.iter().all(|source| source.size().is_some()) {
                better_names
            } else {
                BTreeMap::new()
            };
            let is_renamed = !better_names.is_empty();
            for (at, hours) in better_names {
                sources[at].named = Some(hours);
            }
            let found_copies = dedup::remove_copies(&mut sources, &same, &mut duplicates);
            let counted = dedup::remove_at(&mut pass.outcomes, &same);
            if is_renamed {
                pass = self.read(&sources, self.job)?;
            } else if !found_copies.is_empty() && !self.subtract(&mut pass.table, &found_copies, &counted)? {
                // Not damage: to go on would not help.
                check_pipes(&sources, &found_copies[0].name)?;
                pass = self.read(&sources, self.job)?;
            }
            copies.extend(found_copies);
        }
        Ok((pass.counted(sources, duplicates), copies))
    }

    /// Reads sources into one table.
    fn read(&self, sources: &[Source], job: &Job<'_>) -> Result<Pass> {
        job.progress.total.store(sources.iter().filter_map(Source::size).sum(), Relaxed);
        job.progress.read.store(0, Relaxed);
        let spill = job.keep_rejects.map(Spill::new).transpose()?;
        let parts = part::cut(sources, self.job.origins);

        let work = PartQueue::new(job, sources, &parts, spill.as_ref(), self.allowed);
        let tables = self.pool.broadcast(|_| work.run());
        let (outcomes, others) = work.outcomes();

        let mut table = UsageTable::new();
        for part in tables {
            table.merge(part?).map_err(|(_, domain, window)| fold::overflow(&domain, window))?;
        }
        Ok(Pass { table, outcomes, spill, others })
    }

    /// Takes what sources counted out of a table, by reading them once more; `false`, and a table without meaning, when
    /// they are not what they were.
    fn subtract(
        &self,
        table: &mut UsageTable,
        sources: &[Source],
        counted: &[SourceOutcome],
    ) -> Result<bool> {
        let Pass { table: theirs, outcomes, .. } =
            self.read(sources, &Job { keep_rejects: None, ..*self.job })?;
        Ok(outcomes.iter().zip(counted).all(|(now, then)| now.is_like(then)) && table.subtract(&theirs))
    }

    /// Finds out whether those that were read once more are what they were; gives the first one that is not, where what was
    /// found out means nothing.
    fn note_rereading(
        &self,
        sources: &[Source],
        outcomes: &mut [SourceOutcome],
        reread: &[usize],
    ) -> Option<usize> {
        let mut changed = None;
        for at in reread {
            if outcomes[*at].look_again(&sources[*at], self.job.origins) {
                changed = changed.or(Some(*at));
            }
        }
        changed
    }
}

/// Gives those that were changed their fault; gives whether there are any.
fn note_changes(counted: &mut Counted) -> bool {
    let mut is_changed = false;
    for (source, outcome) in counted.sources.iter_mut().zip(&counted.outcomes) {
        if outcome.is_changed && source.fault.is_none() {
            source.fault.clone_from(&outcome.fault);
            is_changed = true;
        }
    }
    is_changed
}

/// Fails where one of the sources is a pipe, which cannot be read again because another one was changed.
fn check_pipes(sources: &[Source], changed: &str) -> Result<()> {
    let pipe = sources.iter().find(|source| source.is_stream() && source.fault.is_none());
    let error = || io::Error::other(format!("{changed} changed meanwhile"));
    pipe.map_or(Ok(()), |pipe| Err(Error::io("cannot be read again")(error()).at(&pipe.name)))
}
