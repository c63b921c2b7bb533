"""The test vectors of the page on formats, and files made without this project's encoder."""

import hashlib
import hmac
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from merge_driver.codec import MergeFileError, Reason
from tests.merge_driver.samples import FILE_ID, KEY_BYTES, SECRET

IV = bytes(range(0xF0, 0x100))
NONCE = bytes(range(0xA0, 0xAC))
HEADER = b"JPM2" + (7).to_bytes(4) + b"000002" + FILE_ID + NONCE

VECTOR_1 = bytes.fromhex(
    "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffb51b3fd795d09cf65e54fb24c740831f75b9afb0d1bf09b6348d86175477"
    "f08aca21038a3c53eb58b1ba2a7583650be29d5dc93a8ecae13fa53861ecd780dc452b4f50e3b466c66863008fd1"
    "46c4d0a2a5e32a05048ba13764e1a2c6bc6a9c8680c4e3d00e3517d0671129eb235f4c62b60d973613d5243b1de5"
    "c62ab595a74824eead0ff38dde48c412643dd806c780"
)
VECTOR_2 = bytes.fromhex(
    "4a504d3200000007303030303032015f3c2e8a0070008000000000000001a0a1a2a3a4a5a6a7a8a9aaab9bb40b8f"
    "4bbf0432b3548030763e825062d9123ab0260d9f152040b776bdba9da9c270546c8fd80c1aefd3f5cceb39e5df66"
    "7f2a0bb1a088e006bcf3d603621fc055d6b75d13f4a0e12bed806d4d27b62e8d6d1a4987b998777f1e0ba7724119"
    "37d94d280455f2853b58894c6cd8a29608b466ba19465ce7e0b73f99fc2cfd40aed3c29d4053b5139583d6a0fe15"
    "9c7caf58f2d31e986880d73251e94d9942c6edd9e0efd5022e15e739dc7930686635d72058875db6682fe10381b8"
    "e448f0821c730b9719c32970c3a737bd60e1d70327b916"
)


def reason_of(call: Callable[[], object]) -> Reason:
    with pytest.raises(MergeFileError) as caught:
        call()
    assert str(caught.value) == f"{caught.value.reason}: {caught.value.message}"
    return caught.value.reason


def seal(plain: bytes) -> bytes:
    """A profile 2 file of any plain text, without this project's encoder."""
    return HEADER + AESGCM(KEY_BYTES).encrypt(NONCE, plain, HEADER)


def seal_1(plain: bytes) -> bytes:
    """A profile 1 file of any plain text, likewise."""
    padding = 16 - len(plain) % 16
    encryptor = Cipher(AES128(KEY_BYTES), CBC(IV)).encryptor()
    return IV + encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()


def line_1(customer_id: str, points: str, number: str) -> bytes:
    """A profile 1 line with a right hash, whatever the fields are."""
    digest = hashlib.md5(f"{customer_id}{points}{number}{SECRET}".encode()).hexdigest()  # noqa: S324
    return f"{customer_id},{points},{number},{digest}\r\n".encode()


def line(customer_id: str, points: str, number: str) -> bytes:
    """A profile 2 line with a right hash, whatever the fields are."""
    joined = f"{customer_id},{points},{number}".encode()
    digest = hmac.new(SECRET.encode(), joined, hashlib.sha256).hexdigest()
    return joined + b"," + digest.encode() + b"\r\n"
