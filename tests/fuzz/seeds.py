"""Writes the first inputs of the fuzz targets, made of the files in `data`: `seeds.py PROGRAM FOLDER`.

They are small: a fuzzer changes all of an input, and what tells it something lies in a few lines.
"""

import pathlib
import subprocess
import sys
import tempfile
import zlib

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"
program, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def write(target, inputs):
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(inputs):
        (place / f"seed-{number}").write_bytes(text)


def pieces(path, length):
    """The beginning of a log, and some of its lines alone."""
    text = path.read_bytes()
    return [text[:length], *text.split(b"\n")[:40:3]]


def packed(pattern):
    return [path.read_bytes() for path in sorted(DATA.glob(pattern)) if path.stat().st_size < 4000]


logs = [piece for path in sorted(DATA.glob("**/*.log")) for piece in pieces(path, 2000)]
# The first byte of an input says how the rest is used; see each target.
write("parse", [bytes([number * 37 % 256]) + text for number, text in enumerate(logs)])
write("count", [bytes([number * 37 % 256]) + b"\x40\x80\xc0"[: number * 37 % 4] + text for number, text in enumerate(logs)])

members = packed("troubles/**/*.gz")
streams = [zlib.compress(text[:600], number % 10)[2:-4] for number, text in enumerate(logs)]
whole = [bytes([number % 64 * 4 + 2, 80, number % 3, 99, 1, number % 12, 170]) + text for number, text in enumerate(logs)]
write("gunzip", [b"\0" + text for text in members] + [b"\1" + text for text in streams] + whole)

with tempfile.TemporaryDirectory() as place:
    made = [program, "generate", place + "/g", "--domains", "3", "--hours", "4", "--lines-per-file", "6", "--quiet"]
    subprocess.run([*made, "--compress", "zst"], check=True)
    frames = [path.read_bytes() for path in sorted(pathlib.Path(place).glob("g/*.zst"))]
write("zstd", [b"\0" + text for text in frames] + [b"\1" + text[4:] for text in frames] + whole)

names = sorted({path.name for path in DATA.glob("**/*") if path.is_file()})
write("names", [name.encode() for name in names] + ["\n".join(names[at : at + 6]).encode() for at in range(0, len(names), 20)])

words = (pathlib.Path(__file__).parent / "words/request.dict").read_text().splitlines()
words = [word[1:-1] for word in words]
write("request", ["\n".join(words[at : at + 5]).encode() for at in range(len(words))])
