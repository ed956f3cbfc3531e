//! Many tasks over one store: a workbook each, written side by side.

use super::registered::{Finished, hold, run_and_register};
use super::registry::AccountStore;
use super::{Task, TaskProgress, run_stored};
use crate::contract::request::ExportRequest;
use crate::error::Result;
use crate::store::Reader;
use crate::threads::{joined, start};
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

/// Where many tasks are run.
#[derive(Clone, Copy, Debug)]
pub struct Many<'a> {
    /// The store, and the account of the tasks.
    pub at: AccountStore<'a>,
    /// Worker threads, shared among the tasks; 0 is one per core.
    pub threads: usize,
    /// Whether the store remembers the tasks.
    pub is_registered: bool,
    /// Returns the time, in unix seconds.
    pub now: fn() -> i64,
}

/// Runs tasks over a store, each with its request, in their order as far as there are threads; what fails is that
/// task's own.
///
/// # Errors
/// When another process does not end its run of tasks.
pub fn run_many(
    tasks: &[(&ExportRequest, Task<'_>)],
    many: &Many<'_>,
    progress: &TaskProgress,
) -> Result<Vec<Result<Finished>>> {
    let AccountStore { path, wait, .. } = many.at;
    let _lock = if many.is_registered { hold(path, wait, "flowbook export")? } else { None };
    Ok(side_by_side(many.threads, tasks.iter().collect(), |(request, task), threads| {
        let alone = Task { threads, ..task.clone() };
        if many.is_registered {
            return run_and_register(&alone, request, many.at, many.now, progress);
        }
        let reader = Reader::open(path, wait)?;
        Ok(Finished { outcome: run_stored(&alone, &reader, progress)?, task: None })
    }))
}

/// Works on items side by side, and gives what came of each, in their order. Each is told how many of the `threads` (0
/// is one per core) it may use.
pub(crate) fn side_by_side<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T, usize) -> R + Sync,
) -> Vec<R> {
    let threads = if threads == 0 { available_parallelism().map_or(1, NonZero::get) } else { threads };
    let workers = threads.min(items.len()).max(1);
    let mut results: Vec<(usize, R)> = Vec::with_capacity(items.len());
    let waiting = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(&mut results);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = || {
        while let Some((at, item)) = next() {
            let result = work(item, threads / workers);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    scope(|scope| {
        // Fewer do as well: this one works, too.
        let others: Vec<_> = (1..workers).map_while(|_| start(scope, worker).ok()).collect();
        worker();
        others.into_iter().for_each(joined);
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_their_order_and_threads_are_shared() {
        for (threads, items, each) in [(1, 5, 1), (2, 5, 1), (8, 2, 4), (3, 1, 3)] {
            let found = side_by_side(threads, (0..items).collect(), |item: usize, threads| (item, threads));
            assert_eq!(found, (0..items).map(|item| (item, each)).collect::<Vec<_>>());
        }
        assert!(side_by_side(2, Vec::<u8>::new(), |item, _| item).is_empty());
    }
}
