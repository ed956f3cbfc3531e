//! Real lines: what production systems and the vendor's documents hold, good and dirty, with the outcome of
//! each line as read by hand.

use crate::logs::{Logs, encode};
use crate::oracle;
use flowbook::codec::Codec;
use flowbook::domain::Domain;
use flowbook::log::Format;
use flowbook::record::Protocol::{Http, Https, Other};
use flowbook::record::Reason::{BadRequest, BadSize, BadTime, NoDomain};
use flowbook::record::{CacheResult, Protocol, Reason};
use flowbook::time::{Window, iso};

/// Domain, window, bytes, protocol, status, hit.
type Outcome = Result<(&'static str, &'static str, u64, Protocol, u16, bool), Reason>;

const REAL: &[u8] = include_bytes!("../../data/samples/alibaba/real_and_documented.log");
const MALFORMED: &[u8] = include_bytes!("../../data/samples/alibaba/malformed_and_other.log");
const DIRTY: &[u8] = include_bytes!("../../data/samples/alibaba/dirty_sizes.log");

const HIT: bool = true;
const MISS: bool = false;

/// Compares line by line with what was read by hand, and with the oracle.
fn check(text: &[u8], file_domain: Option<&str>, expected: &[Outcome]) {
    let mut parser = Format::Alibaba.parser();
    parser.prepare(text);
    let lines: Vec<&[u8]> = text.strip_suffix(b"\n").unwrap().split(|b| *b == b'\n').collect();
    assert_eq!(lines.len(), expected.len());
    for (number, (line, expected)) in (1..).zip(lines.into_iter().zip(expected)) {
        let found = parser.parse(line).and_then(|record| {
            let r = record.expect("no line is skipped");
            let host = r.host.or(file_domain.map(str::as_bytes)).ok_or(Reason::NoDomain)?;
            let (domain, window) = (Domain::new(host).unwrap().to_string(), Window::holding(r.time).unwrap());
            Ok((domain, window, r.bytes, r.protocol, r.status.unwrap(), r.cache == CacheResult::Hit))
        });
        let slow = oracle::parse(line, file_domain)
            .map(|r| (r.domain, Window::holding(r.time).unwrap(), r.bytes, r.protocol, r.status, r.hit));
        assert_eq!(found, slow, "line {number}");
        let found = found.as_ref().map_err(|reason| *reason);
        let start = found.map(|r| iso(r.1.start())).unwrap_or_default();
        let found = found.map(|r| (r.0.as_str(), start.as_str(), r.2, r.3, r.4, r.5));
        assert_eq!(found, *expected, "line {number}");
    }
}

fn real(path_only: Outcome) -> [Outcome; 17] {
    let documented = Ok(("www.aliyun.com", "2015-06-08T17:55:00Z", 2830, Http, 200, MISS));
    [
        Ok(("cloud.insta360.com", "2016-03-08T16:00:00Z", 20_516_390, Http, 206, HIT)),
        Ok(("cloud.insta360.com", "2016-03-08T16:55:00Z", 5_290_084, Http, 206, HIT)),
        Ok(("hlscdn-sz.qukanvideo.com", "2016-06-02T03:35:00Z", 445_040, Http, 200, MISS)),
        Ok(("recordcdn.quklive.com", "2016-12-12T03:55:00Z", 1_066_762, Http, 206, MISS)),
        Ok(("recordcdn.quklive.com", "2016-12-12T03:55:00Z", 1_236_679, Http, 200, HIT)),
        Ok(("play-a.quklive.com", "2017-07-11T02:55:00Z", 1134, Http, 200, MISS)),
        Ok(("play-a.quklive.com", "2017-07-03T10:10:00Z", 620_999, Other, 200, HIT)),
        Ok(("live.llkeji.com", "2017-11-06T16:10:00Z", 436, Other, 200, HIT)),
        Ok(("chs.luxsens.com", "2017-12-25T02:45:00Z", 62_451, Https, 200, MISS)),
        path_only,
        Ok(("www.xiexianbin.cn", "2022-05-16T16:10:00Z", 7315, Https, 302, MISS)),
        Ok(("cdn.aliyun.cn", "2025-01-08T12:15:00Z", 978, Http, 403, MISS)),
        Ok(("cdn.aliyun.cn", "2025-01-08T12:15:00Z", 1143, Http, 200, HIT)),
        documented,
        documented,
        documented,
        documented,
    ]
}

#[test]
fn real_and_documented_lines() {
    check(REAL, None, &real(Err(NoDomain)));
    let named = Ok(("from.name.com", "2020-04-15T11:55:00Z", 2555, Other, 200, HIT));
    check(REAL, Some("from.name.com"), &real(named));
}

#[test]
fn malformed_lines() {
    let outcomes = [BadTime, BadTime, BadRequest, BadRequest, BadTime, BadTime, BadRequest].map(Err);
    check(MALFORMED, None, &outcomes);
    check(MALFORMED, Some("from.name.com"), &outcomes);
}

#[test]
fn dirty_sizes() {
    let good = |start, bytes| Ok(("www.aliyun.com", start, bytes, Http, 200, MISS));
    let of_2012 = |bytes| good("2012-06-08T18:55:00Z", bytes);
    let of_2015 = |bytes| good("2015-06-08T17:55:00Z", bytes);
    let of_2016 = |bytes| good("2016-06-08T17:55:00Z", bytes);
    let outcomes = [
        of_2015(243_234),
        Err(BadSize), // blank
        of_2012(0),   // -
        of_2015(2),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        Err(BadSize),
        of_2015(1234),
        of_2016(2830),
        of_2012(324),
        of_2015(3256),
        of_2016(75_783),
        of_2012(2754),
        of_2015(9_896_896),
        of_2016(54_223),
    ];
    check(DIRTY, None, &outcomes);
}

/// The path-only line counts where the name of its file tells the domain, and only there.
#[test]
fn files_of_real_lines() {
    let mut logs = Logs::new();
    for (domain, name) in [
        (Some("from.name.com"), "from.name.com_2020_04_15_190000_200000.gz"),
        (Some("from.name.com"), "From.Name.COM_2020_04_15_1900_2000.gz"),
        (Some("from.name.com"), "from.name.com_2020_04_15_230000_000000_x1.gz"),
        (None, "from.name.com_2020_04_31_190000_200000.gz"),
        (None, "from.name.com_2020-04-15_190000_200000.gz"),
        (None, "access.log"),
    ] {
        // The name as a line of its own keeps the files apart.
        let text = [name.as_bytes(), b"\n", REAL, MALFORMED, DIRTY].concat();
        let codec = if name.ends_with("gz") { Codec::Gzip } else { Codec::Plain };
        logs.add(name.into(), domain, &text, &encode(codec, [&text[..], b""]));
    }
    logs.check(logs.sources(), 2);
}
