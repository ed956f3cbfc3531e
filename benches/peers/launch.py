"""launch.py LOG COMMAND...: runs a command and prints its wall time, CPU time and peak memory in bytes.

A process never shows a lower peak than that of the one that spawned it, so this one imports next to nothing:
below 10 MB peaks cannot be told apart. Of several processes, the peak is that of the largest.
"""

import os
import sys
import time

log, *words = sys.argv[1:]
actions = [(os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
started = time.perf_counter()
child = os.posix_spawnp(words[0], words, os.environ, file_actions=actions)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - started
print(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status) != 0)
