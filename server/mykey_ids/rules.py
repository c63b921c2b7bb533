"""What becomes of an attempt: pure functions, which raise Refusal."""

import re
from collections.abc import Sequence
from datetime import date

from server.citizens.errors import CitizenReason
from server.citizens.values import Citizen, Holder
from server.ledger.values import Entry, Refusal
from server.mykey_ids.errors import MykeyReason
from server.mykey_ids.values import Attempt, Base, Purpose

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LENGTH = 8
PROPOSALS_MAX = 3
REFUSALS_MAX = 3
EASILY_MISREAD = frozenset("0O1I")
"""Left out of automatic candidates: they are read out, written down and typed in."""
PROPOSED = "".join(one for one in ALPHABET if one not in EASILY_MISREAD)
_PASSWORD = re.compile("[0-9A-Za-z]{6,16}")
_MAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
MAIL_LENGTH_MAX = 255


def candidate_of(chance: bytes) -> str:
    """Return a candidate that 8 random bytes draw: 32 letters and digits divide 256."""
    return "".join(PROPOSED[byte % len(PROPOSED)] for byte in chance)


def is_password(text: str) -> bool:
    """Whether a text can be a My Page password: 6 to 16 letters and digits (MKY-4)."""
    return _PASSWORD.fullmatch(text) is not None


def is_mail_address(text: str) -> bool:
    """Whether a text can be a mail address; that it is one only a mail can tell."""
    return len(text) <= MAIL_LENGTH_MAX and _MAIL.fullmatch(text) is not None


def open_attempt(attempt: Attempt | None, now: int, *purposes: Purpose) -> Attempt:
    """Return the attempt, or refuse where it is over or for something else; `now` in us."""
    if attempt is None or attempt.ended or attempt.expires_at <= now:
        raise Refusal(MykeyReason.ATTEMPT_OVER)
    if attempt.purpose not in purposes:
        raise Refusal(MykeyReason.ATTEMPT_OVER)
    return attempt


def check_reserved(attempt: Attempt, mykey_id: str, now: int) -> None:
    """Refuse a MyKey ID that is not the one reserved for the attempt."""
    if attempt.candidate != mykey_id or attempt.reserved_until <= now:
        raise Refusal(MykeyReason.CANDIDATE_NOT_RESERVED)


def may_begin(purpose: Purpose, holder: Holder | None, last_good_day: date, today: date) -> None:
    """Refuse to begin where nothing could come of it (MKY-1, CRD-4)."""
    if last_good_day < today:
        details = {"last_good_day": last_good_day.isoformat()}
        raise Refusal(CitizenReason.CERTIFICATE_EXPIRED, details)
    if holder is not None and holder.certificate_revoked:
        raise Refusal(CitizenReason.CERTIFICATE_REVOKED)
    has_one = holder is not None and not holder.mykey_id_revoked
    if purpose in (Purpose.CREATE, Purpose.TIE):
        if has_one:
            raise Refusal(MykeyReason.MYKEY_ID_EXISTS)
    elif holder is None:
        raise Refusal(CitizenReason.CERTIFICATE_UNKNOWN)
    elif not has_one:
        raise Refusal(CitizenReason.MYKEY_ID_REVOKED)


def same_card(attempt: Attempt | None, serial_number: str) -> Attempt:
    """Return the attempt, or refuse one that another card began."""
    if attempt is None or attempt.serial_number != serial_number:
        raise Refusal(MykeyReason.ATTEMPT_OVER)
    return attempt


def check_proposals(attempt: Attempt) -> None:
    """Refuse one more automatic candidate than there may be (MKY-2)."""
    if attempt.proposals >= PROPOSALS_MAX:
        raise Refusal(MykeyReason.NO_MORE_CANDIDATES)


def check_refusals(attempt: Attempt) -> None:
    """Refuse one more candidate of the holder's own than there may be (MKY-3)."""
    check_proposals(attempt)
    if attempt.refusals >= REFUSALS_MAX:
        raise Refusal(MykeyReason.NO_MORE_CANDIDATES)


def check_base(base: Base | None) -> None:
    """Refuse a municipality that cannot be a base (MKY-4)."""
    if base is None:
        raise Refusal(MykeyReason.BASE_MUNICIPALITY_UNFIT)


def reserved_citizen(attempt: Attempt, taken: Citizen | None, mykey_id: str) -> Citizen:
    """Return who the candidate makes of the holder, or refuse where it is somebody's already."""
    if attempt.citizen_id is None or taken is not None:
        raise Refusal(MykeyReason.CANDIDATE_NOT_RESERVED)
    return Citizen(attempt.citizen_id, mykey_id, mykey_id_revoked=False)


def check_password(*, fits: bool) -> None:
    """Refuse a wrong My Page password (MKY-5)."""
    if not fits:
        raise Refusal(MykeyReason.MYKEY_PASSWORD_WRONG)


def check_carried_over(entries: Sequence[Entry]) -> None:
    """Refuse to carry over nothing."""
    if not entries:
        raise Refusal(MykeyReason.NOTHING_TO_CARRY_OVER)


def check_losses(*, as_shown: bool) -> None:
    """Refuse to revoke where more or less is lost than was shown (MKY-7)."""
    if not as_shown:
        raise Refusal(MykeyReason.LOSSES_CHANGED)
