"""What holds of MyKey IDs and service IDs at every moment, and at the end."""

from peewee import Database

from server.db.queries import rows
from tests.simulation.model import Model
from tests.simulation.values import ISSUERS

_NUMBERS = """SELECT s.issuer_id, s.customer_id, z.mykey_id FROM service_id s
    JOIN citizen z USING (citizen_id) WHERE z.revoked_at IS NULL
    AND s.issuer_id IN (?, ?) ORDER BY 1, 2"""
_PERSONS = """SELECT z.mykey_id, CASE WHEN z.revoked_at IS NULL THEN 0 ELSE 1 END,
    coalesce(p.base_municipality_code, ''), coalesce(p.password_hash, ''),
    coalesce((SELECT max(c.serial_number) FROM certificate c
        WHERE c.citizen_id = z.citizen_id), '')
    FROM citizen z LEFT JOIN citizen_profile p USING (citizen_id)
    WHERE z.mykey_id NOT IN ('CCCC3333', 'DDDD4444') ORDER BY z.mykey_id"""
_CANDIDATES = """SELECT c.mykey_id, c.caller, c.request_id, c.reserved_until
    FROM mykey_candidate c ORDER BY 1"""
_ATTEMPTS = """SELECT caller, request_id, purpose, serial_number, expires_at, proposals, refusals,
    CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END FROM mykey_attempt ORDER BY 1, 2"""
_EVENTS = """SELECT caller, request_id, kind, mykey_id, serial_number, replaces
    FROM mykey_event ORDER BY 1, 2"""
_NUMBER_EVENTS = """SELECT caller, request_id, issuer_id, customer_id, replaces
    FROM service_id_event ORDER BY 1, 2"""
BASE, HASH = "131164", "hash"
"""Of those who registered in the simulation."""


def check_registrations(database: Database, model: Model) -> None:
    """Numbers and candidates are whose the model says, and nobody is half there."""
    numbers = rows(database, _NUMBERS, *sorted(ISSUERS.values()))
    holders = [(issuer, mykey_id) for issuer, _, mykey_id in numbers]
    assert len(set(holders)) == len(holders), "somebody has two numbers of one issuer"
    assert [tuple(row) for row in numbers] == [
        (issuer, number, person.mykey_id)
        for (issuer, number), person in sorted(
            model.service_ids.holders.items(), key=lambda item: item[0]
        )
    ]
    found = [tuple(row) for row in rows(database, _CANDIDATES)]
    assert found == [
        (mykey_id, *key, until) for mykey_id, (key, until) in sorted(model.persons.reserved.items())
    ]
    _check_persons(database, model)


def check_registrations_at_end(database: Database, model: Model) -> None:
    """What was registered is kept once for each request, and nothing else is."""
    check_registrations(database, model)
    assert [tuple(row) for row in rows(database, _ATTEMPTS)] == [
        (
            *key,
            one.purpose,
            one.card,
            one.expires_at,
            one.proposals,
            one.refusals,
            int(one.ended),
        )
        for key, one in sorted(model.persons.attempts.items(), key=lambda item: item[0])
    ]
    assert [tuple(row) for row in rows(database, _EVENTS)] == [
        (*key, one.kind, one.mykey_id, one.card, one.replaced)
        for key, one in sorted(model.persons.events.items(), key=lambda item: item[0])
    ]
    assert [tuple(row) for row in rows(database, _NUMBER_EVENTS)] == [
        (*key, one.issuer, one.customer_id, one.replaced)
        for key, one in sorted(model.service_ids.events.items(), key=lambda item: item[0])
    ]


def _check_persons(database: Database, model: Model) -> None:
    """A MyKey ID has password, base and card, or with its revocation loses them."""
    persons = model.persons
    expected = []
    for one in sorted(persons.all, key=lambda person: person.mykey_id):
        has_profile = not one.revoked and not one.is_first
        profile = (BASE, HASH) if has_profile else ("", "")
        card = one.card if persons.by_card[one.card] is one else ""
        expected.append((one.mykey_id, int(one.revoked), *profile, card))
    assert [tuple(row) for row in rows(database, _PERSONS)] == expected
