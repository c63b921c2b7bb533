"""A demo town to try the system with: shops, citizens, points and a shopping street."""

import json
import os
import uuid
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from peewee import Database

from merge_driver.codec import IdKind, Profile, StreetKey
from merge_driver.files import write_new
from merge_driver.keys import dump_key_file
from server.callers.sign_in import hash_password
from server.callers.tables import TerminalRow
from server.chance import Chance
from server.citizens.tables import CertificateRow, CitizenRow
from server.clock import Clock, Moment
from server.db.engine import open_database
from server.db.errors import UnusableDatabaseError
from server.db.migrate import migrate
from server.ledger.engines import writing
from server.ledger.values import Operation, Outcome, RequestKey
from server.master_key.data_key import open_vault
from server.master_key.making import write_master_key
from server.master_key.uses import client_secret_use
from server.municipalities.tables import (
    IssuerRow,
    MunicipalityRow,
    PlaceRow,
    ProgramRow,
    ProgramTerminalsRow,
)
from server.points.granting import GrantCommand
from server.secrets import Vault, read_master_key
from server.serial_numbers import serial_number
from server.service_ids.tables import ServiceIdRow
from server.serving.bookers import open_booker
from server.streets.keeping import insert_key
from server.streets.tables import StreetRow
from server.terminals.contacts import Contact, set_contact
from server.vouchers.keys import FIRST_KEY_ID
from server.vouchers.setting_up import ensure_key

MUNICIPALITY_CODE = "999997"
"""A code that no municipality has, with the right check digit."""
MUNICIPAL_PROGRAM = "00000001"
EVENT_PROGRAM = "00000002"
STREET = "000002"
LIBRARY = "000001"
TERMINAL = "00010011"
VOUCHER_TERMINAL = "00010013"
"""At the chamber of commerce, which issues vouchers and collects them from shops (VCH-5)."""
PIN_ABOVE_POINTS = 1000
LIBRARY_TERMINAL = "00010014"
"""Where the library registers its users' card numbers and looks them up (SID-1, SID-2)."""
KIOSK_TERMINAL = "00010015"
"""In the city hall, for citizens' own work with their MyKey IDs (CRD-4)."""
EVENT_DAYS = 90
CONTACT = Contact(
    contact_name="デモ担当",
    postal_code="1050011",
    prefecture="東京都",
    address="港区芝公園9-9-9",
    telephone="03-0000-0000",
    mail="demo@example.jp",
)
"""Of every terminal, so that no counter asks for it; with a postal code that there is."""


