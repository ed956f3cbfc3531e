//! The rules of each parameter: what is refused, with which code and which message.

use super::{Account, AccountStatus, DetailRows, ExportRequest, MAX_RANGE, MAX_TASK_NAME, Overlaps, Scope};
use crate::contract::bill::BillType;
use crate::contract::code::{Code, Refusal};
use crate::contract::kind::Kind;
use crate::domain::{DomainSet, Pattern};
use crate::factor::Factor;
use crate::locale::Language;
use crate::report::samples::Samples;
use crate::spelling::hint;
use crate::time::{TimeRange, Zone, parse_iso};

/// An empty parameter is one that was not given.
pub(super) fn given(parameter: Option<&String>) -> Option<&str> {
    parameter.map(String::as_str).filter(|text| !text.is_empty())
}

fn refuse<T>(code: Code, detail: String) -> Result<T, Refusal> {
    Err(Refusal::new(code, detail))
}

pub(super) fn open_account(account: &Account) -> Result<(), Refusal> {
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

pub(super) fn product(text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(text) if !text.eq_ignore_ascii_case("cdn") => {
            refuse(Code::InvalidProduct, format!("Product is {text:?}; the only product is cdn."))
        }
        _ => Ok(()),
    }
}

pub(super) fn aliuid(text: Option<&str>, account: &Account) -> Result<(), Refusal> {
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

pub(super) fn kind(text: Option<&str>) -> Result<Kind, Refusal> {
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

pub(super) fn dimension(text: Option<&str>, kind: Kind) -> Result<(), Refusal> {
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
pub(super) fn range(
    (start, end): (Option<&str>, Option<&str>),
    zone: Zone,
) -> Result<((i64, i64), TimeRange), Refusal> {
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
        None => refuse(Code::InvalidStartTime, "StartTime is before 1970.".into()),
    }
}

fn instant(name: &str, code: Code, text: Option<&str>) -> Result<i64, Refusal> {
    let expected = "give a UTC time like 2026-03-01T00:00:00Z";
    match text {
        None => refuse(code, format!("{name} is missing; {expected}.")),
        Some(text) => match parse_iso(text) {
            None => refuse(code, format!("{name} is {text:?}; {expected}.")),
            Some(time) if time < 0 => refuse(code, format!("{name} is before 1970; {expected}.")),
            Some(time) => Ok(time),
        },
    }
}

/// Whose usage: `Group` overrides `DomainNames`; neither is the whole account.
pub(super) fn scope(request: &ExportRequest, account: &Account) -> Result<(Scope, DomainSet), Refusal> {
    if let Some(name) = given(request.group.as_ref()) {
        let Some(patterns) = account.groups.get(name) else {
            let known: Vec<&str> = account.groups.keys().map(String::as_str).collect();
            let list = if known.is_empty() {
                "there are none; they stand under [groups] of the configuration that --config names".into()
            } else {
                known.join(", ")
            };
            let hint = hint(name, known, &format!("groups: {list}"));
            return refuse(Code::InvalidParameter, format!("Group {name:?} is not known{hint}."));
        };
        let outside = patterns.iter().find(|p| matches!(p, Pattern::Exact(_)) && !account.domains.covers(p));
        if let Some(Pattern::Exact(domain)) = outside {
            return refuse(
                Code::IllegalOperation,
                format!("Group {name:?} has {domain}, which is not the account's."),
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
                format!("DomainNames has {name}, which is not the account's."),
            );
        }
        wanted.push(pattern);
    }
    if wanted.is_empty() {
        return refuse(
            Code::InvalidParameter,
            "DomainNames has no name; give names separated by commas.".into(),
        );
    }
    Ok(wanted.into_iter().collect())
}

pub(super) fn task_name(text: Option<&str>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.len() > MAX_TASK_NAME => refuse(
            Code::InvalidParameter,
            format!("TaskName has {} bytes; at most {MAX_TASK_NAME} are allowed.", text.len()),
        ),
        text => Ok(text.map(String::from)),
    }
}

pub(super) fn language(text: Option<&str>) -> Result<Option<Language>, Refusal> {
    match text.map(|text| (text, Language::from_name(text))) {
        None => Ok(None),
        Some((_, Some(language))) => Ok(Some(language)),
        Some((text, None)) => {
            let hint = hint(text, Language::ALL.map(Language::name), "give zh-cn or en-us");
            refuse(Code::InvalidParameter, format!("Language is {text:?}{hint}."))
        }
    }
}

pub(super) fn chosen_bill_type(
    text: Option<&str>,
    kind: Kind,
) -> Result<Option<(BillType, String)>, Refusal> {
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

pub(super) fn operator(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._@-".contains(&b);
    match text {
        Some(text) if text.len() > 64 || !text.bytes().all(allowed) => refuse(
            Code::InvalidOperator,
            format!("Operator is {text:?}; give 1 to 64 letters, digits, dots, underscores, @ or hyphens."),
        ),
        text => Ok(text.map(String::from)),
    }
}

pub(super) fn zone(text: Option<&str>) -> Result<Zone, Refusal> {
    match text.map(|text| (text, Zone::parse(text))) {
        None => Ok(Zone::UTC),
        Some((_, Some(zone))) => Ok(zone),
        Some((text, None)) => {
            refuse(Code::InvalidParameter, format!("The time zone is {text:?}{}.", Zone::hint(text)))
        }
    }
}

pub(super) fn detail_rows(text: Option<&str>) -> Result<DetailRows, Refusal> {
    let Some(text) = text else { return Ok(DetailRows::default()) };
    let known = DetailRows::ALL.into_iter().find(|rows| rows.name() == text);
    known.ok_or_else(|| {
        let give = "give dense (a row for every five minutes) or sparse (only rows with a request)";
        let hint = hint(text, DetailRows::ALL.map(DetailRows::name), give);
        Refusal::new(Code::InvalidParameter, format!("Rows is {text:?}{hint}."))
    })
}

pub(super) fn overlaps(text: Option<&str>) -> Result<Overlaps, Refusal> {
    let Some(text) = text else { return Ok(Overlaps::default()) };
    let known = Overlaps::ALL.into_iter().find(|overlaps| overlaps.name() == text);
    known.ok_or_else(|| {
        let give = "give report (files that may count twice are named) or refuse (nothing is made of them)";
        let hint = hint(text, Overlaps::ALL.map(Overlaps::name), give);
        Refusal::new(Code::InvalidParameter, format!("Overlaps is {text:?}{hint}."))
    })
}

pub(super) fn samples(text: Option<&str>) -> Result<Samples, Refusal> {
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

pub(super) fn fold(text: Option<&str>) -> Result<Vec<Pattern>, Refusal> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let wildcard = |name: &str| match Pattern::parse(name) {
        Some(wildcard @ Pattern::Subdomains(_)) => Ok(wildcard),
        _ => refuse(Code::InvalidParameter, format!("Fold has {name:?}; {FOLDS}.")),
    };
    match names.map(wildcard).collect::<Result<Vec<_>, _>>()? {
        none if none.is_empty() => refuse(Code::InvalidParameter, format!("Fold has no name; {FOLDS}.")),
        folds => Ok(folds),
    }
}

pub(super) fn max_rows(text: Option<&str>) -> Result<Option<u64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(rows) if rows > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(rows)),
        _ => refuse(
            Code::InvalidParameter,
            format!("MaxRows is {text:?}; give the most rows of Detail, like 50000000."),
        ),
    }
}

pub(super) fn factor(text: Option<&str>) -> Result<Factor, Refusal> {
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
