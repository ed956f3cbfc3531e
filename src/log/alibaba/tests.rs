//! The native format, line by line.

use super::*;

fn parse(line: &str) -> Result<(i64, String, u64, Protocol, u16, bool), Reason> {
    let mut minute = MinuteCache::default();
    let r = read_entry(line.as_bytes(), &mut minute)?;
    let host = r.host.map_or("none".into(), String::from_utf8_lossy).into();
    let is_hit = r.cache == CacheResult::Hit;
    Ok((r.time, host, r.bytes, r.protocol, r.status.unwrap(), is_hit))
}

fn with(time: &str, referer: &str, request: &str, after: &str) -> String {
    format!("[{time}] 1.2.3.4 - 5 \"{referer}\" \"{request}\" {after}")
}

const NOON: &str = "1/Mar/2026:12:00:00 +0800";
const URL: &str = "GET http://a.com/x";
const GOOD: &str = r#"200 191 2830 MISS "UA" "text/html""#;

#[test]
fn sample_reads_as_written() {
    let time = time::parse_iso("2015-06-08T17:58:09Z").unwrap();
    assert_eq!(parse(SAMPLE), Ok((time, "www.example.com".into(), 2830, Protocol::Http, 200, false)));
}

#[test]
fn times() {
    let at = |text: &str| parse(&with(text, "-", URL, GOOD)).map(|r| time::iso(r.0));
    for (text, expected) in [
        ("1/Mar/2026:08:00:00 +0800", "2026-03-01T00:00:00Z"),
        ("01/Mar/2026:08:00:00 +0800", "2026-03-01T00:00:00Z"),
        ("28/Feb/2026:18:30:00 -0530", "2026-03-01T00:00:00Z"),
        ("31/Dec/2016:23:59:60 +0000", "2016-12-31T23:59:59Z"),
        ("29/Feb/2024:00:00:01 +0000", "2024-02-29T00:00:01Z"),
    ] {
        assert_eq!(at(text).as_deref(), Ok(expected), "{text}");
    }
    for wrong in [
        "31/Feb/2026:08:00:00 +0800",
        "29/Feb/2026:08:00:00 +0800",
        "0/Mar/2026:08:00:00 +0800",
        "1/Mar/2026:24:00:00 +0800",
        "1/Mar/2026:08:60:00 +0800",
        "1/Mar/2026:08:00:61 +0800",
        "1/mar/2026:08:00:00 +0800",
        "1/Mar/26:08:00:00 +0800",
        "1/Mar/2026:08:00:00 0800",
        "1/Mar/2026:08:00:00 +08:00",
        "1/Mar/2026:08:00:00 +2400",
        "001/Mar/2026:08:00:00 +0800",
        "1/Mar/2026 08:00:00 +0800",
        "",
    ] {
        assert_eq!(at(wrong), Err(Reason::BadTime), "{wrong}");
    }
}

#[test]
fn a_time_reads_as_it_does_alone_whatever_was_read_before() {
    let times = ["01:00", "01:60", "02:59", "59:59", "60:00", "0x:00", "x0:00", "07:5x", "07:00"];
    let days = ["1/Mar/2026:08", "01/Mar/2026:08", "1/Mar/2026:09", "1/Mar/2026:24"];
    let zones = ["+0800", "+0530", "-0530", "+0860"];
    let mut lines = Vec::new();
    for (day, zone) in days.iter().flat_map(|day| zones.map(|zone| (day, zone))) {
        lines.extend(times.map(|time| with(&format!("{day}:{time} {zone}"), "-", URL, GOOD)));
    }
    let alone: Vec<_> = lines.iter().map(|line| parse(line).map(|read| read.0)).collect();
    for before in &lines {
        for (line, alone) in lines.iter().zip(&alone) {
            let mut minute = MinuteCache::default();
            let _ = read_entry(before.as_bytes(), &mut minute);
            assert_eq!(
                &read_entry(line.as_bytes(), &mut minute).map(|read| read.time),
                alone,
                "{line} behind {before}"
            );
        }
    }
}

