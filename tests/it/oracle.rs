//! The slow, obvious reader of native log lines that checks the fast one: a few regular expressions, read
//! from the rules of the format, and a map.
//!
//! Shares with the library only the names of reasons and protocols. It remembers nothing between lines.

use chrono::NaiveDate;
use flowbook::record::{Protocol, Reason};
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a good line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rec {
    /// Unix seconds.
    pub(crate) time: i64,
    /// Normalised.
    pub(crate) domain: String,
    pub(crate) bytes: u64,
    pub(crate) protocol: Protocol,
    pub(crate) status: u16,
    pub(crate) hit: bool,
}

/// Reads one line, without its line end. `file_domain` is the domain in the file name.
pub(crate) fn parse(line: &[u8], file_domain: Option<&str>) -> Result<Rec, Reason> {
    let (time, after_time) = time(line).ok_or(Reason::BadTime)?;
    let request = if is_plain(line) { request(after_time)? } else { certain_request(after_time)? };
    // Request size, response size, cache result, everything else.
    let fields: Vec<&[u8]> = request.after_status.splitn(4, |b| *b == b' ').collect();
    let field = |n: usize| fields.get(n).copied().unwrap_or(b"");
    let bytes = size(field(1))?;
    let hit = match field(2) {
        b"HIT" => true,
        b"MISS" => false,
        _ => return Err(Reason::BadCache),
    };
    let (scheme, host) = target(request.method, request.url);
    let domain = match (host, file_domain) {
        (Some(host), _) => domain(host).ok_or(Reason::BadDomain)?,
        (None, Some(name)) => domain(name.as_bytes()).ok_or(Reason::BadDomain)?,
        (None, None) => return Err(Reason::NoDomain),
    };
    Ok(Rec { time, domain, bytes, protocol: protocol(field(3), scheme), status: request.status, hit })
}

/// All expressions take bytes as bytes, and a dot for any of them.
fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?s-u){pattern}")).unwrap()
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time stamp in unix seconds, and what follows it.
fn time(line: &[u8]) -> Option<(i64, &[u8])> {
    static STAMP: LazyLock<Regex> = LazyLock::new(|| {
        let date = r"([0-9]{1,2})/([A-Za-z]{3})/([0-9]{4})";
        let clock = r"([0-9]{2}):([0-9]{2}):([0-9]{2})";
        regex(&format!(r"^\[{date}:{clock} ([+-])([0-9]{{2}})([0-9]{{2}})\]"))
    });
    let found = STAMP.captures(line)?;
    let text = |n: usize| std::str::from_utf8(&found[n]).unwrap();
    let number = |n: usize| text(n).parse::<u32>().unwrap();
    let month = u32::try_from(1 + MONTHS.iter().position(|m| *m == text(2))?).unwrap();
    let date = NaiveDate::from_ymd_opt(number(3).cast_signed(), month, number(1))?;
    // A leap second counts in the minute that it ends.
    let second = if number(6) == 60 { 59 } else { number(6) };
    let local = date.and_hms_opt(number(4), number(5), second)?.and_utc().timestamp();
    let (hours, minutes) = (number(8), number(9));
    if hours > 23 || minutes > 59 {
        return None;
    }
    let east = i64::from(hours * 3600 + minutes * 60);
    let unix = if text(7) == "+" { local - east } else { local + east };
    Some((unix, &line[found[0].len()..]))
}

/// Whether a line is short and has its quotes where an entry has them, and brackets around its time stamp alone,
/// unless the second one stands so near to the first that no time stamp lies between, and no return outside of quotes.
fn is_plain(line: &[u8]) -> bool {
    static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
        let head = r#"\[(?:[^"\r]{0,59}|[^"\[\r]*)"[^"]*" "[^"]*" "#;
        let answer = r#"[0-9]{3} [^" ]* [^" ]* (?:HIT|MISS) "#;
        regex(&format!(r#"^{head}{answer}"[^"]*"(?: "[^"]*")?[^"\[\r]*$"#))
    });
    line.len() < 16384 && PLAIN.is_match(line)
}

