"""Puts the application together with its devices."""

import time
from collections.abc import Callable

from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.core.settings import Settings, State, StateError
from counter_tui.virtual.printer import VirtualPrinter
from counter_tui.virtual.reader import VirtualCardsError, VirtualReader, load_cards


class UnusableSettingsError(Exception):
    """The application cannot start like this; the message says what to do."""


def build(settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> CounterApp:
    """Return the application, ready to run. Raises UnusableSettingsError."""
    texts.use(settings.language)
    try:
        settings.state_folder.mkdir(parents=True, exist_ok=True)
        if settings.virtual_cards is None:
            raise UnusableSettingsError("no card reader is set up: give --virtual-cards")
        reader = VirtualReader(load_cards(settings.virtual_cards))
        State(settings.state_folder).registered_terminal()
    except (OSError, VirtualCardsError, StateError) as error:
        raise UnusableSettingsError(str(error)) from error
    printer = VirtualPrinter(settings.virtual_printer) if settings.virtual_printer else None
    return CounterApp(settings, reader, printer, virtual_reader=reader, monotonic=monotonic)
