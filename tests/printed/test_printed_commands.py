"""Every command that the operator's pages print, run in order on a machine of its own."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from openpyxl import load_workbook

from server.clock import TOKYO, Moment, SystemClock
from server.db.engine import open_database
from server.ledger.engines import writing
from server.terminal_forms.form_one import write_form_one
from server.terminal_forms.layout import LISTING_SHEET
from server.terminal_forms.values import FormOne
from server.timekeeping.notes import store_note
from server.timekeeping.values import Note, NoteKind
from server.upkeep.demo_data import MUNICIPAL_PROGRAM, MUNICIPALITY_CODE
from tests.engines import PostgresEngine, TestEngine
from tests.integration.support import Client, merge_request
from tests.printed.machine import Machine
from tests.printed.pages import Block, blocks_of, unmarked_commands
from tests.printed.stand_ins import stop
from tests.server.terminal_forms.support import TERMINALS

CONTAINER = "container"
PAGES = {
    "operating.md": [""],
    "deploying.md": ["sqlite", "postgresql", CONTAINER],
    "terminals.md": [""],
    "streets.md": [""],
    "ledger.md": [""],
}
"""The ways through each page. A block without a way is on all but a container's."""


def fill_in_form_one(machine: Machine) -> None:
    """The municipality lists its terminals."""
    town = {"さくら野図書館": "さくら野市立図書館", "一番街": "さくら通り商店街", "": ""}
    listed = tuple(replace(one, issuer=town[one.issuer]) for one in TERMINALS)
    form = FormOne("さくら野市", MUNICIPALITY_CODE, listed)
    (machine.work / "sakurano-1.xlsx").write_bytes(write_form_one(form))


def mark_form_two(machine: Machine) -> None:
    """The municipality marks a terminal that is no longer needed."""
    book = load_workbook(machine.work / "sakurano-2.xlsx")
    book[LISTING_SHEET]["G7"] = "要"
    book.save(machine.work / "sakurano-2-returned.xlsx")


def merge_at_a_counter(machine: Machine) -> None:
    """A citizen merges points, at a server for the page's town."""
    serve = "jichipoint-server serve --database sqlite:///town/ledger.db"
    assert machine.run(f"{serve} --master-key-file town/master.key")[0] == 0
    town = json.loads((machine.work / "town" / "town.json").read_text("utf-8"))
    machine.merged = asyncio.run(merged(f"127.0.0.1:{machine.port}", town))


async def merged(address: str, town: dict[str, str]) -> str:
    """Return the merge's transaction number."""
    request = merge_request(
        "030D45",
        100,
        MUNICIPAL_PROGRAM,
        "123456789",
        mykey_id="MY123456",
        day=SystemClock().now().astimezone(TOKYO).date(),
    )
    async with grpc.aio.insecure_channel(address) as channel:
        client = Client(channel)
        await client.sign_in(town["terminal_id"], town["password"])
        return (await client.merge(request)).transaction_number


def damage_the_training_ledger(machine: Machine) -> None:
    """A disk spoils the file, and the server is stopped; it does not start with it."""
    stop("serve", machine.root)
    (machine.root / "etc/jichipoint/ledger-training.db").write_bytes(b"spoilt" * 2000)
    code, printed = machine.run("jichipoint-server serve")
    assert code != 0
    assert "ledger-training.db cannot be opened" in printed


def run_ahead(machine: Machine) -> None:
    """For a minute the clock is 70 days ahead, and the nightly run comes."""
    database = open_database(f"sqlite:///{machine.root}/etc/jichipoint/ledger.db")
    then = Moment.of(SystemClock().now() + timedelta(days=70))
    with database.connection_context(), writing(database):
        store_note(database, Note(NoteKind.RAN, then.microseconds, then.day, 0, "nightly-run"))


PEOPLE: dict[str, Callable[[Machine], None]] = {
    "sakurano-1.xlsx": fill_in_form_one,
    "sakurano-2-returned.xlsx": mark_form_two,
    "merges unacknowledged": merge_at_a_counter,
    "ledger-training.db": damage_the_training_ledger,
    "clock step-back": run_ahead,
}
"""Before a command with these words: what people or a fault do meanwhile."""


@pytest.fixture
def postgresql(find_engine: Callable[[str], TestEngine]) -> Iterator[PostgresEngine]:
    """A PostgreSQL from which the databases that a page made are taken again."""
    engine = find_engine("postgresql")
    assert isinstance(engine, PostgresEngine)
    there = "SELECT datname FROM pg_database"
    before = set(engine.administer(there))
    yield engine
    for (name,) in set(engine.administer(there)) - before:
        engine.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def machine(postgresql: PostgresEngine, tmp_path: Path) -> Iterator[Machine]:
    """There is no db.example, PostgreSQL's socket is elsewhere, and numbers begin with the day."""
    folder = postgresql.server.get_uri("postgres").partition("host=")[2]

    def database(found: re.Match[str]) -> str:
        postgresql.administer(f"CREATE DATABASE {found[1]}")
        return f"'{postgresql.server.get_uri(found[1])}'"

    one = Machine(
        tmp_path / "machine",
        postgresql.server.get_uri("postgres"),
        {
            r"postgresql://jichipoint@db\.example/(\w+)": database,
            r"/var/run/postgresql": lambda _: folder,
            r"\b20\d{11}\b": lambda _: one.merged,
        },
        PEOPLE,
    )
    yield one
    one.stop()


def run(machine: Machine, block: Block) -> None:
    """Run a block; all but the last command of one that is to fail must succeed."""
    told = ""
    for place, command in enumerate(block.commands):
        code, printed = machine.run(command)
        fails = (block.printed or "").startswith("Error:") and place == len(block.commands) - 1
        assert code == fails, f"{command}\n{printed}"
        told += printed
    if block.printed is not None:
        assert shape_of(told) == shape_of(block.printed), told


def shape_of(printed: str) -> list[str]:
    """Lines without what is other at each time: numbers."""
    lines = re.sub(r"\d+", "0", printed).splitlines()
    return [line for line in lines if not re.search(" INFO up: ", line)]


@pytest.mark.parametrize(
    ("page", "way"), [(page, way) for page, ways in PAGES.items() for way in ways]
)
def test_the_commands_of_a_page(page: str, way: str, machine: Machine) -> None:
    blocks = blocks_of(page)
    assert blocks
    assert {block.way for block in blocks} <= {"", *PAGES[page]}
    taken = [block for block in blocks if block.way == way or (not block.way and way != CONTAINER)]
    for block in taken:
        run(machine, block)


@pytest.mark.parametrize("page", PAGES)
def test_no_command_is_left_out(page: str) -> None:
    assert unmarked_commands(page) == []
