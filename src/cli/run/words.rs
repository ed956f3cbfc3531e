//! What a tick tells: messages, the table, the JSON line, and what of it is kept for `flowbook history`.

use super::Begun;
use crate::cli::missing::lacking;
use crate::cli::numbers::grouped;
use crate::cli::task::words::hours_with_log;
use crate::cli::{duration, let_go, notes, show, unbilled};
use crate::contract::response::request_id;
use crate::delivery::taking::Fate;
use crate::export::Exported;
use crate::report::overlap::Overlap;
use crate::schedule::groups::Unbilled;
use crate::schedule::plan::Plan;
use crate::schedule::unknown::Unknown;
use crate::schedule::{LeftAlone, Step, StepEnd, Ticked};
use crate::task::Outcome;
use crate::task::needs::{WaitCause, Waiting};
use crate::task::registry::{Logged, PastTick};
use crate::time::iso;
use crate::visible::{self, line};
use serde_json::{Value, json};

/// Names that people are shown of a list; `--json` has all.
const NAMED: usize = 10;
/// Entries of a list that are kept of a tick.
const KEPT: usize = 100;

/// When a tick was, and how it ended.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Unix seconds of its beginning.
    pub(super) time: i64,
    pub(super) milliseconds: u64,
    pub(super) exit_code: u8,
}

impl Frame {
    /// A tick that ends now.
    pub(super) fn of(begun: Begun, exit_code: u8) -> Self {
        Self { time: begun.time, milliseconds: begun.milliseconds(), exit_code }
    }

    pub(super) fn object(&self) -> Value {
        let mut object = json!({"RequestId": request_id()});
        self.put_into(&mut object);
        object
    }

    /// Adds what is told of every tick.
    pub(super) fn put_into(&self, object: &mut Value) {
        object["time"] = json!(iso(self.time));
        object["duration_ms"] = json!(self.milliseconds);
        object["version"] = json!(env!("CARGO_PKG_VERSION"));
        object["exit_code"] = json!(self.exit_code);
    }
}

/// Adds what went wrong to what is told of a tick.
pub(super) fn add_error(object: &mut Value, error: &str) {
    let before = object["error"].as_str().map(|before| format!("{before}; ")).unwrap_or_default();
    object["error"] = json!(before + error);
}

/// What a tick need not say, because one before said it and nothing has changed since: who is sent what each tick says
/// would soon read none of it. Its JSON always has it.
#[derive(Clone, Copy, Default)]
pub(super) struct Said {
    unbilled: bool,
    unknown: bool,
}

impl Said {
    /// What of a tick, as JSON, one of those before said.
    pub(super) fn by(ticks: &[PastTick], object: &Value) -> Self {
        let lines = ticks.iter().filter_map(|tick| serde_json::from_str(&tick.line).ok());
        let Some(before) = lines.into_iter().find(|line: &Value| line.get(UNKNOWN).is_some()) else {
            return Self::default();
        };
        let now = kept(object.clone());
        // The range is another one each day.
        let is_same = |place: &str| now.pointer(place) == before.pointer(place);
        Self { unbilled: UNBILLED.into_iter().all(is_same), unknown: now[UNKNOWN] == before[UNKNOWN] }
    }
}

/// Where the JSON line has domains that no log names.
const UNKNOWN: &str = "unknown_domains";
/// Where it has domains with usage that is not billed once.
const UNBILLED: [&str; 3] =
    ["/unbilled/outside_account", "/unbilled/in_no_group", "/unbilled/in_several_groups"];

