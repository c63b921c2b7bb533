"""What cards signed: accepted, and each way in which it is not (CRD-2)."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from counter_tui.card.certificate import user_certificate
from counter_tui.card.tlv import make
from counter_tui.virtual.authority import TestAuthority, der, new_key
from server.citizens.anchors import Anchor
from server.citizens.errors import CitizenReason, RevocationUnknownError
from server.citizens.proofs import SignedChallenge
from server.citizens.verification import CERTIFICATE_BYTES_MAX, CardVerifier
from server.ledger.values import Refusal
from server.serial_numbers import serial_number
from server.threads.costly import Run
from tests.server.citizens.authorities import (
    BEGAN,
    CHALLENGE,
    LAST_GOOD_DAY,
    NOW,
    SERIAL_NUMBER,
    Authorities,
    NothingRevoked,
    StandingClock,
    in_a_thread,
    policies,
    usage,
)

MUTATIONS = 10_000


async def refusal(verifier: CardVerifier, signed: SignedChallenge) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await verifier.verify(signed, in_a_thread)
    return caught.value


async def known_by(verifier: CardVerifier, signed: SignedChallenge) -> str:
    return (await verifier.verify(signed, in_a_thread)).serial_number


async def test_a_card_is_known_by_its_serial_number(authorities: Authorities) -> None:
    certificate = authorities.certificate()
    found = await known_by(authorities.verifier(), authorities.signed(certificate))
    read = user_certificate(der(certificate)).serial_number
    assert (found, read) == ("30D45", "030D45")
    assert serial_number(read) == found


async def test_a_short_serial_number_is_told_as_the_counter_tells_it(
    authorities: Authorities,
) -> None:
    certificate = authorities.authority.issue(authorities.key, 0xB, BEGAN, LAST_GOOD_DAY)
    found = await known_by(authorities.verifier(), authorities.signed(certificate))
    assert found == serial_number(user_certificate(der(certificate)).serial_number) == "B"


async def test_the_issuer_is_chosen_by_signature_and_not_by_name(authorities: Authorities) -> None:
    first, second = authorities.authority, authorities.same_name
    assert first.certificate.subject == second.certificate.subject
    both = authorities.verifier(first, second)
    for authority in (first, second):
        signed = authorities.signed(authorities.certificate(authority))
        assert await known_by(both, signed) == "30D45"


async def test_another_authority_of_the_same_name_is_not_trusted(authorities: Authorities) -> None:
    signed = authorities.signed(authorities.certificate(authorities.same_name))
    refused = await refusal(authorities.verifier(), signed)
    assert refused.reason == CitizenReason.CERTIFICATE_UNTRUSTED


async def test_no_authority_trusts_nothing(authorities: Authorities) -> None:
    verifier = CardVerifier([], NothingRevoked(), StandingClock())
    refused = await refusal(verifier, authorities.signed(authorities.certificate()))
    assert refused.reason == CitizenReason.CERTIFICATE_UNTRUSTED


async def test_an_authority_is_trusted_no_longer_than_it_is_good(authorities: Authorities) -> None:
    late = authorities.authority.certificate.not_valid_after_utc + timedelta(seconds=1)
    far = authorities.authority.issue(authorities.key, 1, BEGAN, (late + timedelta(days=9)).date())
    refused = await refusal(authorities.verifier(now=late), authorities.signed(far))
    assert refused.reason == CitizenReason.CERTIFICATE_UNTRUSTED


async def test_the_authority_itself_is_no_card(authorities: Authorities) -> None:
    key = authorities.authority.key
    signature = key.sign(CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    signed = SignedChallenge(CHALLENGE, der(authorities.authority.certificate), signature)
    refused = await refusal(authorities.verifier(), signed)
    assert refused.reason == CitizenReason.CERTIFICATE_WRONG_POLICY


async def test_good_until_the_end_of_its_last_day_in_tokyo(authorities: Authorities) -> None:
    signed = authorities.signed(authorities.certificate())
    last = datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC)
    assert await known_by(authorities.verifier(now=last), signed) == "30D45"
    refused = await refusal(authorities.verifier(now=last + timedelta(seconds=1)), signed)
    assert refused.reason == CitizenReason.CERTIFICATE_EXPIRED
    assert refused.details == {"last_good_day": "2030-02-17"}


async def test_not_yet_valid(authorities: Authorities) -> None:
    certificate = authorities.authority.issue(
        authorities.key, SERIAL_NUMBER, NOW + timedelta(seconds=1), LAST_GOOD_DAY
    )
    refused = await refusal(authorities.verifier(), authorities.signed(certificate))
    assert refused.reason == CitizenReason.CERTIFICATE_NOT_YET_VALID


async def test_a_test_card_is_none_to_a_real_authority(authorities: Authorities) -> None:
    anchors = [Anchor(authorities.authority.certificate, is_test=False)]
    verifier = CardVerifier(anchors, NothingRevoked(), StandingClock())
    refused = await refusal(verifier, authorities.signed(authorities.certificate()))
    assert refused.reason == CitizenReason.CERTIFICATE_WRONG_POLICY


async def test_a_signature_certificate_is_not_for_authentication(authorities: Authorities) -> None:
    other = TestAuthority.for_signatures(NOW)
    certificate = other.issue(authorities.key, SERIAL_NUMBER, BEGAN, LAST_GOOD_DAY)
    refused = await refusal(authorities.verifier(other), authorities.signed(certificate))
    assert refused.reason == CitizenReason.CERTIFICATE_WRONG_POLICY


async def test_what_a_certificate_must_say(authorities: Authorities) -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    unfit = {
        "no policy": authorities.built(lambda one: one.add_extension(usage(), critical=True)),
        "other policy": authorities.built(
            lambda one: one.add_extension(usage(), critical=True).add_extension(
                policies("1.2.3"), critical=True
            )
        ),
        "no usage": authorities.built(lambda one: one.add_extension(policies(), critical=True)),
        "other usage": authorities.built(
            lambda one: one.add_extension(usage(digital_signature=False), True).add_extension(
                policies(), critical=True
            )
        ),
        "small key": authorities.built(
            lambda one: one.add_extension(usage(), True).add_extension(policies(), True), small
        ),
        "other hash": authorities.built(
            lambda one: one.add_extension(usage(), True).add_extension(policies(), True),
            algorithm=hashes.SHA384(),
        ),
    }
    for what, certificate in unfit.items():
        refused = await refusal(authorities.verifier(), authorities.signed(certificate))
        assert refused.reason == CitizenReason.CERTIFICATE_WRONG_POLICY, what
    fit = authorities.built(
        lambda one: one.add_extension(usage(), True).add_extension(policies(), True)
    )
    assert await known_by(authorities.verifier(), authorities.signed(fit)) == "30D45"


async def test_a_revoked_card(authorities: Authorities) -> None:
    class Revoked:
        async def is_revoked(
            self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
        ) -> bool:
            return certificate.serial_number == SERIAL_NUMBER

    verifier = authorities.verifier(revocation=Revoked())
    refused = await refusal(verifier, authorities.signed(authorities.certificate()))
    assert refused.reason == CitizenReason.CERTIFICATE_REVOKED


async def test_a_card_that_may_be_revoked(
    authorities: Authorities, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        async def is_revoked(
            self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
        ) -> bool:
            raise RevocationUnknownError("the responder is away")

    verifier = authorities.verifier(revocation=Away())
    refused = await refusal(verifier, authorities.signed(authorities.certificate()))
    assert refused.reason == CitizenReason.REVOCATION_UNKNOWN
    assert "the responder is away" in caplog.text


async def test_signatures_that_are_none(authorities: Authorities) -> None:
    """Nobody is asked about a card whose signature is none: that may take seconds."""

    class Asked:
        async def is_revoked(
            self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, run: Run
        ) -> bool:
            raise AssertionError("asked")

    verifier = authorities.verifier(revocation=Asked())
    good = authorities.signed(authorities.certificate())
    other = new_key().sign(CHALLENGE, padding.PKCS1v15(), hashes.SHA256())
    pss = authorities.key.sign(CHALLENGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), SHA256)
    changed = bytes([good.signature[0] ^ 1]) + good.signature[1:]
    unfit = [b"", b"\0", other, pss, changed, good.signature[:-1], good.signature + b"\0"]
    for signature in unfit:
        signed = SignedChallenge(CHALLENGE, good.certificate, signature)
        refused = await refusal(verifier, signed)
        assert refused.reason == CitizenReason.CARD_SIGNATURE_WRONG
    signed = SignedChallenge(b"something else", good.certificate, good.signature)
    refused = await refusal(verifier, signed)
    assert refused.reason == CitizenReason.CARD_SIGNATURE_WRONG


SHA256 = hashes.SHA256()


async def test_contents_that_are_no_certificate(authorities: Authorities) -> None:
    content = der(authorities.certificate())
    unfit = [content[:length] for length in range(0, len(content), 7)]
    unfit += [content + b"\0", content * 2, b"\0" * 900, b"\x30\x80" * 400, b"0" * 4096]
    unfit += [content.ljust(CERTIFICATE_BYTES_MAX + 1, b"\xff"), bytes(1_000_000)]
    for one in unfit:
        refused = await refusal(authorities.verifier(), authorities.signed(one))
        assert refused.reason == CitizenReason.CERTIFICATE_MALFORMED


async def test_mutated_certificates_are_refused(authorities: Authorities) -> None:
    """Only bytes outside of what was signed could differ, and none that is accepted does."""
    content = der(authorities.certificate())
    verifier = authorities.verifier()
    signed = authorities.signed(content)
    chance = random.Random(20261123)
    reasons: dict[str, int] = {}
    for _ in range(MUTATIONS):
        changed = mutated(content, chance)
        if changed == content:
            continue
        refused = await refusal(
            verifier, SignedChallenge(signed.challenge, changed, signed.signature)
        )
        reasons[refused.reason] = reasons.get(refused.reason, 0) + 1
    assert set(reasons) == {
        CitizenReason.CERTIFICATE_MALFORMED,
        CitizenReason.CERTIFICATE_UNTRUSTED,
    }


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Change a certificate: bytes, bits, what is missing, doubled, or in another order."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(changed))
        match chance.randrange(6):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                changed[at] ^= 1 << chance.randrange(8)
            case 2:
                del changed[at : at + chance.randrange(1, 9)]
            case 3:
                changed[at:at] = chance.randbytes(chance.randrange(1, 9))
            case 4:
                end = at + chance.randrange(1, 40)
                changed[at:at] = changed[at:end]
            case 5:
                other = chance.randrange(len(changed))
                changed[at], changed[other] = changed[other], changed[at]
    return bytes(changed)


async def test_mutated_certificates_that_the_authority_signed(authorities: Authorities) -> None:
    """Whatever an authority signs, it is a refusal or a card, and no other exception."""
    to_be_signed = authorities.certificate().tbs_certificate_bytes
    verifier = authorities.verifier()
    chance = random.Random(4)
    reasons = set()
    for _ in range(2000):
        changed = mutated(to_be_signed, chance)
        signature = authorities.authority.key.sign(changed, padding.PKCS1v15(), SHA256)
        algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
        whole = make(0x30, changed + algorithm + make(0x03, b"\0" + signature))
        try:
            await verifier.verify(authorities.signed(whole), in_a_thread)
        except Refusal as refused:
            reasons.add(refused.reason)
    assert reasons >= {
        CitizenReason.CERTIFICATE_MALFORMED,
        CitizenReason.CERTIFICATE_WRONG_POLICY,
        CitizenReason.CARD_SIGNATURE_WRONG,
    }
