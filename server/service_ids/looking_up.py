"""Looking a service ID up by the holder's card: reading, without booking."""

from dataclasses import dataclass
from datetime import date

from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey
from server.ledger.store import Reader
from server.ledger.values import Refusal
from server.service_ids.errors import ServiceIdReason
from server.service_ids.values import CardServiceIdKey
from server.terminals.rules import active_terminal
from server.terminals.values import Terminal, TerminalKey


@dataclass(frozen=True, slots=True)
class FoundServiceId:
    """The number that a card's holder has at a terminal's issuer."""

    terminal: Terminal
    issuer_id: str
    customer_id: str


def look_up(reader: Reader, terminal_id: str, serial_number: str, today: date) -> FoundServiceId:
    """Return the holder's number at the terminal's own issuer, or raise Refusal (SID-3)."""
    certificate_key, terminal_key = CertificateKey(serial_number), TerminalKey(terminal_id)
    found = reader.look_up([certificate_key, terminal_key])
    terminal = active_terminal(found.get(terminal_key))
    accepted_holder(found.get(certificate_key), today)
    if terminal.issuer_id is None:
        raise Refusal(ServiceIdReason.TERMINAL_WITHOUT_ISSUER)
    service_key = CardServiceIdKey(terminal.issuer_id, serial_number)
    customer_id = reader.look_up([service_key]).get(service_key)
    if customer_id is None:
        raise Refusal(ServiceIdReason.SERVICE_ID_UNKNOWN, {"issuer": terminal.issuer_name})
    return FoundServiceId(terminal, terminal.issuer_id, customer_id)
