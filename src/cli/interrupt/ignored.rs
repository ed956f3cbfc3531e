//! Whether a signal is ignored: only the system's own call tells.
//!
//! Proof: `sigaction` with no new action only writes the present one into the place it is given, which is as large as
//! the system's own declaration says; it is read only after the call said that it was written.
#![expect(unsafe_code, reason = "no safe call tells it")]

use std::mem::MaybeUninit;
use std::ptr::null;

/// Whether whoever started the process ignores a signal, which the process inherits.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: as above; a signal that does not exist gives an error.
    let done = unsafe { libc::sigaction(signal, null(), action.as_mut_ptr()) };
    // SAFETY: written where the call succeeded.
    done == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}