@dataclass(frozen=True, slots=True)
class DemoCard:
    """A citizen's card for the virtual reader."""

    label: str
    serial_number: str
    last_good_day: str
    mykey_id: str | None
    municipal: tuple[int, ...] = ()
    event: tuple[int, ...] = ()
    street_point_id: str | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """What whoever tries the town needs to know; kept as town.json."""

    database: str
    master_key_file: str
    keys: str
    terminal_id: str
    voucher_terminal_id: str
    """The chamber of commerce's, which issues vouchers."""
    library_terminal_id: str
    """The library's, which registers service IDs and helps with MyKey IDs."""
    kiosk_terminal_id: str
    """The city hall's, at which citizens make and change MyKey IDs by themselves."""
    password: str
    """Of all terminals."""
    client_secret: str
    began_on: str
    street: str
    cards: tuple[DemoCard, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read town.json. Raises UnusableDatabaseError where it is not what was written."""
        try:
            content = json.loads(path.read_text("utf-8"))
            cards = tuple(DemoCard(**card) for card in content.pop("cards"))
            return cls(cards=cards, **content)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UnusableDatabaseError(
                f"{path} cannot be read ({error}): start the demo over with a new folder"
            ) from error


def make_town(folder: Path, clock: Clock, chance: Chance) -> Town:
    """Make the demo town in a folder, or finish one that was begun; nothing is done twice.

    Raises UnusableDatabaseError or OSError where the folder cannot be used.
    """
    path = folder / "town.json"
    if not path.exists():
        _begin_town(folder, path, clock, chance)
    town = Town.load(path)
    database = open_database(town.database)
    migrate(database)
    master_key = read_master_key(Path(town.master_key_file))
    with database.connection_context():
        vault = open_vault(database, master_key, chance, clock)
        with writing(database):
            if not list(MunicipalityRow.select().execute(database)):
                now = Moment.of(clock.now()).microseconds
                _fill(database, town, vault, chance, now)
        _grant(database, town, clock)
        ensure_key(database, vault, chance, clock, FIRST_KEY_ID)
    return town


def _begin_town(folder: Path, path: Path, clock: Clock, chance: Chance) -> None:
    """Write down what the town will be. What lies in the folder otherwise stays as it is."""
    for others in (folder / "ledger.db", folder / "keys"):
        if others.exists():
            raise UnusableDatabaseError(
                f"{others} is there already and is no demo town's: name a new folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "master.key").exists():
        write_master_key(folder / "master.key", chance)
    content = json.dumps(asdict(_new_town(folder, clock, chance)), ensure_ascii=False, indent=2)
    write_new(path, f"{content}\n".encode(), 0o600)


def _new_town(folder: Path, clock: Clock, chance: Chance) -> Town:
    today = Moment.of(clock.now()).day
    later = (today + timedelta(days=900)).isoformat()
    past = (today - timedelta(days=3)).isoformat()
    cards = (
        DemoCard("桜井さん", "030D45", later, "MY123456", (730, 1000), (980,), "123456789"),
        DemoCard("森さん", "030D48", later, "KEY34567", (300,), (), None),
        DemoCard("高橋さん", "0311A2", later, "TAKA8888", (12_000,), (500,), "200000017"),
        DemoCard("期限切れのカード", "0318F0", past, "OLDCARD1", (100,), (), None),
        DemoCard("マイキーIDのないカード", "0320FF", later, None),
    )
    return Town(
        database=f"sqlite:///{folder / 'ledger.db'}",
        master_key_file=str(folder / "master.key"),
        keys=str(folder / "keys"),
        terminal_id=TERMINAL,
        voucher_terminal_id=VOUCHER_TERMINAL,
        library_terminal_id=LIBRARY_TERMINAL,
        kiosk_terminal_id=KIOSK_TERMINAL,
        password=f"demo-{int.from_bytes(chance.bytes(4), 'big') % 10_000:04d}",
        client_secret=chance.bytes(16).hex(),
        began_on=today.isoformat(),
        street=STREET,
        cards=cards,
    )


def _fill(database: Database, town: Town, vault: Vault, chance: Chance, now: int) -> None:
    _fill_municipality(database, town)
    _fill_terminals(database, town)
    _fill_citizens(database, town)
    _fill_street(database, town, vault, chance, now)


def _fill_municipality(database: Database, town: Town) -> None:
    MunicipalityRow.insert(
        municipality_code=MUNICIPALITY_CODE,
        name="さくら野市",
        prefecture="デモ県",
        is_prefecture=False,
    ).execute(database)
    began_on = date.fromisoformat(town.began_on)
    programs: list[dict[str, str | int]] = [
        {
            "program_id": MUNICIPAL_PROGRAM,
            "kind": "MUNICIPAL",
            "name": "さくら野市ポイント",
            "pin_above_points": PIN_ABOVE_POINTS,
        },
        {
            "program_id": EVENT_PROGRAM,
            "kind": "EVENT",
            "name": "さくら野復興イベント",
            "service_from": began_on.isoformat(),
            "service_until": (began_on + timedelta(days=EVENT_DAYS)).isoformat(),
            "points_per_use_max": 900,
        },
    ]
    for program in programs:
        ProgramRow.insert(
            municipality_code=MUNICIPALITY_CODE, days_valid=60, shown_on_my_page=True, **program
        ).execute(database)
    issuers = (
        (LIBRARY, "さくら野市立図書館", False, "BARCODE"),
        (STREET, "さくら通り商店街", True, "SCREEN"),
    )
    for issuer_id, name, is_street, notification in issuers:
        IssuerRow.insert(
            issuer_id=issuer_id, name=name, is_street=is_street, notification=notification
        ).execute(database)
    places = (
        (1, "花田酒店", None),
        (2, "さくら野市立美術館", None),
        (3, "さくら野商工会", None),
        (4, "青木青果店", 3),
        (5, "喫茶さくら", 3),
        (6, "さくら野市立図書館", None),
        (7, "さくら野市役所", None),
    )
    for place_id, name, collecting_place_id in places:
        PlaceRow.insert(
            place_id=place_id,
            municipality_code=MUNICIPALITY_CODE,
            name=name,
            collecting_place_id=collecting_place_id,
        ).execute(database)


def _fill_terminals(database: Database, town: Town) -> None:
    terminals = (
        (TERMINAL, "SERVICE_ID", 1, STREET, "花田酒店 レジ1"),
        ("00010012", "POINT_USE", 2, None, "美術館 受付"),
        (VOUCHER_TERMINAL, "VOUCHER", 3, None, "商工会 窓口"),
        (LIBRARY_TERMINAL, "SERVICE_ID", 6, LIBRARY, "図書館 カウンター1"),
        (KIOSK_TERMINAL, "SERVICE_ID", 7, None, "市役所 キオスク端末"),
    )
    hashed = hash_password(town.password)
    for terminal_id, terminal_class, place_id, issuer_id, name in terminals:
        TerminalRow.insert(
            terminal_id=terminal_id,
            terminal_class=terminal_class,
            municipality_code=MUNICIPALITY_CODE,
            place_id=place_id,
            issuer_id=issuer_id,
            name=name,
            password_hash=hashed,
        ).execute(database)
        set_contact(database, terminal_id, CONTACT)
    ProgramTerminalsRow.insert(program_id=EVENT_PROGRAM, terminal_id=TERMINAL).execute(database)


def _fill_citizens(database: Database, town: Town) -> None:
    for citizen_id, card in enumerate(town.cards, 1):
        if card.mykey_id is None:
            continue
        CitizenRow.insert(citizen_id=citizen_id, mykey_id=card.mykey_id).execute(database)
        CertificateRow.insert(
            serial_number=serial_number(card.serial_number),
            citizen_id=citizen_id,
            last_good_day=card.last_good_day,
        ).execute(database)
        if card.street_point_id is not None:
            ServiceIdRow.insert(
                issuer_id=STREET, customer_id=card.street_point_id, citizen_id=citizen_id
            ).execute(database)


def _fill_street(database: Database, town: Town, vault: Vault, chance: Chance, now: int) -> None:
    key = StreetKey(
        issuer_id=STREET,
        profile=Profile.GCM_HMAC,
        key_id=1,
        key=chance.bytes(16),
        secret=chance.bytes(16).hex(),
        id_kind=IdKind.STREET,
        id_pattern="[0-9]{9}",
        valid_from=date.fromisoformat(town.began_on),
        valid_until=None,
    )
    StreetRow.insert(
        issuer_id=STREET,
        profile=key.profile,
        id_kind=key.id_kind,
        id_pattern=key.id_pattern,
        sealed_client_secret=vault.seal(town.client_secret.encode(), client_secret_use(STREET)),
    ).execute(database)
    insert_key(database, vault, key, now)
    keys = Path(town.keys)
    keys.mkdir(exist_ok=True)
    text = dump_key_file(key, server="127.0.0.1:50051", client_secret=town.client_secret)
    _write_private(keys / f"{STREET}-{key.key_id}.json", text)


def _grant(database: Database, town: Town, clock: Clock) -> None:
    """Book what the citizens start with. The request IDs follow from the town: once only."""
    booker = open_booker(database, clock)
    space = uuid.uuid5(uuid.NAMESPACE_OID, town.client_secret)
    for card in town.cards:
        if date.fromisoformat(card.last_good_day) < Moment.of(clock.now()).day:
            continue
        for program_id, lots in ((MUNICIPAL_PROGRAM, card.municipal), (EVENT_PROGRAM, card.event)):
            for number, points in enumerate(lots):
                name = f"{card.serial_number}/{program_id}/{number}"
                request = RequestKey("demo-data", str(uuid.uuid5(space, name)))
                of_card = serial_number(card.serial_number)
                command = GrantCommand(request, name.encode(), of_card, program_id, points)
                (operation,) = booker.book([command])
                if not isinstance(operation, Operation) or operation.outcome != Outcome.BOOKED:
                    raise UnusableDatabaseError(f"granting {points} points failed: {operation}")


def _write_private(path: Path, text: str) -> None:
    """Write a file of the demo's own that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
