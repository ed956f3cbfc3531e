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
//! # For other programs
//!
//! flowbook is a command first. These items of the library are meant for other programs; they change only with the
//! version:
//!
//! | to | use |
//! |---|---|
//! | find logs | [`source::discover`] |
//! | read them | [`ingest::ingest`] with an [`ingest::Job`]; it gives a [`usage::table::UsageTable`] and a [`report::Report`] |
//! | say what is wanted | [`contract::request::ExportRequest`] and [`contract::request::validate`] |
//! | write a workbook or CSV | [`export::export`], [`export::export_csv`] with an [`export::Request`] |
//! | do all of this | [`task::run`] |
//!
//! Everything else is public only for the command, the tests and the benches. The usage of a day, read from logs:
//!
//! ```
//! use flowbook::domain::{DomainSet, Selection};
//! use flowbook::ingest::{Job, Progress, ingest};
//! use flowbook::report::RejectLimit;
//! use flowbook::source::{ORIGINS, discover};
//! use flowbook::time::{TimeRange, parse_iso};
//!
//! # fn main() -> flowbook::Result<()> {
//! let sources = discover(&["data/sample".into()])?;
//! let start = parse_iso("2026-02-28T16:00:00Z").expect("a time");
//! let day = TimeRange::covering(start, start + 86_400).expect("a range");
//! let everything = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
//! let job = Job {
//!     origins: ORIGINS,
//!     range: day,
//!     selection: &everything,
//!     folds: None,
//!     own_hosts: None,
//!     threads: 0, // one per core
//!     keep_going: false,
//!     max_rejects: RejectLimit::DEFAULT,
//!     empty_is_delivered: false,
//!     keep_rejects: None,
//!     progress: &Progress::default(),
//! };
//! let read = ingest(sources, &job)?;
//! let bytes: u64 = read.table.rows().map(|row| row.usage.bytes).sum();
//! println!("{bytes} bytes in {} lines", read.report.totals().accepted);
//! assert_eq!(bytes, 26_884_877_882);
//! # Ok(())
//! # }
//! ```
//!
//! A workbook of the same day, made by a task:
//!
//! ```
//! use flowbook::contract::request::{Account, ExportRequest, validate};
//! use flowbook::locale::Language;
//! use flowbook::region::Region;
//! use flowbook::report::RejectLimit;
//! use flowbook::source::Search;
//! use flowbook::task::{Logs, Task, TaskProgress, run};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let request = ExportRequest {
//!     kind: Some("flow".into()),
//!     start_time: Some("2026-02-28T16:00:00Z".into()),
//!     end_time: Some("2026-03-01T16:00:00Z".into()),
//!     ..ExportRequest::default()
//! };
//! let spec = validate(&request, &Account::default(), Language::EnUs).map_err(|refusal| refusal.to_string())?;
//! let folder = tempfile::tempdir()?;
//! let output = folder.path().join("usage.xlsx");
//! let task = Task {
//!     spec: &spec,
//!     region: Region::Unspecified,
//!     threads: 0,
//!     max_rejects: RejectLimit::DEFAULT,
//!     require_complete: true,
//!     output: &output,
//!     force: false,
//!     created: 1_772_323_200, // unix seconds
//! };
//! let logs = Logs {
//!     arguments: &["data/sample".into()],
//!     search: &Search::default(),
//!     lateness: Some(86_400), // seconds
//!     keep_going: false,
//!     rejects: None,
//! };
//! let exported = run(&task, &logs, &TaskProgress::default())?.result?;
//! assert_eq!((exported.domains, exported.rows), (5, 1440));
//! assert!(output.exists());
//! # Ok(())
//! # }
//! ```
//!
//! # For those who change it
//!
//! A module uses only modules listed before it; a test checks that. `ARCHITECTURE.md` says how they work together, and
//! why, and lists the invariants.

// Words
pub mod decimal;
pub mod visible;
pub mod spelling;
pub mod time;
pub mod domain;
pub mod region;
pub mod record;
pub mod language;
pub mod locale;
pub mod hash;
pub mod sketch;
pub mod fault;
pub mod report;
pub mod hours;
pub mod names;
pub mod formula;
pub mod factor;
// The vendor's operation
pub mod contract;
// What stops a job
pub mod error;
// What is told while a job runs
pub mod events;
// Lines
pub mod log;
// Edges to the system
pub mod threads;
pub mod regular;
pub mod digest;
pub mod codec;
pub mod output;
// Logs in
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
