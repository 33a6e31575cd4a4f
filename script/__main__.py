"""Runs one of the commands: `python -m script server …`, as the file script/server does."""

import sys
from importlib import import_module

from script import interruption

# Before the rest is even imported: Ctrl-C in that moment must not be a traceback either.
interruption.heed_signals()

steps = import_module("script.steps")
name = sys.argv.pop(1)
sys.exit(steps.command(import_module(f"script.{name}").main))
