"""Several server processes on one database and one port: started, watched, and ended together.

Each is the same command again. It is told by its environment that it is one of several, and
by a pipe that its parent lives: when the pipe closes, it ends. Its first line of output says
that it listens, or why it cannot.
"""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress

log = logging.getLogger(__name__)

LIFELINE = "JICHIPOINT_LIFELINE"
"""In a process's environment: the descriptor that closes when its parent has ended."""
READY = "listening"
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 30.0
"""Before a process that died is started again; twice as long each time it dies at once."""
STEADY_SECONDS = 60.0
"""After that a process counts as one that runs."""


class ProcessDiedError(Exception):
    """A process ended before it listened; the message says why."""


def is_one_of_several() -> bool:
    """Whether this process was started by `serve_with`."""
    return LIFELINE in os.environ


def end_with_parent(end: Callable[[], None]) -> None:
    """Call `end` in the running loop as soon as the parent has ended."""
    lifeline = int(os.environ[LIFELINE])
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(lifeline)
        end()

    loop.add_reader(lifeline, ended)


async def serve_with(
    count: int, arguments: Sequence[str], ready: Callable[[], None], stop: asyncio.Event
) -> None:
    """Run that many processes of this program until `stop`, and call `ready` when all listen.

    One that dies later is started again. Raises ProcessDiedError where one dies at the start.
    """
    lifeline, held = os.pipe()
    family = _Family([sys.executable, "-P", "-m", "server.cli", *arguments], lifeline)
    serving = asyncio.create_task(family.serve(count, ready))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        for task in (serving, stopped):
            task.cancel()
        await asyncio.wait((serving, stopped))
        await family.end()
        os.close(held)
        os.close(lifeline)


class _Family:
    """The processes that run now."""

    def __init__(self, command: list[str], lifeline: int) -> None:
        self._command = command
        self._lifeline = lifeline
        self._running: set[Process] = set()

    async def serve(self, count: int, ready: Callable[[], None]) -> None:
        """Start all, say so when they listen, and keep them running until cancelled."""
        processes = await asyncio.gather(*(self._start() for _ in range(count)))
        ready()
        await asyncio.gather(*(self._keep(process) for process in processes))

    async def end(self) -> None:
        """Let all finish what they took."""
        for process in self._running:
            if process.returncode is None:
                # Not terminate(): that asks first, and takes the end from asyncio's own watching.
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGTERM)
        await asyncio.gather(*(process.wait() for process in self._running))

    async def _start(self) -> Process:
        """Start a process, and wait until it listens. Raises ProcessDiedError."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=[self._lifeline],
                env=os.environ | {LIFELINE: str(self._lifeline)},
                start_new_session=True,  # Ctrl-C reaches the parent alone, which passes it on
            )
        except OSError as error:
            raise ProcessDiedError(f"no process can be started: {error.strerror}") from error
        self._running.add(process)
        line = await process.stdout.readline() if process.stdout is not None else b""
        said = line.decode(errors="replace").strip()
        if said != READY:
            code = await process.wait()
            self._running.discard(process)
            raise ProcessDiedError(said or f"it {_how_it_ended(code)} before it listened")
        log.info("server process %d listens", process.pid)
        return process

    async def _keep(self, process: Process) -> None:
        """Start a process again whenever it dies, until cancelled."""
        loop = asyncio.get_running_loop()
        pause = PAUSE_SECONDS
        while True:
            began = loop.time()
            code = await process.wait()
            self._running.discard(process)
            if loop.time() - began > STEADY_SECONDS:
                pause = PAUSE_SECONDS
            why = f"server process {process.pid} {_how_it_ended(code)}"
            process, pause = await self._start_again(why, pause)

    async def _start_again(self, why: str, pause: float) -> tuple[Process, float]:
        """Start a process, however often it takes; return it and the next pause."""
        while True:
            log.error("%s; another is started in %.1f s", why, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
            try:
                return await self._start(), pause
            except ProcessDiedError as error:
                why = f"a server process cannot start: {error}"


def _how_it_ended(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
