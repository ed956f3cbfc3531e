//! Whose tasks and logs are in a store.

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
