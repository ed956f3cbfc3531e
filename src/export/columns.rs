//! Type flow and vas: headings and cells of the rows of Detail and Account.

use super::workbook::{Cell, Column};
use crate::contract::kind::Kind;
use crate::contract::request::ExportSpec;
use crate::factor::Factor;
use crate::locale::{Label, Language};
use crate::record::Protocol;
use crate::region::Region;
use crate::time::Window;
use crate::usage::Usage;
use crate::usage::billing::Bandwidth;

/// Bytes in a GB: traffic steps in 1024.
const GB: f64 = (1u64 << 30) as f64;

/// Whether what stands under a label is a number.
const fn is_number(label: Label) -> bool {
    use Label as L;
    !matches!(
        label,
        L::Time
            | L::Date
            | L::DomainName
            | L::Region
            | L::PeakTime
            | L::When
            | L::Readable
            | L::Task
            | L::KeyFigures
            | L::Billed
            | L::DetailSheets
            | L::FirstDomain
            | L::LastDomain
            | L::Lines
            | L::Faults
            | L::Duplicates
            | L::SameAs
            | L::Overlaps
            | L::AndAlso
            | L::Padding
            | L::Status
            | L::MissingHours
            | L::SilentSlices
            | L::From
            | L::Until
            | L::Samples
            | L::RejectedBySource
            | L::LateBySource
            | L::FirstLateSlice
            | L::HowLate
            | L::Reason
            | L::Source
            | L::UtcOffset
            | L::ShortName
            | L::Hour
            | L::Completeness
            | L::Notes
    )
}

/// A column whose heading is a label.
#[must_use]
pub fn column(label: Label, language: Language, width: usize) -> Column {
    let heading = label.text(language);
    if is_number(label) { Column::number(heading, width) } else { Column::text(heading, width) }
}

/// `Time (UTC+08:00)`.
#[must_use]
pub fn time_column(spec: &ExportSpec) -> Column {
    let heading = format!("{} ({})", Label::Time.text(spec.language), spec.zone.heading(spec.range));
    Column::text(&heading, 19)
}

/// The time; and, if clocks change within the range, a column that distinguishes rows of the same local time.
#[must_use]
pub fn time_columns(spec: &ExportSpec) -> Vec<Column> {
    let mut columns = vec![time_column(spec)];
    columns.extend(offset_column(spec));
    columns
}

/// A column for the offset from UTC of a time, if clocks change within the range.
#[must_use]
pub fn offset_column(spec: &ExportSpec) -> Option<Column> {
    let offset = |window: Window| spec.zone.offset_at(window.start());
    let first = offset(spec.range.start());
    let changes = spec.range.windows().any(|window| offset(window) != first);
    changes.then(|| column(Label::UtcOffset, spec.language, 9))
}

/// The figures of a row: headings of the cells that [`figures`] gives.
#[must_use]
pub fn figure_columns(spec: &ExportSpec) -> Vec<Column> {
    let labels: &[Label] = match spec.kind {
        Kind::Flow => &[Label::Traffic, Label::Bandwidth],
        Kind::Vas => &[
            Label::Requests,
            Label::HttpsRequests,
            Label::QuicRequests,
            Label::HttpRequests,
            Label::OtherRequests,
        ],
    };
    let width = if spec.kind == Kind::Flow { 20 } else { 14 };
    labels.iter().map(|label| column(*label, spec.language, width)).collect()
}

/// The figures of a slice.
pub fn figures(kind: Kind, usage: &Usage, factor: Factor) -> impl Iterator<Item = Cell<'static>> + use<> {
    let (cells, count) = match kind {
        Kind::Flow => {
            let traffic = Cell::Whole(factor.bytes(usage.bytes.into()));
            let bandwidth = Cell::Decimal(Bandwidth::of_slice(usage.bytes, factor).hundredths());
            ([traffic, bandwidth, Cell::Empty, Cell::Empty, Cell::Empty], 2)
        }
        Kind::Vas => (requests(usage), 5),
    };
    cells.into_iter().take(count)
}

