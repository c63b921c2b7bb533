"""Chance as the server uses it: handed in, so that a run can be repeated."""

import secrets
from typing import Protocol


class Chance(Protocol):
    """Where random bytes come from."""

    def bytes(self, count: int) -> bytes:
        """Return that many random bytes."""
        ...


class SystemChance:
    """The operating system's generator."""

    def bytes(self, count: int) -> bytes:
        """Return that many bytes from the operating system."""
        return secrets.token_bytes(count)


def uuid7(milliseconds: int, chance: Chance) -> bytes:
    """Return the 16 bytes of a version 7 UUID (RFC 9562, 5.7) for a Unix time in milliseconds."""
    tail = bytearray(chance.bytes(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return milliseconds.to_bytes(6, "big") + bytes(tail)
