//! Hosts as lines write them, and what they mean: one that was met lately need not be normalised and looked up
//! again.
//!
//! Remembers a bounded number of hosts, whatever the lines hold. Knows nothing of records.
#![expect(clippy::inline_always, reason = "what is compiled for newer processors must be inlined there")]

use crate::hash;

/// Hosts that are remembered, a power of two. More domains than that in one file cost a look-up each.
const SLOTS: usize = 4096;
/// Places where a host may stand.
const WAYS: usize = 4;
/// Longer hosts are no domains, or hardly: only the last one of them is remembered.
const LONGEST: usize = 256;

/// What `T` each host means.
pub(super) struct Hosts<T> {
    /// The first one is the last long host.
    known: Vec<Host<T>>,
    /// By hash, indices into `known`; 0 where none is. Empty until a second host comes.
    slots: Vec<u16>,
    current: usize,
}

struct Host<T> {
    raw: Box<[u8]>,
    meaning: T,
}

impl<T> Hosts<T> {
    /// Knows that `meaning` is what the empty host means.
    pub(super) fn new(meaning: T) -> Self {
        Self { known: vec![Host { raw: Box::default(), meaning }], slots: Vec::new(), current: 0 }
    }

    /// What `raw` means; `learn` tells it where that is not known.
    #[inline(always)]
    pub(super) fn meaning(&mut self, raw: &[u8], learn: impl FnOnce(&[u8]) -> T) -> &mut T {
        if !same(raw, &self.known[self.current].raw) {
            self.current = self.find(raw, learn);
        }
        &mut self.known[self.current].meaning
    }

    #[inline(never)]
    fn find(&mut self, raw: &[u8], learn: impl FnOnce(&[u8]) -> T) -> usize {
        if raw.len() > LONGEST {
            self.known[0] = Host { raw: raw.into(), meaning: learn(raw) };
            return 0;
        }
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, 0);
        }
        let first = hash(raw);
        let mut free = first % SLOTS;
        for way in 0..WAYS {
            let slot = (first + way) % SLOTS;
            match usize::from(self.slots[slot]) {
                0 => {
                    free = slot;
                    break;
                }
                index if same(raw, &self.known[index].raw) => return index,
                _ => {}
            }
        }
        let host = Host { raw: raw.into(), meaning: learn(raw) };
        // A slot that is taken gives up its host; there are never more hosts than slots.
        match usize::from(self.slots[free]) {
            0 => {
                self.slots[free] = u16::try_from(self.known.len()).expect("no more hosts than slots");
                self.known.push(host);
                self.known.len() - 1
            }
            index => {
                self.known[index] = host;
                index
            }
        }
    }
}

/// Whether two hosts are written alike: inline, as nearly every line asks it.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || a.len() < 8 {
        return a == b;
    }
    let (words_a, _) = a.as_chunks::<8>();
    let (words_b, _) = b.as_chunks::<8>();
    words_a.iter().zip(words_b).all(|(a, b)| a == b) && a.last_chunk::<8>() == b.last_chunk::<8>()
}

/// Spreads hosts over the slots. Hosts made to collide cost the look-up that all would cost without this.
fn hash(raw: &[u8]) -> usize {
    (hash::all(raw.len() as u64, raw) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: usize) -> Vec<u8> {
        format!("{}{n}", "x".repeat(n % 300)).into_bytes()
    }

    #[test]
    fn every_host_keeps_its_own_meaning_and_memory_is_bounded() {
        let mut hosts = Hosts::new(Vec::new());
        for round in 0..3 {
            for n in 0..3 * SLOTS {
                let n = if round == 1 { n / 2 } else { n };
                assert_eq!(*hosts.meaning(&name(n), <[u8]>::to_vec), name(n));
            }
        }
        assert!(hosts.known.len() <= SLOTS + 1);
        assert_eq!(*hosts.meaning(b"", <[u8]>::to_vec), b"");
    }

    #[test]
    fn few_hosts_are_learnt_once() {
        let mut hosts = Hosts::new(0);
        let mut learnt = 0;
        for n in 0..1000 {
            hosts.meaning(&name(n % 10), |_| {
                learnt += 1;
                n
            });
        }
        assert_eq!(learnt, 10);
    }

    #[test]
    fn hosts_that_differ_in_one_byte_differ() {
        for len in 1..40 {
            let host = vec![b'a'; len];
            assert!(same(&host, &host.clone()) && !same(&host, &host[1..]));
            for at in 0..len {
                let mut other = host.clone();
                other[at] = b'b';
                assert!(!same(&host, &other), "{len} {at}");
            }
        }
    }
}
