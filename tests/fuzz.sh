#!/usr/bin/env bash
# Fuzzes flowbook, one target after the other: what the library reads, with libFuzzer, and what only the program reads.
#   tests/fuzz.sh [--sanitizer] [seconds for each target, 60 unless given] [TARGET...]
# Needs a C++ compiler for libFuzzer. With --sanitizer, what is built also watches its memory; that needs a nightly
# compiler. FLOWBOOK names a program that is built already. What was learnt stays in target/fuzz/corpus for the next time,
# and what was found in target/fuzz/findings. Ends with 1 when anything crashed, broke a law of its target, or took more
# than 10 seconds or 2 GB for one input.
set -euo pipefail
cd "$(dirname "$0")/.."
sanitizer=
[ "${1:-}" != --sanitizer ] || { sanitizer=1; shift; }
seconds=${1:-60}
[ $# -gt 0 ] && shift
inside=(parse count gunzip zstd names request)
outside=(config tasks-csv store)
targets=("$@")
[ $# -gt 0 ] || targets=("${inside[@]}" "${outside[@]}")
work=$PWD/target/fuzz
[ -n "${FLOWBOOK:-}" ] || cargo build --release --quiet
flowbook=$(realpath "${FLOWBOOK:-target/release/flowbook}")
# As cargo-fuzz builds them, but with any compiler: what is fuzzed is what is shipped, no crate is built in another way.
# The target is named so that build scripts are not instrumented.
host=$(rustc -vV | sed -n 's/^host: //p')
flags="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
flags="$flags -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions"
toolchain=()
[ -z "$sanitizer" ] || { toolchain=(+nightly); flags="$flags -Zsanitizer=address"; }
built=$work/plain
[ -z "$sanitizer" ] || built=$work/sanitized
RUSTFLAGS=$flags cargo "${toolchain[@]}" build --release --quiet --locked --manifest-path tests/fuzz/Cargo.toml \
  --target "$host" --target-dir "$built"
built=$built/$host/release
python3 tests/fuzz/seeds.py "$flowbook" "$work/seeds"
mkdir -p "$work/scratch"
# In memory where that is possible: most of the time would go into files.
export TMPDIR=$work/scratch
[ -w /dev/shm ] && TMPDIR=$(mktemp -d /dev/shm/flowbook-fuzz-XXXXXX) && trap 'rm -rf "$TMPDIR"' EXIT

is_in() { local one=$1; shift; [[ " $* " == *" $one "* ]]; }

failed=0
for target in "${targets[@]}"; do
  echo "== $target"
  findings=$work/findings/$target
  corpus=$work/corpus/$target
  log=$work/$target.log
  mkdir -p "$findings" "$corpus"
  code=0
  if is_in "$target" "${inside[@]}"; then
    words=tests/fuzz/words/$target.dict
    "$built/$target" "$corpus" "$work/seeds/$target" -artifact_prefix="$findings/" -max_total_time="$seconds" \
      -timeout=10 -rss_limit_mb=2048 -max_len=4096 -print_final_stats=1 -detect_leaks=0 $([ -f "$words" ] && echo "-dict=$words") \
      >"$log" 2>&1 || code=$?
    stat() { sed -n "s/^stat::$1: *//p" "$log"; }
    echo "$target: $(stat number_of_executed_units) executions, $(stat average_exec_per_sec)/s," \
      "$(find "$corpus" -type f | wc -l) inputs in the corpus, peak $(stat peak_rss_mb) MB," \
      "$([ $code = 0 ] && echo 0 || echo 1) findings"
    [ $code = 0 ] || tail -n 40 "$log"
  elif is_in "$target" "${outside[@]}"; then
    python3 tests/fuzz/binary.py "$flowbook" "$target" "$seconds" --seed "${FUZZ_SEED:-1}" --findings "$findings" || code=$?
  else
    echo "$target is none of: ${inside[*]} ${outside[*]}" >&2
    code=2
  fi
  [ $code = 0 ] || failed=1
done
exit $failed
