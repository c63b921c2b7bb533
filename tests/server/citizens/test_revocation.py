"""Revocation lists, and sources asked one after the other (CRD-2)."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counter_tui.virtual.authority import TestAuthority
from server.citizens.anchors import Anchor
from server.citizens.errors import RevocationUnknownError
from server.citizens.revocation import FirstThatTells, RevocationList
from server.threads.costly import Run
from tests.server.citizens.authorities import (
    NOW,
    SERIAL_NUMBER,
    Authorities,
    NothingRevoked,
    in_a_thread,
)

MADE = NOW - timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users.crl"


def store(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def write(path: Path, of: TestAuthority, *revoked: int, encoding: Encoding = Encoding.DER) -> None:
    path.write_bytes(of.revocation_list(revoked, MADE).public_bytes(encoding))


async def told(path: Path, authorities: Authorities, now: datetime = NOW) -> bool:
    return await source(path, authorities).is_revoked(
        authorities.certificate(), authorities.authority.certificate, now, in_a_thread
    )


def source(path: Path, authorities: Authorities) -> RevocationList:
    both = authorities.authority, authorities.same_name
    return RevocationList(path, [Anchor(one.certificate, is_test=True) for one in both])


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
async def test_what_a_list_names_is_revoked(
    path: Path, authorities: Authorities, encoding: Encoding
) -> None:
    write(path, authorities.authority, 1, SERIAL_NUMBER, 2, encoding=encoding)
    assert await told(path, authorities)
    write(path, authorities.authority, 1, 2, encoding=encoding)
    assert not await told(path, authorities)


async def test_a_list_is_read_again_when_it_changes(path: Path, authorities: Authorities) -> None:
    write(path, authorities.authority)
    listed = source(path, authorities)
    asked = authorities.certificate(), authorities.authority.certificate, NOW, in_a_thread
    assert not await listed.is_revoked(*asked)
    write(path, authorities.authority, SERIAL_NUMBER)
    assert await listed.is_revoked(*asked)


async def test_a_list_is_of_the_authority_that_signed_it(
    path: Path, authorities: Authorities
) -> None:
    write(path, authorities.same_name, SERIAL_NUMBER)
    with pytest.raises(RevocationUnknownError, match="is of another authority"):
        await told(path, authorities)


async def test_a_list_of_a_stranger(path: Path, authorities: Authorities) -> None:
    write(path, TestAuthority.for_users(NOW), SERIAL_NUMBER)
    with pytest.raises(RevocationUnknownError, match="signed by no authority"):
        await told(path, authorities)


@pytest.mark.parametrize("now", [MADE - timedelta(seconds=1), MADE + timedelta(days=1, seconds=1)])
async def test_a_list_out_of_date(path: Path, authorities: Authorities, now: datetime) -> None:
    write(path, authorities.authority)
    with pytest.raises(RevocationUnknownError, match="out of date"):
        await told(path, authorities, now)


@pytest.mark.parametrize("content", [b"", b"x", b"-----BEGIN X509 CRL-----\n", bytes(5000)])
async def test_a_file_that_is_no_list(path: Path, authorities: Authorities, content: bytes) -> None:
    store(path, content)
    with pytest.raises(RevocationUnknownError, match="is no revocation list"):
        await told(path, authorities)


async def test_no_file(path: Path, authorities: Authorities) -> None:
    with pytest.raises(RevocationUnknownError, match="No such file"):
        await told(path, authorities)


async def test_a_changed_list(path: Path, authorities: Authorities) -> None:
    write(path, authorities.authority, SERIAL_NUMBER)
    damage(path)
    with pytest.raises(RevocationUnknownError, match="signed by no authority"):
        await told(path, authorities)


class Away:
    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        raise RevocationUnknownError("away")


async def test_the_first_that_tells_is_believed(path: Path, authorities: Authorities) -> None:
    write(path, authorities.authority, SERIAL_NUMBER)
    listed = source(path, authorities)
    asked = authorities.certificate(), authorities.authority.certificate, NOW, in_a_thread
    assert await FirstThatTells([Away(), listed, NothingRevoked()]).is_revoked(*asked)
    with pytest.raises(RevocationUnknownError, match="away; away"):
        await FirstThatTells([Away(), Away()]).is_revoked(*asked)
    with pytest.raises(RevocationUnknownError, match="no source"):
        await FirstThatTells([]).is_revoked(*asked)
