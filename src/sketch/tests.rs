use super::*;
use proptest::prelude::*;
use std::ops::Range;

/// Lines of about this many to the second, from an hour on.
fn line(at: u64, in_second: u64) -> (i64, u64, String) {
    let time = 1_772_323_200 + (at / in_second).cast_signed();
    (time, at * at % 977, format!("[{time:>25}] a line that goes on for a while: {at}"))
}

fn draft(lines: impl IntoIterator<Item = u64>, in_second: u64) -> Draft {
    let mut draft = Draft::default();
    for at in lines {
        let (time, bytes, text) = line(at, in_second);
        draft.note(time, bytes, text.as_bytes(), || Some(0));
    }
    draft
}

fn sketch(lines: impl IntoIterator<Item = u64>, in_second: u64) -> Sketch {
    draft(lines, in_second).finish()
}

/// The same numbers in an order that a seed gives.
fn shuffled(lines: Range<u64>, seed: u64) -> Vec<u64> {
    let mut lines: Vec<u64> = lines.collect();
    lines.sort_by_key(|at| {
        (at ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(seed | 1)
    });
    lines
}

/// Logs of few and of many seconds.
fn rates() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1), Just(3), Just(100), Just(100_000)]
}

proptest! {
    #[test]
    fn the_order_of_lines_does_not_matter(len in 0..20_000u64, rate in rates(), seed: u64) {
        prop_assert_eq!(sketch(shuffled(0..len, seed), rate), sketch(0..len, rate));
        prop_assert_eq!(sketch((0..len).rev(), rate), sketch(0..len, rate));
    }

    #[test]
    fn parts_make_the_whole(cuts in prop::collection::vec(0..20_000u64, 0..6), rate in rates(), seed: u64) {
        let lines = shuffled(0..20_000, seed);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| usize::try_from(cut).unwrap()).chain([0, 20_000]).collect();
        cuts.sort_unstable();
        let parts = cuts.windows(2).map(|cut| draft(lines[cut[0]..cut[1]].iter().copied(), rate));
        let all = parts.reduce(|mut all, part| { all.merge(part); all }).unwrap();
        prop_assert_eq!(all.finish(), sketch(0..20_000, rate));
    }

    #[test]
    fn a_part_is_seen_in_the_whole(from in 0..3000u64, len in 8..3000u64, more in 0..9000u64, rate in rates()) {
        let (part, whole) = (sketch(from..from + len, rate), sketch(0..from + len + more, rate));
        let share = part.shared_with(&whole);
        prop_assert_eq!(share.shared, share.judged);
        prop_assert_eq!(sketch(20_000..20_000 + len, rate).shared_with(&whole).shared, 0);
        prop_assert_eq!(Sketch::from_bytes(&whole.to_bytes()), whole);
    }

    #[test]
    fn what_is_held_several_times_is_seen(len in 8..9000u64, times in 2..5usize, rate in rates(), seed: u64) {
        let lines = shuffled(0..len, seed);
        let repeated = sketch((0..times).flat_map(|_| lines.clone()), rate);
        prop_assert!(repeated.is_repeated());
        let once = sketch(lines, rate);
        prop_assert!(!once.is_repeated());
        prop_assert!(once.hashes().eq(repeated.hashes()));
    }

    #[test]
    fn anything_may_be_read(bytes: Vec<u8>) {
        let sketch = Sketch::from_bytes(&bytes);
        prop_assert!(sketch.hashes().is_sorted());
        prop_assert_eq!(sketch.shared_with(&sketch).shared, sketch.hashes().count());
        prop_assert_eq!(Sketch::from_bytes(&sketch.to_bytes()), sketch);
    }
}

#[test]
fn the_longest_texts_have_no_more_than_there_is_room_for() {
    for (len, rate, least, most) in [
        (20, 1, 20, 20),
        (400, 1, 14, 20),
        (3600, 1, 14, 20),
        (360_000, 100, 50, 80),
        (86_400, 1, 200, 480),
        // A month of a line in a second.
        (2_678_400, 1, 3000, MOST),
    ] {
        let kept = sketch(0..len, rate).hashes().count();
        assert!((least..=most).contains(&kept), "{len} {rate} {kept}");
    }
}

