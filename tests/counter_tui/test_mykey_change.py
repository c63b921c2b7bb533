"""S57, S61, S62 and a new card: their steps, refusals, and how they are left."""

from pathlib import Path

import pytest
from jichipoint.v1 import mykey_pb2
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.shell.paged_list import LINES_ON_A_PAGE, PagedList
from counter_tui.tasks.mykey.change import ChangeCandidateStep, ChangedStep, ChangeStep
from counter_tui.tasks.mykey.own_service_ids import OwnServiceIdsScreen
from counter_tui.tasks.mykey.revoke import (
    LossesStep,
    MykeyRevokeScreen,
    RevokedStep,
    RevokeStep,
)
from counter_tui.tasks.mykey.tie import CardTieScreen, TiedStep, TieStep
from tests.counter_tui.canned import Counter
from tests.counter_tui.canned_mykey import MANY_MUNICIPALITIES, NO_ANSWER, OVER, PRESENT_ID
from tests.counter_tui.test_mykey_create import at, shows, typed, until
from tests.counter_tui.test_mykey_screens import (
    PASSWORD,
    fill,
    press,
    s16_4,
    s57,
    s57_card,
    s57_none,
    s61,
    s61_confirm,
    s61_done,
    s62,
    s62_again,
    s62_done,
    tie,
    tie_done,
    tie_wrong,
)
from tests.counter_tui.test_screens import Drive
from tests.patient_hand import press_hurriedly
from tests.stillness import settle


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch)


async def test_a_change(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s61_done) as pilot:
        assert isinstance(counter.app.screen, ChangedStep)
        assert shows(counter, f"これまでのマイキーID {PRESENT_ID} は、使えなくなりました")
        await press(pilot, counter, "enter", "escape")
        assert isinstance(counter.app.screen, ChangedStep)
        await press(pilot, counter, "f2")
        assert isinstance(counter.app.screen, MenuScreen)
    ((attempt_id, purpose),) = book.begun
    assert purpose == mykey_pb2.ATTEMPT_PURPOSE_CHANGE
    (request,) = book.sent
    assert isinstance(request, mykey_pb2.ChangeMykeyIdRequest)
    assert (request.attempt_id, request.mykey_id) == (attempt_id, "K7Q0X1PO")


async def test_an_enter_at_once_changes_nothing(counter: Counter) -> None:
    async with at(counter, s61_confirm) as pilot:
        counter.app.key_watch.appeared()
        press_hurriedly(counter.app, "enter", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, ChangeStep)
    assert counter.gateway.mykey.sent == []


async def test_a_candidate_that_is_not_reserved_any_more(counter: Counter) -> None:
    refused = RefusedError("CANDIDATE_NOT_RESERVED", "候補を選び直してください。")
    counter.gateway.mykey.troubles["change"] = [refused]
    async with at(counter, s61_confirm) as pilot:
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, ChangeCandidateStep)
        assert shows(counter, "CANDIDATE_NOT_RESERVED")
        assert typed(counter, "#candidate").value == ""


async def test_the_candidate_step_of_a_change_has_nothing_before_it(counter: Counter) -> None:
    async with at(counter, s61_confirm) as pilot:
        await press(pilot, counter, "f3")
        assert isinstance(counter.app.screen, ChangeCandidateStep)
        await press(pilot, counter, "f3")
        assert isinstance(counter.app.screen, ChangeCandidateStep)


async def test_a_revocation_is_said_twice(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s62_again) as pilot:
        assert isinstance(counter.app.screen, RevokeStep)
        await press(pilot, counter, "enter", "space", "enter")
        assert isinstance(counter.app.screen, RevokeStep)
        assert book.sent == []
        await press(pilot, counter, "f6")
        assert isinstance(counter.app.screen, RevokedStep)
        assert shows(counter, " マイキーIDを失効させました。\n")
    (request,) = book.sent
    assert isinstance(request, mykey_pb2.RevokeMykeyIdRequest)
    assert request.shown_points == 14230


async def test_losses_that_changed_are_shown_again(counter: Counter) -> None:
    book = counter.gateway.mykey
    book.troubles["revoke"] = [RefusedError("LOSSES_CHANGED", "失うポイントが変わりました。")]
    async with at(counter, s62_again) as pilot:
        book.losses.losses[0].points = 1800
        await press(pilot, counter, "f6")
        assert isinstance(counter.app.screen, LossesStep)
        assert shows(counter, "LOSSES_CHANGED")
        assert shows(counter, "14,300pt")
        await press(pilot, counter, "enter")
        await press(pilot, counter, "f6")
        assert isinstance(counter.app.screen, RevokedStep)
    first, second = book.sent
    assert isinstance(second, mykey_pb2.RevokeMykeyIdRequest)
    assert second.shown_points == 14300
    assert first.request_id != second.request_id


