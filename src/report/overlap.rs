//! What may be counted twice: different sources for the same hour, and sources most of whose lines are also in others.
//!
//! Different texts both count, because it is not known which is right. What is found here is only reported.

use super::{NamedHours, SourceReport};
use crate::sketch::Sketch;
use crate::visible::line;
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// What is compared of a source.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// The domain and hours in its name.
    pub hours: Option<&'a NamedHours>,
    /// Its lines.
    pub lines: u64,
    /// Hashes of some of them.
    pub sketch: &'a Sketch,
}

/// Sources that may count the same requests twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// What they have in common.
    pub kind: Kind,
    /// The source that the others are compared with: for the same hours the first one, else the one that has lines of
    /// the others.
    pub name: String,
    /// The other sources, in the order of the report.
    pub others: Vec<String>,
}

/// Why sources may count the same requests twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Their names have the same hours of the same domain, but their texts differ.
    SameHours(NamedHours),
    /// Most lines of one are also in the other, judged by some of their lines; or in the others together.
    SameLines,
    /// Nearly every line of one source is there several times: there are no others.
    Repeated,
}

const SAME_HOURS: &str = "same_hours";
const SAME_LINES: &str = "same_lines";
const REPEATED: &str = "repeated_lines";
const HOURS_TEXT: &str = "are named for the same hours, but differ";
const LINES_TEXT: &str = "have mostly the same lines";
const REPEATED_TEXT: &str = "has nearly every line several times";

impl Kind {
    /// The text of a [`Kind::key`]; an empty one for what is none.
    #[must_use]
    pub fn text_of(key: &str) -> &'static str {
        let known = [(SAME_HOURS, HOURS_TEXT), (SAME_LINES, LINES_TEXT), (REPEATED, REPEATED_TEXT)];
        known.into_iter().find(|(known, _)| *known == key).map_or("", |(_, text)| text)
    }

    /// The spelling in machine-readable output.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::SameHours(_) => SAME_HOURS,
            Self::SameLines => SAME_LINES,
            Self::Repeated => REPEATED,
        }
    }

    /// A statement on a source and the others.
    #[must_use]
    pub fn statement(&self, name: &str, others: &str) -> String {
        statement(name, others, self.text())
    }

    /// What they have in common, for people.
    #[must_use]
    pub const fn text(&self) -> &'static str {
        match self {
            Self::SameHours(_) => HOURS_TEXT,
            Self::SameLines => LINES_TEXT,
            Self::Repeated => REPEATED_TEXT,
        }
    }
}

/// A statement on a source and others, if there are any.
#[must_use]
pub fn statement(name: &str, others: &str, text: &str) -> String {
    let and = if others.is_empty() { "" } else { " and " };
    format!("{name}{and}{others} {text}")
}

/// Sources that share a line and are all compared with each other; of more, each is compared with the one with the most
/// lines.
const MOST: usize = 64;
/// Lines in another source without which it is none of those that have the lines together.
const LEAST: usize = 2;

/// What may be counted twice among the sources of a report: see [`among`].
#[must_use]
pub fn find(sources: &[SourceReport]) -> Vec<Overlap> {
    let candidates = sources.iter().map(|source| Candidate {
        name: &source.name,
        hours: source.hours.as_ref(),
        lines: source.counts.lines,
        sketch: &source.sketch,
    });
    among(&candidates.collect::<Vec<_>>())
}

