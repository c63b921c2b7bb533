"""Puts the application together with its devices."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from counter_tui import texts
from counter_tui.app import CounterApp, now
from counter_tui.core.authority import AuthorityError, pinned_authority
from counter_tui.core.key_gate import LINE_ENDS, MOVES, Frame
from counter_tui.core.settings import Settings, State, StateError
from counter_tui.devices import UnusableSettingsError, open_reader
from counter_tui.faces.face import Face
from counter_tui.faces.shop.face import SHOP
from counter_tui.printers.address import UnusableAddressError, parse_address
from counter_tui.printers.printing import Printing
from counter_tui.shell.actions import ACTIONS
from counter_tui.shell.idle_collection import IdleCollection
from counter_tui.shell.keymap import KeymapError, is_key, read_keymap
from counter_tui.slips.escpos import Paper
from counter_tui.slips.raster import FontError, lacking
from counter_tui.virtual.reader import VirtualReader

COLUMNS_OF_PAPER = {58: 32, 80: 48}
"""Single-byte characters a line, by the paper's width in millimetres."""


def build(
    settings: Settings,
    monotonic: Callable[[], float] = time.monotonic,
    clock: Callable[[], datetime] = now,
    collection: IdleCollection | None = None,
    face: Face = SHOP,
) -> CounterApp:
    """Return the application, ready to run. Raises UnusableSettingsError.

    With a collection it decides when this process collects its garbage.
    """
    texts.use(settings.language)
    try:
        settings.state_folder.mkdir(parents=True, exist_ok=True)
        reader = open_reader(settings.reader, settings.virtual_cards)
        State(settings.state_folder).registered_terminal()
        authority = pinned_authority(
            settings.state_folder, settings.server, settings.server_authority
        )
    except (OSError, StateError, AuthorityError) as error:
        raise UnusableSettingsError(str(error)) from error
    virtual = reader if isinstance(reader, VirtualReader) else None
    keymap = _keymap(settings.keymap)
    return CounterApp(
        settings,
        face,
        reader,
        open_printing(settings),
        keymap=keymap,
        scanner=_scanner(settings, keymap),
        authority=authority,
        card_box=virtual,
        collection=collection,
        monotonic=monotonic,
        clock=clock,
    )


def open_printing(settings: Settings) -> Printing | None:
    """Return the printer that the settings name. Raises UnusableSettingsError."""
    if not settings.printer:
        return None
    try:
        address = parse_address(settings.printer)
    except UnusableAddressError as error:
        raise UnusableSettingsError(str(error)) from error
    paper = Paper(
        COLUMNS_OF_PAPER[settings.paper],
        settings.printer_kanji,
        settings.printer_codes,
        settings.receipt_font,
    )
    if paper.font is not None or not paper.has_kanji:
        _check_fonts(paper)
    return Printing(address, paper, settings.state_folder / "print-queue")


def _scanner(settings: Settings, keymap: Mapping[str, tuple[str, ...]]) -> Frame | None:
    """Return the keys around a scanner's codes. Raises UnusableSettingsError."""
    if settings.scanner_prefix is None:
        return None
    for key in (settings.scanner_prefix, settings.scanner_suffix):
        if len(key) != 1 and not is_key(key):
            raise UnusableSettingsError(f"{key!r} is no key, such as f11, ctrl+b or ~")
    frame = Frame(settings.scanner_prefix, settings.scanner_suffix)
    if frame.prefix == frame.suffix or _is_pressed_by_hand(frame.prefix, keymap):
        raise UnusableSettingsError(
            f"{frame.prefix!r} is a key that people press, or the scanner's suffix: set the "
            "scanner to send one of its own before a code, such as f11 or ctrl+b"
        )
    return frame


def _is_pressed_by_hand(key: str, keymap: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the application would be without a key that it needs."""
    of_actions = {one for action in ACTIONS.values() for one in keymap.get(action.id, action.keys)}
    is_typed = len(key) == 1 and (key.isalnum() or key.isspace())
    return is_typed or key in of_actions | MOVES | LINE_ENDS


def _check_fonts(paper: Paper) -> None:
    """Refuse at the start what would fail behind a booking."""
    try:
        lacking(frozenset(), paper.font)
    except FontError as error:
        raise UnusableSettingsError(str(error)) from error


def _keymap(path: Path | None) -> dict[str, tuple[str, ...]]:
    if path is None:
        return {}
    try:
        return read_keymap(path)
    except KeymapError as error:
        raise UnusableSettingsError(str(error)) from error
