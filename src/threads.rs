//! Threads: how they are started, each with a stack of its own size, whatever the environment says. The only file that
//! starts any, but for the one that waits for signals; rayon's pools are built here.

use crate::error::{Error, Result};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::panic::resume_unwind;
use std::thread::{self, Builder, Scope, ScopedJoinHandle};

/// Bytes of stack that optimised code has enough of.
const ENOUGH: usize = 4 << 20;

/// Bytes of stack of a thread; code that is not optimised needs far more. Only what is used of it is memory.
const STACK: usize = if cfg!(debug_assertions) { 64 << 20 } else { ENOUGH };

/// Starts a thread, which is to be [`joined`]: a handle that is dropped while its thread ends may crash the process. glibc
/// (seen with 2.36) still looks at the thread when it has detached it, and the thread's stack may be unmapped by then.
///
/// # Errors
/// When the system allows no more.
pub fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>> {
    Builder::new().stack_size(STACK).spawn_scoped(scope, work).map_err(refused)
}

/// The result of a thread; if it panicked, the caller panics.
#[must_use]
pub fn joined<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| resume_unwind(panic))
}

/// A pool of this many threads; 0 is one per core.
///
/// # Errors
/// If the system does not allow as many.
pub fn pool(threads: usize) -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).stack_size(STACK).build();
    pool.map_err(|error| refused_pool(&error).unwrap_or_else(|| refused(io::Error::other(error))))
}

/// Starts the threads that belong to no pool. If they were started only when needed, a refusal of the system would be a
/// panic.
///
/// # Errors
/// If the system does not allow them.
pub fn begin() -> Result<()> {
    match ThreadPoolBuilder::new().stack_size(STACK).build_global() {
        // Where there is no error of the system, they were started before.
        Err(error) => refused_pool(&error).map_or(Ok(()), Err),
        Ok(()) => Ok(()),
    }
}

fn refused_pool(error: &ThreadPoolBuildError) -> Option<Error> {
    let system = error.source()?.downcast_ref::<io::Error>()?;
    Some(refused(system.raw_os_error().map_or_else(|| system.kind().into(), io::Error::from_raw_os_error)))
}

/// Says that no thread can be started, and what to do.
#[must_use]
pub fn refused(error: io::Error) -> Error {
    let text = match error.kind() {
        // Only of threads that a library starts: those of this program have a stack of their own size.
        ErrorKind::WouldBlock | ErrorKind::OutOfMemory if std::env::var_os("RUST_MIN_STACK").is_some() => {
            "the system allows no more threads, or no memory for them; unset RUST_MIN_STACK, or raise the limits (ulimit -u, \
             ulimit -v)"
                .to_owned()
        }
        ErrorKind::WouldBlock | ErrorKind::OutOfMemory => {
            "the system allows no more threads, or no memory for them; raise the limits (ulimit -u, ulimit -v)".to_owned()
        }
        _ => error.to_string(),
    };
    Error::io("cannot start a thread")(io::Error::new(error.kind(), text)).caused_by(error)
}

/// Runs `work`, on a thread with enough stack where the first one of the process has little.
pub fn with_stack<T: Send>(work: impl Fn() -> T + Sync) -> T {
    if !is_short(&std::fs::read_to_string("/proc/self/limits").unwrap_or_default()) {
        return work();
    }
    thread::scope(|scope| match Builder::new().stack_size(2 * STACK).spawn_scoped(scope, &work) {
        Ok(handle) => joined(handle),
        // Little may be enough, and what is missing is told there.
        Err(_) => work(),
    })
}

/// Whether the limits of a process, as Linux lists them, leave its first thread less stack than optimised code needs. They
/// rarely leave it what other code does, which is only tried out.
fn is_short(limits: &str) -> bool {
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max stack size")?.split_whitespace().next());
    soft.and_then(|bytes| bytes.parse::<usize>().ok()).is_some_and(|bytes| bytes < ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        let limits = |size: &str| {
            format!("Limit  Soft Limit\nMax stack size            {size}  unlimited  bytes\nMax x")
        };
        for (size, expected) in [("65536", true), ("8388608", false), ("unlimited", false), ("", false)] {
            assert_eq!(is_short(&limits(size)), expected, "{size}");
        }
        assert!(!is_short(""));
        assert_eq!(with_stack(|| 5), 5);
    }

    #[test]
    fn a_refused_thread_says_what_to_do() {
        let error = refused(io::Error::from_raw_os_error(11));
        assert!(matches!(error.kind(), crate::error::ErrorKind::Io(..)));
        assert!(error.source().unwrap().to_string().contains("os error 11"));
        let error = error.to_string();
        assert!(error.starts_with("cannot start a thread: the system allows no more"), "{error}");
        assert!(refused(io::Error::other("why")).to_string().ends_with("why"));
        begin().unwrap();
        begin().unwrap();
    }
}
