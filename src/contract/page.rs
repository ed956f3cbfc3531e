//! Pages of a long list: `PageSize` and `PageNumber` of `DescribeUserUsageDetailDataExportTask`, and how far back it lists.

use super::code::{Code, Refusal};
use crate::time::DAY_SECONDS;

/// For how long after their creation tasks are listed, in seconds: three months, of the longest kind.
pub const LISTED: i64 = 92 * DAY_SECONDS;

/// A part of a long list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    size: u32,
    number: u32,
}

impl Page {
    /// The number of tasks of a page by default.
    pub const DEFAULT_SIZE: u32 = 20;
    /// The longest page.
    pub const MAX_SIZE: u32 = 50;
    /// The last page.
    pub const MAX_NUMBER: u32 = 100_000;

    /// Reads `PageSize` (1 to 50, by default 20) and `PageNumber` (1 to 100,000, by default 1).
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], naming the one that is wrong.
    pub fn new(size: Option<&str>, number: Option<&str>) -> Result<Self, Refusal> {
        Ok(Self {
            size: within("PageSize", size, Self::DEFAULT_SIZE, Self::MAX_SIZE)?,
            number: within("PageNumber", number, 1, Self::MAX_NUMBER)?,
        })
    }

    /// How many tasks it has at most.
    #[must_use]
    pub const fn size(self) -> u32 {
        self.size
    }

    /// Which page it is, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }
}

fn within(name: &str, text: Option<&str>, default: u32, most: u32) -> Result<u32, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(default) };
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.filter(|number| (1..=most).contains(number)).ok_or_else(|| {
        Refusal::new(Code::InvalidParameter, format!("{name} is {text:?}; give a number from 1 to {most}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_numbers_from_one() {
        let read = |size, number| Page::new(size, number).map(|page| (page.size(), page.number())).ok();
        assert_eq!(read(None, None), Some((20, 1)));
        assert_eq!(read(Some(""), Some("")), Some((20, 1)));
        assert_eq!(read(Some("50"), Some("100000")), Some((50, 100_000)));
        for wrong in ["0", "51", "-1", "+1", "1.0", " 1", "x", "99999999999"] {
            assert_eq!(read(Some(wrong), None), None, "{wrong}");
        }
        for wrong in ["0", "100001"] {
            assert_eq!(read(None, Some(wrong)), None, "{wrong}");
        }
        let refusal = Page::new(None, Some("0")).unwrap_err();
        assert_eq!(refusal.code, Code::InvalidParameter);
        assert_eq!(refusal.detail, "PageNumber is \"0\"; give a number from 1 to 100000.");
    }
}
