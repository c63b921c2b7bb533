"""Who tries wrong passwords waits, and nobody else does (SEC-3)."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.callers.sign_in_guard import SignInGuard, Tried, by_address, by_machine, network_of
from server.ledger.values import Refusal
from tests.server.support import TestClock

MACHINE, OTHER_MACHINE = b"m" * 32, b"o" * 32
HERE, THERE = "192.0.2.1", "192.0.2.2"


WRONG = "SIGN_IN_REFUSED"


def wait(guard: SignInGuard, tried: list[Tried]) -> int:
    """Try a wrong one; return how many seconds it has to wait, 0 where it was looked at."""
    try:
        with guard.trying(tried, WRONG):
            raise Refusal(WRONG)
    except Refusal as refusal:
        if refusal.reason == WRONG:
            return 0
        assert refusal.reason == "SIGN_IN_LOCKED"
        return int(refusal.details["retry_seconds"])


def succeed(guard: SignInGuard, tried: list[Tried]) -> None:
    with guard.trying(tried, WRONG):
        pass


def shop(terminal_id: str = "10000001", address: str = HERE) -> list[Tried]:
    return by_address(f"terminal {terminal_id}", address)


def test_three_typing_errors_cost_nothing_then_waits_double() -> None:
    clock = TestClock()
    guard = SignInGuard(clock)
    assert [wait(guard, shop()) for _ in range(4)] == [0, 0, 0, 0]
    assert wait(guard, shop()) == 2
    clock.advance(seconds=1)
    assert wait(guard, shop()) == 1
    clock.advance(seconds=1)
    assert wait(guard, shop()) == 0
    assert wait(guard, shop()) == 4


def test_it_locks_for_a_quarter_of_an_hour_at_most() -> None:
    clock = TestClock()
    guard = SignInGuard(clock)
    waits = []
    for _ in range(20):
        wait(guard, shop())
        waits.append(wait(guard, shop()))
        clock.advance(seconds=waits[-1])
    assert max(waits) == 900
    assert sum(waits) > 3600


def test_another_address_is_not_locked_out() -> None:
    guard = SignInGuard(TestClock())
    while not wait(guard, shop()):
        pass
    assert wait(guard, shop(address=THERE)) == 0


def test_the_terminal_s_own_machine_is_not_locked_out_by_its_neighbours() -> None:
    """Many counters share an address; one of them guesses at all the others."""
    guard = SignInGuard(TestClock())
    for number in range(200):
        wait(guard, shop(f"{number:08}"))
    assert wait(guard, shop("10000001")), "the address is locked"
    assert wait(guard, by_machine("10000001", MACHINE)) == 0


def test_a_machine_is_locked_by_its_own_tries() -> None:
    guard = SignInGuard(TestClock())
    tries = [wait(guard, by_machine("10000001", MACHINE)) for _ in range(5)]
    assert tries == [0, 0, 0, 0, 2]
    assert wait(guard, by_machine("10000001", OTHER_MACHINE)) == 0
    assert wait(guard, by_machine("10000002", MACHINE)) == 0


def test_an_address_that_tries_many_terminals_is_slowed_down() -> None:
    guard = SignInGuard(TestClock())
    waits = [wait(guard, shop(f"{number:08}")) for number in range(25)]
    assert waits[:21] == [0] * 21
    assert all(waits[21:])


def test_a_success_takes_its_own_try_back_and_no_other() -> None:
    guard = SignInGuard(TestClock())
    for number in range(20):
        wait(guard, shop(f"{number:08}"))
    for _ in range(50):
        succeed(guard, shop("10000001"))
    assert wait(guard, shop("20000001")) == 0
    assert wait(guard, shop("20000002")) > 0, "signing in oneself unlocks no guessing at others"


def test_a_success_makes_nobody_wait() -> None:
    guard = SignInGuard(TestClock())
    for number in range(20):
        wait(guard, shop(f"{number:08}"))
    for number in range(5):
        succeed(guard, shop(f"3000000{number}"))


def test_a_success_forgives_the_terminal_s_own_errors() -> None:
    guard = SignInGuard(TestClock())
    for _ in range(6):
        assert wait(guard, shop()) == 0
        succeed(guard, shop())
    assert wait(guard, shop()) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, Refusal("OTHER"), ZeroDivisionError])
def test_what_could_not_be_looked_at_is_not_counted(error: BaseException) -> None:
    """A caller that leaves, a database that is away."""
    guard = SignInGuard(TestClock())
    for _ in range(50):
        with pytest.raises(BaseException), guard.trying(shop(), WRONG):  # noqa: B017
            raise error
    assert [wait(guard, shop()) for _ in range(5)] == [0, 0, 0, 0, 2]


def test_many_at_once_are_no_more_than_one_by_one() -> None:
    guard = SignInGuard(TestClock())
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(guard.trying(shop(), WRONG))
        assert wait(guard, shop()) == 2
    assert wait(guard, shop()) == 0, "all of them were right"


def test_what_is_watched_is_bounded() -> None:
    guard = SignInGuard(TestClock(), most=100)
    for number in range(1000):
        wait(guard, shop(address=f"10.0.{number // 256}.{number % 256}"))
    assert len(guard._strikes) == 100


def test_a_clock_that_goes_back_lets_nobody_in_sooner_nor_much_later() -> None:
    clock = TestClock()
    guard = SignInGuard(clock)
    for _ in range(4):
        wait(guard, shop())
    clock.advance(days=-1)
    assert wait(guard, shop()) == 900
    clock.advance(seconds=900)
    assert wait(guard, shop()) == 0


def test_ipv6_is_told_apart_by_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("::1") == "::1"
    assert network_of("192.0.2.1") == "192.0.2.1"


@given(st.text(max_size=40))
def test_any_peer_has_a_name(address: str) -> None:
    assert isinstance(network_of(address), str)
