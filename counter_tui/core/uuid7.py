"""Request IDs."""

import secrets
import uuid
from collections.abc import Callable


def new_request_id(now_ms: int, random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """Return a UUID of version 7 (RFC 9562, 5.7), lower case, for a Unix time in milliseconds.

    Raises OverflowError for a time before 1970 or after the year 10889.
    """
    tail = bytearray(random(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return str(uuid.UUID(bytes=now_ms.to_bytes(6, "big") + bytes(tail)))
