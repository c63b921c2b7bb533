"""A test authority with one key for all cards, so that a test issues many in a second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from counter_tui.virtual.authority import POLICY_USER, TestAuthority, der, new_key
from server.citizens.anchors import Anchor
from server.citizens.proofs import SignedChallenge
from server.citizens.revocation import Revocation
from server.citizens.verification import CardVerifier
from server.threads.costly import Run

T = TypeVar("T")

NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
LAST_GOOD_DAY = date(2030, 2, 17)
SERIAL_NUMBER = 0x030D45
CHALLENGE = b"what the server asked"


@dataclass
class StandingClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


async def in_a_thread(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


class NothingRevoked:
    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        return False


@dataclass(frozen=True)
class Authorities:
    """An authority, another of the same name, and the key of all cards."""

    authority: TestAuthority
    same_name: TestAuthority
    key: rsa.RSAPrivateKey

    @classmethod
    def new(cls) -> "Authorities":
        return cls(TestAuthority.for_users(NOW), TestAuthority.for_users(NOW), new_key())

    def certificate(self, of: TestAuthority | None = None) -> x509.Certificate:
        return (of or self.authority).issue(self.key, SERIAL_NUMBER, BEGAN, LAST_GOOD_DAY)

    def sign(self, challenge: bytes) -> bytes:
        return self.key.sign(challenge, padding.PKCS1v15(), hashes.SHA256())

    def signed(self, certificate: x509.Certificate | bytes) -> SignedChallenge:
        content = certificate if isinstance(certificate, bytes) else der(certificate)
        return SignedChallenge(CHALLENGE, content, self.sign(CHALLENGE))

    def verifier(
        self,
        *anchors: TestAuthority,
        revocation: Revocation | None = None,
        now: datetime = NOW,
    ) -> CardVerifier:
        trusted = [Anchor(one.certificate, is_test=True) for one in anchors or (self.authority,)]
        return CardVerifier(trusted, revocation or NothingRevoked(), StandingClock(now))

    def built(
        self,
        change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder],
        key: rsa.RSAPrivateKey | None = None,
        algorithm: hashes.SHA256 | hashes.SHA384 | None = None,
    ) -> x509.Certificate:
        """A certificate of the authority's that is as `change` makes it."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.certificate().subject)
            .issuer_name(self.authority.certificate.subject)
            .public_key((key or self.key).public_key())
            .serial_number(SERIAL_NUMBER)
            .not_valid_before(BEGAN)
            .not_valid_after(NOW + timedelta(days=365))
        )
        return change(builder).sign(self.authority.key, algorithm or hashes.SHA256())


def usage(*, digital_signature: bool = True) -> x509.KeyUsage:
    others = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=digital_signature, **others)


def policies(*oids: str) -> x509.CertificatePolicies:
    named = oids or (POLICY_USER.dotted_string,)
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in named]
    )


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
