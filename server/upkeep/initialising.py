"""Making a configuration that works, with all that it names (OPS-1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from merge_driver.files import write_new
from server.audit.storing import store_events
from server.audit.values import Event
from server.callers.values import TerminalClass
from server.chance import Chance
from server.clock import Clock
from server.configuration.fields import FIELDS, Field
from server.configuration.loading import shown_as_toml
from server.db.queries import rows
from server.db.sqlite import sqlite_url
from server.ledger.engines import writing
from server.master_key.making import write_master_key
from server.secrets import read_master_key
from server.serving.opening import open_ledger
from server.terminals.keeping import add_terminal
from server.upkeep.trial_authority import LAST_OF_AUTHORITY, make_trial_authority

CONFIG_FILE, MASTER_KEY_FILE = "jichipoint.toml", "master.key"
FIRST_OPERATOR = "運営者端末"
_BY_NAME = {(field.table, field.name): field for field in FIELDS}


class InitError(Exception):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Initialised:
    """What was made."""

    config: Path
    operator: tuple[str, str] | None
    """ID and password of the first operator's terminal; None where there was one already."""


def initialise(
    folder: Path,
    database: str | None,
    listen: str,
    hosts: Sequence[str],
    *,
    event: Event,
    clock: Clock,
    chance: Chance,
) -> Initialised:
    """Make master key, ledger, first operator's terminal and configuration in a folder.

    With `hosts` a trial authority too, and a certificate for these names. `event` goes to the
    audit trail. One that was interrupted goes on. Raises InitError, MasterKeyError,
    UnusableDatabaseError.
    """
    config = folder / CONFIG_FILE
    if config.exists():
        raise InitError(f"{config} is there already: use it, or name another folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / MASTER_KEY_FILE).exists():
            write_master_key(folder / MASTER_KEY_FILE, chance)
        if hosts and not (folder / LAST_OF_AUTHORITY).exists():
            make_trial_authority(folder, hosts, clock.now())
        url = database or sqlite_url((folder / "ledger.db").absolute())
        operator = _make_ledger(url, folder, event, clock, chance)
        fields = _fields(database or "sqlite:///ledger.db", listen, has_tls=bool(hosts))
        write_new(config, shown_as_toml(fields).encode(), 0o600)
    except OSError as error:
        raise InitError(f"{error.filename or folder}: {error.strerror}") from None
    return Initialised(config, operator)


def _make_ledger(
    url: str, folder: Path, event: Event, clock: Clock, chance: Chance
) -> tuple[str, str] | None:
    key = read_master_key(folder / MASTER_KEY_FILE)
    database = open_ledger(url, key, clock, chance).database
    with database.connection_context(), writing(database):
        if rows(database, "SELECT 1 FROM terminal LIMIT 1"):
            return None
        store_events(database, [event])
        return add_terminal(database, chance, TerminalClass.OPERATOR, FIRST_OPERATOR, None)


def _fields(database: str, listen: str, *, has_tls: bool) -> dict[Field, str]:
    given = {
        ("ledger", "database"): database,
        ("ledger", "master_key_file"): MASTER_KEY_FILE,
        ("server", "listen"): listen,
    }
    if has_tls:
        given[("tls", "certificate")] = "server.pem"
        given[("tls", "key")] = "server.key"
    return {_BY_NAME[place]: json.dumps(text, ensure_ascii=False) for place, text in given.items()}
