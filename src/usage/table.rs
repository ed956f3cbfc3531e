//! [`UsageTable`]: Domain x Region -> Window -> [`Usage`], filled line by line, merged part by part.
//!
//! Cells lie in blocks of an hour, because log files do: the cell of a line is nearly always near the cell of the line
//! before. A series keeps its blocks sorted by hour, so rows leave in order without a sort. Where a wildcard has a million
//! hosts, most have one window in an hour, if that: a block begins with one cell, and has all others once there is a second.

use super::{Overflow, Row, Usage};
use crate::domain::Domain;
use crate::region::Region;
use crate::time::Window;
use std::collections::BTreeMap;
use std::num::NonZero;

/// Windows in a block.
const WINDOWS: u8 = 12;
const BLOCK: u32 = WINDOWS as u32;
const OTHERS: usize = WINDOWS as usize - 1;

/// The series of one domain in one region, as an index into the table that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesId(u32);

/// A cell, as an index into the table that gave it; stays valid while the table grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellId {
    block: u32,
    cell: u32,
}

/// The hour of a cell, as an index into the table that gave that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HourId(u32);

impl CellId {
    /// Its hour.
    #[must_use]
    pub const fn hour(self) -> HourId {
        HourId(self.block)
    }
}

/// The windows of an hour, of which one stands for itself.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// The cell of the window that came first, and that window's place in the hour.
    first: u32,
    offset: u8,
    /// The first of the cells of all other windows, in their order, once there are any.
    others: Option<NonZero<u32>>,
    /// How many of its requests come from sources that are not certain to be of one domain, and how many of these are
    /// evidence of a log.
    shared: [u64; 2],
}

/// Usage of any number of domains, regions and windows.
#[derive(Clone, Debug, Default)]
pub struct UsageTable {
    index: BTreeMap<(Domain, Region), SeriesId>,
    /// Per series: (hour since 1970, index of the block), ascending by hour.
    series: Vec<Vec<(u32, u32)>>,
    blocks: Vec<Block>,
    cells: Vec<Usage>,
    /// Hosts that count as another domain and need a log of their own, with the hours since 1970 in which sources that are not certain to be of one
    /// domain hold a request of theirs: how many parts of such sources do, and in how many of these it is evidence of a log.
    hosts: BTreeMap<Domain, Vec<(u32, [u64; 2])>>,
}

/// So many as there are cells in memory, at 72 bytes each.
fn index(len: usize) -> u32 {
    u32::try_from(len).expect("fewer cells than fill 300 GB")
}

impl Block {
    /// The index of the cell of a window of the hour, if there is one.
    fn cell(&self, offset: u8) -> Option<u32> {
        if offset == self.offset {
            return Some(self.first);
        }
        Some(self.others?.get() + u32::from(offset) - u32::from(offset > self.offset))
    }
}

