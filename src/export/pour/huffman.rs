//! Huffman codes of limited length, as RFC 1951 orders them.

use std::cmp::Reverse;

/// The code of a symbol: the lowest `len` bits, in the order in which they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u32,
    /// 0 for a symbol that does not occur.
    pub(super) len: u8,
}

/// The lengths of all codes of an alphabet.
#[derive(Debug)]
pub(super) struct Lengths(Vec<u8>);

impl Lengths {
    /// Lengths for how often symbols occur, none above `limit`. At least two symbols get a code, so that the
    /// code is complete: `counts` is raised where need be.
    pub(super) fn of(counts: &mut [u32], limit: u8) -> Self {
        while counts.iter().filter(|count| **count > 0).count() < 2 {
            let unused = counts.iter().position(|count| *count == 0).expect("an alphabet has two symbols");
            counts[unused] = 1;
        }
        let mut symbols: Vec<usize> = (0..counts.len()).filter(|symbol| counts[*symbol] > 0).collect();
        // The order of equals decides the bytes, and must not depend on the machine.
        symbols.sort_by_key(|symbol| (Reverse(counts[*symbol]), *symbol));
        let sorted: Vec<u32> = symbols.iter().rev().map(|symbol| counts[*symbol]).collect();
        let per_length = limited(&depths(&sorted), limit);
        let mut lengths = vec![0; counts.len()];
        let in_turn = (1..).zip(&per_length).flat_map(|(len, count)| std::iter::repeat_n(len, *count));
        for (symbol, length) in symbols.into_iter().zip(in_turn) {
            lengths[symbol] = length;
        }
        Self(lengths)
    }

    /// The canonical code with these lengths.
    pub(super) fn codes(&self) -> Vec<Code> {
        let mut next = [0u32; 17];
        for length in &self.0 {
            next[usize::from(*length) + 1] += u32::from(*length > 0);
        }
        // Codes of one length follow those of the length before, with a zero behind.
        for length in 1..17 {
            next[length] = (next[length] + next[length - 1]) << 1;
        }
        let mut code = |len: u8| {
            if len == 0 {
                return Code::default();
            }
            let code = next[usize::from(len)];
            next[usize::from(len)] += 1;
            Code { bits: code.reverse_bits() >> (32 - u32::from(len)), len }
        };
        self.0.iter().map(|len| code(*len)).collect()
    }
}

/// Depths of the leaves of a Huffman tree over counts that ascend.
fn depths(counts: &[u32]) -> Vec<usize> {
    let leaves = counts.len();
    let mut weight: Vec<u64> = counts.iter().map(|count| u64::from(*count)).collect();
    let mut parent = vec![0; 2 * leaves - 1];
    // The two lightest of the leaves left and the nodes made so far become a node; both come in order.
    let (mut leaf, mut node) = (0, leaves);
    for new in leaves..2 * leaves - 1 {
        let mut sum = 0;
        for _ in 0..2 {
            let lightest = if leaf < leaves && (node >= new || weight[leaf] <= weight[node]) {
                &mut leaf
            } else {
                &mut node
            };
            sum += weight[*lightest];
            parent[*lightest] = new;
            *lightest += 1;
        }
        weight.push(sum);
    }
    let mut depth = vec![0; 2 * leaves - 1];
    for at in (0..2 * leaves - 2).rev() {
        depth[at] = depth[parent[at]] + 1;
    }
    depth.truncate(leaves);
    depth
}

/// How many codes of each length from 1 to `limit` there are, when longer ones are shortened and others grow
/// for it (Kraft's sum stays one).
fn limited(depths: &[usize], limit: u8) -> Vec<usize> {
    let limit = usize::from(limit);
    let mut counts = vec![0; limit + 1];
    for depth in depths {
        counts[(*depth).min(limit)] += 1;
    }
    let mut sum: usize = (1..=limit).map(|len| counts[len] << (limit - len)).sum();
    while sum > 1 << limit {
        let shorter = (1..limit).rev().find(|len| counts[*len] > 0).expect("not every code is the longest");
        counts[limit] -= 1;
        counts[shorter] -= 1;
        counts[shorter + 1] += 2;
        sum -= 1;
    }
    counts.split_off(1)
}
