"""A proof that needs PostgreSQL, run in the tests' own way on a cluster made for it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.children import ROOT
from tests.cluster import Cluster


def run(statement: str, where: str = "tests/proofs/long.py") -> bool:
    """Whether this statement, with Django on an empty database, printed its figures and passed."""
    with Cluster() as cluster:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", where, "-k", statement, "-s", "-q"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": cluster.url("posture")},
            check=False,
        )
    return done.returncode == 0
