//! The hot loop: lines of one part of the input, folded into a usage table and counts.
//!
//! Knows nothing of files and threads. What lines before needed is remembered, from part to part: their hosts, each
//! with the series it led to and the cell of its last window.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

mod hosts;
mod marred;

use super::Job;
use super::fingerprint::{self, Fingerprint};
use super::lines::Chunk;
use super::rejects::{Extent, PartSample, RejectSink, Spill};
use crate::domain::Domain;
use crate::error::{Error, ErrorKind, Result};
use crate::hash;
use crate::log::{Choice, Format, Parser};
use crate::names::core;
use crate::record::{Parsed, Reason, Record};
use crate::region::Region;
use crate::report::{Counts, NamedHours};
use crate::sketch::Draft;
use crate::source::Source;
use crate::time::{WINDOW_SECONDS, Window, iso};
use crate::usage::table::{CellId, HourId, SeriesId, UsageTable};
use hosts::Hosts;
use memchr::memchr;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::mem;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// Folds the lines of parts into a table, part by part.
pub(super) struct Fold<'a> {
    spill: Option<&'a Spill>,
    /// Of the format of the source, as is the mender.
    parser: Parser,
    /// For lines among bytes that mean nothing, while the other one is in the middle of a block.
    mender: Parser,
    state: State<'a>,
    sink: RejectSink<'a>,
    /// The first bytes of the part.
    first_bytes: Vec<u8>,
}

/// What is known of the lines of a part.
pub(super) struct Folded {
    pub(super) counts: Counts,
    pub(super) samples: Vec<PartSample>,
    pub(super) extents: Vec<Extent>,
    /// What texts that begin alike have in common.
    pub(super) fingerprint: Fingerprint,
    /// What tells whether its lines stand elsewhere, too.
    pub(super) draft: Draft,
    /// The format that they were read in.
    pub(super) format: Format,
    /// Whether lines without a host took the domain of the source, or would have if it were not a wildcard.
    pub(super) has_used_domain: bool,
}

/// The domain that stands in where a line holds no host; a wildcard says only that it is one of its subdomains.
struct Outside {
    domain: Domain,
    /// Whether it did.
    is_used: bool,
    /// What its lines have in their hashes: see [`Outside::in_hashes`].
    in_hashes: Option<u64>,
}

impl Outside {
    /// The domain as it stands in the hashes of lines that do not tell theirs, so that those of two domains differ: without
    /// what is put before that of a copy. `None` if they are rejected.
    #[cold]
    fn in_hashes(&mut self) -> Option<u64> {
        let domain = &self.domain;
        let hash = || hash::all(1, core(domain.as_str()).as_bytes()).max(1);
        (!domain.is_wildcard()).then(|| *self.in_hashes.get_or_insert_with(hash))
    }
}

/// Everything but the parser, from which a record borrows.
struct State<'a> {
    job: &'a Job<'a>,
    /// First window of the range, its start in unix seconds, and the length of the range.
    first: u32,
    start: i64,
    seconds: i64,
    /// The region of every line, unless the format tells it.
    region: Region,
    /// That of the source, if it has one.
    outside: Option<Outside>,
    /// Whether it is the domain that was given for the source.
    takes_given: bool,
    /// In which hours since 1970 a line is evidence that its domain has a log: see [`Source::evidence`].
    evidence: Option<Range<i64>>,
    /// Where there are any, what lines were counted in.
    met: SharedHours,
    /// Lines of before this time are late for their file.
    hour_start: i64,
    table: UsageTable,
    counts: Counts,
    draft: Draft,
    hosts: Hosts<Meaning>,
    /// Domains that were met and not asked for.
    others: BTreeSet<Domain>,
}

/// What lines were counted in of a source that is not certain to be of one domain.
#[derive(Default)]
struct SharedHours {
    /// Hours of the table, each with its hour since 1970 and its requests before.
    hours: HashMap<HourId, (i64, u64)>,
    /// Hosts that count as another domain and need a log of their own, each with an hour since 1970.
    hosts: HashSet<(Domain, u32)>,
}

impl SharedHours {
    #[cold]
    fn note(&mut self, table: &UsageTable, host: Option<&Domain>, cell: CellId, window: Window) {
        let hour = window.index() / WINDOWS_PER_HOUR;
        if let Some(host) = host {
            self.hosts.insert((host.clone(), hour));
        } else {
            let met = || (hour.into(), table.requests_of(cell.hour()));
            self.hours.entry(cell.hour()).or_insert_with(met);
        }
    }
}

