//! What a failure of the database means to a user, and numbers that are read from a store.

use super::value::damage;
use crate::error::{Error, ErrorKind, Result};
use rusqlite::ErrorCode;

/// What is said of a store that holds what flowbook does not write.
const ALTERED: &str = "the store holds a value that flowbook does not write; flowbook store check may name it: restore a \
                       copy of the store, or remove it and ingest the logs again";

/// Whether a value was read that does not stand in a store that flowbook wrote.
const fn is_no_value_of_ours(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, InvalidQuery, Utf8Error,
    };
    matches!(
        error,
        IntegralValueOutOfRange(..)
            | FromSqlConversionFailure(..)
            | InvalidColumnType(..)
            | InvalidQuery
            | Utf8Error(..)
    )
}

/// What is said of a file that is not, or no longer, what the database wrote.
const DAMAGED: &str = "the store is damaged; restore a copy of it, or remove it and ingest the logs again";

/// What the database says in words alone, without a code of its own, of a file that flowbook did not write so: of a format to
/// come, of rows that no table may have, of numbers that no sum holds.
const TOLD: [&str; 5] = [
    "unsupported file format",
    "NOT NULL constraint failed",
    "CHECK constraint failed",
    "type mismatch on DEFAULT",
    "integer overflow",
];

/// Whether the database tells that the file is damaged, or lacks a row that flowbook always writes.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{QueryReturnedNoRows, SqliteFailure};
    match error {
        QueryReturnedNoRows => true,
        SqliteFailure(_, Some(text)) => TOLD.contains(&text.as_str()),
        _ => false,
    }
}

/// What a failure of the database means to a user.
pub(super) fn failed(error: rusqlite::Error) -> Error {
    if let Some(damaged) = damage(&error) {
        return damaged.caused_by(error);
    }
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DAMAGED,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process holds the store; try again later, or give a longer --lock-timeout"
        }
        // The database has one code for both.
        Some(ErrorCode::DiskFull) => {
            "the disk is full, or the store has no number left for a new row (flowbook store check names it); the store \
             was not changed"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the store, or the folder that holds it, cannot be opened or written"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk failed; the store was not changed",
        Some(ErrorCode::TooBig | ErrorCode::ConstraintViolation) => ALTERED,
        _ if is_no_value_of_ours(&error) => ALTERED,
        _ if is_damage(&error) => DAMAGED,
        _ => "the store failed",
    };
    Error::new(ErrorKind::Store(format!("{hint} ({error})"))).caused_by(error)
}

/// A number that is never negative in a store that flowbook wrote.
pub(super) fn unsigned(number: i64) -> rusqlite::Result<u64> {
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, number))
}

/// A number for the store, whose numbers have 63 bits.
pub(super) fn signed(number: u64) -> Result<i64> {
    let text = || Error::new(ErrorKind::Overflow("a sum of a source exceeds 2^63 - 1".into()));
    i64::try_from(number).map_err(|_| text())
}
