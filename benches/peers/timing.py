"""What a command takes, as a process of its own with everything that it starts; and sums over several runs."""

import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

LAUNCH = Path(__file__).with_name("launch.py")


class Failed(Exception):
    pass


@dataclass
class Run:
    # Seconds and bytes.
    wall: float
    cpu: float
    peak: int


@dataclass
class Runs:
    """All runs of one contender."""

    runs: list = field(default_factory=list)
    failure: str = None

    def wall(self):
        return statistics.median(run.wall for run in self.runs)

    def spread(self):
        walls = [run.wall for run in self.runs]
        return min(walls), max(walls)

    def cpu(self):
        return statistics.median(run.cpu for run in self.runs)

    def peak(self):
        return max(run.peak for run in self.runs)


def run(command, log):
    """Runs a command line; its output goes to the file `log`. A program that tells its own seconds is believed:
    it had to prepare what is not part of the work."""
    launch = [sys.executable, "-I", "-S", LAUNCH, log, *shlex.split(command)]
    launched = subprocess.run(launch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = log.read_text(errors="replace") if log.exists() else ""
    if launched.returncode:
        raise Failed(f"{command}\n{launched.stdout if not said else said[-2000:]}")
    wall, cpu, peak = launched.stdout.split()
    own = [float(line.split()[1]) for line in said.splitlines() if line.startswith("seconds ")]
    return Run(own[0] if own else float(wall), float(cpu), int(peak))
