"""What is typed on S10, and that the server takes what the counter takes (TRM-4)."""

import unicodedata
from dataclasses import asdict, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter_tui.core import contact as counter
from counter_tui.core.contact import PARTS, ContactFault, ParsedPart, shown_postal_code
from server.terminals import contacts as server
from server.texts import unprinted
from tests.server.support import CONTACT

LONG = "9" * 10_000
CHARACTERS = st.sampled_from("0123456789０９abＡ＠@.-ー－‐−─() 　〒東京都鹿児島県\u200f\x00↵花")


def read(name: str, text: str) -> str | ContactFault:
    part = PARTS[name](text)
    assert (part.value == "") == (part.fault is not None)
    return part.fault or part.value


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ContactFault.EMPTY),
        (" 　", ContactFault.EMPTY),
        ("花\u200f子", ContactFault.UNSEEN),
        ("1050011\x00", ContactFault.UNSEEN),
        ("\u2028", ContactFault.UNSEEN),
        ("\ue000", ContactFault.UNSEEN),
        ("花田↵太郎", ContactFault.LINE_BREAK),
    ],
)
def test_what_no_part_may_be(name: str, text: str, fault: ContactFault) -> None:
    assert PARTS[name](text) == ParsedPart(fault=fault)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("contact_name", ContactFault.TOO_LONG),
        ("postal_code", ContactFault.POSTAL_CODE),
        ("prefecture", ContactFault.PREFECTURE),
        ("address", ContactFault.TOO_LONG),
        ("telephone", ContactFault.TELEPHONE),
        ("mail", ContactFault.MAIL),
    ],
)
def test_what_is_too_long(name: str, fault: ContactFault) -> None:
    assert read(name, LONG) == fault


@pytest.mark.parametrize(
    "text",
    [
        *("1050011", "105-0011", "１０５－００１１", "105ー0011", "〒105‐0011", " 105−0011 "),
        *("１０５─００１１", "105 0011", "１０５　００１１", "105-0011-"),
    ],
)
def test_postal_codes(text: str) -> None:
    assert read("postal_code", text) == "1050011"


@pytest.mark.parametrize("text", ["105", "105-001", "105-00111", "〒", "105-001x", "一〇五"])
def test_no_postal_codes(text: str) -> None:
    assert read("postal_code", text) == ContactFault.POSTAL_CODE


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("03-0000-0000", "03-0000-0000"),
        ("０３－００００－００００", "03-0000-0000"),
        ("03ー0000―0000", "03-0000-0000"),
        ("03(0000)0000", "03-0000-0000"),
        ("（０３）００００－００００", "03-0000-0000"),
        ("0300000000", "0300000000"),
        (" 090-0000-0000 ", "090-0000-0000"),
    ],
)
def test_telephone_numbers(text: str, number: str) -> None:
    assert read("telephone", text) == number


@pytest.mark.parametrize(
    ("text", "mail"),
    [
        ("hanada@example.jp", "hanada@example.jp"),
        ("ｈａｎａｄａ＠ｅｘａｍｐｌｅ．ｊｐ", "hanada@example.jp"),
        (" shop-1@ex－ample.co.jp ", "shop-1@ex-ample.co.jp"),
    ],
)
def test_mail_addresses(text: str, mail: str) -> None:
    assert read("mail", text) == mail


@pytest.mark.parametrize("text", ["hanada", "a@b@example.jp", "a b@example.jp", "花@example.jp"])
def test_no_mail_addresses(text: str) -> None:
    assert read("mail", text) == ContactFault.MAIL


@pytest.mark.parametrize(
    ("text", "name"),
    [("東京", "東京都"), ("東京都", "東京都"), (" 京都　", "京都府"), ("北海道", "北海道")],
)
def test_prefectures(text: str, name: str) -> None:
    assert read("prefecture", text) == name


@pytest.mark.parametrize("text", ["東", "都", "デモ県", "Tokyo", "東京都千代田区"])
def test_no_prefectures(text: str) -> None:
    assert read("prefecture", text) == ContactFault.PREFECTURE


def test_names_keep_what_was_typed() -> None:
    assert read("contact_name", "　髙橋　葛\U000e0100子 ") == "髙橋　葛\U000e0100子"
    assert read("address", "港区芝公園９－９ーＡ") == "港区芝公園９－９ーＡ"


def test_postal_codes_are_shown_with_a_hyphen() -> None:
    assert [shown_postal_code(code) for code in ("1050011", "")] == ["105-0011", ""]


def test_both_sides_have_the_same_limits() -> None:
    assert counter.PREFECTURES == server.PREFECTURES
    assert counter.CONTACT_NAME_LENGTH_MAX == server.CONTACT_NAME_LENGTH_MAX
    assert counter.ADDRESS_LENGTH_MAX == server.ADDRESS_LENGTH_MAX
    assert counter.MAIL_LENGTH_MAX == server.MAIL_LENGTH_MAX


@pytest.mark.parametrize("name", PARTS)
@given(st.one_of(st.text(max_size=60), st.text(CHARACTERS, max_size=16)))
@example("hanada@example.jp")
@example("03-0000-0000")
@example("105-0011")
@example("鹿児島")
def test_the_server_takes_what_the_counter_takes(name: str, text: str) -> None:
    """But for what printers do not print, which the server names in words for the screen."""
    taken = PARTS[name](text)
    if taken.fault is None:
        told = server.violations(replace(CONTACT, **{name: taken.value}))
        assert all("は印字できません" in one.japanese for one in told)
        assert bool(told) == bool(unprinted(taken.value))
        assert PARTS[name](taken.value) == taken, "what is read again stays the same"


@pytest.mark.parametrize("name", PARTS)
@given(st.one_of(st.text(max_size=60), st.text(CHARACTERS, max_size=16)))
def test_the_counter_takes_what_the_server_takes(name: str, text: str) -> None:
    """But for spaces around it, and the sign that stands for a pasted line break."""
    text = text.replace("↵", "").strip()
    if not server.violations(replace(CONTACT, **{name: text})):
        assert PARTS[name](text).fault is None, unicodedata.name(text[0], "")


def test_the_contact_of_the_tests_is_read_as_it_is() -> None:
    assert {name: PARTS[name](text).value for name, text in asdict(CONTACT).items()} == asdict(
        CONTACT
    )
