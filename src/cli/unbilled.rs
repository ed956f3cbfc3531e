//! Domains with usage that no group bills, or several do, for scripts.

use crate::domain::Domain;
use crate::schedule::groups::Unbilled;
use crate::time::iso;
use serde_json::{Value, json};

/// Null where the account has all domains and no groups.
pub(super) fn as_json(unbilled: &Unbilled) -> Value {
    let Some((start, end)) = unbilled.range else { return Value::Null };
    let several =
        |(domain, groups): &(_, Vec<String>)| json!({"domain": format!("{domain}"), "groups": groups});
    json!({
        "StartTime": iso(start),
        "EndTime": iso(end),
        "outside_account": unbilled.outside.iter().map(Domain::as_str).collect::<Vec<_>>(),
        "in_no_group": unbilled.in_none.iter().map(Domain::as_str).collect::<Vec<_>>(),
        "in_several_groups": unbilled.in_several.iter().map(several).collect::<Vec<_>>(),
    })
}
