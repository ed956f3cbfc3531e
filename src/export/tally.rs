//! The sums for the sheets other than Detail, added up while the rows are passed: per slice, per region, per domain.
//!
//! Memory grows with slices and with domains, never with their product.

use super::calendar::Calendar;
use crate::contract::kind::Kind;
use crate::domain::Domain;
use crate::region::Region;
use crate::time::TimeRange;
use crate::usage::billing::{self, Figures};
use crate::usage::{Overflow, Usage};
use std::collections::BTreeMap;

/// Sums of an export.
#[derive(Clone, Debug)]
pub struct Tally {
    kind: Kind,
    /// All domains and regions together, per slice.
    pub slices: Vec<Usage>,
    /// All domains together, per region and slice.
    pub regions: BTreeMap<Region, Vec<Usage>>,
    /// Each domain, over all regions.
    pub domains: Vec<DomainTally>,
    /// Everything together.
    pub total: Usage,
    /// The domain whose rows go by, per slice, and the slices in which it has any.
    current: Vec<Usage>,
    touched: Vec<usize>,
}

/// One domain's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainTally {
    /// The domain.
    pub domain: Domain,
    /// Its sum.
    pub total: Usage,
    /// Position and value of its peak slice, in bytes or requests; `None` without any.
    pub peak: Option<(usize, u64)>,
    /// Its own 95th percentile, in bytes or requests per slice.
    pub percentile_95: u64,
}

/// What an export is about: response bytes of a `flow`, requests of a `vas`.
#[must_use]
pub fn measure(kind: Kind, usage: &Usage) -> u64 {
    match kind {
        Kind::Flow => usage.bytes,
        Kind::Vas => usage.total_requests(),
    }
}

impl Tally {
    /// Nothing counted, in the slices of a range.
    #[must_use]
    pub fn new(kind: Kind, range: TimeRange) -> Self {
        let zero = vec![Usage::default(); range.len()];
        Self {
            kind,
            slices: zero.clone(),
            regions: BTreeMap::new(),
            domains: Vec::new(),
            total: Usage::default(),
            current: zero,
            touched: Vec::new(),
        }
    }

    /// Counts one region of the current domain. Only the slices in `touched`, in order, may have usage.
    ///
    /// # Errors
    /// If a sum grows too high.
    pub fn add(&mut self, region: Region, usages: &[Usage], touched: &[usize]) -> Result<(), Overflow> {
        let slices = self.slices.len();
        let of_region = self.regions.entry(region).or_insert_with(|| vec![Usage::default(); slices]);
        for sums in [&mut self.slices, of_region, &mut self.current] {
            for at in touched {
                sums[*at].merge(&usages[*at])?;
            }
        }
        let is_first = self.touched.is_empty();
        self.touched.extend_from_slice(touched);
        if !is_first {
            self.touched.sort_unstable();
            self.touched.dedup();
        }
        Ok(())
    }

    /// Ends the current domain.
    ///
    /// # Errors
    /// If a sum grows too high.
    pub fn end_domain(&mut self, domain: &Domain) -> Result<(), Overflow> {
        let mut total = Usage::default();
        for at in &self.touched {
            total.merge(&self.current[*at])?;
        }
        self.total.merge(&total)?;
        let values: Vec<u64> = self.touched.iter().map(|at| measure(self.kind, &self.current[*at])).collect();
        let peak = billing::peak(&values).filter(|(_, value)| *value > 0);
        self.domains.push(DomainTally {
            domain: domain.clone(),
            total,
            peak: peak.map(|(at, value)| (self.touched[at], value)),
            percentile_95: billing::percentile_95_among(&values, self.slices.len()),
        });
        for at in self.touched.drain(..) {
            self.current[at] = Usage::default();
        }
        Ok(())
    }

    /// Puts the largest domains first; of equals the first by name.
    pub fn sort_domains(&mut self) {
        let kind = self.kind;
        // Names differ, so that no two are equal; a stable sort would take half as much memory again.
        self.domains.sort_unstable_by(|a, b| {
            measure(kind, &b.total).cmp(&measure(kind, &a.total)).then_with(|| a.domain.cmp(&b.domain))
        });
    }

    /// The first slice with a request.
    #[must_use]
    pub fn first(&self) -> Option<usize> {
        self.slices.iter().position(|usage| usage.total_requests() > 0)
    }

    /// The last slice with a request.
    #[must_use]
    pub fn last(&self) -> Option<usize> {
        self.slices.iter().rposition(|usage| usage.total_requests() > 0)
    }

    /// The figures over the sum of all domains.
    #[must_use]
    pub fn figures(&self, calendar: &Calendar) -> Figures {
        Figures::of(&self.measures(&self.slices), calendar.days(), |slice| calendar.is_night(slice))
    }

    /// Bytes or requests of each slice.
    #[must_use]
    pub fn measures(&self, slices: &[Usage]) -> Vec<u64> {
        slices.iter().map(|usage| measure(self.kind, usage)).collect()
    }
}
