//! Domains that a configuration names and no log does: mostly they are misspelt.

use super::plan::Plan;
use crate::domain::{Domain, DomainSet, Pattern, Selection};
use crate::error::Result;
use crate::store::Reader;
use crate::time::TimeRange;
use std::collections::BTreeSet;

/// Where the domains of the account stand.
const ACCOUNT: &str = "[account] domains";

/// Domains for which it is looked what may have been meant: each is compared with all that are known, at every tick, and
/// where very many are named in vain they are hardly misspelt.
const NEAR: usize = 20;

/// A domain that is named in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The domain, or a wildcard.
    pub domain: Pattern,
    /// Where the configuration names it first.
    pub place: String,
    /// What may have been meant.
    pub near: Option<String>,
}

/// The domains of a plan that match nothing in the store; none while the store has no domain at all.
///
/// # Errors
/// If the store fails.
pub fn unknown_in(reader: &Reader, plan: &Plan) -> Result<Vec<Unknown>> {
    let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let mut known: BTreeSet<Domain> = BTreeSet::new();
    let is_known =
        |known: &BTreeSet<Domain>, domain: &Pattern| known.iter().any(|one| domain.matches(one.as_str()));
    let mut named = named(plan);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    known.extend(reader.keys(TimeRange::all(), &all)?.into_iter().map(|(domain, _)| domain));
    named.retain(|(domain, _)| !is_known(&known, domain));
    if !named.is_empty() {
        // A file may name a domain without a request of it.
        known.extend(reader.named_domains()?);
        named.retain(|(domain, _)| !is_known(&known, domain));
    }
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let told = |(at, (domain, place)): (usize, (Pattern, String))| {
        // What is no domain of the account is meant by nobody but the list of these.
        let is_meant = |name: &&str| place == ACCOUNT || plan.account.domains.contains(name);
        let known = known.iter().map(Domain::as_str).filter(is_meant);
        let near = if at < NEAR { domain.nearest(known) } else { None };
        Unknown { domain, place, near }
    };
    Ok(named.into_iter().enumerate().map(told).collect())
}

/// Every domain that a plan names, once, and where.
fn named(plan: &Plan) -> Vec<(Pattern, String)> {
    let mut named: Vec<(Pattern, String)> = Vec::new();
    let mut add = |domain: Pattern, place: String| {
        if named.iter().all(|(other, _)| *other != domain) {
            named.push((domain, place));
        }
    };
    plan.account.domains.patterns().for_each(|domain| add(domain, ACCOUNT.into()));
    for (name, domains) in &plan.account.groups {
        for domain in domains {
            add(domain.clone(), format!("[groups] {name}"));
        }
    }
    for task in &plan.tasks {
        for (key, texts) in [("domain_names", &task.request.domain_names), ("fold", &task.request.fold)] {
            let texts = texts.iter().flat_map(|texts| texts.split(','));
            let asked = texts.filter_map(|text| Pattern::parse(text.trim()));
            asked.for_each(|domain| add(domain, format!("[[task]] {:?}: {key}", task.name)));
        }
        let quiet = task.needs.iter().flat_map(|needs| needs.quiet.patterns());
        quiet.for_each(|domain| add(domain, format!("[[task]] {:?}: quiet", task.name)));
    }
    named
}
