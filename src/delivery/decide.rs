//! Decides from facts how much of a source is read and what is done with it. Looks nothing up, and writes nothing.
//!
//! A text counts once. If one text begins with another, the longer one counts, wherever the shorter one is. Facts are
//! looked up only when they are needed: most of them cost a look at other logs, and few are needed for any one source.

use super::taking::Fate;
use crate::region::Region;
use crate::report::NamedHours;
use crate::source::Reading;
use crate::store::Way;

/// What was looked up of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer<T> {
    /// Nothing so far.
    Open,
    /// This.
    Is(T),
}

impl<T: Copy> Answer<Option<T>> {
    /// What was found, if anything was looked up and found.
    pub(super) const fn found(self) -> Option<T> {
        match self {
            Self::Is(found) => found,
            Self::Open => None,
        }
    }
}

/// What is known of a source that was read: how it was read, and the answers so far. Sources of the store are known by
/// some `Id`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct SourceFacts<Id> {
    /// The file was changed while it was read.
    pub(super) is_changed: bool,
    /// Only what follows a text that is known was read.
    pub(super) goes_on: bool,
    /// So few of its lines can be read that it may be no log.
    pub(super) is_mistrusted: bool,
    /// Reading ended early.
    pub(super) is_damaged: bool,
    /// Whether what could be read of it before the damage is worth keeping.
    pub(super) is_something: bool,
    /// Whether the domain of lines that hold only a path was told for it.
    pub(super) has_domain: bool,
    /// The source with the same text, if any.
    pub(super) same: Answer<Option<Id>>,
    /// Whether the text that it goes on from is what it was, and where it was.
    pub(super) is_still: Answer<bool>,
    /// Whether it begins with the texts of other sources than the one that it goes on from.
    pub(super) grew: Answer<bool>,
    /// Whether another source was read in whole at its place.
    pub(super) is_whole_here: Answer<bool>,
    /// What the name of a log with the same lines tells, if only that of a beginning of theirs told another domain.
    pub(super) copied: Answer<Option<NamedHours>>,
    /// The source that has the same lines for another domain, only because the name of a beginning of theirs told it.
    pub(super) told: Answer<Option<Id>>,
    /// The source whose text begins with its own.
    pub(super) longer: Answer<Option<Id>>,
    /// What the name of a text that it begins with tells, if that is more than its own tells.
    pub(super) better: Answer<Option<NamedHours>>,
    /// What stood at its place.
    pub(super) before: Answer<Stood<Id>>,
}

/// What stood at the place of a text that nothing is known of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stood<Id> {
    /// Nothing that is known.
    Nothing,
    /// An empty text, as this one is.
    Empty(Id),
    /// A text that this one takes the place of: see [`takes_place`].
    MadeAnew(Id),
    /// Another text; its lines were real.
    Other,
}

/// A fact that is to be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    Same,
    Still,
    Grew,
    WholeHere,
    Copied,
    Told,
    Longer,
    Better,
    Before,
}

/// What is done with a source that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SourceAction<Id> {
    /// It is reported as changed, and the store keeps what it had.
    PassOver,
    /// All of it is read, from its beginning.
    ReadWhole,
    /// It is read again, by the name of a text that it begins with.
    ReadAs(NamedHours),
    /// It is reported as damaged, and the store keeps what it had.
    LeaveOut,
    /// What follows the text that is known is added.
    GoOn,
    /// It is one more place of the source with the same text.
    Join(Id),
    /// It takes the place of the source that has its lines for another domain.
    ReplaceTold(Id),
    /// It is one more place of the beginning of a longer text.
    Begin(Id),
    /// It takes the place of the texts that it begins with.
    TakeOver,
    /// It is added.
    Add,
    /// It is as empty as what was there before.
    Keep(Id),
    /// It replaces what was there before.
    Replace(Id),
    /// It is added to what was there before.
    Rotate,
}

/// What comes next: a fact is missing, or it is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next<Id> {
    Ask(Lookup),
    Do(SourceAction<Id>),
}

/// Gives a fact, or asks for it.
macro_rules! known {
    ($fact:expr, $question:ident) => {
        match &$fact {
            Answer::Is(fact) => fact,
            Answer::Open => return Next::Ask(Lookup::$question),
        }
    };
}

/// What becomes of a source that was read, or what must be known first.
pub(super) fn decide<Id: Copy>(facts: &SourceFacts<Id>) -> Next<Id> {
    if facts.is_changed {
        return Next::Do(SourceAction::PassOver);
    }
    // What is good in it counts, and it is named: as a whole.
    if facts.goes_on && facts.is_mistrusted {
        return Next::Do(SourceAction::ReadWhole);
    }
    if facts.is_damaged && !facts.is_something {
        return Next::Do(SourceAction::LeaveOut);
    }
    let same = known!(facts.same, Same);
    if facts.goes_on {
        let may_go_on = same.is_none() && *known!(facts.is_still, Still) && !*known!(facts.grew, Grew);
        return Next::Do(if may_go_on { SourceAction::GoOn } else { SourceAction::ReadWhole });
    }
    if let Some(id) = same {
        return unless_whole(facts, SourceAction::Join(*id));
    }
    if let Some(hours) = known!(facts.copied, Copied) {
        return Next::Do(SourceAction::ReadAs(hours.clone()));
    }
    let grew = known!(facts.grew, Grew);
    if let Some(id) = known!(facts.told, Told) {
        return Next::Do(SourceAction::ReplaceTold(*id));
    }
    // A text that no name of its own tells a domain is of that of the text that it begins, whatever it begins with.
    if !facts.has_domain
        && let Some(id) = known!(facts.longer, Longer)
    {
        return unless_whole(facts, SourceAction::Begin(*id));
    }
    if let Some(hours) = known!(facts.better, Better) {
        return Next::Do(SourceAction::ReadAs(hours.clone()));
    }
    if let Some(id) = known!(facts.longer, Longer) {
        return unless_whole(facts, SourceAction::Begin(*id));
    }
    if *grew {
        return Next::Do(SourceAction::TakeOver);
    }
    if facts.is_damaged && *known!(facts.is_whole_here, WholeHere) {
        return Next::Do(SourceAction::LeaveOut);
    }
    Next::Do(match known!(facts.before, Before) {
        Stood::Nothing => SourceAction::Add,
        Stood::Empty(id) => SourceAction::Keep(*id),
        Stood::MadeAnew(id) => SourceAction::Replace(*id),
        Stood::Other => SourceAction::Rotate,
    })
}