/// The figures of a row of Detail.
pub fn row(spec: &ExportSpec, usage: &Usage) -> impl Iterator<Item = Cell<'static>> + use<> {
    figures(spec.kind, usage, spec.factor).chain(logged(spec, usage))
}

/// All requests and those of each protocol, in the order of the columns.
#[must_use]
pub fn requests(usage: &Usage) -> [Cell<'static>; 5] {
    let by = |protocol| Cell::Whole(usage.requests_by(protocol).into());
    [
        Cell::Whole(usage.total_requests().into()),
        by(Protocol::Https),
        by(Protocol::Quic),
        by(Protocol::Http),
        by(Protocol::Other),
    ]
}

/// The last column if figures are multiplied: what was logged. Otherwise there is none.
#[must_use]
pub fn logged_column(spec: &ExportSpec) -> Option<Column> {
    has_logged(spec).then(|| column(Label::LoggedTraffic, spec.language, 20))
}

/// The cell below [`logged_column`].
#[must_use]
pub fn logged(spec: &ExportSpec, usage: &Usage) -> Option<Cell<'static>> {
    has_logged(spec).then(|| Cell::Whole(usage.bytes.into()))
}

pub(super) fn has_logged(spec: &ExportSpec) -> bool {
    spec.kind == Kind::Flow && spec.factor != Factor::ONE
}

/// The columns of Detail.
#[must_use]
pub fn detail(spec: &ExportSpec, domain_width: usize) -> Vec<Column> {
    let mut columns = time_columns(spec);
    columns.push(column(Label::DomainName, spec.language, domain_width));
    columns.push(column(Label::Region, spec.language, 8));
    columns.extend(figure_columns(spec));
    columns.extend(logged_column(spec));
    columns
}

/// What a region is called.
#[must_use]
pub fn region_name(region: Region, language: Language) -> &'static str {
    region.code().unwrap_or(Label::AllRegions.text(language))
}

/// Bytes in GB; exact, because the divisor is a power of two.
#[must_use]
pub fn gigabytes(bytes: u128) -> Cell<'static> {
    Cell::Gigabytes(bytes as f64 / GB)
}

/// Bytes in the 1024-based unit that reads best, two decimals half-up: `117.74 GB`.
#[must_use]
pub fn readable_bytes(bytes: u128) -> String {
    let units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];
    let step = (0..units.len() - 1).find(|step| bytes >> (10 * (step + 1)) == 0).unwrap_or(units.len() - 1);
    if step == 0 {
        return format!("{bytes} B");
    }
    let unit = 1u128 << (10 * step);
    let hundredths = (bytes * 200 + unit) / (unit * 2);
    format!("{}.{:02} {}", hundredths / 100, hundredths % 100, units[step])
}

/// A bandwidth in the 1000-based unit that reads best, two decimals half-up: `16.78 Mbps`.
#[must_use]
pub fn readable_bandwidth(bandwidth: Bandwidth) -> String {
    let units = ["bps", "kbps", "Mbps", "Gbps", "Tbps"];
    let hundredths = bandwidth.hundredths();
    let step = (0..4u32).find(|step| hundredths < 100 * 1000u128.pow(step + 1)).unwrap_or(4);
    let unit = 1000u128.pow(step);
    let rounded = (hundredths * 2 + unit) / (unit * 2);
    format!("{}.{:02} {}", rounded / 100, rounded % 100, units[step as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_figures() {
        assert_eq!(readable_bytes(1023), "1023 B");
        assert_eq!(readable_bytes(1024), "1.00 KB");
        assert_eq!(readable_bytes(1536 << 20), "1.50 GB");
        assert_eq!(readable_bytes(1 << 70), "1024.00 EB");
        let bps = |bytes| readable_bandwidth(Bandwidth::new(bytes, 8, Factor::ONE));
        assert_eq!(bps(999), "999.00 bps");
        assert_eq!(bps(16_777_590), "16.78 Mbps");
        assert_eq!(bps(1_000_000_000_000_000), "1000.00 Tbps");
    }
}
