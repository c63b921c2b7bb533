"""A counter as a process of its own, which waits in a booking until it is killed.

python -m tests.end_to_end.until_killed TOWN-FOLDER SERVER KIND: prints "waiting" once the request
is in the outbox and on its way.
"""

import asyncio
import os
import sys
from pathlib import Path

from server.upkeep.demo_data import Town
from tests.end_to_end.support import Place, counter_in_use

STDOUT = 1


async def _main(folder: Path, server: str, kind: str) -> None:
    place = Place(folder, Town.load(folder / "town.json"))
    async with counter_in_use(place, server) as counter:
        await (counter.open_merging() if kind == "Merge" else counter.open_spending())
        await counter.check(200)
        _say(b"ready\n")
        await asyncio.to_thread(sys.stdin.readline)
        await counter.confirm()
        await counter.read("サーバーから返事がありません。")
        _say(b"waiting\n")
        await asyncio.to_thread(sys.stdin.readline)


def _say(line: bytes) -> None:
    """Write at once: what is printed while the application runs is not flushed."""
    os.write(STDOUT, line)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
