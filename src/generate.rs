//! Logs to try flowbook with: files as an edge network leaves them, and their true totals beside them.
//!
//! The totals are counted while the lines are made up. The parser and the usage counters are not used here, so their
//! results can be compared with [`EXPECTED`].

mod random;
mod words;
mod plan;
mod request;
mod line;
mod tally;
mod compose;
mod spoil;

use crate::codec::{Codec, Encoder};
use crate::error::{Error, Result};
use crate::output::Output;
use crate::threads;
use compose::{Composer, Said};
use plan::TrialPlan;
use rayon::prelude::*;
use request::Popularity;
use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError, Write};
use std::ops::AddAssign;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tally::{Ledger, Slots};

/// The file with the true totals: it appears when every log is complete.
pub const EXPECTED: &str = "expected.csv";

/// Files made between two visits to the ledger: enough that threads rarely wait for each other there, and
/// few megabytes of totals. Tests are to pass the border.
const BATCH: usize = if cfg!(test) { 100 } else { 4096 };
/// Text collected before it is compressed or written.
const BUFFER: usize = 128 << 10;

/// What to generate. The same recipe gives the same bytes, whatever the number of threads.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Number of domains, the first ones of which are the most popular.
    pub domains: usize,
    /// Number of hours, each a file per domain.
    pub hours: usize,
    /// Mean number of lines in a file.
    pub lines_per_file: usize,
    /// Another seed gives other lines.
    pub seed: u64,
    /// Start of the first hour in unix seconds, UTC; rounded down to the hour.
    pub start: i64,
    /// How files are compressed.
    pub codec: Codec,
    /// Share of lines that are blank or certain to be rejected, 0 to 1.
    pub dirty: f64,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
}

/// What was generated, counted meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Log files; [`EXPECTED`] is not among them.
    pub files: usize,
    /// Size of the log files on disk.
    pub bytes: u64,
    /// Lines of every kind.
    pub lines: u64,
    /// Lines that count.
    pub accepted: u64,
    /// Lines without meaning.
    pub rejected: u64,
    /// Empty lines.
    pub blank: u64,
    /// Response bytes of the lines that count.
    pub traffic: u128,
}

impl AddAssign for Made {
    fn add_assign(&mut self, more: Self) {
        self.files += more.files;
        self.bytes += more.bytes;
        self.lines += more.lines;
        self.accepted += more.accepted;
        self.rejected += more.rejected;
        self.blank += more.blank;
        self.traffic += more.traffic;
    }
}

/// Fills the empty or missing folder `dir` with a file per domain and hour, and with [`EXPECTED`]. While the
/// latter is missing, the logs are not complete. `progress` counts files done.
///
/// # Errors
/// When the recipe cannot be followed, `dir` is not empty, or the disk fails.
pub fn generate(dir: &Path, recipe: &Recipe, progress: &AtomicU64) -> Result<Made> {
    let plan = TrialPlan::new(recipe)?;
    claim(dir)?;
    let pool = threads::pool(recipe.threads)?;
    let factory = Factory { dir, recipe, plan: &plan, popularity: &Popularity::new(), progress };

    let expected = dir.join(EXPECTED);
    let failed = |e| Error::io("cannot write")(e).at(&expected);
    let mut output = Output::create(&expected, false)?;
    let mut ledger = Ledger::new(BufWriter::new(output.file())).map_err(failed)?;
    let mut total = Made::default();
    let files = plan.files();
    for start in (0..files).step_by(BATCH) {
        let batch = start..files.min(start + BATCH);
        let made = pool.install(|| {
            let files = batch.clone().into_par_iter().with_max_len(1).map(|at| factory.file(at));
            files.collect::<Result<Vec<_>>>()
        })?;
        for (at, (made, slots)) in batch.zip(made) {
            let (domain, hour) = plan.file(at);
            ledger.add(plan.name(domain), plan.start(hour), &slots).map_err(failed)?;
            total += made;
        }
    }
    ledger.finish().map_err(failed)?;
    output.commit()?;
    Ok(total)
}

/// Makes sure that `dir` is an empty folder: what lies in it already would be read together with the logs.
fn claim(dir: &Path) -> Result<()> {
    let failed = |e| Error::io("cannot use this folder")(e).at(dir);
    fs::create_dir_all(dir).map_err(failed)?;
    match fs::read_dir(dir).map_err(failed)?.next() {
        None => Ok(()),
        Some(_) => Err(Error::usage("is not empty; choose an empty folder for generated logs").at(dir)),
    }
}

/// What every thread needs to make files.
struct Factory<'a> {
    dir: &'a Path,
    recipe: &'a Recipe,
    plan: &'a TrialPlan,
    popularity: &'a Popularity,
    progress: &'a AtomicU64,
}

