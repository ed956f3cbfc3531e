//! Rows as sheet XML, with what a row repeats from the row above.
//!
//! All rows of a sheet are `<row r="N"><c r="AN" s="3"><v>VALUE</v></c>...</row>`: the marks between row number
//! and values stand in the row above too, the row number in the cell before, and of values the digits at the
//! front. Saying so while writing spares deflate its search. Knows nothing of what the values mean.

use super::Block;
use super::deflate::{PIECE, Text};
use super::digits::{Digits, LONGEST};
use std::sync::Arc;

/// A part of a row that is the same in every row.
#[derive(Clone, Debug)]
struct Mark {
    piece: [u8; PIECE],
    len: usize,
}

impl Mark {
    fn new(text: &str) -> Option<Self> {
        let mut piece = [0; PIECE];
        piece.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { piece, len: text.len() })
    }
}

/// The marks of a cell: from the value before to its row number, and from there to its value.
#[derive(Clone, Debug)]
struct CellMarks {
    open: Mark,
    attributes: Mark,
    /// The attributes of a cell that is text.
    as_text: Mark,
    /// The attributes are those of the cell before.
    same_attributes: bool,
}

/// What all rows of a sheet have in common.
#[derive(Clone, Debug)]
pub(in crate::export) struct RowMarks {
    start: Mark,
    cells: Vec<CellMarks>,
    end: Mark,
    /// The cell that holds a text of its own, where one does.
    name: Option<usize>,
}

impl RowMarks {
    /// The marks of rows whose cells have these attributes (` s="3"`, ` t="s"`) from column A on; `None` when
    /// a mark is longer than a piece.
    pub(super) fn new(attributes: &[String]) -> Option<Self> {
        let mut cells: Vec<CellMarks> = Vec::new();
        for (at, text) in attributes.iter().enumerate() {
            let letter = char::from(b'A' + u8::try_from(at).ok().filter(|at| *at < 26)?);
            let before = if at == 0 { "\">" } else { "</v></c>" };
            cells.push(CellMarks {
                open: Mark::new(&format!("{before}<c r=\"{letter}"))?,
                attributes: Mark::new(&format!("\"{text}><v>"))?,
                as_text: Mark::new(&format!("\"{text} t=\"str\"><v>"))?,
                same_attributes: at > 0 && attributes[at - 1] == *text,
            });
        }
        Some(Self { start: Mark::new("<row r=\"")?, cells, end: Mark::new("</v></c></row>")?, name: None })
    }

    /// The marks of rows in which the cell at `name` holds a text of its own, and all others, one of which follows it,
    /// numbers or numbers of strings, with these attributes.
    pub(super) fn named(attributes: &[String], name: usize) -> Option<Self> {
        let plain = Self::new(attributes)?;
        let mut cells = plain.cells;
        let [own, next, ..] = cells.get_mut(name..)? else { return None };
        own.attributes = Mark::new("\" t=\"inlineStr\"><is>")?;
        let letter = char::from(b'A' + u8::try_from(name + 1).ok()?);
        next.open = Mark::new(&format!("</is></c><c r=\"{letter}"))?;
        [own.same_attributes, next.same_attributes] = [false; 2];
        Some(Self { cells, name: Some(name), ..plain })
    }

    /// Cells of a row.
    pub(in crate::export) const fn columns(&self) -> usize {
        self.cells.len()
    }

    /// Bytes of a row at most.
    fn longest(&self) -> usize {
        (2 * self.cells.len() + 2) * PIECE + (self.cells.len() + 1) * LONGEST
    }
}

/// A position that is none.
const NOWHERE: usize = usize::MAX;

/// The place of a mark that repeats none.
const fn fresh() -> usize {
    NOWHERE
}

/// Where the parts of a cell last stood in the text, and its value.
#[derive(Clone, Debug)]
struct Above {
    open: usize,
    attributes: usize,
    value: usize,
    digits: Digits,
}

/// Writes rows one below the other.
pub(in crate::export) struct RowWriter<'a> {
    marks: &'a RowMarks,
    text: &'a mut Text,
    start: usize,
    number: usize,
    digits: Digits,
    cells: Vec<Above>,
    end: usize,
}

impl<'a> RowWriter<'a> {
    /// Writes behind what `text` holds; nothing of that is repeated.
    pub(in crate::export) fn new(marks: &'a RowMarks, text: &'a mut Text) -> Self {
        let digits = Digits::default();
        let none = Above { open: NOWHERE, attributes: NOWHERE, value: NOWHERE, digits };
        let cells = vec![none; marks.cells.len()];
        Self { marks, text, start: NOWHERE, number: NOWHERE, digits, cells, end: NOWHERE }
    }

