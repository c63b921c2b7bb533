"""S22: what each class of terminals is offered, and that nobody is offered nothing (TRM-6)."""

from pathlib import Path

import pytest
from jichipoint.v1 import terminals_pb2

from counter_tui.faces.shop.menus import MENUS, MenuScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter

SIZE = (80, 24)
NO_COUNTERS = {
    terminals_pb2.TERMINAL_CLASS_UNSPECIFIED,
    terminals_pb2.TERMINAL_CLASS_GRANT,
    terminals_pb2.TERMINAL_CLASS_MUNICIPALITY,
    terminals_pb2.TERMINAL_CLASS_PARTNER,
    terminals_pb2.TERMINAL_CLASS_OPERATOR,
}


def test_every_class_was_decided_on() -> None:
    assert set(MENUS) | NO_COUNTERS == set(terminals_pb2.TerminalClass.values())
    assert not set(MENUS) & NO_COUNTERS


@pytest.mark.parametrize("of_class", [*sorted(NO_COUNTERS), 99])
async def test_another_class_is_told_so(
    of_class: terminals_pb2.TerminalClass.ValueType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch)
    async with counter.app.run_test(size=SIZE) as pilot:
        await counter.app.session.sign_in("00010011", "demo-1234")
        assert counter.app.session.terminal is not None
        counter.app.session.terminal.terminal_class = of_class
        await counter.app.push_screen(MenuScreen())
        await pilot.press("1", "enter", "enter")
        assert isinstance(counter.app.screen, MenuScreen)
        shown = screen_text(counter.app)
        assert "窓口アプリの端末のものではありません" in shown
        assert "選択" not in shown