async def test_nothing_to_lose(counter: Counter) -> None:
    counter.gateway.mykey.losses = mykey_pb2.GetRevocationLossesResponse()
    async with at(counter, s62):
        assert shows(counter, "ありません")
        assert not shows(counter, "確保")


async def test_what_is_lost_is_asked_for_again(counter: Counter) -> None:
    counter.gateway.mykey.troubles["losses"] = [NO_ANSWER]
    async with at(counter, s62) as pilot:
        assert shows(counter, "(UNAVAILABLE)")
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, LossesStep)
        await press(pilot, counter, "f5")
        assert shows(counter, "14,230pt")


async def test_many_losses_scroll(counter: Counter) -> None:
    book = counter.gateway.mykey
    for number in range(30):
        book.losses.losses.add(program_name=f"第{number}市ポイント", points=number)
    async with at(counter, s62) as pilot:
        assert not shows(counter, "発行済みのポイント券")
        await press(pilot, counter, *("pagedown",) * 4)
        assert shows(counter, "発行済みのポイント券")


async def test_a_revocation_without_answer_is_repeated(counter: Counter) -> None:
    book = counter.gateway.mykey
    book.troubles["revoke"] = [NO_ANSWER, NO_ANSWER]
    async with at(counter, s62_again) as pilot:
        await press(pilot, counter, "f6", "f6")
        await until(pilot, lambda: isinstance(counter.app.screen, RevokedStep))
    assert len(book.sent) == 3
    assert len({request.SerializeToString() for request in book.sent}) == 1


async def test_a_new_card(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, tie_done) as pilot:
        assert isinstance(counter.app.screen, TiedStep)
        assert shows(counter, "これまでのカードは使えません")
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, MenuScreen)
    first, second = book.sent
    assert isinstance(second, mykey_pb2.TieCardRequest)
    assert (second.mykey_id, second.password) == (PRESENT_ID, PASSWORD)
    assert second.attempt_id == book.begun[0][0]
    assert first.request_id != second.request_id


async def test_a_wrong_password_is_typed_again(counter: Counter) -> None:
    async with at(counter, tie_wrong):
        assert isinstance(counter.app.screen, TieStep)
        assert typed(counter, "#password").value == ""
        assert counter.app.focused is typed(counter, "#password")


async def test_three_wrong_passwords_end_it(counter: Counter) -> None:
    async with at(counter, tie_wrong) as pilot:
        counter.gateway.mykey.troubles["tie"] = [OVER]
        await fill(pilot, counter, "#password", text=PASSWORD)
        assert isinstance(counter.app.screen, CardTieScreen)
        assert shows(counter, "(ATTEMPT_OVER)")


async def test_too_many_wrong_passwords_here(counter: Counter) -> None:
    text = "しばらく待ってから、もう一度入力してください。"
    slow = RefusedError("TOO_MANY_WRONG_PASSWORDS", text, decided=False)
    async with at(counter, tie_wrong) as pilot:
        counter.gateway.mykey.troubles["tie"] = [slow]
        await fill(pilot, counter, "#password", text=PASSWORD)
        assert isinstance(counter.app.screen, TieStep)
        assert shows(counter, "(TOO_MANY_WRONG_PASSWORDS)")


@pytest.mark.parametrize(
    ("mykey_id", "password"),
    [("MY12345", PASSWORD), ("MY-23456", PASSWORD), ("MY123456", "abc12")],
)
async def test_what_cannot_be_right_costs_no_try(
    mykey_id: str, password: str, counter: Counter
) -> None:
    async with at(counter, tie) as pilot:
        typed(counter, "#mykey-id").value = mykey_id
        await fill(pilot, counter, "#password", text=password)
        assert isinstance(counter.app.screen, TieStep)
    assert counter.gateway.mykey.sent == []


async def test_the_card_goes_while_a_password_is_checked_and_wrong(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, tie) as pilot:
        counter.gateway.away = True
        typed(counter, "#mykey-id").value = "MY123456"
        await fill(pilot, counter, "#password", text=PASSWORD)
        counter.reader.remove()
        await settle(pilot)
        book.troubles["tie"] = [RefusedError("MYKEY_PASSWORD_WRONG", "違います。")]
        counter.gateway.away = False
        await until(pilot, lambda: isinstance(counter.app.screen, CardTieScreen))
        await until(pilot, lambda: shows(counter, "(MYKEY_PASSWORD_WRONG)"))


async def test_the_holders_service_ids(counter: Counter) -> None:
    async with at(counter, s57) as pilot:
        assert shows(counter, "あなたのサービスIDの登録状況は以下の通りです。")
        assert shows(counter, "180000000011")
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, MenuScreen)
    book = counter.gateway.mykey
    assert [purpose for _id, purpose in book.begun] == [mykey_pb2.ATTEMPT_PURPOSE_SERVICE_IDS]
    assert book.ended == [book.begun[0][0]]


