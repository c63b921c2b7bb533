"""Persons who have two MyKey IDs, as far as certificates tell (MKY-1)."""

from enum import StrEnum
from typing import NamedTuple

from peewee import Database

from server.citizens.renewals import CHAIN_MAX
from server.db.queries import rows


class ToldBy(StrEnum):
    """What tells that two MyKey IDs are one person's."""

    CERTIFICATE_RENEWAL = "CERTIFICATE_RENEWAL"
    """The card of one renews that of the other."""
    SIGNATURE_CERTIFICATE = "SIGNATURE_CERTIFICATE"
    """Both have registered numbers with one signature certificate, or its renewal."""


class Double(NamedTuple):
    """Two MyKey IDs of one person, neither of which is revoked."""

    mykey_id: str
    """The one that is to stay: of the older card, or the one that was made first."""
    double: str
    told_by: ToldBy
    serial_number: str
    renews: str | None
    """The older card's certificate; None where a signature certificate tells."""


_BY_RENEWAL = f"""WITH RECURSIVE renewed (newest, serial_number, steps) AS (
        SELECT c.serial_number, r.renews, 1 FROM certificate c
        JOIN certificate_renewal r ON r.serial_number = c.serial_number
        UNION ALL
        SELECT e.newest, r.renews, e.steps + 1 FROM renewed e
        JOIN certificate_renewal r ON r.serial_number = e.serial_number
        WHERE e.steps < {CHAIN_MAX})
    SELECT DISTINCT a.mykey_id, b.mykey_id, e.newest, e.serial_number FROM renewed e
    JOIN certificate n ON n.serial_number = e.newest JOIN citizen b ON b.citizen_id = n.citizen_id
    JOIN certificate o ON o.serial_number = e.serial_number
    JOIN citizen a ON a.citizen_id = o.citizen_id
    WHERE a.citizen_id <> b.citizen_id AND a.revoked_at IS NULL AND b.revoked_at IS NULL
    ORDER BY 1, 2, 3"""  # noqa: S608
_BY_SIGNATURE = """SELECT DISTINCT a.mykey_id, b.mykey_id, s.signature_serial_number
    FROM service_id s JOIN service_id t ON t.signature_serial_number = s.signature_serial_number
    JOIN citizen a ON a.citizen_id = s.citizen_id JOIN citizen b ON b.citizen_id = t.citizen_id
    WHERE a.citizen_id < b.citizen_id AND a.revoked_at IS NULL AND b.revoked_at IS NULL
    ORDER BY 1, 2, 3"""


def doubles(database: Database) -> list[Double]:
    """Return all that certificates tell; what nothing tells is not found."""
    by_renewal = [
        Double(one, other, ToldBy.CERTIFICATE_RENEWAL, newest, renews)
        for one, other, newest, renews in rows(database, _BY_RENEWAL)
    ]
    by_signature = [
        Double(one, other, ToldBy.SIGNATURE_CERTIFICATE, serial_number, None)
        for one, other, serial_number in rows(database, _BY_SIGNATURE)
    ]
    return [*by_renewal, *by_signature]
