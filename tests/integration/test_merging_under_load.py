"""Merges from twenty terminals, while the street's own system takes and acknowledges.

Three hundred of them; a thousand in `make deep`.
"""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from counter_tui.bookings.spool import deliver
from merge_driver.codec import decode
from merge_driver.keys import dump_key_file
from server.upkeep.verify import verify
from tests.examples.test_street_points import PROGRAM
from tests.integration.conftest import Connect, Service
from tests.integration.support import Client, merge_request
from tests.integration.test_merge_service import report_delivered
from tests.server.support import (
    CARD_A,
    CARD_E,
    CLIENT_SECRET,
    COUNTER,
    STREET_1,
    Town,
    grant_command,
    granted,
    street_key,
)
from tests.sizes import size

TERMINALS, MERGES_EACH = 20, size(15, 50)
MERGES = TERMINALS * MERGES_EACH
NUMBERS = {CARD_A: "123456789", CARD_E: "555555555"}
CONFIGURATION = """spool = "spool"
keys = "keys"
journal = "journal.db"
acknowledge = true

[output]
kind = "python"
"""


class Street:
    """The street's machine: its spool folder, and its own point system as a process."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        (folder / "keys").mkdir()
        key_file = folder / "keys" / "1.json"
        key_file.write_text(dump_key_file(street_key(STREET_1), server, CLIENT_SECRET), "utf-8")
        key_file.chmod(0o600)
        (folder / "street.toml").write_text(CONFIGURATION, "utf-8")

    def start(self, *more: str) -> "subprocess.Popen[str]":
        line = [sys.executable, str(PROGRAM), "street.toml", "street.db", *more]
        return subprocess.Popen(line, cwd=self.folder, stdout=subprocess.PIPE, text=True)

    def sum_of(self, database: str, query: str) -> int:
        with closing(sqlite3.connect(self.folder / database)) as opened:
            (found,) = opened.execute(query).fetchone()
            return int(found)

    def points_in_files(self) -> int:
        key = street_key(STREET_1)
        files = list((self.spool / "done").iterdir())
        assert len(files) == MERGES
        decoded = (decode(path.read_bytes(), [key], STREET_1) for path in files)
        return sum(record.points for one in decoded for record in one.records)


def add_terminals(town: Town) -> list[str]:
    """Twenty terminals of the street, which are copies of one; and a number for card E."""
    ids = [f"3000{number:04}" for number in range(TERMINALS)]
    town.tamper(
        *(
            f"""INSERT INTO terminal (terminal_id, terminal_class, municipality_code, place_id,
            issuer_id, name, password_hash) SELECT '{terminal_id}', terminal_class,
            municipality_code, place_id, issuer_id, 'レジ {terminal_id}', password_hash
            FROM terminal WHERE terminal_id = '{COUNTER}'"""  # noqa: S608
            for terminal_id in ids
        ),
        f"""INSERT INTO service_id (issuer_id, customer_id, citizen_id)
        SELECT '{STREET_1}', '{NUMBERS[CARD_E]}', citizen_id FROM certificate
        WHERE serial_number = '{CARD_E}'""",  # noqa: S608
    )
    return ids


async def merge_and_deliver(client: Client, street: Street, number: int) -> int:
    """Merge as a counter does: book, put the file into the spool folder, report it."""
    points = 0
    for turn in range(MERGES_EACH):
        card = (CARD_A, CARD_E)[(number + turn) % 2]
        request = merge_request(card, 1 + turn % 9, street_point_id=NUMBERS[card])
        merged = await client.merge(request)
        file = merged.merge_file
        await asyncio.to_thread(deliver, street.spool, file.name, file.content)
        await report_delivered(client, merged.transaction_number)
        points += merged.points
    return points


async def test_ledger_files_journal_and_street_agree(
    service: Service, connect: Connect, tmp_path: Path
) -> None:
    town = service.town
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 10_000), grant_command(CARD_E, 10_000))
    clients = [await connect(terminal_id) for terminal_id in add_terminals(town)]
    street = Street(tmp_path, service.address)
    with street.start("--watch") as running:
        try:
            work = [merge_and_deliver(one, street, n) for n, one in enumerate(clients)]
            merged = sum(await asyncio.gather(*work))
            await asyncio.to_thread(_until_added, running)
            running.send_signal(signal.SIGTERM)
        finally:
            await asyncio.to_thread(running.wait, 60)
    with street.start() as last:
        await asyncio.to_thread(last.communicate)
    booked = f"""SELECT CAST(sum(e.points) AS BIGINT) FROM entry e JOIN account a
        ON a.account_id = e.account_id WHERE a.kind = 'MERGED' AND a.owner = '{STREET_1}'"""  # noqa: S608
    assert town.rows(booked) == [(merged,)]
    assert street.points_in_files() == merged
    assert street.sum_of("journal.db", "SELECT sum(points) FROM record") == merged
    assert street.sum_of("street.db", "SELECT sum(points) FROM customer") == merged
    assert street.sum_of("street.db", "SELECT count(*) FROM addition") == MERGES
    acknowledged = "SELECT count(*) FROM record WHERE acknowledgement = 'ACKNOWLEDGED'"
    assert street.sum_of("journal.db", acknowledged) == MERGES
    noted = town.rows("SELECT kind, count(*) FROM merge_event GROUP BY kind ORDER BY kind")
    assert noted == [("ACKNOWLEDGED", MERGES), ("DELIVERED", MERGES)]
    assert verify(town.database).fault is None


def _until_added(running: "subprocess.Popen[str]") -> None:
    """Read what the street's system prints until it has added every merge."""
    assert running.stdout is not None
    added = 0
    for line in running.stdout:
        added += line.startswith("added")
        if added == MERGES:
            return
    raise AssertionError(f"it ended after {added} merges")
