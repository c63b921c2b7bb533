"""The certification authorities whose cards are accepted (CRD-2)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from server.clock import TOKYO

POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.3.30")
"""Of 利用者証明用電子証明書."""
TEST_POLICY = x509.ObjectIdentifier("1.2.392.200149.8.5.1.0.30")


class UnusableAnchorError(Exception):
    """A file with certification authorities cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A certification authority. All generations of the real one have the same name."""

    certificate: x509.Certificate
    is_test: bool

    @property
    def policy(self) -> x509.ObjectIdentifier:
        """The policy that its user-authentication certificates name."""
        return TEST_POLICY if self.is_test else POLICY


def read_anchors(path: Path, now: datetime, *, is_test: bool) -> list[Anchor]:
    """Return the authorities of a PEM file, one or several. Raises UnusableAnchorError."""
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableAnchorError(f"{path} holds no certificate in PEM: {error}") from error
    for certificate in certificates:
        if not _is_authority(certificate):
            raise UnusableAnchorError(
                f"{path}: {certificate.subject.rfc4514_string()} is no certification authority"
            )
        if certificate.not_valid_after_utc < now:
            raise UnusableAnchorError(
                f"{path}: {certificate.subject.rfc4514_string()} has expired "
                f"on {certificate.not_valid_after_utc.astimezone(TOKYO):%Y-%m-%d}"
            )
    return [Anchor(certificate, is_test) for certificate in certificates]


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError):
        return False
    return constraints.value.ca
