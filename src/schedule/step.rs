//! What a tick says of each task: whether it is due, why, and what became of it.

use crate::task::Outcome;
use crate::task::needs::Waiting;
use crate::task::registry::TaskId;
use std::path::PathBuf;

/// What became of a task in a tick.
pub struct Step {
    /// The task's name in the plan.
    pub name: String,
    /// Its range, in unix seconds.
    pub asked: (i64, i64),
    /// Its workbook.
    pub output: PathBuf,
    /// The task that it is registered as, if it is.
    pub task: Option<TaskId>,
    /// Whether it was judged that the logs of every hour that its workbook needs are there.
    pub is_judged: bool,
    /// What became of it.
    pub end: StepEnd,
}

/// How a step ended.
pub enum StepEnd {
    /// Its workbook is there, and nothing has changed; with what the workbook lacks, if anything.
    UpToDate(Option<String>),
    /// It is not due yet.
    Waits(Waiting),
    /// It would be made, and why; with what is missing, if it was waited for long enough.
    Due(Why, Option<String>),
    /// Its workbook was made, and why; with what is missing, if it was waited for long enough.
    Made(Why, Box<Outcome>, Option<String>),
    /// No workbook was made.
    Failed(String),
}

/// Why a task is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was never made.
    New,
    /// It was made before, and the last attempt failed or was cut short.
    Again,
    /// Its workbook is no longer at its path.
    Missing,
    /// The workbook of another task has taken the place of its own.
    Displaced,
    /// Its data has changed.
    Stale,
}

impl Why {
    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Again => "again",
            Self::Missing => "missing",
            Self::Displaced => "displaced",
            Self::Stale => "stale",
        }
    }

    /// The same for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::New | Self::Again | Self::Stale => self.name(),
            Self::Missing => "its file was missing",
            Self::Displaced => "its file was replaced by another task",
        }
    }
}
