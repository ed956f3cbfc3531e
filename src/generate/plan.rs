//! Which files there will be: domains, hours, names, and how many lines each file gets.
//!
//! Knows nothing of what is in a line.

use super::Recipe;
use super::words::{BRANDS, Kind, SERVICES, TOP_LEVELS};
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::time::{self, DAY_SECONDS};

/// Seconds in an hour.
pub(super) const HOUR: i64 = 3600;
/// The zone of file names and time stamps: UTC+8.
pub(super) const OFFSET: i64 = 8 * HOUR;
/// Traffic by hour in UTC+8, in percent of the mean: low before dawn, a plateau by day, a peak at night.
const DAY_CURVE: [u8; 24] = [
    62, 42, 30, 25, 25, 30, 48, 75, 98, 115, 122, 126, 128, 120, 115, 114, 114, 116, 124, 145, 168, 176, 160,
    122,
];
/// The share of a domain is 1 / (rank + this), its rank counted from 0: Zipf's law, flatter at the head. By
/// 1 / rank alone, the first of ten thousand domains would take a tenth of all lines.
const FLATTENED: usize = 3;
/// Their names are kept in memory.
const MAX_DOMAINS: usize = 10_000_000;
/// Start of the year 10000, when dates get longer.
const FIVE_DIGIT_YEARS: i64 = 253_402_300_800;

/// The files of a recipe.
pub(super) struct TrialPlan {
    names: Vec<String>,
    /// Indices of domains in the order of their names, which is the order of files and totals.
    order: Vec<usize>,
    hours: usize,
    /// Unix seconds.
    start: i64,
    /// Mean lines in a file of a domain whose share is 1.
    lines_per_share: f64,
}

impl TrialPlan {
    /// # Errors
    /// When the recipe asks for nothing or for what cannot be.
    pub(super) fn new(recipe: &Recipe) -> Result<Self> {
        let Recipe { domains, hours, lines_per_file, .. } = *recipe;
        if domains == 0 || hours == 0 || lines_per_file == 0 {
            return Err(Error::usage("domains, hours and lines per file must be at least 1"));
        }
        if !(0.0..=1.0).contains(&recipe.dirty) {
            return Err(Error::usage("the share of dirty lines must lie between 0 and 1"));
        }
        let seconds = i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(HOUR);
        if recipe.start < DAY_SECONDS || recipe.start.saturating_add(seconds) > FIVE_DIGIT_YEARS - DAY_SECONDS
        {
            return Err(Error::usage("the hours must lie between the years 1970 and 9999"));
        }
        if domains > MAX_DOMAINS || domains.checked_mul(hours).is_none() {
            return Err(Error::usage(format!("there can be at most {MAX_DOMAINS} domains")));
        }
        let names: Vec<String> = (0..domains).map(domain_name).collect();
        let mut order: Vec<usize> = (0..domains).collect();
        order.sort_unstable_by_key(|at| &names[*at]);
        let shares: f64 = (0..domains).map(|rank| 1.0 / (rank + FLATTENED) as f64).sum();
        let lines_per_share = lines_per_file as f64 * domains as f64 / shares;
        let start = recipe.start - recipe.start.rem_euclid(HOUR);
        Ok(Self { names, order, hours, start, lines_per_share })
    }

    /// Number of files.
    pub(super) fn files(&self) -> usize {
        self.names.len() * self.hours
    }

    /// Domain and hour of the file at this position, in the order of domain names and hours.
    pub(super) fn file(&self, at: usize) -> (usize, usize) {
        (self.order[at / self.hours], at % self.hours)
    }

    /// Name of a domain.
    pub(super) fn name(&self, domain: usize) -> &str {
        &self.names[domain]
    }

    /// Start of an hour in unix seconds.
    pub(super) fn start(&self, hour: usize) -> i64 {
        // Checked in `new`: all hours together fit.
        self.start + hour.cast_signed() as i64 * HOUR
    }

    /// Lines in a file, at least one.
    pub(super) fn lines(&self, domain: usize, hour: usize) -> u64 {
        let clock = (self.start(hour) + OFFSET).rem_euclid(DAY_SECONDS) / HOUR;
        let percent = DAY_CURVE[usize::try_from(clock).expect("a clock shows 0 to 23 hours")];
        let lines = self.lines_per_share / (domain + FLATTENED) as f64 * f64::from(percent) / 100.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let lines = lines.round() as u64;
        lines.max(1)
    }

