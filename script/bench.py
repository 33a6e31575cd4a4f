"""script/bench: figures, to be read as ratios within one run. They judge nothing."""

from __future__ import annotations

import os
import sys

from script import bootstrap
from script.environment import PYTHON


def main() -> int:
    bootstrap.prepare_tests()
    os.execv(PYTHON, [str(PYTHON), "-m", "tests.benches", *sys.argv[1:]])
