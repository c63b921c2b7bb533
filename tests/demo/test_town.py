"""One town for several counters, whatever ends."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.demo.support import F10, SECONDS_MAX, Terminal, ledger_of, play, processes, terminal

WELCOME = "端末IDと端末パスワードの登録"
OUT_OF_THE_SCREEN = b"\x1b[?1049l"


def of(folder: Path, part: str) -> list[int]:
    return [pid for pid, line in processes(folder).items() if part in line]


def until_another(folder: Path, part: str, pid: int) -> None:
    end = time.monotonic() + SECONDS_MAX
    while of(folder, part) in ([], [pid]):
        assert time.monotonic() < end, f"no other {part}"
        time.sleep(0.05)


def until_nothing_runs(folder: Path) -> None:
    end = time.monotonic() + SECONDS_MAX
    while left := processes(folder):
        assert time.monotonic() < end, left
        time.sleep(0.05)


def leave(shown: Terminal) -> None:
    shown.press(F10)
    shown.read("デモの記録は次の場所にあります。")
    assert shown.end() == 0


def test_a_second_counter_joins_and_the_last_one_ends_the_town(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop, terminal(folder, "--counter", "chamber") as chamber:
        shop.read(WELCOME)
        chamber.read(WELCOME)
        chamber.read("接続中")
        (server,) = of(folder, "server.cli serve")
        leave(shop)
        assert "ほかの窓口が開いているので、デモの町は動き続けます。" in shop.text
        with terminal(folder, "--counter", "kiosk") as kiosk:
            kiosk.read("接続中")
            assert of(folder, "server.cli serve") == [server]
            leave(kiosk)
        assert of(folder, "server.cli serve") == [server]
        leave(chamber)
        assert "動き続けます" not in chamber.text
    until_nothing_runs(folder)
    assert dict(ledger_of(folder)) == {"GRANT": 6}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "この窓口 (COUNTER=shop) はすでに開いています。"),
        (("--language", "en"), "Others open with COUNTER=chamber|library|kiosk."),
        (("--fresh",), "すべて終了してから FRESH=1"),
        (("--fresh", "--counter", "library"), "すべて終了してから FRESH=1"),
    ],
)
def test_what_is_refused_while_a_counter_is_open(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop:
        shop.read(WELCOME)
        before = (folder / "town.json").read_text("utf-8")
        with terminal(folder, *options) as second:
            assert second.end() == 1
            assert said in second.text
            assert len(second.text.strip().splitlines()) == 1
        assert (folder / "town.json").read_text("utf-8") == before
        leave(shop)


def test_the_day_plays_by_itself_beside_an_open_town(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop:
        shop.read(WELCOME)
        assert play(folder).returncode == 0
        leave(shop)
    assert dict(ledger_of(folder)) == {"GRANT": 6}


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("server.cli serve", "the server ended: signal 9"),
        ("street_points.py", "the street's point system ended: signal 9"),
        ("demo.keeper", "its keeper was killed"),
    ],
)
def test_what_dies_is_started_again_and_told(tmp_path: Path, part: str, said: str) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop, terminal(folder, "--counter", "library") as library:
        shop.read(WELCOME)
        library.read(WELCOME)
        (pid,) = of(folder, part)
        os.kill(pid, signal.SIGKILL)
        until_another(folder, part, pid)
        with terminal(folder, "--counter", "chamber") as chamber:
            chamber.read("接続中")
            leave(chamber)
            assert "もう一度起動しました" not in chamber.text
        for shown in (shop, library):
            leave(shown)
            assert f"途中で町が止まったため、もう一度起動しました: {said}" in shown.text
    until_nothing_runs(folder)


def test_a_server_that_cannot_start_again_ends_the_demo_with_its_reason(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop:
        shop.read(WELCOME)
        (folder / "master.key").write_text("no key\n")
        shop.press(b"")
        os.kill(of(folder, "server.cli serve")[0], signal.SIGKILL)
        assert shop.end() == 1
        assert OUT_OF_THE_SCREEN in shop.seen
        assert "master.key is not 64 hexadecimal digits" in shop.text.splitlines()[-1]
        assert "Traceback" not in shop.text
    until_nothing_runs(folder)


def test_a_demo_that_was_killed_leaves_no_lock_and_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with terminal(folder) as shop:
        shop.read(WELCOME)
        os.kill(shop.pid, signal.SIGKILL)
        shop.end()
    until_nothing_runs(folder)
    with terminal(folder, "--fresh") as shop:
        shop.read(WELCOME)
        leave(shop)
