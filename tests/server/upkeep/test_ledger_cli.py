"""The commands that look after the ledger: what they print, and how they end."""

import json
import os
import re
import resource
import signal
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from server.cli import main
from server.upkeep.verify import verify
from tests.server.support import CARD_A, Town, booked, grant_command, granted, spend_command

PASSWORD = "himitsu-no-go"
COMMANDS = ("verify", "seal", "export", "import")


@pytest.fixture
def filled(town: Town) -> Town:
    with town.booker() as booker:
        granted(booker, grant_command(CARD_A, 500))
        booked(booker, spend_command(CARD_A, 120))
    return town


def run(command: str, url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["ledger", command, "--database", url, *arguments])


def parsed(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def told(result: Result) -> str:
    """The one line that says what is wrong."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), "no traceback"
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    return result.output


def test_verify_says_what_agrees(filled: Town) -> None:
    result = run("verify", filled.url)
    assert (result.exit_code, result.output) == (
        0,
        "2 transactions and 1 lot agree; 0 transactions sealed in 0 blocks, 2 not sealed yet; "
        "0 of 0 events of the audit trail sealed\n",
    )


def test_verify_prints_json(filled: Town) -> None:
    run("seal", filled.url)
    last_hash = verify(filled.database).last_hash
    assert last_hash is not None
    assert parsed(run("verify", filled.url, "--json")) == {
        "transactions": 2,
        "lots": 1,
        "blocks": 1,
        "sealed": 2,
        "unsealed": 0,
        "last_hash": last_hash.hex(),
        "events": 0,
        "events_sealed": 0,
        "audit_last_hash": None,
        "fault": None,
    }


@pytest.mark.parametrize("as_json", [False, True])
def test_verify_names_the_fault_and_exits_1(filled: Town, as_json: bool) -> None:
    filled.tamper("UPDATE lot SET remaining = remaining - 1 WHERE lot_id = 1")
    fault = "lot 1: 379 points remain, its entries say 380"
    result = run("verify", filled.url, *["--json"][: int(as_json)])
    assert result.exit_code == 1
    if as_json:
        assert json.loads(result.stdout)["fault"] == fault
    else:
        assert result.output == f"WRONG: {fault}\n"


def test_seal_seals_until_nothing_is_left(filled: Town) -> None:
    result = run("seal", filled.url)
    last = verify(filled.database)
    assert last.last_hash is not None
    assert (last.blocks, last.sealed, last.unsealed) == (1, 2, 0)
    shown = last.last_hash.hex()
    assert result.output == f"1 block with 2 transactions sealed; the last seal is {shown}\n"
    again = {"blocks": 0, "transactions": 0, "last_hash": shown, "audit_last_hash": None}
    assert parsed(run("seal", filled.url, "--json")) == again


def test_seal_says_that_an_empty_ledger_has_no_seal(town: Town) -> None:
    assert run("seal", town.url).output == "0 blocks with 0 transactions sealed\n"


def test_a_ledger_is_exported_and_imported(filled: Town, tmp_path: Path) -> None:
    path = tmp_path / "town.jsonl"
    exported = parsed(run("export", filled.url, str(path), "--json"))
    assert exported["file"] == str(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text("utf-8").splitlines()[-1])["sha256"] == exported["sha256"]
    again = run("export", filled.url, str(path.with_name("again.jsonl"))).output
    told = re.fullmatch(r".*again\.jsonl: (\d+) rows, SHA-256 [0-9a-f]{64}\n", again)
    assert told, again
    assert int(told[1]) > int(str(exported["rows"])), "it says who exported before"
    first, second = (f"sqlite:///{tmp_path / name}" for name in ("first.db", "second.db"))
    imported = parsed(run("import", first, str(path), "--json"))
    assert (imported["rows"], imported["transactions"]) == (exported["rows"], 2)
    assert imported["fault"] is None
    assert run("import", second, str(path)).stdout == (
        f"{path}: {exported['rows']} rows stored; 2 transactions and 1 lot agree; "
        "0 transactions sealed in 0 blocks, 2 not sealed yet; "
        "0 of 0 events of the audit trail sealed\n"
    )


def test_files_that_cannot_be_used_are_told(filled: Town, tmp_path: Path) -> None:
    new = f"sqlite:///{tmp_path / 'new.db'}"
    missing = tmp_path / "none" / "town.jsonl"
    assert "make it first" in told(run("export", filled.url, str(missing)))
    assert "is there already: name a new file" in told(run("export", filled.url, str(tmp_path)))
    assert f"{missing}: No such file" in told(run("import", new, str(missing)))
    assert f"{tmp_path} is no file" in told(run("import", new, str(tmp_path)))
    os.mkfifo(tmp_path / "pipe")
    assert "pipe is no file" in told(run("import", new, str(tmp_path / "pipe")))
    (tmp_path / "letter").write_text("this is a letter\n")
    assert "is no export" in told(run("import", new, str(tmp_path / "letter")))
    (tmp_path / "lock").touch(mode=0o600)
    assert "lock is empty" in told(run("import", new, str(tmp_path / "lock")))
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_file_that_finds_no_room_is_told(filled: Town, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    folder = tmp_path / "out"
    folder.mkdir()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        result = run("export", filled.url, str(folder / "town.jsonl"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert "town.jsonl: cannot be written: File too large" in told(result)
    assert list(folder.iterdir()) == []


def with_password(url: str) -> str:
    """The URL, as if its user had a password; the tests' own PostgreSQL asks for none."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"postgres:{PASSWORD}@", query=parts.query).geturl()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_password_is_never_printed(filled: Town, tmp_path: Path, command: str) -> None:
    path = tmp_path / "town.jsonl"
    url = with_password(filled.url)
    assert PASSWORD in url
    run("export", filled.url, str(path))
    arguments = [str(path)] if command in ("export", "import") else []
    for statement in ("SELECT 1", "DROP TABLE counter", "DROP TABLE schema_migration"):
        filled.tamper(statement)
        for json_flag in ([], ["--json"]):
            if command == "export":
                path.unlink(missing_ok=True)
            result = run(command, url, *arguments, *json_flag)
            assert result.output
            assert PASSWORD not in result.output
    elsewhere = f"postgresql://postgres:{PASSWORD}@127.0.0.1:1/ledger"
    for unreachable in (
        elsewhere,
        f"postgresql://127.0.0.1:1/ledger?user=postgres&password={PASSWORD}",
        url.replace("/ledger_", "/none_"),
    ):
        assert PASSWORD not in told(run(command, unreachable, *arguments))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", ["verify", "seal", "export"])
def test_what_is_no_ledger_is_told(town: Town, tmp_path: Path, command: str) -> None:
    arguments = [str(tmp_path / "out.jsonl")] if command == "export" else []
    (tmp_path / "empty.db").touch()
    (tmp_path / "letter.db").write_text("this is a letter, not a database\n" * 100)
    for name in ("none/x.db", "missing.db", "empty.db", "letter.db"):
        told(run(command, f"sqlite:///{tmp_path / name}", *arguments))
    assert not (tmp_path / "missing.db").exists()
    assert not (tmp_path / "out.jsonl").exists()
