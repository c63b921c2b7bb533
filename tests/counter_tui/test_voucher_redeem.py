"""S35 while a voucher is being taken without network (VCH-8)."""

import asyncio
from pathlib import Path

import pytest

from counter_tui.bookings.redemptions import LapsedError
from demo.screen_text import screen_text
from tests.counter_tui.canned import NUMBER, QR_TEXT, Counter, scan
from tests.counter_tui.test_mykey_create import at
from tests.counter_tui.test_screens import s35_without_network
from tests.patient_hand import rest
from tests.stillness import settle

SHOWN = "未確定(サーバーで未確認)"


@pytest.mark.parametrize("is_refused", [False, True])
async def test_the_next_code_waits_until_the_one_before_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_refused: bool
) -> None:
    """Unless that is refused: then it is said, and nothing shown over it."""
    counter = Counter(tmp_path, "ja", monkeypatch, printer=True)
    let_go = asyncio.Event()

    async def take(_signed: object, _request_id: str) -> None:
        await let_go.wait()
        if is_refused:
            raise LapsedError

    async with at(counter, s35_without_network) as pilot:
        monkeypatch.setattr(counter.app.session.trust, "take", take)
        counter.watch.seconds += 1
        await pilot.press("enter")
        await rest(counter.app)
        scan(counter.app, QR_TEXT)
        await rest(counter.app)
        assert SHOWN in screen_text(counter.app), "the one before is still shown"
        let_go.set()
        await settle(pilot)
        shown = screen_text(counter.app)
        if is_refused:
            assert "有効期間が過ぎています" in shown
            assert SHOWN not in shown
        else:
            assert SHOWN in shown, "the next one is shown, to be confirmed by itself"
            assert NUMBER[:4] in shown
