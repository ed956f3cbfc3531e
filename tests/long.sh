#!/usr/bin/env bash
# The long form of the tests: real sizes, outside readers, memory. Needs python3; uses LibreOffice where it is.
#   tests/long.sh [lines per file, 5000 unless given]
set -euo pipefail
cd "$(dirname "$0")/.."
lines=${1:-5000}
cargo build --release --quiet
flowbook=$PWD/target/release/flowbook
python=$PWD/$(tests/readers/venv.sh)
check=$PWD/tests/readers/check.py
soffice=$(command -v soffice >/dev/null && echo --soffice || true)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export SOURCE_DATE_EPOCH=1772323200 LC_ALL=C
day="--start-time 2026-03-01T00:00:00Z --end-time 2026-03-02T00:00:00Z"

# Runs a command and fails when its peak memory is above so many MB.
peak() {
  local limit=$1; shift
  "$python" - "$limit" "$@" <<'PEAK'
import resource, subprocess, sys
limit, command = int(sys.argv[1]), sys.argv[2:]
code = subprocess.run(command).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"peak memory {used:.0f} MB (limit {limit} MB)")
sys.exit(code or used > limit)
PEAK
}

echo "== a day of 40 domains, $lines lines a file: every cell equals its total"
"$flowbook" generate g --domains 40 --hours 24 --lines-per-file "$lines" --dirty 0.01 --compress gz
for type in flow vas; do
  peak 150 "$flowbook" export g $day --type $type --output $type.xlsx
  "$python" "$check" $type.xlsx --expected g/expected.csv
done

echo "== the same bytes for any number of threads and any order"
"$flowbook" export g $day --type flow --output one.xlsx --threads 1 --quiet
"$flowbook" export $(ls -d g/*.gz | shuf --random-source=<(yes)) $day --type flow --output many.xlsx --threads 8 --quiet
cmp flow.xlsx one.xlsx
cmp flow.xlsx many.xlsx

echo "== memory with ten times the lines"
rm -rf g
"$flowbook" generate g --domains 40 --hours 24 --lines-per-file $((lines * 10)) --dirty 0.01 --compress gz --quiet
peak 150 "$flowbook" export g $day --type flow --output big.xlsx

echo "== 118 domains x 31 days: two Detail sheets in every reader"
rm -rf g
"$flowbook" generate m --domains 118 --hours 744 --lines-per-file 12 --compress zst --quiet
peak 400 "$flowbook" export m --start-time 2026-03-01T00:00:00Z --end-time 2026-04-01T00:00:00Z --type flow --output month.xlsx
"$python" "$check" month.xlsx --expected m/expected.csv $soffice
"$(dirname "$python")/openxml-audit" --max-errors 0 month.xlsx
echo "all long tests passed"
