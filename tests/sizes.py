"""How large tests are that have a size: small in `make test`, large in `make deep`."""

import os

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
IS_DEEP = PROFILE == "deep"


def size(small: int, large: int) -> int:
    """Return the size for this run."""
    return large if IS_DEEP else small
