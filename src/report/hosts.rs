//! Whose a rejected line is, as far as that can be told of a line of any shape. A line of which it cannot be told may be
//! another's, and is not shown.

use crate::domain::{MAX_LEN, Selection, normalize};
use memchr::{memchr, memchr_iter, memmem};
use std::borrow::Cow;

/// Whether a line certainly belongs to a selection: it requests something of a host of it in the way of a log, or it is in
/// a log of its own (`is_own`) and names no other host. In neither case it requests anything of another host.
pub(super) fn is_of(selection: &Selection, is_own: bool, line: &[u8]) -> bool {
    let may_be_seen = |asked: Asked| match asked {
        Asked::Host(host) => selection.contains(&host),
        Asked::Path => is_own,
        Asked::Unknown => false,
    };
    requests(line).all(may_be_seen)
        && urls(line).all(may_be_seen)
        && (is_own && !names_other(selection, line, false) || is_request_of(selection, line))
}

/// Whether a line has a request of a host of the selection where a log has it: behind the first two quotes stands a
/// referer, behind the next two a method and a URL. Only the referer, and the address of a bot, may name another host.
fn is_request_of(selection: &Selection, line: &[u8]) -> bool {
    let mut fields = line.split(|byte| *byte == b'"');
    let (Some(before), Some(referer), Some(gap), Some(request)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return false;
    };
    let len = before.len() + referer.len() + gap.len() + request.len() + 4;
    let behind = line.get(len..).unwrap_or_default();
    // A second time begins a line that another one ran into.
    let times = [before, behind].into_iter().flatten().filter(|byte| **byte == b'[').count();
    times <= 1
        && gap.trim_ascii().is_empty()
        && is_referer(referer)
        && is_whole_request(selection, request)
        && !names_other(selection, before, false)
        && !names_other(selection, behind, true)
}

/// Whether a text is nothing but a referer.
fn is_referer(text: &[u8]) -> bool {
    let is_odd = |byte: &u8| byte.is_ascii_whitespace() || b"[\\".contains(byte);
    let is_url = || host_behind_scheme(text) != Asked::Unknown && memmem::find_iter(text, "://").count() == 1;
    matches!(text, b"" | b"-") || (is_url() && !text.iter().any(is_odd))
}

/// Whether a text is nothing but a request of a host of the selection.
fn is_whole_request(selection: &Selection, text: &[u8]) -> bool {
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (Some(method), Some(url)) = (words.next(), words.next()) else { return false };
    let is_version = |word: &[u8]| word.starts_with(b"HTTP/");
    let scheme = memmem::find(url, b"://").map_or(url.len(), |at| at + 3);
    let (authority, rest) = url[scheme..]
        .split_at(url[scheme..].iter().position(|byte| b"/?#".contains(byte)).unwrap_or(url.len() - scheme));
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:".contains(byte);
    method.iter().all(u8::is_ascii_alphabetic)
        && words.next().is_none_or(is_version)
        && words.next().is_none()
        && authority.iter().all(is_name)
        && matches!(host_behind_scheme(url), Asked::Host(host) if selection.contains(&host))
        // A second URL may be that of a line that ran into this one.
        && memmem::find(&plain(rest), b"//").is_none()
        && !rest.contains(&b'\\')
}

/// Whether anything in a text looks like a host that is not of the selection. Names of files are not hosts: what stands
/// behind a single slash. Nor is, if that is allowed, the address that a bot gives of itself.
fn names_other(selection: &Selection, text: &[u8], has_bots: bool) -> bool {
    let text = plain(text);
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().position(|byte| !is_of_host(*byte)).unwrap_or(text.len() - at);
        let (before, name) = (&text[..at], &text[at..at + len]);
        let (is_url, is_bot) =
            (before.ends_with(b"//"), before.ends_with(b"+http://") || before.ends_with(b"+https://"));
        let is_host = is_url || (looks_like_host(name) && !is_file(before, text.get(at + len)));
        if is_host && !(has_bots && is_bot) && !is_in(selection, name) {
            return true;
        }
        at += len + 1;
    }
    // A URL without any host.
    text.ends_with(b"//")
}

/// Whether a name behind this text is that of a file or folder in a path. A name with a dot right behind the first slash is
/// one only at the end of the path: a slash of a URL may be lost.
fn is_file(before: &[u8], next: Option<&u8>) -> bool {
    let Some(path) = before.strip_suffix(b"/") else { return false };
    match path.last() {
        Some(byte) if is_of_host(*byte) => true,
        Some(b'/' | b':' | b'\\') => false,
        Some(byte) if byte.is_ascii_graphic() && *byte != b'"' => true,
        _ => next != Some(&b'/'),
    }
}

const fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | 0x80..)
}

/// What stands in the place of an address that was masked.
const MASKED: &[u8] = b"x.x.x.x";

