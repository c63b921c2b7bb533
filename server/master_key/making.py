"""Making a master key."""

from pathlib import Path

from merge_driver.files import shown, write_new
from server.chance import Chance
from server.secrets import KEY_BYTES, MasterKeyError


def write_master_key(file: Path, chance: Chance) -> None:
    """Make a master key in a new file, for its owner alone. Raises MasterKeyError."""
    try:
        write_new(file, f"{chance.bytes(KEY_BYTES).hex()}\n".encode(), 0o600)
    except FileExistsError:
        raise MasterKeyError(f"{file} is there already: name a new file") from None
    except OSError as error:
        named = shown(str(file))
        raise MasterKeyError(f"{named}: cannot be written: {error.strerror}") from None
