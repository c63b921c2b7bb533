"""The file by which programs of the same user find the agent, and prove that they may ask it."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from counter_tui.core import files

FORMAT = "jichipoint-agent"
VERSION = 1
NAME = "agent.json"
_TOKEN_BYTES = 32


class AgentFileError(Exception):
    """There is no agent's file, or it cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class AgentPass:
    """Where the agent listens, and the token that it wants."""

    address: str
    token: str


def new_token() -> str:
    """Return a token that cannot be guessed."""
    return secrets.token_hex(_TOKEN_BYTES)


def write_pass(state_folder: Path, agent: AgentPass) -> Path:
    """Write the file so that only its owner can read it (mode 0600). Raises AgentFileError."""
    path = state_folder / NAME
    document = {
        "format": FORMAT,
        "version": VERSION,
        "address": agent.address,
        "token": agent.token,
    }
    try:
        files.make_folder(state_folder)
        files.replace(path, json.dumps(document).encode() + b"\n", 0o600)
    except OSError as error:
        raise AgentFileError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def read_pass(state_folder: Path) -> AgentPass:
    """Return what the agent of this machine wrote. Raises AgentFileError."""
    path = state_folder / NAME
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            document = json.loads(file.read())
    except FileNotFoundError as error:
        raise AgentFileError(
            f"{path} is not there: start 'jichipoint-counter agent' first"
        ) from error
    except OSError as error:
        raise AgentFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise AgentFileError(f"{path} is damaged: start the agent again") from error
    if mode & 0o077:
        raise AgentFileError(f"others can read {path}: start the agent again")
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise AgentFileError(f"{path} is damaged: start the agent again")
    address, token = document.get("address"), document.get("token")
    if document.get("version") != VERSION or not isinstance(address, str):
        raise AgentFileError(f"{path} is of another version: start the agent again")
    if not isinstance(token, str) or not token.isascii():
        raise AgentFileError(f"{path} is damaged: start the agent again")
    return AgentPass(address, token)
