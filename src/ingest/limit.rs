//! The message for more rejected lines than allowed.

use crate::log::Format;
use crate::report::{Counts, NO_DOMAIN, RejectLimit, Sample};
use crate::visible::{self, escaped};
use std::fmt::Write;

/// Characters of a line that a message shows.
const SHOWN: usize = 200;

/// The message for more rejected lines than allowed: how many, the consequence, the limit, and the first rejected line.
#[must_use]
pub fn too_many_rejected(
    counts: &Counts,
    limit: RejectLimit,
    format: Format,
    first: Option<(&str, &Sample)>,
    so: &str,
) -> String {
    let mut text = format!(
        "{} of {} lines were rejected, more than the limit of {limit}: {so}\n  expected: {}, lines like\n    {}",
        counts.rejected_total(),
        counts.lines,
        format.title(),
        format.sample(),
    );
    if let Some((name, first)) = first {
        let (line, reason, line_text) = (first.line, first.reason.key(), escaped(&first.text));
        let _ = write!(text, "\n  first rejected line: {}:{line} ({reason})", visible::line(name));
        if !line_text.is_empty() {
            let _ = write!(text, "\n    {}", visible::cut(&line_text, SHOWN));
        }
    }
    if counts.lacks_domains() {
        let _ = write!(text, "\n  most of them {NO_DOMAIN}");
    }
    text
}