    /// Writes the row with this number, from 1, and a value per cell.
    pub(in crate::export) fn row(&mut self, number: u32, values: &[Digits]) {
        let Self { marks, text, .. } = self;
        text.reserve(marks.longest());
        let row = Digits::whole(number.into());
        mark(text, &marks.start, &mut self.start);
        self.number = put(text, &row, &self.digits, self.number);
        self.digits = row;
        let (mut before, mut attributes) = (self.number, NOWHERE);
        for ((marks, above), value) in marks.cells.iter().zip(&mut self.cells).zip(values) {
            mark(text, &marks.open, &mut above.open);
            before = put(text, &row, &row, before);
            let at = text.len();
            if marks.same_attributes {
                above.attributes = attributes;
            }
            attributes = if value.is_text() {
                mark(text, &marks.as_text, &mut fresh());
                NOWHERE
            } else {
                mark(text, &marks.attributes, &mut above.attributes);
                at
            };
            above.value = put(text, value, &above.digits, above.value);
            above.digits = *value;
        }
        mark(text, &marks.end, &mut self.end);
    }
}

/// Writes rows that hold a text of their own: see [`RowMarks::named`].
pub(in crate::export) struct NamedRowWriter<'a> {
    rows: RowWriter<'a>,
    name: Vec<u8>,
    next: Vec<u8>,
    above: usize,
}

impl<'a> NamedRowWriter<'a> {
    /// Writes behind what `text` holds; nothing of that is repeated.
    pub(in crate::export) fn new(marks: &'a RowMarks, text: &'a mut Text) -> Self {
        Self { rows: RowWriter::new(marks, text), name: Vec::new(), next: Vec::new(), above: NOWHERE }
    }

    /// Writes the row with this number, from 1: its text, and the values of all other cells; one without is left out,
    /// but none next to the text.
    pub(in crate::export) fn row(&mut self, number: u32, name: &str, values: &[Option<Digits>]) {
        let Self { rows: RowWriter { marks, text, start, number: above_number, digits, cells, end }, .. } =
            self;
        text.reserve(marks.longest());
        let row = Digits::whole(number.into());
        mark(text, &marks.start, start);
        *above_number = put(text, &row, digits, *above_number);
        *digits = row;
        let (mut before, named, mut values) = (*above_number, marks.name.unwrap_or(0), values.iter());
        for (at, (cell, above)) in marks.cells.iter().zip(cells).enumerate() {
            let value = if at == named { None } else { values.next().copied().flatten() };
            if at != named && value.is_none() {
                continue;
            }
            mark(text, &cell.open, &mut above.open);
            before = put(text, &row, &row, before);
            if value.is_some_and(|value| value.is_text()) {
                mark(text, &cell.as_text, &mut fresh());
            } else {
                mark(text, &cell.attributes, &mut above.attributes);
            }
            if let Some(value) = value {
                above.value = put(text, &value, &above.digits, above.value);
                above.digits = value;
                continue;
            }
            self.next.clear();
            push_xml(&mut self.next, name);
            let first = self.next.iter().zip(&self.name).take_while(|(a, b)| a == b).count();
            let rests = self.next[first..].iter().rev().zip(self.name[first..].iter().rev());
            let last = rests.take_while(|(a, b)| a == b).count();
            let at = text.len();
            text.push_like(&self.next, (first, last), (self.above, self.name.len()));
            self.above = at;
            std::mem::swap(&mut self.name, &mut self.next);
            text.reserve(marks.longest());
        }
        mark(text, &marks.end, end);
    }
}

/// Text as an element of a cell. What looks like an escape of Excel's is escaped itself.
fn push_xml(out: &mut Vec<u8>, text: &str) {
    let is_kept = text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace);
    out.extend_from_slice(if is_kept { b"<t xml:space=\"preserve\">" } else { b"<t>" });
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'_' if is_escape(&bytes[at..]) => out.extend_from_slice(b"_x005F_"),
            byte => out.push(*byte),
        }
    }
    out.extend_from_slice(b"</t>");
}

/// Whether bytes begin with `_xHHHH_`.
fn is_escape(bytes: &[u8]) -> bool {
    matches!(bytes, [b'_', b'x', a, b, c, d, b'_', ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()))
}

/// Rows whose values are known.
pub(in crate::export) struct Table<'a> {
    marks: &'a RowMarks,
    first: u32,
    values: Vec<Digits>,
}

impl<'a> Table<'a> {
    /// Rows from the one with the number `first` on, from 1; the values row by row.
    pub(in crate::export) const fn new(marks: &'a RowMarks, first: u32, values: Vec<Digits>) -> Self {
        Self { marks, first, values }
    }
}

impl Block for Table<'_> {
    fn write(&self, text: &mut Text) {
        let mut rows = RowWriter::new(self.marks, text);
        let values = self.values.chunks(self.marks.cells.len().max(1));
        for (number, values) in (self.first..).zip(values) {
            rows.row(number, values);
        }
    }
}

