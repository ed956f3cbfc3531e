//! Rejected lines in results: as they are, with addresses masked, or not at all.
//!
//! A line that could not be read has no fields, so an address is masked wherever it is, except the version of a
//! product.

use crate::domain::Selection;
use crate::report::{Report, SAMPLE_BYTES, Scope};
use std::net::Ipv6Addr;
use std::str::FromStr;

/// How samples of rejected lines are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Samples {
    /// As they were read.
    Full,
    /// With network addresses replaced by `x.x.x.x` and `x:x`.
    #[default]
    Masked,
    /// Not at all: only file, line number and reason.
    None,
}

impl Samples {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Full, Self::Masked, Self::None];

    /// The spelling in requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Masked => "masked",
            Self::None => "none",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|samples| samples.name() == name)
    }

    /// Makes the samples of a report so. What may be a line of another's is not shown at all.
    pub fn apply(self, report: &mut Report, selection: &Selection) {
        for sample in &mut report.samples {
            let hours = report.sources[sample.source].hours.as_ref();
            match self {
                _ if !Scope::shows(selection, hours, &sample.text) => sample.text.clear(),
                Self::Full => {}
                Self::Masked => sample.text = masked(&sample.text),
                Self::None => sample.text.clear(),
            }
        }
    }
}

/// A line with every IPv4 and IPv6 address replaced, in every field, also where a URL escapes its dots and colons, and
/// where the line was cut within it.
#[must_use]
pub fn masked(line: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let (run, len) = run(&line[at..]);
        if len == 0 {
            text.push(line[at]);
            at += 1;
            continue;
        }
        let end = if at + len < line.len() { End::Within } else { End::of(&line[..at], line.len()) };
        let (before, own) = (&line[..at], &line[at..at + len]);
        match mask(&run, end).filter(|_| !is_version(before, own) && !is_time(before, own)) {
            Some(mask) => text.extend(mask.bytes()),
            None => text.extend(&line[at..at + len]),
        }
        at += len;
    }
    text
}

/// How the line ends behind a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// Not here.
    Within,
    /// Here: there may have been more of it.
    Here,
    /// Here, where it was cut, or where a client stands: there was more of it.
    Cut,
}

impl End {
    /// The end of a line of so many bytes, behind these.
    fn of(before: &[u8], len: usize) -> Self {
        if len >= SAMPLE_BYTES || before.ends_with(b"] ") { Self::Cut } else { Self::Here }
    }
}

/// Whether a run is the version of a product, as in `Chrome/120.0.0.0`: four numbers right behind a word with a capital
/// letter and a slash, the last of which may end in letters, as in `AppleCoreMedia/1.0.0.22D63`.
fn is_version(before: &[u8], run: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b"/") else { return false };
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let start = before.iter().rposition(|byte| !is_of_word(byte)).map_or(0, |at| at + 1);
    let is_word = before[start..].first().is_some_and(u8::is_ascii_uppercase);
    let is_first = start == 0 || b" \"(;,".contains(&before[start - 1]);
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let mut parts = run.rsplit(|byte| *byte == b'.');
    let is_last = parts.next().is_some_and(|last| last.iter().all(u8::is_ascii_hexdigit));
    is_word && is_first && is_last && parts.all(is_number)
}

/// Whether a run is the year and the clock of a log, as in `1/Mar/2026:00:00:00`, which may be cut.
fn is_time(before: &[u8], run: &[u8]) -> bool {
    let Some([digit, b'/', month @ .., b'/']) = before.last_chunk::<6>() else { return false };
    let mut parts = run.split(|byte| *byte == b':');
    let is_number = |part: &[u8], most| part.len() <= most && part.iter().all(u8::is_ascii_digit);
    digit.is_ascii_digit()
        && month.iter().all(u8::is_ascii_alphabetic)
        && parts.next().is_some_and(|year| year.len() == 4 && is_number(year, 4))
        && parts.by_ref().take(3).all(|part| is_number(part, 2))
        && parts.next().is_none()
}

