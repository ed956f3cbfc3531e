use super::*;
use crate::domain::Domain;
use crate::log::{Choice, Format};

/// Every fact of a source, whether it is asked for or not.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Case {
    is_changed: bool,
    goes_on: bool,
    is_mistrusted: bool,
    is_damaged: bool,
    is_something: bool,
    has_domain: bool,
    is_same: bool,
    is_still: bool,
    grew: bool,
    is_whole_here: bool,
    has_copy: bool,
    is_told_by_beginning: bool,
    is_beginning: bool,
    is_told_better: bool,
    before: Stood<u8>,
}

/// The sources of the store that a case meets, and what a better name tells.
const SAME: u8 = 1;
const TOLD: u8 = 2;
const LONGER: u8 = 3;
const STOOD: u8 = 4;
const BETTER: &str = "better.com";
const COPY: &str = "copy.com";

/// A new log with a domain, at a place where nothing stood.
const NEW: Case = Case {
    is_changed: false,
    goes_on: false,
    is_mistrusted: false,
    is_damaged: false,
    is_something: true,
    has_domain: true,
    is_same: false,
    is_still: true,
    grew: false,
    is_whole_here: false,
    has_copy: false,
    is_told_by_beginning: false,
    is_beginning: false,
    is_told_better: false,
    before: Stood::Nothing,
};
/// A log that was read from where it went on.
const GOES_ON: Case = Case { goes_on: true, ..NEW };
/// A log without a domain.
const NAMELESS: Case = Case { has_domain: false, ..NEW };
/// A log that could not be read to its end.
const DAMAGED: Case = Case { is_damaged: true, ..NEW };

impl Case {
    /// What is known before anything is looked up.
    fn facts(self) -> SourceFacts<u8> {
        SourceFacts {
            is_changed: self.is_changed,
            goes_on: self.goes_on,
            is_mistrusted: self.is_mistrusted,
            is_damaged: self.is_damaged,
            is_something: self.is_something,
            has_domain: self.has_domain,
            same: Answer::Open,
            is_still: Answer::Open,
            grew: Answer::Open,
            is_whole_here: Answer::Open,
            copied: Answer::Open,
            told: Answer::Open,
            longer: Answer::Open,
            better: Answer::Open,
            before: Answer::Open,
        }
    }

    /// What is decided, and all that was asked for, in this order.
    fn decided(self) -> (SourceAction<u8>, Vec<Lookup>) {
        let (mut facts, mut asked) = (self.facts(), Vec::new());
        loop {
            let question = match decide(&facts) {
                Next::Ask(question) => question,
                Next::Do(action) => return (action, asked),
            };
            assert!(!asked.contains(&question), "{question:?} is asked twice of {self:?}");
            asked.push(question);
            match question {
                Lookup::Same => facts.same = Answer::Is(self.is_same.then_some(SAME)),
                Lookup::Still => facts.is_still = Answer::Is(self.is_still),
                Lookup::Grew => facts.grew = Answer::Is(self.grew),
                Lookup::WholeHere => facts.is_whole_here = Answer::Is(self.is_whole_here),
                Lookup::Copied => facts.copied = Answer::Is(self.has_copy.then(|| hours(COPY))),
                Lookup::Told => facts.told = Answer::Is(self.is_told_by_beginning.then_some(TOLD)),
                Lookup::Longer => facts.longer = Answer::Is(self.is_beginning.then_some(LONGER)),
                Lookup::Better => facts.better = Answer::Is(self.is_told_better.then(|| hours(BETTER))),
                Lookup::Before => facts.before = Answer::Is(self.before),
            }
        }
    }

