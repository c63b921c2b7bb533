"""The operator's table of issuers: added, changed, listed (TRM-3)."""

from dataclasses import dataclass

from peewee import Database, IntegrityError

from server.db.queries import rows
from server.issuers.rules import carries
from server.issuers.values import CardReading, Symbology
from server.municipalities.tables import IssuerRow

SHOWN_MAX = 5
"""So many numbers that a code cannot carry are named."""
Settings = dict[str, str | bool]


class IssuerError(Exception):
    """An issuer cannot be kept like this; the message says what to do."""


@dataclass(frozen=True, slots=True)
class KeptIssuer:
    """An issuer as the operator set it."""

    issuer_id: str
    name: str
    is_street: bool
    notification: str
    symbology: str
    nw7_start: str
    nw7_stop: str
    reading: str
    driver: str


def kept_issuers(database: Database) -> list[KeptIssuer]:
    """Return all issuers, by ID."""
    found = IssuerRow.select().order_by(IssuerRow.issuer_id).execute(database)
    return [
        KeptIssuer(
            row.issuer_id,
            row.name,
            bool(row.is_street),
            row.notification,
            row.symbology,
            row.nw7_start,
            row.nw7_stop,
            row.reading,
            row.driver,
        )
        for row in found
    ]


def kept_issuer(database: Database, issuer_id: str) -> KeptIssuer:
    """Return one issuer. Raises IssuerError where there is none."""
    for one in kept_issuers(database):
        if one.issuer_id == issuer_id:
            return one
    raise IssuerError(f"there is no issuer {issuer_id}")


def add_issuer(database: Database, issuer_id: str, name: str, settings: Settings) -> None:
    """Add an issuer. Raises IssuerError."""
    _check_driver(settings)
    values = {"notification": "SCREEN", **settings, "issuer_id": issuer_id, "name": name}
    try:
        IssuerRow.insert(values).execute(database)
    except IntegrityError as error:
        raise IssuerError(f"there is an issuer {issuer_id} already: change it with set") from error


def change_issuer(database: Database, issuer_id: str, settings: Settings) -> None:
    """Change some of an issuer's settings. Raises IssuerError."""
    present = kept_issuer(database, issuer_id)
    if settings.get("reading", CardReading.DRIVER) != CardReading.DRIVER:
        settings = {"driver": "", **settings}
    symbology = settings.get("symbology")
    if symbology is not None:
        _check_carried(database, issuer_id, Symbology(str(symbology)))
    _check_driver({"reading": present.reading, "driver": present.driver, **settings})
    IssuerRow.update(settings).where(IssuerRow.issuer_id == issuer_id).execute(database)


def _check_driver(settings: Settings) -> None:
    needs = settings.get("reading") == CardReading.DRIVER
    if needs != bool(settings.get("driver")):
        raise IssuerError("--reading DRIVER goes with --driver NAME, and only it")


def _check_carried(database: Database, issuer_id: str, symbology: Symbology) -> None:
    """Refuse a code that cannot carry the numbers that are registered (SID-3)."""
    numbers = rows(
        database,
        "SELECT customer_id FROM service_id WHERE issuer_id = ? ORDER BY customer_id",
        issuer_id,
    )
    unfit = [str(number) for (number,) in numbers if not carries(symbology, str(number))]
    if unfit:
        more = f" and {len(unfit) - SHOWN_MAX} more" if len(unfit) > SHOWN_MAX else ""
        raise IssuerError(
            f"{symbology} cannot carry {', '.join(unfit[:SHOWN_MAX])}{more}, which are registered: "
            "take another code"
        )
