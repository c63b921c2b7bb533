"""What a program that is given one record after the other has to do with each."""

from typing import Protocol

from merge_driver.record import TakenRecord


class HandOnError(Exception):
    """A record was not taken; the text says why. It waits and is handed on again in a later run.

    `of_this_record`: the record itself was refused, so that the others can be handed on. Else
    nothing can be at the moment.
    """

    def __init__(self, message: str, *, of_this_record: bool) -> None:
        super().__init__(message)
        self.of_this_record = of_this_record


class Recipient(Protocol):
    """Takes records. Each may come more than once: its transaction number tells them apart."""

    def hand_on(self, record: TakenRecord) -> None:
        """Hand a record on; it is taken on return. Raises HandOnError."""
        ...
