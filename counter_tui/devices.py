"""Opens the devices that the settings name."""

from pathlib import Path

from counter_tui.card.reader import CardReader
from counter_tui.virtual.card_header import CardFileError
from counter_tui.virtual.reader import VirtualReader, boxed_cards


class UnusableSettingsError(Exception):
    """It cannot start like this; the message says what to do."""


def open_reader(name: str, virtual_cards: Path | None) -> CardReader:
    """Return the card reader that the settings name. Raises UnusableSettingsError."""
    if virtual_cards is not None:
        try:
            return VirtualReader(boxed_cards(virtual_cards))
        except CardFileError as error:
            raise UnusableSettingsError(str(error)) from error
    try:
        from counter_tui.card.pcsc_reader import PcscReader  # noqa: PLC0415
    except ImportError as error:
        raise UnusableSettingsError(
            "card readers need the extra 'card' (pip install 'jichipoint[card]'), "
            "which takes Debian's gcc and libpcsclite-dev; --virtual-cards does without"
        ) from error
    return PcscReader(name)