/// Windows of an hour.
const WINDOWS_PER_HOUR: u32 = 12;

/// So many domains that were not asked for are remembered, to say which name was meant.
const OTHERS: usize = 4096;

/// What a host means.
enum Meaning {
    Invalid,
    Unwanted,
    /// It counts as a domain; with the host itself, if that is another one and needs a log of its own.
    Wanted(Domain, Option<Domain>, Option<LastCell>),
}

/// Where the line before of a host was counted.
struct LastCell {
    region: Region,
    series: SeriesId,
    window: Window,
    cell: CellId,
}

impl LastCell {
    /// Whether a line of `window` and `region` counts here as well.
    #[inline]
    fn holds(&self, region: Region, window: Window) -> bool {
        self.window == window && self.region == region
    }
}

/// Why a record was not counted.
enum Stop {
    /// The line is not an entry by the rules of its format.
    NoEntry,
    Rejected(Reason),
    Failed(Error),
}

impl<'a> Fold<'a> {
    /// An empty table, and room to keep rejected lines in, if they are to be kept.
    pub(super) fn new(job: &'a Job<'a>, spill: Option<&'a Spill>) -> Self {
        let state = State {
            job,
            first: job.range.start().index(),
            start: job.range.start().start(),
            seconds: job.range.seconds(),
            region: Region::Unspecified,
            outside: None,
            takes_given: false,
            evidence: None,
            met: SharedHours::default(),
            hour_start: i64::MIN,
            table: UsageTable::new(),
            counts: Counts::default(),
            draft: Draft::default(),
            hosts: Hosts::new(Meaning::Invalid),
            others: BTreeSet::new(),
        };
        let [parser, mender] = [Format::default().parser(), Format::default().parser()];
        Self { spill, parser, mender, state, sink: RejectSink::new(spill), first_bytes: Vec::new() }
    }

    /// Begins a part of `source`, whose parser is to be [prepared](Self::prepare) before its first chunk.
    pub(super) fn begin(&mut self, source: &Source) {
        let hours = source.named.as_ref();
        self.state.region = source.reading.region;
        self.state.takes_given = source.takes_given_domain();
        self.state.evidence = source.evidence();
        if self.state.evidence.is_some() {
            // What is remembered of hosts are places that are found already: here all are noted that are counted in.
            self.state.hosts = Hosts::new(Meaning::Invalid);
        }
        self.state.hour_start = hours.map_or(i64::MIN, NamedHours::first_window_start);
        self.first_bytes.clear();
        // A word in the name is better than nothing.
        self.state.set_outside(source.outside().or_else(|| hours.map(|hours| &hours.domain)));
    }

    /// Takes the parser that is chosen for the source, whose text begins with `head`: see [`HEAD`](crate::log::HEAD).
    pub(super) fn prepare(&mut self, format: Choice, head: &[u8]) {
        let format = format.of_text(head);
        if self.parser.format() != format {
            (self.parser, self.mender) = (format.parser(), format.parser());
        }
        self.parser.prepare(head);
        self.mender.prepare(head);
    }

    /// Ends the part.
    ///
    /// # Errors
    /// When rejected lines cannot be kept.
    pub(super) fn end(&mut self) -> Result<Folded> {
        let sink = mem::replace(&mut self.sink, RejectSink::new(self.spill));
        let (samples, extents) = sink.finish()?;
        let has_used_domain = self.state.outside.as_ref().is_some_and(|outside| outside.is_used);
        if self.state.takes_given && has_used_domain {
            self.state.job.progress.has_used_domain.store(true, Relaxed);
        }
        self.state.note_shared();
        let (counts, draft) = (mem::take(&mut self.state.counts), mem::take(&mut self.state.draft));
        let (fingerprint, format) = (Fingerprint::of(&self.first_bytes), self.parser.format());
        Ok(Folded { counts, samples, extents, fingerprint, draft, format, has_used_domain })
    }

    /// Gives the table away, for an empty one.
    pub(super) fn take_table(&mut self) -> UsageTable {
        // What is remembered of hosts are places in the table.
        self.state.hosts = Hosts::new(Meaning::Invalid);
        mem::take(&mut self.state.table)
    }

    /// Gives away the domains that were met and not asked for, as far as they were remembered.
    pub(super) fn take_others(&mut self) -> BTreeSet<Domain> {
        mem::take(&mut self.state.others)
    }