/// What nobody should have to look for, on standard error.
pub(super) fn messages(ticked: &Ticked, plan: &Plan, now: i64, is_dry_run: bool, said: Said) {
    for (name, fault) in &ticked.taking.faults {
        show::message(&format!("{name}: {fault}"));
    }
    for argument in &ticked.unmatched {
        show::message(&format!("{}: no file was found for this path of [[source]]", argument.display()));
    }
    // What is passed over need not be there in every run: this is for whoever tries a configuration out.
    for (n, rule) in plan.sources.iter().enumerate().filter(|_| is_dry_run) {
        for (key, glob) in rule.search.unmatched() {
            show::message(&format!("[[source]] {}: {key} {glob:?} matched nothing", n + 1));
        }
    }
    for step in &ticked.steps {
        if let Some(text) = step_message(step, plan, now) {
            show::explain(&format!("task {}: {text}", line(&step.name)));
        }
        for text in notes::twice(overlaps(step)) {
            show::message(&format!("task {}: {text}", step.name));
        }
    }
    for one in ticked.retired.left_alone.iter().filter(|one| one.is_new) {
        show::explain(&format!(
            "{}: is due for removal but was left alone: {}; remove it yourself, or keep it: flowbook task delete {} \
             forgets it",
            visible::path(&one.path),
            one.why,
            one.id
        ));
    }
    if let Some(note) = show::not_kept(&ticked.taking) {
        show::message(&note);
    }
    if let Some(why) = &ticked.refused {
        show::explain(&if is_dry_run { format!("the run would be refused: {why}") } else { why.clone() });
    }
    if !ticked.unbilled.is_empty() && !said.unbilled {
        show::message(&unbilled_message(&ticked.unbilled));
    }
    if !ticked.unknown.is_empty() && !said.unknown {
        let name = |one: &Unknown| {
            let near = one.near.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            format!("{} ({}{near})", one.domain, one.place)
        };
        let names: Vec<String> = ticked.unknown.iter().map(name).collect();
        show::message(&format!("no log names these domains of the configuration: {}", list(&names)));
    }
    if !ticked.young.is_empty() {
        let (count, age) = (grouped(ticked.young.len() as u128), duration::words(plan.min_age));
        let names = list(&ticked.young);
        show::message(&format!(
            "changed less than {age} ago, left for the next tick: {count} files: {names}"
        ));
    }
}

/// What may be counted twice in a workbook that was made.
fn overlaps(step: &Step) -> &[Overlap] {
    match &step.end {
        StepEnd::Made(_, outcome, _) => outcome.report.overlaps(),
        _ => &[],
    }
}

fn step_message(step: &Step, plan: &Plan, now: i64) -> Option<String> {
    match &step.end {
        StepEnd::Failed(why) => Some(why.clone()),
        StepEnd::Made(_, _, Some(missing)) => {
            Some(format!("made incomplete, as wait_at_most has passed: {missing}"))
        }
        // What is not over yet cannot be covered.
        // Nor need it be, where a log of every hour that is needed is there: others are quiet.
        StepEnd::Made(_, outcome, None) if step.asked.1 <= now && !step.is_judged => {
            let found = &outcome.result.as_ref().ok()?.completeness;
            (!found.is_complete()).then(|| {
                let range = format!("{} to {}", iso(step.asked.0), iso(step.asked.1));
                let lacking = lacking(found);
                format!("its range, {range}, is not covered: hours with a log {found}{lacking}")
            })
        }
        // What waits for the first time does as it should; what stands and is not renewed is not what the store says.
        StepEnd::Waits(waiting) if matches!(waiting.cause, WaitCause::Less | WaitCause::Twice) => {
            let all_the_same = step.task.map(|id| {
                let store = visible::argument(&plan.store.to_string_lossy());
                format!("; flowbook task run {id} --store {store} --force makes it anyway")
            });
            Some(format!("waits: {}{}", waiting.why, all_the_same.unwrap_or_default()))
        }
        StepEnd::Waits(waiting) if waiting.cause == WaitCause::Removed => {
            Some(format!("waits: {}", waiting.why))
        }
        _ => None,
    }
}

fn unbilled_message(unbilled: &Unbilled) -> String {
    let mut parts = Vec::new();
    if !unbilled.outside.is_empty() {
        let count = grouped(unbilled.outside.len() as u128);
        parts.push(format!("{count} outside [account] domains ({})", list(&unbilled.outside)));
    }
    if !unbilled.in_none.is_empty() {
        let count = grouped(unbilled.in_none.len() as u128);
        parts.push(format!("{count} in no group ({})", list(&unbilled.in_none)));
    }
    if !unbilled.in_several.is_empty() {
        let one = |(domain, groups): &(_, Vec<String>)| format!("{domain} in {}", groups.join(" and "));
        let all: Vec<String> = unbilled.in_several.iter().map(one).collect();
        parts.push(format!("{} in more than one ({})", grouped(all.len() as u128), list(&all)));
    }
    format!("domains with usage {}: {}", unbilled.span(), parts.join("; "))
}

