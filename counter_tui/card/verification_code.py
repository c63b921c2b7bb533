"""照合番号B: the 14 digits printed on the card that open its four attributes (CRD-5)."""

import unicodedata
from datetime import date

YEARS_AHEAD_MAX = 10
DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class CodeFault(ValueError):  # noqa: N818
    """The digits cannot be a 照合番号B: no try of the card's is spent on them."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part
        """LENGTH, BIRTHDAY or EXPIRY."""


def verification_code_b(typed: str, today: date) -> str:
    """Return the 14 digits as the card wants them; full-width digits and spaces are taken.

    Era and year of birth are not checked: a foreign resident's are Western, and a Japanese
    resident's count within the era. Raises CodeFault.
    """
    digits = unicodedata.normalize("NFKC", typed).replace(" ", "").replace("-", "")
    if len(digits) != 14 or not digits.isascii() or not digits.isdigit():
        raise CodeFault("LENGTH")
    month, day, expiry = int(digits[2:4]), int(digits[4:6]), int(digits[6:10])
    if not 1 <= month <= 12 or not 1 <= day <= DAYS_IN_MONTH[month - 1]:
        raise CodeFault("BIRTHDAY")
    if not today.year <= expiry <= today.year + YEARS_AHEAD_MAX:
        raise CodeFault("EXPIRY")
    return digits
