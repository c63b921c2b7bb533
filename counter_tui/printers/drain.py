"""Waiting for a kernel's send queue."""

import time
from collections.abc import Callable

LOOK_SECONDS = 0.01
"""The kernel tells nobody that a queue is empty."""


def wait_until_empty(queued: Callable[[], int], seconds: float) -> None:
    """Wait until nothing is queued. Raises TimeoutError after so long without progress."""
    least = queued()
    deadline = time.monotonic() + seconds
    while least:
        time.sleep(LOOK_SECONDS)
        left = queued()
        if left < least:
            least = left
            deadline = time.monotonic() + seconds
        elif time.monotonic() > deadline:
            raise TimeoutError(f"{left} bytes are not taken")
