"""`script/bench NAME`: figures of one kind, measured on a PostgreSQL made for them."""

from __future__ import annotations

import sys

from tests.proofs import on_postgresql

BENCHES = {
    "api": "the API's endpoints beside the budgets: statements, bytes, milliseconds, and requests "
    "a second as a ratio to an empty view",
    "pages": "how soon pages can be read on a weak line, in Chromium: first paint and bytes",
}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in BENCHES:
        for name, what in BENCHES.items():
            print(f"script/bench {name:8} {what}")
        return 2
    figures = "tests/benches/figures.py"
    return 0 if on_postgresql.run(f"test_{sys.argv[1]}", figures) else 1


sys.exit(main())
