//! Decimal numbers as whole ones: `1.25` is 125 hundredths.

/// Reads a decimal number with at most `before` digits before its point and `behind` digits after it, in units of the
/// last of these.
#[must_use]
pub fn scaled(text: &str, before: usize, behind: usize) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=before).contains(&whole.len()) && part.len() <= behind;
    if !fits || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<behind$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, number) in [("1.25", 12_500), ("007", 70_000), ("0.0001", 1), ("1.", 10_000)] {
            assert_eq!(scaled(text, 3, 4), Some(number), "{text}");
        }
        for wrong in ["", ".5", "1000", "0.00001", "-1", "+1", "1e3", "1.2.3", " 1"] {
            assert_eq!(scaled(wrong, 3, 4), None, "{wrong}");
        }
    }
}
