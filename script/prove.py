"""script/prove: the proofs that take too long for script/test, one at a time."""

from __future__ import annotations

import os
import sys

from script import bootstrap
from script.environment import PYTHON


def main() -> int:
    bootstrap.prepare_tests()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.proofs", *sys.argv[1:]])
