"""The terminal is the application's own while it runs: nothing else writes across its screens.

Libraries below Python (gRPC, TLS, PC/SC, fonts) write to the descriptors of standard output and
error. These lead nowhere meanwhile; the application keeps the terminal for itself.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

ENCODING = "utf-8"
"""Whatever the locale says: terminals show nothing else, and Textual reads nothing else."""


def speak_utf8() -> None:
    """Write UTF-8 from now on, so that no command ends for a locale that lacks a character."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=ENCODING, errors="backslashreplace")


@contextmanager
def own_terminal() -> Iterator[None]:
    """Let only what Python writes through `sys` reach the terminal, if there is one."""
    with ExitStack() as taken:
        for name in ("stdout", "stderr"):
            taken.enter_context(_taken(name))
        yield


@contextmanager
def _taken(name: str) -> Iterator[None]:
    """Give the stream of a name a descriptor of its own, and lead its old one nowhere.

    Textual draws on `sys.__stderr__`, and measures `sys.__stdout__`.
    """
    stream: TextIO | None = getattr(sys, f"__{name}__")
    if stream is None or not stream.isatty():
        yield
        return
    descriptor = stream.fileno()
    stream.flush()
    before = getattr(sys, name)
    with os.fdopen(os.dup(descriptor), "w", encoding=ENCODING, errors="replace") as own:
        _lead_nowhere(descriptor)
        _set(name, own, own)
        try:
            yield
        finally:
            own.flush()
            os.dup2(own.fileno(), descriptor)
            _set(name, stream, before)


def _set(name: str, original: TextIO, present: TextIO) -> None:
    setattr(sys, f"__{name}__", original)
    setattr(sys, name, present)


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
