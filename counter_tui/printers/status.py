"""What ESC/POS printers say of themselves when asked (DLE EOT 1 to 4)."""

import time
from dataclasses import dataclass

from counter_tui.printers.connection import Connection
from counter_tui.printers.printer import Trouble

PRINTER, OFFLINE_CAUSE, ERROR_CAUSE, PAPER = 1, 2, 3, 4

_FIXED_MASK, _FIXED = 0x93, 0x12
"""The bits that tell an answer from whatever else a printer says."""

_IS_OFFLINE = 0x08
_IS_COVER_OPEN, _HAS_PAPER_STOP, _HAS_ERROR = 0x04, 0x20, 0x40
_ERRORS = 0x6C
_PAPER_LOW, _PAPER_END = 0x0C, 0x60


@dataclass(frozen=True, slots=True)
class Status:
    """A printer's answers put together."""

    trouble: Trouble | None
    paper_low: bool


def ask_status(connection: Connection, seconds: float) -> Status | None:
    """Ask a printer how it is; None where it answers nothing. Raises OSError.

    It has so long for each answer. After the first question that it leaves unanswered no other is
    asked, lest a late answer is taken for another's.
    """
    answers: dict[int, int] = {}
    for question in (PRINTER, PAPER, OFFLINE_CAUSE, ERROR_CAUSE):
        answer = ask(connection, question, seconds)
        if answer is None:
            break
        answers[question] = answer
    return _status(answers) if answers else None


def ask(connection: Connection, question: int, seconds: float) -> int | None:
    """Ask one question; None where there is no answer in so long. Raises OSError."""
    connection.ask(bytes((0x10, 0x04, question)))
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        for byte in connection.receive(left):
            if byte & _FIXED_MASK == _FIXED:
                return byte
    return None


def _status(answers: dict[int, int]) -> Status:
    cause = answers.get(OFFLINE_CAUSE, 0)
    paper = answers.get(PAPER, 0)
    trouble = None
    if cause & _IS_COVER_OPEN:
        # First: with the cover open the paper is not seen either.
        trouble = Trouble.COVER_OPEN
    elif paper & _PAPER_END or cause & _HAS_PAPER_STOP:
        trouble = Trouble.NO_PAPER
    elif answers.get(ERROR_CAUSE, 0) & _ERRORS or cause & _HAS_ERROR:
        trouble = Trouble.MECHANICAL
    elif answers.get(PRINTER, 0) & _IS_OFFLINE:
        trouble = Trouble.OFFLINE
    return Status(trouble, paper_low=bool(paper & _PAPER_LOW))
