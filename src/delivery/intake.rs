//! Sources into the store: what is new is read, what is known is skipped, what grew or was replaced is counted
//! anew. A text counts once, whatever names it has.

mod beginnings;
mod borrowed;
mod crowd;
mod names;
mod settle;

use super::place::{is_as_it_was, nowhere, origin_of, place_of, real_folder, spots};
pub use super::taking::{Fate, Taking};
use crate::digest::{Lengths, TextId};
use crate::domain::{DomainSet, Selection};
use crate::error::Result;
use crate::events::of_log;
use crate::ingest::{self, Job, Rejects, Taken, ingest_each, resume};
use crate::log::{Choice, Format};
use crate::region::Region;
use crate::report::samples::masked;
use crate::report::{NamedHours, RejectLimit, Sample, Scope};
use crate::source::{Origin, Origins, Reading, Resume, Site, Source, Stat};
use crate::store::{Arrival, Known, Place, Seen, SourceId, Way, Writer};
use crate::threads::{joined, start};
use crate::time::TimeRange;
use crate::usage::Row;

use crowd::Crowds;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

/// How sources are taken in.
pub struct Intake<'a> {
    /// Who looks at logs and opens them.
    pub origins: &'a dyn Origins,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Go on when a source cannot be read to its end.
    pub keep_going: bool,
    /// How many lines may be rejected; here it is asked how many of a single source may.
    pub max_rejects: RejectLimit,
    /// Whether files without a line deliver their hours; without a word, what the store has heard before holds.
    pub empty_is_delivered: Option<bool>,
    /// Keep every rejected line, in scratch files in this folder.
    pub keep_rejects: Option<&'a Path>,
    /// Keep only those of sources that concern an export of a part of the account.
    pub rejects_of: Option<Scope<'a>>,
    /// Read also what is known and was not changed by size and time.
    pub verify: bool,
    /// Now, in unix seconds.
    pub now: i64,
    /// Told how far the reading is.
    pub progress: &'a ingest::Progress,
}

impl<'a> Intake<'a> {
    fn job<'j>(&self, selection: &'j Selection) -> Job<'j>
    where
        'a: 'j,
    {
        Job {
            origins: self.origins,
            range: TimeRange::all(),
            selection,
            folds: None,
            own_hosts: None,
            threads: self.threads,
            keep_going: self.keep_going,
            max_rejects: self.max_rejects,
            empty_is_delivered: false,
            keep_rejects: self.keep_rejects,
            progress: self.progress,
        }
    }
}

impl Intake<'_> {
    /// Whether the rejected lines of a source are kept where any are.
    fn keeps_rejects(&self, taken: &Taken) -> bool {
        let Some(Scope { selection, range }) = self.rejects_of else { return true };
        let is_in_range = |window| range.start() <= window && window < range.end();
        let counts = |row: Row<'_>| is_in_range(row.window) && selection.contains(row.domain.as_str());
        selection.wanted.is_all()
            || taken.report.hours.as_ref().is_some_and(|hours| Scope { selection, range }.is_named(hours))
            || taken.table.rows().any(counts)
    }
}

/// Sources read at a time: bounds the memory that their tables take.
const BATCH: usize = 4096;

/// How often sources are read once more at most: more often than files need that stay as they are.
const ROUNDS: usize = 8;

const UNSTEADY: &str = "changed each time it was read, it or files with the same lines; take it in once more when \
                        nobody writes to them";
const READ_ONCE: &str =
    "must be read once more, and cannot: it has become a pipe; take it in once more as a file";

/// Takes sources into the store; nothing is durable before the writer commits. While sources are read, those before them
/// are written.
///
/// # Errors
/// When a source cannot be read to its end, unless the intake keeps going; when the store fails.
pub fn take_in(writer: &mut Writer, mut sources: Vec<Source>, intake: &Intake<'_>) -> Result<Taking> {
    if let Some(is_delivered) = intake.empty_is_delivered {
        writer.set_empty_is_delivered(is_delivered)?;
    }
    let known = if intake.verify { 0 } else { take_out_known(writer, &mut sources, intake.origins)? };
    // A text that stands there twice is read as the name that tells its domain says.
    sources.sort_by_key(|source| source.named.is_none());
    let everything = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
    let job = intake.job(&everything);
    let mut work = Work::new(writer, intake);
    work.taking.fates[Fate::Known as usize] += known;
    work.taking.empty_is_delivered = work.writer.empty_is_delivered()?;
    // How much the batches to come hold is not known before each is looked at.
    intake.progress.has_more.store(sources.len() > BATCH, Relaxed);
    let mut sources = sources.into_iter().peekable();
    thread::scope(|scope| {
        let mut before = None;
        while sources.peek().is_some() {
            let (to_read, candidates) = work.look_at(sources.by_ref().take(BATCH).collect(), true)?;
            let job = &job;
            let reading = (!to_read.is_empty()).then(|| start(scope, move || ingest_each(to_read, job)));
            let reading = reading.transpose()?;
            if let Some((reading, candidates)) = std::mem::replace(&mut before, reading.zip(Some(candidates)))
            {
                work.written(joined(reading)?, candidates, job)?;
            }
        }
        before.map_or(Ok(()), |(reading, candidates)| work.written(joined(reading)?, candidates, &job))
    })?;
    work.taking.not_kept = work.writer.not_kept();
    Ok(work.taking)
}