/// The request of a line that may be read in several ways: that of the only way there is.
fn certain_request(text: &[u8]) -> Result<Request<'_>, Reason> {
    static ENTRY: LazyLock<Regex> = LazyLock::new(|| {
        let stamp = r#"\[[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[^"\[\]]*\]"#;
        regex(&format!(r#"^{stamp} [^" \[]+ [^" \[]+ [^" \[]+ ""#))
    });
    static END: LazyLock<Regex> = LazyLock::new(|| regex(r#"^" [0-9]{3}(?: |$)"#));
    static WHOLE: LazyLock<Regex> =
        LazyLock::new(|| regex(r#"^" ([0-9]{3}) [^ ]* ([0-9]+|-) (?:HIT|MISS)(?: |$)"#));
    static START: LazyLock<Regex> = LazyLock::new(|| regex(r#"^" "([A-Za-z_-]+) "#));
    let all = |wanted: u8| (0..text.len()).filter(move |at| text[*at] == wanted);
    if all(b'[').any(|at| ENTRY.is_match(&text[at..])) {
        return Err(Reason::Welded);
    }
    let starts: Vec<(&[u8], usize)> = all(b'"')
        .filter_map(|at| START.captures(&text[at..]).map(|c| (c.get(1).unwrap().as_bytes(), at + c[0].len())))
        .collect();
    let Some((_, first)) = starts.first() else { return Err(Reason::BadRequest) };
    let ends: Vec<usize> = all(b'"').filter(|at| at >= first && END.is_match(&text[*at..])).collect();
    let is_whole = |at: &usize| WHOLE.captures(&text[*at..]).is_some_and(|c| size(&c[2]).is_ok());
    let whole: Vec<usize> = ends.iter().copied().filter(is_whole).collect();
    match *whole {
        [] => request(text),
        [end] if end == ends[0] => {
            let mut ways: Vec<_> = starts.iter().filter(|(_, url)| *url <= end).collect();
            let told = |(method, url): &(&[u8], usize)| {
                let (scheme, host) = target(method, &text[*url..end]);
                (protocol(b"", scheme), host.map(<[u8]>::to_vec))
            };
            if ways.iter().any(|way| text[way.1] == b'/' || told(way).1.is_some()) {
                ways.retain(|way| text[way.1] == b'/' || told(way).1.is_some());
                if ways.iter().any(|way| told(way) != told(ways[0])) {
                    return Err(Reason::Ambiguous);
                }
            }
            let (method, url) = ways.last().unwrap();
            let status = std::str::from_utf8(&text[end + 2..end + 5]).unwrap().parse().unwrap();
            let after_status = text.get(end + 6..).unwrap_or_default();
            Ok(Request { method, url: &text[*url..end], status, after_status })
        }
        _ => Err(Reason::Ambiguous),
    }
}

struct Request<'a> {
    method: &'a [u8],
    url: &'a [u8],
    status: u16,
    after_status: &'a [u8],
}

/// The first place that looks like a request with a status behind it, whatever quotes stand around.
fn request(text: &[u8]) -> Result<Request<'_>, Reason> {
    static METHOD_AND_URL: LazyLock<Regex> = LazyLock::new(|| regex(r#"^" "([A-Za-z_-]+) (.*?)" "#));
    static STATUS: LazyLock<Regex> = LazyLock::new(|| regex("^([0-9]{3})(?: |$)"));
    let mut reason = Reason::BadRequest;
    for place in 0..text.len() {
        if !text[place..].starts_with(b"\" \"") {
            continue;
        }
        let Some(head) = METHOD_AND_URL.captures(&text[place..]) else { continue };
        let after_url = &text[place + head[0].len()..];
        if let Some(found) = STATUS.captures(after_url) {
            let status = std::str::from_utf8(&found[1]).unwrap().parse().unwrap();
            let [method, url] = [1, 2].map(|n| head.get(n).unwrap().as_bytes());
            return Ok(Request { method, url, status, after_status: &after_url[found[0].len()..] });
        }
        reason = Reason::BadStatus;
    }
    Err(reason)
}

/// A response size in bytes.
fn size(text: &[u8]) -> Result<u64, Reason> {
    if text == b"-" {
        return Ok(0);
    }
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Reason::BadSize);
    }
    let digit = |b: &u8| u128::from(b - b'0');
    let value = text.iter().fold(0_u128, |value, b| value.saturating_mul(10).saturating_add(digit(b)));
    if value > 1 << 50 { Err(Reason::HugeSize) } else { Ok(u64::try_from(value).unwrap()) }
}

/// Scheme and host, where a request has them: that of a tunnel is all of its URL.
fn target<'a>(method: &[u8], url: &'a [u8]) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
    static AUTHORITY: LazyLock<Regex> = LazyLock::new(|| regex("^[^/]*:[^/]*$"));
    match scheme_and_host(url) {
        (scheme, None)
            if method.eq_ignore_ascii_case(b"CONNECT") && url.len() <= 300 && AUTHORITY.is_match(url) =>
        {
            (scheme, Some(url))
        }
        told => told,
    }
}

/// The two parts of a URL that count, where it has them.
fn scheme_and_host(url: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    static URL: LazyLock<Regex> = LazyLock::new(|| regex("^([A-Za-z0-9+.-]+)://([^/?#]*)"));
    let Some(found) = URL.captures(url) else { return (None, None) };
    let [scheme, host] = [1, 2].map(|n| found.get(n).unwrap().as_bytes());
    let no_host = host.is_empty() || host.starts_with(b":");
    (Some(scheme), if no_host { None } else { Some(host) })
}

/// Words behind the last quote go before the scheme.
fn protocol(after_cache: &[u8], scheme: Option<&[u8]>) -> Protocol {
    let unquoted = after_cache.rsplit(|b| *b == b'"').next().unwrap();
    let has = |word: &[u8]| {
        unquoted.split(|b| *b == b' ' || *b == b'\t').any(|found| found.eq_ignore_ascii_case(word))
    };
    let scheme = scheme.unwrap_or_default().to_ascii_lowercase();
    match scheme.as_slice() {
        _ if has(b"quic") => Protocol::Quic,
        _ if has(b"https") => Protocol::Https,
        _ if has(b"http") => Protocol::Http,
        b"https" => Protocol::Https,
        b"http" => Protocol::Http,
        _ => Protocol::Other,
    }
}

/// The normal form of a host: lower case, no user, no port, no dot at the end; other scripts as Punycode.
fn domain(host: &[u8]) -> Option<String> {
    static PORT_OR_DOT: LazyLock<Regex> = LazyLock::new(|| regex(r"^([^:]*|.*\]):[0-9]*$|^(.*)\.$"));
    static NAME: LazyLock<Regex> = LazyLock::new(|| regex(r"^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$"));
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| regex(r"^\[?([0-9a-f:.]*:[0-9a-f:.]*)\]?$"));
    let bare = |mut name: Vec<u8>| {
        while let Some(found) = PORT_OR_DOT.captures(&name) {
            name = found.get(1).or(found.get(2)).unwrap().as_bytes().to_vec();
        }
        name
    };
    let mut name = bare(host.rsplit(|b| *b == b'@').next().unwrap().to_vec());
    if !name.is_ascii() {
        name = bare(idna::domain_to_ascii(std::str::from_utf8(&name).ok()?).ok()?.into_bytes());
    }
    let name = name.to_ascii_lowercase();
    let address = || {
        let text = std::str::from_utf8(ADDRESS.captures(&name)?.get(1)?.as_bytes()).ok()?;
        let closed = name.starts_with(b"[") == name.ends_with(b"]");
        text.parse::<std::net::Ipv6Addr>().ok().filter(|_| closed)
    };
    let is_domain = NAME.is_match(&name) || address().is_some();
    if is_domain && name.len() <= 253 { String::from_utf8(name).ok() } else { None }
}

/// Usage by domain and window (unix seconds / 300), in the order of `Usage::fields`.
pub(crate) type Table = BTreeMap<(String, u32), [u64; 9]>;

/// What became of the lines of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) lines: u64,
    pub(crate) accepted: u64,
    /// Good lines of a time that has no window.
    pub(crate) before_1970: u64,
    pub(crate) blank: u64,
    /// Lines that the format says are no entries: the native one has none.
    pub(crate) skipped: u64,
    /// Bytes of the accepted lines.
    pub(crate) traffic: u128,
    /// Number (from 1) and reason of every rejected line, in order.
    pub(crate) rejects: Vec<(u64, Reason)>,
}

/// The lines of a text, without their ends: what line feeds end, what carriage returns end that an entry or nothing
/// follows, or that stand before or behind an entry, and what begins behind the last quote of an entry.
pub(crate) fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| regex(r"\[[0-9]{1,2}/"));
    let mut found = Vec::new();
    for line in text.split_inclusive(|b| *b == b'\n') {
        let open = !line.ends_with(b"\n");
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if is_plain(without_returns(line)) {
            found.push(without_returns(line).to_vec());
            continue;
        }
        let mut pieces: Vec<&[u8]> = Vec::new();
        let (mut from, mut at) = (0, 0);
        while at < line.len() {
            let next = (line.get(at + 1), line.get(at + 2));
            let ends = match next {
                (Some(b'['), Some(digit)) => digit.is_ascii_digit(),
                (None, _) => open,
                _ => false,
            };
            if line[at] == b'\r' && ends {
                // Of a line that is too long, a return at the end of the text counts.
                let len = at + usize::from(next.0.is_none()) - from;
                pieces.extend(parted(&line[from..from + len]));
                from = at + 1;
            }
            at += 1;
        }
        if from == 0 || from < line.len() {
            pieces.extend(parted(&line[from..]));
        }
        for piece in pieces {
            if let Some(entries) = welded(piece) {
                found.extend(entries);
                continue;
            }
            let quote = piece.iter().rposition(|b| *b == b'"').filter(|_| piece.starts_with(b"["));
            let mut from = 0;
            if let Some(quote) = quote {
                for start in BEHIND.find_iter(&piece[quote + 1..]).map(|found| quote + 1 + found.start()) {
                    found.push(piece[from..start].to_vec());
                    from = start;
                }
            }
            found.push(piece[from..].to_vec());
        }
    }
    found
}

