//! The tables of the configuration file as they are spelt: keys and kinds of values, nothing of what they mean.

use crate::log::description::Text;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::{Spanned, Value};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tables {
    #[serde(default)]
    pub(super) account: AccountTable,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) store: StoreTable,
    #[serde(default)]
    pub(super) source: Vec<SourceTable>,
    #[serde(default)]
    pub(super) format: BTreeMap<String, Text>,
    #[serde(default)]
    pub(super) ingest: IngestTable,
    #[serde(default)]
    pub(super) output: OutputTable,
    #[serde(default)]
    pub(super) task: Vec<TaskTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTable {
    pub(super) id: Option<Id>,
    #[serde(default)]
    pub(super) status: Status,
    pub(super) domains: Option<Vec<String>>,
    pub(super) history_days: Option<u32>,
}

/// Ids are digits: both spellings of TOML do.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected digits")]
pub(super) enum Id {
    Number(u64),
    Text(String),
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    #[default]
    Active,
    NotOpen,
    Suspended,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTable {
    pub(super) path: Option<String>,
    pub(super) lock_timeout: Option<String>,
    pub(super) keep_days: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceTable {
    pub(super) paths: Option<Texts>,
    pub(super) format: Option<String>,
    pub(super) region: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) include: Option<Texts>,
    pub(super) exclude: Option<Texts>,
}

/// One text, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or an array of texts")]
pub(super) enum Texts {
    One(String),
    Several(Vec<String>),
}

impl Texts {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IngestTable {
    pub(super) keep_going: Option<bool>,
    pub(super) min_age: Option<String>,
    pub(super) max_rejects: Option<Scalar>,
    #[serde(default)]
    pub(super) empty_is_delivered: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputTable {
    pub(super) folder: Option<String>,
    pub(super) keep_days: Option<u32>,
    pub(super) keep_last: Option<u32>,
    pub(super) metrics: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskTable {
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) range: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) group: Option<String>,
    pub(super) domain_names: Option<Texts>,
    pub(super) language: Option<String>,
    pub(super) traffic_factor: Option<Scalar>,
    pub(super) bill_type: Option<String>,
    pub(super) rows: Option<String>,
    pub(super) samples: Option<String>,
    pub(super) fold: Option<Texts>,
    pub(super) max_rows: Option<Scalar>,
    pub(super) overlaps: Option<String>,
    pub(super) output: Option<String>,
    #[serde(default)]
    pub(super) require_complete: bool,
    pub(super) quiet: Option<Texts>,
    pub(super) wait_at_most: Option<String>,
    pub(super) settle: Option<String>,
    pub(super) refresh: Option<bool>,
}

/// A text or a number, which is read as the file spells it: a double would hold another one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Scalar(Spanned<Value>);

impl Scalar {
    /// The text, or the digits of the number in the file's text.
    pub(super) fn spelt<'a>(&'a self, file: &'a str) -> &'a str {
        match self.0.get_ref() {
            Value::String(text) => text,
            _ => file.get(self.0.span()).unwrap_or_default(),
        }
    }
}
