//! What was asked, as strings ([`ExportRequest`]), and what will be done, as types ([`ExportSpec`]), with one
//! fallible function between: [`validate`]. Command line, task files and services all share it.
//!
//! The rules are those of `CreateUsageDetailDataExportTask`; knows nothing of logs and workbooks.

mod kept;
mod parameter;

pub use kept::{restore, retention};
pub use parameter::Parameter;

use super::bill::BillType;
use super::code::{Code, Refusal};
use super::kind::Kind;
use crate::domain::{DomainSet, Folds, Pattern, Selection};
use crate::factor::Factor;
use crate::locale::Language;
use crate::report::samples::Samples;
use crate::spelling::hint;
use crate::time::{DAY_SECONDS, TimeRange, Zone, parse_iso};
use std::collections::BTreeMap;

/// Longest task name, in bytes.
pub const MAX_TASK_NAME: usize = 256;
/// Longest range, in seconds: 31 days, by the clocks of UTC or by those of the report's zone.
pub const MAX_RANGE: i64 = 31 * DAY_SECONDS;

/// A request as it came in: every parameter a string, absent or empty where it was not given.
#[derive(Clone, Debug, Default)]
pub struct ExportRequest {
    /// `StartTime`, `yyyy-MM-ddTHH:mm:ssZ`, UTC.
    pub start_time: Option<String>,
    /// `EndTime`, likewise; exclusive.
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
    /// `Operator`: who asks.
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

/// Whose usage is exported, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All domains of the account.
    Account,
    /// The domains of a group.
    Group(String),
    /// Domains by name.
    Domains,
}

/// A valid export.
#[derive(Clone, Debug)]
pub struct ExportSpec {
    /// The task's name, if it has one.
    pub name: Option<String>,
    /// The task's id, where it is a registered task.
    pub id: Option<String>,
    /// Start and end as asked, in unix seconds.
    pub asked: (i64, i64),
    /// The windows of the export.
    pub range: TimeRange,
    /// What is exported.
    pub kind: Kind,
    /// Whose usage, as it is shown.
    pub scope: Scope,
    /// Whose usage, as it is chosen.
    pub selection: Selection,
    /// The language of the workbook.
    pub language: Language,
    /// How the figures will be billed, with the name as it was given.
    pub bill_type: Option<(BillType, String)>,
    /// Who asked.
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
    /// The most rows of Detail, where that was given.
    pub max_rows: Option<u64>,
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
/// The row of the contract's error table that applies, the account's state first; the detail names the
/// parameter, what it held and what was expected.
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
    })
}

/// An empty parameter is one that was not given.
fn given(parameter: Option<&String>) -> Option<&str> {
    parameter.map(String::as_str).filter(|text| !text.is_empty())
}

fn refuse<T>(code: Code, detail: String) -> Result<T, Refusal> {
    Err(Refusal::new(code, detail))
}

fn open_account(account: &Account) -> Result<(), Refusal> {
    match account.status {
        AccountStatus::Active => Ok(()),
        AccountStatus::NotOpen => {
            refuse(Code::NotOpen, "The account's status is not_open; open the service first.".into())
        }
        AccountStatus::Suspended => {
            refuse(Code::Suspended, "The account's status is suspended; settle what is due first.".into())
        }
    }
}

fn product(text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(text) if !text.eq_ignore_ascii_case("cdn") => {
            refuse(Code::InvalidProduct, format!("Product is {text:?}; the only product is cdn."))
        }
        _ => Ok(()),
    }
}

fn aliuid(text: Option<&str>, account: &Account) -> Result<(), Refusal> {
    let Some(text) = text else { return Ok(()) };
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return refuse(Code::InvalidAliuid, format!("Aliuid is {text:?}; an account id is digits only."));
    }
    match &account.id {
        Some(id) if id != text => {
            refuse(Code::InvalidAliuid, format!("Aliuid is {text}, but the account is {id}."))
        }
        _ => Ok(()),
    }
}

fn kind(text: Option<&str>) -> Result<Kind, Refusal> {
    let give = "give flow (traffic and bandwidth) or vas (request counts)";
    let what = match text {
        None => format!("missing; {give}"),
        Some(text) => match Kind::from_name(text) {
            Some(kind) => return Ok(kind),
            None => format!("{text:?}{}", hint(text, Kind::ALL.map(Kind::name), give)),
        },
    };
    refuse(Code::InvalidParameter, format!("Type is {what}."))
}