impl Factory<'_> {
    /// Makes the file at this position of the plan.
    fn file(&self, at: usize) -> Result<(Made, Slots)> {
        let (domain, hour) = self.plan.file(at);
        let path = self.dir.join(self.plan.file_name(domain, hour, self.recipe.codec));
        let file = File::create_new(&path).map_err(Error::io("cannot create a file here"));
        let made = file.and_then(|file| {
            let composer = Composer::new(self.recipe, self.plan, self.popularity, domain, hour);
            let lines = self.plan.lines(domain, hour);
            self.fill(file, composer, lines).map_err(Error::io("cannot write"))
        });
        let made = made.map_err(|e| e.at(&path))?;
        self.progress.fetch_add(1, Ordering::Relaxed);
        Ok(made)
    }

    /// Writes so many lines, spread over the hour in nearly the order of time.
    fn fill(&self, file: File, mut composer: Composer<'_>, lines: u64) -> io::Result<(Made, Slots)> {
        let mut out = BufWriter::with_capacity(BUFFER, Encoder::new(self.recipe.codec, file)?);
        let (mut made, mut slots) = (Made { files: 1, lines, ..Made::default() }, Slots::default());
        for at in 0..lines {
            match composer.compose(at, lines) {
                Said::Counts(fact) => {
                    made.accepted += 1;
                    made.traffic += u128::from(fact.bytes);
                    slots.count(&fact);
                }
                Said::Nothing => made.rejected += 1,
                Said::Blank => made.blank += 1,
            }
            out.write_all(composer.line())?;
        }
        let file = out.into_inner().map_err(IntoInnerError::into_error).and_then(Encoder::finish)?;
        made.bytes = file.metadata()?.len();
        Ok((made, slots))
    }
}

#[cfg(test)]
mod tests {
    use super::plan::tests::recipe;
    use super::*;
    use crate::codec::Decoder;
    use crate::domain::{DomainSet, Selection};
    use crate::ingest::{Ingested, Job, Progress, ingest};
    use crate::source;
    use crate::time::{TimeRange, iso};
    use std::collections::BTreeMap;
    use std::io::Read;
    use tempfile::TempDir;

    fn made(recipe: &Recipe) -> (TempDir, Made) {
        let (dir, progress) = (tempfile::tempdir().unwrap(), AtomicU64::new(0));
        let made = generate(dir.path(), recipe, &progress).unwrap();
        assert_eq!(progress.into_inner(), made.files as u64);
        (dir, made)
    }

