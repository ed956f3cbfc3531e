//! The first line of each five minutes, which a sketch of a text is made of.
//!
//! Knows no format.

use super::interface::without_return;
use crate::sketch::Sketch;
use crate::time::WINDOW_SECONDS;

/// Takes note of the first line of each five minutes, wherever these begin anew.
#[derive(Clone, Debug)]
pub(super) struct FirstLines {
    /// The five minutes of the line before.
    slice: i64,
    sketch: Sketch,
}

impl Default for FirstLines {
    fn default() -> Self {
        Self { slice: i64::MIN, sketch: Sketch::default() }
    }
}

impl FirstLines {
    /// Forgets the source before: what is found in one must not depend on others.
    pub(super) fn begin(&mut self) {
        self.slice = i64::MIN;
    }

    /// Takes note of a line of this time, in unix seconds, if it is the first one of its five minutes.
    pub(super) fn note(&mut self, time: i64, line: &[u8]) {
        let slice = time.div_euclid(WINDOW_SECONDS);
        if std::mem::replace(&mut self.slice, slice) != slice {
            self.sketch.note(without_return(line));
        }
    }

    /// Takes out what was noted.
    pub(super) fn take(&mut self) -> Sketch {
        self.sketch.take()
    }
}
