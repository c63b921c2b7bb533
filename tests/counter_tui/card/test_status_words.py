"""What a card answers, and what the operator is told (CRD-2, docs/cards.md)."""

import pytest

from counter_tui import texts
from counter_tui.card.apdu import BlockedError, Transmit, WrongPinError
from counter_tui.card.my_number_card import MyNumberCard
from counter_tui.card.reader import CardError
from counter_tui.card.texts import locked_text, trouble_text, wrong_pin_text
from counter_tui.card.working import read_certificate, work_with
from tests.counter_tui.citizens import card

SELECT_APPLICATION, SELECT_FILE, READ, VERIFY, ASK_TRIES, SIGN = (
    "select application",
    "select file",
    "read",
    "verify",
    "ask tries",
    "sign",
)

FOREIGN = "マイナンバーカードではありません。"
DAMAGED = "カードの内容を読み取れません。"
LOCKED = "暗証番号がロックされています。"


def kind(command: bytes) -> str:
    match command[1]:
        case 0xA4:
            return SELECT_APPLICATION if command[2] == 4 else SELECT_FILE
        case 0xB0:
            return READ
        case 0x20:
            return VERIFY if len(command) > 4 else ASK_TRIES
        case 0x2A:
            return SIGN
    return ""


def answering(status: int, at: str, after: int = 0) -> Transmit:
    """A card that answers one kind of command with a status word, from the given one on."""
    transmit, seen = card().transmit, [0]

    def answer(command: bytes) -> bytes:
        if kind(command) == at:
            seen[0] += 1
            if seen[0] > after:
                return status.to_bytes(2, "big")
        return transmit(command)

    return answer


def told(transmit: Transmit) -> str:
    """What the operator reads where a certificate is read and a challenge signed."""

    def work(card: MyNumberCard) -> None:
        read_certificate(card)
        card.sign_challenge("1234", b"challenge")

    texts.use("ja")
    try:
        work_with(transmit, work)
    except CardError as error:
        return trouble_text(error)
    except WrongPinError as error:
        return wrong_pin_text(error.tries_left)
    except BlockedError:
        return locked_text()
    return ""


@pytest.mark.parametrize(
    ("status", "at", "after", "text"),
    [
        (0x6A82, SELECT_APPLICATION, 0, FOREIGN),
        (0x6A86, SELECT_APPLICATION, 0, FOREIGN),
        (0x6D00, SELECT_APPLICATION, 0, FOREIGN),
        (0x6E00, SELECT_APPLICATION, 0, FOREIGN),
        (0x6F00, SELECT_APPLICATION, 0, FOREIGN),
        (0x6A82, SELECT_FILE, 0, FOREIGN),
        (0x6A82, SELECT_FILE, 1, DAMAGED),
        (0x6A82, SELECT_FILE, 2, DAMAGED),
        (0x6B00, READ, 1, DAMAGED),
        (0x6282, READ, 1, DAMAGED),
        (0x6982, READ, 1, DAMAGED),
        (0x6986, READ, 1, DAMAGED),
        (0x6700, READ, 2, DAMAGED),
        (0x63C2, VERIFY, 0, "あと2回入力できます。"),
        (0x63C1, VERIFY, 0, "あと1回間違えると、カードがロックされます。"),
        (0x63C0, VERIFY, 0, LOCKED),
        (0x6984, VERIFY, 0, LOCKED),
        (0x6A80, VERIFY, 0, DAMAGED),
        (0x6700, VERIFY, 0, DAMAGED),
        (0x63C0, ASK_TRIES, 0, LOCKED),
        (0x6984, ASK_TRIES, 0, LOCKED),
        (0x6A86, ASK_TRIES, 0, DAMAGED),
        (0x6982, SIGN, 0, DAMAGED),
        (0x6985, SIGN, 0, DAMAGED),
        (0x6A80, SIGN, 0, DAMAGED),
        (0x6F00, SIGN, 0, DAMAGED),
    ],
)
def test_every_status_word_has_its_message(status: int, at: str, after: int, text: str) -> None:
    assert text in told(answering(status, at, after))


def test_a_card_that_does_all_says_nothing() -> None:
    assert told(card().transmit) == ""


@pytest.mark.parametrize(
    ("at", "after"),
    [
        (SELECT_APPLICATION, 0),
        (SELECT_FILE, 0),
        (SELECT_FILE, 1),
        (READ, 0),
        (READ, 1),
        (ASK_TRIES, 0),
        (VERIFY, 0),
        (SIGN, 0),
    ],
)
def test_any_status_word_is_told_and_none_escapes(at: str, after: int) -> None:
    for status in range(0x6000, 0x9000, 0x11):
        expected = at == ASK_TRIES and 0x63C1 <= status <= 0x63CF
        assert bool(told(answering(status, at, after))) != expected, f"{status:04X}"
