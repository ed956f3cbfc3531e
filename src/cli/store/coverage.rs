//! `flowbook store coverage`: which hours have sources, and what came late.

use super::table::Table;
use crate::cli::flags::StoreFlags;
use crate::cli::{Ending, config, duration, environment, notes, numbers, show, times, unbilled};
use crate::contract::response::request_id;
use crate::domain::{Domain, DomainSet, Pattern, Selection};
use crate::error::{Error, Result};
use crate::hours::HOUR_SECONDS;
use crate::report::hours_and_minutes;
use crate::report::overlap::Overlap;
use crate::schedule::groups::{Unbilled, unbilled_in};
use crate::schedule::range::Moment;
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
/// every domain has a log in every hour; 3 if anything is missing. Tables end after 1,000 rows; --json lists all.
#[derive(Debug, Args)]
pub(super) struct CoverageArguments {
    #[command(flatten)]
    store: StoreFlags,

    /// Domains, separated by commas: www.example.com, or *.example.com for all its subdomains; may be repeated [default:
    /// all that have a log].
    #[arg(long, value_name = "NAMES", alias = "domain")]
    domain_names: Vec<String>,

    /// Start of the hours to list: a date, or a time as in export; UTC without an offset [default: the first hour of the
    /// store].
    #[arg(long, value_name = "TIME")]
    start_time: Option<String>,

    /// End of these hours: a date is the last day, a time is exclusive [default: the last hour of the store].
    #[arg(long, value_name = "TIME")]
    end_time: Option<String>,

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
    let (selection, bounds) = (selection(arguments)?, bounds(arguments)?);
    let reader = Reader::open(&arguments.store.store, arguments.store.waiting.lock_timeout)?;
    let range = range(bounds, &reader)?;
    let account = config::account(arguments.config.as_deref())?;
    let found = survey(&reader, &selection, range, arguments.late_after)?;
    let unbilled = unbilled_in(&reader, range.unwrap_or(TimeRange::all()), &account)?;
    if arguments.json {
        show::object(&object(&found, &unbilled))?;
    } else {
        show::lines(&tables(&found, &unbilled))?;
        if let Some(missing) = found.coverage.missing() {
            show::message(&format!("incomplete: {missing}"));
        }
    }
    Ok(if found.coverage.is_complete() { Ending::Done } else { Ending::WithRejects })
}

fn selection(arguments: &CoverageArguments) -> Result<Selection> {
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
    let time = |text: &String| Moment::parse(text).ok_or_else(|| Error::usage(times::UTC).at(text));
    let start = arguments.start_time.as_ref().map(time).transpose()?.map(|time| time.start(Zone::UTC));
    let end = arguments.end_time.as_ref().map(time).transpose()?.map(|time| time.end(Zone::UTC));
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
    add(&mut lines, heads, &found.arrivals, arrival_row);
    add(&mut lines, ["late lines", ">lines", "first slice", ">how late (h:mm)"], &found.lines, lines_row);
    let twice = |one: &Overlap| [one.name.clone(), one.kind.text().into(), one.others.join(", ")];
    add(&mut lines, ["may count twice", "why", "with"], &found.overlaps, twice);
    add(&mut lines, ["outside the account"], &unbilled.outside, |domain| [domain.to_string()]);
    add(&mut lines, ["in no group"], &unbilled.in_none, |domain| [domain.to_string()]);
    let several = |(domain, groups): &(Domain, Vec<String>)| [domain.to_string(), groups.join(", ")];
    add(&mut lines, ["in several groups", "groups"], &unbilled.in_several, several);
    lines
}

/// So many rows of each table are printed but of domains: nobody reads more of them, and scripts read JSON.
const LISTED: usize = 1000;

/// Adds a table, if it has any row.
fn add<const N: usize, T>(
    lines: &mut Vec<String>,
    heads: [&'static str; N],
    items: &[T],
    row: impl Fn(&T) -> [String; N],
) {
    let rows: Vec<_> = items.iter().take(LISTED).map(row).collect();
    if rows.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.extend(Table::new(heads).lines(&rows));
    if items.len() > LISTED {
        let more = numbers::grouped((items.len() - LISTED) as u128);
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
