//! Events of a running job: its phases and its logs, never single lines. Off unless a listener is set; then an event
//! costs one comparison.
//!
//! The only file, apart from the listener, that names the crate `log`. An event of a phase has counts and the paths
//! that the user gave. An event of a log may name any log, and is shown only by commands that name every log in their
//! messages.

pub(crate) use ::log::debug as of_log;
pub(crate) use ::log::info as of_phase;
use ::log::{Level, log_enabled};
use std::time::Instant;

/// Does a part of the work, and tells how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    if !log_enabled!(Level::Info) {
        return work();
    }
    let begun = Instant::now();
    let done = work();
    of_phase!("{what}: {} ms", begun.elapsed().as_millis());
    done
}
