//! The contract's error table: one row per [`Code`], with wire spelling, message and HTTP status.
//!
//! Only the table; which request is refused is decided in `request`.

use std::fmt;

/// A row of the error table of `CreateUsageDetailDataExportTask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Too many calls in a time; answered by the service face only.
    Throttling,
    /// A domain that is invalid or not the account's.
    IllegalOperation,
    /// The account has not opened the service.
    NotOpen,
    /// The account's service is suspended.
    Suspended,
    /// Any other wrong parameter.
    InvalidParameter,
    /// A wrong `Product`.
    InvalidProduct,
    /// A wrong `Dimension`.
    InvalidDimension,
    /// A wrong `BillType`.
    InvalidBillType,
    /// A wrong `Aliuid`.
    InvalidAliuid,
    /// A wrong or missing `StartTime`.
    InvalidStartTime,
    /// A wrong or missing `EndTime`.
    InvalidEndTime,
    /// The end is not after the start, or the range is longer than 31 days.
    InvalidTimeRange,
    /// A wrong `Operator`.
    InvalidOperator,
}

impl Code {
    /// Every row, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::Throttling,
        Self::IllegalOperation,
        Self::NotOpen,
        Self::Suspended,
        Self::InvalidParameter,
        Self::InvalidProduct,
        Self::InvalidDimension,
        Self::InvalidBillType,
        Self::InvalidAliuid,
        Self::InvalidStartTime,
        Self::InvalidEndTime,
        Self::InvalidTimeRange,
        Self::InvalidOperator,
    ];

    const fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::Throttling => ("Throttling", "Request was denied due to request throttling.", 503),
            Self::IllegalOperation => {
                ("IllegalOperation", "Illegal domain, operation is not permitted.", 403)
            }
            Self::NotOpen => ("OperationDenied", "Your account does not open Cdn service yet.", 403),
            Self::Suspended => ("OperationDenied", "Your Cdn service is suspended.", 403),
            Self::InvalidParameter => ("InvalidParameter", "Invalid Parameter.", 400),
            Self::InvalidProduct => ("InvalidParameterProduct", "Invalid Parameter Product.", 400),
            Self::InvalidDimension => ("InvalidParameterDimension", "Invalid Parameter Dimension.", 400),
            Self::InvalidBillType => ("InvalidParameterBillType", "Invalid Parameter BillType.", 400),
            Self::InvalidAliuid => ("InvalidParameterAliuid", "Invalid Parameter Aliuid.", 400),
            Self::InvalidStartTime => ("InvalidParameterStartTime", "Invalid Parameter StartTime.", 400),
            Self::InvalidEndTime => ("InvalidParameterEndTime", "Invalid Parameter EndTime.", 400),
            Self::InvalidTimeRange => {
                ("InvalidTimeRange", "StartTime and EndTime range should less than 1 month.", 400)
            }
            Self::InvalidOperator => ("InvalidParameterOperator", "Invalid Parameter Operator.", 400),
        }
    }

    /// The code as it is written in a response.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        self.row().0
    }

    /// The contract's message: what the outside sees.
    #[must_use]
    pub const fn message(self) -> &'static str {
        self.row().1
    }

    /// The HTTP status of a response with this code.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().2
    }
}

/// A refused request: the contract's code, and a detail that says what was wrong and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The row of the error table.
    pub code: Code,
    /// Which parameter, its value, and what was expected.
    pub detail: String,
}

impl Refusal {
    /// A refusal with `code`, explained by `detail`.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// There is no task with this id. The vendor's documents do not say which code that has.
    #[must_use]
    pub fn unknown_task(id: &str) -> Self {
        Self::new(Code::InvalidParameter, format!("TaskId is {id:?}; there is no such task."))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  {}", self.code.wire(), self.code.message(), self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as it was published.
    const PUBLISHED: &str = include_str!("../../data/contract/error-codes.md");

    #[test]
    fn the_table_is_the_published_one() {
        let cells = |row: &'static str| row.split('|').skip(1).map(str::trim).collect::<Vec<_>>();
        let rows = PUBLISHED.lines().filter(|line| line.starts_with('|')).map(cells).skip(2);
        let published: Vec<_> = rows.map(|row| (row[0], row[1], row[2].to_owned())).collect();
        let ours = Code::ALL.map(|code| (code.wire(), code.message(), code.status().to_string()));
        assert_eq!(published, ours);
    }
}
