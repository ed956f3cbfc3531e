//! Files of gzip: the two decoders of flowbook and a third one agree, in every piece of a file.
#![no_main]

mod packed;
mod pieces;

use flate2::Compression;
use flate2::write::GzEncoder;
use flowbook::codec::Gunzip;
use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{
    DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use packed::{MOST, behind, check, spoilt};
use pieces::how;
use std::io::{Read, Write};

/// The text of a stream of DEFLATE, and what follows it.
fn inflated(packed: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut text = vec![0; 64 << 10];
    loop {
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, written) = decompress(&mut DecompressorOxide::new(), packed, &mut text, 0, flags);
        match status {
            TINFLStatus::Done => {
                text.truncate(written);
                return Some((text, &packed[read..]));
            }
            TINFLStatus::HasMoreOutput if (text.len() as u64) < 2 * MOST => text = vec![0; text.len() * 4],
            _ => return None,
        }
    }
}

/// What follows the header of a member.
fn behind_header(member: &[u8]) -> Option<&[u8]> {
    let (&[0x1f, 0x8b, 8, flags @ 0..0x20, _, _, _, _, _, _], mut rest) = member.split_first_chunk()? else {
        return None;
    };
    if flags & 4 != 0 {
        let (len, behind) = rest.split_first_chunk()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*len))..)?;
    }
    for text in [8, 16] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & 2 != 0 {
        let (sum, behind) = rest.split_first_chunk()?;
        let found = crc32fast::hash(&member[..member.len() - rest.len()]) & 0xffff;
        if u32::from(u16::from_le_bytes(*sum)) != found {
            return None;
        }
        rest = behind;
    }
    Some(rest)
}

/// All members by a third decoder, which shares nothing with the others.
fn third(mut packed: &[u8]) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while !packed.is_empty() {
        let (text, rest) = inflated(behind_header(packed)?)?;
        let (sums, rest) = rest.split_first_chunk::<8>()?;
        if *sums != trailer(&text) {
            return None;
        }
        all.extend(text);
        packed = behind(rest);
    }
    Some(all)
}

fn trailer(text: &[u8]) -> [u8; 8] {
    let [sum, len] = [crc32fast::hash(text), text.len() as u32].map(u32::to_le_bytes);
    [sum, len].concat().try_into().unwrap()
}

/// A stream of DEFLATE as a file whose sums are right, as far as there is a text.
fn member(stream: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = flate2::read::DeflateDecoder::new(stream).take(MOST).read_to_end(&mut text);
    let sums = inflated(stream).map_or_else(|| trailer(&text), |(text, _)| trailer(&text));
    // Sums stand behind the stream, wherever it ends.
    let end = inflated(stream).map_or(stream.len(), |(_, rest)| stream.len() - rest.len());
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], &stream[..end], &sums, &stream[end..]].concat()
}

fuzz_target!(|input: &[u8]| {
    let Some((how, input)) = how(input) else { return };
    let pack = |text: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new((how / 4 % 10) as u32));
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let packed = match how % 4 {
        0 => Some(input.to_vec()),
        1 => Some(member(input)),
        _ => spoilt(input, pack),
    };
    let Some(packed) = packed else { return };
    let whole = check(&packed, how, third);
    if whole.text.len() as u64 > MOST {
        return;
    }
    if let Some(text) = Gunzip::new().text(&packed) {
        assert!(whole.end.is_ok(), "decoded at once, but not as a stream: {:?}", whole.end);
        assert!(text == whole.text);
    }
    let mut text = Vec::new();
    if flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).is_ok() && !packed.is_empty() {
        assert!(third(&packed) == Some(text), "flate2 reads another text");
    }
});
