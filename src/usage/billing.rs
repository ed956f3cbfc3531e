//! Bandwidth, percentiles, peaks: every rule by which CDN usage is billed, on whole numbers.
//!
//! A slice is a window of five minutes; its bandwidth is bytes x 8 / 300. Percentiles and peaks are taken
//! over the sum of the domains, slice by slice. Averages divide once, at the end; every figure is rounded
//! once, half-up, to a hundredth.

use crate::factor::Factor;
use crate::time::WINDOW_SECONDS;
use std::fmt;
use std::ops::Range;

/// A bandwidth in hundredths of a bit per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bandwidth(u128);

impl Bandwidth {
    /// `logged` bytes in `seconds`, times the factor, rounded half-up.
    #[must_use]
    pub fn new(logged: u128, seconds: u64, factor: Factor) -> Self {
        let bits = logged * 800 * u128::from(factor.millionths());
        let per = u128::from(seconds.max(1)) * 1_000_000;
        Self((2 * bits + per) / (2 * per))
    }

    /// The bandwidth of one slice.
    #[must_use]
    pub fn of_slice(logged: u64, factor: Factor) -> Self {
        Self::new(logged.into(), WINDOW_SECONDS.unsigned_abs(), factor)
    }

    /// Hundredths of a bit per second.
    #[must_use]
    pub const fn hundredths(self) -> u128 {
        self.0
    }

    /// Bits per second; the double next to the exact value.
    #[must_use]
    pub fn bps(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// `part / whole`, rounded half-up to four decimals (a hundredth of a percent); 0 of nothing.
#[must_use]
pub fn ratio(part: u128, whole: u128) -> f64 {
    let ten_thousandths = (part * 20_000 + whole).checked_div(whole * 2).unwrap_or(0);
    ten_thousandths as f64 / 10_000.0
}

/// How many of a number of slices the 95th percentile drops.
#[must_use]
pub const fn dropped_by_95(slices: usize) -> usize {
    slices / 20
}

/// The 95th percentile: all slices in descending order, the highest floor(5 %) dropped, the next one.
/// 0 of no slices.
#[must_use]
pub fn percentile_95(slices: &[u64]) -> u64 {
    percentile_95_among(slices, slices.len())
}

/// The 95th percentile of a number of slices; all but `some` of them are 0.
#[must_use]
pub fn percentile_95_among(some: &[u64], slices: usize) -> u64 {
    let dropped = dropped_by_95(slices);
    if dropped >= some.len() {
        return 0;
    }
    *some.to_vec().select_nth_unstable_by(dropped, |a, b| b.cmp(a)).1
}

/// The highest slice and its position; the first of equal ones. `None` if there are no slices.
#[must_use]
pub fn peak(slices: &[u64]) -> Option<(usize, u64)> {
    let highest = *slices.iter().max()?;
    slices.iter().position(|s| *s == highest).map(|at| (at, highest))
}

/// The figures that may bill a range of days. Sums of daily figures are kept as sums, so that they are divided and
/// rounded once. All are in bytes per slice unless their description says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Sum of all slices.
    pub total: u128,
    /// Seconds of the range.
    pub seconds: u64,
    /// Position of the peak slice; `None` when nothing was counted.
    pub peak_at: Option<usize>,
    /// The peak slice.
    pub peak: u64,
    /// 95th percentile of the range.
    pub percentile_95: u64,
    /// Local days in the range, whole or in part.
    pub days: u64,
    /// Sum of the daily peaks.
    pub sum_of_daily_peaks: u128,
    /// The fourth-highest daily peak; 0 with fewer than four days.
    pub fourth_daily_peak: u64,
    /// Sum of each day's own 95th percentile.
    pub sum_of_daily_95: u128,
    /// 95th percentile with the slices of 00:00-08:00 local time at half: in half bytes.
    pub night_half_95: u64,
}

impl Figures {
    /// Computes the figures of `slices`. `days` are the positions of the slices of each local day; `is_night` says
    /// whether a slice is in 00:00-08:00 local time.
    #[must_use]
    pub fn of(slices: &[u64], days: &[Range<usize>], is_night: impl Fn(usize) -> bool) -> Self {
        let day_slices = || days.iter().map(|day| &slices[day.clone()]);
        let mut daily_peaks: Vec<u64> = day_slices().map(|day| peak(day).map_or(0, |(_, p)| p)).collect();
        daily_peaks.sort_unstable_by(|a, b| b.cmp(a));
        // Half bytes keep the half whole.
        let halves: Vec<u64> =
            slices.iter().enumerate().map(|(i, s)| if is_night(i) { *s } else { s * 2 }).collect();
        let highest = peak(slices).filter(|(_, bytes)| *bytes > 0);
        Self {
            total: slices.iter().map(|s| u128::from(*s)).sum(),
            seconds: slices.len() as u64 * WINDOW_SECONDS.unsigned_abs(),
            peak_at: highest.map(|(at, _)| at),
            peak: highest.map_or(0, |(_, bytes)| bytes),
            percentile_95: percentile_95(slices),
            days: days.len() as u64,
            sum_of_daily_peaks: daily_peaks.iter().map(|p| u128::from(*p)).sum(),
            fourth_daily_peak: daily_peaks.get(3).copied().unwrap_or(0),
            sum_of_daily_95: day_slices().map(|day| u128::from(percentile_95(day))).sum(),
            night_half_95: percentile_95(&halves),
        }
    }

