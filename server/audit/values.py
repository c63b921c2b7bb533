"""What the trail keeps of a call or a command."""

from typing import NamedTuple

TEXT_LENGTH_MAX = 80


class Event(NamedTuple):
    """Who did what, once or several times."""

    noted_at: int
    """The first time; microseconds since 1970-01-01T00:00:00Z."""
    caller: str
    """terminal:ID, issuer:ID or command:USER; empty where nobody had signed in."""
    person: str
    """Who was typed at sign-in (TRM-9)."""
    machine: str
    """The first bytes of the machine's fingerprint, in hexadecimal."""
    address: str
    """Where the call came from."""
    action: str
    """Service/Method, or the command."""
    result: str
    """OK, or the reason of the refusal."""
    request_id: str
    subject: str
    """What it was about, as name=value; never a secret."""
    times: int = 1
    """How often: calls without a session are counted together."""


def shown(text: str) -> str:
    """Return a caller's text as the trail can hold it: printable, on one line, not too long."""
    if text.isprintable() and len(text) <= TEXT_LENGTH_MAX:
        return text
    return "".join(one if one.isprintable() else "?" for one in text[:TEXT_LENGTH_MAX]) + (
        "…" if len(text) > TEXT_LENGTH_MAX else ""
    )
