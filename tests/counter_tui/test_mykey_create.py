"""S14 to S17: the counting, bad input, the card that goes, and an answer that does not come."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from jichipoint.v1 import mykey_pb2
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from counter_tui.calls.answers import RefusedError, SessionEndedError, UnreachableError
from counter_tui.faces.shop.menus import MenuScreen
from counter_tui.shell.boxes import HelpBox
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.mykey.base_municipality import BaseStep
from counter_tui.tasks.mykey.candidate import CandidateStep
from counter_tui.tasks.mykey.create import CreatedStep, MykeyCreateScreen, RegisterStep
from counter_tui.tasks.mykey.form_steps import MailStep, PasswordStep
from counter_tui.tasks.mykey.sending import SendingBox
from counter_tui.tasks.terminal.sign_in import SignInScreen
from demo.screen_text import screen_text
from tests.counter_tui.canned import Counter
from tests.counter_tui.canned_mykey import NO_ANSWER, OVER, PROPOSALS
from tests.counter_tui.test_mykey_screens import (
    MAIL,
    PASSWORD,
    press,
    registering_without_answer,
    s14,
    s15,
    s16_1,
    s16_1_free,
    s16_1_taken,
    s16_1_taken_thrice,
    s16_1_third,
    s16_2,
    s16_3,
    s16_3_choices,
    s16_4,
    s16_5,
    s17,
)
from tests.counter_tui.test_screens import SIZE, Drive
from tests.patient_hand import hold, press_hurriedly
from tests.stillness import settle

AT = tuple[Counter, Pilot[object]]


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    return Counter(tmp_path, "ja", monkeypatch)


@asynccontextmanager
async def at(counter: Counter, drive: Drive) -> AsyncIterator[Pilot[object]]:
    """Run the application up to a screen."""
    async with counter.app.run_test(size=SIZE) as pilot:
        shown = cast(Pilot[object], pilot)
        await drive(counter, shown)
        yield shown


async def until(pilot: Pilot[object], happened: Callable[[], bool]) -> None:
    """Wait for something that must come; the test's time is the limit."""
    while not happened():
        await pilot.pause(0.01)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def typed(counter: Counter, field: str) -> Input:
    return counter.app.screen.query_one(field, Input)


def shows(counter: Counter, text: str) -> bool:
    return text in screen_text(counter.app)


async def test_from_the_card_to_the_mykey_id(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s17) as pilot:
        assert isinstance(counter.app.screen, CreatedStep)
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, MenuScreen)
    ((attempt_id, purpose),) = book.begun
    assert purpose == mykey_pb2.ATTEMPT_PURPOSE_CREATE
    (request,) = book.sent
    assert isinstance(request, mykey_pb2.RegisterMykeyIdRequest)
    assert request == mykey_pb2.RegisterMykeyIdRequest(
        request_id=request.request_id,
        attempt_id=attempt_id,
        mykey_id="HANAKO10",
        password=PASSWORD,
        mail=MAIL,
        mail_choices=mykey_pb2.MailChoices(granted=True, mykey_id=True),
        base_municipality_code="141305",
    )
    assert request.request_id != attempt_id


async def test_without_mail_nothing_of_it_is_sent(counter: Counter) -> None:
    async with at(counter, s16_3) as pilot:
        counter.app.screen.query_one("#choices").focus()
        await press(pilot, counter, "1")
        typed(counter, "#mail").focus()
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, BaseStep)
        await press(pilot, counter, "1")
        await press(pilot, counter, "enter")
    (request,) = counter.gateway.mykey.sent
    assert isinstance(request, mykey_pb2.RegisterMykeyIdRequest)
    assert (request.mail, request.mail_choices) == ("", mykey_pb2.MailChoices())


async def test_the_third_candidate_is_final(counter: Counter) -> None:
    async with at(counter, s16_1_third) as pilot:
        assert shows(counter, "3回目の候補です")
        assert not typed(counter, "#candidate").parent.display  # type: ignore[union-attr]
        await press(pilot, counter, "f2")
        assert counter.gateway.mykey.proposed == 3
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, PasswordStep)
        await press(pilot, counter, "f3")
        assert shows(counter, "5文字目は英字のI(アイ)"), PROPOSALS[2]


