//! Whole files, from bytes to usage: what the slow oracle counts in a text is counted in it whether it is packed or not, in
//! how many parts, and by how many threads; and every line is accepted, out of scope, rejected or blank.
#![no_main]

#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../it/logs.rs"]
mod logs;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../../it/oracle.rs"]
mod oracle;
mod pieces;

use flowbook::codec::{Codec, HEAD_LEN, foreign};
use libfuzzer_sys::fuzz_target;
use logs::{Logs, encode, file_name};
use pieces::{how, parts};

const DOMAINS: [Option<&str>; 3] = [None, Some("file.example.com"), Some("my_site.com")];
/// The oracle takes its time.
const SHORT: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let Some((how, input)) = how(input) else { return };
    let Some((places, text)) = input.split_at_checked(how % 4).filter(|(_, text)| text.len() < SHORT) else {
        return;
    };
    let mut logs = Logs::new();
    for (number, codec) in [Codec::Plain, Codec::Gzip, Codec::Zstd].into_iter().enumerate() {
        let domain = DOMAINS[(how / 4 + number) % 3];
        // A line of its own in each: of the same texts one would count.
        let text = [format!("file {number}\n").as_bytes(), text].concat();
        if foreign(&text[..text.len().min(HEAD_LEN)]).is_some() {
            return;
        }
        let bytes = encode(codec, parts(&text, places));
        logs.add(file_name(domain, number, codec), domain, &text, &bytes);
    }
    logs.check(logs.sources(), 1 + how / 64);
});
