"""The points that hang on a MyKey ID, in all programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.citizens.values import held_account
from server.ledger.values import AccountKey, Lot
from server.ledger.view import View
from server.mykey_ids.values import NOTHING, Belongings, BelongingsKey

ReadLots = Callable[[Sequence[AccountKey]], dict[AccountKey, list[Lot]]]


@dataclass(frozen=True, slots=True)
class ProgramPoints:
    """Points that a citizen has of a program."""

    program_id: str
    program_name: str
    points: int


def held_accounts(view: View, citizen_id: int) -> list[AccountKey]:
    """Return a citizen's accounts of all programs, as far as the batch knows them."""
    found = view.find(BelongingsKey(citizen_id)) or NOTHING
    return [held_account(program_id, citizen_id) for program_id, _ in found.programs]


def lots_of(view: View) -> ReadLots:
    """Return how lots are read while a batch is decided."""
    return lambda accounts: {account: view.lots(account) for account in accounts}


def points_of(belongings: Belongings, citizen_id: int, lots: ReadLots) -> tuple[ProgramPoints, ...]:
    """Return what a citizen's lots hold, of each program of which they hold anything."""
    accounts = [held_account(program_id, citizen_id) for program_id, _ in belongings.programs]
    found = lots(accounts)
    points = {one.program_id: sum(lot.remaining for lot in found[one]) for one in accounts}
    return tuple(
        ProgramPoints(program_id, name, points[program_id])
        for program_id, name in belongings.programs
        if points[program_id]
    )
