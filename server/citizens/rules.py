"""Whether a card is accepted: pure functions."""

from datetime import date

from server.citizens.errors import CitizenReason
from server.citizens.values import Citizen, Holder
from server.ledger.values import Refusal


def accepted_holder(holder: Holder | None, today: date) -> Holder:
    """Return the card's holder, or raise Refusal where they cannot use points today (USE-3)."""
    if holder is None:
        raise Refusal(CitizenReason.CERTIFICATE_UNKNOWN)
    if holder.mykey_id_revoked:
        raise Refusal(CitizenReason.MYKEY_ID_REVOKED)
    if holder.certificate_revoked:
        raise Refusal(CitizenReason.CERTIFICATE_REVOKED)
    if holder.certificate_last_good_day < today:
        day = holder.certificate_last_good_day.isoformat()
        raise Refusal(CitizenReason.CERTIFICATE_EXPIRED, {"last_good_day": day})
    return holder


def accepted_citizen(citizen: Citizen | None) -> Citizen:
    """Return the citizen, or raise Refusal where the MyKey ID is none that can be used."""
    if citizen is None:
        raise Refusal(CitizenReason.MYKEY_ID_UNKNOWN)
    if citizen.mykey_id_revoked:
        raise Refusal(CitizenReason.MYKEY_ID_REVOKED)
    return citizen
