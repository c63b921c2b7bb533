"""Files made and read with `openssl enc` and Python's standard library alone."""

import hashlib
import hmac
import shutil
import subprocess

import pytest

from merge_driver.codec import (
    MergeFileError,
    Reason,
    Record,
    decode,
    encode,
    encode_profile_1,
    encode_profile_2,
)
from tests.merge_driver.samples import (
    FILE_ID,
    ISSUER_ID,
    KEY_1,
    KEY_2,
    KEY_BYTES,
    RECORD_A,
    RECORD_B,
    SECRET,
)
from tests.merge_driver.vectors import HEADER, IV, NONCE, VECTOR_1, VECTOR_2

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")

MANY = [Record(f"A-{n}z", 7 * n, f"20170901{n:05d}") for n in range(1, 40)]
GCM_POLYNOMIAL = 0xE1 << 120


def openssl(cipher: str, content: bytes, *options: str, iv: bytes = b"") -> bytes:
    with_iv = ["-iv", iv.hex()] if iv else []
    return subprocess.run(
        ["openssl", "enc", f"-aes-128-{cipher}", "-K", KEY_BYTES.hex(), *with_iv, *options],
        input=content,
        check=True,
        capture_output=True,
    ).stdout


def times(left: int, right: int) -> int:
    """Multiply in the field of GCM (NIST SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if right >> bit & 1:
            product ^= left
        left = left >> 1 ^ GCM_POLYNOMIAL * (left & 1)
    return product


def gcm_tag(nonce: bytes, associated: bytes, encrypted: bytes) -> bytes:
    """The tag of AES-128-GCM: GHASH with AES of the zero block, masked with the first counter."""
    hash_key = int.from_bytes(openssl("ecb", bytes(16), "-nopad"))
    padded = b"".join(part + bytes(-len(part) % 16) for part in (associated, encrypted))
    padded += (8 * len(associated)).to_bytes(8) + (8 * len(encrypted)).to_bytes(8)
    state = 0
    for start in range(0, len(padded), 16):
        state = times(state ^ int.from_bytes(padded[start : start + 16]), hash_key)
    mask = openssl("ecb", nonce + (1).to_bytes(4), "-nopad")
    return bytes(a ^ b for a, b in zip(state.to_bytes(16), mask, strict=True))


def counted(nonce: bytes, content: bytes) -> bytes:
    """Encrypt or decrypt as GCM does: in counter mode, from the second counter on."""
    return openssl("ctr", content, iv=nonce + (2).to_bytes(4))


def md5_of(fields: tuple[str, str, str]) -> str:
    return hashlib.md5(("".join(fields) + SECRET).encode()).hexdigest()  # noqa: S324 -- profile 1


def hmac_of(fields: tuple[str, str, str]) -> str:
    return hmac.new(SECRET.encode(), ",".join(fields).encode(), hashlib.sha256).hexdigest()


def fields_of(record: Record) -> tuple[str, str, str]:
    return record.id, str(record.points), record.transaction_number


def plain_1(records: list[Record]) -> bytes:
    lines = (",".join((*fields_of(one), md5_of(fields_of(one)))) for one in records)
    return "".join(f"{line}\r\n" for line in lines).encode()


def plain_2(records: list[Record]) -> bytes:
    lines = (",".join((*fields_of(one), hmac_of(fields_of(one)))) for one in records)
    return "".join(f"{line}\r\n" for line in lines).encode()


@pytest.mark.parametrize("records", [[RECORD_A], [RECORD_A, RECORD_B], MANY])
def test_a_file_of_profile_1_made_with_openssl_is_read(records: list[Record]) -> None:
    plain = plain_1(records)
    assert decode(IV + openssl("cbc", plain, iv=IV), [KEY_1], ISSUER_ID).records == tuple(records)
    capitals = b"".join(line[:-34] + line[-34:].upper() for line in plain.splitlines(keepends=True))
    content = IV + openssl("cbc", capitals, iv=IV)
    assert decode(content, [KEY_1], ISSUER_ID).records == tuple(records)


@pytest.mark.parametrize("records", [[RECORD_A], [RECORD_A, RECORD_B], MANY])
def test_a_file_of_profile_1_is_read_with_openssl(records: list[Record]) -> None:
    for content in (encode(records, KEY_1, FILE_ID, IV), encode_profile_1(records, KEY_1, IV)):
        assert content[:16] == IV
        assert openssl("cbc", content[16:], "-d", iv=content[:16]) == plain_1(records)


@pytest.mark.parametrize("records", [[RECORD_A], [RECORD_A, RECORD_B], MANY])
def test_a_file_of_profile_2_made_with_openssl_is_read(records: list[Record]) -> None:
    encrypted = counted(NONCE, plain_2(records))
    tag = gcm_tag(NONCE, HEADER, encrypted)
    decoded = decode(HEADER + encrypted + tag, [KEY_2], ISSUER_ID)
    assert (decoded.records, decoded.file_id) == (tuple(records), FILE_ID)
    with pytest.raises(MergeFileError) as caught:
        decode(HEADER + encrypted + tag[::-1], [KEY_2], ISSUER_ID)
    assert caught.value.reason is Reason.NOT_DECRYPTABLE


@pytest.mark.parametrize("records", [[RECORD_A], [RECORD_A, RECORD_B], MANY])
def test_a_file_of_profile_2_is_read_with_openssl(records: list[Record]) -> None:
    for content in (
        encode(records, KEY_2, FILE_ID, NONCE + b"rest"),
        encode_profile_2(records, KEY_2, FILE_ID, NONCE),
    ):
        header, encrypted, tag = content[:42], content[42:-16], content[-16:]
        assert header == b"JPM2" + (7).to_bytes(4) + b"000002" + FILE_ID + NONCE
        assert gcm_tag(header[30:], header, encrypted) == tag
        assert counted(header[30:], encrypted) == plain_2(records)


def test_the_vectors_of_the_page_are_those_of_openssl() -> None:
    both = [RECORD_A, RECORD_B]
    assert IV + openssl("cbc", plain_1(both), iv=IV) == VECTOR_1
    encrypted = counted(NONCE, plain_2(both))
    assert HEADER + encrypted + gcm_tag(NONCE, HEADER, encrypted) == VECTOR_2
