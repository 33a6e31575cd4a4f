"""The commands of this project. They use only the standard library: nothing is installed yet."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
