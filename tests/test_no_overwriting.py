"""No command writes over what is there: every one that writes a file, over every name it writes."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from counter_tui.cli import main as counter
from counter_tui.virtual.cli import main as card
from demo.cli import main as demo
from merge_driver.cli import main as merge_driver
from server.cli import main as server
from server.terminal_forms.form_one import write_form_one
from tests.engines import SqliteEngine
from tests.integration.processes import write_key
from tests.server.support import HOME, STREET_1, TestClock, Town, build_town
from tests.server.terminal_forms.support import FORM
from tests.server.upkeep.carried import fill

PROGRAMS: dict[str, click.Command] = {
    "server": server,
    "counter": counter,
    "card": card,
    "merge-driver": merge_driver,
    "demo": demo,
}
WRITTEN = {
    ("server demo-data", "folder"),
    ("server init", "folder"),
    ("server ledger export", "file"),
    ("server backup", "folder"),
    ("server streets make-key", "out"),
    ("server merges file", "folder"),
    ("server terminals form-one blank", "file"),
    ("server terminals form-one issue", "out"),
    ("server audit export", "file"),
    ("server master-key new", "file"),
    ("card authority", "folder"),
    ("card new", "folder"),
    ("merge-driver keys import", "keys_folder"),
}
"""Options and arguments that name a file, or a folder for files, which a command makes."""
READ = {
    "config", "master_key_file", "new_master_key_file", "tls_certificate", "tls_key",
    "tls_client_authority", "authorities", "test_authorities", "revocation_lists", "authority",
    "server_authority", "virtual_cards", "receipt_font", "keymap", "password_file",
    "configuration", "files",
}  # fmt: skip
"""Those of all commands that name what is only read."""
READ_BY = {
    ("server ledger import", "file"),
    ("server restore", "file"),
    ("server streets add-certificate", "file"),
    ("server citizens import-renewals", "file"),
    ("server citizens import-signature-renewals", "file"),
    ("server citizens import-signature-revocations", "file"),
    ("server terminals form-one check", "file"),
    ("server terminals form-one issue", "file"),
    ("server terminals form-two withdraw", "file"),
    ("card list", "folder"),
    ("merge-driver inspect", "file"),
    ("merge-driver inspect", "keys_folder"),
    ("merge-driver verify", "keys_folder"),
    ("merge-driver keys import", "file"),
}
OWN = {
    ("counter run", "state_folder"),
    ("counter run", "spool_folder"),
    ("counter kiosk", "state_folder"),
    ("counter agent", "state_folder"),
    ("counter card read", "state_folder"),
    ("counter card look-up", "state_folder"),
    ("counter doctor", "state_folder"),
    ("card insert", "folder"),
    ("card remove", "folder"),
    ("card lock", "folder"),
    ("card unlock", "folder"),
    ("demo", "folder"),
}
"""Folders in which programs keep files of their own, and change those."""


def paths(name: str, command: click.Command) -> Iterator[tuple[str, str]]:
    """Every option and argument that names a file or a folder."""
    for one in command.params:
        if isinstance(one.type, click.Path):
            yield name, str(one.name)
    if isinstance(command, click.Group):
        for called, sub in command.commands.items():
            yield from paths(f"{name} {called}", sub)


def test_every_path_of_every_command_is_known() -> None:
    found = {one for name, program in PROGRAMS.items() for one in paths(name, program)}
    known = WRITTEN | READ_BY | OWN | {one for one in found if one[1] in READ}
    assert found == known


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a ledger in which everything was done once, its key, and a test authority."""
    place = tmp_path_factory.mktemp("place")
    town = Town(SqliteEngine().new(place))
    build_town(town.url)
    with town.booker() as booker:
        fill(town, booker)
    town.tamper("DELETE FROM data_key")
    write_key(place)
    run(card, "authority", place / "cards")
    run(
        server, "streets", "make-key", *ledger(place), *key(place), STREET_1,
        "--from", "2034-01-01", "--server", "127.0.0.1:50051", "--out", place / "000002-8.json",
    )  # fmt: skip
    return place


def run(program: click.Command, *arguments: object) -> Result:
    return CliRunner().invoke(program, [str(one) for one in arguments])


def ledger(place: Path) -> tuple[str, str]:
    return "--database", f"sqlite:///{place / 'ledger.db'}"


def key(place: Path) -> tuple[str, Path]:
    return "--master-key-file", place / "master.key"


def merged(place: Path) -> str:
    ((number,),) = Town(ledger(place)[1]).rows(
        "SELECT transaction_number FROM merge JOIN ledger_transaction USING (transaction_id)"
    )
    return str(number)


def export(place: Path, folder: Path) -> Result:
    return run(server, "ledger", "export", *ledger(place), folder / "town.jsonl")


def make_key(place: Path, folder: Path) -> Result:
    day = f"2034-02-{len(list(place.glob('keys-*'))) + 1:02}"
    (place / f"keys-{day}").touch()
    return run(
        server, "streets", "make-key", *ledger(place), *key(place), STREET_1, "--from", day,
        "--server", "127.0.0.1:50051", "--out", folder / "key.json",
    )  # fmt: skip