/// Finds what may be counted twice among sources: first by hours, then by lines, then alone, in the order of sources. Two
/// sources are reported only once: that they have the same lines says more than that their names have the same hours.
#[must_use]
pub fn among(sources: &[Candidate<'_>]) -> Vec<Overlap> {
    among_those(sources, |_| true)
}

/// The same, but only what concerns sources that are new: which of two known ones may be counted twice was said before.
#[must_use]
pub fn among_those(sources: &[Candidate<'_>], is_new: impl Fn(usize) -> bool) -> Vec<Overlap> {
    let pairs = pairs(sources);
    let by_lines = same_lines(sources, &pairs);
    let mut found = same_hours(sources, &by_lines, &is_new);
    let mut all = by_lines;
    all.extend(in_several(sources, &pairs, &all));
    all.sort_unstable();
    found.extend(all.iter().filter_map(|at| {
        let (whole, parts) = at.split_first()?;
        let parts = parts.iter().copied().filter(|part| is_new(*whole) || is_new(*part));
        overlap(Kind::SameLines, sources, &std::iter::once(*whole).chain(parts).collect::<Vec<_>>())
    }));
    let repeated = (0..sources.len()).filter(|at| is_new(*at) && sources[*at].sketch.is_repeated());
    let alone =
        |at: usize| Overlap { kind: Kind::Repeated, name: sources[at].name.to_owned(), others: Vec::new() };
    found.extend(repeated.map(alone));
    found
}

/// Names that are listed of those that may be counted twice.
const NAMED: usize = 5;

/// What may be counted twice, in one line; `None` if nothing may.
#[must_use]
pub fn in_words(overlaps: &[Overlap]) -> Option<String> {
    let one = |one: &Overlap| {
        let more = one.others.len().saturating_sub(NAMED);
        let others = one.others.iter().take(NAMED).map(|name| line(name).into_owned());
        let others: Vec<String> = others.chain((more > 0).then(|| format!("{more} more"))).collect();
        one.kind.statement(&line(&one.name), &others.join(", "))
    };
    let more = overlaps.len().saturating_sub(NAMED);
    let texts = overlaps.iter().take(NAMED).map(one);
    let texts: Vec<String> = texts.chain((more > 0).then(|| format!("{more} more groups"))).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn overlap(kind: Kind, sources: &[Candidate<'_>], at: &[usize]) -> Option<Overlap> {
    let (first, others) = at.split_first().filter(|(_, others)| !others.is_empty())?;
    let name = |at: &usize| sources[*at].name.to_owned();
    Some(Overlap { kind, name: name(first), others: others.iter().map(name).collect() })
}

/// Sources of the same hours, of which any is new, but for those that `by_lines` tells to stand in another one of these
/// hours.
fn same_hours(
    sources: &[Candidate<'_>],
    by_lines: &[Vec<usize>],
    is_new: impl Fn(usize) -> bool,
) -> Vec<Overlap> {
    let with_lines = |source: &Candidate<'_>| source.lines > 0;
    let mut named: Vec<usize> = (0..sources.len()).filter(|at| with_lines(&sources[*at])).collect();
    named.retain(|at| sources[*at].hours.is_some());
    let key = |at: &usize| sources[*at].hours.map(|hours| (hours.domain.as_str(), hours.start, hours.end));
    // Names tell first the domain, then the hours: most sources are in this order already, which a stable sort sees.
    named.sort_by(|a, b| key(a).cmp(&key(b)));
    let told = told_parts(by_lines, |whole, part| key(&whole) == key(&part));
    // What is left out stands in one that stays, or in others that do: the chain ends at the one with the most lines.
    named.retain(|at| !told.contains(at));
    let mut groups: Vec<&[usize]> =
        named.chunk_by(|a, b| key(a) == key(b)).filter(|group| group.iter().any(|at| is_new(*at))).collect();
    groups.sort_unstable();
    let hours = |at: &[usize]| sources[at[0]].hours.cloned();
    groups.into_iter().filter_map(|at| overlap(Kind::SameHours(hours(at)?), sources, at)).collect()
}

/// The sources that stand in another one, where the two are `alike`.
fn told_parts(by_lines: &[Vec<usize>], alike: impl Fn(usize, usize) -> bool) -> BTreeSet<usize> {
    let groups = by_lines.iter().filter_map(|at| at.split_first());
    groups.flat_map(|(whole, parts)| parts.iter().copied().filter(|part| alike(*whole, *part))).collect()
}

/// Pairs of sources that share a line, by the hashes that their sketches share.
fn pairs(sources: &[Candidate<'_>]) -> Vec<(usize, usize)> {
    // A hash and a source are one number: numbers are sorted sooner than pairs.
    let hashes = (0u64..)
        .zip(sources)
        .flat_map(|(at, source)| source.sketch.hashes().map(move |hash| u64::from(hash) << 32 | at));
    let mut hashes: Vec<u64> = hashes.collect();
    hashes.par_sort_unstable();
    let shared = hashes.chunk_by(|a, b| a >> 32 == b >> 32).filter(|same| same.len() > 1);
    #[expect(clippy::cast_possible_truncation, reason = "the half that is a position")]
    let source = |hash: &u64| *hash as u32 as usize;
    let mut pairs = Vec::new();
    let mut sorted = 0;
    for same in shared {
        if same.len() > MOST {
            let most = same.iter().map(source).max_by_key(|at| (sources[*at].lines, Reverse(*at)));
            let with = |most: usize| same.iter().map(source).map(move |at| (at.min(most), at.max(most)));
            pairs.extend(most.into_iter().flat_map(with).filter(|(one, other)| one != other));
        }
        for (at, one) in same.iter().enumerate().filter(|_| same.len() <= MOST) {
            pairs.extend(same[at + 1..].iter().map(|other| (source(one), source(other))));
        }
        // Sources that are the same share all that they have.
        if pairs.len() > 2 * sorted + SOME {
            pairs.sort_unstable();
            pairs.dedup();
            sorted = pairs.len();
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Pairs before it is seen whether they are the same.
const SOME: usize = 1 << 20;

/// Whether most of a source stands in another one.
fn stands_in(part: &Candidate<'_>, whole: &Candidate<'_>) -> bool {
    part.sketch.shared_with(whole.sketch).is_most()
}

/// Sources, each followed by those that mostly stand in it; of two that stand in each other, in the one with more lines.
fn same_lines(sources: &[Candidate<'_>], pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(one, other) in pairs {
        let has_more = sources[one].lines >= sources[other].lines;
        let (whole, part) = if has_more { (one, other) } else { (other, one) };
        if stands_in(&sources[part], &sources[whole]) || stands_in(&sources[whole], &sources[part]) {
            parts.entry(whole).or_default().push(part);
        }
    }
    let all = parts.into_iter().map(|(whole, mut parts)| {
        parts.sort_unstable();
        parts.insert(0, whole);
        parts
    });
    all.collect()
}

/// Sources that mostly stand in several others together, each followed by these; but for those of which more is known.
fn in_several(
    sources: &[Candidate<'_>],
    pairs: &[(usize, usize)],
    by_lines: &[Vec<usize>],
) -> Vec<Vec<usize>> {
    let known: BTreeSet<usize> = by_lines.iter().flatten().copied().collect();
    let mut with: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(one, other) in pairs {
        for (source, other) in [(one, other), (other, one)] {
            let shares = || sources[source].sketch.shared_with(sources[other].sketch).shared >= LEAST;
            if !known.contains(&source) && shares() {
                with.entry(source).or_default().push(other);
            }
        }
    }
    with.retain(|source, others| {
        let sketches: Vec<&Sketch> = others.iter().map(|other| sources[*other].sketch).collect();
        sources[*source].sketch.shared_with_any(&sketches).is_most()
    });
    let all = with.into_iter().map(|(source, mut others)| {
        others.sort_unstable();
        others.insert(0, source);
        others
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Domain;
    use crate::report::Counts;
    use crate::sketch::{Draft, Sketch};

    /// Twelve lines an hour.
    fn sketch_of(lines: impl IntoIterator<Item = u64>) -> Sketch {
        let mut draft = Draft::default();
        for line in lines {
            let text = format!("[a time of twenty-six chars] line {line}");
            draft.note(300 * line.cast_signed(), line, text.as_bytes(), || Some(0));
        }
        draft.finish()
    }

    fn source(name: &str, hour: Option<i64>, lines: std::ops::Range<u64>) -> SourceReport {
        let domain = Domain::new(b"a.com").unwrap();
        let hours = hour.map(|hour| NamedHours { domain, start: hour * 3600, end: (hour + 1) * 3600 });
        let sketch = sketch_of(lines.clone());
        SourceReport {
            format: std::borrow::Cow::default(),
            name: name.into(),
            size: None,
            hours,
            wildcard: None,
            counts: Counts { lines: lines.count() as u64, ..Counts::default() },
            fault: None,
            may_be_empty: false,
            padding: 0,
            sketch,
        }
    }

    fn found(sources: &[SourceReport]) -> Vec<String> {
        let text = |o: &Overlap| format!("{} {}: {}", o.kind.key(), o.name, o.others.join(" "));
        find(sources).iter().map(text).collect()
    }

    #[test]
    fn hours_and_lines_that_are_there_twice_are_found() {
        let hour = |at: u64| source(&format!("h{at}"), Some(at.cast_signed()), 12 * at..12 * at + 12);
        let mut sources: Vec<SourceReport> = (0..24).map(hour).collect();
        assert_eq!(found(&sources), [""; 0]);
        sources.push(source("other", Some(3), 900..912));
        assert_eq!(found(&sources), ["same_hours h3: other"]);
        sources.pop();
        // A day holds its hours, two hours are half of two others, a month holds a day.
        sources.insert(0, source("day", None, 0..288));
        let hours = (0..24).map(|at| format!("h{at}")).collect::<Vec<_>>().join(" ");
        assert_eq!(found(&sources), [format!("same_lines day: {hours}")]);
        assert_eq!(found(&[source("day", None, 0..288), hour(5)]), ["same_lines day: h5"]);
        assert_eq!(found(&[source("day", None, 500..788), hour(5)]), [""; 0]);
        let month = source("month", None, 0..9000);
        assert_eq!(found(&[source("day", None, 500..788), month]), ["same_lines month: day"]);
    }

    #[test]
    fn two_sources_are_told_once() {
        let sources =
            [source("a", Some(3), 0..12), source("b", Some(3), 0..13), source("c", Some(3), 500..512)];
        assert_eq!(found(&sources[..2]), ["same_lines b: a"]);
        // One that differs is held against the one in which the other stands.
        assert_eq!(found(&sources), ["same_hours b: c", "same_lines b: a"]);
        // What stands in a source of other hours is told apart from what has the same.
        let day = source("day", None, 0..288);
        let [a, _, c] = sources;
        assert_eq!(found(&[a, c, day]), ["same_hours a: c", "same_lines day: a"]);
    }

    #[test]
    fn of_known_sources_only_what_new_ones_share_is_told() {
        let hour = |at: u64| source(&format!("h{at}"), Some(at.cast_signed()), 12 * at..12 * at + 12);
        let mut sources: Vec<SourceReport> = (0..4).map(hour).collect();
        sources.push(source("day", None, 0..48));
        sources.push(source("other", Some(3), 900..912));
        let told = |new: &[usize]| {
            let candidates = sources.iter().map(|source| Candidate {
                name: &source.name,
                hours: source.hours.as_ref(),
                lines: source.counts.lines,
                sketch: &source.sketch,
            });
            let found = among_those(&candidates.collect::<Vec<_>>(), |at| new.contains(&at));
            found.iter().map(|one| format!("{} {}", one.name, one.others.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(told(&[]), [""; 0]);
        assert_eq!(told(&[1]), ["day h1"]);
        assert_eq!(told(&[4]), ["day h0 h1 h2 h3"]);
        assert_eq!(told(&[5]), ["h3 other"]);
    }

    #[test]
    fn a_line_that_all_have_says_nothing() {
        let sources: Vec<SourceReport> = (0..300)
            .map(|at| {
                let mut one = source("x", None, 20 * at..20 * at + 3);
                one.sketch = sketch_of((20 * at..20 * at + 3).chain([9999]));
                one
            })
            .collect();
        assert_eq!(found(&sources), [""; 0]);
    }
}
