"""Where the documentation stands."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
