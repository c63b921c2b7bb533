"""One opened way to a printer, for one slip or one question."""

import select
from typing import Protocol


class Connection(Protocol):
    """Bytes to and from a printer; opened by its constructor.

    What fails raises OSError, what takes too long TimeoutError. Time-outs count from the last
    progress: a slow printer is no silent one.
    """

    @property
    def answers(self) -> bool:
        """Whether the printer could answer this way; False for one-way lines."""
        ...

    @property
    def sent(self) -> bool:
        """Whether anything given to send() may have left."""
        ...

    def send(self, data: bytes) -> None:
        """Send a part of a slip."""
        ...

    def ask(self, request: bytes) -> None:
        """Send a question, which is no part of a slip."""
        ...

    def receive(self, seconds: float) -> bytes:
        """Return what the printer says; nothing where it is silent for so long.

        Raises ConnectionAbortedError where it ended the connection in order.
        """
        ...

    def drain(self) -> None:
        """Wait until everything sent has left this machine."""
        ...

    def close(self) -> None:
        """Let go; what did not leave by now is dropped. Raises nothing, waits for nothing."""
        ...


def is_readable(descriptor: int, seconds: float) -> bool:
    """Wait until there is something to read, or the line is broken, for so long."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
