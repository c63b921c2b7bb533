"""One ledger with the services on it: the real one, or the one for training."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import ServiceDescriptor

from server.accounts.servicer import LedgerServicer
from server.audit.trail import Trail
from server.callers.sessions import Session, SessionKey, Sessions
from server.callers.sign_in_guard import SignInGuard
from server.callers.street_sessions import StreetSession, open_street_session
from server.chance import Chance
from server.citizens.challenges import KEY_USE as CHALLENGE_KEY_USE
from server.citizens.challenges import Challenges
from server.citizens.proofs import CardProofs, PracticeProofs, Verify
from server.citizens.renewals import Cards, ImportedRenewals
from server.citizens.revoked_cards import RevokedCards
from server.citizens.servicer import CardServicer
from server.clock import Clock
from server.days.servicer import DayServicer
from server.ledger.writer import WatchBatch, Writer
from server.merging.servicer import MergeServicer
from server.mykey_ids.servicer import MykeyServicer
from server.operations.servicer import OperationServicer
from server.points.servicer import PointServicer
from server.service_ids.servicer import ServiceIdServicer
from server.serving.bookers import open_booker
from server.serving.loaders import loaders_with
from server.serving.noting import Noting
from server.serving.opening import Ledger
from server.serving.refusals import STATUSES
from server.serving.services import SERVICERS
from server.streets.servicer import StreetServicer
from server.terminals.servicer import TerminalServicer
from server.threads.costly import Costly
from server.threads.readers import Readers
from server.training.sessions import Training
from server.vouchers.servicer import VoucherServicer

log = logging.getLogger(__name__)

NOTING_SECONDS_MAX = 3.0
"""How long the stop waits for what calls left behind to be written."""


@dataclass(frozen=True, slots=True)
class Means:
    """What both ledgers' services are made with."""

    clock: Clock
    chance: Chance
    costly: Costly
    verify_card: Verify | None
    revoked_cards: RevokedCards | None = None
    watch_batch: WatchBatch | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A ledger that is served."""

    writer: Writer
    readers: Readers
    sessions: Sessions[Session]
    street_sessions: Sessions[StreetSession]
    servicers: Mapping[ServiceDescriptor, object]
    trail: Trail
    noting: Noting

    async def stop(self) -> None:
        """Finish what was taken, write what was noted, then close the database."""
        try:
            await asyncio.wait_for(self.noting.write(), NOTING_SECONDS_MAX)
        except TimeoutError:
            log.error("what calls left behind is not written: the database does not answer")
        await self.writer.stop()
        self.readers.stop()


def open_side(ledger: Ledger, means: Means, training: "Side | None" = None) -> Side:
    """Return the real ledger's side; with `training`, terminals may sign in there too."""

    def signing_in_there(real_readers: Readers) -> Training | None:
        if training is None:
            return None
        return Training(real_readers, training.writer, training.readers, means.clock, means.chance)

    return _open(ledger, means, signing_in_there, practice=False)


def open_training_side(ledger: Ledger, means: Means) -> Side:
    """Return the training ledger's side (USE-7)."""
    return _open(ledger, means, lambda _readers: None, practice=True)


def _open(
    ledger: Ledger,
    means: Means,
    training: Callable[[Readers], Training | None],
    *,
    practice: bool,
) -> Side:
    database, vault = ledger.database, ledger.vault
    clock, chance = means.clock, means.chance
    watching = () if practice or means.watch_batch is None else (means.watch_batch,)
    revoked = None if practice else means.revoked_cards
    loaders = loaders_with(revoked)
    writer = Writer(
        database,
        lambda opened: open_booker(opened, clock, practice=practice, loaders=loaders),
        *watching,
    )
    readers = Readers(database, loaders)

    async def load(token_hash: bytes) -> Session | None:
        key = SessionKey(token_hash)
        return await readers.read(lambda reader: reader.look_up([key]).get(key))

    async def load_street(token_hash: bytes) -> StreetSession | None:
        return await readers.query(lambda database: open_street_session(database, token_hash))

    sessions = Sessions(load, clock)
    challenges = Challenges(vault.derive(CHALLENGE_KEY_USE), chance)
    proofs = (PracticeProofs if practice else CardProofs)(
        challenges, means.verify_card, clock, means.costly
    )

    def look_up(serial_number: str, caller: str) -> None:
        if revoked is not None:
            revoked.ask_about(serial_number, caller, means.costly)

    cards = Cards(writer, readers, ImportedRenewals(readers), look_up)
    guard = SignInGuard(clock)
    opened: list[object] = [
        CardServicer(proofs),
        TerminalServicer(
            writer,
            readers,
            sessions,
            clock,
            chance,
            guard=guard,
            costly=means.costly,
            training=training(readers),
        ),
        PointServicer(writer, cards, clock, proofs),
        MergeServicer(
            writer,
            readers,
            cards,
            vault,
            clock=clock,
            chance=chance,
            proofs=proofs,
            makes_files=not practice,
        ),
        StreetServicer(writer, readers, vault, clock, chance, guard=guard),
        VoucherServicer(writer, readers, vault, clock, chance, proofs=proofs),
        DayServicer(readers, clock, STATUSES),
        ServiceIdServicer(writer, readers, cards, clock),
        MykeyServicer(writer, readers, cards, clock, chance, proofs=proofs, costly=means.costly),
        LedgerServicer(readers, clock),
        OperationServicer(writer, readers, STATUSES),
    ]
    by_kind = {type(one): one for one in opened}
    servicers = {service: by_kind[kind] for service, kind in SERVICERS.items()}
    trail = Trail(clock, SERVICERS)
    noting = Noting(writer, trail, sessions)
    street_sessions = Sessions(load_street, clock, idles=False)
    return Side(writer, readers, sessions, street_sessions, servicers, trail, noting)
