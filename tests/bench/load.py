"""`python -m tests.bench.load`: a client process. Reads what to send, waits for a line, sends.

On stdin: one line of JSON with address, token, method, how many in flight, and the messages
in hexadecimal; then an empty line to begin. On stdout: seconds and the time of each call.
"""

import asyncio
import json
import sys
import time

import grpc


async def send(
    address: str, token: str, method: str, in_flight: int, messages: list[bytes]
) -> tuple[float, list[float]]:
    waiting = iter(messages)
    took: list[float] = []
    metadata = (("authorization", f"Bearer {token}"),)
    async with grpc.aio.insecure_channel(address) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
        await channel.channel_ready()

        async def client() -> None:
            for message in waiting:
                begun = time.perf_counter()
                await call(message, metadata=metadata, timeout=30)
                took.append(time.perf_counter() - begun)

        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        begun = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(in_flight)))
        return time.perf_counter() - begun, took


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    messages = [bytes.fromhex(message) for message in asked.pop("messages")]
    seconds, took = asyncio.run(send(messages=messages, **asked))
    sys.stdout.write(json.dumps({"seconds": seconds, "took": took}) + "\n")


if __name__ == "__main__":
    main()
