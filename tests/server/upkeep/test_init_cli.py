"""jichipoint-server init: a configuration that works (OPS-1, SEC-1)."""

import re
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from server.callers.sign_in import check_password, find_terminal
from server.chance import SystemChance
from server.cli import main
from server.clock import SystemClock
from server.configuration.loading import load_configuration
from server.db.engine import open_database
from server.db.queries import rows
from server.secrets import read_master_key
from server.serving.opening import open_ledger
from server.serving.tls import TlsFiles, read_identity


def init(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["init", str(folder), *arguments])


def refused(result: Result) -> str:
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit), "no traceback"
    return result.output


def test_what_it_made_opens_and_its_operator_signs_in(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "town"
    result = init(folder)
    assert result.exit_code == 0, result.output
    values = load_configuration(folder / "jichipoint.toml", {})
    assert values["listen"] == "127.0.0.1:50051"
    key = read_master_key(folder / "master.key")
    ledger = open_ledger(str(values["database"]), key, SystemClock(), SystemChance())
    told = re.search(r"terminal: (\d{8})  password (\S+)\n", result.output)
    assert told
    terminal_id, password = told.groups()
    with ledger.database.connection_context():
        row = find_terminal(ledger.database, terminal_id)
    assert row is not None
    assert check_password(row, password).terminal_class == "OPERATOR"
    for name in ("jichipoint.toml", "master.key", "ledger.db"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_commands_take_their_database_from_it(tmp_path: Path) -> None:
    init(tmp_path / "town")
    config = ["--config", str(tmp_path / "town" / "jichipoint.toml")]
    result = CliRunner().invoke(main, [*config, "ledger", "verify"])
    assert (result.exit_code, "0 transactions" in result.output) == (0, True)
    given = CliRunner().invoke(
        main, [*config, "ledger", "verify", "--database", "sqlite:///none.db"]
    )
    assert "there is no none.db" in given.output, "an option counts for more"


def test_a_trial_authority_is_believed_for_its_names(tmp_path: Path) -> None:
    result = init(tmp_path, "--trial-authority", "--host", "points.example", "--host", "192.0.2.7")
    assert result.exit_code == 0, result.output
    files = TlsFiles(tmp_path / "server.pem", tmp_path / "server.key")
    identity = read_identity(files, SystemClock())
    assert identity.certificate
    ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
    for name in ("authority.key", "server.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    values = load_configuration(tmp_path / "jichipoint.toml", {})
    assert values["tls_certificate"] == tmp_path / "server.pem"


@pytest.mark.parametrize("left", ["authority.key", "authority.pem", "server.key"])
def test_an_authority_that_was_half_made_is_made_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("half")
    assert init(tmp_path, "--trial-authority").exit_code == 0
    read_identity(TlsFiles(tmp_path / "server.pem", tmp_path / "server.key"), SystemClock())


@pytest.mark.parametrize("name", ["a#b", "a?b", "a%41b", "桜 町"])
def test_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    assert init(tmp_path / name).exit_code == 0
    assert (tmp_path / name / "ledger.db").exists()
    config = str(tmp_path / name / "jichipoint.toml")
    assert CliRunner().invoke(main, ["--config", config, "ledger", "verify"]).exit_code == 0


def test_it_does_not_write_over_what_is_there(tmp_path: Path) -> None:
    init(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert "is there already" in refused(init(tmp_path))
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before


def test_one_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    init(tmp_path)
    key = (tmp_path / "master.key").read_bytes()
    (tmp_path / "jichipoint.toml").unlink()
    result = init(tmp_path)
    assert result.exit_code == 0
    assert "operator's terminal" not in result.output, "there is one already"
    assert "new-password" in result.output
    assert (tmp_path / "master.key").read_bytes() == key
    database = open_database(f"sqlite:///{tmp_path}/ledger.db")
    with database.connection_context():
        assert rows(database, "SELECT count(*) FROM terminal") == [(1,)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--listen", "0.0.0.0:50051"), "not a loopback address"),
        (("--listen", "x"), "is not HOST:PORT"),
        (("--listen", "127.0.0.1:99999"), "is not HOST:PORT"),
        (("--host", "a"), "goes with --trial-authority"),
        (("--trial-authority", "--host", "a b"), "no name or address"),
        (("--database", "sqlite:////nowhere/x.db"), "does not exist"),
        (("--database", "mysql://x"), "no database this server can open"),
    ],
)
def test_what_cannot_be(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(init(tmp_path / "town", *arguments))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(init(tmp_path / "file" / "town")).count("\n") == 1


def test_the_certificate_is_good_now_and_not_for_ever(tmp_path: Path) -> None:
    from cryptography import x509  # noqa: PLC0415

    init(tmp_path, "--trial-authority")
    one = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    left = one.not_valid_after_utc - datetime.now(UTC)
    assert 89 <= left.days <= 90
