//! Numbers as people and scripts read them.

use serde_json::Value;

/// `1,234,567`.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole number; as text where it is beyond what JSON's readers hold exactly in 64 bits.
pub(super) fn whole(number: u128) -> Value {
    u64::try_from(number).map_or_else(|_| number.to_string().into(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(grouped), ["0", "12", "123", "1,234", "1,234,567"]);
    }

    #[test]
    fn whole_numbers_are_exact_however_large() {
        assert_eq!(whole(u64::MAX.into()).to_string(), u64::MAX.to_string());
        assert_eq!(whole(u128::from(u64::MAX) + 1), "18446744073709551616");
    }
}