/// Takes out the sources that are as they were, which are most of them in most runs: all together, side by side with what is
/// known, and without a copy of anything. Gives how many they were.
fn take_out_known(writer: &mut Writer, sources: &mut Vec<Source>, origins: &dyn Origins) -> Result<u64> {
    if !writer.has_places()? {
        return Ok(0);
    }
    writer.begin_lookups()?;
    let mut are_known = Vec::with_capacity(sources.len());
    let mut batches = sources.chunks(BATCH);
    let spots = |batch| spots(batch, origins);
    let mut seen = batches.next().map(spots);
    while let Some(batch) = seen {
        // While some are looked up, the next ones are looked at.
        let (next, known) = rayon::join(|| batches.next().map(spots), || writer.unchanged(&batch));
        are_known.extend(known?);
        seen = next;
    }
    writer.end_lookups()?;
    let before = sources.len();
    let mut are_known = are_known.into_iter();
    sources.retain(|_| !are_known.next().unwrap_or(false));
    Ok((before - sources.len()) as u64)
}

/// What came out of sources that were read together.
type Read = (Vec<Taken>, Option<Rejects>);

struct Work<'a> {
    writer: &'a mut Writer,
    intake: &'a Intake<'a>,
    taking: Taking,
    /// Folders by the names that they go by.
    folders: HashMap<PathBuf, PathBuf>,
    /// Texts that one that can be read only once may begin with, when there is any.
    lengths: Option<Arc<Lengths>>,
    /// Sources that are as they were, but were named in another way.
    renamed: Vec<(SourceId, Place)>,
    /// Files to be read once more: the store has nothing of them any more, for what held their text was replaced, or
    /// the name of a copy tells more than was known.
    uncovered: Vec<Source>,
    /// Very many texts that begin alike.
    crowds: Crowds,
    /// Sources whose places were looked at, all of them, to see which are gone.
    looked_over: HashSet<SourceId>,
    /// What happened to a source that was read and is being settled.
    changed: Option<&'static str>,
    /// Whether any source was read as the name of a beginning tells, and by no name of its own, once that was asked.
    has_told: Option<bool>,
}

/// A source to be read.
struct Candidate {
    place: Place,
    /// The source whose text goes on in it, where only that is read.
    begun: Option<Known>,
}

/// What came of a source that was read.
enum Settled {
    /// Its lines count.
    Counts(Fate),
    /// Its lines do not count, or did already.
    Skipped(Fate),
    /// All that could be read of it is the beginning of a longer text, whose lines count: nothing is missing.
    Within(Fate),
    /// What it was to go on from is not what it was, or all of it is known: it must be read in whole.
    Again,
    /// It must be read as the name of a copy tells.
    As(NamedHours),
}

impl<'a> Work<'a> {
    fn new(writer: &'a mut Writer, intake: &'a Intake<'a>) -> Self {
        Self {
            writer,
            intake,
            taking: Taking::default(),
            folders: HashMap::new(),
            lengths: None,
            renamed: Vec::new(),
            uncovered: Vec::new(),
            crowds: Crowds::new(),
            looked_over: HashSet::new(),
            changed: None,
            has_told: None,
        }
    }
}

impl<'a> Work<'a> {
    /// Counts sources that were read; those that must be read in whole are read again.
    fn written(&mut self, read: Read, candidates: Vec<Candidate>, job: &Job<'_>) -> Result<()> {
        let again = self.settle_all(read, candidates)?;
        self.read_again(again, job, ROUNDS)
    }

