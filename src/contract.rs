//! The vendor's operations on export tasks as data: the parameters of a request and their rules, bill types, the error
//! table, pages, and the shapes of responses.
//!
//! All interfaces share this, so that they agree. Knows nothing of logs, stores and workbooks; only the shapes of
//! responses use serde.

pub mod code;
pub mod kind;
pub mod bill;
pub mod request;
pub mod page;
pub mod response;
