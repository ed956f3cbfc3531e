//! What is counted per domain, region and slice: [`Usage`], and the law of its merge.
//!
//! Merging is a sum in every field, so partial results can be merged in any order and any grouping.
//! Does no I/O.

pub mod billing;
pub mod table;

use crate::domain::Domain;
use crate::record::{CacheResult, Protocol, Record};
use crate::region::Region;
use crate::time::Window;

/// The highest sum: the highest value of a signed 64-bit column of a database.
pub const MAX_SUM: u64 = i64::MAX.unsigned_abs();

/// Counters of requests. Every sum stays at or below [`MAX_SUM`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Response bytes.
    pub bytes: u64,
    /// Requests by protocol, in the order of [`Protocol::ALL`].
    pub requests: [u64; 4],
    /// Requests that the edge answered from its cache, as far as lines say.
    pub hits: u64,
    /// Response bytes of these.
    pub hit_bytes: u64,
    /// Requests with a 4xx status.
    pub client_errors: u64,
    /// Requests with a 5xx status.
    pub server_errors: u64,
}

/// A sum grew beyond [`MAX_SUM`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Usage {
    /// Number of counters.
    pub const FIELDS: usize = 9;

    /// Counts one request.
    ///
    /// # Errors
    /// [`Overflow`] when the bytes of this window grow beyond [`MAX_SUM`]; the counters are then spoilt.
    #[inline]
    pub fn add(&mut self, record: &Record<'_>) -> Result<(), Overflow> {
        // Requests cannot overflow: that would take more lines than a disk holds. Bytes are at most 2^50 a
        // line, so the sum cannot wrap around before it is found too high; hit_bytes never exceeds bytes.
        self.bytes += record.bytes;
        self.requests[record.protocol as usize] += 1;
        let is_hit = record.cache == CacheResult::Hit;
        self.hits += u64::from(is_hit);
        self.hit_bytes += if is_hit { record.bytes } else { 0 };
        let class = record.status.map_or(0, |status| status / 100);
        self.client_errors += u64::from(class == 4);
        self.server_errors += u64::from(class == 5);
        if self.bytes > MAX_SUM { Err(Overflow) } else { Ok(()) }
    }

    /// Adds the counters of another part.
    ///
    /// # Errors
    /// [`Overflow`] when a sum grows beyond [`MAX_SUM`].
    pub fn merge(&mut self, other: &Self) -> Result<(), Overflow> {
        let sums = self.fields().into_iter().zip(other.fields());
        let mut fields = [0; Self::FIELDS];
        for (out, (a, b)) in fields.iter_mut().zip(sums) {
            *out = a.checked_add(b).filter(|sum| *sum <= MAX_SUM).ok_or(Overflow)?;
        }
        *self = Self::from_fields(fields);
        Ok(())
    }

    /// Subtracts what was added before; `false`, and nothing is subtracted, if there is not as much.
    pub fn subtract(&mut self, other: &Self) -> bool {
        let mut fields = self.fields();
        for (sum, less) in fields.iter_mut().zip(other.fields()) {
            let Some(rest) = sum.checked_sub(less) else { return false };
            *sum = rest;
        }
        *self = Self::from_fields(fields);
        true
    }

    /// All requests.
    #[must_use]
    pub fn total_requests(&self) -> u64 {
        self.requests.iter().sum()
    }

    /// Requests of one protocol.
    #[must_use]
    pub const fn requests_by(&self, protocol: Protocol) -> u64 {
        self.requests[protocol as usize]
    }

    /// Every counter, in the order of the declaration.
    #[must_use]
    pub const fn fields(&self) -> [u64; Self::FIELDS] {
        let [a, b, c, d] = self.requests;
        [self.bytes, a, b, c, d, self.hits, self.hit_bytes, self.client_errors, self.server_errors]
    }

    /// The counters from [`Usage::fields`].
    #[must_use]
    pub const fn from_fields(fields: [u64; Self::FIELDS]) -> Self {
        let [bytes, a, b, c, d, hits, hit_bytes, client_errors, server_errors] = fields;
        Self { bytes, requests: [a, b, c, d], hits, hit_bytes, client_errors, server_errors }
    }
}

/// The usage of one slice of one domain in one region: the waist between usage and everything that shows it. Streams of
/// rows are sorted by (domain, region, slice), and no slice occurs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The domain.
    pub domain: &'a Domain,
    /// The billing region.
    pub region: Region,
    /// The five minutes.
    pub window: Window,
    /// What was counted.
    pub usage: Usage,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn any_usage() -> impl Strategy<Value = Usage> {
        proptest::array::uniform9(0..=MAX_SUM / 8).prop_map(Usage::from_fields)
    }

    proptest! {
        #[test]
        fn merge_is_commutative_and_associative(a in any_usage(), b in any_usage(), c in any_usage()) {
            let merged = |parts: &[Usage]| {
                let mut sum = Usage::default();
                for part in parts {
                    sum.merge(part).unwrap();
                }
                sum
            };
            prop_assert_eq!(merged(&[a, b]), merged(&[b, a]));
            prop_assert_eq!(merged(&[merged(&[a, b]), c]), merged(&[a, merged(&[b, c])]));
            prop_assert_eq!(merged(&[a]), a);
        }
    }

    #[test]
    fn sums_stop_at_the_limit() {
        let full = Usage { bytes: MAX_SUM, ..Usage::default() };
        let one = Usage { bytes: 1, ..Usage::default() };
        assert_eq!(one.clone().merge(&full), Err(Overflow));
        let record = Record {
            time: 0,
            host: Some(b"a"),
            bytes: 1,
            protocol: Protocol::Http,
            status: Some(200),
            cache: CacheResult::Hit,
            region: Region::Cn,
        };
        assert_eq!(full.clone().add(&record), Err(Overflow));
        assert_eq!(one.clone().add(&record), Ok(()));
        assert_eq!(Usage { bytes: MAX_SUM - 1, ..Usage::default() }.add(&record), Ok(()));
    }

    #[test]
    fn each_protocol_has_requests_of_its_own() {
        let mut usage = Usage::default();
        let times = [Protocol::Http, Protocol::Https, Protocol::Quic, Protocol::Other].into_iter().zip(2..);
        for (protocol, times) in times.clone() {
            let (host, status, cache, region) = (None, None, CacheResult::Miss, Region::Unspecified);
            for _ in 0..times {
                usage.add(&Record { time: 0, host, bytes: 0, protocol, status, cache, region }).unwrap();
            }
        }
        assert!(times.clone().all(|(protocol, times)| usage.requests_by(protocol) == times));
        assert_eq!(usage.total_requests(), 2 + 3 + 4 + 5);
    }

    #[test]
    fn what_a_line_does_not_tell_is_no_hit_and_no_error() {
        let counted = |cache, status| {
            let (host, protocol, region) = (None, Protocol::Other, Region::Unspecified);
            let mut usage = Usage::default();
            usage.add(&Record { time: 0, host, bytes: 7, protocol, status, cache, region }).unwrap();
            assert_eq!((usage.bytes, usage.total_requests()), (7, 1));
            (usage.hits, usage.hit_bytes, usage.client_errors, usage.server_errors)
        };
        assert_eq!(counted(CacheResult::Unknown, None), (0, 0, 0, 0));
        assert_eq!(counted(CacheResult::Miss, Some(399)), (0, 0, 0, 0));
        assert_eq!(counted(CacheResult::Hit, Some(400)), (1, 7, 1, 0));
        assert_eq!(counted(CacheResult::Unknown, Some(599)), (0, 0, 0, 1));
    }
}
