//! flowbook's entry where logs become usage: nothing but the library's ingest, and its answer.

use super::{Logs, Result};
use flowbook::domain::{DomainSet, Selection};
use flowbook::ingest::{Ingested, Job, Progress, ingest};
use flowbook::source::{ORIGINS, discover};
use flowbook::time::{TimeRange, parse_iso};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Prints the totals; writes the usage where `csv` says.
pub(crate) fn run(logs: &Logs, csv: Option<&Path>) -> Result<()> {
    let Ingested { table, report, .. } = usage(logs)?;
    let mut out = csv.map(File::create).transpose()?.map(BufWriter::new);
    let mut numbers: [itoa::Buffer; 3] = Default::default();
    let (mut bytes, mut requests) = (0, 0);
    for row in table.rows() {
        let total = row.usage.total_requests();
        bytes += u128::from(row.usage.bytes);
        requests += total;
        let Some(out) = &mut out else { continue };
        let [start, size, count] = &mut numbers;
        let texts = [row.domain.as_str(), start.format(row.window.start()), size.format(row.usage.bytes)];
        for text in texts {
            out.write_all(text.as_bytes())?;
            out.write_all(b",")?;
        }
        out.write_all(count.format(total).as_bytes())?;
        out.write_all(b"\n")?;
    }
    println!("sources {} bytes {bytes} requests {requests}", report.sources.len());
    out.map_or(Ok(()), |mut out| Ok(out.flush()?))
}

fn usage(logs: &Logs) -> Result<Ingested> {
    let time = |text| parse_iso(text).expect("a time");
    let (start, end) = (time("2000-01-01T00:00:00Z"), time("2100-01-01T00:00:00Z"));
    let job = Job {
        origins: ORIGINS,
        range: TimeRange::covering(start, end).expect("a century"),
        selection: &Selection { account: DomainSet::all(), wanted: DomainSet::all() },
        folds: None,
        own_hosts: None,
        threads: logs.threads,
        keep_going: false,
        max_rejects: flowbook::report::RejectLimit::DEFAULT,
        empty_is_delivered: false,
        keep_rejects: None,
        progress: &Progress::default(),
    };
    Ok(ingest(discover(&logs.logs)?, &job)?)
}
