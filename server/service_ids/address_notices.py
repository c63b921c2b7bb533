"""住所等の変更の可能性: signature certificates that were revoked as changed (SID-2).

Only the serial number of the certificate is kept. The certification authority's list of
revocations says that it changed, not what: the issuer asks the holder.
"""

from collections.abc import Collection
from typing import NamedTuple

from peewee import Database

from server.db.queries import change, rows

_COLUMNS = "notice_id, customer_id, noticed_at, acknowledged_at"


class AddressNotice(NamedTuple):
    """A notice to an issuer; times in microseconds since 1970."""

    notice_id: int
    customer_id: str
    noticed_at: int
    acknowledged_at: int | None


class Watched(NamedTuple):
    """A registration whose signature certificate is watched."""

    issuer_id: str
    customer_id: str
    signature_serial_number: str


def give_notices(database: Database, changed: Collection[str], now: int) -> int:
    """Make a notice for each registration whose signature certificate is among the changed.

    Each once; return how many are new. Runs in a writing transaction.
    """
    made = 0
    for one in _watched(database):
        if one.signature_serial_number not in changed:
            continue
        made += change(
            database,
            """INSERT INTO address_notice
            (notice_id, issuer_id, customer_id, signature_serial_number, noticed_at)
            SELECT coalesce(max(notice_id), 0) + 1, ?, ?, ?, ? FROM address_notice
            WHERE TRUE
            ON CONFLICT (issuer_id, customer_id, signature_serial_number) DO NOTHING""",
            one.issuer_id,
            one.customer_id,
            one.signature_serial_number,
            now,
        )
    return made


def _watched(database: Database) -> list[Watched]:
    found = rows(
        database,
        """SELECT issuer_id, customer_id, signature_serial_number FROM service_id
        WHERE signature_serial_number IS NOT NULL ORDER BY issuer_id, customer_id""",
    )
    return [Watched(*row) for row in found]


def renew_signatures(database: Database) -> int:
    """Watch renewed signature certificates in place of the old ones (CRD-4).

    Returns how many registrations that were. Runs in a writing transaction.
    """
    return change(
        database,
        """UPDATE service_id SET signature_serial_number = (SELECT r.serial_number
            FROM signature_renewal r WHERE r.renews = service_id.signature_serial_number)
        WHERE EXISTS (SELECT 1 FROM signature_renewal r
            WHERE r.renews = service_id.signature_serial_number)""",
    )


def import_signature_renewals(database: Database, renewals: Collection[tuple[str, str]]) -> int:
    """Add (serial number, the one it renews) to the link list; return how many were new.

    Raises ValueError for a contradiction. Runs in a writing transaction.
    """
    added = 0
    for serial_number, renews in renewals:
        known = rows(
            database,
            "SELECT renews FROM signature_renewal WHERE serial_number = ? OR renews = ?",
            serial_number,
            renews,
        )
        if not known:
            added += change(
                database,
                "INSERT INTO signature_renewal (serial_number, renews) VALUES (?, ?)",
                serial_number,
                renews,
            )
        elif known != [(renews,)]:
            raise ValueError(f"{serial_number} renews another in the list imported before")
    return added


def notices(
    database: Database, issuer_id: str, after: int, most: int, *, with_acknowledged: bool
) -> list[AddressNotice]:
    """Return at most so many of an issuer's notices, from behind one on."""
    only_open = "" if with_acknowledged else "AND acknowledged_at IS NULL"
    found = rows(
        database,
        f"""SELECT {_COLUMNS} FROM address_notice
        WHERE issuer_id = ? AND notice_id > ? {only_open} ORDER BY notice_id LIMIT ?""",  # noqa: S608
        issuer_id,
        after,
        most,
    )
    return [AddressNotice(*row) for row in found]


def acknowledge(
    database: Database, issuer_id: str, notice_id: int, caller: str, now: int
) -> AddressNotice | None:
    """Note that an issuer took note of its notice, the first time; None where it has no such.

    Runs in a writing transaction.
    """
    change(
        database,
        """UPDATE address_notice SET acknowledged_at = ?, acknowledged_by = ?
        WHERE issuer_id = ? AND notice_id = ? AND acknowledged_at IS NULL""",
        now,
        caller,
        issuer_id,
        notice_id,
    )
    found = rows(
        database,
        f"SELECT {_COLUMNS} FROM address_notice WHERE issuer_id = ? AND notice_id = ?",  # noqa: S608
        issuer_id,
        notice_id,
    )
    return AddressNotice(*found[0]) if found else None
