//! `flowbook store coverage`: which hours have sources, and what came late.

use super::table::Table;
use crate::cli::flags::StoreFlags;
use crate::cli::missing::{known_domains, no_log_of};
use crate::cli::{Ending, config, duration, environment, notes, numbers, show, unbilled};
use crate::contract::request::Account;
use crate::contract::response::request_id;
use crate::domain::{Domain, DomainSet, Pattern, Selection};
use crate::error::{Error, Result};
use crate::hours::HOUR_SECONDS;
use crate::report::hours_and_minutes;
use crate::report::overlap::Overlap;
use crate::schedule::groups::{Unbilled, unbilled_in};
use crate::schedule::range::{Moment, RangeRule};
use crate::spelling::hint;
use crate::store::Reader;
use crate::task::coverage::{DomainHours, LateArrival, LateLines, Survey, coverage, survey};
use crate::time::{TimeRange, Zone, iso};
use clap::{Args, ValueHint};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

/// List the hours that have a log, the hours that are missing, and what arrived late, domain by domain.
///
/// An hour of a domain has a log if a log named for both was read to its end. It also has one if a log that may hold
/// several domains has a line of the domain in that hour, within the hours in its name, if it has any. Exit code 0 if
/// every domain has a log in every hour; 3 if anything is missing; the last line says which. Tables end after 1,000 rows,
/// those of what came late after 5; --json lists all.
#[derive(Debug, Args)]
pub(super) struct CoverageArguments {
    #[command(flatten)]
    store: StoreFlags,

    /// Domains, separated by commas: www.example.com, or *.example.com for all its subdomains; may be repeated [default:
    /// all that have a log].
    #[arg(long, value_name = "NAMES", alias = "domain")]
    domain_names: Vec<String>,

    /// A group of domains from the configuration.
    #[arg(long, value_name = "NAME", requires = "config", conflicts_with = "domain_names")]
    group: Option<String>,

    /// Start of the hours to list: a date, or a time as in export [default: the first hour of the store].
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,

    /// End of these hours: a date is the last day, a time is exclusive [default: the last hour of the store].
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,

    /// A calendar month in --time-zone, instead of start and end: 2026-03.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["start_time", "end_time"])]
    month: Option<String>,

    /// A range instead of start and end, in days of --time-zone, as in export: yesterday, last-7-days, last-month, 2026-03,
    /// or START/END.
    #[arg(long, value_name = "RANGE", conflicts_with_all = ["start_time", "end_time", "month"])]
    range: Option<String>,

    /// Zone of dates, and of times without an offset: +08:00, Asia/Shanghai [default: `FLOWBOOK_TIME_ZONE`, else UTC].
    /// Times are listed in UTC.
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    time_zone: Option<String>,

    /// A log is late if it was first read more than this after the end of its hours.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration::option, allow_hyphen_values = true)]
    late_after: Duration,

    /// Account and groups of domains (TOML): also list domains with usage that are outside the account, in no group, or in several.
    #[arg(long, env = environment::CONFIG, hide_env_values = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,

    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &CoverageArguments) -> Result<Ending> {
    show::with_json_errors(arguments.json, || attempt(arguments))
}

fn attempt(arguments: &CoverageArguments) -> Result<Ending> {
    let account = config::account(arguments.config.as_deref())?;
    let (selection, bounds) = (selection(arguments, &account)?, bounds(arguments)?);
    let reader = Reader::open(&arguments.store.store, arguments.store.waiting.lock_timeout)?;
    let range = range(bounds, &reader)?;
    let found = survey(&reader, &selection, range, arguments.late_after)?;
    let unbilled = unbilled_in(&reader, range.unwrap_or(TimeRange::all()), &account)?;
    if arguments.json {
        show::object(&object(&found, &unbilled))?;
    } else {
        show::lines(&tables(&found, &unbilled))?;
        if let Some(missing) = found.coverage.missing() {
            show::messages(&misspelt(&found, &reader)?);
            show::message(&format!("incomplete: {missing}"));
        }
    }
    Ok(if found.coverage.is_complete() { Ending::Done } else { Ending::WithRejects })
}

