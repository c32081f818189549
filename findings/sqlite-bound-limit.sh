#!/usr/bin/env bash
# SQLite 3.54.1 (apsw 3.54.1.0): a prepared statement whose LIMIT is a parameter is compiled anew for each execution.
#
# A statement that is prepared once and kept, as drivers do, is expected to be compiled once. Where the limit is a
# bare parameter, the planner looks at its value, and the library compiles the statement again after each binding,
# also of the same value. `LIMIT ? + 0` means the same and is compiled once; so does a literal. The cost grows with the
# statement: for a page with joins it is a large part of the whole read.
#
# The authorizer is called while a statement is compiled, and not while it runs, so its calls show each compilation.
#
# Seen: calls of the authorizer in four executions of one cached statement. Output:
#   LIMIT ?: compiled in 4 of 4 executions
#   LIMIT ? + 0: compiled in 1 of 4 executions
#   LIMIT 20: compiled in 1 of 4 executions
#   OFFSET ?: compiled in 1 of 4 executions
#
# Requires python3 with venv, and its package index.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'apsw==3.54.1.0'
output=$("$folder/venv/bin/python" - <<'PYTHON'
import apsw

connection = apsw.Connection(":memory:")
connection.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, points INTEGER)")
connection.executemany("INSERT INTO entries VALUES (?, ?)", ((n, n % 7) for n in range(1, 101)))

calls = 0


def count(*_):
    global calls
    calls += 1
    return apsw.SQLITE_OK


connection.authorizer = count
page = "SELECT number, points FROM entries WHERE number > ? ORDER BY number "
for name, end, values in (
    ("LIMIT ?", "LIMIT ?", (5, 20)),
    ("LIMIT ? + 0", "LIMIT ? + 0", (5, 20)),
    ("LIMIT 20", "LIMIT 20", (5,)),
    ("OFFSET ?", "LIMIT 20 OFFSET ?", (5, 0)),
):
    compiled = 0
    for _ in range(4):
        before = calls
        assert len(list(connection.execute(page + end, values))) == 20
        compiled += calls > before
    print(f"{name}: compiled in {compiled} of 4 executions")
PYTHON
)
printf '%s\n' "$output"
expected='LIMIT ?: compiled in 4 of 4 executions
LIMIT ? + 0: compiled in 1 of 4 executions
LIMIT 20: compiled in 1 of 4 executions
OFFSET ?: compiled in 1 of 4 executions'
[[ $output == "$expected" ]] || { echo "The behaviour has changed." >&2; exit 1; }
