"""Secrets in the database, and the master key (SEC-4)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.secrets import MASTER_KEY_VARIABLE, MasterKeyError, Vault, read_master_key
from tests.server.support import MASTER_KEY, TestChance

USE = "street_key.key:000002:1"


def vault(key: bytes = MASTER_KEY) -> Vault:
    return Vault(key, TestChance())


@given(st.binary(max_size=100), st.text(max_size=40))
def test_what_is_sealed_is_opened(secret: bytes, use: str) -> None:
    sealed = vault().seal(secret, use)
    assert vault().open(sealed, use) == secret
    assert len(sealed) == 12 + len(secret) + 16


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    one = vault()
    assert one.seal(b"secret", USE) != one.seal(b"secret", USE)
    assert b"secret" not in one.seal(b"secret", USE)


def test_another_key_does_not_open_it() -> None:
    sealed = vault().seal(b"secret", USE)
    with pytest.raises(MasterKeyError, match="sealed with another master key"):
        vault(bytes(32)).open(sealed, USE)


def test_another_use_does_not_open_it() -> None:
    sealed = vault().seal(b"secret", USE)
    with pytest.raises(MasterKeyError, match="000003"):
        vault().open(sealed, "street_key.key:000003:1")


def test_what_is_too_short_to_be_sealed_is_named() -> None:
    for cut in (b"", bytes(27)):
        with pytest.raises(MasterKeyError, match=r"secret of street_key.* is cut"):
            vault().open(cut, USE)


def test_a_changed_byte_anywhere_is_noticed() -> None:
    sealed = vault().seal(b"secret", USE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(MasterKeyError):
            vault().open(bytes(changed), USE)


def key_file(folder: Path, text: str = MASTER_KEY.hex(), mode: int = 0o600) -> Path:
    path = folder / "master.key"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("text", [MASTER_KEY.hex(), MASTER_KEY.hex().upper() + "\n"])
def test_a_key_is_read_from_a_file(tmp_path: Path, text: str) -> None:
    assert read_master_key(key_file(tmp_path, text)) == MASTER_KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(MasterKeyError, match="chmod 600"):
        read_master_key(key_file(tmp_path, mode=mode))


@pytest.mark.parametrize("text", ["", "xyz", "00" * 31, "00" * 33, "é" * 64, "0" * 63])
def test_a_key_is_64_hexadecimal_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(MasterKeyError) as caught:
        read_master_key(key_file(tmp_path, text))
    monkeypatch.setenv(MASTER_KEY_VARIABLE, text)
    with pytest.raises(MasterKeyError, match=MASTER_KEY_VARIABLE):
        read_master_key(None)
    assert not text or text not in str(caught.value), "no secret in a message (SEC-3)"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match=r"cannot be read from .*none: No such file or dir"):
        read_master_key(tmp_path / "none")


def test_a_key_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MASTER_KEY_VARIABLE, MASTER_KEY.hex())
    assert read_master_key(None) == MASTER_KEY
    monkeypatch.delenv(MASTER_KEY_VARIABLE)
    with pytest.raises(MasterKeyError, match="--master-key-file"):
        read_master_key(None)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", "鍵".encode(), b"[ledger]\n"])
def test_what_is_no_key_is_told_before_who_can_read_it(tmp_path: Path, content: bytes) -> None:
    path = key_file(tmp_path, mode=0o644)
    path.write_bytes(content)
    with pytest.raises(MasterKeyError, match="not 64 hexadecimal digits"):
        read_master_key(path)
