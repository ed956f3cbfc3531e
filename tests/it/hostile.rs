//! Generators of native log lines that are mostly good and sometimes hostile, in every piece.
//!
//! Knows nothing of what a line means: the oracle says that.

use proptest::prelude::*;
use proptest::sample::{Index, select};

type Words = &'static [&'static [u8]];

fn one_of(words: Words) -> impl Strategy<Value = Vec<u8>> {
    select(words).prop_map(<[u8]>::to_vec)
}

/// Mostly a word of `good`, seldom one of `odd`, very seldom any bytes. Kept seldom, because a line has
/// some twenty pieces, and one hostile piece at a time finds most.
fn piece(good: Words, odd: Words) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        100 => one_of(good),
        4 => one_of(odd),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ]
}

fn joined<const N: usize>(pieces: &[Vec<u8>; N]) -> Vec<u8> {
    pieces.concat()
}

/// A time that exists. Few values, so that it often shares a minute, an hour or a day with the line before.
fn good_stamp() -> impl Strategy<Value = Vec<u8>> {
    let day = one_of(&[b"9", b"09", b"10", b"28"]);
    let month = one_of(&[b"Jan", b"Feb", b"Mar", b"Jun", b"Jul", b"Dec"]);
    let year = one_of(&[b"2016", b"2016", b"2015", b"1970", b"1969"]);
    let clock = one_of(&[
        b"08:00:00",
        b"08:00:01",
        b"08:00:59",
        b"08:00:60",
        b"08:04:59",
        b"08:05:00",
        b"00:00:00",
        b"23:59:60",
    ]);
    let zone = one_of(&[b"+0800", b"+0800", b"+0000", b"-0000", b"-0330", b"+0545", b"+2359", b"-2359"]);
    (day, month, year, clock, zone).prop_map(|(day, month, year, clock, zone)| {
        let slash = || b"/".to_vec();
        let (colon, space) = (b":".to_vec(), b" ".to_vec());
        let (open, close) = (b"[".to_vec(), b"]".to_vec());
        joined(&[open, day, slash(), month, slash(), year, colon, clock, space, zone, close])
    })
}

/// A time of hostile pieces.
fn odd_stamp() -> impl Strategy<Value = Vec<u8>> {
    let day = piece(
        &[b"9", b"09", b"28", b"29", b"31"],
        &[b"0", b"00", b"30", b"32", b"009", b"+9", b" 9", b"9 ", b"", b"x", b"\xd9\xa9"],
    );
    let month = piece(
        &[b"Jan", b"Mar", b"May", b"Jul", b"Aug", b"Oct", b"Dec", b"Feb", b"Apr", b"Jun", b"Sep", b"Nov"],
        &[b"jan", b"JAN", b"Sept", b"June", b"Ja", b"", b"06", b"Mai", b"Ja\x00", b"J\xe4n", b"Foo"],
    );
    let year = piece(
        &[b"2016", b"2015", b"2024", b"2100", b"1970"],
        &[b"1969", b"0000", b"0001", b"9999", b"16", b"02016", b"20 6", b"-016", b"", b"201a"],
    );
    let hour = piece(&[b"08", b"08", b"00", b"23"], &[b"24", b"8", b"", b"0a", b"008", b"-8"]);
    let minute = || piece(&[b"00", b"00", b"04", b"05", b"59"], &[b"60", b"5", b"", b"0x", b"+5", b"005"]);
    let second = piece(&[b"00", b"09", b"59", b"60"], &[b"61", b"99", b"9", b"", b"5.", b"\xff0"]);
    let zone = piece(
        &[b"+0800", b"+0800", b"+0000", b"-0000", b"-0330", b"+0545", b"+2359", b"-2359"],
        &[
            b"+2400", b"+0860", b"0800", b"+08:00", b"Z", b"+800", b"+08000", b" 0800", b"+080x", b"",
            b"~0800",
        ],
    );
    let open = piece(&[b"["], &[b"", b" [", b"[[", b"(", b"\"[", b"\xef\xbb\xbf["]);
    let close = piece(&[b"]"], &[b"", b")", b" ]", b"]]", b"]\" \"GET http://early.com/\" 200 1 5 HIT"]);
    let mark = |good: Words| piece(good, &[b"", b" ", b":", b"/", b"-", b"::"]);
    let date = (open, day, mark(&[b"/"]), month, mark(&[b"/"]), year)
        .prop_map(|(a, b, c, d, e, f)| joined(&[a, b, c, d, e, f]));
    let clock = (hour, mark(&[b":"]), minute(), mark(&[b":"]), second, mark(&[b" "]))
        .prop_map(|(a, b, c, d, e, f)| joined(&[a, b, c, d, e, f]));
    (date, mark(&[b":"]), clock, zone, close).prop_map(|(a, b, c, d, e)| joined(&[a, b, c, d, e]))
}

