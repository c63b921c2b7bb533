"""The pinned authority: the first that was given holds (SEC-1)."""

from pathlib import Path

import pytest

from counter_tui.core.authority import BYTES_MAX, AuthorityError, pinned_authority

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
AWAY, HERE = "points.example:50051", "127.0.0.1:50051"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    path.write_bytes(PEM)
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_it_is_given_once_and_kept(state: Path, given: Path) -> None:
    assert pinned_authority(state, AWAY, given) == PEM
    given.unlink()
    assert pinned_authority(state, AWAY, None) == PEM
    assert pinned_authority(state, HERE, None) == PEM, "a tunnel does not undo it"
    assert (state / "authority.pem").stat().st_mode & 0o077 == 0


def test_another_one_is_refused(state: Path, given: Path) -> None:
    pinned_authority(state, AWAY, given)
    given.write_bytes(PEM.replace(b"MIIB", b"MIIC"))
    with pytest.raises(AuthorityError, match="set up with another authority"):
        pinned_authority(state, AWAY, given)
    assert pinned_authority(state, AWAY, None) == PEM


@pytest.mark.parametrize("server", [AWAY, "192.0.2.7:50051", "[2001:db8::1]:50051"])
def test_another_machine_is_not_spoken_to_without_one(state: Path, server: str) -> None:
    with pytest.raises(AuthorityError, match="--server-authority"):
        pinned_authority(state, server, None)


@pytest.mark.parametrize("server", [HERE, "localhost:1", "[::1]:1"])
def test_this_machine_needs_none(state: Path, server: str) -> None:
    assert pinned_authority(state, server, None) is None
    assert not state.exists()


@pytest.mark.parametrize("content", [b"", b"no certificate", PEM + b" " * BYTES_MAX])
def test_what_is_no_certificate_is_told(state: Path, given: Path, content: bytes) -> None:
    given.write_bytes(content)
    with pytest.raises(AuthorityError, match="no certificate in PEM"):
        pinned_authority(state, AWAY, given)
    assert not state.exists()


def test_what_cannot_be_read_or_kept_is_told(state: Path, given: Path, tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="cannot be read"):
        pinned_authority(state, AWAY, tmp_path / "missing")
    state.write_text("a file where the folder should be")
    with pytest.raises(AuthorityError, match="cannot be written"):
        pinned_authority(state, AWAY, given)
