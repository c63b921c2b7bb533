"""S10 at the first start and after, and 連絡先の変更, against a real server (TRM-4)."""

import json
from typing import Any

from textual.widgets import Input

from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.terminal.contact import ContactChangeScreen, ContactScreen
from server.upkeep.demo_data import TERMINAL
from tests.end_to_end.support import Counter, Place, SettableClock, counter_at

CONTACT = ("花田", "1050011", "東京都", "港区芝公園9", "03-0000-0000", "a@example.jp")


def kept(place: Place) -> list[tuple[Any, ...]]:
    query = """SELECT contact_name, postal_code, prefecture, address, telephone, mail
        FROM terminal_contact WHERE terminal_id = ?"""
    return place.rows(query, TERMINAL)


def without_contact(place: Place) -> None:
    place.change("DELETE FROM terminal_contact WHERE terminal_id = ?", TERMINAL)


async def type_contact(counter: Counter) -> None:
    """As somebody does who has only the keyboard; the address is looked up."""
    await counter.type("花田")
    await counter.press("tab")
    await counter.type("１０５ー００１１")
    await counter.press("enter")
    address = counter.app.screen.query_one("#address", Input)
    await counter.until(lambda: address.has_focus, "address")
    for text in ("9", "０３ー００００ー００００", "ａ＠ｅｘａｍｐｌｅ．ｊｐ", "a@example.jp"):
        await counter.type(text)
        await counter.press("tab")


async def test_a_first_start_asks_for_the_contact(place: Place, server: str) -> None:
    """Until it is there, whatever is pressed and however often it is started."""
    without_contact(place)
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.reach(ContactScreen)
        await counter.read("さくら通り商店街", "花田酒店 レジ1")
        await counter.press("escape")
        await counter.reach(ContactScreen)
        assert "あとで" not in counter.text
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(ContactScreen)
        await counter.press("escape")
        await counter.reach(ContactScreen)
        await type_contact(counter)
        await counter.press("enter")
        await counter.reach(MenuScreen)
        await counter.read("連絡先を登録しました。")
    assert kept(place) == [CONTACT]
    async with counter_at(place, server) as counter:
        await counter.sign_in()
        await counter.reach(MenuScreen)


async def test_a_terminal_of_before_may_put_it_off(place: Place, server: str) -> None:
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.reach(MenuScreen)
    without_contact(place)
    path = place.state / "terminal.json"
    kept = json.loads(path.read_text())
    del kept["asked_for_contact"]
    path.write_text(json.dumps(kept))
    for _ in range(2):
        async with counter_at(place, server) as counter:
            await counter.sign_in()
            await counter.reach(ContactScreen)
            await counter.read("Esc あとで")
            await counter.press("escape")
            await counter.reach(MenuScreen)


async def test_a_session_that_ends_meanwhile_loses_nothing(
    place: Place, server: str, clock: SettableClock
) -> None:
    without_contact(place)
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.reach(ContactScreen)
        await type_contact(counter)
        clock.advance(hours=13)
        await counter.press("enter")
        await counter.sign_in()
        await counter.reach(MenuScreen)
    assert kept(place) == [CONTACT]


async def test_the_contact_is_changed_from_the_menu(place: Place, server: str) -> None:
    (before,) = kept(place)
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.reach(MenuScreen)
        await counter.press("6")
        await counter.reach(ContactChangeScreen)
        await counter.read("105-0011", "demo@example.jp")
        await counter.press("escape")
        await counter.reach(MenuScreen)
        assert kept(place) == [before]
        await counter.press("6")
        await counter.reach(ContactChangeScreen)
        await counter.read("105-0011")
        await counter.press("end")
        await counter.type("（花田）")
        await counter.press("enter")
        await counter.reach(MenuScreen)
    assert kept(place) == [("デモ担当（花田）", *before[1:])]
