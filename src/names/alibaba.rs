//! File names of Alibaba Cloud CDN: `<domain>_YYYY_MM_DD_HHMMSS_HHMMSS[_x].gz`, or the older
//! `<domain>_YYYY_MM_DD_HHMM_HHMM.gz`, times in UTC+8. The log of a wildcard domain begins with its dot.

use super::FileName;
use crate::domain::Pattern;
use crate::time;

/// A name as it should be.
pub(super) const SAMPLE: &str = "www.example.com_2026_03_01_080000_090000.gz";

/// The zone of the times in file names.
const NAME_OFFSET: i64 = 8 * 3600;

/// Reads a file name.
pub(super) fn parse(name: &str) -> Option<FileName> {
    let bytes = name.as_bytes();
    (1..bytes.len()).filter(|at| bytes[*at] == b'_').find_map(|at| {
        let (start, end) = name_span(&bytes[at + 1..])?;
        Some(FileName { pattern: Pattern::parse(&name[..at])?, start, end })
    })
}

/// Reads `YYYY_MM_DD_HHMM[SS]_HHMM[SS]`, then the end of the name, a dot or another underscore.
fn name_span(text: &[u8]) -> Option<(i64, i64)> {
    let &[y0, y1, y2, y3, b'_', m0, m1, b'_', d0, d1, b'_', ref clocks @ ..] = text else { return None };
    let len = clocks.iter().position(|byte| *byte == b'_')?;
    let (from, to) = (&clocks[..len], clocks.get(len + 1..2 * len + 1)?);
    if !matches!(clocks.get(2 * len + 1), None | Some(b'.' | b'_')) {
        return None;
    }
    let (from, to) = (clock(from)?, clock(to)?);
    let year = number(&[y0, y1, y2, y3])?.try_into().ok()?;
    let midnight = time::civil(year, number(&[m0, m1])?, number(&[d0, d1])?, 0, 0, 0)? - NAME_OFFSET;
    let to = if to <= from { to + time::DAY_SECONDS } else { to };
    Some((midnight + from, midnight + to))
}

/// The number that a few digits write.
fn number(digits: &[u8]) -> Option<u32> {
    let next = |number, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'));
    digits.iter().try_fold(0, next)
}

/// `HHMM` or `HHMMSS` in seconds since midnight; `240000` ends a day.
fn clock(text: &[u8]) -> Option<i64> {
    let digits = match text.len() {
        4 => number(text)? * 100,
        6 => number(text)?,
        _ => return None,
    };
    let (hour, minute, second) = (digits / 10_000, digits / 100 % 100, digits % 100);
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    (minute < 60 && second < 60 && seconds <= time::DAY_SECONDS).then_some(seconds)
}
