"""A counter's way into the demo town: it joins the one that runs, or starts it."""

import asyncio
import subprocess

from demo.keeper import BEGUN
from demo.locks import STEP_SECONDS, Locks
from demo.processes import ANY_PORT, DemoError, Places, command, last_line

JOIN_SECONDS = 90.0
STARTS_MAX = 5
"""How often a counter has its town started again before it ends with an error."""


class Town:
    """The town of a counter that is a member of it."""

    def __init__(self, places: Places, locks: Locks) -> None:
        self._places = places
        self._locks = locks
        self.troubles: list[str] = []
        """Why the town was started again, each time."""

    async def join(self, listen: str = ANY_PORT) -> str:
        """Return where the server listens, started if need be. Raises DemoError."""
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                while True:
                    address = self._locks.kept_address()
                    if address:
                        return address
                    if address is None:
                        await self._start_keeper(listen)
                    await asyncio.sleep(STEP_SECONDS)
        except TimeoutError:
            raise DemoError(f"the town did not start in {JOIN_SECONDS:.0f} s") from None

    async def stay(self, address: str) -> None:
        """Have the town started again at the same address whenever it ends. Raises DemoError."""
        while True:
            await asyncio.sleep(STEP_SECONDS)
            if self._locks.kept_address() is not None:
                continue
            trouble = last_line(self._places.log("keeper")).replace(BEGUN, "its keeper was killed")
            if len(self.troubles) == STARTS_MAX:
                raise DemoError(f"{trouble}, after {STARTS_MAX} new starts")
            self.troubles.append(trouble)
            await self.join(address)

    async def _start_keeper(self, listen: str) -> None:
        """Start the town's keeper, which outlives this counter where others are open."""
        self._places.folder.mkdir(parents=True, exist_ok=True)
        log = self._places.log("keeper")
        with log.open("ab") as errors:
            # asyncio's own would kill it when this process ends.
            keeper = subprocess.Popen(  # noqa: ASYNC220
                command("demo.keeper", "--folder", self._places.folder, "--listen", listen),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
            )
        while keeper.poll() is None and not self._locks.kept_address():  # noqa: ASYNC110
            await asyncio.sleep(STEP_SECONDS)
        if keeper.returncode:
            raise DemoError(last_line(log))
