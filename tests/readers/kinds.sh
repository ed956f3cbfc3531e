#!/usr/bin/env bash
# Makes a workbook of every kind and holds every part of each against the schemas, with an outside validator that
# tells what Excel would repair or refuse.
#   tests/readers/kinds.sh FLOWBOOK
set -euo pipefail
flowbook=$(realpath "$1")
cd "$(dirname "$0")/../.."
python=$(realpath -s "$(tests/readers/venv.sh)")
sample=$PWD/data/sample
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/books" && cd "$work"
export SOURCE_DATE_EPOCH=1772323200 LC_ALL=C
day=(--start-time 2026-02-28T16:00:00Z --end-time 2026-03-01T16:00:00Z --time-zone +08:00)
month=(--start-time 2026-03-01T00:00:00Z --end-time 2026-04-01T00:00:00Z)

# Makes a workbook of the name $1, of the logs $2.
book() {
  local name=$1 logs=$2
  shift 2
  "$flowbook" export "$logs" --output "books/$name.xlsx" --quiet --max-rejects 100% "$@" || [ $? = 3 ]
}

"$flowbook" generate logs --domains 2 --hours 4 --lines-per-file 30 --dirty 0.1 --quiet
: > empty.log
entry='[1/Mar/2026:08:00:00 +0800] 203.0.113.9 - 1 "-" "GET http://'
rest='/" 200 9 100 HIT "-" "-"'
long=$(printf 'a%.0s' $(seq 60))
{
  for host in "=cmd" "-x.com" "xn--fiq228c.com" "$long.$long.example.com" "a.com"; do echo "$entry$host$rest"; done
  printf 'bad <&>"\x01\x02 ]]> _x0041_ \xff\xfe\n'
} > hostile.log
mkdir faults && cp logs/* faults && cp hostile.log faults/one.log && cp hostile.log faults/two.log
head -c 200 /dev/urandom > faults/damaged.gz
printf '[groups]\n"R&D <b> a/b" = ["*.com"]\n' > c.toml
printf '[1/Nov/2026:0%s:30:00 +0000] 203.0.113.9 - 1 "-" "GET http://a.com/" 200 9 1 HIT "-" "-"\n' 5 6 > change.log

for type in flow vas; do
  for language in en-us zh-cn; do
    kind=(--type $type --language $language)
    book "day-$type-$language" "$sample" "${kind[@]}" "${day[@]}"
    book "empty-$type-$language" empty.log "${kind[@]}" "${day[@]}"
    book "silent-$type-$language" empty.log "${kind[@]}" "${day[@]}" --domain-names a.com
    book "faults-$type-$language" faults "${kind[@]}" "${day[@]}" --keep-going --samples full
    book "change-$type-$language" change.log "${kind[@]}" --time-zone America/New_York \
      --start-time 2026-11-01T04:00:00Z --end-time 2026-11-02T05:00:00Z
  done
  book "month-$type" logs --type $type "${month[@]}" --rows sparse
  book "group-$type" hostile.log --type $type "${day[@]}" --config c.toml --group 'R&D <b> a/b' --region EU
  book "hostile-$type" hostile.log --type $type "${day[@]}" --task-name '=1+1&"<b>" '"$long$long" --samples full
done
book regions logs --type flow "${day[@]}" --region CN --traffic-factor 1.1
for bill in hour_flow day_bandwidth month_95_overseas month_4th_day_bandwidth day_95; do
  book "bill-$bill" logs --type flow "${day[@]}" --bill-type $bill
done
book bill-hour_vas logs --type vas "${day[@]}" --bill-type hour_vas

"$(dirname "$python")/openxml-audit" --recursive --max-errors 0 books > report.txt || { cat report.txt; exit 1; }
if grep -E 'Errors: [1-9]|at risk' report.txt; then cat report.txt; exit 1; fi
echo "$(ls books | wc -l) workbooks of every kind: no finding"
