//! The owner of the tasks and logs of a store.

/// An account of a store. Each account sees only its own tasks, and the usage of its own domains.
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
