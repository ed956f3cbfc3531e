//! All integration tests in one binary.

mod book;
mod harness;
mod house;
mod inputs;
mod killed;
mod requests;
mod same_bytes;
mod workbooks;
