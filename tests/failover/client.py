"""Clients in a process of their own, which book until it is told to stop: python -m.

    python -m tests.failover.client ADDRESS RECORD SEED TERMINAL…

Each then ends with an answer, and some requests are sent once more.
"""

import asyncio
import signal
import sys
from pathlib import Path

from tests.crash.load import Load
from tests.failover.record import RecordedJournal

PAUSE_SECONDS = 0.05
ASKED_AGAIN = 30


async def main(address: str, record: str, seed: str, *terminals: str) -> None:
    """Book until SIGTERM comes."""
    load = Load(address, int(seed), RecordedJournal(Path(record)), terminals, PAUSE_SECONDS)

    def stop() -> None:
        load.stopping = True

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    await load.sign_in()
    await load.run()
    await load.ask_again(min(ASKED_AGAIN, len(load.journal.entries)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
