//! A request as a line of the native format.
//!
//! Text goes into one buffer that is used again and again: no good line allocates. What no figure depends
//! on, like a referer, is drawn while it is written. Knows nothing of files and of dirt.

use super::plan::{HOUR, OFFSET};
use super::random::Rng;
use super::request::{Address, Client, Oddity, Path, TrialRequest};
use super::words::{QUOTED_AGENT, WORDS};
use crate::record::Protocol;
use crate::time;
use std::ops::Range;

/// The line in the making, and what all lines of a file share.
pub(super) struct Line {
    /// The line, without its newline.
    pub(super) text: Vec<u8>,
    /// Of the line that was written last; of no use when it was spoilt.
    pub(super) marks: Marks,
    host: Box<str>,
    upper_host: Box<str>,
    /// `[1/Mar/2026:08:` of the hour before and of the hour, each without and with padding.
    stamps: [[String; 2]; 2],
}

/// Where things stand in the line that was written last, for those who damage it.
#[derive(Default)]
pub(super) struct Marks {
    /// Behind the bracket that closes the time stamp.
    pub(super) stamp_end: usize,
    /// Behind the client's address.
    pub(super) client_end: usize,
    /// The quote before the method.
    pub(super) request: usize,
    /// The response size.
    pub(super) size: Range<usize>,
    /// HIT or MISS.
    pub(super) cache: usize,
}

impl Line {
    /// Lines of the file of `host` whose hour begins at `start`, unix seconds.
    pub(super) fn new(host: &str, start: i64) -> Self {
        let local = start + OFFSET;
        let stamp = |local, format| time::broken_down(local).format(format).to_string();
        let stamps = [local - HOUR, local]
            .map(|hour| ["[%-d/%b/%Y:%H:", "[%d/%b/%Y:%H:"].map(|format| stamp(hour, format)));
        let (host, upper_host) = (host.into(), host.to_ascii_uppercase().into());
        Self { text: Vec::with_capacity(1 << 10), marks: Marks::default(), host, upper_host, stamps }
    }

    /// Writes a request, without its newline.
    pub(super) fn write(&mut self, request: &TrialRequest, rng: &mut Rng) {
        self.text.clear();
        self.stamp(request);
        let out = &mut self.text;
        address(out, &request.client);
        self.marks.client_end = out.len();
        if rng.chance(300) {
            out.extend_from_slice(b" 100.121.");
            number(out, rng.below(256));
            out.extend_from_slice(b".7 ");
        } else {
            out.extend_from_slice(b" - ");
        }
        number(out, milliseconds(request, rng));
        out.extend_from_slice(b" \"");
        self.referer(request, rng);
        self.text.extend_from_slice(b"\" ");
        self.marks.request = self.text.len();
        self.text.push(b'"');
        self.url(request, rng);
        self.text.extend_from_slice(b"\" ");
        self.answer(request, rng);
        self.tail(request, rng);
    }

    fn stamp(&mut self, request: &TrialRequest) {
        let this_hour = usize::from(request.second >= 0);
        let second = request.second.rem_euclid(HOUR).unsigned_abs();
        let padded = usize::from(request.oddity == Oddity::PaddedDay);
        self.text.extend_from_slice(self.stamps[this_hour][padded].as_bytes());
        two_digits(&mut self.text, second / 60);
        self.text.push(b':');
        two_digits(&mut self.text, second % 60);
        self.text.extend_from_slice(b" +0800]");
        self.marks.stamp_end = self.text.len();
        self.text.push(b' ');
    }

    fn referer(&mut self, request: &TrialRequest, rng: &mut Rng) {
        let out = &mut self.text;
        if request.oddity == Oddity::QuotedReferer {
            out.extend_from_slice(b"https://www.example.org/search?q=\"red shoes\"");
            return;
        }
        match rng.below(100) {
            _ if request.scheme == Protocol::Other => out.push(b'-'),
            0..=44 => out.push(b'-'),
            45 => out.push(b'_'),
            46..=54 => {
                out.extend_from_slice(b"https://www.example.org/search?q=");
                out.extend_from_slice(rng.pick(&WORDS).as_bytes());
                out.extend_from_slice(b"&page=");
                number(out, rng.below(9));
            }
            _ => {
                out.extend_from_slice(b"https://");
                out.extend_from_slice(self.host.as_bytes());
                out.push(b'/');
                out.extend_from_slice(rng.pick(&WORDS).as_bytes());
                out.extend_from_slice(b".html");
            }
        }
    }

    /// `METHOD URL`.
    fn url(&mut self, request: &TrialRequest, rng: &mut Rng) {
        let out = &mut self.text;
        out.extend_from_slice(request.method.as_bytes());
        out.push(b' ');
        let (scheme, port) = match request.scheme {
            Protocol::Http => (&b"http://"[..], &b":80"[..]),
            Protocol::Other => (&b"rtmp://"[..], &b""[..]),
            _ => (&b"https://"[..], &b":443"[..]),
        };
        if request.oddity != Oddity::PathOnly {
            let upper = request.oddity == Oddity::UpperHost;
            let host = if upper { &self.upper_host } else { &self.host };
            out.extend_from_slice(scheme);
            out.extend_from_slice(host.as_bytes());
            out.extend_from_slice(if request.oddity == Oddity::Port { port } else { b"" });
        }
        if request.scheme == Protocol::Other {
            out.extend_from_slice(b"/live/");
            hex(out, request.path.number, 16);
            return;
        }
        path(out, &request.path);
        query(out, rng, &request.path);
    }