    /// The same decision as nested branches, in which it was written before it was asked for facts.
    fn by_branches(self) -> SourceAction<u8> {
        if self.is_changed {
            return SourceAction::PassOver;
        }
        if self.goes_on && self.is_mistrusted {
            return SourceAction::ReadWhole;
        }
        if self.is_damaged && !self.is_something {
            return SourceAction::LeaveOut;
        }
        let is_better_without = self.is_damaged && self.is_whole_here;
        if self.goes_on {
            let is_still = !self.is_same && self.is_still;
            return if is_still && !self.grew { SourceAction::GoOn } else { SourceAction::ReadWhole };
        }
        if self.is_same {
            return if is_better_without { SourceAction::LeaveOut } else { SourceAction::Join(SAME) };
        }
        if self.has_copy {
            return SourceAction::ReadAs(hours(COPY));
        }
        if self.is_told_by_beginning {
            return SourceAction::ReplaceTold(TOLD);
        }
        let mut is_longer = !self.has_domain && self.is_beginning;
        if !is_longer && self.is_told_better {
            return SourceAction::ReadAs(hours(BETTER));
        }
        if !is_longer && self.has_domain {
            is_longer = self.is_beginning;
        }
        if is_longer {
            return if is_better_without { SourceAction::LeaveOut } else { SourceAction::Begin(LONGER) };
        }
        match self.before {
            _ if self.grew => SourceAction::TakeOver,
            _ if is_better_without => SourceAction::LeaveOut,
            Stood::Nothing => SourceAction::Add,
            Stood::Empty(id) => SourceAction::Keep(id),
            Stood::MadeAnew(id) => SourceAction::Replace(id),
            Stood::Other => SourceAction::Rotate,
        }
    }
}

#[test]
fn what_becomes_of_a_source_and_what_is_looked_up_for_it() {
    use Lookup::{Before, Better, Copied, Grew, Longer, Same, Still, Told, WholeHere};
    // Those of a text that nothing is known of.
    let all = [Same, Copied, Grew, Told, Better, Longer];
    let with = |more: &[Lookup]| [&all[..], more].concat();
    let table: [(Case, SourceAction<u8>, Vec<Lookup>); 33] = [
        // Changed while it was read: nothing that was found out of it says anything.
        (Case { is_changed: true, ..NEW }, SourceAction::PassOver, vec![]),
        (Case { is_changed: true, is_mistrusted: true, ..GOES_ON }, SourceAction::PassOver, vec![]),
        (Case { is_changed: true, is_something: false, ..DAMAGED }, SourceAction::PassOver, vec![]),
        // New.
        (NEW, SourceAction::Add, with(&[Before])),
        (Case { is_mistrusted: true, ..NEW }, SourceAction::Add, with(&[Before])),
        (Case { before: Stood::Empty(STOOD), ..NEW }, SourceAction::Keep(STOOD), with(&[Before])),
        (Case { before: Stood::MadeAnew(STOOD), ..NEW }, SourceAction::Replace(STOOD), with(&[Before])),
        (Case { before: Stood::Other, ..NEW }, SourceAction::Rotate, with(&[Before])),
        (NAMELESS, SourceAction::Add, vec![Same, Copied, Grew, Told, Longer, Better, Before]),
        // Known.
        (Case { is_same: true, ..NEW }, SourceAction::Join(SAME), vec![Same]),
        (Case { is_same: true, grew: true, is_beginning: true, ..NEW }, SourceAction::Join(SAME), vec![Same]),
        (
            Case { is_told_by_beginning: true, ..NEW },
            SourceAction::ReplaceTold(TOLD),
            vec![Same, Copied, Grew, Told],
        ),
        (Case { has_copy: true, ..NAMELESS }, SourceAction::ReadAs(hours(COPY)), vec![Same, Copied]),
        // Grown.
        (Case { grew: true, ..NEW }, SourceAction::TakeOver, with(&[])),
        (Case { grew: true, before: Stood::Other, ..NEW }, SourceAction::TakeOver, with(&[])),
        (
            Case { grew: true, is_told_better: true, ..NEW },
            SourceAction::ReadAs(hours(BETTER)),
            vec![Same, Copied, Grew, Told, Better],
        ),
        (GOES_ON, SourceAction::GoOn, vec![Same, Still, Grew]),
        (Case { is_same: true, ..GOES_ON }, SourceAction::ReadWhole, vec![Same]),
        (Case { is_still: false, ..GOES_ON }, SourceAction::ReadWhole, vec![Same, Still]),
        (Case { grew: true, ..GOES_ON }, SourceAction::ReadWhole, vec![Same, Still, Grew]),
        (Case { is_mistrusted: true, ..GOES_ON }, SourceAction::ReadWhole, vec![]),
        // The beginning of another one. Without a domain of its own it is what that is; with one, a better name comes first.
        (Case { is_beginning: true, ..NEW }, SourceAction::Begin(LONGER), with(&[])),
        (Case { is_beginning: true, grew: true, ..NEW }, SourceAction::Begin(LONGER), with(&[])),
        (
            Case { is_beginning: true, is_told_better: true, ..NEW },
            SourceAction::ReadAs(hours(BETTER)),
            vec![Same, Copied, Grew, Told, Better],
        ),
        (
            Case { is_beginning: true, is_told_better: true, ..NAMELESS },
            SourceAction::Begin(LONGER),
            vec![Same, Copied, Grew, Told, Longer],
        ),
        // Damaged: what can be read of it counts, but never in the place of what was read in whole.
        (DAMAGED, SourceAction::Add, with(&[WholeHere, Before])),
        (Case { is_something: false, ..DAMAGED }, SourceAction::LeaveOut, vec![]),
        (Case { is_whole_here: true, ..DAMAGED }, SourceAction::LeaveOut, with(&[WholeHere])),
        (Case { grew: true, is_whole_here: true, ..DAMAGED }, SourceAction::TakeOver, with(&[])),
        (Case { is_same: true, ..DAMAGED }, SourceAction::Join(SAME), vec![Same, WholeHere]),
        (
            Case { is_same: true, is_whole_here: true, ..DAMAGED },
            SourceAction::LeaveOut,
            vec![Same, WholeHere],
        ),
        (Case { is_beginning: true, ..DAMAGED }, SourceAction::Begin(LONGER), with(&[WholeHere])),
        (
            Case { is_beginning: true, is_whole_here: true, ..DAMAGED },
            SourceAction::LeaveOut,
            with(&[WholeHere]),
        ),
    ];
    for (case, action, asked) in table {
        assert_eq!(case.decided(), (action, asked), "{case:?}");
    }
}

