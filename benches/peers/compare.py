"""Compares flowbook with other tools on the same work, in one run, and writes the results down.

Builds flowbook, generates logs, installs the peers into a folder of their own, and lets all contenders of a work
take turns, each as a process of its own. Every answer is checked after the first round. The works and their
targets stand in `works.py`.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import answers
import corpora
import report
import timing
from works import WORKS

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / "benches" / "peers"
# What a full run writes; trial runs write only where they are told to.
RESULTS = ROOT / "benches" / "RESULTS.md"
DOMAINS, SLICES = 100, 8928


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", default=ROOT / "target" / "peers", type=Path, help="logs, peers, answers [target/peers]")
    parser.add_argument("--scale", default=1.0, type=float, help="size of the logs, 1 for the real run")
    parser.add_argument("--runs", default=5, type=int, help="runs of each contender [5]")
    parser.add_argument("--only", default="", help="works, like a,b,c-gz,f")
    parser.add_argument("--without-peers", action="store_true", help="flowbook and the limits alone; needs no network")
    parser.add_argument("--results", type=Path, help="where to write the results [benches/RESULTS.md of a full run]")
    return parser.parse_args()


def build():
    """flowbook and the program `measure`, in release."""
    binaries = ["--bin", "flowbook", "--example", "measure"]
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet", *binaries], check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "flowbook", target / "release" / "examples" / "measure"


def install(folder):
    """The Python with the peers in it; Debian's packages as far as one may."""
    venv, wanted = folder / "venv", PEERS / "requirements.txt"
    python = venv / "bin" / "python"
    stamp = venv / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print("installing the peers", flush=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted], check=True)
        shutil.copy(wanted, stamp)
    packages = {c.needs for work in WORKS for c in work.contenders if c.needs}
    missing = sorted(name for name in packages if not shutil.which(name))
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], **quiet)
    return python


class Comparison:
    """Runs one work after the other and keeps what came out."""

    def __init__(self, options):
        self.options = options
        self.flowbook, self.measure = build()
        self.python = None if options.without_peers else install(options.folder)
        self.corpora = corpora.Corpora(options.folder, self.flowbook, options.scale)
        self.answers = options.folder / "answers"
        self.answers.mkdir(parents=True, exist_ok=True)
        self.domains = corpora.scaled(DOMAINS, options.scale)

    def command(self, contender, folder):
        """The command line of a contender, and the place of its answer."""
        ending = ".xlsx" if contender.answer in ("rows", "flow") else ""
        out = self.answers / (contender.name.replace(" ", "_").replace(",", "") + ending)
        places = {"logs": folder, "glob": f"'{corpora.pattern(folder)}'"} if folder else {}
        places |= {"flowbook": self.flowbook, "measure": self.measure, "python": self.python, "peers": PEERS, "out": out}
        return contender.command.format(**places, domains=self.domains, slices=SLICES), out

    def contenders(self, work):
        """Those who can take part, and why the others cannot."""
        able, skipped = [], {}
        for contender in work.contenders:
            if "{peers}" in contender.command and not self.python:
                skipped[contender.name] = "left out"
            elif contender.needs and not shutil.which(contender.needs):
                skipped[contender.name] = f"needs {contender.needs}: not installed, and only root can change that"
            else:
                able.append(contender)
        return able, skipped

    def run(self, work):
        folder = self.corpora.get(work.corpus) if work.corpus else None
        able, skipped = self.contenders(work)
        print(f"{work.key}: {work.title}", flush=True)
        for name, reason in skipped.items():
            print(f"  without {name}: {reason}")
        if folder:
            corpora.warm(folder)
        results = {contender.name: timing.Runs() for contender in able}
        notes = {}
        for round_number in range(self.options.runs):
            turn = round_number % len(able)
            # Nobody always runs behind the same one.
            for contender in able[turn:] + able[:turn]:
                self.one(contender, folder, results[contender.name], round_number)
            if round_number == 0:
                notes = self.check(work, [c for c in able if not results[c.name].failure], folder)
        failures = {name: runs.failure for name, runs in results.items() if runs.failure}
        for name in failures:
            del results[name]
        notes |= {c.name: f"{c.less}; {notes.get(c.name, '')}" for c in able if c.less and c.name in results}
        outcome = report.Outcome(work, results, skipped | failures, notes, corpora.size(folder) if folder else None)
        print("\n".join(report.table(outcome)) + "\n", flush=True)
        return outcome

    def one(self, contender, folder, runs, round_number):
        if runs.failure or round_number >= contender.runs:
            return
        command, out = self.command(contender, folder)
        out.unlink(missing_ok=True)
        try:
            runs.runs.append(timing.run(command, self.answers / "said"))
        except timing.Failed as failed:
            if "{peers}" not in contender.command:
                raise
            print(f"  {contender.name}: {failed}", flush=True)
            runs.failure = f"failed: {str(failed).splitlines()[-1]}"

    def check(self, work, able, folder):
        """Stops the comparison unless all answers agree; gives what is to be said about some of them."""
        expected = answers.truth(folder / corpora.TRUTH) if folder else None
        gaps, digests, notes = {}, {}, {}
        for contender in able:
            _, out = self.command(contender, folder)
            try:
                match contender.answer:
                    case "usage":
                        gaps[contender.name] = answers.check_usage(answers.read(out), expected)
                    case "flow" if self.python:
                        gaps[contender.name] = answers.check_flow(answers.read(self.detail(out)), expected)
                    case "rows":
                        digests[contender.name] = self.digest(out)
                    case "totals":
                        notes[contender.name] = answers.check_totals(out, expected)
            except answers.Wrong as wrong:
                sys.exit(f"{work.key}: the answer of {contender.name} is wrong: {wrong}")
        try:
            answers.agree(gaps)
        except answers.Wrong as wrong:
            sys.exit(f"{work.key}: {wrong}")
        if len(set(digests.values())) > 1:
            sys.exit(f"{work.key}: the rows differ: {digests}")
        return notes

    def detail(self, workbook):
        """The rows of a workbook as CSV, by an outside reader; without the peers there is none."""
        out = workbook.with_suffix(".csv")
        subprocess.run([self.python, PEERS / "detail.py", workbook, out], check=True)
        return out

    def digest(self, workbook):
        return hashlib.sha256(self.detail(workbook).read_bytes()).hexdigest() if self.python else None


def main():
    options = arguments()
    only = [key for key in options.only.split(",") if key]
    chosen = [work for work in WORKS if not only or any(key in (work.key, work.key.split("-")[0]) for key in only)]
    comparison = Comparison(options)
    outcomes = [comparison.run(work) for work in chosen]
    lines = report.results(outcomes, comparison)
    full = options.scale == 1 and not only and not options.without_peers
    results = options.results or (RESULTS if full else None)
    print("\n".join(report.targets(outcomes)))
    if results:
        results.write_text("\n".join(lines) + "\n")
        report.chart(outcomes, results.with_suffix(".svg"))
        print(f"written to {results}")


if __name__ == "__main__":
    main()
