//! What a configuration file asks for, as types: sources, store, output, and the tasks to be run again and
//! again.
//!
//! Knows nothing of the file's syntax, and runs nothing.

use super::range::RangeRule;
use crate::contract::code::Refusal;
use crate::contract::request::{Account, ExportRequest, ExportSpec, validate};
use crate::locale::Language;
use crate::log::Formats;
use crate::report::RejectLimit;
use crate::source::Search;
use crate::store::{AccountId, Needs};
use crate::task::pattern::NamePattern;
use crate::task::registry::AccountStore;
use crate::time::{DAY_SECONDS, Zone, civil, iso};
use std::path::PathBuf;
use std::time::Duration;

/// A whole configuration. Every path is ready to be opened.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file of the store.
    pub store: PathBuf,
    /// How long to wait for another process that writes to the store.
    pub lock_timeout: Duration,
    /// Usage older than this many days is removed; at least 1.
    pub keep_days: Option<u32>,
    /// Where logs come from; none where the store is fed otherwise.
    pub sources: Vec<SourceRule>,
    /// The formats that logs may be of.
    pub formats: Formats,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// Files changed less long ago are left for the next tick: they may still be written.
    pub min_age: Duration,
    /// How many lines may be rejected.
    pub max_rejects: RejectLimit,
    /// Whether files without a line deliver their hours.
    pub empty_is_delivered: bool,
    /// Where workbooks go, and how long they stay.
    pub output: OutputRule,
    /// The tasks, in the order of the file; their names are unique and not empty.
    pub tasks: Vec<TaskRule>,
    /// How many days back the account may export, if that is limited.
    pub history_days: Option<u32>,
    /// The account whose usage it is.
    pub account: Account,
    /// Which account of the store that is.
    pub account_id: AccountId,
}

impl Plan {
    /// The store, opened for the account.
    #[must_use]
    pub fn at(&self) -> AccountStore<'_> {
        AccountStore { path: &self.store, wait: self.lock_timeout, account: self.account_id }
    }
}

/// Logs that are read in one way.
#[derive(Clone, Debug)]
pub struct SourceRule {
    /// Files, folders and globs; at least one.
    pub arguments: Vec<PathBuf>,
    /// Which files of folders and globs are read, and how all of them are.
    pub search: Search,
}

/// Where workbooks go, and how long they stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRule {
    /// The folder of all workbooks.
    pub folder: PathBuf,
    /// Workbooks made more than this many days ago are removed; at least 1.
    pub keep_days: Option<u32>,
    /// The number of workbooks of each task that are kept; at least 1.
    pub keep_last: Option<u32>,
    /// The file of figures for Prometheus.
    pub metrics: Option<PathBuf>,
}

/// A task that is run again and again.
#[derive(Clone, Debug)]
pub struct TaskRule {
    /// Its name, the request's too.
    pub name: String,
    /// Its request, without times. Valid with the times of `range`.
    pub request: ExportRequest,
    /// Which range it exports.
    pub range: RangeRule,
    /// The zone of its days and months, the request's too.
    pub zone: Zone,
    /// The path of its workbooks, below [`OutputRule::folder`].
    pub pattern: NamePattern,
    /// What must be there first: nothing where hours may be missing.
    pub needs: Option<Needs>,
    /// How long after the end of the range to wait for what it needs; `None` for no limit.
    pub wait_at_most: Option<Duration>,
    /// How long after the end of the range it waits for late lines.
    pub settle: Duration,
    /// Whether a workbook is made again when its data changed.
    pub refresh: bool,
}

impl TaskRule {
    /// The range that the task exports at `now`, unix seconds, UTC, half-open.
    #[must_use]
    pub fn range_at(&self, now: i64) -> (i64, i64) {
        self.range.resolve(now, self.zone)
    }

    /// How many days usage must be kept, as [`Plan::keep_days`] counts them, so that the whole range is there when the
    /// task is run, even after the longest wait. A wait without limit counts as none.
    #[must_use]
    pub fn days_needed(&self) -> i64 {
        let wait = self.wait_at_most.unwrap_or_default().max(self.settle);
        let days = |now| {
            let (start, end) = self.range_at(now);
            end.saturating_add_unsigned(wait.as_secs()).div_euclid(DAY_SECONDS)
                - start.div_euclid(DAY_SECONDS)
        };
        ends_of_months().map(days).max().unwrap_or(0)
    }

    /// Says that the file of the task is that of another one.
    #[must_use]
    pub fn same_file(&self, other: &str) -> String {
        format!(
            "output is {:?}, the same file as that of task {other:?} (upper and lower case are ignored); put {{name}} \
             into it",
            self.pattern.to_string()
        )
    }

    /// The request over a range.
    #[must_use]
    pub fn request_over(&self, (start, end): (i64, i64)) -> ExportRequest {
        ExportRequest { start_time: Some(iso(start)), end_time: Some(iso(end)), ..self.request.clone() }
    }

    /// What the task does over a range; `default` is the language of a request that names none.
    ///
    /// # Errors
    /// As [`validate`] has them; a task of a plan was found valid when the plan was read.
    pub fn spec(
        &self,
        range: (i64, i64),
        account: &Account,
        default: Language,
    ) -> Result<ExportSpec, Refusal> {
        validate(&self.request_over(range), account, default)
    }
}

/// Times around each turn of the month in a year, at noon: there calendar ranges are longest, in whatever zone.
fn ends_of_months() -> impl Iterator<Item = i64> {
    let firsts = (1..=12).filter_map(|month| civil(2026, month, 1, 12, 0, 0));
    firsts.flat_map(|first| (-2..=1).map(move |days| first + days * DAY_SECONDS))
}