    /// Status, sizes and cache result.
    fn answer(&mut self, request: &TrialRequest, rng: &mut Rng) {
        let out = &mut self.text;
        number(out, request.status.into());
        out.push(b' ');
        number(out, 180 + rng.below(900));
        out.push(b' ');
        let size = out.len();
        match request.oddity {
            Oddity::NoSize => out.push(b'-'),
            _ => number(out, request.bytes),
        }
        self.marks.size = size..out.len();
        out.push(b' ');
        self.marks.cache = out.len();
        out.extend_from_slice(if request.hit { b"HIT" } else { b"MISS" });
    }

    /// User agent, content type and what stands behind them.
    fn tail(&mut self, request: &TrialRequest, rng: &mut Rng) {
        let out = &mut self.text;
        let (agent, content_type) = match request.oddity {
            _ if request.scheme == Protocol::Other => ("", " "),
            Oddity::QuotedAgent => (QUOTED_AGENT, request.path.kind.content_type),
            _ => (request.client.agent, request.path.kind.content_type),
        };
        out.extend_from_slice(b" \"");
        out.extend_from_slice(agent.as_bytes());
        out.extend_from_slice(b"\" \"");
        out.extend_from_slice(content_type.as_bytes());
        out.push(b'"');
        let tail = rng.below(100);
        if tail < 90 {
            out.push(b' ');
            address(out, &request.client);
        }
        if let Some(word) = request.word {
            out.extend_from_slice(match word {
                Protocol::Quic => b" quic",
                Protocol::Http => b" http",
                _ => b" https",
            });
        } else if tail < 25 {
            out.push(b' ');
        }
        if request.oddity == Oddity::CarriageReturn {
            out.push(b'\r');
        }
    }
}

/// The response time: fast from the cache, and longer for what is large.
fn milliseconds(request: &TrialRequest, rng: &mut Rng) -> u64 {
    rng.around(if request.hit { 6 } else { 85 }) + (request.bytes >> 12)
}

fn address(out: &mut Vec<u8>, client: &Client) {
    let [a, b, c, d, rest @ ..] = client.address.to_be_bytes();
    match client.kind {
        Address::V4 => {
            // Anything but the ranges that are reserved at both ends.
            number(out, 1 + u64::from(a % 222));
            for part in [b, c, d] {
                out.push(b'.');
                number(out, part.into());
            }
        }
        Address::V6 => {
            out.extend_from_slice(b"2408:8");
            hex(out, u64::from(a), 3);
            for pair in [[b, c], [d, rest[0]]] {
                out.push(b':');
                hex(out, u16::from_be_bytes(pair).into(), 4);
            }
            out.extend_from_slice(b"::");
            hex(out, u16::from_be_bytes([rest[1], rest[2]]).into(), 4);
        }
        Address::Masked => {
            out.extend_from_slice(b"139.");
            number(out, b.into());
            out.extend_from_slice(b".XXX.XXX");
        }
    }
}

fn path(out: &mut Vec<u8>, path: &Path) {
    out.extend_from_slice(path.kind.folder.as_bytes());
    out.extend_from_slice(path.word.as_bytes());
    out.push(b'-');
    hex(out, path.number, 12);
    out.extend_from_slice(path.kind.ending.as_bytes());
}

fn query(out: &mut Vec<u8>, rng: &mut Rng, path: &Path) {
    match rng.below(100) {
        0..=9 => {
            out.extend_from_slice(b"?v=");
            number(out, path.number % 10_000);
        }
        10..=13 => {
            out.extend_from_slice(b"?t=");
            number(out, 1_770_000_000_000 + rng.below(10_000_000_000));
            out.extend_from_slice(b"&uid=");
            number(out, rng.below(5_000_000));
        }
        14..=29 if path.kind.in_pieces => {
            out.extend_from_slice(b"?auth_key=");
            number(out, 1_770_000_000 + rng.below(10_000_000));
            out.extend_from_slice(b"-0-0-");
            hex(out, rng.draw(), 16);
            hex(out, rng.draw(), 16);
        }
        _ => {}
    }
}

/// A number below 100.
fn two_digits(out: &mut Vec<u8>, n: u64) {
    out.extend_from_slice(&[b'0' + (n / 10 % 10) as u8, b'0' + (n % 10) as u8]);
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return out.extend_from_slice(&digits[start..]);
        }
    }
}

/// The last digits of `n` in hexadecimal.
pub(super) fn hex(out: &mut Vec<u8>, n: u64, digits: u32) {
    out.extend((0..digits).rev().map(|digit| b"0123456789abcdef"[(n >> (4 * digit) & 0xf) as usize]));
}
