//! What reading costs at least: the bytes alone, their newlines, their decompression.
//!
//! Files are handed out to threads one by one; buffers are used again and again.

use super::{Logs, Result};
use flate2::bufread::MultiGzDecoder;
use flowbook::source::discover;
use libdeflater::{DecompressionError, Decompressor};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Size of a read.
const BUFFER: usize = 256 << 10;

pub(crate) fn read(logs: &Logs) -> Result<()> {
    sum("bytes", logs, || {
        let mut buffer = vec![0; BUFFER];
        move |path| pieces(File::open(path)?, &mut buffer, <[u8]>::len)
    })
}

pub(crate) fn newlines(logs: &Logs) -> Result<()> {
    sum("newlines", logs, || {
        let mut buffer = vec![0; BUFFER];
        move |path| pieces(File::open(path)?, &mut buffer, |piece| memchr::memchr_iter(b'\n', piece).count())
    })
}

pub(crate) fn zlib_rs(logs: &Logs) -> Result<()> {
    sum("bytes", logs, || {
        let mut buffer = vec![0; BUFFER];
        move |path| {
            let input = BufReader::with_capacity(BUFFER, File::open(path)?);
            pieces(MultiGzDecoder::new(input), &mut buffer, <[u8]>::len)
        }
    })
}

/// Files of a single member.
pub(crate) fn libdeflate(logs: &Logs) -> Result<()> {
    sum("bytes", logs, || {
        let (mut input, mut text, mut decompressor) = (Vec::new(), Vec::new(), Decompressor::new());
        move |path| {
            input.clear();
            File::open(path)?.read_to_end(&mut input)?;
            let size = input.last_chunk().map_or(0, |size| u32::from_le_bytes(*size)) as usize;
            if text.len() < size {
                text.resize(size, 0);
            }
            loop {
                match decompressor.gzip_decompress(&input, &mut text) {
                    Ok(size) => return Ok(size),
                    // More than 4 GiB, of which the end of the file tells the rest only.
                    Err(DecompressionError::InsufficientSpace) => text.resize(text.len() + (4 << 30), 0),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    })
}

/// Applies `of` to the input piece by piece and adds up what it gives.
fn pieces(mut input: impl Read, buffer: &mut [u8], of: impl Fn(&[u8]) -> usize) -> Result<usize> {
    let mut sum = 0;
    loop {
        match input.read(buffer)? {
            0 => return Ok(sum),
            read => sum += of(&buffer[..read]),
        }
    }
}

/// Prints the sum over all files; every thread works with what `worker` makes for it.
fn sum<W>(what: &str, logs: &Logs, worker: impl Fn() -> W + Sync) -> Result<()>
where
    W: FnMut(&Path) -> Result<usize>,
{
    let files: Vec<PathBuf> =
        discover(&logs.logs)?.into_iter().filter_map(|source| Some(source.path()?.to_owned())).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut worker, mut sum) = (worker(), 0);
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            sum += worker(file)?;
        }
        Result::Ok(sum)
    };
    let shares: Result<Vec<usize>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..logs.threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker does not panic")).collect()
    });
    println!("{what} {}", shares?.iter().sum::<usize>());
    Ok(())
}
