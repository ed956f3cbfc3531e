//! `flowbook generate`.

use super::Ending;
use crate::error::Result;
use clap::Args;

/// Write deterministic logs for trials and benchmarks.
#[derive(Debug, Args)]
pub(super) struct GenerateArguments {}

pub(super) fn run(_arguments: &GenerateArguments) -> Result<Ending> {
    Ok(Ending::Done)
}
