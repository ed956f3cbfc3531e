//! All integration tests in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "tests fail by panics, on small numbers"
)]

mod advice;
#[cfg(target_os = "linux")]
mod at_once;
mod attributed;
mod attacked_store;
mod book;
mod broken_store;
mod cases;
#[cfg(unix)]
mod changed;
mod clocks;
mod copies;
mod covered;
mod crowds;
mod events;
mod files_agree;
mod first_errors;
mod folded;
mod generated;
mod harness;
mod help;
mod histories;
mod hostile;
mod hostile_names;
mod house;
mod inputs;
mod instead;
mod judged;
mod kept;
mod killed;
mod killed_store;
mod large_sums;
mod limits;
mod lines_agree;
mod logs;
mod many;
mod names;
mod newcomer;
mod older_store;
mod one_text;
mod options;
mod oracle;
mod origins;
mod other_users;
mod outputs;
mod overlaps;
mod outside;
mod replaced;
mod requests;
mod retain;
mod rows;
mod same_bytes;
mod samples;
mod same_lines;
mod scheduled;
mod scope;
mod shared_store;
mod standard_output;
mod store;
mod successors;
mod taken;
#[cfg(unix)]
mod tampered_store;
mod tasks;
mod ticks;
mod troubles;
mod vendors;
mod waits;
mod workbooks;