async def test_no_service_ids(counter: Counter) -> None:
    async with at(counter, s57_none):
        assert shows(counter, "登録されているサービスIDはありません。")


async def test_service_ids_are_asked_for_again(counter: Counter) -> None:
    counter.gateway.mykey.troubles["service_ids"] = [NO_ANSWER]
    async with at(counter, s57) as pilot:
        assert shows(counter, "(UNAVAILABLE)")
        await press(pilot, counter, "f5")
        assert shows(counter, "520625")
        assert not shows(counter, "(UNAVAILABLE)")


STEPS = [s61, s61_confirm, s62, s62_again, tie, s57]


@pytest.mark.parametrize("drive", STEPS, ids=lambda drive: drive.__name__)
async def test_esc_ends_the_attempt(drive: Drive, counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, drive) as pilot:
        await press(pilot, counter, "escape")
        assert isinstance(counter.app.screen, MenuScreen)
        assert book.ended == [book.begun[0][0]]
    assert book.sent == []


@pytest.mark.parametrize("drive", STEPS, ids=lambda drive: drive.__name__)
async def test_the_card_is_pulled_out(drive: Drive, counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, drive) as pilot:
        counter.reader.remove()
        await settle(pilot)
        assert shows(counter, "カードが抜かれました")
        assert shows(counter, "マイナンバーカードのセット")
        assert not shows(counter, PRESENT_ID)
        assert book.ended == [book.begun[0][0]]
    assert book.sent == []


@pytest.mark.parametrize("drive", [s61_done, s62_done, tie_done], ids=lambda drive: drive.__name__)
async def test_done_is_done_without_the_card(drive: Drive, counter: Counter) -> None:
    async with at(counter, drive) as pilot:
        shown = counter.app.screen
        counter.reader.remove()
        await settle(pilot)
        assert counter.app.screen is shown
        counter.app.key_watch.appeared()
        press_hurriedly(counter.app, "enter")
        await settle(pilot)
        assert counter.app.screen is shown, "an Enter at once does nothing"


async def test_a_refused_beginning_is_told(counter: Counter) -> None:
    refused = RefusedError("CERTIFICATE_REVOKED", "この電子証明書は失効しています。")
    counter.gateway.mykey.troubles["begin"] = [refused]
    async with at(counter, s62):
        assert isinstance(counter.app.screen, MykeyRevokeScreen)
        assert shows(counter, "(CERTIFICATE_REVOKED)")


async def test_a_wrong_pin_and_none(counter: Counter) -> None:
    async def wrong_pin(counter: Counter, pilot: Pilot[object]) -> None:
        await s57_card(counter, pilot)
        await press(pilot, counter, "enter")
        await pilot.press(*"0000", "enter")
        await until(pilot, lambda: shows(counter, "暗証番号が違います"))

    async with at(counter, wrong_pin) as pilot:
        await press(pilot, counter, "escape")
        assert isinstance(counter.app.screen, OwnServiceIdsScreen)
    assert counter.gateway.mykey.begun == []


async def test_a_long_list_is_paged(counter: Counter) -> None:
    counter.gateway.mykey.municipalities = MANY_MUNICIPALITIES
    async with at(counter, s16_4) as pilot:
        bases = counter.app.screen.query_one(PagedList)
        assert (len(bases.whole), bases.page_count) == (11, 2)
        await press(pilot, counter, "up")
        assert (bases.page, bases.index) == (1, 1)
        await press(pilot, counter, "down")
        assert (bases.page, bases.index) == (0, 0)
        await press(pilot, counter, "pagedown")
        assert (bases.page, len(bases.lines)) == (1, 11 - LINES_ON_A_PAGE)
        await press(pilot, counter, "1")
        assert bases.whole[0] == "第10県 第10県第1市"
        await press(pilot, counter, "f3")
        assert bases.whole[0] == "第1県"
        await press(pilot, counter, "end", "enter")
        await press(pilot, counter, "end", "enter")
        assert shows(counter, "第11県 第11県第12市")


async def test_no_municipality_to_choose(counter: Counter) -> None:
    counter.gateway.mykey.municipalities = []
    async with at(counter, s16_4) as pilot:
        assert shows(counter, "設定できる自治体がありません")
        await press(pilot, counter, "enter", "1", "down", "escape")
        assert isinstance(counter.app.screen, MenuScreen)


async def test_a_password_is_shown_as_dots(counter: Counter) -> None:
    async with at(counter, tie):
        assert [field.password for field in counter.app.screen.query(Input)] == [False, True]