def issue(place: Path, folder: Path) -> Result:
    form = place / "form.xlsx"
    form.write_bytes(write_form_one(FORM))
    return run(
        server, "terminals", "form-one", "issue", *ledger(place), form,
        "--out", folder / "two.xlsx", "--municipality", HOME,
    )  # fmt: skip


def make_card(place: Path, folder: Path) -> Result:
    for one in (place / "cards").iterdir():
        if not (folder / one.name).exists():
            (folder / one.name).write_bytes(one.read_bytes())
    return run(card, "new", folder, "030D45")


Writes = Callable[[Path, Path], Result]
WRITES: dict[tuple[str, str], Writes] = {
    ("server demo-data", "folder"): lambda _, folder: run(server, "demo-data", "--folder", folder),
    ("server init", "folder"): lambda _, folder: run(server, "init", folder),
    ("server ledger export", "file"): export,
    ("server backup", "folder"): lambda place, folder: run(
        server, "backup", *ledger(place), folder
    ),
    ("server streets make-key", "out"): make_key,
    ("server merges file", "folder"): lambda place, folder: run(
        server, "merges", "file", *ledger(place), merged(place), "--folder", folder
    ),
    ("server terminals form-one blank", "file"): lambda _, folder: run(
        server, "terminals", "form-one", "blank", folder / "one.xlsx"
    ),
    ("server terminals form-one issue", "out"): issue,
    ("server audit export", "file"): lambda place, folder: run(
        server, "audit", "export", *ledger(place), folder / "trail.csv"
    ),
    ("server master-key new", "file"): lambda _, folder: run(
        server, "master-key", "new", folder / "master.key"
    ),
    ("card authority", "folder"): lambda _, folder: run(card, "authority", folder),
    ("card new", "folder"): make_card,
    ("merge-driver keys import", "keys_folder"): lambda place, folder: run(
        merge_driver, "keys", "import", place / "000002-8.json", "--keys", folder
    ),
}


def test_every_command_that_writes_is_tried() -> None:
    assert set(WRITES) == WRITTEN


def names_in(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def a_text(path: Path) -> None:
    path.write_bytes(b"mine\n")


def a_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("CREATE TABLE mine (x)")


@pytest.mark.parametrize("there", [a_text, a_database])
@pytest.mark.parametrize("which", sorted(WRITES), ids=lambda one: one[0])
def test_what_is_there_stays(
    place: Path,
    tmp_path: Path,
    which: tuple[str, str],
    there: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if which[0] == "server backup":  # the name it writes is the second's
        monkeypatch.setattr("server.upkeep.backup_cli.SystemClock", TestClock)
    write = WRITES[which]
    new = tmp_path / "new"
    new.mkdir()
    done = write(place, new)
    assert done.exit_code == 0, done.output
    names = names_in(new)
    assert names
    for number, name in enumerate(names):
        folder = tmp_path / str(number)
        path = folder / name
        path.parent.mkdir(parents=True)
        there(path)
        before = path.read_bytes()
        result = write(place, folder)
        assert path.read_bytes() == before, (name, result.output)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        if result.exit_code:
            assert "Traceback" not in result.output


def test_what_hands_secrets_over_is_for_its_owner_alone(place: Path, tmp_path: Path) -> None:
    for number, (which, write) in enumerate(sorted(WRITES.items())):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert write(place, folder).exit_code == 0
        open_to_others = {
            name for name in names_in(folder) if (folder / name).stat().st_mode & 0o077
        }
        assert not open_to_others or which in PUBLIC, (which, open_to_others)


PUBLIC = {("server merges file", "folder"), ("card authority", "folder"), ("card new", "folder")}
"""What is encrypted, for the merge driver's user, and certificates."""


def test_a_disk_without_links_takes_new_files_and_keeps_old_ones(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    assert export(place, tmp_path).exit_code == 0
    written = (tmp_path / "town.jsonl").read_bytes()
    assert b"jichipoint-ledger" in written
    assert "is there already: name a new file" in export(place, tmp_path).output
    assert (tmp_path / "town.jsonl").read_bytes() == written
    assert names_in(tmp_path) == ["town.jsonl"]


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_nothing_is_written_where_sqlite_writes(place: Path, tmp_path: Path, ending: str) -> None:
    a_text(tmp_path / "town.db")
    path = tmp_path / f"town.db{ending}"
    for wanted in (path, tmp_path / "a\nb", tmp_path / "a\x1b[31m"):
        for result in (
            run(server, "ledger", "export", *ledger(place), wanted),
            run(server, "audit", "export", *ledger(place), wanted),
            run(server, "master-key", "new", wanted),
            run(server, "terminals", "form-one", "blank", wanted),
        ):
            assert result.exit_code == 1
            assert len(result.output.splitlines()) == 1, "one line, whatever the name holds"
            assert "\x1b" not in result.output
    assert export(place, tmp_path).exit_code == 0
    result = run(
        server, "ledger", "import", "--database", f"sqlite:///{path}", tmp_path / "town.jsonl"
    )
    assert result.exit_code == 1
    assert f"SQLite writes {path.name} itself, beside town.db" in result.output
    assert names_in(tmp_path) == ["town.db", "town.jsonl"]