#[test]
fn every_combination_of_facts_gives_what_nested_branches_gave() {
    let befores = [Stood::Nothing, Stood::Empty(STOOD), Stood::MadeAnew(STOOD), Stood::Other];
    for bits in 0..1u32 << 14 {
        let is = |bit: u32| bits >> bit & 1 == 1;
        for before in befores {
            let case = Case {
                is_changed: is(0),
                goes_on: is(1),
                is_mistrusted: is(2),
                is_damaged: is(3),
                is_something: is(4),
                has_domain: is(5),
                is_same: is(6),
                is_still: is(7),
                grew: is(8),
                is_whole_here: is(9),
                is_told_by_beginning: is(10),
                is_beginning: is(11),
                is_told_better: is(12),
                has_copy: is(13),
                before,
            };
            assert_eq!(case.decided().0, case.by_branches(), "{case:?}");
        }
    }
}

#[test]
fn a_text_takes_the_place_of_what_it_was_made_from() {
    let rotated =
        Predecessor { is_beginning: false, is_package: false, is_faulty: false, begins_alike: false };
    for (before, expected) in [
        (rotated, false),
        (Predecessor { is_package: true, ..rotated }, true),
        (Predecessor { is_faulty: true, ..rotated }, true),
        (Predecessor { begins_alike: true, ..rotated }, true),
        (Predecessor { is_beginning: true, ..rotated }, false),
        (Predecessor { is_beginning: true, is_package: true, is_faulty: true, begins_alike: true }, false),
    ] {
        assert_eq!(takes_place(before), expected, "{before:?}");
    }
}

#[test]
fn a_copy_is_known_by_where_it_was_and_where_it_is() {
    for (is_made_anew, was_here, is_elsewhere, fate) in [
        (false, true, false, Fate::Known),
        (false, true, true, Fate::Known),
        (false, false, false, Fate::Moved),
        (false, false, true, Fate::Duplicate),
        (true, false, false, Fate::Replaced),
        (true, false, true, Fate::Replaced),
        (true, true, false, Fate::Replaced),
        (true, true, true, Fate::Replaced),
    ] {
        assert_eq!(fate_of_copy(is_made_anew, was_here, is_elsewhere), fate);
    }
}

