"""S37 to S39: the street's own card, registration offered, delivered and taken (MRG-1 to MRG-4)."""

from pathlib import Path

import pytest
from jichipoint.v1 import merging_pb2
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError, UnreachableError
from counter_tui.tasks.points import merge
from counter_tui.tasks.points.merge import MergeConfirmScreen, MergeDoneScreen, MergeInputScreen
from counter_tui.tasks.service_ids.register import RegisterServiceIdScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import STREET_CARD, Counter, scan
from tests.counter_tui.test_screens import s22, s28, s39
from tests.counter_tui.test_service_id_screens import running
from tests.stillness import settle

NOT_REGISTERED = RefusedError("SERVICE_ID_NOT_REGISTERED", "先にサービスIDの登録が必要です。")


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch)


async def s37_empty(counter: Counter, pilot: Pilot[object]) -> None:
    await s28(counter, pilot)
    await pilot.press("3")
    await settle(pilot)


async def typed_card(counter: Counter, pilot: Pilot[object], number: str = STREET_CARD) -> None:
    """Type the number on a street's card, with the keys alone."""
    await s37_empty(counter, pilot)
    await pilot.press(*number, "enter")
    await settle(pilot)


async def test_what_to_do_first_is_said_whole_in_80_columns(counter: Counter) -> None:
    async with running(counter) as pilot:
        await s37_empty(counter, pilot)
        assert str(MergeInputScreen.ASK_FOR_CARD) in screen_text(counter.app)


async def test_the_street_s_card_is_typed_and_merged_without_a_card_in_the_reader(
    counter: Counter,
) -> None:
    async with running(counter) as pilot:
        await typed_card(counter, pilot)
        assert "MY123456" in screen_text(counter.app)
        assert "商店街ポイントカードを読み取りました。" in screen_text(counter.app)
        await pilot.press(*"500", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeConfirmScreen)
        counter.watch.seconds += 1
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeDoneScreen)
    request = merging_pb2.MergeRequest.FromString(counter.gateway.sent[0])
    assert (request.customer_id, request.points) == (STREET_CARD, 500)
    assert request.WhichOneof("card") == "customer_id"


@pytest.mark.parametrize("text", ["A123456789A", "１２３４５６７８９"])
async def test_the_street_s_card_is_scanned(counter: Counter, text: str) -> None:
    async with running(counter) as pilot:
        await s37_empty(counter, pilot)
        scan(counter.app, text)
        await settle(pilot)
        assert "MY123456" in screen_text(counter.app)
        assert counter.app.screen.query_one("#number", Input).value == STREET_CARD
        assert counter.app.screen.query_one("#points", Input).has_focus


@pytest.mark.parametrize("number", ["12 34", "あ", "1" * 33])
async def test_what_is_no_number_is_told_and_not_sent(counter: Counter, number: str) -> None:
    async with running(counter) as pilot:
        await s37_empty(counter, pilot)
        counter.app.screen.query_one("#number", Input).value = number
        await pilot.press("enter")
        await settle(pilot)
        assert "MY123456" not in screen_text(counter.app)


async def test_an_unknown_card_leads_to_the_registration(counter: Counter) -> None:
    async with running(counter) as pilot:
        await typed_card(counter, pilot, "999999999")
        assert "(STREET_CARD_UNKNOWN)" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)


async def test_a_holder_without_a_number_is_led_to_the_registration_and_read_again(
    counter: Counter,
) -> None:
    counter.gateway.merge_trouble = NOT_REGISTERED
    async with running(counter) as pilot:
        await s37_empty(counter, pilot)
        assert "F3" not in screen_text(counter.app)
        counter.reader.insert(0)
        await settle(pilot)
        assert "(SERVICE_ID_NOT_REGISTERED)" in screen_text(counter.app)
        assert "F3" in screen_text(counter.app)
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, RegisterServiceIdScreen)
        counter.gateway.merge_trouble = None
        await pilot.press("escape")
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeInputScreen)
        assert "MY123456" in screen_text(counter.app)
        assert "F3" not in screen_text(counter.app)


async def test_another_trouble_offers_no_registration(counter: Counter) -> None:
    counter.gateway.merge_trouble = UnreachableError("UNAVAILABLE", "返事がありません。")
    async with running(counter) as pilot:
        await s37_empty(counter, pilot)
        counter.reader.insert(0)
        await settle(pilot)
        await pilot.press("f3")
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeInputScreen)


async def test_a_my_number_card_takes_the_place_of_the_street_s(counter: Counter) -> None:
    async with running(counter) as pilot:
        await typed_card(counter, pilot)
        counter.reader.insert(0)
        await settle(pilot)
        assert counter.app.screen.query_one("#number", Input).value == ""
        await pilot.press(*"5", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeConfirmScreen)
        counter.reader.remove()
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeInputScreen), "bound to the card again (USE-9)"


async def test_a_card_put_in_at_the_confirmation_asks_anew(counter: Counter) -> None:
    async with running(counter) as pilot:
        await typed_card(counter, pilot)
        await pilot.press(*"5", "enter")
        await settle(pilot)
        counter.reader.insert(0)
        await settle(pilot)
        assert isinstance(counter.app.screen, MergeInputScreen)
        assert counter.gateway.sent == []


async def test_more_points_than_go_without_a_pin_take_the_my_number_card(
    counter: Counter,
) -> None:
    counter.gateway.merge_pin_above = 1000
    async with running(counter) as pilot:
        await typed_card(counter, pilot)
        await pilot.press(*"1001", "enter")
        await settle(pilot)
        assert "(MY_NUMBER_CARD_NEEDED)" in screen_text(counter.app)
        assert isinstance(counter.app.screen, MergeInputScreen)


async def test_delivered_and_taken_are_told_apart(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "ACKNOWLEDGED_AFTER_SECONDS", (0.01,) * 300)
    async with running(counter) as pilot:
        await s39(counter, pilot)
        assert "連携ファイル: 引き渡し済み" in screen_text(counter.app)
        assert "商店街の受け取り: まだ確認できません" in screen_text(counter.app)
        assert counter.gateway.delivered == ["2017040200001"]
        counter.gateway.street_takes = True
        while "商店街の受け取り: 受け取り済み" not in screen_text(counter.app):
            await pilot.pause(0.01)


async def test_what_was_not_delivered_is_fetched_at_the_start(counter: Counter) -> None:
    file = merging_pb2.MergeFile(name="000002-2017040200009.mrg", content=b"encrypted")
    counter.gateway.undelivered = [
        merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge(
            transaction_number="2017040200009", merge_file=file
        )
    ]
    async with running(counter) as pilot:
        await s22(counter, pilot)
        while not counter.gateway.delivered:
            await pilot.pause(0.01)
    assert (counter.app.settings.spool_folder / file.name).read_bytes() == file.content
    assert counter.gateway.delivered == ["2017040200009"]


async def test_a_file_that_cannot_be_delivered_at_the_start_is_told(counter: Counter) -> None:
    file = merging_pb2.MergeFile(name="000002-2017040200009.mrg", content=b"encrypted")
    counter.gateway.undelivered = [
        merging_pb2.ListUndeliveredMergesResponse.UndeliveredMerge(
            transaction_number="2017040200009", merge_file=file
        )
    ]
    (counter.app.settings.spool_folder / file.name).write_bytes(b"another")
    async with running(counter) as pilot:
        await s22(counter, pilot)
        while "連携ファイル: 未引き渡し" not in screen_text(counter.app):
            await pilot.pause(0.01)
        assert "2017040200009" in screen_text(counter.app)
    assert counter.gateway.delivered == []
