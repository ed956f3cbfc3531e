//! A store that is open for writing: its transactions, and what they store.

use super::account::AccountId;
use super::cells::Pending;
use super::failure::failed;
use super::known_keys::KnownKeys;
use super::lock::Lock;
use super::open::{opened_or_made, remove_unused};
use super::source::SourceId;
use super::source_names::SourceNames;
use super::state::{empty_is_delivered, kept_from, next_generation};
use super::total::Totals;
use super::watch::Watch;
use crate::domain::Domain;
use crate::error::Result;
use crate::events::of_phase;
use crate::region::Region;
use crate::time::Window;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A store that is written to. Nothing is changed before [`Writer::commit`].
pub struct Writer {
    pub(super) db: Connection,
    /// Whose logs are added.
    pub(super) account: AccountId,
    path: PathBuf,
    pub(super) series: BTreeMap<Region, HashMap<Domain, i64>>,
    pub(super) pending: Pending,
    pub(super) watch: Watch,
    /// The first window whose usage is kept.
    pub(super) kept_from: u32,
    /// Lines that came of windows before it.
    pub(super) not_kept: u64,
    /// What is to be added to the sums over all sources.
    pub(super) totals: Totals,
    pub(super) known_keys: KnownKeys,
    pub(super) source_names: SourceNames,
    /// See [`Writer::has_older`].
    pub(super) has_older: Option<bool>,
    pub(super) is_changed: bool,
    /// The sources that were given lines since the store was opened; some of them may be gone again.
    pub(super) contributed: BTreeSet<SourceId>,
    pub(super) is_in_lookups: bool,
    /// Whether this writer made the store.
    is_made: bool,
    /// Let go last.
    lock: Lock,
}

impl Writer {
    /// Opens the store, and creates it if there is none; `wait` is how long to wait for another writer. `work` tells
    /// other processes what is being done.
    ///
    /// # Errors
    /// If another process holds it, if it is damaged, or if it cannot be created or written.
    pub fn open(path: &Path, wait: Duration, work: &str) -> Result<Self> {
        let lock = Lock::take(path, wait, work)?;
        of_phase!("{}: store locked for writing", path.display());
        let (db, is_made) = opened_or_made(path, wait)?;
        // References hold by what is written here; looking each of them up would cost more than the writing, and there
        // is no index from sources to cells. `flowbook store check` looks at all of them.
        db.pragma_update(None, "foreign_keys", false).map_err(failed).map_err(|e| e.at(path))?;
        Ok(Self {
            db,
            account: AccountId::DEFAULT,
            path: path.to_owned(),
            series: BTreeMap::new(),
            pending: Pending::default(),
            watch: Watch::default(),
            kept_from: 0,
            not_kept: 0,
            totals: Totals::default(),
            known_keys: KnownKeys::default(),
            source_names: SourceNames::default(),
            has_older: None,
            is_changed: false,
            contributed: BTreeSet::new(),
            is_in_lookups: false,
            is_made,
            lock,
        })
    }

    /// The same, to add logs of an account.
    #[must_use]
    pub fn for_account(self, account: AccountId) -> Self {
        Self { account, ..self }
    }

    /// Creates a store for this run only, which need not survive a power failure.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn scratch(path: &Path) -> Result<Self> {
        let mut writer = Self::open(path, Duration::ZERO, "flowbook")?;
        writer.at(|writer| writer.db.pragma_update(None, "synchronous", "OFF").map_err(failed))?;
        Ok(writer)
    }

    /// Runs some work on the database; its errors name the store.
    pub(super) fn at<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        work(self).map_err(|e| e.at(&self.path))
    }

    /// Lets the store go without what was not committed. One that this writer made, in which nothing is, and which nobody has
    /// open, is removed.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn give_up(self) -> Result<()> {
        let Self { db, path, lock, is_made, .. } = self;
        if !is_made {
            return Ok(());
        }
        if !db.is_autocommit() {
            // Where that fails, the database has done it itself.
            let _ = db.execute_batch("ROLLBACK");
        }
        let removed = remove_unused(&db, &path);
        drop(db);
        drop(lock);
        removed
    }

    /// Runs some work that changes the store. Other processes may write until the first of it; the lock keeps
    /// out all who would add or take out sources.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.at(|writer| {
            if writer.db.is_autocommit() {
                writer.db.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
                writer.watch.begin(&writer.db).map_err(failed)?;
                writer.totals = Totals::default();
                writer.kept_from = kept_from(&writer.db).map_err(failed)?;
            }
            work(writer)
        })
    }

    /// Looks series up anew from now on.
    pub(super) fn forget_series(&mut self) {
        self.series.clear();
    }

    /// Makes everything since the last commit durable at once.
    ///
    /// # Errors
    /// When the disk fails; then nothing of it happened.
    pub fn commit(&mut self) -> Result<()> {
        self.at(|writer| {
            if writer.db.is_autocommit() {
                return Ok(());
            }
            writer.pending.write(&writer.db)?;
            writer.totals.write(&writer.db).map_err(failed)?;
            writer.record_changes().map_err(failed)?;
            writer.db.execute_batch("COMMIT").map_err(failed)
        })
    }

    /// Lines that came so far of windows that are not kept, if any, and the first window that is.
    #[must_use]
    pub fn not_kept(&self) -> Option<(u64, Window)> {
        (self.not_kept > 0).then(|| (self.not_kept, Window::from_index(self.kept_from)))
    }

    /// Whether files without a line deliver their hours.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn empty_is_delivered(&mut self) -> Result<bool> {
        self.at(|writer| empty_is_delivered(&writer.db).map_err(failed))
    }

    /// Says whether files without a line deliver their hours.
    ///
    /// # Errors
    /// See [`Writer::at_path`].
    pub fn set_empty_is_delivered(&mut self, is_delivered: bool) -> Result<()> {
        if self.empty_is_delivered()? == is_delivered {
            return Ok(());
        }
        self.change(|writer| {
            let set = writer.db.execute("UPDATE state SET empty_is_delivered = ?", [is_delivered]);
            set.map(drop).map_err(failed)
        })
    }

    /// Raises the generation, and keeps what changed under the eyes of tasks.
    fn record_changes(&mut self) -> rusqlite::Result<()> {
        if !std::mem::take(&mut self.is_changed) {
            return Ok(());
        }
        let generation = next_generation(&self.db)?;
        self.watch.record(&self.db, generation)
    }
}