    /// Folds a block of lines.
    ///
    /// # Errors
    /// When a sum overflows or rejected lines cannot be kept: the job stops.
    pub(super) fn chunk(&mut self, chunk: &Chunk<'_>) -> Result<()> {
        let (Chunk::Lines(text) | Chunk::TooLong(text)) = chunk;
        let missing = fingerprint::KEPT - self.first_bytes.len();
        if missing > 0 {
            let first = &text[..text.len().min(missing)];
            if memchr(0, first).is_none() {
                self.first_bytes.extend_from_slice(first);
            } else {
                // However many NULs stand there, they tell no text from another.
                self.first_bytes.extend(text.iter().filter(|byte| **byte != 0).take(missing));
            }
        }
        match chunk {
            Chunk::Lines(block) => self.block(block),
            Chunk::TooLong(line) => {
                self.state.counts.lines += 1;
                self.reject(Reason::TooLong, line)
            }
        }
    }

    fn block(&mut self, block: &[u8]) -> Result<()> {
        let Self { parser, mender, state, sink, .. } = self;
        parser.lines(block, |line, parsed| match state.count_line(line, parsed)? {
            None => Ok(()),
            Some(_) if marred::is_marred(line) => state.mend(line, mender, sink),
            Some(reason) => state.reject(line, reason, sink),
        })
    }

    fn reject(&mut self, reason: Reason, line: &[u8]) -> Result<()> {
        self.state.reject(line, reason, &mut self.sink)
    }
}

impl State<'_> {
    /// The domain of the source, where lines hold no host.
    fn set_outside(&mut self, domain: Option<&Domain>) {
        match &mut self.outside {
            Some(known) if Some(&known.domain) == domain => known.is_used = false,
            _ => {
                self.outside =
                    domain.map(|domain| Outside { domain: domain.clone(), is_used: false, in_hashes: None });
            }
        }
    }

    /// Counts a line unless it is to be rejected: then the reason is given.
    #[inline(always)]
    fn count_line(&mut self, line: &[u8], parsed: Parsed<'_>) -> Result<Option<Reason>> {
        self.counts.lines += 1;
        let stop = match parsed {
            Ok(Some(record)) => {
                // Before it is counted: what is known of it is at hand, and need not be kept for this.
                let outside = &mut self.outside;
                let outside = || match (record.host, outside) {
                    (Some(_), _) => Some(0),
                    (None, outside) => outside.as_mut().and_then(Outside::in_hashes),
                };
                self.draft.note(record.time, record.bytes, line, outside);
                self.count_record(&record).err()
            }
            Ok(None) => Some(Stop::NoEntry),
            Err(reason) => Some(Stop::Rejected(reason)),
        };
        match stop {
            None => Ok(None),
            Some(Stop::Failed(error)) => Err(error.line(self.counts.lines)),
            // A blank line is one in any format.
            Some(_) if line.trim_ascii().is_empty() => {
                self.counts.blank += 1;
                Ok(None)
            }
            Some(Stop::NoEntry) => {
                self.counts.skipped += 1;
                Ok(None)
            }
            Some(Stop::Rejected(reason)) => Ok(Some(reason)),
        }
    }

    /// Takes note of the requests of the part in the hours that it has lines of, where it is not certain to be of one
    /// domain: at its end, not line by line.
    fn note_shared(&mut self) {
        let Some(evidence) = &self.evidence else { return };
        for (id, (hour, before)) in self.met.hours.drain() {
            let requests = self.table.requests_of(id) - before;
            self.table.note_shared(id, requests, evidence.contains(&hour));
        }
        for (host, hour) in self.met.hosts.drain() {
            self.table.note_host(&host, hour, evidence.contains(&hour.into()));
        }
    }

    #[cold]
    fn reject(&mut self, line: &[u8], reason: Reason, sink: &mut RejectSink<'_>) -> Result<()> {
        self.counts.rejected[reason as usize] += 1;
        sink.take(self.counts.lines, reason, line)
    }

    /// Counts what is left of a line without the bytes that mean nothing, in the place of the line.
    #[cold]
    fn mend(&mut self, line: &[u8], mender: &mut Parser, sink: &mut RejectSink<'_>) -> Result<()> {
        self.counts.lines -= 1;
        let format = mender.format();
        marred::lines(line, |text| format.may_begin_entry(text)).try_for_each(|left| {
            if left.is_empty() {
                // No line to a parser, and a blank one here.
                return self.count_line(left, Err(Reason::BadTime)).map(drop);
            }
            mender.lines(left, |line, parsed| match self.count_line(line, parsed)? {
                None => Ok(()),
                Some(reason) => self.reject(line, reason, sink),
            })
        })
    }

    /// Counts a good line. Whether a line is good does not depend on what was asked for: its host is
    /// judged first, then range, then scope.
    #[inline(always)]
    fn count_record(&mut self, record: &Record<'_>) -> Result<(), Stop> {
        let (job, others) = (self.job, &mut self.others);
        let raw = match (record.host, &mut self.outside) {
            (Some(host), _) => host,
            (None, Some(outside)) => {
                outside.is_used = true;
                if outside.domain.is_wildcard() {
                    return Err(Stop::Rejected(Reason::NoDomain));
                }
                outside.domain.as_str().as_bytes()
            }
            (None, None) => return Err(Stop::Rejected(Reason::NoDomain)),
        };
        let (domain, host, place) = match self.hosts.meaning(raw, |raw| learn_host(job, others, raw)) {
            Meaning::Invalid => return Err(Stop::Rejected(Reason::BadDomain)),
            Meaning::Unwanted => (None, &None, &mut None),
            Meaning::Wanted(domain, host, place) => (Some(&*domain), &*host, place),
        };
        let since = record.time - self.start;
        if since < 0 || since >= self.seconds {
            self.counts.outside_range += 1;
            return Ok(());
        }
        let Some(domain) = domain else {
            self.counts.other_domains += 1;
            return Ok(());
        };
        self.counts.accepted += 1;
        self.counts.traffic += u128::from(record.bytes);
        let window = window_at(self.first, since);
        if record.time < self.hour_start {
            note_late(&mut self.counts, window);
        }
        let region = if self.region == Region::Unspecified { record.region } else { self.region };
        let cell = match place {
            Some(place) if place.holds(region, window) => place.cell,
            _ => {
                let is_shared = self.evidence.is_some();
                let cell = find_cell(place, &mut self.table, domain, region, window);
                if is_shared {
                    self.met.note(&self.table, host.as_ref(), cell, window);
                }
                cell
            }
        };
        self.table.usage(cell).add(record).map_err(|_| Stop::Failed(overflow(domain, window)))
    }
}

