//! Tasks of a store that is made for the first of them.

use super::Tasks;
use crate::error::{ErrorKind, Result};
use crate::store::lock::{Lock, busy};
use crate::store::not_a_store::is_marked;
use crate::store::open::opened_or_made;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Looks this often whether a store was made.
const TICK: Duration = Duration::from_millis(10);

impl Tasks {
    /// Opens the tasks of a store, made where there is none, or only the file for one; `work` says to others what is done.
    ///
    /// # Errors
    /// See [`Tasks::open`]; also when the store cannot be made.
    pub fn open_or_make(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        let begun = Instant::now();
        loop {
            if is_marked(path) {
                match Self::open(path, wait) {
                    // It was made for nothing, and taken away again.
                    Err(_) if !path.exists() => {}
                    opened => return opened,
                }
            }
            // Who makes it holds the lock for longer than that takes.
            let error = match Lock::take(path, Duration::ZERO, work) {
                Ok(_lock) => {
                    drop(opened_or_made(path, wait)?);
                    // Who holds the lock takes no store away.
                    return Self::open(path, wait);
                }
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::Store(_) if begun.elapsed() < wait => thread::sleep(TICK),
                ErrorKind::Store(_) => return Err(busy(path, wait).at(path)),
                _ => return Err(error),
            }
        }
    }
}
