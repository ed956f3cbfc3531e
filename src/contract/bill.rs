//! How usage is billed: the bill types of the product, and the figure that each of them bills.

use super::kind::Kind;
use crate::locale::Label;

/// A figure that may be billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billed {
    /// Total traffic.
    Traffic,
    /// The peak of each day.
    DailyPeak,
    /// 95th percentile of the range.
    Percentile95,
    /// Average of daily peaks.
    AverageDailyPeak,
    /// Fourth-highest daily peak.
    FourthDailyPeak,
    /// Average of each day's 95th percentile.
    AverageDaily95,
    /// 95th percentile with nights at half.
    NightHalf95,
    /// 95th percentile of each day.
    Daily95,
    /// All requests.
    Requests,
    /// HTTPS requests.
    HttpsRequests,
    /// QUIC requests.
    QuicRequests,
}

impl Billed {
    /// The figure in words.
    #[must_use]
    pub const fn words(self) -> Label {
        match self {
            Self::Traffic => Label::BillsTraffic,
            Self::DailyPeak => Label::BillsDailyPeak,
            Self::Percentile95 => Label::BillsPercentile95,
            Self::AverageDailyPeak => Label::BillsAverageDailyPeak,
            Self::FourthDailyPeak => Label::BillsFourthDailyPeak,
            Self::AverageDaily95 => Label::BillsAverageDaily95,
            Self::NightHalf95 => Label::BillsNightHalf95,
            Self::Daily95 => Label::BillsDaily95,
            Self::Requests => Label::BillsRequests,
            Self::HttpsRequests => Label::BillsHttpsRequests,
            Self::QuicRequests => Label::BillsQuicRequests,
        }
    }
}

/// A row of the list of bill types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillType {
    /// The spelling in requests, without `_overseas`.
    pub name: &'static str,
    /// The kind of export that has the figure.
    pub kind: Kind,
    /// The figure that bills.
    pub billed: Billed,
}

const fn bill_type(name: &'static str, kind: Kind, billed: Billed) -> BillType {
    BillType { name, kind, billed }
}

impl BillType {
    /// Every bill type; each is also known with the suffix `_overseas`.
    pub const ALL: [Self; 13] = [
        bill_type("hour_flow", Kind::Flow, Billed::Traffic),
        bill_type("day_bandwidth", Kind::Flow, Billed::DailyPeak),
        bill_type("month_95", Kind::Flow, Billed::Percentile95),
        bill_type("month_avg_day_bandwidth", Kind::Flow, Billed::AverageDailyPeak),
        bill_type("month_4th_day_bandwidth", Kind::Flow, Billed::FourthDailyPeak),
        bill_type("month_avg_day_95", Kind::Flow, Billed::AverageDaily95),
        bill_type("month_95_night_half", Kind::Flow, Billed::NightHalf95),
        bill_type("hour_vas", Kind::Vas, Billed::HttpsRequests),
        bill_type("day_count", Kind::Vas, Billed::Requests),
        bill_type("hour_count", Kind::Vas, Billed::Requests),
        bill_type("quic_hour_count", Kind::Vas, Billed::QuicRequests),
        bill_type("rtlog_count_day", Kind::Vas, Billed::Requests),
        bill_type("day_95", Kind::Flow, Billed::Daily95),
    ];

    /// The bill type of this name, with or without `_overseas`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let base = name.strip_suffix("_overseas").unwrap_or(name);
        Self::ALL.into_iter().find(|bill_type| bill_type.name == base)
    }
}