/// The first names of a list, and how many more there are.
fn list(names: &[impl ToString]) -> String {
    let mut texts: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    texts.extend((names.len() > NAMED).then(|| format!("{} more", names.len() - NAMED)));
    texts.join(", ")
}

fn logged(exported: &Exported) -> Logged {
    Logged::from(&exported.completeness)
}

/// Whether a tick had nothing to do.
fn is_idle(ticked: &Ticked) -> bool {
    let is_idle = |step: &Step| matches!(step.end, StepEnd::UpToDate(_) | StepEnd::Waits(_));
    let has_fault = !ticked.taking.faults.is_empty();
    !has_fault
        && !ticked.taking.is_changed()
        && ticked.retired.removed.is_empty()
        && ticked.steps.iter().all(is_idle)
}

pub(super) fn as_rows(ticked: &Ticked, is_dry_run: bool) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    if ticked.refused.is_some() {
        // What would have become of the sources says nothing now.
        return vec![("refused".to_owned(), "too many lines were rejected: nothing is stored".to_owned())];
    }
    if is_idle(ticked) {
        rows.push(("nothing to do".to_owned(), String::new()));
    }
    let fates = Fate::ALL.into_iter().filter(|fate| ticked.taking.had(*fate) > 0);
    rows.extend(
        fates.map(|fate| (format!("sources {}", fate.name()), grouped(ticked.taking.had(fate).into()))),
    );
    if !ticked.young.is_empty() {
        rows.push(("sources too young".into(), grouped(ticked.young.len() as u128)));
    }
    rows.extend(show::rejected(&ticked.taking));
    for step in &ticked.steps {
        let (word, detail) = words(&step.end);
        let file = step.output.display();
        let text =
            if detail.is_empty() { format!("{word}  {file}") } else { format!("{word}: {detail}  {file}") };
        rows.push((format!("task {}", step.name), text));
        if let StepEnd::Made(_, outcome, _) = &step.end {
            let hours = outcome.result.as_ref().map(|exported| hours_with_log(&logged(exported)));
            rows.extend(hours.ok().map(|hours| ("  hours with a log".to_owned(), hours)));
        }
    }
    // Where there was nothing to let go, nothing is said.
    if let Some(gone) = ticked.let_go.as_ref().filter(|done| done.gone.cells > 0 || done.gone.samples > 0) {
        let head = if is_dry_run { "usage that would be removed" } else { "usage removed" };
        rows.push((head.to_owned(), let_go::words(gone)));
    }
    let removed = if is_dry_run { "would be removed" } else { "removed" };
    rows.extend(ticked.retired.removed.iter().map(|path| (removed.to_owned(), path.display().to_string())));
    rows
}

/// What became of a step, and what there is to say of it.
fn words(end: &StepEnd) -> (&'static str, String) {
    let with = |why: &str, missing: &Option<String>| match missing {
        None => why.to_owned(),
        Some(missing) => format!("{why}, incomplete ({missing})"),
    };
    match end {
        StepEnd::UpToDate(None) => ("up to date", String::new()),
        StepEnd::UpToDate(Some(missing)) => ("up to date", format!("incomplete ({missing})")),
        StepEnd::Waits(waiting) => ("waits", waiting.why.clone()),
        StepEnd::Due(why, missing) => ("due", with(why.words(), missing)),
        StepEnd::Made(why, _, missing) => ("made", with(why.words(), missing)),
        StepEnd::Failed(why) => ("failed", why.clone()),
    }
}