impl UsageTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The series of `domain` in `region`, new if need be.
    pub fn series(&mut self, domain: &Domain, region: Region) -> SeriesId {
        // Lines of one host come in runs and callers remember the series: a clone here is rare.
        *self.index.entry((domain.clone(), region)).or_insert_with(|| {
            self.series.push(Vec::new());
            SeriesId(index(self.series.len() - 1))
        })
    }

    /// The cell of `window`, new and zero if need be.
    pub fn cell(&mut self, series: SeriesId, window: Window) -> CellId {
        let (hour, offset) = (window.index() / BLOCK, window.index() % BLOCK);
        #[expect(clippy::cast_possible_truncation, reason = "below 12")]
        let offset = offset as u8;
        let block = self.block(series, hour, offset);
        CellId { block, cell: self.cell_of(block, offset) }
    }

    /// The block of an hour, new and with a cell of one window if need be.
    fn block(&mut self, series: SeriesId, hour: u32, offset: u8) -> u32 {
        let hours = &mut self.series[series.0 as usize];
        let place = match hours.last() {
            Some((last, block)) if *last == hour => return *block,
            Some((last, _)) if *last > hour => hours.binary_search_by_key(&hour, |(h, _)| *h),
            _ => Err(hours.len()),
        };
        match place {
            Ok(found) => hours[found].1,
            Err(place) => {
                let (block, first) = (index(self.blocks.len()), index(self.cells.len()));
                self.blocks.push(Block { first, offset, others: None, shared: [0; 2] });
                self.cells.push(Usage::default());
                if hours.capacity() == 0 {
                    // Not four, of which most would have one.
                    hours.reserve_exact(1);
                }
                hours.insert(place, (hour, block));
                block
            }
        }
    }

    /// The cell of a window of a block, new and zero if need be.
    fn cell_of(&mut self, block: u32, offset: u8) -> u32 {
        let block = &mut self.blocks[block as usize];
        if let Some(cell) = block.cell(offset) {
            return cell;
        }
        block.others = NonZero::new(index(self.cells.len()));
        self.cells.resize(self.cells.len() + OTHERS, Usage::default());
        block.cell(offset).expect("all of its windows have one now")
    }

    /// The counters of a cell.
    #[inline]
    pub fn usage(&mut self, cell: CellId) -> &mut Usage {
        &mut self.cells[cell.cell as usize]
    }

    /// The cells of a block that there are, with their places in the hour, in order.
    fn cells_of(&self, block: u32) -> impl Iterator<Item = (u8, &Usage)> {
        let block = &self.blocks[block as usize];
        // All, or the first alone.
        let offsets = if block.others.is_some() { 0..WINDOWS } else { block.offset..block.offset + 1 };
        offsets.filter_map(|offset| Some((offset, &self.cells[block.cell(offset)? as usize])))
    }

    /// The requests of an hour.
    #[must_use]
    pub fn requests_of(&self, hour: HourId) -> u64 {
        self.cells_of(hour.0).map(|(_, usage)| usage.total_requests()).sum()
    }

    /// Notes that `requests` requests of an hour are from a source that may hold several domains, and whether they are
    /// evidence of a log.
    pub fn note_shared(&mut self, hour: HourId, requests: u64, is_evidence: bool) {
        let [all, evidence] = &mut self.blocks[hour.0 as usize].shared;
        *all += requests;
        *evidence += if is_evidence { requests } else { 0 };
    }

    /// Takes note that a part of a source that is not certain to be of one domain has a request in an hour since 1970 of a
    /// host that counts as another domain, and whether it is evidence of a log.
    pub fn note_host(&mut self, host: &Domain, hour: u32, is_evidence: bool) {
        let [all, evidence] = self.host_hour(host, hour);
        *all += 1;
        *evidence += u64::from(is_evidence);
    }

    fn host_hour(&mut self, host: &Domain, hour: u32) -> &mut [u64; 2] {
        // Of a million hosts, most have one hour.
        let hours = self.hosts.entry(host.clone()).or_insert_with(|| Vec::with_capacity(1));
        let place = match hours.binary_search_by_key(&hour, |(hour, _)| *hour) {
            Ok(place) => place,
            Err(place) => {
                hours.insert(place, (hour, [0; 2]));
                place
            }
        };
        &mut hours[place].1
    }

    /// Adds everything in another table.
    ///
    /// # Errors
    /// [`Overflow`], with the domain and the slice whose sum grew too high.
    pub fn merge(&mut self, other: Self) -> Result<(), (Overflow, Domain, Window)> {
        if self.index.is_empty() {
            *self = other;
            return Ok(());
        }
        for ((domain, region), theirs) in &other.index {
            let ours = self.series(domain, *region);
            for (hour, theirs) in &other.series[theirs.0 as usize] {
                let block = self.block(ours, *hour, other.blocks[*theirs as usize].offset);
                let shared = other.blocks[*theirs as usize].shared;
                for (sum, more) in self.blocks[block as usize].shared.iter_mut().zip(shared) {
                    *sum += more;
                }
                for (offset, usage) in other.cells_of(*theirs) {
                    let cell = self.cell_of(block, offset);
                    let window = Window::from_index(hour * BLOCK + u32::from(offset));
                    let spoilt = |e| (e, domain.clone(), window);
                    self.cells[cell as usize].merge(usage).map_err(spoilt)?;
                }
            }
        }
        for (host, hours) in &other.hosts {
            for (hour, theirs) in hours {
                self.host_hour(host, *hour).iter_mut().zip(theirs).for_each(|(sum, more)| *sum += more);
            }
        }
        Ok(())
    }

    /// Takes away everything of another table that was merged before; `false`, and a table that is spoilt, when there
    /// is not as much.
    pub fn subtract(&mut self, other: &Self) -> bool {
        for row in other.rows() {
            let series = self.series(row.domain, row.region);
            let cell = self.cell(series, row.window);
            if !self.usage(cell).subtract(&row.usage) {
                return false;
            }
        }
        if !self.subtract_shared(other) || !self.subtract_hosts(other) {
            return false;
        }
        let is_zero = |block: u32| self.cells_of(block).all(|(_, usage)| *usage == Usage::default());
        let idle: Vec<bool> =
            self.series.iter().map(|hours| hours.iter().all(|(_, block)| is_zero(*block))).collect();
        self.index.retain(|_, id| !idle[id.0 as usize]);
        true
    }

    fn subtract_shared(&mut self, other: &Self) -> bool {
        other.index.iter().all(|((domain, region), theirs)| {
            let ours = self.series(domain, *region);
            other.series[theirs.0 as usize].iter().all(|(hour, theirs)| {
                let theirs = &other.blocks[*theirs as usize];
                let ours = self.block(ours, *hour, theirs.offset);
                self.blocks[ours as usize].shared.iter_mut().zip(theirs.shared).all(|(sum, less)| {
                    let left = sum.checked_sub(less);
                    *sum = left.unwrap_or(0);
                    left.is_some()
                })
            })
        })
    }

    fn subtract_hosts(&mut self, other: &Self) -> bool {
        let is_taken = other.hosts.iter().all(|(host, hours)| {
            hours.iter().all(|(hour, theirs)| {
                self.host_hour(host, *hour).iter_mut().zip(theirs).all(|(sum, less)| {
                    let left = sum.checked_sub(*less);
                    *sum = left.unwrap_or(0);
                    left.is_some()
                })
            })
        });
        self.hosts.retain(|_, hours| {
            hours.retain(|(_, [all, _])| *all > 0);
            !hours.is_empty()
        });
        is_taken
    }

    /// Domains with the hours since 1970 in which they have a request from a source that may hold several domains, and
    /// whether any of these requests is evidence of a log. Sorted by domain, and within a region by hour. They are
    /// followed by the hosts that count as another domain, in the same form.
    pub fn shared_hours(&self) -> impl Iterator<Item = (&Domain, i64, bool)> {
        let domains = self.index.iter().flat_map(move |((domain, _), series)| {
            let hours = self.series[series.0 as usize].iter();
            let hours = hours.map(|(hour, block)| (*hour, self.blocks[*block as usize].shared));
            let hours = hours.filter(|(_, [all, _])| *all > 0);
            hours.map(move |(hour, [_, evidence])| (domain, i64::from(hour), evidence > 0))
        });
        let hosts = self.hosts.iter().flat_map(|(host, hours)| {
            hours.iter().map(move |(hour, [_, evidence])| (host, i64::from(*hour), *evidence > 0))
        });
        domains.chain(hosts)
    }

    /// Domains and their regions, sorted.
    pub fn keys(&self) -> impl Iterator<Item = (&Domain, Region)> {
        self.index.keys().map(|(domain, region)| (domain, *region))
    }

    /// The windows with at least one request, ordered by (domain, region, window).
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.index.iter().flat_map(move |((domain, region), series)| {
            let cells = self.series[series.0 as usize].iter().flat_map(move |(hour, block)| {
                let window = move |offset| Window::from_index(hour * BLOCK + u32::from(offset));
                self.cells_of(*block).map(move |(offset, usage)| (window(offset), *usage))
            });
            cells.filter(|(_, usage)| *usage != Usage::default()).map(move |(window, usage)| Row {
                domain,
                region: *region,
                window,
                usage,
            })
        })
    }
}

