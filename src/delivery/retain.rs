//! How long usage is kept: old usage is removed at the end of a tick, or on request.

use crate::error::{Error, Result};
use crate::store::{LetGo, OlderCopy, Reader, Writer, size};
use crate::time::{DAY_SECONDS, TimeRange, Window, iso};
use std::path::Path;
use std::time::Duration;

/// The result of removing old usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retained {
    /// What went.
    pub gone: LetGo,
    /// Bytes of the store before and after.
    pub bytes: (u64, u64),
}

/// The first slice that is kept if usage is kept for this many days, whole days in UTC; never before 1970.
#[must_use]
pub fn kept_from(now: i64, days: u32) -> Option<Window> {
    Window::holding((now - i64::from(days) * DAY_SECONDS).div_euclid(DAY_SECONDS) * DAY_SECONDS)
}

/// Removes the usage before a slice, and packs the file: always, or only if that is worth it. A dry run changes
/// nothing.
///
/// # Errors
/// If the store fails or is held by another process.
pub fn let_go(
    store: &Path,
    before: Window,
    wait: Duration,
    work: &str,
    (is_packed, dry_run): (bool, bool),
) -> Result<Retained> {
    let bytes = || size(store).map(|size| size.file + size.wal);
    let was = bytes()?;
    let older = if dry_run { OlderCopy::to_try_out(store, wait)? } else { None };
    let place = older.as_ref().map_or_else(|| store.to_owned(), OlderCopy::path);
    let mut writer = Writer::open_existing(&place, wait, work)?;
    let gone = writer.let_go(before)?;
    if !dry_run {
        writer.commit()?;
        if is_packed || writer.is_worth_packing()? {
            writer.vacuum()?;
        }
    }
    Ok(Retained { gone, bytes: (was, bytes()?) })
}

/// Refuses an export of usage that was let go: zeros would go out as if they were true.
pub(crate) fn keep_to_kept(reader: &Reader, range: TimeRange) -> Result<()> {
    what_was_let_go(reader, range)?.map_or(Ok(()), Err)
}

/// Says that usage of a range was let go, if it was. `Err` is a store that fails, and says nothing of its usage.
pub(crate) fn what_was_let_go(reader: &Reader, range: TimeRange) -> Result<Option<Error>> {
    let kept_from = reader.kept_from()?;
    if kept_from <= range.start() {
        return Ok(None);
    }
    let text = format!(
        "usage before {} was removed (keep_days, or store forget --before), and the range begins at {}; export a later \
         range, or the logs themselves",
        iso(kept_from.start()),
        iso(range.start().start())
    );
    Ok(Some(Error::usage(text).at(reader.path())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_kept() {
        let noon = 10 * DAY_SECONDS + 43_200;
        assert_eq!(kept_from(noon, 3).map(Window::start), Some(7 * DAY_SECONDS));
        assert_eq!(kept_from(noon, 11), None);
    }
}