#[test]
fn the_minute_is_remembered_only_while_it_is_the_same() {
    let mut minute = MinuteCache::default();
    let mut at = |text: &str| {
        read_entry(with(text, "-", URL, GOOD).as_bytes(), &mut minute).map(|r| time::iso(r.time))
    };
    assert_eq!(at("1/Mar/2026:08:00:00 +0800").as_deref(), Ok("2026-03-01T00:00:00Z"));
    assert_eq!(at("1/Mar/2026:08:00:59 +0800").as_deref(), Ok("2026-03-01T00:00:59Z"));
    assert_eq!(at("1/Mar/2026:08:00:61 +0800"), Err(Reason::BadTime));
    assert_eq!(at("1/Mar/2026:08:00:5x +0800"), Err(Reason::BadTime));
    assert_eq!(at("1/Mar/2026:08:00:59 +0900").as_deref(), Ok("2026-02-28T23:00:59Z"));
    assert_eq!(at("11/Mar/2026:08:00:59 +0900").as_deref(), Ok("2026-03-10T23:00:59Z"));
    assert_eq!(at("31/Feb/2026:08:00:59 +0900"), Err(Reason::BadTime));
    assert_eq!(at("1/Mar/2026:08:00:07 +0800").as_deref(), Ok("2026-03-01T00:00:07Z"));
}

#[test]
fn sizes() {
    let size = |text: &str| parse(&with(NOON, "-", URL, &format!("200 191 {text} MISS \"UA\""))).map(|r| r.2);
    assert_eq!(size("0"), Ok(0));
    assert_eq!(size("-"), Ok(0));
    assert_eq!(size("00012"), Ok(12));
    assert_eq!(size("1125899906842624"), Ok(MAX_BYTES));
    assert_eq!(size("1125899906842625"), Err(Reason::HugeSize));
    assert_eq!(size("99999999999999999999999999999999"), Err(Reason::HugeSize));
    for wrong in ["", " ", "laocao", "+5", "-5", "1.5", "5,000", "0x10"] {
        assert_eq!(size(wrong), Err(Reason::BadSize), "{wrong}");
    }
}

#[test]
fn referer_and_user_agent_hold_anything() {
    for text in [
        "",
        " ",
        "\"",
        "\"\"",
        "\" \"",
        "a\"b\" c",
        "\" 200 1 99 HIT \"",
        "x\" \"y",
        "\0\u{1}",
        "\\\"",
        "\" \"B c\" d",
        "\u{e9}\u{6f22}",
        "\" \"GET evil",
        "\"evil corp\" \"new site\"",
        "\" \"a b\" 2000 1 2 HIT ",
    ] {
        let line = with(NOON, text, URL, GOOD);
        assert_eq!(parse(&line).map(|r| (r.1, r.2)), Ok(("a.com".into(), 2830)), "referer {text}");
    }
    for text in ["", "\"", "\" \"GET http://evil.com/\" 200 1 99 ", "\" quic https", "\0"] {
        let line = with(NOON, "-", URL, &format!("200 191 2830 MISS \"{text}\" \"text/html\""));
        assert_eq!(parse(&line).map(|r| (r.1, r.2)), Ok(("a.com".into(), 2830)), "user agent {text}");
    }
}

#[test]
fn what_imitates_a_request_is_ambiguous() {
    let good = |agent: &str| format!("200 191 2830 MISS \"{agent}\" \"text/html\"");
    let whole = "\" \"GET http://evil.com/\" 200 1 99 HIT \"";
    for (referer, url, agent) in [
        (whole, "/x", "UA"),
        ("-", whole, "UA"),
        ("-", "/x", whole),
        ("\" \"GET http://evil.com/\" 200 1 99 HIT", "/x", "UA"),
        // Where the URL begins: in the referer, or behind it.
        ("\" \"GET /", "/x", "UA"),
        ("\" \"GET http://evil.com/\" 20", "/x", "UA"),
        ("-", "/x\" \"GET http://evil.com/", "UA"),
        // Where the URL ends.
        ("-", "/x\" 200 1 99 HIT \"", "UA"),
        ("-", "/x", "UA\" 200 1 99 HIT \""),
    ] {
        let line = with(NOON, referer, &format!("GET http://a.com{url}"), &good(agent));
        assert_eq!(parse(&line).map(|r| r.1), Err(Reason::Ambiguous), "{line}");
    }
    // Both ways tell the same.
    let line = with(NOON, "\" \"GET http://a.com/y", URL, GOOD);
    assert_eq!(parse(&line).map(|r| (r.1, r.2)), Ok(("a.com".into(), 2830)));
}

