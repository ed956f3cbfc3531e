//! Numbers as the text of a cell, in one piece.

use super::deflate::PIECE;
use crate::export::workbook::{Cell, MAX_EXACT, serial};

/// Longest number that is written out. Sums and their multiples are shorter.
pub(super) const LONGEST: usize = PIECE - 1;

/// A number as text, and in the last byte its length, and whether its cell is text: one piece, which is written and compared
/// as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::export) struct Digits([u8; PIECE]);

/// In the last byte of [`Digits`]: the cell is text.
const IS_TEXT: u8 = 0x80;

/// `00`, `01`, ... `99`.
#[expect(clippy::cast_possible_truncation, reason = "digits")]
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

impl Digits {
    /// A number that is text already; longer ones than any sum are read and written as powers of ten.
    pub(in crate::export) fn of_text(text: &str) -> Self {
        let mut digits = Self::default();
        match digits.0.get_mut(..text.len()).filter(|_| text.len() <= LONGEST) {
            Some(place) => place.copy_from_slice(text.as_bytes()),
            None => return Self::of_text(&format!("{:e}", text.parse::<f64>().expect("it is a number"))),
        }
        digits.with_len(text.len())
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most 31")]
    const fn with_len(mut self, len: usize) -> Self {
        self.0[LONGEST] = len as u8;
        self
    }

    /// The number as text, and what is not written behind it.
    #[inline]
    pub(super) const fn piece(&self) -> &[u8; PIECE] {
        &self.0
    }

    #[inline]
    pub(super) const fn len(&self) -> usize {
        (self.0[LONGEST] & !IS_TEXT) as usize
    }

    /// Whether no double holds the number, so that its cell is text.
    #[inline]
    pub(super) const fn is_text(&self) -> bool {
        self.0[LONGEST] & IS_TEXT != 0
    }

    /// The digits of a cell that is text, for no double holds its number.
    #[cold]
    fn of_large(cell: &Cell<'_>) -> Self {
        let mut digits = Self::of_text(&cell.digits().unwrap_or_default());
        digits.0[LONGEST] |= IS_TEXT;
        digits
    }

    /// A whole number.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "below 100")]
    pub(super) fn whole(number: u64) -> Self {
        let (mut buffer, mut at, mut left) = ([0; 20], 20, number);
        while left >= 100 {
            at -= 2;
            buffer[at..at + 2].copy_from_slice(&PAIRS[(left % 100) as usize]);
            left /= 100;
        }
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[left as usize]);
        at += usize::from(left < 10);
        let mut digits = Self::default();
        digits.0[..20 - at].copy_from_slice(&buffer[at..]);
        digits.with_len(20 - at)
    }

    /// Hundredths as a number, without zeros at its end.
    #[inline]
    fn hundredths(number: u64) -> Self {
        let (mut digits, rest) = (Self::whole(number / 100), PAIRS[(number % 100) as usize]);
        if rest == *b"00" {
            return digits;
        }
        let len = digits.len();
        digits.0[len] = b'.';
        digits.0[len + 1..len + 3].copy_from_slice(&rest);
        digits.with_len(if rest[1] == b'0' { len + 2 } else { len + 3 })
    }

    /// The value of a cell; of text the number of its string.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most 2^53")]
    pub(in crate::export) fn of(cell: &Cell<'_>) -> Self {
        match *cell {
            Cell::Whole(number) if number <= MAX_EXACT => Self::whole(number as u64),
            Cell::Decimal(hundredths) if hundredths <= MAX_EXACT => Self::hundredths(hundredths as u64),
            Cell::Whole(_) | Cell::Decimal(_) => Self::of_large(cell),
            Cell::Time(local) | Cell::Date(local) => Self::of_text(&serial(local).to_string()),
            Cell::Gigabytes(number) | Cell::Percent(number) => Self::of_text(&number.to_string()),
            Cell::Empty | Cell::Text(_) => Self::default(),
        }
    }

    /// Bytes at the front that both have.
    #[inline]
    pub(super) fn common(&self, other: &Self) -> usize {
        let word = |digits: &Self, at: usize| {
            u64::from_le_bytes(digits.0[at..at + 8].try_into().expect("a word has eight bytes"))
        };
        let limit = self.len().min(other.len());
        let mut at = 0;
        while at < limit {
            let unlike = word(self, at) ^ word(other, at);
            if unlike != 0 {
                return limit.min(at + (unlike.trailing_zeros() / 8) as usize);
            }
            at += 8;
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest number that is written as one.
    const EXACT: u128 = 1 << 53;

    #[test]
    fn numbers_of_every_length() {
        let text = |cell| {
            let digits = Digits::of(&cell);
            String::from_utf8(digits.0[..digits.len()].to_vec()).unwrap()
        };
        for power in 0..28 {
            for number in [10u128.pow(power), 10u128.pow(power) - 1, 10u128.pow(power) * 2 + 1] {
                assert_eq!(text(Cell::Whole(number)), number.to_string());
                let exact = format!("{}.{:02}", number / 100, number % 100);
                let short = exact.trim_end_matches('0').trim_end_matches('.').to_owned();
                assert_eq!(text(Cell::Decimal(number)), if number > EXACT { exact } else { short });
            }
        }
        let huge: f64 = text(Cell::Whole(u128::MAX)).parse().unwrap();
        assert!((huge / u128::MAX as f64 - 1.0).abs() < 1e-15);
    }
}
