"""What the application is started with, and what it remembers between starts."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from counter_tui.core import files

FORMAT = "jichipoint-terminal"
VERSION = 1

_TERMINAL_ID = re.compile("[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How the application is started."""

    server: str
    """Host and port."""
    state_folder: Path
    spool_folder: Path
    """Where the street's program looks for merge files."""
    language: str
    reader: str
    """Part of the card reader's name; empty for all there are."""
    virtual_cards: Path | None
    """A folder of virtual cards, in place of a reader."""
    hint: str | None
    """A line for whoever tries the demo."""
    printer: str = ""
    """Its address, such as usb or tcp://192.0.2.7; empty where there is none."""
    paper: int = 58
    """Millimetres: 58 or 80."""
    printer_kanji: bool = True
    """Whether the printer has Japanese characters of its own."""
    printer_codes: bool = True
    """Whether the printer draws QR codes and barcodes by itself."""
    receipt_font: Path | None = None
    """A Japanese font for what is printed as a picture."""
    type_with: str = "x11"
    """What presses the keys of ID自動引渡し: x11 or uinput."""
    keymap: Path | None = None
    """Other keys for actions."""
    scanner_prefix: str | None = None
    """The key that the scanner sends before a code, by its name or as its character."""
    scanner_suffix: str = "enter"
    """The key that it sends behind a code, where it sends one before."""
    server_authority: Path | None = None
    """Signs the server's certificate; kept in the state folder once it was given."""


class StateError(Exception):
    """What was remembered cannot be read or written."""


class State:
    """What is remembered in the state folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "terminal.json"

    def registered_terminal(self) -> str | None:
        """Return the terminal registered on this machine, 8 digits. Raises StateError."""
        kept = self._kept()
        return kept[0] if kept else None

    def may_put_contact_off(self) -> bool:
        """Whether the terminal was registered before contacts were asked for (TRM-4).

        Raises StateError.
        """
        kept = self._kept()
        return kept is not None and not kept[1]

    def _kept(self) -> tuple[str, bool] | None:
        """Return the terminal, and whether its contact was asked for from the beginning."""
        try:
            return _parse(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"{self._path} cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise StateError(f"{self._path} is damaged: {error}") from error

    def remember_terminal(self, terminal_id: str) -> None:
        """Remember the terminal, durably; one that is remembered already, as it is.

        Raises StateError, ValueError for no terminal ID.
        """
        if not _TERMINAL_ID.fullmatch(terminal_id):
            raise ValueError(f"not a terminal ID: {terminal_id!r}")
        if terminal_id == self.registered_terminal():
            return
        document = {
            "format": FORMAT,
            "version": VERSION,
            "terminal_id": terminal_id,
            "asked_for_contact": True,
        }
        try:
            files.make_folder(self._path.parent)
            files.replace(self._path, json.dumps(document).encode() + b"\n")
        except OSError as error:
            raise StateError(
                f"{self._path} cannot be written: {error.strerror or error}"
            ) from error


def _parse(content: bytes) -> tuple[str, bool]:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise ValueError("another format or version")
    terminal_id = document.get("terminal_id")
    if not isinstance(terminal_id, str) or not _TERMINAL_ID.fullmatch(terminal_id):
        raise ValueError("no terminal ID")
    asked = document.get("asked_for_contact", False)
    if not isinstance(asked, bool):
        raise ValueError("asked_for_contact is neither true nor false")
    return terminal_id, asked
