#!/usr/bin/env python3
"""Reads a workbook with outside readers and holds it against the true totals.

check.py WORKBOOK [--expected expected.csv] [--offset HOURS] [--soffice]

openpyxl, pandas, python-calamine and Polars must read the same Detail rows; with --expected every cell must equal the
totals (the range is the workbook's own); with --soffice LibreOffice must open it and give the same rows too.
"""

import argparse
import csv
import datetime as dt
import os
import subprocess
import sys
import tempfile
import warnings

import openpyxl
import pandas
import polars
import python_calamine

EPOCH = dt.datetime(1970, 1, 1)


def is_detail(name):
    return name.startswith("Detail") or name.startswith("\u57df\u540d\u660e\u7ec6")


def seconds(time):
    """Excel's days are doubles: whole seconds are meant. Some readers give midnight as a date."""
    if not isinstance(time, dt.datetime):
        time = dt.datetime.combine(time, dt.time())
    return round((time - EPOCH).total_seconds())


def row_of(cells):
    return (seconds(cells[0]), str(cells[1]), str(cells[2]), *(float(c) for c in cells[3:]))


def by_calamine(path):
    book = python_calamine.CalamineWorkbook.from_path(path)
    for name in filter(is_detail, book.sheet_names):
        for cells in book.get_sheet_by_name(name).to_python()[1:]:
            yield row_of(cells)


def by_openpyxl(path):
    book = openpyxl.load_workbook(path, read_only=True)
    for name in filter(is_detail, book.sheetnames):
        for at, cells in enumerate(book[name].iter_rows(values_only=True)):
            if at:
                yield row_of(cells)


def by_pandas(path):
    for name, frame in pandas.read_excel(path, sheet_name=None, engine="openpyxl").items():
        if is_detail(name):
            for cells in frame.itertuples(index=False, name=None):
                yield row_of((cells[0].to_pydatetime() if hasattr(cells[0], "to_pydatetime") else cells[0], *cells[1:]))


def by_polars(path):
    for name, frame in polars.read_excel(path, sheet_id=0, infer_schema_length=None, raise_if_empty=False).items():
        if is_detail(name):
            for cells in frame.iter_rows():
                yield row_of(cells)


def by_soffice(path):
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", folder, path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (name,) = [n for n in os.listdir(folder) if n.endswith(".ods")]
        yield from by_calamine(os.path.join(folder, name))


def read(reader, path):
    """Rows, their sum, and the rows themselves only where they are few."""
    started = dt.datetime.now()
    rows, sums, last = 0, [], None
    digest = 0
    for row in reader(path):
        rows += 1
        figures = row[3:]
        sums = [a + b for a, b in zip(sums or [0.0] * len(figures), figures)]
        digest = hash((digest, row))
        last = row
    took = (dt.datetime.now() - started).total_seconds()
    print(f"{reader.__name__:12} {rows:9} rows, sums {[round(s, 2) for s in sums]}, {took:.1f} s, last {last}")
    return rows, sums, digest


def compare(path, expected, offset):
    totals = {}
    with open(expected, newline="") as file:
        for line in csv.DictReader(file):
            start = dt.datetime.strptime(line["window"], "%Y-%m-%dT%H:%M:%SZ")
            totals[seconds(start) + offset * 3600, line["domain"]] = line
    rows = list(by_calamine(path))
    is_vas = len(rows[0]) == 8
    first, end = min(r[0] for r in rows), max(r[0] for r in rows)
    wrong = 0
    for time, domain, _, *figures in rows:
        line = totals.pop((time, domain), None)
        value = lambda name: int(line[name]) if line else 0
        if is_vas:
            true = [value(n) for n in ("requests", "https", "quic", "http", "other")]
        else:
            true = [value("bytes"), (value("bytes") * 800 + 150) // 300 / 100]
        if figures[: len(true)] != true:
            wrong += 1
            print(f"differs: {domain} {time}: {figures}, expected {true}", file=sys.stderr)
    missing = [key for key in totals if first <= key[0] <= end]
    print(f"{len(rows)} rows held against {expected}: {wrong} differ, {len(missing)} missing")
    return wrong == 0 and not missing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workbook")
    parser.add_argument("--expected")
    parser.add_argument("--offset", type=int, default=0, help="hours that the workbook's zone is ahead of UTC")
    parser.add_argument("--soffice", action="store_true")
    arguments = parser.parse_args()
    # A workbook must open without a word.
    warnings.simplefilter("error")
    readers = [by_calamine, by_openpyxl, by_pandas, by_polars] + ([by_soffice] if arguments.soffice else [])
    results = [read(reader, arguments.workbook) for reader in readers]
    good = all(result == results[0] for result in results)
    print("all readers agree" if good else "the readers do not agree")
    if arguments.expected:
        good = compare(arguments.workbook, arguments.expected, arguments.offset) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
