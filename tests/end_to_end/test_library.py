"""A library's counter: numbers registered, looked up, replaced and handed over (SID-1 to SID-4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.booking.working import WorkingScreen
from counter_tui.tasks.card.signature_box import SignatureBox
from counter_tui.tasks.service_ids.boxes import ReplaceBox
from counter_tui.tasks.service_ids.found import FoundScreen
from counter_tui.tasks.service_ids.look_up import LookUpScreen
from counter_tui.tasks.service_ids.register import RegisteredScreen, RegisterServiceIdScreen
from counter_tui.tasks.terminal.issuer_choice import (
    IssuerBox,
    IssuerChoiceScreen,
    IssuerChosenScreen,
)
from counter_tui.tasks.terminal.sign_in import RegisterScreen, SignInScreen
from server.upkeep.demo_data import LIBRARY, LIBRARY_TERMINAL
from tests.counter_tui.handover.desktop import Field
from tests.end_to_end.support import (
    MORI,
    SAKURAI,
    WITHOUT_MYKEY,
    Counter,
    Place,
    Wire,
    counter_at,
)

NUMBER, OTHER = "180000000011", "180000000022"
ISSUER_OF_THE_LIBRARY = f"SELECT issuer_id FROM terminal WHERE terminal_id = '{LIBRARY_TERMINAL}'"  # noqa: S608
SIGNATURE_PASSWORD = "abc123"
"""As it is typed; the cards take it in capitals (ABC123)."""


@asynccontextmanager
async def library_at(place: Place, server: str) -> AsyncIterator[Counter]:
    """The library's counter, signed in."""
    state = place.folder / "library"
    async with counter_at(place, server, state=state) as counter:
        if state.joinpath("terminal.json").exists():
            await counter.reach(SignInScreen)
            await counter.sign_in()
        else:
            await counter.reach(RegisterScreen)
            await counter.register(LIBRARY_TERMINAL)
        yield counter


@pytest.fixture
async def library(place: Place, server: str) -> AsyncIterator[Counter]:
    async with library_at(place, server) as counter:
        await counter.reach(MenuScreen)
        yield counter


@pytest.fixture
async def wire(server: str) -> AsyncIterator[Wire]:
    wire = Wire(int(server.rpartition(":")[2]))
    await wire.plug_in()
    yield wire
    await wire.unplug()


def registered(place: Place) -> list[tuple[str, str]]:
    """Number and MyKey ID of everybody at the library."""
    return place.rows(
        """SELECT s.customer_id, c.mykey_id FROM service_id s JOIN citizen c USING (citizen_id)
        WHERE s.issuer_id = ? ORDER BY s.customer_id""",
        LIBRARY,
    )


async def fill_in(counter: Counter, number: str, card: int, choice: str = "2") -> None:
    """S23 as far as the Enter that registers: 1 is yes to notices, 2 is no."""
    await counter.reach(MenuScreen)
    await counter.press("1")
    await counter.reach(RegisterServiceIdScreen)
    await counter.read("さくら野市立図書館")
    counter.reader.insert(card)
    await counter.read("(3)カードがセットされています。")
    await counter.type(number)
    await counter.press("enter", choice)
    await counter.read("選択: はい" if choice == "1" else "選択: いいえ")


async def register(counter: Counter, number: str, card: int) -> None:
    await fill_in(counter, number, card)
    await counter.press("enter")
    await counter.reach(RegisteredScreen)
    await counter.read("サービスIDの登録完了")
    await counter.press("enter")
    await counter.reach(RegisterServiceIdScreen)
    await counter.press("escape")
    await counter.reach(MenuScreen)


async def look_up(counter: Counter, card: int) -> None:
    counter.reader.remove()
    await counter.press("2")
    await counter.reach(LookUpScreen)
    counter.reader.insert(card)
    await counter.reach(FoundScreen)


async def test_a_number_is_registered_found_both_ways_and_replaced(
    place: Place, library: Counter
) -> None:
    await register(library, "１８００００００００１１", SAKURAI)
    assert registered(place) == [(NUMBER, "MY123456")]
    await look_up(library, SAKURAI)
    await library.read("MY123456", NUMBER, "バーコード")
    await library.press("escape")
    await library.reach(LookUpScreen)
    await library.type(NUMBER)
    await library.press("enter")
    await library.read(f"利用カード番号 {NUMBER} のマイキーID: MY123456")
    await library.press("escape")

    await fill_in(library, OTHER, SAKURAI)
    await library.press("enter")
    await library.reach(ReplaceBox)
    await library.read(NUMBER, OTHER)
    assert registered(place) == [(NUMBER, "MY123456")]
    await library.press("enter")
    await library.reach(RegisteredScreen)
    await library.read("前の番号", NUMBER)
    assert registered(place) == [(OTHER, "MY123456")]


