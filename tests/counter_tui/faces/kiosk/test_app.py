"""The kiosk: it forgets whoever leaves, and is left by password only."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.widgets import Input

from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.calls.answers import SessionEndedError, UnreachableError
from counter_tui.cli import main
from counter_tui.core.settings import Settings
from counter_tui.faces.face import Face
from counter_tui.faces.kiosk.boxes import LeaveBox
from counter_tui.faces.kiosk.face import KIOSK
from counter_tui.faces.kiosk.menu import KioskMenuScreen
from counter_tui.shell.boxes import HelpBox, TooSmallBox
from counter_tui.shell.idle import NOTICE_SECONDS, QUIET_SECONDS, Idle
from counter_tui.tasks.mykey.create import CreatedStep
from counter_tui.tasks.mykey.menu import TASKS
from counter_tui.tasks.mykey.sending import SendingBox
from counter_tui.tasks.mykey.tie import TieStep
from counter_tui.tasks.terminal.sign_in import RegisterScreen, SignInScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter, Watch
from tests.counter_tui.canned_mykey import NO_ANSWER
from tests.counter_tui.test_kiosk_screens import (
    TERMINAL_PASSWORD,
    kiosk_idle,
    kiosk_leave,
    kiosk_menu,
    kiosk_tie,
    new_counter,
)
from tests.counter_tui.test_mykey_create import at, shows, typed, until
from tests.counter_tui.test_mykey_screens import PASSWORD, fill, give_pin, press
from tests.stillness import settle


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return new_counter(tmp_path, "ja", monkeypatch)


def on_menu(counter: Counter) -> bool:
    return isinstance(counter.app.screen, KioskMenuScreen)


def test_idle_seconds() -> None:
    watch = Watch()
    idle = Idle(watch)
    watch.seconds += QUIET_SECONDS - NOTICE_SECONDS - 1
    assert not idle.is_near()
    watch.seconds += 1
    assert idle.is_near()
    assert idle.seconds_left() == NOTICE_SECONDS
    idle.touched()
    assert not idle.is_near()
    watch.seconds += QUIET_SECONDS
    assert idle.seconds_left() == 0


async def test_only_the_citizens_work(counter: Counter) -> None:
    async with at(counter, kiosk_menu) as pilot:
        for number, (text, screen) in enumerate(TASKS, 1):
            assert shows(counter, f"{number}  {text}")
            await press(pilot, counter, str(number))
            assert type(counter.app.screen) is screen
            await press(pilot, counter, "escape")
            assert on_menu(counter)
        assert not shows(counter, "ポイント利用")


async def test_no_training(counter: Counter) -> None:
    async with counter.app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "練習モード" not in screen_text(counter.app)
        await pilot.press(*TERMINAL_PASSWORD, "f4")
        await pilot.pause()
        assert isinstance(counter.app.screen, SignInScreen)
        assert not counter.app.session.training


async def test_a_machine_without_a_terminal_registers_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = new_counter(tmp_path, "ja", monkeypatch)
    (tmp_path / "state" / "terminal.json").unlink()
    async with counter.app.run_test() as pilot:
        await pilot.pause()
        assert isinstance(counter.app.screen, RegisterScreen)


async def test_everything_is_forgotten(counter: Counter, tmp_path: Path) -> None:
    book = counter.gateway.mykey
    async with at(counter, kiosk_idle) as pilot:
        assert shows(counter, "あと7秒")
        counter.watch.seconds += 3
        await until(pilot, lambda: shows(counter, "あと4秒"))
        counter.watch.seconds += 4
        await until(pilot, lambda: on_menu(counter))
        await settle(pilot)
        assert book.ended == [book.begun[0][0]]
        assert not shows(counter, "MY123456")
        assert [type(screen) for screen in counter.app.screen_stack[1:]] == [KioskMenuScreen]
        assert [worker for worker in counter.app.workers if worker.group == "attempt"] == []
        await press(pilot, counter, "4")
        await give_pin(counter, pilot)
        assert [field.value for field in counter.app.screen.query(Input)] == ["", ""]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]  # noqa: ASYNC240
    assert [path for path in files if b"MY123456" in path.read_bytes()] == []


async def test_a_key_answers_the_notice_and_does_nothing_else(counter: Counter) -> None:
    async with at(counter, kiosk_idle) as pilot:
        await pilot.press("x")
        await settle(pilot)
        assert isinstance(counter.app.screen, TieStep)
        assert typed(counter, "#mykey-id").value == "MY123456"
        assert typed(counter, "#password").value == PASSWORD
        counter.watch.seconds += 49
        await settle(pilot)
        assert isinstance(counter.app.screen, TieStep)


@pytest.mark.parametrize("key", ["f10", "ctrl+q", "f9", "escape", "tab", "enter"])
async def test_any_key_answers_it(key: str, counter: Counter) -> None:
    async with at(counter, kiosk_idle) as pilot:
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(counter.app.screen, TieStep)


@pytest.mark.parametrize("key", ["f1", "f10", "f9"])
async def test_boxes_go_too(key: str, counter: Counter) -> None:
    async with at(counter, kiosk_tie) as pilot:
        await press(pilot, counter, key)
        assert not isinstance(counter.app.screen, TieStep)
        counter.watch.seconds += 61
        await until(pilot, lambda: on_menu(counter))
        assert len(counter.app.screen_stack) == 2


async def test_a_window_that_is_too_small_stays_covered(counter: Counter) -> None:
    async with at(counter, kiosk_tie) as pilot:
        await pilot.resize_terminal(79, 24)
        await until(pilot, lambda: isinstance(counter.app.screen, TooSmallBox))
        counter.watch.seconds += 61
        await until(pilot, lambda: len(counter.app.screen_stack) == 3)
        assert isinstance(counter.app.screen, TooSmallBox)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: on_menu(counter))


async def test_a_request_without_answer_is_forgotten_too(counter: Counter) -> None:
    counter.gateway.mykey.troubles["tie"] = [NO_ANSWER] * 100
    async with at(counter, kiosk_tie) as pilot:
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, SendingBox)
        counter.watch.seconds += 61
        await until(pilot, lambda: on_menu(counter))
        await settle(pilot)
        sent = len(counter.gateway.mykey.sent)
        await pilot.pause(0.5)
        assert len(counter.gateway.mykey.sent) == sent


async def test_a_session_that_ends_meanwhile(counter: Counter) -> None:
    """The sign-in that nobody answered is forgotten, and asked for again when it is needed."""
    book = counter.gateway.mykey
    book.troubles["tie"] = [SessionEndedError("SESSION_EXPIRED", "")]
    async with at(counter, kiosk_tie) as pilot:
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, SignInScreen)
        await press(pilot, counter, "f10")
        assert isinstance(counter.app.screen, LeaveBox)
        counter.watch.seconds += 61
        await until(pilot, lambda: on_menu(counter))
        book.troubles["service_ids"] = [SessionEndedError("SESSION_EXPIRED", "")]
        await press(pilot, counter, "5")
        await give_pin(counter, pilot)
        assert isinstance(counter.app.screen, SignInScreen)
        await press(pilot, counter, *TERMINAL_PASSWORD, "enter")
        assert shows(counter, "520625")


async def test_what_is_done_is_forgotten_too(counter: Counter) -> None:
    async with at(counter, kiosk_menu) as pilot:
        counter.reader.insert(0)
        await press(pilot, counter, "1")
        await give_pin(counter, pilot)
        await press(pilot, counter, "f2", "enter")
        await fill(pilot, counter, "#password", "#password-again", text=PASSWORD)
        await press(pilot, counter, "enter", "1")
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, CreatedStep)
        counter.watch.seconds += 61
        await until(pilot, lambda: on_menu(counter))
        assert not shows(counter, "K7Q0X1PO")


async def test_the_menu_stays_as_it_is(counter: Counter) -> None:
    async with at(counter, kiosk_menu) as pilot:
        menu = counter.app.screen
        counter.watch.seconds += 1000
        await settle(pilot)
        assert counter.app.screen is menu


async def test_the_language_is_forgotten(counter: Counter) -> None:
    async with at(counter, kiosk_menu) as pilot:
        await press(pilot, counter, "f2")
        assert shows(counter, "Make a MyKey ID")
        await press(pilot, counter, "1")
        assert shows(counter, "Put the My Number card into the card reader.")
        await press(pilot, counter, "escape")
        counter.watch.seconds += 61
        await until(pilot, lambda: shows(counter, "マイキーIDの作成・登録"))
        assert texts.language() == "ja"
        await press(pilot, counter, "f2", "f2")
        assert shows(counter, "マイキーIDの作成・登録")


@pytest.mark.parametrize("key", ["f10", "ctrl+q"])
async def test_it_is_left_by_password_only(key: str, counter: Counter) -> None:
    async with at(counter, kiosk_menu) as pilot:
        await press(pilot, counter, key)
        assert isinstance(counter.app.screen, LeaveBox)
        await press(pilot, counter, key, "enter")
        assert sum(isinstance(screen, LeaveBox) for screen in counter.app.screen_stack) == 1
        await press(pilot, counter, *"guess", "enter")
        assert shows(counter, "(SIGN_IN_REFUSED)")
        await press(pilot, counter, "escape")
        assert on_menu(counter)
        assert counter.app.is_running
        await press(pilot, counter, key)
        await pilot.press(*TERMINAL_PASSWORD, "enter")
        await until(pilot, lambda: counter.app._exit)


async def test_it_is_not_left_from_a_box(counter: Counter) -> None:
    async with at(counter, kiosk_tie) as pilot:
        await press(pilot, counter, "f1")
        assert isinstance(counter.app.screen, HelpBox)
        await press(pilot, counter, "ctrl+q")
        assert isinstance(counter.app.screen, LeaveBox)
        assert not counter.app._exit


async def test_it_is_not_left_while_the_server_is_away(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_arguments: object, **_options: object) -> None:
        raise UnreachableError("UNAVAILABLE", "サーバーから返事がありません。")

    async with at(counter, kiosk_leave) as pilot:
        monkeypatch.setattr(counter.gateway, "sign_in", away)
        await press(pilot, counter, *TERMINAL_PASSWORD, "enter")
        assert isinstance(counter.app.screen, LeaveBox)
        assert shows(counter, "(UNAVAILABLE)")
        assert typed(counter, "#leave-password").value == ""


async def test_before_the_staff_signed_in_it_can_be_left(counter: Counter) -> None:
    async with counter.app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("f10")
        assert counter.app._exit


async def test_nothing_is_kept_in_a_clipboard(counter: Counter) -> None:
    async with at(counter, kiosk_tie) as pilot:
        typed(counter, "#mykey-id").focus()
        await press(pilot, counter, "end", "shift+home", "ctrl+x")
        assert typed(counter, "#mykey-id").value == ""
        assert counter.app.clipboard == ""


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[Face, Settings]] = []

    async def run_async(app: CounterApp) -> None:
        started.append((app._face, app.settings))

    monkeypatch.setattr(CounterApp, "run_async", run_async)
    monkeypatch.setattr("gc.disable", lambda: None)
    cards = tmp_path / "cards"
    cards.mkdir()
    arguments = ["kiosk", "--server", "127.0.0.1:1", "--state", str(tmp_path / "state")]
    result = CliRunner().invoke(main, [*arguments, "--virtual-cards", str(cards)])
    assert result.exit_code == 0, result.output
    ((face, settings),) = started
    assert face is KIOSK
    assert settings.printer == ""
    assert settings.spool_folder == tmp_path / "state" / "spool"


def test_a_printer_is_none_of_its_options() -> None:
    result = CliRunner().invoke(main, ["kiosk", "--server", "127.0.0.1:1", "--printer", "usb"])
    assert result.exit_code == 2
    assert "--printer" in result.output
