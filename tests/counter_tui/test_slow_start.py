"""A print queue that a slow machine opens late: what is to be printed waits for it."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from counter_tui.printers.printing import Printing
from counter_tui.printers.queue import QueueState
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_mykey_create import at
from tests.counter_tui.test_screens import s32, s33
from tests.stillness import settle

SECONDS_MAX = 30


async def test_a_voucher_waits_for_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    opens, start = threading.Event(), Printing.start

    def start_late(printing: Printing, tell: Callable[[QueueState], None]) -> None:
        assert opens.wait(SECONDS_MAX)
        start(printing, tell)

    monkeypatch.setattr(Printing, "start", start_late)
    async with at(counter, s32) as pilot:
        await pilot.press("enter")
        opens.set()
        await settle(pilot)
        assert type(counter.app.screen).__name__ == "IssueConfirmScreen"


async def test_a_queue_that_does_not_open_is_told_in_the_staff_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    (tmp_path / "queue").write_text("no folder")
    async with at(counter, s33):
        message = str(counter.app.screen.query_one("#message").render())
        assert "印字待ちの記録が開いていないため、印字できません。" in message
