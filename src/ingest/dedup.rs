//! Sources that occur twice: the same file by another name, another file with the same bytes, the same text in another
//! compression or with other line ends, or the beginning of another text. They are found here, and
//! [`ingest`](super::ingest) subtracts them.
//!
//! Large files are compared before they are read, because reading is most of the work. Small files are read sooner than
//! they are compared, so they are compared afterwards, by fingerprints taken while reading.

use super::crowd::longest_beginnings;
use super::outcome::SourceOutcome;
use super::resume::{self, beginnings, order, whole};
use crate::codec::Decoder;
use crate::digest::TextId;
use crate::domain::Domain;
use crate::names::{is_domain, may_be_one, may_tell, tells_of};
use crate::report::{Duplicate, NamedHours};
use crate::source::{Origins, SMALL, Site, Source, Stat};
use rayon::prelude::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Read};
use std::iter::successors;

/// Texts that begin alike and are compared each with each.
const FEW: usize = 16;

/// Positions of duplicates, each with the position of the source that stays.
type Same = BTreeMap<usize, usize>;

/// The large files that have the bytes of another one. Where their lines may take different domains from outside, that is
/// found out by reading them.
///
/// Of equal sources the first one in the order of names stays, those that tell their domain before others.
pub(super) fn before_reading(sources: &[Source], origins: &dyn Origins) -> Same {
    let is_large = |at: &usize| sources[*at].size().is_some_and(|size| size > SMALL);
    let by_size = groups((0..sources.len()).filter(is_large), |at| sources[at].size());
    // Told apart by their first bytes first.
    let by_head = by_size
        .par_iter()
        .flat_map_iter(|group| groups(group.iter().copied(), |at| head(sources[at].site(origins)).ok()));
    let same = by_head.flat_map_iter(|group| equal(sources, origins, &group, |at| sources[at].outside()));
    same.filter(|(later, _)| has_text(sources[*later].site(origins))).collect()
}

/// Whether any text of a file can be read. Files without text count nothing, however often they are there, and of each
/// that is damaged it is said.
fn has_text(site: Site<'_>) -> bool {
    matches!(site.open().and_then(Decoder::new).and_then(|mut text| text.read(&mut [0])), Ok(1..))
}

/// What was found when everything was read.
pub(super) struct Copies {
    pub(super) same: Same,
    /// Sources that stay, with what the name of a copy tells better.
    pub(super) better_names: BTreeMap<usize, NamedHours>,
    /// Sources that were read once more for it, by their paths.
    pub(super) reread: Vec<usize>,
}

/// The sources that were read and have the bytes or the text of another one, or the beginning of it.
pub(super) fn after_reading(sources: &[Source], outcomes: &[SourceOutcome], origins: &dyn Origins) -> Copies {
    // As before reading, files without text are left out.
    let mut read: Vec<usize> = (0..sources.len()).filter(|at| outcomes[*at].len > 0).collect();
    let size = |at: usize| sources[at].size().filter(|size| *size <= SMALL);
    let print = |at: usize| Some((size(at)?, outcomes[at].start?));
    let small = groups(read.iter().copied(), print);
    let outside = |at: usize| outcomes[at].outside(&sources[at]);
    let mut same: Same =
        small.par_iter().flat_map_iter(|group| equal(sources, origins, group, outside)).collect();
    read.retain(|at| !same.contains_key(at));
    let alike = alike(sources, outcomes, &read);
    let (texts, begun) = same_texts(sources, outcomes, origins, &alike);
    for first in same.values_mut() {
        *first = *texts.get(first).unwrap_or(first);
    }
    same.extend(texts);
    let better_names = find_better_names(sources, &same, &begun, outside);
    let reread = small.concat().into_iter().chain(alike.concat()).collect();
    Copies { same, better_names, reread }
}

