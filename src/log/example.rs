//! A format of two numbers a line, the time and the bytes, in the order that the head of its text names: what a second format
//! takes. It is compiled into tests only.
//!
//! To add it, this file was written, and in `src/log.rs` its `mod` line and its row in the list of formats. A format whose files
//! are named by a rule has a file and a row in `src/names.rs`, too. Nothing else knows it by name.

use super::interface::{Likeness, LineParser, LogFormat};
use crate::record::{CacheResult, Fields, Parsed, Protocol, Reason, Record};
use crate::region::Region;

/// What names the columns of a text, in its first line.
const COLUMNS: &[u8] = b"#Columns: ";

/// The parser of lines.
#[derive(Clone, Debug, Default)]
pub struct Parser {
    /// Whether the bytes come first.
    is_turned: bool,
}

impl LogFormat for Parser {
    const NAME: &'static str = "example";
    const TITLE: &'static str = "example of a log";
    const SAMPLE: &'static str = "1772323200 2830";
    const NEEDS_HEAD: bool = true;

    fn likeness(head: &[u8]) -> Likeness {
        let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.starts_with(COLUMNS) {
            Likeness::Certain
        } else if numbers(line).is_some() {
            Likeness::Likely
        } else {
            Likeness::None
        }
    }
}

impl LineParser for Parser {
    fn prepare(&mut self, head: &[u8]) {
        self.is_turned = head.strip_prefix(COLUMNS).is_some_and(|names| names.starts_with(b"bytes"));
    }

    fn fields(&self) -> Fields {
        Fields { host: false, protocol: false, status: false, cache: false }
    }

    fn parse<'a>(&'a mut self, line: &'a [u8]) -> Parsed<'a> {
        if line.starts_with(b"#") {
            return Ok(None);
        }
        let (one, other) = numbers(line).ok_or(Reason::BadRequest)?;
        let (time, bytes) = if self.is_turned { (other, one) } else { (one, other) };
        let time = i64::try_from(time).map_err(|_| Reason::BadTime)?;
        let (protocol, cache, region) = (Protocol::Other, CacheResult::Unknown, Region::Unspecified);
        Ok(Some(Record { time, host: None, bytes, protocol, status: None, cache, region }))
    }
}

