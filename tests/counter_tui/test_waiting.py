"""What waits for the network is shown anew without a key: the day may turn meanwhile (VCH-8)."""

from datetime import date
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from counter_tui import app as app_module
from counter_tui.core.voucher_code import SignedVoucher
from counter_tui.tasks.vouchers.waiting import WaitingLine
from tests.counter_tui.canned import Counter
from tests.counter_tui.test_screens import s28

UNTIL = date(2017, 5, 1)


async def test_a_menu_tells_of_what_began_to_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "WAITING_SECONDS", 0.02)
    counter = Counter(tmp_path, "ja", monkeypatch)
    async with counter.app.run_test(size=(80, 24)) as pilot:
        await s28(counter, cast(Pilot[object], pilot))
        line = counter.app.screen.query_one(WaitingLine)
        assert not line.display
        voucher = SignedVoucher("000000000001", "00000001", 100, date(2017, 4, 1), UNTIL, 1)
        await counter.app.session.trust.take(voucher, "request-1")
        while not line.display:
            await pilot.pause(0.01)
        assert "未確定 1枚 100pt" in line.shown
