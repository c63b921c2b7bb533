"""What may be spent and cancelled: pure functions over plain values, which raise Refusal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from server.callers.values import Terminal
from server.citizens.values import Person
from server.ledger.rules import balance
from server.ledger.values import BookedTransaction, Entry, Lot, Refusal, TransactionKind, UsageKey
from server.municipalities.rules import in_period, is_usable_at
from server.municipalities.values import Place, Program, ProgramKind
from server.points.errors import PointsReason
from server.points.values import Hold

POINTS_MAX = 9_999_999_999
"""The most a merge file can carry; no use of points is larger."""
HOLD_TIMEOUT_MAX = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the confirm screen was bound to (USE-9)."""

    mykey_id: str
    day: date


def usable_program(program: Program | None, terminal: Terminal, today: date) -> Program:
    """Return the program, or refuse where its points cannot be used there today."""
    if program is None:
        raise Refusal(PointsReason.PROGRAM_UNKNOWN)
    if not is_usable_at(program, terminal):
        raise Refusal(PointsReason.PROGRAM_NOT_USABLE_HERE, {"program": program.name})
    return program_in_period(program, today)


def program_in_period(program: Program | None, today: date) -> Program:
    """Return a program of which points can be received and used today, or refuse."""
    if program is None:
        raise Refusal(PointsReason.PROGRAM_UNKNOWN)
    if program.kind == ProgramKind.RETAINED:
        raise Refusal(PointsReason.RETAINED_NOT_SPENT)
    return granted_program(program, today)


def is_amount(points: int) -> bool:
    """Whether so many points can be used at all (USE-3)."""
    return 1 <= points <= POINTS_MAX


def check_bounds(points: int) -> None:
    """Refuse an amount that is none (USE-3)."""
    if points < 1:
        raise Refusal(PointsReason.POINTS_NOT_POSITIVE)
    if points > POINTS_MAX:
        raise Refusal(PointsReason.POINTS_TOO_MANY, {"maximum": str(POINTS_MAX)})


def check_retained_amount(points: int, lots: Sequence[Lot]) -> None:
    """Refuse an amount that cannot be moved: retained points never lapse (MYP-8)."""
    check_bounds(points)
    available = sum(lot.remaining for lot in lots)
    if points > available:
        raise Refusal(PointsReason.INSUFFICIENT_POINTS, {"balance": str(available)})


def check_amount(points: int, program: Program, lots: Sequence[Lot], today: date) -> None:
    """Refuse an amount that cannot be used (USE-3)."""
    check_bounds(points)
    most = program.points_per_use_max
    if most is not None and points > most:
        raise Refusal(PointsReason.OVER_LIMIT_PER_USE, {"maximum": str(most)})
    available = balance(lots, today)
    if points > available:
        raise Refusal(PointsReason.INSUFFICIENT_POINTS, {"balance": str(available)})


def asks_for_pin(program: Program, points: int) -> bool:
    """Whether the municipality wants the card's PIN for so many points (CRD-3)."""
    return program.pin_above_points is not None and points > program.pin_above_points


def check_day_limits(
    points: int, program: Program, used_by_citizen: int, used_at_terminal: int
) -> None:
    """Refuse what would pass the most that may be used in a day (USE-6)."""
    limits = (
        (
            program.points_per_citizen_day_max,
            used_by_citizen,
            PointsReason.OVER_LIMIT_PER_CITIZEN_DAY,
        ),
        (
            program.points_per_terminal_day_max,
            used_at_terminal,
            PointsReason.OVER_LIMIT_PER_TERMINAL_DAY,
        ),
    )
    for most, used, reason in limits:
        if most is not None and used + points > most:
            raise Refusal(reason, {"maximum": str(most), "left": str(max(0, most - used))})


