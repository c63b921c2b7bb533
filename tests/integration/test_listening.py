"""Where the server listens (SEC-1)."""

import pytest

from server.serving.app import start
from server.serving.listening import AddressInUseError, ClearAddressError, check_address
from tests.integration.conftest import Service
from tests.server.support import Town

CLEAR = ["0.0.0.0:1", "192.168.1.1:1", "[::]:1", "example.org:1", ":1", "127.0.0.1", "127.0.0.1:x"]


@pytest.mark.parametrize("address", CLEAR)
async def test_it_does_not_listen_in_the_clear(town: Town, address: str) -> None:
    with pytest.raises(ClearAddressError):
        await start(town.ledger, address, town.clock, town.chance)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "127.8.9.10:1", "[::1]:1", "localhost:1"])
def test_loopback_is_fine(address: str) -> None:
    check_address(address, has_tls=False)


async def test_a_port_that_is_taken_is_told(service: Service, town: Town) -> None:
    address = service.address
    with pytest.raises(AddressInUseError, match=address):
        await start(town.ledger, address, town.clock, town.chance)