/// Counts a line that lies before the hours of its file.
#[cold]
fn note_late(counts: &mut Counts, window: Window) {
    counts.late += 1;
    counts.first_late = Some(counts.first_late.map_or(window, |first| first.min(window)));
}

/// Learns what a new host means.
#[cold]
fn learn_host(job: &Job<'_>, others: &mut BTreeSet<Domain>, raw: &[u8]) -> Meaning {
    match Domain::new(raw) {
        None => Meaning::Invalid,
        Some(domain) if job.selection.contains(domain.as_str()) => {
            match job.folds.and_then(|folds| folds.of(domain.as_str())) {
                Some(folded) => {
                    let is_own = job.own_hosts.is_some_and(|hosts| hosts.contains(domain.as_str()));
                    Meaning::Wanted(folded.clone(), is_own.then_some(domain), None)
                }
                None => Meaning::Wanted(domain, None, None),
            }
        }
        Some(domain) => {
            if others.len() < OTHERS {
                others.insert(domain);
            }
            Meaning::Unwanted
        }
    }
}

/// The window so many seconds after the start of the window with the number `first`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "in the range, so at most its length"
)]
const fn window_at(first: u32, since: i64) -> Window {
    Window::from_index(first + (since / WINDOW_SECONDS) as u32)
}

#[cold]
fn find_cell(
    place: &mut Option<LastCell>,
    table: &mut UsageTable,
    domain: &Domain,
    region: Region,
    window: Window,
) -> CellId {
    let series = match place {
        Some(place) if place.region == region => place.series,
        _ => table.series(domain, region),
    };
    let cell = table.cell(series, window);
    *place = Some(LastCell { region, series, window, cell });
    cell
}

/// A sum beyond what any engine or database holds.
pub(super) fn overflow(domain: &Domain, window: Window) -> Error {
    let text = format!(
        "the traffic of {domain} in the five minutes from {} exceeds 2^63 - 1 bytes",
        iso(window.start())
    );
    Error::new(ErrorKind::Overflow(text))
}
