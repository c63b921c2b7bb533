"""Streets' merge settings and keys, as the operator makes them (MRG-6, MRG-7, TRM-3)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from peewee import Database

from merge_driver.codec import IdKind, Profile
from merge_driver.keys import load_key_file
from server.cli import main
from server.clock import Moment, SystemClock
from server.commands.running import changing
from server.db.errors import UnusableDatabaseError
from server.master_key.uses import client_secret_use, street_key_use, street_secret_use
from server.streets.keeping import has_fixed_length
from tests.server.conftest import engine, find_template, town
from tests.server.support import CLIENT_SECRET, LIBRARY, MASTER_KEY, STREET_1, STREET_2, Town

__all__ = ["engine", "find_template", "town"]

TODAY = Moment.of(SystemClock().now()).day
SERVER = "points.example:50051"
NEW_STREET = "000078"


TRAIL = ("audit_event", "counter")
"""A command that is refused leaves its name there (SEC-5)."""


def told(town: Town, group: str, command: str, *arguments: str) -> Result:
    environment = {"JICHIPOINT_MASTER_KEY": MASTER_KEY.hex()}
    line = [group, command, "--database", town.url, *arguments]
    return CliRunner().invoke(main, line, env=environment)


def refusal(result: Result) -> str:
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    return result.output.splitlines()[-1]


def listed(town: Town, issuer_id: str) -> dict[str, Any]:
    lines = told(town, "streets", "list", "--json").output.splitlines()
    (found,) = [one for one in map(json.loads, lines) if one["issuer_id"] == issuer_id]
    return dict(found)


def make_key(town: Town, out: Path, issuer_id: str, first: date, *more: str) -> Result:
    options = ("--from", first.isoformat(), "--server", SERVER, "--out", str(out))
    return told(town, "streets", "make-key", issuer_id, *options, *more)


@pytest.fixture
def street(town: Town) -> str:
    """A street that has no keys yet."""
    assert told(town, "issuers", "add", NEW_STREET, "月見坂商店街", "--street").exit_code == 0
    assert told(town, "streets", "set", NEW_STREET).exit_code == 0
    return NEW_STREET


def test_a_new_street_gets_profile_2(town: Town, street: str) -> None:
    assert listed(town, street) == {
        "issuer_id": street,
        "name": "月見坂商店街",
        "profile": 2,
        "id_kind": "STREET",
        "id_pattern": "",
        "keys": [],
        "certificates": [],
    }


def test_a_key_is_handed_over_once_and_kept_sealed(town: Town, street: str, tmp_path: Path) -> None:
    out = tmp_path / "key.json"
    made = make_key(town, out, street, TODAY)
    assert made.exit_code == 0, made.output
    assert made.output == f"{out}: key 1 of {street}, from {TODAY} on\n"
    assert out.stat().st_mode & 0o777 == 0o600
    file = load_key_file(out)
    key = file.key
    assert (key.profile, key.key_id, key.valid_from, key.valid_until) == (2, 1, TODAY, None)
    assert (file.server, len(file.client_secret)) == (SERVER, 48)
    ((sealed_key, sealed_secret),) = town.rows(
        f"SELECT sealed_key, sealed_secret FROM street_key WHERE issuer_id = '{street}'"  # noqa: S608
    )
    assert town.vault.open(bytes(sealed_key), street_key_use(street, 1)) == key.key
    assert (
        town.vault.open(bytes(sealed_secret), street_secret_use(street, 1)) == key.secret.encode()
    )
    shown = told(town, "streets", "list").output + told(town, "streets", "list", "--json").output
    for secret in (key.key.hex(), key.secret, file.client_secret):
        assert secret not in shown + made.output


def test_the_next_key_overlaps_the_one_before(town: Town, street: str, tmp_path: Path) -> None:
    assert make_key(town, tmp_path / "1.json", street, TODAY).exit_code == 0
    later = TODAY + timedelta(days=20)
    kind = ("--id-kind", "MYKEY", "--id-pattern", "")
    set_again = told(town, "streets", "set", street, *kind)
    assert set_again.exit_code == 0
    assert make_key(town, tmp_path / "2.json", street, later, "--overlap-days", "7").exit_code == 0
    first, second = listed(town, street)["keys"]
    assert first["valid_until"] == (later + timedelta(days=6)).isoformat()
    words = told(town, "streets", "list").output
    own = "  key 1  profile 2  the street's own numbers  "
    assert f"{own}from {TODAY} until {first['valid_until']}\n" in words
    assert f"  key 2  profile 2  MyKey IDs  from {later} on\n" in words
    assert (first["id_kind"], second["id_kind"]) == ("STREET", "MYKEY"), "each as it was made for"
    assert (second["valid_from"], second["valid_until"]) == (later.isoformat(), None)
    old, new = load_key_file(tmp_path / "1.json"), load_key_file(tmp_path / "2.json")
    assert old.client_secret == new.client_secret
    assert (old.key.key, old.key.secret) != (new.key.key, new.key.secret)
    assert new.key.id_kind is IdKind.MYKEY


def test_another_client_secret(town: Town, street: str, tmp_path: Path) -> None:
    make_key(town, tmp_path / "1.json", street, TODAY)
    town.tamper(
        f"INSERT INTO street_session VALUES ({blob(town)}, '{street}', 1, 9999999999999999, NULL)"  # noqa: S608
    )
    later = TODAY + timedelta(days=1)
    make_key(town, tmp_path / "2.json", street, later, "--new-client-secret")
    secrets = [load_key_file(tmp_path / f"{n}.json").client_secret for n in (1, 2)]
    assert secrets[0] != secrets[1]
    ((sealed,),) = town.rows(
        f"SELECT sealed_client_secret FROM street WHERE issuer_id = '{street}'"  # noqa: S608
    )
    assert town.vault.open(bytes(sealed), client_secret_use(street)).decode() == secrets[1]
    assert town.rows("SELECT count(*) FROM street_session WHERE ended_at IS NULL") == [(0,)]


def blob(town: Town) -> str:
    return f"x'{'00' * 32}'" if town.is_sqlite else f"'\\x{'00' * 32}'"


def test_a_program_is_told_what_was_done(town: Town, street: str, tmp_path: Path) -> None:
    changed = told(town, "streets", "set", street, "--id-pattern", "[0-9]{9}", "--json")
    assert json.loads(changed.output) == listed(town, street)
    made = json.loads(make_key(town, tmp_path / "1.json", street, TODAY, "--json").output)
    key = {"issuer_id": street, "key_id": 1}
    assert made == {"file": str(tmp_path / "1.json"), **key, "valid_from": TODAY.isoformat()}
    last_day = (TODAY + timedelta(days=7)).isoformat()
    ended = told(town, "streets", "end-key", street, "1", "--last-day", last_day, "--json")
    assert json.loads(ended.output) == {**key, "valid_until": last_day}


def test_a_street_that_follows_the_manual(town: Town, street: str, tmp_path: Path) -> None:
    options = ("--profile", "1", "--id-pattern", "[0-9]{9}")
    assert told(town, "streets", "set", street, *options).exit_code == 0
    make_key(town, tmp_path / "1.json", street, TODAY)
    key = load_key_file(tmp_path / "1.json").key
    assert (key.profile, key.id_pattern) == (Profile.CBC_MD5, "[0-9]{9}")


def test_a_key_ends(town: Town) -> None:
    ended = told(town, "streets", "end-key", STREET_2, "7", "--last-day", "2026-08-31")
    assert ended.exit_code == 0, ended.output
    assert listed(town, STREET_2)["keys"][0]["valid_until"] == "2026-08-31"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("set", NEW_STREET), "there is no issuer"),
        (("set", LIBRARY), "is no shopping street"),
        (("set", "12345"), "not an issuer ID of 6 digits"),
        (("set", STREET_2, "--profile", "3"), "3 is not in the range"),
        (("set", STREET_2, "--id-kind", "OTHER"), "'OTHER' is not one of"),
        (("set", STREET_2, "--id-pattern", "[0-9"), "is no regular expression"),
        (("set", STREET_2, "--profile", "1", "--id-pattern", "[0-9]+"), "take profile 2"),
        (("set", STREET_1, "--id-pattern", "[0-9]{8,9}"), "take profile 2"),
        (("set", STREET_1, "--id-pattern", ""), "take profile 2"),
        (("set", STREET_2, "--id-kind", "MYKEY"), "takes its own --id-pattern"),
        (("end-key", STREET_2, "99", "--last-day", "2030-01-01"), "has no key 99"),
        (("end-key", STREET_2, "7", "--last-day", "2000-01-01"), "cannot end before"),
        (("end-key", STREET_2, "7", "--last-day", "2030-02-30"), "is no day like 2026-07-01"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    town: Town, arguments: tuple[str, ...], says: str
) -> None:
    before = town.dump(*TRAIL)
    assert says in refusal(told(town, "streets", *arguments))
    assert town.dump(*TRAIL) == before


@pytest.mark.parametrize(
    ("issuer_id", "first", "server", "says"),
    [
        (LIBRARY, TODAY, SERVER, "has no merge settings"),
        (NEW_STREET, TODAY - timedelta(days=1), SERVER, "is past"),
        (NEW_STREET, TODAY, "points.example", "is not HOST:PORT"),
        (NEW_STREET, TODAY, "", "is not HOST:PORT"),
    ],
)
def test_a_key_that_cannot_be_made_leaves_no_file(
    town: Town, street: str, tmp_path: Path, issuer_id: str, first: date, server: str, says: str
) -> None:
    out = tmp_path / "key.json"
    options = ("--from", first.isoformat(), "--server", server, "--out", str(out))
    assert says in refusal(told(town, "streets", "make-key", issuer_id, *options))
    assert list(tmp_path.glob("*key*")) == []
    assert listed(town, street)["keys"] == []


def test_a_key_begins_after_the_one_before(town: Town, street: str, tmp_path: Path) -> None:
    make_key(town, tmp_path / "1.json", street, TODAY + timedelta(days=3))
    again = make_key(town, tmp_path / "2.json", street, TODAY + timedelta(days=3))
    assert "a new one begins later" in refusal(again)
    assert not (tmp_path / "2.json").exists()


def test_a_key_file_is_never_written_over(town: Town, street: str, tmp_path: Path) -> None:
    out = tmp_path / "key.json"
    out.write_text("another street's")
    assert "is there already" in refusal(make_key(town, out, street, TODAY))
    assert out.read_text() == "another street's"
    missing = tmp_path / "missing" / "key.json"
    assert f"{missing.parent} is missing" in refusal(make_key(town, missing, street, TODAY))
    assert listed(town, street)["keys"] == [], "no key without its file"


def test_without_its_row_the_key_file_goes_again(
    town: Town, street: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def changing_and_failing(url: str) -> Iterator[Database]:
        """Let everything happen, and fail at the commit."""
        with changing(url) as opened:
            yield opened
            raise UnusableDatabaseError("the disk is full")

    monkeypatch.setattr("server.streets.cli.changing", changing_and_failing)
    out = tmp_path / "key.json"
    assert "the disk is full" in refusal(make_key(town, out, street, TODAY))
    assert not out.exists()


def test_the_wrong_master_key_is_told(town: Town, tmp_path: Path) -> None:
    out = tmp_path / "key.json"
    options = ("--from", TODAY.isoformat(), "--server", SERVER, "--out", str(out))
    line = ["streets", "make-key", "--database", town.url, STREET_2, *options]
    result = CliRunner().invoke(main, line, env={"JICHIPOINT_MASTER_KEY": "22" * 32})
    assert "another master key" in refusal(result)
    assert not out.exists()


def test_the_town_s_secret_opens(town: Town) -> None:
    ((sealed,),) = town.rows(
        f"SELECT sealed_client_secret FROM street WHERE issuer_id = '{STREET_1}'"  # noqa: S608
    )
    assert town.vault.open(bytes(sealed), client_secret_use(STREET_1)).decode() == CLIENT_SECRET


@pytest.mark.parametrize(
    ("pattern", "fixed"),
    [
        ("[0-9]{9}", True),
        ("A[0-9]{3}|B[0-9]{3}", True),
        ("[0-9]{8,9}", False),
        ("[0-9]+", False),
        ("A|BC", False),
    ],
)
def test_whether_all_ids_have_one_length(pattern: str, fixed: bool) -> None:
    assert has_fixed_length(pattern) is fixed


@pytest.mark.parametrize(
    ("day", "says"),
    [
        ("9999-12-31", "9999-12-31 is out of range: from 2000-01-01 to 2199-12-31"),
        ("0026-12-01", "0026-12-01 is out of range"),
        ("2026-02-30", "'2026-02-30' is no day like 2026-07-01"),
    ],
)
def test_a_day_that_cannot_be_is_told_in_one_line(
    town: Town, tmp_path: Path, day: str, says: str
) -> None:
    line = ["make-key", "--database", town.url, STREET_1, "--server", "a:1", "--from", day]
    result = CliRunner().invoke(main, ["streets", *line, "--out", str(tmp_path / "key.json")])
    assert result.exit_code == 2
    assert says in result.output.splitlines()[-1]
