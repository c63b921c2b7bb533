"""What a handshake with a real TLS server says of its certificate."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from counter_tui.calls.server_certificate import (
    CertificateTrouble,
    certificate_trouble,
    trouble_text,
)
from tests.integration.tls import Authority, new_authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return new_authority(tmp_path)


@asynccontextmanager
async def showing(certificate: Path, key: Path) -> AsyncIterator[int]:
    """A server that shows a certificate, and its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(
        lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def found(
    authority: Authority, certificate: tuple[Path, Path], host: str = "127.0.0.1"
) -> CertificateTrouble | None:
    async with showing(*certificate) as port:
        return await certificate_trouble(f"{host}:{port}", authority.certificate.read_bytes())


async def test_a_good_one(authority: Authority) -> None:
    assert await found(authority, authority.sign("server")) is None


async def test_one_that_has_expired(authority: Authority) -> None:
    assert await found(authority, authority.sign("server", days=0)) == CertificateTrouble.EXPIRED


async def test_one_that_is_not_good_yet(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.sign("server")
    made = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    signing = load_pem_private_key(authority.key.read_bytes(), None)
    now = datetime.now(UTC)
    later = (
        x509.CertificateBuilder()
        .issuer_name(made.issuer)
        .subject_name(made.subject)
        .public_key(cast(EllipticCurvePublicKey, made.public_key()))
        .serial_number(made.serial_number)
        .not_valid_before(now + timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(names.value, critical=False)
        .sign(cast(EllipticCurvePrivateKey, signing), SHA256())
    )
    path = tmp_path / "later.pem"
    path.write_bytes(later.public_bytes(Encoding.PEM))
    assert await found(authority, (path, key)) == CertificateTrouble.NOT_YET_GOOD


async def test_one_for_another_name(authority: Authority) -> None:
    certificate = authority.sign("server")
    assert await found(authority, certificate, "localhost") == CertificateTrouble.OTHER_NAME


async def test_one_of_another_authority(authority: Authority, tmp_path: Path) -> None:
    other = new_authority(tmp_path, "other")
    assert await found(other, authority.sign("server")) == CertificateTrouble.OTHER_AUTHORITY


async def test_where_nothing_can_be_said(authority: Authority) -> None:
    pem = authority.certificate.read_bytes()
    assert await certificate_trouble("127.0.0.1:1", pem) is None, "nobody listens"
    assert await certificate_trouble("127.0.0.1", pem) is None, "no port"
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await certificate_trouble(f"127.0.0.1:{port}", pem) is None, "no TLS there"


@pytest.mark.parametrize("trouble", CertificateTrouble)
def test_each_says_what_to_do(trouble: CertificateTrouble) -> None:
    what, to_do, nothing = trouble_text(trouble, "counter.example:1").split("。")
    assert (what.startswith("サーバーの証明書"), to_do.endswith("ください"), nothing) == (
        True,
        True,
        "",
    )