    /// Reads sources once more, and those that are uncovered by that. With files that stay as they are it ends by itself, for
    /// each time fewer are left. Where others write to them meanwhile nobody can promise that, so that it ends after so
    /// many rounds, and what is left then is named.
    fn read_again(&mut self, mut again: Vec<Source>, job: &Job<'_>, rounds: usize) -> Result<()> {
        for _ in 0..rounds {
            let (to_read, candidates) = self.look_at(again, false)?;
            if to_read.is_empty() {
                return Ok(());
            }
            again = self.settle_all(ingest_each(to_read, job)?, candidates)?;
        }
        for source in again {
            self.leave(source, UNSTEADY);
        }
        Ok(())
    }

    /// Names a source of which it was not found out whether its lines count.
    fn leave(&mut self, source: Source, why: &str) {
        self.taking.fates[Fate::Faulty as usize] += 1;
        self.taking.faults.push((source.name, why.into()));
    }

    /// Tells which sources are to be read, perhaps from where they were read to. Those that are not looked at for the
    /// first time are all read, as a whole: that is why they are here again.
    fn look_at(&mut self, mut sources: Vec<Source>, is_first: bool) -> Result<(Vec<Source>, Vec<Candidate>)> {
        let (mut to_read, mut candidates) = (Vec::new(), Vec::new());
        self.writer.begin_lookups()?;
        let looked = self.look_up(&mut sources)?;
        for (mut source, (place, seen)) in sources.into_iter().zip(looked) {
            if let Some(candidate) = self.look(&mut source, place, seen, is_first)? {
                to_read.push(source);
                candidates.push(candidate);
            }
        }
        self.writer.end_lookups()?;
        for (id, place) in std::mem::take(&mut self.renamed) {
            self.writer.set_place(id, &place)?;
        }
        Ok((to_read, candidates))
    }

    /// Looks sources up, all together: where each stands, and what was found there before.
    fn look_up(&mut self, sources: &mut [Source]) -> Result<Vec<(Place, Option<Seen>)>> {
        let origins = self.intake.origins;
        sources.par_iter_mut().for_each(|source| source.look_anew(origins));
        for source in sources.iter_mut().filter(|source| source.is_stream()) {
            source.known_lengths = Some(self.lengths()?);
        }
        let place = |source: &Source| match source.path().filter(|_| !source.is_stream()) {
            Some(path) => place_of(source, self.real_folder(path)),
            None => nowhere(source),
        };
        let places: Vec<Place> = sources.iter().map(place).collect();
        let paths: Vec<&[u8]> = places.iter().map(|place| &place.path[..]).collect();
        let seen = self.writer.at_paths(&paths)?;
        Ok(places.into_iter().zip(seen).collect())
    }

    /// Lengths of the texts that are known so far, asked for when the first pipe is met.
    fn lengths(&mut self) -> Result<Arc<Lengths>> {
        let lengths = match self.lengths.take() {
            Some(lengths) => lengths,
            None => Arc::new(self.writer.lengths()?),
        };
        Ok(self.lengths.insert(lengths).clone())
    }

    /// Settles sources that were read; gives those that must be read in whole.
    fn settle_all(&mut self, (taken, rejects): Read, candidates: Vec<Candidate>) -> Result<Vec<Source>> {
        let (mut skipped, mut again) = (HashSet::new(), Vec::new());
        for (taken, candidate) in taken.into_iter().zip(candidates) {
            let settled = self.settle(&taken, candidate)?;
            self.join_crowds(&taken.text)?;
            if let Settled::Counts(fate) | Settled::Skipped(fate) | Settled::Within(fate) = settled {
                of_log!("{}: {}", taken.source.name, fate.name());
                self.taking.fates[fate as usize] += 1;
            }
            if let Settled::Counts(_) = settled {
                if !self.intake.keeps_rejects(&taken) {
                    skipped.insert(taken.source.name.clone());
                }
                self.count(taken);
                continue;
            }
            skipped.insert(taken.source.name.clone());
            match settled {
                Settled::Again | Settled::As(_) if self.is_read_once(&taken.source) => {
                    self.leave(taken.source, READ_ONCE);
                }
                Settled::Again => again.push(Source { resume: None, ..taken.source }),
                Settled::As(hours) => again.push(Source { resume: None, named: Some(hours), ..taken.source }),
                Settled::Counts(_) | Settled::Skipped(_) | Settled::Within(_) => {}
            }
        }
        again.append(&mut self.uncovered);
        if let Some(mut rejects) = rejects {
            rejects.leave_out(|name| skipped.contains(name));
            self.taking.rejects.push(rejects);
        }
        Ok(again)
    }

