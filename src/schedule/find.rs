//! The logs of a plan: the files that its sources find, the files that are too young to be read, and the paths for
//! which no file was found.

use super::plan::Plan;
use crate::error::Result;
use crate::output;
use crate::output::paths::real_or_same;
use crate::source::{ORIGINS, Source, Stat, nanoseconds};
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// What the sources of a plan found.
#[derive(Default)]
pub(super) struct FoundLogs {
    /// The sources of all rules, sorted; what several rules find belongs to the first of them.
    pub(super) sources: Vec<Source>,
    /// Files that were changed a moment ago.
    pub(super) young: Vec<String>,
    /// Arguments that no file was found for.
    pub(super) unmatched: Vec<PathBuf>,
}

/// Finds the logs of a plan.
///
/// # Errors
/// When an argument is no valid glob.
pub(super) fn find(plan: &Plan) -> Result<FoundLogs> {
    let (mut found, mut seen) = (FoundLogs::default(), SeenFiles::default());
    let are_several = plan.sources.iter().map(|rule| rule.arguments.len()).sum::<usize>() > 1;
    for rule in &plan.sources {
        for argument in &rule.arguments {
            let mut sources = ORIGINS.list(std::slice::from_ref(argument), &rule.search)?;
            // Between two deliveries there may be nothing, which is told and no fault.
            sources.retain(|source| !source.is_unmatched);
            if sources.is_empty() {
                found.unmatched.push(argument.clone());
            }
            // Arguments may overlap, and spell one folder in several ways.
            sources.retain(|source| !are_several || seen.insert(source));
            found.sources.append(&mut sources);
        }
    }
    if !plan.min_age.is_zero() {
        take_out_young(&mut found, plan.min_age);
    }
    if are_several {
        found.sources.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    }
    Ok(found)
}

/// Leaves files that were changed less long ago for later: somebody may still write to them.
fn take_out_young(found: &mut FoundLogs, min_age: Duration) {
    // Not the time of the tick: others write on while logs are found.
    let now = nanoseconds(SystemTime::now()).map_or(i128::MAX, i128::from);
    let are_young: Vec<bool> =
        found.sources.par_iter().map(|source| is_young(source, min_age, now)).collect();
    let mut are_young = are_young.into_iter();
    let young = found.sources.extract_if(.., |_| are_young.next().unwrap_or(false));
    found.young = young.map(|source| source.name).collect();
}

/// Files that were found, by the names that their folders go by everywhere.
#[derive(Default)]
struct SeenFiles {
    files: HashSet<PathBuf>,
    folders: HashMap<PathBuf, PathBuf>,
}

impl SeenFiles {
    /// Adds a file; whether it was not there before.
    fn insert(&mut self, source: &Source) -> bool {
        let Some(path) = source.path() else { return true };
        let folder = output::folder(path);
        let real = self.folders.entry(folder.to_owned());
        let real = real.or_insert_with(|| real_or_same(folder));
        let file = real.join(path.file_name().unwrap_or_default());
        self.files.insert(file)
    }
}

/// Whether a file was changed less than `min_age` before `now`. Or after it, as the clock of the system that it is on may be
/// ahead; a file of a later time is not just being written.
fn is_young(source: &Source, min_age: Duration, now: i128) -> bool {
    if source.fault.is_some() {
        return false;
    }
    // What cannot be looked at is not young: it is named when it is read.
    let version = ORIGINS.stat(&source.origin).ok().and_then(Stat::version);
    let modified = version.and_then(|version| version.modified);
    modified.is_some_and(|modified| (now - i128::from(modified)).unsigned_abs() < min_age.as_nanos())
}
