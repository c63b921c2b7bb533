"""A kiosk with a real server: a MyKey ID from its making to its revocation (MKY-1 to MKY-7)."""

from collections.abc import AsyncIterator

import pytest
from textual.widgets import Input

from counter_tui.compose import build
from counter_tui.faces.kiosk.face import KIOSK
from counter_tui.faces.kiosk.menu import KioskMenuScreen
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.mykey.attempt import AttemptScreen
from counter_tui.tasks.mykey.base_municipality import BaseStep
from counter_tui.tasks.mykey.candidate import CandidateStep
from counter_tui.tasks.mykey.change import ChangeCandidateStep, ChangedStep, ChangeStep
from counter_tui.tasks.mykey.create import CreatedStep, RegisterStep
from counter_tui.tasks.mykey.form_steps import MailStep, PasswordStep
from counter_tui.tasks.mykey.revoke import LossesStep, RevokedStep, RevokeStep
from server.upkeep.demo_data import KIOSK_TERMINAL
from tests.end_to_end.support import BALANCE, SAKURAI, SIZE, WITHOUT_MYKEY, Counter, Place, Ticks

PASSWORD = "Kiosk2026"
MAIL = "hanako@example.jp"


@pytest.fixture
async def kiosk(place: Place, server: str) -> AsyncIterator[Counter]:
    """A kiosk that the staff have signed in."""
    ticks = Ticks()
    settings = place.settings(server, state=place.folder / "kiosk", printer="")
    app = build(settings, ticks, face=KIOSK)
    async with app.run_test(size=SIZE) as pilot:
        kiosk = Counter(place, app, pilot, ticks)
        await kiosk.register(KIOSK_TERMINAL)
        await kiosk.reach(KioskMenuScreen)
        yield kiosk
        await kiosk.settle()
    await app.session.calls.close()


async def give_card_and_pin(kiosk: Counter, task: str, card: int) -> None:
    """From the menu through S14 and S15."""
    kiosk.reader.insert(card)
    await kiosk.press(task)
    await kiosk.until(lambda: isinstance(kiosk.app.screen, AttemptScreen), "S14")
    await kiosk.read("カードがセットされています。")
    await kiosk.press("enter")
    await kiosk.reach(PinBox)
    await kiosk.type("1234")
    await kiosk.press("enter")


async def choose_candidate(kiosk: Counter, mykey_id: str) -> None:
    await kiosk.type(mykey_id)
    await kiosk.press("enter")
    await kiosk.read("重複はありません。")
    await kiosk.confirm()


async def create(kiosk: Counter, mykey_id: str, card: int = WITHOUT_MYKEY) -> None:
    """S14 to S17."""
    await give_card_and_pin(kiosk, "1", card)
    await kiosk.reach(CandidateStep)
    await choose_candidate(kiosk, mykey_id)
    await kiosk.reach(PasswordStep)
    await kiosk.type(PASSWORD)
    await kiosk.press("enter")
    await kiosk.type(PASSWORD)
    await kiosk.press("enter")
    await kiosk.reach(MailStep)
    await kiosk.type(MAIL)
    await kiosk.press("enter")
    await kiosk.type(MAIL)
    await kiosk.press("enter", "enter")
    await kiosk.reach(BaseStep)
    await kiosk.read("1  デモ県 さくら野市")
    await kiosk.press("1")
    await kiosk.reach(RegisterStep)
    await kiosk.confirm()


def citizen(place: Place, card: int) -> list[tuple[object, ...]]:
    return place.rows(
        """SELECT c.mykey_id, p.mail FROM citizen c JOIN certificate USING (citizen_id)
        LEFT JOIN citizen_profile p USING (citizen_id) WHERE serial_number = ?""",
        place.serial_number(card),
    )


async def test_a_mykey_id_is_made_and_opens_the_points(place: Place, kiosk: Counter) -> None:
    await create(kiosk, "hanako10")
    await kiosk.reach(CreatedStep)
    await kiosk.read("HANAKO10")
    assert PASSWORD not in kiosk.text
    assert citizen(place, WITHOUT_MYKEY) == [("HANAKO10", MAIL)]

    await kiosk.confirm()
    await kiosk.reach(KioskMenuScreen)
    assert "HANAKO10" not in kiosk.text


async def test_what_somebody_else_has_is_refused_and_a_proposal_is_taken(
    place: Place, kiosk: Counter
) -> None:
    await give_card_and_pin(kiosk, "1", WITHOUT_MYKEY)
    await kiosk.reach(CandidateStep)
    await kiosk.type("ｍｙ１２３４５６")
    await kiosk.press("enter")
    await kiosk.read("重複チェックのエラー: あと2回")
    await kiosk.press("f2")
    await kiosk.read("自動生成: あと2回")
    proposed = kiosk.app.screen.query_one("#candidate", Input).value
    ((reserved,),) = place.rows("SELECT mykey_id FROM mykey_candidate")
    assert reserved == proposed
    kiosk.reader.remove()
    await kiosk.read("カードが抜かれました。")
    await kiosk.until(
        lambda: place.rows("SELECT mykey_id FROM mykey_candidate") == [], "that it is free"
    )
    assert citizen(place, WITHOUT_MYKEY) == []


async def test_a_changed_id_keeps_the_points_and_the_old_one_is_gone(
    place: Place, kiosk: Counter
) -> None:
    await give_card_and_pin(kiosk, "2", SAKURAI)
    await kiosk.reach(ChangeCandidateStep)
    await choose_candidate(kiosk, "SAKURA88")
    await kiosk.reach(ChangeStep)
    await kiosk.confirm()
    await kiosk.reach(ChangedStep)
    await kiosk.read("SAKURA88", "MY123456")
    assert citizen(place, SAKURAI)[0][0] == "SAKURA88"
    assert place.balance() == BALANCE


async def test_a_revoked_id_loses_what_was_shown_and_cannot_be_taken_again(
    place: Place, kiosk: Counter
) -> None:
    await give_card_and_pin(kiosk, "3", SAKURAI)
    await kiosk.reach(LossesStep)
    await kiosk.read("MY123456", "2,710")
    await kiosk.confirm()
    await kiosk.reach(RevokeStep)
    await kiosk.press("enter")
    await kiosk.read("Enterでは失効しません。")
    assert place.balance() == BALANCE
    await kiosk.press("f6")
    await kiosk.reach(RevokedStep)
    await kiosk.read("マイキーIDを失効させました。", "2,710")
    assert place.balance() == 0
    assert place.rows("SELECT count(*) FROM service_id") == [(1,)]  # 高橋さん's
    await kiosk.press("f2")
    await kiosk.reach(KioskMenuScreen)
    await give_card_and_pin(kiosk, "1", WITHOUT_MYKEY)
    await kiosk.reach(CandidateStep)
    await kiosk.type("MY123456")
    await kiosk.press("enter")
    await kiosk.read("重複チェックのエラー: あと2回")


async def test_a_wrong_pin_begins_nothing(place: Place, kiosk: Counter) -> None:
    kiosk.reader.insert(SAKURAI)
    await kiosk.press("3")
    await kiosk.read("カードがセットされています。")
    await kiosk.press("enter")
    await kiosk.reach(PinBox)
    await kiosk.type("9999")
    await kiosk.press("enter")
    await kiosk.read("2")
    assert place.rows("SELECT count(*) FROM mykey_attempt") == [(0,)]
