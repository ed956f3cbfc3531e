"""Measures how flowbook's cost grows: with bytes, files and domains of the logs, with rows of the sheet; and what
starting it takes. Writes a chart and a table.

Logs are generated for one point at a time and removed afterwards. Ten GB of them take ten minutes and as much
room; --max stops earlier.
"""

import argparse
import datetime as dt
import shutil
import subprocess
import tempfile
from pathlib import Path

import corpora
import report
import svg
import timing
from compare import ROOT, build

# Bytes of a generated line, on average.
LINE = 357
DOMAIN_LINES, FILE_LINES = 1_000_000, 2_000_000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=ROOT / "target" / "peers", type=Path, help="where logs lie meanwhile [target/peers]")
    parser.add_argument("--max", default=1e10, type=float, help="bytes of the largest logs [1e10]; all else shrinks with it")
    parser.add_argument("--runs", default=5, type=int, help="runs of each point; the median counts [5]")
    parser.add_argument("--results", default=ROOT / "benches" / "CURVES.md", type=Path, help="the table; a chart beside it")
    return parser.parse_args()


class Curves:
    def __init__(self, options):
        self.options = options
        self.flowbook, self.measure = build()
        options.folder.mkdir(parents=True, exist_ok=True)
        self.scratch = Path(tempfile.mkdtemp(prefix="curves-", dir=options.folder))
        # Below 1 all curves end earlier.
        self.share = min(1, options.max / 1e10)

    def points(self, largest, decades):
        """`largest` and so many steps of ten below it, as far as the share goes; the first in any case."""
        sizes = [largest // 10**down for down in range(decades, -1, -1)]
        return [size for size in sizes if size <= largest * self.share] or sizes[:1]

    def generate(self, name, domains, hours, lines):
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        counts = f"--domains {domains} --hours {hours} --lines-per-file {max(1, lines)}"
        subprocess.run([self.flowbook, "generate", folder, *counts.split(), "--compress", "none", "--quiet"], check=True)
        return folder

    def joined(self, folder):
        """The same lines in 8 files, so that the number of files stays the same."""
        logs = sorted(corpora.logs(folder))
        for part in range(8):
            with open(folder / f"part{part}.log", "wb") as out:
                for path in logs[part::8]:
                    out.write(path.read_bytes())
                    path.unlink()

    def seconds(self, command):
        """Median of the runs, and their peak memory."""
        runs = timing.Runs([timing.run(command, self.scratch / "said") for _ in range(self.options.runs)])
        return runs.wall(), runs.peak()

    def usage(self, folder):
        corpora.warm(folder)
        took = self.seconds(f"{self.measure} usage {folder}")
        _, size = corpora.size(folder)
        shutil.rmtree(folder)
        return size, *took

    def by_bytes(self):
        for size in (n for n in (1e8, 3e8, 1e9, 3e9, 1e10) if n <= max(self.options.max, 1e8)):
            # The same 80 files at every size: 8 domains, 10 hours.
            yield self.usage(self.generate("bytes", 8, 10, round(size / LINE / 80)))

    def by_domains(self):
        lines = round(DOMAIN_LINES * max(self.share, 0.05))
        for domains in [10, 100, *self.points(50_000, 1)]:
            folder = self.generate("domains", domains, 1, lines // domains)
            self.joined(folder)
            yield domains, *self.usage(folder)[1:]

    def by_files(self):
        lines = round(FILE_LINES * max(self.share, 0.05))
        for files in [10, 100, *self.points(100_000, 2)]:
            yield files, *self.usage(self.generate("files", 10, files // 10, lines // files))[1:]

    def by_rows(self):
        book = self.scratch / "book.xlsx"
        for rows in [10_000, *self.points(10_000_000, 2)]:
            domains = max(10, -(-rows // 8928))
            yield rows, *self.seconds(f"{self.measure} rows-flowbook {domains} {rows // domains} {book}")

    def start_up(self):
        """Name to milliseconds."""
        folder = self.generate("one", 1, 1, 500)
        hour = "--start-time 2026-03-01T00:00:00Z --end-time 2026-03-01T01:00:00Z --type flow"
        export = f"{self.flowbook} export {folder} {hour} --output {self.scratch / 'one.xlsx'} --force --quiet"
        commands = {"flowbook --version": f"{self.flowbook} --version", "flowbook export of one file, 500 lines": export}
        return {name: self.seconds(command)[0] * 1e3 for name, command in commands.items()}


# Heading, unit of x, the points, what one of cost is.
SERIES = [
    ("Bytes of plain logs", "bytes", Curves.by_bytes, ("ns per byte", lambda x, s: s * 1e9 / x)),
    ("Files with the same lines in all", "files", Curves.by_files, ("seconds", lambda x, s: s)),
    ("Domains with the same lines in all", "domains", Curves.by_domains, ("seconds", lambda x, s: s)),
    ("Rows of a sheet", "rows", Curves.by_rows, ("ns per row", lambda x, s: s * 1e9 / x)),
]


def table(measured):
    yield "| what | | seconds | cost | peak memory |"
    yield "|---|---:|---:|---:|---:|"
    for (heading, unit, _, (cost_unit, cost)), points in measured:
        for x, seconds, peak in points:
            yield f"| {heading} | {x:,} {unit} | {seconds:.3f} | {svg.figure(cost(x, seconds))} {cost_unit} | {peak / report.MIB:.0f} MiB |"


def main():
    options = arguments()
    curves = Curves(options)
    try:
        measured = []
        for series in SERIES:
            print(series[0], flush=True)
            measured.append((series, list(series[2](curves))))
        started = curves.start_up()
    finally:
        shutil.rmtree(curves.scratch)
    lines = ["# How flowbook's cost grows", ""]
    today = dt.datetime.now(dt.timezone.utc).date()
    lines += [f"Made by `benches/peers/curves --max {options.max:g} --runs {options.runs}` on {today}; do not edit.", ""]
    lines += ["**Machine:** " + "".join(report.machine()), "", *table(measured), "", "| start-up | ms |", "|---|---:|"]
    lines += [f"| {name} | {took:.1f} |" for name, took in started.items()]
    options.results.write_text("\n".join(lines) + "\n")
    panels = [(s[0], s[1], s[3][0], [(x, s[3][1](x, took)) for x, took, _ in points]) for s, points in measured]
    # curves.svg beside CURVES.md
    chart = options.results.with_name(options.results.stem.lower() + ".svg")
    chart.write_text(svg.lines("How flowbook's cost grows", panels))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
