//! Usage that a store let go, for people and for scripts.

use super::numbers::grouped;
use crate::delivery::retain::Retained;
use crate::time::iso;
use serde_json::{Value, json};

/// What was let go, in words.
pub(super) fn words(done: &Retained) -> String {
    let [cells, requests] = [done.gone.cells, done.gone.requests].map(|number| grouped(number.into()));
    format!("before {}: {cells} cells with {requests} requests", iso(done.gone.kept_from.start()))
}

/// What was let go, as JSON.
pub(super) fn as_json(done: &Retained) -> Value {
    json!({
        "kept_from": iso(done.gone.kept_from.start()),
        "cells": done.gone.cells,
        "requests": done.gone.requests,
        "samples": done.gone.samples,
        "bytes_before": done.bytes.0,
        "bytes_after": done.bytes.1,
    })
}
