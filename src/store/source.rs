//! A source in the store: its number, its places, what is known of it, and what is read with it.

use super::value::{Values, of};
use crate::digest::{Hash, TextId};
use crate::domain::Domain;
use crate::names::{is_domain, outside};
use crate::region::Region;
use crate::report::{NamedHours, Sample, SourceReport};
use crate::time::DAY_SECONDS;
use crate::usage::table::UsageTable;
use rusqlite::Row;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::ops::Range;

/// A source in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(super) i64);

/// How the paths of places begin where nothing ever stood, which only say what is the beginning of a source's text.
pub const NOTE: &[u8] = b"=";
/// What stands before the hash of a beginning and the path of a text whose name tells domain and hours: it has that
/// beginning, and is the beginning of a longer one.
pub const NAMED: &[u8] = b"==";
/// The domains that names tell, by the index of these.
pub(super) const NAMED_DOMAINS: &str = "WITH RECURSIVE named (domain) AS (
         SELECT min(named_domain) FROM source WHERE named_domain IS NOT NULL
         UNION ALL
         SELECT (SELECT min(named_domain) FROM source WHERE named_domain > named.domain) FROM named
         WHERE named.domain IS NOT NULL)
     SELECT domain AS named_domain FROM named WHERE domain IS NOT NULL";

/// Whether a row of places is none of these.
pub(super) const IS_PLACE: &str = "substr(place.path, 1, 1) <> x'3d'";

/// Where a text was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The absolute path, as bytes.
    pub path: Vec<u8>,
    /// The name as it was given or found.
    pub name: String,
    /// What sources are sorted by.
    pub sort: Vec<u8>,
    /// Bytes on disk.
    pub size: Option<u64>,
    /// When it was changed, in nanoseconds since 1970.
    pub modified: Option<i64>,
    /// How much the name is preferred for its domain and hours: 0 if it has none.
    pub is_named: u32,
    /// Whether the place has only the beginning of the source's text.
    pub is_beginning: bool,
    /// Device and number of the file, if they were looked up.
    pub file: Option<String>,
}

/// What is seen of a file from outside, to find out whether it has changed.
#[derive(Clone, Debug)]
pub struct FileStat<'a> {
    /// The absolute path, as bytes.
    pub path: Vec<u8>,
    /// The name as it was given or found.
    pub name: &'a str,
    /// What sources are sorted by.
    pub sort: Cow<'a, OsStr>,
    /// Bytes on disk.
    pub size: u64,
    /// When it was changed, in nanoseconds since 1970.
    pub modified: i64,
    /// The format that was given for it.
    pub format: Option<&'a str>,
    /// The region that was given for it.
    pub region: Option<Region>,
    /// The domain that was given for lines whose URL has only a path.
    pub domain: Option<&'a Domain>,
}

/// What was found at a path when it was read.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Which source.
    pub id: SourceId,
    /// The place as it was then.
    pub place: Place,
    /// How its lines were read.
    pub way: Way,
    /// Why its reading ended early.
    pub fault: Option<String>,
}

/// How the lines of a source are read, apart from what its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The name of the format that it was read in.
    pub format: String,
    /// Which description of that format it was read by, if it is a described one.
    pub described: Option<i64>,
    /// The region that was named for it.
    pub region: Region,
    /// The domain that was given for lines whose URL has only a path.
    pub domain: Option<Domain>,
}

impl Way {
    /// Whether lines are read so in the format of this name, and by this description of it, if it is a described one.
    #[must_use]
    pub fn is_in(&self, format: &str, described: Option<i64>) -> bool {
        self.format == format && self.described == described
    }
}

