"""S10 and 連絡先の変更: pictures, and what is typed into them (TRM-4)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from jichipoint.v1 import terminals_pb2
from rich.color import Color
from textual import events
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from counter_tui.app import BRIGHT
from counter_tui.calls.answers import RefusedError, UnreachableError
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.terminal.address_box import AddressBox
from counter_tui.tasks.terminal.contact import ContactChangeScreen, ContactScreen
from counter_tui.tasks.terminal.issuer_choice import (
    IssuerBox,
    IssuerChoiceScreen,
    IssuerChosenScreen,
)
from counter_tui.tasks.terminal.sign_in import SignInScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.canned_contacts import POSTAL_CODE, SHARED_CODE, UNKNOWN_CODE, contact
from tests.counter_tui.looks import SIGN_CONTRAST_MIN, contrast, frame_colour
from tests.counter_tui.test_screens import Drive, pictures_of

SIZE = (80, 24)
AWAY = UnreachableError("UNAVAILABLE", "サーバーから返事がありません。")
TYPED = {
    "contact-name": "花田　太郎",
    "postal-code": "１０５ー００１１",
    "prefecture": "東京",
    "address": "港区芝公園9-9-9",
    "telephone": "０３－００００－００００",
    "mail": "ｈａｎａｄａ＠ｅｘａｍｐｌｅ．ｊｐ",
    "mail-again": "hanada@example.jp",
}
"""What the contact of the canned gateway may be typed as."""


def field(counter: Counter, name: str) -> Input:
    return counter.app.screen.query_one(f"#{name}", Input)


def fill(counter: Counter, **texts: str) -> None:
    """Put texts into fields, all that are right where none is given."""
    typed = TYPED | {name.replace("_", "-"): text for name, text in texts.items()}
    for name, text in typed.items():
        field(counter, name).value = text


def beneath(counter: Counter, shown: Input) -> str:
    """The line under a field."""
    return screen_text(counter.app).splitlines()[shown.region.y + 1]


def values(counter: Counter) -> list[str]:
    return [field(counter, name).value for name in TYPED]


def registered_before(counter: Counter) -> None:
    """Have it registered by an application that did not ask for contacts."""
    folder = counter.app.settings.state_folder
    folder.mkdir(parents=True, exist_ok=True)
    document = {"format": "jichipoint-terminal", "version": 1, "terminal_id": "00010011"}
    (folder / "terminal.json").write_text(json.dumps(document))


async def settle(pilot: Pilot[object]) -> None:
    """Wait until what a key began is done: nothing here takes longer than a few rounds."""
    for _ in range(4):
        await pilot.pause(0.005)


async def reach(counter: Counter, pilot: Pilot[object], screen: type[Screen[Any]]) -> None:
    async with asyncio.timeout(30):
        while type(counter.app.screen) is not screen:
            await pilot.pause(0.01)
    await settle(pilot)


async def sign_in(counter: Counter, pilot: Pilot[object], screen: type[Screen[Any]]) -> None:
    """Up to the screen that comes then."""
    for widget in counter.app.screen.query("#terminal-id").results(Input):
        widget.value = "00010011"
    field(counter, "password").value = "demo-1234"
    await pilot.press("enter")
    await reach(counter, pilot, screen)


async def s10(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.contact_book.contact = None
    await sign_in(counter, pilot, ContactScreen)


async def s10_wrong(counter: Counter, pilot: Pilot[object]) -> None:
    await s10(counter, pilot)
    fill(
        counter,
        contact_name="↵",
        postal_code="105",
        prefecture="デモ県",
        address="港区\u200f",
        telephone="110",
        mail="hanada",
        mail_again="hanada@",
    )
    field(counter, "telephone").focus()
    await pilot.pause()
    await pilot.press("enter")
    await settle(pilot)


async def s10_without_issuer(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.issuer_id = ""
    await s10(counter, pilot)
    fill(counter)
    await pilot.press("enter")
    await settle(pilot)


async def s10_addresses(counter: Counter, pilot: Pilot[object]) -> None:
    await s10(counter, pilot)
    field(counter, "postal-code").value = SHARED_CODE
    await pilot.press("f2")
    await reach(counter, pilot, AddressBox)


async def change(counter: Counter, pilot: Pilot[object]) -> None:
    await sign_in(counter, pilot, MenuScreen)
    await pilot.press("up", "up", "enter")
    await reach(counter, pilot, ContactChangeScreen)


async def change_away(counter: Counter, pilot: Pilot[object]) -> None:
    counter.gateway.contact_book.troubles = [AWAY]
    await change(counter, pilot)


DRIVES: list[Drive] = [
    s10,
    s10_wrong,
    s10_without_issuer,
    s10_addresses,
    change,
    change_away,
]


test_screen = pictures_of(DRIVES, Counter)


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch)


@asynccontextmanager
async def at(counter: Counter, drive: Drive) -> AsyncIterator[Pilot[object]]:
    async with counter.app.run_test(size=SIZE) as pilot:
        await drive(counter, cast(Pilot[object], pilot))
        yield cast(Pilot[object], pilot)


async def test_what_is_typed_is_registered_in_its_plain_form(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        assert isinstance(counter.app.screen, ContactScreen)
        fill(counter)
        await pilot.press("enter")
        await settle(pilot)
        assert counter.gateway.contact_book.sent == [contact()]
        assert isinstance(counter.app.screen, MenuScreen)
        assert "連絡先を登録しました。" in screen_text(counter.app)
        assert counter.app.session.terminal is not None
        assert counter.app.session.terminal.has_contact


async def test_a_contact_is_typed_with_the_keyboard_alone(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        await pilot.press("花", "tab", *"105", "minus", *"0011", "enter")
        await settle(pilot)
        assert counter.gateway.contact_book.looked_up == [POSTAL_CODE]
        assert counter.app.focused is field(counter, "address")
        await pilot.press(*"9-9-9", "tab", *"0300000000", "tab", *"a@example.jp", "tab")
        await pilot.press(*"a@example.jp")
        await asyncio.sleep(0.1)  # an Enter right behind would be a scanner's
        await pilot.press("enter")
        await settle(pilot)
        (sent,) = counter.gateway.contact_book.sent
        assert sent == terminals_pb2.Contact(
            contact_name="花",
            postal_code=POSTAL_CODE,
            prefecture="東京都",
            address="港区芝公園9-9-9",
            telephone="0300000000",
            mail="a@example.jp",
        )


async def test_enter_goes_to_what_is_empty_before_it_registers(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        fill(counter, prefecture="", mail_again="")
        for name in ("prefecture", "mail-again"):
            await pilot.press("enter")
            await settle(pilot)
            assert counter.app.focused is field(counter, name)
            field(counter, name).value = TYPED[name]
        assert counter.gateway.contact_book.sent == []
        await pilot.press("enter")
        await settle(pilot)
        assert len(counter.gateway.contact_book.sent) == 1


WRONG = [
    ("contact_name", "花" * 51, "50文字以内で入力してください。"),
    ("contact_name", "花\u202e子", "見えない文字が入っています。"),
    ("contact_name", "　", "  入力してください。"),
    ("postal_code", "105-001", "数字7桁で入力してください。"),
    ("prefecture", "デモ県", "都道府県名を入力してください"),
    ("address", "港" * 201, "200文字以内で入力してください。"),
    ("address", "港区↵芝公園", "改行が入っています。"),
    ("address", "9" * 10_000, "200文字以内で入力してください。"),
    ("telephone", "03-0000", "0で始まる10桁か11桁の番号"),
    ("mail", "hanada@example", "メールアドレスの形になっていません。"),
    ("mail_again", "hanada@example.com", "2つのメールアドレスが同じではありません。"),
]


async def test_what_is_wrong_stands_beneath_its_field(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        for name, text, told in WRONG:
            fill(counter, **{name: text})
            field(counter, "telephone").focus()
            await pilot.pause()
            await pilot.press("enter")
            await pilot.pause()
            wrong = field(counter, name.replace("_", "-"))
            assert counter.app.focused is wrong
            assert told in beneath(counter, wrong)
            assert counter.gateway.contact_book.sent == []
            wrong.value = TYPED[wrong.id or ""]
            await pilot.pause()
            assert told not in beneath(counter, wrong)


async def test_a_field_tells_what_is_wrong_when_it_is_left(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        await pilot.press("tab", *"105")
        await settle(pilot)
        assert "数字7桁" not in screen_text(counter.app), "who types is not disturbed"
        await pilot.press("tab")
        await settle(pilot)
        assert "数字7桁" in screen_text(counter.app)
        assert "入力してください。" not in screen_text(counter.app).replace("7桁で入力", "")


async def test_another_first_mail_address_makes_the_second_wrong(counter: Counter) -> None:
    async with at(counter, change) as pilot:
        mail = field(counter, "mail")
        mail.focus()
        await pilot.press("end", "x", "tab")
        await settle(pilot)
        assert "2つのメールアドレスが同じではありません。" in screen_text(counter.app)
        await pilot.press("end", "x")
        await settle(pilot)
        assert "2つのメールアドレスが同じではありません。" not in screen_text(counter.app)


async def test_the_second_mail_address_takes_no_paste(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        field(counter, "mail-again").focus()
        counter.app.post_message(events.Paste("hanada@example.jp"))
        await settle(pilot)
        assert field(counter, "mail-again").value == ""
        assert "貼り付けできません" in screen_text(counter.app)


async def test_a_pasted_text_of_any_length_is_told_to_be_wrong(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        counter.app.post_message(events.Paste("花\u200f\n" * 5_000))
        await pilot.press("tab")
        await settle(pilot)
        assert "改行が入っています。" in screen_text(counter.app)


async def test_an_address_is_chosen_where_a_code_has_several(counter: Counter) -> None:
    async with at(counter, s10_addresses) as pilot:
        assert isinstance(counter.app.screen, AddressBox)
        await pilot.press("pagedown", "1")
        await settle(pilot)
        assert values(counter)[2:4] == ["三重県", "桑名郡木曽岬町9"]
        await pilot.press("f2")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert values(counter)[2:4] == ["三重県", "桑名郡木曽岬町9"]


async def test_a_code_that_nobody_has_leaves_the_address_to_be_typed(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        fill(counter, postal_code=UNKNOWN_CODE)
        await pilot.press("f2")
        await settle(pilot)
        assert "住所が見つかりません" in screen_text(counter.app)
        assert values(counter)[2:4] == [TYPED["prefecture"], TYPED["address"]]
        await pilot.press("enter")
        await settle(pilot)
        assert [one.postal_code for one in counter.gateway.contact_book.sent] == [UNKNOWN_CODE]


async def test_what_goes_on_from_the_found_address_stays(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        fill(counter)
        await pilot.press("f2")
        await settle(pilot)
        assert values(counter)[3] == TYPED["address"]
        fill(counter, address="千代田区1-1")
        await pilot.press("f2")
        await settle(pilot)
        assert values(counter)[3] == "港区芝公園"


async def test_half_a_postal_code_is_not_looked_up(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        field(counter, "postal-code").value = "105-001"
        await pilot.press("f2")
        await settle(pilot)
        assert counter.app.focused is field(counter, "postal-code")
        assert "数字7桁" in screen_text(counter.app)
        assert counter.gateway.contact_book.looked_up == []


@pytest.mark.parametrize("trouble", [AWAY, RefusedError("INVALID_FIELD", "入力内容に誤り")])
async def test_trouble_keeps_what_was_typed_and_it_is_sent_again(
    counter: Counter, trouble: UnreachableError | RefusedError
) -> None:
    async with at(counter, s10) as pilot:
        fill(counter)
        counter.gateway.contact_book.troubles = [trouble, trouble]
        await pilot.press("f2")
        await settle(pilot)
        assert trouble.message in screen_text(counter.app)
        await pilot.press("enter")
        await settle(pilot)
        assert trouble.message in screen_text(counter.app)
        assert values(counter) == list(TYPED.values())
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, MenuScreen)
        assert counter.gateway.contact_book.sent == [contact(), contact()]


async def test_put_off_it_is_asked_for_at_the_next_sign_in(
    counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered_before(counter)
    async with at(counter, s10) as pilot:
        assert "あとで" in screen_text(counter.app)
        await pilot.press("f1")
        await settle(pilot)
        assert "「あとで」を選ぶと" in screen_text(counter.app)
        counter.watch.seconds += 1
        await pilot.press("enter")
        await settle(pilot)
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, MenuScreen)
        assert counter.app.session.state.registered_terminal() == "00010011"
        counter.app.pop_screen()
        counter.app.push_screen(counter.app.first_screen(), counter.app._signed_in)
        await reach(counter, pilot, SignInScreen)
        await sign_in(counter, pilot, ContactScreen)


async def test_a_terminal_registered_now_does_not_put_it_off(counter: Counter) -> None:
    """Not at once, nor after a restart that left the form empty."""
    async with at(counter, s10) as pilot:
        for _ in range(2):
            assert "あとで" not in screen_text(counter.app)
            await pilot.press("escape")
            await settle(pilot)
            assert isinstance(counter.app.screen, ContactScreen)
            await pilot.press("f1")
            await settle(pilot)
            assert "あとで" not in screen_text(counter.app)
            counter.app.pop_screen()
            counter.app.pop_screen()
            counter.app.push_screen(counter.app.first_screen(), counter.app._signed_in)
            await reach(counter, pilot, SignInScreen)
            await sign_in(counter, pilot, ContactScreen)
        fill(counter)
        await pilot.press("enter")
        await reach(counter, pilot, MenuScreen)


async def test_a_training_session_does_not_ask(counter: Counter) -> None:
    registered_before(counter)
    async with at(counter, s10) as pilot:
        await pilot.press("escape")
        await settle(pilot)
        counter.app.pop_screen()
        counter.app.session.is_open = False
        counter.app.push_screen(counter.app.first_screen(), counter.app._signed_in)
        await reach(counter, pilot, SignInScreen)
        field(counter, "password").value = "demo-1234"
        await pilot.press("f4")
        await reach(counter, pilot, MenuScreen)
        assert "連絡先" not in screen_text(counter.app)


async def test_an_issuer_is_chosen_first(counter: Counter) -> None:
    async with at(counter, s10_without_issuer) as pilot:
        assert counter.gateway.contact_book.sent == []
        await pilot.press("f6")
        await reach(counter, pilot, IssuerChoiceScreen)
        await pilot.press("2")
        await reach(counter, pilot, IssuerBox)
        await pilot.press("enter")
        await reach(counter, pilot, IssuerChosenScreen)
        await pilot.press("f2")
        await reach(counter, pilot, ContactScreen)
        assert values(counter) == list(TYPED.values())
        assert "A商店街" in screen_text(counter.app)
        await pilot.press("f6", "enter")
        await settle(pilot)
        assert counter.gateway.contact_book.sent == [contact()]
        await pilot.press("1")
        await settle(pilot)
        assert not isinstance(counter.app.screen, MenuScreen), "the menu has the issuer's tasks"


async def test_a_change_sends_the_whole_contact(counter: Counter) -> None:
    async with at(counter, change) as pilot:
        assert values(counter) == [
            *("花田　太郎", "105-0011", "東京都", "港区芝公園9-9-9", "03-0000-0000"),
            *("hanada@example.jp", "hanada@example.jp"),
        ]
        field(counter, "telephone").value = "0900000000"
        await pilot.press("enter")
        await settle(pilot)
        expected = contact()
        expected.telephone = "0900000000"
        assert counter.gateway.contact_book.sent == [expected]
        assert "連絡先を登録しました。" in screen_text(counter.app)


async def test_esc_changes_nothing(counter: Counter) -> None:
    async with at(counter, change) as pilot:
        field(counter, "telephone").value = "0900000000"
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, MenuScreen)
        assert counter.gateway.contact_book.sent == []


async def test_nothing_is_changed_before_it_was_read(counter: Counter) -> None:
    async with at(counter, change_away) as pilot:
        screen = counter.app.screen
        assert isinstance(screen, ContactChangeScreen)
        fill(counter)
        screen.action_register()
        await pilot.press("f2", "enter")
        await settle(pilot)
        book = counter.gateway.contact_book
        assert (book.sent, book.looked_up) == ([], [])
        await pilot.press("f5")
        await settle(pilot)
        assert values(counter)[1] == "105-0011"
        await pilot.press("enter")
        await settle(pilot)
        assert book.sent == [contact()]


async def test_who_put_it_off_enters_it_from_the_menu(counter: Counter) -> None:
    registered_before(counter)
    async with at(counter, s10) as pilot:
        await pilot.press("escape")
        await settle(pilot)
        await pilot.press("up", "up", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, ContactChangeScreen)
        assert values(counter) == [""] * len(TYPED)
        fill(counter)
        await pilot.press("enter")
        await settle(pilot)
        assert counter.gateway.contact_book.sent == [contact()]


async def test_the_focus_is_seen(counter: Counter) -> None:
    async with at(counter, s10) as pilot:
        colours = []
        for focused in ("address", "mail"):
            field(counter, focused).focus()
            await pilot.pause()
            colours.append(frame_colour(counter.app, field(counter, "address"), column=0))
        assert contrast(*colours) >= SIGN_CONTRAST_MIN
        assert contrast(colours[0], Color.parse(BRIGHT.background or "")) >= SIGN_CONTRAST_MIN
