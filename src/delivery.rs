//! A delivery of logs to the store: logs are found, read, judged by their rejected lines, and committed in one
//! transaction or not at all.

pub mod taking;
pub(crate) mod place;
pub mod forget;
pub mod collision;
pub mod retain;
pub mod intake;
mod off_store;
mod read;
mod crowd;
mod decide;
mod work;
mod borrowed;
mod beginnings;
mod names;
mod apply;
mod settle;
mod plan;
mod round;

use crate::error::{Error, ErrorKind, Result};
use crate::events::{of_phase, timed};
use crate::ingest::Rejects;
use crate::ingest::limit::too_many_rejected;
use crate::log::Formats;
use crate::names::{may_be_named, named_hours_at};
use crate::output::beside::BESIDE;
use crate::output::paths::{are_beside, real_or_same};
use crate::output::{Output, check, folder, scratch_folder};
use crate::report::overlap::{self, Candidate, Overlap};
use crate::report::{RejectLimit, Scope};
use crate::source::Source;
use crate::store::{AccountId, MaybeAlike, OlderCopy, Writer};
use collision::{keep_apart, keep_two};
use intake::Intake;
use off_store::OffStore;
pub use round::take_in;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use taking::Taking;

/// Where a delivery goes, and when it is refused.
pub struct Delivery<'a> {
    /// The store's file.
    pub store: &'a Path,
    /// How long to wait for another writer.
    pub wait: Duration,
    /// The account whose logs they are.
    pub account: AccountId,
    /// What is being done, for other processes that wait.
    pub work: &'a str,
    /// How sources are ingested.
    pub intake: Intake<'a>,
    /// How many of the lines that are read may be rejected.
    pub max_rejects: RejectLimit,
    /// Where every rejected line goes, if anywhere.
    pub rejects: Option<&'a Path>,
    /// Files that will be written after the delivery, and so must be none of the logs.
    pub results: &'a [PathBuf],
    /// The store is used by this run only: it need not survive a power failure.
    pub is_scratch: bool,
    /// Replace the file of rejected lines if it is there.
    pub force: bool,
    /// Only find out what would happen.
    pub dry_run: bool,
}

/// The result of a delivery.
pub struct Delivered {
    /// What became of the sources.
    pub taking: Taking,
    /// Why nothing was stored: too many rejected lines.
    pub refused: Option<String>,
}

/// Delivers sources to the store.
///
/// # Errors
/// If a source cannot be read to its end (unless the intake keeps going), or the store fails or is held by another
/// process. The store is not changed then.
pub fn deliver(mut sources: Vec<Source>, delivery: &Delivery<'_>) -> Result<Delivered> {
    let Delivery { store, wait, work, rejects, force, .. } = *delivery;
    leave_out_store(&mut sources, store);
    keep_results_safe(&sources, delivery)?;
    let mut file = rejects.map(|path| Output::create(path, force)).transpose()?;
    // What only finds out what would happen makes no store, and brings none to a new version.
    let trial = (delivery.dry_run && !store.exists()).then(scratch_folder).transpose()?;
    let older = if delivery.dry_run && store.exists() { OlderCopy::to_try_out(store, wait)? } else { None };
    let mut writer = match (&trial, &older) {
        (Some(folder), _) => Writer::scratch(&folder.path().join("usage.db")),
        (None, Some(older)) => Writer::scratch(&older.path()),
        (None, None) if delivery.is_scratch => Writer::scratch(store),
        (None, None) => Writer::open(store, wait, work),
    }?
    .for_account(delivery.account);
    let delivered = write(&mut writer, sources, delivery, file.as_mut());
    // What was made for nothing is taken away again.
    let is_stored =
        delivered.as_ref().is_ok_and(|delivered| delivered.refused.is_none()) && !delivery.dry_run;
    let left = if is_stored { Ok(()) } else { writer.give_up() };
    let delivered = match delivered {
        Ok(delivered) => left.map(|()| delivered),
        Err(error) => Err(error.then(left)),
    }?;
    file.map_or(Ok(()), Output::commit)?;
    Ok(delivered)
}

