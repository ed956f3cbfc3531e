"""detail.py WORKBOOK OUT: the rows of the Detail sheet as CSV, read by a reader that has no part in writing.

Domain, start in unix seconds, and the figures; rows of zeros are left out.
"""

import csv
import datetime as dt
import sys

import python_calamine

EPOCH = dt.datetime(1970, 1, 1)
EXCEL_DAYS = 25569


def seconds(time):
    if isinstance(time, float):
        return round((time - EXCEL_DAYS) * 86400)
    if not isinstance(time, dt.datetime):
        time = dt.datetime.combine(time, dt.time())
    return round((time - EPOCH).total_seconds())


def main(workbook, out):
    sheet = python_calamine.CalamineWorkbook.from_path(workbook).get_sheet_by_name("Detail")
    with open(out, "w", newline="") as file:
        rows = csv.writer(file)
        for time, domain, region, *figures in sheet.to_python()[1:]:
            assert region == "All", region
            if any(figures):
                rows.writerow([domain, seconds(time), *(f"{figure:.2f}".removesuffix(".00") for figure in figures)])


if __name__ == "__main__":
    main(*sys.argv[1:])
