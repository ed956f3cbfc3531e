#!/usr/bin/env python3
"""Holds two builds of flowbook against each other: every file, message and table that one makes, the other makes, too.

    tests/same.py OLD NEW [--long] [--keep] [--meant OLD=NEW ...]

OLD and NEW are programs. Both do the same works in folders of the same name; compared byte for byte are exit codes,
standard output and error, workbooks, CSV, rejected lines, and of stores the usage and what `flowbook store` tells. Times of
now and sizes of stores are replaced before texts are compared. `--meant` names a text that NEW is meant to say in the place
of another one. `--long` adds a month of 118 domains. `--keep` leaves the folders, and names them.
"""
import argparse, datetime, filecmp, os, random, re, shutil, sqlite3, subprocess, sys, tempfile, zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
DAY = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"]
ZONE = ["--time-zone", "+08:00"]
ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C", "SOURCE_DATE_EPOCH": "1772323200", "TZ": "UTC"}
# What differs between two runs of one program: the time of now, how late something is by now, and the id of a request;
# and how large a store is, which its tables decide.
TODAY = "|".join((datetime.date.today() + datetime.timedelta(days)).isoformat() for days in (0, 1)).encode()
NOW = [
    (re.compile(rb"(?:" + TODAY + rb")[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?"), b"TIME"),
    (re.compile(rb'"RequestId":"[0-9A-F-]{36}"'), b'"RequestId":""'),
    (re.compile(rb'"late_seconds":\d+'), b'"late_seconds":0'),
    (re.compile(rb"TIME +\d+:\d\d\n"), b"TIME LATE\n"),
    (re.compile(rb'"file_bytes":\d+'), b'"file_bytes":0'),
    (re.compile(rb"bytes on disk +[\d,]+"), b"bytes on disk"),
]


# Differences that are printed.
SHOWN = 60


class Side:
    """One program, at work in a folder of its own."""

    def __init__(self, program, folder):
        self.program, self.folder, self.told = program, folder, []
        folder.mkdir()

    def run(self, *arguments, stdin=None):
        done = subprocess.run(
            [self.program, *map(str, arguments)], cwd=self.folder, env=ENVIRONMENT, capture_output=True, input=stdin
        )
        self.told.append((arguments, done.returncode, done.stdout, done.stderr))
        return done


def plain(text):
    for pattern, stands in NOW:
        text = pattern.sub(stands, text)
    return text


def meant(text, changes):
    for before, now in changes:
        text = text.replace(before, now)
    return text


def is_same_file(old, new, changes):
    """Whether two files have the same bytes, but for what is meant to have changed: in workbooks, part by part."""
    if filecmp.cmp(old, new, shallow=False):
        return True
    if not changes:
        return False
    if old.suffix != ".xlsx":
        return meant(old.read_bytes(), changes) == new.read_bytes()
    with zipfile.ZipFile(old) as one, zipfile.ZipFile(new) as other:
        names = one.namelist()
        return names == other.namelist() and all(meant(one.read(n), changes) == other.read(n) for n in names)


