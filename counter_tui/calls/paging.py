"""Lists that come in pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar


class Page(Protocol):
    """What each answer of a list has."""

    @property
    def next_page_token(self) -> str:
        """What asks for the next page; empty on the last."""
        ...


P = TypeVar("P", bound=Page)


async def pages(ask: Callable[[str], Awaitable[P]]) -> AsyncIterator[P]:
    """Ask for one page after the other, until there is no more. Raises what asking raises."""
    token = ""
    while True:
        page = await ask(token)
        yield page
        token = page.next_page_token
        if not token:
            return