/// What the store knows of a source.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which source.
    pub id: SourceId,
    /// The first of its names.
    pub name: String,
    /// The sort key of its first name.
    pub sort: Vec<u8>,
    /// The length of its text.
    pub text_bytes: u64,
    /// The hash of its text, and of the domain that its lines take from outside, unless it is empty.
    pub whole: Option<Hash>,
    /// The hash of its text alone, and that domain, where there is one.
    pub outside: Option<(Hash, Domain)>,
    /// The hash of its text's whole chunks.
    pub chain: Hash,
    /// The hash of its text's first bytes.
    pub head: Option<Hash>,
    /// What tells its first 64 bytes, as [`TextId::first`] does.
    pub first: Option<i64>,
    /// The hash of its text before the newline that its last line lacks.
    pub open: Option<Hash>,
    /// The domain and hours in its name.
    pub hours: Option<NamedHours>,
    /// How its lines were read.
    pub way: Way,
    /// Why its reading ended early.
    pub fault: Option<String>,
    /// Its lines.
    pub lines: u64,
    /// Those of them that were rejected.
    pub rejected: u64,
}

/// A source that was read, and its contents.
pub struct Arrival<'a> {
    /// Where it was found.
    pub place: &'a Place,
    /// The identity of its text, as far as it could be read.
    pub text: &'a TextId,
    /// Its counts.
    pub report: &'a SourceReport,
    /// Its first rejected lines.
    pub samples: &'a [Sample],
    /// Its usage.
    pub table: &'a UsageTable,
    /// The name of its format.
    pub format: &'a str,
    /// Which description of the format it was, if it is a described one.
    pub described: Option<i64>,
    /// The region that was named for it.
    pub region: Region,
    /// The domain that was given for its lines.
    pub domain: Option<&'a Domain>,
    /// Now, in unix seconds.
    pub now: i64,
}

/// A place with its source, from the columns source, path, name, sort, size, modified, `is_beginning`.
pub(super) fn placed(row: &Row<'_>) -> rusqlite::Result<(SourceId, Place)> {
    let values = of("place", row);
    let place = Place {
        path: values.get(1)?,
        name: values.get(2)?,
        sort: values.get(3)?,
        size: values.count_or_null(4)?,
        modified: values.get(5)?,
        is_named: 0,
        is_beginning: values.get(6)?,
        file: None,
    };
    Ok((SourceId(values.get(0)?), place))
}

/// What was found at a path, from the columns of [`placed`], and format, region, domain, described, fault.
pub(super) fn seen(row: &Row<'_>) -> rusqlite::Result<Seen> {
    let (id, place) = placed(row)?;
    Ok(Seen { id, place, way: way(row, 7, 10)?, fault: of("source", row).get(11)? })
}

/// Format, region and domain, from three columns, and the description.
fn way(row: &Row<'_>, at: usize, described: usize) -> rusqlite::Result<Way> {
    let source = of("source", row);
    let (region, domain) = (source.region(at + 1)?, source.domain_or_null(at + 2)?);
    Ok(Way { format: source.get(at)?, described: source.get(described)?, region, domain })
}

/// What is known of a source, from the columns that [`Known`] has.
pub(super) fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let source = of("source", row);
    Ok(Known {
        id: SourceId(source.get(0)?),
        name: source.get(1)?,
        sort: source.get(2)?,
        text_bytes: source.count(3)?,
        whole: source.get(4)?,
        chain: source.get(5)?,
        head: source.get(6)?,
        hours: Names::default().hours(row, 7)?.cloned(),
        way: way(row, 10, 19)?,
        fault: source.get(13)?,
        lines: source.count(14)?,
        rejected: of("reject", row).count(15)?,
        open: source.get(16)?,
        first: source.get(17)?,
        outside: outside_of(source, 18)?,
    })
}

