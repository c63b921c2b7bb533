"""What one part writes another must read: a town in which everything was done once, training too.

It is started, checked, verified, carried, backed up, restored and given other keys.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from server.cli import main
from server.secrets import KEY_BYTES
from server.serving.opening import Ledger, open_ledger
from server.vouchers.keys import TRAINING_KEY_ID
from tests.engines import TestEngine
from tests.integration.conftest import Service, connecting
from tests.integration.processes import serving, write_key
from tests.integration.support import Client, merge_request, spend_request
from tests.integration.vouchers import Vouchers, issue_request, redeem_request
from tests.server.support import (
    COUNTER,
    KEYLESS_COUNTER,
    LIBRARY_COUNTER,
    MASTER_KEY,
    MYKEY_COUNTER,
    VOUCHER,
    Town,
)
from tests.server.upkeep.carried import fill

COUNTERS = (COUNTER, VOUCHER, LIBRARY_COUNTER, MYKEY_COUNTER, KEYLESS_COUNTER)


@pytest.fixture
def whole(town: Town) -> Town:
    """A town with rows in every table."""
    with town.booker() as booker:
        fill(town, booker)
    town.tamper("DELETE FROM data_key")  # the fixture's own opens with no key
    return town


@pytest.fixture
def practice(whole: Town, engine: TestEngine, tmp_path: Path) -> Iterator[Town]:
    folder = tmp_path / "practice"
    folder.mkdir()
    with engine.database(folder) as url:
        yield Town(url, whole.clock)


@pytest.fixture
async def service(whole: Town, practice: Town) -> AsyncIterator[Service]:
    service = Service(whole)
    yield service
    await service.stop()


def opened(town: Town, *, training: bool = False) -> Ledger:
    """Open a ledger as a server's start does."""
    first = {"first_voucher_key": TRAINING_KEY_ID} if training else {}
    return open_ledger(town.url, MASTER_KEY, town.clock, town.chance, **first)


async def train(service: Service, practice: Town) -> None:
    """Start a server, and do at counters of every kind what can be done in training."""
    opened(service.town)
    service.training = opened(practice, training=True)
    await service.start()
    async with connecting(service) as connect:
        for terminal_id in COUNTERS:
            await (await connect(None)).sign_in(terminal_id, training=True)
        client = await connect(None)
        answer = await client.sign_in(COUNTER, training=True)
        await use_points(client, answer.practice_cards[0].certificate_serial_number)
        desk = await connect(None)
        answer = await desk.sign_in(VOUCHER, training=True)
        await issue_and_redeem(desk, answer.practice_cards[0].certificate_serial_number)
    await service.stop()


async def use_points(client: Client, card: str) -> None:
    mykey_id = (await client.usable(card)).mykey_id
    spent = await client.spend(spend_request(card, 500, mykey_id=mykey_id))
    await client.cancel(spent.transaction_number)
    street_point_id = f"{int(COUNTER) * 3 + 1:09}"
    await client.merge(merge_request(card, 100, street_point_id=street_point_id, mykey_id=mykey_id))


async def issue_and_redeem(desk: Client, card: str) -> None:
    request = issue_request(50)
    request.certificate_serial_number = card
    request.mykey_id = (await desk.usable(card)).mykey_id
    issued = await Vouchers(desk).issue(request)
    await Vouchers(desk).redeem(redeem_request(issued.voucher.voucher_number))


def run(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(one) for one in arguments])
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result.output


async def test_a_ledger_is_read_by_whatever_there_is(
    service: Service, practice: Town, engine: TestEngine, tmp_path: Path
) -> None:
    await train(service, practice)
    await train(service, practice)  # the second start reads what the first one's day wrote
    key = write_key(tmp_path)
    backups = tmp_path / "backups"
    backups.mkdir()
    for number, town in enumerate((service.town, practice)):
        run("ledger", "seal", "--database", town.url)
        run("ledger", "verify", "--database", town.url)
        run("master-key", "check", "--database", town.url, "--master-key-file", key)
        file = tmp_path / f"{number}.jsonl"
        run("ledger", "export", "--database", town.url, file)
        run("backup", "--database", town.url, backups)
        (backup,) = backups.iterdir()
        for command in (("ledger", "import"), ("restore", "--master-key-file", key)):
            folder = tmp_path / f"{number}-{command[0]}"
            folder.mkdir()
            with engine.database(folder) as url:
                made_of = file if command[0] == "ledger" else backup
                run(*command[:2], *command[2:], "--database", url, made_of)
                run("ledger", "verify", "--database", url)
                open_ledger(url, MASTER_KEY, town.clock, town.chance)
        backup.unlink()


async def test_keys_are_exchanged_in_both_ledgers(
    service: Service, practice: Town, tmp_path: Path
) -> None:
    await train(service, practice)
    key, new = write_key(tmp_path), tmp_path / "new.key"
    run("master-key", "new", new)
    both = ("--database", service.town.url, "--training-database", practice.url)
    run("master-key", "rotate", *both, "--master-key-file", key, "--new-master-key-file", new)
    run(
        "master-key", "rotate", *both, "--master-key-file", key, "--new-master-key-file", new,
        "--new-data-key",
    )  # fmt: skip
    exchanged = bytes.fromhex(new.read_text().strip())
    assert len(exchanged) == KEY_BYTES
    for town in (service.town, practice):
        run("master-key", "check", "--database", town.url, "--master-key-file", new)
    more = ("--training-database", practice.url)
    with serving(service.town.url, new, more=more) as process:
        assert process.port
