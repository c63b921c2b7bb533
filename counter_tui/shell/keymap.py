"""The keymap file: other keys for actions, where a desktop or a keyboard takes the usual ones."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.keys import KEY_ALIASES, Keys

from counter_tui.shell.actions import ACTIONS

_MODIFIERS = ("ctrl", "alt", "shift")
_NAMED = {key.value for key in Keys}


class KeymapError(Exception):
    """The file cannot be used; the message says what to change in it."""


def read_keymap(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the keys of the actions that a file changes. Raises KeymapError.

    The file is TOML: [keys], and for each action one key or a list of them.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise KeymapError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise KeymapError(f"{path} is not TOML: {error}") from error
    keys = document.get("keys")
    if not isinstance(keys, dict) or set(document) != {"keys"}:
        raise KeymapError(f"{path}: there must be one table [keys], and nothing else")
    found = {action_id: _keys(path, action_id, given) for action_id, given in keys.items()}
    _check_unique(path, found)
    return found


def _keys(path: Path, action_id: str, given: object) -> tuple[str, ...]:
    if action_id not in ACTIONS:
        known = ", ".join(sorted(ACTIONS))
        raise KeymapError(f"{path}: there is no action {action_id!r}; there are {known}")
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not listed:
        raise KeymapError(f"{path}: {action_id} needs a key, or a list of keys")
    for key in listed:
        if not isinstance(key, str) or not is_key(key):
            raise KeymapError(f"{path}: {key!r} of {action_id} is no key, such as f3 or ctrl+x")
    return tuple(listed)


def is_key(key: str) -> bool:
    """Whether it is a key's name, such as f3 or ctrl+x."""
    *modifiers, name = key.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return False
    is_plain = len(name) == 1 and name.isascii() and name.isalnum() and bool(modifiers)
    return is_plain or key in _NAMED or name in _NAMED or name in KEY_ALIASES


def _check_unique(path: Path, found: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse a key of two actions, unless they share it without the file too."""
    for action_id, keys in found.items():
        for key in keys:
            for other in ACTIONS.values():
                if other.id == action_id or key not in found.get(other.id, other.keys):
                    continue
                if key in other.keys and key in ACTIONS[action_id].keys:
                    continue
                raise KeymapError(f"{path}: {key} is the key of both {action_id} and {other.id}")
