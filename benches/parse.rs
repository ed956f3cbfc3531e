//! Parsing native lines, one after the other on one core.

use super::corpus::Corpus;
use criterion::{Criterion, Throughput};
use flowbook::codec::Codec;
use flowbook::log::Format;
use std::convert::Infallible;

pub(crate) fn bench(c: &mut Criterion) {
    let corpus = Corpus::new(Codec::Plain);
    let text = corpus.text();
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    group.bench_function("alibaba", |b| {
        b.iter(|| {
            let mut parser = Format::Alibaba.parser();
            let (mut records, mut bytes) = (0, 0);
            let told = parser.lines(&text, |_, parsed| {
                if let Ok(Some(record)) = parsed {
                    records += 1;
                    bytes += u128::from(record.bytes);
                }
                Ok::<_, Infallible>(())
            });
            assert!(told.is_ok());
            assert_eq!((records, bytes), (corpus.made.accepted, corpus.made.traffic));
        });
    });
    group.finish();
}
