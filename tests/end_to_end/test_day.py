"""A whole day at the counter, in both languages (USE-1, USE-2, MRG-1, MRG-4)."""

from pathlib import Path

import pytest

from counter_tui.faces.shop.menus import MenuScreen, PointMenuScreen
from counter_tui.tasks.points.merge import MergeDoneScreen
from counter_tui.tasks.points.spend import SpendDoneScreen
from counter_tui.tasks.terminal.sign_in import SignInScreen
from merge_driver.codec import decode
from merge_driver.keys import load_keys
from server.upkeep.demo_data import STREET, TERMINAL
from tests.end_to_end.support import BALANCE, TO_THE_POINTS, Place, counter_at

WORDS = {
    "ja": {
        "register": ("端末IDと端末パスワードの登録", "端末パスワード"),
        "sign_in": ("ログイン", f"端末ID              {TERMINAL}"),
        "confirm": ("ポイント利用 確認", "ポイント残高            1,730pt", "1,230pt"),
        "done": ("ポイント利用が完了しました。", "値引き", "500ポイント", "取引済番号"),
        "printed": ("レシートを印字しました。",),
        "merge_confirm": ("商店街ポイント合算 確認", "さくら通り商店街", "123456789", "取り消し"),
        "merge_done": ("商店街ポイントへの合算が完了しました。", "連携ファイル: 引き渡し済み"),
    },
    "en": {
        "register": ("Register this terminal", "Password"),
        "sign_in": ("Sign in", f"Terminal ID         {TERMINAL}"),
        "confirm": ("Use points: confirm", "Balance                 1,730pt", "1,230pt"),
        "done": ("The points have been used.", "discount", "500ポイント", "Transaction number"),
        "printed": ("The receipt has been printed.",),
        "merge_confirm": ("Merge into street points: confirm", "さくら通り商店街", "123456789"),
        "merge_done": ("The points have been merged.", "Merge file: delivered"),
    },
}


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_a_day_from_registration_to_the_merge_file(
    place: Place, server: str, language: str
) -> None:
    words = WORDS[language]
    async with counter_at(place, server, language) as counter:
        await counter.read(*words["register"])
        await counter.register()
        await counter.reach(MenuScreen)
        await counter.press("f10")

    async with counter_at(place, server, language) as counter:
        await counter.reach(SignInScreen)
        await counter.read(*words["sign_in"])
        assert not counter.app.screen.query("Input#terminal-id")
        await counter.sign_in()
        await counter.reach(MenuScreen)
        await counter.press(*TO_THE_POINTS)

        await counter.open_spending()
        await counter.check(500)
        await counter.read(*words["confirm"])
        assert place.booked() == []
        await counter.confirm()
        await counter.reach(SpendDoneScreen)
        await counter.read(*words["done"])
        assert place.booked() == [("SPEND", 500)]
        spend_number = place.rows("SELECT max(transaction_number) FROM ledger_transaction")[0][0]
        assert spend_number in counter.text
        await counter.press("f8")
        await counter.read(*words["printed"])
        assert spend_number.encode() in place.receipts.read_bytes()
        assert b"500\x1c&" + "ポイント".encode("shift_jis") in place.receipts.read_bytes()
        printed = place.receipts.stat().st_size
        await counter.press("enter", "escape")

        await counter.open_merging()
        await counter.check(200)
        await counter.read(*words["merge_confirm"])
        await counter.confirm()
        await counter.reach(MergeDoneScreen)
        await counter.read(*words["merge_done"])
        await counter.press("f8")
        await counter.read(*words["printed"])
        assert place.receipts.stat().st_size > printed
        await counter.press("f2", "escape")
        await counter.reach(PointMenuScreen)

    assert place.booked() == [("SPEND", 500), ("MERGE", 200)]
    assert place.balance() == BALANCE - 700
    assert place.waiting() == []
    (file,) = place.merge_files()
    decoded = decode(file.read_bytes(), load_keys(Path(place.town.keys)), STREET)
    assert [(record.id, record.points) for record in decoded.records] == [("123456789", 200)]
    assert decoded.records[0].transaction_number in file.name
