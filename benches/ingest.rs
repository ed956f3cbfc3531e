//! Files in, usage out, on all cores: bytes of text per second, and files per second where
//! files are small.

use super::corpus::{Corpus, everything, range};
use criterion::{Criterion, Throughput};
use flowbook::codec::Codec;
use flowbook::ingest::{Job, Progress, ingest};
use flowbook::source::{ORIGINS, discover};

pub(crate) fn bench(c: &mut Criterion) {
    let text = Corpus::new(Codec::Plain).made.bytes;
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Bytes(text)).sample_size(10);
    for codec in [Codec::Plain, Codec::Gzip] {
        let corpus = Corpus::new(codec);
        group.bench_function(codec.name(), |b| b.iter(|| read(&corpus)));
    }
    let corpus = Corpus::small_files();
    group.throughput(Throughput::Elements(corpus.made.files as u64));
    group.bench_function("small files", |b| b.iter(|| read(&corpus)));
    group.finish();
}

fn read(corpus: &Corpus) {
    let job = Job {
        origins: ORIGINS,
        range: range(),
        selection: &everything(),
        folds: None,
        own_hosts: None,
        threads: 0,
        keep_going: false,
        max_rejects: flowbook::report::RejectLimit::DEFAULT,
        empty_is_delivered: false,
        keep_rejects: None,
        progress: &Progress::default(),
    };
    let sources = discover(&[corpus.path()]).expect("the logs are there");
    let ingested = ingest(sources, &job).expect("the logs are whole");
    let total: u128 = ingested.table.rows().map(|row| u128::from(row.usage.bytes)).sum();
    assert_eq!(total, corpus.made.traffic);
}
