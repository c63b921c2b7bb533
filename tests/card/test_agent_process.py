"""The agent as a process, its command, and the application's reader, on one real reader (SID-5)."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from counter_tui.card.pcsc_reader import PcscReader
from counter_tui.core.settings import State
from counter_tui.virtual.card_file import KeptCard, load
from counter_tui.virtual.card_header import card_path
from counter_tui.virtual.vpcd import VpcdSlot
from demo.processes import Places, command, make_town
from server.upkeep.demo_data import TERMINAL, Town
from tests.card.conftest import Events
from tests.card.pcscd import Pcscd

SECONDS_MAX = 60


class Started:
    """A command in the background; its first line of output is waited for."""

    def __init__(self, line: list[str], environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            line,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline().strip()

    @property
    def address(self) -> str:
        return self.first_line.removeprefix("listening on ")

    def stop(self) -> tuple[str, str]:
        self.process.terminate()
        return self.process.communicate(timeout=SECONDS_MAX)


class AtCounter:
    """A demo town with its server, and an agent at one of its counters."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.places = Places(folder)
        make_town(self.places)
        self.town = Town.load(self.places.town)
        State(self.places.state).remember_terminal(TERMINAL)
        serve = command(
            "server.cli",
            *("serve", "--database", self.town.database, "--listen", "127.0.0.1:0"),
            *("--master-key-file", self.town.master_key_file),
        )
        self.server = Started(serve)
        stack.callback(self.server.stop)
        self.password_file = folder / "password"
        self.password_file.touch(0o600)
        self.password_file.write_text(self.town.password + "\n")

    def agent_line(self, *more: str | Path) -> list[str]:
        return command(
            "counter_tui.cli",
            *("agent", "--server", self.server.address, "--state", self.places.state),
            *("--password-file", self.password_file, "--listen", "127.0.0.1:0", *more),
        )

    def card(self, number: int = 0) -> KeptCard:
        return load(card_path(self.places.cards, self.town.cards[number].serial_number))

    def read(self, *options: str) -> tuple[int, dict[str, Any]]:
        return self._told("read", *options)

    def look_up(self, number: str | bytes) -> tuple[int, dict[str, Any]]:
        return self._told("look-up", os.fsdecode(number))

    def _told(self, name: str, *options: str) -> tuple[int, dict[str, Any]]:
        line = command(
            "counter_tui.cli", *("card", name, "--json", "--state", self.places.state), *options
        )
        done = subprocess.run(
            line, check=False, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def at_counter(pcscd: Pcscd, tmp_path: Path) -> Iterator[AtCounter]:
    with ExitStack() as stack:
        yield AtCounter(tmp_path / "town", stack)


@pytest.fixture
def agent(at_counter: AtCounter) -> Iterator[Started]:
    started = Started(at_counter.agent_line())
    assert started.first_line.startswith("listening on 127.0.0.1:")
    yield started
    started.stop()


def test_a_program_learns_the_holders_number(
    pcscd: Pcscd, at_counter: AtCounter, agent: Started
) -> None:
    code, found = at_counter.read()
    assert (code, found["error"]["reason"]) == (1, "NO_CARD")
    with VpcdSlot(at_counter.card(), pcscd.port):
        code, found = at_counter.read("--wait", "20", "--look-up")
        assert (code, found) == (
            0,
            {
                "last_good_day": at_counter.town.cards[0].last_good_day,
                "issuer_id": "000002",
                "issuer_name": "さくら通り商店街",
                "customer_id": "123456789",
                "mykey_id": at_counter.town.cards[0].mykey_id,
            },
        )
    until_removal_is_noticed(at_counter)
    with VpcdSlot(at_counter.card(1), pcscd.port):
        code, found = at_counter.read("--wait", "20", "--look-up")
        assert (code, found["error"]["reason"]) == (1, "SERVICE_ID_UNKNOWN")


def test_a_program_learns_whose_a_number_is(at_counter: AtCounter, agent: Started) -> None:
    mykey_id = at_counter.town.cards[0].mykey_id
    assert at_counter.look_up("１２３４５６７８９ ") == (
        0,
        {"customer_id": "123456789", "mykey_id": mykey_id},
    )
    for number, reason in (
        ("000000000", "CUSTOMER_ID_UNKNOWN"),
        ("1 2", "INVALID_FIELD"),
        (b"12\xff", "INVALID_FIELD"),
    ):
        code, found = at_counter.look_up(number)
        assert (code, found["error"]["reason"]) == (1, reason)
        assert found["error"]["message"]


def until_removal_is_noticed(at_counter: AtCounter) -> None:
    """A card put in sooner than that is told of as one that was pulled out meanwhile."""
    for _ in range(SECONDS_MAX):
        if at_counter.read()[1].get("error", {}).get("reason") == "NO_CARD":
            return
    pytest.fail("the agent does not notice that the card is out")


async def test_agent_and_application_share_the_reader(
    pcscd: Pcscd, at_counter: AtCounter, agent: Started
) -> None:
    """The application signs with a PIN, exclusively, while programs look numbers up."""
    reader = PcscReader()
    events = Events(reader)

    async def sign() -> int:
        for number in range(5):
            await reader.with_card(
                lambda card, challenge=bytes([number]): card.sign_challenge("1234", challenge),  # type: ignore[misc]
                exclusive=True,
            )
        return 5

    with VpcdSlot(at_counter.card(), pcscd.port):
        await events.next()
        looked_up = [asyncio.to_thread(at_counter.read, "--look-up") for _ in range(3)]
        signed, *found = await asyncio.gather(sign(), *looked_up)
    await reader.stop()
    assert signed == 5
    assert [one[1]["customer_id"] for one in found if isinstance(one, tuple)] == ["123456789"] * 3


def test_without_an_agent(at_counter: AtCounter) -> None:
    code, found = at_counter.read()
    assert (code, found["error"]["reason"]) == (1, "AGENT_NOT_RUNNING")


def test_its_file_goes_with_it(at_counter: AtCounter, agent: Started) -> None:
    path = at_counter.places.state / "agent.json"
    assert path.stat().st_mode & 0o777 == 0o600
    agent.stop()
    assert agent.process.returncode == 0
    assert not path.exists()


def test_starts_that_fail_say_why(at_counter: AtCounter, tmp_path: Path) -> None:
    def told(line: list[str]) -> str:
        done = subprocess.run(
            line, check=False, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        return done.stderr

    assert "loopback only" in told(at_counter.agent_line("--listen", "0.0.0.0:0"))
    missing = tmp_path / "none"
    assert "cannot be read" in told(at_counter.agent_line("--password-file", missing))
    at_counter.password_file.chmod(0o644)
    assert "others can read" in told(at_counter.agent_line())
    at_counter.password_file.chmod(0o600)
    assert "no terminal is registered" in told(at_counter.agent_line("--state", tmp_path / "new"))
