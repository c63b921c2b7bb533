"""S25 and S26: both directions, and the four ways of handing a number over (SID-3, SID-4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counter_tui.calls.answers import RefusedError, UnreachableError
from counter_tui.handover.typist import HandoverError, HandoverTrouble, TypingMethod
from counter_tui.shell.code_view import CodeView
from counter_tui.tasks.service_ids import found as service_id_found
from counter_tui.tasks.service_ids.found import FoundScreen
from counter_tui.tasks.service_ids.look_up import LookUpScreen
from counter_tui.tasks.service_ids.register import RegisterServiceIdScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter, scan
from tests.counter_tui.canned_service_ids import NUMBER
from tests.counter_tui.shell.test_code_view import cells
from tests.counter_tui.slips.test_cell_codes import draw
from tests.counter_tui.slips.test_cell_codes import scan as decoded
from tests.counter_tui.test_service_id_screens import (
    FOREIGN,
    NEW,
    SAKURAI,
    cards,
    found,
    running,
    s25,
    s25_none,
    s26,
    shown,
)
from tests.paper.renderer import render
from tests.stillness import settle


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch, printer=True, cards=cards())


@pytest.fixture(autouse=True)
def standing_countdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The countdown of S26 does not go on by itself."""
    monkeypatch.setattr(service_id_found, "TICK_SECONDS", 3600.0)


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