/// Whether a name has several labels, and not a number at its end, as addresses and versions have.
fn looks_like_host(name: &[u8]) -> bool {
    let mut labels = name.split(|byte| *byte == b'.').filter(|label| !label.is_empty());
    let has_letter = |label: &[u8]| label.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    name != MASKED && labels.next_back().is_some_and(has_letter) && labels.next().is_some()
}

fn is_in(selection: &Selection, name: &[u8]) -> bool {
    normalize(name, &mut [0; MAX_LEN]).is_some_and(|host| selection.contains(host))
}

/// How often a text may be escaped.
const ESCAPES: usize = 4;

/// A text without escapes of URLs and of logs (`%2e`, `\x2e`, `\u002e`), without NULs, and with every dot that a browser
/// takes for one.
fn plain(text: &[u8]) -> Cow<'_, [u8]> {
    let mut plain = Cow::Borrowed(text);
    for _ in 0..ESCAPES {
        if !plain.iter().any(|byte| matches!(byte, b'%' | b'\\' | 0 | 0xe3 | 0xef)) {
            break;
        }
        plain = Cow::Owned(unescaped(&plain));
    }
    plain
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (byte, len) = match &text[at..] {
            [0, ..] => (None, 1),
            [b'%', high, low, ..]
            | [b'\\', b'x', high, low, ..]
            | [b'\\', b'u', b'0', b'0', high, low, ..]
                if hex(*high, *low).is_some() =>
            {
                (
                    hex(*high, *low),
                    if text[at] == b'%' {
                        3
                    } else if text[at + 1] == b'x' {
                        4
                    } else {
                        6
                    },
                )
            }
            [0xe3, 0x80, 0x82, ..] | [0xef, 0xbc, 0x8e, ..] | [0xef, 0xbd, 0xa1, ..] => (Some(b'.'), 3),
            [byte, ..] => (Some(*byte), 1),
            [] => break,
        };
        plain.extend(byte);
        at += len;
    }
    plain
}

/// The byte that two digits write.
fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// What a line of any shape asks.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// Something of this host.
    Host(String),
    /// Something of a host that the line does not name.
    Path,
    /// None of these.
    Unknown,
}

/// What the requests of a line ask: what stands behind a quote and a word, as a request does.
fn requests(line: &[u8]) -> impl Iterator<Item = Asked> {
    memchr_iter(b'"', line).filter_map(|quote| {
        let rest = &line[quote + 1..];
        let word = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).filter(|len| *len > 0)?;
        let target = rest[word..].strip_prefix(b" ")?.trim_ascii_start();
        Some(match target {
            [b'/', b'/', ..] => Asked::Unknown,
            [b'/', ..] => Asked::Path,
            _ => host_behind_scheme(target),
        })
    })
}

/// What stands with a scheme where a line begins, behind a blank, wherever in a line, or behind a quote: but for the
/// first one of the line, behind which its referer stands.
fn urls(line: &[u8]) -> impl Iterator<Item = Asked> {
    let (colons, referer) = (memmem::find_iter(line, "://"), memchr(b'"', line));
    colons.filter_map(move |at| {
        let before = line[..at].iter().rposition(|byte| !byte.is_ascii_alphabetic());
        let is_asked = before.is_none_or(|before| {
            let is_quote = line[before] == b'"' && Some(before) != referer;
            // Nor is anything before it that can be seen, such as the mark that a text may begin with.
            let is_first = || !line[..=before].iter().any(u8::is_ascii_graphic);
            line[before].is_ascii_whitespace() || is_quote || is_first()
        });
        is_asked.then(|| host_behind_scheme(&line[before.map_or(0, |before| before + 1)..]))
    })
}

