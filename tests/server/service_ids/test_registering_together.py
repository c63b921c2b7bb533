"""Registering while another process registers or revokes: the later one is decided on what is."""

from collections.abc import Callable

import pytest

from server.ledger.booker import Command
from server.mykey_ids.values import Purpose
from tests.engines import TestEngine
from tests.server.conftest import find_template, town
from tests.server.ledger.test_conflicts import Meanwhile, pausing_booker
from tests.server.registrations import (
    begin,
    registered_plain,
    revoke_command,
    service_id_command,
)
from tests.server.support import CARD_A, CARD_E, STREET_1, STREET_POINT_IDS, Town, refused

__all__ = ["find_template", "town"]

NEW, OTHER = "523456789", "623456789"
CURRENT = STREET_POINT_IDS[STREET_1]


@pytest.fixture(scope="session")
def engine(find_engine: Callable[[str], TestEngine]) -> TestEngine:
    """PostgreSQL alone: SQLite has one writer at a time."""
    return find_engine("postgresql")


def while_another(town: Town, first: Command, second: Command) -> tuple[str, dict[str, str]]:
    """Let another process register while the second command is decided, and return its refusal."""

    def act() -> None:
        with town.booker() as booker:
            registered_plain(booker, first)

    with pausing_booker(town, Meanwhile(act)) as (booker, _):
        reason, details = refused(booker, second)
    return reason, dict(details)


def numbers(town: Town) -> dict[int, str]:
    query = "SELECT citizen_id, customer_id FROM service_id WHERE issuer_id = ?"
    return dict(town.rows(query, STREET_1))


def test_the_same_number_is_the_first_ones(town: Town) -> None:
    first, second = service_id_command(NEW, CARD_E), service_id_command(NEW, replaces=CURRENT)
    assert while_another(town, first, second) == ("CUSTOMER_ID_TAKEN", {"customer_id": NEW})
    assert numbers(town) == {1: CURRENT, 2: "12-34", 5: NEW}


def test_a_second_number_of_one_holder_is_asked_for(town: Town) -> None:
    first = service_id_command(NEW, replaces=CURRENT)
    second = service_id_command(OTHER, replaces=CURRENT)
    assert while_another(town, first, second) == ("SERVICE_ID_DIFFERENT", {"current": NEW})
    assert numbers(town)[1] == NEW


@pytest.mark.parametrize("customer_id", [CURRENT, NEW])
def test_a_holder_whose_mykey_id_is_being_revoked_gets_no_number(
    town: Town, customer_id: str
) -> None:
    revocation = revoke_command(begin(town, Purpose.REVOKE, CARD_A, 1), 0)
    second = service_id_command(customer_id, replaces=CURRENT)
    assert while_another(town, revocation, second) == ("MYKEY_ID_REVOKED", {})
    assert 1 not in numbers(town), "the number would be nobody's, and never free"
    assert town.rows("SELECT 1 FROM service_id_event") == []
