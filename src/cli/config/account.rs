//! `[account]` and `[groups]`.

use super::tables::{AccountTable, Id, Status};
use crate::contract::request::{Account, AccountStatus};
use crate::domain::{DomainSet, Pattern};
use crate::error::{Error, Result};
use crate::visible;
use std::collections::BTreeMap;

pub(super) fn account(table: &AccountTable, groups: &BTreeMap<String, Vec<String>>) -> Result<Account> {
    let id = table.id.as_ref().map(|id| match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text.clone(),
    });
    if let Some(id) = id.as_ref().filter(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Error::usage(format!("[account] id is {id:?}; an account id is digits only")));
    }
    let domains = match &table.domains {
        None => DomainSet::all(),
        Some(names) => patterns("[account] domains", names)?.into_iter().collect(),
    };
    let group = |(name, names): (&String, &Vec<String>)| {
        let patterns = patterns(&format!("[groups] {}", visible::line(name)), names)?;
        Ok((name.clone(), patterns))
    };
    let status = match table.status {
        Status::Active => AccountStatus::Active,
        Status::NotOpen => AccountStatus::NotOpen,
        Status::Suspended => AccountStatus::Suspended,
    };
    Ok(Account { id, status, domains, groups: groups.iter().map(group).collect::<Result<_>>()? })
}

fn patterns(place: &str, names: &[String]) -> Result<Vec<Pattern>> {
    let pattern = |name: &String| {
        Pattern::parse(name).ok_or_else(|| Error::usage(format!("{place}: {}", Pattern::mistake(name))))
    };
    names.iter().map(pattern).collect()
}
