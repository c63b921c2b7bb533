"""Wrong passwords over a real socket: slowed down, locked, and nobody else is (SEC-3)."""

import asyncio

import grpc
import pytest

from server.callers.sign_in import check_password, fits_password, hash_password
from server.callers.tables import TerminalRow
from server.terminals import verifying
from server.upkeep.verify import verify
from tests.integration.conftest import Connect, Service
from tests.integration.support import Client, refused, sign_in_request, spend_request
from tests.server.support import COUNTER, COUNTER_2, PASSWORD, POINT_USE, STREET_1

SIGN_IN = "TerminalService/SignIn"
OTHER_MACHINE = bytes(32)
WRONG = sign_in_request(password="wrong", machine=OTHER_MACHINE)

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def lock(client: Client, most: int = 10) -> str:
    """Guess until it is told to wait; return how many seconds."""
    for _ in range(most):
        told = await client.refusal(SIGN_IN, WRONG)
        if told.reason == "SIGN_IN_LOCKED":
            assert told.code == grpc.StatusCode.RESOURCE_EXHAUSTED
            return told.metadata["retry_seconds"]
        assert told.reason == "SIGN_IN_REFUSED"
    raise AssertionError("nobody was locked out")


async def test_who_guesses_waits_and_the_terminal_itself_does_not(
    service: Service, connect: Connect
) -> None:
    counter = await connect(COUNTER)
    guesser = await connect(None)
    assert await lock(guesser) == "2"
    right = sign_in_request(machine=OTHER_MACHINE)
    assert (await guesser.refusal(SIGN_IN, right)).reason == "SIGN_IN_LOCKED"
    assert (await counter.sign_in(COUNTER)).session_token, "its own machine is let in"
    assert (await guesser.sign_in(COUNTER_2)).session_token, "another terminal too"


async def test_after_the_wait_the_right_password_is_taken(
    service: Service, connect: Connect
) -> None:
    client = await connect(None)
    for _ in range(4):
        await client.refusal(SIGN_IN, sign_in_request(password="wrong"))
    assert (await client.refusal(SIGN_IN, sign_in_request())).reason == "SIGN_IN_LOCKED"
    service.town.clock.advance(seconds=2)
    assert (await client.sign_in(COUNTER)).session_token


async def test_many_at_once_try_no_more_than_one_by_one(connect: Connect) -> None:
    client = await connect(None)
    calls = (client.refusal(SIGN_IN, WRONG) for _ in range(40))
    reasons = [told.reason for told in await asyncio.gather(*calls)]
    assert reasons.count("SIGN_IN_REFUSED") == 4
    assert {*reasons} <= {"SIGN_IN_REFUSED", "SIGN_IN_LOCKED", "QUEUE_FULL"}


