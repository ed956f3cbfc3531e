//! Durations as they are written on the command line and in the configuration file: one spelling for both.

use std::time::Duration;

/// What is said where a duration cannot be read.
pub(super) const EXPECTED: &str = "give a time like 500ms, 30s, 5m, 24h or 7d";

/// Reads a whole number of `ms`, `s`, `m`, `h` or `d`.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

/// Reads the value of an option.
pub(super) fn option(text: &str) -> Result<Duration, String> {
    parse(text).ok_or_else(|| EXPECTED.into())
}

/// A duration in words: `90 s`, `500 ms`.
pub(super) fn words(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        let read = |text| parse(text).map(|time| time.as_millis());
        assert_eq!(
            ["500ms", "30s", "5m", "24h", "7d", "99999d"].map(read),
            [500, 30_000, 300_000, 86_400_000, 604_800_000, 8_639_913_600_000].map(Some)
        );
        for wrong in ["", "5", "s", "ms", "-1s", "+1s", "1.5s", "1 s", "1w", "1S", "99999999999999999999d"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_are_told() {
        assert_eq!(words(Duration::from_secs(90)), "90 s");
        assert_eq!(words(Duration::from_millis(1500)), "1500 ms");
    }
}
