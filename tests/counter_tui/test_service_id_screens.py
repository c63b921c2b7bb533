"""S23 to S26 and the lists: steps, bad input, and pictures in both languages (SID-1 to SID-4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

import pytest
from jichipoint.v1 import issuers_pb2, service_ids_pb2
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from counter_tui.card import users_card
from counter_tui.code_view import CodeView
from counter_tui.core.bookings import RefusedError, UnreachableError
from counter_tui.handover.typist import HandoverError, HandoverTrouble, TypingMethod
from counter_tui.screens import service_id_found
from counter_tui.screens.menus import MenuScreen
from counter_tui.screens.service_id_boxes import ReplaceBox
from counter_tui.screens.service_id_found import FoundScreen
from counter_tui.screens.service_id_lists import AddressNoticesScreen, ServiceIdListScreen
from counter_tui.screens.service_id_look_up import LookUpScreen
from counter_tui.screens.service_id_register import RegisteredScreen, RegisterServiceIdScreen
from counter_tui.screens.signature_box import SignatureBox
from counter_tui.virtual.contactless import ContactlessCard
from counter_tui.virtual.reader import BoxedCard
from counter_tui.widgets import Words
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter, scan
from tests.counter_tui.canned_service_ids import NUMBER, TAKEN, UNKNOWN, handover
from tests.counter_tui.citizens import LAST_GOOD_DAY, issuing
from tests.counter_tui.core.test_cell_codes import draw
from tests.counter_tui.core.test_cell_codes import scan as decoded
from tests.counter_tui.looks import check_contrast, check_keys
from tests.counter_tui.test_code_view import cells
from tests.counter_tui.test_screens import (
    SnapCompare,
    is_as_accepted,
    settle,
)
from tests.paper.renderer import render

SIZE = (80, 24)
SAKURAI, FOREIGN, LIBRARY_CARD, RANDOM_CARD, CHILD = range(5)
NEW = "180000000012"
SIGNATURE = "130D45"
"""Of 桜井さん's signature certificate."""
Pilots = Pilot[object]
Drive = Callable[[Counter, Pilots], Awaitable[None]]


def cards() -> tuple[BoxedCard, ...]:
    return (
        BoxedCard("IDm", lambda: ContactlessCard(bytes.fromhex("0112030405060708"))),
        BoxedCard("UID", lambda: ContactlessCard(bytes.fromhex("08AABBCC"))),
        BoxedCard("子", lambda: issuing().card(0x030D50, LAST_GOOD_DAY, of_child=True)),
    )


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


@asynccontextmanager
async def running(counter: Counter, size: tuple[int, int] = SIZE) -> AsyncIterator[Pilots]:
    async with counter.app.run_test(size=size) as pilot:
        yield cast(Pilots, pilot)


async def shown(pilot: Pilots, text: str) -> None:
    """Wait until the screen shows a text."""
    async with asyncio.timeout(30):
        while text not in screen_text(pilot.app):
            await pilot.pause(0.02)


async def open_menu(counter: Counter, pilot: Pilots) -> None:
    await pilot.press(*"00010011", "tab", *"demo-1234", "enter")
    await settle(pilot)
    assert isinstance(counter.app.screen, MenuScreen)


