"""Checks what a card signed: the certificate, the authority behind it, and the signature (CRD-2).

The chain is one step: a pinned authority issued the card's certificate itself. Until that
signature was checked nothing that the certificate says is believed.
"""

import logging
import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import SignatureAlgorithmOID

from server.citizens.anchors import Anchor
from server.citizens.errors import CitizenReason, RevocationUnknownError
from server.citizens.proofs import ProvedCard, SignedChallenge
from server.citizens.revocation import Revocation
from server.clock import Clock
from server.ledger.values import Refusal
from server.serial_numbers import serial_number_of
from server.threads.costly import Run

CERTIFICATE_BYTES_MAX = 4096
KEY_BITS_MIN = 2048
TOKYO = timezone(timedelta(hours=9))

log = logging.getLogger(__name__)

_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What reading a damaged certificate raises."""


class CardVerifier:
    """Knows which authorities' cards are accepted, and what they have revoked."""

    def __init__(self, anchors: Sequence[Anchor], revocation: Revocation, clock: Clock) -> None:
        self._anchors = anchors
        self._revocation = revocation
        self._clock = clock

    async def verify(self, signed: SignedChallenge, run: Run) -> ProvedCard:
        """Return the card that signed. Raises Refusal.

        Signatures are checked where the call is: each takes 0.1 ms or less, as long as it takes
        to have a thread do it. Only then somebody else is asked, who may take seconds.
        """
        now = self._clock.now()
        certificate = _parsed(signed.certificate)
        anchor = self._issuer_of(certificate, now)
        key = _checked(certificate, anchor, now)
        try:
            key.verify(signed.signature, signed.challenge, padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            raise Refusal(CitizenReason.CARD_SIGNATURE_WRONG) from None
        await self._check_revocation(certificate, anchor, now, run)
        return ProvedCard(serial_number_of(certificate.serial_number), _last_good_day(certificate))

    def _issuer_of(self, certificate: x509.Certificate, now: datetime) -> Anchor:
        """Return the authority that signed the certificate: several have the same name."""
        for anchor in self._anchors:
            authority = anchor.certificate
            try:
                certificate.verify_directly_issued_by(authority)
            except (*_UNREADABLE, InvalidSignature):
                continue
            if authority.not_valid_before_utc <= now <= authority.not_valid_after_utc:
                return anchor
        raise Refusal(CitizenReason.CERTIFICATE_UNTRUSTED)

    async def _check_revocation(
        self, certificate: x509.Certificate, anchor: Anchor, now: datetime, run: Run
    ) -> None:
        try:
            revoked = await self._revocation.is_revoked(certificate, anchor.certificate, now, run)
        except RevocationUnknownError as error:
            log.warning("revocation cannot be checked: %s", error)
            raise Refusal(CitizenReason.REVOCATION_UNKNOWN) from error
        if revoked:
            raise Refusal(CitizenReason.CERTIFICATE_REVOKED)


def _parsed(content: bytes) -> x509.Certificate:
    if len(content) > CERTIFICATE_BYTES_MAX:
        raise Refusal(CitizenReason.CERTIFICATE_MALFORMED)
    try:
        with warnings.catch_warnings(action="error", category=CryptographyDeprecationWarning):
            return x509.load_der_x509_certificate(content)
    except (*_UNREADABLE, CryptographyDeprecationWarning):
        raise Refusal(CitizenReason.CERTIFICATE_MALFORMED) from None


def _checked(certificate: x509.Certificate, anchor: Anchor, now: datetime) -> RSAPublicKey:
    """Return the card's key, where the certificate is one for user authentication, and good."""
    key = _key_of(certificate)
    try:
        extensions = certificate.extensions
        policies = extensions.get_extension_for_class(x509.CertificatePolicies).value
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except _UNREADABLE:
        raise Refusal(CitizenReason.CERTIFICATE_WRONG_POLICY) from None
    named = {policy.policy_identifier for policy in policies}
    if anchor.policy not in named or not usage.digital_signature:
        raise Refusal(CitizenReason.CERTIFICATE_WRONG_POLICY)
    if now < certificate.not_valid_before_utc:
        raise Refusal(CitizenReason.CERTIFICATE_NOT_YET_VALID)
    if now > certificate.not_valid_after_utc:
        details = {"last_good_day": _last_good_day(certificate).isoformat()}
        raise Refusal(CitizenReason.CERTIFICATE_EXPIRED, details)
    return key


def _last_good_day(certificate: x509.Certificate) -> date:
    return certificate.not_valid_after_utc.astimezone(TOKYO).date()


def _key_of(certificate: x509.Certificate) -> RSAPublicKey:
    """Return the key, which is RSA as the certificate's own signature is."""
    try:
        key = certificate.public_key()
    except _UNREADABLE:
        raise Refusal(CitizenReason.CERTIFICATE_WRONG_POLICY) from None
    is_sha256_rsa = certificate.signature_algorithm_oid == SignatureAlgorithmOID.RSA_WITH_SHA256
    if not is_sha256_rsa or not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise Refusal(CitizenReason.CERTIFICATE_WRONG_POLICY)
    return key
