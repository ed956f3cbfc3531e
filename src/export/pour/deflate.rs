//! Text that is deflated without a search: whoever writes it says which bytes repeat earlier ones.
//!
//! A [`Text`] is one run of bytes and the story of how it came about, in steps of "so many new bytes, then so
//! many bytes from so far back". [`Text::deflate`] tells this story in the words of RFC 1951, with Huffman
//! codes made for it, and ends on a byte boundary with an empty stored block (what zlib calls a sync flush):
//! streams made so can be joined end to end. Knows nothing of rows and sheets.

#![expect(clippy::cast_possible_truncation, reason = "symbols, lengths and distances are small by RFC 1951")]

use super::huffman::{Code, Lengths};

/// Shortest repetition that is worth its code: shorter ones are spelt out.
const MIN_COPY: usize = 4;
/// Longest repetition in one code (RFC 1951).
const MAX_COPY: usize = 258;
/// How far back a repetition may lie (RFC 1951).
const MAX_DISTANCE: usize = 32 << 10;

/// Bytes that follow [`Text::put`] and may be overwritten: pieces are stored in whole.
pub(super) const PIECE: usize = 32;

/// So many new bytes, then `length` bytes from `distance` back.
#[derive(Clone, Copy, Debug)]
struct Step {
    fresh: u32,
    length: u16,
    distance: u16,
}

/// A repetition that may still grow.
#[derive(Clone, Copy, Debug, Default)]
struct Copy {
    length: usize,
    distance: usize,
}

/// A text in the making.
#[derive(Debug, Default)]
pub(in crate::export) struct Text {
    /// The text, and room behind `end`.
    bytes: Vec<u8>,
    end: usize,
    steps: Vec<Step>,
    /// New bytes since the last step.
    fresh: usize,
    /// The repetition after them.
    copy: Copy,
}

impl Text {
    /// Forgets the text and keeps its memory.
    pub(super) fn clear(&mut self) {
        (self.end, self.fresh, self.copy) = (0, 0, Copy::default());
        self.steps.clear();
    }

    /// The text.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Its length so far: where the next piece will stand.
    pub(super) const fn len(&self) -> usize {
        self.end
    }

