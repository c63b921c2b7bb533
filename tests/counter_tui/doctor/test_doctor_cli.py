"""The command, as it is called."""

import json
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from counter_tui.cli import main
from counter_tui.virtual.card_file import save
from counter_tui.virtual.card_header import CardHeader, card_path
from tests.counter_tui.citizens import SAKURAI, card

DAY = date(2029, 5, 1)


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    header = CardHeader("桜井さん", f"{SAKURAI:06X}", DAY)
    cards = tmp_path / "cards"
    cards.mkdir()
    save(card_path(cards, header.serial_number), header, card(SAKURAI, DAY))
    return [
        *("doctor", "--server", "127.0.0.1:1", "--state", str(tmp_path / "state")),
        *("--virtual-cards", str(cards)),
    ]


def test_all_is_said_in_words(arguments: list[str]) -> None:
    told = CliRunner().invoke(main, arguments)
    assert told.exit_code == 1
    assert signs(told.output) == SIGNS
    assert "127.0.0.1:1" in told.output


def test_in_english_as_json(arguments: list[str]) -> None:
    told = CliRunner().invoke(main, [*arguments, "--json", "--language", "en"])
    findings = json.loads(told.output)
    assert [one["subject"] for one in findings] == [
        *("Card reader", "Card", "Server", "Clock", "Printer", "Registration"),
        *("Terminal", "Locale"),
    ]
    assert all(one["advice"] for one in findings if one["verdict"] == "BAD")


SIGNS = ["OK", "--", "NG", "--", "--", "--", "NG", "OK"]
"""Of a machine without server and printer."""


def signs(output: str) -> list[str]:
    return [line[:2] for line in output.splitlines() if not line.startswith("    →")]


def test_cards_that_are_none(arguments: list[str], tmp_path: Path) -> None:
    told = CliRunner().invoke(main, [*arguments, "--virtual-cards", str(tmp_path / "none")])
    assert (told.exit_code, "No such file" in told.output) == (1, True)
    assert signs(told.output) == ["NG", *SIGNS[2:]], "all else is looked at all the same"


def test_an_extra_that_is_missing_ends_nothing(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "counter_tui.card.pcsc_reader", None)
    told = CliRunner().invoke(main, arguments[:-2])
    assert "pip install 'jichipoint[card]'" in told.output
    assert (told.exit_code, signs(told.output)) == (1, ["NG", *SIGNS[2:]])


def test_a_server_that_may_not_be_asked(arguments: list[str]) -> None:
    elsewhere = ["doctor", "--server", "counter.example:1", *arguments[3:]]
    told = CliRunner().invoke(main, elsewhere)
    assert "--server-authority" in told.output
    assert (told.exit_code, signs(told.output)) == (1, SIGNS)