/// What became of each line of a text.
fn read_text(text: &str) -> Vec<Result<(String, u64), Reason>> {
    let (mut parser, mut found) = (Parser::default(), Vec::new());
    let told =
        parser.lines(text.as_bytes(), |_, record| {
            found.push(record.map(|r| {
                r.map(|r| (String::from_utf8_lossy(r.host.unwrap()).into_owned(), r.bytes)).unwrap()
            }));
            Ok::<(), ()>(())
        });
    assert_eq!(told, Ok(()));
    found
}

#[test]
fn returns_end_lines_where_entries_follow() {
    let one = with(NOON, "-", URL, GOOD);
    let good = || Ok(("a.com".to_owned(), 2830));
    let lines = read_text;
    for text in [
        format!("{one}\r{one}\r{one}"),
        format!("{one}\r{one}\r{one}\r"),
        format!("{one}\r{one}\r{one}\n"),
        format!("{one}\r{one}\n{one}\r\n"),
        format!("{one}\r{one} 1.1.1.1 \r{one}\r\n"),
    ] {
        assert_eq!(lines(&text), [good(), good(), good()], "{text:?}");
    }
    let bad = Err(Reason::BadTime);
    assert_eq!(lines(&format!("{one}\r\r\n{one}\r\r{one}\r\r")), [good(), good(), good()], "one end");
    assert_eq!(lines(&format!("{one}\rjunk\n{one}\rjunk")), [good(), bad.clone(), good(), bad.clone()]);
    assert_eq!(lines(&format!("{one} 1.1.1.1 \rjunk\n")), [good(), bad.clone()]);
    assert_eq!(lines(&format!("\r{one}\n")), [bad.clone(), good()], "a blank line");
    assert_eq!(lines(&format!("{one}\rx\r{one}\r")), [good(), bad.clone(), good()], "a bad line");
    assert_eq!(lines(&format!("{one}\r[1/Mar/2026:12")), [good(), bad], "an entry that is cut off");
    for inside in ["\r", "a\rb", "[\r]", "\rGET"] {
        let line = with(NOON, inside, URL, GOOD);
        assert_eq!(lines(&format!("{line}\n{line}\n")), [good(), good()], "{inside:?}");
        assert_eq!(lines(&line), [good()], "{inside:?}");
    }
}

#[test]
fn a_second_entry_is_never_passed_over() {
    let one = with(NOON, "-", URL, GOOD);
    let other = with("1/Mar/2026:12:10:00 +0800", "-", "GET http://b.com/", GOOD);
    let reasons = |text: &str| -> Vec<_> { read_text(text).into_iter().map(Result::err).collect() };
    assert_eq!(reasons(&format!("{one}{other}\n")), [Some(Reason::Welded)], "another host");
    let next = with("1/Mar/2026:12:10:00 +0800", "-", "GET http://A.com/", GOOD);
    for line in
        [format!("{one}{next}"), format!("{one} 1.1.1.1 {next} quic\n"), format!("{one}{next}{one}\r\n")]
    {
        assert!(reasons(&line).len() > 1 && reasons(&line).iter().all(Option::is_none), "{line}");
    }
    assert_eq!(reasons(&format!("{one} 1.1.1.1 {other}\n{one}\n")), [Some(Reason::Welded), None]);
    for cut in 0..one.len() {
        // However much of the first one is there.
        let welded = reasons(&format!("{}{other}\n", &one[..cut]));
        assert!(cut == 0 || matches!(*welded, [Some(Reason::Welded | Reason::BadTime)]), "{cut} {welded:?}");
        // However much of the second one is there: behind the last quote it is told apart.
        let begun = reasons(&format!("{one}{}\n", &other[..cut]));
        assert!(cut < 3 || begun != [None], "{cut}");
    }
    // A client may write an entry into its own.
    let line = with(NOON, "-", URL, &format!("200 191 2830 MISS \"UA\" \"x\"{other} \"text/html\""));
    assert_eq!(reasons(&line), [Some(Reason::Welded)]);
    for harmless in ["[1/Mar/2026:12:10:00 +0800]", "[1/Mar/2026:12:10:00 +0800] \"GET /x\" 200"] {
        let line = with(NOON, harmless, URL, GOOD);
        assert_eq!(reasons(&line), [None], "{line}");
    }
    assert_eq!(reasons(&format!("{one} [2001:db8::1] quic\n")), [None]);
}