fn hours(name: &str) -> NamedHours {
    NamedHours { domain: Domain::new(name.as_bytes()).unwrap(), start: 0, end: 3600 }
}

#[test]
fn the_best_name_tells_how_a_known_text_is_read() {
    use ReadingOf::{Before as Stays, Now, Told};
    let (a, b) = (hours("a.com"), hours("b.com"));
    let (a, b) = (Some(&a), Some(&b));
    for (is_otherwise, before, now, told, expected) in [
        (false, a, a, a, Stays),
        (false, a, a, b, Told(hours("b.com"))),
        (false, a, a, None, Stays),
        (false, a, b, a, Stays),
        (false, a, b, b, Now),
        (false, None, b, b, Now),
        (false, None, b, a, Told(hours("a.com"))),
        (false, a, None, None, Now),
        (true, a, a, a, Now),
        (true, a, a, b, Told(hours("b.com"))),
        (true, a, b, a, Stays),
        (true, None, None, None, Now),
    ] {
        let readings = Readings { is_otherwise, before, now };
        assert_eq!(readings.decide(told.cloned()), expected, "{readings:?}, {told:?}");
        // What is in no doubt stays as it is, whatever is told.
        assert_eq!(readings.are_in_doubt(false), is_otherwise || before != now);
        assert!(readings.are_in_doubt(true));
    }
}

#[test]
fn every_reading_is_what_nested_branches_gave() {
    let (a, b) = (hours("a.com"), hours("b.com"));
    let all = [None, Some(&a), Some(&b)];
    for (is_otherwise, before) in [true, false].into_iter().flat_map(|is| all.map(|before| (is, before))) {
        for (now, told) in all.into_iter().flat_map(|now| all.map(|told| (now, told))) {
            let by_branches = || {
                if told == now && (is_otherwise || before != told) {
                    return ReadingOf::Now;
                }
                if let Some(told) = told.filter(|told| before != Some(*told)) {
                    return ReadingOf::Told(told.clone());
                }
                ReadingOf::Before
            };
            let readings = Readings { is_otherwise, before, now };
            assert_eq!(readings.decide(told.cloned()), by_branches(), "{readings:?}, {told:?}");
        }
    }
}

#[test]
fn what_is_known_and_as_it_was_is_not_read() {
    for bits in 0..1u32 << 6 {
        let is = |bit: u32| bits >> bit & 1 == 1;
        let sight = Sight {
            is_otherwise: is(0),
            is_verified: is(1),
            has_fault: is(2),
            is_first: is(3),
            was_faulty: is(4),
            is_as_it_was: is(5),
        };
        let expected = match (bits & 0b111, bits >> 3) {
            (1.., _) => ToRead::Whole,
            // The first look at what was read to its end, and has the size and time of then.
            (0, 0b101) => ToRead::Nothing,
            _ => ToRead::Rest,
        };
        assert_eq!(to_read(sight), expected, "{sight:?}");
    }
}

#[test]
fn what_is_named_and_other_than_before_is_read_anew() {
    let region = |region| Reading { region, ..Reading::default() };
    let domain = |name: &[u8]| Reading { domain: Domain::new(name), ..Reading::default() };
    let format = |format| Reading { format, ..Reading::default() };
    let way = |format: &str| Way {
        format: format.into(),
        described: None,
        region: Region::Cn,
        domain: Domain::new(b"a.com"),
    };
    let alibaba = way("alibaba");
    for (reading, way, expected) in [
        (Reading::default(), &alibaba, false),
        (region(Region::Cn), &alibaba, false),
        (region(Region::Eu), &alibaba, true),
        (domain(b"a.com"), &alibaba, false),
        (domain(b"b.com"), &alibaba, true),
        (format(Format::Alibaba.into()), &alibaba, false),
        (format(Format::Alibaba.into()), &way("another"), true),
        (format(Choice::default()), &way("another"), false),
    ] {
        assert_eq!(is_read_otherwise(&reading, way), expected, "{reading:?} {way:?}");
    }
}