    /// Every file by name, as it lies on disk.
    fn files(dir: &TempDir) -> BTreeMap<String, Vec<u8>> {
        let entries = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap());
        entries.map(|e| (e.file_name().into_string().unwrap(), fs::read(e.path()).unwrap())).collect()
    }

    /// The text of all logs.
    fn logs(dir: &TempDir) -> Vec<u8> {
        let mut text = Vec::new();
        for (_, bytes) in files(dir).into_iter().filter(|(name, _)| name != EXPECTED) {
            Decoder::new(&bytes[..]).unwrap().read_to_end(&mut text).unwrap();
        }
        text
    }

    type ExpectedRows = BTreeMap<(String, String), Vec<u128>>;

    fn expected(dir: &TempDir) -> ExpectedRows {
        let text = fs::read_to_string(dir.path().join(EXPECTED)).unwrap();
        let mut lines = text.lines();
        let header =
            "domain,window,bytes,requests,http,https,quic,other,hits,hit_bytes,client_errors,server_errors";
        assert_eq!(lines.next(), Some(header));
        let rows = lines.map(|line| {
            let mut values = line.split(',').map(String::from);
            let key = (values.next().unwrap(), values.next().unwrap());
            (key, values.map(|n| n.parse().unwrap()).collect::<Vec<u128>>())
        });
        let rows: Vec<_> = rows.collect();
        assert!(rows.is_sorted_by(|a, b| a.0 < b.0) && rows.iter().all(|r| r.1.len() == 10 && r.1[1] > 0));
        rows.into_iter().collect()
    }

    fn ingested(dir: &TempDir, recipe: &Recipe) -> Ingested {
        let hours = i64::try_from(recipe.hours).unwrap();
        let range = TimeRange::covering(recipe.start - 7200, recipe.start + (hours + 1) * 3600).unwrap();
        let job = Job {
            origins: source::ORIGINS,
            range,
            selection: &Selection { account: DomainSet::all(), wanted: DomainSet::all() },
            folds: None,
            own_hosts: None,
            threads: 2,
            keep_going: false,
            max_rejects: crate::report::RejectLimit::DEFAULT,
            empty_is_delivered: false,
            keep_rejects: None,
            progress: &Progress::default(),
        };
        ingest(source::discover(&[dir.path().to_owned()]).unwrap(), &job).unwrap()
    }

    #[test]
    fn threads_change_nothing_but_the_seed_does() {
        let recipe = recipe(5, 3, 40);
        let (one, of_one) = made(&Recipe { threads: 1, ..recipe });
        let (four, of_four) = made(&Recipe { threads: 4, ..recipe });
        assert!(files(&one) == files(&four));
        assert_eq!((of_one.files, files(&one).len()), (15, 16));
        assert_eq!(of_one, of_four);
        let (other, _) = made(&Recipe { seed: 8, ..recipe });
        assert!(logs(&one) != logs(&other));
        // FNV-1a of all text. Change it only on purpose: measurements with logs from before and after cannot
        // be compared.
        let sum = logs(&one).iter().fold(0xcbf2_9ce4_8422_2325, |sum: u64, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        assert_eq!(sum, 10_275_168_606_432_300_543);
    }

    #[test]
    fn counts_and_totals_add_up() {
        let (dir, made) = made(&Recipe { dirty: 0.3, ..recipe(4, 4, 200) });
        let sizes = files(&dir).into_iter().filter(|(name, _)| name != EXPECTED).map(|(_, b)| b.len() as u64);
        assert_eq!(sizes.sum::<u64>(), made.bytes);
        let text = logs(&dir);
        let lines: Vec<&[u8]> = text.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n').collect();
        let blank = lines.iter().filter(|line| line.trim_ascii().is_empty()).count();
        assert_eq!((lines.len() as u64, blank as u64), (made.lines, made.blank));
        assert_eq!(made.lines, made.accepted + made.rejected + made.blank);
        let dirty = (made.rejected + made.blank) as f64 / made.lines as f64;
        assert!((0.27..0.33).contains(&dirty), "{dirty}");
        let rows = expected(&dir);
        let sum = |column: usize| rows.values().map(|row| row[column]).sum::<u128>();
        assert_eq!((sum(0), sum(1)), (made.traffic, made.accepted.into()));
        assert_eq!(sum(1), (2..6).map(sum).sum());
    }

    #[test]
    fn ingestion_finds_what_was_put_in() {
        for recipe in [
            recipe(6, 4, 600),
            Recipe { dirty: 0.0, codec: Codec::Zstd, ..recipe(17, 3, 50) },
            Recipe { dirty: 1.0, codec: Codec::Plain, ..recipe(40, 24, 2) },
        ] {
            let (dir, made) = made(&recipe);
            let Ingested { table, report, .. } = ingested(&dir, &recipe);
            let found: ExpectedRows = table
                .rows()
                .map(|row| {
                    let u = row.usage;
                    let [http, https, quic, other] = u.requests;
                    let errors = [u.client_errors, u.server_errors];
                    let counts = [u.bytes, u.total_requests(), http, https, quic, other, u.hits, u.hit_bytes];
                    let columns = counts.into_iter().chain(errors).map(u128::from).collect();
                    ((row.domain.to_string(), iso(row.window.start())), columns)
                })
                .collect();
            assert!(found == expected(&dir), "{recipe:?}");
            let counts = report.totals();
            assert_eq!(
                (counts.lines, counts.accepted, counts.rejected_total(), counts.blank, counts.traffic),
                (made.lines, made.accepted, made.rejected, made.blank, made.traffic)
            );
            assert_eq!((report.sources.len(), report.duplicates.len()), (made.files, 0));
            assert_eq!(counts.rejected_total() == 0, recipe.dirty == 0.0);
        }
    }

    #[test]
    fn lines_look_like_real_ones() {
        let (dir, made) = made(&Recipe { dirty: 0.0, ..recipe(16, 3, 1000) });
        let rows = expected(&dir);
        let share =
            |column: usize| rows.values().map(|row| row[column]).sum::<u128>() as f64 / made.accepted as f64;
        assert!((0.90..0.94).contains(&share(6)), "hits {}", share(6));
        assert!((0.10..0.14).contains(&share(2)), "http {}", share(2));
        assert!((0.02..0.04).contains(&share(4)), "quic {}", share(4));
        assert!((0.03..0.05).contains(&(share(8) + share(9))), "errors {}", share(8) + share(9));
        let text = logs(&dir);
        let mean = text.len() as f64 / made.lines as f64;
        assert!((270.0..330.0).contains(&mean), "{mean} bytes in a line");
        let text = String::from_utf8(text).unwrap();
        for rare in [
            " quic",
            "\r\n",
            "\"GET /",
            "GET rtmp://",
            ".XXX.XXX",
            "[01/Mar",
            "[1/Mar",
            "EXAMPLE.",
            ":443/",
            ":80/",
            "red shoes\"\" ",
            "\"TV Box\"",
            " - HIT",
            "::",
            "\"_\"",
        ] {
            assert!(text.contains(rare), "{rare}");
        }
    }

    #[test]
    fn a_folder_that_holds_anything_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".hidden"), "").unwrap();
        let error = generate(dir.path(), &recipe(1, 1, 1), &AtomicU64::new(0)).unwrap_err();
        assert!(error.to_string().ends_with("is not empty; choose an empty folder for generated logs"));
        let deeper = dir.path().join("new/folder");
        generate(&deeper, &recipe(1, 1, 1), &AtomicU64::new(0)).unwrap();
        assert_eq!(fs::read_dir(deeper).unwrap().count(), 2);
    }
}
