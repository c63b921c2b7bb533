"""A street's driver on a real reader that other programs use too (CRD-7)."""

from collections.abc import Callable

import pytest

from counter_tui.card import users_card
from counter_tui.card.apdu import Transmit
from counter_tui.card.contactless import GET_UID
from counter_tui.card.pcsc_reader import RESET_TRIES, PcscReader
from counter_tui.card.reader import CardError, CardTrouble
from counter_tui.card.users_card import Reading, read_number
from counter_tui.virtual.contactless import ISO14443_ATR, ContactlessCard
from counter_tui.virtual.vpcd import VpcdSlot
from tests.card.conftest import Events
from tests.card.pcscd import Pcscd
from tests.card.test_pcsc_reader import reset_by_another_program

Install = Callable[[users_card.CardDriver], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    def installed(driver: users_card.CardDriver) -> None:
        monkeypatch.setattr(users_card, "_loaded", lambda _name: driver)

    return installed


def street_card() -> ContactlessCard:
    return ContactlessCard(bytes.fromhex("04112233"))


@pytest.mark.parametrize("resets", [0, RESET_TRIES - 1, RESET_TRIES])
async def test_a_card_reset_by_another_program_is_read_again(
    pcscd: Pcscd, reader: PcscReader, events: Events, install: Install, resets: int
) -> None:
    begun = 0

    def driver(transmit: Transmit) -> str:
        nonlocal begun
        begun += 1
        if begun <= resets:
            reset_by_another_program()
        return transmit(GET_UID)[:-2].hex()

    install(driver)
    with VpcdSlot(street_card(), pcscd.port, ISO14443_ATR):
        await events.next()
        reading = read_number(reader, Reading.DRIVER, "street")
        if resets < RESET_TRIES:
            assert await reading == "04112233"
            assert begun == resets + 1
        else:
            with pytest.raises(CardError) as caught:
                await reading
            assert caught.value.trouble == CardTrouble.IN_USE


async def test_a_card_pulled_out_under_the_driver(
    pcscd: Pcscd, reader: PcscReader, events: Events, install: Install
) -> None:
    with VpcdSlot(street_card(), pcscd.port, ISO14443_ATR) as slot:

        def driver(transmit: Transmit) -> str:
            slot.pull_out()
            return transmit(GET_UID).hex()

        install(driver)
        await events.next()
        with pytest.raises(CardError) as caught:
            await read_number(reader, Reading.DRIVER, "street")
        assert caught.value.trouble == CardTrouble.PULLED_OUT