/// A text without the returns at its end.
fn without_returns(text: &[u8]) -> &[u8] {
    &text[..text.iter().rposition(|b| *b != b'\r').map_or(0, |at| at + 1)]
}

/// What returns end at the start of a line, and behind six quotes or eight, ten, ...; all of a line that is too long.
fn parted(line: &[u8]) -> Vec<&[u8]> {
    if line.len() > 1 << 20 {
        return vec![line];
    }
    let line = without_returns(line);
    let (mut pieces, mut from) = (Vec::new(), 0);
    for at in 0..line.len() {
        if line[at] != b'\r' || at < from {
            continue;
        }
        let quotes = line[from..at].split(|b| *b == b'"').count() - 1;
        let behind = at + line[at..].iter().take_while(|b| **b == b'\r').count();
        if at == from || (quotes >= 6 && quotes.is_multiple_of(2) && line[behind] != b'"') {
            pieces.push(&line[from..at]);
            from = behind;
        }
    }
    pieces.push(&line[from..]);
    pieces
}

/// Several entries of the usual shape, one behind the other, for the same host.
fn welded(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    static HEAD: LazyLock<Regex> = LazyLock::new(|| {
        regex(r#"^\[[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[^"\[\]]*\] [^" \[]+ [^" \[]+ [^" \[]+ ""#)
    });
    let mut places: Vec<usize> =
        (1..line.len()).filter(|at| line[*at] == b'[' && HEAD.is_match(&line[*at..])).collect();
    places.insert(0, 0);
    places.push(line.len());
    let entries: Vec<&[u8]> = places.windows(2).map(|pair| &line[pair[0]..pair[1]]).collect();
    let hosts: Option<Vec<_>> = entries
        .iter()
        .map(|entry| {
            let request = request(entry).ok().filter(|_| is_plain(entry))?;
            Some(target(request.method, request.url).1.map(<[u8]>::to_ascii_lowercase))
        })
        .collect();
    let is_one = |hosts: Vec<_>| hosts.len() > 1 && hosts.iter().all(|host| *host == hosts[0]);
    hosts.is_some_and(is_one).then(|| entries.into_iter().map(<[u8]>::to_vec).collect())
}

/// Reads a whole text. Its last line may lack its end.
pub(crate) fn aggregate(text: &[u8], file_domain: Option<&str>) -> (Table, Tally) {
    let (mut table, mut tally) = (Table::new(), Tally::default());
    for line in lines(text) {
        tally.lines += 1;
        let line = line.as_slice();
        if line.len() > 1 << 20 {
            tally.rejects.push((tally.lines, Reason::TooLong));
            continue;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            tally.blank += 1;
            continue;
        }
        match parse(line, file_domain) {
            Err(_) if is_marred(line) => {
                tally.lines -= 1;
                let left = without_marks(line);
                let left =
                    left.iter().flat_map(|left| if left.is_empty() { vec![Vec::new()] } else { lines(left) });
                for left in left {
                    tally.lines += 1;
                    if left.iter().all(u8::is_ascii_whitespace) {
                        tally.blank += 1;
                    } else {
                        add(parse(&left, file_domain), &mut table, &mut tally);
                    }
                }
            }
            parsed => add(parsed, &mut table, &mut tally),
        }
    }
    let without_record = tally.rejects.len() as u64 + tally.blank + tally.skipped;
    assert_eq!(tally.lines, tally.accepted + tally.before_1970 + without_record);
    (table, tally)
}

fn add(parsed: Result<Rec, Reason>, table: &mut Table, tally: &mut Tally) {
    match parsed {
        Err(reason) => tally.rejects.push((tally.lines, reason)),
        Ok(rec) if rec.time < 0 => tally.before_1970 += 1,
        Ok(rec) => {
            tally.accepted += 1;
            tally.traffic += u128::from(rec.bytes);
            count(table, &rec);
        }
    }
}

fn is_marred(line: &[u8]) -> bool {
    line.contains(&0) || line.starts_with(b"\xef\xbb\xbf")
}

/// The lines that are left without byte-order marks and NULs before entries, and without NULs at the end. Returns among these
/// end nothing.
fn without_marks(line: &[u8]) -> Vec<Vec<u8>> {
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:[\x00\r]|\xef\xbb\xbf)+"));
    static BETWEEN: LazyLock<Regex> = LazyLock::new(|| regex(r"\x00(?:[\x00\r]|\xef\xbb\xbf)*(\[[0-9])"));
    static BEHIND: LazyLock<Regex> = LazyLock::new(|| regex(r"\x00(?:[\x00\r]|\xef\xbb\xbf)*$"));
    // No newline is in a line: it can stand for a border.
    let line = BEFORE.replace(line, &b""[..]);
    let line = BEHIND.replace(&line, &b""[..]);
    let line = BETWEEN.replace_all(&line, &b"\n$1"[..]);
    line.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect()
}