async def test_a_crowd_does_not_keep_a_terminal_s_own_machine_waiting(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by wrong passwords from elsewhere nor by right ones of one terminal."""

    def as_long_as_in_life(row: TerminalRow | None, password: str) -> TerminalRow:
        fits_password(None, password)
        return check_password(row, password)

    monkeypatch.setattr(verifying, "check_password", as_long_as_in_life)
    honest, rogue, guesser = await connect(COUNTER), await connect(POINT_USE), await connect(None)
    crowd = [
        *(rogue.sign_in_outcome(sign_in_request(POINT_USE)) for _ in range(100)),
        *(guesser.sign_in_outcome(WRONG) for _ in range(100)),
    ]
    waiting = [asyncio.create_task(one) for one in crowd]
    await asyncio.sleep(0.05)
    assert (await honest.sign_in(COUNTER)).session_token
    outcomes = await asyncio.gather(*waiting)
    assert outcomes[:100].count("QUEUE_FULL") >= 90
    assert outcomes[100:].count("SIGN_IN_REFUSED") <= 4


async def test_a_new_password_counts_while_an_old_one_is_verified(
    service: Service, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = service.town

    def while_it_is_verified(row: TerminalRow | None, password: str) -> TerminalRow:
        found = check_password(row, password)
        changed = hash_password("another")
        town.tamper(f"UPDATE terminal SET password_hash = '{changed}'")  # noqa: S608
        return found

    monkeypatch.setattr(verifying, "check_password", while_it_is_verified)
    client = await connect(None)
    assert (await client.refusal(SIGN_IN, sign_in_request())).reason == "SIGN_IN_REFUSED"
    assert town.rows("SELECT count(*) FROM session") == [(0,)]


async def test_a_street_s_secret_is_not_guessed_either(connect: Connect) -> None:
    client = await connect(None)
    reasons = []
    for _ in range(6):
        with pytest.raises(grpc.RpcError) as caught:
            await client.street_sign_in(STREET_1, "wrong")
        reasons.append(refused(caught.value).reason)
    assert reasons == ["STREET_SIGN_IN_REFUSED"] * 4 + ["SIGN_IN_LOCKED"] * 2


async def test_a_huge_password_costs_nothing(connect: Connect) -> None:
    client = await connect(None)
    told = await client.refusal(SIGN_IN, sign_in_request(password="x" * 10_000))
    assert (told.reason, told.fields) == ("INVALID_FIELD", ("password",))


async def test_who_works_there_and_every_refusal_is_in_the_trail(
    service: Service, connect: Connect
) -> None:
    client = await connect(None)
    request = sign_in_request(POINT_USE)
    request.person = "桜井 花"
    await client.refusal(SIGN_IN, WRONG)
    await client.raw(SIGN_IN, request.SerializeToString())
    counter = await connect(POINT_USE)
    await counter.refusal("PointService/Spend", b"")
    await service.stop()
    town = service.town
    told = town.rows("SELECT caller, address, action, result, subject FROM audit_event ORDER BY 1")
    about = f"terminal_id={COUNTER}"
    assert ("", "127.0.0.1", "TerminalService/SignIn", "SIGN_IN_REFUSED", about) in told
    spend = (f"terminal:{POINT_USE}", "127.0.0.1", "PointService/Spend", "INVALID_FIELD", "")
    assert spend in told
    assert PASSWORD not in repr(town.dump("terminal"))
    ((person,),) = town.rows("SELECT person FROM session WHERE person <> ''")
    assert person == "桜井 花"


async def test_uses_of_a_session_outlive_the_server(service: Service, connect: Connect) -> None:
    counter = await connect(COUNTER)
    service.town.clock.advance(hours=3)
    await counter.usable("A1")
    await service.stop()
    ((signed_in_at, used_at),) = service.town.rows("SELECT signed_in_at, used_at FROM session")
    assert used_at - signed_in_at == 3 * 3600 * 1_000_000


@pytest.mark.parametrize("person", ["x" * 51, "a\nb", "\u202e"])
async def test_a_person_who_cannot_be(connect: Connect, person: str) -> None:
    client = await connect(None)
    request = sign_in_request()
    request.person = person
    assert (await client.refusal(SIGN_IN, request)).fields == ("person",)


@pytest.mark.parametrize("days", [1, -1])
async def test_a_clock_that_is_a_day_off(service: Service, connect: Connect, days: int) -> None:
    """Sessions end or stay, bookings wait for the clock, and the trail is whole."""
    town = service.town
    counter = await connect(COUNTER)
    await counter.spend(spend_request(points=1))
    await lock(await connect(None))
    town.clock.advance(days=days)
    told = await counter.refusal("PointService/Spend", spend_request(points=1))
    assert told.reason == ("SESSION_EXPIRED" if days > 0 else "CLOCK_WENT_BACK")
    await counter.sign_in(COUNTER)
    town.clock.advance(days=-days, seconds=1)
    await counter.sign_in(COUNTER)
    if days < 0:
        assert (await counter.spend(spend_request(points=1))).points == 1
    await service.stop()
    found = verify(town.database)
    assert (found.fault, found.events >= 6) == (None, True)
