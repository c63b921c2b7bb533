"""What may be merged, and under which ID: pure functions, which raise Refusal."""

import re
from datetime import date
from typing import TypeVar

from merge_driver.codec import IdKind, MergeFileError, Record, check_record
from server.callers.values import Terminal
from server.citizens.errors import CitizenReason
from server.citizens.values import Person, Proof
from server.ledger.values import Refusal
from server.merging.errors import MergingReason
from server.merging.values import SealedKey, Street
from server.municipalities.values import Program, ProgramKind

T = TypeVar("T")


def street_of(terminal: Terminal, street: Street | None) -> Street:
    """Return the street that a terminal merges into, or refuse (MRG-1)."""
    if street is None or not terminal.can_merge:
        raise Refusal(MergingReason.TERMINAL_CANNOT_MERGE)
    return street


def street_point_id(street: Street, holder: Person, customer_id: str | None, day: date) -> str:
    """Return the ID that the street's system knows the holder by, or refuse (MRG-2, MRG-3)."""
    if street.id_kind_on(day) == IdKind.MYKEY:
        return holder.mykey_id
    if customer_id is None:
        raise Refusal(MergingReason.SERVICE_ID_NOT_REGISTERED, {"street": street.name})
    return customer_id


def check_municipal(program: Program) -> None:
    """Refuse event points: they are not merged (MRG-1)."""
    if program.kind != ProgramKind.MUNICIPAL:
        raise Refusal(MergingReason.EVENT_POINTS_NOT_MERGED, {"program": program.name})


def check_fits_file(record: Record, street: Street, key: SealedKey) -> None:
    """Refuse an ID that the street's reader would put into quarantine."""
    try:
        check_record(record, key.id_kind)
        fits = not key.id_pattern or re.fullmatch(key.id_pattern, record.id)
    except MergeFileError:
        fits = None
    if not fits:
        details = {"street": street.name, "street_point_id": record.id}
        raise Refusal(MergingReason.STREET_POINT_ID_UNFIT, details)


def key_of_day(street: Street, day: date) -> SealedKey:
    """Return the street's newest key that is good on a day, or refuse."""
    key = street.key_of(day)
    if key is None:
        raise Refusal(MergingReason.STREET_KEY_MISSING, {"street": street.name})
    return key


def known_at_street(registered: T | None) -> T:
    """Return whom a street card's number leads to, or refuse where it is nobody's (III.15)."""
    if registered is None:
        raise Refusal(MergingReason.STREET_CARD_UNKNOWN)
    return registered


def check_shown_id(street_point_id: str, shown: str) -> None:
    """Refuse where the ID is another than the confirm screen showed (MRG-2)."""
    if street_point_id != shown:
        raise Refusal(MergingReason.STREET_POINT_ID_CHANGED)


def check_without_pin(proof: Proof | None, *, needed: bool) -> None:
    """Refuse a street card where a PIN is needed, and a proof that it cannot have made."""
    if needed:
        raise Refusal(MergingReason.MY_NUMBER_CARD_NEEDED)
    if proof is not None:
        raise Refusal(CitizenReason.CARD_SIGNATURE_WRONG)