/// The characters of addresses at the front of a text, escapes resolved, and how many bytes they take. Letters that
/// are none of an address's end nothing: `face.example` is looked at as a whole.
fn run(text: &[u8]) -> (String, usize) {
    let (mut run, mut at) = (String::new(), 0);
    while at < text.len() {
        let (c, len) = match &text[at..] {
            [b'%', b'3', b'a' | b'A', ..] => (':', 3),
            [b'%', b'2', b'e' | b'E', ..] => ('.', 3),
            [c, ..] if c.is_ascii_hexdigit() || matches!(c, b'.' | b':') => (char::from(*c), 1),
            _ => break,
        };
        run.push(c);
        at += len;
    }
    (run, at)
}

/// The run with its addresses masked; `None` when it holds none.
fn mask(run: &str, end: End) -> Option<String> {
    let colons = run.matches(':').count();
    // A port, and an address behind a colon, are not part of an IPv6 address.
    let is_v6 = |text: &str| Ipv6Addr::from_str(text.trim_end_matches('.')).is_ok();
    let inner = run.trim_matches(|c| c == ':' || c == '.');
    if colons >= 2
        && (is_v6(run) || is_v6(inner) || [run, inner].into_iter().any(|run| v6_within(run, is_v6)))
    {
        return Some("x:x".into());
    }
    if end != End::Within && (colons >= 3 || run.contains("::")) {
        return Some("x:x".into());
    }
    let parts: Vec<String> = run.split(':').map(|part| mask_v4(part, end)).collect();
    let masked = parts.join(":");
    (masked != run).then_some(masked)
}

/// Whether an IPv6 address stands between colons and numbers that are not its own, as in `for:2001:db8::1:443`.
fn v6_within(run: &str, is_v6: impl Fn(&str) -> bool) -> bool {
    let parts: Vec<&str> = run.split(':').collect();
    let spans = (0..parts.len()).flat_map(|start| (start + 3..=parts.len()).map(move |end| (start, end)));
    run.len() < 128 && spans.into_iter().any(|(start, end)| is_v6(&parts[start..end].join(":")))
}

/// A text of digits, letters and dots with every IPv4 address in it masked: any four numbers in a row.
fn mask_v4(text: &str, end: End) -> String {
    let parts: Vec<&str> = text.split('.').collect();
    let mut masked: Vec<String> = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        if let Some((before, behind)) = parts.get(at..at + 4).and_then(around) {
            masked.extend([format!("{before}x"), "x".into(), "x".into(), format!("x{behind}")]);
            at += 4;
        } else {
            masked.push(parts[at].to_owned());
            at += 1;
        }
    }
    // Where the line ends, the beginning of an address is masked too: of two numbers only where there was more.
    let least = match end {
        End::Within => usize::MAX,
        End::Here => 3,
        End::Cut => 2,
    };
    let is_number = |part: &&str| part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    if (least..=4).contains(&parts.len()) && !parts[0].is_empty() && parts.iter().all(is_number) {
        masked.fill("x".to_owned());
    }
    masked.join(".")
}

