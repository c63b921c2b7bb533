"""Tells the server which merges were taken, and keeps what it could not be told (DRV-6, MRG-8)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from merge_driver.driver import never
from merge_driver.journal import Journal
from merge_driver.record import TakenRecord

ACKNOWLEDGED: Final = "ACKNOWLEDGED"
_SENT_AT_ONCE: Final = 500


class AcknowledgeError(Exception):
    """The server was not told; the text says why. The acknowledgements are kept."""


class StreetServer(Protocol):
    """The server, as the street's system sees it."""

    def acknowledge(self, records: Sequence[TakenRecord]) -> list[tuple[str, str]]:
        """Say what was taken; return what is answered about each transaction number.

        That is ACKNOWLEDGED, or why not. Raises AcknowledgeError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """How many acknowledgements the server took and refused, how many are kept, and why."""

    taken: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    """Transaction numbers whose acknowledgement the server refused, each with its answer."""
    kept: int = 0
    trouble: str = ""


def acknowledge(
    journal: Journal, server: StreetServer, is_stopped: Callable[[], bool] = never
) -> Acknowledged:
    """Send the acknowledgements that were not sent yet, as far as the server can be reached."""
    taken = 0
    refused: list[tuple[str, str]] = []
    trouble = ""
    while not is_stopped() and (records := journal.unacknowledged(_SENT_AT_ONCE)):
        try:
            answers = server.acknowledge(records)
        except AcknowledgeError as error:
            trouble = str(error)
            break
        journal.note_acknowledged(answers)
        refused += [(number, answer) for number, answer in answers if answer != ACKNOWLEDGED]
        taken += sum(answer == ACKNOWLEDGED for _, answer in answers)
    return Acknowledged(taken, tuple(refused), journal.count_unacknowledged(), trouble)