/// The domain that lines with only a path are read for, where it is certain, from the columns `named_domain`, `domain` and
/// `text`.
pub(super) fn read_for(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Domain>> {
    let source = of("source", row);
    if let Some((_, outside)) = outside_of(source, at + 2)? {
        return Ok(Some(outside));
    }
    match source.domain_or_null(at)? {
        Some(named) => Ok(Some(named).filter(is_domain)),
        None => source.domain_or_null(at + 1),
    }
}

/// What is kept of a text whose lines take their domain from outside: its hash, and that domain backwards, so that what has
/// something put before a domain comes right behind it.
#[must_use]
pub fn joined(text: &Hash, outside: &str) -> Vec<u8> {
    text.iter().copied().chain(outside.bytes().rev()).collect()
}

/// What [`joined`] put together, from a column.
pub(super) fn outside_of(source: Values<'_, '_>, at: usize) -> rusqlite::Result<Option<(Hash, Domain)>> {
    let Some(bytes) = source.blob_or_null(at)? else { return Ok(None) };
    parted(bytes).map_or_else(|| source.damaged(at), |both| Ok(Some(both)))
}

fn parted(bytes: &[u8]) -> Option<(Hash, Domain)> {
    let (text, backwards) = bytes.split_first_chunk()?;
    let name: Vec<u8> = backwards.iter().rev().copied().collect();
    Some((*text, Domain::written(&name)?))
}

impl Known {
    /// The domain for its lines whose URL has only a path, if it is certain; a wildcard, where it is one of its subdomains.
    #[must_use]
    pub fn read_for(&self) -> Option<&Domain> {
        let taken = self.outside.as_ref().map(|(_, domain)| domain);
        taken.or_else(|| outside(self.hours.as_ref(), self.way.domain.as_ref(), None))
    }

    /// Whether another text begins with the same line, judged by its first bytes. A text without any bytes begins like
    /// every other.
    #[must_use]
    pub fn begins_alike(&self, text: &TextId) -> bool {
        match (self.first, self.head) {
            (Some(first), _) => text.first() == Some(first),
            // Read by an older version.
            (None, Some(head)) => text.heads.contains(&head),
            (None, None) => self.text_bytes == 0,
        }
    }
}

/// What names tell, row by row: sources of one domain mostly follow each other, and its name is read once.
#[derive(Default)]
pub(super) struct Names {
    last: Option<NamedHours>,
}

impl Names {
    /// What a name tells, from three columns.
    pub(super) fn hours(&mut self, row: &Row<'_>, at: usize) -> rusqlite::Result<Option<&NamedHours>> {
        self.read(row, at, named_span)
    }

    /// What several names of one domain tell, from the first to the last hour: these are never counted one by one.
    pub(super) fn span(&mut self, row: &Row<'_>, at: usize) -> rusqlite::Result<Option<&NamedHours>> {
        self.read(row, at, |source, at| Ok((calendar_time(source, at)?, calendar_time(source, at + 1)?)))
    }

    fn read(
        &mut self,
        row: &Row<'_>,
        at: usize,
        times: impl FnOnce(Values<'_, '_>, usize) -> rusqlite::Result<(i64, i64)>,
    ) -> rusqlite::Result<Option<&NamedHours>> {
        let source = of("source", row);
        let Some(text) = source.text_or_null(at)? else { return Ok(None) };
        let (start, end) = times(source, at + 1)?;
        match &mut self.last {
            Some(last) if last.domain.as_str() == text => (last.start, last.end) = (start, end),
            last => *last = Some(NamedHours { domain: source.domain(at)?, start, end }),
        }
        Ok(self.last.as_ref())
    }
}

/// The hours that one name tells, from two columns: never those of ten thousand years, which somebody would count.
pub(super) fn named_span(source: Values<'_, '_>, at: usize) -> rusqlite::Result<(i64, i64)> {
    let [start, end] = [calendar_time(source, at)?, source.get(at + 1)?];
    if (start..=start + DAY_SECONDS).contains(&end) { Ok((start, end)) } else { source.damaged(at + 1) }
}

/// A time of the calendar.
fn calendar_time(source: Values<'_, '_>, at: usize) -> rusqlite::Result<i64> {
    let time = source.get(at)?;
    if CALENDAR.contains(&time) { Ok(time) } else { source.damaged(at) }
}

/// Times that names and lines can tell: those of years of four digits, in any zone.
pub(super) const CALENDAR: Range<i64> = -62_167_219_200 - DAY_SECONDS..253_402_300_800 + 2 * DAY_SECONDS;
