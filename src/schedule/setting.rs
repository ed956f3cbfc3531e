//! What a tick is given: the plan, and how it is carried out.

use super::plan::Plan;
use crate::locale::Language;
use crate::task::registered::Running;

/// A tick.
pub struct Tick<'a> {
    /// What there is to do.
    pub plan: &'a Plan,
    /// The time that decides which ranges are asked for and what is old, in unix seconds: midnight may come meanwhile.
    pub now: i64,
    /// How tasks are run.
    pub running: Running<'a>,
    /// The language of workbooks that name none.
    pub language: Language,
    /// Only find out what would be done.
    pub dry_run: bool,
}