/// An action, unless damage would take the place of another text that was read in whole.
fn unless_whole<Id>(facts: &SourceFacts<Id>, action: SourceAction<Id>) -> Next<Id> {
    let is_left_out = facts.is_damaged && *known!(facts.is_whole_here, WholeHere);
    Next::Do(if is_left_out { SourceAction::LeaveOut } else { action })
}

/// What is seen of a source before it is read, at a place that is known.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Sight {
    /// It is to be read in another way than it was.
    pub(super) is_otherwise: bool,
    /// What is known is read, too.
    pub(super) is_verified: bool,
    /// It cannot be read.
    pub(super) has_fault: bool,
    /// It is looked at for the first time in this delivery.
    pub(super) is_first: bool,
    /// It could not be read to its end before.
    pub(super) was_faulty: bool,
    /// Size and time are what they were.
    pub(super) is_as_it_was: bool,
}

/// How much of a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ToRead {
    /// Nothing: it is known.
    Nothing,
    /// All of it, because the user asked for that.
    Whole,
    /// As its known content was read; only what follows that content, if nothing else was changed.
    Rest,
}

/// How much of a source is read.
pub(super) const fn to_read(sight: Sight) -> ToRead {
    if sight.is_otherwise || sight.is_verified || sight.has_fault {
        return ToRead::Whole;
    }
    // What could not be read to its end is tried again.
    if sight.is_first && !sight.was_faulty && sight.is_as_it_was { ToRead::Nothing } else { ToRead::Rest }
}

/// Whether a source is to be read in another way than it was: for a format, a region or a domain that was named.
pub(super) fn is_read_otherwise(reading: &Reading, way: &Way) -> bool {
    let Reading { format, region, domain } = reading;
    format.named().is_some_and(|format| !way.is_in(format.name(), format.described()))
        || (*region != Region::Unspecified && *region != way.region)
        || domain.as_ref().is_some_and(|domain| way.domain.as_ref() != Some(domain))
}

/// How much the name that tells these hours is preferred.
pub(super) fn rank(hours: Option<&NamedHours>) -> u32 {
    hours.map_or(0, NamedHours::rank)
}

/// What stood at a place where another text stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Predecessor {
    /// Only the beginning of a text stood there.
    pub(super) is_beginning: bool,
    /// The name of the place tells domain and hours.
    pub(super) is_package: bool,
    /// It was not read to its end.
    pub(super) is_faulty: bool,
    /// Both begin in the same way.
    pub(super) begins_alike: bool,
}

/// Whether a text takes the place of what stood there, if that stands nowhere else: a package of named hours that was made
/// anew, a log that was edited in place, a file that was never read to its end. A log that another took the place of begins
/// in another way: its lines were real. Where only the beginning of a text stood, the rest of it is not what was made anew.
pub(super) const fn takes_place(before: Predecessor) -> bool {
    !before.is_beginning && (before.is_package || before.is_faulty || before.begins_alike)
}

/// How a source is read whose text was found once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadingOf {
    /// As before.
    Before,
    /// As it was just read.
    Now,
    /// By one of its names: it is read again.
    Told(NamedHours),
}

/// What is known of the reading of a source whose text was found once more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Readings<'a> {
    /// Whether it is to be read in another way than it was, and not as one of its further names tells.
    pub(super) is_otherwise: bool,
    /// The hours that it was read for,
    pub(super) before: Option<&'a NamedHours>,
    /// and those that it was read for now.
    pub(super) now: Option<&'a NamedHours>,
}

impl Readings<'_> {
    /// Whether it is asked what its names tell; also where it began others, whose names tell of it.
    pub(super) fn are_in_doubt(&self, has_beginnings: bool) -> bool {
        self.is_otherwise || self.before != self.now || has_beginnings
    }

    /// How it is read, when the best of its names tells this.
    pub(super) fn decide(&self, told: Option<NamedHours>) -> ReadingOf {
        if told.as_ref() == self.now && (self.is_otherwise || self.before != self.now) {
            return ReadingOf::Now;
        }
        told.filter(|told| self.before != Some(told)).map_or(ReadingOf::Before, ReadingOf::Told)
    }
}

/// What became of a text that was found once more: whether it took the place of another one, stood there before, and
/// stands elsewhere.
pub(super) const fn fate_of_copy(is_made_anew: bool, was_here: bool, is_elsewhere: bool) -> Fate {
    match (is_made_anew, was_here, is_elsewhere) {
        (true, ..) => Fate::Replaced,
        (false, true, _) => Fate::Known,
        (false, false, false) => Fate::Moved,
        (false, false, true) => Fate::Duplicate,
    }
}

#[cfg(test)]
mod tests;