/// Domains that were named and have no log, where another one may have been meant.
fn misspelt(found: &Survey, reader: &Reader) -> Result<Vec<String>> {
    let without: Vec<&Pattern> =
        found.coverage.domains.iter().filter(|one| !one.has_source).map(|one| &one.domain).collect();
    if without.is_empty() {
        return Ok(Vec::new());
    }
    let known = known_domains(reader)?;
    let near = |one: &&Pattern| Some(no_log_of(one, &one.nearest(known.iter().map(Domain::as_str))?));
    Ok(without.iter().filter_map(near).take(NEAR).collect())
}

/// So many domains are answered with the nearest one.
const NEAR: usize = 10;

fn selection(arguments: &CoverageArguments, account: &Account) -> Result<Selection> {
    if let Some(name) = &arguments.group {
        let Some(patterns) = account.groups.get(name) else {
            let known: Vec<&str> = account.groups.keys().map(String::as_str).collect();
            let list = if known.is_empty() {
                "there are none; they stand under [groups] of the configuration that --config names".into()
            } else {
                known.join(", ")
            };
            let hint = hint(name, known, &format!("groups: {list}"));
            return Err(Error::usage(format!("--group is {name:?}{hint}")));
        };
        return Ok(Selection { account: DomainSet::all(), wanted: patterns.iter().cloned().collect() });
    }
    if arguments.domain_names.is_empty() {
        return Ok(Selection { account: DomainSet::all(), wanted: DomainSet::all() });
    }
    let names = arguments.domain_names.iter().flat_map(|names| names.split(','));
    let names = names.map(str::trim).filter(|name| !name.is_empty());
    let pattern = |name: &str| Pattern::parse(name).ok_or_else(|| Error::usage(Pattern::mistake(name)));
    let patterns: Vec<Pattern> = names.map(pattern).collect::<Result<_>>()?;
    if patterns.is_empty() {
        return Err(Error::usage("--domain-names has no name; give names separated by commas"));
    }
    Ok(Selection { account: DomainSet::all(), wanted: patterns.into_iter().collect() })
}

/// The times that were given, in unix seconds.
fn bounds(arguments: &CoverageArguments) -> Result<[Option<i64>; 2]> {
    let zone = match environment::zone_text(arguments.time_zone.as_ref()) {
        None => Zone::UTC,
        Some(text) => Zone::parse(&text)
            .ok_or_else(|| Error::usage(format!("--time-zone is {text:?}{}", Zone::hint(&text))))?,
    };
    if let Some(text) = arguments.month.as_ref().or(arguments.range.as_ref()) {
        let is_wrong = arguments.month.is_some() && !RangeRule::is_month(text);
        let Some(rule) = RangeRule::parse(text).filter(|_| !is_wrong) else {
            return Err(Error::usage(if is_wrong {
                format!("--month is {text:?}; give a month like 2026-03")
            } else {
                format!("--range is {text:?}{}", RangeRule::hint(text))
            }));
        };
        if let Some(why) = rule.skipped(zone) {
            return Err(Error::usage(format!("--range is {text:?}; {why}")));
        }
        let (start, end) = rule.resolve(environment::now(), zone);
        return Ok([Some(start), Some(end)]);
    }
    let time = |text: &String| {
        let time = Moment::parse(text).ok_or_else(|| Error::usage(Moment::EXPECTED).at(text))?;
        time.skipped(zone).map_or(Ok(time), |why| Err(Error::usage(why)))
    };
    let start = arguments.start_time.as_ref().map(time).transpose()?.map(|time| time.start(zone));
    let end = arguments.end_time.as_ref().map(time).transpose()?.map(|time| time.end(zone));
    Ok([start, end])
}

/// The range that was asked for: what was not given of it is where the hours of the store begin or end. Nothing where
/// neither was given.
fn range(bounds: [Option<i64>; 2], reader: &Reader) -> Result<Option<TimeRange>> {
    let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let (start, end) = match bounds {
        [None, None] => return Ok(None),
        [Some(start), Some(end)] => (start, end),
        [start, end] => {
            let Some(span) = coverage(reader, &all, None)?.span else { return Ok(None) };
            (start.unwrap_or(span.start * HOUR_SECONDS), end.unwrap_or(span.end * HOUR_SECONDS))
        }
    };
    let text = match bounds {
        [Some(_), None] => "--start-time is after the last hour of the store",
        [None, Some(_)] => "--end-time is before the first hour of the store",
        _ => "--end-time is not later than --start-time",
    };
    TimeRange::covering(start, end).map(Some).ok_or_else(|| Error::usage(text))
}

