"""The authority's list of revoked signature certificates: which of them were changed (SID-2)."""

from codecs import BOM_UTF8
from datetime import datetime
from pathlib import Path

from cryptography import x509

from server.citizens.anchors import Anchor, read_anchors
from server.serial_numbers import SerialNumber, serial_number_of


class UnusableListError(Exception):
    """The list cannot be used; the message says why."""


def changed_serial_numbers(path: Path, authority: Path, now: datetime) -> set[SerialNumber]:
    """Return the serial numbers that a CRL (RFC 5280) has as affiliationChanged.

    Other reasons give no notice: a card that was lost says
    nothing of an address. Raises UnusableListError, and UnusableAnchorError for the authority's
    file.
    """
    revoked = _signed_by(_read(path), read_anchors(authority, now, is_test=False), path)
    ends = revoked.next_update_utc
    if ends is None or not revoked.last_update_utc <= now <= ends:
        raise UnusableListError(f"{path} is out of date: get the authority's newest list")
    return {serial_number_of(one.serial_number) for one in revoked if _is_changed(one)}


def _read(path: Path) -> x509.CertificateRevocationList:
    try:
        content = path.read_bytes().removeprefix(BOM_UTF8)
        is_pem = content.lstrip().startswith(b"-----BEGIN")
        return x509.load_pem_x509_crl(content) if is_pem else x509.load_der_x509_crl(content)
    except (OSError, ValueError) as error:
        raise UnusableListError(f"{path} is no revocation list: {error}") from error


def _signed_by(
    revoked: x509.CertificateRevocationList, anchors: list[Anchor], path: Path
) -> x509.CertificateRevocationList:
    for anchor in anchors:
        try:
            if revoked.is_signature_valid(anchor.certificate.public_key()):  # type: ignore[arg-type]
                return revoked
        except (ValueError, TypeError):
            continue
    raise UnusableListError(f"{path} was signed by none of the authorities given")


def _is_changed(one: x509.RevokedCertificate) -> bool:
    try:
        reason = one.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return False
    return reason == x509.ReasonFlags.affiliation_changed
