"""The works, who does them, and what is aimed at: the table that everything else goes by.

Commands are templates; `compare.py` fills them in. {logs} is the folder of the corpus, {glob} its files, {out}
the place of the answer. Peers run in the variant that was the fastest; the others tried are named where the
variant is written down (`contenders/`).
"""

from dataclasses import dataclass

FLOWBOOK, PEER, LIMIT = "flowbook", "peer", "limit"


@dataclass(frozen=True)
class Contender:
    name: str
    role: str
    command: str
    # What lies at {out} afterwards: "usage" and "totals" are held against the truth, "flow" workbooks too,
    # "rows" workbooks against each other.
    answer: str = None
    # The most runs it gets: for those who take minutes.
    runs: int = 1000
    # Cannot do all of the work, so that no ratio counts; the reason is printed.
    less: str = None
    # The program it needs beside Python and Rust, a Debian package of the same name.
    needs: str = None


@dataclass(frozen=True)
class Target:
    """A bound on what `contender` takes, against `than` (a contender, or None for the fastest peer)."""

    contender: str
    bound: float
    than: str = None
    # "faster": time(than) / time(contender) is at least the bound; "within": its inverse is at most the bound;
    # "memory": the peak in bytes is at most the bound.
    kind: str = "faster"


@dataclass(frozen=True)
class Work:
    key: str
    title: str
    corpus: str
    contenders: list
    targets: list


def usage(name, engine, **more):
    return Contender(name, PEER, "{python} {peers}/contenders/usage.py " + engine + " {glob} {out}", "usage", **more)


def flowbook(name="flowbook", threads=2):
    return Contender(name, FLOWBOOK, f"{{measure}} usage --threads {threads} --csv {{out}} {{logs}}", "usage")


def limit(name, work):
    return Contender(name, LIMIT, "{measure} " + work)


DUCKDB, POLARS, CLICKHOUSE = usage("DuckDB", "duckdb"), usage("Polars", "polars"), usage("ClickHouse (chdb)", "clickhouse")
MAWK = Contender("mawk, 2 processes", PEER, "{peers}/contenders/mawk_usage {logs} {out}", "usage", needs="mawk")
GOACCESS = Contender(
    "goaccess",
    PEER,
    "{peers}/contenders/goaccess_totals {logs} {out}",
    "totals",
    runs=1,
    less="has no windows and no host per line: totals only; rejects some quoted lines; run once",
    needs="goaccess",
)

SHAPE = "{domains} {slices}"
DAY = "--start-time 2026-03-01T00:00:00Z --end-time 2026-03-02T00:00:00Z --type flow"


def rows(name, work, role=PEER):
    return Contender(name, role, "{measure} " + work + " " + SHAPE + " {out}", "rows")


def python_rows(name, writer):
    return Contender(name, PEER, "{python} {peers}/contenders/rows.py " + writer + " " + SHAPE + " {out}", "rows")


def book(name, engine):
    return Contender(name, PEER, "{python} {peers}/contenders/book.py " + engine + " {glob} {out}", "flow")


RUST_MODES = "rust_xlsxwriter"

WORKS = [
    Work(
        "a",
        "plain logs to usage per domain and five minutes",
        "plain",
        [flowbook(), CLICKHOUSE, DUCKDB, POLARS, MAWK, GOACCESS]
        + [limit("reading alone", "read {logs}"), limit("counting newlines", "newlines {logs}")],
        [
            Target("flowbook", 5),
            Target("flowbook", 4, "reading alone", "within"),
            Target("flowbook", 100e6, kind="memory"),
        ],
    ),
    Work(
        "b",
        "gzip logs to usage",
        "gz",
        [flowbook(), CLICKHOUSE, DUCKDB, POLARS, MAWK, GOACCESS]
        + [limit("libdeflate alone", "libdeflate {logs}"), limit("zlib-rs alone", "zlib-rs {logs}")],
        [
            Target("flowbook", 3),
            Target("flowbook", 1.25, "libdeflate alone", "within"),
            Target("flowbook", 100e6, kind="memory"),
        ],
    ),
    Work(
        "c-plain",
        "one large plain file to usage",
        "one-plain",
        [flowbook("flowbook, 1 thread", 1), flowbook("flowbook, 2 threads", 2), CLICKHOUSE, DUCKDB, POLARS],
        [Target("flowbook, 2 threads", 1.6, "flowbook, 1 thread")],
    ),
    # A pipe from zcat was slower for DuckDB and ClickHouse, Polars takes none, and mawk has one core for it all.
    Work(
        "c-gz",
        "one large gzip file to usage",
        "one-gz",
        [flowbook("flowbook, 1 thread", 1), flowbook("flowbook, 2 threads", 2), CLICKHOUSE, DUCKDB, POLARS]
        + [
            limit("zlib-rs alone, 1 thread", "zlib-rs --threads 1 {logs}"),
            limit("libdeflate alone, 1 thread", "libdeflate --threads 1 {logs}"),
        ],
        [
            Target("flowbook, 2 threads", 1.15, "zlib-rs alone, 1 thread", "within"),
            Target("flowbook, 2 threads", 1.15, "libdeflate alone, 1 thread", "within"),
        ],
    ),
    Work(
        "d",
        "many small gzip files to usage",
        "small",
        [flowbook(), CLICKHOUSE, DUCKDB, POLARS, MAWK],
        [Target("flowbook", 5)],
    ),
    Work(
        "e",
        "rows of 8 columns into a sheet",
        None,
        [
            rows("flowbook", "rows-flowbook", FLOWBOOK),
            rows(f"{RUST_MODES}, standard", "rows-standard"),
            rows(f"{RUST_MODES}, constant memory", "rows-constant"),
            rows(f"{RUST_MODES}, low memory", "rows-low"),
            python_rows("XlsxWriter, constant memory", "xlsxwriter"),
            python_rows("Polars write_excel", "polars"),
            limit("XML alone, 1 thread", "xml " + SHAPE),
            limit("deflating the XML alone", "deflate-xml " + SHAPE),
        ],
        [
            Target("flowbook", 8, RUST_MODES),
            Target("flowbook", 1.3, "deflating the XML alone", "within"),
            Target("flowbook", 64 << 20, kind="memory"),
        ],
    ),
    Work(
        "f",
        "a day of gzip logs to a workbook with summary and charts",
        "day",
        [
            Contender("flowbook export", FLOWBOOK, "{flowbook} export {logs} --output {out} --force --quiet " + DAY, "flow"),
            book("ClickHouse (chdb) and XlsxWriter", "clickhouse"),
            book("DuckDB and XlsxWriter", "duckdb"),
        ],
        [Target("flowbook export", 4)],
    ),
]
