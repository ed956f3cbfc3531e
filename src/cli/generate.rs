//! `flowbook generate`: logs to try flowbook with.

use super::{Ending, numbers, show};
use crate::codec::Codec;
use crate::error::Result;
use crate::generate::{EXPECTED, Made, Recipe, generate};
use crate::schedule::range::Moment;
use crate::time::Zone;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

/// Write trial logs, with their true totals in expected.csv.
///
/// The same options give the same bytes. There is one file per domain and hour, named as the vendor names them. The
/// totals per domain and slice are counted while the lines are made up, never by the parser.
#[derive(Debug, Args)]
pub(super) struct GenerateArguments {
    /// An empty or new folder.
    dir: PathBuf,
    /// Number of domains.
    #[arg(long, value_name = "N", default_value_t = 10)]
    domains: usize,
    /// Number of hours.
    #[arg(long, value_name = "N", default_value_t = 24)]
    hours: usize,
    /// Mean number of lines in a file; popular domains and busy hours have more.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    lines_per_file: usize,
    /// Seed of the random numbers: another one gives other lines.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Start of the first hour: a date, or a time as in export; UTC without an offset.
    #[arg(long, value_name = "TIME", default_value = "2026-03-01T00:00:00Z", value_parser = start)]
    start: i64,
    /// Compression of the files.
    #[arg(long, value_name = "CODEC", default_value = "gz")]
    compress: Compress,
    /// Share of dirty lines, 0 to 1: lines that are blank or certain to be rejected.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    dirty: f64,
    /// Worker threads [default: one per core].
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = super::threads)]
    threads: usize,
    /// Print nothing.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Compress {
    None,
    Gz,
    Zst,
}

fn start(text: &str) -> Result<i64, String> {
    Moment::parse(text).map(|moment| moment.start(Zone::UTC)).ok_or_else(|| super::times::UTC.into())
}

pub(super) fn run(arguments: &GenerateArguments) -> Result<Ending> {
    let recipe = Recipe {
        domains: arguments.domains,
        hours: arguments.hours,
        lines_per_file: arguments.lines_per_file,
        seed: arguments.seed,
        start: arguments.start,
        codec: match arguments.compress {
            Compress::None => Codec::Plain,
            Compress::Gz => Codec::Gzip,
            Compress::Zst => Codec::Zstd,
        },
        dirty: arguments.dirty,
        threads: arguments.threads,
    };
    let made = generate(&arguments.dir, &recipe, &AtomicU64::new(0))?;
    if !arguments.quiet {
        show::rows(&rows(arguments, &made))?;
    }
    Ok(Ending::Done)
}

fn rows(arguments: &GenerateArguments, made: &Made) -> Vec<(String, String)> {
    let number = |name: &str, number: u128| (name.to_owned(), numbers::grouped(number));
    vec![
        number("files", made.files as u128),
        number("bytes on disk", made.bytes.into()),
        number("lines", made.lines.into()),
        number("accepted", made.accepted.into()),
        number("rejected", made.rejected.into()),
        number("blank", made.blank.into()),
        number("traffic (bytes)", made.traffic),
        ("totals".to_owned(), arguments.dir.join(EXPECTED).display().to_string()),
    ]
}
