//! Files of zstd: what the reference makes of them is what flowbook makes of them, in every piece of a file.
#![no_main]

mod packed;
mod pieces;

use flowbook::codec::Codec;
use libfuzzer_sys::fuzz_target;
use packed::{MOST, behind, check, spoilt};
use pieces::how;
use std::io::{BufReader, Read, Write};
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

/// All frames, one by one; so many bytes are given at a time.
fn reference(mut packed: &[u8], at_a_time: usize) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    while !packed.is_empty() {
        if Codec::detect(packed) != Codec::Zstd {
            return None;
        }
        let input = BufReader::with_capacity(at_a_time, packed);
        let mut frame = Decoder::with_buffer(input).unwrap().single_frame();
        frame.by_ref().take(2 * MOST).read_to_end(&mut all).ok()?;
        let rest = frame.finish();
        let left = rest.buffer().len() + rest.get_ref().len();
        packed = behind(&packed[packed.len() - left..]);
    }
    Some(all)
}

fuzz_target!(|input: &[u8]| {
    let Some((how, input)) = how(input) else { return };
    let pack = |text: &[u8]| {
        let mut encoder = Encoder::new(Vec::new(), (how / 8 % 8) as i32 - 2).unwrap();
        encoder.include_checksum(how & 4 == 4).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let packed = match how % 4 {
        0 => Some(input.to_vec()),
        // Without a sum there is more to be read behind damage.
        1 => Some([b"\x28\xb5\x2f\xfd", input].concat()),
        _ => spoilt(input, pack),
    };
    let Some(packed) = packed else { return };
    // A frame that says to hold more than the empty block in it is damaged to the reference when it has all of it at hand,
    // and else is not.
    let whole = reference(&packed, 1 << 20);
    if whole == reference(&packed, 1) {
        check(&packed, how, |_| whole.clone());
    }
});
