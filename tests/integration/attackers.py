"""Programs that burden a server: `python -m tests.integration.attackers KIND HOST:PORT COUNT`.

Each says "ready" when it is at it, and goes on until it is ended. They run with the lowest
priority: in life they are on other machines, and take none of the server's processor.
"""

import asyncio
import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable

import grpc

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
SPEND = "/jichipoint.v1.PointService/Spend"
MESSAGE_BYTES = 10 << 20
CALLS_EACH = 32
STREAMS_EACH = 100
PAUSE_SECONDS = 0.05
ALONE = ("grpc.use_local_subchannel_pool", 1)

Attack = Callable[[str, int], Awaitable[None]]


def connected(address: str, count: int) -> list[socket.socket]:
    host, _, port = address.rpartition(":")
    return [socket.create_connection((host, int(port))) for _ in range(count)]


async def idle(address: str, count: int) -> None:
    """Connections that say hello and nothing more."""
    connections = connected(address, count)
    for one in connections:
        one.sendall(PREFACE)
    ready()
    await asyncio.Event().wait()


async def slow(address: str, count: int) -> None:
    """Connections that say hello a byte at a time."""
    connections = connected(address, count)
    ready()
    while True:
        for number in range(len(PREFACE)):
            for one in list(connections):
                try:
                    one.sendall(PREFACE[number : number + 1])
                except OSError:
                    connections.remove(one)
            time.sleep(PAUSE_SECONDS)  # noqa: ASYNC251 -- nothing else goes on here


async def flood(address: str, count: int) -> None:
    """Calls without a session, each followed by the next."""
    channels = [grpc.aio.insecure_channel(address, options=[ALONE]) for _ in range(count)]
    await begin([keep_calling(one, b"") for one in channels for _ in range(CALLS_EACH)])


async def big(address: str, count: int) -> None:
    """Messages that are far too large, each followed by the next."""
    options = [ALONE, ("grpc.max_send_message_length", -1)]
    channels = [grpc.aio.insecure_channel(address, options=options) for _ in range(count)]
    await begin([keep_calling(one, bytes(MESSAGE_BYTES)) for one in channels])


async def half_open(address: str, count: int) -> None:
    """Calls that begin and never send their message."""
    calls: list[grpc.aio.StreamUnaryCall[bytes, bytes]] = []
    for _ in range(max(1, count // STREAMS_EACH)):
        channel = grpc.aio.insecure_channel(address, options=[ALONE])
        calls += [channel.stream_unary(SPEND)() for _ in range(STREAMS_EACH)]
        await asyncio.sleep(0)
    await asyncio.sleep(0.5)
    ready()
    await asyncio.Event().wait()


async def keep_calling(channel: grpc.aio.Channel, message: bytes) -> None:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(SPEND)
    while True:
        try:
            await call(message, timeout=10)
        except grpc.RpcError:
            continue


async def begin(attacks: list[Awaitable[None]]) -> None:
    going = asyncio.gather(*attacks)
    await asyncio.sleep(0.5)
    ready()
    await going


def ready() -> None:
    print("ready", flush=True)


ATTACKS: dict[str, Attack] = {
    "idle": idle,
    "slow": slow,
    "flood": flood,
    "big": big,
    "half-open": half_open,
}

if __name__ == "__main__":
    os.nice(19)
    kind, address, count = sys.argv[1:]
    asyncio.run(ATTACKS[kind](address, int(count)))  # type: ignore[arg-type]
