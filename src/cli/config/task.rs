//! `[[task]]`: each is tried over a sample of its range.

use super::duration;
use super::tables::{TaskTable, Texts};
use crate::cli::environment::zone_text;
use crate::cli::times::about_last_day;
use crate::contract::code::{Code, Refusal};
use crate::contract::request::{Account, ExportRequest, ExportSpec};
use crate::domain::Pattern;
use crate::error::{Error, Result};
use crate::locale::Language;
use crate::output::Spot;
use crate::schedule::plan::TaskRule;
use crate::schedule::range::{Moment, RangeRule};
use crate::spelling::hint;
use crate::store::Needs;
use crate::task::pattern;
use crate::time::Zone;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// When tasks are tried: any time does, but the same must pass today and tomorrow. What meets only at some times is found
/// by the tick. 2026-03-15T12:00:00Z.
const SAMPLE_NOW: i64 = 1_773_576_000;

/// `file` is the text that the tables were read from, `folder` that of all workbooks.
pub(super) fn tasks(
    tables: &[TaskTable],
    file: &str,
    account: &Account,
    folder: &Path,
) -> Result<Vec<TaskRule>> {
    let mut tasks: Vec<TaskRule> = Vec::new();
    let mut outputs: BTreeMap<Spot, String> = BTreeMap::new();
    for (n, table) in tables.iter().enumerate() {
        let name = name(n + 1, table)?;
        let entry = Entry { name, table };
        if tasks.iter().any(|task| task.name == name) {
            return Err(entry.wrong("name is the name of another task; give each task its own"));
        }
        entry.group(account)?;
        let task = entry.task(file)?;
        let output = Spot::of(&folder.join(entry.sample_output(&task, account)?));
        if let Some(other) = outputs.insert(output, name.into()) {
            return Err(entry.wrong(task.same_file(&other)));
        }
        tasks.push(task);
    }
    Ok(tasks)
}

/// The name of the `number`-th task of the file, from 1.
fn name(number: usize, table: &TaskTable) -> Result<&str> {
    let what = match table.name.as_deref() {
        Some(name) if !name.trim().is_empty() => return Ok(name),
        Some(_) => "empty",
        None => "missing",
    };
    Err(Error::usage(format!("[[task]] {number}: name is {what}; give each task its own")))
}

/// A task of the file, and what it is called in messages.
struct Entry<'a> {
    name: &'a str,
    table: &'a TaskTable,
}

