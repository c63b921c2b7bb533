"""S23 and S24: steps, bad input, cards and answers (SID-1, SID-2)."""

from pathlib import Path

import pytest
from jichipoint.v1 import issuers_pb2, service_ids_pb2
from textual.widgets import Input

from counter_tui.card import users_card
from counter_tui.tasks.card.signature_box import SignatureBox
from counter_tui.tasks.service_ids.boxes import ReplaceBox
from counter_tui.tasks.service_ids.register import RegisteredScreen, RegisterServiceIdScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter, scan
from tests.counter_tui.canned_service_ids import NUMBER
from tests.counter_tui.test_service_id_screens import (
    CHILD,
    LIBRARY_CARD,
    NEW,
    RANDOM_CARD,
    SAKURAI,
    SIGNATURE,
    cards,
    replace,
    running,
    s23,
    s23_taken,
    s24,
    shown,
    signature,
    signature_of_a_child,
)
from tests.stillness import settle


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


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


async def test_what_was_said_of_a_number_goes_with_it(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s23_taken(counter, pilot)
        assert "(CUSTOMER_ID_TAKEN)" in screen_text(counter.app)
        counter.app.screen.query_one("#number").focus()
        await pilot.press("backspace")
        await settle(pilot)
        assert "(CUSTOMER_ID_TAKEN)" not in screen_text(counter.app)