/// What stands around the IPv4 address in four parts of a text, if they are one.
fn around<'t>(four: &[&'t str]) -> Option<(&'t str, &'t str)> {
    let [first, second, third, last] = four else { return None };
    let start = first.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let end = last.find(|c: char| !c.is_ascii_digit()).unwrap_or(last.len());
    // Also with zeros in front, which no strict reader takes.
    let is_part = |part: &str| {
        part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<u8>().is_ok()
    };
    let parts = [&first[start..], *second, *third, &last[..end]];
    parts.into_iter().all(is_part).then_some((&first[..start], &last[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::Ipv4Addr;

    fn text(line: &str) -> String {
        String::from_utf8(masked(line.as_bytes())).unwrap()
    }

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (line, expected) in [
            (
                "[1/Mar/2026:08:00:10 +0800] 203.0.113.9 - \"-\" ",
                "[1/Mar/2026:08:00:10 +0800] x.x.x.x - \"-\" ",
            ),
            ("203.0.113.9:5123 x", "x.x.x.x:5123 x"),
            ("\"203.0.113.9, 10.0.0.1\" end", "\"x.x.x.x, x.x.x.x\" end"),
            ("2001:db8::1 - ::1 ", "x:x - x:x "),
            ("[2001:db8::7]:443 ::ffff:203.0.113.9 ", "[x:x]:443 x:x "),
            ("fe80::1%eth0 2001:0db8:0:0:0:0:0:1 ", "x:x%eth0 x:x "),
            ("GET /?ip=203%2e0%2E113.9&v6=2001%3Adb8%3a%3A1 ", "GET /?ip=x.x.x.x&v6=x:x "),
            ("ip=203.0.113.9/24;for=203.0.113.9.", "ip=x.x.x.x/24;for=x.x.x.x."),
            (
                "client:203.0.113.9 host=face.example.com 12:34:56 1.2.3 ",
                "client:x.x.x.x host=face.example.com 12:34:56 1.2.3 ",
            ),
            ("bad203.0.113.9c ", "badx.x.x.xc "),
            ("padded 192.168.001.010 ", "padded x.x.x.x "),
            ("cut in 203.0.11", "cut in x.x.x"),
            ("[1/Mar/2026:08:00:10 +0800] 203.0", "[1/Mar/2026:08:00:10 +0800] x.x"),
            ("203.0.113.9 Chrome/203.0.113.9", "x.x.x.x Chrome/203.0.113.9"),
            ("\"GET /203.0.113.9 HTTP/1.1\" a.com/203.0.113.9", "\"GET /x.x.x.x HTTP/1.1\" a.com/x.x.x.x"),
            (
                "http://A/203.0.113.9 /Ip/203.0.113.9 Host/203.0.113.9:80",
                "http://A/x.x.x.x /Ip/x.x.x.x Host/x.x.x.x:80",
            ),
            ("localhost/127.0.0.1 Ip//203.0.113.9", "localhost/x.x.x.x Ip//x.x.x.x"),
            ("cut in 2001:db8::", "cut in x:x"),
        ] {
            assert_eq!(text(line), expected);
        }
        assert_eq!(masked(b"\xff1.2.3.4\0"), b"\xffx.x.x.x\0");
        let long = |end: &str| " ".repeat(SAMPLE_BYTES - end.len()) + end;
        assert_eq!(text(&long("203.0")).trim(), "x.x");
    }

    #[test]
    fn versions_are_no_addresses() {
        for line in [
            "#Version: 1.0",
            "1.0",
            "#Software: nginx/1.25",
            "\"Mozilla/5.0 (X11) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0\"",
            "(Opera/2.0.0.11;YaBrowser/24.1.0.0)",
            "Chrome/120.0.0.0",
        ] {
            assert_eq!(text(line), line);
        }
    }

    #[test]
    fn versions_and_clocks_are_no_addresses() {
        for line in [
            "\"AppleCoreMedia/1.0.0.22D63 (iPhone)\"",
            "\"AppleCoreMedia/1.0.0.22D63",
            "[1/Mar/2026:00:00:0",
            "[1/Mar/2026:00:00:00",
            "[01/Mar/2026:00:0",
        ] {
            assert_eq!(text(line), line);
        }
        assert_eq!(text("[1/Mar/2026:00:00:00 +0800] 10.1.2.3"), "[1/Mar/2026:00:00:00 +0800] x.x.x.x");
        assert_eq!(text("/Mar/2001:db8:0:1"), "/Mar/x:x");
    }

    proptest! {
        #[test]
        fn no_address_is_left(
            v4 in any::<u32>(), v6 in any::<u128>(), before in "[ -~&&[^0-9a-fA-F.:%]]{0,9}", after in "[ \",;]\\PC{0,9}",
        ) {
            let (v4, v6) = (Ipv4Addr::from(v4).to_string(), Ipv6Addr::from(v6).to_string());
            prop_assume!(!is_version(before.as_bytes(), v4.as_bytes()));
            for address in [v4, v6] {
                let masked = text(&format!("{before}{address}{after}"));
                prop_assert!(!masked.contains(&address), "{masked}");
            }
        }
    }
}
