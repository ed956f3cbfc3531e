//! What stands around the rows of a poured sheet: taken from a template that `rust_xlsxwriter` wrote, with its
//! heading and some rows, of which the first tells styles and all tell the numbers of their strings.

use super::digits::Digits;
use super::rows::RowMarks;
use crate::error::{Error, ErrorKind, Result};

/// A sheet without its rows.
pub(in crate::export) struct Frame {
    /// Everything before the first row below the heading.
    pub(in crate::export) head: String,
    /// Everything behind the last row.
    pub(in crate::export) tail: String,
    /// What all rows have in common.
    pub(in crate::export) marks: RowMarks,
    /// Of each of the template's rows the numbers of its strings, cell by cell.
    pub(in crate::export) strings: Vec<Vec<Digits>>,
}

/// The attribute of a cell whose value is the number of a string.
const TEXT: &str = "t=\"s\"";
/// The row below the heading.
const FIRST: &str = "<row r=\"2\"";
const ROW_END: &str = "</row>";

impl Frame {
    /// Takes a template apart; `rows` will stand where its rows stood. Where `name` is given, that cell of each will hold a
    /// text of its own.
    ///
    /// # Errors
    /// When the template is not written as expected.
    pub(in crate::export) fn new(template: &str, rows: u64, name: Option<usize>) -> Result<Self> {
        let defect = || Error::new(ErrorKind::Defect("the template of a sheet is not as expected".into()));
        let end = template.find("</sheetData>").ok_or_else(defect)?;
        let start = template.find(FIRST).unwrap_or(end);
        let (attributes, strings) = samples(&template[start..end]).ok_or_else(defect)?;
        let marks = match name {
            // Without a row there is nothing to tell.
            Some(name) if !attributes.is_empty() => RowMarks::named(&attributes, name),
            _ => RowMarks::new(&attributes),
        };
        let marks = marks.ok_or_else(defect)?;
        let mut head = template[..start].to_owned();
        if rows > 0 {
            head = with_rows(&head, rows).ok_or_else(defect)?;
        }
        Ok(Self { head, tail: template[end..].to_owned(), marks, strings })
    }

    /// Takes a template apart that has so many rows below its heading, and others below these, which stay; all in all
    /// there will be `rows`. The first cell of each holds a text of its own.
    ///
    /// # Errors
    /// When the template is not written as expected.
    pub(in crate::export) fn named(template: &str, samples_len: usize, rows: u64) -> Result<Self> {
        let defect = || Error::new(ErrorKind::Defect("the template of a sheet is not as expected".into()));
        let start = template.find(FIRST).ok_or_else(defect)?;
        let ends = template[start..].match_indices(ROW_END).map(|(at, end)| start + at + end.len());
        let end = ends.take(samples_len).last().ok_or_else(defect)?;
        let (attributes, strings) = samples(&template[start..end]).ok_or_else(defect)?;
        let marks = RowMarks::named(&attributes, 0).ok_or_else(defect)?;
        let head = with_rows(&template[..start], rows).ok_or_else(defect)?;
        Ok(Self { head, tail: template[end..].to_owned(), marks, strings })
    }

    /// The same with the template's rows, so many, in their place: the others follow them.
    ///
    /// # Errors
    /// When the template is not written as expected.
    pub(in crate::export) fn following(template: &str, samples_len: usize, rows: u64) -> Result<Self> {
        let frame = Self::named(template, samples_len, rows)?;
        let start = template.find(FIRST).expect("the frame was cut there");
        let end = template.len() - frame.tail.len();
        Ok(Self { head: frame.head + &template[start..end], ..frame })
    }
}

/// The attributes of the first row's cells, and of each row the numbers of its strings.
fn samples(rows: &str) -> Option<(Vec<String>, Vec<Vec<Digits>>)> {
    let (mut attributes, mut strings) = (None, Vec::new());
    for row in rows.split(ROW_END).filter(|row| !row.is_empty()) {
        let cells = cells(row)?;
        let texts = cells.iter().filter(|(attributes, _)| attributes.contains(TEXT));
        strings.push(texts.map(|(_, number)| Digits::of_text(number)).collect());
        attributes.get_or_insert(cells.into_iter().map(|(attributes, _)| attributes.to_owned()).collect());
    }
    Some((attributes.unwrap_or_default(), strings))
}

/// Attributes beside the reference, and value, of every cell of a row.
fn cells(row: &str) -> Option<Vec<(&str, &str)>> {
    row.split("<c r=\"").skip(1).map(cell).collect()
}

fn cell(text: &str) -> Option<(&str, &str)> {
    let (head, rest) = text.split_once('>')?;
    Some((head.split_once('"')?.1, rest.strip_prefix("<v>")?.strip_suffix("</v></c>")?))
}

/// The head of a sheet with the last row of its dimension (`ref="A1:E2"`) below so many rows.
fn with_rows(head: &str, rows: u64) -> Option<String> {
    let at = head.find("<dimension ref=\"A1:")? + "<dimension ref=\"A1:".len();
    let column = head[at..].find(|c: char| !c.is_ascii_uppercase())?;
    let number = at + column;
    let end = number + head[number..].find('"')?;
    Some(format!("{}{}{}", &head[..number], rows + 1, &head[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_taken_apart() {
        let template = "<dimension ref=\"A1:B3\"/><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row>\
            <row r=\"2\"><c r=\"A2\" s=\"3\"><v>4.5</v></c><c r=\"B2\" t=\"s\"><v>17</v></c></row>\
            <row r=\"3\"><c r=\"B3\" t=\"s\"><v>18</v></c></row></sheetData><rest/>";
        let frame = Frame::new(template, 40, None).unwrap();
        assert!(frame.head.starts_with("<dimension ref=\"A1:B41\"/>") && frame.head.ends_with("</row>"));
        assert_eq!(frame.tail, "</sheetData><rest/>");
        assert_eq!(frame.strings, [vec![Digits::whole(17)], vec![Digits::whole(18)]]);
        assert!(Frame::new("<sheetData></sheetData>", 0, None).unwrap().strings.is_empty());
        let frame = Frame::named(template, 1, 40).unwrap();
        assert!(
            frame.head.starts_with("<dimension ref=\"A1:B41\"/>") && frame.tail.starts_with("<row r=\"3\">")
        );
        assert!(Frame::named("<sheetData></sheetData>", 1, 1).is_err());
        assert!(Frame::new("<sheetData><row r=\"2\"></sheetData>", 1, None).is_err());
    }
}