async def test_somebody_elses_number_is_refused_and_can_be_corrected(
    place: Place, library: Counter
) -> None:
    await register(library, NUMBER, SAKURAI)
    await fill_in(library, NUMBER, MORI)
    await library.press("enter")
    await library.read(
        "すでに別の方が登録しています。", "登録されていません。", "CUSTOMER_ID_TAKEN"
    )
    assert "MY123456" not in library.text
    assert registered(place) == [(NUMBER, "MY123456")]
    await library.press("enter")
    await library.read("CUSTOMER_ID_TAKEN")
    assert registered(place) == [(NUMBER, "MY123456")]


async def test_a_card_without_a_mykey_id_registers_nothing(place: Place, library: Counter) -> None:
    await fill_in(library, NUMBER, WITHOUT_MYKEY)
    await library.press("enter")
    await library.read("CERTIFICATE_UNKNOWN")
    assert registered(place) == []


async def test_the_signature_certificates_serial_number_is_registered_and_no_name(
    place: Place, library: Counter
) -> None:
    await fill_in(library, NUMBER, SAKURAI, choice="1")
    await library.press("enter")
    await library.reach(SignatureBox)
    await library.type(SIGNATURE_PASSWORD)
    await library.press("enter")
    await library.reach(RegisteredScreen)
    ((signature,),) = place.rows(
        "SELECT signature_serial_number FROM service_id WHERE issuer_id = ?", LIBRARY
    )
    assert signature
    assert int(signature, 16) > 0


async def register_without_answer(counter: Counter, wire: Wire, place: Place) -> None:
    """Register a number, and lose what the server answers."""
    await fill_in(counter, NUMBER, SAKURAI, choice="1")
    await counter.press("enter")
    await counter.reach(SignatureBox)
    wire.loses_answers = True
    await counter.type(SIGNATURE_PASSWORD)
    await counter.press("enter")
    await counter.reach(WorkingScreen)
    await counter.until(lambda: registered(place) != [], "registration")


async def test_a_lost_answer_registers_once(place: Place, wire: Wire) -> None:
    async with library_at(place, wire.address) as library:
        await register_without_answer(library, wire, place)
        wire.loses_answers = False
        await library.reach(RegisteredScreen)
    assert registered(place) == [(NUMBER, "MY123456")]


async def test_the_next_start_says_what_became_of_a_registration(place: Place, wire: Wire) -> None:
    async with library_at(place, wire.address) as library:
        await register_without_answer(library, wire, place)
    wire.loses_answers = False
    async with library_at(place, wire.address) as library:
        await library.reach(RegisteredScreen)
        await library.read("前回の処理は、すでに完了していました。", NUMBER, "MY123456")
        await library.press("enter")
        await library.reach(MenuScreen)
    assert registered(place) == [(NUMBER, "MY123456")]


async def test_the_number_arrives_in_another_programs_window(
    place: Place, server: str, field: Field
) -> None:
    place.change("UPDATE issuer SET notification = 'TYPED' WHERE issuer_id = ?", LIBRARY)
    async with library_at(place, server) as library:
        await library.reach(MenuScreen)
        await register(library, NUMBER, SAKURAI)
        field.focus()
        await look_up(library, SAKURAI)
        await library.read("秒後に入力します。")
        await library.read("入力しました。")
    assert await asyncio.to_thread(field.line) == NUMBER


async def test_a_card_that_is_taken_out_types_nothing(
    place: Place, server: str, field: Field
) -> None:
    place.change("UPDATE issuer SET notification = 'TYPED' WHERE issuer_id = ?", LIBRARY)
    async with library_at(place, server) as library:
        await library.reach(MenuScreen)
        await register(library, NUMBER, SAKURAI)
        field.focus()
        await look_up(library, SAKURAI)
        await library.read("秒後に入力します。")
        library.reader.remove()
        await library.read("カードが抜かれたため、入力を止めました。")
    assert await asyncio.to_thread(field.line) == ""


async def test_a_terminal_chooses_its_issuer_once(place: Place, server: str) -> None:
    place.change("UPDATE terminal SET issuer_id = NULL WHERE terminal_id = ?", LIBRARY_TERMINAL)
    async with library_at(place, server) as library:
        await library.reach(MenuScreen)
        assert "サービスIDの登録" not in library.text
        await library.press("2")
        await library.reach(IssuerChoiceScreen)
        await library.read("000001  さくら野市立図書館", "000002  さくら通り商店街")
        await library.press("1")
        await library.reach(IssuerBox)
        await library.read("000001  さくら野市立図書館", "変更できません")
        await library.press("escape")
        await library.reach(IssuerChoiceScreen)
        assert place.rows(ISSUER_OF_THE_LIBRARY) == [(None,)]
        await library.press("1")
        await library.reach(IssuerBox)
        await library.press("enter")
        await library.reach(IssuerChosenScreen)
        await library.press("enter", "escape")
        await library.reach(IssuerChosenScreen)
        await library.press("f2")
        await library.reach(MenuScreen)
        assert place.rows(ISSUER_OF_THE_LIBRARY) == [(LIBRARY,)]
        await library.read("1  サービスIDの登録")
        assert "ID付与事業者の選択" not in library.text
        await register(library, NUMBER, SAKURAI)
    assert registered(place) == [(NUMBER, "MY123456")]