/// What copies and beginnings of sources tell by their names, where that is better than what the sources' own names tell:
/// the first name in order of those that are preferred. `outside` is the domain that lines of a source take from outside.
fn find_better_names<'s>(
    sources: &'s [Source],
    same: &Same,
    begun: &[(usize, usize)],
    outside: impl Fn(usize) -> Option<&'s Domain>,
) -> BTreeMap<usize, NamedHours> {
    let mut better_names: BTreeMap<usize, &NamedHours> = BTreeMap::new();
    let rank = |hours: Option<&NamedHours>| hours.map_or(0, NamedHours::rank);
    let begun = begun.iter().copied().filter(|(_, first)| !same.contains_key(first));
    let mut pairs: Vec<(usize, usize)> = same.iter().map(|(at, first)| (*at, *first)).chain(begun).collect();
    pairs.sort_unstable();
    for (copy, first) in pairs {
        let own = sources[first].named.as_ref();
        let best = better_names.get(&first).copied().or(own);
        let is_better = |hours: &&NamedHours| {
            let is_of = tells_of(&hours.domain, outside(first));
            hours.rank() > rank(best) && may_tell(own, hours) && is_of
        };
        if let Some(hours) = sources[copy].named.as_ref().filter(is_better) {
            better_names.insert(first, hours);
        }
    }
    better_names.into_iter().map(|(at, hours)| (at, hours.clone())).collect()
}

/// Groups of more than one source that are alike in a key, each in the order of names; those without a key are in none.
fn groups<K: Ord>(all: impl Iterator<Item = usize>, key: impl Fn(usize) -> Option<K>) -> Vec<Vec<usize>> {
    let mut all: Vec<(K, usize)> = all.filter_map(|at| Some((key(at)?, at))).collect();
    all.sort_unstable();
    let groups = all.chunk_by(|(a, _), (b, _)| a == b).filter(|group| group.len() > 1);
    groups.map(|group| group.iter().map(|(_, at)| *at).collect()).collect()
}

/// The first bytes differ in most files of equal size; a compressed file differs within its first line.
const HEAD: u64 = 4 << 10;
/// Bytes read at a time when all of a file is hashed or compared.
const PORTION: u64 = 1 << 20;

/// A hash of the first bytes. A file that cannot be read is equal to none: it is reported when its turn comes.
fn head(site: Site<'_>) -> io::Result<u64> {
    hash(site.open_at(0..HEAD)?.take(HEAD))
}

fn hash(mut input: impl Read) -> io::Result<u64> {
    let (mut portion, mut hasher) = (Vec::new(), DefaultHasher::new());
    while next(&mut input, &mut portion)? {
        hasher.write(&portion);
    }
    Ok(hasher.finish())
}

/// Reads the next portion; `false` at the end.
fn next(input: &mut impl Read, portion: &mut Vec<u8>) -> io::Result<bool> {
    portion.clear();
    Ok(input.take(PORTION).read_to_end(portion)? > 0)
}

/// Each source of a group that has the bytes of another one: told apart by a hash of everything, only what is equal by
/// that is compared.
fn equal<'s>(
    sources: &[Source],
    origins: &dyn Origins,
    group: &[usize],
    outside: impl Fn(usize) -> Option<&'s Domain>,
) -> Pairs {
    let content = |at: usize| hash(sources[at].site(origins).open().ok()?).ok();
    let alike = groups(group.iter().copied(), content);
    alike.into_iter().flat_map(|group| equal_to_first(sources, origins, group, &outside)).collect()
}

fn equal_to_first<'s>(
    sources: &[Source],
    origins: &dyn Origins,
    group: Vec<usize>,
    outside: impl Fn(usize) -> Option<&'s Domain>,
) -> Pairs {
    let number = |at: usize| sources[at].stat.and_then(Stat::version).and_then(|version| version.number);
    let is_one_file = |a: usize, b: usize| number(a).is_some() && number(a) == number(b);
    let site = |at: usize| sources[at].site(origins);
    let same = |a: usize, b: usize| is_one_file(a, b) || same_bytes(site(a), site(b)).unwrap_or(false);
    let (mut firsts, mut equal) = (Vec::<usize>::new(), Vec::new());
    for at in in_order_of_choice(sources, group) {
        let may_be_one = |first: usize| may_be_one(outside(first), outside(at));
        match firsts.iter().find(|first| may_be_one(**first) && same(**first, at)) {
            Some(first) => equal.push((at, *first)),
            None => firsts.push(at),
        }
    }
    equal
}

