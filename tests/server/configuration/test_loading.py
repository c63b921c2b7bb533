"""The configuration: everything wrong is told at once (OPS-1)."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cli import main
from server.configuration.fields import FIELDS
from server.configuration.loading import ConfigurationError, defaults_of, load_configuration

EVERYTHING_WRONG = """
ledgers = 1

[ledger]
database = "mysql://root:geheim@db/points"
training_database = ""
master_key_file = "none.key"
other = 1

[server]
listen = "everywhere"
processes = 65

[tls]
certificate = "none.pem"
key = 5
client_authority = ["a"]

[cards]
authorities = "none.pem"
test_authorities = 7
revocation_lists = ["none.crl"]
ocsp = "ftp://x"

[clock]
quiet_hours_max = 24

[metrics]
listen = "127.0.0.1:99999"

[logs]
form = "xml"
level = "loud"

[tracing]
endpoint = "collector"
"""
GOOD = """
[ledger]
database = "sqlite:///ledger.db"
master_key_file = "master.key"

[server]
listen = "[::1]:50051"
processes = 4

[cards]
authorities = ["master.key"]

[clock]
quiet_hours_max = 100
"""


def load(
    folder: Path, content: str | bytes, environment: Mapping[str, str] | None = None
) -> dict[str, object]:
    path = folder / "jichipoint.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(0o600)
    return dict(load_configuration(path, environment or {}))


def faults(
    folder: Path, content: str | bytes, environment: Mapping[str, str] | None = None
) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, content, environment)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def load_as(folder: Path, mode: int) -> str:
    path = folder / "jichipoint.toml"
    path.write_text('[ledger]\ndatabase = "postgresql://u:geheim@db/points"\n')
    path.chmod(mode)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, {})
    return str(caught.value)


def test_every_field_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, EVERYTHING_WRONG)
    told = {line.split(": ")[1].split()[0] for line in found}
    assert told == {f"{one.table}.{one.name}" for one in FIELDS} | {"ledgers", "ledger.other"}
    assert len(found) == len(FIELDS) + 2
    assert load_as(tmp_path, 0o644).endswith("others can read the password in it: chmod 600 it")
    assert "geheim" not in "".join(found), "no secret in a message (SEC-3)"


def test_a_good_one_is_seen_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "master.key").write_text("x")
    assert load(tmp_path, GOOD) == {
        "database": f"sqlite:///{tmp_path}/ledger.db",
        "master_key_file": tmp_path / "master.key",
        "listen": "[::1]:50051",
        "processes": 4,
        "authorities": (tmp_path / "master.key",),
        "quiet_hours_max": 100,
    }


def test_the_environment_counts_for_more(tmp_path: Path) -> None:
    key = tmp_path / "master.key"
    key.write_text("x")
    environment = {
        "JICHIPOINT_LEDGER_DATABASE": "postgresql://db/points",
        "JICHIPOINT_SERVER_PROCESSES": "2",
        "JICHIPOINT_CARDS_AUTHORITIES": f"{key}:{key}",
        "JICHIPOINT_MASTER_KEY": "00",
        "JICHIPOINT_SERVER_SERVICE_HOST": "10.0.0.1",
        "JICHIPOINT_SERVER_PORT_50051_TCP": "tcp://10.0.0.1:50051",
        "HOME": "/",
    }
    values = load(tmp_path, GOOD, environment)
    assert values["database"] == "postgresql://db/points"
    assert values["processes"] == 2
    assert values["authorities"] == (key, key)


def test_file_and_environment_are_told_together(tmp_path: Path) -> None:
    environment = {"JICHIPOINT_SERVER_LISTEN": "x", "JICHIPOINT_SERVER_PROCESES": "2"}
    found = faults(tmp_path, "[logs]\nform = 1\n", environment)
    assert [line.split(": ")[0].split(" ")[0] for line in found] == [
        "JICHIPOINT_SERVER_PROCESES",
        "JICHIPOINT_SERVER_LISTEN",
        "jichipoint.toml",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff", "not UTF-8"),
        ("[server", "not TOML"),
        ("server = 1", "write [server] above its fields"),
        ("[server]\nlisten = true", "give a text"),
        ("[server]\nprocesses = true", "not a whole number"),
        ("[server]\nprocesses = 0", "from 1 to 64"),
        ("[clock]\nquiet_hours_max = 8785", "from 25 to 8784"),
        ('[ledger]\ndatabase = "sqlite://host/x"', "give sqlite:///FILE"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, content: str | bytes, says: str) -> None:
    assert says in "\n".join(faults(tmp_path, content))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_configuration(tmp_path / "none.toml", {})


@given(st.dictionaries(st.sampled_from([one.variable for one in FIELDS]), st.text()))
def test_no_environment_brings_a_fault_of_ours(environment: dict[str, str]) -> None:
    try:
        load_configuration(None, environment)
    except ConfigurationError as error:
        assert str(error)


def test_every_field_is_a_default_of_an_option() -> None:
    values = {field.option: "x" for field in FIELDS}
    defaults = defaults_of(main, values)
    served = defaults["serve"]
    assert isinstance(served, dict)
    assert served.keys() == values.keys()
    assert defaults["ledger"] == {
        name: {"database": "x"} for name in ("export", "import", "seal", "verify")
    }
