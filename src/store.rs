//! The usage store: one `SQLite` file with the usage of every source that was read, each counted once.
//!
//! Never sees a log line: usage and identities go in ([`Writer`]), sorted rows and reports come out ([`Reader`]). Usage
//! and the identity of its source are committed in one transaction. Only this room names rusqlite and has SQL.

mod schema;
mod value;
mod failure;
mod connect;
mod held;
mod side_files;
mod not_a_store;
mod kept_out;
mod objects;
mod open;
mod lock;
mod older;
mod state;
mod counters;
mod source;
mod total;
mod known_keys;
mod source_names;
mod watch;
mod cells;
mod account;
mod parts;
mod tasks;
mod read;
mod check;
mod history;
mod info;
mod writer;
mod source_row;
mod contribute;
mod naming;
mod write;
mod retain;
mod maintenance;
mod growth;
mod unchanged;
mod lookup;
mod mixed_sources;
mod report;
mod survey;
mod coverage;
mod alike;

pub use account::AccountId;
pub use alike::MaybeAlike;
pub use check::Violation;
pub use history::{KEPT_TICKS, PastTick};
pub use info::{Info, Outline, Size, State, size};
pub use lock::Lock;
pub use lookup::{SharedBeginning, Shorter};
pub use maintenance::{Contribution, Vacuumed};
pub use older::OlderCopy;
pub use open::{copy, is_read_only};
pub use read::{Reader, Rows};
pub use retain::LetGo;
pub use side_files::numbers;
pub use source::{Arrival, FileStat, Known, NAMED, NOTE, Place, Seen, SourceId, Way, joined};
pub use survey::{Passed, Surveyed};
pub use tasks::{End, Logged, Made, Needs, Order, Registered, Status, TaskId, Tasks, Workbook};
pub use watch::Change;
pub use writer::Writer;
