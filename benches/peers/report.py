"""What came out of a comparison, in words: tables, targets, the machine, and a chart."""

import datetime as dt
import os
import platform
import subprocess
from dataclasses import dataclass

import svg
from works import FLOWBOOK, LIMIT, PEER

MIB = 1 << 20


@dataclass
class Outcome:
    work: object
    # Name to timing.Runs.
    results: dict
    # Name to reason.
    missing: dict
    # Name to remark.
    notes: dict
    # Files and bytes of the corpus.
    corpus: tuple

    def contenders(self, role=None):
        return [c for c in self.work.contenders if c.name in self.results and role in (None, c.role)]

    def wall(self, name):
        return self.results[name].wall()

    def fastest(self, named=""):
        """The fastest peer that does all of the work."""
        peers = [c.name for c in self.contenders(PEER) if not c.less and c.name.startswith(named)]
        return min(peers, key=self.wall, default=None)

    def best_own(self):
        return min((c.name for c in self.contenders(FLOWBOOK)), key=self.wall)


def table(outcome):
    """A row per contender; ratios are to flowbook's median."""
    own = outcome.wall(outcome.best_own())
    yield "| contender | wall, median | min - max | CPU | peak memory | x flowbook |"
    yield "|---|---:|---:|---:|---:|---:|"
    for contender in outcome.contenders():
        runs = outcome.results[contender.name]
        low, high = runs.spread()
        name = f"_{contender.name}_" if contender.role == LIMIT else contender.name
        name += " *" if contender.less else ""
        ratio = runs.wall() / own
        cells = f"{runs.wall():.3f} s | {low:.3f} - {high:.3f} | {runs.cpu():.2f} s | {runs.peak() / MIB:.0f} MiB"
        yield f"| {name} | {cells} | {ratio:.2f} |"
    yield ""
    if limits := [c.name for c in outcome.contenders(LIMIT)]:
        yield f"No contenders, but one step of the work alone, to hold the whole against: {'; '.join(limits)}."
    for name, note in outcome.notes.items():
        yield f"`*` {name}: {note}."
    for name, reason in outcome.missing.items():
        yield f"Without {name}: {reason}."


def judge(outcome, target):
    """Name, bound and value of a target, and whether it is reached; None where someone is missing."""
    results = outcome.results
    if target.contender not in results:
        return None
    if target.kind == "memory":
        peak = results[target.contender].peak()
        what = f"peak memory of {target.contender}"
        return what, f"<= {target.bound / 1e6:.0f} MB", f"{peak / 1e6:.0f} MB", peak <= target.bound
    than = target.than if target.than in results else outcome.fastest(target.than or "")
    if not than or (target.kind == "within" and than != target.than):
        return None
    what, ratio = f"{target.contender} against {than}", outcome.wall(target.contender) / outcome.wall(than)
    if target.kind == "faster":
        return what, f">= {target.bound:g} x as fast", f"{1 / ratio:.2f} x", 1 / ratio >= target.bound
    return what, f"<= {target.bound:g} x the time", f"{ratio:.2f} x", ratio <= target.bound


def targets(outcomes):
    yield "| work | what | target | measured | |"
    yield "|---|---|---:|---:|---|"
    for outcome in outcomes:
        for target in outcome.work.targets:
            if judged := judge(outcome, target):
                what, bound, value, reached = judged
                yield f"| {outcome.work.key} | {what} | {bound} | {value} | {'reached' if reached else 'not reached'} |"


def first(command, *more):
    """The first line that a command prints, or nothing."""
    try:
        said = subprocess.run([command, *more], capture_output=True, text=True).stdout
    except OSError:
        return ""
    return said.splitlines()[0] if said else ""


def machine():
    with open("/proc/cpuinfo") as file:
        models = {line.split(":", 1)[1].strip() for line in file if line.startswith("model name")}
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) * 1024
    load = os.getloadavg()[0]
    yield f"{', '.join(models) or platform.machine()}, {os.cpu_count()} cores, {memory / 2**30:.0f} GiB of memory, "
    yield f"{platform.system()} {platform.release()}; load {load:.1f} at the end."


def versions(comparison):
    yield first(comparison.flowbook, "--version")
    yield first("rustc", "--version")
    yield first("goaccess", "--version").rstrip(".")
    yield first("dpkg-query", "-W", "-f", "mawk ${Version}\n", "mawk")
    if comparison.python:
        yield first(comparison.python, "--version")
        wanted = (comparison.options.folder / "venv" / "requirements.txt").read_text().split()
        script = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
        yield first(comparison.python, "-c", script, *wanted)


def results(outcomes, comparison):
    """The whole of the results file."""
    options = comparison.options
    today = dt.datetime.now(dt.timezone.utc).date()
    yield "# flowbook and other tools on the same work"
    yield ""
    more = f" --only {options.only}" * bool(options.only) + " --without-peers" * options.without_peers
    yield f"Made by `benches/peers/run --scale {options.scale:g} --runs {options.runs}{more}` on {today}; do not edit."
    yield "Contenders took turns, every run a process of its own, files in the page cache; wall time, CPU time and peak"
    yield "memory are those of the whole process with everything it started, `measure ... deflate-xml` alone excepted,"
    yield "which prepares its input first. All answers were compared with the true totals, or with each other."
    yield ""
    yield "**Machine:** " + "".join(machine())
    yield ""
    yield "**Versions:** " + "; ".join(filter(None, versions(comparison)))
    yield ""
    reached = list(targets(outcomes))
    # A table without a row: nobody ran whom flowbook is held against.
    if len(reached) > 2:
        yield "## Targets"
        yield ""
        yield from reached
    for outcome in outcomes:
        yield ""
        yield from section(outcome, comparison)


def section(outcome, comparison):
    work = outcome.work
    yield f"## {work.key}: {work.title}"
    yield ""
    if outcome.corpus:
        files, size = outcome.corpus
        yield f"{files:,} files, {size / 1e6:,.1f} MB on disk: `{comparison.corpora.command(work.corpus)}`"
        yield ""
    yield from table(outcome)
    yield ""
    yield "```text"
    shown = {"flowbook": "flowbook", "measure": "measure", "python": "python", "peers": "benches/peers"}
    shown |= {"logs": work.corpus, "glob": f"'{work.corpus}/*'", "out": "OUT"}
    shown |= {"domains": comparison.domains, "slices": 8928}
    for contender in outcome.contenders():
        yield contender.command.format(**shown)
    yield "```"


def chart(outcomes, path):
    """Times as multiples of flowbook's, a group of bars per work."""
    groups = []
    for outcome in outcomes:
        own = outcome.wall(outcome.best_own())
        bars = [(c.name, outcome.wall(c.name) / own, c.role) for c in outcome.contenders() if not c.less]
        groups.append((f"{outcome.work.key}: {outcome.work.title}", bars))
    path.write_text(svg.bars("Wall time, flowbook = 1 (limits in grey)", groups))
