//! What happens on an edge: requests, drawn at random in the proportions of real logs.
//!
//! Knows nothing of how a line is written.

use super::random::Rng;
use super::words::{AGENTS, Kind, WORDS};
use crate::record::Protocol;

/// What a good line says.
pub(super) struct Fact {
    /// Seconds since the start of the file's hour; late lines lie before it.
    pub(super) second: i64,
    /// Response bytes.
    pub(super) bytes: u64,
    /// How the request was made.
    pub(super) protocol: Protocol,
    /// HTTP status.
    pub(super) status: u16,
    /// Answered from the cache.
    pub(super) hit: bool,
}

/// What a random sequence is for comes first in its seed, so that no two of them are the same.
pub(super) const OF_LINES: u64 = 1;
const OF_PATHS: u64 = 2;
const OF_CLIENTS: u64 = 3;

/// How popular the paths of a domain are: a table from a random number to a rank, in which every rank
/// takes a share like 1/rank. A look-up is faster than a search in sums, and exact on every machine.
pub(super) struct Popularity(Vec<u16>);

impl Popularity {
    const PATHS: u16 = 2048;
    const SIZE: u32 = 1 << 16;

    pub(super) fn new() -> Self {
        let share = |rank: u16| 1.0 / (f64::from(rank) + 3.0);
        let all: f64 = (0..Self::PATHS).map(share).sum();
        let (mut ranks, mut sum) = (Vec::with_capacity(Self::SIZE as usize), 0.0);
        for rank in 0..Self::PATHS {
            sum += share(rank);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 65536")]
            let end = (sum / all * f64::from(Self::SIZE)).round() as usize;
            ranks.resize(end, rank);
        }
        Self(ranks)
    }

    fn rank(&self, rng: &mut Rng) -> u16 {
        rng.pick(&self.0)
    }
}

/// Who is asked.
pub(super) struct Site<'a> {
    /// The seed of the recipe.
    pub(super) seed: u64,
    /// Index of the domain.
    pub(super) domain: u64,
    /// What the domain serves.
    pub(super) kinds: &'static [&'static Kind],
    /// How often its paths are asked for.
    pub(super) popularity: &'a Popularity,
}

/// What is unusual about a line that counts all the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    None,
    /// `-` as response size: nothing was sent.
    NoSize,
    /// No scheme and host: the domain is that of the file name.
    PathOnly,
    PaddedDay,
    UpperHost,
    Port,
    CarriageReturn,
    QuotedReferer,
    QuotedAgent,
}

impl Oddity {
    fn draw(rng: &mut Rng) -> Self {
        match rng.below(1000) {
            0..=1 => Self::NoSize,
            2..=4 => Self::PathOnly,
            5..=19 => Self::PaddedDay,
            20..=22 => Self::UpperHost,
            23..=25 => Self::Port,
            26 => Self::CarriageReturn,
            27 => Self::QuotedReferer,
            28 => Self::QuotedAgent,
            _ => Self::None,
        }
    }
}

/// A request as it happened.
pub(super) struct TrialRequest {
    pub(super) second: i64,
    pub(super) client: Client,
    pub(super) path: Path,
    pub(super) method: &'static str,
    /// [`Protocol::Other`] is RTMP.
    pub(super) scheme: Protocol,
    /// The protocol word at the end of the line.
    pub(super) word: Option<Protocol>,
    pub(super) status: u16,
    pub(super) bytes: u64,
    pub(super) hit: bool,
    pub(super) oddity: Oddity,
}

/// Who asks: the same number is always the same client.
pub(super) struct Client {
    pub(super) address: u64,
    pub(super) kind: Address,
    pub(super) agent: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum Address {
    V4,
    V6,
    Masked,
}

impl Client {
    /// Clients of all domains together.
    const CLIENTS: u64 = 20_000;