/// Writes the logs to the store and the rejected lines to their file, unless the delivery is refused.
fn write(
    writer: &mut Writer,
    sources: Vec<Source>,
    delivery: &Delivery<'_>,
    file: Option<&mut Output>,
) -> Result<Delivered> {
    let origins = OffStore::new(delivery.intake.origins, delivery.store);
    let intake = Intake { origins: &origins, keep_rejects: delivery.rejects.map(folder), ..delivery.intake };
    let format = sources.first().map(Source::format).unwrap_or_default().expected();
    let may_name = |name: &str| intake.rejects_of.is_none_or(|scope| may_be_named(name, scope.selection));
    let of_others = |error: Error| match (error.kind(), error.place()) {
        (ErrorKind::Damaged(_), Some(name)) if !may_name(name) => Error::damaged(OF_OTHERS),
        _ => error,
    };
    let taken = timed("reading logs into the store", || take_in(writer, sources, &intake));
    let mut taking = taken.map_err(of_others)?;
    of_phase!("logs by result: {}", taking.fates_in_words());
    let refused = delivery.max_rejects.exceeded(&taking.judged(intake.keep_going)).then(|| {
        // A line of others is not shown to an export of some domains.
        let shows = |name: &str, text: &[u8]| {
            let hours = named_hours_at(Path::new(name));
            intake.rejects_of.is_none_or(|scope| Scope::shows(scope.selection, hours.as_ref(), text))
        };
        let first = taking.first_reject.as_ref().map(|(name, sample, _)| (name.as_str(), sample));
        let format = taking.first_reject.as_ref().map_or(format, |(_, _, format)| *format);
        let first = first.filter(|(name, sample)| may_name(name) && shows(name, &sample.text));
        too_many_rejected(
            &taking.judged(intake.keep_going),
            delivery.max_rejects,
            format,
            first,
            if delivery.is_scratch {
                "nothing is stored, and no workbook made"
            } else {
                "the store was not changed"
            },
        )
    });
    if refused.is_none() && !intake.keep_going {
        if let Some((name, fault)) = taking.faults.iter().find(|(name, _)| may_name(name)) {
            return Err(Error::damaged(fault.clone()).at(name));
        }
        if !taking.faults.is_empty() {
            return Err(Error::damaged(OF_OTHERS));
        }
    }
    if refused.is_none() {
        taking.read_otherwise = read_otherwise(writer, intake.formats)?;
        taking.overlaps = timed("looking for lines that count twice", || overlaps(writer))?;
    }
    // What may fail comes before the commit: afterwards, the file only gets its name.
    if let (Some(file), Some(path)) = (file, delivery.rejects) {
        let of = intake.rejects_of.map(|scope| scope.selection);
        Rejects::write_csv(std::mem::take(&mut taking.rejects), file, path, of)?;
    }
    if refused.is_none() && !delivery.dry_run {
        timed("writing the store", || writer.commit())?;
    }
    Ok(Delivered { taking, refused })
}

/// Said of a damaged log that an export does not name.
const OF_OTHERS: &str =
    "a log that is none of this export could not be read to its end; flowbook ingest names it";

/// The formats whose descriptions are other ones by now than those that sources were read by, and how many these are.
fn read_otherwise(writer: &mut Writer, formats: Formats) -> Result<Vec<(String, u64)>> {
    let is_other = |name: &str, described| {
        formats.of_name(name).is_some_and(|format| format.described() != Some(described))
    };
    let mut found: Vec<(String, u64)> = Vec::new();
    for (name, _, sources) in
        writer.descriptions()?.into_iter().filter(|(name, described, _)| is_other(name, *described))
    {
        match found.last_mut().filter(|(known, _)| *known == name) {
            Some((_, all)) => *all += sources,
            None => found.push((name, sources)),
        }
    }
    Ok(found)
}

/// What may be counted twice of what was added.
fn overlaps(writer: &mut Writer) -> Result<Vec<Overlap>> {
    let sources = writer.maybe_alike()?;
    let candidates: Vec<Candidate<'_>> = sources.iter().map(candidate).collect();
    Ok(overlap::among_those(&candidates, |at| sources[at].is_new))
}

fn candidate(source: &MaybeAlike) -> Candidate<'_> {
    let MaybeAlike { name, hours, lines, sketch, .. } = source;
    Candidate { name, hours: hours.as_ref(), lines: *lines, sketch }
}

/// Refuses to write a result over the store, a log or another result.
fn keep_results_safe(sources: &[Source], delivery: &Delivery<'_>) -> Result<()> {
    let rejects = delivery.rejects.map(|path| check(path, delivery.force)).transpose()?;
    for result in delivery.results.iter().chain(&rejects) {
        keep_off_store(result, delivery.store)?;
    }
    for result in delivery.results {
        keep_two(rejects.as_deref(), result)?;
    }
    keep_apart(delivery.results.iter().chain(&rejects).map(PathBuf::as_path), sources)
}

/// Takes out what is no log, but the store or beside it for its sake.
pub(super) fn leave_out_store(sources: &mut Vec<Source>, store: &Path) {
    let store = &real_or_same(store);
    sources.retain(|source| source.path().is_none_or(|path| !is_of_store(path, store)));
}

/// Refuses to write a result over the store.
///
/// # Errors
/// If `path` is the store, or one of the files that belong to it.
pub fn keep_off_store(path: &Path, store: &Path) -> Result<()> {
    if is_of_store(&real_or_same(path), &real_or_same(store)) {
        return Err(Error::usage("is the store and would be overwritten; name another file").at(path));
    }
    Ok(())
}

/// Whether a file is the store itself, or lies beside it for its sake.
fn is_of_store(path: &Path, store: &Path) -> bool {
    let rest = last(path).strip_prefix(last(store));
    let is_ending = |rest: &[u8]| rest.is_empty() || BESIDE.iter().any(|ending| ending.as_bytes() == rest);
    let is_named = rest.is_some_and(is_ending);
    is_named && are_beside(path, store)
}

/// The last part of a path, as bytes.
fn last(path: &Path) -> &[u8] {
    path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default()
}
