"""Hands each record on to a command, as a line of JSON on its standard input."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from merge_driver.files import shown
from merge_driver.outputs.forms import json_line
from merge_driver.outputs.recipient import HandOnError
from merge_driver.record import TakenRecord

TRANSACTION_NUMBER_VARIABLE: Final = "MERGE_TRANSACTION_NUMBER"
_TEMPORARY_FAILURE: Final = 75  # EX_TEMPFAIL of sysexits.h
_TEXT_SHOWN_MAX: Final = 200


class Command:
    """A program of the street's that takes one record each time it is started.

    Exit code 0 means taken, 75 that nothing can be taken now, any other that this record is
    refused. The transaction number is in the environment too.
    """

    def __init__(self, command: Sequence[str], timeout_seconds: float) -> None:
        self._command = command
        self._timeout_seconds = timeout_seconds

    def hand_on(self, record: TakenRecord) -> None:
        """Run the command with a record. Raises HandOnError."""
        environment = {**os.environ, TRANSACTION_NUMBER_VARIABLE: record.transaction_number}
        try:
            process = subprocess.Popen(  # noqa: S603 -- the command that the street set
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            message = f"{self._command[0]}: cannot be started: {error.strerror}"
            raise HandOnError(message, of_this_record=False) from error
        with process:
            try:
                _, errors = process.communicate(
                    json_line(record).encode("ascii"), self._timeout_seconds
                )
            except subprocess.TimeoutExpired:
                _end(process)
                raise HandOnError(
                    f"{self._command[0]}: no end after {self._timeout_seconds:g} seconds",
                    of_this_record=False,
                ) from None
            except BaseException:
                _end(process)
                raise
        if process.returncode:
            raise HandOnError(
                f"{self._command[0]}: exit code {process.returncode}{_last_line(errors)}",
                of_this_record=process.returncode != _TEMPORARY_FAILURE,
            )


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the command with whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _last_line(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return f": {shown(lines[-1])[:_TEXT_SHOWN_MAX]}" if lines else ""
