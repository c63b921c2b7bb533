"""How streets are read for decisions."""

from datetime import date
from itertools import groupby
from typing import cast

from merge_driver.codec import IdKind, Profile
from server.ledger.values import Key, Loader, Row
from server.merging.values import SealedKey, Street, TerminalStreetKey

_STREETS = """SELECT t.terminal_id, s.issuer_id, i.name, s.id_kind,
    k.key_id, k.sealed_key, k.sealed_secret, k.valid_from, k.valid_until,
    k.profile, k.id_kind, k.id_pattern
    FROM terminal t JOIN street s USING (issuer_id) JOIN issuer i USING (issuer_id)
    LEFT JOIN street_key k USING (issuer_id)
    WHERE (t.terminal_id) IN ({keys})
    ORDER BY t.terminal_id, k.valid_from DESC, k.key_id DESC"""


def _streets(rows: list[Row]) -> dict[Key[Street], Street]:
    found: dict[Key[Street], Street] = {}
    for terminal_id, of_one in groupby(rows, key=lambda row: row[0]):
        whole = list(of_one)
        issuer_id, name, id_kind = whole[0][1:4]
        found[TerminalStreetKey(str(terminal_id))] = Street(
            str(issuer_id),
            str(name),
            IdKind(cast(str, id_kind)),
            tuple(_key(row[4:]) for row in whole if row[4] is not None),
        )
    return found


def _key(row: Row) -> SealedKey:
    key_id, sealed_key, sealed_secret, valid_from, valid_until, profile, id_kind, pattern = row
    return SealedKey(
        cast(int, key_id),
        cast(bytes, sealed_key),
        cast(bytes, sealed_secret),
        date.fromisoformat(cast(str, valid_from)),
        date.fromisoformat(cast(str, valid_until)) if valid_until else None,
        Profile(cast(int, profile)),
        IdKind(cast(str, id_kind)),
        str(pattern),
    )


STREETS = Loader(
    TerminalStreetKey,
    _STREETS,
    lambda key: (cast(TerminalStreetKey, key).terminal_id,),
    _streets,
)