async def s23(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("1")
    await settle(pilot)


async def s23_filled(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "2")
    await settle(pilot)


async def s23_space(counter: Counter, pilot: Pilots) -> None:
    await s23(counter, pilot)
    await pilot.press(*"1800", "space", *"0011")
    await settle(pilot)


async def s23_taken(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.refusal = TAKEN
    await s23_filled(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def signature(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "1")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def signature_of_a_child(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = ""
    await s23(counter, pilot)
    counter.reader.insert(CHILD)
    await pilot.press(*NEW, "enter", "1")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def replace(counter: Counter, pilot: Pilots) -> None:
    await s23(counter, pilot)
    counter.reader.insert(SAKURAI)
    await pilot.press(*NEW, "enter", "2")
    await settle(pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s24(counter: Counter, pilot: Pilots) -> None:
    await s23_filled(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s24_replaced(counter: Counter, pilot: Pilots) -> None:
    await replace(counter, pilot)
    await pilot.press("enter")
    await settle(pilot)


async def s25(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def s25_none(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.trouble = UNKNOWN
    await s25(counter, pilot)
    counter.reader.insert(SAKURAI)
    await settle(pilot)


async def s25_number(counter: Counter, pilot: Pilots) -> None:
    await s25(counter, pilot)
    await pilot.press(*NUMBER, "enter")
    await settle(pilot)


async def found(counter: Counter, pilot: Pilots, method: str, symbology: str = "NW7") -> None:
    counter.gateway.issuer_book.handover = handover(
        issuers_pb2.HandoverMethod.Value(f"HANDOVER_METHOD_{method}"),
        issuers_pb2.Symbology.Value(f"SYMBOLOGY_{symbology}"),
    )
    await s25(counter, pilot)
    counter.reader.insert(SAKURAI)
    await settle(pilot)


async def s26(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "SCREEN")


async def s26_letters(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.number = "LIB-0042"
    await found(counter, pilot, "SCREEN", "CODE39")


async def s26_barcode(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "BARCODE")


async def s26_qr(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "BARCODE", "QR")


async def s26_typed(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "TYPED")


async def s26_label(counter: Counter, pilot: Pilots) -> None:
    await found(counter, pilot, "LABEL")


async def numbers(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_book.pages = 2
    await open_menu(counter, pilot)
    await pilot.press("3")
    await settle(pilot)


async def notices(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("4")
    await settle(pilot)


async def mykey_menu(counter: Counter, pilot: Pilots) -> None:
    await open_menu(counter, pilot)
    await pilot.press("5")
    await settle(pilot)


async def issuer_choice(counter: Counter, pilot: Pilots) -> None:
    counter.gateway.issuer_id = ""
    await open_menu(counter, pilot)
    await pilot.press("2")
    await settle(pilot)


async def issuer_box(counter: Counter, pilot: Pilots) -> None:
    await issuer_choice(counter, pilot)
    await pilot.press("1")
    await settle(pilot)


DRIVES: list[Drive] = [
    issuer_choice,
    issuer_box,
    s23,
    s23_filled,
    s23_space,
    s23_taken,
    signature,
    signature_of_a_child,
    replace,
    s24,
    s24_replaced,
    s25,
    s25_none,
    s25_number,
    s26,
    s26_letters,
    s26_barcode,
    s26_qr,
    s26_typed,
    s26_label,
    numbers,
    notices,
    mykey_menu,
]


@pytest.fixture(autouse=True)
def standing_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures show its first second."""
    monkeypatch.setattr(service_id_found, "TICK_SECONDS", 3600.0)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("drive", DRIVES, ids=lambda drive: drive.__name__)
def test_screen(
    drive: Drive,
    language: str,
    snap_compare: SnapCompare,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = Counter(tmp_path, language, monkeypatch, printer=True, cards=cards())
    assert is_as_accepted(counter, drive, snap_compare)


# S23, S24


def requests(counter: Counter) -> list[service_ids_pb2.RegisterServiceIdRequest]:
    sent = counter.gateway.sent
    return [service_ids_pb2.RegisterServiceIdRequest.FromString(one) for one in sent]


async def test_a_number_is_registered(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s24(counter, pilot)
        (request,) = requests(counter)
        assert (request.customer_id, request.replaces, request.signature_serial_number) == (
            NEW,
            "",
            "",
        )
        assert request.certificate_serial_number == "030D45"
        assert isinstance(counter.app.screen, RegisteredScreen)
        await pilot.press("enter")
        await settle(pilot)
        assert counter.app.screen.query_one("#number", Input).value == ""


async def test_the_previous_screen_keeps_the_number_to_correct_it(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s24(counter, pilot)
        counter.gateway.issuer_book.number = NEW
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)
        assert counter.app.screen.query_one("#number", Input).value == NEW
        await pilot.press("backspace", "9", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, ReplaceBox)
        await pilot.press("enter")
        await settle(pilot)
        assert requests(counter)[-1].replaces == NEW


async def test_a_replacement_that_is_not_wanted_sends_nothing(counter: Counter) -> None:
    async with running(counter) as pilot:
        await replace(counter, pilot)
        assert NUMBER in screen_text(counter.app)
        await pilot.press("escape")
        await settle(pilot)
        assert counter.gateway.sent == []
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)


async def test_only_the_serial_number_of_the_signature_certificate_is_sent(
    counter: Counter,
) -> None:
    async with running(counter) as pilot:
        await signature(counter, pilot)
        assert isinstance(counter.app.screen, SignatureBox)
        await pilot.press(*"abc123", "enter")
        await settle(pilot)
        (request,) = requests(counter)
        assert request.signature_serial_number == SIGNATURE
        assert "桜井".encode() not in counter.gateway.sent[0]
        assert "はい" in screen_text(counter.app)


@pytest.mark.parametrize("password", ["abc12", "a" * 17, "abc-123", "あいうえおか"])
async def test_a_signature_password_that_cannot_be_one_costs_no_try(
    counter: Counter, password: str
) -> None:
    async with running(counter) as pilot:
        await signature(counter, pilot)
        field = counter.app.screen.query_one("#signature-password", Input)
        field.value = password
        await pilot.press("enter")
        await settle(pilot)
        assert "6桁から16桁" in screen_text(counter.app)
        await pilot.press(*"abc123", "enter")
        await settle(pilot)
        assert len(requests(counter)) == 1


async def test_a_wrong_signature_password_says_how_many_tries_are_left(counter: Counter) -> None:
    async with running(counter) as pilot:
        await signature(counter, pilot)
        for left in (4, 3, 2, 1):
            await pilot.press(*"wrong1", "enter")
            await settle(pilot)
            assert f"あと{left}回" in screen_text(counter.app)
        await pilot.press(*"wrong1", "enter")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert counter.gateway.sent == []
        assert "取りやめました" in screen_text(counter.app)


async def test_a_child_has_no_signature_certificate(counter: Counter) -> None:
    async with running(counter) as pilot:
        await signature_of_a_child(counter, pilot)
        assert "15歳未満" in screen_text(counter.app)
        assert counter.app.screen.query_one("#signature-password", Input).disabled
        await pilot.press("escape")
        await settle(pilot)
        assert counter.gateway.sent == []


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "利用カード番号を入力してください"),
        ("1800 0011", "空白が入っています"),
        ("図書館", "使えない文字"),
        ("1" * 33, "32文字まで"),
    ],
)
async def test_what_is_no_number(counter: Counter, typed: str, message: str) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(SAKURAI)
        counter.app.screen.query_one("#number", Input).value = typed
        await pilot.press("enter", "2", "enter")
        await settle(pilot)
        assert message in screen_text(counter.app)
        assert counter.gateway.sent == []
        assert counter.app.screen.query_one("#number", Input).value == typed, "nothing is dropped"


async def test_full_width_digits_are_digits(counter: Counter) -> None:
    counter.gateway.issuer_book.number = ""
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(SAKURAI)
        counter.app.screen.query_one("#number", Input).value = "１８００"
        await pilot.press("enter", "2", "enter")
        await settle(pilot)
        assert requests(counter)[0].customer_id == "1800"


async def test_the_choice_has_to_be_made(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(SAKURAI)
        await pilot.press(*NEW, "enter")
        await settle(pilot)
        assert counter.gateway.sent == []
        await pilot.press("shift+tab", "enter")
        await settle(pilot)
        assert counter.gateway.sent == []


async def test_without_a_card_nothing_is_registered(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        await pilot.press(*NEW, "enter", "2", "enter")
        await settle(pilot)
        assert "セットしてください" in screen_text(counter.app)
        assert counter.gateway.sent == []


async def test_a_card_that_is_changed_meanwhile_registers_nothing(counter: Counter) -> None:
    async with running(counter) as pilot:
        await replace(counter, pilot)
        counter.reader.insert(CHILD)
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert counter.gateway.sent == []
        assert "入れ替わりました" in screen_text(counter.app)


async def test_no_answer_then_an_answer_registers_once(counter: Counter) -> None:
    async with running(counter) as pilot:
        counter.gateway.away = True
        await s24(counter, pilot)
        assert "返事がありません" in screen_text(counter.app)
        counter.gateway.away = False
        await shown(pilot, "サービスIDの登録完了")
        assert len({one.request_id for one in requests(counter)}) == 1


@pytest.mark.parametrize("scanned", [NUMBER, f"A{NUMBER}B", f"d{NUMBER}c"])
async def test_a_scanner_fills_the_number_without_start_and_stop(
    counter: Counter, scanned: str
) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        scan(counter.app, scanned)
        await settle(pilot)
        assert counter.app.screen.query_one("#number", Input).value == NUMBER


def read_by(counter: Counter, method: str, driver: str = "") -> None:
    counter.gateway.issuer_book.reading = issuers_pb2.CardReading(
        method=issuers_pb2.CardReadingMethod.Value(f"CARD_READING_METHOD_{method}"),
        driver=driver,
    )


async def test_reading_is_offered_only_where_the_issuer_has_set_it(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23(counter, pilot)
        assert "F5 読取" not in screen_text(counter.app)


async def test_a_contactless_card_is_read(counter: Counter) -> None:
    read_by(counter, "CONTACTLESS_ID")
    async with running(counter) as pilot:
        await s23(counter, pilot)
        assert "F5 読取" in screen_text(counter.app)
        counter.reader.insert(LIBRARY_CARD)
        await pilot.press("f5")
        await settle(pilot)
        assert counter.app.screen.query_one("#number", Input).value == "0112030405060708"


@pytest.mark.parametrize(
    ("card", "message"),
    [(RANDOM_CARD, "another number at each reading"), (SAKURAI, "(FOREIGN)"), (None, "(NO_CARD)")],
)
async def test_what_cannot_be_read(counter: Counter, card: int | None, message: str) -> None:
    read_by(counter, "CONTACTLESS_ID")
    async with running(counter) as pilot:
        await s23(counter, pilot)
        if card is not None:
            counter.reader.insert(card)
        await pilot.press("f5")
        await settle(pilot)
        assert message in screen_text(counter.app)
        assert counter.app.screen.query_one("#number", Input).value == ""


async def test_a_driver_that_is_not_installed(counter: Counter) -> None:
    read_by(counter, "DRIVER", "ichiban")
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(LIBRARY_CARD)
        await pilot.press("f5")
        await settle(pilot)
        assert "ichiban is not installed" in screen_text(counter.app)


async def test_a_driver_reads_the_number(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_card, "_loaded", lambda name: lambda _transmit: f"{name}-1")
    read_by(counter, "DRIVER", "ichiban")
    async with running(counter) as pilot:
        await s23(counter, pilot)
        counter.reader.insert(LIBRARY_CARD)
        await pilot.press("f5")
        await settle(pilot)
        assert counter.app.screen.query_one("#number", Input).value == "ichiban-1"


# S25, S26


async def test_the_card_alone_leads_to_the_number(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s26(counter, pilot)
        assert isinstance(counter.app.screen, FoundScreen)
        assert NUMBER in screen_text(counter.app)
        counter.gateway.issuer_book.number = "180000000099"
        counter.reader.insert(SAKURAI)
        await settle(pilot)
        assert "180000000099" in screen_text(counter.app), "the next card, without a key"
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, LookUpScreen)
        assert counter.gateway.issuer_book.looked_up == ["030D45", "030D45"]


async def test_without_a_number_the_way_leads_to_the_registration(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s25_none(counter, pilot)
        assert "先にサービスIDの登録が必要です" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)


async def test_the_way_is_not_offered_for_another_trouble(counter: Counter) -> None:
    counter.gateway.issuer_book.trouble = RefusedError("CERTIFICATE_EXPIRED", "有効期限切れです。")
    async with running(counter) as pilot:
        await s25(counter, pilot)
        counter.reader.insert(SAKURAI)
        await settle(pilot)
        assert "有効期限切れ" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, LookUpScreen)


async def test_no_answer_is_said(counter: Counter) -> None:
    counter.gateway.issuer_book.trouble = UnreachableError("UNAVAILABLE", "返事がありません。")
    async with running(counter) as pilot:
        await s25(counter, pilot)
        counter.reader.insert(SAKURAI)
        await settle(pilot)
        assert "返事がありません。" in screen_text(counter.app)
        counter.gateway.issuer_book.trouble = None
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, FoundScreen)


async def test_a_foreign_card(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s25(counter, pilot)
        counter.reader.insert(FOREIGN)
        await settle(pilot)
        assert "(FOREIGN)" in screen_text(counter.app)


@pytest.mark.parametrize("way", ["typed", "scanned"])
async def test_a_number_leads_to_the_mykey_id(counter: Counter, way: str) -> None:
    async with running(counter) as pilot:
        await s25(counter, pilot)
        if way == "typed":
            await pilot.press(*NUMBER, "enter")
        else:
            scan(counter.app, f"A{NUMBER}A")
        await settle(pilot)
        assert "MY123456" in screen_text(counter.app)


async def test_what_was_said_of_a_number_goes_with_it(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23_taken(counter, pilot)
        assert "(CUSTOMER_ID_TAKEN)" in screen_text(counter.app)
        counter.app.screen.query_one("#number").focus()
        await pilot.press("backspace")
        await settle(pilot)
        assert "(CUSTOMER_ID_TAKEN)" not in screen_text(counter.app)


async def test_an_unknown_number(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s25(counter, pilot)
        await pilot.press(*NEW, "enter")
        await settle(pilot)
        assert "(CUSTOMER_ID_UNKNOWN)" in screen_text(counter.app)
        await pilot.press("backspace")
        await settle(pilot)
        assert "(CUSTOMER_ID_UNKNOWN)" not in screen_text(counter.app), "it was another number"


@pytest.mark.parametrize(
    ("symbology", "number", "code"),
    [
        ("NW7", NUMBER, f"A{NUMBER}B"),
        ("NW7", "520625", "A520625B"),
        ("CODE128", NUMBER, NUMBER),
        ("QR", NUMBER, NUMBER),
        ("CODE39", "LIB-0042", "LIB-0042"),
        ("CODE128", "Lib-0042", "Lib-0042"),
        ("QR", "Lib-0042", "Lib-0042"),
    ],
)
async def test_a_scanner_reads_the_barcode_from_the_screen(
    counter: Counter, symbology: str, number: str, code: str
) -> None:
    counter.gateway.issuer_book.number = number
    async with running(counter) as pilot:
        await found(counter, pilot, "BARCODE", symbology)
        screen = cells(counter.app)
    assert decoded(draw(screen, (8, 16))) == [code]


@pytest.mark.parametrize(
    ("symbology", "number", "wanted"),
    [
        ("NW7", NUMBER, f"A{NUMBER}B"),
        ("CODE39", "LIB-0042", "LIB-0042"),
        ("CODE128", NUMBER, NUMBER),
        ("QR", NUMBER, NUMBER),
    ],
)
async def test_a_scanner_reads_the_barcode_from_the_label(
    counter: Counter, symbology: str, number: str, wanted: str
) -> None:
    counter.gateway.issuer_book.number = number
    async with running(counter) as pilot:
        await found(counter, pilot, "LABEL", symbology)
        await pilot.press("f8")
        await shown(pilot, "印刷しました")
    page = render(counter.receipts.read_bytes())
    assert [text for _kind, text in page.codes()] == [wanted]


async def test_a_code_that_the_window_is_too_narrow_for(counter: Counter) -> None:
    counter.gateway.issuer_book.number = "1" * 32
    async with running(counter) as pilot:
        await found(counter, pilot, "BARCODE", "NW7")
        assert not counter.app.screen.query(CodeView)
        assert "画面を広げるか" in screen_text(counter.app)
        assert "1" * 32 in screen_text(counter.app)


async def test_a_number_that_the_code_cannot_carry_is_shown_all_the_same(
    counter: Counter,
) -> None:
    counter.gateway.issuer_book.number = "LIB-0042"
    async with running(counter) as pilot:
        await found(counter, pilot, "BARCODE", "NW7")
        assert "手入力してください" in screen_text(counter.app)


class Typed:
    """Stands in for the keyboard, whose real tests are in handover/."""

    def __init__(self, trouble: HandoverTrouble | None = None) -> None:
        self.texts: list[str] = []
        self.trouble = trouble

    def __call__(self, method: TypingMethod) -> "Typed":
        assert method is TypingMethod.X11
        return self

    def type_text(self, text: str) -> None:
        if self.trouble is not None:
            raise HandoverError(self.trouble, "why")
        self.texts.append(text)


@contextmanager
def typing(
    monkeypatch: pytest.MonkeyPatch, tick_seconds: float, trouble: HandoverTrouble | None = None
) -> Iterator[Typed]:
    typed = Typed(trouble)
    monkeypatch.setattr(service_id_found, "open_typist", typed)
    monkeypatch.setattr(service_id_found, "TICK_SECONDS", tick_seconds)
    yield typed


async def test_the_number_is_typed_after_the_countdown(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with typing(monkeypatch, 0.02) as typed:
        async with running(counter) as pilot:
            await found(counter, pilot, "TYPED")
            await shown(pilot, "入力しました。")
            assert typed.texts == [NUMBER]
            await pilot.press("f6")
            await settle(pilot)
            await shown(pilot, "入力しました。")
            assert typed.texts == [NUMBER, NUMBER]


@pytest.mark.parametrize("by", ["escape", "card"])
async def test_the_countdown_can_be_stopped(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    with typing(monkeypatch, 3600) as typed:
        async with running(counter) as pilot:
            await found(counter, pilot, "TYPED")
            assert "3秒後" in screen_text(counter.app)
            if by == "escape":
                await pilot.press("escape")
            else:
                counter.reader.remove()
            await settle(pilot)
            assert "止めました" in screen_text(counter.app)
            assert isinstance(counter.app.screen, FoundScreen)
            assert typed.texts == []
            await pilot.press("escape")
            await settle(pilot)
            assert isinstance(counter.app.screen, LookUpScreen)


@pytest.mark.parametrize("trouble", list(HandoverTrouble))
async def test_what_keeps_it_from_being_typed_is_said(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, trouble: HandoverTrouble
) -> None:
    with typing(monkeypatch, 0.02, trouble):
        async with running(counter) as pilot:
            await found(counter, pilot, "TYPED")
            await shown(pilot, f"({trouble})")
            assert NUMBER in screen_text(counter.app)


# Lists


async def test_numbers_are_listed_in_pages(counter: Counter) -> None:
    async with running(counter) as pilot:
        await numbers(counter, pilot)
        assert isinstance(counter.app.screen, ServiceIdListScreen)
        assert "180000000010" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert "180000000020" in screen_text(counter.app)
        assert "F3" not in screen_text(counter.app)
        await pilot.press("f5")
        await settle(pilot)
        assert "180000000010" in screen_text(counter.app)


async def test_a_notice_is_acknowledged(counter: Counter) -> None:
    async with running(counter) as pilot:
        await notices(counter, pilot)
        assert isinstance(counter.app.screen, AddressNoticesScreen)
        await pilot.press("down", "enter")
        await settle(pilot)
        assert counter.gateway.issuer_book.acknowledged == [2]
        assert counter.app.screen.query_one(OptionList).option_count == 1
        await pilot.press("enter")
        await settle(pilot)
        assert "未確認の通知はありません" in screen_text(counter.app)
        await pilot.press("enter", "escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, MenuScreen)


@pytest.mark.parametrize("size", [(100, 30), (132, 43)])
@pytest.mark.parametrize("drive", [s23_filled, s26_barcode, numbers], ids=lambda d: d.__name__)
async def test_larger_terminals(counter: Counter, drive: Drive, size: tuple[int, int]) -> None:
    async with running(counter, size) as pilot:
        await drive(counter, pilot)
        check_contrast(counter.app)
        check_keys(counter.app)
        assert all(words.region.right <= size[0] for words in counter.app.screen.query(Words))
