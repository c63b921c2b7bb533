"""Keys, records and files that the tests of the merge driver share."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

from merge_driver.codec import IdKind, Profile, Record, StreetKey, encode, file_name
from merge_driver.keys import dump_key_file

ISSUER_ID = "000002"
KEY_BYTES = bytes(range(16))
SECRET = "himitsu-no-mojiretsu-01"
FILE_ID = bytes.fromhex("015f3c2e8a0070008000000000000001")
TODAY = date(2018, 1, 1)

KEY_1 = StreetKey(
    issuer_id=ISSUER_ID,
    profile=Profile.CBC_MD5,
    key_id=7,
    key=KEY_BYTES,
    secret=SECRET,
    id_kind=IdKind.STREET,
    id_pattern="",
    valid_from=date(2017, 8, 1),
    valid_until=None,
)
KEY_2 = replace(KEY_1, profile=Profile.GCM_HMAC)

RECORD_A = Record("123456789", 500, "2017123100001")
RECORD_B = Record("MY123456", 9_999_999_999, "20171231100000")


def put(folder: Path, content: bytes, name: str) -> Path:
    """Put a file into a spool folder as the formats page says: hidden, synced, renamed."""
    hidden = folder / f".{name}.new"
    hidden.write_bytes(content)
    return hidden.rename(folder / name)


def put_records(folder: Path, *records: Record, key: StreetKey = KEY_2) -> Path:
    """Put a merge file of these records under its own name."""
    content = encode(records, key, FILE_ID, os.urandom(16))
    return put(folder, content, file_name(key.issuer_id, records[0].transaction_number))


def write_key_file(path: Path, key: StreetKey = KEY_2) -> Path:
    """Write a key file with the mode that it must have."""
    path.write_text(dump_key_file(key, "points.example:50051", "client-secret-1"), "utf-8")
    path.chmod(0o600)
    return path
