"""Puts the server together, starts it, and stops it without losing what it took."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from server.callers.certificates import ShownCertificates, caller_of_certificate
from server.chance import Chance
from server.citizens.proofs import Verify
from server.citizens.revoked_cards import RevokedCards
from server.clock import Clock
from server.db.engine import shown_name
from server.db.promises import broken_promises
from server.jobs.guard import DayGuard
from server.jobs.runner import start_jobs
from server.jobs.workshop import Workshop
from server.ledger.store import StoreUnavailableError
from server.ledger.writer import QueueFullError, WatchBatch
from server.rpc.calls import Hall, handlers_of
from server.rpc.doorman import Doorman
from server.rpc.handled import Watch, all_of
from server.rpc.other_methods import OtherMethods
from server.rpc.reflecting import add_reflection
from server.serving.listening import AddressInUseError, check_address
from server.serving.opening import Ledger
from server.serving.pulse import Pulse, WatchTrouble
from server.serving.refusals import STATUSES
from server.serving.side import Means, Side, open_side, open_training_side
from server.serving.tls import Identities
from server.threads.costly import Costly
from server.threads.readers import Readers

log = logging.getLogger(__name__)

GRACE_SECONDS = 10.0
"""How long calls that were taken have to finish when the server stops."""
READ_AHEAD_BYTES = 1 << 16
"""Messages here are small: more of one that is too large is not even read."""
STREAMS_MAX = 1000
"""Calls at once on one connection; a client that has more keeps them until others are answered.
gRPC's own limit of all calls counts those that are only begun, so that half-open ones of some
would keep all others out: calls are counted by the doorman, once their message is there."""
HANDSHAKE_SECONDS_MAX = 10
SILENCE_SECONDS_MAX, PING_SECONDS_MAX = 60, 20
"""A connection that is silent for so long is asked whether it is still there, and how long."""
PINGS_EVERY_SECONDS = 10
"""Clients may ask so often."""
MESSAGE_BYTES_MAX = 1 << 20


@dataclass(slots=True)
class RunningServer:
    """A server that listens."""

    port: int
    _server: grpc.aio.Server
    _sides: tuple[Side, ...]
    _health: health.aio.HealthServicer
    _beside: tuple["asyncio.Task[None]", ...]
    """What goes on beside the calls."""

    async def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Report NOT_SERVING, finish what was taken, then close the database."""
        for task in self._beside:
            task.cancel()
        await asyncio.wait(self._beside)
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)
        for side in self._sides:
            await side.stop()


