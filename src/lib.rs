//! flowbook turns raw per-request CDN logs into five-minute usage per domain, and that usage into one Excel
//! workbook per export task.
//!
//! ```text
//!  files --> decode --> lines --> Parser --> UsageTable --> rows, sorted --> columns --> sheets --> .xlsx
//!  folders   magic      bounded,  one per    one per         dense per        flow, vas   under      complete
//!  globs     bytes,     lent      format     thread, merged  domain x slice               1,048,576  or absent
//!  stdin     or no log            +> Reason > Report > scope: all else as sums ---------> Summary: hours with a log
//!                                    (one row per source)                                Data Quality, Sources
//!
//!  ingest_each: a table and a TextId per source --> intake --> Store (SQLite) --> Reader --> rows, report ---^
//!               a text counts once,                 one transaction         tasks, changes, coverage, ticks
//!               and what begins with it
//!
//!  a tick:  discover --> delivery --> judge what is due --> make, side by side --> retire
//!
//!  ExportRequest (strings) --> validate --> ExportSpec (types)  or  Code (the contract's error table)
//! ```
//!
//! A module uses only modules listed before it; a test holds that. The invariants:
//!
//! 1. `log` and `usage` do no I/O and never fail for bad input: a bad line is data, an [`Error`] stops the job.
//! 2. Nothing below `cli` knows clap; a third-party crate is named in one file.
//! 3. Nothing between the sorted rows and the workbook collects rows: memory does not grow with the report.
//! 4. The same input gives the same bytes, for any number of threads, any order and cutting of sources.
//! 5. Lines read = accepted + out of scope + rejected + blank + skipped, checked in every run.
//! 6. A text counts once, whatever its name, packing and line ends, and so does its beginning; the domain that lines take
//!    from outside is a part of it. Usage and identity commit in one transaction, and what a store gives is what its logs
//!    give. Of a log that is changed while it is read nothing is kept.
//! 7. What an export makes names only sources that concern it; all others are sums.
//! 8. A source that failed is never taken for a delivery, nor one without a line, unless the user says that it is one.
//! 9. Only `locale` holds text that is not ASCII.

// Words
pub mod visible;
pub mod spelling;
pub mod time;
pub mod domain;
pub mod region;
pub mod record;
pub mod locale;
pub mod hash;
pub mod sketch;
pub mod report;
pub mod hours;
pub mod names;
pub mod digest;
pub mod formula;
pub mod factor;
// The vendor's operation
pub mod contract;
// What stops a job
pub mod error;
// Edges to the system
pub mod threads;
pub mod regular;
pub mod codec;
pub mod output;
// Logs in
pub mod log;
pub mod source;
pub mod usage;
pub mod ingest;
// Usage kept
pub mod store;
// Workbooks out
pub mod export;
// Deliveries, tasks, ticks
pub mod delivery;
pub mod task;
pub mod schedule;
// Trial data
pub mod generate;
// Faces
pub mod cli;

pub use error::{Error, Result};
