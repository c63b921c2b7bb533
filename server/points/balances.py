"""What a card's holder can use at a terminal: reading, without booking."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from server.callers.rules import active_terminal
from server.callers.values import Terminal, TerminalKey, caller_of
from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey, Person
from server.ledger.rules import usable
from server.ledger.store import Reader
from server.ledger.values import Lot, UsageKey
from server.municipalities.rules import in_period, is_usable_at
from server.municipalities.values import Program, ProgramKind, UsableProgramsKey
from server.points.rules import limited_usages


@dataclass(frozen=True, slots=True)
class UsableBalance:
    """What a holder has of one program."""

    program: Program
    points: int
    next_expiry: date | None
    points_expiring_next: int
    citizen_left_today: int | None
    terminal_left_today: int | None
    """What the limits a day leave (USE-6); None where there is none."""


@dataclass(frozen=True, slots=True)
class UsableBalances:
    """What a holder can use at a terminal today (USE-1)."""

    holder: Person
    terminal: Terminal
    day: date
    balances: tuple[UsableBalance, ...]


def usable_balances(
    reader: Reader, terminal_id: str, serial_number: str, today: date
) -> UsableBalances:
    """Return what the card's holder can use at a terminal, or raise Refusal."""
    certificate_key, terminal_key = CertificateKey(serial_number), TerminalKey(terminal_id)
    found = reader.look_up([certificate_key, terminal_key])
    terminal = active_terminal(found.get(terminal_key))
    return balances_of(reader, terminal, accepted_holder(found.get(certificate_key), today), today)


def balances_of(reader: Reader, terminal: Terminal, holder: Person, today: date) -> UsableBalances:
    """Return what somebody can use at a terminal."""
    programs_key = UsableProgramsKey(terminal.municipality_code or "")
    programs = [
        program
        for program in reader.look_up([programs_key]).get(programs_key, ())
        if is_usable_at(program, terminal) and in_period(program, today)
    ]
    lots = reader.lots([holder.account(program.program_id) for program in programs])
    used = reader.used(
        [
            usage
            for program in programs
            for usage in limited_usages(program, holder, caller_of(terminal.terminal_id), today)
        ]
    )
    balances = [
        _balance(program, usable(lots[holder.account(program.program_id)], today), used)
        for program in programs
    ]
    balances.sort(key=_order)
    return UsableBalances(holder, terminal, today, tuple(balances))


def municipal(balances: UsableBalances) -> UsableBalance | None:
    """Return the balance of the municipality's own points, where the terminal takes them."""
    of_kind = (one for one in balances.balances if one.program.kind == ProgramKind.MUNICIPAL)
    return next(of_kind, None)


def _balance(program: Program, lots: list[Lot], used: Mapping[UsageKey, int]) -> UsableBalance:
    next_expiry = min((lot.last_good_day for lot in lots), default=None)
    expiring = sum(lot.remaining for lot in lots if lot.last_good_day == next_expiry)
    points = sum(lot.remaining for lot in lots)
    of_program = [
        (key, points) for key, points in used.items() if key.program_id == program.program_id
    ]
    by_citizen = sum(points for key, points in of_program if key.citizen)
    at_terminal = sum(points for key, points in of_program if key.caller)
    return UsableBalance(
        program,
        points,
        next_expiry,
        expiring,
        _left(program.points_per_citizen_day_max, by_citizen),
        _left(program.points_per_terminal_day_max, at_terminal),
    )


def _left(most: int | None, used: int) -> int | None:
    return None if most is None else max(0, most - used)


def _order(one: UsableBalance) -> tuple[bool, date, str]:
    """Municipal points first, then what expires first."""
    is_event = one.program.kind == ProgramKind.EVENT
    return is_event, one.next_expiry or date.max, one.program.program_id
