"""What may be typed, the words for what may not, and letters that look alike."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_tui import texts
from counter_tui.shell.large_id import large_mykey_id
from counter_tui.tasks.mykey.form import Form
from counter_tui.tasks.mykey.rules import (
    IdFault,
    MailFault,
    PasswordFault,
    lookalikes,
    mail_fault,
    parse_mykey_id,
    password_fault,
)
from counter_tui.tasks.mykey.texts import id_fault_text, lookalike_text, password_fault_text

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    ("text", "mykey_id"),
    [
        ("AB12CD34", "AB12CD34"),
        ("ab12cd34", "AB12CD34"),
        ("ＡＢ１２ＣＤ３４", "AB12CD34"),
        ("ａｂ12ＣＤ34", "AB12CD34"),
    ],
)
def test_full_width_and_small_letters_count(text: str, mykey_id: str) -> None:
    assert parse_mykey_id(text).mykey_id == mykey_id


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", IdFault.EMPTY),
        ("AB12CD3", IdFault.TOO_SHORT),
        ("AB12CD345", IdFault.TOO_LONG),
        ("AB12-D34", IdFault.OTHER_CHARACTERS),
        ("AB12 D34", IdFault.OTHER_CHARACTERS),
        (" AB12CD34", IdFault.OTHER_CHARACTERS),
        ("AB12CD34↵", IdFault.OTHER_CHARACTERS),
        ("アイウエオカキク", IdFault.OTHER_CHARACTERS),
        ("AB12CDÄ4", IdFault.OTHER_CHARACTERS),
        ("straßen1", IdFault.OTHER_CHARACTERS),
        ("AB12CDı4", IdFault.OTHER_CHARACTERS),
        ("١٢٣٤٥٦٧٨", IdFault.OTHER_CHARACTERS),
    ],
)
def test_what_is_no_mykey_id(text: str, fault: IdFault) -> None:
    typed = parse_mykey_id(text)
    assert (typed.mykey_id, typed.fault) == ("", fault)
    assert id_fault_text(typed)


def test_the_characters_that_cannot_be_used_are_named() -> None:
    texts.use("ja")
    assert "- (空白) ア" in id_fault_text(parse_mykey_id("TA-KE アア"))


@given(st.text(max_size=12))
def test_what_is_taken_is_always_a_mykey_id(text: str) -> None:
    """Nothing is dropped on the way: each character typed is one of the MyKey ID."""
    typed = parse_mykey_id(text)
    if typed.fault is None:
        assert typed.mykey_id == unicodedata.normalize("NFKC", text).upper()
        assert len(typed.mykey_id) == 8
        assert set(typed.mykey_id) <= set(LETTERS)
    else:
        assert typed.mykey_id == ""


def test_what_looks_alike_is_spelled_out() -> None:
    assert lookalikes("O0I1OAB2") == {"0": [2], "O": [1, 5], "1": [4], "I": [3]}
    assert lookalikes("AB23CD45") == {}
    texts.use("ja")
    assert lookalike_text("AOB0OCDE") == "2・5文字目は英字のO(オー)  4文字目は数字の0(ゼロ)"
    assert lookalike_text("AB23CD45") == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("abc123", None),
        ("A" * 16, None),
        ("", PasswordFault.EMPTY),
        ("abc12", PasswordFault.TOO_SHORT),
        ("a" * 17, PasswordFault.TOO_LONG),
        ("abc-123", PasswordFault.OTHER_CHARACTERS),
        ("abc 123", PasswordFault.OTHER_CHARACTERS),
        ("ａｂｃ123", PasswordFault.FULL_WIDTH),
        ("パスワード1", PasswordFault.FULL_WIDTH),
        ("abc123↵", PasswordFault.FULL_WIDTH),
    ],
)
def test_passwords(text: str, fault: PasswordFault | None) -> None:
    assert password_fault(text) is fault
    assert bool(password_fault_text(fault)) == (fault is not None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", None),
        ("a@b", None),
        ("hanako.yamada+points@example.co.jp", None),
        ("a" * 243 + "@example.jp", None),
        ("a" * 245 + "@example.jp", MailFault.TOO_LONG),
        ("hanako", MailFault.NO_ADDRESS),
        ("@example.jp", MailFault.NO_ADDRESS),
        ("hanako@", MailFault.NO_ADDRESS),
        ("a@b@c", MailFault.NO_ADDRESS),
        ("hanako@example .jp", MailFault.OTHER_CHARACTERS),
        ("hanako@example.jp ", MailFault.OTHER_CHARACTERS),
        ("hanako＠example.jp", MailFault.OTHER_CHARACTERS),
        ("hanako@example.jp↵", MailFault.OTHER_CHARACTERS),
        ("花子@example.jp", MailFault.OTHER_CHARACTERS),
    ],
)
def test_mail_addresses(text: str, fault: MailFault | None) -> None:
    assert mail_fault(text) is fault


def test_large_letters_all_differ() -> None:
    drawn = {letter: large_mykey_id(letter) for letter in LETTERS}
    assert len(set(drawn.values())) == len(LETTERS)
    assert all(len(picture.splitlines()) == 4 for picture in drawn.values())


def test_a_large_mykey_id_is_one_line_of_letters() -> None:
    lines = large_mykey_id("HANAKO10").splitlines()
    assert len(lines) == 4
    assert max(map(len, lines)) == 8 * 5 + 7 * 2
    assert all(one != other for one, other in pairwise(lines))


def test_mail_choices_count_only_with_an_address() -> None:
    form = Form(mail_choices={0, 3})
    assert not form.request("r", "a").mail_choices.granted
    form.mail = "a@b"
    choices = form.request("r", "a").mail_choices
    assert (choices.granted, choices.lapsed, choices.password, choices.mykey_id) == (
        True,
        False,
        False,
        True,
    )


def test_the_password_is_in_no_repr() -> None:
    assert "Secret77" not in repr(Form(password="Secret77"))
