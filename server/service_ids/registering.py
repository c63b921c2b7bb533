"""サービスIDの登録: one number for an issuer and citizen, one citizen for a number (SID-1)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.citizens.not_revoked import as_long_as_not_revoked
from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey, Holder
from server.clock import Moment
from server.issuers.values import Issuer, IssuerKey
from server.ledger.commands import WithoutAccounts
from server.ledger.values import (
    Key,
    Registration,
    RequestKey,
    Write,
)
from server.ledger.view import View
from server.service_ids.rules import check_fits, check_free, check_replaces, own_issuer
from server.service_ids.values import CardServiceIdKey, CustomerKey, Registered

_KEEP = """INSERT INTO service_id_event (caller, request_id, issuer_id, customer_id, citizen_id,
    replaces, signature_serial_number, registered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_END = """DELETE FROM service_id
    WHERE issuer_id = ? AND citizen_id = ? AND customer_id = ?"""
"""Only the number that was looked at. Where another process has registered a further one, the
next statement finds it, and all is decided once more."""
_REGISTER = """INSERT INTO service_id (issuer_id, customer_id, citizen_id, registered_at,
    signature_serial_number) VALUES (?, ?, ?, ?, ?)"""


@dataclass(frozen=True, slots=True)
class ServiceIdRegistered:
    """What a registration is answered with (S24)."""

    issuer_name: str
    mykey_id: str
    customer_id: str
    replaced: str | None
    notices_address: bool


@dataclass(frozen=True, slots=True)
class RegisterServiceIdCommand(WithoutAccounts):
    """Register the number that a card's holder has at the terminal's issuer (S23)."""

    request: RequestKey
    fingerprint: bytes
    terminal_id: str
    issuer_id: str | None
    """The session's; the terminal is asked once more."""
    serial_number: str
    customer_id: str
    replaces: str | None
    signature_serial_number: str | None
    encode: Callable[[ServiceIdRegistered], bytes]
    method: str = "RegisterServiceId"

    def names(self) -> Iterable[Key[Any]]:
        """Return what must be looked up to decide."""
        issuer_id = self.issuer_id or ""
        return (
            TerminalKey(self.terminal_id),
            CertificateKey(self.serial_number),
            IssuerKey(issuer_id),
            CardServiceIdKey(issuer_id, self.serial_number),
            CustomerKey(issuer_id, self.customer_id),
        )

    def decide(self, view: View, moment: Moment, number: str) -> Registration:  # noqa: ARG002
        """Register the number, in place of the one that was shown; or refuse."""
        active_terminal(view.find(TerminalKey(self.terminal_id)))
        issuer = own_issuer(view.find(IssuerKey(self.issuer_id or "")))
        holder = accepted_holder(view.find(CertificateKey(self.serial_number)), moment.day)
        check_fits(issuer, self.customer_id)
        present = view.find(CardServiceIdKey(issuer.issuer_id, self.serial_number))
        taken = view.find(CustomerKey(issuer.issuer_id, self.customer_id))
        check_free(self.customer_id, taken, holder)
        check_replaces(present, self.customer_id, self.replaces)
        return self._registration(issuer, holder, present, moment)

    def _registration(
        self, issuer: Issuer, holder: Holder, present: str | None, moment: Moment
    ) -> Registration:
        replaced = present if present != self.customer_id else None
        named = (issuer.issuer_id, self.customer_id, holder.citizen_id)
        signature = self.signature_serial_number
        changes: dict[Key[Any], Any] = {
            CardServiceIdKey(issuer.issuer_id, self.serial_number): self.customer_id,
            CustomerKey(issuer.issuer_id, self.customer_id): Registered(
                holder.citizen_id, holder.mykey_id
            ),
        }
        if replaced is not None:
            changes[CustomerKey(issuer.issuer_id, replaced)] = None
        answer = ServiceIdRegistered(
            issuer.name, holder.mykey_id, self.customer_id, replaced, signature is not None
        )
        at = moment.microseconds
        return Registration(
            self.encode(answer),
            (
                *as_long_as_not_revoked(holder.citizen_id),
                Write(_KEEP, (*self.request, *named, replaced, signature, at)),
                Write(_END, (issuer.issuer_id, holder.citizen_id, present)),
                Write(_REGISTER, (*named, at, signature)),
            ),
            changes,
        )
