//! The vendor's operation `CreateUsageDetailDataExportTask` as data: its parameters, its bill types, its error table.
//!
//! Knows nothing of logs, stores and workbooks.

pub mod bill;
pub mod code;
pub mod request;