def limited_usages(
    program: Program, holder: Person, caller: str, day: date
) -> tuple[UsageKey, ...]:
    """Return whose use of a program that day counts, as far as it has a limit (USE-6)."""
    usages = []
    if program.points_per_citizen_day_max is not None:
        citizen = holder.account(program.program_id).owner
        usages.append(UsageKey(program.program_id, day, citizen=citizen))
    if program.points_per_terminal_day_max is not None:
        usages.append(UsageKey(program.program_id, day, caller=caller))
    return tuple(usages)


def check_shown(shown: Shown, holder: Person, today: date) -> None:
    """Refuse where the confirm screen does not hold any more (USE-9)."""
    if shown.mykey_id != holder.mykey_id:
        raise Refusal(PointsReason.CARD_CHANGED)
    if shown.day != today:
        raise Refusal(PointsReason.DAY_TURNED)


def cancellable_spend(
    spend: BookedTransaction | None, caller: str, today: date
) -> BookedTransaction:
    """Return the spend, or refuse where the caller cannot cancel it today (USE-4).

    Another terminal's transaction is as unknown as one that never was.
    """
    if spend is None or spend.caller != caller:
        raise Refusal(PointsReason.TRANSACTION_UNKNOWN)
    if spend.kind != TransactionKind.SPEND:
        raise Refusal(PointsReason.TRANSACTION_NOT_A_SPEND)
    if spend.settled:
        raise Refusal(PointsReason.TRANSACTION_ALREADY_CANCELLED)
    if spend.booked_on != today:
        raise Refusal(PointsReason.TRANSACTION_OF_ANOTHER_DAY)
    return spend


def check_place(place: Place | None) -> None:
    """Refuse a place that is not registered."""
    if place is None:
        raise Refusal(PointsReason.PLACE_UNKNOWN)


def check_hold_timeout(timeout: timedelta) -> None:
    """Refuse a time for which points cannot be held."""
    if not timedelta(seconds=1) <= timeout <= HOLD_TIMEOUT_MAX:
        most = str(HOLD_TIMEOUT_MAX // timedelta(seconds=1))
        raise Refusal(PointsReason.HOLD_TIMEOUT_UNFIT, {"maximum": most})


def open_hold(held: BookedTransaction | None, hold: Hold | None) -> tuple[BookedTransaction, Hold]:
    """Return a hold and its transaction, or refuse where it is none or is settled."""
    if held is None or hold is None:
        raise Refusal(PointsReason.HOLD_UNKNOWN)
    if held.settled:
        raise Refusal(PointsReason.HOLD_SETTLED)
    return held, hold


def own_hold(
    held: BookedTransaction | None, hold: Hold | None, caller: str
) -> tuple[BookedTransaction, Hold]:
    """Return the caller's own hold; another's is as unknown as one that never was."""
    if held is not None and held.caller != caller:
        raise Refusal(PointsReason.HOLD_UNKNOWN)
    return open_hold(held, hold)


def check_capture(hold: Hold, held_points: int, points: int, now: int) -> None:
    """Refuse to capture too late, or more than is held; `now` in microseconds."""
    if hold.expires_at <= now:
        raise Refusal(PointsReason.HOLD_EXPIRED)
    if points < 1:
        raise Refusal(PointsReason.POINTS_NOT_POSITIVE)
    if points > held_points:
        raise Refusal(PointsReason.OVER_HELD_POINTS, {"held": str(held_points)})


def check_expired(hold: Hold, now: int) -> None:
    """Refuse to release by itself what there is time for; `now` in microseconds."""
    if hold.expires_at > now:
        raise Refusal(PointsReason.HOLD_NOT_EXPIRED)


def granted_program(program: Program | None, today: date) -> Program:
    """Return a program of which points can be granted today, or refuse."""
    if program is None:
        raise Refusal(PointsReason.PROGRAM_UNKNOWN)
    if not in_period(program, today):
        raise Refusal(PointsReason.PROGRAM_OUT_OF_PERIOD, {"program": program.name})
    return program


def check_lapsed(entries: Sequence[Entry]) -> None:
    """Refuse a lapse of nothing."""
    if not entries:
        raise Refusal(PointsReason.NOTHING_LAPSED)
