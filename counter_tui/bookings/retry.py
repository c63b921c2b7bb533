"""How long to wait before a request is sent again (USE-5)."""

import math

FIRST_S = 0.2
LONGEST_S = 5.0

_DOUBLINGS_MAX = 10


def backoff(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt, counted from 0: 0.2, 0.4 … 5."""
    if attempt < 0:
        raise ValueError(f"attempt {attempt}")
    return min(math.ldexp(FIRST_S, min(attempt, _DOUBLINGS_MAX)), LONGEST_S)