/// Rows that hold a text of their own, whose values are known.
pub(in crate::export) struct NamedTable<T> {
    /// What they have in common.
    pub(in crate::export) marks: Arc<RowMarks>,
    /// The number of the first one.
    pub(in crate::export) first: u32,
    /// Text and values of each, as a [`NamedRowWriter`] takes them.
    pub(in crate::export) rows: Vec<(T, Vec<Option<Digits>>)>,
}

impl<T: Send + Sync + AsRef<str>> Block for NamedTable<T> {
    fn write(&self, text: &mut Text) {
        let mut rows = NamedRowWriter::new(&self.marks, text);
        for (number, (name, values)) in (self.first..).zip(&self.rows) {
            rows.row(number, name.as_ref(), values);
        }
    }
}

/// Values as a chart keeps them: `<c:pt idx="N"><c:v>VALUE</c:v></c:pt>`.
pub(in crate::export) struct Points {
    first: usize,
    values: Vec<Digits>,
}

impl Points {
    /// Values from the one with the number `first` on, from 0.
    pub(in crate::export) const fn new(first: usize, values: Vec<Digits>) -> Self {
        Self { first, values }
    }
}

impl Block for Points {
    fn write(&self, text: &mut Text) {
        let [start, middle, end] = ["<c:pt idx=\"", "\"><c:v>", "</c:v></c:pt>"]
            .map(|mark| Mark::new(mark).expect("the mark of a point is shorter than a piece"));
        let mut above = [NOWHERE; 5];
        let [mut number, mut last] = [Digits::default(); 2];
        for (at, value) in (self.first as u64..).zip(&self.values) {
            text.reserve(5 * PIECE);
            mark(text, &start, &mut above[0]);
            let next = Digits::whole(at);
            above[1] = put(text, &next, &number, above[1]);
            number = next;
            mark(text, &middle, &mut above[2]);
            above[3] = put(text, value, &last, above[3]);
            last = *value;
            mark(text, &end, &mut above[4]);
        }
    }
}

/// Writes a mark, which last stood at `above`.
#[inline]
fn mark(text: &mut Text, mark: &Mark, above: &mut usize) {
    let at = text.len();
    text.put(&mark.piece, mark.len);
    if *above == NOWHERE {
        text.mark_fresh(mark.len);
    } else {
        text.mark_repeat(mark.len, at - *above);
    }
    *above = at;
}

