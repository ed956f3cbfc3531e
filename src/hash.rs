//! A quick hash, for tables that compare the keys of hits: texts made to collide cost time, but change no figure.

/// Every bit of the product of two words, folded into one.
#[expect(clippy::cast_possible_truncation, reason = "both halves count")]
fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ word) * 0x9e37_79b9_7f4a_7c15;
    (product >> 64) as u64 ^ product as u64
}

/// The hash of bytes that follow what has the hash `hash`.
#[must_use]
pub fn all(hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte)))
}

/// The hash of more bytes than a name has. Stores keep it of some lines, so it must stay as it is: two words by one product, in lanes that do not wait for one another.
#[must_use]
pub fn many(bytes: &[u8]) -> u64 {
    let mut lanes = [0; 2];
    let (blocks, rest) = bytes.as_chunks::<32>();
    for block in blocks {
        for (lane, pair) in lanes.iter_mut().zip(block.as_chunks::<16>().0) {
            *lane = fold(*lane, pair);
        }
    }
    all(lanes.into_iter().fold(bytes.len() as u64, mix), rest)
}

/// The product of two words, folded into one. That of zero is zero: both are changed first.
#[expect(clippy::cast_possible_truncation, reason = "both halves count")]
fn fold(lane: u64, pair: &[u8; 16]) -> u64 {
    let both = u128::from_le_bytes(*pair);
    let [a, b] = [both as u64 ^ 0x9e37_79b9_7f4a_7c15 ^ lane, (both >> 64) as u64 ^ 0xd1b5_4a32_d192_ed03];
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64 ^ lane.rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn hashes_that_stores_keep_stay_as_they_are() {
        let bytes: Vec<u8> = (0..=255).collect();
        let hashes = [0, 7, 32, 33, 256].map(|len| many(&bytes[..len]));
        assert_eq!(
            hashes,
            [
                0,
                16_364_072_472_404_688_713,
                7_282_333_586_281_008_131,
                4_945_643_019_886_540_016,
                16_819_465_165_147_449_166
            ]
        );
    }

    #[test]
    fn one_byte_more_or_another_bit_is_another_hash() {
        let bytes: Vec<u8> = (0..100u8).map(|n| n.wrapping_mul(37)).collect();
        for hash in [many, |bytes: &[u8]| all(0, bytes)] {
            let mut seen = HashSet::new();
            for len in 1..=bytes.len() {
                assert!(seen.insert(hash(&bytes[..len])), "{len}");
            }
            for bit in 0..800 {
                let mut other = bytes.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(hash(&other)), "{bit}");
            }
        }
    }
}
