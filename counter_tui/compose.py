"""Puts the application together with its devices."""

import time
from collections.abc import Callable

from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.card.reader import CardReader
from counter_tui.core.settings import Settings, State, StateError
from counter_tui.virtual.card_header import CardFileError
from counter_tui.virtual.printer import VirtualPrinter
from counter_tui.virtual.reader import VirtualReader, boxed_cards


class UnusableSettingsError(Exception):
    """The application cannot start like this; the message says what to do."""


def build(settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> CounterApp:
    """Return the application, ready to run. Raises UnusableSettingsError."""
    texts.use(settings.language)
    try:
        settings.state_folder.mkdir(parents=True, exist_ok=True)
        reader = open_reader(settings)
        State(settings.state_folder).registered_terminal()
    except (OSError, StateError) as error:
        raise UnusableSettingsError(str(error)) from error
    printer = VirtualPrinter(settings.virtual_printer) if settings.virtual_printer else None
    virtual = reader if isinstance(reader, VirtualReader) else None
    return CounterApp(settings, reader, printer, virtual_reader=virtual, monotonic=monotonic)


def open_reader(settings: Settings) -> CardReader:
    """Return the card reader that the settings name. Raises UnusableSettingsError."""
    if settings.virtual_cards is not None:
        try:
            return VirtualReader(boxed_cards(settings.virtual_cards))
        except CardFileError as error:
            raise UnusableSettingsError(str(error)) from error
    try:
        from counter_tui.card.pcsc_reader import PcscReader  # noqa: PLC0415
    except ImportError as error:
        raise UnusableSettingsError(
            "card readers need the extra 'card' (pip install 'jichipoint[card]'), "
            "which takes Debian's gcc and libpcsclite-dev; --virtual-cards does without"
        ) from error
    return PcscReader(settings.reader)
