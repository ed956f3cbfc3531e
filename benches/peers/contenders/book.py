"""book.py ENGINE LOGS OUT: logs of 1 March 2026 (UTC) to a workbook like flowbook's, by a SQL engine and XlsxWriter.

Lines whose URL has no host stand under "(no host)".
"""

import csv
import datetime as dt
import sys
import tempfile

import xlsxwriter
from usage import write_usage

START = int(dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc).timestamp())
SLICES = 288
SLICE = 300
FIRST_DAY = 46082
GB = 1 << 30
NO_HOST = "(no host)"


def dense(engine, logs):
    """Bytes per slice of every domain, in the order of their names."""
    usage = {}
    with tempfile.NamedTemporaryFile("r", newline="") as file:
        write_usage(engine, logs, file.name, 2)
        with open(file.name, newline="") as lines:
            for domain, start, size, _ in csv.reader(lines):
                slices = usage.setdefault(domain or NO_HOST, [0] * SLICES)
                at = (int(start) - START) // SLICE
                if 0 <= at < SLICES:
                    slices[at] += int(size)
    return dict(sorted(usage.items()))


def bandwidth(size):
    return (size * 800 + 150) // 300 / 100


def percentile_95(slices):
    return sorted(slices, reverse=True)[len(slices) // 20]


class Book:
    def __init__(self, out):
        self.book = xlsxwriter.Workbook(out, {"constant_memory": True})
        formats = {"heading": {"bold": True}, "whole": {"num_format": "#,##0"}, "decimal": {"num_format": "#,##0.00"}}
        formats |= {"time": {"num_format": "yyyy-mm-dd hh:mm:ss"}, "date": {"num_format": "yyyy-mm-dd"}}
        self.formats = {name: self.book.add_format(form) for name, form in formats.items()}

    def sheet(self, name, headings, kinds, rows):
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(headings) - 1, 20)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading, self.formats["heading"])
        formats = [self.formats.get(kind) for kind in kinds]
        at = 0
        for at, row in enumerate(rows, start=1):
            for column, (value, form) in enumerate(zip(row, formats)):
                if form is None:
                    sheet.write_string(at, column, value)
                else:
                    sheet.write_number(at, column, value, form)
        sheet.autofilter(0, 0, at, len(headings) - 1)
        return sheet

    def chart(self, kind, title, sheet, rows, category, *columns):
        chart = self.book.add_chart(kind)
        chart.set_title({"name": title})
        for column in columns:
            chart.add_series(
                {
                    "name": [sheet, 0, column],
                    "categories": [sheet, 1, category, rows, category],
                    "values": [sheet, 1, column, rows, column],
                    "marker": {"type": "none"},
                }
            )
        return chart


def main(engine, logs, out):
    usage = dense(engine, logs)
    times = [FIRST_DAY + at / SLICES for at in range(SLICES)]
    account = [sum(slices) for slices in zip(*usage.values())]
    billed = bandwidth(percentile_95(account))
    total = sum(account)
    book = Book(out)
    # In constant memory a sheet is written before the next begins, but charts may point at later ones.
    figures = [("Traffic (bytes)", total), ("Traffic (GB)", total / GB), ("Peak bandwidth (bps)", bandwidth(max(account)))]
    figures += [("95th percentile (bps)", billed), ("Domains", len(usage))]
    summary = book.sheet("Summary", ["Figure", "Value"], ["text", "decimal"], figures)
    day = (FIRST_DAY, total, bandwidth(max(account)), billed)
    book.sheet("Daily", ["Date", "Traffic (bytes)", "Peak (bps)", "95th percentile (bps)"], ["date", "whole", "decimal", "decimal"], [day])
    slices = ((time, size, bandwidth(size), billed) for time, size in zip(times, account))
    headings = ["Time", "Traffic (bytes)", "Bandwidth (bps)", "95th percentile (bps)"]
    book.sheet("Account", headings, ["time", "whole", "decimal", "decimal"], slices)
    ranked = sorted(usage.items(), key=lambda item: -sum(item[1]))
    ranked = ((name, sum(s), bandwidth(max(s)), bandwidth(percentile_95(s))) for name, s in ranked)
    headings = ["Domain", "Traffic (bytes)", "Peak (bps)", "95th percentile (bps)"]
    book.sheet("Domains", headings, ["text", "whole", "decimal", "decimal"], ranked)
    detail = (
        (time, domain, "All", size, bandwidth(size)) for domain, slices in usage.items() for time, size in zip(times, slices)
    )
    headings = ["Time", "Domain", "Region", "Traffic (bytes)", "Bandwidth (bps)"]
    book.sheet("Detail", headings, ["time", "text", "text", "whole", "decimal"], detail)
    summary.insert_chart("D2", book.chart({"type": "line"}, "Bandwidth", "Account", SLICES, 0, 2, 3))
    summary.insert_chart("D18", book.chart({"type": "column"}, "Daily traffic", "Daily", 1, 0, 1))
    summary.insert_chart("D34", book.chart({"type": "bar"}, "Largest domains", "Domains", min(10, len(usage)), 0, 1))
    book.book.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