async def test_a_key_held_down_takes_one_candidate(counter: Counter) -> None:
    async with at(counter, s16_1) as pilot:
        hold(counter.app, "f2")
        await settle(pilot)
        assert counter.gateway.mykey.proposed == 1


async def test_the_last_but_one_candidate_warns(counter: Counter) -> None:
    async with at(counter, s16_1) as pilot:
        await press(pilot, counter, "f2")
        assert not shows(counter, "次に自動生成される値は")
        await press(pilot, counter, "f2")
        assert shows(counter, "次に自動生成される値は、そのままマイキーIDとして登録されます")


async def test_the_third_refusal_leaves_only_generating(counter: Counter) -> None:
    async with at(counter, s16_1_taken_thrice) as pilot:
        assert counter.gateway.mykey.asked == ["TAKEN001", "TAKEN002", "TAKEN003"]
        assert shows(counter, "以後は自動生成だけが使えます")
        assert not typed(counter, "#candidate").parent.display  # type: ignore[union-attr]
        await press(pilot, counter, "f2")
        assert counter.gateway.mykey.proposed == 2


async def test_counts_are_the_servers(counter: Counter) -> None:
    counter.gateway.mykey.refused = 1
    async with at(counter, s16_1_taken):
        assert shows(counter, "重複チェックのエラー: あと1回")


async def test_after_a_refusal_the_same_is_asked_again(counter: Counter) -> None:
    async with at(counter, s16_1_taken) as pilot:
        await press(pilot, counter, "enter")
        assert counter.gateway.mykey.asked == ["TAKEN001", "TAKEN001"]


async def test_another_text_than_the_reserved_is_checked(counter: Counter) -> None:
    async with at(counter, s16_1_free) as pilot:
        await press(pilot, counter, "backspace", "1", "enter")
        assert isinstance(counter.app.screen, CandidateStep)
        assert counter.gateway.mykey.asked == ["HANAKO10", "HANAKO11"]


async def test_no_answer_to_a_check_is_told(counter: Counter) -> None:
    counter.gateway.mykey.troubles["check"] = [UnreachableError("UNAVAILABLE", "返事なし")]
    async with at(counter, s16_1_free) as pilot:
        assert shows(counter, "返事なし")
        await press(pilot, counter, "enter")
        assert shows(counter, "重複はありません")


@pytest.mark.parametrize("text", ["HANAKO1", "HANAKO100", "HANA-O10", "ハナコ12345"])
async def test_a_bad_candidate_is_not_asked_for(text: str, counter: Counter) -> None:
    async with at(counter, s16_1) as pilot:
        typed(counter, "#candidate").value = text
        await press(pilot, counter, "enter")
        assert typed(counter, "#candidate").value == text
        assert typed(counter, "#candidate").has_class("invalid")
        assert counter.gateway.mykey.asked == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("abc12", "短すぎます"),
        ("a" * 17, "長すぎます"),
        ("abc-12345", "記号や空白は使えません"),
        ("ａｂｃ12345", "全角の文字が入っています"),
    ],
)
async def test_a_bad_password_is_told_at_once(text: str, told: str, counter: Counter) -> None:
    async with at(counter, s16_2) as pilot:
        typed(counter, "#password").value = text
        await settle(pilot)
        assert shows(counter, told)
        typed(counter, "#password-again").value = text
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, PasswordStep)


async def test_two_passwords_that_differ(counter: Counter) -> None:
    async with at(counter, s16_2) as pilot:
        typed(counter, "#password").value = PASSWORD
        typed(counter, "#password-again").value = PASSWORD.lower()
        await press(pilot, counter, "enter")
        assert shows(counter, "2つのパスワードが同じではありません")
        assert isinstance(counter.app.screen, PasswordStep)