fn same_bytes(a: Site<'_>, b: Site<'_>) -> io::Result<bool> {
    let (mut a, mut b) = (a.open()?, b.open()?);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    while next(&mut a, &mut left)? | next(&mut b, &mut right)? {
        if left != right {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sources that have the text of another one in another compression or with other line ends, or its beginning; and
/// those that tell of a text by their names, each with the first source of that, for it begins with theirs. Of damaged
/// ones it is what can be read.
///
/// What counts of a text depends on the name of its file, so counts tell nothing: texts that begin alike are decoded
/// again and hashed.
fn same_texts(
    sources: &[Source],
    outcomes: &[SourceOutcome],
    origins: &dyn Origins,
    alike: &[Vec<usize>],
) -> (Same, Pairs) {
    let found: Vec<_> =
        alike.par_iter().map(|group| same_or_begun(sources, outcomes, origins, group)).collect();
    let (same, names): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    (same.into_iter().flatten().collect(), names.concat())
}

/// Sources whose texts begin alike.
fn alike(sources: &[Source], outcomes: &[SourceOutcome], read: &[usize]) -> Vec<Vec<usize>> {
    // A pipe cannot be read twice.
    let read = read.iter().copied().filter(|at| sources[*at].size().is_some());
    let by_least = groups(read, |at| outcomes[at].fingerprint.least);
    let by_more = by_least.into_iter().flat_map(|group| {
        // Short texts may be the beginning of any; longer ones begin alike in more than that.
        let is_short = |at: &usize| outcomes[*at].fingerprint.more.is_none();
        if group.iter().any(is_short) {
            return vec![group];
        }
        groups(group.into_iter(), |at| outcomes[at].fingerprint.more)
    });
    by_more.collect()
}

/// A text among others that begin alike, with the sources that have it.
struct TextOf<'s> {
    id: TextId,
    at: Vec<usize>,
    /// The domain that its lines take from outside.
    outside: Option<&'s Domain>,
}

/// Pairs of sources, of which the first one is a beginning or a copy of the second one.
type Pairs = Vec<(usize, usize)>;

fn same_or_begun(
    sources: &[Source],
    outcomes: &[SourceOutcome],
    origins: &dyn Origins,
    group: &[usize],
) -> (Pairs, Pairs) {
    let text = |at: &usize| Some((whole(sources[*at].site(origins), None).ok()?, *at));
    let mut ids: Vec<(TextId, usize)> = group.iter().filter_map(text).collect();
    ids.sort_by(|(a, at), (b, bt)| (b.len, b.whole, at).cmp(&(a.len, a.whole, bt)));
    let mut texts: Vec<TextOf> = Vec::new();
    for same in ids.chunk_by(|(a, _), (b, _)| a.whole == b.whole) {
        let at = in_order_of_choice(sources, same.iter().map(|(_, at)| *at).collect());
        texts.extend(by_domain(sources, outcomes, &same[0].0, at));
    }
    for text in &mut texts {
        // Of what is damaged in one file and whole in another nothing is missing.
        text.at.sort_by_key(|at| outcomes[*at].fault.is_some());
    }
    texts.sort_by_key(|text| (Reverse(text.id.len), text.at[0]));
    let (begun, names) = loop {
        let (begun, names) = find_beginnings(sources, origins, &texts);
        // What takes the domain of its beginning may be one with others that were of another domain before.
        if !take_domains(sources, &mut texts, &names) {
            break (begun, names);
        }
        texts = joined(sources, outcomes, texts);
    };
    let copies = |text: &TextOf| text.at[1..].iter().map(|at| (*at, text.at[0])).collect::<Vec<_>>();
    let mut same: Vec<(usize, usize)> = texts.iter().flat_map(copies).collect();
    same.extend(begun);
    // A copy of what is the beginning of another text is a copy of that.
    let firsts: HashMap<usize, usize> = same.iter().copied().collect();
    for (_, first) in &mut same {
        *first = *firsts.get(first).unwrap_or(first);
    }
    (same, names)
}

/// Sources with the same lines, in the order of choice, by the domains that these take from outside.
fn by_domain<'s>(
    sources: &'s [Source],
    outcomes: &[SourceOutcome],
    id: &TextId,
    all: Vec<usize>,
) -> Vec<TextOf<'s>> {
    let mut texts: Vec<TextOf<'s>> = Vec::new();
    for at in all {
        let outside = outcomes[at].outside(&sources[at]);
        match texts.iter_mut().find(|text| may_be_one(text.outside, outside)) {
            Some(text) => {
                text.at.push(at);
                text.outside = text.outside.or(outside);
            }
            None => texts.push(TextOf { id: id.clone(), at: vec![at], outside }),
        }
    }
    texts
}