/// What quoted fields hold: everything that looks like the end of a field, or like a request.
const QUOTED: Words = &[
    b"\"",
    b"\" \"",
    b"\" \"\" \"",
    b"a\"b",
    b"a\" b\"c",
    b"\\\"",
    b"\x00",
    b"\xff\xfe",
    b"\xe4\xb8\xad\xe6\x96\x87",
    b"\x1f\x8b\x08",
    b"\r",
    b"\t",
    b"x\" \"GET http://fake.com/\" 200 1 7 HIT",
    b"x\" \"GET http://fake.com/\" 200 1 7 HIT \"",
    b"x\" \"GET http://fake.com/\" 20",
    b"x\" \"GET http://fake.com/",
    b"x\" \"GET /fake\" 404",
    b"x\" \"GET \" 200 1 3 MISS",
    b"x\" \"GET\" 200 1 3 MISS",
    b"x\" \"-\" \"",
    b"\" \"a b\" 2000 ",
    b"\" \"a b\" 200",
    b"\" quic \"",
    b"200 1 5 HIT",
];

const URLS: Words = &[
    b"",
    b"/",
    b"-",
    b"//www.a.com/",
    b"://www.a.com/",
    b"http:/www.a.com/",
    b"http//www.a.com/",
    b"http:///path",
    b"http://?q",
    b"http://#f",
    b"http://:80/",
    b"https://:443",
    b"http:// www.a.com/",
    b" http://www.a.com/",
    b"ht_tp://www.a.com/",
    b"/go?to=http://b.com/",
    b"www.a.com/?to=http://b.com/",
    b"http://http://b.com/",
    b"http:\\\\b.com\\",
];

/// Hosts with ports, dots, brackets and what no host holds.
const ODD_HOSTS: Words = &[
    b"",
    b":80",
    b":",
    b".",
    b"..:80",
    b"a.com:",
    b"a.com..:443.",
    b"a.com:80:90",
    b"a:b",
    b"a.com:8x",
    b"a.com.:80.:8",
    b"[2001:DB8::1]",
    b"[2001:DB8::1]:443",
    b"[::1].:443",
    b"2001:db8::1",
    b"]:1",
    b"[]",
    b"a:]:1",
    b"u@a.com",
    b"u:p@a.com",
    b"a b.com",
    b"a\tb",
    b"a\"b",
    b"a\x00b",
    b"a\x7f",
    b"~!a",
    b"m\xc3\xbcnchen.de",
    b"\xff",
    b"\r",
];

fn url() -> impl Strategy<Value = Vec<u8>> {
    let scheme = piece(
        &[b"http", b"http", b"https", b"HTTP", b"HttpS", b"rtmp"],
        &[b"quic", b"h2+x.-1", b"httpss", b"", b"ws", b"ht tp", b"http\x00", b"\xff", b"-"],
    );
    let colon = piece(&[b"://"], &[b"", b":/", b"//", b":", b":// ", b":///", b":://"]);
    let host = piece(
        &[b"www.a.com", b"www.a.com", b"WWW.A.com", b"b.com", b"a.com:80", b"a.com.", b"10.0.0.1"],
        ODD_HOSTS,
    );
    let long = (250..260_usize, one_of(&[b"", b".", b":80", b".:1.", b"/", b"?"]))
        .prop_map(|(len, end)| joined(&[vec![b'A'; len], end]));
    let host = prop_oneof![40 => host, 1 => long];
    let path = piece(
        &[b"/", b"/index.html", b"", b"?x=1", b"/a?b#c"],
        &[
            b"#f",
            b"/a b",
            b"/a\"b",
            b"/a\" b",
            b"/\" 200 1 9 HIT",
            b"/\" 20 1 9 HIT",
            b"/\" \"GET http://b.com/",
            b"/\xff\xfe\x00",
            b"/?u=http://b.com/",
            b"/ HTTP/1.1",
            b"/\\\"",
        ],
    );
    let whole = (scheme, colon, host, path).prop_map(|(a, b, c, d)| joined(&[a, b, c, d]));
    prop_oneof![20 => whole, 2 => piece(&[b"/js/a.js"], URLS), 1 => one_of(URLS)]
}

fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = piece(
        &[b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS", b"CONNECT", b"M-SEARCH", b"a_b"],
        &[b"", b"-", b"_", b"G ET", b"GET1", b"GET\t", b" GET", b"G\x00T", b"\xff", b"\"GET", b"GET "],
    );
    let space = piece(&[b" "], &[b"", b"  ", b"\t", b"\" \""]);
    (method, space, url()).prop_map(|(a, b, c)| joined(&[a, b, c]))
}

/// Sizes too high, and words in their place.
const ODD_SIZES: Words = &[
    b"1125899906842625",
    b"2000000000000000",
    b"18446744073709551615",
    b"18446744073709551616",
    b"18446744073709551617",
    b"340282366920938463463374607431768211457",
    b"9999999999999999999999999999999999999999999",
    b"00000000000000000000000000000000000000000007",
    b"",
    b" ",
    b"--",
    b"-1",
    b"+1",
    b"1.5",
    b"1,000",
    b"0x10",
    b"1e3",
    b"max",
    b"5x",
    b"x5",
    b"5\t",
    b"\t5",
    b"/",
    b":",
    b"123456789:",
    b"12345678/",
    b"\xb1",
    b"\xd9\xa1",
    b"\x00",
];

/// Status, request size, response size and cache result.
fn figures() -> impl Strategy<Value = Vec<u8>> {
    let status = piece(
        &[b"200", b"206", b"304", b"404", b"499", b"500", b"599", b"000", b"999"],
        &[b"", b"-", b"20", b"2000", b"2x0", b" 200", b"200\t", b"\"200\"", b"200,", b"-20", b"\xd9\xa2"],
    );
    let request_size = piece(&[b"191", b"0"], &[b"", b"-", b"x", b"\"", b"a\tb", b"\xff"]);
    let size = piece(&[b"2830", b"0", b"1", b"-", b"20516390", b"00012", b"1125899906842624"], ODD_SIZES);
    let cache = piece(
        &[b"HIT", b"MISS"],
        &[b"", b"-", b"hit", b"Miss", b"HITS", b"HI", b"MIS", b"TCP_HIT", b"HIT\t", b"MISS\"", b"HIT\x00"],
    );
    let space = || piece(&[b" "], &[b"", b"  ", b"\t", b" \t", b"   "]);
    (status, space(), request_size, space(), size, space(), cache)
        .prop_map(|(a, b, c, d, e, f, g)| joined(&[a, b, c, d, e, f, g]))
}

/// User agent, content type and what follows.
fn tail() -> impl Strategy<Value = Vec<u8>> {
    let agent = piece(
        &[b" \"Mozilla/5.0 (compatible; +http://b.com/robot/)\"", b" \"-\"", b" \"\"", b""],
        &[b" \"quic\"", b" \"half", b" quic", b"\"x\"", b" \" http \""],
    );
    let inside = piece(&[b""], QUOTED);
    let kind = piece(
        &[b" \"text/html\"", b" \"text/html; charset=utf-8\"", b" \" \"", b""],
        &[b" text/html", b" \"https", b"\"", b" https \"x\"", b"quic"],
    );
    let words = prop::collection::vec(
        piece(
            &[b" 1.1.1.1", b" quic", b" https", b" http", b" QUIC", b"\thttpS", b" DYNAMIC", b" "],
            &[
                b" quic,",
                b" xquic",
                b"quic",
                b" \"quic\"",
                b"\t\tquic\t",
                b" http\x00",
                b" \"",
                b"\rquic",
                b" quic\x0c",
            ],
        ),
        0..4,
    );
    (agent, inside, kind, words).prop_map(|(a, b, c, d)| joined(&[a, b, c, d.concat()]))
}