#[test]
fn requests_and_hosts() {
    let host = |request: &str| parse(&with(NOON, "-", request, GOOD)).map(|r| (r.1, r.3));
    for (request, expected, protocol) in [
        ("GET http://A.com:80/x", "A.com:80", Protocol::Http),
        ("get HTTPS://a.com?x", "a.com", Protocol::Https),
        ("POST http://a.com#x", "a.com", Protocol::Http),
        ("GET rtmp://a.com/live", "a.com", Protocol::Other),
        ("GET http://a.com/x y\"z", "a.com", Protocol::Http),
        ("GET http://a.com/?q=\"a\" b", "a.com", Protocol::Http),
        ("GET http://a.com/?q=\"a\" \"b c\" d", "a.com", Protocol::Http),
        ("GET http://a.com", "a.com", Protocol::Http),
        ("GET http://u:p@a.com/", "u:p@a.com", Protocol::Http),
        ("CONNECT a.com:443", "a.com:443", Protocol::Other),
        ("connect [::1]:443", "[::1]:443", Protocol::Other),
        ("CONNECT /x:1", "none", Protocol::Other),
        ("OPTIONS *", "none", Protocol::Other),
        ("GET /only/path", "none", Protocol::Other),
        ("GET http:///x", "none", Protocol::Http),
        ("GET http://:80/x", "none", Protocol::Http),
        ("GET ", "none", Protocol::Other),
        ("GET ://a.com/", "none", Protocol::Other),
    ] {
        assert_eq!(host(request), Ok((expected.into(), protocol)), "{request}");
    }
    for wrong in ["", "GET", "GEThttp: //a.com/", "/x", " GET /"] {
        assert_eq!(host(wrong), Err(Reason::BadRequest), "{wrong}");
    }
}

#[test]
fn what_follows_the_request() {
    let after = |text: &str| parse(&with(NOON, "-", "GET https://a.com/", text)).map(|r| (r.3, r.4, r.5));
    assert_eq!(after("404 191 2830 HIT"), Ok((Protocol::Https, 404, true)));
    assert_eq!(after("000 - - MISS "), Ok((Protocol::Https, 0, false)));
    for (tail, protocol) in [
        ("quic", Protocol::Quic),
        ("1.1.1.1 ", Protocol::Https),
        ("1.1.1.1 http", Protocol::Http),
        ("http https quic NOTLAST", Protocol::Quic),
        ("http https", Protocol::Https),
        ("quick DYNAMIC", Protocol::Https),
    ] {
        let line = format!("200 191 2830 HIT \"UA quic\" \"text/html; charset=utf-8\" {tail}");
        assert_eq!(after(&line).map(|r| r.0), Ok(protocol), "{tail}");
    }
    assert_eq!(after("20 191 2830 HIT"), Err(Reason::BadStatus));
    assert_eq!(after("- 191 2830 HIT"), Err(Reason::BadStatus));
    assert_eq!(after("200"), Err(Reason::BadSize));
    assert_eq!(after("200 191 28"), Err(Reason::BadCache));
    assert_eq!(after("200 191 2830 MI"), Err(Reason::BadCache));
    assert_eq!(after("200 191 2830 hit"), Err(Reason::BadCache));
}
