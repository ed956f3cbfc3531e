//! A request as strings ([`ExportRequest`]), what will be done as types ([`ExportSpec`]), and one fallible function
//! between them: [`validate`]. Command line, task files and services all share it.
//!
//! The rules are those of `CreateUsageDetailDataExportTask`. Reads no log, and makes no
//! workbook.

mod parameter;
mod rules;
mod kept;

pub use kept::{restore, retention};
pub use parameter::Parameter;

use super::bill::BillType;
use super::code::Refusal;
use super::kind::Kind;
use crate::domain::{DomainSet, Folds, Pattern, Selection};
use crate::factor::Factor;
use crate::locale::{Label, Language};
use crate::report::samples::Samples;
use crate::time::{DAY_SECONDS, TimeRange, Zone};
use rules::{
    aliuid, chosen_bill_type, detail_rows, dimension, factor, fold, given, kind, language, max_rows,
    open_account, operator, overlaps, product, range, samples, scope, task_name, zone,
};
use std::collections::BTreeMap;

/// Longest task name, in bytes.
pub const MAX_TASK_NAME: usize = 256;
/// Longest range, in seconds: 31 days, by the clocks of UTC or by those of the report's zone.
pub const MAX_RANGE: i64 = 31 * DAY_SECONDS;

/// A request as it was received: every parameter is a string, absent or empty if it was not given.
#[derive(Clone, Debug, Default)]
pub struct ExportRequest {
    /// `StartTime`, `yyyy-MM-ddTHH:mm:ssZ`, UTC.
    pub start_time: Option<String>,
    /// `EndTime`, in the same forms; exclusive.
    pub end_time: Option<String>,
    /// `Type`: `flow` or `vas`.
    pub kind: Option<String>,
    /// `Group`; overrides `DomainNames`.
    pub group: Option<String>,
    /// `DomainNames`, separated by commas.
    pub domain_names: Option<String>,
    /// `TaskName`.
    pub task_name: Option<String>,
    /// `Language`: `zh-cn` or `en-us`.
    pub language: Option<String>,
    /// `Product`: `cdn`.
    pub product: Option<String>,
    /// `Dimension`: the same as `Type`.
    pub dimension: Option<String>,
    /// `BillType`, see [`BillType`].
    pub bill_type: Option<String>,
    /// `Aliuid`: the account's id.
    pub aliuid: Option<String>,
    /// `Operator`: who makes the request.
    pub operator: Option<String>,
    /// The zone of the report, see [`Zone::parse`].
    pub time_zone: Option<String>,
    /// The traffic factor, see [`Factor::parse`].
    pub traffic_factor: Option<String>,
    /// Which rows of Detail are written, see [`DetailRows`].
    pub rows: Option<String>,
    /// How samples of rejected lines are shown, see [`Samples`].
    pub samples: Option<String>,
    /// Wildcards whose hosts count as one domain each, separated by commas; see [`Folds`].
    pub fold: Option<String>,
    /// The most rows of Detail.
    pub max_rows: Option<String>,
    /// What is done where sources may count twice, see [`Overlaps`].
    pub overlaps: Option<String>,
}

/// What the account may do.
#[derive(Clone, Debug)]
pub struct Account {
    /// The account's id, if it has one.
    pub id: Option<String>,
    /// Whether the service is open to it.
    pub status: AccountStatus,
    /// The account's domains; [`DomainSet::all`] where every domain in the logs is the account's.
    pub domains: DomainSet,
    /// Groups of domains by name.
    pub groups: BTreeMap<String, Vec<Pattern>>,
}

impl Default for Account {
    /// An active account that owns every domain in the logs.
    fn default() -> Self {
        Self { id: None, status: AccountStatus::Active, domains: DomainSet::all(), groups: BTreeMap::new() }
    }
}

/// Whether the service is open to an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountStatus {
    /// It is.
    #[default]
    Active,
    /// Never opened.
    NotOpen,
    /// Suspended.
    Suspended,
}

/// Which rows of Detail are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailRows {
    /// One for every slice of the range.
    #[default]
    Dense,
    /// Only those with a request.
    Sparse,
}