pub(super) fn as_json(ticked: &Ticked, plan: &Plan, is_dry_run: bool) -> Value {
    let mut object = show::taking_object(&ticked.taking);
    object["young_files"] = json!(ticked.young);
    object["unmatched_paths"] =
        ticked.unmatched.iter().map(|path| json!(path.display().to_string())).collect();
    object["dry_run"] = json!(is_dry_run);
    object["nothing_to_do"] = json!(is_idle(ticked));
    object["tasks"] = ticked.steps.iter().map(|step| step_json(step, plan)).collect();
    if let Some(gone) = &ticked.let_go {
        object["let_go"] = let_go::as_json(gone);
    }
    object["removed"] = ticked.retired.removed.iter().map(|path| json!(path.display().to_string())).collect();
    object["left_alone"] = ticked.retired.left_alone.iter().map(left_alone_json).collect();
    object[UNKNOWN] = ticked.unknown.iter().map(unknown_json).collect();
    object["unbilled"] = unbilled::as_json(&ticked.unbilled);
    if let Some(why) = &ticked.refused {
        show::add_failure(&mut object, why);
    }
    object
}

fn left_alone_json(one: &LeftAlone) -> Value {
    json!({"path": one.path.display().to_string(), "why": one.why, "TaskId": one.id.to_string()})
}

fn unknown_json(one: &Unknown) -> Value {
    json!({"domain": one.domain.to_string(), "place": one.place, "did_you_mean": one.near})
}

fn step_json(step: &Step, plan: &Plan) -> Value {
    let (word, _) = words(&step.end);
    let mut object = json!({
        "TaskName": step.name,
        "StartTime": iso(step.asked.0),
        "EndTime": iso(step.asked.1),
        "file": step.output.display().to_string(),
        "state": word.replace(' ', "_"),
    });
    match &step.end {
        StepEnd::UpToDate(missing) => object["missing"] = json!(missing),
        StepEnd::Failed(why) | StepEnd::Waits(Waiting { why, .. }) => object["reason"] = json!(why),
        StepEnd::Due(why, missing) => {
            object["reason"] = json!(why.name());
            object["missing"] = json!(missing);
        }
        StepEnd::Made(why, outcome, missing) => {
            object["reason"] = json!(why.name());
            object["missing"] = json!(missing);
            made_json(&mut object, step, outcome, plan);
        }
    }
    object
}

fn made_json(object: &mut Value, step: &Step, outcome: &Outcome, plan: &Plan) {
    let Ok(exported) = &outcome.result else { return };
    object["detail_rows"] = json!(exported.rows);
    object["completeness"] = show::completeness(&exported.completeness);
    object["overlaps"] = notes::overlaps(outcome.report.overlaps());
    let rule = plan.tasks.iter().find(|task| task.name == step.name);
    let spec = rule.and_then(|rule| rule.spec(step.asked, &plan.account, crate::locale::Language::EnUs).ok());
    if let Some(spec) = spec {
        object["key_figures"] = show::key_figures(&spec, exported);
    }
}

/// What of the JSON line is kept: all but what says that nothing happened, and the ends of long lists.
pub(super) fn kept(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        for key in ["RequestId", "dry_run", "duplicates"] {
            fields.remove(key);
        }
    }
    if let Some(tasks) = object["tasks"].as_array_mut() {
        tasks.retain(|task| task["state"] != "up_to_date" || !task["missing"].is_null());
        for task in tasks {
            shorten(task, "/completeness/lacking");
            shorten_overlaps(task);
            shorten(task, "/key_figures/domains_without_requests");
        }
    }
    for key in
        ["faults", "empty", UNKNOWN, "young_files", "unmatched_paths", "removed", "left_alone", "tasks"]
    {
        shorten(&mut object, &format!("/{key}"));
    }
    shorten_overlaps(&mut object);
    for place in UNBILLED {
        shorten(&mut object, place);
    }
    object
}

fn shorten_overlaps(object: &mut Value) {
    shorten(object, "/overlaps");
    let list = object.get_mut("overlaps").and_then(Value::as_array_mut);
    for one in list.into_iter().flatten() {
        shorten(one, "/others");
    }
}

fn shorten(object: &mut Value, place: &str) {
    let list = object.pointer_mut(place).and_then(Value::as_array_mut);
    if let Some(entries) = list.filter(|entries| entries.len() > KEPT) {
        let more = entries.len() - KEPT;
        entries.truncate(KEPT);
        entries.push(json!(format!("{more} more")));
    }
}
