//! Ctrl-C and termination: files in the making are removed. The only file that names ctrlc.

use crate::output::abandon;
use std::process::exit;

/// What a shell reports of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// From now on, a process that is told to end leaves nothing behind.
pub(super) fn clean_up() {
    // Without the handler the system ends the process as ever, and a temporary file stays.
    let _ = ctrlc::set_handler(|| {
        let _kept = abandon();
        exit(INTERRUPTED);
    });
}