    /// Bandwidth over the whole range.
    #[must_use]
    pub fn average(&self, factor: Factor) -> Bandwidth {
        Bandwidth::new(self.total, self.seconds, factor)
    }

    /// Mean of the daily peaks.
    #[must_use]
    pub fn average_daily_peak(&self, factor: Factor) -> Bandwidth {
        self.daily_mean(self.sum_of_daily_peaks, factor)
    }

    /// Mean of each day's own 95th percentile.
    #[must_use]
    pub fn average_daily_95(&self, factor: Factor) -> Bandwidth {
        self.daily_mean(self.sum_of_daily_95, factor)
    }

    /// The night-half 95th percentile.
    #[must_use]
    pub fn night_half(&self, factor: Factor) -> Bandwidth {
        Bandwidth::new(self.night_half_95.into(), 2 * WINDOW_SECONDS.unsigned_abs(), factor)
    }

    fn daily_mean(&self, sum: u128, factor: Factor) -> Bandwidth {
        Bandwidth::new(sum, WINDOW_SECONDS.unsigned_abs() * self.days.max(1), factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentile_drops_the_documented_number_of_slices() {
        for (count, billed) in [(8640u64, 433), (8352, 418), (1, 1), (19, 1), (20, 2), (288, 15)] {
            let slices: Vec<u64> = (1..=count).collect();
            assert_eq!(percentile_95(&slices), count - billed + 1, "{count} slices");
        }
        assert_eq!(percentile_95(&[]), 0);
    }

    #[test]
    fn bandwidth_is_rounded_once_and_half_up() {
        let factor = Factor::parse("1.1").unwrap();
        assert_eq!(Bandwidth::of_slice(571_963_305, factor).to_string(), "16777590.28");
        assert_eq!(Bandwidth::of_slice(1, Factor::ONE).to_string(), "0.03");
        assert_eq!(Bandwidth::of_slice(3, Factor::ONE).to_string(), "0.08");
        // 3 x 8 / 4800 = 0.005: the half goes up.
        assert_eq!(Bandwidth::new(3, 4800, Factor::ONE).to_string(), "0.01");
        assert_eq!(Bandwidth::of_slice(571_963_305, factor).bps().to_string(), "16777590.28");
        assert_eq!(Bandwidth::of_slice(571_963_305, factor).hundredths(), 1_677_759_028);
    }

    #[test]
    fn factors() {
        for (text, shown) in [("1", "1"), ("1.10", "1.1"), ("0.000001", "0.000001"), ("1000", "1000")] {
            assert_eq!(Factor::parse(text).map(|f| f.to_string()).as_deref(), Some(shown));
        }
        for wrong in ["", "0", "-1", "1.1.1", "1e3", "1001", "1.0000001", ".5", "1,1", "NaN", "+1"] {
            assert_eq!(Factor::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Factor::parse("1.1").unwrap().bytes(5), 6);
        assert_eq!(Factor::parse("1.1").unwrap().bytes(4), 4);
    }

    #[test]
    fn ratios() {
        assert!((ratio(1, 3) - 0.3333).abs() < f64::EPSILON);
        assert!((ratio(2, 3) - 0.6667).abs() < f64::EPSILON);
        assert!(ratio(0, 0).abs() < f64::EPSILON);
        assert!((ratio(7, 7) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn daily_figures() {
        // Five days of four slices; the first slice of each day is night.
        let slices: Vec<u64> = vec![9, 1, 1, 1, 1, 8, 1, 1, 1, 1, 7, 1, 1, 1, 1, 6, 2, 2, 2, 2];
        let days: Vec<_> = (0..5).map(|d| d * 4..d * 4 + 4).collect();
        let figures = Figures::of(&slices, &days, |i| i % 4 == 0);
        assert_eq!((figures.peak_at, figures.peak), (Some(0), 9));
        assert_eq!(figures.sum_of_daily_peaks, 9 + 8 + 7 + 6 + 2);
        assert_eq!(figures.fourth_daily_peak, 6);
        assert_eq!(figures.sum_of_daily_95, 9 + 8 + 7 + 6 + 2);
        // Halved nights in half bytes: 9, 16, 14, 12 and so on; one of twenty is dropped.
        assert_eq!(figures.night_half_95, 14);
        assert_eq!((figures.total, figures.seconds, figures.days), (50, 6000, 5));
        let shown = |figure: fn(&Figures, Factor) -> Bandwidth| figure(&figures, Factor::ONE).to_string();
        // 50 bytes in 6000 s; 32 bytes in five slices; 14 half bytes in one.
        assert_eq!(shown(Figures::average), "0.07");
        assert_eq!(shown(Figures::average_daily_peak), "0.17");
        assert_eq!(shown(Figures::average_daily_95), "0.17");
        assert_eq!(shown(Figures::night_half), "0.19");
        assert_eq!(Figures::of(&[0; 4], &days[..1], |_| false).peak_at, None);
        let three = Figures::of(&slices[..12], &days[..3], |_| false);
        assert_eq!(three.fourth_daily_peak, 0);
    }

    proptest! {
        #[test]
        fn percentile_agrees_with_sorting(mut slices in prop::collection::vec(0..1000u64, 1..400)) {
            let found = percentile_95(&slices);
            slices.sort_unstable();
            slices.reverse();
            prop_assert_eq!(found, slices[slices.len() * 5 / 100]);
        }
    }
}
