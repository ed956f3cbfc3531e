//! What has changed under a workbook since it was made.

use crate::domain::Domain;
use crate::store::Change;
use crate::time::Window;
use std::collections::BTreeSet;

/// Changes of the usage that a workbook shows, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    changes: Vec<Change>,
}

/// Changes summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Windows that changed.
    pub windows: usize,
    /// Bytes that came; below zero, that went.
    pub bytes: i128,
    /// The change in requests.
    pub requests: i128,
}

/// Windows of a domain that changed, one after the other without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedSpan<'a> {
    /// The domain.
    pub domain: &'a Domain,
    /// Unix seconds of the first window's start.
    pub from: i64,
    /// Unix seconds of the last window's end.
    pub until: i64,
    /// How much they changed.
    pub amount: Amount,
}

impl Stale {
    /// Changes, sorted by (domain, slice); `None` if there are none.
    #[must_use]
    pub fn new(changes: Vec<Change>) -> Option<Self> {
        (!changes.is_empty()).then_some(Self { changes })
    }

    /// All domains together: a window counts once.
    #[must_use]
    pub fn total(&self) -> Amount {
        let windows: BTreeSet<Window> = self.changes.iter().map(|change| change.window).collect();
        Amount { windows: windows.len(), ..sum(&self.changes) }
    }

    /// Each domain that changed, in order.
    pub fn domains(&self) -> impl Iterator<Item = (&Domain, Amount)> {
        self.changes.chunk_by(|a, b| a.domain == b.domain).map(|part| (&part[0].domain, sum(part)))
    }

    /// Windows that changed, in order of domain and time.
    pub fn runs(&self) -> impl Iterator<Item = ChangedSpan<'_>> {
        let follows =
            |a: &Change, b: &Change| a.domain == b.domain && a.window.index() + 1 == b.window.index();
        self.changes.chunk_by(follows).map(|part| {
            let end = Window::from_index(part[part.len() - 1].window.index() + 1);
            let (from, until) = (part[0].window.start(), end.start());
            ChangedSpan { domain: &part[0].domain, from, until, amount: sum(part) }
        })
    }
}

fn sum(changes: &[Change]) -> Amount {
    let bytes = changes.iter().map(|change| i128::from(change.bytes)).sum();
    let requests = changes.iter().map(|change| i128::from(change.requests)).sum();
    Amount { windows: changes.len(), bytes, requests }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(domain: &str, window: u32, bytes: i64) -> Change {
        let domain = Domain::new(domain.as_bytes()).unwrap();
        Change { domain, window: Window::from_index(window), bytes, requests: bytes.signum() }
    }

    #[test]
    fn changes_are_summed_and_merged() {
        assert_eq!(Stale::new(Vec::new()), None);
        let changes = [("a", 1, 5), ("a", 2, 6), ("a", 4, -20), ("b", 2, 1), ("b", 3, 2)];
        let stale = Stale::new(changes.map(|(d, w, b)| change(d, w, b)).to_vec()).unwrap();
        assert_eq!(stale.total(), Amount { windows: 4, bytes: -6, requests: 3 });
        let domains: Vec<_> =
            stale.domains().map(|(domain, a)| (domain.to_string(), a.windows, a.bytes, a.requests)).collect();
        assert_eq!(domains, [("a".to_owned(), 3, -9, 1), ("b".to_owned(), 2, 3, 2)]);
        let runs: Vec<_> =
            stale.runs().map(|r| (r.domain.as_str(), r.from, r.until, r.amount.bytes)).collect();
        assert_eq!(runs, [("a", 300, 900, 11), ("a", 1200, 1500, -20), ("b", 600, 1200, 3)]);
    }
}
