"""A test authority: certificates as on My Number cards, which nobody but tests should accept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from counter_tui.card.tlv import make
from counter_tui.core.tokyo import TOKYO

KEY_BITS = 2048
POLICY_USER = x509.ObjectIdentifier("1.2.392.200149.8.5.1.0.30")
POLICY_SIGNATURE = x509.ObjectIdentifier("1.2.392.200149.8.5.1.0.20")
"""The test policies: a server that is not told to accept them refuses."""

UTF8_STRING = 0x0C
_ATTRIBUTES = "1.2.392.200149.8.5.5.1"
NAME, NAME_REPLACED, SEX, BIRTH, ADDRESS, ADDRESS_REPLACED = (
    x509.ObjectIdentifier(f"{_ATTRIBUTES}.{number}") for number in range(1, 7)
)


def new_key() -> rsa.RSAPrivateKey:
    """Return a key as the card has it."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def last_moment(last_good_day: date) -> datetime:
    """Return the last second of a Tokyo day."""
    return datetime.combine(last_good_day, time(23, 59, 59), TOKYO).astimezone(UTC)


@dataclass(frozen=True)
class TestAuthority:
    """One of the two authorities: for user authentication, or for signatures."""

    __test__ = False

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey
    policy: x509.ObjectIdentifier

    @classmethod
    def new(cls, unit: str, policy: x509.ObjectIdentifier, now: datetime) -> "TestAuthority":
        """Make an authority whose certificate is good for ten years."""
        key = new_key()
        name = _authority_name(unit)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number() >> 128)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3653))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key, policy)

    @classmethod
    def for_users(cls, now: datetime) -> "TestAuthority":
        """Make an authority of user-authentication certificates."""
        return cls.new("JPKI-TEST for user authentication", POLICY_USER, now)

    @classmethod
    def for_signatures(cls, now: datetime) -> "TestAuthority":
        """Make an authority of signature certificates."""
        return cls.new("JPKI-TEST for digital signature", POLICY_SIGNATURE, now)

    def revocation_list(
        self, revoked: Sequence[int], now: datetime, days: int = 1
    ) -> x509.CertificateRevocationList:
        """Return a list of revoked serial numbers that is good for some days."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + timedelta(days=days))
        )
        for serial_number in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now).build())
        return builder.sign(self.key, hashes.SHA256())

    def issue(
        self,
        key: rsa.RSAPrivateKey,
        serial_number: int,
        good_from: datetime,
        last_good_day: date,
        others: Sequence[tuple[x509.ObjectIdentifier, str]] = (),
    ) -> x509.Certificate:
        """Issue a certificate; `others` are attributes of the holder's, for signatures."""
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"{serial_number:013X}13221003A"),
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(serial_number)
            .not_valid_before(good_from)
            .not_valid_after(last_moment(last_good_day))
            .add_extension(_usage(certificates=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .add_extension(
                x509.CertificatePolicies([x509.PolicyInformation(self.policy, None)]),
                critical=True,
            )
        )
        if others:
            names = [x509.OtherName(oid, make(UTF8_STRING, text.encode())) for oid, text in others]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as a card has it."""
    return certificate.public_bytes(Encoding.DER)


def _authority_name(unit: str) -> x509.Name:
    """Return a name like the real ones, which have no common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "JPKI-TEST"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        ]
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
