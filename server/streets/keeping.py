"""The operator's settings of streets, and their keys (MRG-3, MRG-6, MRG-7, TRM-3)."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from peewee import Database

from merge_driver.codec import IdKind, Profile, StreetKey
from server.callers.certificates import caller_of_certificate, certificates_of, tie, untie
from server.callers.tables import StreetSessionRow
from server.callers.values import street_caller
from server.chance import Chance
from server.master_key.uses import client_secret_use, street_key_use, street_secret_use
from server.municipalities.tables import IssuerRow
from server.secrets import Vault
from server.streets.tables import StreetKeyRow, StreetRow

KEY_BYTES = 16
SECRET_BYTES = 24
"""Written as 48 hexadecimal digits."""


class StreetError(Exception):
    """A street's settings or keys cannot be like this; the message says what to do."""


@dataclass(frozen=True, slots=True)
class KeptKey:
    """One of a street's keys, without its secrets."""

    key_id: int
    profile: int
    id_kind: str
    id_pattern: str
    valid_from: str
    valid_until: str | None


@dataclass(frozen=True, slots=True)
class KeptStreet:
    """A street's settings for keys that are made from now on, and its keys."""

    issuer_id: str
    name: str
    profile: int
    id_kind: str
    id_pattern: str
    keys: list[KeptKey]
    certificates: list[str]
    """The SHA-256 of each client certificate that stands for it, in hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and the secret that its street's system signs in with."""

    key: StreetKey
    client_secret: str


def kept_streets(database: Database) -> list[KeptStreet]:
    """Return all streets with their keys, by ID."""
    names = {row.issuer_id: row.name for row in IssuerRow.select().execute(database)}
    streets: list[StreetRow] = list(
        StreetRow.select().order_by(StreetRow.issuer_id).execute(database)
    )
    return [
        KeptStreet(
            row.issuer_id,
            names[row.issuer_id],
            row.profile,
            row.id_kind,
            row.id_pattern,
            [_kept(key) for key in _keys(database, row.issuer_id)],
            [one.hex() for one in certificates_of(database, street_caller(row.issuer_id))],
        )
        for row in streets
    ]


def kept_street(database: Database, issuer_id: str) -> KeptStreet:
    """Return one street with its keys. Raises StreetError where it has no merge settings."""
    for one in kept_streets(database):
        if one.issuer_id == issuer_id:
            return one
    raise StreetError(f"{issuer_id} has no merge settings: give it some with set first")


def set_street(
    database: Database, vault: Vault, chance: Chance, issuer_id: str, settings: dict[str, int | str]
) -> None:
    """Give a street its merge settings, or change some. Raises StreetError.

    They hold for keys that are made from now on; a new street gets profile 2 (MRG-6).
    """
    street = _street(database, issuer_id)
    before: dict[str, int | str] = {
        "profile": street.profile if street else Profile.GCM_HMAC,
        "id_kind": street.id_kind if street else IdKind.STREET,
        "id_pattern": street.id_pattern if street else "",
    }
    values = {**before, **settings}
    if street and values["id_kind"] != street.id_kind and "id_pattern" not in settings:
        raise StreetError("another --id-kind takes its own --id-pattern: give it, '' for any ID")
    _check_settings(int(values["profile"]), str(values["id_pattern"]))
    if street is not None:
        StreetRow.update(values).where(StreetRow.issuer_id == issuer_id).execute(database)
        return
    _check_issuer(database, issuer_id)
    sealed = vault.seal(_client_secret(chance), client_secret_use(issuer_id))
    StreetRow.insert(issuer_id=issuer_id, sealed_client_secret=sealed, **values).execute(database)


def make_key(
    database: Database,
    vault: Vault,
    chance: Chance,
    issuer_id: str,
    valid_from: date,
    *,
    overlap_days: int,
    now: int,
    renew_client_secret: bool,
) -> NewKey:
    """Make a street's next key; the ones before end after the overlap. Raises StreetError."""
    street = _street(database, issuer_id)
    if street is None:
        raise StreetError(f"{issuer_id} has no merge settings: give it some with set first")
    keys = _keys(database, issuer_id)
    if any(key.valid_from >= valid_from.isoformat() for key in keys):
        newest = max(key.valid_from for key in keys)
        raise StreetError(f"there is a key from {newest} on: a new one begins later")
    key = StreetKey(
        issuer_id=issuer_id,
        profile=Profile(street.profile),
        key_id=max((key.key_id for key in keys), default=0) + 1,
        key=chance.bytes(KEY_BYTES),
        secret=chance.bytes(SECRET_BYTES).hex(),
        id_kind=IdKind(street.id_kind),
        id_pattern=street.id_pattern,
        valid_from=valid_from,
        valid_until=None,
    )
    _end_before(database, issuer_id, valid_from + timedelta(days=overlap_days - 1))
    insert_key(database, vault, key, now)
    if renew_client_secret or street.sealed_client_secret is None:
        return NewKey(key, _renew_client_secret(database, vault, chance, issuer_id, now))
    sealed = bytes(street.sealed_client_secret)
    return NewKey(key, vault.open(sealed, client_secret_use(issuer_id)).decode())


