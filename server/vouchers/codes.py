"""The signed text of a voucher's QR code (VCH-8, formats.md)."""

import base64
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREFIX = "JPV1"
NUMBERS_DRAWN = 4
"""So many numbers are drawn for a voucher: the first that no other voucher has is taken."""
_NUMBERS = 10**12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that vouchers are signed with now."""

    key_id: int
    private_key: Ed25519PrivateKey

    def sign(
        self, voucher_number: str, program_id: str, points: int, issued_on: date, until: date
    ) -> str:
        """Return the text of the code."""
        fields = (
            PREFIX,
            voucher_number,
            program_id,
            str(points),
            f"{issued_on:%Y%m%d}",
            f"{until:%Y%m%d}",
            f"{self.key_id:04}",
        )
        signed = ".".join(fields)
        signature = self.private_key.sign(signed.encode("ascii"))
        return f"{signed}.{base64.b32encode(signature).decode('ascii').rstrip('=')}"


def voucher_number(random: bytes) -> str:
    """Return a 発券番号 of 16 random bytes: 12 digits, each as likely as the other (VCH-2)."""
    return f"{int.from_bytes(random, 'big') % _NUMBERS:012}"