/// The times at which hours begin and end.
fn times(hours: &Range<i64>) -> [String; 2] {
    [iso(hours.start * HOUR_SECONDS), iso(hours.end * HOUR_SECONDS)]
}

fn tables(found: &Survey, unbilled: &Unbilled) -> Vec<String> {
    let domains = &found.coverage.domains;
    let number = |number: u64| numbers::grouped(number.into());
    let rows: Vec<_> =
        domains.iter().map(|d| [d.domain.to_string(), number(d.complete), number(d.missing())]).collect();
    let mut lines = Table::new(["domain", ">hours", ">missing"]).lines(&rows);
    let gaps = domains.iter().flat_map(|domain| domain.gaps.iter().map(move |gap| (domain, gap)));
    let gaps: Vec<_> = gaps.collect();
    add(&mut lines, ["missing hours", "from", "until", ">hours"], &gaps, |(domain, gap)| {
        gap_row(domain, gap)
    });
    let without: Vec<_> = domains.iter().filter(|domain| !domain.has_source).collect();
    add(&mut lines, ["without any log"], &without, |domain| [domain.domain.to_string()]);
    let faults = &found.coverage.faults;
    add(&mut lines, ["faulty", "fault"], faults, |(name, why)| [name.clone(), why.clone()]);
    let strays = &found.coverage.strays;
    add(&mut lines, ["damaged, but no hour needs it", "fault"], strays, |(name, why)| {
        [name.clone(), why.clone()]
    });
    add(&mut lines, ["has no line"], &found.coverage.empty, |one| [one.name.clone()]);
    let heads = ["late arrivals", "end of hours", "arrived", ">how late (h:mm)"];
    add_some(&mut lines, heads, &found.arrivals, LATE, arrival_row);
    let heads = ["late lines", ">lines", "first slice", ">how late (h:mm)"];
    add_some(&mut lines, heads, &found.lines, LATE, lines_row);
    let twice = |one: &Overlap| [one.name.clone(), one.kind.text().into(), one.others.join(", ")];
    add(&mut lines, ["may count twice", "why", "with"], &found.overlaps, twice);
    add(&mut lines, ["outside the account"], &unbilled.outside, |domain| [domain.to_string()]);
    add(&mut lines, ["in no group"], &unbilled.in_none, |domain| [domain.to_string()]);
    let several = |(domain, groups): &(Domain, Vec<String>)| [domain.to_string(), groups.join(", ")];
    add(&mut lines, ["in several groups", "groups"], &unbilled.in_several, several);
    if found.coverage.is_complete() {
        let domains = number(domains.len() as u64);
        lines.extend([
            String::new(),
            format!("nothing is missing: every domain ({domains}) has a log in every hour"),
        ]);
    }
    lines
}

/// So many rows of each table are printed but of domains: nobody reads more of them, and scripts read JSON.
const LISTED: usize = 1000;

/// And so many of what came late: after a first ingest of old logs that is all of them, and nothing is wrong.
const LATE: usize = 5;

