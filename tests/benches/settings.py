"""The service's own settings, with two empty views beside it and nobody counted."""

from posture.settings import *  # noqa: F403  # a superset

ROOT_URLCONF = "tests.benches.urls"
RATELIMIT_ENABLE = False
