"""Asking the authority's responder whether a certificate was revoked (OCSP, RFC 6960)."""

import asyncio
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, Hash, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from server.chance import Chance
from server.citizens.errors import RevocationUnknownError
from server.threads.costly import Run

ANSWER_BYTES_MAX = 64 * 1024
SECONDS_MAX = 5.0
SKEW = timedelta(minutes=5)
"""How far the responder's clock may be from ours."""
_NONCE_BYTES = 16


class UnfitAnswerError(Exception):
    """The responder's answer does not tell what was asked."""


class Responder:
    """A responder at an http or https address."""

    def __init__(self, url: str, chance: Chance) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not an http or https address: {url}")
        self._url = url
        self._chance = chance

    async def is_revoked(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        """Whether a certificate was revoked. Raises RevocationUnknownError."""
        return await self.names(certificate.serial_number, issuer, now, run)

    async def names(
        self, serial_number: int, issuer: x509.Certificate, now: datetime, run: Run
    ) -> bool:
        """Whether an issuer's certificate was revoked. Raises RevocationUnknownError."""
        nonce = self._chance.bytes(_NONCE_BYTES)
        # Responders are only sure to know hashes with SHA-1 (RFC 5019, 2.1.1): a name, no proof.
        asked = _Named.of(serial_number, issuer, SHA1())  # noqa: S303
        request = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*asked, SHA1())  # noqa: S303
        content = request.add_extension(x509.OCSPNonce(nonce), critical=False).build()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                answer = await run(lambda: self._post(content.public_bytes(Encoding.DER)))
            return _is_revoked(answer, serial_number, issuer, nonce, now)
        except (OSError, TimeoutError, HTTPException, UnfitAnswerError) as error:
            what = str(error) or "no answer in time"
            raise RevocationUnknownError(f"{self._url}: {what}") from error

    def _post(self, content: bytes) -> bytes:
        ends = time.monotonic() + SECONDS_MAX
        headers = {"Content-Type": "application/ocsp-request"}
        request = urllib.request.Request(self._url, content, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:  # noqa: S310
            return _read(answer, ends)


class ResponderOfSeveral:
    """Asks about a certificate of which nobody knows who issued it."""

    def __init__(self, responder: Responder, issuers: Sequence[x509.Certificate]) -> None:
        self._responder = responder
        self._issuers = issuers

    async def is_revoked(self, serial_number: int, now: datetime, run: Run) -> bool:
        """Whether it was revoked by any of them. Raises RevocationUnknownError."""
        why: list[str] = []
        for issuer in self._issuers:
            try:
                if await self._responder.names(serial_number, issuer, now, run):
                    return True
            except RevocationUnknownError as error:
                why.append(str(error))
        if len(why) == len(self._issuers):
            raise RevocationUnknownError("; ".join(why))
        return False


class _Named(NamedTuple):
    """How a question and an answer name a certificate."""

    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial_number: int

    @classmethod
    def of(cls, serial_number: int, issuer: x509.Certificate, algorithm: HashAlgorithm) -> "_Named":
        """Return the name of an issuer's certificate."""
        key = issuer.public_key()
        if not isinstance(key, RSAPublicKey):
            raise RevocationUnknownError("the authority's key is none of RSA")
        bits = key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
        name = issuer.subject.public_bytes()
        return cls(_hashed(name, algorithm), _hashed(bits, algorithm), serial_number)


def _hashed(content: bytes, algorithm: HashAlgorithm) -> bytes:
    digest = Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _read(answer: HTTPResponse, ends: float) -> bytes:
    """Read an answer that comes whole by `ends`, on time.monotonic's scale.

    Nobody waits for a longer one, but its thread would go on as long as it comes, bit by bit.
    """
    found = b""
    while part := answer.read1(ANSWER_BYTES_MAX):
        found += part
        if len(found) > ANSWER_BYTES_MAX:
            raise UnfitAnswerError("the answer is too long")
        if time.monotonic() > ends:
            raise TimeoutError
    return found


def _is_revoked(
    content: bytes,
    serial_number: int,
    issuer: x509.Certificate,
    nonce: bytes,
    now: datetime,
) -> bool:
    try:
        answer = ocsp.load_der_ocsp_response(content)
        if answer.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise UnfitAnswerError(f"it answers {answer.response_status.name}")
        _check_signer(answer, issuer, now)
        _check_nonce(answer, nonce)
        return _status(answer, serial_number, issuer, now)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise UnfitAnswerError(f"the answer cannot be read: {error}") from error


def _status(
    answer: ocsp.OCSPResponse,
    serial_number: int,
    issuer: x509.Certificate,
    now: datetime,
) -> bool:
    for one in answer.responses:
        named = _Named(one.issuer_name_hash, one.issuer_key_hash, one.serial_number)
        if named != _Named.of(serial_number, issuer, one.hash_algorithm):
            continue
        ends = one.next_update_utc or one.this_update_utc
        if not one.this_update_utc - SKEW <= now <= ends + SKEW:
            raise UnfitAnswerError("the answer is out of date")
        if one.certificate_status == ocsp.OCSPCertStatus.UNKNOWN:
            raise UnfitAnswerError("it does not know the certificate")
        return one.certificate_status == ocsp.OCSPCertStatus.REVOKED
    raise UnfitAnswerError("the answer is about another certificate")


def _check_nonce(answer: ocsp.OCSPResponse, nonce: bytes) -> None:
    """Refuse an answer to another question; responders that leave the nonce out are accepted."""
    try:
        found = answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        return
    if found != nonce:
        raise UnfitAnswerError("the answer is to another question")


def _check_signer(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> None:
    algorithm = answer.signature_hash_algorithm
    signers = [issuer, *(one for one in answer.certificates if _may_answer(one, issuer, now))]
    if algorithm is None or not any(_has_signed(one, answer, algorithm) for one in signers):
        raise UnfitAnswerError("the answer was not signed by the authority")


def _may_answer(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    """Whether the authority lets a certificate answer for it (RFC 6960, 4.2.2.2)."""
    try:
        signer.verify_directly_issued_by(issuer)
        uses = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    is_valid = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
    return is_valid and ExtendedKeyUsageOID.OCSP_SIGNING in uses


def _has_signed(
    signer: x509.Certificate, answer: ocsp.OCSPResponse, algorithm: HashAlgorithm
) -> bool:
    key = signer.public_key()
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