/// Tables are equal when they give the same rows.
impl PartialEq for UsageTable {
    fn eq(&self, other: &Self) -> bool {
        self.rows().eq(other.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_SUM;
    use super::super::tests::any_usage;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    type Entry = (u8, usize, u32, Usage);

    fn table(entries: &[Entry]) -> UsageTable {
        let mut table = UsageTable::new();
        for (name, region, window, usage) in entries {
            let domain = Domain::new(format!("d{name}.com").as_bytes()).unwrap();
            let series = table.series(&domain, Region::ALL[*region]);
            let cell = table.cell(series, Window::from_index(*window));
            table.usage(cell).merge(usage).unwrap();
            match name {
                1 => table.note_shared(cell.hour(), 1, window % 3 == 0),
                3 => table.note_host(&domain, window / BLOCK, window % 3 == 0),
                _ => {}
            }
        }
        table
    }

    fn entries() -> impl Strategy<Value = Vec<Entry>> {
        prop::collection::vec((0..4u8, 0..3usize, 0..60u32, any_usage()), 0..8)
    }

    /// Those of the domains with odd numbers, as [`table`] has it.
    fn shared(entries: &[Entry]) -> BTreeSet<(String, i64, bool)> {
        let odd = || entries.iter().filter(|(name, ..)| name % 2 == 1);
        // Hosts are noted whatever their region.
        let hour = |entry: &Entry| (entry.0, if entry.0 == 3 { 0 } else { entry.1 }, entry.2 / BLOCK);
        let has = |entry: &Entry| odd().any(|other| hour(other) == hour(entry) && other.2 % 3 == 0);
        odd().map(|entry| (format!("d{}.com", entry.0), i64::from(entry.2 / BLOCK), has(entry))).collect()
    }

    fn shared_of(table: &UsageTable) -> BTreeSet<(String, i64, bool)> {
        table
            .shared_hours()
            .map(|(domain, hour, is_evidence)| (domain.to_string(), hour, is_evidence))
            .collect()
    }

    proptest! {
        #[test]
        fn any_split_and_order_gives_the_same_table(all in entries(), at in 0..8usize) {
            // Divided by 8 above, so that eight of them together cannot overflow.
            let at = at.min(all.len());
            let mut reversed = all.clone();
            reversed.reverse();
            let (mut head, mut tail) = (table(&all[..at]), table(&all[at..]));
            prop_assert!(table(&all) == table(&reversed));
            let first = head.clone();
            head.merge(tail.clone()).unwrap();
            tail.merge(first).unwrap();
            prop_assert!(head == table(&all) && tail == table(&all));
            prop_assert_eq!((shared_of(&head), shared_of(&tail)), (shared(&all), shared(&all)));
            prop_assert!(head.subtract(&table(&all[at..])) && head == table(&all[..at]));
            prop_assert_eq!(shared_of(&head), shared(&all[..at]));
            let kept: BTreeSet<_> = head.rows().map(|row| (row.domain.clone(), row.region)).collect();
            prop_assert!(head.keys().eq(kept.iter().map(|(domain, region)| (domain, *region))));
            prop_assert!(tail.subtract(&table(&all)) && tail.keys().next().is_none());
            prop_assert!(!tail.subtract(&table(&all)) || table(&all).rows().next().is_none());
            head.merge(table(&all[at..])).unwrap();
            prop_assert!(head == table(&all));
            prop_assert!(head.rows().is_sorted_by_key(|r| (r.domain.clone(), r.region, r.window)));
        }

        #[test]
        fn rows_are_the_sums_of_each_slice(all in entries()) {
            let mut sums: BTreeMap<_, Usage> = BTreeMap::new();
            for (name, region, window, usage) in &all {
                sums.entry((format!("d{name}.com"), Region::ALL[*region], *window)).or_default().merge(usage).unwrap();
            }
            sums.retain(|_, usage| *usage != Usage::default());
            let table = table(&all);
            let rows: BTreeMap<_, _> = table
                .rows()
                .map(|row| ((row.domain.to_string(), row.region, row.window.index()), row.usage))
                .collect();
            prop_assert_eq!(rows, sums);
        }
    }

    #[test]
    fn tables_differ_by_any_row() {
        let of = |window, bytes| table(&[(0, 0, window, Usage { bytes, ..Usage::default() })]);
        assert!(of(7, 1) == of(7, 1));
        assert!(of(7, 1) != of(8, 1) && of(7, 1) != of(7, 2) && of(7, 1) != UsageTable::new());
    }

    #[test]
    fn the_requests_of_an_hour_are_those_of_all_its_slices() {
        let mut table = UsageTable::new();
        let series = table.series(&Domain::new(b"a.com").unwrap(), Region::Cn);
        let mut hour = None;
        for (window, requests) in [(24, 1), (30, 2), (35, 4), (36, 8)] {
            let cell = table.cell(series, Window::from_index(window));
            table.usage(cell).requests[0] = requests;
            hour.get_or_insert(cell.hour());
        }
        assert_eq!(table.requests_of(hour.unwrap()), 1 + 2 + 4);
    }

    #[test]
    fn a_sum_that_grows_too_high_is_named_with_its_slice() {
        let full = |window| table(&[(2, 0, window, Usage { bytes: MAX_SUM, ..Usage::default() })]);
        for window in [0, 11, 12, 59] {
            let (_, domain, found) = full(window).merge(full(window)).unwrap_err();
            assert_eq!((domain.as_str(), found.index()), ("d2.com", window));
        }
    }
}