fn count(table: &mut Table, rec: &Rec) {
    let window = u32::try_from(rec.time / 300).unwrap();
    let fields = table.entry((rec.domain.clone(), window)).or_default();
    fields[0] += rec.bytes;
    match rec.protocol {
        Protocol::Http => fields[1] += 1,
        Protocol::Https => fields[2] += 1,
        Protocol::Quic => fields[3] += 1,
        Protocol::Other => fields[4] += 1,
    }
    if rec.hit {
        fields[5] += 1;
        fields[6] += rec.bytes;
    }
    if (400..500).contains(&rec.status) {
        fields[7] += 1;
    }
    if (500..600).contains(&rec.status) {
        fields[8] += 1;
    }
}

/// Adds the usage of another text.
pub(crate) fn merge(sum: &mut Table, more: Table) {
    for (key, fields) in more {
        let cell = sum.entry(key).or_default();
        for (field, more) in cell.iter_mut().zip(fields) {
            *field += more;
        }
    }
}

#[test]
fn the_oracle_reads_the_documented_line() {
    let line = br#"[9/Jun/2015:01:58:09 +0800] 10.10.10.10 - 1542 "-" "GET http://www.example.com/index.html" 200 191 2830 MISS "Mozilla/5.0 (compatible)" "text/html""#;
    let expected = Rec {
        time: 1_433_786_289,
        domain: "www.example.com".into(),
        bytes: 2830,
        protocol: Protocol::Http,
        status: 200,
        hit: false,
    };
    assert_eq!(parse(line, None), Ok(expected));
    let (table, tally) = aggregate(line, None);
    let cell = (("www.example.com".to_string(), 4_779_287), [2830, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(table.into_iter().collect::<Vec<_>>(), [cell]);
    assert_eq!(tally, Tally { lines: 1, accepted: 1, traffic: 2830, ..Tally::default() });
}
