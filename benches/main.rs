//! What users wait for, stage by stage: bytes or rows per second, each answer checked against what was
//! generated. `cargo bench -- parse` runs one stage.

mod corpus;
mod export;
mod ingest;
mod lines;
mod parse;

use criterion::{criterion_group, criterion_main};

criterion_group!(stages, lines::bench, parse::bench, ingest::bench, export::bench);
criterion_main!(stages);