fn numbers(line: &[u8]) -> Option<(u64, u64)> {
    let (one, other) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use crate::delivery::intake::Intake;
    use crate::delivery::take_in;
    use crate::delivery::taking::Fate;
    use crate::domain::{Domain, DomainSet, Selection};
    use crate::ingest::{Ingested, Job, Progress, ingest, ingest_each};
    use crate::log::{Choice, Format, Formats};
    use crate::record::Reason;
    use crate::report::{Counts, RejectLimit};
    use crate::source::{ORIGINS, Source, discover};
    use crate::store::{Reader, Writer};
    use crate::time::TimeRange;
    use crate::usage::Usage;
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    const TEXT: &str = "#Columns: bytes time\n2830 1772323200\n# noon\n\n70 1772323201\nno entry\n";
    const NATIVE: &str =
        "[1/Mar/2026:00:00:00 +0000] 1.2.3.4 - 5 \"-\" \"GET http://b.com/x\" 404 3 9 HIT \"M\" \"t\"\n";

    /// The sources in a folder, of which lines without a host count for one domain.
    fn sources(folder: &Path, domain: Option<&str>) -> Vec<Source> {
        let mut sources = discover(&[folder.to_owned()]).unwrap();
        for source in &mut sources {
            source.reading.domain = domain.map(|name| Domain::new(name.as_bytes()).unwrap());
        }
        sources
    }

    fn with_job<T>(read: impl FnOnce(&Job<'_>) -> T) -> T {
        let selection = Selection { account: DomainSet::all(), wanted: DomainSet::all() };
        read(&Job {
            origins: ORIGINS,
            range: TimeRange::all(),
            selection: &selection,
            folds: None,
            own_hosts: None,
            threads: 2,
            keep_going: true,
            max_rejects: RejectLimit::Share(1_000_000),
            empty_is_delivered: false,
            keep_rejects: None,
            progress: &Progress::default(),
        })
    }

    fn ingested(sources: Vec<Source>) -> Ingested {
        with_job(|job| ingest(sources, job).unwrap())
    }

    /// Domains, in order, with their usage.
    fn usage(ingested: &Ingested) -> Vec<(String, Usage)> {
        let mut sums: Vec<(String, Usage)> = Vec::new();
        for row in ingested.table.rows() {
            match sums.last_mut().filter(|(domain, _)| domain == row.domain.as_str()) {
                Some((_, sum)) => sum.merge(&row.usage).unwrap(),
                None => sums.push((row.domain.as_str().into(), row.usage)),
            }
        }
        sums
    }

    /// Two requests of which only time and bytes are known.
    const TWO: Usage = Usage {
        bytes: 2900,
        requests: [0, 0, 0, 2],
        hits: 0,
        hit_bytes: 0,
        client_errors: 0,
        server_errors: 0,
    };

    #[test]
    fn it_is_detected_beside_another_format_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.log"), TEXT).unwrap();
        fs::write(folder.path().join("two.log"), NATIVE).unwrap();
        let found = ingested(sources(folder.path(), Some("a.com")));
        let native =
            Usage { bytes: 9, requests: [1, 0, 0, 0], hits: 1, hit_bytes: 9, client_errors: 1, ..TWO };
        assert_eq!(usage(&found), [("a.com".into(), TWO), ("b.com".into(), native)]);
        let mut counts =
            Counts { lines: 6, accepted: 2, blank: 1, skipped: 2, traffic: 2900, ..Counts::default() };
        counts.rejected[Reason::BadRequest as usize] = 1;
        assert!(counts.balanced());
        assert_eq!(found.report.sources[0].counts, counts);

        let taken = with_job(|job| ingest_each(sources(folder.path(), Some("a.com")), job).unwrap().0);
        assert_eq!(
            taken.iter().map(|taken| taken.format).collect::<Vec<_>>(),
            [Format::Example, Format::Alibaba]
        );
    }

    #[test]
    fn a_fixed_format_is_taken_whatever_lines_look_like() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.log"), TEXT).unwrap();
        let mut sources = sources(folder.path(), Some("a.com"));
        sources[0].reading.format = Choice::from(Format::Alibaba);
        let counts = ingested(sources).report.totals();
        assert_eq!((counts.rejected[Reason::BadTime as usize], counts.blank, counts.skipped), (5, 1, 0));
    }

    #[test]
    fn lines_without_a_host_are_rejected_where_no_domain_is_known() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("one.log"), TEXT).unwrap();
        let counts = ingested(sources(folder.path(), None)).report.totals();
        assert_eq!((counts.rejected[Reason::NoDomain as usize], counts.accepted), (2, 0));
    }

    /// What stands among bytes that mean nothing is read by a parser of its own, which knows the columns as well.
    #[test]
    fn lines_behind_a_mark_are_read_as_the_head_says() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{TEXT}\u{feff}5 1772323202\n\u{feff}# a comment\n");
        fs::write(folder.path().join("one.log"), text).unwrap();
        let found = ingested(sources(folder.path(), Some("a.com")));
        let counts = found.report.totals();
        assert_eq!((counts.accepted, counts.skipped, counts.traffic), (3, 3, 2905));
    }

    #[test]
    fn every_stretch_of_a_cut_file_is_read_as_the_head_says() {
        let folder = tempfile::tempdir().unwrap();
        let entries = 500;
        let comment = format!("#{}\n", "x".repeat(80_000));
        let entry = |n: u32| format!("{comment}7 {}\n", 1_772_323_200 + n);
        let text = (0..entries).map(entry).collect::<Vec<_>>().concat();
        fs::write(folder.path().join("one.log"), format!("#Columns: bytes time\n{text}")).unwrap();
        let found = ingested(sources(folder.path(), Some("a.com")));
        let counts = found.report.totals();
        assert_eq!((counts.accepted, counts.skipped, counts.traffic), (500, 501, 3500));
    }

    #[test]
    fn a_store_keeps_the_format_and_goes_on_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (logs, store) = (folder.path().join("logs"), folder.path().join("s.db"));
        fs::create_dir(&logs).unwrap();
        // Long enough to be known again by its beginning.
        let mut text = format!("{TEXT}#{}\n", "x".repeat(100_000));
        for (fate, lines, accepted) in [(Fate::Added, 7, 2), (Fate::Known, 7, 2), (Fate::Grown, 9, 3)] {
            if fate == Fate::Grown {
                text.push_str("# more\n5 1772323500\n");
            }
            fs::write(logs.join("one.log"), &text).unwrap();
            let mut writer = Writer::scratch(&store).unwrap();
            let intake = Intake {
                origins: ORIGINS,
                formats: Formats::default(),
                threads: 1,
                keep_going: false,
                max_rejects: RejectLimit::DEFAULT,
                empty_is_delivered: None,
                keep_rejects: None,
                rejects_of: None,
                verify: false,
                now: 1_772_400_000,
                progress: &Progress::default(),
            };
            let taking = take_in(&mut writer, sources(&logs, Some("a.com")), &intake).unwrap();
            assert_eq!(taking.had(fate), 1, "{fate:?}: {:?}", taking.fates);
            writer.commit().unwrap();
            let info = Reader::open(&store, Duration::ZERO).unwrap().info().unwrap();
            assert_eq!(
                (info.lines, info.accepted, info.blank, info.skipped),
                (lines, accepted, 1, lines - accepted - 2)
            );
            // Of the log that grew only the end is read, as its head says.
            let windows = info.windows.map(|(first, last)| (first.start(), last.start()));
            let last = 1_772_323_200 + i64::from(fate == Fate::Grown) * 300;
            assert_eq!(windows, Some((1_772_323_200, last)), "{fate:?}");
        }
    }
}