/// Writes a number, where `above` holds another, and tells its place.
#[inline]
fn put(text: &mut Text, digits: &Digits, other: &Digits, above: usize) -> usize {
    let at = text.len();
    text.put(digits.piece(), digits.len());
    let common = digits.common(other);
    if common > 0 {
        text.mark_repeat(common, at - above);
    }
    if common < digits.len() {
        text.mark_fresh(digits.len() - common);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::deflate::END;
    use super::*;
    use crate::export::workbook::{Cell, serial};
    use flate2::read::DeflateDecoder;
    use proptest::prelude::*;
    use std::io::Read;

    /// The largest number that is written as one.
    const EXACT: u128 = 1 << 53;
    const ATTRIBUTES: [&str; 6] = [" s=\"3\"", " t=\"s\"", " t=\"s\"", " s=\"4\"", " s=\"5\"", " s=\"5\""];

    /// A number as `rust_xlsxwriter` writes it.
    fn plain(cell: &Cell<'_>) -> String {
        match *cell {
            Cell::Time(local) => serial(local).to_string(),
            Cell::Decimal(hundredths) => (hundredths as f64 / 100.0).to_string(),
            Cell::Whole(number) => number.to_string(),
            _ => String::new(),
        }
    }

    fn plain_row(number: u32, cells: &[Cell<'_>]) -> String {
        let cell = |(at, cell): (usize, &Cell<'_>)| {
            let column = char::from(b"ABCDEF"[at]);
            let (kind, value) = match cell.digits() {
                Some(digits) => (" t=\"str\"", digits),
                None => ("", plain(cell)),
            };
            format!("<c r=\"{column}{number}\"{}{kind}><v>{value}</v></c>", ATTRIBUTES[at])
        };
        let cells: String = cells.iter().enumerate().map(cell).collect();
        format!("<row r=\"{number}\">{cells}</row>")
    }

    /// A text as an element, character by character.
    fn element(text: &str) -> String {
        let space = if text == text.trim() { "" } else { " xml:space=\"preserve\"" };
        let mut plain = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        for at in (0..plain.len()).rev() {
            let is_hex = |code: &str| code.chars().all(|c| c.is_ascii_hexdigit());
            let code = plain.get(at..at + 7).filter(|code| code.starts_with("_x") && code.ends_with('_'));
            if code.is_some_and(|code| is_hex(&code[2..6])) {
                plain.replace_range(at..=at, "_x005F_");
            }
        }
        format!("<t{space}>{plain}</t>")
    }

    /// What zlib makes of a text that was deflated.
    fn inflated(text: &mut Text) -> String {
        let (mut packed, mut inflated) = (Vec::new(), String::new());
        text.deflate(&mut packed);
        packed.extend(END);
        DeflateDecoder::new(&packed[..]).read_to_string(&mut inflated).unwrap();
        inflated
    }

    /// Numbers of all lengths, often a little more than the one before.
    fn number() -> impl Strategy<Value = u128> {
        let around = (EXACT - 2)..(EXACT + 3);
        prop_oneof![
            Just(0),
            0..20u128,
            0..1_000_000u128,
            99_990..100_010u128,
            0..EXACT,
            around,
            EXACT..1u128 << 90
        ]
    }

    proptest! {
        #[test]
        fn rows_are_as_plain_code_writes_them(
            first in prop_oneof![2..200u32, 990..1010u32, 1_048_000..1_048_300u32],
            rows in prop::collection::vec((0..9000i64, number(), number(), 0..99u128, 0..3u128), 1..40),
        ) {
            let marks = RowMarks::new(&ATTRIBUTES.map(String::from)).unwrap();
            let (mut text, mut expected) = (Text::default(), String::new());
            let mut writer = RowWriter::new(&marks, &mut text);
            for (row, (slice, a, b, c, d)) in (first..).zip(&rows) {
                let cells = [
                    Cell::Time(1_772_323_200 + slice * 300),
                    Cell::Whole(*d),
                    Cell::Whole(7),
                    Cell::Whole(*a),
                    // Fifteen digits are what a double tells apart in any case.
                    Cell::Decimal(if *b > EXACT { *b } else { *b % 1_000_000_000_000_000 }),
                    Cell::Decimal(*c),
                ];
                expected += &plain_row(row, &cells);
                writer.row(row, &cells.map(|cell| Digits::of(&cell)));
            }
            prop_assert_eq!(std::str::from_utf8(text.as_bytes()).unwrap(), &expected);
            prop_assert!(inflated(&mut text) == expected);
        }

        #[test]
        fn points_are_as_plain_code_writes_them(first in 0..1100usize, values in prop::collection::vec(number(), 0..60)) {
            let mut text = Text::default();
            Points::new(first, values.iter().map(|n| Digits::of(&Cell::Whole(*n))).collect()).write(&mut text);
            let point = |(at, value): (usize, &u128)| format!("<c:pt idx=\"{at}\"><c:v>{value}</c:v></c:pt>");
            let expected: String = (first..).zip(&values).map(point).collect();
            prop_assert_eq!(std::str::from_utf8(text.as_bytes()).unwrap(), &expected);
            prop_assert!(inflated(&mut text) == expected);
        }
    }

    proptest! {
        #[test]
        fn named_rows_are_as_plain_code_writes_them(
            first in prop_oneof![2..200u32, 990..1010u32],
            rows in prop::collection::vec(("(logs/)?[a-c]{0,40}[ &<>_x0-9A-F]{0,9}", prop::option::of(number()), number()), 1..40),
        ) {
            let marks = RowMarks::named(&["", " t=\"s\"", " s=\"3\"", " s=\"3\""].map(String::from), 0).unwrap();
            let (mut text, mut expected) = (Text::default(), String::new());
            let mut writer = NamedRowWriter::new(&marks, &mut text);
            for (n, (name, size, count)) in (first..).zip(&rows) {
                let digits = |n: u128| Digits::of(&Cell::Whole(n));
                writer.row(n, name, &[Some(digits(7)), size.map(digits), Some(digits(*count))]);
                let kind = |number: u128| if number > EXACT { " t=\"str\"" } else { "" };
                let number = |letter: char, number: u128| {
                    format!("<c r=\"{letter}{n}\" s=\"3\"{}><v>{number}</v></c>", kind(number))
                };
                let size = size.map_or(String::new(), |size| number('C', size));
                let count = number('D', *count);
                let name = element(name);
                let row = format!(
                    "<row r=\"{n}\"><c r=\"A{n}\" t=\"inlineStr\"><is>{name}</is></c><c r=\"B{n}\" t=\"s\"><v>7</v></c>\
                     {size}{count}</row>"
                );
                expected.push_str(&row);
            }
            prop_assert_eq!(std::str::from_utf8(text.as_bytes()).unwrap(), &expected);
            prop_assert!(inflated(&mut text) == expected);
        }
    }

    #[test]
    fn marks_that_do_not_fit_are_refused() {
        assert!(RowMarks::new(&["x".repeat(PIECE)]).is_none());
        assert!(RowMarks::new(&vec![String::new(); 27]).is_none());
        assert!(RowMarks::new(&[]).is_some());
    }
}
