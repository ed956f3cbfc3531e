//! The decision whether a workbook may be made: facts in, verdict out. Looks nothing up.

const NO_LINE: &str = "the store has no line for its domains and range";
/// What a reason ends with where a workbook stands.
pub(super) const STAYS: &str = "the present workbook is kept";
/// What it ends with where one was made and is not there any more.
const IS_GONE: &str = "the workbook made before had more hours, and its file is gone, so no new one is made";

/// What a reason says where overlaps are refused.
const REFUSED: &str = "overlaps are refused";

/// Why a workbook is not made now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What it waits for.
    pub cause: WaitCause,
    /// The reason, for people.
    pub why: String,
}

/// What a workbook waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitCause {
    /// What is to come, as it should.
    Coming,
    /// It would have less than one that was made before: a user who has looked may want it anyway, and can have it.
    Less,
    /// Sources may count twice, and that is refused: time does not heal it.
    Twice,
    /// Usage that the present workbook has was removed: nobody can make it again.
    Removed,
}

impl Waiting {
    /// A reason for a workbook that waits for what is to come.
    pub fn coming(why: impl Into<String>) -> Self {
        Self { cause: WaitCause::Coming, why: why.into() }
    }
}

/// How much may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tolerance {
    /// Nothing.
    Nothing,
    /// Missing hours and lines, because they were waited for long enough; but nothing that the present workbook has.
    Missing,
    /// Anything: a user looks at the result.
    Anything,
}

/// Whether a workbook may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is there.
    Ready,
    /// It is made although this is missing.
    Incomplete(String),
    /// It waits, and why.
    Waits(Waiting),
}

/// What is known of a workbook of the same range that was made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// There is none.
    Nothing,
    /// There is one, and how many hours with a log its domains had was not stored.
    Unknown,
    /// There is one, and its hours were stored.
    Known,
}

/// What the store has not, or has too much of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// All that is needed is there.
    Nothing,
    /// Hours that the present workbook has, in words.
    Lost(String),
    /// Hours that must be there, in words.
    Hours(String),
    /// Any line at all.
    Lines,
    /// Sources that do not count twice: those that may, in words, where that is refused.
    Overlaps(String),
}

/// What is decided by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WorkbookFacts {
    pub(super) standing: Stands,
    pub(super) tolerance: Tolerance,
    pub(super) lack: Lack,
    /// Whether any file stands where the workbook is to be.
    pub(super) is_file_there: bool,
}

/// Whether a workbook may be made. What stands is never replaced by less, however long was waited, unless somebody looks at
/// it.
pub(super) fn decide(facts: &WorkbookFacts) -> Verdict {
    use Lack::{Hours, Lines, Lost, Nothing, Overlaps};
    let stays = |cause: WaitCause, why: &str| {
        let end = if facts.is_file_there { STAYS } else { IS_GONE };
        Verdict::Waits(Waiting { cause, why: format!("{why}; {end}") })
    };
    let refused = |twice: &str| format!("{twice}; {REFUSED}");
    match (&facts.lack, facts.standing, facts.tolerance) {
        (Nothing, ..) | (_, _, Tolerance::Anything) => Verdict::Ready,
        (Lost(lost), ..) => stays(WaitCause::Less, lost),
        (Overlaps(twice), Stands::Nothing, _) => {
            Verdict::Waits(Waiting { cause: WaitCause::Twice, why: refused(twice) })
        }
        (Overlaps(twice), ..) => stays(WaitCause::Twice, &refused(twice)),
        // It has no more hours than those that are there now.
        (Hours(missing), Stands::Nothing | Stands::Known, Tolerance::Missing) => {
            Verdict::Incomplete(missing.clone())
        }
        (Lines, Stands::Nothing, Tolerance::Missing) => Verdict::Incomplete(NO_LINE.into()),
        (Hours(missing), Stands::Nothing, Tolerance::Nothing) => Verdict::Waits(Waiting::coming(missing)),
        (Lines, Stands::Nothing, Tolerance::Nothing) => Verdict::Waits(Waiting::coming(NO_LINE)),
        (Hours(missing), ..) => stays(WaitCause::Less, missing),
        (Lines, ..) => stays(WaitCause::Less, NO_LINE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a row of the table gives.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Given {
        Ready,
        Incomplete,
        Waits,
        /// It waits, and says that what stands is not replaced.
        Stays,
    }

    /// Every lack over every workbook that stands, and what each tolerance gives: nothing, missing, anything.
    const TABLE: [(&str, Stands, [Given; 3]); 15] = {
        use Given::{Incomplete, Ready, Stays, Waits};
        use Stands::{Known, Nothing, Unknown};
        [
            ("nothing", Nothing, [Ready, Ready, Ready]),
            ("nothing", Unknown, [Ready, Ready, Ready]),
            ("nothing", Known, [Ready, Ready, Ready]),
            // Only of known hours any can be lost; the decision does not depend on that.
            ("lost", Nothing, [Stays, Stays, Ready]),
            ("lost", Unknown, [Stays, Stays, Ready]),
            ("lost", Known, [Stays, Stays, Ready]),
            ("hours", Nothing, [Waits, Incomplete, Ready]),
            ("hours", Unknown, [Stays, Stays, Ready]),
            ("hours", Known, [Stays, Incomplete, Ready]),
            ("lines", Nothing, [Waits, Incomplete, Ready]),
            ("lines", Unknown, [Stays, Stays, Ready]),
            ("lines", Known, [Stays, Stays, Ready]),
            // However long was waited.
            ("overlaps", Nothing, [Waits, Waits, Ready]),
            ("overlaps", Unknown, [Stays, Stays, Ready]),
            ("overlaps", Known, [Stays, Stays, Ready]),
        ]
    };

    fn lack(word: &str) -> (Lack, &str) {
        match word {
            "lost" => (Lack::Lost("a has 1 hour".into()), "a has 1 hour"),
            "hours" => (Lack::Hours("a has no source".into()), "a has no source"),
            "lines" => (Lack::Lines, NO_LINE),
            "overlaps" => (Lack::Overlaps("a and b".into()), "a and b; overlaps are refused"),
            _ => (Lack::Nothing, ""),
        }
    }

    #[test]
    fn what_is_lacking_decides_by_what_stands_and_what_may_be_missing() {
        let mut seen = std::collections::HashSet::new();
        for (word, standing, given) in TABLE {
            assert!(seen.insert(format!("{word} {standing:?}")), "each combination stands once");
            let tolerances = [Tolerance::Nothing, Tolerance::Missing, Tolerance::Anything];
            for ((tolerance, given), is_file_there) in
                tolerances.into_iter().zip(given).flat_map(|row| [(row, true), (row, false)])
            {
                let (lack, text) = lack(word);
                let verdict = decide(&WorkbookFacts { standing, tolerance, lack, is_file_there });
                let end = if is_file_there { STAYS } else { IS_GONE };
                let (waits, stays) = match word {
                    "overlaps" => (WaitCause::Twice, WaitCause::Twice),
                    _ => (WaitCause::Coming, WaitCause::Less),
                };
                let expected = match given {
                    Given::Ready => Verdict::Ready,
                    Given::Incomplete => Verdict::Incomplete(text.into()),
                    Given::Waits => Verdict::Waits(Waiting { cause: waits, why: text.into() }),
                    Given::Stays => Verdict::Waits(Waiting { cause: stays, why: format!("{text}; {end}") }),
                };
                assert_eq!(verdict, expected, "{word}, {standing:?}, {tolerance:?}");
            }
        }
        assert_eq!(seen.len(), TABLE.len());
    }
}
