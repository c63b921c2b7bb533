"""A clock and chance that tests set, a small town, and commands to book in it."""

import json
import random
import uuid
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from argon2 import PasswordHasher
from peewee import Database, Model, SqliteDatabase

from merge_driver.codec import IdKind, Profile, StreetKey
from server.callers.tables import TerminalRow
from server.citizens.tables import CertificateRenewalRow, CertificateRow, CitizenRow
from server.clock import TOKYO, Moment
from server.db.engine import open_database
from server.db.migrate import migrate
from server.db.queries import rows
from server.db.sqlite import sqlite_path
from server.ledger.booker import Booker, Command, refusal_of
from server.ledger.engines import writing
from server.ledger.values import Operation, Outcome, RequestKey
from server.master_key.uses import client_secret_use
from server.municipalities.tables import (
    IssuerRow,
    MunicipalityRow,
    PlaceRow,
    ProgramRow,
    ProgramTerminalsRow,
)
from server.points.cards import MyNumberCard
from server.points.granting import GrantCommand
from server.points.moving import MoveCommand
from server.points.operations import CancelSpendCommand, SpendCommand, Use
from server.points.reserving import CaptureCommand, HoldCommand, ReleaseCommand
from server.points.rules import Shown
from server.secrets import Vault
from server.service_ids.tables import ServiceIdRow
from server.serving.bookers import open_booker
from server.serving.opening import Ledger
from server.streets.keeping import insert_key
from server.streets.tables import StreetRow
from server.terminals.contacts import Contact, set_contact
from server.vouchers.codes import SigningKey, voucher_number
from server.vouchers.correcting import CorrectRedemptionCommand
from server.vouchers.keys import make_key, signing_key
from server.vouchers.operations import (
    CancelVoucherCommand,
    ExpireVoucherCommand,
    IssueVoucherCommand,
    RedeemVoucherCommand,
)

CONTACT = Contact(
    "鈴木　花子", "1050011", "東京都", "港区芝公園9-9-9", "03-0000-0000", "shop@example.jp"
)
"""Of every terminal of the town but OPERATOR, which has none yet."""
MASTER_KEY = bytes(range(32))
PASSWORD = "さくら-1234"
CLIENT_SECRET = "client"
NOON = datetime(2026, 7, 1, 12, tzinfo=TOKYO)
TODAY = NOON.date()

HOME, AWAY = "131164", "141305"

MUNICIPAL, EVENT, AWAY_MUNICIPAL, PAST_EVENT, CLASS_EVENT = (f"{n:08d}" for n in range(1, 6))
EVENT_LIMIT = 900

LIBRARY, STREET_1, STREET_2, MYKEY_STREET, KEYLESS_STREET = (f"{n:06d}" for n in range(1, 6))

COUNTER, COUNTER_2 = "10000001", "10000002"
"""Class (ア), of the street with profile 1 and of the one with profile 2."""
POINT_USE, VOUCHER, LIBRARY_COUNTER = "10000003", "10000004", "10000005"
MYKEY_COUNTER, KEYLESS_COUNTER = "10000006", "10000007"
GRANT, TOWN_HALL, PARTNER, OPERATOR = "10000008", "10000009", "10000010", "10000011"
TIED_SHOP = 4
"""A shop without a terminal, whose vouchers place 1 collects (VCH-5)."""
WITHDRAWN, AWAY_COUNTER = "10000012", "20000001"
TERMINALS_BY_CLASS = {
    "SERVICE_ID": COUNTER,
    "POINT_USE": POINT_USE,
    "VOUCHER": VOUCHER,
    "GRANT": GRANT,
    "MUNICIPALITY": TOWN_HALL,
    "PARTNER": PARTNER,
    "OPERATOR": OPERATOR,
}