    /// Name of a file, as the vendor has it.
    pub(super) fn file_name(&self, domain: usize, hour: usize, codec: Codec) -> String {
        let local = self.start(hour) + OFFSET;
        let (from, to) = (time::broken_down(local), time::broken_down(local + HOUR));
        let (from, to) = (from.format("%Y_%m_%d_%H%M%S"), to.format("%H%M%S"));
        format!("{}_{from}_{to}.{}", self.name(domain), codec.extension())
    }
}

/// Splits the index of a domain into those of its parts, every combination once.
fn parts(domain: usize) -> (usize, usize, usize, usize) {
    let (service, rest) = (domain % SERVICES.len(), domain / SERVICES.len());
    let (brand, rest) = (rest % BRANDS.len(), rest / BRANDS.len());
    let (top, number) = (rest % TOP_LEVELS.len(), rest / TOP_LEVELS.len());
    // Shifted, so that neighbours differ in more than one part; a shift keeps combinations apart.
    (service, (brand + 5 * service) % BRANDS.len(), (top + brand + service) % TOP_LEVELS.len(), number + 1)
}

fn domain_name(domain: usize) -> String {
    let (service, brand, top, number) = parts(domain);
    format!("{}{number:02}.{}.example.{}", SERVICES[service].0, BRANDS[brand], TOP_LEVELS[top])
}

/// The kinds of files that a domain serves.
pub(super) fn kinds(domain: usize) -> &'static [&'static Kind] {
    SERVICES[parts(domain).0].1
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::BTreeSet;

    pub(in super::super) fn recipe(domains: usize, hours: usize, lines_per_file: usize) -> Recipe {
        let start = time::parse_iso("2026-02-28T14:25:00Z").unwrap();
        let codec = Codec::Gzip;
        Recipe { domains, hours, lines_per_file, seed: 7, start, codec, dirty: 0.05, threads: 2 }
    }

    #[test]
    fn names_are_unique_and_normal() {
        let names: BTreeSet<String> = (0..50_000).map(domain_name).collect();
        assert_eq!(names.len(), 50_000);
        assert!(
            names.iter().all(|n| crate::domain::Domain::new(n.as_bytes()).is_some_and(|d| d.as_str() == n))
        );
        assert!(names.contains("img01.shop.example.com"));
    }

    #[test]
    fn file_names_are_the_vendors() {
        let plan = TrialPlan::new(&recipe(1, 4, 1)).unwrap();
        let names: Vec<String> = (0..4).map(|hour| plan.file_name(0, hour, Codec::Gzip)).collect();
        assert_eq!(names[0], "www01.shop.example.com_2026_02_28_220000_230000.gz");
        assert_eq!(names[1], "www01.shop.example.com_2026_02_28_230000_000000.gz");
        assert_eq!(names[2], "www01.shop.example.com_2026_03_01_000000_010000.gz");
    }

    #[test]
    fn lines_add_up_to_the_mean() {
        assert_eq!(DAY_CURVE.iter().map(|p| u32::from(*p)).sum::<u32>(), 2400);
        for (domains, hours, mean) in [(1, 24, 1000), (7, 48, 1000), (1000, 24, 1000), (20_000, 24, 1000)] {
            let plan = TrialPlan::new(&recipe(domains, hours, mean)).unwrap();
            let lines: u64 = (0..plan.files()).map(|at| plan.file(at)).map(|(d, h)| plan.lines(d, h)).sum();
            let wanted = (domains * hours * mean) as f64;
            assert!((lines as f64 / wanted - 1.0).abs() < 0.01, "{domains} {hours}: {lines} of {wanted}");
        }
        let sparse = TrialPlan::new(&recipe(300, 24, 1)).unwrap();
        assert!((0..300).all(|d| (0..24).all(|h| sparse.lines(d, h) >= 1)));
    }

    #[test]
    fn impossible_recipes_are_refused() {
        let good = recipe(1, 1, 1);
        for wrong in [
            Recipe { domains: 0, ..good },
            Recipe { domains: MAX_DOMAINS + 1, ..good },
            Recipe { hours: 0, ..good },
            Recipe { lines_per_file: 0, ..good },
            Recipe { dirty: -0.1, ..good },
            Recipe { dirty: f64::NAN, ..good },
            Recipe { start: 0, ..good },
            Recipe { start: i64::MAX, ..good },
            Recipe { hours: usize::MAX, ..good },
        ] {
            assert!(TrialPlan::new(&wrong).is_err(), "{wrong:?}");
        }
    }
}
