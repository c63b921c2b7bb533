"""A library's or street's contactless card that is only software: it has an identifier."""

from counter_tui.card.contactless import GET_UID
from counter_tui.virtual.card import Status, VirtualCard

FELICA_ATR = bytes.fromhex("3B8F8001804F0CA00000030611003B0000000042")
ISO14443_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")


class ContactlessCard(VirtualCard):
    """Answers for its identifier, and has no application."""

    def __init__(self, identifier: bytes) -> None:
        super().__init__({})
        self._identifier = identifier

    def transmit(self, command: bytes) -> bytes:
        """Return the identifier, or that it is not known what is wanted."""
        if command == GET_UID:
            return self._identifier + Status.OK.to_bytes(2, "big")
        return super().transmit(command)
