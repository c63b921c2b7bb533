"""The virtual card answers as a real one does, its oddities too (docs/cards.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui.virtual.card import VirtualCard
from tests.counter_tui.card.conftest import issuing, virtual

__all__ = ["issuing", "virtual"]

SELECT_JPKI = "00A4040C0AD392F000260100000001"
SELECT_INPUT_SUPPORT = "00A4040C0AD3921000310001010408"
VERIFY_1234, VERIFY_WRONG = "0020008004 31323334", "0020008004 39393939"


def answers(card: VirtualCard, *commands: str) -> str:
    """The answer to the last of some commands."""
    last = b""
    for command in commands:
        last = card.transmit(bytes.fromhex(command))
    return last.hex().upper()


@pytest.fixture
def ready(virtual: VirtualCard) -> VirtualCard:
    assert answers(virtual, SELECT_JPKI) == "9000"
    return virtual


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        (["00A4040C0AD392F000260100000002"], "6A82"),
        (["00A4040C07A0000002471001"], "6A82"),
        (["00A4040C00"], "6A82"),
        (["00CA006E00"], "6D00"),
        (["90600000"], "6E00"),
        (["00A4080C023F00"], "6A86"),
        (["00A4020C020099"], "6A82"),
        (["00A4020C0100"], "6A82"),
        (["00A4020C02000A", "00B0000004"], "head"),
        (["00B0000004"], "6986"),
        (["00A4020C02000A", "00B07F0000"], "6B00"),
        (["00A4020C020018", "00B0000004"], "6986"),
        (["00A4020C020001", "00B0000004"], "6982"),
        (["00A4020C020018", "00200080"], "63C3"),
        (["00A4020C02001B", "00200080"], "63C5"),
        (["00A4020C02000A", "00200080"], "6985"),
        (["00A4020C020018", "00200000"], "6A86"),
        (["00A4020C020018", "00200180"], "6A86"),
        (["00A4020C020018", VERIFY_WRONG], "63C2"),
        (["00A4020C020018", VERIFY_WRONG, VERIFY_WRONG], "63C1"),
        (["00A4020C020018", *[VERIFY_WRONG] * 3], "63C0"),
        (["00A4020C020018", *[VERIFY_WRONG] * 4], "6984"),
        (["00A4020C020018", *[VERIFY_WRONG] * 3, VERIFY_1234], "6984"),
        (["00A4020C020018", *[VERIFY_WRONG] * 3, "00200080"], "63C0"),
        (["00A4020C020018", VERIFY_1234], "9000"),
        (["0020009804 31323334"], "9000"),
        (["00A4020C020017", "802A008002 0000 00"], "6982"),
        (["00A4020C020018", "802A008002 0000 00"], "6985"),
        (["00A4020C020018", VERIFY_1234, "00A4020C020017", "802A008000"], "6700"),
        (["00A4020C020018", VERIFY_1234, "00A4020C020017", "802A098002 0000 00"], "6A86"),
        (["00A4020C020018", "0024018004 35363738"], "6982"),
        (["0020", ""], "6700"),
        (["00A4020C05000A"], "6700"),
    ],
)
def test_status_words(ready: VirtualCard, commands: list[str], answer: str) -> None:
    given_answer = answers(ready, *commands)
    if answer == "head":
        assert given_answer.startswith("3082")
        assert given_answer.endswith("9000")
    else:
        assert given_answer == answer


def test_the_first_challenge_after_power_comes_may_fail(virtual: VirtualCard) -> None:
    assert answers(virtual, "0084000008") == "6F00"
    assert len(answers(virtual, "0084000008")) == 2 * 10
    assert len(answers(virtual, "0084000000")) == 2 * 258


def test_reading_by_short_identifier(ready: VirtualCard) -> None:
    by_select = answers(ready, "00A4020C02000A", "00B0000010")
    assert answers(ready, "00B08A0010") == by_select


def test_selecting_the_master_file_selects_nothing(ready: VirtualCard) -> None:
    assert answers(ready, "00A40000") == "9000"
    assert answers(ready, "00A4020C02000A") == "9000", "the application is still selected"


def test_a_verified_pin_lasts_until_the_power_goes(ready: VirtualCard) -> None:
    sign = "802A0297 20" + "00" * 32 + "00"
    answers(ready, "00A4020C020018", VERIFY_1234)
    assert answers(ready, SELECT_INPUT_SUPPORT, SELECT_JPKI, sign).endswith("9000")
    ready.power_off()
    assert answers(ready, SELECT_JPKI, sign) == "6982"


def test_tries_outlast_the_power(ready: VirtualCard) -> None:
    answers(ready, "00A4020C020018", VERIFY_WRONG)
    ready.power_off()
    assert answers(ready, SELECT_JPKI, "00A4020C020018", "00200080") == "63C2"


def test_a_changed_pin_replaces_the_old(ready: VirtualCard) -> None:
    answers(ready, "00A4020C020018", VERIFY_1234, "0024018004 35363738")
    ready.power_off()
    assert answers(ready, SELECT_JPKI, "00A4020C020018", VERIFY_1234) == "63C2"
    assert answers(ready, "0020008004 35363738") == "9000"


def test_pins_of_applications_are_apart(ready: VirtualCard) -> None:
    answers(ready, "00A4020C020018", VERIFY_1234, SELECT_INPUT_SUPPORT)
    assert answers(ready, "00A4020C020002", "00B0000010") == "6982"
    assert answers(ready, "00A4020C020011", VERIFY_1234) == "63C2"


def test_the_attributes_as_read_off_a_test_card(issuing: object) -> None:
    """The layout of a card's file, whose offsets count from its start."""
    from counter_tui.virtual.card import attributes_file  # noqa: PLC0415

    content = attributes_file("あ　い", "東京都千代田区１", "19800217", "1")
    assert content[:2] == b"\xff\x20"
    assert content[3:6] == bytes.fromhex("DF2108")
    offsets = [int.from_bytes(content[6 + 2 * n : 8 + 2 * n], "big") for n in range(4)]
    assert [content[at : at + 2].hex().upper() for at in offsets] == [
        "DF22",
        "DF23",
        "DF24",
        "DF25",
    ]
    assert offsets[0] == 0x0E


@given(st.binary(max_size=40))
def test_any_command_has_an_answer(command: bytes) -> None:
    card = VirtualCard({}, bytes)
    answer = card.transmit(command)
    assert len(answer) >= 2


@given(st.lists(st.binary(min_size=4, max_size=20), max_size=12))
def test_no_command_opens_what_a_pin_keeps(commands: list[bytes]) -> None:
    from counter_tui.virtual.card import JPKI, Application, File, Pin  # noqa: PLC0415

    secret = b"a secret that is long enough to be seen"
    files = {0x0001: File(secret, (0x18,)), 0x000A: File(b"\x30\x03abc")}
    card = VirtualCard({JPKI: Application(files, {0x18: Pin(b"a PIN", 3)})}, bytes)
    for command in (bytes.fromhex(SELECT_JPKI), *commands):
        assert secret[:8] not in card.transmit(command)
