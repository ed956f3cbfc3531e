//! Splitting text into blocks of whole lines.

use super::corpus::Corpus;
use criterion::{Criterion, Throughput};
use flowbook::codec::Codec;
use flowbook::ingest::{Chunk, Lines};

pub(crate) fn bench(c: &mut Criterion) {
    let corpus = Corpus::new(Codec::Plain);
    let text = corpus.text();
    let mut group = c.benchmark_group("lines");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    group.bench_function("blocks", |b| {
        b.iter(|| {
            let mut lines = Lines::new(text.as_slice());
            let mut bytes = 0;
            while let Some(Chunk::Lines(block)) = lines.next_chunk().expect("memory does not fail") {
                bytes += block.len();
            }
            assert_eq!(bytes, text.len());
        });
    });
    group.finish();
}
