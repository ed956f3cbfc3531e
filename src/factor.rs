//! The traffic factor: an exact decimal, by which logged traffic becomes billed traffic.

use crate::decimal::scaled;
use std::fmt;

/// By how much traffic and bandwidth are multiplied, exactly: logs show less than is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    millionths: u64,
}

impl Factor {
    /// The factor 1: figures as logged.
    pub const ONE: Self = Self { millionths: 1_000_000 };
    /// The highest factor that is taken for meant.
    pub const MAX: u64 = 1000;

    /// Reads a decimal number above 0 and up to [`Factor::MAX`], with up to six decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let millionths = scaled(text, 4, 6)?;
        (1..=Self::MAX * 1_000_000).contains(&millionths).then_some(Self { millionths })
    }

    /// The factor in millionths, 1 to 1000 million.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.millionths
    }

    /// Bytes times the factor, rounded half-up to a whole byte.
    #[must_use]
    pub fn bytes(self, logged: u128) -> u128 {
        (logged * u128::from(self.millionths) + 500_000) / 1_000_000
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.millionths / 1_000_000, self.millionths % 1_000_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}
