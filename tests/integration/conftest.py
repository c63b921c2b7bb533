"""A running server in a town with points, and clients of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import grpc
import pytest

from server.citizens.proofs import Verify
from server.citizens.revoked_cards import RevokedCards
from server.citizens.tables import CertificateRow
from server.citizens.verification import CardVerifier
from server.serving.app import RunningServer, start
from server.serving.opening import Ledger
from tests.integration.support import Client
from tests.server.citizens.authorities import LAST_GOOD_DAY
from tests.server.conftest import engine, find_template, town
from tests.server.support import (
    AWAY_MUNICIPAL,
    CARD_A,
    CARD_B,
    CARD_E,
    CLASS_EVENT,
    COUNTER,
    EVENT,
    TestChance,
    Town,
    grant_command,
    granted,
    insert,
)

__all__ = ["engine", "find_template", "town"]

BALANCE, EVENT_BALANCE = 1000, 2000
Connect = Callable[[str | None], Awaitable[Client]]


@dataclass
class Service:
    town: Town
    running: RunningServer | None = None
    verify_card: Verify | None = None
    revoked_cards: RevokedCards | None = None
    training: Ledger | None = None

    async def start(self) -> None:
        town = self.town
        self.running = await start(
            town.ledger,
            "127.0.0.1:0",
            town.clock,
            town.chance,
            verify_card=self.verify_card,
            revoked_cards=self.revoked_cards,
            training=self.training,
        )

    async def check_cards(self, verifier: CardVerifier, card: str) -> None:
        """Start again as a server that checks cards, with one more of the citizen A."""
        with self.town.database.connection_context():
            insert(
                self.town.database,
                CertificateRow,
                serial_number=card,
                citizen_id=1,
                last_good_day=LAST_GOOD_DAY.isoformat(),
            )
        await self.stop()
        self.verify_card = verifier.verify
        await self.start()

    async def stop(self, grace_seconds: float = 1) -> None:
        running, self.running = self.running, None
        if running is not None:
            await running.stop(grace_seconds)

    @property
    def address(self) -> str:
        assert self.running is not None
        return f"127.0.0.1:{self.running.port}"


@pytest.fixture
async def service(town: Town) -> AsyncIterator[Service]:
    """A server, in a town whose cards A, B and E hold points."""
    with town.booker() as booker:
        granted(
            booker,
            grant_command(CARD_A, BALANCE),
            grant_command(CARD_A, EVENT_BALANCE, EVENT),
            grant_command(CARD_A, 10, AWAY_MUNICIPAL),
            grant_command(CARD_A, 20, CLASS_EVENT),
            grant_command(CARD_B, BALANCE),
            grant_command(CARD_E, BALANCE),
        )
    service = Service(town)
    await service.start()
    try:
        yield service
    finally:
        await service.stop()


@pytest.fixture
async def second(service: Service) -> AsyncIterator[Service]:
    """Another server on the same database, as another process has it."""
    town = service.town
    second = Service(Town(town.url, town.clock, TestChance(2)))
    await second.start()
    try:
        yield second
    finally:
        await second.stop()


@asynccontextmanager
async def connecting(service: Service) -> AsyncIterator[Connect]:
    """Make clients, each signed in at a terminal unless that is None."""
    async with AsyncExitStack() as stack:

        async def new_client(terminal_id: str | None = COUNTER) -> Client:
            channel = grpc.aio.insecure_channel(service.address)
            await stack.enter_async_context(channel)
            client = Client(channel)
            if terminal_id is not None:
                await client.sign_in(terminal_id)
            return client

        yield new_client


@pytest.fixture
async def connect(service: Service) -> AsyncIterator[Connect]:
    async with connecting(service) as connect:
        yield connect


@pytest.fixture
async def connect_second(second: Service) -> AsyncIterator[Connect]:
    async with connecting(second) as connect:
        yield connect


@pytest.fixture
async def counter(connect: Connect) -> Client:
    return await connect(COUNTER)
