"""Pages of lists: their size, and the token that says where the next one begins (AIP-158)."""

import base64
import binascii

from server.rpc.fields import invalid

_MOST = 2**63 - 1
_AS_GIVEN = "a next_page_token as it was given", "前のページの応答にある値のまま"


def size(asked: int, usual: int, most: int) -> int:
    """Return how many rows a page has. Raises Refusal for less than 0."""
    if asked < 0:
        raise invalid("page_size", "0 or more", "0以上")
    return min(asked or usual, most)


def token(position: int) -> str:
    """Return the token of a position."""
    return base64.urlsafe_b64encode(str(position).encode()).decode()


def position(page_token: str) -> int | None:
    """Return the position that a token says; None for the first page. Raises Refusal."""
    if not page_token:
        return None
    try:
        text = base64.urlsafe_b64decode(page_token.encode()).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise invalid("page_token", *_AS_GIVEN) from error
    if not text.isdecimal() or not 0 < int(text) <= _MOST:
        raise invalid("page_token", *_AS_GIVEN)
    return int(text)


def text_token(text: str) -> str:
    """Return the token of a list that goes on behind a text."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def text(page_token: str) -> str:
    """Return the text that a token says; nothing for the first page. Raises Refusal."""
    try:
        found = base64.b64decode(page_token.encode(), altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise invalid("page_token", *_AS_GIVEN) from error
    if not found.isprintable():
        raise invalid("page_token", *_AS_GIVEN)
    return found
