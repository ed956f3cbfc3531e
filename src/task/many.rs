//! Many tasks over one store: a workbook each, written side by side.

use super::{Outcome, Progress, Task, run_stored};
use crate::error::{Error, Result};
use crate::store::Reader;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, available_parallelism};
use std::time::Duration;

/// What came of one of many tasks: the generation of the store that it was made from, and its outcome.
pub type Made = Result<(i64, Outcome)>;

/// Runs tasks over a store, in their order as far as there are threads; what fails is that task's own. `threads` are
/// shared among them; 0 is one per core.
///
/// # Errors
/// When the store cannot be opened, or no thread started.
pub fn run_many(
    store: &Path,
    wait: Duration,
    tasks: &[Task<'_>],
    threads: usize,
    progress: &Progress,
) -> Result<Vec<Made>> {
    let threads = if threads == 0 { available_parallelism().map_or(1, NonZero::get) } else { threads };
    let workers = threads.min(tasks.len()).max(1);
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(tasks.len()));
    let work = |reader: &Reader| {
        while let Some(task) = next_of(tasks, &next) {
            let alone = Task { threads: threads / workers, ..tasks[task].clone() };
            let one = run_stored(&alone, reader, progress);
            let one = one.and_then(|outcome| Ok((reader.generation()?, outcome)));
            made.lock().unwrap_or_else(PoisonError::into_inner).push((task, one));
        }
    };
    thread::scope(|scope| {
        for number in 1..workers {
            let reader = Reader::open(store, wait)?;
            let worker = thread::Builder::new().name(format!("task {number}"));
            let started = worker.spawn_scoped(scope, move || work(&reader));
            started.map_err(|e| Error::usage(format!("cannot start a thread: {e}")))?;
        }
        work(&Reader::open(store, wait)?);
        Ok::<_, Error>(())
    })?;
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(task, _)| *task);
    Ok(made.into_iter().map(|(_, one)| one).collect())
}

fn next_of(tasks: &[Task<'_>], next: &AtomicUsize) -> Option<usize> {
    let task = next.fetch_add(1, Ordering::Relaxed);
    (task < tasks.len()).then_some(task)
}
