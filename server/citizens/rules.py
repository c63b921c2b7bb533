"""Whether a card is accepted: pure functions."""

from datetime import date

from server.citizens.errors import CitizenReason
from server.citizens.values import Citizen, Holder, Proof
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


def check_proof(proof: Proof | None, serial_number: str, *, needed: bool) -> None:
    """Refuse a proof that is none, of another card, or missing where one is needed (CRD-3)."""
    if isinstance(proof, Refusal):
        raise proof
    if proof is None and needed:
        raise Refusal(CitizenReason.PIN_NEEDED)
    if proof is not None and proof != serial_number:
        raise Refusal(CitizenReason.CARD_SIGNATURE_WRONG)


def accepted_citizen(citizen: Citizen | None) -> Citizen:
    """Return the citizen, or raise Refusal where the MyKey ID is none that can be used."""
    if citizen is None:
        raise Refusal(CitizenReason.MYKEY_ID_UNKNOWN)
    if citizen.mykey_id_revoked:
        raise Refusal(CitizenReason.MYKEY_ID_REVOKED)
    return citizen
