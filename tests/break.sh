#!/usr/bin/env bash
# Kills flowbook with SIGKILL at many moments, while it takes logs into a store and while it exports from it, and
# prints what came of it; then random histories of folders of logs.
#   tests/break.sh [--ingest-kills 200] [--export-kills 50] [--files 200] [--histories 200]
set -euo pipefail
cd "$(dirname "$0")/.."
export BREAK_INGEST_KILLS=200 BREAK_EXPORT_KILLS=50 BREAK_FILES=200 BREAK_HISTORIES=200
while [ $# -gt 0 ]; do
  case $1 in
    --ingest-kills) BREAK_INGEST_KILLS=$2 ;;
    --export-kills) BREAK_EXPORT_KILLS=$2 ;;
    --files) BREAK_FILES=$2 ;;
    --histories) BREAK_HISTORIES=$2 ;;
    *) echo "usage: tests/break.sh [--ingest-kills N] [--export-kills N] [--files N] [--histories N]" >&2; exit 2 ;;
  esac
  shift 2
done
# One by one, so that nothing but the kills disturbs them.
cargo test --quiet --test it -- killed_store:: histories:: --nocapture --test-threads 1
