"""Showing and checking single merge files, without changing anything."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from merge_driver.codec import Decoded, MergeFileError, Profile, StreetKey, decode
from merge_driver.driver import tokyo_today
from merge_driver.files import shown
from merge_driver.spool import read_merge_file
from merge_driver.taking import check_days, check_name, check_sequences
from merge_driver.telling import counted, tell

_PROFILE_NAMES: Final = {
    Profile.CBC_MD5: "AES-128-CBC with MD5",
    Profile.GCM_HMAC: "AES-128-GCM with HMAC-SHA-256",
}


def read(file: Path, keys: Sequence[StreetKey]) -> Decoded:
    """Return what a file holds, whatever its name is. Raises MergeFileError and OSError."""
    return decode(read_merge_file(file.resolve()), keys, keys[0].issuer_id)


def read_named(file: Path, keys: Sequence[StreetKey]) -> Decoded:
    """Return what a file holds, or raise as a run would refuse it. Raises OSError besides."""
    found = read(file, keys)
    check_sequences(found)
    check_name(file.name, keys[0].issuer_id, found)
    check_days(found, tokyo_today())
    return found


def show_refusal(file: Path, error: MergeFileError, *, as_json: bool) -> None:
    """Print why a file is refused."""
    name = shown(file.name)
    if as_json:
        tell({"file": name, "reason": error.reason, "message": error.message})
    else:
        tell(f"refused {name} {error}")


def show_good(file: Path, found: Decoded, *, as_json: bool) -> None:
    """Print that a file is good, and its sums."""
    name, records = shown(file.name), len(found.records)
    points = sum(record.points for record in found.records)
    if as_json:
        tell({"file": name, "reason": None, "records": records, "points": points})
    else:
        tell(f"good {name} {counted(records, 'record')}, {counted(points, 'point')}")


def show_contents(file: Path, found: Decoded, issuer_id: str, *, as_json: bool) -> None:
    """Print all of what a file holds."""
    file_id = found.file_id.hex() if found.file_id else None
    if as_json:
        tell(
            {
                "file": shown(file.name),
                "profile": int(found.profile),
                "key_id": found.key_id,
                "issuer_id": issuer_id,
                "file_id": file_id,
                "records": [record._asdict() for record in found.records],
            }
        )
        return
    tell(f"profile  {found.profile:d} ({_PROFILE_NAMES[found.profile]})")
    tell(f"key ID   {found.key_id}")
    tell(f"issuer   {issuer_id}")
    tell(f"file ID  {file_id or '-'}")
    tell(f"records  {len(found.records)}")
    for record in found.records:
        tell(f"  {record.id:<32} {record.points:>10} {record.transaction_number}")
