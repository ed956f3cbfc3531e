//! All integration tests in one binary.

mod book;
mod files_agree;
mod harness;
mod hostile;
mod house;
mod inputs;
mod killed;
mod lines_agree;
mod logs;
mod oracle;
mod requests;
mod same_bytes;
mod samples;
mod workbooks;
