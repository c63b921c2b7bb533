"""How service IDs are read for decisions."""

from typing import cast

from server.ledger.values import Key, Loader, Row
from server.service_ids.values import CardServiceIdKey

_SERVICE_IDS = """SELECT s.issuer_id, c.serial_number, s.customer_id
    FROM certificate c JOIN service_id s USING (citizen_id)
    WHERE (s.issuer_id, c.serial_number) IN ({keys})"""


def _service_ids(rows: list[Row]) -> dict[Key[str], str]:
    return {
        CardServiceIdKey(str(issuer_id), str(serial_number)): str(customer_id)
        for issuer_id, serial_number, customer_id in rows
    }


def _parameters(key: Key[str]) -> tuple[str, str]:
    of_card = cast(CardServiceIdKey, key)
    return of_card.issuer_id, of_card.serial_number


SERVICE_IDS = Loader(CardServiceIdKey, _SERVICE_IDS, _parameters, _service_ids)
