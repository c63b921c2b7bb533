"""What the application is not started with."""

from pathlib import Path

import pytest

from counter_tui.compose import open_printing
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
