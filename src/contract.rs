//! The vendor's operations on export tasks as data: the parameters of a request and their rules, bill types, the error
//! table, pages, and the shapes of what is answered.
//!
//! Every face says the same because it is said here. Knows nothing of logs, stores and workbooks; serde stands on the
//! shapes of responses only.

pub mod code;
pub mod kind;
pub mod bill;
pub mod request;
pub mod page;
pub mod response;
