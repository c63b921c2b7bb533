"""Registering and signing in, and a session that ends (TRM-4 to TRM-6)."""

import pytest
from textual.widgets import Input

from counter_tui.calls.server import Calls
from counter_tui.compose import build
from counter_tui.devices import UnusableSettingsError
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.tasks.points.spend import SpendDoneScreen, SpendInputScreen
from counter_tui.tasks.terminal.sign_in import RegisterScreen, SignInScreen
from server.upkeep.demo_data import TERMINAL
from tests.end_to_end.support import (
    BALANCE,
    MORI,
    SAKURAI,
    Counter,
    Place,
    SettableClock,
    counter_at,
    counter_in_use,
)


def machines(place: Place) -> list[bytes | None]:
    query = "SELECT machine_fingerprint FROM terminal WHERE terminal_id = ?"
    return [row[0] for row in place.rows(query, TERMINAL)]


def sessions(place: Place) -> int:
    return int(place.rows("SELECT count(*) FROM session")[0][0])


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_wrong_password(place: Place, server: str, language: str) -> None:
    async with counter_at(place, server, language) as counter:
        await counter.reach(RegisterScreen)
        await counter.type(TERMINAL)
        await counter.press("tab")
        await counter.type("wrong")
        await counter.press("enter")
        said = "パスワードが違います" if language == "ja" else "The terminal ID or the password is"
        await counter.read(said, "(SIGN_IN_REFUSED)")
        password = counter.app.screen.query_one("#password", Input)
        assert password.value == ""
        assert password.has_focus
        assert (machines(place), sessions(place)) == ([None], 0)
        assert not (place.state / "terminal.json").exists()

        await counter.type(place.town.password)
        await counter.press("enter")
        await counter.reach(MenuScreen)
        assert sessions(place) == 1


@pytest.mark.parametrize(
    "terminal_id", ["0001001", "99999999", "0001001x", "００１００１１", f"{TERMINAL}1"]
)
async def test_unknown_terminal(place: Place, server: str, terminal_id: str) -> None:
    async with counter_at(place, server) as counter:
        await counter.reach(RegisterScreen)
        await counter.type(terminal_id)
        await counter.press("tab")
        await counter.type(place.town.password)
        await counter.press("enter")
        reason = "(SIGN_IN_REFUSED)" if terminal_id == "99999999" else "(INVALID_FIELD)"
        await counter.read(reason)
        assert isinstance(counter.app.screen, RegisterScreen)
        assert counter.app.screen.query_one("#terminal-id", Input).value == terminal_id
        assert (machines(place), sessions(place)) == ([None], 0)
        assert not (place.state / "terminal.json").exists()


async def test_a_terminal_id_of_full_width_digits(place: Place, server: str) -> None:
    async with counter_at(place, server) as counter:
        await counter.register("０００１００１１")
        await counter.reach(MenuScreen)
        assert counter.app.session.state.registered_terminal() == TERMINAL


async def test_enter_goes_to_the_empty_field_first(place: Place, server: str) -> None:
    async with counter_at(place, server) as counter:
        await counter.reach(RegisterScreen)
        await counter.press("enter")
        await counter.type(TERMINAL)
        await counter.press("enter")
        assert counter.app.screen.query_one("#password", Input).has_focus
        assert sessions(place) == 0


async def test_another_machine(place: Place, server: str) -> None:
    calls = Calls(server)
    await calls.terminals.sign_in(TERMINAL, place.town.password, b"another machine".ljust(32))
    await calls.close()
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.read("別の機械で登録されています", "(MACHINE_NOT_BOUND)")
        assert isinstance(counter.app.screen, RegisterScreen)
        assert counter.app.screen.query_one("#password", Input).value == ""
    assert machines(place) == [b"another machine".ljust(32)]
    assert sessions(place) == 1
    assert place.booked() == []


async def test_server_away_at_sign_in(place: Place) -> None:
    async with counter_at(place, "127.0.0.1:9") as counter:
        await counter.register()
        await counter.read("サーバーから返事がありません。", "(UNAVAILABLE)", "切断")
        assert isinstance(counter.app.screen, RegisterScreen)
        assert sessions(place) == 0


async def test_session_expires_between_confirm_and_booking(
    place: Place, counter: Counter, clock: SettableClock
) -> None:
    await counter.open_spending()
    await counter.check(500)
    clock.advance(hours=13)
    await counter.confirm()
    await counter.reach(SignInScreen)
    await counter.read("ログインの有効時間が過ぎました", TERMINAL)
    assert place.booked() == []
    assert len(place.waiting()) == 1
    request = place.waiting()[0].name

    await counter.type("wrong")
    await counter.press("enter")
    await counter.read("(SIGN_IN_REFUSED)")
    await counter.sign_in()
    await counter.reach(SpendDoneScreen)
    assert place.booked() == [("SPEND", 500)]
    ((request_id,),) = place.rows("SELECT request_id FROM operation WHERE method LIKE '%Spend'")
    assert request == f"{request_id}.json"
    assert place.balance() == BALANCE - 500
    assert place.waiting() == []


async def test_session_and_day_are_over(
    place: Place, counter: Counter, clock: SettableClock
) -> None:
    await counter.open_spending()
    await counter.check(500)
    clock.advance(hours=16)
    await counter.confirm()
    await counter.sign_in()
    await counter.read("(DAY_TURNED)", "記帳されていません。")
    assert place.booked() == []
    assert place.balance() == BALANCE
    assert place.waiting() == []


async def test_session_expires_before_the_card_is_read(
    place: Place, counter: Counter, clock: SettableClock
) -> None:
    await counter.open_spending(None)
    clock.advance(hours=13)
    counter.reader.insert(SAKURAI)
    await counter.sign_in()
    await counter.read("MY123456", "1,730pt")
    assert place.booked() == []


async def test_card_changed_while_the_password_is_asked_for(
    place: Place, counter: Counter, clock: SettableClock
) -> None:
    await counter.open_spending(None)
    clock.advance(hours=13)
    counter.reader.insert(SAKURAI)
    await counter.reach(SignInScreen)
    counter.reader.insert(MORI)
    await counter.settle()
    screens = [type(screen) for screen in counter.app.screen_stack]
    assert screens.count(SignInScreen) == 1
    await counter.sign_in()
    await counter.reach(SpendInputScreen)
    await counter.read("KEY34567", "300pt")
    assert place.outcomes() == []


@pytest.mark.parametrize("where", ["outbox", "terminal.json"])
async def test_state_folder_that_cannot_be_used(place: Place, server: str, where: str) -> None:
    place.state.mkdir()
    blocked = place.state / where
    if where == "outbox":
        blocked.write_text("not a folder")
    else:
        blocked.with_name(f".{where}.part").mkdir()
        (blocked.with_name(f".{where}.part") / "x").touch()
    async with counter_at(place, server) as counter:
        await counter.register()
        await counter.read(str(place.state)[:40])
        assert isinstance(counter.app.screen, RegisterScreen)
        assert place.booked() == []
        if where == "outbox":
            blocked.unlink()
        else:
            (blocked.with_name(f".{where}.part") / "x").unlink()
            blocked.with_name(f".{where}.part").rmdir()
        await counter.press("enter")
        await counter.reach(MenuScreen)


async def test_damaged_registration_is_told_before_the_start(place: Place, server: str) -> None:
    async with counter_in_use(place, server):
        pass
    path = place.state / "terminal.json"
    path.write_text("{")
    with pytest.raises(UnusableSettingsError, match="damaged"):
        build(place.settings(server))
    assert path.read_text() == "{"