impl Entry<'_> {
    fn wrong(&self, what: impl AsRef<str>) -> Error {
        Error::usage(format!("[[task]] {:?}: {}", self.name, what.as_ref()))
    }

    fn task(&self, file: &str) -> Result<TaskRule> {
        let table = self.table;
        self.no_empty_text(file)?;
        Ok(TaskRule {
            name: self.name.into(),
            request: self.request(file)?,
            range: self.range()?,
            zone: self.zone()?,
            pattern: self.pattern()?,
            needs: self.needs()?,
            wait_at_most: self.wait_at_most()?,
            settle: self.settle()?,
            refresh: table.refresh.unwrap_or(true),
        })
    }

    fn group(&self, account: &Account) -> Result<()> {
        let known = || account.groups.keys().map(String::as_str);
        let Some(name) = self.table.group.as_deref().filter(|name| !known().any(|other| other == *name))
        else {
            return Ok(());
        };
        if name.is_empty() {
            return Ok(());
        }
        let list = known().collect::<Vec<_>>().join(", ");
        let known_are =
            if list.is_empty() { "there is no [groups] table".into() } else { format!("known are: {list}") };
        Err(self.wrong(format!("group is {name:?}{}", hint(name, known(), &known_are))))
    }

    /// In a request, an empty parameter is one that was not given: here it is a slip.
    fn no_empty_text(&self, file: &str) -> Result<()> {
        let table = self.table;
        let texts = [
            ("type", table.kind.as_deref()),
            ("time_zone", table.time_zone.as_deref()),
            ("group", table.group.as_deref()),
            ("language", table.language.as_deref()),
            ("traffic_factor", table.traffic_factor.as_ref().map(|scalar| scalar.spelt(file))),
            ("bill_type", table.bill_type.as_deref()),
            ("rows", table.rows.as_deref()),
            ("samples", table.samples.as_deref()),
            ("overlaps", table.overlaps.as_deref()),
            ("max_rows", table.max_rows.as_ref().map(|scalar| scalar.spelt(file))),
        ];
        match texts.into_iter().find(|(_, text)| *text == Some("")) {
            Some((key, _)) => Err(self.wrong(format!("{key} is empty; give a value or leave the key out"))),
            None => Ok(()),
        }
    }

    fn request(&self, file: &str) -> Result<ExportRequest> {
        let table = self.table;
        Ok(ExportRequest {
            kind: table.kind.clone(),
            group: table.group.clone(),
            domain_names: self.domain_names()?,
            task_name: Some(self.name.into()),
            language: table.language.clone(),
            bill_type: table.bill_type.clone(),
            rows: table.rows.clone(),
            samples: table.samples.clone(),
            fold: self.fold()?,
            max_rows: table.max_rows.as_ref().map(|scalar| scalar.spelt(file).into()),
            overlaps: table.overlaps.clone(),
            time_zone: zone_text(table.time_zone.as_ref()),
            traffic_factor: table.traffic_factor.as_ref().map(|scalar| scalar.spelt(file).into()),
            ..ExportRequest::default()
        })
    }

    fn domain_names(&self) -> Result<Option<String>> {
        let Some(names) = self.table.domain_names.as_ref().map(Texts::as_slice) else { return Ok(None) };
        if self.table.group.is_some() {
            return Err(self.wrong("group and domain_names are both given; give one of them"));
        }
        if names.iter().all(|name| name.trim().is_empty()) {
            return Err(self.wrong("domain_names has no name; leave it out for all domains of the account"));
        }
        Ok(Some(names.join(",")))
    }

    fn fold(&self) -> Result<Option<String>> {
        let Some(names) = self.table.fold.as_ref().map(Texts::as_slice) else { return Ok(None) };
        if names.iter().all(|name| name.trim().is_empty()) {
            return Err(self.wrong("fold has no name; leave it out to count every host as itself"));
        }
        Ok(Some(names.join(",")))
    }

    fn range(&self) -> Result<RangeRule> {
        let Some(text) = self.table.range.as_deref() else {
            return Err(self.wrong(format!("range is missing; {}", RangeRule::EXPECTED)));
        };
        let rule = RangeRule::parse(text)
            .ok_or_else(|| self.wrong(format!("range is {text:?}{}", RangeRule::hint(text))))?;
        match rule.skipped(self.zone()?) {
            Some(why) => Err(self.wrong(format!("range is {text:?}; {why}"))),
            None => Ok(rule),
        }
    }

    fn zone(&self) -> Result<Zone> {
        let Some(text) = zone_text(self.table.time_zone.as_ref()) else { return Ok(Zone::UTC) };
        Zone::parse(&text).ok_or_else(|| self.wrong(format!("time_zone is {text:?}{}", Zone::hint(&text))))
    }

    fn pattern(&self) -> Result<pattern::NamePattern> {
        let text = self.table.output.as_deref().unwrap_or(pattern::DEFAULT);
        pattern::NamePattern::parse(text).map_err(|e| self.wrong_output(text, &e))
    }

    fn wrong_output(&self, text: &str, error: &Error) -> Error {
        self.wrong(format!("output is {text:?}; it {}", error.message()))
    }

    fn settle(&self) -> Result<Duration> {
        let Some(text) = self.table.settle.as_deref() else { return Ok(Duration::ZERO) };
        duration("settle", text).map_err(|e| self.wrong(e.message()))
    }

    fn needs(&self) -> Result<Option<Needs>> {
        let quiet = self.table.quiet.as_ref().map(Texts::as_slice).unwrap_or_default();
        if !self.table.require_complete && self.table.quiet.is_some() {
            return Err(self.wrong("quiet has no effect without require_complete = true"));
        }
        let texts = quiet.iter().map(|text| text.trim());
        let quiet: Result<Vec<Pattern>> = texts.map(|text| self.quiet(text)).collect();
        Ok(self.table.require_complete.then_some(Needs { quiet: quiet?.into_iter().collect() }))
    }

    fn quiet(&self, text: &str) -> Result<Pattern> {
        let expected = "give a domain name, or *. and a domain name for its subdomains";
        Pattern::parse(text).ok_or_else(|| self.wrong(format!("quiet has {text:?}; {expected}")))
    }

    fn wait_at_most(&self) -> Result<Option<Duration>> {
        let Some(text) = self.table.wait_at_most.as_deref() else { return Ok(None) };
        let wait = duration("wait_at_most", text).map_err(|e| self.wrong(e.message()))?;
        if wait < self.settle()? {
            return Err(self.wrong("wait_at_most is shorter than settle; give at least as much as settle"));
        }
        Ok(Some(wait))
    }

    /// The file that the task would write, tried with its request: both are valid for every range or for
    /// none.
    fn sample_output(&self, task: &TaskRule, account: &Account) -> Result<PathBuf> {
        let (start, end) = task.range_at(SAMPLE_NOW);
        let ends_with_date = matches!(task.range, RangeRule::Fixed { end: Moment::Day(_), .. });
        let spec = task.spec((start, end), account, Language::EnUs).map_err(|refusal| {
            let is_long = refusal.code == Code::InvalidTimeRange && end > start;
            if is_long && ends_with_date { about_last_day(&refusal) } else { refusal }
        });
        let spec = spec.map_err(|refusal| {
            Refusal::new(refusal.code, format!("[[task]] {:?}: {}", self.name, refusal.detail))
        })?;
        let spec = ExportSpec { id: Some("0".into()), ..spec };
        task.pattern.fill(&spec).map_err(|e| self.wrong_output(&task.pattern.to_string(), &e))
    }
}
