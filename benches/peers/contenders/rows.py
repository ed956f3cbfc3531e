"""rows.py WRITER DOMAINS SLICES OUT: the rows of the Detail sheet into a workbook, by XlsxWriter or Polars.

The arithmetic is that of `measure/rows.rs`; Polars does it, which takes a hundredth of the time at most.
"""

import datetime as dt
import sys

import polars as pl
import xlsxwriter

COUNTS = ["Requests", "HTTPS requests", "QUIC requests", "HTTP requests", "Other requests"]
TIME, WHOLE = "yyyy-mm-dd hh:mm:ss", "#,##0"
FIRST_DAY = 46082
SLICES_A_DAY = 288


def rows(domains, slices):
    row = pl.int_range(domains * slices, dtype=pl.UInt64, eager=True).alias("row").to_frame()
    mixed = (pl.col("row") * 2654435761) & 0xFFFFFFFF
    names = pl.DataFrame({"number": range(domains), "Domain": [f"d{n:05}.example.com" for n in range(domains)]})
    frame = row.select(
        (pl.col("row") % slices).alias("slice"),
        (pl.col("row") // slices).cast(pl.Int64).alias("number"),
        (mixed % 10007).alias(COUNTS[1]),
        (mixed // 64 % 503).alias(COUNTS[2]),
        (mixed // 8 % 1009).alias(COUNTS[3]),
        (mixed // 512 % 11).alias(COUNTS[4]),
    )
    frame = frame.join(names, on="number", maintain_order="left")
    return frame.select("slice", "Domain", pl.lit("All").alias("Region"), pl.sum_horizontal(COUNTS[1:]).alias(COUNTS[0]), *COUNTS[1:])


def by_xlsxwriter(frame, out):
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("Detail")
    time, whole = (book.add_format({"num_format": text}) for text in (TIME, WHOLE))
    for column, heading in enumerate(["Time (UTC+00:00)", "Domain", "Region", *COUNTS]):
        sheet.write_string(0, column, heading)
    number, string = sheet.write_number, sheet.write_string
    for at, (position, domain, region, *counts) in enumerate(frame.iter_rows(), start=1):
        number(at, 0, FIRST_DAY + position / SLICES_A_DAY, time)
        string(at, 1, domain)
        string(at, 2, region)
        for column, count in enumerate(counts, start=3):
            number(at, column, count, whole)
    book.close()


def by_polars(frame, out):
    start = pl.lit(dt.datetime(2026, 3, 1))
    time = (start + pl.duration(minutes=5 * pl.col("slice"))).alias("Time (UTC+00:00)")
    frame = frame.select(time, pl.exclude("slice"))
    formats = {time.meta.output_name(): TIME, **dict.fromkeys(COUNTS, WHOLE)}
    frame.write_excel(out, worksheet="Detail", column_formats=formats)


if __name__ == "__main__":
    writer, domains, slices, out = sys.argv[1:]
    {"xlsxwriter": by_xlsxwriter, "polars": by_polars}[writer](rows(int(domains), int(slices)), out)
