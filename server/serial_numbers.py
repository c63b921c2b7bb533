"""Serial numbers (発行番号) of certificates: one number has one form, whatever zeros lead it."""

import re
from typing import NewType

SerialNumber = NewType("SerialNumber", str)
"""Upper-case hexadecimal without leading zeros: how numbers are kept and compared."""

DIGITS_MAX = 40
"""20 bytes, the longest that RFC 5280 allows."""
_WRITTEN = re.compile(f"0{{0,{DIGITS_MAX}}}([0-9A-F]{{1,{DIGITS_MAX}}})")
WANTED = f"1 to {DIGITS_MAX} upper-case hexadecimal digits"
WANTED_JAPANESE = f"大文字の16進数{DIGITS_MAX}桁以内"


def serial_number(written: str) -> SerialNumber:
    """Return a number as it was written, with or without leading zeros. Raises ValueError."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise ValueError(f"not a serial number in upper-case hexadecimal: {written!r}")
    return SerialNumber(found[1].lstrip("0") or "0")


def serial_number_of(number: int) -> SerialNumber:
    """Return the number of a certificate that was read."""
    return SerialNumber(f"{number:X}")
