"""How holds are read for decisions."""

from typing import cast

from server.ledger.values import Key, Loader, Row
from server.points.values import Hold, HoldKey

_HOLDS = """SELECT t.transaction_number, h.place_id, h.expires_at
    FROM hold h JOIN ledger_transaction t USING (transaction_id)
    WHERE (t.transaction_number) IN ({keys})"""


def _holds(rows: list[Row]) -> dict[Key[Hold], Hold]:
    return {
        HoldKey(str(number)): Hold(cast(int, place_id), cast(int, expires_at))
        for number, place_id, expires_at in rows
    }


HOLDS = Loader(HoldKey, _HOLDS, lambda key: (cast(HoldKey, key).transaction_number,), _holds)
