//! Brings sources into the store, in rounds: reading is planned, done, and settled; what must be read again is in the
//! next round.

use super::intake::Intake;
use super::plan::{BATCH, take_out_known};
use super::read::{Read, read};
use super::taking::{Fate, Taking};
use super::work::{ReadCandidate, Settled, Work};
use crate::domain::{DomainSet, Selection};
use crate::error::{Error, Result};
use crate::events::of_log;
use crate::ingest::{Job, Taken};
use crate::names::is_domain;
use crate::report::Sample;
use crate::report::samples::masked;
use crate::source::Source;
use crate::store::Writer;
use crate::threads::{joined, start};
use std::collections::HashSet;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

/// How often sources are read once more at most: more often than files need that stay as they are.
const ROUNDS: usize = 8;

const UNSTEADY: &str = "changed each time it was read (it, or files with the same lines); ingest it again when \
                        nothing writes to it";
const READ_ONCE: &str = "must be read again, but is now a pipe; ingest it as a file";

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
    sources.sort_by_key(|source| !source.named.as_ref().is_some_and(|hours| is_domain(&hours.domain)));
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
            let reading = (!to_read.is_empty()).then(|| start(scope, move || read(to_read, job)));
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

impl Work<'_> {
    /// Counts sources that were read; those that must be read in whole are read again.
    fn written(&mut self, read: Read, candidates: Vec<ReadCandidate>, job: &Job<'_>) -> Result<()> {
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
            again = self.settle_all(read(to_read, job)?, candidates)?;
        }
        for source in again {
            self.leave(source, UNSTEADY);
        }
        Ok(())
    }

    /// Settles sources that were read; gives those that must be read in whole.
    fn settle_all(&mut self, (taken, rejects): Read, candidates: Vec<ReadCandidate>) -> Result<Vec<Source>> {
        if taken.len() != candidates.len() {
            return Err(Error::defect("sources were planned and not read"));
        }
        // By their places: several may have one name, as it was given in several folders.
        let (mut skipped, mut again) = (HashSet::new(), Vec::new());
        for (at, (taken, candidate)) in taken.into_iter().zip(candidates).enumerate() {
            let settled = self.settle(&taken, candidate)?;
            self.join_crowds(&taken.text)?;
            if let Settled::Counts(fate) | Settled::Skipped(fate) | Settled::Within(fate) = settled {
                of_log!("{}: {}", taken.source.name, fate.name());
                self.taking.fates[fate as usize] += 1;
            }
            if let Settled::Counts(_) = settled {
                if !self.intake.keeps_rejects(&taken) {
                    skipped.insert(at);
                }
                self.count(taken);
                continue;
            }
            skipped.insert(at);
            match settled {
                Settled::ReadWhole | Settled::ReadAs(_) if self.is_read_once(&taken.source) => {
                    self.leave(taken.source, READ_ONCE);
                }
                Settled::ReadWhole => {
                    let mut source = Source { resume: None, ..taken.source };
                    // What told of the text that it went on from says nothing of another one.
                    source.name_by_itself();
                    again.push(source);
                }
                Settled::ReadAs(hours) => {
                    again.push(Source { resume: None, named: Some(hours), ..taken.source });
                }
                Settled::Counts(_) | Settled::Skipped(_) | Settled::Within(_) => {}
            }
        }
        again.append(&mut self.uncovered);
        if let Some(mut rejects) = rejects {
            rejects.leave_out(|at, _| skipped.contains(&at));
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
            self.taking.first_reject =
                Some((taken.source.name, Sample { line, text, ..sample }, taken.format));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::{self, Rejects};
    use crate::log::Formats;
    use crate::output::Output;
    use crate::report::RejectLimit;
    use crate::source::{ORIGINS, discover};
    use std::fs;
    use std::path::Path;

    const LINE: &[u8] =
        b"[1/Mar/2026:10:00:00 +0000] 1.2.3.4 - 5 \"-\" \"GET http://a.com/x\" 200 3 9 HIT \"M\" \"t\"\n";

    fn intake<'a>(progress: &'a ingest::Progress, keep_rejects: Option<&'a Path>) -> Intake<'a> {
        Intake {
            origins: ORIGINS,
            formats: Formats::default(),
            threads: 1,
            keep_going: true,
            max_rejects: RejectLimit::DEFAULT,
            empty_is_delivered: None,
            keep_rejects,
            rejects_of: None,
            verify: false,
            now: 0,
            progress,
        }
    }

    /// What comes of a source that is to be read once more, in so many rounds.
    fn read_again(name: &str, make: impl FnOnce(&Path), rounds: usize) -> Taking {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        make(&path);
        let progress = ingest::Progress::default();
        let intake = intake(&progress, None);
        let all = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
        let mut writer = Writer::scratch(&folder.path().join("s.db")).unwrap();
        let mut work = Work::new(&mut writer, &intake);
        work.read_again(discover(&[path]).unwrap(), &intake.job(&all), rounds).unwrap();
        work.taking
    }

    #[test]
    fn what_is_left_over_is_named() {
        let write = |path: &Path| fs::write(path, LINE).unwrap();
        let taking = read_again("a.log", write, 0);
        assert_eq!(taking.had(Fate::Faulty), 1);
        let [(name, why)] = &taking.faults[..] else { panic!("{:?}", taking.faults) };
        assert!(name.ends_with("a.log") && **why == *UNSTEADY, "{name}: {why}");
        let taking = read_again("a.log", write, 1);
        assert_eq!((taking.had(Fate::Added), taking.faults.len()), (1, 0));
    }
    #[test]
    fn rejected_lines_are_told_apart_where_two_logs_have_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut sources: Vec<Source> = Vec::new();
        for place in ["a.log", "b.log"] {
            let path = folder.path().join(place);
            fs::write(&path, [LINE, b"no line\n"].concat()).unwrap();
            sources.append(&mut discover(&[path]).unwrap());
        }
        // As the store remembers a log that was named in another folder.
        for source in &mut sources {
            source.name = "a.log".into();
        }
        let progress = ingest::Progress::default();
        let intake = intake(&progress, Some(folder.path()));
        let mut writer = Writer::scratch(&folder.path().join("s.db")).unwrap();
        let mut taking = take_in(&mut writer, sources, &intake).unwrap();
        assert_eq!((taking.had(Fate::Added), taking.had(Fate::Duplicate)), (1, 1));
        let path = folder.path().join("rejects.csv");
        let mut file = Output::create(&path, false).unwrap();
        Rejects::write_csv(std::mem::take(&mut taking.rejects), &mut file, &path, None).unwrap();
        file.commit().unwrap();
        let lines = fs::read_to_string(path).unwrap();
        assert_eq!(lines.lines().count(), 2, "{lines}");
    }
}
