//! Whose tasks and logs are in a store.

use super::tasks::Tasks;
use crate::error::Result;
use rusqlite::OptionalExtension;

/// An account of a store. Each sees its own tasks only; the usage that it sees is told by its domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId(pub(super) i64);

impl AccountId {
    /// The one account that every store has.
    pub const DEFAULT: Self = Self(1);
}

impl Default for AccountId {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Tasks {
    /// The account of a name, added where there is none.
    ///
    /// # Errors
    /// See [`Tasks::create`].
    pub fn account(&mut self, name: &str) -> Result<AccountId> {
        self.change(|db| {
            let known = db.query_row("SELECT id FROM account WHERE name = ?", [name], |row| row.get(0));
            let id = known.optional()?.map_or_else(
                || {
                    db.execute("INSERT INTO account (name) VALUES (?)", [name])?;
                    Ok(db.last_insert_rowid())
                },
                Ok::<_, rusqlite::Error>,
            )?;
            Ok(AccountId(id))
        })
    }
}