    /// Makes room for so many bytes of pieces.
    pub(super) fn reserve(&mut self, more: usize) {
        let wanted = self.end + more + PIECE;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted.max(2 * self.bytes.len()), 0);
        }
    }

    /// Appends the first `len` bytes of a piece, for which there must be room. Every put is to be followed
    /// by [`Text::mark_repeat`] and [`Text::mark_fresh`] that tell where its bytes come from.
    #[inline]
    pub(super) fn put(&mut self, piece: &[u8; PIECE], len: usize) {
        self.bytes[self.end..self.end + PIECE].copy_from_slice(piece);
        self.end += len;
    }

    /// Appends new bytes.
    pub(super) fn push(&mut self, text: &[u8]) {
        self.push_like(text, (0, 0), (0, 0));
    }

    /// Appends text that begins and ends with bytes, so many, of the text at `above`, whose length is `len_above`.
    pub(super) fn push_like(
        &mut self,
        text: &[u8],
        (first, last): (usize, usize),
        (above, len_above): (usize, usize),
    ) {
        let at = self.end;
        self.reserve(text.len());
        self.bytes[at..at + text.len()].copy_from_slice(text);
        self.end += text.len();
        if first > 0 {
            self.mark_repeat(first, at - above);
        }
        if first + last < text.len() {
            self.mark_fresh(text.len() - first - last);
        }
        if last > 0 {
            self.mark_repeat(last, self.end - (above + len_above));
        }
    }

    /// The next `length` bytes are those from `distance` before them.
    #[inline]
    pub(super) fn mark_repeat(&mut self, length: usize, distance: usize) {
        if self.copy.distance == distance {
            self.copy.length += length;
        } else {
            self.settle();
            self.copy = Copy { length, distance };
        }
    }

    /// The next `length` bytes are new.
    #[inline]
    pub(super) fn mark_fresh(&mut self, length: usize) {
        self.settle();
        self.fresh += length;
    }

    /// Ends the repetition. One that is short, or from too far, counts as new bytes.
    #[inline]
    fn settle(&mut self) {
        let Copy { length, distance } = std::mem::take(&mut self.copy);
        if length < MIN_COPY || distance > MAX_DISTANCE {
            self.fresh += length;
        } else {
            self.step(length, distance);
        }
    }

    #[inline]
    fn step(&mut self, mut length: usize, distance: usize) {
        // A rest must not fall below the shortest code that there is.
        while length > MAX_COPY {
            let now = if length - MAX_COPY < MIN_COPY { MAX_COPY - MIN_COPY } else { MAX_COPY };
            self.push_step(now, distance);
            length -= now;
        }
        self.push_step(length, distance);
    }

    #[inline]
    fn push_step(&mut self, length: usize, distance: usize) {
        let fresh = std::mem::take(&mut self.fresh) as u32;
        self.steps.push(Step { fresh, length: length as u16, distance: (distance - 1) as u16 });
    }

    /// Appends the deflated text to `out`, as blocks that are not the last ones of a stream and end on a byte.
    pub(super) fn deflate(&mut self, out: &mut Vec<u8>) {
        self.settle();
        let (literals, distances) = self.codes();
        let mut bits = Bits::new(out, self.room());
        bits.push(0b100, 3);
        write_codes(&mut bits, &literals, &distances);
        let (packed_copies, packed_distances) = (copies(&literals), distance_codes(&distances));
        let mut at = 0;
        for step in &self.steps {
            at = literals_at(&mut bits, &literals, &self.bytes, at, step.fresh as usize);
            let copy = packed_copies[step.length as usize];
            bits.push(u64::from(copy.bits), u32::from(copy.len));
            let distance = packed_distances[distance_index(step.distance)];
            let extra = u64::from(step.distance & distance.mask) << distance.code.len;
            bits.push(u64::from(distance.code.bits) | extra, u32::from(distance.code.len) + distance.extra);
            bits.flush();
            at += step.length as usize;
        }
        literals_at(&mut bits, &literals, &self.bytes, at, self.end - at);
        let end = literals[END_OF_BLOCK];
        bits.push(u64::from(end.bits), u32::from(end.len));
        // An empty stored block: its three bits, then whole bytes.
        bits.push(0, 3);
        bits.align();
        bits.bytes(&[0, 0, 0xff, 0xff]);
        bits.finish();
    }

    /// Bytes that the deflated text takes at most: 15 bits a symbol, and the head.
    fn room(&self) -> usize {
        2 * (self.end - self.steps.iter().map(|s| s.length as usize).sum::<usize>())
            + 8 * self.steps.len()
            + 1024
    }

    /// The Huffman codes of literals with lengths, and of distances.
    fn codes(&self) -> (Vec<Code>, Vec<Code>) {
        let (mut literals, mut distances) = (vec![0; LITERALS], vec![0; DISTANCES]);
        let mut at = 0;
        for step in &self.steps {
            let next = at + step.fresh as usize;
            for byte in &self.bytes[at..next] {
                literals[usize::from(*byte)] += 1;
            }
            literals[LENGTH_SYMBOL[step.length as usize].0 as usize] += 1;
            distances[distance_symbol(step.distance)] += 1;
            at = next + step.length as usize;
        }
        for byte in &self.bytes[at..self.end] {
            literals[usize::from(*byte)] += 1;
        }
        literals[END_OF_BLOCK] = 1;
        (Lengths::of(&mut literals, 15).codes(), Lengths::of(&mut distances, 15).codes())
    }
}

/// Writes so many bytes of a text as literals; tells where they end.
#[inline]
fn literals_at(bits: &mut Bits<'_>, codes: &[Code], text: &[u8], at: usize, count: usize) -> usize {
    let run = &text[at..at + count];
    // Three codes of 15 bits fit beside what a flush leaves.
    for three in run.chunks(3) {
        for byte in three {
            let code = codes[usize::from(*byte)];
            bits.push(u64::from(code.bits), u32::from(code.len));
        }
        bits.flush();
    }
    at + count
}

// The alphabet of RFC 1951, section 3.2.5.

const LITERALS: usize = 286;
const DISTANCES: usize = 30;
const END_OF_BLOCK: usize = 256;

/// First length, and extra bits, of the symbols from 257 on.
const LENGTH_BASE: [(u16, u8); 29] = {
    let mut table = [(0, 0); 29];
    let (mut symbol, mut base) = (0, 3);
    while symbol < 28 {
        let extra = if symbol < 8 { 0 } else { (symbol / 4 - 1) as u8 };
        table[symbol] = (base, extra);
        base += 1 << extra;
        symbol += 1;
    }
    table[28] = (258, 0);
    table
};

