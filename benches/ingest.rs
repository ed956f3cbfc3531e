//! Files in, usage out, on all cores: bytes of text per second.

use super::corpus::{Corpus, everything, range};
use criterion::{Criterion, Throughput};
use flowbook::codec::Codec;
use flowbook::ingest::source::discover;
use flowbook::ingest::{Job, Progress, ingest};
use flowbook::log::Format;
use flowbook::region::Region;

pub(crate) fn bench(c: &mut Criterion) {
    let text = Corpus::new(Codec::Plain).made.bytes;
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(text)).sample_size(10);
    for codec in [Codec::Plain, Codec::Gzip] {
        let corpus = Corpus::new(codec);
        let selection = everything();
        group.bench_function(codec.name(), |b| {
            b.iter(|| {
                let job = Job {
                    format: Format::Alibaba,
                    region: Region::Unspecified,
                    range: range(),
                    selection: &selection,
                    threads: 0,
                    keep_going: false,
                    keep_rejects: None,
                    progress: &Progress::default(),
                };
                let sources = discover(&[corpus.path()]).expect("the logs are there");
                let ingested = ingest(sources, &job).expect("the logs are whole");
                let total: u128 = ingested.table.rows().map(|row| u128::from(row.usage.bytes)).sum();
                assert_eq!(total, corpus.made.traffic);
            });
        });
    }
    group.finish();
}
