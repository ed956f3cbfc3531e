//! Ctrl-C and termination: files in the making are removed. The only file that names ctrlc and signal-hook.

#[cfg(unix)]
mod ignored;

use crate::output::abandon;
use std::process::exit;

/// From now on, a process that is told to end leaves nothing behind, and ends with 128 and the signal's number, as shells
/// report it: 130 after Ctrl-C, 143 after SIGTERM. What whoever started it ignores stays ignored, as `nohup` wants it.
#[cfg(unix)]
pub(super) fn clean_up() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let heeded: Vec<i32> =
        [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !ignored::is_ignored(*signal)).collect();
    let (is_ready, ready) = std::sync::mpsc::channel::<()>();
    // Without a thread that waits for them the system ends the process as ever, and a temporary file stays.
    let wait = move || {
        let Ok(mut signals) = Signals::new(heeded) else { return };
        drop(is_ready);
        if let Some(signal) = signals.forever().next() {
            let _kept = abandon();
            exit(128 + signal);
        }
    };
    let _ = std::thread::Builder::new().name("signals".into()).stack_size(STACK).spawn(wait);
    // What is made before the thread waits would stay, too. Nothing comes but that the thread has let go.
    let _ = ready.recv();
}

/// Bytes of stack: removing files needs little.
#[cfg(unix)]
const STACK: usize = 256 << 10;

/// From now on, a process that Ctrl-C ends leaves nothing behind.
#[cfg(not(unix))]
pub(super) fn clean_up() {
    // Without the handler the system ends the process as ever, and a temporary file stays.
    let _ = ctrlc::set_handler(|| {
        let _kept = abandon();
        exit(130);
    });
}
