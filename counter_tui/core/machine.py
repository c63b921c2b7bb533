"""Which machine this is (TRM-5).

The fingerprint must stay the same for as long as a terminal is registered. Which identifiers can
be read depends on the user: /sys/class/dmi/id/product_uuid and board_serial are readable by root
only. Therefore the sources that were readable at first use are remembered in machine.json, by
name and never by value, and later runs use exactly those: what becomes readable later is left
out, and what cannot be read any more is an error in words instead of another fingerprint.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from counter_tui.core import files

DEFAULT_SOURCES = (
    Path("/etc/machine-id"),
    Path("/sys/class/dmi/id/product_uuid"),
    Path("/sys/class/dmi/id/board_serial"),
    Path("/proc/cpuinfo"),
)

FORMAT = "jichipoint-machine"
VERSION = 1

_CPU_KEYS = ("model name", "Hardware", "CPU part")
_INSTALLATION_ID = re.compile("[0-9a-f]{64}")


class MachineError(Exception):
    """The machine cannot be identified as it was before."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a machine is identified by; written as machine.json."""

    sources: tuple[str, ...]
    has_installation_id: bool


def machine_fingerprint(
    state_folder: Path,
    sources: Sequence[Path] = DEFAULT_SOURCES,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> bytes:
    """Return the SHA-256 over this machine's identifiers, 32 bytes.

    A random value made at first use stands in where nothing but the processor is readable. Raises
    MachineError.
    """
    try:
        chosen = _remembered(state_folder) or _choose(state_folder, sources, random)
        return _fingerprint(chosen, state_folder)
    except OSError as error:
        raise MachineError(f"{state_folder} cannot be used: {error.strerror or error}") from error


def _remembered(state_folder: Path) -> _Chosen | None:
    path = state_folder / "machine.json"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return _parse(content)
    except (ValueError, RecursionError) as error:
        raise MachineError(f"{path} is damaged ({error}): register this terminal again") from error


def _parse(content: bytes) -> _Chosen:
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if (document.get("format"), document.get("version")) != (FORMAT, VERSION):
        raise ValueError("another format or version")
    sources = document.get("sources")
    has_installation_id = document.get("installation_id")
    if not isinstance(sources, list) or not all(isinstance(source, str) for source in sources):
        raise ValueError("no list of sources")
    if not isinstance(has_installation_id, bool) or not (sources or has_installation_id):
        raise ValueError("no source")
    return _Chosen(tuple(sources), has_installation_id)


def _choose(state_folder: Path, sources: Sequence[Path], random: Callable[[int], bytes]) -> _Chosen:
    readable = [source for source in sources if _identifier(source) is not None]
    only_processor = all(_is_processor(source) for source in readable)
    chosen = _Chosen(tuple(str(source) for source in readable), only_processor)
    files.make_folder(state_folder)
    if only_processor and not (state_folder / "installation-id").exists():
        files.replace(state_folder / "installation-id", random(32).hex().encode() + b"\n")
    files.replace(state_folder / "machine.json", _to_bytes(chosen))
    return chosen


def _to_bytes(chosen: _Chosen) -> bytes:
    document = {
        "format": FORMAT,
        "version": VERSION,
        "sources": list(chosen.sources),
        "installation_id": chosen.has_installation_id,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def _fingerprint(chosen: _Chosen, state_folder: Path) -> bytes:
    digest = hashlib.sha256()
    for source in chosen.sources:
        identifier = _identifier(Path(source))
        if identifier is None:
            raise MachineError(
                f"{source} identified this machine when the terminal was registered and cannot be "
                "read any more: start the application as the same user as before"
            )
        digest.update(f"{source}\n{identifier}\n".encode())
    if chosen.has_installation_id:
        digest.update(f"installation-id\n{_installation_id(state_folder)}\n".encode())
    return digest.digest()


def _installation_id(state_folder: Path) -> str:
    path = state_folder / "installation-id"
    text = path.read_bytes().strip().decode("ascii", "replace")
    if not _INSTALLATION_ID.fullmatch(text):
        raise MachineError(f"{path} is damaged: register this terminal again")
    return text


def _identifier(source: Path) -> str | None:
    """Return what a source says of the machine, or None where it says nothing."""
    try:
        text = source.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None
    identifier = _processor(text) if _is_processor(source) else text.strip()
    return None if identifier in ("", "uninitialized") else identifier


def _is_processor(source: Path) -> bool:
    return source.name == "cpuinfo"


def _processor(text: str) -> str:
    """Return the model; the rest of cpuinfo holds speeds that change."""
    pairs = [line.split(":", 1) for line in text.splitlines() if ":" in line]
    values = {key.strip(): value.strip() for key, value in reversed(pairs)}
    return next((values[key] for key in _CPU_KEYS if values.get(key)), "")
