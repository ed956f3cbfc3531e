//! The text of a description, in TOML.

use super::Shape;
use crate::hash;
use crate::log::delimited::{Delimited, Header};
use crate::log::field::{Role, Rules};
use crate::log::json::Objects;
use crate::log::template::{Mistake, Template};
use crate::time::Zone;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

/// Why a text describes no format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no TOML, or has other keys than those of a description.
    Toml(String),
    /// A template is none; with the template.
    Template(String, Mistake),
    /// What it says makes no sense.
    Meaning(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Toml(text) | Self::Meaning(text) => f.write_str(text),
            Self::Template(template, mistake) => mistake.show(template, f),
        }
    }
}

/// What a text says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    #[serde(default)]
    title: String,
    /// As it stands in the configuration of a server.
    template: Option<String>,
    /// Whether lines hold JSON.
    #[serde(default)]
    json: bool,
    /// The byte between two values.
    separator: Option<String>,
    #[serde(default)]
    quotes: bool,
    header: Option<String>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, Names>,
    /// The zone of times without one.
    zone: Option<String>,
    hits: Option<Vec<String>>,
    #[serde(default)]
    only: Vec<String>,
    without_tls: Option<String>,
    #[serde(default)]
    missing_bytes: Option<String>,
    #[serde(default)]
    samples: Vec<String>,
}

/// The names of fields with one role: the first that a line has counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or an array of texts")]
enum Names {
    One(String),
    Several(Vec<String>),
}

/// How roles are called.
const ROLES: [(&str, Role, Option<Role>); 12] = [
    ("time", Role::Time, None),
    ("date", Role::Date, None),
    ("bytes", Role::Bytes, Some(Role::SpareBytes)),
    ("host", Role::Host, Some(Role::SpareHost)),
    ("url", Role::Url, None),
    ("request", Role::Request, None),
    ("scheme", Role::Scheme, None),
    ("tls", Role::Tls, None),
    ("version", Role::Version, None),
    ("cache", Role::Cache, None),
    ("status", Role::Status, None),
    ("kind", Role::Kind, None),
];

impl Text {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no TOML, or has other keys than those of a description.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        toml::from_str(text).map_err(|error| Wrong::Toml(error.to_string().trim().to_owned()))
    }

    /// All that lines are read by, in one order: what is the same of two texts that mean the same.
    fn meaning(&self) -> String {
        let fields = self.fields.iter().map(|(role, names)| format!("{role} {:?}", names.as_slice()));
        let texts = [
            ("template", self.template.as_deref()),
            ("separator", self.separator.as_deref()),
            ("header", self.header.as_deref()),
            ("zone", self.zone.as_deref()),
            ("without_tls", self.without_tls.as_deref()),
            ("missing_bytes", self.missing_bytes.as_deref()),
        ];
        let lists =
            [("columns", Some(&self.columns)), ("hits", self.hits.as_ref()), ("only", Some(&self.only))];
        let texts = texts.into_iter().filter_map(|(key, text)| Some(format!("{key} {:?}", text?)));
        let lists = lists.into_iter().filter_map(|(key, list)| Some(format!("{key} {:?}", list?)));
        let flags = format!("json {} quotes {}", self.json, self.quotes);
        texts.chain(lists).chain(fields).chain([flags]).collect::<Vec<_>>().join("\n")
    }
}

impl Names {
    const fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names.as_slice(),
        }
    }
}

/// What a description says: its title, its samples, where fields stand, what they mean, and the hash of all that lines are
/// read by.
pub(super) fn read(text: Text) -> Result<(String, Vec<String>, Shape, Rules, u64), Wrong> {
    let hash = hash::many(text.meaning().as_bytes());
    let of_fields = roles(&text.fields)?;
    let rules = rules(&text)?;
    let ways = [text.template.is_some(), text.json, text.separator.is_some()];
    if ways.into_iter().filter(|way| *way).count() != 1 {
        return Err(meaning("give one of: template, json = true, separator"));
    }
    let shape = if let Some(template) = text.template {
        Shape::Template(
            Template::parse(&template, &of_fields)
                .map_err(|mistake| Wrong::Template(template.clone(), mistake))?,
        )
    } else if let Some(separator) = text.separator {
        let &[separator] = separator.as_bytes() else { return Err(meaning("separator is one byte")) };
        let header = match text.header.as_deref() {
            Some("#Fields") => Header::Fields,
            Some("first line") => Header::FirstLine,
            Some("none") | None => Header::None,
            Some(_) => return Err(meaning("header is \"#Fields\", \"first line\" or \"none\"")),
        };
        Shape::Delimited(Delimited {
            separator,
            has_quotes: text.quotes,
            header,
            columns: text.columns,
            roles: of_fields,
        })
    } else {
        Shape::Objects(Objects::new(&of_fields))
    };
    let is_template = matches!(shape, Shape::Template(_));
    for needed in ["time", "bytes"] {
        if !is_template && !text.fields.contains_key(needed) {
            return Err(meaning(&format!("fields lacks {needed}")));
        }
    }
    Ok((text.title, text.samples, shape, rules, hash))
}

fn meaning(text: &str) -> Wrong {
    Wrong::Meaning(text.to_owned())
}

fn roles(fields: &BTreeMap<String, Names>) -> Result<Vec<(String, Role)>, Wrong> {
    let mut roles = Vec::new();
    for (key, names) in fields {
        let Some((_, role, spare)) = ROLES.into_iter().find(|(name, ..)| name == key) else {
            let known = ROLES.map(|(name, ..)| name).join(", ");
            return Err(meaning(&format!("fields has no {key:?}; there are {known}")));
        };
        for (place, name) in names.as_slice().iter().enumerate() {
            let role = if place == 0 { role } else { spare.unwrap_or(role) };
            roles.push((name.clone(), role));
        }
    }
    Ok(roles)
}

fn rules(text: &Text) -> Result<Rules, Wrong> {
    let mut rules = Rules::default();
    if let Some(zone) = &text.zone {
        let unknown = || meaning(&format!("zone {zone:?} is none; {}", Zone::EXPECTED));
        rules.zone = Zone::parse(zone).ok_or_else(unknown)?;
    }
    if let Some(hits) = &text.hits {
        rules.hits = hits.iter().map(|hit| hit.to_ascii_lowercase().into_bytes()).collect();
    }
    rules.only = text.only.iter().map(|only| only.clone().into_bytes()).collect();
    rules.is_http_without_tls = match text.without_tls.as_deref() {
        None => false,
        Some("http") => true,
        Some(_) => return Err(meaning("without_tls is \"http\", or left out")),
    };
    rules.rejects_missing_bytes = match text.missing_bytes.as_deref() {
        None | Some("0") => false,
        Some("reject") => true,
        Some(_) => return Err(meaning("missing_bytes is \"0\" or \"reject\"")),
    };
    Ok(rules)
}
