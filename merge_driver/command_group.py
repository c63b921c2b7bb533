"""What all commands have in common: an output that takes every character, and says it is full."""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import click

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class CommandGroup(click.Group):
    """Commands that no locale and no full disk behind their output ends with a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, which prints help and version."""
        _take_every_character()
        with _full_told():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named."""
        with _full_told():
            return super().invoke(ctx)


def _take_every_character() -> None:
    """Write a character that the locale lacks as an escape, such as \\u82b1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _full_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        where = error.filename or "the output"
        _forget_output()
        raise click.ClickException(f"{where} cannot be written: {error.strerror}") from error


def _forget_output() -> None:
    """Let what is left of standard output go nowhere: Python would try it once more at its end."""
    with suppress(OSError):  # one that is no file
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
