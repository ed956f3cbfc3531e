//! The true totals: of one file in [`Slots`], of all files in the [`Ledger`], which writes them down.
//!
//! Counted apart from [`crate::usage`] on purpose: the two are compared.

use super::plan::HOUR;
use super::request::Fact;
use crate::record::Protocol;
use crate::time::{self, WINDOW_SECONDS};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Lines may end this many seconds before the hour of their file.
pub(super) const LATE: i64 = 2 * WINDOW_SECONDS;
/// Windows that the lines of a file can fall into.
#[expect(clippy::cast_possible_truncation, reason = "a dozen or so")]
const SLOTS: usize = ((LATE + HOUR) / WINDOW_SECONDS) as usize;

const HEADER: &str =
    "domain,window,bytes,requests,http,https,quic,other,hits,hit_bytes,client_errors,server_errors";

/// Totals of a window.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    bytes: u64,
    requests: u64,
    http: u64,
    https: u64,
    quic: u64,
    other: u64,
    hits: u64,
    hit_bytes: u64,
    client_errors: u64,
    server_errors: u64,
}

impl Tally {
    fn count(&mut self, fact: &Fact) {
        self.bytes += fact.bytes;
        self.requests += 1;
        match fact.protocol {
            Protocol::Http => self.http += 1,
            Protocol::Https => self.https += 1,
            Protocol::Quic => self.quic += 1,
            Protocol::Other => self.other += 1,
        }
        if fact.hit {
            self.hits += 1;
            self.hit_bytes += fact.bytes;
        }
        match fact.status {
            400..=499 => self.client_errors += 1,
            500..=599 => self.server_errors += 1,
            _ => {}
        }
    }

    const fn columns(self) -> Columns {
        let Self { bytes, requests, http, https, quic, other, hits, hit_bytes, .. } = self;
        let (client_errors, server_errors) = (self.client_errors, self.server_errors);
        [bytes, requests, http, https, quic, other, hits, hit_bytes, client_errors, server_errors]
    }
}

/// A tally in the order of the header.
type Columns = [u64; 10];

/// Totals of one file, by window; the first ones lie before its hour.
#[derive(Default)]
pub(super) struct Slots([Tally; SLOTS]);

impl Slots {
    /// Counts a line.
    #[inline]
    pub(super) fn count(&mut self, fact: &Fact) {
        let slot = usize::try_from((fact.second + LATE) / WINDOW_SECONDS);
        self.0[slot.expect("no line is later than the latest")].count(fact);
    }
}

/// Takes in files by domain and writes the totals of a domain when the next one begins.
pub(super) struct Ledger<W> {
    out: W,
    domain: String,
    /// By start in unix seconds. Late lines and those of the file before meet in the same window.
    windows: BTreeMap<i64, Columns>,
}

impl<W: Write> Ledger<W> {
    /// # Errors
    /// When the output fails.
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        writeln!(out, "{HEADER}")?;
        Ok(Self { out, domain: String::new(), windows: BTreeMap::new() })
    }

    /// Adds the totals of the file of this domain whose hour begins at `start`.
    ///
    /// # Errors
    /// When the output fails.
    pub(super) fn add(&mut self, domain: &str, start: i64, slots: &Slots) -> io::Result<()> {
        if domain != self.domain {
            self.write_down()?;
            domain.clone_into(&mut self.domain);
        }
        let starts = (0..).map(|slot| start - LATE + slot * WINDOW_SECONDS);
        for (window, tally) in starts.zip(slots.0).filter(|(_, tally)| tally.requests > 0) {
            let sums = self.windows.entry(window).or_default();
            sums.iter_mut().zip(tally.columns()).for_each(|(sum, more)| *sum += more);
        }
        Ok(())
    }

    /// Writes the last domain.
    ///
    /// # Errors
    /// When the output fails.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_down()?;
        self.out.flush()
    }

    fn write_down(&mut self) -> io::Result<()> {
        while let Some((window, sums)) = self.windows.pop_first() {
            write!(self.out, "{},{}", self.domain, time::iso(window))?;
            sums.iter().try_for_each(|sum| write!(self.out, ",{sum}"))?;
            writeln!(self.out)?;
        }
        Ok(())
    }
}
