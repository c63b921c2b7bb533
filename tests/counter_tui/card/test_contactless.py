"""Cards of libraries and streets (CRD-7)."""

import pytest

from counter_tui.card.apdu import DamagedFileError, StatusError
from counter_tui.card.contactless import ContactlessId, IdentifierKind, read_contactless_id
from counter_tui.virtual.contactless import ContactlessCard
from tests.counter_tui.citizens import card

IDM = bytes.fromhex("0112030405060708")


def test_a_felica_card_has_an_idm() -> None:
    found = read_contactless_id(ContactlessCard(IDM).transmit)
    assert found == ContactlessId(IdentifierKind.FELICA_IDM, "0112030405060708")
    assert not found.is_random


@pytest.mark.parametrize("length", [4, 7, 10])
def test_other_cards_have_a_uid(length: int) -> None:
    found = read_contactless_id(ContactlessCard(b"\xab" * length).transmit)
    assert found == ContactlessId(IdentifierKind.ISO14443_UID, "AB" * length)
    assert not found.is_random


def test_a_uid_that_is_made_anew_each_time_is_told() -> None:
    assert read_contactless_id(ContactlessCard(bytes.fromhex("08123456")).transmit).is_random
    assert not read_contactless_id(ContactlessCard(b"\x08" * 7).transmit).is_random


@pytest.mark.parametrize("length", [0, 1, 5, 9, 11, 64])
def test_identifiers_of_no_known_length(length: int) -> None:
    with pytest.raises(DamagedFileError, match=f"{length} bytes"):
        read_contactless_id(ContactlessCard(b"\xab" * length).transmit)


@pytest.mark.parametrize("answer", [b"", b"\x6a", b"\x6a\x81", b"\x63\x00"])
def test_a_reader_that_has_none(answer: bytes) -> None:
    with pytest.raises(StatusError):
        read_contactless_id(lambda _command: answer)


def test_a_my_number_card_with_contacts_has_none() -> None:
    with pytest.raises(StatusError):
        read_contactless_id(card().transmit)
