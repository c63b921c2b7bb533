"""Nothing of a PIN or password reaches a clipboard (CRD-2)."""

from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.counter_tui.canned import Counter
from tests.counter_tui.test_mykey_screens import s15
from tests.counter_tui.test_screens import SIZE, Drive, s9
from tests.counter_tui.test_service_id_screens import cards, signature


@pytest.mark.parametrize(
    ("drive", "field"),
    [(s9, "#password"), (s15, "#pin"), (signature, "#signature-password")],
    ids=["password", "pin", "signature"],
)
@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+x"])
async def test_a_secret_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: Drive, field: str, key: str
) -> None:
    counter = Counter(tmp_path, "ja", monkeypatch, cards=cards())
    async with counter.app.run_test(size=SIZE) as pilot:
        await drive(counter, cast(Pilot[object], pilot))
        secret = counter.app.screen.query_one(field, Input)
        secret.value = "7391"
        secret.focus()
        secret.select_all()
        await pilot.press(key)
        await pilot.pause()
        assert secret.selected_text == "7391"
        assert counter.app.clipboard == ""