CARD_A, CARD_B, CARD_E = "A1", "B2", "E5"
CARD_OF_REVOKED_MYKEY, REVOKED_CARD, EXPIRED_CARD = "C3", "D4", "D5"
RENEWED, RENEWED_TWICE, RENEWED_FROM_UNKNOWN = "A11", "A111", "FA1"
"""Certificates in the link list; the first two lead to card A (CRD-4)."""
IN_CIRCLES, IN_CIRCLES_TOO = "FC1", "FC2"
MYKEY = {CARD_A: "AAAA1111", CARD_B: "BBBB2222", CARD_E: "EEEE5555"}
STREET_POINT_IDS = {STREET_1: "123456789", STREET_2: "223456789"}
"""Of card A. Card B has one that does not fit street 1's pattern; card E has none."""


class TestClock:
    """A clock that stands until it is set."""

    __test__ = False

    def __init__(self, time: datetime = NOON) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time.astimezone(UTC)

    @property
    def today(self) -> date:
        return Moment.of(self.now()).day

    def advance(self, **parts: float) -> None:
        self.time += timedelta(**parts)


class TestChance:
    """Bytes from a seed."""

    __test__ = False

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)


@dataclass
class Town:
    """A migrated database with a town in it, and what a test needs to use it."""

    url: str
    clock: TestClock = field(default_factory=TestClock)
    chance: TestChance = field(default_factory=TestChance)

    def __post_init__(self) -> None:
        self.vault = Vault(MASTER_KEY, self.chance)
        self.database = open_database(self.url)
        self._reader: psycopg.Connection | None = None

    @property
    def path(self) -> Path:
        """The file, where there is one."""
        return sqlite_path(self.url)

    @property
    def ledger(self) -> Ledger:
        """What a server is started with."""
        return Ledger(self.database, self.vault)

    @property
    def is_sqlite(self) -> bool:
        return isinstance(self.database, SqliteDatabase)

    @contextmanager
    def booker(self) -> Iterator[Booker]:
        """A booker on a connection of its own, as a new process has it."""
        database = open_database(self.url)
        with database.connection_context():
            yield open_booker(database, self.clock)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """The rows of a query, on a connection of its own."""
        if not self.is_sqlite:
            return self._rows_of_server(query.replace("?", "%s"), parameters)
        database = open_database(self.url)
        with database.connection_context():
            return list(database.execute_sql(query, parameters).fetchall())

    def _rows_of_server(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Ask on a connection that is kept: a new one costs the server more than the query."""
        if self._reader is not None:
            try:
                return self._reader.execute(query, parameters or None).fetchall()
            except psycopg.OperationalError:
                self._reader.close()
        self._reader = psycopg.connect(self.url, autocommit=True)
        weakref.finalize(self, self._reader.close)
        return self._reader.execute(query, parameters or None).fetchall()

    def tamper(self, *statements: str) -> None:
        """Change the database past its triggers and keys: each statement commits."""
        database = open_database(self.url)
        with database.connection_context():
            if self.is_sqlite:
                database.execute_sql("PRAGMA foreign_keys = off")
                named = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
                triggers = database.execute_sql(named).fetchall()
            else:
                database.execute_sql("SET session_replication_role = replica")
                triggers = []
            for name, _ in triggers:
                database.execute_sql(f"DROP TRIGGER {name}")
            for statement in statements:
                database.execute_sql(statement)
            for _, text in triggers:
                database.execute_sql(text)

    def dump(self, *left_out: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table but those left out."""
        database = open_database(self.url)
        with database.connection_context():
            return {
                table: sorted(rows(database, f"SELECT * FROM {table}"), key=repr)  # noqa: S608
                for table in database.get_tables()
                if table not in left_out
            }

    def balance(self, serial_number: str, program_id: str = MUNICIPAL) -> int:
        """What the lots of a card's holder hold, lapsed ones too."""
        ((points,),) = self.rows(
            """SELECT coalesce(sum(l.remaining), 0) FROM lot l JOIN account a USING (account_id)
            JOIN certificate c ON a.owner = CAST(c.citizen_id AS TEXT)
            WHERE a.kind = 'HELD' AND a.program_id = ? AND c.serial_number = ?""",
            program_id,
            serial_number,
        )
        return int(points)


def street_key(issuer_id: str) -> StreetKey:
    """The key of a street of the town, as its reader has it."""
    profile = Profile.CBC_MD5 if issuer_id == STREET_1 else Profile.GCM_HMAC
    mykey = issuer_id == MYKEY_STREET
    return StreetKey(
        issuer_id=issuer_id,
        profile=profile,
        key_id=7,
        key=issuer_id.encode().ljust(16, b"k"),
        secret=issuer_id.ljust(16, "s"),
        id_kind=IdKind.MYKEY if mykey else IdKind.STREET,
        id_pattern="[0-9A-Z]{8}" if mykey else "[0-9]{9}",
        valid_from=date(2026, 1, 1),
        valid_until=date(2026, 6, 30) if issuer_id == KEYLESS_STREET else None,
    )


def build_town(url: str) -> None:
    """Migrate a database and put a town into it."""
    database = open_database(url)
    migrate(database)
    vault = Vault(MASTER_KEY, TestChance())
    with database.connection_context(), writing(database):
        _fill_municipalities(database)
        _fill_terminals(database)
        _fill_citizens(database)
        for issuer_id in (STREET_1, STREET_2, MYKEY_STREET, KEYLESS_STREET):
            _fill_street(database, vault, street_key(issuer_id))
        make_key(database, vault, TestChance(), 1)


def insert(database: Database, model: type[Model], **values: object) -> None:
    model.insert(**values).execute(database)


def _fill_municipalities(database: Database) -> None:
    for code, name in ((HOME, "さくら野区"), (AWAY, "みどり川市")):
        insert(
            database,
            MunicipalityRow,
            municipality_code=code,
            name=name,
            prefecture="試験県",
            is_prefecture=False,
        )
    programs: tuple[tuple[str, str, str, str | None, str | None, int | None], ...] = (
        (MUNICIPAL, HOME, "さくら野ポイント", None, None, None),
        (EVENT, HOME, "さくら野まつり", "2026-06-01", "2026-08-15", EVENT_LIMIT),
        (AWAY_MUNICIPAL, AWAY, "みどり川ポイント", None, None, None),
        (PAST_EVENT, HOME, "春のまつり", "2026-03-01", "2026-06-30", None),
        (CLASS_EVENT, AWAY, "みどり川まつり", "2026-06-01", "2026-12-31", None),
    )
    for program_id, code, name, since, until, most in programs:
        insert(
            database,
            ProgramRow,
            program_id=program_id,
            municipality_code=code,
            kind="EVENT" if since else "MUNICIPAL",
            name=name,
            days_valid=60,
            service_from=since,
            service_until=until,
            shown_on_my_page=True,
            points_per_use_max=most,
        )
    for issuer_id, name in (
        (LIBRARY, "さくら野図書館"),
        (STREET_1, "一番街"),
        (STREET_2, "二番街"),
        (MYKEY_STREET, "三番街"),
        (KEYLESS_STREET, "四番街"),
    ):
        insert(
            database,
            IssuerRow,
            issuer_id=issuer_id,
            name=name,
            is_street=issuer_id != LIBRARY,
            notification="SCREEN",
        )
    places = (
        (1, HOME, "花田酒店", None),
        (2, HOME, "美術館", None),
        (3, AWAY, "道の駅", None),
        (TIED_SHOP, HOME, "青木青果店", 1),
    )
    for place_id, code, name, collecting_place_id in places:
        insert(
            database,
            PlaceRow,
            place_id=place_id,
            municipality_code=code,
            name=name,
            collecting_place_id=collecting_place_id,
        )


@cache
def cheap_hash(password: str) -> str:
    """Of terminals' passwords that are verified a thousand times, where no test is about that."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


def _fill_terminals(database: Database) -> None:
    terminals: tuple[tuple[str, str, str | None, int | None, str | None], ...] = (
        (COUNTER, "SERVICE_ID", HOME, 1, STREET_1),
        (COUNTER_2, "SERVICE_ID", HOME, 2, STREET_2),
        (POINT_USE, "POINT_USE", HOME, 2, None),
        (VOUCHER, "VOUCHER", HOME, 1, None),
        (LIBRARY_COUNTER, "SERVICE_ID", HOME, 2, LIBRARY),
        (MYKEY_COUNTER, "SERVICE_ID", HOME, 1, MYKEY_STREET),
        (KEYLESS_COUNTER, "SERVICE_ID", HOME, 1, KEYLESS_STREET),
        (GRANT, "GRANT", HOME, None, None),
        (TOWN_HALL, "MUNICIPALITY", HOME, None, None),
        (PARTNER, "PARTNER", None, None, None),
        (OPERATOR, "OPERATOR", None, None, None),
        (WITHDRAWN, "POINT_USE", HOME, 1, None),
        (AWAY_COUNTER, "POINT_USE", AWAY, 3, None),
    )
    for terminal_id, of_class, code, place_id, issuer_id in terminals:
        insert(
            database,
            TerminalRow,
            terminal_id=terminal_id,
            terminal_class=of_class,
            municipality_code=code,
            place_id=place_id,
            issuer_id=issuer_id,
            name=f"端末 {terminal_id}",
            password_hash=cheap_hash(PASSWORD),
            withdrawn_at=1 if terminal_id == WITHDRAWN else None,
        )
        if terminal_id != OPERATOR:
            set_contact(database, terminal_id, CONTACT)
    coverage: tuple[dict[str, str], ...] = (
        {"program_id": EVENT, "terminal_id": COUNTER},
        {"program_id": EVENT, "terminal_id": COUNTER_2},
        {"program_id": PAST_EVENT, "municipality_code": HOME},
        {"program_id": CLASS_EVENT, "municipality_code": HOME, "terminal_class": "POINT_USE"},
    )
    for rule in coverage:
        insert(database, ProgramTerminalsRow, **rule)


def _fill_citizens(database: Database) -> None:
    citizens = ("AAAA1111", "BBBB2222", "CCCC3333", "DDDD4444", "EEEE5555")
    for citizen_id, mykey_id in enumerate(citizens, 1):
        revoked = 1 if mykey_id == "CCCC3333" else None
        insert(database, CitizenRow, citizen_id=citizen_id, mykey_id=mykey_id, revoked_at=revoked)
    certificates: tuple[tuple[str, int, str, int | None], ...] = (
        (CARD_A, 1, "2030-01-01", None),
        (CARD_B, 2, "2030-01-01", None),
        (CARD_OF_REVOKED_MYKEY, 3, "2030-01-01", None),
        (REVOKED_CARD, 4, "2030-01-01", 1),
        (EXPIRED_CARD, 4, "2026-06-30", None),
        (CARD_E, 5, "2030-01-01", None),
    )
    for serial_number, citizen_id, last_good_day, revoked in certificates:
        insert(
            database,
            CertificateRow,
            serial_number=serial_number,
            citizen_id=citizen_id,
            last_good_day=last_good_day,
            revoked_at=revoked,
        )
    renewals = (
        (RENEWED_TWICE, RENEWED, "2035-01-01"),
        (RENEWED, CARD_A, "2031-01-01"),
        (RENEWED_FROM_UNKNOWN, "FFF0", "2031-01-01"),
        (IN_CIRCLES, IN_CIRCLES_TOO, "2031-01-01"),
        (IN_CIRCLES_TOO, IN_CIRCLES, "2031-01-01"),
    )
    for serial_number, renews, last_good_day in renewals:
        insert(
            database,
            CertificateRenewalRow,
            serial_number=serial_number,
            renews=renews,
            last_good_day=last_good_day,
        )
    service_ids = (
        (STREET_1, STREET_POINT_IDS[STREET_1], 1),
        (STREET_2, STREET_POINT_IDS[STREET_2], 1),
        (KEYLESS_STREET, "323456789", 1),
        (STREET_1, "12-34", 2),
    )
    for issuer_id, customer_id, citizen_id in service_ids:
        insert(
            database,
            ServiceIdRow,
            issuer_id=issuer_id,
            customer_id=customer_id,
            citizen_id=citizen_id,
        )


def _fill_street(database: Database, vault: Vault, key: StreetKey) -> None:
    issuer_id = key.issuer_id
    insert(
        database,
        StreetRow,
        issuer_id=issuer_id,
        profile=key.profile,
        id_kind=key.id_kind,
        id_pattern=key.id_pattern,
        sealed_client_secret=vault.seal(CLIENT_SECRET.encode(), client_secret_use(issuer_id)),
    )
    insert_key(database, vault, key, Moment.of(NOON).microseconds)


def new_request_id() -> str:
    return str(uuid.uuid4())


def plain(answer: Any) -> bytes:
    """Encode an operation's answer without protobuf."""
    return json.dumps(asdict(answer), default=str, ensure_ascii=False).encode()


def grant_command(
    serial_number: str, points: int, program_id: str = MUNICIPAL, request_id: str | None = None
) -> GrantCommand:
    request = RequestKey("test", request_id or new_request_id())
    content = f"{serial_number}/{program_id}/{points}".encode()
    return GrantCommand(request, content, serial_number, program_id, points)


def spend_command(
    serial_number: str,
    points: int,
    program_id: str = MUNICIPAL,
    *,
    terminal_id: str = COUNTER,
    request_id: str | None = None,
    day: date = TODAY,
    encode: Callable[[Any], bytes] = plain,
) -> SpendCommand:
    request = RequestKey(f"terminal:{terminal_id}", request_id or new_request_id())
    shown = Shown(MYKEY.get(serial_number, "XXXX9999"), day)
    use = Use(terminal_id, MyNumberCard(serial_number), shown, program_id, points)
    # In the words of the first schema's ledger, where such a spend is kept.
    content = f"Use({terminal_id=}, {serial_number=}, {shown=}, {program_id=}, {points=})".encode()
    return SpendCommand(request, content, use, encode)


def cancel_command(
    transaction_number: str,
    *,
    terminal_id: str = COUNTER,
    request_id: str | None = None,
    reason: str = "打ち間違い",
) -> CancelSpendCommand:
    request = RequestKey(f"terminal:{terminal_id}", request_id or new_request_id())
    content = f"{transaction_number}/{reason}".encode()
    return CancelSpendCommand(request, content, terminal_id, transaction_number, reason, plain)


def signing_key_of(town: Town) -> SigningKey:
    with town.database.connection_context():
        return signing_key(town.database, town.vault)


def issue_command(
    key: SigningKey,
    serial_number: str,
    points: int,
    program_id: str = MUNICIPAL,
    *,
    days_valid: int = 30,
    drawn: tuple[str, ...] = (),
    day: date = TODAY,
    request_id: str | None = None,
    encode: Callable[[Any], bytes] = plain,
) -> IssueVoucherCommand:
    request = RequestKey(f"terminal:{VOUCHER}", request_id or new_request_id())
    shown = Shown(MYKEY.get(serial_number, "XXXX9999"), day)
    use = Use(VOUCHER, MyNumberCard(serial_number), shown, program_id, points)
    numbers = drawn or (voucher_number(uuid.uuid4().bytes),)
    content = f"{use}/{days_valid}".encode()
    return IssueVoucherCommand(request, content, use, days_valid, numbers, key, encode)


def redeem_command(
    number: str,
    *,
    terminal_id: str = VOUCHER,
    place_id: int = 1,
    request_id: str | None = None,
    encode: Callable[[Any], bytes] = plain,
) -> RedeemVoucherCommand:
    request = RequestKey(f"terminal:{terminal_id}", request_id or new_request_id())
    content = f"{number}/{place_id}".encode()
    return RedeemVoucherCommand(request, content, terminal_id, number, place_id, encode)


def cancel_voucher_command(
    transaction_number: str, *, terminal_id: str = VOUCHER, request_id: str | None = None
) -> CancelVoucherCommand:
    request = RequestKey(f"terminal:{terminal_id}", request_id or new_request_id())
    content = transaction_number.encode()
    return CancelVoucherCommand(request, content, terminal_id, transaction_number, "誤り", plain)


def correct_command(
    number: str, place_id: int, *, terminal_id: str = TOWN_HALL, request_id: str | None = None
) -> CorrectRedemptionCommand:
    request = RequestKey(f"terminal:{terminal_id}", request_id or new_request_id())
    content = f"{number}/{place_id}".encode()
    return CorrectRedemptionCommand(
        request, content, terminal_id, number, place_id, "店の取り違え", plain
    )


def expire_command(number: str) -> ExpireVoucherCommand:
    return ExpireVoucherCommand(RequestKey("nightly-run", new_request_id()), number, date.max)


def hold_command(
    mykey_id: str,
    points: int,
    program_id: str = MUNICIPAL,
    *,
    place_id: int = 1,
    timeout: timedelta = timedelta(minutes=15),
    caller: str = "shop",
    request_id: str | None = None,
) -> HoldCommand:
    request = RequestKey(caller, request_id or new_request_id())
    content = f"{mykey_id}/{program_id}/{place_id}/{points}/{timeout}".encode()
    return HoldCommand(request, content, mykey_id, program_id, place_id, points, timeout)


def capture_command(
    number: str, points: int, *, caller: str = "shop", request_id: str | None = None
) -> CaptureCommand:
    request = RequestKey(caller, request_id or new_request_id())
    return CaptureCommand(request, f"{number}/{points}".encode(), number, points)


def release_command(
    number: str, *, caller: str = "shop", request_id: str | None = None
) -> ReleaseCommand:
    request = RequestKey(caller, request_id or new_request_id())
    return ReleaseCommand(request, number.encode(), number)


def move_command(
    mykey_id: str, points: int, program_id: str = MUNICIPAL, *, request_id: str | None = None
) -> MoveCommand:
    request = RequestKey("test", request_id or new_request_id())
    content = f"{mykey_id}/{program_id}/{points}".encode()
    return MoveCommand(request, content, mykey_id, program_id, points)


def decided(booker: Booker, *commands: Command) -> list[Operation]:
    """Book commands in one batch, none of which may fail."""
    operations = booker.book(commands)
    assert all(isinstance(operation, Operation) for operation in operations), operations
    return [operation for operation in operations if isinstance(operation, Operation)]


def booked(booker: Booker, command: Command) -> dict[str, Any]:
    """Book one command, which must be granted, and return its plain answer."""
    (operation,) = decided(booker, command)
    assert operation.outcome == Outcome.BOOKED, operation
    answer: dict[str, Any] = json.loads(operation.answer)
    return answer


def granted(booker: Booker, *commands: Command) -> list[str]:
    """Book grants, or others answered with their number alone, and return the numbers."""
    operations = decided(booker, *commands)
    assert all(one.outcome == Outcome.BOOKED for one in operations), operations
    return [one.answer.decode() for one in operations]


def refused(booker: Booker, command: Command) -> tuple[str, Mapping[str, str]]:
    """Book one command, which must be refused, and return reason and details."""
    (operation,) = decided(booker, command)
    assert operation.outcome == Outcome.REFUSED, operation
    refusal = refusal_of(operation)
    return refusal.reason, refusal.details
