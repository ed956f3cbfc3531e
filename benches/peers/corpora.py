"""The logs that the works read: generated once per size, complete when their totals are there."""

import shutil
import subprocess
from pathlib import Path

TRUTH = "expected.csv"


def scaled(number, scale, least=1):
    return max(least, round(number * scale))


class Corpora:
    def __init__(self, folder, flowbook, scale):
        self.folder = Path(folder) / f"scale-{scale:g}"
        self.flowbook = flowbook
        self.scale = scale
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, name):
        """The folder of a corpus, made if need be."""
        folder = self.folder / name
        if not (folder / TRUTH).exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"making {folder}", flush=True)
            {"one-plain": self.one_plain, "one-gz": self.one_gz}.get(name, self.generated)(folder)
        return folder

    def options(self, name):
        """The options of `flowbook generate`."""
        lines = lambda full: scaled(full, self.scale, 20)
        return {
            "plain": f"--domains 8 --hours 10 --lines-per-file {lines(50_000)} --compress none",
            "gz": f"--domains 8 --hours 10 --lines-per-file {lines(50_000)} --compress gz",
            "small": f"--domains {scaled(834, self.scale)} --hours 24 --lines-per-file 20 --compress gz",
            "day": f"--domains 100 --hours 24 --lines-per-file {lines(700)} --compress gz",
        }[name]

    def command(self, name):
        """How the corpus is made, as one would type it."""
        if name == "one-plain":
            return "cat plain/*.log > one-plain/all.log"
        if name == "one-gz":
            return "gzip -6 < one-plain/all.log > one-gz/all.log.gz"
        return f"flowbook generate {name} {self.options(name)}"

    def generated(self, folder):
        subprocess.run([self.flowbook, "generate", folder, *self.options(folder.name).split(), "--quiet"], check=True)

    def one_plain(self, folder):
        self.joined(folder, self.get("plain"), 'cat "$1"/*.log >"$2/all.log"')

    def one_gz(self, folder):
        self.joined(folder, self.get("one-plain"), 'gzip -6 <"$1/all.log" >"$2/all.log.gz"')

    @staticmethod
    def joined(folder, source, script):
        folder.mkdir()
        subprocess.run(["sh", "-c", script, "sh", source, folder], check=True)
        shutil.copy(source / TRUTH, folder / TRUTH)


def logs(folder):
    """The log files of a corpus."""
    return [path for path in Path(folder).iterdir() if path.name != TRUTH]


def pattern(folder):
    """A glob that gives the log files."""
    return f"{folder}/*{logs(folder)[0].suffix}"


def size(folder):
    """Number of files and bytes on disk."""
    files = logs(folder)
    return len(files), sum(path.stat().st_size for path in files)


def warm(folder):
    """Reads everything once, so that nobody waits for the disk."""
    for path in logs(folder):
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
