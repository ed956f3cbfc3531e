"""usage.py ENGINE LOGS OUT [THREADS]: domain, start of the window, bytes and requests as CSV.

LOGS is a glob or a file. Lines whose URL has no host get the empty domain.
"""

import importlib
import sys


def write_usage(engine, logs, out, threads):
    importlib.import_module(f"{engine}_usage").write_usage(logs, out, threads)


if __name__ == "__main__":
    engine, logs, out, *threads = sys.argv[1:]
    write_usage(engine, logs, out, int(threads[0]) if threads else 2)