    fn draw(rng: &mut Rng, seed: u64) -> Self {
        let mut own = Rng::seeded(&[OF_CLIENTS, seed, rng.below(Self::CLIENTS)]);
        let kind = match own.below(100) {
            0..=7 => Address::V6,
            8..=9 => Address::Masked,
            _ => Address::V4,
        };
        // The lesser of two indices: the first agents are the most common ones.
        let agent = own.index(AGENTS.len()).min(own.index(AGENTS.len()));
        Self { address: own.draw(), kind, agent: AGENTS[agent] }
    }
}

/// What is asked for: the same rank in a domain is always the same path.
pub(super) struct Path {
    pub(super) rank: u16,
    pub(super) kind: &'static Kind,
    pub(super) word: &'static str,
    pub(super) number: u64,
    pub(super) size: u64,
}

impl Path {
    fn new(site: &Site<'_>, rank: u16) -> Self {
        let mut own = Rng::seeded(&[OF_PATHS, site.seed, site.domain, u64::from(rank)]);
        let kind = own.pick(site.kinds);
        Self { rank, kind, word: own.pick(&WORDS), number: own.draw(), size: own.around(kind.median) }
    }
}

impl TrialRequest {
    pub(super) fn draw(rng: &mut Rng, site: &Site<'_>, second: i64, may_be_odd: bool) -> Self {
        let path = Path::new(site, site.popularity.rank(rng));
        let (scheme, word) = draw_protocol(rng);
        let rtmp = scheme == Protocol::Other;
        let oddity = if may_be_odd && !rtmp { Oddity::draw(rng) } else { Oddity::None };
        let method = if rtmp { "GET" } else { draw_method(rng) };
        let status = if rtmp { 200 } else { draw_status(rng, path.kind) };
        let hit = draw_hit(rng, path.rank, method, status);
        let bytes = match oddity {
            Oddity::NoSize => 0,
            _ => draw_bytes(rng, &path, method, status),
        };
        let word = match oddity {
            Oddity::PathOnly => rng.chance(5000).then_some(scheme),
            _ => word,
        };
        let client = Client::draw(rng, site.seed);
        Self { second, client, path, method, scheme, word, status, bytes, hit, oddity }
    }

    /// What the line says by the rules of the format: a protocol word is stronger than the scheme, and a
    /// path alone has none.
    pub(super) fn fact(&self) -> Fact {
        let scheme = if self.oddity == Oddity::PathOnly { Protocol::Other } else { self.scheme };
        let Self { second, bytes, status, hit, .. } = *self;
        Fact { second, bytes, protocol: self.word.unwrap_or(scheme), status, hit }
    }
}

/// The scheme, and the protocol word if there is one.
fn draw_protocol(rng: &mut Rng) -> (Protocol, Option<Protocol>) {
    let scheme = match rng.below(1000) {
        0 => return (Protocol::Other, None),
        1..=119 => Protocol::Http,
        _ => Protocol::Https,
    };
    match rng.below(100) {
        0..=2 if scheme == Protocol::Https => (scheme, Some(Protocol::Quic)),
        3 => (scheme, Some(scheme)),
        _ => (scheme, None),
    }
}

fn draw_method(rng: &mut Rng) -> &'static str {
    match rng.below(100) {
        0..=2 => "POST",
        3..=4 => "HEAD",
        5 => "OPTIONS",
        _ => "GET",
    }
}

fn draw_status(rng: &mut Rng, kind: &Kind) -> u16 {
    match rng.below(1000) {
        0..=39 => 304,
        40..=44 => 301,
        45..=54 => 302,
        55..=61 => 403,
        62..=81 => 404,
        82..=88 => 499,
        89..=90 => 500,
        91..=93 => 502,
        94..=95 => 503,
        96..=799 if kind.in_pieces => 206,
        _ => 200,
    }
}

/// Popular paths are nearly always there; what changes something or fails was asked of the origin.
fn draw_hit(rng: &mut Rng, rank: u16, method: &str, status: u16) -> bool {
    let hits = match rank {
        _ if method == "POST" || status >= 500 => 0,
        0..=63 => 9900,
        64..=511 => 9650,
        _ => 9000,
    };
    rng.chance(hits)
}

/// Response bytes, headers included.
fn draw_bytes(rng: &mut Rng, path: &Path, method: &str, status: u16) -> u64 {
    let headers = 280 + rng.below(400);
    let body = match status {
        _ if method == "HEAD" || method == "OPTIONS" => 0,
        200 => path.size,
        // Clients ask for pieces, and go away before the end.
        206 => path.size >> rng.below(6),
        499 => path.size >> (1 + rng.below(8)),
        304 => 0,
        _ => 150 + rng.below(1500),
    };
    headers + body
}
