#!/usr/bin/env bash
# Prints the Python that has the outside readers, installing them into target/ first if need be.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/readers
if [ ! -x "$venv/bin/python" ] || ! cmp -s tests/readers/requirements.txt "$venv/requirements.txt"; then
  python3 -m venv "$venv" >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r tests/readers/requirements.txt >&2
  cp tests/readers/requirements.txt "$venv/requirements.txt"
fi
echo "$venv/bin/python"
