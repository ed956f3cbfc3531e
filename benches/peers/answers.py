"""Holds what contenders answer against the true totals, or against each other.

The one thing peers cannot know: the domain of a line whose URL has only a path stands in the file's name. They
answer the empty domain (or "(no host)") for such lines, and the same sums must be missing elsewhere.
"""

import csv
import datetime as dt
import json
from collections import defaultdict

NAMELESS = ("", "(no host)")


class Wrong(Exception):
    pass


def read(path):
    """(domain, start) to figures."""
    with open(path, newline="") as file:
        rows = ((line[0], int(line[1]), line[2:]) for line in csv.reader(file))
        return {(domain, start): tuple(map(float, figures)) for domain, start, figures in rows}


def truth(path):
    """(domain, start) to bytes and requests."""
    totals = {}
    with open(path, newline="") as file:
        for line in csv.DictReader(file):
            start = dt.datetime.fromisoformat(line["window"].replace("Z", "+00:00"))
            totals[line["domain"], int(start.timestamp())] = int(line["bytes"]), int(line["requests"])
    return totals


def check_usage(answer, expected):
    """Gives what stood under no domain: (start) to figures, in sum; empty when every line was told its domain."""
    nothing = [0] * len(next(iter(expected.values())))
    missing, nameless = defaultdict(nothing.copy), {}
    for (domain, start), figures in answer.items():
        if domain in NAMELESS:
            nameless[start] = list(figures)
        elif (domain, start) not in expected:
            raise Wrong(f"{domain} {start} is not in the logs")
    for key, figures in expected.items():
        for at, (true, found) in enumerate(zip(figures, answer.get(key, nothing))):
            if found > true:
                raise Wrong(f"{key}: {found} instead of {true}")
            missing[key[1]][at] += true - found
    missing = {start: figures for start, figures in missing.items() if any(figures)}
    if nameless and missing != {start: figures for start, figures in nameless.items() if any(figures)}:
        raise Wrong("what is missing is not what has no domain")
    return missing


def check_flow(answer, expected):
    """Bytes and bandwidth of the windows of the day."""
    for key, (size, bandwidth) in answer.items():
        if bandwidth != (int(size) * 800 + 150) // 300 / 100:
            raise Wrong(f"{key}: bandwidth {bandwidth} of {size} bytes")
    start = dt.datetime(2026, 3, 1, tzinfo=dt.timezone.utc).timestamp()
    of_day = {key: (size,) for key, (size, _) in expected.items() if start <= key[1] < start + 86400}
    return check_usage({key: (size,) for key, (size, _) in answer.items()}, of_day)


def check_totals(path, expected):
    """What share of requests and bytes goaccess found; a few lines differ."""
    with open(path) as file:
        general = json.load(file)["general"]
    found = general["bandwidth"] / sum(size for size, _ in expected.values())
    lines = general["valid_requests"] / sum(requests for _, requests in expected.values())
    if not (0.99 < found <= 1 and 0.99 < lines <= 1):
        raise Wrong(f"{lines:.2%} of the requests, {found:.2%} of the bytes")
    return f"{lines:.2%} of the requests, {found:.2%} of the bytes"


def agree(found):
    """`found` is what each contender missed, by name: nothing, or the same as all others who missed any."""
    gaps = [(name, gap) for name, gap in found.items() if gap]
    for name, gap in gaps[1:]:
        if gap != gaps[0][1]:
            raise Wrong(f"{gaps[0][0]} and {name} differ")
