//! Finds, among very many texts that begin alike, those that another text begins with. When texts are sorted, a longer
//! text follows directly after its beginning.

use std::cmp::Ordering;

/// Of each text the longest other one that it begins with, if any; that begins with those that it begins with, too. `lengths`
/// are those of the texts, `compare` tells how two are in order, and how many bytes they have in common at their beginning.
///
/// Of what changes meanwhile nothing is promised but an end.
pub(super) fn longest_beginnings(
    lengths: &[u64],
    mut compare: impl FnMut(usize, usize) -> (Ordering, u64),
) -> Vec<Option<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(lengths.len());
    for at in 0..lengths.len() {
        let place = order.partition_point(|other| compare(*other, at).0.is_lt());
        order.insert(place, at);
    }
    let mut found = vec![None; lengths.len()];
    // Those that the text before begins with, and itself: the longest one last.
    let mut begun: Vec<usize> = Vec::new();
    for at in order {
        let common = begun.last().map_or(0, |before| compare(*before, at).1);
        begun.truncate(begun.partition_point(|other| lengths[*other] <= common));
        found[at] = begun.last().copied();
        begun.push(at);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    fn compare(one: &str, other: &str) -> (Ordering, u64) {
        let common = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        (one.cmp(other), common as u64)
    }

    /// The texts that one begins with, by the links between them.
    fn beginnings(found: &[Option<usize>], at: usize) -> Vec<usize> {
        let mut all: Vec<usize> = std::iter::successors(found[at], |at| found[*at]).collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn every_beginning_is_found(texts in prop::collection::btree_set("[ab]{1,6}", 1..40)) {
            let texts: Vec<String> = texts.into_iter().rev().collect();
            let lengths: Vec<u64> = texts.iter().map(|text| text.len() as u64).collect();
            let found = longest_beginnings(&lengths, |a, b| compare(&texts[a], &texts[b]));
            for (at, text) in texts.iter().enumerate() {
                let is_begun = |other: &usize| *other != at && text.starts_with(&texts[*other]);
                let expected: Vec<usize> = (0..texts.len()).filter(is_begun).collect();
                prop_assert_eq!(beginnings(&found, at), expected);
            }
        }
    }

    #[test]
    fn twice_as_many_texts_are_hardly_more_than_twice_the_work() {
        let compared = |count: usize| {
            let texts: Vec<String> = (0..count).map(|n| format!("begin {}", n * 7919 % count)).collect();
            let (lengths, compared) = (vec![20; count], Cell::new(0));
            longest_beginnings(&lengths, |a, b| {
                compared.set(compared.get() + 1);
                compare(&texts[a], &texts[b])
            });
            compared.get()
        };
        let [few, many] = [compared(1000), compared(2000)];
        assert!(many < 5 * few / 2, "{few} {many}");
    }
}