@pytest.mark.parametrize(("drive", "field"), [(s16_2, "#password-again"), (s16_3, "#mail-again")])
async def test_no_paste_to_confirm(drive: Drive, field: str, counter: Counter) -> None:
    async with at(counter, drive) as pilot:
        typed(counter, field).focus()
        await settle(pilot)
        counter.app.post_message(events.Paste("Secret77"))
        await settle(pilot)
        assert shows(counter, "確認用の欄には貼り付けできません")
        counter.app.copy_to_clipboard("Secret77")
        await press(pilot, counter, "ctrl+v")
        assert typed(counter, field).value == ""


async def test_nothing_is_copied_of_a_password(counter: Counter) -> None:
    async with at(counter, s16_2) as pilot:
        for key in ("ctrl+x", "super+c"):
            await press(pilot, counter, *PASSWORD, "shift+home", key)
        assert counter.app.clipboard == ""


@pytest.mark.parametrize(
    "mail", ["hanako", "@example.jp", "a@b@c", "a b@c", "hanako＠example.jp", "a" * 251 + "@b.jp"]
)
async def test_a_bad_mail_address_goes_no_further(mail: str, counter: Counter) -> None:
    async with at(counter, s16_3) as pilot:
        for field in ("#mail", "#mail-again"):
            typed(counter, field).value = mail
        await press(pilot, counter, "enter", "enter")
        assert isinstance(counter.app.screen, MailStep)
        assert typed(counter, "#mail").has_class("invalid")


async def test_two_mail_addresses_that_differ(counter: Counter) -> None:
    async with at(counter, s16_3) as pilot:
        typed(counter, "#mail").value = MAIL
        typed(counter, "#mail-again").value = MAIL + "x"
        await press(pilot, counter, "enter")
        assert shows(counter, "2つのメールアドレスが同じではありません")
        assert isinstance(counter.app.screen, MailStep)


async def test_back_and_forth_keeps_what_was_typed(counter: Counter) -> None:
    async with at(counter, s16_5) as pilot:
        for _ in range(4):
            await press(pilot, counter, "f3")
        assert typed(counter, "#candidate").value == "HANAKO10"
        await press(pilot, counter, "enter")
        await press(pilot, counter, "enter")
        assert typed(counter, "#mail").value == MAIL
        await press(pilot, counter, "enter", "enter")
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, RegisterStep)
        assert shows(counter, "神奈川県 川崎市")
        assert counter.gateway.mykey.ended == []


STEPS = [s16_1, s16_1_third, s16_2, s16_3_choices, s16_4, s16_5]


@pytest.mark.parametrize("drive", STEPS, ids=lambda drive: drive.__name__)
async def test_esc_frees_the_candidate(drive: Drive, counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, drive) as pilot:
        await press(pilot, counter, "escape")
        assert isinstance(counter.app.screen, MenuScreen)
        assert book.ended == [book.begun[0][0]]
    assert book.sent == []


@pytest.mark.parametrize("other", [False, True], ids=["pulled out", "changed"])
@pytest.mark.parametrize("drive", STEPS, ids=lambda drive: drive.__name__)
async def test_the_card_goes(drive: Drive, other: bool, counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, drive) as pilot:
        if other:
            counter.reader.insert(1)
        else:
            counter.reader.remove()
        await settle(pilot)
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "カードが抜かれました")
        assert book.ended == [book.begun[0][0]]
    assert book.sent == []


async def test_another_card_although_nobody_saw_the_first_go(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s16_2) as pilot:
        counter.app.cards.session = 99
        for screen in counter.app.screen_stack:
            if isinstance(screen, MykeyCreateScreen):
                screen.card_inserted()
        await settle(pilot)
        assert shows(counter, "カードが入れ替わりました")
        assert book.ended == [book.begun[0][0]]


async def test_the_reader_breaks_down(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s16_2) as pilot:
        counter.reader.break_down("unplugged")
        await settle(pilot)
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "カードリーダーが使えません")
        assert book.ended == [book.begun[0][0]]
        counter.reader.repair()
        await settle(pilot)
        assert shows(counter, "カードがセットされています")


