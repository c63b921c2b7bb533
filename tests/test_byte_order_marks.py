"""What a person may have saved with a Windows editor is taken with its byte order mark."""

from codecs import BOM_UTF8
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from counter_tui.agent.cli import _password
from counter_tui.core.authority import pinned_authority
from counter_tui.core.settings import State
from counter_tui.options import hint_option
from counter_tui.shell.keymap import read_keymap
from counter_tui.virtual.card_header import read_document
from merge_driver.keys import load_key_file
from merge_driver.outputs.http_post import _token
from merge_driver.settings import load_settings
from server.citizens.anchors import Anchor, read_anchors
from server.citizens.revocation import RevocationList
from server.citizens.signature_revocations import changed_serial_numbers
from server.clock import SystemClock
from server.configuration.loading import load_configuration
from server.secrets import read_master_key
from server.serving.tls import TlsFiles, read_identity
from tests.integration.tls import new_authority
from tests.merge_driver.samples import KEY_2, write_key_file
from tests.server.citizens.authorities import Authorities, in_a_thread
from tests.server.support import MASTER_KEY


def hint(path: Path) -> str:
    """What the sign-in screen shows of a --hint-file."""
    found: list[str] = []
    command = click.Command("shows", params=[], callback=lambda hint: found.extend([hint]))
    hint_option(command)
    command.main([f"--hint-file={path}"], standalone_mode=False)
    return found[0]


Read = Callable[[Path], object]
TEXTS: dict[str, tuple[str, str, Read]] = {
    "server's configuration": (
        "jichipoint.toml",
        '[server]\nlisten = "127.0.0.1:50051"\n',
        lambda path: load_configuration(path, {}),
    ),
    "driver's configuration": (
        "merge-driver.toml",
        'spool = "."\nkeys = "."\njournal = "j.db"\n[output]\nkind = "jsonl"\npath = "p.jsonl"\n',
        load_settings,
    ),
    "keymap": ("keymap.toml", '[keys]\nhelp = "f11"\n', read_keymap),
    "hint of the sign-in screen": ("hint", "デモ用: 00010011\r\n", hint),
    "master key": ("master.key", MASTER_KEY.hex() + "\r\n", read_master_key),
    "token of a street's web service": ("token", "abc\r\n", _token),
    "terminal's password for the agent": ("password", "secret\r\n", _password),
    "terminal's state": (
        "terminal.json",
        '{"format": "jichipoint-terminal", "version": 1, "terminal_id": "00010011"}',
        lambda path: State(path.parent).registered_terminal(),
    ),
    "virtual card": (
        "030D45.json",
        '{"format": "jichipoint-virtual-card", "version": 1}',
        read_document,
    ),
}


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("what", TEXTS)
def test_texts(tmp_path: Path, what: str) -> None:
    name, text, read = TEXTS[what]
    path = saved(tmp_path / name, text.encode())
    expected = read(path)
    assert expected
    saved(path, BOM_UTF8 + text.encode())
    assert read(path) == expected


def test_a_street_s_key_file(tmp_path: Path) -> None:
    path = write_key_file(tmp_path / "7.json")
    saved(path, BOM_UTF8 + path.read_bytes())
    assert load_key_file(path).key == KEY_2


def test_certificates_and_keys(tmp_path: Path) -> None:
    authority = new_authority(tmp_path)
    certificate, key = authority.sign("server")
    files = TlsFiles(certificate, key, authority.certificate)
    expected = read_identity(files, SystemClock())
    for path in (certificate, key, authority.certificate):
        saved(path, BOM_UTF8 + path.read_bytes())
    assert read_identity(files, SystemClock()) == expected, "gRPC would leave out what has a mark"
    given = pinned_authority(tmp_path / "state", "127.0.0.1:1", authority.certificate)
    assert given == expected.client_authority


async def test_lists_of_revoked_certificates(tmp_path: Path) -> None:
    authorities = Authorities.new()
    now = datetime.now(UTC)
    own = authorities.authority
    anchor = saved(tmp_path / "ca.pem", BOM_UTF8 + own.certificate.public_bytes(Encoding.PEM))
    revoked = own.revocation_list((authorities.certificate().serial_number,), now)
    path = saved(tmp_path / "users.crl", BOM_UTF8 + revoked.public_bytes(Encoding.PEM))
    assert read_anchors(anchor, now, is_test=False) == [Anchor(own.certificate, is_test=False)]
    listed = RevocationList(path, [Anchor(own.certificate, is_test=True)])
    assert await listed.is_revoked(authorities.certificate(), own.certificate, now, in_a_thread)
    assert changed_serial_numbers(path, anchor, now) == set()