fn whole() -> impl Strategy<Value = Vec<u8>> {
    let clients = piece(
        &[b" 10.10.10.10 - 1542 ", b" 139.224.XXX.XXX - 0 ", b" 2001:db8::1 10.0.0.1 7 "],
        &[b"", b" ", b"-", b" a \"b\" c ", b" \xff\x00 ", b" \"", b" \" \"x y\" 1 "],
    );
    let referer = (
        piece(&[b"\""], &[b"", b"\"\"", b"'"]),
        piece(&[b"-", b"_", b"", b"http://b.com/a?b=c"], QUOTED),
        piece(&[b"\" \""], &[b"", b"\"", b" ", b"\"  \"", b"\"\"", b"\" ", b" \""]),
    );
    let after_request = piece(&[b"\" "], &[b"", b"\"", b" ", b"\"  ", b"\"\t", b"\"\" ", b" HTTP/1.1\" "]);
    let stamp = prop_oneof![8 => good_stamp(), 1 => odd_stamp()];
    (stamp, clients, referer, request(), after_request, figures(), tail()).prop_map(
        |(stamp, clients, (open, referer, close), request, end, figures, tail)| {
            joined(&[stamp, clients, open, referer, close, request, end, figures, tail])
        },
    )
}

/// A blow to a line.
#[derive(Clone, Debug)]
enum Blow {
    Truncate(Index),
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    /// The bytes between two places, once more.
    Repeat(Index, Index),
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![3 => select(&b"\" \t\r\0\x7f\x80\xff/:.]-+09aZ"[..]), 1 => any::<u8>()]
}

fn blow() -> impl Strategy<Value = Blow> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Blow::Truncate),
        (at(), byte()).prop_map(|(a, b)| Blow::Set(a, b)),
        (at(), prop::collection::vec(byte(), 1..4)).prop_map(|(a, b)| Blow::Insert(a, b)),
        (at(), one_of(QUOTED)).prop_map(|(a, b)| Blow::Insert(a, b)),
        (at(), 1..5_usize).prop_map(|(a, n)| Blow::Remove(a, n)),
        (at(), at()).prop_map(|(a, b)| Blow::Repeat(a, b)),
    ]
}

fn struck(mut line: Vec<u8>, blows: Vec<Blow>) -> Vec<u8> {
    for blow in blows {
        let place = |index: Index| index.index(line.len() + 1);
        match blow {
            Blow::Truncate(at) => line.truncate(place(at)),
            Blow::Insert(at, bytes) => drop(line.splice(place(at)..place(at), bytes)),
            Blow::Set(at, byte) => {
                let at = place(at);
                line.splice(at..line.len().min(at + 1), [byte]);
            }
            Blow::Remove(at, bytes) => {
                let at = place(at);
                line.drain(at..line.len().min(at + bytes));
            }
            Blow::Repeat(a, b) => {
                let (a, b) = (place(a).min(place(b)), place(a).max(place(b)));
                let again = line[a..b].to_vec();
                line.splice(b..b, again);
            }
        }
    }
    line
}

/// A line, good or not, that may hold any byte but a line feed.
pub(crate) fn line() -> impl Strategy<Value = Vec<u8>> {
    let blows = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(blow(), 1..4)];
    // Entries that stand on one line, with what may part them.
    let between = one_of(&[b"", b"", b"\r", b"\r\r", b" 1.1.1.1 ", b"\rx\r"]);
    let more = prop_oneof![9 => Just(Vec::new()), 1 => (between, whole()).prop_map(|(a, b)| joined(&[a, b]))];
    (whole(), more, blows).prop_map(|(line, more, blows)| {
        let mut line = struck(joined(&[line, more]), blows);
        line.retain(|b| *b != b'\n');
        line
    })
}

/// Some text: lines, blank lines, every line end, often none at the end.
pub(crate) fn text(max_lines: usize) -> impl Strategy<Value = Vec<u8>> {
    let blank = one_of(&[b"", b" ", b"\t \x0c", b"\r", b"\x0b", b"\0"]);
    let line = prop_oneof![8 => line(), 1 => blank];
    let end = one_of(&[b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b"\r\r\n"]);
    let last = one_of(&[b"\n", b"\r\n", b""]);
    (prop::collection::vec((line, end), 0..max_lines), last).prop_map(|(lines, last)| {
        let mut text = Vec::new();
        for (at, (line, end)) in lines.iter().enumerate() {
            text.extend(line);
            text.extend(if at + 1 == lines.len() { &last } else { end });
        }
        text
    })
}
