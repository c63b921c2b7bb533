"""Puts the application together with its devices."""

import time
from collections.abc import Callable

from counter_tui import texts
from counter_tui.app import CounterApp
from counter_tui.core.settings import Settings, State, StateError
from counter_tui.devices import UnusableSettingsError, open_reader
from counter_tui.virtual.printer import VirtualPrinter
from counter_tui.virtual.reader import VirtualReader


def build(settings: Settings, monotonic: Callable[[], float] = time.monotonic) -> CounterApp:
    """Return the application, ready to run. Raises UnusableSettingsError."""
    texts.use(settings.language)
    try:
        settings.state_folder.mkdir(parents=True, exist_ok=True)
        reader = open_reader(settings.reader, settings.virtual_cards)
        State(settings.state_folder).registered_terminal()
    except (OSError, StateError) as error:
        raise UnusableSettingsError(str(error)) from error
    printer = VirtualPrinter(settings.virtual_printer) if settings.virtual_printer else None
    virtual = reader if isinstance(reader, VirtualReader) else None
    return CounterApp(settings, reader, printer, virtual_reader=virtual, monotonic=monotonic)
