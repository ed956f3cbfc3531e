//! The configuration file: the account and its groups of domains.

use crate::domain::{DomainSet, Pattern};
use crate::error::{Error, Result};
use crate::export::request::{Account, AccountStatus};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes read of a configuration: more is none.
const MAX_BYTES: u64 = 16 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    account: AccountTable,
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountTable {
    id: Option<Id>,
    #[serde(default)]
    status: Status,
    domains: Option<Vec<String>>,
}

/// Ids are digits: both spellings of TOML do.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    #[default]
    Active,
    NotOpen,
    Suspended,
}

/// Reads the account from a configuration file; without one, it is active and owns every domain.
pub(super) fn account(path: Option<&Path>) -> Result<Account> {
    let Some(path) = path else { return Ok(Account::default()) };
    let mut text = String::new();
    let text = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text)).map(|_| text);
    let text = text.map_err(|e| Error::usage(format!("cannot read the configuration: {e}")).at(path))?;
    parse(&text).map_err(|e| e.at(path))
}

fn parse(text: &str) -> Result<Account> {
    let file: Tables = toml::from_str(text).map_err(|e| Error::usage(e.to_string().trim_end().to_owned()))?;
    let id = file.account.id.map(|id| match id {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    });
    if let Some(id) = id.as_ref().filter(|id| id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Error::usage(format!("[account] id is {id:?}; an account id is digits only")));
    }
    let domains = match file.account.domains {
        None => DomainSet::all(),
        Some(names) => patterns("[account] domains", &names)?.into_iter().collect(),
    };
    let group = |(name, names): (String, Vec<String>)| {
        let patterns = patterns(&format!("[groups] {name}"), &names)?;
        Ok((name, patterns))
    };
    let status = match file.account.status {
        Status::Active => AccountStatus::Active,
        Status::NotOpen => AccountStatus::NotOpen,
        Status::Suspended => AccountStatus::Suspended,
    };
    Ok(Account { id, status, domains, groups: file.groups.into_iter().map(group).collect::<Result<_>>()? })
}

fn patterns(place: &str, names: &[String]) -> Result<Vec<Pattern>> {
    let pattern = |name: &String| {
        Pattern::parse(name).ok_or_else(|| {
            let expected = "give a domain name, or *. and a domain name for its subdomains";
            Error::usage(format!("{place} holds {name:?}; {expected}"))
        })
    };
    names.iter().map(pattern).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file() {
        let account = parse(
            "[account]\nid = 1234\nstatus = \"suspended\"\ndomains = [\"a.com\", \"*.b.com\"]\n[groups]\nshop = [\"a.com\"]",
        );
        let account = account.unwrap();
        assert_eq!((account.id.as_deref(), account.status), (Some("1234"), AccountStatus::Suspended));
        assert!(account.domains.contains("x.b.com") && !account.domains.contains("c.com"));
        assert_eq!(account.groups["shop"], [Pattern::parse("a.com").unwrap()]);
    }

    #[test]
    fn what_is_absent_is_open() {
        let account = parse("").unwrap();
        assert!(account.domains.contains("any.com") && account.status == AccountStatus::Active);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("[acount]", "acount"),
            ("[account]\nstate = 1", "state"),
            ("[account]\nstatus = \"open\"", "open"),
            ("[account]\nid = \"x1\"", "x1"),
            ("[account]\ndomains = [\"a b\"]", "a b"),
            ("[groups]\nshop = [\"a.*.com\"]", "shop"),
            ("groups = 5", "groups"),
            ("= nonsense", "1"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }
}