fn host_behind_scheme(url: &[u8]) -> Asked {
    let Some(at) = memmem::find(url, b"://") else { return Asked::Unknown };
    let is_known = [&b"http"[..], b"https"].iter().any(|scheme| url[..at].eq_ignore_ascii_case(scheme));
    let rest = &url[at + 3..];
    let authority = &rest[..rest.iter().position(|byte| b"/?#\\ \"".contains(byte)).unwrap_or(rest.len())];
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let (host, port) = host.split_at(memchr(b':', host).unwrap_or(host.len()));
    // What is no port may be the host of another line.
    let is_port = port.is_empty() || port.len() <= 6 && port[1..].iter().all(u8::is_ascii_digit);
    match std::str::from_utf8(host) {
        Ok(host) if is_known && is_port => Asked::Host(host.to_ascii_lowercase()),
        _ => Asked::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::DomainSet;

    fn of(is_own: bool, line: &str) -> bool {
        let wanted = DomainSet::from_texts(["a.com", "*.img.a.com"]).unwrap();
        is_of(&Selection { account: DomainSet::all(), wanted }, is_own, line.as_bytes())
    }

    #[test]
    fn a_line_with_another_host_in_any_shape_is_not_shown_in_a_log_of_the_selection() {
        for url in [
            "GET ttps://b.com/x",
            "ttps://b.com/x",
            "GET //b.com/x",
            "//b.com/x",
            "b.com/x",
            "GET b.com/x",
            "B.COM/x",
            "GET%20http://b.com/x",
            "GET%20http%3A%2F%2Fb.com%2Fx",
            "GET%2520http%253A%252F%252Fb%252Ecom%252Fx",
            "GET /x?u=b.com",
            "GET http://a.com\\@b.com/x",
            "GET http://a.com\\.b.com/x",
            "GET http:\\/\\/b.com\\/x",
            "http:/b.com/x",
            "GET /b.com/x",
            "b.com",
            "b.com:443",
            "\"b.com\"",
            "u@b.com",
            "GET http://a.com.b.com/x",
            "www.a.com/x",
            "b\\x2ecom/x",
            "b\\u002ecom/x",
            "b\u{3002}com/x",
            "\u{4e2d}.com/x",
            "b\0.\0c\0o\0m\0/x",
            "//intranet/x",
            "//10.0.0.1/x",
            "//[2001:db8::1]/x",
            "*.b.com",
            "host=b.com",
            "x//",
            "GET http://a.com:b.com/x",
            "GET http://a.com:80b.com/x",
            "GET http://a.com:80:b.com/x",
        ] {
            for line in [
                format!(
                    "[1/Mar/2026:00:00:00 +0000] 192.0.2.4 - 5 \"-\" \"{url}\" 2x0 1 HIT \"UA\" \"text/html\""
                ),
                format!("192.0.2.4 {url} 200"),
                url.to_owned(),
                format!("192.0.2.4 - 5 \"{url}\" 200 1 HIT \"http://a.com/\""),
                format!("192.0.2.4 {url} \"-\" \"GET http://a.com/x\" 200"),
                format!("192.0.2.4 \"-\" \"GET http://a.com/x\" 200 {url}"),
            ] {
                assert!(!of(true, &line) && !of(false, &line), "{line}");
            }
        }
    }

    #[test]
    fn a_line_of_the_selection_is_shown() {
        let agent =
            "\"Mozilla/5.0 (X11; Linux 6.1.0) Chrome/120.0.0.0 AppleCoreMedia/1.0.0.22D63\" \"text/html\"";
        for (line, in_its_log, elsewhere) in [
            (
                format!(
                    "[1/Foo/2026:00:00:00 +0000] 192.0.2.4 - 5 \"-\" \"GET http://a.com/i.html\" 200 1 2 HIT {agent}"
                ),
                true,
                true,
            ),
            (
                format!(
                    "1 \"https://b.com/x\" \"GET https://x.img.a.com:443/a/b.css?v=1.js HTTP/1.1\" x {agent}"
                ),
                true,
                true,
            ),
            ("1 \"-\" \"GET http://a.com/\" x \"Bot/1 (+http://b.com/)\"".into(), true, true),
            ("1 \"\" \"GET http://a.com/cut".into(), true, true),
            (format!("1 \"-\" \"GET /a/b.min.js\" x {agent}"), true, false),
            (format!("1 \"-\" \"GET /index.html\" x {agent}"), true, false),
            ("[1/Mar/2026:00:00:00 +0000] 192.0.2.4 - 5".into(), true, false),
            (
                format!("[1/Foo/2026:00:00:00 +0000] x.x.x.x - 5 \"-\" \"GET http://a.com/\" x {agent}"),
                true,
                true,
            ),
            (format!("[1/Mar/2026:00:00:00 +0000] x.x.x.x - 5 \"-\" \"GET /\" x {agent}"), true, false),
            ("junk".into(), true, false),
            (String::new(), true, false),
        ] {
            assert_eq!((of(true, &line), of(false, &line)), (in_its_log, elsewhere), "{line}");
        }
    }

    #[test]
    fn lines_that_ran_into_each_other_are_not_shown() {
        for line in [
            "[1/Mar/2026:00:00:00 +0000] 192.0.2.4 - [1/Mar/2026:00:00:01 +0000] 1 \"-\" \"GET http://a.com/x\" 200",
            "1 \"-\" \"GET http://a.com/x\" 200 [1/Mar/2026:00:00:01 +0000] 192.0.2.4 - 5 [",
            "1 \"-\" \"GET http://a.com/xhttp://b.com/y\" 200",
            "1 \"-\" \"GET http://a.com/x 200 1 HIT\" 200",
            "1 \"http://b.com/secret [1/Mar\" \"GET http://a.com/x\" 200",
            "1 \"http://c.com/http://b.com/secret\" \"GET http://a.com/x\" 200",
            "1 \"-\" 5 \"GET http://a.com/x\" 200",
        ] {
            assert!(!of(false, line), "{line}");
        }
    }
}
