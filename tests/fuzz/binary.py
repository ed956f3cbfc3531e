"""Fuzzes what only the program reads: configurations, lists of tasks, and stores.

    python3 tests/fuzz/binary.py PROGRAM config|tasks-csv|store SECONDS [--seed N] [--findings FOLDER]

Inputs are made from seeds by chance, the same ones for the same seed; those that make the program say something new are
seeds, too. Prints counts, and ends with 1 if anything was found: a crash, a defect that the program names, a run of more
than 10 seconds or 2 GB, an error without a word, words that act on a terminal, JSON that is none, or figures of a store
that cannot be while its check says that it is sound.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MOST_SECONDS = 10
MOST_KILOBYTES = 2 << 20
# What acts on a terminal, as src/visible.rs says, but the ends of lines.
ACTS = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u206f\u2028\u2029\ufeff]")
# The logs have a few lines that are rejected.
DAY = ["--range", "2026-03-01", "--max-rejects", "90%"]

# Values that somebody may write by mistake, or to do harm.
ODD = [
    "", " ", "0", "-1", "1", "007", "1e9", "1.5", "0.1%", "100%", "5%", "4294967296", "18446744073709551616", "9" * 40,
    "nan", "inf", "true", "false", "null", "*", "*.", "*.example.com", ".example.com", "www.example.com", "a" * 64 + ".com",
    "b\u00fccher.example", "user@host", "[::1]", "yesterday", "today", "last-7-days", "last-31-days", "this-month",
    "last-month", "2026-03", "2026-02-30", "2026-03-01/2026-03-31", "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z",
    "9999-12-31", "0000-01-01", "1970-01-01", "1969-12-31/1970-01-02", "2026-03-29T02:30", "0s", "60s", "366d", "367d",
    "99999999999999999999d", "5m", "-5m", "Asia/Shanghai", "Europe/Berlin", "Pacific/Apia", "+14:00", "-14:01", "+08:00",
    "{name}.xlsx", "{start:%Y}.xlsx", "{start:%Q}", "{name", "}}{{.xlsx", "{end:%c%+}.xlsx", "{last:%9999Y}.xlsx", "x.csv",
    "x.xlsx", "flow", "vas", "zh-cn", "en-us", "month_95", "sparse", "dense", "masked", "none", "$HOME", "${", "$$", "~",
    "logs", "logs/*.gz", "logs/**", "[", "[!]", "{}", "-", "CN", "alibaba", "\u202e", "\ufeff", "\x1b[31m", "\\", "'", '"',
    '"""', "#", "=", ",", ";", "\t", "\r\n", "\n", "[[task]]", "[task]", "[a.b.c]", "\U0001f600", "\ud7ff", "x" * 5000,
]
HEADINGS = (
    "task_name type start_time end_time range domain_names group language time_zone traffic_factor rows bill_type samples "
    "fold max_rows overlaps product dimension aliuid operator output"
).split()


class Finding(Exception):
    pass


