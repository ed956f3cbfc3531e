//! The parameters of a request as options of a command, spelt as in the contract.

use super::environment;
use super::times::valid;
use crate::contract::bill::BillType;
use crate::contract::code::{Code, Refusal};
use crate::contract::kind::Kind;
use crate::contract::request::{Account, DetailRows, ExportRequest, ExportSpec, Overlaps, Parameter};
use crate::error::Result;
use crate::locale::Language;
use crate::report::samples::Samples;
use crate::schedule::range::RangeRule;
use clap::builder::{NonEmptyStringValueParser, PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command};
use std::ffi::OsStr;

/// The ids of the options of [`RequestArguments`]: named one by one, so that a conflict names the one that was given.
pub(super) fn options() -> impl Iterator<Item = &'static str> {
    Parameter::ALL.into_iter().map(|one| one.key).chain(["month", "range"])
}

/// The parameters of the request, as they are spelt in the contract.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(super) struct RequestArguments {
    /// Start of the range: a date (2026-03-01), or a time with an offset (2026-03-01T00:00:00Z, 2026-03-01T00:00+08:00)
    /// or without one. Dates, and times without an offset, are in --time-zone.
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,
    /// End of the range, at most 31 days after the start. A date is the last day of the range; a time is exclusive.
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,
    /// A calendar month in --time-zone, instead of start and end: 2026-03.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["start_time", "end_time"])]
    month: Option<String>,
    /// A range instead of start and end, in days of --time-zone: yesterday, today, last-7-days (1 to 31), this-month,
    /// last-month, 2026-03, or START/END.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["start_time", "end_time", "month"])]
    range: Option<String>,
    /// What to export: flow (traffic and bandwidth) or vas (request counts).
    #[arg(id = "type", long, value_name = "TYPE", value_parser = Suggested(types))]
    kind: Option<String>,
    /// A group of domains from the configuration; overrides --domain-names.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    group: Option<String>,
    /// Domains, separated by commas: www.example.com, or *.example.com for all its subdomains; may be repeated
    /// [default: all domains of the account].
    #[arg(long, value_name = "NAMES", value_parser = NonEmptyStringValueParser::new())]
    domain_names: Vec<String>,
    /// Name of the task, at most 256 bytes.
    #[arg(long, value_name = "NAME")]
    task_name: Option<String>,
    /// Language of the workbook [default: from the environment].
    #[arg(long, value_name = "LANGUAGE", value_parser = Suggested(languages))]
    language: Option<String>,
    /// Zone in which times are shown and days are cut: +08:00, Asia/Shanghai [default: `FLOWBOOK_TIME_ZONE`, else UTC].
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    time_zone: Option<String>,
    /// Multiply traffic and bandwidth, for example by 1.1 for traffic that logs do not count [default: 1].
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true)]
    traffic_factor: Option<String>,
    /// Which rows of Detail are written: dense (a row for every five minutes) or sparse (only those with a request; no
    /// other figure changes) [default: dense].
    #[arg(long, value_name = "ROWS", value_parser = Suggested(rows))]
    rows: Option<String>,
    /// Rejected lines in the workbook: full, masked (without network addresses) or none [default: masked].
    #[arg(long, value_name = "HOW", value_parser = Suggested(samples))]
    samples: Option<String>,
    /// Count all hosts of a wildcard as one domain, called *.img.example.com; separated by commas, may be repeated. A
    /// host that --domain-names names is not folded.
    #[arg(long, value_name = "WILDCARDS", value_parser = NonEmptyStringValueParser::new())]
    fold: Vec<String>,
    /// Refuse to write more rows of Detail than this [default: 10000000; no limit for CSV].
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    max_rows: Option<String>,
    /// What to do where files may count the same requests twice: report (all count, and are named) or refuse (make
    /// nothing, and end with exit code 3) [default: report].
    #[arg(long, value_name = "HOW", value_parser = Suggested(overlaps))]
    overlaps: Option<String>,
    /// The bill type: the figure that it bills is marked. Each also exists with _overseas.
    #[arg(long, value_name = "BILLTYPE", value_parser = Suggested(bill_types))]
    bill_type: Option<String>,
    /// The product: cdn.
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    /// The same as --type.
    #[arg(long, value_name = "DIMENSION")]
    dimension: Option<String>,
    /// The account's id.
    #[arg(long, value_name = "ID")]
    aliuid: Option<String>,
    /// Who makes the request: 1 to 64 letters, digits, dots, underscores, @ or hyphens.
    #[arg(long, value_name = "NAME")]
    operator: Option<String>,
}

impl RequestArguments {
    /// The request and what it asks for.
    pub(super) fn valid(&self, account: &Account) -> Result<(ExportRequest, ExportSpec)> {
        if let Some(month) = self.month.as_deref().filter(|month| !RangeRule::is_month(month)) {
            let text = format!("--month is {month:?}; give a month like 2026-03.");
            return Err(Refusal::new(Code::InvalidStartTime, text).into());
        }
        self.valid_over(self.month.as_deref().or(self.range.as_deref()), account)
    }

    /// The request over another range.
    pub(super) fn valid_over(
        &self,
        range: Option<&str>,
        account: &Account,
    ) -> Result<(ExportRequest, ExportSpec)> {
        Ok(valid(self.request(), range, environment::now(), account, environment::language())?)
    }

    /// The parameters as they were given.
    fn request(&self) -> ExportRequest {
        ExportRequest {
            start_time: self.start_time.clone(),
            end_time: self.end_time.clone(),
            kind: self.kind.clone(),
            group: self.group.clone(),
            domain_names: Some(self.domain_names.join(",")).filter(|names| !names.is_empty()),
            task_name: self.task_name.clone(),
            language: self.language.clone(),
            product: self.product.clone(),
            dimension: self.dimension.clone(),
            bill_type: self.bill_type.clone(),
            aliuid: self.aliuid.clone(),
            operator: self.operator.clone(),
            time_zone: environment::zone_text(self.time_zone.as_ref()),
            traffic_factor: self.traffic_factor.clone(),
            rows: self.rows.clone(),
            samples: self.samples.clone(),
            fold: Some(self.fold.join(",")).filter(|names| !names.is_empty()),
            max_rows: self.max_rows.clone(),
            overlaps: self.overlaps.clone(),
        }
    }
}

/// Takes any text, and suggests values to help and completion: what is wrong is answered with the contract's
/// codes, not with those of the command line.
#[derive(Clone, Copy)]
struct Suggested(fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

fn types() -> Vec<&'static str> {
    Kind::ALL.map(Kind::name).to_vec()
}

fn rows() -> Vec<&'static str> {
    DetailRows::ALL.map(DetailRows::name).to_vec()
}

fn overlaps() -> Vec<&'static str> {
    Overlaps::ALL.map(Overlaps::name).to_vec()
}

fn languages() -> Vec<&'static str> {
    Language::ALL.map(Language::name).to_vec()
}

fn samples() -> Vec<&'static str> {
    Samples::ALL.map(Samples::name).to_vec()
}

fn bill_types() -> Vec<&'static str> {
    BillType::ALL.map(|bill_type| bill_type.name).to_vec()
}
