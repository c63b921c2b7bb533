"""What a contact may be, and that it is kept as a whole (TRM-4)."""

import unicodedata
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.db.queries import rows
from server.ledger.engines import writing
from server.terminals.contacts import (
    PREFECTURES,
    Contact,
    contact_of,
    set_contact,
    violations,
)
from server.texts import tidy, unprinted
from tests.server.support import CONTACT, COUNTER, OPERATOR, Town

UNSEEN: Final = ("Cc", "Cf", "Co", "Zl", "Zp")
OTHER = Contact("田中", "5400008", "大阪府", "大阪市中央区大手前9", "0660000000", "t@example.com")
FIELDS = ["contact_name", "postal_code", "prefecture", "address", "telephone", "mail"]


def wrong(**fields: str) -> list[str]:
    return [one.field for one in violations(replace(CONTACT, **fields))]


def test_a_contact_that_is_right_violates_nothing() -> None:
    assert violations(CONTACT) == []
    assert violations(OTHER) == []


def test_every_wrong_field_is_told_at_once() -> None:
    assert [one.field for one in violations(Contact("", "", "", "", "", ""))] == FIELDS
    huge = "0" * 10_000
    told = violations(Contact(huge, huge, huge, huge, huge, huge))
    assert [one.field for one in told] == FIELDS
    assert all(len(one.description) < 80 for one in told)


def test_there_are_47_prefectures() -> None:
    assert len(set(PREFECTURES)) == len(PREFECTURES) == 47
    assert {name[-1] for name in PREFECTURES} == set("都道府県")
    assert [wrong(prefecture=name) for name in PREFECTURES] == [[]] * 47


@pytest.mark.parametrize("value", ["東京", "デモ県", "東京都 ", "tokyo"])
def test_other_names_are_no_prefectures(value: str) -> None:
    assert wrong(prefecture=value) == ["prefecture"]


@pytest.mark.parametrize("value", ["105-0011", "１０５００１１", "105001", "10500111", "1050011\n"])
def test_other_texts_are_no_postal_codes(value: str) -> None:
    assert wrong(postal_code=value) == ["postal_code"]


@pytest.mark.parametrize("field", ["contact_name", "address"])
@pytest.mark.parametrize("value", [" ", "　", "花\u200f子", "花\n子", "\ue000", "\u2028", "花\x00"])
def test_texts_with_nothing_to_see_or_something_hidden_are_refused(field: str, value: str) -> None:
    assert wrong(**{field: value}) == [field]


@pytest.mark.parametrize(("field", "longest"), [("contact_name", 50), ("address", 200)])
def test_limits_count_characters(field: str, longest: int) -> None:
    assert wrong(**{field: "𠮷" * longest}) == []
    assert wrong(**{field: "𠮷" * (longest + 1)}) == [field]


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"]), max_size=60))
def test_what_is_seen_is_a_name(value: str) -> None:
    right = bool(value.strip()) and len(tidy(value)) <= 50 and not unprinted(value)
    assert wrong(contact_name=value) == ([] if right else ["contact_name"])


@given(st.text(max_size=20), st.characters(categories=UNSEEN), st.text(max_size=20))
def test_one_hidden_character_is_enough(before: str, hidden: str, after: str) -> None:
    assert unicodedata.category(hidden) in UNSEEN
    assert wrong(address=f"{before}{hidden}{after}") == ["address"]


@pytest.mark.parametrize(
    "value",
    [
        *("03-0000-0000", "0300000000", "04992-0-0000", "090-0000-0000", "09000000000"),
        *("0120-000-000", "0800-000-0000", "0570-00-0000"),
    ],
)
def test_telephone_numbers(value: str) -> None:
    assert wrong(telephone=value) == []


@pytest.mark.parametrize(
    "value",
    [
        *("110", "03-0000", "1300000000", "+81-3-0000-0000", "03(0000)0000", "03-00000000"),
        *(
            "0-3-0000-0000",
            "-0300000000",
            "03--0000-0000",
            "03-0000-0000\n",
            "０３００００００００",
        ),
        *("03000000000000", "090-0000-00000", "03-000-0000", "03ー0000ー0000"),
    ],
)
def test_other_texts_are_no_telephone_numbers(value: str) -> None:
    assert wrong(telephone=value) == ["telephone"]


@given(st.from_regex(r"\A[0-9-]{0,15}\Z"))
def test_telephone_numbers_have_ten_or_eleven_digits(value: str) -> None:
    if not wrong(telephone=value):
        assert value[0] == "0"
        assert value.count("-") in (0, 2)
        assert len(value.replace("-", "")) in (10, 11)


@pytest.mark.parametrize(
    "value", ["a@example.jp", "a.b+c@x-y.example.co.jp", "a..b@example.jp", "0@1.2"]
)
def test_mail_addresses(value: str) -> None:
    assert wrong(mail=value) == []


@pytest.mark.parametrize(
    "value",
    [
        *("a", "@", "a@", "@example.jp", "a@b@example.jp", "a b@example.jp", "a@example"),
        *(
            "a@.jp",
            "a@example.",
            "a@-x.jp",
            "a@x_y.jp",
            "店@example.jp",
            "a@例え.jp",
            "a＠example.jp",
        ),
        *("a@example.jp\r\nBcc: b@example.jp", '"a b"@example.jp', "a@example.jp\u200f"),
        *("a" * 65 + "@example.jp", "a@" + "b" * 64 + ".jp", "a@" + "bb." * 84 + "jp"),
    ],
)
def test_other_texts_are_no_mail_addresses(value: str) -> None:
    assert wrong(mail=value) == ["mail"]


def test_the_longest_mail_address_is_one() -> None:
    longest = "a@" + "b.cd" * 63
    assert len(longest) == 254
    assert wrong(mail=longest) == []
    assert wrong(mail=f"a{longest}") == ["mail"]


@given(st.text(max_size=40))
def test_mail_addresses_are_ascii_with_one_sign(value: str) -> None:
    if not wrong(mail=value):
        assert value.isascii()
        assert value.count("@") == 1


def keep(town: Town, terminal_id: str, contact: Contact) -> None:
    with town.database.connection_context(), writing(town.database):
        set_contact(town.database, terminal_id, contact)


def kept(town: Town, terminal_id: str) -> Contact | None:
    with town.database.connection_context():
        return contact_of(town.database, terminal_id)


def test_a_contact_is_kept_and_changed_as_a_whole(town: Town) -> None:
    assert kept(town, OPERATOR) is None
    for contact in (CONTACT, CONTACT, OTHER):
        keep(town, OPERATOR, contact)
        assert kept(town, OPERATOR) == contact
    assert kept(town, COUNTER) == CONTACT, "another terminal's stays as it is"


def test_the_longest_that_is_valid_can_be_stored(town: Town) -> None:
    longest = Contact(
        "𠮷" * 50, "9999999", "鹿児島県", "葛\U000e0100" * 100, "090-0000-0000", "a@" + "b.cd" * 63
    )
    assert violations(longest) == []
    keep(town, COUNTER, longest)
    assert kept(town, COUNTER) == longest
    query = "SELECT count(*) FROM terminal_contact WHERE terminal_id = ?"
    with town.database.connection_context():
        assert rows(town.database, query, COUNTER) == [(1,)]
