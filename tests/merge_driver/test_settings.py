"""The configuration: everything wrong is told at once, and nothing else is taken."""

from pathlib import Path

import pytest

from merge_driver.errors import SettingsError
from merge_driver.settings import ClientIdentity, OutputKind, load_settings

GOOD = """spool = "spool"
keys = "keys"
journal = "journal.db"

[output]
kind = "jsonl"
path = "points.jsonl"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("spool", "keys"):
        (tmp_path / name).mkdir()
    return tmp_path


def faults(folder: Path, content: str | bytes) -> list[str]:
    path = folder / "merge-driver.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def loaded(folder: Path, output: str, top: str = "") -> OutputKind:
    path = folder / "merge-driver.toml"
    path.write_text(GOOD.replace('kind = "jsonl"\npath = "points.jsonl"\n', output))
    path.write_text(top + path.read_text())
    return load_settings(path).output.kind


def test_paths_are_seen_from_the_file(folder: Path) -> None:
    path = folder / "merge-driver.toml"
    path.write_text(GOOD)
    settings = load_settings(path)
    assert settings.spool == folder / "spool"
    assert settings.output.path == folder / "points.jsonl"
    assert (settings.acknowledge, settings.server, settings.certificate_authority) == (
        False,
        "",
        None,
    )


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ('kind = "csv"\npath = "p.csv"\nencoding = "shift_jis"\n', OutputKind.CSV),
        ('kind = "http"\nurl = "https://points.example/add"\nattempts = 2\n', OutputKind.HTTP),
        ('kind = "http"\nurl = "http://[::1]:8080/"\ntimeout_seconds = 0.5\n', OutputKind.HTTP),
        ('kind = "command"\ncommand = ["true"]\n', OutputKind.COMMAND),
        ('kind = "python"\n', OutputKind.PYTHON),
    ],
)
def test_every_kind_of_output(folder: Path, output: str, kind: OutputKind) -> None:
    assert loaded(folder, output) is kind


def test_the_key_of_a_certificate_is_its_owners_alone(folder: Path) -> None:
    for name, mode in (("own.pem", 0o644), ("own.key", 0o640)):
        (folder / name).touch(mode)
        (folder / name).chmod(mode)
    top = 'client_certificate = "own.pem"\nclient_key = "own.key"\n'
    assert faults(folder, top + GOOD) == [
        f"client_key {folder}/own.key: others can read it; run chmod 600 on it",
        "client_certificate goes with acknowledge = true",
    ]
    (folder / "own.key").chmod(0o600)
    path = folder / "merge-driver.toml"
    path.write_text(f"acknowledge = true\n{top}{GOOD}")
    identity = load_settings(path).client_identity
    assert identity == ClientIdentity(folder / "own.pem", folder / "own.key")


def test_every_field_wrong_at_once(folder: Path) -> None:
    (folder / "own.key").touch(0o600)
    told = faults(
        folder,
        """spool = "missing"
keys = 7
acknowledge = "yes"
server = "points.example"
certificate_authority = "missing.pem"
client_certificate = "own.pem"
client_key = "own.key"
colour = "red"

[output]
kind = "http"
url = "http://points.example/add"
token_file = "missing"
timeout_seconds = 0
attempts = 21
path = "x"
""",
    )
    assert told == [
        f"spool {folder}/missing: there is no such folder",
        "keys is not a text",
        "journal is missing",
        "acknowledge is neither true nor false",
        "server 'points.example' is not HOST:PORT",
        f"certificate_authority {folder}/missing.pem: there is no such file",
        "server and certificate_authority go with acknowledge = true",
        f"client_certificate {folder}/own.pem: there is no such file",
        "client_certificate and client_key go together",
        "output.path is not a field of this kind of output",
        "output.url 'http://points.example/add': points go to other machines by https only",
        f"output.token_file {folder}/missing: there is no such file",
        "output.timeout_seconds is not a number of seconds up to 600",
        "output.attempts is not a whole number from 1 to 20",
        "colour is not known",
    ]


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("", "output.kind is missing"),
        ('kind = "xml"\n', "output.kind 'xml' is none of jsonl, csv, http, command, python"),
        ('kind = "jsonl"\n', "output.path is missing"),
        ('kind = "csv"\npath = "a"\nencoding = "euc_jp"\n', "encoding 'euc_jp' is neither"),
        ('kind = "jsonl"\npath = "missing/a"\n', "there is no such folder"),
        ('kind = "http"\nurl = "ftp://points.example"\n', "not the address of a web server"),
        ('kind = "http"\nurl = "https://a:b@points.example"\n', "use token_file"),
        ('kind = "http"\nurl = "https://[bad"\n', "url"),
        ('kind = "http"\nurl = "https://points.example:99999"\n', "url"),
        ('kind = "command"\ncommand = "true"\n', "output.command is not a list of texts"),
        ('kind = "command"\ncommand = []\n', "output.command is not a list of texts"),
        ('kind = "command"\ncommand = ["no-such-program"]\n', "is no program"),
        ('kind = "python"\npath = "a"\n', "output.path is not a field of this kind"),
        ('kind = "http"\nurl = "http://127.0.0.1"\nattempts = true\n', "output.attempts"),
    ],
)
def test_an_output_that_cannot_be(folder: Path, output: str, says: str) -> None:
    top = GOOD.partition("[output]")[0]
    assert says in "\n".join(faults(folder, f"{top}[output]\n{output}"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "spool is missing"),
        (b"\xff", "not UTF-8"),
        (b"spool = ", "not TOML"),
        ("ｓｐｏｏｌ = 1".encode(), "not TOML"),
        (GOOD.encode() + b"[output]\n", "not TOML"),
        (b"output = 1\n", "output is not a table"),
    ],
)
def test_a_file_that_is_no_configuration(folder: Path, content: bytes, says: str) -> None:
    assert says in "\n".join(faults(folder, content))


def test_a_token_that_others_can_read_is_told(folder: Path) -> None:
    (folder / "token").write_text("s3cret")
    (folder / "token").chmod(0o644)
    output = 'kind = "http"\nurl = "http://127.0.0.1"\ntoken_file = "token"\n'
    top = GOOD.partition("[output]")[0]
    (fault,) = faults(folder, f"{top}[output]\n{output}")
    assert "run chmod 600" in fault


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "missing.toml")
