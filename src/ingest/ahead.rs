//! Reading ahead: while one thread folds lines, another one reads and decodes those that follow.
//!
//! Knows nothing of what lines mean. The chunks are the same as without, in the same order.

use super::lines::{Chunk, Lines, OwnedChunk};
use crate::error::Result;
use crate::threads;
use std::io::{self, Read};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Blocks that are handed over at a time. The thread that folds sleeps when it has none, and waking it costs the
/// thread that reads, which is the slower one: as rarely as memory allows.
const TOGETHER: usize = 8;

/// Hands every chunk to `each`; what ends the input early comes back as the inner error.
///
/// # Errors
/// When `each` fails, or no thread can be started.
pub(super) fn fold_ahead<R: Read + Send>(
    lines: &mut Lines<R>,
    mut each: impl FnMut(&Chunk<'_>) -> Result<()>,
) -> Result<io::Result<()>> {
    let (full, blocks) = sync_channel::<Vec<OwnedChunk>>(0);
    // Buffers go round: as many are read into as are folded, and there is the one of `lines`.
    let (spare, buffers) = sync_channel(2 * TOGETHER + 1);
    thread::scope(|scope| {
        let reader = threads::start(scope, move || read(lines, &full, &buffers))?;
        // When the loop ends early the channel closes, and with it the reader's loop.
        for block in blocks.into_iter().flatten() {
            each(&block.chunk())?;
            // A buffer that has no place is let go.
            let _ = spare.try_send(block.into_buffer());
        }
        Ok(threads::joined(reader))
    })
}

/// Reads blocks until the input ends or nobody waits for them.
fn read<R: Read>(
    lines: &mut Lines<R>,
    full: &SyncSender<Vec<OwnedChunk>>,
    buffers: &Receiver<Vec<u8>>,
) -> io::Result<()> {
    let mut together = Vec::with_capacity(TOGETHER);
    let end = loop {
        match lines.next_block(buffers.try_recv().unwrap_or_default()) {
            Ok(Some(block)) => together.push(block),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        if together.len() == TOGETHER && full.send(mem::take(&mut together)).is_err() {
            return Ok(());
        }
    };
    // When nobody waits for the rest, that is no matter for here.
    let _ = full.send(together);
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::ingest::lines::READ;

    /// Gives a text, then fails.
    struct Failing<'a>(&'a [u8]);

    impl Read for Failing<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::Error::other("gone")) } else { self.0.read(out) }
        }
    }

    fn text() -> Vec<u8> {
        (0..9 * READ as u64 / 8).flat_map(|n| format!("{n:08}\n").into_bytes()).collect()
    }

    #[test]
    fn chunks_are_those_of_one_thread() {
        let mut text = text();
        text.splice(READ..READ, vec![b'x'; 3 << 20]);
        let mut expected = Vec::new();
        let mut alone = Lines::new(&text[..]);
        while let Some(chunk) = alone.next_chunk().unwrap() {
            expected.push(format!("{chunk:?}").len());
        }
        let mut found = Vec::new();
        let mut lines = Lines::new(&text[..]);
        let each = |chunk: &Chunk<'_>| {
            found.push(format!("{chunk:?}").len());
            Ok(())
        };
        fold_ahead(&mut lines, each).unwrap().unwrap();
        assert_eq!(found, expected);
        assert_eq!(lines.position(), text.len() as u64);
    }

    #[test]
    fn all_lines_before_a_fault_are_folded() {
        let mut text = text();
        text.extend(b"cut");
        let mut bytes = 0;
        let mut lines = Lines::new(Failing(&text));
        let each = |chunk: &Chunk<'_>| {
            let Chunk::Lines(block) = chunk else { panic!("no line is long") };
            bytes += block.len();
            Ok(())
        };
        let error = fold_ahead(&mut lines, each).unwrap().unwrap_err();
        assert_eq!(error.to_string(), "gone");
        assert_eq!((bytes, lines.left_over(), lines.position()), (text.len() - 3, 3, text.len() as u64));
    }

    #[test]
    fn a_failure_in_folding_ends_the_reading() {
        let text = text();
        let mut lines = Lines::new(&text[..]);
        let mut chunks = 0;
        let result = fold_ahead(&mut lines, |_| {
            chunks += 1;
            if chunks == 2 { Err(Error::usage("enough")) } else { Ok(()) }
        });
        assert!(result.is_err());
        assert_eq!(chunks, 2);
    }
}
