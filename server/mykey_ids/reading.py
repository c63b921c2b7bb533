"""What is read around MyKey IDs: base municipalities, and a holder's own service IDs."""

from typing import NamedTuple

from peewee import Database

from server.db.queries import rows


class BaseMunicipality(NamedTuple):
    """A municipality with a program of its own."""

    municipality_code: str
    prefecture: str
    name: str


class OwnServiceId(NamedTuple):
    """A citizen's number at an issuer."""

    issuer_name: str
    customer_id: str


def base_municipalities(database: Database, after: str, most: int) -> list[BaseMunicipality]:
    """Return at most so many, by code, from behind one on (MKY-4)."""
    found = rows(
        database,
        """SELECT m.municipality_code, m.prefecture, m.name FROM municipality m
        JOIN program p ON p.municipality_code = m.municipality_code AND p.kind = 'MUNICIPAL'
        WHERE m.municipality_code > ? ORDER BY m.municipality_code LIMIT ?""",
        after,
        most,
    )
    return [BaseMunicipality(*row) for row in found]


def own_service_ids(database: Database, citizen_id: int) -> list[OwnServiceId]:
    """Return all of a citizen's service IDs, by issuer (S57)."""
    found = rows(
        database,
        """SELECT i.name, s.customer_id FROM service_id s JOIN issuer i USING (issuer_id)
        WHERE s.citizen_id = ? ORDER BY s.issuer_id""",
        citizen_id,
    )
    return [OwnServiceId(*row) for row in found]