def usage(store):
    """What a store holds for any reader: its view `usage`."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        return sorted(map(repr, db.execute("SELECT * FROM usage")))


def copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def cases(side):
    for case in sorted((DATA / "cases").iterdir()):
        there = side.folder / case.name
        shutil.copytree(case, there)
        request = (case / "request").read_text().split("\n")
        config = ["--config", "flowbook.toml"] if (case / "flowbook.toml").exists() else []
        here, side.folder = side.folder, there
        side.run("export", "logs", "--output", "out.xlsx", *[word for word in request if word], *config)
        side.folder = here


def exports(side, *logs, day=DAY, more=()):
    """One selection in every form, out of logs."""
    for kind in ["flow", "vas"]:
        for language in ["en-us", "zh-cn"]:
            name = f"{kind}-{language}"
            side.run("export", *logs, *day, "--type", kind, "--language", language, "--output", f"{name}.xlsx",
                     "--rejects", f"{name}-rejects.csv", "--keep-going", "--json", *more)
        side.run("export", *logs, *day, "--type", kind, "--output", f"{kind}.csv", "--keep-going", *more)


def stored(side, store, day=DAY, more=()):
    """The same out of a store, and all that the store tells."""
    for kind in ["flow", "vas"]:
        side.run("export", "--store", store, *day, "--type", kind, "--output", f"stored-{kind}.xlsx", "--json", *more)
        side.run("export", "--store", store, *day, "--type", kind, "--output", f"stored-{kind}.csv", *more)
    for words in [["info"], ["sources"], ["check"], ["coverage", *day]]:
        for form in [[], ["--json"]]:
            side.run("store", *words, "--store", store, *form)


def troubles(side):
    for trouble in sorted((DATA / "troubles").iterdir()):
        here, side.folder = side.folder, side.folder / trouble.name
        side.folder.mkdir()
        copy(trouble, side.folder / "logs" / trouble.name)
        exports(side, "logs", more=["--domain", "www.example.com"])
        side.run("ingest", "logs", "--store", "usage.db", "--keep-going", "--domain", "www.example.com", "--json")
        stored(side, "usage.db")
        side.folder = here


def samples(side):
    day = ["--start-time", "2026-02-28T15:00:00Z", "--end-time", "2026-03-01T16:00:00Z"]
    exports(side, DATA / "sample", day=day, more=ZONE)
    for group in [["--domain-names", "www01.shop.example.com"], ["--rows", "sparse"], ["--fold", "*.example.com"],
                  ["--traffic-factor", "1.1"], ["--samples", "full"], ["--samples", "none"], ["--threads", "1"],
                  ["--region", "CN"], ["--bill-type", "month_95"], ["--require-complete"]]:
        here, side.folder = side.folder, side.folder / group[0].strip("-")
        if not side.folder.exists():
            side.folder.mkdir()
        exports(side, DATA / "sample", day=day, more=[*group, "--force"])
        side.folder = here
    for log in sorted((DATA / "samples").rglob("*")):
        if log.is_file():
            side.run("export", log, *DAY, "--type", "flow", "--output", f"{log.name}.xlsx", "--max-rejects", "100%",
                     "--domain", "www.example.com", "--json")


def standard_input(side):
    log = next(path for path in sorted((DATA / "sample").iterdir()) if path.suffix == ".gz")
    day = ["--start-time", "2026-02-28T15:00:00Z", "--end-time", "2026-03-01T16:00:00Z"]
    text = log.read_bytes()
    side.run("export", "-", *day, "--type", "flow", "--output", "in.xlsx", "--domain", "a.example.com", stdin=text)
    side.run("export", "-", *day, "--type", "flow", "--output", "-", "--domain", "a.example.com", stdin=text)
    side.run("ingest", "-", "--store", "in.db", "--domain", "a.example.com", stdin=text)
    side.run("ingest", "-", "--store", "in.db", "--domain", "a.example.com", stdin=text)


def generated(side):
    side.run("generate", "g", "--domains", "40", "--hours", "24", "--lines-per-file", "300", "--dirty", "0.01", "--quiet")
    exports(side, "g", more=["--max-rejects", "5%"])
    side.run("ingest", "g", "--store", "usage.db", "--max-rejects", "5%", "--json")
    stored(side, "usage.db")
    side.run("ingest", "g", "--store", "usage.db", "--max-rejects", "5%")
    side.run("export", "g", "--store", "usage.db", "--months", "2026-03", "--type", "flow", "--output", "months",
             "--max-rejects", "5%")


def line(second, path, size, host="www.example.com"):
    hour, rest = divmod(second, 3600)
    clock = f"{hour:02}:{rest // 60:02}:{rest % 60:02}"
    return (f'[1/Mar/2026:{clock} +0000] 192.0.2.4 - 5 "-" "GET http://{host}{path}" 200 191 {size} HIT "UA" '
            '"text/html"\n')


def histories(side):
    """Logs that come, grow, move, are packed, replaced and removed, taken in after each change."""
    for seed in range(24):
        here, side.folder = side.folder, side.folder / str(seed)
        (side.folder / "logs").mkdir(parents=True)
        history(side, random.Random(seed))
        side.folder = here


def history(side, choose):
    logs = side.folder / "logs"
    config = ('[store]\npath = "usage.db"\n[[source]]\npaths = ["logs"]\n[output]\nfolder = "reports"\n'
              '[[task]]\nname = "day"\ntype = "flow"\nrange = "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z"\n')
    (side.folder / "flowbook.toml").write_text(config)
    for step in range(10):
        hour, domain = choose.randrange(3), choose.choice("abc")
        name = f"{domain}.com_2026_03_01_{hour + 8:02}0000_{hour + 9:02}0000.log"
        if choose.random() < 0.2:
            name = f"access-{choose.randrange(3)}.log"
        path, what = logs / name, choose.randrange(8)
        more = "".join(line(hour * 3600 + choose.randrange(3600), f"/{choose.randrange(9)}", choose.randrange(9999),
                            f"{domain}.com") for _ in range(choose.choice([1, 3, 400])))
        there = sorted(logs.iterdir())
        if what < 3 or not there:
            with path.open("a") as out:
                out.write(more)
        elif what == 3:
            path.write_text(more)
        elif what == 4:
            there[choose.randrange(len(there))].unlink()
        elif what == 5:
            source = there[choose.randrange(len(there))]
            shutil.copy(source, logs / f"copy_{step}_{source.name}")
        elif what == 6:
            source = there[choose.randrange(len(there))]
            source.rename(logs / f"moved_{step}_{source.name}")
        else:
            path.write_bytes(bytes(choose.randrange(256) for _ in range(300)))
        # Times of files differ between the sides, and must tell nothing but that a file is another one.
        side.run("ingest", "logs", "--store", "usage.db", "--keep-going", "--max-rejects", "100%", "--json")
        if choose.random() < 0.3:
            side.run("run", "flowbook.toml")
    side.run("export", "logs", *DAY, "--type", "flow", "--output", "direct.csv", "--keep-going", "--max-rejects", "100%")
    stored(side, "usage.db")
    for words in [["list"], ["show", "1"]]:
        side.run("task", *words, "--store", "usage.db")


def month(side):
    side.run("generate", "m", "--domains", "118", "--hours", "744", "--lines-per-file", "12", "--compress", "zst", "--quiet")
    span = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-04-01T00:00:00Z"]
    for kind in ["flow", "vas"]:
        side.run("export", "m", *span, "--type", kind, "--output", f"{kind}.xlsx")
    side.run("ingest", "m", "--store", "usage.db")
    stored(side, "usage.db", day=span)


def compare(work, old, new, changes):
    wrong = []
    for (arguments, *before), (_, *now) in zip(old.told, new.told):
        for what, one, other in zip(["exit code", "standard output", "standard error"], before, now):
            if isinstance(one, bytes):
                one, other = meant(plain(one), changes), plain(other)
            if one != other:
                wrong.append(f"{work}: {what} of flowbook {' '.join(map(str, arguments))}\n{around(one, other)}")
    files = [sorted(p.relative_to(side.folder) for p in side.folder.rglob("*") if p.is_file()) for side in (old, new)]
    is_compared = lambda path: not re.search(r"\.db(-|\.|$)", path.name)
    before, now = (set(filter(is_compared, names)) for names in files)
    wrong += [f"{work}: only one of them made {path}" for path in sorted(before ^ now)]
    for path in sorted(before & now):
        if not is_same_file(old.folder / path, new.folder / path, changes):
            wrong.append(f"{work}: {path} differs")
    stores = [path for path in files[0] if path.suffix == ".db"]
    for path in stores:
        if usage(old.folder / path) != usage(new.folder / path):
            wrong.append(f"{work}: the usage in {path} differs")
    runs, made = len(new.told), len(before | now)
    print(f"{work}: {runs} runs, {made} files, {len(stores)} stores compared, {len(wrong)} differ", flush=True)
    return wrong


def around(one, other):
    """Where two texts begin to differ, and what each of them has there."""
    one, other = (x if isinstance(x, bytes) else str(x).encode() for x in (one, other))
    at = next((at for at, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    cut = lambda text: text[max(0, at - 80) : at + 120].decode(errors="backslashreplace")
    return f"  old: ...{cut(one)}\n  new: ...{cut(other)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("old"), parser.add_argument("new")
    parser.add_argument("--long", action="store_true"), parser.add_argument("--keep", action="store_true")
    parser.add_argument("--meant", action="append", default=[], metavar="OLD=NEW")
    asked = parser.parse_args()
    changes = [tuple(text.encode() for text in change.split("=", 1)) for change in asked.meant]
    folder = Path(tempfile.mkdtemp(prefix="flowbook-same-"))
    programs = [str(Path(program).resolve()) for program in (asked.old, asked.new)]
    works = [cases, troubles, samples, standard_input, generated, histories] + ([month] if asked.long else [])
    wrong = []
    for work in works:
        sides = []
        # The same path for both, since paths are shown: the one that worked first is moved away.
        for name, program in zip(["old", "new"], programs):
            side = Side(program, folder / "work")
            work(side)
            side.folder = (folder / "work").rename(folder / f"{work.__name__}-{name}")
            sides.append(side)
        wrong += compare(work.__name__, *sides, changes)
    print(*wrong[:SHOWN], *["..."] * (len(wrong) > SHOWN), sep="\n", end="\n" if wrong else "")
    print(f"{len(wrong)} differences" + (f"; the folders are in {folder}" if asked.keep else ""))
    if not asked.keep:
        shutil.rmtree(folder)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
