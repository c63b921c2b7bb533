"""What the application is not started with."""

from dataclasses import replace
from pathlib import Path

import pytest

from counter_tui.compose import build, open_printing
from counter_tui.core.settings import Settings
from counter_tui.devices import UnusableSettingsError
from counter_tui.slips import raster


def settings(folder: Path, *, has_kanji: bool = True, font: Path | None = None) -> Settings:
    return Settings(
        server="127.0.0.1:1",
        state_folder=folder,
        spool_folder=folder,
        language="ja",
        reader="",
        virtual_cards=None,
        hint=None,
        printer=f"file:{folder / 'receipts'}",
        printer_kanji=has_kanji,
        receipt_font=font,
    )


@pytest.mark.parametrize(
    ("font", "said"), [("none.ttf", "there is no font"), ("text.ttf", "cannot be used as a font")]
)
def test_a_font_that_is_none_is_refused_before_anything_is_booked(
    tmp_path: Path, font: str, said: str
) -> None:
    (tmp_path / "text.ttf").write_text("text")
    with pytest.raises(UnusableSettingsError, match=said):
        open_printing(settings(tmp_path, font=tmp_path / font))


def test_a_printer_without_kanji_needs_a_font(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_printing(settings(tmp_path, has_kanji=False))
    monkeypatch.setattr(raster, "FONT_FILES", ())
    assert open_printing(settings(tmp_path))
    with pytest.raises(UnusableSettingsError, match="--receipt-font"):
        open_printing(settings(tmp_path, has_kanji=False))


@pytest.mark.parametrize(
    ("prefix", "suffix"),
    [
        *(
            (key, "enter")
            for key in ("enter", "tab", "escape", "f8", "ctrl+p", "5", "２", "a", " ")
        ),
        ("f11", "f11"),
    ],
)
def test_a_scanner_s_prefix_is_no_key_that_people_press(
    tmp_path: Path, prefix: str, suffix: str
) -> None:
    given = replace(settings(tmp_path), scanner_prefix=prefix, scanner_suffix=suffix)
    with pytest.raises(UnusableSettingsError, match="people press"):
        build(given)


@pytest.mark.parametrize("prefix", ["f11", "ctrl+b", "~"])
def test_a_scanner_s_own_prefix(tmp_path: Path, prefix: str) -> None:
    build(replace(settings(tmp_path), scanner_prefix=prefix))