/// Adds a table, if it has any row.
fn add<const N: usize, T>(
    lines: &mut Vec<String>,
    heads: [&'static str; N],
    items: &[T],
    row: impl Fn(&T) -> [String; N],
) {
    add_some(lines, heads, items, LISTED, row);
}

/// Adds the first rows of a table, if it has any.
fn add_some<const N: usize, T>(
    lines: &mut Vec<String>,
    heads: [&'static str; N],
    items: &[T],
    most: usize,
    row: impl Fn(&T) -> [String; N],
) {
    let rows: Vec<_> = items.iter().take(most).map(row).collect();
    if rows.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.extend(Table::new(heads).lines(&rows));
    if items.len() > most {
        let more = numbers::grouped((items.len() - most) as u128);
        lines.push(format!("... and {more} more; --json lists all"));
    }
}

fn gap_row(domain: &DomainHours, gap: &Range<i64>) -> [String; 4] {
    let [from, until] = times(gap);
    [domain.domain.to_string(), from, until, numbers::grouped((gap.end - gap.start).unsigned_abs().into())]
}

fn arrival_row(late: &LateArrival) -> [String; 4] {
    [late.name.clone(), iso(late.end), iso(late.arrived), hours_and_minutes(late.by())]
}

fn lines_row(late: &LateLines) -> [String; 4] {
    let lines = numbers::grouped(late.lines.into());
    [late.name.clone(), lines, iso(late.first.start()), hours_and_minutes(late.by())]
}

/// What is printed for scripts, whose keys stand in their order everywhere.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(rename = "RequestId")]
    request_id: String,
    complete: bool,
    domains: Each<'a, DomainHours, Value>,
    empty: Vec<&'a str>,
    faults: Each<'a, (String, String), Value>,
    from: Option<String>,
    late_arrivals: Each<'a, LateArrival, ArrivalObject<'a>>,
    late_lines: Each<'a, LateLines, LinesObject<'a>>,
    overlaps: Value,
    strays: Each<'a, (String, String), Value>,
    unbilled: Value,
    until: Option<String>,
}

/// A list whose items are made when they are written: there may be hundreds of thousands.
struct Each<'a, T, J>(&'a [T], fn(&'a T) -> J);

impl<T, J: Serialize> Serialize for Each<'_, T, J> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(self.1))
    }
}

#[derive(Serialize)]
struct ArrivalObject<'a> {
    arrived: String,
    end_of_hours: String,
    late_seconds: i64,
    name: &'a str,
}

#[derive(Serialize)]
struct LinesObject<'a> {
    first_window: String,
    late_seconds: i64,
    lines: u64,
    name: &'a str,
}

fn object<'a>(found: &'a Survey, gaps: &Unbilled) -> Object<'a> {
    let span = found.coverage.span.as_ref().map(times);
    let [from, until] = span.map_or([None, None], |span| span.map(Some));
    Object {
        request_id: request_id(),
        complete: found.coverage.is_complete(),
        domains: Each(&found.coverage.domains, domain_object),
        empty: found.coverage.empty.iter().map(|one| &*one.name).collect(),
        faults: Each(&found.coverage.faults, fault_object),
        from,
        late_arrivals: Each(&found.arrivals, arrival_object),
        late_lines: Each(&found.lines, lines_object),
        overlaps: notes::overlaps(&found.overlaps),
        strays: Each(&found.coverage.strays, fault_object),
        unbilled: unbilled::as_json(gaps),
        until,
    }
}

fn fault_object((name, why): &(String, String)) -> Value {
    json!({"name": name, "fault": why})
}

fn domain_object(domain: &DomainHours) -> Value {
    let gap = |gap: &Range<i64>| {
        let [from, until] = times(gap);
        json!({"from": from, "until": until, "hours": gap.end - gap.start})
    };
    json!({
        "domain": domain.domain.to_string(),
        "has_source": domain.has_source,
        "complete_hours": domain.complete,
        "missing_hours": domain.missing(),
        "gaps": domain.gaps.iter().map(gap).collect::<Vec<_>>(),
    })
}

fn arrival_object(late: &LateArrival) -> ArrivalObject<'_> {
    let (arrived, end_of_hours) = (iso(late.arrived), iso(late.end));
    ArrivalObject { arrived, end_of_hours, late_seconds: late.by(), name: &late.name }
}

fn lines_object(late: &LateLines) -> LinesObject<'_> {
    let first_window = iso(late.first.start());
    LinesObject { first_window, late_seconds: late.by(), lines: late.lines, name: &late.name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_tables_end_with_how_much_is_left() {
        let lines = |count: usize| {
            let mut lines = Vec::new();
            add(&mut lines, [">number"], &(0..count).collect::<Vec<_>>(), |number| [number.to_string()]);
            lines
        };
        assert_eq!(lines(0), Vec::<String>::new());
        // A blank line and the head stand above.
        assert_eq!(lines(LISTED).len(), LISTED + 2);
        let cut = lines(LISTED + 2345);
        assert_eq!(cut.len(), LISTED + 3);
        assert_eq!(&cut[LISTED + 1..], ["   999", "... and 2,345 more; --json lists all"]);
    }
}
