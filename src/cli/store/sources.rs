//! `flowbook store sources`: the sources, row by row, however many there are.

use super::Arguments;
use super::table::Table;
use crate::cli::{Ending, numbers, show};
use crate::contract::response::request_id;
use crate::error::Result;
use crate::store::{Outline, Reader};
use crate::time::iso;
use serde_json::{Value, json};

pub(super) fn run(arguments: &Arguments) -> Result<Ending> {
    let reader = arguments.reader()?;
    let mut out = show::Out::begin()?;
    if arguments.json { as_json(&reader, &mut out) } else { as_table(&reader, &mut out) }?;
    out.end()?;
    Ok(Ending::Done)
}

/// Read twice, so that the columns are wide enough and no row has to be kept.
fn as_table(reader: &Reader, out: &mut show::Out) -> Result<()> {
    let heads = ["name", "state", ">size", ">lines", ">accepted", ">rejected", "arrived", "fault"];
    let mut table = Table::new(heads);
    reader.each_source(|source| {
        table.measure(&cells(source));
        Ok(())
    })?;
    out.line(&table.line(&table.head()))?;
    reader.each_source(|source| out.line(&table.line(&cells(source))))
}

fn cells(source: &Outline) -> [String; 8] {
    let number = |number: u64| numbers::grouped(number.into());
    [
        source.name.clone(),
        source.state.name().replace('_', " "),
        source.size.map(number).unwrap_or_default(),
        number(source.lines),
        number(source.accepted),
        number(source.rejected),
        iso(source.arrived),
        source.fault.clone().unwrap_or_default(),
    ]
}

/// One object, a source on each line.
fn as_json(reader: &Reader, out: &mut show::Out) -> Result<()> {
    // What cannot be read is found before anything is written: half an object is none.
    reader.each_source(|_| Ok(()))?;
    out.line(&format!("{{\"RequestId\":{},\"sources\":[", json!(request_id())))?;
    let mut before: Option<Value> = None;
    reader.each_source(|source| {
        before
            .replace(object(source))
            .map_or(Ok(()), |before| out.line(&format!("{},", show::json_text(&before))))
    })?;
    before.map_or(Ok(()), |last| out.line(&show::json_text(&last)))?;
    out.line("]}")
}

fn object(source: &Outline) -> Value {
    json!({
        "name": source.name,
        "state": source.state.name(),
        "size": source.size,
        "lines": source.lines,
        "accepted": source.accepted,
        "rejected": source.rejected,
        "arrived": iso(source.arrived),
        "fault": source.fault,
    })
}
