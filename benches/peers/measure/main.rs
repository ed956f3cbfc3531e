//! One work of the comparison with other tools per process, so that each can be timed as a whole: usage and
//! rows by flowbook, rows by the crate it builds on, and the limits that no tool gets below.
//!
//! `benches/peers/run` starts it. What is measured, how often, and against whom is not known here.

mod limits;
mod rows;
mod sheet;
mod usage;

use clap::{Args, Parser, Subcommand};
use rows::Shape;
use std::error::Error;
use std::path::PathBuf;

/// Any failure: this program only has to say it.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    work: Work,
}

#[derive(Args)]
struct Logs {
    /// Worker threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Files and folders.
    #[arg(required = true)]
    logs: Vec<PathBuf>,
}

#[derive(Subcommand)]
enum Work {
    /// Logs to usage, by flowbook.
    Usage {
        #[command(flatten)]
        logs: Logs,
        /// Where to write domain, start of the window in unix seconds, bytes and requests.
        #[arg(long)]
        csv: Option<PathBuf>,
    },
    /// Read the logs and do nothing with them.
    Read(Logs),
    /// Count the newlines of plain logs.
    Newlines(Logs),
    /// Decompress gzip logs, whole files at once.
    Libdeflate(Logs),
    /// Decompress gzip logs piece by piece.
    ZlibRs(Logs),
    /// A workbook by flowbook.
    RowsFlowbook(Shape),
    /// A workbook by `rust_xlsxwriter`, rows kept in memory.
    RowsStandard(Shape),
    /// Likewise, rows written away, texts in their cells.
    RowsConstant(Shape),
    /// Likewise, rows written away, texts shared.
    RowsLow(Shape),
    /// The XML of the sheet, made and dropped.
    Xml(Shape),
    /// Deflate that XML; the time of this alone is printed.
    DeflateXml {
        #[command(flatten)]
        shape: Shape,
        /// Worker threads.
        #[arg(long, default_value_t = 2)]
        threads: usize,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().work {
        Work::Usage { logs, csv } => usage::run(&logs, csv.as_deref()),
        Work::Read(logs) => limits::read(&logs),
        Work::Newlines(logs) => limits::newlines(&logs),
        Work::Libdeflate(logs) => limits::libdeflate(&logs),
        Work::ZlibRs(logs) => limits::zlib_rs(&logs),
        Work::RowsFlowbook(shape) => rows::flowbook(&shape),
        Work::RowsStandard(shape) => rows::standard(&shape),
        Work::RowsConstant(shape) => rows::constant_memory(&shape),
        Work::RowsLow(shape) => rows::low_memory(&shape),
        Work::Xml(shape) => sheet::xml(&shape),
        Work::DeflateXml { shape, threads } => sheet::deflate(&shape, threads),
    }
}
