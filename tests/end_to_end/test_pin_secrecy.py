"""The PIN goes to the card and nowhere else (CRD-2)."""

import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from counter_tui.calls.channel import Channel
from counter_tui.card.my_number_card import JPKI, MyNumberCard, PinFile
from counter_tui.tasks.card.pin_box import PinBox
from counter_tui.tasks.points.spend import SpendDoneScreen
from server.upkeep.demo_data import PIN_ABOVE_POINTS
from tests.end_to_end.support import SAKURAI, Counter, Place

PIN, WRONG_PIN = "7391", "8642"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every message that goes to the server."""
    messages: list[bytes] = []
    call = Channel.call

    async def recorded(self: Channel, method: Any, request: Any, seconds: float) -> Any:
        messages.append(request if isinstance(request, bytes) else request.SerializeToString())
        return await call(self, method, request, seconds)

    monkeypatch.setattr(Channel, "call", recorded)
    return messages


def files_of(place: Place) -> dict[str, bytes]:
    """What lies in the town's folder but for the cards, which hold PINs."""
    return {
        str(path): path.read_bytes()
        for path in place.folder.rglob("*")
        if path.is_file() and place.folder / "cards" not in path.parents
    }


def everywhere(
    place: Place, before: dict[str, bytes], told: list[str], sent: list[bytes]
) -> dict[str, bytes]:
    """What could hold a PIN, by where it is; a key that was there before may by chance."""
    found = {
        path: content for path, content in files_of(place).items() if before.get(path) != content
    }
    for number, message in enumerate(sent):
        found[f"message {number} to the server"] = message
    found["logs and exceptions"] = "\n".join(told).encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found[str(path)] = path.read_bytes()
        except OSError:
            continue  # it has ended
    return found


async def test_no_log_exception_file_process_list_or_message_has_it(
    place: Place, counter: Counter, sent: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = files_of(place)
    await counter.open_spending()
    pins = counter.reader._taken[SAKURAI]._applications[JPKI].pins
    pins[PinFile.USER_PIN].secret = PIN.encode()
    told = [repr(error) for error in await failures(counter)]
    pins[PinFile.USER_PIN].left = 3
    await counter.check(PIN_ABOVE_POINTS + 1)
    await counter.confirm()
    await counter.reach(PinBox)
    for pin in (WRONG_PIN, PIN):
        await counter.type(pin)
        assert pin not in counter.text
        await counter.press("enter")
        await counter.until(lambda: "カードで確認しています" not in counter.text, "an answer")
        assert pin not in counter.text
    await counter.reach(SpendDoneScreen)
    assert len(sent) >= 3
    places = everywhere(place, before, [*told, caplog.text], sent)
    for pin in (PIN, WRONG_PIN):
        assert [where for where, content in places.items() if pin.encode() in content] == []


async def failures(counter: Counter) -> list[str]:
    """Every exception that comes of a wrong PIN, and of a card that goes wrong then."""
    texts: list[str] = []

    def sign(card: MyNumberCard) -> bytes:
        return card.sign_challenge(WRONG_PIN, b"challenge")

    def sign_on_a_broken_card(card: MyNumberCard) -> bytes:
        transmit = card._transmit
        card._transmit = lambda command: (
            b"\x6f\x00" if command[1] == 0x20 and len(command) > 4 else transmit(command)
        )
        return card.sign_challenge(WRONG_PIN, b"challenge")

    for work in (sign, sign, sign_on_a_broken_card, sign, sign):
        try:
            await counter.reader.with_card(work, exclusive=True)
        except Exception as error:
            texts += traceback.format_exception(error)
            texts.append(f"{error!r} {error.args}")
    assert len(texts) >= 5
    return texts
