"""How holders of cards are read for decisions."""

from collections.abc import Callable
from datetime import date
from typing import cast

from server.citizens.values import CertificateKey, Citizen, Holder, MykeyKey
from server.ledger.values import Key, Loader, Row
from server.serial_numbers import SerialNumber

_HOLDERS = """SELECT c.serial_number, z.citizen_id, z.mykey_id, z.revoked_at IS NOT NULL,
    c.last_good_day, c.revoked_at IS NOT NULL
    FROM certificate c JOIN citizen z USING (citizen_id)
    WHERE (c.serial_number) IN ({keys})"""


def holders_loader(is_revoked: Callable[[SerialNumber], bool]) -> Loader[Holder]:
    """Return the loader of holders; `is_revoked` says what the ledger does not know (USE-3)."""

    def build(rows: list[Row]) -> dict[Key[Holder], Holder]:
        holders: dict[Key[Holder], Holder] = {}
        for serial_number, citizen_id, mykey_id, mykey_id_revoked, last_good_day, revoked in rows:
            number = SerialNumber(str(serial_number))
            holders[CertificateKey(number)] = Holder(
                cast(int, citizen_id),
                str(mykey_id),
                bool(mykey_id_revoked),
                date.fromisoformat(cast(str, last_good_day)),
                bool(revoked) or is_revoked(number),
            )
        return holders

    return Loader(
        CertificateKey, _HOLDERS, lambda key: (cast(CertificateKey, key).serial_number,), build
    )


HOLDERS = holders_loader(lambda _: False)

_CITIZENS = """SELECT citizen_id, mykey_id, revoked_at IS NOT NULL FROM citizen
    WHERE (mykey_id) IN ({keys})"""


def _citizens(rows: list[Row]) -> dict[Key[Citizen], Citizen]:
    return {
        MykeyKey(str(mykey_id)): Citizen(cast(int, citizen_id), str(mykey_id), bool(revoked))
        for citizen_id, mykey_id, revoked in rows
    }


CITIZENS = Loader(MykeyKey, _CITIZENS, lambda key: (cast(MykeyKey, key).mykey_id,), _citizens)
