//! The times of a request as people write them, made into those of the contract: options and lists of tasks are
//! lenient, the contract's own parameters are not.

use crate::contract::code::{Code, Refusal};
use crate::contract::request::{Account, ExportRequest, ExportSpec, validate};
use crate::error::Result;
use crate::locale::Language;
use crate::schedule::range::{Moment, RangeRule, no_such_day};
use crate::time::{Zone, iso};

/// What commands without a zone take, for messages.
pub(super) const UTC: &str = "give a date like 2026-03-01, or a time like 2026-03-01T00:00:00Z, 2026-03-01T00:00+08:00, \
                              or 2026-03-01 00:00 (UTC)";

/// A valid request: the parameters with the times that `range` or start and end mean at `now`, and the export that they
/// ask for.
pub(super) fn valid(
    mut request: ExportRequest,
    range: Option<&str>,
    now: i64,
    account: &Account,
    language: Language,
) -> Result<(ExportRequest, ExportSpec), Refusal> {
    let times = set(&mut request, range, now);
    match (validate(&request, account, language), times) {
        // What is wrong is said in the contract's order, and in the words of who reads more than the contract.
        (Err(refusal), Err(times))
            if matches!(refusal.code, Code::InvalidStartTime | Code::InvalidEndTime) =>
        {
            Err(times)
        }
        (Err(refusal), Ok(true))
            if refusal.code == Code::InvalidTimeRange && request.end_time > request.start_time =>
        {
            Err(about_last_day(&refusal))
        }
        (spec, _) => spec.map(|spec| (request, spec)),
    }
}

/// Why a text like a date is none, where that can be told, to be put behind it.
pub(super) fn why_not(text: &str) -> String {
    no_such_day(text).map(|why| format!(": {why}")).unwrap_or_default()
}

/// The refusal of a range that is too long and ends with a date.
pub(super) fn about_last_day(refusal: &Refusal) -> Refusal {
    let more = "An end that is a date is the last day of the range: March ends with 2026-03-31.";
    Refusal::new(refusal.code, format!("{} {more}", refusal.detail))
}

/// Sets the times of a request, and tells whether the end is a date; what cannot be read stays as it is.
fn set(request: &mut ExportRequest, range: Option<&str>, now: i64) -> Result<bool, Refusal> {
    // A zone that is none is refused with the request.
    let zone = request.time_zone.as_deref().and_then(Zone::parse).unwrap_or(Zone::UTC);
    if let Some(text) = range {
        let rule = RangeRule::parse(text).ok_or_else(|| {
            Refusal::new(Code::InvalidStartTime, format!("The range is {text:?}{}.", RangeRule::hint(text)))
        })?;
        if let Some(why) = rule.skipped(zone) {
            return Err(Refusal::new(Code::InvalidStartTime, format!("The range is {text:?}; {why}.")));
        }
        let (start, end) = rule.resolve(now, zone);
        (request.start_time, request.end_time) = (Some(iso(start)), Some(iso(end)));
        return Ok(matches!(rule, RangeRule::Fixed { end: Moment::Day(_), .. }));
    }
    let start = read("StartTime", Code::InvalidStartTime, request.start_time.as_deref(), zone)?;
    request.start_time = Some(iso(start.start(zone)));
    let end = read("EndTime", Code::InvalidEndTime, request.end_time.as_deref(), zone)?;
    request.end_time = Some(iso(end.end(zone)));
    Ok(matches!(end, Moment::Day(_)))
}

fn read(name: &str, code: Code, text: Option<&str>, zone: Zone) -> Result<Moment, Refusal> {
    let what = match text.filter(|text| !text.is_empty()) {
        None => "missing".to_owned(),
        Some(text) => match Moment::parse(text) {
            Some(moment) => match moment.skipped(zone) {
                Some(why) => return Err(Refusal::new(code, format!("{name} is {text:?}; {why}."))),
                None => return Ok(moment),
            },
            None => format!("{text:?}{}", why_not(text)),
        },
    };
    let more = if what == "missing" { ", or a month or a range instead of both" } else { "" };
    Err(Refusal::new(code, format!("{name} is {what}; {}{more}.", Moment::EXPECTED)))
}
