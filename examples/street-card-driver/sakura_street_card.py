"""The card driver of a made-up street, whose cards hold the customer number in a file.

The file has the number's nine digits in ASCII, and is read without a key. Everything else
about the card, and the names below, is made up for this example.
"""

from counter_tui.card.apdu import (
    StatusError,
    Transmit,
    read_bytes,
    select_application,
    select_file,
)
from counter_tui.card.users_card import DriverError

APPLICATION = bytes.fromhex("F053414B555241")
NUMBER_FILE = 0x0001
NUMBER_LENGTH = 9
"""In bytes, which are digits."""


def read_number(transmit: Transmit) -> str:
    """Return the customer number of the card in the reader.

    Raises DriverError where it is no card of the street or holds no number, and CardError
    where the card is taken out meanwhile.
    """
    try:
        select_application(transmit, APPLICATION)
    except StatusError as error:
        raise DriverError("さくら通り商店街のカードではありません。") from error
    content = _content(transmit)
    if len(content) != NUMBER_LENGTH or not content.isdigit():
        raise DriverError("カードに会員番号が入っていません。商店街に連絡してください。")
    return content.decode("ascii")


def _content(transmit: Transmit) -> bytes:
    """Return what the file begins with; nothing, where it cannot be read."""
    try:
        select_file(transmit, NUMBER_FILE)
        return read_bytes(transmit, 0, NUMBER_LENGTH)
    except StatusError:
        return b""
