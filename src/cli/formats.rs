//! `flowbook formats`: which formats there are, and how lines are read.

use super::Ending;
use super::chosen_format;
use super::flags::FormatFlags;
use super::numbers;
use super::show;
use crate::codec::Decoder;
use crate::error::{Error, Result};
use crate::log::description::Explained;
use crate::log::{Format, Formats, HEAD, text_of};
use crate::record::{CacheResult, Protocol, Record};
use crate::source::{ORIGINS, Origin, STDIN};
use crate::time::iso;
use crate::visible::escaped;
use clap::{Args, Subcommand, ValueHint};
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Show log formats, and how lines are read
#[derive(Debug, Args)]
pub(super) struct FormatsArguments {
    #[command(subcommand)]
    command: FormatsCommand,
}

#[derive(Debug, Subcommand)]
enum FormatsCommand {
    /// List the formats that come with flowbook, in the order in which they are preferred.
    List,
    /// Print the description of a format: a text to change and to give as --format-file.
    Show {
        /// Its name.
        name: String,
    },
    Explain(ExplainArguments),
}

/// Show what is read of the first lines of a log, field by field, and where a line is not as its format says.
///
/// Without --format, they are read in the format that fits best, and the next best ones are named.
#[derive(Debug, Args)]
struct ExplainArguments {
    /// A log, packed or not, or - for standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    #[command(flatten)]
    format: FormatFlags,

    /// How many lines to show.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    lines: u64,
}

/// Bytes of a text that are looked at.
const LOOKED_AT: u64 = 1 << 20;
/// Formats that are named behind the best one.
const NEXT: usize = 3;

pub(super) fn run(arguments: &FormatsArguments) -> Result<Ending> {
    match &arguments.command {
        FormatsCommand::List => list(),
        FormatsCommand::Show { name } => show_one(name),
        FormatsCommand::Explain(arguments) => explain(arguments),
    }
}

fn list() -> Result<Ending> {
    let formats: Vec<Format> = Formats::default().all().collect();
    let width = formats.iter().map(|format| format.name().len()).max().unwrap_or(0);
    let line = |format: &Format| format!("{:width$}  {}", format.name(), format.title());
    show::lines(&formats.iter().map(line).collect::<Vec<_>>())?;
    Ok(Ending::Done)
}

fn show_one(name: &str) -> Result<Ending> {
    let choice = chosen_format::choice(Formats::default(), Some(name)).map_err(Error::usage)?;
    let format =
        choice.named().ok_or_else(|| Error::usage("name a format; 'flowbook formats list' shows all"))?;
    let Some(text) = text_of(format.name()) else {
        let why = format!(
            "{name} has a parser of its own, and no description; its lines look like\n{}",
            format.sample()
        );
        return Err(Error::usage(why));
    };
    show::lines(&text.lines().map(str::to_owned).collect::<Vec<_>>())?;
    Ok(Ending::Done)
}

fn explain(arguments: &ExplainArguments) -> Result<Ending> {
    let choice = arguments.format.choice()?;
    let text = beginning(&arguments.file).map_err(|error| {
        Error::usage(format!("cannot read: {}", crate::error::plain(&error))).at(&arguments.file)
    })?;
    let head = &text[..text.len().min(HEAD)];
    let ranked = choice.formats().ranked(head);
    let Some(format) = choice.named().or(ranked.first().copied()) else {
        return Err(
            Error::usage("no format fits its first lines; name one with --format").at(&arguments.file)
        );
    };
    let mut out = vec![format!("format  {} ({})", format.name(), format.title())];
    let others: Vec<&str> =
        ranked.iter().filter(|other| **other != format).take(NEXT).map(|other| other.name()).collect();
    if !others.is_empty() {
        out.push(format!("also    {}", others.join(", ")));
    }
    let mut parser = format.parser();
    parser.prepare(head);
    let shown = usize::try_from(arguments.lines).unwrap_or(usize::MAX);
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate().take(shown) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.trim_ascii().is_empty() {
            out.push(String::new());
            out.extend(explained(number + 1, line, &parser.explain(line)));
        }
    }
    show::lines(&out)?;
    Ok(Ending::Done)
}

/// The beginning of the text of a log.
fn beginning(file: &Path) -> io::Result<Vec<u8>> {
    let bytes: Box<dyn Read + Send> = if file == Path::new(STDIN) {
        ORIGINS.open_stream(&Origin::Stdin)?
    } else {
        Box::new(ORIGINS.open(&Origin::File(file.to_owned()), 0..u64::MAX)?)
    };
    let mut text = Vec::new();
    Decoder::new(bytes)?.take(LOOKED_AT).read_to_end(&mut text)?;
    Ok(text)
}

/// What is shown of a line.
fn explained(number: usize, line: &[u8], explained: &Explained<'_>) -> Vec<String> {
    match &explained.parsed {
        Ok(None) => vec![format!("line {number}: no request, such as a comment or a header: skipped")],
        Ok(Some(record)) => {
            let mut rows = vec![format!("line {number}: a request")];
            rows.extend(meant(record).into_iter().map(|(what, value)| format!("  {what:8}  {value}")));
            let values = explained.values.iter();
            rows.extend(values.map(|(role, value)| format!("    {:8}  {}", role.name(), escaped(value))));
            rows
        }
        Err(reason) => {
            let mut rows = vec![format!("line {number}: rejected ({})", reason.key())];
            let at = explained.failed_at.unwrap_or(0).min(line.len());
            let (before, behind) = (escaped(&line[..at]), escaped(&line[at..]));
            // As much as fits in a line of a terminal, with the place in it.
            let before: String = tail(&before, 40);
            rows.push(format!("  {before}{}", visible_cut(&behind)));
            if explained.failed_at.is_some() {
                rows.push(format!(
                    "  {}^ not as the format says, byte {}",
                    " ".repeat(before.chars().count()),
                    at + 1
                ));
            }
            rows
        }
    }
}

fn tail(text: &str, most: usize) -> String {
    let skipped = text.chars().count().saturating_sub(most);
    text.chars().skip(skipped).collect()
}

fn visible_cut(text: &str) -> String {
    crate::visible::cut(text, 60).into_owned()
}

/// What a request means.
fn meant(record: &Record<'_>) -> Vec<(&'static str, String)> {
    let host = record.host.map_or_else(|| "not in the line: of the file's name, or --domain".into(), escaped);
    let protocol = match record.protocol {
        Protocol::Http => "http",
        Protocol::Https => "https",
        Protocol::Quic => "quic",
        Protocol::Other => "not in the line: counts as other",
    };
    let cache = match record.cache {
        CacheResult::Hit => "hit",
        CacheResult::Miss => "miss",
        CacheResult::Unknown => "not in the line",
    };
    let status = record.status.map_or_else(|| "not in the line".into(), |status| format!("{status:03}"));
    vec![
        ("time", iso(record.time)),
        ("domain", host),
        ("bytes", numbers::grouped(record.bytes.into())),
        ("protocol", protocol.into()),
        ("status", status),
        ("cache", cache.into()),
    ]
}