async def start(
    ledger: Ledger,
    address: str,
    clock: Clock,
    chance: Chance,
    *,
    verify_card: Verify | None = None,
    revoked_cards: RevokedCards | None = None,
    training: Ledger | None = None,
    shares_port: bool = False,
    identities: Identities | None = None,
    watches: Sequence[Watch] = (),
    watch_batch: WatchBatch | None = None,
    watch_trouble: WatchTrouble | None = None,
    guard: DayGuard | None = None,
) -> RunningServer:
    """Start serving a ledger at HOST:PORT; port 0 takes a free one.

    `verify_card` checks what cards signed; without it no PIN can be proved (CRD-2).
    `revoked_cards` are taken nowhere, with or without a PIN (USE-3).
    `training` is the training ledger (USE-7); without it there is none. With `shares_port`
    other processes of ours listen there too. With `identities` it speaks TLS. `watches` are
    told of every call, `watch_batch` of every batch, `watch_trouble` of what keeps points from
    being booked. `guard` looks at the clock before anything acts by the day.
    Raises ClearAddressError for an address that is not loopback without TLS (SEC-1),
    AddressInUseError where the port is taken.
    """
    check_address(address, has_tls=identities is not None)
    costly = Costly()
    if revoked_cards is not None:
        await revoked_cards.refresh(costly)
    means = Means(clock, chance, costly, verify_card, revoked_cards, watch_batch)
    practice = open_training_side(training, means) if training is not None else None
    real = open_side(ledger, means, practice)
    sides = (real, practice) if practice else (real,)
    doorman = Doorman()
    watch = all_of((real.trail.handled, *watches))
    hall = Hall(watch, doorman, STATUSES, _certificates(real.readers, identities, clock))
    server = grpc.aio.server(
        interceptors=[OtherMethods(doorman)],
        options=[
            ("grpc.so_reuseport", int(shares_port)),
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_concurrent_streams", STREAMS_MAX),
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", READ_AHEAD_BYTES),
            ("grpc.server_handshake_timeout_ms", HANDSHAKE_SECONDS_MAX * 1000),
            ("grpc.keepalive_time_ms", SILENCE_SECONDS_MAX * 1000),
            ("grpc.keepalive_timeout_ms", PING_SECONDS_MAX * 1000),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", PINGS_EVERY_SECONDS * 1000),
        ],
    )
    server.add_generic_rpc_handlers(
        [handlers_of(service, real, practice, hall) for service in real.servicers]
    )
    healthy = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    names = [service.full_name for service in real.servicers]
    add_reflection([*names, health.SERVICE_NAME], server)
    try:
        port = _listen(server, address, identities)
    except RuntimeError as error:
        for side in sides:
            await side.stop()
        raise AddressInUseError(f"cannot listen on {address}: {error}") from error
    await server.start()

    looking = set[asyncio.Task[None]]()

    async def tell(is_serving: bool) -> None:
        await _tell(healthy, ("", *names), is_serving=is_serving)
        if is_serving:  # it may be another primary, with other settings
            task = asyncio.create_task(_look_at_promises(real.readers))
            looking.add(task)
            task.add_done_callback(looking.discard)

    pulse = Pulse(real.writer, shown_name(ledger.database), tell, watch_trouble)
    await pulse.beat()
    beating = asyncio.create_task(pulse.go_on())
    holder = chance.bytes(16).hex()
    guard = guard or DayGuard()
    jobs = start_jobs(Workshop(real.writer, real.readers, clock, chance, holder, guard))
    noting = [asyncio.create_task(side.noting.go_on()) for side in sides]
    if revoked_cards is not None:
        noting.append(asyncio.create_task(revoked_cards.go_on(costly)))
    return RunningServer(port, server, sides, healthy, (beating, jobs, *noting))


def _certificates(
    readers: Readers, identities: Identities | None, clock: Clock
) -> ShownCertificates | None:
    """Return what tells whom a client's certificate stands for, where clients have to show one."""
    if identities is None or not identities.asks_clients:
        return None

    async def load(fingerprint: bytes) -> str:
        return await readers.query(lambda database: caller_of_certificate(database, fingerprint))

    return ShownCertificates(load, clock)


async def _look_at_promises(readers: Readers) -> None:
    """Say in the log what of the database's settings does not keep what answers promise."""
    with suppress(StoreUnavailableError, QueueFullError):
        for broken in await readers.query(broken_promises):
            log.warning("%s", broken)


def _listen(server: grpc.aio.Server, address: str, identities: Identities | None) -> int:
    """Listen with TLS where there is an identity; each connection gets the one that is new then."""
    if identities is None:
        return server.add_insecure_port(address)

    def now() -> grpc.ServerCertificateConfiguration:
        one = identities.current()
        pair = [(one.key, one.certificate)]
        return grpc.ssl_server_certificate_configuration(pair, one.client_authority)

    asks = identities.asks_clients
    credentials = grpc.dynamic_ssl_server_credentials(now(), now, asks)
    return server.add_secure_port(address, credentials)


async def _tell(
    healthy: health.aio.HealthServicer, names: tuple[str, ...], *, is_serving: bool
) -> None:
    states = health_pb2.HealthCheckResponse
    state = states.SERVING if is_serving else states.NOT_SERVING
    for name in names:
        await healthy.set(name, state)
