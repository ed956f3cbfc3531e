//! Which rows are on which Detail sheet: split below Excel's limit. A domain is split only if it does not fit on a
//! sheet of its own.

use std::ops::Range;

/// Rows of an Excel sheet.
pub const EXCEL_ROWS: u64 = 1_048_576;
/// Data rows of a sheet: all but the heading.
pub const DATA_ROWS: u64 = EXCEL_ROWS - 1;

/// The data rows of one Detail sheet, counted over all sheets together.
pub type SheetRows = Range<u64>;

/// Splits blocks of rows (one per domain, in order) over sheets of at most `limit` data rows. There is
/// always one sheet, if only with its heading.
#[must_use]
pub fn split(blocks: impl IntoIterator<Item = u64>, limit: u64) -> Vec<SheetRows> {
    let mut sheets = Vec::new();
    let (mut start, mut end) = (0, 0);
    for block in blocks {
        let fits = end - start + block <= limit;
        if !fits && block <= limit {
            // Whole into the next sheet.
            sheets.push(start..end);
            start = end;
        }
        end += block;
        while end - start > limit {
            sheets.push(start..start + limit);
            start += limit;
        }
    }
    if start < end || sheets.is_empty() {
        sheets.push(start..end);
    }
    sheets
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn domains_stay_whole_where_they_fit() {
        assert_eq!(split([4, 4, 4], 10), [0..8, 8..12]);
        assert_eq!(split([5, 5, 5], 10), [0..10, 10..15]);
        assert_eq!(split([3, 25, 3], 10), [0..10, 10..20, 20..28, 28..31]);
        assert_eq!(split([10], 10), vec![0..10; 1]);
        assert_eq!(split([], 10), vec![0..0; 1]);
        assert_eq!(split([8928; 118], DATA_ROWS), [0..117 * 8928, 117 * 8928..118 * 8928]);
    }

    proptest! {
        #[test]
        fn sheets_hold_every_row_once(blocks in prop::collection::vec(0..30u64, 0..20), limit in 1..15u64) {
            let sheets = split(blocks.iter().copied(), limit);
            prop_assert_eq!(sheets[0].start, 0);
            prop_assert_eq!(sheets[sheets.len() - 1].end, blocks.iter().sum::<u64>());
            prop_assert!(sheets.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(sheets.iter().all(|sheet| sheet.end - sheet.start <= limit));
            prop_assert!(sheets.len() == 1 || sheets.iter().all(|sheet| !sheet.is_empty()));
        }
    }
}
