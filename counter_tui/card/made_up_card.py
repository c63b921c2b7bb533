"""The made-up card of a training session: it has a PIN and tries, and signs nothing (USE-7)."""

from counter_tui.card.apdu import BlockedError, WrongPinError
from counter_tui.card.my_number_card import ForeignCardError, MyNumberCard, PinFile

PRACTICE_PIN = "1234"
PIN_TRIES = 3
"""As on the real card (CRD-2)."""


class MadeUpCard(MyNumberCard):
    """Asks for the PIN as a real card does; the training ledger wants no signature."""

    def __init__(self, serial_number: str) -> None:
        super().__init__(_answers_nothing)
        self._serial_number = serial_number
        self._left = PIN_TRIES

    def user_certificate(self) -> bytes:
        """Return what stands for the certificate."""
        return self._serial_number.encode()

    def tries_left(self, pin_file: PinFile) -> int:  # noqa: ARG002
        """Return how often the PIN can still be tried."""
        return self._left

    def sign_challenge(self, pin: str, challenge: bytes) -> bytes:  # noqa: ARG002
        """Check the PIN and return what stands for the signature.

        Raises WrongPinError, BlockedError.
        """
        if self._left and pin == PRACTICE_PIN:
            self._left = PIN_TRIES
            return b"practice"
        self._left = max(0, self._left - 1)
        if not self._left:
            raise BlockedError
        raise WrongPinError(self._left)


def _answers_nothing(command: bytes) -> bytes:
    raise ForeignCardError(command.hex())
