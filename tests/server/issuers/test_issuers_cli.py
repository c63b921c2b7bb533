"""The operator's table of issuers (TRM-3, SID-3)."""

import json
import unicodedata

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from tests.server.conftest import engine, find_template, town
from tests.server.support import LIBRARY, Town

__all__ = ["engine", "find_template", "town"]


def told(town: Town, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["issuers", command, "--database", town.url, *arguments])


def kept(town: Town, issuer_id: str) -> dict[str, str | bool]:
    lines = told(town, "list", "--json").output.splitlines()
    (found,) = [one for one in map(json.loads, lines) if one["issuer_id"] == issuer_id]
    return dict(found)


def refused(result: Result) -> str:
    """What it said: one line, and no traceback."""
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1]


def test_an_issuer_is_added_changed_and_listed(town: Town) -> None:
    options = ("--handover", "label", "--symbology", "nw7", "--nw7-start", "b", "--nw7-stop", "c")
    added = told(town, "add", "000077", "桜木文庫", *options)
    assert (added.exit_code, added.output) == (0, "issuer 000077 桜木文庫 is added\n")
    assert kept(town, "000077") == {
        "issuer_id": "000077",
        "name": "桜木文庫",
        "is_street": False,
        "notification": "LABEL",
        "symbology": "NW7",
        "nw7_start": "B",
        "nw7_stop": "C",
        "reading": "KEYBOARD",
        "driver": "",
    }
    assert told(town, "set", "000077", "--reading", "DRIVER", "--driver", "sakura").exit_code == 0
    assert kept(town, "000077")["driver"] == "sakura"
    assert told(town, "set", "000077", "--reading", "CONTACTLESS_ID").exit_code == 0
    changed = kept(town, "000077")
    assert (changed["reading"], changed["driver"]) == ("CONTACTLESS_ID", "")
    assert (changed["notification"], changed["name"]) == ("LABEL", "桜木文庫")
    assert (
        "000077  桜木文庫  numbers printed on a label  codes in NW7 with B and C  "
        "cards read by their contactless ID\n"
    ) in told(town, "list").output


def test_a_program_is_told_what_holds_now(town: Town) -> None:
    for line in (("add", "000077", "桜木文庫"), ("set", "000077", "--symbology", "QR")):
        assert json.loads(told(town, *line, "--json").output) == kept(town, "000077")
    assert kept(town, "000077")["symbology"] == "QR"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("00007", "短い"), "not an issuer ID of 6 digits"),
        (("００００７７", "全角"), "not an issuer ID of 6 digits"),
        (("000077", ""), "give a name of 1 to 50 visible characters"),
        (("000077", "　"), "give a name of 1 to 50 visible characters"),
        (("000077", "改\n行"), "give a name of 1 to 50 visible characters"),
        (("000077", "長" * 51), "give a name of 1 to 50 visible characters"),
        (("000077", "花田🍣"), "give a name without 🍣 (U+1F363), which printers do not print"),
        (("000077", "x", "--symbology", "EAN13"), "'EAN13' is not one of"),
        (("000077", "x", "--nw7-start", "E"), "'E' is not one of"),
        (("000077", "x", "--driver", "sakura"), "--reading DRIVER goes with --driver NAME"),
        (("000077", "x", "--reading", "DRIVER"), "--reading DRIVER goes with --driver NAME"),
        ((LIBRARY, "二つめ"), f"there is an issuer {LIBRARY} already"),
    ],
)
def test_what_cannot_be_an_issuer_adds_nothing(
    town: Town, arguments: tuple[str, ...], what: str
) -> None:
    before = told(town, "list").output
    assert what in refused(told(town, "add", *arguments))
    assert told(town, "list").output == before


def test_a_name_is_kept_as_others_write_it(town: Town) -> None:
    written = unicodedata.normalize("NFD", "ブックカフェ\u00a0花 ")
    assert told(town, "add", "000077", written).output == (
        "issuer 000077 ブックカフェ 花 is added\n"
    )


def test_settings_of_nobody_and_no_settings(town: Town) -> None:
    assert "there is no issuer 999999" in refused(told(town, "set", "999999", "--name", "x"))
    assert "name at least one setting" in refused(told(town, "set", LIBRARY))
    told(town, "set", LIBRARY, "--reading", "DRIVER", "--driver", "sakura")
    assert "cards read by the driver sakura" in told(town, "list").output
    assert "--reading DRIVER goes with" in refused(told(town, "set", LIBRARY, "--driver", ""))


def test_a_code_that_cannot_carry_what_is_registered_is_refused(town: Town) -> None:
    told(town, "set", LIBRARY, "--symbology", "CODE128")
    town.tamper(
        f"DELETE FROM service_id WHERE issuer_id = '{LIBRARY}'",  # noqa: S608
        f"""INSERT INTO service_id (issuer_id, customer_id, citizen_id)
        VALUES ('{LIBRARY}', 'lib-0042', 1)""",  # noqa: S608
    )
    for symbology in ("NW7", "CODE39"):
        said = refused(told(town, "set", LIBRARY, "--symbology", symbology))
        assert f"{symbology} cannot carry lib-0042, which are registered" in said
        assert kept(town, LIBRARY)["symbology"] == "CODE128"
    assert told(town, "set", LIBRARY, "--symbology", "QR").exit_code == 0


def test_a_database_that_is_none(town: Town) -> None:
    result = CliRunner().invoke(main, ["issuers", "list", "--database", "sqlite:////none/x.db"])
    assert "x.db" in refused(result)