impl DetailRows {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Dense, Self::Sparse];

    /// The spelling in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Sparse => "sparse",
        }
    }
}

/// What is done where sources may count the same requests twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlaps {
    /// All count, and are reported.
    #[default]
    Report,
    /// Nothing is made.
    Refuse,
}

impl Overlaps {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Report, Self::Refuse];

    /// The spelling in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Refuse => "refuse",
        }
    }
}

/// Whose usage is exported, as the workbook shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All domains of the account.
    Account,
    /// The domains of a group.
    Group(String),
    /// Domains by name.
    Domains,
}

impl Scope {
    /// As the workbook shows it.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Account => Label::WholeAccount.text(language).to_owned(),
            Self::Group(name) => format!("{}: {name}", Label::Group.text(language)),
            Self::Domains => Label::NamedDomains.text(language).to_owned(),
        }
    }
}

/// A valid export.
#[derive(Clone, Debug)]
pub struct ExportSpec {
    /// The task's name, if it has one.
    pub name: Option<String>,
    /// The id of the task, if it is registered.
    pub id: Option<String>,
    /// Start and end as asked, in unix seconds.
    pub asked: (i64, i64),
    /// The windows of the export.
    pub range: TimeRange,
    /// What to export.
    pub kind: Kind,
    /// Whose usage, as the workbook shows it.
    pub scope: Scope,
    /// Whose usage, as domains.
    pub selection: Selection,
    /// The language of the workbook.
    pub language: Language,
    /// How the figures are billed, with the name that was given.
    pub bill_type: Option<(BillType, String)>,
    /// Who made the request.
    pub operator: Option<String>,
    /// The zone in which times are shown and days are cut.
    pub zone: Zone,
    /// By how much traffic and bandwidth are multiplied.
    pub factor: Factor,
    /// Which rows of Detail are written.
    pub rows: DetailRows,
    /// How samples of rejected lines are shown.
    pub samples: Samples,
    /// Wildcards whose hosts count as one domain each.
    pub fold: Vec<Pattern>,
    /// The most rows of Detail, if given.
    pub max_rows: Option<u64>,
    /// What is done where sources may count twice.
    pub overlaps: Overlaps,
}

impl ExportSpec {
    /// What the domains of the export count as.
    #[must_use]
    pub fn folds(&self) -> Folds {
        Folds::new(&self.fold, &self.selection)
    }
}

/// Turns a request into what will be done.
///
/// # Errors
/// The row of the contract's error table that applies; the account's state is checked first. The detail names the
/// parameter, its value and what was expected.
pub fn validate(
    request: &ExportRequest,
    account: &Account,
    default: Language,
) -> Result<ExportSpec, Refusal> {
    open_account(account)?;
    product(given(request.product.as_ref()))?;
    aliuid(given(request.aliuid.as_ref()), account)?;
    let kind = kind(given(request.kind.as_ref()))?;
    dimension(given(request.dimension.as_ref()), kind)?;
    let zone = zone(given(request.time_zone.as_ref()));
    let times = (given(request.start_time.as_ref()), given(request.end_time.as_ref()));
    let (asked, range) = range(times, *zone.as_ref().unwrap_or(&Zone::UTC))?;
    let (scope, wanted) = scope(request, account)?;
    Ok(ExportSpec {
        name: task_name(given(request.task_name.as_ref()))?,
        id: None,
        asked,
        range,
        kind,
        scope,
        selection: Selection { account: account.domains.clone(), wanted },
        language: language(given(request.language.as_ref()))?.unwrap_or(default),
        bill_type: chosen_bill_type(given(request.bill_type.as_ref()), kind)?,
        operator: operator(given(request.operator.as_ref()))?,
        zone: zone?,
        factor: factor(given(request.traffic_factor.as_ref()))?,
        rows: detail_rows(given(request.rows.as_ref()))?,
        samples: samples(given(request.samples.as_ref()))?,
        fold: fold(given(request.fold.as_ref()))?,
        max_rows: max_rows(given(request.max_rows.as_ref()))?,
        overlaps: overlaps(given(request.overlaps.as_ref()))?,
    })
}

#[cfg(test)]
mod tests;