def insert_key(database: Database, vault: Vault, key: StreetKey, now: int) -> None:
    """Keep a key, its secrets sealed."""
    StreetKeyRow.insert(
        issuer_id=key.issuer_id,
        key_id=key.key_id,
        sealed_key=vault.seal(key.key, street_key_use(key.issuer_id, key.key_id)),
        sealed_secret=vault.seal(key.secret.encode(), street_secret_use(key.issuer_id, key.key_id)),
        valid_from=key.valid_from.isoformat(),
        valid_until=key.valid_until.isoformat() if key.valid_until else None,
        profile=int(key.profile),
        id_kind=str(key.id_kind),
        id_pattern=key.id_pattern,
        made_at=now,
    ).execute(database)


def end_key(database: Database, issuer_id: str, key_id: int, last_day: date) -> None:
    """Let a key end; merges of later days take another. Raises StreetError."""
    found = [key for key in _keys(database, issuer_id) if key.key_id == key_id]
    if not found:
        raise StreetError(f"{issuer_id} has no key {key_id}")
    if last_day.isoformat() < found[0].valid_from:
        raise StreetError(f"the key begins on {found[0].valid_from}: it cannot end before")
    _set_last_day(database, issuer_id, key_id, last_day)


def add_certificate(database: Database, issuer_id: str, fingerprint: bytes, now: int) -> None:
    """Let a client certificate stand for a street's system (SEC-1). Raises StreetError."""
    kept_street(database, issuer_id)
    caller = street_caller(issuer_id)
    before = caller_of_certificate(database, fingerprint)
    if before not in ("", caller):
        raise StreetError(f"the certificate stands for {before}: give each its own")
    if not before:
        tie(database, fingerprint, caller, now)


def remove_certificate(database: Database, issuer_id: str, fingerprint: bytes) -> None:
    """Let a street's client certificate stand for nobody. Raises StreetError."""
    if not untie(database, fingerprint, street_caller(issuer_id)):
        raise StreetError(f"{issuer_id} has no certificate {fingerprint.hex()}")


def has_fixed_length(pattern: str) -> bool:
    """Say whether all that a regular expression matches has one length."""
    try:
        re.compile(f"(?<={pattern})")  # a look-behind takes nothing else
    except re.error:
        return False
    return True


def _check_settings(profile: int, id_pattern: str) -> None:
    try:
        re.compile(id_pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise StreetError(f"--id-pattern is no regular expression: {error}") from None
    if profile == Profile.CBC_MD5 and (not id_pattern or not has_fixed_length(id_pattern)):
        raise StreetError(
            "profile 1 takes an --id-pattern whose IDs have one length, such as [0-9]{9}, because "
            "it cannot tell where an ID ends; where IDs vary in length, take profile 2"
        )


def _check_issuer(database: Database, issuer_id: str) -> None:
    query = IssuerRow.select().where(IssuerRow.issuer_id == issuer_id)
    found: list[IssuerRow] = list(query.execute(database))
    if not found:
        raise StreetError(f"there is no issuer {issuer_id}: add it with issuers add --street")
    if not found[0].is_street:
        raise StreetError(f"{issuer_id} {found[0].name} is no shopping street")


def _street(database: Database, issuer_id: str) -> StreetRow | None:
    query = StreetRow.select().where(StreetRow.issuer_id == issuer_id)
    found: list[StreetRow] = list(query.execute(database))
    return found[0] if found else None


def _keys(database: Database, issuer_id: str) -> list[StreetKeyRow]:
    query = StreetKeyRow.select().where(StreetKeyRow.issuer_id == issuer_id)
    return list(query.order_by(StreetKeyRow.key_id).execute(database))


def _kept(row: StreetKeyRow) -> KeptKey:
    return KeptKey(
        row.key_id, row.profile, row.id_kind, row.id_pattern, row.valid_from, row.valid_until
    )


def _end_before(database: Database, issuer_id: str, last_day: date) -> None:
    for key in _keys(database, issuer_id):
        if key.valid_until is None or key.valid_until > last_day.isoformat():
            _set_last_day(database, issuer_id, key.key_id, last_day)


def _set_last_day(database: Database, issuer_id: str, key_id: int, last_day: date) -> None:
    StreetKeyRow.update(valid_until=last_day.isoformat()).where(
        (StreetKeyRow.issuer_id == issuer_id) & (StreetKeyRow.key_id == key_id)
    ).execute(database)


def _renew_client_secret(
    database: Database, vault: Vault, chance: Chance, issuer_id: str, now: int
) -> str:
    """Give the street's system another secret, and end the sessions it has."""
    secret = _client_secret(chance)
    StreetRow.update(sealed_client_secret=vault.seal(secret, client_secret_use(issuer_id))).where(
        StreetRow.issuer_id == issuer_id
    ).execute(database)
    StreetSessionRow.update(ended_at=now).where(
        (StreetSessionRow.issuer_id == issuer_id) & StreetSessionRow.ended_at.is_null()
    ).execute(database)
    return secret.decode()


def _client_secret(chance: Chance) -> bytes:
    return chance.bytes(SECRET_BYTES).hex().encode()
