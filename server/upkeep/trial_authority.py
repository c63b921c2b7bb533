"""An authority for a trial, and a server's certificate that it signs (SEC-1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from merge_driver.files import write_new

AUTHORITY_DAYS, SERVER_DAYS = 365, 90
LAST_OF_AUTHORITY = "server.pem"
"""The file that is made last."""
_EARLIER = timedelta(hours=1)
"""Counters' clocks may be a little behind."""


def make_trial_authority(folder: Path, hosts: Sequence[str], now: datetime) -> None:
    """Make authority.pem and server.pem with their keys in a folder, for these names.

    What an interrupted one left goes: nothing names it yet. Raises OSError.
    """
    authority_key, server_key = generate(SECP256R1()), generate(SECP256R1())
    authority = _authority(authority_key, now)
    server = _server(server_key, hosts, authority, authority_key, now)
    for name, certificate, key in (
        ("authority", authority, authority_key),
        ("server", server, server_key),
    ):
        for path, content, mode in (
            (folder / f"{name}.key", _private(key), 0o600),
            (folder / f"{name}.pem", certificate.public_bytes(Encoding.PEM), 0o644),
        ):
            path.unlink(missing_ok=True)
            write_new(path, content, mode)


def _authority(key: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name("jichipoint trial authority")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )


def _server(
    key: EllipticCurvePrivateKey,
    hosts: Sequence[str],
    authority: x509.Certificate,
    authority_key: EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    alternatives = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
    return (
        _builder(_name(hosts[0]), authority.subject, key, now, SERVER_DAYS)
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + timedelta(days=days))
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