fn dimension(text: Option<&str>, kind: Kind) -> Result<(), Refusal> {
    match text {
        Some(text) if text != kind.name() => refuse(
            Code::InvalidDimension,
            format!("Dimension is {text:?}; leave it out or give {}, as Type says.", kind.name()),
        ),
        _ => Ok(()),
    }
}

/// Days are counted in UTC or in the report's zone, whichever gives fewer: October is one month in Berlin
/// too, where it has an hour more than 31 days.
fn range((start, end): (Option<&str>, Option<&str>), zone: Zone) -> Result<((i64, i64), TimeRange), Refusal> {
    let start = instant("StartTime", Code::InvalidStartTime, start)?;
    let end = instant("EndTime", Code::InvalidEndTime, end)?;
    if end <= start {
        return refuse(Code::InvalidTimeRange, "EndTime is not later than StartTime.".into());
    }
    if (end - start).min(zone.local(end) - zone.local(start)) > MAX_RANGE {
        return refuse(
            Code::InvalidTimeRange,
            "The range is longer than 31 days; export it in parts: --months makes a workbook of each month."
                .into(),
        );
    }
    match TimeRange::covering(start, end) {
        Some(range) => Ok(((start, end), range)),
        None => refuse(Code::InvalidStartTime, "StartTime lies before 1970.".into()),
    }
}

fn instant(name: &str, code: Code, text: Option<&str>) -> Result<i64, Refusal> {
    let expected = "give a UTC time like 2026-03-01T00:00:00Z";
    match text {
        None => refuse(code, format!("{name} is missing; {expected}.")),
        Some(text) => match parse_iso(text) {
            None => refuse(code, format!("{name} is {text:?}; {expected}.")),
            Some(time) if time < 0 => refuse(code, format!("{name} lies before 1970; {expected}.")),
            Some(time) => Ok(time),
        },
    }
}

/// Whose usage: `Group` overrides `DomainNames`; neither is the whole account.
fn scope(request: &ExportRequest, account: &Account) -> Result<(Scope, DomainSet), Refusal> {
    if let Some(name) = given(request.group.as_ref()) {
        let Some(patterns) = account.groups.get(name) else {
            let known: Vec<&str> = account.groups.keys().map(String::as_str).collect();
            let list = if known.is_empty() { "there are none".into() } else { known.join(", ") };
            let hint = hint(name, known, &format!("groups: {list}"));
            return refuse(Code::InvalidParameter, format!("Group {name:?} is not known{hint}."));
        };
        let outside = patterns.iter().find(|p| matches!(p, Pattern::Exact(_)) && !account.domains.covers(p));
        if let Some(Pattern::Exact(domain)) = outside {
            return refuse(
                Code::IllegalOperation,
                format!("Group {name:?} holds {domain}, which is not the account's."),
            );
        }
        return Ok((Scope::Group(name.into()), patterns.iter().cloned().collect()));
    }
    match given(request.domain_names.as_ref()) {
        None => Ok((Scope::Account, DomainSet::all())),
        Some(names) => Ok((Scope::Domains, domain_names(names, account)?)),
    }
}

fn domain_names(names: &str, account: &Account) -> Result<DomainSet, Refusal> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut wanted = Vec::new();
    for name in names {
        let Some(pattern) = Pattern::parse(name) else {
            return refuse(Code::IllegalOperation, format!("DomainNames: {}.", Pattern::mistake(name)));
        };
        // Of a wildcard, what is the account's counts.
        if !account.domains.may_hold(&pattern) {
            return refuse(
                Code::IllegalOperation,
                format!("DomainNames holds {name}, which is not the account's."),
            );
        }
        wanted.push(pattern);
    }
    if wanted.is_empty() {
        return refuse(
            Code::InvalidParameter,
            "DomainNames holds no name; give names separated by commas.".into(),
        );
    }
    Ok(wanted.into_iter().collect())
}

fn task_name(text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.len() > MAX_TASK_NAME => refuse(
            Code::InvalidParameter,
            format!("TaskName has {} bytes; at most {MAX_TASK_NAME} are allowed.", text.len()),
        ),
        text => Ok(text.map(String::from)),
    }
}

