//! Reads the contents of logs, as the one file of deliveries. All others know logs only by the hashes of their texts,
//! and by what is seen from outside.

use crate::digest::{Hash, TextId};
use crate::error::Result;
use crate::ingest::resume::{self, Beginning};
use crate::ingest::{Job, Rejects, Taken, ingest_each};
use crate::log::{Format, Formats};
use crate::source::{Origin, Origins, Resume, Site, Source};
use crate::store::{Known, Place};
use std::cmp::Ordering;

/// What came out of sources that were read together.
pub(super) type Read = (Vec<Taken>, Option<Rejects>);

/// Reads sources, each by itself.
///
/// # Errors
/// When one cannot be read to its end, unless the job keeps going.
pub(super) fn read(sources: Vec<Source>, job: &Job<'_>) -> Result<Read> {
    ingest_each(sources, job)
}

/// Logs that were read or stand in the store, to be compared. What cannot be read here is found out when all of it is
/// read.
#[derive(Clone, Copy)]
pub(super) struct Contents<'a> {
    pub(super) origins: &'a dyn Origins,
}

impl<'a> Contents<'a> {
    fn site<'o>(self, origin: &'o Origin) -> Site<'o>
    where
        'a: 'o,
    {
        Site { origins: self.origins, origin }
    }

    /// Whether a log can be opened, and opened again.
    pub(super) fn is_readable(self, origin: &Origin) -> bool {
        self.site(origin).open().is_ok()
    }

    /// Whether a log begins with a text.
    pub(super) fn begins_with(self, origin: &Origin, beginning: &Beginning) -> bool {
        resume::begins_with(self.site(origin), beginning).unwrap_or(false)
    }

    /// The hashes of the beginnings of a log, of these lengths.
    pub(super) fn beginnings(self, origin: &Origin, lengths: Vec<u64>) -> Option<Vec<(u64, Hash)>> {
        resume::beginnings(self.site(origin), lengths).ok()
    }

    /// The order of the texts of two logs.
    pub(super) fn order(self, one: &Origin, other: &Origin) -> Option<Ordering> {
        resume::order(self.site(one), self.site(other)).ok().map(|(order, _)| order)
    }

    /// What another text may begin with, which stands in a file.
    pub(super) fn as_beginning(self, origin: &Origin) -> Option<Beginning> {
        let site = self.site(origin);
        if !site.is_file() {
            return None;
        }
        let TextId { len, whole, open, .. } = resume::whole(site, None).ok()?;
        Some(Beginning { len, whole, open, is_damaged: false, outside: None })
    }

    /// Where a plain file that grew goes on.
    pub(super) fn behind(
        self,
        origin: &Origin,
        known: &Known,
        before: &Place,
        place: &Place,
        formats: Formats,
    ) -> Option<Resume> {
        let is_as_before =
            |format: &Format| format.may_be_cut() && known.way.is_in(format.name(), format.described());
        let format = formats.of_name(&known.way.format).filter(is_as_before)?;
        let is_plain = before.size == Some(known.text_bytes);
        let has_grown = place.size > Some(known.text_bytes);
        let whole = known.whole.filter(|_| is_plain && has_grown && known.fault.is_none())?;
        let text = TextId {
            len: known.text_bytes,
            whole,
            text: known.outside.as_ref().map_or(whole, |(text, _)| *text),
            outside: known.outside.as_ref().map(|(_, domain)| domain.clone()),
            chain: known.chain,
            heads: Vec::from_iter(known.head),
            open: known.open,
            raw: None,
            beginnings: Vec::new(),
        };
        let resume = resume::resume(self.site(origin), &text).ok().flatten()?;
        Some(Resume { judged: (known.lines, known.rejected), format, ..resume })
    }
}
