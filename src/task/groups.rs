//! What no group bills: domains with usage that belong to no group of the account, or to several.

use crate::domain::{Domain, DomainSet, Selection};
use crate::error::Result;
use crate::export::request::Account;
use crate::store::Reader;
use crate::time::{TimeRange, iso};

/// Domains with usage in a range that no group holds, or several do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unbilled {
    /// The range, in unix seconds; nothing where there are no groups, or nothing was looked at.
    pub range: Option<(i64, i64)>,
    /// Domains in no group, sorted.
    pub in_none: Vec<Domain>,
    /// Domains in more than one group, sorted, each with its groups.
    pub in_several: Vec<(Domain, Vec<String>)>,
}

impl Unbilled {
    /// Whether every domain with usage is in one group, as far as was looked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.in_none.is_empty() && self.in_several.is_empty()
    }

    /// The range in words.
    #[must_use]
    pub fn span(&self) -> String {
        self.range.map(|(start, end)| format!("from {} to {}", iso(start), iso(end))).unwrap_or_default()
    }
}

/// Holds the domains of an account that have usage in a range against its groups.
///
/// # Errors
/// When the store fails.
pub fn unbilled_in(reader: &Reader, range: TimeRange, account: &Account) -> Result<Unbilled> {
    if account.groups.is_empty() {
        return Ok(Unbilled::default());
    }
    let selection = Selection { account: account.domains.clone(), wanted: DomainSet::all() };
    let mut domains: Vec<Domain> =
        reader.keys(range, &selection)?.into_iter().map(|(domain, _)| domain).collect();
    domains.dedup();
    let mut unbilled =
        Unbilled { range: Some((range.start().start(), range.end().start())), ..Unbilled::default() };
    let groups: Vec<(&String, DomainSet)> =
        account.groups.iter().map(|(name, patterns)| (name, patterns.iter().cloned().collect())).collect();
    for domain in domains {
        let holding = groups.iter().filter(|(_, set)| set.contains(domain.as_str()));
        let names: Vec<String> = holding.map(|(name, _)| (*name).clone()).collect();
        match names.len() {
            0 => unbilled.in_none.push(domain),
            1 => {}
            _ => unbilled.in_several.push((domain, names)),
        }
    }
    Ok(unbilled)
}
