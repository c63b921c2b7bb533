"""How the server's address is written in key files and configurations."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"[^\s:]+:[0-9]{1,5}|\[[0-9A-Fa-f:]+\]:[0-9]{1,5}")


def is_address(text: str) -> bool:
    """Say whether a text is HOST:PORT; an IPv6 host stands in brackets."""
    return _ADDRESS.fullmatch(text) is not None