/// Symbol, extra bits and how many these are, for every length.
const LENGTH_SYMBOL: [(u16, u8, u8); MAX_COPY + 1] = {
    let mut table = [(0, 0, 0); MAX_COPY + 1];
    let mut symbol = 0;
    while symbol < 29 {
        let (base, extra) = LENGTH_BASE[symbol];
        let mut rest = 0;
        while rest < 1 << extra && base + rest <= 258 {
            table[(base + rest) as usize] = (257 + symbol as u16, rest as u8, extra);
            rest += 1;
        }
        symbol += 1;
    }
    table
};

/// The symbol of a distance, given less one: its two highest bits tell it.
#[inline]
const fn distance_symbol(distance: u16) -> usize {
    if distance < 4 {
        return distance as usize;
    }
    let high = distance.ilog2();
    (2 * high + ((distance >> (high - 1)) & 1) as u32) as usize
}

/// Where a distance stands in the table of [`distance_codes`]: one by one below 256, by 128s above.
#[inline]
const fn distance_index(distance: u16) -> usize {
    if distance < 256 { distance as usize } else { 256 + (distance >> 7) as usize }
}

/// The code of a distance: its Huffman code, then the low bits of the distance itself.
#[derive(Clone, Copy, Debug, Default)]
struct DistanceCode {
    code: Code,
    mask: u16,
    extra: u32,
}

fn distance_codes(codes: &[Code]) -> Vec<DistanceCode> {
    let entry = |distance: u16| {
        let symbol = distance_symbol(distance);
        let extra = if symbol < 4 { 0 } else { symbol as u32 / 2 - 1 };
        DistanceCode { code: codes[symbol], mask: (1 << extra) - 1, extra }
    };
    (0..256).chain((0..256).map(|high| high << 7)).map(entry).collect()
}

/// The codes of all lengths, with their extra bits.
fn copies(codes: &[Code]) -> Vec<Code> {
    let with_extra = |&(symbol, rest, extra): &(u16, u8, u8)| {
        let code = codes[usize::from(symbol)];
        Code { bits: code.bits | u32::from(rest) << code.len, len: code.len + extra }
    };
    LENGTH_SYMBOL.iter().map(with_extra).collect()
}

/// The order in which lengths of the code for code lengths are told (RFC 1951, section 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Tells both codes by their lengths, as a dynamic block begins.
fn write_codes(bits: &mut Bits<'_>, literals: &[Code], distances: &[Code]) {
    let used = |codes: &[Code], least: usize| {
        codes.iter().rposition(|code| code.len > 0).map_or(least, |last| (last + 1).max(least))
    };
    let (hlit, hdist) = (used(literals, 257), used(distances, 1));
    let lengths: Vec<u8> = literals[..hlit].iter().chain(&distances[..hdist]).map(|code| code.len).collect();
    let runs = runs(&lengths);
    let mut counts = vec![0; 19];
    for (symbol, ..) in &runs {
        counts[*symbol] += 1;
    }
    let codes = Lengths::of(&mut counts, 7).codes();
    let told = ORDER.iter().rposition(|symbol| codes[*symbol].len > 0).map_or(4, |last| (last + 1).max(4));
    bits.push((hlit - 257) as u64, 5);
    bits.push((hdist - 1) as u64, 5);
    bits.push((told - 4) as u64, 4);
    bits.flush();
    for symbol in &ORDER[..told] {
        bits.push(codes[*symbol].len.into(), 3);
        bits.flush();
    }
    for (symbol, rest, extra) in runs {
        let code = codes[symbol];
        bits.push(u64::from(code.bits) | u64::from(rest) << code.len, u32::from(code.len) + extra);
        bits.flush();
    }
}

/// Code lengths as (symbol, extra bits, how many): zeros in runs, all others one by one.
fn runs(lengths: &[u8]) -> Vec<(usize, u8, u32)> {
    let mut runs = Vec::new();
    for group in lengths.chunk_by(|a, b| a == b) {
        let mut left = group.len();
        while group[0] == 0 && left >= 3 {
            let now = left.min(138);
            runs.push(if now < 11 { (17, (now - 3) as u8, 3) } else { (18, (now - 11) as u8, 7) });
            left -= now;
        }
        runs.extend(std::iter::repeat_n((group[0].into(), 0, 0), left));
    }
    runs
}

