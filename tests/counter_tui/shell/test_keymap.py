"""The keymap file, and what is said of a bad one."""

from pathlib import Path

import pytest

from counter_tui.compose import build
from counter_tui.core.settings import Settings
from counter_tui.devices import UnusableSettingsError
from counter_tui.shell.actions import ACTIONS, shown_key
from counter_tui.shell.boxes import HelpBox
from counter_tui.shell.keymap import KeymapError, read_keymap


def written(folder: Path, text: str) -> Path:
    path = folder / "keymap.toml"
    path.write_text(text, "utf-8")
    return path


def test_one_key_and_several(tmp_path: Path) -> None:
    keymap = read_keymap(written(tmp_path, '[keys]\nhelp = "f11"\nback = ["escape", "ctrl+b"]'))
    assert keymap == {"help": ("f11",), "back": ("escape", "ctrl+b")}
    assert shown_key(ACTIONS["help"], keymap) == "F11"
    assert shown_key(ACTIONS["leave"], keymap) == "F10"


def test_two_keys_may_change_places(tmp_path: Path) -> None:
    text = '[keys]\nhelp = "f10"\nleave = "f1"'
    assert read_keymap(written(tmp_path, text)) == {"help": ("f10",), "leave": ("f1",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\nfly = "f3"', "there is no action 'fly'; there are .*back, .*help"),
        ('[keys]\nhelp = "f10"', "f10 is the key of both help and leave"),
        ('[keys]\nhelp = "f11"\nleave = "f11"', "f11 is the key of both"),
        ('[keys]\nhelp = "hyper"', "'hyper' of help is no key, such as f3"),
        ('[keys]\nhelp = "5"', "'5' of help is no key"),
        ("[keys]\nhelp = []", "help needs a key"),
        ("[keys]\nhelp = 3", "help needs a key"),
        ('[keys]\nhelp = [["f3"]]', "of help is no key"),
        ("keys = 3", r"one table \[keys\]"),
        ('[keys]\nhelp = "f11"\n[colours]', r"one table \[keys\]"),
        ("", r"one table \[keys\]"),
        ("[keys", "is not TOML"),
    ],
)
def test_one_line_says_what_to_change(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(KeymapError, match=said) as told:
        read_keymap(path)
    assert str(path) in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "keymap.toml"
    with pytest.raises(KeymapError, match="cannot be read"):
        read_keymap(path)
    path.write_bytes(b"[keys]\nhelp = '\xff'")
    with pytest.raises(KeymapError, match="cannot be read"):
        read_keymap(path)


def settings(folder: Path, keymap: Path) -> Settings:
    return Settings(
        server="127.0.0.1:9",
        state_folder=folder / "state",
        spool_folder=folder / "spool",
        language="ja",
        reader="",
        virtual_cards=None,
        hint=None,
        keymap=keymap,
    )


async def test_the_application_takes_the_keys_and_shows_them(tmp_path: Path) -> None:
    app = build(settings(tmp_path, written(tmp_path, '[keys]\nhelp = "f11"')))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("f1")
        assert not isinstance(app.screen, HelpBox)
        await pilot.press("f11")
        await pilot.pause()
        assert isinstance(app.screen, HelpBox)
    await app.session.calls.close()


def test_the_application_refuses_a_bad_file(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettingsError, match="no action 'fly'"):
        build(settings(tmp_path, written(tmp_path, '[keys]\nfly = "f3"')))
