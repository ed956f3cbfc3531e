//! Usage that would be billed by nobody, or twice: domains with usage that are outside the account, in no group of it,
//! or in several.

use crate::contract::request::Account;
use crate::domain::{Domain, DomainSet, Selection};
use crate::error::Result;
use crate::store::Reader;
use crate::time::{TimeRange, iso};

/// Domains with usage in a range that are in no group, or in several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unbilled {
    /// The range, in unix seconds; nothing where the account has all domains and no groups, or nothing was looked at.
    pub range: Option<(i64, i64)>,
    /// Domains outside the account, sorted.
    pub outside: Vec<Domain>,
    /// Domains in no group, sorted.
    pub in_none: Vec<Domain>,
    /// Domains in more than one group, sorted, each with its groups.
    pub in_several: Vec<(Domain, Vec<String>)>,
}

impl Unbilled {
    /// Whether every domain with usage is in one group, as far as was looked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outside.is_empty() && self.in_none.is_empty() && self.in_several.is_empty()
    }

    /// The range in words.
    #[must_use]
    pub fn span(&self) -> String {
        self.range.map(|(start, end)| format!("from {} to {}", iso(start), iso(end))).unwrap_or_default()
    }
}

/// Whether there can be such domains: the account has groups, or does not have every domain.
#[must_use]
pub fn may_be_unbilled(account: &Account) -> bool {
    !account.groups.is_empty() || !account.domains.is_all()
}

/// Compares the domains that have usage in a range with an account and its groups.
///
/// # Errors
/// If the store fails.
pub fn unbilled_in(reader: &Reader, range: TimeRange, account: &Account) -> Result<Unbilled> {
    if !may_be_unbilled(account) {
        return Ok(Unbilled::default());
    }
    let selection = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let mut domains: Vec<Domain> =
        reader.keys(range, &selection)?.into_iter().map(|(domain, _)| domain).collect();
    domains.dedup();
    let mut unbilled =
        Unbilled { range: Some((range.start().start(), range.end().start())), ..Unbilled::default() };
    let groups: Vec<(&String, DomainSet)> =
        account.groups.iter().map(|(name, patterns)| (name, patterns.iter().cloned().collect())).collect();
    let (domains, outside): (Vec<Domain>, Vec<Domain>) =
        domains.into_iter().partition(|domain| account.domains.contains(domain.as_str()));
    unbilled.outside = outside;
    if groups.is_empty() {
        return Ok(unbilled);
    }
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
