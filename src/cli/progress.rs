//! The progress bar: on a terminal only. The only file that names indicatif.

use crate::task::TaskProgress;
use crate::threads::{joined, start};
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Looks this often how far the work is.
const TICK: Duration = Duration::from_millis(100);
/// Work that ends before this shows no bar.
const PATIENCE: Duration = Duration::from_millis(300);

const READING: &str = "{msg} [{bar:32}] {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
const STREAM: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";
const WRITING: &str = "{msg} [{bar:32}] {human_pos}/{human_len} rows, {rows_per_sec}, {eta} left";

/// Runs `work` beside a bar on standard error, if it has one and that is a terminal.
pub(super) fn beside<T>(has_bar: bool, progress: &TaskProgress, work: impl FnOnce() -> T) -> T {
    if !has_bar || !io::stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (done, until) = mpsc::channel::<()>();
        // Without a thread there is no bar; that there is none for the work, either, is told there.
        let bar = start(scope, move || show(progress, &until));
        let result = work();
        drop(done);
        bar.into_iter().for_each(joined);
        result
    })
}

fn show(progress: &TaskProgress, until: &mpsc::Receiver<()>) {
    let waiting = |time| matches!(until.recv_timeout(time), Err(RecvTimeoutError::Timeout));
    let mut bar = Bar::new();
    if !waiting(PATIENCE) {
        return;
    }
    loop {
        bar.update(progress);
        if !waiting(TICK) {
            break;
        }
    }
    bar.bar.finish_and_clear();
}

struct Bar {
    bar: ProgressBar,
    template: &'static str,
}

impl Bar {
    /// A bar whose clock runs, though it is not shown before its first update.
    fn new() -> Self {
        Self { bar: ProgressBar::hidden(), template: "" }
    }

    fn update(&mut self, progress: &TaskProgress) {
        let load = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let (rows, total) = (load(&progress.rows_total), load(&progress.reading.total));
        let (template, name, done, len) = match (rows, total) {
            (0, 0) => (STREAM, "reading", load(&progress.reading.read), None),
            (0, _) => (READING, "reading", load(&progress.reading.read), Some(total)),
            _ => (WRITING, "writing", load(&progress.rows), Some(rows)),
        };
        if template != self.template {
            // Bytes are no rows: what was measured of the one says nothing of the other.
            if !self.template.is_empty() {
                self.bar.reset();
            }
            self.template = template;
            let style = ProgressStyle::with_template(template);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar.set_style(style.with_key("rows_per_sec", rows_per_second));
            self.bar.set_message(name);
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        // A file may be read once more, and then there is more.
        self.bar.set_length(len.unwrap_or(0));
        self.bar.set_position(done);
    }
}

/// `1,234,567 rows/s`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole rows are shown")]
fn rows_per_second(state: &ProgressState, out: &mut dyn Write) {
    // Nothing is shown where that fails.
    let _ = write!(out, "{} rows/s", HumanCount(state.per_sec() as u64));
}