    fn count(&mut self, mut taken: Taken) {
        self.taking.counts.merge(&taken.report.counts);
        self.taking.note_rejected(&taken.source.name, taken.report.counts.rejected_total());
        if taken.report.is_distrusted() {
            self.taking.distrusted.merge(&taken.report.counts);
        }
        if taken.report.is_empty() && taken.source.resume.is_none() {
            self.taking.empty.push(taken.source.name.clone());
        }
        if taken.report.padding > 0 {
            self.taking.padded.push((taken.source.name.clone(), taken.report.padding));
        }
        if self.taking.first_reject.is_none() && !taken.samples.is_empty() {
            let sample = taken.samples.swap_remove(0);
            let line = taken.source.lines_before() + sample.line;
            // It goes into messages, and these into logs.
            let text = masked(&sample.text);
            self.taking.first_reject = Some((taken.source.name, Sample { line, text, ..sample }));
        }
    }

    /// Looks at a source without reading it; gives nothing where there is nothing to read, as there may be for the
    /// first time.
    fn look(
        &mut self,
        source: &mut Source,
        place: Place,
        seen: Option<Seen>,
        is_first: bool,
    ) -> Result<Option<Candidate>> {
        let Some(seen) = seen.filter(|_| source.path().is_some()) else {
            return Ok(Some(Candidate { place, begun: None }));
        };
        let reading = &mut source.reading;
        let is_otherwise = is_read_otherwise(reading, &seen.way);
        // What was named for a place holds until something else is.
        if reading.region == Region::Unspecified {
            reading.region = seen.way.region;
        }
        reading.domain = reading.domain.take().or_else(|| seen.way.domain.clone());
        if is_otherwise || self.intake.verify || source.fault.is_some() {
            return Ok(Some(Candidate { place, begun: None }));
        }
        // What could not be read to its end is tried again.
        if is_first && seen.fault.is_none() && is_as_it_was(&seen.place, &place) {
            self.skip(&seen, place);
            return Ok(None);
        }
        let known = self.writer.known(seen.id)?;
        // A copy may tell more than its name does.
        let is_better = rank(known.hours.as_ref()) > rank(source.named.as_ref());
        if is_better {
            source.named.clone_from(&known.hours);
        }
        // All of a source is read as one name tells; and what was too short to tell may be the beginning of another one.
        let may_go_on =
            is_first && !seen.place.is_beginning && source.named == known.hours && known.head.is_some();
        let site = source.site(self.intake.origins);
        source.resume =
            if may_go_on { behind(site, &known, &seen.place, &place).map(Box::new) } else { None };
        let begun = source.resume.is_some().then_some(known);
        Ok(Some(Candidate { place, begun }))
    }

    /// Whether a source can be read only once, as standard input and pipes can.
    fn is_read_once(&self, source: &Source) -> bool {
        self.intake.origins.stat(&source.origin).is_ok_and(|stat| stat == Stat::Stream)
    }

    /// Where to read the file of a place.
    fn site<'o>(&self, origin: &'o Origin) -> Site<'o>
    where
        'a: 'o,
    {
        Site { origins: self.intake.origins, origin }
    }

    /// A file to be read once more, as it was read before.
    fn again_at(&self, place: &Place, known: &Known) -> Source {
        let Way { format, region, domain } = known.way.clone();
        let format = Format::of_name(&format).map_or(Choice::Detect, Choice::Fixed);
        let mut source =
            Source::new(place.name.clone(), origin_of(place), Reading { format, region, domain });
        source.look_anew(self.intake.origins);
        source
    }

    /// The folder of a path by the name that it goes by everywhere.
    fn real_folder(&mut self, path: &Path) -> &Path {
        let parent = crate::output::folder(path);
        if !self.folders.contains_key(parent) {
            self.folders.insert(parent.to_owned(), real_folder(parent));
        }
        &self.folders[parent]
    }

    /// Passes over a source that is as it was.
    fn skip(&mut self, seen: &Seen, place: Place) {
        of_log!("{}: known, and as it was", place.name);
        self.taking.fates[Fate::Known as usize] += 1;
        if seen.place.name != place.name || seen.place.sort != place.sort {
            self.renamed.push((seen.id, Place { is_beginning: seen.place.is_beginning, ..place }));
        }
    }

    fn arrival<'t>(&self, taken: &'t Taken, place: &'t Place) -> Arrival<'t> {
        Arrival {
            place,
            text: &taken.text,
            report: &taken.report,
            samples: &taken.samples,
            table: &taken.table,
            format: taken.format.name(),
            region: taken.source.reading.region,
            domain: taken.source.reading.domain.as_ref(),
            now: self.intake.now,
        }
    }
}

