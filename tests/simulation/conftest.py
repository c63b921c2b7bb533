"""The simulation runs on each engine."""

from tests.server.conftest import engine, find_template

__all__ = ["engine", "find_template"]
