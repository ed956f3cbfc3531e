//! Whether this process was started without a standard output.
//!
//! Before `main` begins, the runtime of Rust opens `/dev/null` in place of a closed standard output. What is written
//! there is lost, and it cannot be distinguished from a `/dev/null` that the user asked for. So this is checked
//! earlier, by a function that the loader calls before the runtime. The only `unsafe` here asks the system about a
//! number.
#![cfg_attr(unix, expect(unsafe_code, reason = "nothing safe runs before the runtime of Rust"))]

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Whether standard output was closed when the process began.
pub(super) fn was_closed() -> bool {
    WAS_CLOSED.load(Relaxed)
}

#[cfg(unix)]
mod before_main {
    use super::{Relaxed, WAS_CLOSED};

    /// The loader calls every function of this section before `main`.
    #[used]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // SAFETY: F_GETFD takes no more arguments, touches no memory, and fails only where the descriptor is closed.
        let flags = unsafe { libc::fcntl(libc::STDOUT_FILENO, libc::F_GETFD) };
        WAS_CLOSED.store(flags == -1, Relaxed);
    }
}