/// Where a plain file that grew goes on.
fn behind(site: Site<'_>, known: &Known, before: &Place, place: &Place) -> Option<Resume> {
    let format = Format::of_name(&known.way.format)?;
    let is_plain = before.size == Some(known.text_bytes);
    let has_grown = place.size > Some(known.text_bytes);
    let whole = known.whole.filter(|_| is_plain && has_grown && known.fault.is_none())?;
    let text = TextId {
        len: known.text_bytes,
        whole,
        text: known.outside.as_ref().map_or(whole, |(text, _)| *text),
        outside: known.outside.as_ref().map(|(_, domain)| domain.clone()),
        chain: known.chain,
        heads: Vec::from_iter(known.head),
        open: known.open,
        raw: None,
        beginnings: Vec::new(),
    };
    // What cannot be read here is found out when all of it is read.
    let resume = resume::resume(site, &text).ok().flatten()?;
    Some(Resume { judged: (known.lines, known.rejected), format, ..resume })
}

/// How much the name that tells these hours is preferred.
fn rank(hours: Option<&NamedHours>) -> u32 {
    hours.map_or(0, NamedHours::rank)
}

/// Whether a source is to be read in another way than it was: for a format, a region or a domain that was named.
fn is_read_otherwise(reading: &Reading, way: &Way) -> bool {
    let Reading { format, region, domain } = reading;
    format.named().is_some_and(|format| format.name() != way.format)
        || (*region != Region::Unspecified && *region != way.region)
        || domain.as_ref().is_some_and(|domain| way.domain.as_ref() != Some(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Domain, DomainSet};
    use crate::source::{ORIGINS, discover};
    use std::fs;

    const LINE: &[u8] =
        b"[1/Mar/2026:10:00:00 +0000] 1.2.3.4 - 5 \"-\" \"GET http://a.com/x\" 200 3 9 HIT \"M\" \"t\"\n";

    /// What comes of a source that is to be read once more, in so many rounds.
    fn read_again(name: &str, make: impl FnOnce(&Path), rounds: usize) -> Taking {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        make(&path);
        let progress = ingest::Progress::default();
        let intake = Intake {
            origins: ORIGINS,
            threads: 1,
            keep_going: true,
            max_rejects: RejectLimit::DEFAULT,
            empty_is_delivered: None,
            keep_rejects: None,
            rejects_of: None,
            verify: false,
            now: 0,
            progress: &progress,
        };
        let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
        let mut writer = Writer::scratch(&folder.path().join("s.db")).unwrap();
        let mut work = Work::new(&mut writer, &intake);
        work.read_again(discover(&[path]).unwrap(), &intake.job(&all), rounds).unwrap();
        work.taking
    }

    #[test]
    fn what_is_named_and_other_than_before_is_read_anew() {
        let region = |region| Reading { region, ..Reading::default() };
        let domain = |name: &[u8]| Reading { domain: Domain::new(name), ..Reading::default() };
        let format = |format| Reading { format, ..Reading::default() };
        let way =
            |format: &str| Way { format: format.into(), region: Region::Cn, domain: Domain::new(b"a.com") };
        let alibaba = way("alibaba");
        for (reading, way, expected) in [
            (Reading::default(), &alibaba, false),
            (region(Region::Cn), &alibaba, false),
            (region(Region::Eu), &alibaba, true),
            (domain(b"a.com"), &alibaba, false),
            (domain(b"b.com"), &alibaba, true),
            (format(Choice::Fixed(Format::Alibaba)), &alibaba, false),
            (format(Choice::Fixed(Format::Alibaba)), &way("another"), true),
            (format(Choice::Detect), &way("another"), false),
        ] {
            assert_eq!(is_read_otherwise(&reading, way), expected, "{reading:?} {way:?}");
        }
    }

    #[test]
    fn what_is_left_over_is_named() {
        let write = |path: &Path| fs::write(path, LINE).unwrap();
        let taking = read_again("a.log", write, 0);
        assert_eq!(taking.had(Fate::Faulty), 1);
        let [(name, why)] = &taking.faults[..] else { panic!("{:?}", taking.faults) };
        assert!(name.ends_with("a.log") && why == UNSTEADY, "{name}: {why}");
        let taking = read_again("a.log", write, 1);
        assert_eq!((taking.had(Fate::Added), taking.faults.len()), (1, 0));
    }
}