async def test_the_card_goes_while_the_pin_is_typed(counter: Counter) -> None:
    async with at(counter, s15) as pilot:
        await pilot.press(*"12")
        counter.reader.remove()
        await settle(pilot)
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "カードが抜かれました")
    assert counter.gateway.mykey.begun == []


async def test_the_card_goes_behind_a_help_box(counter: Counter) -> None:
    """The attempt ends at once, the screen when the box is closed."""
    book = counter.gateway.mykey
    async with at(counter, s16_2) as pilot:
        await press(pilot, counter, "f1")
        counter.reader.remove()
        await settle(pilot)
        assert isinstance(counter.app.screen, HelpBox)
        assert book.ended == [book.begun[0][0]]
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "カードが抜かれました")
    assert len(book.ended) == 1


async def test_beginning_anew_after_the_card_went(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, s16_5) as pilot:
        counter.reader.remove()
        await settle(pilot)
        counter.reader.insert(0)
        await settle(pilot)
        assert not shows(counter, "カードが抜かれました")
        await press(pilot, counter, "enter")
        await pilot.press(*"1234", "enter")
        await until(pilot, lambda: isinstance(counter.app.screen, CandidateStep))
        await settle(pilot)
        assert typed(counter, "#candidate").value == ""
    assert len({attempt_id for attempt_id, _purpose in book.begun}) == 2


async def test_no_answer_while_it_ends_is_nobodys_trouble(counter: Counter) -> None:
    counter.gateway.mykey.troubles["end"] = [NO_ANSWER]
    async with at(counter, s16_1) as pilot:
        await press(pilot, counter, "escape")
        assert isinstance(counter.app.screen, MenuScreen)


async def test_the_attempt_took_too_long(counter: Counter) -> None:
    counter.gateway.mykey.troubles["propose"] = [OVER]
    async with at(counter, s16_1) as pilot:
        await press(pilot, counter, "f2")
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "(ATTEMPT_OVER)")


async def test_registered_once_however_often_it_is_sent(counter: Counter) -> None:
    """Without an answer the same request is repeated, also after the card was taken out."""
    book = counter.gateway.mykey
    async with at(counter, registering_without_answer) as pilot:
        counter.reader.remove()
        await until(pilot, lambda: len(book.sent) >= 3)
        counter.gateway.away = False
        await until(pilot, lambda: isinstance(counter.app.screen, CreatedStep))
    assert len({request.SerializeToString() for request in book.sent}) == 1
    assert book.sent[0].request_id


async def test_the_session_ends_while_registering(counter: Counter) -> None:
    book = counter.gateway.mykey
    book.troubles["register"] = [SessionEndedError("SESSION_EXPIRED", "")]
    async with at(counter, s16_5) as pilot:
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, SignInScreen)
        await press(pilot, counter, *"demo-1234", "enter")
        await until(pilot, lambda: isinstance(counter.app.screen, CreatedStep))
    assert len({request.request_id for request in book.sent}) == 1


async def test_giving_up_says_that_nobody_knows(counter: Counter) -> None:
    async with at(counter, registering_without_answer) as pilot:
        await press(pilot, counter, "f7")
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert shows(counter, "返事がないまま取りやめました")


async def test_turned_away_after_a_silence_is_no_answer(counter: Counter) -> None:
    """An earlier sending may have been registered: only a decision ends it."""
    book = counter.gateway.mykey
    turned_away = RefusedError("METHOD_NOT_OPEN", "使えません。", decided=False)
    book.troubles["register"] = [NO_ANSWER, turned_away]
    async with at(counter, s16_5) as pilot:
        await press(pilot, counter, "enter")
        await until(pilot, lambda: isinstance(counter.app.screen, CreatedStep))
    assert len(book.sent) == 3