class Runner:
    """Runs the program in a folder of its own, within limits."""

    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowbook-fuzz-"))
        self.runs, self.codes = 0, {}
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C",
                            "SOURCE_DATE_EPOCH": "1772323200", "TMPDIR": str(self.folder)}

    def run(self, *arguments):
        """Gives the exit code and both outputs; what no run may do is a finding."""
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        child = subprocess.Popen([self.program, *arguments], cwd=self.folder, env=self.environment,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        late = threading.Timer(MOST_SECONDS, lambda: os.kill(child.pid, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(child.pid, 0)
        is_late = late.finished.is_set()
        late.cancel()
        code = child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        stdout, stderr = out.read(), err.read()
        self.runs += 1
        self.codes[code] = self.codes.get(code, 0) + 1
        told = f"{' '.join(arguments)}: exit code {code}: {stderr[-600:]!r}"
        if is_late:
            raise Finding(f"runs for more than {MOST_SECONDS} s: {told}")
        if not 0 <= code <= 3 or b"panicked" in stderr or b"a defect of flowbook" in stderr:
            raise Finding(told)
        if usage.ru_maxrss > MOST_KILOBYTES:
            raise Finding(f"takes {usage.ru_maxrss >> 10} MB: {told}")
        if b"the store failed" in stderr:
            raise Finding(f"tells a failure without its meaning: {told}")
        if code != 0 and not stderr.strip() and not stdout.strip():
            raise Finding(f"says nothing: {told}")
        if ACTS.search(stderr.decode()) or ACTS.search(stdout.decode()):
            raise Finding(f"says what acts on a terminal: {told}")
        if "--json" in arguments and stdout.strip():
            try:
                # A list that breaks off is followed by the error, on a line of its own.
                json.loads(stdout if code == 0 else stdout.splitlines()[-1])
            except ValueError:
                raise Finding(f"writes no JSON: {told}: {stdout[-200:]!r}") from None
        return code, stdout, stderr


def kind(*ends):
    """What a run came to, without names and numbers: what is new in it makes a seed."""
    return tuple((code, re.sub(rb'"[^"]*"|\d+', b"", stderr)[:120]) for code, _, stderr in ends)


def paths_kept_below(text):
    """No path leads out of the folder, and none is absolute: the machine is no part of the play."""
    text = re.sub(r"\.\.+", ".", text).replace("\\u002", "").replace("\\U0000002", "").replace("\\x2", "")
    return re.sub(r"(?<![A-Za-z0-9}*])/|/(?![A-Za-z0-9{*])", "_", text)


def text_changed(chance, text, others):
    """A text with a few mistakes in it."""
    for _ in range(chance.choice([1, 1, 2, 3, 6])):
        lines = text.splitlines(keepends=True) or [""]
        at = chance.randrange(len(lines))
        match chance.randrange(12):
            case 0:
                lines[at] = ""
            case 1:
                lines.insert(at, chance.choice(lines))
            case 2:
                lines.insert(at, chance.choice(chance.choice(others).splitlines(keepends=True) or [""]))
            case 3:
                quoted = f'"{chance.choice(ODD)}"'
                value = chance.choice([quoted, chance.choice(ODD), f"[{quoted}, {quoted}]", f"{{ a = {quoted} }}"])
                lines[at] = lines[at].split("=")[0] + "= " + value + "\n"
            case 4 | 5:
                # One of the texts in the line.
                texts = list(re.finditer(r'"[^"\n]*"|[^,;\n]+', lines[at]))
                if texts:
                    found = chance.choice(texts)
                    word = chance.choice(ODD) if chance.random() < 0.7 else chance.choice(HEADINGS)
                    quote = '"' if found[0].startswith('"') else ""
                    lines[at] = lines[at][: found.start()] + quote + word + quote + lines[at][found.end() :]
            case 6:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chance.choice(ODD) + lines[at][place:]
            case 7:
                place = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + chr(chance.choice([chance.randrange(128), chance.randrange(0xD7FF)])) + lines[at][place + 1 :]
            case 8:
                lines = lines[:at]
            case 9:
                other = chance.choice(others).splitlines(keepends=True)
                lines = lines[:at] + other[chance.randrange(len(other) + 1) :]
            case 10:
                if chance.random() < 0.05:
                    lines[at] = lines[at] * chance.choice([100, 3000])
            case 11:
                chance.shuffle(lines)
        text = "".join(lines)[: 1 << 20]
    return text


class Texts:
    """Inputs that are a text in a file."""

    def __init__(self, chance, seeds):
        self.chance, self.seeds, self.seen, self.first = chance, seeds, set(), len(seeds)

    def next(self):
        # What was there in the beginning, more often than what came of it.
        text = self.chance.choice(self.seeds[: self.first] if self.chance.random() < 0.5 else self.seeds)
        for _ in range(self.chance.choice([0, 1, 1, 2, 4])):
            text = self.value_changed(text)
        if self.chance.random() < 0.4:
            text = text_changed(self.chance, text, self.seeds)
        self.input = paths_kept_below(text).encode("utf-8", "replace")
        if self.chance.random() < 0.02:
            # Other encodings, and what is none.
            place = self.chance.randrange(len(self.input) + 1)
            self.input = self.input[:place] + self.chance.randbytes(3) + self.input[place:]
        self.runner.folder.joinpath(self.NAME).write_bytes(self.input)

    def learn(self, *ends):
        if kind(*ends) not in self.seen and len(self.input) < 20_000:
            self.seen.add(kind(*ends))
            self.seeds.append(self.input.decode("utf-8", "replace"))


class Config(Texts):
    NAME = "flowbook.toml"

    def __init__(self, runner, chance):
        self.runner = runner
        make_store(runner)
        readme = REPOSITORY.joinpath("README.md").read_text()
        seeds = [re.sub(" +#.*", "", block) for block in re.findall("```toml\n(.*?)```", readme, re.DOTALL)]
        seeds += [path.read_text() for path in sorted(REPOSITORY.glob("data/**/*.toml"))]
        seeds += ["".join(seeds[:2]).replace('"/var/lib/node_exporter/', '"')]
        super().__init__(chance, [paths_kept_below(seed) for seed in seeds])

    def value_changed(self, text):
        """Another value of a key, well written."""
        chance, lines = self.chance, text.split("\n")
        keys = [at for at, line in enumerate(lines) if re.match("[a-z_]+ = ", line)]
        if not keys:
            return text
        at = chance.choice(keys)
        word = json.dumps(chance.choice(ODD), ensure_ascii=False)
        other = re.findall("(?m)^[a-z_]+ = (.*)", chance.choice(self.seeds)) or ["1"]
        value = chance.choice([word, word, word, f"[{word}]", f"[{word}, {word}, 1]", chance.choice(other),
                               "0", "-1", "31", "4294967296", "1.5", "true", "1979-05-27", "{}", "[]"])
        lines[at] = lines[at].split(" = ")[0] + " = " + value
        if chance.random() < 0.1:
            # A key too much, of this table or another.
            lines.insert(at, lines[chance.choice(keys)])
        return "\n".join(lines)

    def check(self):
        files = sorted(os.listdir(self.runner.folder))
        ends = [self.runner.run("run", self.NAME, "--dry-run", *self.chance.choice([[], ["--json"], ["--quiet"]]))]
        if self.chance.random() < 0.2:
            ends.append(self.runner.run("store", "coverage", "--store", "usage.db", "--config", self.NAME))
        if sorted(os.listdir(self.runner.folder)) != files:
            raise Finding("a run that does nothing made or removed files")
        self.learn(*ends)


class TasksCsv(Texts):
    NAME = "tasks.csv"

    def __init__(self, runner, chance):
        self.runner = runner
        make_store(runner)
        times = "2026-03-01T00:00:00Z,2026-03-02T00:00:00Z"
        every = ("n,flow,,,yesterday,a.com,,zh-cn,Asia/Shanghai,2,sparse,month_95,none,*.a.com,99,cdn,flow,,me,o.xlsx\n"
                 "m,vas,,,2026-03-01,,,,,,,,,,,,,,,\n")
        seeds = [
            f"type,start_time,end_time\nflow,{times}\nvas,{times}\n",
            f"\ufefftask_name;type;range;output\r\n\"a;b\";flow;2026-03-01;a/\r\n\r\nc;vas;2026-03-01;{{name}}.xlsx\r\n",
            ",".join(HEADINGS) + "\n" + every,
            "type\trange\tdomain_names\nflow\t2026-03-01\twww.example.com, *.example.com\n",
        ]
        super().__init__(chance, seeds)

    def value_changed(self, text):
        """Another cell of a row, well written."""
        chance, separator = self.chance, ";" if ";" in text.split("\n")[0] else ","
        try:
            rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        except csv.Error:
            return text
        filled = [row for row in rows[1:] if row]
        if not filled:
            return text
        row = chance.choice(filled)
        at = chance.randrange(len(row))
        cells = [cell for other in filled for cell in other if cell]
        row[at] = chance.choice(ODD) if chance.random() < 0.8 or not cells else chance.choice(cells)
        if chance.random() < 0.1:
            rows.append(list(row))
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator=chance.choice(["\n", "\r\n"])).writerows(rows)
        return out.getvalue()

    def check(self):
        shutil.rmtree(self.runner.folder / "out", ignore_errors=True)
        source = self.chance.choice([["logs"], ["--store", "usage.db"]])
        end = self.runner.run("export", "--tasks", self.NAME, *source, "--output", "out/", "--max-rejects", "90%", "--json", "--force")
        self.learn(end)
        made = list(self.runner.folder.rglob("*.xlsx"))
        if end[0] == 2 and made:
            raise Finding("a list that is refused made workbooks")
        for path in made:
            path.unlink()


def make_store(runner):
    """A small store with tasks, from the logs of the repository."""
    cases = REPOSITORY / "data/cases"
    shutil.copytree(cases / "two-domains-flow/logs", runner.folder / "logs")
    shutil.copy(cases / "dirty-vas/logs/access.log", runner.folder / "logs")
    steps = [
        ["ingest", "logs", "--store", "usage.db", "--max-rejects", "90%"],
        ["export", "--store", "usage.db", *DAY, "--type", "flow", "--task-name", "first", "--output", "first.xlsx"],
        ["export", "--store", "usage.db", *DAY, "--type", "vas", "--output", "second.xlsx"],
    ]
    for step in steps:
        code, _, stderr = runner.run(*step)
        if code != 0:
            sys.exit(f"{step}: {stderr.decode()}")
    for path in runner.folder.glob("*.xlsx"):
        path.unlink()


class Store:
    def __init__(self, runner, chance):
        self.runner, self.chance, self.seen = runner, chance, set()
        make_store(runner)
        self.store = runner.folder / "usage.db"
        with sqlite3.connect(self.store) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.tables = [name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        db.close()
        shutil.copytree(REPOSITORY / "data/stores", runner.folder / "older")
        older = (runner.folder / "older/version1.db").read_bytes()
        self.seeds = [self.store.read_bytes()] * 3 + [older]
        self.whole = self.export()[1]

    def export(self):
        return self.runner.run("export", "--store", "usage.db", *DAY, "--type", "flow", "--output", "-", "--quiet")

    def next(self):
        for path in self.runner.folder.glob("usage.db*"):
            path.unlink()
        self.store.write_bytes(self.chance.choice(self.seeds))
        if self.chance.random() < 0.5:
            self.change_values()
        else:
            self.change_bytes()
        self.input = self.store.read_bytes()

    def change_bytes(self):
        chance, data = self.chance, bytearray(self.store.read_bytes())
        page = 4096 if len(data) % 4096 == 0 else 512
        for _ in range(chance.choice([1, 1, 2, 4, 16])):
            # Headers of the file and of pages, more often than what they hold.
            at = chance.choice([chance.randrange(len(data)), chance.randrange(100),
                                chance.randrange(len(data) // page) * page + chance.randrange(60)])
            match chance.randrange(7):
                case 0 | 1:
                    data[at % len(data)] ^= 1 << chance.randrange(8)
                case 2 | 3:
                    data[at % len(data)] = chance.choice([0, 1, 127, 128, 255, chance.randrange(256)])
                case 4:
                    one, other = chance.randrange(len(data) // page) * page, chance.randrange(len(data) // page) * page
                    data[one : one + page] = data[other : other + page]
                case 5:
                    data[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"])
                case 6:
                    if chance.random() < 0.2:
                        del data[chance.randrange(page, len(data)) :]
        self.store.write_bytes(data)
        if chance.random() < 0.05:
            self.store.with_name("usage.db-wal").write_bytes(chance.randbytes(chance.choice([1, 32, 5000])))

    def change_values(self):
        chance, db = self.chance, sqlite3.connect(self.store, isolation_level=None)
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("PRAGMA foreign_keys = OFF")
        for _ in range(chance.choice([1, 1, 2, 4])):
            table = chance.choice(self.tables)
            try:
                columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
                # Of an older version not all tables are there.
                column = chance.choice(columns or ["none"])
                rows = db.execute(f'SELECT "{column}" FROM "{table}"').fetchall()
                value = chance.choice([
                    None, -1, 0, 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, -(2**63), 1e308, "", "a.com", "x" * 70_000, "\0",
                    "\x1b[2J\u202e", b"", b"\xff" * 32, bytes(100_000), chance.randrange(2**40), chance.randbytes(32),
                    *chance.choice(rows or [(None,)]), *chance.choice(rows or [(None,)]),
                ])
                if isinstance(value, int) and chance.random() < 0.3:
                    value = chance.choice([value + 1, value - 1, -value]) % 2**63
                where = f"rowid = (SELECT rowid FROM \"{table}\" LIMIT 1 OFFSET {chance.randrange(len(rows) + 1)})"
                match chance.randrange(8):
                    case 0:
                        db.execute(f'DELETE FROM "{table}" WHERE {where}')
                    case 1:
                        db.execute(f'INSERT INTO "{table}" SELECT * FROM "{table}" WHERE {where}')
                    case 2:
                        db.execute(f'UPDATE "{table}" SET "{column}" = ?', [value])
                    case _:
                        db.execute(f'UPDATE "{table}" SET "{column}" = ? WHERE {where}', [value])
            except (sqlite3.Error, OverflowError):
                # The table does not take it.
                continue
        db.close()

    def check(self):
        run, chance = self.runner.run, self.chance
        ends = [run("store", "info", "--store", "usage.db", *chance.choice([[], ["--json"]]))]
        ends.append(run("store", "coverage", "--store", "usage.db", *chance.choice([[], ["--json"]])))
        ends.append(self.export())
        more = [["store", "sources", "--json"], ["task", "list", "--json"], ["task", "list"], ["store", "sources"]]
        ends.append(run(*chance.choice(more), "--store", "usage.db"))
        ends.append(run("store", "check", "--store", "usage.db"))
        self.seen.add(kind(*ends))
        if ends[-1][0] == 0:
            for what, (code, _, stderr) in zip(["info", "coverage", "export", "more"], ends):
                if code not in (0, 3) and b"there is no store" not in stderr:
                    raise Finding(f"the check says that it is sound, {what} says: {code} {stderr.decode()}")


TARGETS = {"config": Config, "tasks-csv": TasksCsv, "store": Store}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--findings", type=pathlib.Path)
    arguments = parser.parse_args()
    runner = Runner(arguments.program)
    try:
        sys.exit(fuzz(runner, arguments))
    finally:
        shutil.rmtree(runner.folder, ignore_errors=True)


def fuzz(runner, arguments):
    target = TARGETS[arguments.target](runner, random.Random(arguments.seed))
    begun, inputs, found = time.monotonic(), 0, {}
    while time.monotonic() - begun < arguments.seconds:
        target.next()
        inputs += 1
        try:
            target.check()
        except Finding as finding:
            short = re.sub(r'"[^"]*"|\d+', "", str(finding))[:200]
            if short not in found:
                found[short] = finding
                name = f"{arguments.target}-{arguments.seed}-{inputs}"
                print(f"FOUND by input {inputs}: {finding}", flush=True)
                if arguments.findings:
                    arguments.findings.mkdir(parents=True, exist_ok=True)
                    arguments.findings.joinpath(name).write_bytes(target.input)
    spent = time.monotonic() - begun
    codes = ", ".join(f"{code}: {times}" for code, times in sorted(runner.codes.items()))
    print(f"{arguments.target}: {inputs} inputs, {runner.runs} runs, {runner.runs / spent:.0f} runs/s, "
          f"{len(target.seen)} different ends ({codes}), {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    main()
