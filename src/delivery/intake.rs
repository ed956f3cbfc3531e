//! How sources are ingested into a store: who reads them, what is expected of them, and whose rejected lines are kept.

use crate::domain::Selection;
use crate::ingest::{self, Job, Taken};
use crate::log::Formats;
use crate::report::{RejectLimit, Scope};
use crate::source::Origins;
use crate::time::TimeRange;
use crate::usage::Row;
use std::path::Path;

/// How sources are ingested.
pub struct Intake<'a> {
    /// Who looks at logs and opens them.
    pub origins: &'a dyn Origins,
    /// The formats that logs may be of.
    pub formats: Formats,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// How many lines may be rejected; here it is asked how many of a single source may.
    pub max_rejects: RejectLimit,
    /// Whether files without a line deliver their hours; if not given, the setting of the store is kept.
    pub empty_is_delivered: Option<bool>,
    /// Keep every rejected line, in scratch files in this folder.
    pub keep_rejects: Option<&'a Path>,
    /// Keep only those of sources that concern an export of a part of the account.
    pub rejects_of: Option<Scope<'a>>,
    /// Also read known files whose size and times have not changed.
    pub verify: bool,
    /// Now, in unix seconds.
    pub now: i64,
    /// Updated with the progress of the reading.
    pub progress: &'a ingest::Progress,
}

impl<'a> Intake<'a> {
    pub(super) fn job<'j>(&self, selection: &'j Selection) -> Job<'j>
    where
        'a: 'j,
    {
        Job {
            origins: self.origins,
            range: TimeRange::all(),
            selection,
            folds: None,
            own_hosts: None,
            threads: self.threads,
            keep_going: self.keep_going,
            max_rejects: self.max_rejects,
            empty_is_delivered: false,
            keep_rejects: self.keep_rejects,
            progress: self.progress,
        }
    }
}

impl Intake<'_> {
    /// Whether the rejected lines of a source are kept where any are.
    pub(super) fn keeps_rejects(&self, taken: &Taken) -> bool {
        let Some(Scope { selection, range }) = self.rejects_of else { return true };
        let is_in_range = |window| range.start() <= window && window < range.end();
        let counts = |row: Row<'_>| is_in_range(row.window) && selection.contains(row.domain.as_str());
        let scope = Scope { selection, range };
        selection.is_everything()
            || scope.may_lack(&taken.report)
            || taken.report.hours.as_ref().is_some_and(|hours| scope.is_named(hours))
            || taken.table.rows().any(counts)
    }
}
