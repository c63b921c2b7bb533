"""The authority of the server's certificate: that which this machine was set up with (SEC-1)."""

from codecs import BOM_UTF8
from pathlib import Path

from counter_tui.core import files

BYTES_MAX = 64 * 1024
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class AuthorityError(Exception):
    """The authority cannot be used; the message says what to do."""


def pinned_authority(state_folder: Path, server: str, given: Path | None) -> bytes | None:
    """Return the authority (PEM) of whose certificates the server's must be.

    The first that is given is kept in the state folder, and holds from then on. None: the server
    is on this machine itself, and no authority was ever given. Raises AuthorityError.
    """
    path = state_folder / "authority.pem"
    kept = _read(path) if path.exists() else None
    if given is not None:
        authority = _read(given)
        if kept is None:
            _keep(path, authority)
        elif authority != kept:
            raise AuthorityError(
                f"this machine was set up with another authority than {given}: "
                f"remove {path} if the server's authority was replaced"
            )
        return authority
    if kept is None and server.rpartition(":")[0] not in _LOOPBACK:
        raise AuthorityError(
            f"{server} is another machine, which is spoken to with TLS only: give "
            "--server-authority with the certificate of the authority, once"
        )
    return kept


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES_MAX + 1).removeprefix(BOM_UTF8)
    except OSError as error:
        raise AuthorityError(f"{path}: cannot be read: {error.strerror or error}") from error
    if _BEGIN not in content or len(content) > BYTES_MAX:
        raise AuthorityError(f"{path}: no certificate in PEM")
    return content


def _keep(path: Path, authority: bytes) -> None:
    try:
        files.make_folder(path.parent)
        files.replace(path, authority)
    except OSError as error:
        raise AuthorityError(f"{path}: cannot be written: {error.strerror or error}") from error
