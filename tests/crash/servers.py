"""Server processes on one port, and the ways in which they are made to crash."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

from tests.engines import PostgresEngine
from tests.integration.processes import Process, serving, wait_until_gone


class Servers:
    """The server, on one port from the first start to the last."""

    def __init__(self, url: str, key_file: Path, processes: int) -> None:
        self._port = quiet_port()
        self._url, self._key_file, self._processes = url, key_file, processes
        self._stack = ExitStack()
        self.running: Process

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    async def start(self) -> None:
        server = serving(self._url, self._key_file, self._port, self._processes)
        self.running = await asyncio.to_thread(self._stack.enter_context, server)

    async def stop(self) -> int:
        """End them as an operator does, and return the exit code."""
        try:
            return await asyncio.to_thread(self.running.end, signal.SIGTERM)
        finally:
            self.close()

    def close(self) -> None:
        self._stack.close()


Crash = Callable[[Servers, random.Random], Awaitable[None]]


async def kill_all(servers: Servers, chance: random.Random) -> None:
    """Kill all processes, and start them again."""
    parent, children = servers.running.process.pid, servers.running.children
    os.kill(parent, signal.SIGSTOP)  # it starts no other meanwhile
    for pid in (*children(), parent):
        os.kill(pid, signal.SIGKILL)
    await asyncio.to_thread(servers.close)
    await servers.start()


async def kill_one(servers: Servers, chance: random.Random) -> None:
    """Kill one of several processes; another is started in its place."""
    os.kill(chance.choice(servers.running.children()), signal.SIGKILL)


async def kill_parent(servers: Servers, chance: random.Random) -> None:
    """Kill the process that the others belong to; they end by themselves."""
    children = servers.running.children()
    servers.running.process.kill()
    await asyncio.to_thread(wait_until_gone, children)
    await asyncio.to_thread(servers.close)
    await servers.start()


def crash_postgres(engine: PostgresEngine) -> Crash:
    """Return how PostgreSQL ends without a checkpoint, and recovers."""

    async def crash(servers: Servers, chance: random.Random) -> None:
        await asyncio.to_thread(engine.crash)
        await asyncio.to_thread(engine.start_again)

    return crash


def quiet_port() -> int:
    """A free port that no client gets as its own: one that retries could connect to itself."""
    for port in random.Random(os.getpid()).sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("there is no free port")
