//! What a log format offers: the one seam between formats and their readers.
//!
//! Knows no format.

use crate::names::Rule;
use crate::record::{Fields, Parsed};
use memchr::memchr;

/// Bytes at the beginning of a text that a format is detected by, and a parser prepared by: less only of shorter texts.
pub const HEAD: usize = 4 << 10;

/// A log format with a parser of its own. One file implements it; a row of the list in `log.rs` adds it. Other formats are
/// described by a text: see [`description`](super::description).
pub trait LogFormat: LineParser + Default {
    /// The name in messages, in configurations (`format`) and in stores.
    const NAME: &'static str;
    /// What the format is, in a few words.
    const TITLE: &'static str;
    /// A line as it should be.
    const SAMPLE: &'static str;
    /// What the names of its files tell, where these follow a rule.
    const NAMES: Option<Rule> = None;
    /// Whether the lines of a plain file can be read from any newline on, with what the head of the file says at most.
    const MAY_BE_CUT: bool = true;
    /// Whether lines in the middle of a text can be read only by what its head says.
    const NEEDS_HEAD: bool = false;

    /// How sure the format is that a text is of it. `head` is its beginning, from its first line on that is not blank. This is
    /// asked of every source: a look at the shape is enough, in far less time than a source takes.
    fn likeness(head: &[u8]) -> Likeness;

    /// Whether an entry may begin with this text: tells a carriage return that ends a line from one within a field, and
    /// where lines go on behind bytes that mean nothing.
    #[must_use]
    fn may_begin_entry(_text: &[u8]) -> bool {
        false
    }
}

/// The parser of the lines of a format. It reads one source after the other. If the meaning of lines depends on the head of
/// the source, such as a line that names columns, it learns it in [`prepare`](Self::prepare).
pub trait LineParser: Clone {
    /// Begins another source, of which `head` are the first [`HEAD`] bytes of text: nothing that was read before may matter.
    fn prepare(&mut self, head: &[u8]);

    /// What the lines of the source tell.
    fn fields(&self) -> Fields;

    /// Reads one line, without its line end.
    ///
    /// # Errors
    /// The reason why the line says nothing.
    fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a>;

    /// Reads the lines of a block one by one, and gives each, without its line end, to `each` with what it says. The last line
    /// may lack its newline.
    ///
    /// # Errors
    /// The first one of `each`: the lines behind it are not read.
    #[inline]
    fn lines<E>(
        &mut self,
        mut block: &[u8],
        mut each: impl FnMut(&[u8], Parsed<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !block.is_empty() {
            let newline = memchr(b'\n', block);
            let line = without_return(&block[..newline.unwrap_or(block.len())]);
            each(line, self.parse(line))?;
            block = newline.map_or(&[], |newline| &block[newline + 1..]);
        }
        Ok(())
    }
}

/// How sure a format is that a text is of it. The surest one wins; of several, the one that is listed first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// No line of the format begins so.
    None,
    /// It begins as lines of the format may, and others, too.
    Possible,
    /// Its first line has the shape of one of the format.
    Likely,
    /// The text itself says what its lines are.
    Certain,
}

/// A line without its end: CR LF, or CR CR LF where a text was made one with CR LF twice.
#[inline(always)]
#[expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]
pub(super) fn without_return(mut line: &[u8]) -> &[u8] {
    while let Some(bare) = line.strip_suffix(b"\r") {
        line = bare;
    }
    line
}