/// Lets texts take the domain of their beginnings, where theirs is that with something put before it; gives whether any
/// did.
fn take_domains<'s>(sources: &'s [Source], texts: &mut [TextOf<'s>], names: &[(usize, usize)]) -> bool {
    let mut of_first: HashMap<usize, &mut TextOf<'s>> =
        texts.iter_mut().map(|text| (text.at[0], text)).collect();
    let mut is_changed = false;
    for (named, first) in names {
        let domain = sources[*named].named.as_ref().map(|hours| &hours.domain);
        let (Some(domain), Some(text)) = (domain.filter(|domain| is_domain(domain)), of_first.get_mut(first))
        else {
            continue;
        };
        if text.outside.is_some_and(|own| own != domain && tells_of(domain, Some(own))) {
            (text.outside, is_changed) = (Some(domain), true);
        }
    }
    is_changed
}

/// Brings those together that have the same lines of the same domain.
fn joined<'s>(sources: &[Source], outcomes: &[SourceOutcome], texts: Vec<TextOf<'s>>) -> Vec<TextOf<'s>> {
    let mut all: Vec<TextOf<'s>> = Vec::with_capacity(texts.len());
    let mut known = HashMap::new();
    for text in texts {
        let at = *known.entry((text.id.whole, text.outside)).or_insert(all.len());
        match all.get_mut(at) {
            Some(same) => {
                same.at.extend(text.at);
                same.at = in_order_of_choice(sources, std::mem::take(&mut same.at));
                same.at.sort_by_key(|at| outcomes[*at].fault.is_some());
            }
            None => all.push(text),
        }
    }
    all
}

/// Texts that are the beginning of a longer one, which is the longest: they are given with the longest first; and whose
/// names tell of which text, for it begins with theirs: that may be several.
///
/// A text of fewer bytes than any hash of a beginning has is too short to tell: one line may stand in two logs.
fn find_beginnings(sources: &[Source], origins: &dyn Origins, texts: &[TextOf<'_>]) -> (Pairs, Pairs) {
    let mut is_taken = vec![false; texts.len()];
    let (mut begun, mut names) = (Vec::new(), Vec::new());
    let best_names: Vec<Option<usize>> = texts.iter().map(|text| best_named(sources, text)).collect();
    let links = (texts.len() > FEW).then(|| links(sources, origins, texts));
    for (at, text) in texts.iter().enumerate() {
        let begins_alike = |other: &TextOf<'_>| {
            other.id.len < text.id.len
                && other.id.head().is_some_and(|head| text.id.heads.contains(&head))
                && may_be_one(text.outside, other.outside)
        };
        let is_asked = |other: &usize| {
            (!is_taken[*other] || best_names[*other].is_some()) && begins_alike(&texts[*other])
        };
        let shorter: Vec<usize> = match &links {
            _ if is_taken[at] => continue,
            Some(links) => successors(links[at], |other| links[*other]).filter(is_asked).collect(),
            None => begun_by(sources, origins, texts, at, (at + 1..texts.len()).filter(is_asked).collect()),
        };
        // Where the name of a beginning tells the domain of a longer one, those of other domains begin it no more: that of the
        // longest one, which comes first.
        let told = |other: &usize| {
            let hours = sources[best_names[*other]?].named.as_ref()?;
            is_domain(&hours.domain).then_some(&hours.domain)
        };
        let outside = text.outside.or_else(|| shorter.iter().find_map(told));
        let mut shorter = shorter;
        shorter.retain(|other| may_be_one(outside, texts[*other].outside));
        // Each must be one with the longest of them, too.
        let longest = shorter.first().and_then(|other| texts[*other].outside);
        shorter.retain(|other| may_be_one(texts[*other].outside, longest));
        for other in shorter {
            names.extend(best_names[other].map(|named| (named, text.at[0])));
            if !std::mem::replace(&mut is_taken[other], true) {
                begun.push((texts[other].at[0], text.at[0]));
            }
        }
    }
    (begun, names)
}

