//! What a sheet costs at least: its XML, and deflating it.
//!
//! The XML is that of the Detail sheet, made by plain code. [`CHUNK_ROWS`], [`LEVEL`] and [`deflate_chunk`]
//! follow what the export does.

use super::Result;
use super::rows::{Shape, requests, serial};
use flate2::{Compress, Compression, FlushCompress};
use std::hint::black_box;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// Rows that are deflated together.
const CHUNK_ROWS: u64 = 2048;
/// Of deflate, as zip files are written by default.
const LEVEL: u32 = 6;
/// Position of the region among the shared texts: behind the headings.
const REGION_TEXT: u64 = 8;

/// Makes the XML of every chunk, one after the other.
pub(crate) fn xml(shape: &Shape) -> Result<()> {
    let (times, mut chunk, mut bytes) = (times(shape.slices)?, Vec::new(), 0);
    for first in starts(shape) {
        chunk.clear();
        write_chunk(&mut chunk, shape, &times, first);
        bytes += black_box(&chunk).len();
    }
    println!("bytes {bytes}");
    Ok(())
}

/// Deflates chunks on all threads. The time that this took is printed: the XML lies in memory before.
pub(crate) fn deflate(shape: &Shape, threads: usize) -> Result<()> {
    let times = times(shape.slices)?;
    let chunk = |first| {
        let mut chunk = Vec::new();
        write_chunk(&mut chunk, shape, &times, first);
        chunk
    };
    let chunks: Vec<Vec<u8>> = starts(shape).map(chunk).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut state, mut out, mut bytes) = (Compress::new(Compression::new(LEVEL), false), Vec::new(), 0);
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            deflate_chunk(&mut state, chunk, &mut out)?;
            bytes += out.len();
        }
        Result::Ok(bytes)
    };
    let started = Instant::now();
    let shares: Result<Vec<usize>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a worker does not panic")).collect()
    });
    println!("seconds {}", started.elapsed().as_secs_f64());
    println!("bytes {}", shares?.iter().sum::<usize>());
    Ok(())
}

/// Deflates a chunk on its own, up to a sync flush, so that chunks can be put one behind the other.
fn deflate_chunk(state: &mut Compress, chunk: &[u8], out: &mut Vec<u8>) -> Result<()> {
    state.reset();
    out.clear();
    // Deflate adds a few bytes a block to what it cannot shrink.
    out.reserve(chunk.len() + chunk.len() / 1000 + 64);
    state.compress_vec(chunk, out, FlushCompress::Sync)?;
    if state.total_in() == chunk.len() as u64 { Ok(()) } else { Err("a chunk does not fit".into()) }
}

/// The first row of every chunk.
fn starts(shape: &Shape) -> impl Iterator<Item = u64> {
    let rows = u64::from(shape.domains) * u64::from(shape.slices);
    (0..rows).step_by(usize::try_from(CHUNK_ROWS).expect("a few thousand"))
}

/// The times of all slices, as they stand in the XML: they are the same for every domain.
fn times(slices: u32) -> Result<Vec<Vec<u8>>> {
    let text = |slice| {
        let mut text = Vec::new();
        write!(text, "{}", serial(slice))?;
        Ok(text)
    };
    (0..slices).map(text).collect()
}

fn write_chunk(out: &mut Vec<u8>, shape: &Shape, times: &[Vec<u8>], first: u64) {
    let slices = u64::from(shape.slices);
    let end = (u64::from(shape.domains) * slices).min(first + CHUNK_ROWS);
    for row in first..end {
        // Below the heading, counted from 1.
        let number = row + 2;
        out.extend_from_slice(b"<row r=\"");
        digits(out, number);
        out.extend_from_slice(b"\">");
        let slice = usize::try_from(row % slices).expect("a slice");
        cell(out, b'A', number, b"\" s=\"1\"><v>", |out| out.extend_from_slice(&times[slice]));
        cell(out, b'B', number, b"\" t=\"s\"><v>", |out| digits(out, REGION_TEXT + 1 + row / slices));
        cell(out, b'C', number, b"\" t=\"s\"><v>", |out| digits(out, REGION_TEXT));
        let by_protocol = requests(row);
        let counts = [by_protocol.iter().sum()].into_iter().chain(by_protocol);
        for (count, column) in counts.zip(b'D'..) {
            cell(out, column, number, b"\" s=\"2\"><v>", |out| digits(out, count));
        }
        out.extend_from_slice(b"</row>");
    }
}

fn cell(out: &mut Vec<u8>, column: u8, row: u64, kind: &[u8], value: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"<c r=\"");
    out.push(column);
    digits(out, row);
    out.extend_from_slice(kind);
    value(out);
    out.extend_from_slice(b"</v></c>");
}

fn digits(out: &mut Vec<u8>, mut number: u64) {
    let mut text = [0; 20];
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&text[start..]);
        }
    }
}