fn language(text: Option<&str>) -> Result<Option<Language>, Refusal> {
    match text.map(|text| (text, Language::from_name(text))) {
        None => Ok(None),
        Some((_, Some(language))) => Ok(Some(language)),
        Some((text, None)) => {
            let hint = hint(text, Language::ALL.map(Language::name), "give zh-cn or en-us");
            refuse(Code::InvalidParameter, format!("Language is {text:?}{hint}."))
        }
    }
}

fn chosen_bill_type(text: Option<&str>, kind: Kind) -> Result<Option<(BillType, String)>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    match BillType::from_name(text) {
        Some(found) if found.kind == kind => Ok(Some((found, text.into()))),
        Some(found) => refuse(
            Code::InvalidBillType,
            format!("BillType {text} bills a figure of Type {}, not of {}.", found.kind.name(), kind.name()),
        ),
        None => {
            let known = BillType::ALL.map(|b| b.name);
            let hint = hint(text, known, &format!("known, also with _overseas: {}", known.join(", ")));
            refuse(Code::InvalidBillType, format!("BillType is {text:?}{hint}."))
        }
    }
}

fn operator(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    match text {
        Some(text) if text.len() > 64 || !text.bytes().all(allowed) => refuse(
            Code::InvalidOperator,
            format!("Operator is {text:?}; give 1 to 64 letters, digits, dots, underscores, @ or hyphens."),
        ),
        text => Ok(text.map(String::from)),
    }
}

fn zone(text: Option<&str>) -> Result<Zone, Refusal> {
    match text.map(|text| (text, Zone::parse(text))) {
        None => Ok(Zone::UTC),
        Some((_, Some(zone))) => Ok(zone),
        Some((text, None)) => {
            refuse(Code::InvalidParameter, format!("The time zone is {text:?}{}.", Zone::hint(text)))
        }
    }
}

fn detail_rows(text: Option<&str>) -> Result<DetailRows, Refusal> {
    let Some(text) = text else { return Ok(DetailRows::default()) };
    let known = DetailRows::ALL.into_iter().find(|rows| rows.name() == text);
    known.ok_or_else(|| {
        let give = "give dense (a row for every five minutes) or sparse (only rows with a request)";
        let hint = hint(text, DetailRows::ALL.map(DetailRows::name), give);
        Refusal::new(Code::InvalidParameter, format!("Rows is {text:?}{hint}."))
    })
}

fn samples(text: Option<&str>) -> Result<Samples, Refusal> {
    match text.map(|text| (text, Samples::from_name(text))) {
        None => Ok(Samples::default()),
        Some((_, Some(samples))) => Ok(samples),
        Some((text, None)) => {
            let hint = hint(text, Samples::ALL.map(Samples::name), "give full, masked or none");
            refuse(Code::InvalidParameter, format!("Samples is {text:?}{hint}."))
        }
    }
}

const FOLDS: &str = "give wildcards like *.img.example.com, whose hosts count as one domain";

fn fold(text: Option<&str>) -> Result<Vec<Pattern>, Refusal> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let wildcard = |name: &str| match Pattern::parse(name) {
        Some(wildcard @ Pattern::Subdomains(_)) => Ok(wildcard),
        _ => refuse(Code::InvalidParameter, format!("Fold holds {name:?}; {FOLDS}.")),
    };
    match names.map(wildcard).collect::<Result<Vec<_>, _>>()? {
        none if none.is_empty() => refuse(Code::InvalidParameter, format!("Fold holds no name; {FOLDS}.")),
        folds => Ok(folds),
    }
}

fn max_rows(text: Option<&str>) -> Result<Option<u64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(rows) if rows > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(rows)),
        _ => refuse(
            Code::InvalidParameter,
            format!("MaxRows is {text:?}; give the most rows of Detail, like 50000000."),
        ),
    }
}

fn factor(text: Option<&str>) -> Result<Factor, Refusal> {
    match text.map(|text| (text, Factor::parse(text))) {
        None => Ok(Factor::ONE),
        Some((_, Some(factor))) => Ok(factor),
        Some((text, None)) => refuse(
            Code::InvalidParameter,
            format!(
                "The traffic factor is {text:?}; give a number like 1.1, above 0 and up to {}.",
                Factor::MAX
            ),
        ),
    }
}

#[cfg(test)]
mod tests;