@pytest.mark.parametrize(
    ("reason", "step"),
    [("BASE_MUNICIPALITY_UNFIT", BaseStep), ("CANDIDATE_NOT_RESERVED", CandidateStep)],
)
async def test_a_refusal_leads_to_the_step_that_mends_it(
    reason: str, step: type, counter: Counter
) -> None:
    book = counter.gateway.mykey
    book.troubles["register"] = [RefusedError(reason, "やり直してください。")]
    async with at(counter, s16_5) as pilot:
        await press(pilot, counter, "enter")
        assert isinstance(counter.app.screen, step)
        assert shows(counter, reason)
        assert book.ended == []


async def test_a_refusal_while_the_card_is_gone_ends_it(counter: Counter) -> None:
    book = counter.gateway.mykey
    async with at(counter, registering_without_answer) as pilot:
        counter.reader.remove()
        await settle(pilot)
        book.troubles["register"] = [RefusedError("BASE_MUNICIPALITY_UNFIT", "選べません。")]
        counter.gateway.away = False
        await until(pilot, lambda: isinstance(counter.app.screen, MykeyCreateScreen))
        await until(pilot, lambda: book.ended == [book.begun[0][0]])


async def test_an_enter_at_once_registers_nothing(counter: Counter) -> None:
    async with at(counter, s16_5) as pilot:
        counter.app.key_watch.appeared()
        press_hurriedly(counter.app, "enter", "enter")
        await settle(pilot)
        assert isinstance(counter.app.screen, RegisterStep)
    assert counter.gateway.mykey.sent == []


async def test_nothing_of_a_password_is_on_disk(
    counter: Counter, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with at(counter, registering_without_answer) as pilot:
        await until(pilot, lambda: len(counter.gateway.mykey.sent) >= 2)
        workers = repr([(one, one.description) for one in counter.app.workers])
        files = files_in(tmp_path)
        counter.gateway.away = False
        await until(pilot, lambda: isinstance(counter.app.screen, CreatedStep))
        files += files_in(tmp_path)
    assert files
    for secret in (PASSWORD, "1234"):
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
        assert secret not in workers
        assert secret not in "".join(capfd.readouterr())


async def test_the_pin_is_in_no_description_of_a_worker(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def challenge(request_id: str) -> bytes:
        seen.append(repr([one.description for one in counter.app.workers]))
        return request_id.encode()

    async with at(counter, s15) as pilot:
        monkeypatch.setattr(counter.gateway, "card_challenge", challenge)
        await pilot.press(*"1234", "enter")
        await until(pilot, lambda: isinstance(counter.app.screen, CandidateStep))
    assert seen
    assert "1234" not in seen[0]


async def test_an_answer_to_the_beginning_that_does_not_come(counter: Counter) -> None:
    book = counter.gateway.mykey
    book.troubles["begin"] = [NO_ANSWER, NO_ANSWER]
    async with at(counter, s15) as pilot:
        await press(pilot, counter, *"1234", "enter")
        await settle(pilot)
        await until(pilot, lambda: isinstance(counter.app.screen, CandidateStep))
    assert len(book.begun) == 3
    assert len(set(book.begun)) == 1


async def test_the_card_goes_while_it_begins(counter: Counter) -> None:
    book = counter.gateway.mykey
    book.troubles["begin"] = [NO_ANSWER] * 1000
    async with at(counter, s15) as pilot:
        await pilot.press(*"1234", "enter")
        await until(pilot, lambda: isinstance(counter.app.screen, SendingBox))
        counter.reader.remove()
        await settle(pilot)
        assert isinstance(counter.app.screen, MykeyCreateScreen)
        assert book.ended == [book.begun[0][0]]


async def test_no_pin_in_training_or_without_a_card(counter: Counter) -> None:
    async with at(counter, s14) as pilot:
        counter.app.session.training = True
        await press(pilot, counter, "enter")
        assert shows(counter, "練習モードでは使えません")
        counter.app.session.training = False
        counter.reader.remove()
        await press(pilot, counter, "enter")
        assert not isinstance(counter.app.screen, PinBox)