/// Those of some texts that another one begins with.
fn begun_by(
    sources: &[Source],
    origins: &dyn Origins,
    texts: &[TextOf<'_>],
    at: usize,
    mut shorter: Vec<usize>,
) -> Vec<usize> {
    let wanted = |other: &usize| beginning_of(&texts[*other].id);
    if shorter.is_empty() {
        return shorter;
    }
    let lengths = shorter.iter().flat_map(|other| wanted(other).lengths()).collect();
    let found = beginnings(sources[texts[at].at[0]].site(origins), lengths).unwrap_or_default();
    shorter.retain(|other| wanted(other).is_among(&found));
    shorter
}

/// Of each of very many texts the longest other one that it begins with.
fn links(sources: &[Source], origins: &dyn Origins, texts: &[TextOf<'_>]) -> Vec<Option<usize>> {
    let length = |text: &TextOf<'_>| text.id.len - u64::from(text.id.open.is_some());
    let site = |at: usize| sources[texts[at].at[0]].site(origins);
    let compared = |one, other| order(site(one), site(other)).ok();
    let lengths: Vec<u64> = texts.iter().map(length).collect();
    // What cannot be read any more begins with nothing.
    longest_beginnings(&lengths, |one, other| compared(one, other).unwrap_or((one.cmp(&other), 0)))
}

/// The source of a text whose name tells most, if any tells something.
fn best_named(sources: &[Source], text: &TextOf<'_>) -> Option<usize> {
    text.at.iter().copied().max_by_key(|at| rank(sources, *at)).filter(|at| rank(sources, *at) > 0)
}

/// How much the name of a source is preferred for what it tells.
fn rank(sources: &[Source], at: usize) -> u32 {
    sources[at].named.as_ref().map_or(0, NamedHours::rank)
}

fn beginning_of(id: &TextId) -> resume::Beginning {
    resume::Beginning { len: id.len, whole: id.whole, open: id.open, is_damaged: false, outside: None }
}

/// The name that tells the domain of lines with only a path says more than others: it comes first. Of several that
/// tell one, the shortest domain comes first, so that `backup_www.example.com` takes nothing from `www.example.com`.
fn in_order_of_choice(sources: &[Source], mut group: Vec<usize>) -> Vec<usize> {
    group.sort_unstable_by_key(|at| (Reverse(rank(sources, *at)), *at));
    group
}

/// Takes duplicates out of the sources, and of what came of them, if they were read; gives these sources, and adds to
/// `duplicates`, which stay in the order of names.
pub(super) fn remove_copies(
    sources: &mut Vec<Source>,
    same: &Same,
    duplicates: &mut Vec<Duplicate>,
) -> Vec<Source> {
    let duplicate = |(at, first): (&usize, &usize)| Duplicate {
        name: sources[*at].name.clone(),
        same_as: sources[*first].name.clone(),
    };
    let found: Vec<Duplicate> = same.iter().map(duplicate).collect();
    let firsts: HashMap<&str, &str> =
        found.iter().map(|found| (found.name.as_str(), found.same_as.as_str())).collect();
    for duplicate in duplicates.iter_mut() {
        if let Some(first) = firsts.get(duplicate.same_as.as_str()) {
            duplicate.same_as = (*first).to_owned();
        }
    }
    duplicates.extend(found);
    duplicates.sort_by(|a, b| a.name.cmp(&b.name));
    remove_at(sources, same)
}

/// Takes what belongs to duplicates out of a list that has something for every source.
pub(super) fn remove_at<T>(list: &mut Vec<T>, same: &Same) -> Vec<T> {
    let mut at = 0..;
    list.extract_if(.., |_| at.next().is_some_and(|at| same.contains_key(&at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{ORIGINS, discover};
    use std::fs;

    #[test]
    fn large_duplicates_are_equal_to_the_last_byte() {
        let dir = tempfile::tempdir().unwrap();
        let head = "x".repeat(usize::try_from(SMALL).unwrap());
        for (name, tail) in [("a", "1"), ("b", "2"), ("c", "1"), ("d", "2"), ("e", "3"), ("f", ""), ("g", "")]
        {
            fs::write(dir.path().join(name), format!("{head}{tail}")).unwrap();
        }
        let mut sources = discover(&[dir.path().to_owned()]).unwrap();
        for source in &mut sources {
            source.look(ORIGINS);
        }
        let same = before_reading(&sources, ORIGINS);
        // What is not larger than the limit is not looked at.
        assert_eq!(same, Same::from([(2, 0), (3, 1)]));

        let mut duplicates = Vec::new();
        let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let out = remove_copies(&mut sources, &same, &mut duplicates);
        let names = |sources: &[Source]| sources.iter().map(|source| short(&source.name)).collect::<String>();
        assert_eq!((names(&sources), names(&out)), ("abefg".into(), "cd".into()));
        // What stayed at first is a duplicate itself: the one before follows it.
        remove_copies(&mut sources, &Same::from([(0, 1)]), &mut duplicates);
        let pairs: Vec<_> = duplicates.iter().map(|d| short(&d.name) + &short(&d.same_as)).collect();
        assert_eq!(pairs, ["ab", "cb", "db"]);
    }
}