#[test]
fn parts_of_long_texts_are_judged_by_enough_lines() {
    // Of a month with a line in a second most hours are found, by four or five lines each.
    let month = sketch(0..2_678_400, 1);
    let is_found = |hour: &u64| sketch(3600 * hour..3600 * (hour + 1), 1).shared_with(&month).is_most();
    let found = (0..744).step_by(7).filter(is_found).count();
    assert!(found > 75, "{found} of 107");
    let hour = sketch(0..10_000, 3);
    for every in [2, 3, 5] {
        let share = sketch((0..10_000).step_by(every), 3).shared_with(&hour);
        assert!(share.is_most(), "{every} {share:?}");
        let share = hour.shared_with(&sketch((0..10_000).step_by(every), 3));
        assert!(!share.is_most(), "{every} {share:?}");
    }
}

#[test]
fn few_lines_are_no_evidence() {
    for len in 0..40 {
        let one = sketch(0..len, 1);
        assert_eq!(one.shared_with(&one).is_most(), len >= LEAST, "{len}");
        assert_eq!(sketch((0..len).chain(0..len), 1).is_repeated(), len >= LEAST, "{len}");
    }
}

#[test]
fn the_fewer_lines_are_looked_at_the_more_must_be_shared() {
    let needed = |judged: usize, below: u8| {
        (0..=judged).find(|shared| Share { shared: *shared, judged, below }.is_most()).unwrap_or(usize::MAX)
    };
    assert_eq!([7, 8, 15, 16, 1000].map(|judged| needed(judged, ALL)), [usize::MAX, 8, 8, 9, 501]);
    let some = [2, 3, 4, 6, 10, 20, 100, 1000].map(|judged| needed(judged, ALL - 20));
    assert_eq!(some, [usize::MAX, 3, 4, 5, 8, 14, 58, 524]);
}

#[test]
fn what_is_asked_for_again_and_again_is_no_text_held_twice() {
    // So many and so many requests of a load test in a second, which differ in nothing.
    let burst = |second: u64| 3 + second.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 40;
    let lines = (0..3600).flat_map(|second| (0..burst(second)).map(move |_| second));
    assert!(!sketch(lines, 1).is_repeated());
    // A health check that is made twice in each second, and nothing else.
    let check = |time: i64, draft: &mut Draft| {
        let text = format!("[{time:>25}] 1.2.3.4 - 0 GET http://a.com/health 200 300 2");
        (0..2).for_each(|_| draft.note(time, 2, text.as_bytes(), || Some(0)));
    };
    let mut checks = Draft::default();
    (0..3600).for_each(|time| check(time, &mut checks));
    assert!(!checks.finish().is_repeated());
}

#[test]
fn a_text_that_grows_by_its_own_lines_holds_them_twice() {
    let mut grown = sketch(0..300, 3);
    grown.merge(sketch(300..310, 3));
    assert!(!grown.is_repeated());
    grown.merge(sketch(0..310, 3));
    assert!(grown.is_repeated());
    grown.merge(sketch(310..3100, 3));
    assert!(!grown.is_repeated());
    let all = grown.shared_with(&sketch(0..3100, 3));
    assert_eq!(all.shared, all.judged);
}

#[test]
fn what_lines_count_for_is_part_of_them() {
    let of = |outside: u64| {
        let mut draft = Draft::default();
        for at in 0..100 {
            let (time, bytes, text) = line(at, 1);
            draft.note(time, bytes, text.as_bytes(), || Some(outside));
        }
        draft.finish()
    };
    assert_eq!(of(1), of(1));
    assert_eq!(of(1).shared_with(&of(2)).shared, 0);
    assert_eq!(of(1).shared_with(&of(0)).shared, 0);
}

#[test]
fn sketches_of_older_versions_have_nothing_in_common_with_any() {
    for old in [&[0, 1, 2, 3, 4][..], &[1, 1, 2, 3, 4], &[0], &[]] {
        let mut old = Sketch::from_bytes(old);
        assert_eq!(old.shared_with(&old), Share { shared: 0, judged: 0, below: 0 });
        // Nor has what follows such a text.
        old.merge(sketch(0..100, 1));
        assert_eq!(sketch(0..100, 1).shared_with(&old), Share { shared: 0, judged: 0, below: 0 });
    }
}