/// Bits, the lowest first, behind what `out` holds.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    end: usize,
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// `room` is the most that will be written.
    fn new(out: &'a mut Vec<u8>, room: usize) -> Self {
        let end = out.len();
        out.resize(end + room + 8, 0);
        Self { out, end, held: 0, count: 0 }
    }

    /// At most 56 bits may be held between two flushes.
    #[inline]
    const fn push(&mut self, bits: u64, count: u32) {
        self.held |= bits << self.count;
        self.count += count;
    }

    /// Writes whole bytes; fewer than eight bits stay.
    #[inline]
    fn flush(&mut self) {
        self.out[self.end..self.end + 8].copy_from_slice(&self.held.to_le_bytes());
        self.end += (self.count >> 3) as usize;
        self.held >>= self.count & !7;
        self.count &= 7;
    }

    fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.out[self.end..self.end + bytes.len()].copy_from_slice(bytes);
        self.end += bytes.len();
    }

    fn finish(self) {
        self.out.truncate(self.end);
    }
}

/// What ends a stream of deflated texts: an empty block that is the last one.
pub(super) const END: [u8; 2] = [3, 0];

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::DeflateDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// What zlib makes of deflated texts joined end to end.
    fn inflated(packed: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        DeflateDecoder::new(packed).read_to_end(&mut out).expect("a valid stream");
        out
    }

    /// New bytes, or a repetition of so many from so far back (as far as there is text).
    #[derive(Clone, Debug)]
    enum Piece {
        Fresh(Vec<u8>),
        Again(usize, usize),
    }

    fn pieces() -> impl Strategy<Value = Vec<Piece>> {
        let fresh = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            prop::collection::vec(b'0'..=b'9', 0..20),
            prop::collection::vec(any::<u8>(), 3000..4000),
        ];
        let piece = prop_oneof![
            fresh.prop_map(Piece::Fresh),
            (1..600usize, 1..400usize).prop_map(|(n, d)| Piece::Again(n, d)),
            (1..9usize, 1..70_000usize).prop_map(|(n, d)| Piece::Again(n, d)),
        ];
        prop::collection::vec(piece, 0..60)
    }

    fn write(text: &mut Text, pieces: &[Piece]) -> Vec<u8> {
        let mut plain: Vec<u8> = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Fresh(bytes) => {
                    plain.extend(bytes);
                    text.push(bytes);
                }
                Piece::Again(length, distance) if !plain.is_empty() => {
                    let distance = (*distance).min(plain.len());
                    for _ in 0..*length {
                        let byte = plain[plain.len() - distance];
                        plain.push(byte);
                        text.reserve(1);
                        text.put(&[byte; PIECE], 1);
                        text.mark_repeat(1, distance);
                    }
                }
                Piece::Again(..) => {}
            }
        }
        plain
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn zlib_reads_what_was_written(chunks in prop::collection::vec(pieces(), 0..4)) {
            let (mut text, mut packed, mut plain) = (Text::default(), Vec::new(), Vec::new());
            for pieces in &chunks {
                text.clear();
                let chunk = write(&mut text, pieces);
                prop_assert_eq!(text.as_bytes(), &chunk[..]);
                text.deflate(&mut packed);
                plain.extend(chunk);
            }
            packed.extend(END);
            prop_assert!(inflated(&packed) == plain);
        }
    }

    #[test]
    fn every_length_and_many_distances() {
        let mut text = Text::default();
        let noise: Vec<u8> =
            (0..40_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        let mut pieces = vec![Piece::Fresh(noise)];
        pieces.extend((1..600).map(|length| Piece::Again(length, length * 53 % 32_768 + 1)));
        pieces.extend((0..=15).flat_map(|bit| [0, 1, 2].map(|more| Piece::Again(5, (1 << bit) - 1 + more))));
        pieces.retain(|piece| !matches!(piece, Piece::Again(_, 0)));
        let plain = write(&mut text, &pieces);
        let mut packed = Vec::new();
        text.deflate(&mut packed);
        packed.extend(END);
        assert!(inflated(&packed) == plain);
    }

    #[test]
    fn codes_as_unlike_as_can_be_stay_within_their_limit() {
        // Counts like Fibonacci's numbers make the deepest tree.
        let (mut counts, mut next) = (vec![1u32; 2], 2);
        while counts.len() < 40 {
            counts.push(next);
            next += counts[counts.len() - 2];
        }
        for limit in [7, 15] {
            let codes = Lengths::of(&mut counts, limit).codes();
            let kraft: u32 = codes.iter().map(|code| 1u32 << (limit - code.len)).sum();
            assert!(kraft == 1 << limit && codes.iter().all(|code| (1..=limit).contains(&code.len)));
        }
    }
}
