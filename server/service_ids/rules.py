"""Which number a person may have at an issuer, and who may know it: pure functions."""

from server.citizens.values import Person
from server.issuers.rules import Unfit, why_unfit
from server.issuers.values import Issuer
from server.ledger.values import Refusal
from server.service_ids.errors import ServiceIdReason
from server.service_ids.values import Registered

_UNFIT = {
    Unfit.STREET: ServiceIdReason.CUSTOMER_ID_UNFIT_STREET,
    Unfit.PATTERN: ServiceIdReason.CUSTOMER_ID_UNFIT_PATTERN,
    Unfit.SYMBOLOGY: ServiceIdReason.CUSTOMER_ID_UNFIT_SYMBOLOGY,
}


def own_issuer(issuer: Issuer | None) -> Issuer:
    """Return a terminal's issuer, or refuse where it has none."""
    if issuer is None:
        raise Refusal(ServiceIdReason.TERMINAL_WITHOUT_ISSUER)
    return issuer


def check_fits(issuer: Issuer, customer_id: str) -> None:
    """Refuse a number that the issuer cannot have given (SID-1)."""
    if unfit := why_unfit(issuer, customer_id):
        raise Refusal(_UNFIT[unfit], {"customer_id": customer_id, "issuer": issuer.name})


def check_free(customer_id: str, taken: Registered | None, holder: Person) -> None:
    """Refuse a number that is somebody else's (SID-1)."""
    if taken is not None and taken.citizen_id != holder.citizen_id:
        raise Refusal(ServiceIdReason.CUSTOMER_ID_TAKEN, {"customer_id": customer_id})


def check_replaces(present: str | None, customer_id: str, replaces: str | None) -> None:
    """Refuse to replace a number that the request does not name (SID-1)."""
    if present not in (None, customer_id, replaces):
        raise Refusal(ServiceIdReason.SERVICE_ID_DIFFERENT, {"current": str(present)})


def known_service_id(customer_id: str | None, issuer: Issuer) -> str:
    """Return a person's number, or refuse where they have none there (SID-3)."""
    if customer_id is None:
        raise Refusal(ServiceIdReason.SERVICE_ID_UNKNOWN, {"issuer": issuer.name})
    return customer_id


def known_customer(registered: Registered | None) -> Registered:
    """Return whose number it is, or refuse where it is nobody's (SID-4)."""
    if registered is None:
        raise Refusal(ServiceIdReason.CUSTOMER_ID_UNKNOWN)
    return registered
