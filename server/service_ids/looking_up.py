"""Looking service IDs up, by card or by number: reading, without booking.

All of it is about the terminal's own issuer. Of any other nothing is read, so that nothing can
be told (SEC-2).
"""

from dataclasses import dataclass
from datetime import date

from peewee import Database

from server.callers.rules import active_terminal
from server.callers.values import TerminalKey
from server.citizens.rules import accepted_holder
from server.citizens.values import CertificateKey
from server.db.queries import rows
from server.issuers.values import Issuer, IssuerKey
from server.ledger.store import Reader
from server.service_ids import rules
from server.service_ids.values import CardServiceIdKey, CustomerKey


@dataclass(frozen=True, slots=True)
class FoundServiceId:
    """The number that a card's holder has at a terminal's issuer."""

    issuer: Issuer
    customer_id: str
    mykey_id: str


@dataclass(frozen=True, slots=True)
class ListedServiceId:
    """A number of an issuer's, and whose it is."""

    customer_id: str
    mykey_id: str
    registered_at: int
    """Microseconds since 1970; 0 where it was not kept."""
    notices_address: bool


def own_issuer(reader: Reader, terminal_id: str) -> Issuer:
    """Return a terminal's issuer, or raise Refusal where it has none."""
    terminal_key = TerminalKey(terminal_id)
    terminal = active_terminal(reader.look_up([terminal_key]).get(terminal_key))
    issuer_key = IssuerKey(terminal.issuer_id or "")
    return rules.own_issuer(reader.look_up([issuer_key]).get(issuer_key))


def look_up(reader: Reader, terminal_id: str, serial_number: str, today: date) -> FoundServiceId:
    """Return the holder's number at the terminal's own issuer, or raise Refusal (SID-3)."""
    issuer = own_issuer(reader, terminal_id)
    certificate_key = CertificateKey(serial_number)
    holder = accepted_holder(reader.look_up([certificate_key]).get(certificate_key), today)
    service_key = CardServiceIdKey(issuer.issuer_id, serial_number)
    customer_id = rules.known_service_id(reader.look_up([service_key]).get(service_key), issuer)
    return FoundServiceId(issuer, customer_id, holder.mykey_id)


def look_up_mykey_id(reader: Reader, terminal_id: str, customer_id: str) -> str:
    """Return the MyKey ID behind a number of the terminal's own issuer, or Refusal (SID-4)."""
    key = CustomerKey(own_issuer(reader, terminal_id).issuer_id, customer_id)
    return rules.known_customer(reader.look_up([key]).get(key)).mykey_id


def listed(database: Database, issuer_id: str, after: str, most: int) -> list[ListedServiceId]:
    """Return at most so many of an issuer's numbers, in their order, from behind one on."""
    found = rows(
        database,
        """SELECT s.customer_id, z.mykey_id, s.registered_at,
        s.signature_serial_number IS NOT NULL
        FROM service_id s JOIN citizen z ON z.citizen_id = s.citizen_id
        WHERE s.issuer_id = ? AND s.customer_id > ? ORDER BY s.customer_id LIMIT ?""",
        issuer_id,
        after,
        most,
    )
    return [ListedServiceId(row[0], row[1], row[2], notices_address=bool(row[3])) for row in found]
