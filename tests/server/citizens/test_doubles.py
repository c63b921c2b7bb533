"""Persons with two MyKey IDs are found, as far as certificates tell (MKY-1)."""

import json

from click.testing import CliRunner

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import CARD_A, CARD_B, LIBRARY, MYKEY, STREET_1, Town

__all__ = ["engine", "find_template", "town"]

A, B = MYKEY[CARD_A], MYKEY[CARD_B]
RENEWAL = "INSERT INTO certificate_renewal (serial_number, renews, last_good_day)"
NUMBER = "INSERT INTO service_id (issuer_id, customer_id, citizen_id, signature_serial_number)"


def told(town: Town) -> list[dict[str, str | None]]:
    line = ["citizens", "doubles", "--database", town.url]
    found = CliRunner().invoke(main, [*line, "--json"])
    assert found.exit_code == 0, found.output
    return [json.loads(one) for one in found.output.splitlines()]


def said(town: Town) -> str:
    return CliRunner().invoke(main, ["citizens", "doubles", "--database", town.url]).output


def test_a_town_without_doubles(town: Town) -> None:
    before = town.dump("audit_event", "counter")
    assert told(town) == []
    assert said(town) == "certificates tell of no double\n"
    assert town.dump("audit_event", "counter") == before
    assert town.rows("SELECT result FROM audit_event") == [("OK",), ("OK",)]


def test_a_card_that_renews_another_s_tells_over_any_number_of_steps(town: Town) -> None:
    """B made a MyKey ID with the new card before the list that tells was imported."""
    town.tamper(
        f"{RENEWAL} VALUES ('{CARD_B}', 'FACE', '2031-01-01')",
        f"{RENEWAL} VALUES ('FACE', '{CARD_A}', '2031-01-01')",
    )
    double = {"mykey_id": A, "double": B, "serial_number": CARD_B, "renews": CARD_A}
    assert told(town) == [{**double, "told_by": "CERTIFICATE_RENEWAL"}]
    assert said(town) == f"{A}  {B}  certificate {CARD_B} renews {CARD_A}\n"


def test_a_circle_of_renewals_ends(town: Town) -> None:
    town.tamper(
        f"{RENEWAL} VALUES ('{CARD_B}', '{CARD_A}', '2031-01-01')",
        f"{RENEWAL} VALUES ('{CARD_A}', '{CARD_B}', '2031-01-01')",
    )
    assert len(told(town)) == 2, "each renews the other: a person has to look"


def test_one_signature_certificate_of_two_tells(town: Town) -> None:
    town.tamper(
        "DELETE FROM service_id",
        f"{NUMBER} VALUES ('{LIBRARY}', '1111', 1, 'ABC01')",
        f"{NUMBER} VALUES ('{STREET_1}', '111111111', 1, 'ABC01')",
        f"{NUMBER} VALUES ('{LIBRARY}', '2222', 2, 'ABC01')",
        f"{NUMBER} VALUES ('{STREET_1}', '222222222', 2, NULL)",
    )
    double = {"mykey_id": A, "double": B, "serial_number": "ABC01", "renews": None}
    assert told(town) == [{**double, "told_by": "SIGNATURE_CERTIFICATE"}]
    assert said(town) == f"{A}  {B}  both have signature certificate ABC01\n"


def test_a_revoked_mykey_id_is_nobody_s_double(town: Town) -> None:
    town.tamper(
        f"{RENEWAL} VALUES ('{CARD_B}', '{CARD_A}', '2031-01-01')",
        "UPDATE citizen SET revoked_at = 1 WHERE citizen_id = 2",
    )
    assert told(town) == []
