"""How service IDs are read for decisions."""

from typing import cast

from server.ledger.values import Key, Loader, Row
from server.service_ids.values import CardServiceIdKey, CustomerKey, Registered

_SERVICE_IDS = """SELECT s.issuer_id, c.serial_number, s.customer_id
    FROM ({keys}) k CROSS JOIN certificate c CROSS JOIN service_id s
    WHERE c.serial_number = k.column2 AND s.issuer_id = k.column1
    AND s.citizen_id = c.citizen_id"""


def _service_ids(rows: list[Row]) -> dict[Key[str], str]:
    return {
        CardServiceIdKey(str(issuer_id), str(serial_number)): str(customer_id)
        for issuer_id, serial_number, customer_id in rows
    }


def _parameters(key: Key[str]) -> tuple[str, str]:
    of_card = cast(CardServiceIdKey, key)
    return of_card.issuer_id, of_card.serial_number


SERVICE_IDS = Loader(CardServiceIdKey, _SERVICE_IDS, _parameters, _service_ids)

_CUSTOMERS = """SELECT s.issuer_id, s.customer_id, z.citizen_id, z.mykey_id
    FROM ({keys}) k CROSS JOIN service_id s CROSS JOIN citizen z
    WHERE s.issuer_id = k.column1 AND s.customer_id = k.column2
    AND z.citizen_id = s.citizen_id"""


def _customers(rows: list[Row]) -> dict[Key[Registered], Registered]:
    return {
        CustomerKey(str(issuer_id), str(customer_id)): Registered(
            cast(int, citizen_id), str(mykey_id)
        )
        for issuer_id, customer_id, citizen_id, mykey_id in rows
    }


def _customer_parameters(key: Key[Registered]) -> tuple[str, str]:
    customer = cast(CustomerKey, key)
    return customer.issuer_id, customer.customer_id


CUSTOMERS = Loader(CustomerKey, _CUSTOMERS, _customer_parameters, _customers)
